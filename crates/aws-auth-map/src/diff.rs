//! What a change of the rules changes, and for whom.

mod arn_space;
mod automaton;
mod compare;
mod lockout;
mod probe;

use std::fmt;

use iam_principal::{AccountId, Identity};

pub(crate) use self::arn_space::canonical_case;
use self::compare::Comparison;
pub use self::lockout::Lockout;
pub(crate) use self::probe::somebody;
use crate::resolve::IdentityMap;
use crate::resolve::backend::BackendKind;
use crate::resolve::resolution::{Mapped, Resolution};
use crate::rules::RuleRef;
use crate::rules::sso_role::SsoRole;

/// What is different between two maps: for whom, and how.
///
/// It is about users, not about rules: rules that stand elsewhere, a rule that another one shadows, a
/// pattern that is now two, make no difference if everybody is who he was. Every [`Change`] has an
/// identity that shows it.
///
/// Both directions hold: what is in a diff is so, since both maps were asked; and if a diff is empty,
/// both maps make the same of every [`Identity`]. The latter is exact also for patterns that overlap,
/// by looking at all combinations in which they can meet. There are sets of patterns for which that
/// would take too long; a diff that had to stop is not [exhaustive](Self::is_exhaustive), and not
/// [empty](Self::is_empty) either.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diff {
    changes: Vec<Change>,
    lockouts: Vec<Lockout>,
    is_exhaustive: bool,
}

impl Diff {
    /// Returns whether everybody is who he was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.is_exhaustive
    }

    /// Returns whether everybody was looked at: not, if patterns meet in more ways than are looked
    /// at, or if reserved prefixes do.
    #[must_use]
    pub const fn is_exhaustive(&self) -> bool {
        self.is_exhaustive
    }

    /// Returns what is different, in the order of [`Whom`] and of what it is called.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the changes that shut somebody out who should not be.
    #[must_use]
    pub fn lockouts(&self) -> &[Lockout] {
        &self.lockouts
    }
}

impl fmt::Display for Diff {
    /// Prints lockouts first, then one change a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for lockout in &self.lockouts {
            writeln!(f, "lockout: {lockout}")?;
        }
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        if self.is_exhaustive {
            Ok(())
        } else {
            writeln!(
                f,
                "not everybody was looked at: patterns meet in too many ways"
            )
        }
    }
}

/// Somebody who is another one now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    whom: Whom,
    identity: Identity,
    private_dns_name: String,
    is_possible: bool,
    before: Side,
    after: Side,
}

impl Change {
    /// Returns whom it concerns.
    #[must_use]
    pub const fn whom(&self) -> &Whom {
        &self.whom
    }

    /// Returns what becomes of them.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match (self.before.resolution.user(), self.after.resolution.user()) {
            (None, _) => ChangeKind::Gains,
            (Some(_), None) => ChangeKind::Loses,
            (Some(_), Some(_)) => ChangeKind::Changes,
        }
    }

    /// Returns somebody whom it concerns; ids, session and key are made up.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the private DNS name with which both maps were asked, if that person is an instance.
    #[must_use]
    pub fn private_dns_name(&self) -> &str {
        &self.private_dns_name
    }

    /// Returns whether STS can tell such a caller. It names no role with its path, for instance, so
    /// that nobody has what a rule for such a role gives.
    #[must_use]
    pub const fn is_possible(&self) -> bool {
        self.is_possible
    }

    /// Returns what they were.
    #[must_use]
    pub const fn before(&self) -> &Side {
        &self.before
    }

    /// Returns what they are.
    #[must_use]
    pub const fn after(&self) -> &Side {
        &self.after
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            whom,
            before,
            after,
            ..
        } = self;
        match self.kind() {
            ChangeKind::Gains => write!(f, "gains {whom}: {after}")?,
            ChangeKind::Loses => write!(f, "loses {whom}: {before}")?,
            ChangeKind::Changes => write!(f, "changes {whom}: {before} -> {after}")?,
        }
        if before.username == after.username && before.groups == after.groups {
            write!(f, " (as {})", self.identity.arn())?;
        }
        if self.is_possible {
            Ok(())
        } else {
            f.write_str(" (but STS names no such caller)")
        }
    }
}

/// What becomes of somebody.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is a user before, after, or both"
)]
pub enum ChangeKind {
    /// Nobody before, a user now.
    Gains,
    /// A user before, nobody now.
    Loses,
    /// Another user now, or the same one with other groups or access policies.
    Changes,
}

impl ChangeKind {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Gains => "gains",
            Self::Loses => "loses",
        }
    }
}

/// Whom a change concerns, in the words of the rule that does it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Whom {
    /// All of an account for whom there is no rule.
    Account(AccountId),
    /// The principal with this ARN.
    Arn(String),
    /// The principal with this ARN as long as it has this user id.
    ArnAndUserId(String, String),
    /// Whoever a pattern covers, unless another rule counts for them.
    Pattern(String),
    /// Whoever has a role of this permission set.
    PermissionSet(SsoRole),
    /// The principal with this user id.
    UserId(String),
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account {account}"),
            Self::Arn(arn) => f.write_str(arn),
            Self::ArnAndUserId(arn, id) => write!(f, "{arn} with user id {id}"),
            Self::Pattern(pattern) => write!(f, "pattern {pattern}"),
            Self::PermissionSet(role) => {
                let (set, account) = (role.permission_set(), role.account());
                write!(f, "permission set {set} of account {account}")
            }
            Self::UserId(id) => write!(f, "user id {id}"),
        }
    }
}

/// One side of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Side {
    rule: Option<(BackendKind, RuleRef)>,
    username: String,
    groups: Vec<String>,
    resolution: Resolution,
}

impl Side {
    /// Returns the rule that counts, and where it comes from.
    #[must_use]
    pub const fn rule(&self) -> Option<(BackendKind, RuleRef)> {
        self.rule
    }

    /// Returns the name of the user as the rule has it, with its placeholders; empty without a rule.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups as the rule has them.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns what the map makes of [`Change::identity`].
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapped = match &self.resolution {
            Resolution::NotMapped => return f.write_str("nobody"),
            Resolution::Refused(refusal) => return write!(f, "nobody ({})", refusal.reason()),
            Resolution::Mapped(mapped) => mapped,
        };
        f.write_str(&self.username)?;
        if !self.groups.is_empty() {
            write!(f, " in {}", self.groups.join(", "))?;
        }
        for policy in mapped.access_policies() {
            write!(f, ", with {policy}")?;
        }
        if mapped.user().extra().is_empty() {
            f.write_str(", scrubbed")?;
        }
        Ok(())
    }
}

impl Resolution {
    /// Returns whether both make the same of an identity: the same user (name, uid, extra, and the
    /// set of groups) with the same set of access policies, or no user, whatever the reason.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mapped(one), Self::Mapped(other)) => is_alike(one, other),
            (Self::Mapped(_), _) | (_, Self::Mapped(_)) => false,
            _ => true,
        }
    }
}

// To Kubernetes, groups are a set: it asks whether there is one.
fn is_alike(one: &Mapped, other: &Mapped) -> bool {
    let (a, b) = (one.user(), other.user());
    (a.username(), a.uid(), a.extra()) == (b.username(), b.uid(), b.extra())
        && is_same_set(a.groups(), b.groups())
        && is_same_set(one.access_policies(), other.access_policies())
}

fn is_same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.iter().all(|item| other.contains(item)) && other.iter().all(|item| one.contains(item))
}

impl IdentityMap {
    /// Finds out what is different in a new map; see [`Diff`].
    #[must_use]
    pub fn diff(&self, new: &Self) -> Diff {
        Comparison::new(self, new).diff()
    }

    /// Finds out what is different in a new map, and whether the one who changes it locks himself
    /// out.
    #[must_use]
    pub fn diff_for(&self, new: &Self, caller: &Identity) -> Diff {
        let mut diff = self.diff(new);
        diff.lockouts.extend(lockout::of_caller(self, new, caller));
        diff
    }
}
