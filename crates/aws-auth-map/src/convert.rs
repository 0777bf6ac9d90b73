//! From `aws-auth` to access entries, and back.

mod back;
mod entry;
mod obstacle;

use iam_principal::{Kind, Principal};

pub use self::entry::{AccessEntry, EntryType};
pub use self::obstacle::{Obstacle, ObstacleKind};
use crate::diff::{canonical_case, somebody};
use crate::names::{
    BOOTSTRAPPERS, BY_DNS_NAME, BY_SESSION_NAME, CLUSTER_ADMIN, MASTERS, NODE_PROXIER, NODES,
    WINDOWS_PROXY, default_username,
};
use crate::resolve::backend::EKS_RESERVED_PREFIXES;
use crate::rules::access_policy::{AccessPolicy, AccessScope};
use crate::rules::caller::Caller;
use crate::rules::matching::RulePrincipal;
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Rule, RuleRef, Rules};

impl Rules {
    /// Writes the rules of `aws-auth` as access entries, and says what cannot be carried.
    ///
    /// Whoever has an entry and is named by no [`Obstacle`] is the same user by it. An entry is for the
    /// ARN in the case in which the rule has it, since EKS knows one principal where `aws-auth`
    /// compares letters; and it is for the role or user that has the ARN when the entry is made.
    ///
    /// The type is what the rule makes of its role: `EC2_LINUX` and `EC2_WINDOWS` for nodes by their
    /// private DNS name, `FARGATE_LINUX` and `HYBRID_LINUX` for nodes by their session's name,
    /// `STANDARD` for all others. EKS refuses groups that begin with `system:`; in place of
    /// `system:masters` comes the access policy of cluster administrators.
    #[must_use]
    pub fn to_access_entries(&self) -> (Vec<AccessEntry>, Vec<Obstacle>) {
        let mut entries = Vec::new();
        let mut obstacles = Vec::new();
        for (at, rule) in self.iter() {
            let mut note = |kind| obstacles.push(Obstacle::new(kind, at));
            match self.entry(at, rule, &mut note) {
                Ok(entry) => entries.push(entry),
                Err(kind) => note(kind),
            }
        }
        let account = |(at, _)| Obstacle::new(ObstacleKind::Account, at);
        obstacles.extend(self.accounts().map(account));
        (entries, obstacles)
    }

    fn entry(
        &self,
        at: RuleRef,
        rule: &Rule,
        note: &mut impl FnMut(ObstacleKind),
    ) -> Result<AccessEntry, ObstacleKind> {
        if rule.is_refusing() {
            return Err(ObstacleKind::Unreadable);
        }
        let written = match rule.principal() {
            RulePrincipal::Arn(arn) => arn,
            RulePrincipal::Pattern(_) => return Err(ObstacleKind::Pattern),
            RulePrincipal::Sso(_) => return Err(ObstacleKind::PermissionSet),
            RulePrincipal::ArnAndUserId(..) | RulePrincipal::UserId(..) => {
                return Err(ObstacleKind::UserId);
            }
        };
        let arn = canonical_case(written).ok_or(ObstacleKind::Principal)?;
        let principal = Principal::parse(&arn).map_err(|_| ObstacleKind::Principal)?;
        check_principal(&principal)?;
        let caller = somebody(&arn).ok_or(ObstacleKind::Principal)?;
        if let Some(winner) = self.find(&Caller::new(&caller))
            && winner.at != at
        {
            return Err(ObstacleKind::Shadowed(winner.at));
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
                note(ObstacleKind::NodeGroups);
            }
            return Ok(entry);
        }
        standard(&principal, username, groups, note)
    }
}

/// Judges whom an entry can be for.
fn check_principal(principal: &Principal<'_>) -> Result<(), ObstacleKind> {
    let name = principal.name();
    match principal.kind() {
        Kind::Role if !principal.path().is_empty() => Err(ObstacleKind::RolePath),
        Kind::Role if name.starts_with("AWSServiceRoleFor") => Err(ObstacleKind::ServiceLinkedRole),
        Kind::Role | Kind::User if name.contains(['*', '?']) => Err(ObstacleKind::Principal),
        Kind::Role | Kind::User => Ok(()),
        Kind::AssumedRole | Kind::FederatedUser | Kind::Root => Err(ObstacleKind::Principal),
    }
}

/// Puts in what is known of a principal: the account, and that a user has no session.
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
    filled.unwrap_or_else(|()| template.to_string())
}

/// Makes the entry of a node's role, if the name is a node's.
fn node(arn: &str, username: &str, groups: &[String]) -> Result<Option<AccessEntry>, ObstacleKind> {
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
        // EKS gives a node its groups, and no others.
        return Err(ObstacleKind::OtherNodeGroups);
    }
    // Which nodes need only where they register themselves, and EKS does that for them.
    let mut kept = groups.to_vec();
    kept.retain(|group| group != BOOTSTRAPPERS);
    Ok(Some(AccessEntry::new(arn, kind, username, kept)))
}

/// Makes the entry of anybody else.
fn standard(
    principal: &Principal<'_>,
    username: String,
    mut groups: Vec<String>,
    note: &mut impl FnMut(ObstacleKind),
) -> Result<AccessEntry, ObstacleKind> {
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
            return Err(ObstacleKind::ReservedGroup);
        }
        // A user's session name is nothing, and nothing is no group.
        if group.is_empty() || Template::parse(group).placeholders().next().is_some() {
            return Err(ObstacleKind::GroupPlaceholder);
        }
    }
    if !policies.is_empty() {
        note(ObstacleKind::Masters);
    }
    let entry = AccessEntry::new(&arn, EntryType::Standard, &username, groups);
    Ok(entry.with_policies(policies))
}

/// Judges a name of one's own as EKS does (EKS user guide, "Create access entries").
fn check_username(kind: Kind, username: &str) -> Result<(), ObstacleKind> {
    if EKS_RESERVED_PREFIXES
        .iter()
        .any(|p| username.starts_with(p))
    {
        return Err(ObstacleKind::ReservedUsername);
    }
    let template = Template::parse(username);
    // A user has no session, and what its name was is written out by now.
    let is_known = |name| name == Placeholder::SessionName && kind == Kind::Role;
    if username.is_empty() || !template.placeholders().all(|(name, _)| is_known(name)) {
        return Err(ObstacleKind::Placeholder);
    }
    let session = username.find("{{SessionName}}").unwrap_or(username.len());
    let has_colon = username
        .get(..session)
        .is_some_and(|begin| begin.contains(':'));
    if session < username.len() && !has_colon {
        return Err(ObstacleKind::ColonBeforeSessionName);
    }
    Ok(())
}
