//! Names that are placeholders of a template that was not filled in.

use k8s_rbac::{Metadata, PolicyRule, RoleRef, Subject};

use crate::finding::Findings;
use crate::finding_code::FindingCode;
use crate::wording::plain;

/// The number of placeholders of an object that its finding lists. Our choice: they usually repeat.
const MAX_LISTED: usize = 4;

/// Collects the placeholders of one object.
#[derive(Default)]
pub(crate) struct Placeholders<'o> {
    found: Vec<(String, &'o str)>,
}

impl<'o> Placeholders<'o> {
    pub(crate) fn of_role(metadata: &'o Metadata, rules: &'o [PolicyRule]) -> Self {
        let mut placeholders = Self::default();
        placeholders.metadata(metadata);
        for (index, rule) in rules.iter().enumerate() {
            for (at, name) in rule.resource_names.iter().enumerate() {
                placeholders.check(name, || format!("rules[{index}].resourceNames[{at}]"));
            }
        }
        placeholders
    }

    pub(crate) fn of_binding(
        metadata: &'o Metadata,
        role_ref: &'o RoleRef,
        subjects: &'o [Subject],
    ) -> Self {
        let mut placeholders = Self::default();
        placeholders.metadata(metadata);
        placeholders.check(&role_ref.name, || "roleRef.name".to_owned());
        for (index, subject) in subjects.iter().enumerate() {
            let path = |field| format!("subjects[{index}].{field}");
            placeholders.check(&subject.name, || path("name"));
            placeholders.check(&subject.namespace, || path("namespace"));
        }
        placeholders
    }

    /// Adds one finding for all of them, and removes the findings that they cause.
    pub(crate) fn report(self, out: &mut Findings) {
        let Some((first, _)) = self.found.first() else {
            return;
        };
        // The finding has the path of the first placeholder.
        let mut listed: Vec<String> = self
            .found
            .iter()
            .take(MAX_LISTED)
            .map(|(path, text)| format!("{path} is {}", plain(text)))
            .collect();
        if let (Some(first), Some((_, text))) = (listed.first_mut(), self.found.first()) {
            *first = plain(text);
        }
        let more = match self.found.len().saturating_sub(MAX_LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("{}{more}", listed.join(", "));
        out.add(FindingCode::Placeholder, first, message);
        for (path, _) in &self.found {
            out.explain(path);
        }
    }

    fn metadata(&mut self, metadata: &'o Metadata) {
        self.check(&metadata.name, || "metadata.name".to_owned());
        self.check(&metadata.namespace, || "metadata.namespace".to_owned());
    }

    fn check(&mut self, text: &'o str, path: impl FnOnce() -> String) {
        if is_placeholder(text) {
            self.found.push((path(), text));
        }
    }
}

/// Returns whether a name is, or contains, a placeholder of a common template language, or one of the
/// words that authors leave for users to replace.
fn is_placeholder(text: &str) -> bool {
    /// Opening and closing marks: envsubst, Kubernetes and Make, Helm and Jinja, prose, Puppet and Ruby.
    const MARKS: [(&str, &str); 5] = [
        ("${", "}"),
        ("$(", ")"),
        ("{{", "}}"),
        ("<", ">"),
        ("%{", "}"),
    ];
    const WORDS: [&str; 6] = [
        "changeme",
        "fixme",
        "placeholder",
        "replaceme",
        "tbd",
        "todo",
    ];
    let has_marks = MARKS.iter().any(|(open, close)| {
        let rest = text.split_once(open).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.contains(close))
    });
    // `$NAMESPACE`, without braces.
    let has_variable = text
        .split('$')
        .skip(1)
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
    let is_enclosed = |mark: &str| {
        let inner = text
            .strip_prefix(mark)
            .and_then(|rest| rest.strip_suffix(mark));
        inner.is_some_and(|inner| {
            let is_word = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            !inner.is_empty() && inner.chars().all(is_word)
        })
    };
    let letters: String = text
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' '))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    // `REPLACE_WITH_NAMESPACE`, `YOUR_TEAM`: names of objects have no capitals.
    let is_shouted = text
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    let is_request = is_shouted
        && ["CHANGE", "INSERT", "REPLACE", "YOUR"]
            .iter()
            .any(|start| text.starts_with(start));
    has_marks
        || has_variable
        || is_enclosed("__")
        || is_enclosed("@")
        || WORDS.contains(&letters.as_str())
        || is_request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_recognized() {
        for text in [
            "${NAMESPACE}",
            "app-${NAMESPACE}",
            "$(POD_NAMESPACE)",
            "$NAMESPACE",
            "{{ .Release.Namespace }}",
            "<namespace>",
            "arn:aws:iam::<account>:role/a",
            "REPLACE_ME",
            "replace-me",
            "REPLACE_WITH_NAMESPACE",
            "YOUR_NAMESPACE",
            "__NAMESPACE__",
            "@NAMESPACE@",
            "@TEAM_2@",
            "changeme",
            "TODO",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "",
            "default",
            "a$b",
            "system:serviceaccount:a:b",
            "your-team",
            "replacement",
            "todo-app",
            "CN=jane,O=team <a",
            "jane@example.com",
            "ADMINS",
            "__main__",
            "@",
            "@Team@",
            "@A-B@",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
