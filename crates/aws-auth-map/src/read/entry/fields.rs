//! The values of an entry by key.

use bounded_yaml::{Mapping, Node};

use super::{Entry, EntryForm, Syntax};
use crate::problem::ProblemKind;
use crate::read::suggest_key::suggest_key;
use crate::rules::Section;

/// The values of an entry by key. A repeated key has several values. As in upstream's JSON reader,
/// the case of keys does not matter.
#[derive(Default)]
pub(super) struct Fields<'n> {
    pub(super) arn: Vec<&'n Node>,
    pub(super) username: Vec<&'n Node>,
    pub(super) groups: Vec<&'n Node>,
    pub(super) sso: Vec<&'n Node>,
    pub(super) pattern: Vec<&'n Node>,
    pub(super) user_id: Vec<&'n Node>,
}

impl Fields<'_> {
    pub(super) fn has_repeated(&self) -> bool {
        [
            &self.arn,
            &self.username,
            &self.groups,
            &self.sso,
            &self.pattern,
            &self.user_id,
        ]
        .into_iter()
        .any(|values| values.len() > 1)
    }
}

impl<'e> Entry<'e, '_> {
    /// Reads the keys of the entry, and reports those that are unknown or repeated.
    pub(super) fn fields(&mut self, mapping: &'e Mapping) -> Fields<'e> {
        let is_handwritten = self.syntax.form.is_handwritten();
        let mut fields = Fields::default();
        for (key, value) in mapping.entries() {
            let name = key.text();
            let is = |known: &str| name.eq_ignore_ascii_case(known);
            let slot = if is(self.arn_key()) {
                &mut fields.arn
            } else if is("username") {
                &mut fields.username
            } else if is("groups") {
                &mut fields.groups
            } else if self.section == Section::Roles && is_handwritten && is("sso") {
                &mut fields.sso
            } else if is_handwritten && is(self.like_key()) {
                &mut fields.pattern
            } else if self.syntax.form == EntryForm::ClusterConfig && is_of_eksctl(name) {
                continue;
            } else if is("userid") {
                // Only the dynamic file uses this key. As in upstream, it has no meaning elsewhere.
                &mut fields.user_id
            } else {
                let kind = self.unknown_key(name, value);
                self.report_at(kind, None, key.offset());
                continue;
            };
            slot.push(value);
            if slot.len() > 1 {
                self.report_at(ProblemKind::DuplicateKey, None, key.offset());
            }
        }
        if let Some(node) = fields.pattern.first()
            && !self.syntax.dialect.has_patterns()
        {
            let key = self.like_key();
            self.report(ProblemKind::PatternNotRead, Some(key), node);
        }
        fields
    }

    /// Finds the key that an unknown key may have been meant for.
    fn unknown_key(&self, key: &str, value: &Node) -> ProblemKind {
        let Syntax { form, dialect } = self.syntax;
        let has_sso = form.is_handwritten()
            && self.section == Section::Roles
            && dialect.has_permission_sets();
        let known: Vec<&'static str> = [self.arn_key(), "username", "groups", "userid"]
            .into_iter()
            .chain((form.is_handwritten() && dialect.has_patterns()).then(|| self.like_key()))
            .chain(has_sso.then_some("sso"))
            .collect();
        if let Some(kind) = self.key_of_another_section(key, value) {
            return kind;
        }
        // The key of another tool.
        let is_arn = key.to_ascii_lowercase().ends_with("arn");
        suggest_key(key, &known)
            .or_else(|| is_arn.then(|| self.arn_key()))
            .map_or(ProblemKind::UnknownKey, ProblemKind::MisspelledKey)
    }
}

/// Returns whether a key of an identity mapping is for eksctl only.
fn is_of_eksctl(key: &str) -> bool {
    ["account", "namespace", "noDuplicateARNs", "serviceName"].contains(&key)
}

/// Returns the values that are not null. A key without a value is treated as absent.
pub(super) fn present<'f, 'n>(values: &'f [&'n Node]) -> impl Iterator<Item = &'n Node> + 'f {
    values.iter().copied().filter(|node| !node.is_null())
}

/// Returns the value that upstream reads for a key: the last value, unless it is null.
pub(super) fn last<'n>(values: &[&'n Node]) -> Option<&'n Node> {
    values.last().copied().filter(|node| !node.is_null())
}

pub(super) fn texts<'f, 'n>(
    values: &'f [&'n Node],
) -> impl Iterator<Item = (&'n Node, &'n str)> + 'f {
    present(values)
        .filter_map(|node| Some((node, node.as_text()?)))
        .filter(|(_, text)| !text.is_empty())
}
