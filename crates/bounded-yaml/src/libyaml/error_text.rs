//! The kind of an error of `yaml_serde`, which only its message reveals.

use crate::error::Syntax;

/// The kind of error that a message of `yaml_serde` reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Report {
    /// Nesting deeper than `yaml_serde`'s own limit.
    Recursion,
    /// Aliases beyond `yaml_serde`'s own limit.
    Repetition,
    /// A syntax error.
    Syntax(Syntax),
    /// An alias without an anchor.
    UnknownAnchor,
}

/// The parts of messages that identify the kinds, in the order in which they are tried. The
/// messages come from `yaml_serde` 0.10 and its copy of `libyaml`; the tests below pin each
/// message.
const FRAGMENTS: &[(&str, Report)] = &[
    ("recursion limit", Report::Recursion),
    ("repetition limit", Report::Repetition),
    ("unknown anchor", Report::UnknownAnchor),
    ("tab character", Report::Syntax(Syntax::Tab)),
    ("cannot start any token", Report::Syntax(Syntax::Character)),
    ("control characters", Report::Syntax(Syntax::Control)),
    (
        "mapping values are not allowed",
        Report::Syntax(Syntax::MappingValue),
    ),
    ("expected ':'", Report::Syntax(Syntax::Colon)),
    ("unexpected end of stream", Report::Syntax(Syntax::Unclosed)),
    ("expected ',' or", Report::Syntax(Syntax::Unclosed)),
    ("block collection", Report::Syntax(Syntax::Indentation)),
    ("block mapping", Report::Syntax(Syntax::Indentation)),
];

/// Classifies a message.
pub(super) fn classify(message: &str) -> Report {
    FRAGMENTS
        .iter()
        .find(|(fragment, _)| message.contains(fragment))
        .map_or(Report::Syntax(Syntax::Other), |(_, report)| *report)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FRAGMENTS;

    /// Returns the message of `yaml_serde` for the first document of a text.
    fn message(text: &str) -> String {
        let mut documents = serde_yaml::Deserializer::from_str(text);
        let document = documents.next().expect("a document");
        let read: Result<serde_yaml::Value, _> = serde::Deserialize::deserialize(document);
        read.err().map(|why| why.to_string()).unwrap_or_default()
    }

    /// One text for each fragment. A new version of `yaml_serde` that words a message differently
    /// fails here, by name.
    #[test]
    fn each_fragment_is_part_of_a_message() {
        let nested = "[".repeat(200) + &"]".repeat(200);
        // Ten lists of ten references to the list before.
        let bomb: String = (1..10)
            .map(|n: u32| {
                let alias = format!("*a{}", n.saturating_sub(1));
                format!("a{n}: &a{n} [{}]\n", [alias.as_str(); 10].join(", "))
            })
            .collect();
        let bomb = format!("a0: &a0 [x]\n{bomb}");
        let cases = [
            ("recursion limit", nested.as_str()),
            ("repetition limit", bomb.as_str()),
            ("unknown anchor", "a: *x\n"),
            ("tab character", "a: |\n\tb\n"),
            ("cannot start any token", "a: @x\n"),
            ("control characters", "a: \u{1}\n"),
            ("mapping values are not allowed", "a: b: c\n"),
            ("expected ':'", "a: 1\nb\n"),
            ("unexpected end of stream", "a: 'x\n"),
            ("expected ',' or", "a: [1, 2\nb: 3\n"),
            ("block collection", "- a\nb: 1\n"),
            ("block mapping", "a: 1\n- b\n"),
        ];
        for (fragment, text) in cases {
            let message = message(text);
            assert!(message.contains(fragment), "{fragment}: {message}");
        }
        let tested: BTreeSet<&str> = cases.iter().map(|(fragment, _)| *fragment).collect();
        let matched: BTreeSet<&str> = FRAGMENTS.iter().map(|(fragment, _)| *fragment).collect();
        assert_eq!(tested, matched);
    }
}
