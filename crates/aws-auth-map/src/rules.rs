//! What an operator wrote: which principal is which user.

pub(crate) mod access_policy;
pub(crate) mod matching;
mod table;
pub(crate) mod template;

use std::collections::HashMap;
use std::fmt;

use iam_principal::{AccountId, ArnPattern};

use self::access_policy::AccessPolicy;
use self::matching::{Caller, Match, Matcher, RulePrincipal, SsoRole, fold, strip_path};
use self::table::Table;
use self::template::Template;

/// One of the lists of rules.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Section {
    /// `mapRoles`, which is asked first.
    Roles,
    /// `mapUsers`.
    Users,
    /// `mapAccounts`, which is asked last.
    Accounts,
    /// `IAMIdentityMapping` objects.
    Objects,
    /// Access entries.
    Entries,
}

impl Section {
    /// The three of aws-auth, in the order in which they are asked.
    pub const ALL: [Self; 3] = [Self::Roles, Self::Users, Self::Accounts];

    /// Returns the key that the section has in the ConfigMap, or the name of what is listed.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Roles => "mapRoles",
            Self::Users => "mapUsers",
            Self::Accounts => "mapAccounts",
            Self::Objects => "IAMIdentityMapping",
            Self::Entries => "accessEntry",
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
    /// Names the rule that was written at `index` of a section, from zero.
    #[must_use]
    pub const fn new(section: Section, index: usize) -> Self {
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

/// An earlier rule for the same principal, and which of the two counts.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "one of two rules counts")]
pub enum Overlap {
    /// The new rule counts, and the earlier one no longer does.
    Replaces(RuleRef),
    /// The earlier rule counts, and the new one never does.
    ShadowedBy(RuleRef),
}

impl Overlap {
    /// Returns the earlier rule.
    #[must_use]
    pub const fn earlier(self) -> RuleRef {
        match self {
            Self::Replaces(rule) | Self::ShadowedBy(rule) => rule,
        }
    }
}

/// A principal, and the user that it becomes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    matcher: Matcher,
    username: Template,
    groups: Vec<Template>,
    access_policies: Vec<AccessPolicy>,
}

impl Rule {
    /// Makes a rule for one ARN, compared without regard to ASCII case. `*` and `?` are themselves.
    #[must_use]
    pub fn exact(arn: &str, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::Exact {
            arn: arn.to_owned(),
            user_id: None,
        };
        Self::new(matcher, username, groups)
    }

    /// Makes a rule for one ARN as long as it is that of one user id: not for a role or user that
    /// was deleted and made anew. Others with the ARN are somebody else.
    #[must_use]
    pub fn exact_with_user_id(
        arn: &str,
        user_id: &str,
        username: Template,
        groups: Vec<Template>,
    ) -> Self {
        let matcher = Matcher::Exact {
            arn: arn.to_owned(),
            user_id: Some(user_id.to_owned()),
        };
        Self::new(matcher, username, groups)
    }

    /// Makes a rule for the roles of a permission set.
    #[must_use]
    pub fn sso(role: &SsoRole, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::Sso {
            role: role.clone(),
            key: role.key(),
        };
        Self::new(matcher, username, groups)
    }

    /// Makes a rule for all principals whose canonical ARN a pattern covers; case matters.
    #[must_use]
    pub const fn pattern(pattern: ArnPattern, username: Template, groups: Vec<Template>) -> Self {
        Self::new(Matcher::Pattern(pattern), username, groups)
    }

    /// Makes a rule for the principal with this user id (`AROA…`, `AIDA…`), whatever its ARN.
    #[must_use]
    pub fn user_id(user_id: &str, username: Template, groups: Vec<Template>) -> Self {
        let matcher = Matcher::UserId {
            user_id: user_id.to_owned(),
            arn: None,
        };
        Self::new(matcher, username, groups)
    }

    /// Makes a rule for the principal with this user id, who has to have this ARN besides, which
    /// may have a role's path. Whoever has the one without the other is refused.
    #[must_use]
    pub fn user_id_and_arn(
        user_id: &str,
        arn: &str,
        username: Template,
        groups: Vec<Template>,
    ) -> Self {
        let matcher = Matcher::UserId {
            user_id: user_id.to_owned(),
            arn: Some((arn.to_owned(), strip_path(&fold(arn)))),
        };
        Self::new(matcher, username, groups)
    }

    const fn new(matcher: Matcher, username: Template, groups: Vec<Template>) -> Self {
        Self {
            matcher,
            username,
            groups,
            access_policies: Vec::new(),
        }
    }

    /// Adds access policies, which an access entry has besides its groups.
    #[must_use]
    pub fn with_access_policies(mut self, policies: Vec<AccessPolicy>) -> Self {
        self.access_policies.extend(policies);
        self
    }

    /// Returns whom the rule is for.
    #[must_use]
    pub fn principal(&self) -> RulePrincipal<'_> {
        self.matcher.principal()
    }

    /// Returns the access policies.
    #[must_use]
    pub fn access_policies(&self) -> &[AccessPolicy] {
        &self.access_policies
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

    pub(crate) const fn matcher(&self) -> &Matcher {
        &self.matcher
    }
}

/// The rules of one backend.
///
/// Which rule wins: `mapRoles` before `mapUsers` before `mapAccounts`; within a section a user id
/// before an exact ARN, and that before permission sets and patterns. Of several rules for the same
/// ARN, user id or permission set the last wins, as upstream; of permission sets and patterns that
/// overlap the first. As upstream, the ARN of a user may stand in `mapRoles` and that of a role in
/// `mapUsers`.
///
/// A lookup costs the same with ten rules and with a hundred thousand, but for patterns, each of
/// which is tried.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    // INVARIANT: in the order of the sections, each once.
    tables: Vec<(Section, Table)>,
    accounts: HashMap<AccountId, usize>,
    // INVARIANT: in the order of the indices.
    account_places: Vec<(usize, Place)>,
}

/// Where a rule was written, as far as that is known.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Place {
    // Zero stands for "not known", which keeps a rule small.
    line: u32,
    column: u32,
}

impl Place {
    #[cfg(feature = "yaml")]
    pub(crate) fn new(line: Option<usize>, column: Option<usize>) -> Self {
        let small = |number: Option<usize>| number.and_then(|n| n.try_into().ok()).unwrap_or(0);
        Self {
            line: small(line),
            column: small(column),
        }
    }

    /// Returns the line of the text that was read, from one.
    #[must_use]
    pub fn line(self) -> Option<usize> {
        known(self.line)
    }

    /// Returns the column in characters, from one.
    #[must_use]
    pub fn column(self) -> Option<usize> {
        known(self.column)
    }
}

fn known(number: u32) -> Option<usize> {
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// The rule that speaks of a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'r> {
    pub(crate) at: RuleRef,
    pub(crate) rule: &'r Rule,
    pub(crate) how: Match,
}

impl Rules {
    /// Makes an empty list, which maps nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule to `mapRoles`; tells the earlier one for the same principal.
    pub fn push_role(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Roles, rule)
    }

    /// Adds a rule to `mapUsers`; tells the earlier one for the same principal.
    pub fn push_user(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Users, rule)
    }

    /// Adds an account to `mapAccounts`: every principal of it becomes a user of the name of its
    /// canonical ARN, without groups.
    pub fn push_account(&mut self, account: AccountId) -> Option<Overlap> {
        self.insert_account(self.account_places.len(), account, Place::default())
    }

    /// Adds an access entry; tells the earlier one for the same principal.
    pub fn push_entry(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Entries, rule)
    }

    /// Adds an `IAMIdentityMapping`; tells the earlier one for the same principal.
    pub fn push_object(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Objects, rule)
    }

    fn push(&mut self, section: Section, rule: Rule) -> Option<Overlap> {
        let index = self.table(section).map_or(0, Table::len);
        self.insert(section, index, rule, Place::default())
    }

    /// Adds a rule that was written at `index` of its section.
    pub(crate) fn insert(
        &mut self,
        section: Section,
        index: usize,
        rule: Rule,
        place: Place,
    ) -> Option<Overlap> {
        // An earlier section is asked first.
        let earlier = self.tables.iter().take_while(|(of, _)| *of < section);
        let shadow = earlier
            .filter_map(|(of, table)| Some(RuleRef::new(*of, table.same(rule.matcher())?)))
            .next();
        let at = match self.tables.binary_search_by_key(&section, |(of, _)| *of) {
            Ok(at) => at,
            Err(at) => {
                self.tables.insert(at, (section, Table::default()));
                at
            }
        };
        let (_, table) = self.tables.get_mut(at)?;
        let overlap = table.insert(section, index, rule, place);
        shadow.map(Overlap::ShadowedBy).or(overlap)
    }

    pub(crate) fn insert_account(
        &mut self,
        index: usize,
        account: AccountId,
        place: Place,
    ) -> Option<Overlap> {
        self.account_places.push((index, place));
        let replaced = self.accounts.insert(account, index);
        replaced.map(|index| Overlap::Replaces(RuleRef::new(Section::Accounts, index)))
    }

    fn table(&self, section: Section) -> Option<&Table> {
        let at = self.tables.binary_search_by_key(&section, |(of, _)| *of);
        self.tables.get(at.ok()?).map(|(_, table)| table)
    }

    /// Finds the rule that speaks of a caller, be it that it contradicts itself about who that is.
    pub(crate) fn find(&self, caller: &Caller<'_>) -> Option<Found<'_>> {
        self.tables.iter().find_map(|(section, table)| {
            let (index, rule, how) = table.find(caller)?;
            let at = RuleRef::new(*section, index);
            Some(Found { at, rule, how })
        })
    }

    /// Finds the rule that lets a whole account in.
    pub(crate) fn find_account(&self, account: AccountId) -> Option<RuleRef> {
        let index = self.accounts.get(&account)?;
        Some(RuleRef::new(Section::Accounts, *index))
    }

    /// Returns the rules section by section, in the order in which they were written, those that a
    /// later one replaced included; accounts are not among them.
    pub fn iter(&self) -> impl Iterator<Item = (RuleRef, &Rule)> {
        self.tables.iter().flat_map(|(section, table)| {
            let rules = table.iter();
            rules.map(|written| (RuleRef::new(*section, written.index), &written.rule))
        })
    }

    /// Returns the accounts in the order in which they were written.
    pub fn accounts(&self) -> impl Iterator<Item = (RuleRef, AccountId)> {
        let mut accounts: Vec<(usize, AccountId)> = self
            .accounts
            .iter()
            .map(|(id, index)| (*index, *id))
            .collect();
        accounts.sort_unstable_by_key(|(index, _)| *index);
        let at = |index| RuleRef::new(Section::Accounts, index);
        accounts.into_iter().map(move |(index, id)| (at(index), id))
    }

    /// Returns a rule by its place among its like. An account is no rule of its own.
    #[must_use]
    pub fn rule(&self, at: RuleRef) -> Option<&Rule> {
        Some(&self.table(at.section)?.written(at.index)?.rule)
    }

    /// Returns where a rule or an account was written, as far as that is known.
    #[must_use]
    pub fn place(&self, at: RuleRef) -> Place {
        let place = match at.section {
            Section::Accounts => {
                let places = &self.account_places;
                let found = places.binary_search_by_key(&at.index, |(index, _)| *index);
                found.ok().and_then(|at| places.get(at)).map(|(_, p)| *p)
            }
            section => {
                let table = self.table(section);
                table.and_then(|t| t.written(at.index)).map(|w| w.place)
            }
        };
        place.unwrap_or_default()
    }

    /// Returns how many rules there are, those that a later one replaced included.
    #[must_use]
    pub fn len(&self) -> usize {
        let rules = self.tables.iter().map(|(_, table)| table.len());
        rules.fold(self.accounts.len(), usize::saturating_add)
    }

    /// Returns whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
