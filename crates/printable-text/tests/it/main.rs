//! Text that is printed, and text that is always escaped.

use std::error::Error;
use std::fmt;

use printable_text::{Causes, MAX_PRINTED_CHARS, Printable};
use proptest::prelude::*;

fn print(text: &str) -> String {
    Printable::new(text).to_string()
}

#[test]
fn prints_each_kind_of_text() {
    let rows = [
        ("", ""),
        ("k8s-developer", "k8s-developer"),
        ("O'Brien \"Pat\"", "O'Brien \"Pat\""),
        ("Zoë 日本 देवनागरी", "Zoë 日本 देवनागरी"),
        ("\u{1b}[2J", r"\u{1b}[2J"),
        ("\u{9b}2J", r"\u{9b}2J"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\0"),
        (
            "a\u{202e}b\u{2066}c\u{200f}",
            r"a\u{202e}b\u{2066}c\u{200f}",
        ),
        (
            "a\u{200b}b\u{feff}c\u{e0041}",
            r"a\u{200b}b\u{feff}c\u{e0041}",
        ),
        ("a\u{2028}b\u{2029}c\u{85}", r"a\u{2028}b\u{2029}c\u{85}"),
        ("a\u{a0}b\u{3000}c", r"a\u{a0}b\u{3000}c"),
        ("\u{301}a\u{301}", "\\u{301}a\u{301}"),
        (r"DOMAIN\user \u{1b}", r"DOMAIN\\user \\u{1b}"),
        ("::error::x", r"\u{3a}:error::x"),
        (" \t::error::x", r" \t\u{3a}:error::x"),
        ("arn:aws:iam::1:root", "arn:aws:iam::1:root"),
        (
            "x ##[error]y ##vso[task]",
            r"x #\u{23}[error]y #\u{23}vso[task]",
        ),
        ("####", r"#\u{23}\u{23}\u{23}"),
    ];
    for (text, printed) in rows {
        assert_eq!(print(text), printed, "of {text:?}");
    }
}

#[test]
fn cuts_a_long_text_and_counts_the_rest() {
    let limit = "é".repeat(MAX_PRINTED_CHARS);
    assert_eq!(print(&limit), limit);
    assert_eq!(
        print(&format!("{limit}x")),
        format!("{limit}… (1 more character)")
    );
    let long = "x".repeat(10_000);
    let expected = format!("{}… (8976 more characters)", "x".repeat(MAX_PRINTED_CHARS));
    assert_eq!(print(&long), expected);
}

#[test]
fn only_short_ascii_that_is_printed_unchanged_is_plain() {
    let limit = "x".repeat(MAX_PRINTED_CHARS);
    for text in ["", " ", "~", "O'Brien", ":", "a::b", &limit] {
        assert_eq!(Printable::new(text).plain(), Some(text));
    }
    let beyond = format!("{limit}x");
    for text in [
        "\u{1f}", "\u{7f}", "é", r"\", "#", "a\n", "::", " ::a", &beyond,
    ] {
        assert_eq!(Printable::new(text).plain(), None, "{text:?}");
    }
}

#[derive(Debug)]
struct Layer(&'static str, Option<Box<Self>>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.1.as_deref()?;
        Some(source)
    }
}

#[test]
fn causes_follow_their_error_once_and_on_one_line() {
    let layer = |text, cause: Option<Layer>| Layer(text, cause.map(Box::new));
    let rows = [
        (layer("alone", None), "alone"),
        (
            layer("outer", Some(layer("inner\nline", None))),
            r"outer: inner\nline",
        ),
        (
            layer("a: b", Some(layer("b", Some(layer("c", None))))),
            "a: b: c",
        ),
    ];
    for (error, printed) in rows {
        assert_eq!(Causes::new(&error).to_string(), printed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prints_one_line_without_controls(text in any::<String>()) {
        let printed = print(&text);
        let unprintable = |c: char| c.is_control() || "\u{2028}\u{2029}\u{202e}\u{feff}".contains(c);
        prop_assert!(!printed.contains(unprintable), "printed {printed:?}");
        prop_assert!(!printed.trim_start().starts_with("::"));
        prop_assert!(!printed.contains("##"));
    }

    #[test]
    fn never_prints_two_texts_alike(one in r"[\\u{}3a:#1b\x1b ]{0,6}", other in r"[\\u{}3a:#1b\x1b ]{0,6}") {
        prop_assert_eq!(one == other, print(&one) == print(&other));
    }
}
