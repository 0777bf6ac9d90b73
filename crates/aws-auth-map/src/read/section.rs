//! Reads a section: its list of entries.

use std::collections::HashSet;
use std::hash::Hash;
use std::ptr;

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::AccountId;

use super::advice::advise;
use super::diagnose_arn::diagnose_account;
use super::entry::{Entry, Syntax};
use super::problem_sink::ProblemSink;
use super::typing::loses_zeros;
use super::unfilled::is_unfilled;
use crate::problem::{Location, ProblemKind};
use crate::rules::matching::RulePrincipal;
use crate::rules::{Overlap, Rule, RuleRef, Rules, Section};

/// Adds the entries of a section to the rules, and reports problems. A section that is not a list is
/// marked as unreadable.
pub(crate) fn read_section(
    syntax: Syntax,
    section: Section,
    node: &Node,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let at = Location::section_of(section);
    let Some(entries) = node.as_sequence() else {
        let is_template = node
            .as_scalar()
            .is_some_and(|scalar| is_unfilled(scalar.text()));
        let kind = if is_template {
            ProblemKind::Unfilled
        } else {
            ProblemKind::SectionNotAList
        };
        sink.report(kind, at, node.offset());
        rules.mark_unreadable(Some(section), sink.locate(node.offset()));
        return;
    };
    let mut parts = Fragments::default();
    for (index, node) in entries.iter().enumerate() {
        if section == Section::Accounts {
            read_account_entry(index, node, rules, sink);
            continue;
        }
        match parts.next(node) {
            // One cause is reported once, however many keys have a dash.
            Part::FirstFragment => {
                sink.report(ProblemKind::DashBeforeKey, at.entry(index), node.offset());
                sink.withdraw(parts.reported, ProblemKind::MissingUsername);
            }
            Part::Fragment => {}
            Part::Entry => {
                parts.reported = sink.count();
                read_rule(syntax, section, index, node, rules, sink);
            }
        }
    }
}

/// The keys of an entry so far, if a dash may stand before each of them by mistake.
#[derive(Default)]
struct Fragments {
    keys: HashSet<String>,
    is_split: bool,
    /// The number of problems before the entry was read.
    reported: usize,
}

enum Part {
    Entry,
    /// The first item that belongs to the entry before it.
    FirstFragment,
    Fragment,
}

impl Fragments {
    /// Decides whether an item belongs to the entry before it: the item has only keys of a user, and the
    /// entry lacks these.
    fn next(&mut self, node: &Node) -> Part {
        let entries = node.as_mapping().map(Mapping::entries).unwrap_or_default();
        let keys: HashSet<String> = entries
            .iter()
            .map(|(key, _)| key.text().to_ascii_lowercase())
            .collect();
        let is_of_user = keys.iter().all(|key| key == "username" || key == "groups");
        let belongs = !self.keys.is_empty() && is_of_user && self.keys.is_disjoint(&keys);
        match (belongs && !keys.is_empty(), self.is_split) {
            (true, is_split) => {
                self.keys.extend(keys);
                self.is_split = true;
                if is_split {
                    Part::Fragment
                } else {
                    Part::FirstFragment
                }
            }
            (false, _) => {
                self.is_split = false;
                // Without a principal, nothing is split off.
                self.keys = if is_of_user { HashSet::new() } else { keys };
                Part::Entry
            }
        }
    }
}

/// Adds an account, and reports problems.
pub(super) fn read_account_entry(
    index: usize,
    node: &Node,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let at = Location::section_of(Section::Accounts).entry(index);
    let place = sink.locate(node.offset());
    let overlap =
        read_account(node, at, sink).and_then(|id| rules.insert_account(index, id, place));
    report_overlap(overlap, false, at, node.offset(), sink);
}

/// Adds the rules of one entry, and reports problems. If only the principal of the entry can be
/// read, it becomes a rule that refuses.
pub(crate) fn read_rule(
    syntax: Syntax,
    section: Section,
    index: usize,
    node: &Node,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let at = Location::section_of(section).entry(index);
    for rule in Entry::new(syntax, section, at, node, sink).read() {
        if !rule.is_refusing() {
            advise(&rule, at, node, sink);
        }
        insert(section, index, rule, node.offset(), rules, sink);
    }
}

/// Adds a rule, and reports an earlier rule for the same principal.
pub(crate) fn insert(
    section: Section,
    index: usize,
    rule: Rule,
    offset: Option<usize>,
    rules: &mut Rules,
    sink: &mut ProblemSink<'_>,
) {
    let overlap = rules.insert(section, index, rule, sink.locate(offset));
    let Some(overlap) = overlap else { return };
    let principal = |at| Some(rules.rule(at)?.principal());
    let new = principal(RuleRef::new(section, index));
    if let Overlap::Replaces(earlier) = overlap
        && demotes(rules, earlier, RuleRef::new(section, index))
    {
        let at = Location::section_of(section).entry(index);
        sink.report(ProblemKind::DemotingDuplicate(earlier), at, offset);
        return;
    }
    // Two rules for one ARN or one permission set can differ only in case.
    let is_in_case = matches!(new, Some(RulePrincipal::Arn(_) | RulePrincipal::Sso(_)))
        && new != principal(overlap.earlier());
    let at = Location::section_of(section).entry(index);
    report_overlap(Some(overlap), is_in_case, at, offset, sink);
}

/// Returns whether a rule lacks groups or access policies of the rule that it replaces.
fn demotes(rules: &Rules, earlier: RuleRef, later: RuleRef) -> bool {
    let (Some(earlier), Some(later)) = (rules.rule(earlier), rules.rule(later)) else {
        return false;
    };
    let (policies, of_later) = (earlier.access_policies(), later.access_policies());
    // Entries of one principal share their policies, which may be many.
    let lacks_policies = || !ptr::eq(policies, of_later) && lacks(policies, of_later);
    // A rule that refuses was reported already.
    !later.is_refusing() && (lacks(earlier.groups(), later.groups()) || lacks_policies())
}

/// Whether a list lacks an item of an earlier list.
fn lacks<T: Eq + Hash>(earlier: &[T], later: &[T]) -> bool {
    let later: HashSet<&T> = later.iter().collect();
    earlier.iter().any(|item| !later.contains(item))
}

fn report_overlap(
    overlap: Option<Overlap>,
    is_in_case: bool,
    at: Location,
    offset: Option<usize>,
    sink: &mut ProblemSink<'_>,
) {
    let kind = match overlap {
        None => return,
        Some(Overlap::Replaces(earlier)) if is_in_case => ProblemKind::DuplicateInCase(earlier),
        Some(Overlap::Replaces(earlier)) => ProblemKind::DuplicateRule(earlier),
        Some(Overlap::ShadowedBy(earlier)) => ProblemKind::Shadowed(earlier),
    };
    sink.report(kind, at, offset);
}

fn read_account(node: &Node, at: Location, sink: &mut ProblemSink<'_>) -> Option<AccountId> {
    let scalar = node.as_scalar();
    let kind = match scalar.map(Scalar::text) {
        None => Some(ProblemKind::AccountId),
        Some(text) if is_unfilled(text) => Some(ProblemKind::Unfilled),
        Some(text) => diagnose_account(text),
    };
    if let Some(kind) = kind {
        sink.report(kind, at, node.offset());
    } else if scalar.is_some_and(loses_zeros) && !sink.is_quoted(node.offset()) {
        sink.report(ProblemKind::UnquotedAccount, at, node.offset());
    }
    AccountId::parse(scalar?.text()).ok()
}
