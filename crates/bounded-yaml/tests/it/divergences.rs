//! The rows of `testdata/divergences.toml`. `fuzz/differential yaml` measured the readings of upstream.

use bounded_yaml::{Limits, documents};
use serde::Deserialize as _;
use serde_json::Value;
use testkit::Divergences;

/// Reads the value of a document as JSON, or the word `refused`.
fn read(text: &str) -> String {
    let node = documents(text, &Limits::new()).next().unwrap();
    let value = node.ok().and_then(|node| Value::deserialize(&node).ok());
    value.map_or_else(|| "refused".to_owned(), |value| value.to_string())
}

#[test]
fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/testdata/divergences.toml"
    ));
    for (case, text, upstream, ours) in [
        ("yaml-1-1-scalars", "- yes", "[true]", r#"["yes"]"#),
        ("yaml-1-1-scalars", "- 012", "[10]", r#"["012"]"#),
        ("yaml-1-1-scalars", "- 1_000", "[1000]", r#"["1_000"]"#),
        ("yaml-1-1-scalars", "- 0X1F", "[31]", r#"["0X1F"]"#),
        (
            "yaml-1-1-scalars",
            "- 18446744073709551616",
            "[18446744073709552000]",
            r#"["18446744073709551616"]"#,
        ),
        ("key-text", "0x1F: a", r#"{"31":"a"}"#, r#"{"0x1F":"a"}"#),
        ("key-text", "True: a", r#"{"true":"a"}"#, r#"{"True":"a"}"#),
        ("duplicate-key", "a: 1\na: 2", r#"{"a":2}"#, "refused"),
        ("duplicate-key", "<<: {a: 1, a: 2}", r#"{"a":2}"#, "refused"),
        ("null-key", "a: {~: 1}\na: 2", r#"{"a":2}"#, "refused"),
        (
            "merge-of-an-alias-to-a-list",
            "a: &a [{b: 1}]\n<<: *a",
            "refused",
            r#"{"a":[{"b":1}],"b":1}"#,
        ),
        ("infinite-number", "- .inf", "refused", "[null]"),
        ("explicit-tag", "- !x 1.5", r#"["1.5"]"#, "[1.5]"),
        ("explicit-tag", "- !!bool yes", "[true]", "refused"),
        ("explicit-tag", "- !!null", "[null]", "refused"),
        ("explicit-tag", "- !!binary aGk=", r#"["hi"]"#, "refused"),
        ("explicit-tag", "- !!timestamp 1", "refused", r#"["1"]"#),
        (
            "explicit-tag",
            "! <<: {a: 1}",
            r#"{"a":1}"#,
            r#"{"<<":{"a":1}}"#,
        ),
        ("explicit-tag", "[!x,a]", "refused", r#"[null,"a"]"#),
        (
            "anchor-redefined",
            "[&a 1, *a, &a 2, *a]",
            "[1,1,2,2]",
            "refused",
        ),
        (
            "anchor-redefined",
            "[&a 1, {b:&a x}, *a]",
            r#"[1,{"b:&a x":null},1]"#,
            "refused",
        ),
        ("question-mark-in-flow", "{a?}", "refused", r#"{"a?":null}"#),
        ("fault-after-the-document", r#""" {c:["#, r#""""#, "refused"),
        ("colon-before-a-bracket", "[a:]", r#"["a:"]"#, "refused"),
        ("null-document", "~\n---\na", "null", r#""a""#),
        ("percent-line", "a\n%", r#""a %""#, "refused"),
        (
            "key-text",
            "9223372036854775808: a",
            "refused",
            r#"{"9223372036854775808":"a"}"#,
        ),
        ("escaped-slash", r#"- "\/""#, "refused", r#"["/"]"#),
        (
            "surrogate-pair",
            r#"["\ud83d\ude00"]"#,
            "refused",
            "[\"\u{1f600}\"]",
        ),
    ] {
        assert_eq!(read(text), ours, "{text}");
        rows.compare(case, &upstream.to_owned(), &read(text));
    }
    rows.finish();
}
