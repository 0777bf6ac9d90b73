//! Properties of every text and tree.

use bounded_yaml::{Kind, Limits, Node, documents};
use proptest::prelude::*;

/// Text built from YAML's syntax, so that a random text is more than plain scalars.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "a",
            "b: ",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            "[",
            "]",
            "{",
            "}",
            ",",
            ": ",
            ":",
            "? ",
            "&x ",
            "*x",
            "!t ",
            "!<]> ",
            "'",
            "\"",
            "\\",
            "#",
            " # ",
            "|",
            ">",
            "|\n  ",
            "---\n",
            "...\n",
            "<<: ",
            "1.10",
            "0x1F",
            "~",
            "\t",
            "@",
            "%",
            "\u{85}",
            "\u{2028}",
            "é",
            "\u{feff}",
            "\r",
            "!!int ",
            "!!str ",
            "!!binary ",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// A random tree.
fn tree() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-z<]{1,6}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn matches(node: &Node, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (node, value) {
        (Node::Null, Value::Null) => true,
        (Node::Scalar(s), Value::String(text)) => s.kind() == Kind::String && s.text() == text,
        (Node::Scalar(s), Value::Bool(b)) => s.kind() == Kind::Bool && s.text() == b.to_string(),
        (Node::Scalar(s), Value::Number(n)) => s.kind() == Kind::Int && s.text() == n.to_string(),
        (Node::Sequence(nodes), Value::Array(values)) => {
            nodes.len() == values.len() && nodes.iter().zip(values).all(|(n, v)| matches(n, v))
        }
        (Node::Mapping(map), Value::Object(object)) => {
            map.len() == object.len()
                && object
                    .iter()
                    .all(|(key, v)| map.get(key).is_some_and(|n| matches(n, v)))
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_panics_and_an_error_is_the_last_item(text in yamlish()) {
        let results: Vec<_> = documents(&text, &Limits::new()).collect();
        let errors = results.iter().filter(|result| result.is_err()).count();
        prop_assert!(errors == 0 || (errors == 1 && results.last().is_some_and(Result::is_err)));
    }

    #[test]
    fn an_offset_is_where_the_text_stands(text in yamlish()) {
        fn check(text: &str, node: &Node) -> Result<(), TestCaseError> {
            match node {
                Node::Null => {}
                Node::Scalar(scalar) => {
                    if let Some(at) = scalar.offset() {
                        prop_assert!(text.get(at..).is_some_and(|rest| rest.starts_with(scalar.text())));
                    }
                }
                Node::Sequence(items) => for item in items { check(text, item)?; },
                Node::Mapping(map) => for (_, value) in map.entries() { check(text, value)?; },
            }
            Ok(())
        }
        for node in documents(&text, &Limits::new()).flatten() {
            check(&text, &node)?;
        }
    }

    #[test]
    fn a_tree_printed_as_json_and_read_again_is_the_same(value in tree()) {
        let text = serde_json::to_string(&vec![&value]).expect("JSON");
        let node = documents(&text, &Limits::new()).next().expect("a document");
        // `<<` is a merge key only in YAML.
        prop_assert!(matches(&node.expect("readable"), &serde_json::json!([value])), "{text}");
    }

    #[test]
    fn a_tree_printed_as_yaml_and_read_again_is_the_same(value in tree()) {
        let text = serde_yaml::to_string(&vec![&value]).expect("YAML");
        prop_assume!(!text.contains("<<:"));
        let node = documents(&text, &Limits::new()).next().expect("a document");
        prop_assert!(matches(&node.expect("readable"), &serde_json::json!([value])), "{text}");
    }
}
