//! Templates that were not filled in.

use std::fmt::{self, Display, Formatter};

use bounded_yaml::Error;

/// How a template language writes a placeholder.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Placeholder {
    /// `{{ … }}`: Helm, and other users of Go templates or Jinja.
    Braces,
    /// `${…}`: envsubst, Flux, and the parameters of an `OpenShift` template.
    DollarBraces,
    /// `$(…)`: the variables of Kustomize.
    DollarParentheses,
}

/// The placeholders of aws-iam-authenticator, which fills them in in its own mapping. In RBAC they are text.
const OF_AUTHENTICATOR: [&str; 5] = [
    "AccessKeyID",
    "AccountID",
    "EC2PrivateDNSName",
    "SessionName",
    "SessionNameRaw",
];

impl Placeholder {
    /// Finds a placeholder in a text.
    pub(super) fn find(text: &str) -> Option<Self> {
        // Most texts are names and verbs. One pass over the bytes is cheaper than three searches.
        if !text.bytes().any(|byte| matches!(byte, b'{' | b'$')) {
            return None;
        }
        [
            (Self::Braces, "{{", "}}"),
            (Self::DollarBraces, "${", "}"),
            (Self::DollarParentheses, "$(", ")"),
        ]
        .into_iter()
        .find(|(_, open, close)| {
            let mut inner = text
                .split(open)
                .skip(1)
                .filter_map(|rest| Some(rest.split_once(close)?.0));
            inner.any(|inner| !OF_AUTHENTICATOR.contains(&inner))
        })
        .map(|(placeholder, ..)| placeholder)
    }
}

impl Display for Placeholder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Braces => {
                "a placeholder of a template, `{{ … }}`, is not filled in; render the template first, \
                 for example with `helm template`"
            }
            Self::DollarBraces => {
                "a placeholder of a template, `${…}`, is not filled in; substitute it first, for \
                 example with `envsubst`"
            }
            Self::DollarParentheses => {
                "a placeholder of a template, `$(…)`, is not filled in; substitute it first, for \
                 example with `kustomize build`"
            }
        })
    }
}

/// Returns the line of the first template action that YAML cannot read, if the text has one and if
/// the error may be due to it.
pub(super) fn action_line(text: &str, error: &Error) -> Option<usize> {
    if matches!(error, Error::TooExpanded { .. } | Error::TooLong { .. }) {
        return None;
    }
    text.lines()
        .zip(1_usize..)
        .find(|(line, _)| has_action(line))
        .map(|(_, number)| number)
}

/// Returns whether an action begins a line or an unquoted value.
fn has_action(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with('#')
        && (["{{", "{%"].iter().any(|action| line.starts_with(action))
            || [": {{", "- {{"].iter().any(|action| line.contains(action)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_have_both_marks() {
        for (text, found) in [
            ("{{ .Values.name }}-x", Some(Placeholder::Braces)),
            ("a-${NAME:-x}", Some(Placeholder::DollarBraces)),
            ("$(NAME)", Some(Placeholder::DollarParentheses)),
            ("${NAME", None),
            ("dev:{{SessionName}}", None),
            (
                "{{AccountID}}-{{ .Values.name }}",
                Some(Placeholder::Braces),
            ),
            ("}}{{", None),
            ("$NAME", None),
            ("(a)", None),
            ("system:serviceaccount:a:b", None),
        ] {
            assert_eq!(Placeholder::find(text), found, "{text}");
        }
    }

    #[test]
    fn actions_are_outside_of_quotes_and_comments() {
        for line in [
            "{{- if .Values.rbac.create }}",
            "    {{- include \"x.labels\" . | nindent 4 }}",
            "  name: {{ .Release.Name }}-reader",
            "- {{ . }}",
            "{% if x %}",
        ] {
            assert!(has_action(line), "{line}");
        }
        for line in [
            "# name: {{ .Release.Name }}",
            "  name: \"{{ .Release.Name }}\"",
            "  name: a-{{ .Release.Name }}",
            "- {a: b}",
            "",
        ] {
            assert!(!has_action(line), "{line}");
        }
    }
}
