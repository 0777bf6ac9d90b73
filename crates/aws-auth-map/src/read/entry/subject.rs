//! Reads the subject of an entry: an ARN, a pattern of ARNs or a permission set.

use std::collections::HashSet;

use bounded_yaml::{Mapping, Node, Scalar};
use iam_principal::{AccountId, ArnPattern, Kind, Partition, Principal};

use super::{Entry, EntryForm};
use crate::problem::ProblemKind;
use crate::read::diagnose_arn::{diagnose_account, diagnose_arn};
use crate::read::pattern::{Reach, reach};
use crate::read::suggest_key::suggest_key;
use crate::rules::Section;
use crate::rules::arn::fold;
use crate::rules::sso_role::SsoRole;

impl Entry<'_, '_> {
    pub(super) fn arn(&mut self, node: &Node) -> Option<String> {
        let field = Some(self.arn_key());
        let Some(text) = node.as_text() else {
            self.report(ProblemKind::NotText, field, node);
            return None;
        };
        // A caller's ARN is folded for lookup, so a rule may be written in any case.
        let folded = fold(text);
        let Ok(principal) = Principal::parse(&folded) else {
            self.report(diagnose_arn(text), field, node);
            return None;
        };
        if text.contains(['*', '?']) {
            self.report(ProblemKind::LiteralWildcard, field, node);
        }
        let form = self.syntax.form;
        match principal.kind() {
            Kind::AssumedRole if !form.is_of_config_map() => {}
            Kind::AssumedRole => self.report(ProblemKind::SessionArn, field, node),
            // An ARN inside the ARN is reported separately.
            Kind::Role if !principal.path().is_empty() && !principal.path().contains("arn:") => {
                self.report(ProblemKind::RolePath, field, node);
            }
            Kind::Role if self.section != Section::Roles => {
                self.report_section(Section::Roles, node, text);
            }
            Kind::User if self.section != Section::Users => {
                self.report_section(Section::Users, node, text);
            }
            Kind::FederatedUser | Kind::Role | Kind::Root | Kind::User => {}
        }
        Some(match form {
            EntryForm::ClusterConfig | EntryForm::ConfigMap => text.to_owned(),
            EntryForm::DynamicFile
            | EntryForm::DynamicFileByUserId
            | EntryForm::MountedFile
            | EntryForm::Object => {
                // In the case in which it is written, unless the beginning is not `arn:aws…`.
                let written = Principal::parse(text);
                written.map_or_else(|_| principal.canonical(), |written| written.canonical())
            }
        })
    }

    /// Reports an ARN of another section. An ARN with a wildcard is reported separately, and the ARNs of programs are
    /// not reported.
    fn report_section(&mut self, section: Section, node: &Node, text: &str) {
        if self.syntax.form.is_handwritten() && !text.contains(['*', '?']) {
            self.report(
                ProblemKind::ArnOfSection(section),
                Some(self.arn_key()),
                node,
            );
        }
    }

    // DIFFERENCE: upstream does not know the key, so the entry has no principal.
    pub(super) fn pattern(&mut self, node: &Node) -> Option<ArnPattern> {
        let field = Some(self.like_key());
        let Some(text) = node.as_text() else {
            self.report(ProblemKind::NotText, field, node);
            return None;
        };
        let Ok(pattern) = ArnPattern::parse(text) else {
            self.report(ProblemKind::Pattern, field, node);
            return None;
        };
        match reach(text) {
            Reach::NoCaller => self.report(ProblemKind::PatternMatchesNoCaller, field, node),
            Reach::EveryAccount => self.report(ProblemKind::AnyAccount, field, node),
            Reach::SomeAccount => {}
        }
        Some(pattern)
    }

    /// Reads a permission set, and returns whether its keys are unique. If keys are repeated, every value is read: the
    /// first values of all keys together, then the second values, and so on.
    pub(super) fn sso(&mut self, node: &Node) -> (Vec<SsoRole>, bool) {
        let field = Some("sso");
        if !self.syntax.dialect.has_permission_sets() {
            self.report(ProblemKind::SsoNotRead, field, node);
            return (Vec::new(), true);
        }
        let is_unique = self.check_sso_keys(node);
        let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
        let values = SSO_KEYS.map(|key| values(entries, key));
        let nth = |n: usize| {
            values
                .each_ref()
                .map(|of_key| of_key.get(n).or_else(|| of_key.last()).copied())
        };
        let count = values.iter().map(Vec::len).max().unwrap_or_default();
        let last = nth(count);
        let [_, account, _] = last;
        let account = account.and_then(Node::as_scalar);
        if let Some(kind) = account.and_then(|account| diagnose_account(account.text())) {
            self.report_at(kind, field, account.and_then(Scalar::offset));
            return (Vec::new(), is_unique);
        }
        let Some(role) = sso_role(last) else {
            self.report(ProblemKind::Sso, field, node);
            return (Vec::new(), is_unique);
        };
        // Upstream's reader of the ConfigMap accepts only text here.
        let offset = account.and_then(Scalar::offset);
        if !self.sink.is_quoted(offset) {
            self.report_at(ProblemKind::UnquotedAccount, field, offset);
        }
        let before = (0..count.saturating_sub(1)).filter_map(|n| sso_role(nth(n)));
        (std::iter::once(role).chain(before).collect(), is_unique)
    }

    /// Reports keys that are unknown or appear twice, in any case. Returns whether there are no
    /// such keys.
    fn check_sso_keys(&mut self, node: &Node) -> bool {
        let mut seen = HashSet::new();
        let mut is_unique = true;
        let entries = node.as_mapping().map_or(&[][..], Mapping::entries);
        for (key, _) in entries {
            let name = key.text();
            let is = |known: &&&str| known.eq_ignore_ascii_case(name);
            let kind = match SSO_KEYS.iter().find(is) {
                Some(known) if seen.insert(known) => continue,
                Some(_) => {
                    is_unique = false;
                    ProblemKind::DuplicateKey
                }
                None => suggest_key(name, &SSO_KEYS)
                    .map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey),
            };
            self.report_at(kind, Some("sso"), key.offset());
        }
        is_unique
    }
}

const SSO_KEYS: [&str; 3] = ["permissionSetName", "accountID", "partition"];

/// Returns the values of the keys with a name, in any case.
fn values<'n>(entries: &'n [(Scalar, Node)], name: &str) -> Vec<&'n Node> {
    let is = |(key, _): &&(Scalar, Node)| key.text().eq_ignore_ascii_case(name);
    entries.iter().filter(is).map(|(_, value)| value).collect()
}

/// Returns the role of a permission set with these values, in the order of [`SSO_KEYS`]. `None` if they name no
/// permission set.
fn sso_role([name, account, partition]: [Option<&Node>; 3]) -> Option<SsoRole> {
    let partition: Partition = match partition.and_then(Node::as_text) {
        Some(partition) if !partition.is_empty() => partition.parse().ok()?,
        // As upstream: an absent partition is the commercial one.
        _ => Partition::Aws,
    };
    let account = AccountId::parse(account?.as_scalar()?.text()).ok()?;
    SsoRole::new(partition, account, name?.as_text()?).ok()
}
