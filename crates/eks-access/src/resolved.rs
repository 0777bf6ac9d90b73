//! Finds the user of the cluster for the caller or user of a question.

use aws_auth_map::{AuthenticationMode, Mapped, Reason, Refusal, Resolution, RulePrincipal};
use eks_auth::Authenticated;
use iam_principal::{Identity, Kind, Principal};
use k8s_rbac::{ServiceAccount, SubjectName, User};
use printable_text::Printable;

use crate::cluster::Cluster;
use crate::no_answer::NoAnswer;
use crate::verdict::Step;
use crate::who::{CallerArn, Who};

/// A user of the cluster, and how the caller becomes that user.
pub(crate) struct Resolved {
    pub(crate) user: User,
    /// The caller of AWS. `None` if the question named the user.
    pub(crate) caller: Option<Authenticated>,
    pub(crate) steps: Vec<Step>,
}

impl Resolved {
    /// Builds the user that a caller becomes.
    pub(crate) fn of_caller(caller: Authenticated) -> Self {
        let user = caller.user();
        let user = User::new(user.username(), user.groups().iter().cloned()).authenticated();
        Self {
            user,
            caller: Some(caller),
            steps: Vec::new(),
        }
    }
}

/// The session name of an instance, for rules that need one.
const AN_INSTANCE: &str = "i-0123456789abcdef0";

/// The private DNS name of an instance, for rules that need one.
const A_NODE: &str = "NODE";

impl Cluster {
    /// Builds the identity of a caller. The unique id comes from the principals that AWS lists, else from
    /// the rule for the caller's ARN. Otherwise it is invented, and no rule has it.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Identity`].
    pub fn identity(&self, caller: &CallerArn) -> Result<Identity, NoAnswer> {
        let arn = caller.as_str();
        let listed = self.principals.find(arn).and_then(|one| one.unique_id());
        let id = listed.or_else(|| self.id_in_rule(arn));
        identity(arn, id).map_err(NoAnswer::Identity)
    }

    /// Builds the identity of a caller who changes this cluster to a new one, with the same unique id on both sides.
    /// It comes from the principals that AWS lists, else from the rules, first from the rules of this cluster,
    /// because the caller has access now.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Identity`].
    pub(crate) fn identity_on_both_sides(
        &self,
        new: &Self,
        caller: &CallerArn,
    ) -> Result<Identity, NoAnswer> {
        let arn = caller.as_str();
        let sides = [self, new];
        let listed = sides
            .iter()
            .find_map(|one| one.principals.find(arn)?.unique_id());
        let id = listed.or_else(|| sides.iter().find_map(|one| one.id_in_rule(arn)));
        identity(arn, id).map_err(NoAnswer::Identity)
    }

    /// Returns the unique id that a rule for an ARN demands.
    fn id_in_rule(&self, arn: &str) -> Option<&str> {
        let canonical = Principal::parse(arn).ok()?.canonical();
        let rules = self
            .map
            .backends()
            .iter()
            .flat_map(|one| one.rules().iter());
        rules
            .into_iter()
            .find_map(|(_, rule)| match rule.principal() {
                RulePrincipal::ArnAndUserId(of_rule, id)
                | RulePrincipal::UserId(id, Some(of_rule))
                    if of_rule.eq_ignore_ascii_case(&canonical) =>
                {
                    Some(id)
                }
                _ => None,
            })
    }

    /// Resolves a caller to a user. If the question is about a role, a rule that needs the private DNS
    /// name of an instance gets one.
    pub(crate) fn resolve(
        &self,
        caller: &CallerArn,
    ) -> Result<(Identity, Resolution, Option<Authenticated>), NoAnswer> {
        let identity = self.identity(caller)?;
        if let Some(name) = caller.private_dns_name() {
            let resolution = self.map.resolve_instance(&identity, name);
            let caller = Authenticated::resolve_instance(identity.clone(), &self.map, name);
            return Ok((identity, resolution, caller.ok()));
        }
        let resolution = self.map.resolve(&identity);
        let needs_instance = matches!(
            &resolution,
            Resolution::Refused(refusal)
                if matches!(refusal.reason(), Reason::NotAnInstance | Reason::PrivateDnsNameUnknown)
        );
        if needs_instance && caller.is_any_session() {
            let arn = caller
                .as_str()
                .rsplit_once('/')
                .map_or("", |(role, _)| role);
            let instance = CallerArn::of_session(&format!("{arn}/{AN_INSTANCE}"));
            let identity = self.identity(&instance)?;
            let resolution = self.map.resolve_instance(&identity, A_NODE);
            let caller = Authenticated::resolve_instance(identity.clone(), &self.map, A_NODE);
            return Ok((identity, resolution, caller.ok()));
        }
        let caller = Authenticated::resolve(identity.clone(), &self.map);
        Ok((identity, resolution, caller.ok()))
    }

    /// Refuses a group that only a typing error explains: `system:` is reserved, and neither Kubernetes nor a
    /// binding has the group.
    pub(crate) fn check_groups(&self, groups: &[String]) -> Result<(), NoAnswer> {
        let is_unknown = |group: &&String| {
            group.starts_with("system:")
                && !is_system_group(group)
                && !self.is_bound(&SubjectName::Group((*group).clone()))
        };
        match groups.iter().find(is_unknown) {
            None => Ok(()),
            Some(group) => Err(NoAnswer::Unknown(format!(
                "{}: neither Kubernetes nor a binding has this group; the groups of Kubernetes are {}, \
                 system:bootstrappers:NAME and system:serviceaccounts:NAMESPACE",
                Printable::new(group),
                SYSTEM_GROUPS.join(", ")
            ))),
        }
    }

    /// Finds the user that a question is about.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Unknown`] for a group, [`NoAnswer::NoMapping`], [`NoAnswer::NoMappingInMode`], [`NoAnswer::Identity`], [`NoAnswer::Mapping`]. The inner
    /// error has the reasons why a caller becomes no user.
    pub(crate) fn find(&self, who: &Who) -> Result<Result<Resolved, Vec<Step>>, NoAnswer> {
        let caller = match who {
            Who::Caller(caller) => caller,
            Who::User { name, groups } => {
                self.check_groups(groups)?;
                return Ok(Ok(of_user(name, groups)));
            }
        };
        self.check_mapping()?;
        let (identity, resolution, authenticated) = self.resolve(caller)?;
        match (&resolution, authenticated) {
            (Resolution::Mapped(mapped), Some(authenticated)) => {
                let steps = vec![self.step_of_mapping(&identity, mapped)];
                let resolved = Resolved::of_caller(authenticated);
                Ok(Ok(Resolved { steps, ..resolved }))
            }
            (Resolution::Refused(refusal), _) => {
                check_refusal(refusal)?;
                let rule = refusal.rule();
                self.check_refusing(refusal)?;
                let place = rule.and_then(|at| self.place_of_mapping(refusal.backend_index(), at));
                Ok(Err(vec![Step::new(format!("refused: {refusal}"), place)]))
            }
            _ => {
                self.check_managed(&identity)?;
                let arn = Printable::new(identity.canonical_arn());
                Ok(Err(vec![Step::new(
                    format!("not mapped: no rule is for {arn}, so the API server answers 401"),
                    None,
                )]))
            }
        }
    }

    /// Refuses to answer about a caller without a rule if EKS makes an access entry for the caller, which the documents
    /// lack.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Mapping`].
    pub(crate) fn check_managed(&self, identity: &Identity) -> Result<(), NoAnswer> {
        let arn = identity.canonical_arn();
        let is_read = self.authentication_mode().value() != AuthenticationMode::ConfigMap;
        match self.managed_entries().manager(arn).filter(|_| is_read) {
            None => Ok(()),
            Some(manager) => Err(NoAnswer::Mapping(format!(
                "EKS creates the access entry of {} for {manager}, and no document has it; add the output of \
                 `aws eks describe-access-entry`",
                Printable::new(arn)
            ))),
        }
    }

    /// Returns what [`check_managed`](Self::check_managed) refuses, as notes.
    pub(crate) fn notes_on_managed(&self) -> impl Iterator<Item = String> {
        let roles = self.managed_entries().iter();
        let roles = roles.filter(|_| self.has_mapping());
        roles.filter_map(|(role, _)| {
            let (identity, resolution, _) = self.resolve(&CallerArn::parse(role).ok()?).ok()?;
            let is_lacking = matches!(resolution, Resolution::NotMapped);
            let lack = self.check_managed(&identity).err();
            lack.filter(|_| is_lacking).map(|why| why.to_string())
        })
    }

    /// Returns the step from a caller to the user.
    pub(crate) fn step_of_mapping(&self, identity: &Identity, mapped: &Mapped) -> Step {
        let place = self.place_of_mapping(mapped.backend_index(), mapped.rule());
        let user = mapped.user();
        let text = format!(
            "{} becomes user {}{} by {} of {}",
            Printable::new(identity.arn()),
            Printable::new(user.username()),
            in_groups(user.groups()),
            mapped.rule(),
            mapped.backend(),
        );
        Step::new(text, place)
    }

    /// Returns whether a binding names a user or a group.
    pub(crate) fn is_bound(&self, identity: &SubjectName) -> bool {
        self.bound_names().contains(identity)
    }
}

/// Refuses to answer about a caller whose refusal says nothing about the caller.
///
/// # Errors
///
/// [`NoAnswer::Mapping`].
pub(crate) fn check_refusal(refusal: &Refusal) -> Result<(), NoAnswer> {
    match refusal.reason() {
        Reason::PrivateDnsNameUnknown => Err(NoAnswer::Mapping(format!(
            "{refusal}; ask about the role, or give `whoami` the name with --private-dns-name"
        ))),
        reason if reason.is_no_answer() => Err(NoAnswer::Mapping(refusal.to_string())),
        _ => Ok(()),
    }
}

/// The groups of Kubernetes, except the groups of one namespace's service accounts and of bootstrap
/// tokens.
///
/// As upstream: `apiserver/pkg/authentication/user`, and the default policy.
pub(crate) const SYSTEM_GROUPS: [&str; 8] = [
    "system:authenticated",
    "system:bootstrappers",
    "system:masters",
    "system:monitoring",
    "system:node-proxier",
    "system:nodes",
    "system:serviceaccounts",
    "system:unauthenticated",
];

fn is_system_group(group: &str) -> bool {
    let is_below = |parent: &str| {
        let rest = group.strip_prefix(parent);
        rest.is_some_and(|rest| rest.len() > 1 && rest.starts_with(':'))
    };
    SYSTEM_GROUPS.contains(&group)
        || is_below("system:bootstrappers")
        || is_below("system:serviceaccounts")
}

/// Builds the user as authentication would.
fn of_user(name: &str, groups: &[String]) -> Resolved {
    let mut user = match ServiceAccount::parse(name) {
        Some(account) => User::service_account(account.namespace(), account.name()),
        // As upstream: apiserver, pkg/authentication/request/anonymous/anonymous.go.
        None if name == "system:anonymous" => User::new(name, ["system:unauthenticated"]),
        None => User::new(name, [""; 0]),
    };
    for group in groups {
        if !user.groups.contains(group) {
            user.groups.push(group.clone());
        }
    }
    Resolved {
        user: user.authenticated(),
        caller: None,
        steps: Vec::new(),
    }
}

/// Writes ` in groups a, b`, or nothing.
pub(crate) fn in_groups(groups: &[String]) -> String {
    if groups.is_empty() {
        return " without groups".to_owned();
    }
    let groups: Vec<String> = groups
        .iter()
        .map(|group| Printable::new(group).to_string())
        .collect();
    let word = if groups.len() == 1 { "group" } else { "groups" };
    format!(" in {word} {}", groups.join(", "))
}

/// Builds an identity from its ARN and the unique id of its principal. An unknown id is invented.
pub(crate) fn identity(arn: &str, id: Option<&str>) -> Result<Identity, iam_principal::Error> {
    let principal = Principal::parse(arn)?;
    let account = principal.account().to_string();
    let session = principal.session_name().unwrap_or("");
    let id = match principal.kind() {
        Kind::AssumedRole if principal.name() == "aws:ec2-instance" => {
            format!("{account}:aws:ec2-instance:{session}")
        }
        Kind::AssumedRole => format!("{}:{session}", id.unwrap_or("AROAEXAMPLE")),
        Kind::FederatedUser => format!("{account}:{session}"),
        Kind::Root => account.clone(),
        Kind::Role | Kind::User => id.unwrap_or("AIDAEXAMPLE").to_owned(),
    };
    Identity::new(arn, &account, &id)
}

#[cfg(test)]
mod tests {
    use super::identity;

    /// As STS answers (IAM user guide, "Unique identifiers", and `GetCallerIdentity` of an instance).
    #[test]
    fn an_unknown_id_has_the_form_of_its_kind() {
        for (resource, id) in [
            ("assumed-role/dev/jane", "AROAEXAMPLE:jane"),
            (
                "assumed-role/aws:ec2-instance/i-0abc",
                "111122223333:aws:ec2-instance:i-0abc",
            ),
            ("federated-user/jane", "111122223333:jane"),
        ] {
            let arn = format!("arn:aws:sts::111122223333:{resource}");
            let identity = identity(&arn, None).unwrap();
            assert_eq!(identity.raw_user_id(), id);
        }
    }
}
