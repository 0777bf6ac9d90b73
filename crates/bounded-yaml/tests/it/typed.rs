//! Reading types from nodes.

use std::collections::BTreeMap;

use bounded_yaml::{Mismatch, Node, Position, ShapeError};
use serde::Deserialize;

use crate::one;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Role {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
    namespace: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Rule {
    verbs: Vec<String>,
    #[serde(default)]
    weight: Option<i32>,
    #[serde(default)]
    mode: Mode,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Loose,
    Strict,
}

fn read(text: &str) -> Result<Role, ShapeError> {
    Role::deserialize(&one(text))
}

#[test]
fn numbers_become_text_where_the_type_expects_text() {
    let role = read(
        "name: 1.10\nnamespace: ~\nrules:\n- verbs: [get, 12]\n  weight: -0x10\n  mode: strict\n- {verbs: [], weight: 3}\nother: 1\n",
    );
    let verbs = vec!["get".to_owned(), "12".to_owned()];
    let strict = Rule {
        verbs,
        weight: Some(-16),
        mode: Mode::Strict,
    };
    let empty = Rule {
        verbs: vec![],
        weight: Some(3),
        mode: Mode::Loose,
    };
    let want = Role {
        name: "1.10".to_owned(),
        rules: vec![strict, empty],
        namespace: None,
    };
    assert_eq!(role, Ok(want));
}

#[test]
fn an_error_names_the_path_and_what_was_expected() {
    let text = "name: a\nrules:\n- verbs: [get]\n- verbs:\n  - x\n  - [y]\n";
    let why = read(text).expect_err("a list for a text");
    assert_eq!(why.path(), "rules[1].verbs[1]");
    let expected = "a string".to_owned();
    assert_eq!(
        why.mismatch(),
        &Mismatch::Unexpected {
            found: "a list",
            expected
        }
    );
    assert_eq!(
        why.offset().map(|at| Position::of(text, at)),
        Some(Position::new(6, 6))
    );
    assert_eq!(
        why.to_string(),
        "`rules[1].verbs[1]`: expected a string, found a list"
    );
}

#[test]
fn each_kind_of_mismatch_is_reported() {
    let cases = [
        ("rules: []\n", "", Mismatch::MissingField("name")),
        ("name: a\nname: b\n", "name", Mismatch::DuplicateKey),
        (
            "name: a\nother: 1\nother: 2\n",
            "other",
            Mismatch::DuplicateKey,
        ),
        (
            "name: a\nrules: text\n",
            "rules",
            Mismatch::Unexpected {
                found: "text",
                expected: "a sequence".to_owned(),
            },
        ),
        (
            "name: a\nrules: ~\n",
            "rules",
            Mismatch::Unexpected {
                found: "nothing",
                expected: "a sequence".to_owned(),
            },
        ),
        (
            "name: a\nrules: {}\n",
            "rules",
            Mismatch::Unexpected {
                found: "a mapping",
                expected: "a sequence".to_owned(),
            },
        ),
        (
            "name: a\nrules: true\n",
            "rules",
            Mismatch::Unexpected {
                found: "a boolean",
                expected: "a sequence".to_owned(),
            },
        ),
        (
            "name: a\nrules:\n- verbs: []\n  mode: odd\n",
            "rules[0].mode",
            Mismatch::Unexpected {
                found: "another word",
                expected: "one of `loose`, `strict`".to_owned(),
            },
        ),
        (
            "name: a\nrules:\n- verbs: []\n  weight: 3000000000\n",
            "rules[0].weight",
            Mismatch::Unexpected {
                found: "a number",
                expected: "i32".to_owned(),
            },
        ),
    ];
    for (text, path, mismatch) in cases {
        let why = read(text).expect_err(text);
        assert_eq!((why.path(), why.mismatch()), (path, &mismatch), "{text:?}");
    }
}

#[test]
fn any_value_can_be_read_as_a_json_value() {
    let node = one("a: 1\nb: -1.5\nc: true\nd: [x, ~]\ne: .inf\n");
    let value: BTreeMap<String, serde_json::Value> =
        Deserialize::deserialize(&node).expect("readable");
    assert_eq!(value["a"], serde_json::json!(1));
    assert_eq!(value["b"], serde_json::json!(-1.5));
    assert_eq!(value["c"], serde_json::json!(true));
    assert_eq!(value["d"], serde_json::json!(["x", null]));
    assert!(matches!(node.get("e"), Some(Node::Scalar(_))));
    let odd: Vec<f64> = Deserialize::deserialize(&one("[.nan, -.inf, 1e3]")).expect("readable");
    assert!(odd[0].is_nan());
    assert_eq!(odd[1..], [f64::NEG_INFINITY, 1000.0]);
}

#[test]
fn an_enum_is_a_word_or_a_mapping_with_one_key() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Source {
        All,
        File(String),
    }
    let file = Ok(Source::File("a".to_owned()));
    for (text, want) in [
        ("all", Ok(Source::All)),
        ("{all: ~}", Ok(Source::All)),
        ("{all: x}", Err(())),
        ("{file: a}", file),
        ("{file: a, all: ~}", Err(())),
        ("[all]", Err(())),
        ("other", Err(())),
    ] {
        let read = Source::deserialize(&one(text));
        assert_eq!(read.map_err(|_| ()), want, "{text}");
    }
}
