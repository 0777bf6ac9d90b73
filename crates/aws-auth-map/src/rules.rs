//! What an operator wrote: which principal is which user.

use std::collections::HashMap;
use std::fmt;

use iam_principal::AccountId;

use crate::matching::{SsoRole, fold, sso_key};
use crate::template::Template;

/// One of the three lists of rules.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "aws-auth has these three")]
pub enum Section {
    /// `mapRoles`, which is asked first.
    Roles,
    /// `mapUsers`.
    Users,
    /// `mapAccounts`, which is asked last.
    Accounts,
}

impl Section {
    /// All three, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Roles, Self::Users, Self::Accounts];

    /// Returns the key that the section has in the ConfigMap.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Roles => "mapRoles",
            Self::Users => "mapUsers",
            Self::Accounts => "mapAccounts",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// A rule's place among its like, which prints as `mapRoles[3]`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RuleRef {
    section: Section,
    index: usize,
}

impl RuleRef {
    pub(crate) const fn new(section: Section, index: usize) -> Self {
        Self { section, index }
    }

    /// Returns the section.
    #[must_use]
    pub const fn section(self) -> Section {
        self.section
    }

    /// Returns the index in the section as it was written, from zero.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.section, self.index)
    }
}

/// A principal, and the user that it becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    matcher: Matcher,
    username: Template,
    groups: Vec<Template>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Matcher {
    /// The folded ARN.
    Exact(String),
    /// The key of the permission set's roles.
    Sso(String),
}

impl Rule {
    /// Makes a rule for one ARN, compared without regard to ASCII case. `*` and `?` are themselves.
    #[must_use]
    pub fn exact(arn: &str, username: Template, groups: Vec<Template>) -> Self {
        Self {
            matcher: Matcher::Exact(fold(arn)),
            username,
            groups,
        }
    }

    /// Makes a rule for the roles of a permission set.
    #[must_use]
    pub fn sso(role: &SsoRole, username: Template, groups: Vec<Template>) -> Self {
        Self {
            matcher: Matcher::Sso(role.key()),
            username,
            groups,
        }
    }

    /// Returns the name of the user.
    #[must_use]
    pub const fn username(&self) -> &Template {
        &self.username
    }

    /// Returns the user's groups.
    #[must_use]
    pub fn groups(&self) -> &[Template] {
        &self.groups
    }
}

/// The rules of one backend.
///
/// Which rule wins: `mapRoles` before `mapUsers` before `mapAccounts`; within a section an exact
/// ARN before a permission set, and of several rules for the same principal the last. As upstream,
/// the ARN of a user may stand in `mapRoles` and that of a role in `mapUsers`.
///
/// A lookup costs the same with ten rules and with a hundred thousand.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    roles: Table,
    users: Table,
    accounts: HashMap<AccountId, usize>,
}

#[derive(Clone, Debug, Default)]
struct Table {
    // INVARIANT: the values of both maps are indices of `rules`.
    exact: HashMap<String, usize>,
    sso: HashMap<String, usize>,
    /// Each rule with its index as written.
    rules: Vec<(usize, Rule)>,
}

impl Rules {
    /// Makes an empty list, which maps nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule to `mapRoles`; tells the rule for the same principal that it replaces.
    pub fn push_role(&mut self, rule: Rule) -> Option<RuleRef> {
        self.insert(Section::Roles, self.roles.rules.len(), rule)
    }

    /// Adds a rule to `mapUsers`; tells the rule for the same principal that it replaces.
    pub fn push_user(&mut self, rule: Rule) -> Option<RuleRef> {
        self.insert(Section::Users, self.users.rules.len(), rule)
    }

    /// Adds an account to `mapAccounts`: every principal of it becomes a user of the name of its
    /// canonical ARN, without groups.
    pub fn push_account(&mut self, account: AccountId) -> Option<RuleRef> {
        self.insert_account(self.accounts.len(), account)
    }

    /// Adds a rule that was written at `index` of its section.
    pub(crate) fn insert(&mut self, section: Section, index: usize, rule: Rule) -> Option<RuleRef> {
        let table = match section {
            Section::Roles => &mut self.roles,
            Section::Users | Section::Accounts => &mut self.users,
        };
        let at = table.rules.len();
        let replaced = match &rule.matcher {
            Matcher::Exact(arn) => table.exact.insert(arn.clone(), at),
            Matcher::Sso(key) => table.sso.insert(key.clone(), at),
        };
        let replaced = replaced
            .and_then(|at| table.rules.get(at))
            .map(|(index, _)| *index);
        table.rules.push((index, rule));
        replaced.map(|index| RuleRef::new(section, index))
    }

    pub(crate) fn insert_account(&mut self, index: usize, account: AccountId) -> Option<RuleRef> {
        let replaced = self.accounts.insert(account, index);
        replaced.map(|index| RuleRef::new(Section::Accounts, index))
    }

    /// Finds the rule for a folded canonical ARN.
    pub(crate) fn find(&self, folded: &str) -> Option<(RuleRef, &Rule)> {
        let found = |section, table: &'_ Table| table.find(folded).map(|at| (section, at));
        let (section, at) =
            found(Section::Roles, &self.roles).or_else(|| found(Section::Users, &self.users))?;
        let table = if section == Section::Roles {
            &self.roles
        } else {
            &self.users
        };
        let (index, rule) = table.rules.get(at)?;
        Some((RuleRef::new(section, *index), rule))
    }

    /// Finds the rule that lets a whole account in.
    pub(crate) fn find_account(&self, account: AccountId) -> Option<RuleRef> {
        let index = self.accounts.get(&account)?;
        Some(RuleRef::new(Section::Accounts, *index))
    }

    /// Returns how many rules there are, those that a later one replaced included.
    #[must_use]
    pub fn len(&self) -> usize {
        let rules = self
            .roles
            .rules
            .len()
            .saturating_add(self.users.rules.len());
        rules.saturating_add(self.accounts.len())
    }

    /// Returns whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    fn find(&self, folded: &str) -> Option<usize> {
        let exact = self.exact.get(folded);
        // Most maps have no permission set, and need no look at the shape of the name.
        let sso = || {
            (!self.sso.is_empty())
                .then(|| self.sso.get(sso_key(folded)?))
                .flatten()
        };
        exact.or_else(sso).copied()
    }
}
