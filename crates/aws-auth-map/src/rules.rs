//! Rules, which map principals to users.

pub(crate) mod access_policy;
pub(crate) mod arn;
pub(crate) mod caller;
pub(crate) mod matching;
mod rule;
mod rule_ref;
mod section;
pub(crate) mod session_name;
pub(crate) mod sso_role;
mod table;
pub(crate) mod template;

#[cfg(feature = "yaml")]
use std::collections::BTreeSet;
use std::collections::HashMap;

use iam_principal::AccountId;

use self::caller::Caller;
use self::matching::Match;
pub use self::rule::Rule;
pub use self::rule_ref::{Overlap, Place, RuleRef};
pub use self::section::Section;
use self::table::Table;

/// The rules of one backend.
///
/// # Precedence
///
/// Sections are searched in order: `mapRoles`, `mapUsers`, `mapAccounts`. Within a section:
///
/// 1. A rule for a user id wins over a rule for an exact ARN, which wins over permission sets and
///    patterns.
/// 2. If several rules have the same ARN, user id or permission set, the last wins, as in upstream.
/// 3. If permission sets and patterns overlap, the first wins.
///
/// As in upstream, `mapRoles` may contain a user's ARN and `mapUsers` a role's ARN.
///
/// # Cost
///
/// A lookup takes the same time with ten rules and with a hundred thousand, except that every
/// pattern is tried.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    // INVARIANT: sorted by section, each at most once.
    tables: Vec<(Section, Table)>,
    accounts: HashMap<AccountId, usize>,
    // INVARIANT: sorted by index.
    account_places: Vec<(usize, Place)>,
    /// The sections that could not be read; `None` stands for the whole source.
    // INVARIANT: sorted, each at most once.
    unreadable: Vec<(Option<Section>, Place)>,
}

/// How the rules of a backend decide about a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decision<'r> {
    /// A rule matches.
    Rule(Found<'r>),
    /// The account is listed.
    Account(RuleRef),
    /// This section, or the whole source, could not be read.
    Unreadable(Option<Section>, Place),
}

/// The rule that takes effect for a caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'r> {
    pub(crate) at: RuleRef,
    pub(crate) rule: &'r Rule,
    pub(crate) how: Match,
}

impl Rules {
    /// Builds an empty list, which maps no caller.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Builds the rules of a source that could not be read at all. Every caller is refused.
    #[must_use]
    pub fn unreadable_source() -> Self {
        let mut rules = Self::new();
        rules.mark_unreadable(None, Place::default());
        rules
    }

    /// Records that a section, or the whole source, could not be read. A caller that no rule of an
    /// earlier section matches is refused.
    pub(crate) fn mark_unreadable(&mut self, section: Option<Section>, place: Place) {
        match self
            .unreadable
            .binary_search_by_key(&section, |(of, _)| *of)
        {
            Ok(_) => {}
            Err(at) => self.unreadable.insert(at, (section, place)),
        }
    }

    #[cfg(feature = "yaml")]
    pub(crate) fn mark_readable(&mut self, section: Section) {
        self.unreadable.retain(|(of, _)| *of != Some(section));
    }

    /// Returns the sections that could not be read, with their places. `None` stands for the whole
    /// source.
    pub fn unreadable(&self) -> impl Iterator<Item = (Option<Section>, Place)> {
        self.unreadable.iter().copied()
    }

    /// Adds a rule to `mapRoles`. Returns an earlier rule for the same principal.
    pub fn push_role(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Roles, rule)
    }

    /// Adds a rule to `mapUsers`. Returns an earlier rule for the same principal.
    pub fn push_user(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Users, rule)
    }

    /// Adds an account to `mapAccounts`. Each of its principals becomes a user without groups,
    /// named by its canonical ARN. Returns an earlier entry for the same account.
    pub fn push_account(&mut self, account: AccountId) -> Option<Overlap> {
        let last = self.account_places.last();
        let index = last.map_or(0, |(index, _)| index.saturating_add(1));
        self.insert_account(index, account, Place::default())
    }

    /// Adds an access entry. Returns an earlier rule for the same principal.
    pub fn push_entry(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Entries, rule)
    }

    /// Adds an `IAMIdentityMapping`. Returns an earlier rule for the same principal.
    pub fn push_object(&mut self, rule: Rule) -> Option<Overlap> {
        self.push(Section::Objects, rule)
    }

    fn push(&mut self, section: Section, rule: Rule) -> Option<Overlap> {
        let index = self.table(section).map_or(0, Table::next_index);
        self.insert(section, index, rule, Place::default())
    }

    /// Adds the rule written at `index` of its section.
    pub(crate) fn insert(
        &mut self,
        section: Section,
        index: usize,
        rule: Rule,
        place: Place,
    ) -> Option<Overlap> {
        let shadow = self
            .tables
            .iter()
            .take_while(|(earlier, _)| *earlier < section)
            .find_map(|(earlier, table)| Some(RuleRef::new(*earlier, table.same(rule.matcher())?)));
        let at = match self.position(section) {
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
        let replaced = self.accounts.insert(account, index)?;
        Some(Overlap::Replaces(RuleRef::new(Section::Accounts, replaced)))
    }

    fn position(&self, section: Section) -> Result<usize, usize> {
        self.tables.binary_search_by_key(&section, |(of, _)| *of)
    }

    fn table(&self, section: Section) -> Option<&Table> {
        let at = self.position(section).ok()?;
        self.tables.get(at).map(|(_, table)| table)
    }

    /// Decides about a caller in an account. `None` if no rule matches.
    pub(crate) fn decide(&self, caller: &Caller<'_>, account: AccountId) -> Option<Decision<'_>> {
        let decision = self.decide_by_readable(caller, account);
        let Some((unreadable, place)) = self.unreadable.first() else {
            return decision;
        };
        // A section is searched only if no earlier one decides.
        match decision {
            Some(Decision::Rule(Found { at, .. }) | Decision::Account(at))
                if Some(at.section()) <= *unreadable =>
            {
                decision
            }
            _ => Some(Decision::Unreadable(*unreadable, *place)),
        }
    }

    /// Decides about a caller as if a section that cannot be read were empty.
    pub(crate) fn decide_by_readable(
        &self,
        caller: &Caller<'_>,
        account: AccountId,
    ) -> Option<Decision<'_>> {
        match self.find(caller) {
            Some(found) => Some(Decision::Rule(found)),
            None => self.find_account(account).map(Decision::Account),
        }
    }

    /// Finds the rule that takes effect for a caller, including a rule for the caller's user id
    /// that names another ARN.
    pub(crate) fn find(&self, caller: &Caller<'_>) -> Option<Found<'_>> {
        self.tables.iter().find_map(|(section, table)| {
            let (index, rule, how) = table.find(caller)?;
            let at = RuleRef::new(*section, index);
            Some(Found { at, rule, how })
        })
    }

    /// Finds the `mapAccounts` entry for an account.
    pub(crate) fn find_account(&self, account: AccountId) -> Option<RuleRef> {
        let index = self.accounts.get(&account)?;
        Some(RuleRef::new(Section::Accounts, *index))
    }

    /// Returns the rules by section, each in the order written. Rules that a later rule replaced
    /// are included; accounts are not.
    pub fn iter(&self) -> impl Iterator<Item = (RuleRef, &Rule)> {
        self.tables.iter().flat_map(|(section, table)| {
            table
                .iter()
                .map(|written| (RuleRef::new(*section, written.index), &written.rule))
        })
    }

    /// Returns the indexes of entries in a section that never take effect, because another entry of
    /// the section is for the same principals.
    #[cfg(feature = "yaml")]
    pub(crate) fn replaced(&self, section: Section) -> BTreeSet<usize> {
        let Some(table) = self.table(section) else {
            return BTreeSet::new();
        };
        let (dead, live): (Vec<_>, Vec<_>) = table
            .iter()
            .map(|written| (written.index, table.is_replaced(written)))
            .partition(|(_, is_replaced)| *is_replaced);
        // An entry that names several principals, by mistake, has several rules.
        let live: BTreeSet<usize> = live.into_iter().map(|(index, _)| index).collect();
        dead.into_iter()
            .map(|(index, _)| index)
            .filter(|index| !live.contains(index))
            .collect()
    }

    /// Returns the accounts in the order written.
    pub fn accounts(&self) -> impl Iterator<Item = (RuleRef, AccountId)> {
        let mut accounts: Vec<(usize, AccountId)> = self
            .accounts
            .iter()
            .map(|(id, index)| (*index, *id))
            .collect();
        accounts.sort_unstable_by_key(|(index, _)| *index);
        accounts
            .into_iter()
            .map(|(index, id)| (RuleRef::new(Section::Accounts, index), id))
    }

    /// Returns the referenced rule. `None` for an account, which has no [`Rule`].
    #[must_use]
    pub fn rule(&self, at: RuleRef) -> Option<&Rule> {
        Some(&self.table(at.section())?.written(at.index())?.rule)
    }

    /// Returns where a rule or an account was written, if that is known.
    #[must_use]
    pub fn place(&self, at: RuleRef) -> Place {
        let place = match at.section() {
            Section::Accounts => {
                let places = &self.account_places;
                let found = places.binary_search_by_key(&at.index(), |(index, _)| *index);
                found.ok().and_then(|at| places.get(at)).map(|(_, p)| *p)
            }
            section => {
                let table = self.table(section);
                table.and_then(|t| t.written(at.index())).map(|w| w.place)
            }
        };
        place.unwrap_or_default()
    }

    /// Returns the number of rules and accounts. Rules that a later rule replaced are included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables
            .iter()
            .map(|(_, table)| table.len())
            .fold(self.accounts.len(), usize::saturating_add)
    }

    /// Returns whether there are no rules and no accounts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
