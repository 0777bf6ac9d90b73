//! Several documents that each have the whole ConfigMap of the mapping.

use std::collections::BTreeSet;

use aws_auth_map::{Rule, Rules, Section};

use super::Read;
use crate::document::Document;
use crate::gather::Gathered;
use crate::place::Place;
use crate::problem::SourceFault;

/// Keeps the first of several documents that each have the whole ConfigMap, such as the ConfigMap itself and the output of
/// `eksctl get iamidentitymapping`. If their rules differ, it is not known which of them the cluster has.
pub(super) fn keep(documents: &[Document], gathered: &mut Gathered, found: Vec<Read>) -> Vec<Read> {
    let mut kept: Vec<Read> = Vec::new();
    for read in found {
        let first = kept.iter().find(|one| one.is_whole_config_map);
        let Some(first) = first.filter(|_| read.is_whole_config_map) else {
            kept.push(read);
            continue;
        };
        if has_same_rules(first.backend.rules(), read.backend.rules()) {
            continue;
        }
        let place = |read: &Read| {
            let document = read.origin.of(None).and_then(|at| documents.get(at));
            Place::of_file(document.map_or("", Document::name))
        };
        let fault = SourceFault::DifferentMappings(place(first));
        gathered.lost(place(&read), fault);
        kept.push(read);
    }
    kept
}

/// Returns whether two sources have the same rules in each section, in the same order, and the same accounts.
fn has_same_rules(one: &Rules, other: &Rules) -> bool {
    let by_section = |rules: &Rules| -> Vec<(Section, Rule)> {
        let rules = rules.iter();
        let mut rules: Vec<_> = rules
            .map(|(at, rule)| (at.section(), rule.clone()))
            .collect();
        rules.sort_by_key(|(section, _)| *section);
        rules
    };
    let accounts = |rules: &Rules| -> BTreeSet<String> {
        let accounts = rules.accounts();
        accounts.map(|(_, account)| account.to_string()).collect()
    };
    by_section(one) == by_section(other) && accounts(one) == accounts(other)
}
