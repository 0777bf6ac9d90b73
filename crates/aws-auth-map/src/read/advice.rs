//! Doubtful content of an entry that can be read.

use bounded_yaml::{Node, Scalar};

use super::entry::arn_key;
use super::name_advice::{self, Field};
use super::problem_sink::ProblemSink;
use crate::edit_distance::edit_distance;
use crate::names::{BOOTSTRAPPERS, MASTERS, NODE_PREFIX, NODES};
use crate::problem::{Location, ProblemKind};
use crate::rules::Rule;
use crate::rules::template::{Placeholder, Template};

/// Reports doubtful content of a rule that was read from a node.
pub(super) fn advise(rule: &Rule, at: Location, node: &Node, sink: &mut ProblemSink<'_>) {
    let mut report = |kind: ProblemKind, field: Field| {
        let of_key = |key| value(node, key);
        let (key, item, offset) = match field {
            Field::Key(key) => (key, None, of_key(key).and_then(Node::offset)),
            Field::Group(index) => {
                let groups = of_key("groups").or_else(|| of_key("kubernetesGroups"));
                let group = groups.and_then(|groups| groups.as_sequence()?.get(index)?.offset());
                let offset = group.or_else(|| groups?.offset());
                ("groups", Some(index), offset)
            }
        };
        let at = at.field_of(key).item_of(item);
        sink.report(kind, at, offset.or_else(|| node.offset()));
    };
    let arn = at.section().map_or("arn", arn_key);
    name_advice::advise(rule, arn, &mut report);
    let (username, groups) = (rule.username(), rule.groups());
    // Where `<<NAME>>` is not a placeholder, it is reported separately.
    let unknown = |name: &Template| {
        let source = name.source();
        if !source.contains(['{', '<', '(']) {
            return None;
        }
        has_unknown_placeholder(&Template::parse(&source))
            .then(|| ProblemKind::UnknownPlaceholder(meant_placeholder(&source)))
    };
    let unknown_in_name = unknown(username);
    if let Some(kind) = unknown_in_name {
        report(kind, Field::USERNAME);
    }
    for (index, group) in groups.iter().enumerate() {
        if let Some(kind) = unknown(group) {
            report(kind, Field::Group(index));
        }
        if may_be_masters(group) {
            report(ProblemKind::MastersBySessionName, Field::Group(index));
        }
    }
    // As Kubernetes' node authorizer requires ("Using Node Authorization").
    let is_node = username.source().starts_with(NODE_PREFIX);
    let has_group = groups.iter().any(|group| group.source() == NODES);
    let has_nearly = groups.iter().any(name_advice::means_nodes);
    if is_node && !has_group && !has_nearly {
        let is_person = !groups.is_empty()
            && !groups.iter().any(|group| group.source() == BOOTSTRAPPERS)
            && !username
                .placeholders()
                .any(|(name, _)| name == Placeholder::Ec2PrivateDnsName)
            && unknown_in_name
                != Some(ProblemKind::UnknownPlaceholder(Some(
                    Placeholder::Ec2PrivateDnsName,
                )));
        if is_person {
            report(ProblemKind::PersonNamedAsNode, Field::USERNAME);
        } else {
            report(ProblemKind::NodeWithoutGroup, Field::GROUPS);
        }
    }
    if has_group && !is_node {
        report(ProblemKind::NodeWithoutName, Field::USERNAME);
    }
}

/// Returns whether a name contains literal text that looks like a placeholder: letters in double
/// braces or double angle brackets, or the name of a placeholder in single brackets.
fn has_unknown_placeholder(template: &Template) -> bool {
    let is_doubled = |(open, close): (&str, &str)| {
        template.literals().any(|text| {
            text.split(open).skip(1).any(|after| {
                let name = after.split(close).next().unwrap_or("");
                after.contains(close) && name.contains(|c: char| c.is_ascii_alphabetic())
            })
        })
    };
    let is_placeholder = |name: &str| {
        Placeholder::ALL
            .into_iter()
            .any(|placeholder| placeholder.name().eq_ignore_ascii_case(name))
    };
    let is_single = |text: &str| {
        [('{', '}'), ('<', '>'), ('(', ')')]
            .into_iter()
            .any(|(open, close)| {
                text.split(open)
                    .skip(1)
                    .filter_map(|after| after.split_once(close))
                    .any(|(name, _)| is_placeholder(name))
            })
    };
    [("{{", "}}"), ("<<", ">>")].into_iter().any(is_doubled) || template.literals().any(is_single)
}

/// The longest text in brackets that is compared with the names of placeholders. The longest name has 17
/// letters.
const MAX_NAME: usize = 24;

/// Returns the placeholder that text in brackets was probably meant for: the nearest placeholder that
/// differs in at most two letters. Only letters count, in any case.
fn meant_placeholder(name: &str) -> Option<Placeholder> {
    let letters = |text: &str| -> String {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    name.split(['{', '<', '(', '$'])
        .skip(1)
        .map(|after| letters(after.split(['}', '>', ')']).next().unwrap_or("")))
        .filter(|inner| !inner.is_empty() && inner.len() <= MAX_NAME)
        .flat_map(|inner| {
            Placeholder::ALL.into_iter().map(move |placeholder| {
                let known = letters(placeholder.name());
                (
                    edit_distance(inner.as_bytes(), known.as_bytes()),
                    placeholder,
                )
            })
        })
        .filter(|(distance, _)| *distance <= 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, placeholder)| placeholder)
}

/// Returns whether some session name turns a group into `system:masters`. The text before the
/// session name has to be a prefix of `system:masters`, the text after it a suffix, and the rest a
/// possible session name, which has no colon (STS API, `AssumeRole`, `RoleSessionName`).
fn may_be_masters(template: &Template) -> bool {
    let is_session =
        |name: Placeholder| matches!(name, Placeholder::SessionName | Placeholder::SessionNameRaw);
    if !template.placeholders().any(|(name, _)| is_session(name)) {
        return false;
    }
    let (before, after) = template.text_around(is_session);
    let chosen = MASTERS
        .strip_prefix(before.as_str())
        .and_then(|rest| rest.strip_suffix(after.as_str()));
    chosen.is_some_and(|chosen| !chosen.is_empty() && !chosen.contains(':'))
}

/// Returns the value of a key in any case.
fn value<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let is = |key: &Scalar| key.text().eq_ignore_ascii_case(name);
    let mut entries = node.as_mapping()?.entries().iter();
    entries.find(|(key, _)| is(key)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::{has_unknown_placeholder, may_be_masters, meant_placeholder};
    use crate::rules::template::{Placeholder, Template};

    #[test]
    fn a_session_name_can_complete_masters_but_has_no_colon() {
        for (group, want) in [
            ("system:{{SessionName}}", true),
            ("system:mas<<SessionNameRaw>>", true),
            ("system:{{SessionName}}s", true),
            ("{{SessionName}}", false),
            ("system:masters", false),
            ("system:masters{{SessionName}}", false),
            ("system:{{AccountID}}", false),
            ("dev:{{SessionName}}", false),
            ("system:masters-{{SessionName}}", false),
        ] {
            assert_eq!(may_be_masters(&Template::parse(group)), want, "{group}");
        }
    }

    #[test]
    fn letters_in_brackets_look_like_a_placeholder() {
        for (name, want) in [
            ("{{Nope}}", true),
            ("x:{{ SessionName }}", true),
            ("<<sessionname>>", true),
            ("{{SessionName}}{{Nope}}", true),
            ("{{SessionName}}", false),
            ("{{SessionName}", true),
            ("{SessionName}", true),
            ("${accountid}", true),
            ("{{}}", false),
            ("{{a-b}}", true),
            ("{{aws:username}}", true),
            ("a{b}", false),
            ("plain", false),
        ] {
            assert_eq!(
                has_unknown_placeholder(&Template::parse(name)),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn a_placeholder_is_suggested_for_a_typing_error() {
        for (name, meant) in [
            (
                "system:node:{{EC2PrivateDnsName}}",
                Some("EC2PrivateDNSName"),
            ),
            ("a:{{ SessionName }}", Some("SessionName")),
            ("a:{{.SessionName}}", Some("SessionName")),
            ("a:{{SesionName}}", Some("SessionName")),
            ("a:{SessionNameRaw}", Some("SessionNameRaw")),
            ("{{account_id}}", Some("AccountID")),
            ("{{aws:username}}", None),
            ("{{Nope}}", None),
            ("plain", None),
        ] {
            let found = meant_placeholder(name).map(Placeholder::name);
            assert_eq!(found, meant, "{name}");
        }
    }
}
