//! Placeholders of other tools.

/// Returns whether a text contains a placeholder of Terraform, `CloudFormation`, envsubst, Helm or
/// Jinja (`${…}`, `{{ … }}`, `{% … %}`).
pub(super) fn is_unfilled(text: &str) -> bool {
    let has = |open: &str, close: &str| {
        text.split_once(open)
            .is_some_and(|(_, rest)| rest.contains(close))
    };
    has("${", "}") || has("{{", "}}") || has("{%", "%}")
}

#[cfg(test)]
mod tests {
    use super::is_unfilled;

    #[test]
    fn placeholders_of_other_tools_are_recognized() {
        for (text, want) in [
            ("${indent(4, mapRoles)}", true),
            ("{{ toYaml .Values.mapRoles }}", true),
            ("{% for role in roles %}", true),
            ("$mapRoles", false),
            ("none", false),
            ("{}", false),
        ] {
            assert_eq!(is_unfilled(text), want, "{text}");
        }
    }
}
