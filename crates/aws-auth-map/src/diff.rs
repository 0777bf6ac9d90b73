//! Compares two identity maps: which callers become another user, and who is locked out.

mod arn_space;
mod automaton;
mod compare;
mod lockout;
mod loose_rules;
mod user_ids;
mod winner;
mod witness;

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;

use iam_principal::{AccountId, Identity};
use printable_text::Printable;

pub(crate) use self::arn_space::canonical_case;
use self::compare::Comparison;
pub use self::lockout::Lockout;
pub(crate) use self::witness::example_identity;
use crate::resolve::IdentityMap;
use crate::resolve::backend::BackendKind;
use crate::resolve::resolution::{Mapped, Resolution};
use crate::rules::RuleRef;
use crate::rules::sso_role::SsoRole;

/// The differences between two maps.
///
/// It compares users, not rules: moving a rule, removing one that never took effect or splitting a
/// pattern in two makes no difference if every caller becomes the same user. Every [`Change`] has an
/// identity as its witness.
///
/// A diff is sound: each change was found by resolving its witness in both maps. It is complete too: if
/// it is empty, both maps resolve every [`Identity`] alike. For overlapping patterns this is exact,
/// because every combination of patterns that one ARN can match is compared. For some sets of patterns
/// that would take too long; such a diff is not [exhaustive](Self::is_exhaustive), and never
/// [empty](Self::is_empty).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diff {
    changes: Vec<Change>,
    lockouts: Vec<Lockout>,
    is_exhaustive: bool,
}

impl Diff {
    /// Returns whether every caller stays the same user.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.is_exhaustive
    }

    /// Returns whether every kind of caller was compared. `false` if patterns or reserved prefixes
    /// combine in more ways than the limit allows. Then only samples of each pattern were compared,
    /// and a diff without a [lockout](Self::lockouts) does not prove that no caller is locked out.
    #[must_use]
    pub const fn is_exhaustive(&self) -> bool {
        self.is_exhaustive
    }

    /// Returns the changes, sorted by the kind and name of [`Affected`].
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the changes that lock out nodes, administrators or the caller who makes the change.
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
                "not every caller was compared: the patterns combine in too many ways; there may be more changes and lockouts"
            )
        }
    }
}

/// A caller who becomes another user.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    affected: Affected,
    identity: Identity,
    private_dns_name: String,
    is_possible: bool,
    before: DiffSide,
    after: DiffSide,
}

impl Change {
    /// Returns which callers are affected.
    #[must_use]
    pub const fn affected(&self) -> &Affected {
        &self.affected
    }

    /// Returns the kind of change.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        match (self.before.resolution.user(), self.after.resolution.user()) {
            (None, _) => ChangeKind::Gains,
            (Some(_), None) => ChangeKind::Loses,
            (Some(_), Some(_)) => ChangeKind::Changes,
        }
    }

    /// Returns one affected caller. Its ids, session and access key id are invented.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the private DNS name with which the witness was resolved, if it is an EC2 instance.
    #[must_use]
    pub fn private_dns_name(&self) -> &str {
        &self.private_dns_name
    }

    /// Returns whether STS can report such a caller. It reports a role without its path, for instance,
    /// so a rule for a role with its path matches no caller.
    #[must_use]
    pub const fn is_possible(&self) -> bool {
        self.is_possible
    }

    /// Returns the side of the old map.
    #[must_use]
    pub const fn before(&self) -> &DiffSide {
        &self.before
    }

    /// Returns the side of the new map.
    #[must_use]
    pub const fn after(&self) -> &DiffSide {
        &self.after
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            affected,
            before,
            after,
            ..
        } = self;
        match self.kind() {
            ChangeKind::Gains => write!(f, "gains {affected}: {after}")?,
            ChangeKind::Loses => write!(f, "loses {affected}: {before}")?,
            ChangeKind::Changes => write!(f, "changes {affected}: {before} -> {after}")?,
        }
        let is_named = matches!(affected, Affected::Arn(arn) if arn.eq_ignore_ascii_case(self.identity.canonical_arn()));
        if !is_named || (before.username == after.username && before.groups == after.groups) {
            write!(f, " (as {})", Printable::new(self.identity.arn()))?;
        }
        if self.is_possible {
            Ok(())
        } else {
            f.write_str(" (but STS reports no such caller)")
        }
    }
}

/// The effect of a change on a caller.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there is a user before, after, or both"
)]
pub enum ChangeKind {
    /// Not a user before, a user after.
    Gains,
    /// A user before, not a user after.
    Loses,
    /// Another user, or the same user with other groups or access policies.
    Changes,
}

impl ChangeKind {
    /// Returns `changes`, `gains` or `loses`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Gains => "gains",
            Self::Loses => "loses",
        }
    }
}

/// The callers affected by a change, as the rule that causes it names them.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Affected {
    /// All principals of an account that have no other rule.
    Account(AccountId),
    /// The principal with this ARN.
    Arn(String),
    /// The principal with this ARN and this user id.
    ArnAndUserId(String, String),
    /// The principals that a pattern matches and no other rule matches first.
    Pattern(String),
    /// The roles of a permission set.
    PermissionSet(SsoRole),
    /// The principal with this user id.
    UserId(String),
}

impl fmt::Display for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account {account}"),
            Self::Arn(arn) => Printable::new(arn).fmt(f),
            Self::ArnAndUserId(arn, id) => {
                let (arn, id) = (Printable::new(arn), Printable::new(id));
                write!(f, "{arn} with user id {id}")
            }
            Self::Pattern(pattern) => write!(f, "pattern {}", Printable::new(pattern)),
            Self::PermissionSet(role) => {
                let (set, account) = (Printable::new(role.permission_set()), role.account());
                write!(f, "permission set {set} of account {account}")
            }
            Self::UserId(id) => write!(f, "user id {}", Printable::new(id)),
        }
    }
}

/// One side of a change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DiffSide {
    rule: Option<(BackendKind, RuleRef)>,
    username: String,
    groups: Vec<String>,
    resolution: Resolution,
}

impl DiffSide {
    /// Returns the rule that takes effect, and its backend. `None` if no rule matches.
    #[must_use]
    pub const fn rule(&self) -> Option<(BackendKind, RuleRef)> {
        self.rule
    }

    /// Returns the username as the rule has it, with its placeholders; empty without a rule.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// Returns the groups as the rule has them.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Returns whether the map has a user for [`Change::identity`].
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        matches!(self.resolution, Resolution::Mapped(_))
    }

    /// Returns how the map resolves [`Change::identity`].
    #[must_use]
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }
}

impl fmt::Display for DiffSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mapped = match &self.resolution {
            Resolution::NotMapped => return f.write_str("not mapped"),
            Resolution::Refused(refusal) => return write!(f, "refused ({})", refusal.reason()),
            Resolution::Mapped(mapped) => mapped,
        };
        Printable::new(&self.username).fmt(f)?;
        for (index, group) in self.groups.iter().enumerate() {
            let before = if index == 0 { " in " } else { ", " };
            write!(f, "{before}{}", Printable::new(group))?;
        }
        for policy in mapped.access_policies() {
            write!(f, ", with {policy}")?;
        }
        for gap in mapped.policy_gaps() {
            write!(f, ", but {gap}")?;
        }
        if mapped.user().extra().is_empty() {
            f.write_str(", scrubbed")?;
        }
        Ok(())
    }
}

impl Resolution {
    /// Returns whether both resolutions have the same effect: the same user (name, uid, extra and set
    /// of groups) with the same set of access policies, or no user, for whatever reason.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Mapped(one), Self::Mapped(other)) => is_alike(one, other),
            (Self::Mapped(_), _) | (_, Self::Mapped(_)) => false,
            _ => true,
        }
    }
}

// Kubernetes treats groups as a set.
fn is_alike(one: &Mapped, other: &Mapped) -> bool {
    let (a, b) = (one.user(), other.user());
    (a.username(), a.uid(), a.extra()) == (b.username(), b.uid(), b.extra())
        && is_same_set(a.groups(), b.groups())
        && is_same_set(one.access_policies(), other.access_policies())
        && is_same_set(one.policy_gaps(), other.policy_gaps())
}

fn is_same_set<T: Eq + Hash>(one: &[T], other: &[T]) -> bool {
    one == other || one.iter().collect::<HashSet<_>>() == other.iter().collect()
}

impl IdentityMap {
    /// Compares this map with a new one; see [`Diff`].
    #[must_use]
    pub fn diff(&self, new: &Self) -> Diff {
        Comparison::new(self, new).diff()
    }

    /// Compares this map with a new one, and reports whether the caller who makes the change loses
    /// access or becomes another user.
    #[must_use]
    pub fn diff_for(&self, new: &Self, caller: &Identity) -> Diff {
        let mut diff = self.diff(new);
        diff.lockouts.extend(lockout::of_caller(self, new, caller));
        diff
    }
}
