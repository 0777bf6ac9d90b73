//! The rule or account that decides about an identity in a map, and the user that the identity
//! becomes.

use std::collections::BTreeSet;

use iam_principal::Identity;

use super::DiffSide;
use super::witness::TemplateVocabulary;
use crate::resolve::IdentityMap;
use crate::resolve::backend::Backend;
use crate::resolve::resolution::Resolution;
use crate::rules::access_policy::PolicyGap;
use crate::rules::caller::Caller;
use crate::rules::matching::Match;
use crate::rules::template::{Placeholder, Template};
use crate::rules::{Decision, Found, Rule, RuleRef};

/// The rule or account that decides about an identity in a map.
#[derive(Clone, Copy)]
pub(super) enum Winner<'m> {
    Account(&'m Backend, RuleRef),
    NoRule,
    /// The last field is whether the rule refuses the identity.
    Rule(&'m Backend, RuleRef, &'m Rule, bool),
}

/// How a winner maps identities to users, independent of the spelling of its rule in the file.
#[derive(Debug, PartialEq)]
pub(super) struct Function<'m> {
    /// `None` stands for the canonical ARN.
    username: Option<String>,
    groups: BTreeSet<String>,
    policies: BTreeSet<String>,
    policy_gaps: BTreeSet<&'m PolicyGap>,
    prefixes: BTreeSet<&'m str>,
    group_prefixes: BTreeSet<&'m str>,
    is_scrubbed: bool,
    settings: (bool, bool),
}

impl<'m> Winner<'m> {
    pub(super) fn of(map: &'m IdentityMap, identity: &Identity) -> Self {
        let caller = Caller::new(identity);
        for backend in map.asked() {
            match map.decide(backend, &caller, identity) {
                None => {}
                Some(Decision::Rule(Found { at, rule, how })) => {
                    let refuses = how == Match::Contradiction || rule.is_refusing();
                    return Self::Rule(backend, at, rule, refuses);
                }
                Some(Decision::Account(at)) => return Self::Account(backend, at),
                Some(Decision::Unreadable(..)) => return Self::NoRule,
            }
        }
        Self::NoRule
    }

    pub(super) const fn backend(self) -> Option<&'m Backend> {
        match self {
            Self::Account(backend, _) | Self::Rule(backend, ..) => Some(backend),
            Self::NoRule => None,
        }
    }

    pub(super) const fn rule(self) -> Option<&'m Rule> {
        match self {
            Self::Rule(_, _, rule, _) => Some(rule),
            Self::Account(..) | Self::NoRule => None,
        }
    }

    /// Returns how the winner maps identities to users. `None` if it yields no user.
    pub(super) fn function(self, map: &IdentityMap, identity: &Identity) -> Option<Function<'m>> {
        let (backend, rule) = match self {
            Self::NoRule | Self::Rule(.., true) => return None,
            Self::Account(backend, _) => (backend, None),
            Self::Rule(backend, _, rule, false) => (backend, Some(rule)),
        };
        let borrowed = |prefixes: &'m [String]| prefixes.iter().map(String::as_str).collect();
        Some(Function {
            username: rule.map(|rule| rule.username().source()),
            groups: rule
                .map_or(&[][..], Rule::groups)
                .iter()
                .map(Template::source)
                .collect(),
            policies: rule
                .map_or(&[][..], Rule::access_policies)
                .iter()
                .map(|policy| format!("{policy:?}"))
                .collect(),
            policy_gaps: rule.map_or(&[][..], Rule::policy_gaps).iter().collect(),
            prefixes: borrowed(&backend.reserved_prefixes),
            group_prefixes: borrowed(&backend.reserved_group_prefixes),
            is_scrubbed: map.scrubs(identity.account()),
            settings: map.template_settings(),
        })
    }

    pub(super) fn side(self, resolution: Resolution) -> DiffSide {
        let (rule, username, groups) = match self {
            Self::NoRule => (None, String::new(), Vec::new()),
            Self::Account(backend, at) => {
                let username = resolution.user().map(|user| user.username().to_owned());
                (
                    Some((backend.kind(), at)),
                    username.unwrap_or_default(),
                    Vec::new(),
                )
            }
            Self::Rule(backend, at, rule, _) => (
                Some((backend.kind(), at)),
                rule.username().source(),
                rule.groups().iter().map(Template::source).collect(),
            ),
        };
        DiffSide {
            rule,
            username,
            groups,
            resolution,
        }
    }
}

/// Collects the texts, placeholders and prefixes of both winners.
pub(super) fn vocabulary<'m>(winners: [Winner<'m>; 2]) -> TemplateVocabulary<'m> {
    let mut words = TemplateVocabulary::default();
    for winner in winners {
        for template in winner
            .rule()
            .into_iter()
            .flat_map(|rule| std::iter::once(rule.username()).chain(rule.groups()))
        {
            words.texts.push(template.source());
            let placeholders: Vec<Placeholder> =
                template.placeholders().map(|(name, _)| name).collect();
            let kinds = [
                [Placeholder::SessionName, Placeholder::SessionNameRaw].as_slice(),
                &[Placeholder::AccessKeyId],
                &[Placeholder::Ec2PrivateDnsName],
            ];
            let has = |kind: &&[Placeholder]| kind.iter().any(|name| placeholders.contains(name));
            words.is_mixed |= kinds.iter().filter(|kind| has(kind)).count() > 1;
            words.placeholders.extend(placeholders);
        }
        if let Some(backend) = winner.backend() {
            let prefixes = backend.reserved_prefixes.iter();
            let prefixes = prefixes.chain(&backend.reserved_group_prefixes);
            words.prefixes.extend(prefixes.map(String::as_str));
        }
    }
    words
        .texts
        .extend(words.prefixes.iter().map(|prefix| (*prefix).to_owned()));
    words
}
