//! Conversion between `aws-auth` and access entries.

mod access_entry;
mod conversion_loss;
mod to_config_map;

use std::collections::HashMap;

use iam_principal::{Kind, Principal};

pub use self::access_entry::{AccessEntry, EntryType};
pub use self::conversion_loss::{ConversionLoss, ConversionLossKind};
use crate::diff::{canonical_case, example_identity};
use crate::names::{
    BOOTSTRAPPERS, BY_DNS_NAME, BY_SESSION_NAME, CLUSTER_ADMIN, MASTERS, NODE_PROXIER, NODES,
    WINDOWS_PROXY, default_username,
};
use crate::resolve::backend::EKS_RESERVED_PREFIXES;
use crate::rules::access_policy::{AccessPolicy, AccessScope};
use crate::rules::arn::{fold, strip_path};
use crate::rules::caller::Caller;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Rule, RuleRef, Rules};

impl Rules {
    /// Converts the rules of `aws-auth` to access entries. Returns them with the losses of the
    /// conversion.
    ///
    /// A principal with an entry and without a [`ConversionLoss`] stays the same user. An entry's ARN is
    /// spelled as in the rule. `aws-auth` ignores the case of an ARN; EKS looks up the role or user that
    /// has the ARN when the entry is created.
    ///
    /// The type follows from the username and groups: `EC2_LINUX` and `EC2_WINDOWS` for nodes named by
    /// their private DNS name, `FARGATE_LINUX` and `HYBRID_LINUX` for nodes named by their session,
    /// `STANDARD` for all others. EKS refuses groups that start with `system:`; the cluster
    /// administrator's access policy replaces `system:masters`.
    #[must_use]
    pub fn to_access_entries(&self) -> (Vec<AccessEntry>, Vec<ConversionLoss>) {
        self.to_access_entries_of(&[])
    }

    /// Converts as [`to_access_entries`](Self::to_access_entries) does, and takes the ARN of each
    /// principal from a list, such as the output of `aws iam list-roles`.
    ///
    /// An access entry needs a role's ARN with its path; `aws-auth` needs the ARN without the path.
    /// The role of a permission set always has a path, so without the list it is not converted.
    #[must_use]
    pub fn to_access_entries_of(
        &self,
        principals: &[String],
    ) -> (Vec<AccessEntry>, Vec<ConversionLoss>) {
        let full_arns: HashMap<String, &str> = principals
            .iter()
            .map(|arn| (strip_path(&fold(arn)), arn.as_str()))
            .collect();
        let mut entries = Vec::new();
        let mut losses = Vec::new();
        for (at, rule) in self.iter() {
            let mut note = |kind| losses.push(ConversionLoss::new(kind, at));
            match self.entry(at, rule, &mut note) {
                Ok(entry) => match with_path(entry, &full_arns) {
                    Ok(entry) => entries.push(entry),
                    Err(kind) => note(kind),
                },
                Err(kind) => note(kind),
            }
        }
        let account = |(at, _)| ConversionLoss::new(ConversionLossKind::Account, at);
        losses.extend(self.accounts().map(account));
        (entries, losses)
    }

    /// Returns access entries as they were read: with the principal's full ARN and the type. Returns them
    /// with the losses: rules that are not access entries or could not be read, and entries whose access
    /// policies are not all known.
    #[must_use]
    pub fn access_entries(&self) -> (Vec<(RuleRef, AccessEntry)>, Vec<ConversionLoss>) {
        let mut entries = Vec::new();
        let mut losses = Vec::new();
        for (at, rule) in self.iter() {
            match as_read(rule) {
                Ok(entry) => {
                    if !rule.policy_gaps().is_empty() {
                        let kind = ConversionLossKind::UnknownAccessPolicies;
                        losses.push(ConversionLoss::new(kind, at));
                    }
                    entries.push((at, entry));
                }
                Err(kind) => losses.push(ConversionLoss::new(kind, at)),
            }
        }
        (entries, losses)
    }

    fn entry(
        &self,
        at: RuleRef,
        rule: &Rule,
        note: &mut impl FnMut(ConversionLossKind),
    ) -> Result<AccessEntry, ConversionLossKind> {
        if rule.is_refusing() {
            return Err(ConversionLossKind::Unreadable);
        }
        let written = match rule.principal() {
            RulePrincipal::Arn(arn) => arn,
            RulePrincipal::Pattern(_) => return Err(ConversionLossKind::Pattern),
            RulePrincipal::Sso(_) => return Err(ConversionLossKind::PermissionSet),
            RulePrincipal::ArnAndUserId(..) | RulePrincipal::UserId(..) => {
                return Err(ConversionLossKind::UserId);
            }
        };
        let arn = canonical_case(written).ok_or(ConversionLossKind::Principal)?;
        let principal = Principal::parse(&arn).map_err(|_| ConversionLossKind::Principal)?;
        check_principal(&principal)?;
        let caller = example_identity(&arn).ok_or(ConversionLossKind::Principal)?;
        if let Some(winner) = self.find(&Caller::new(&caller))
            && winner.at != at
        {
            return Err(ConversionLossKind::Shadowed(winner.at));
        }
        let username = written_out(rule.username(), &principal);
        let groups: Vec<String> = rule
            .groups()
            .iter()
            .map(|group| written_out(group, &principal))
            .collect();
        if principal.kind() == Kind::Role
            && let Some(entry) = node(&arn, &username, &groups)?
        {
            if entry.groups().len() != groups.len() {
                note(ConversionLossKind::NodeGroups);
            }
            return Ok(entry);
        }
        standard(&principal, username, groups, note)
    }
}

/// Returns an access entry as it was read.
fn as_read(rule: &Rule) -> Result<AccessEntry, ConversionLossKind> {
    if rule.is_refusing() {
        return Err(ConversionLossKind::Unreadable);
    }
    let (Some(arn), Some(entry_type)) = (rule.entry_principal_arn(), rule.entry_type()) else {
        return Err(ConversionLossKind::Principal);
    };
    let groups = rule.groups().iter().map(Template::source).collect();
    let entry = AccessEntry::new(arn, entry_type, &rule.username().source(), groups);
    Ok(entry.with_policies(rule.access_policies().to_vec()))
}

/// Puts the full ARN of the principal into an entry, if it is known.
fn with_path(
    entry: AccessEntry,
    full_arns: &HashMap<String, &str>,
) -> Result<AccessEntry, ConversionLossKind> {
    let folded = fold(entry.principal_arn());
    match full_arns.get(&strip_path(&folded)) {
        Some(arn) => Ok(entry.with_principal_arn(arn)),
        None if folded.contains(":role/awsreservedsso_") => {
            Err(ConversionLossKind::PermissionSetPath)
        }
        None => Ok(entry),
    }
}

/// Checks that an access entry can be for a principal.
fn check_principal(principal: &Principal<'_>) -> Result<(), ConversionLossKind> {
    let name = principal.name();
    match principal.kind() {
        Kind::Role if !principal.path().is_empty() => Err(ConversionLossKind::RolePath),
        Kind::Role if name.starts_with("AWSServiceRoleFor") => {
            Err(ConversionLossKind::ServiceLinkedRole)
        }
        Kind::Role | Kind::User if name.contains(['*', '?']) => Err(ConversionLossKind::Principal),
        Kind::Role | Kind::User => Ok(()),
        Kind::AssumedRole | Kind::FederatedUser | Kind::Root => Err(ConversionLossKind::Principal),
    }
}

/// Fills in the placeholders whose value the principal determines: the account id, and the session
/// name of a user, which is empty.
fn written_out(template: &Template, principal: &Principal<'_>) -> String {
    let written = |placeholder| match placeholder {
        Placeholder::AccountId => principal.account().to_string(),
        Placeholder::SessionName | Placeholder::SessionNameRaw
            if principal.kind() == Kind::User =>
        {
            String::new()
        }
        other => format!("{{{{{}}}}}", other.name()),
    };
    let filled = template.render(false, |name| Ok::<_, ()>(written(name).into()));
    filled.unwrap_or_else(|()| template.source())
}

/// Builds the entry of a node role. `None` if the username is not a node's.
fn node(
    arn: &str,
    username: &str,
    groups: &[String],
) -> Result<Option<AccessEntry>, ConversionLossKind> {
    let has = |name: &str| groups.iter().any(|group| group == name);
    let kind = match username {
        BY_DNS_NAME if has(WINDOWS_PROXY) => EntryType::Ec2Windows,
        BY_DNS_NAME => EntryType::Ec2Linux,
        BY_SESSION_NAME if has(NODE_PROXIER) => EntryType::FargateLinux,
        BY_SESSION_NAME => EntryType::HybridLinux,
        _ => return Ok(None),
    };
    let own = [BOOTSTRAPPERS, NODES, NODE_PROXIER, WINDOWS_PROXY];
    let is_own = groups.iter().all(|group| own.contains(&group.as_str()));
    if !is_own || !has(NODES) {
        // EKS sets the groups of a node.
        return Err(ConversionLossKind::OtherNodeGroups);
    }
    // Only nodes that register themselves need it; with an access entry EKS registers them.
    let mut kept = groups.to_vec();
    kept.retain(|group| group != BOOTSTRAPPERS);
    Ok(Some(AccessEntry::new(arn, kind, username, kept)))
}

/// Builds the entry of a principal that is not a node.
fn standard(
    principal: &Principal<'_>,
    username: String,
    mut groups: Vec<String>,
    note: &mut impl FnMut(ConversionLossKind),
) -> Result<AccessEntry, ConversionLossKind> {
    let arn = principal.arn().to_string();
    let is_own = username != default_username(principal);
    if is_own {
        check_username(principal.kind(), &username)?;
    }
    let mut policies = Vec::new();
    if groups.iter().any(|group| group == MASTERS) {
        groups.retain(|group| group != MASTERS);
        let policy = format!(
            "arn:{}:eks::aws:cluster-access-policy/{CLUSTER_ADMIN}",
            principal.partition()
        );
        policies.push(AccessPolicy::new(&policy, AccessScope::Cluster));
    }
    for group in &groups {
        if group.starts_with("system:") {
            return Err(ConversionLossKind::ReservedGroup);
        }
        // The session name of a user is empty, which leaves an empty group.
        if group.is_empty() || Template::parse(group).placeholders().next().is_some() {
            return Err(ConversionLossKind::GroupPlaceholder);
        }
    }
    if !policies.is_empty() {
        note(ConversionLossKind::Masters);
    }
    let entry = AccessEntry::new(&arn, EntryType::Standard, &username, groups);
    Ok(entry.with_policies(policies))
}

/// Checks a custom username as EKS does (EKS user guide, "Create access entries").
fn check_username(kind: Kind, username: &str) -> Result<(), ConversionLossKind> {
    if EKS_RESERVED_PREFIXES
        .iter()
        .any(|p| username.starts_with(p))
    {
        return Err(ConversionLossKind::ReservedUsername);
    }
    let template = Template::parse(username);
    // A user's session name was filled in above.
    let is_known = |name| name == Placeholder::SessionName && kind == Kind::Role;
    if username.is_empty() || !template.placeholders().all(|(name, _)| is_known(name)) {
        return Err(ConversionLossKind::Placeholder);
    }
    let session = username.find("{{SessionName}}").unwrap_or(username.len());
    let has_colon = username
        .get(..session)
        .is_some_and(|begin| begin.contains(':'));
    if session < username.len() && !has_colon {
        return Err(ConversionLossKind::ColonBeforeSessionName);
    }
    Ok(())
}
