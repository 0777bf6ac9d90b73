//! YAML that readers of YAML 1.1, such as kubectl, and readers of YAML 1.2 read alike.
//!
//! `serde_yaml` quotes a text that YAML 1.2 reads as a number, a boolean or null. YAML 1.1 has more such texts: `y`
//! is a boolean, and `1_000` is a number.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use bounded_yaml::{Kind, Node, Scalar};
use serde_yaml::value::{Tag, TaggedValue};
use serde_yaml::{Error, Mapping, Value};

/// The words that YAML 1.1 does not read as text, in lower case: <https://yaml.org/type/>, bool, float, merge, null and
/// value.
const WORDS: [&str; 16] = [
    ".inf", ".nan", "<<", "=", "false", "n", "no", "null", "off", "on", "true", "y", "yes", "~",
    "+.inf", "-.inf",
];

/// The characters of numbers, with underscores, bases and sexagesimals, and of times, as YAML 1.1 and Go write them.
const NUMERIC: &str = "0123456789abcdefABCDEFxXoO_.:+-tTzZ ";

/// The tag of a scalar that [`to_string`] writes unchanged. No document has it: `bounded_yaml` drops
/// tags.
const PLAIN: &str = "plain";

/// The characters to which no standard gives a meaning. Two of them stand for quotes while a document is
/// written.
const PRIVATE_USE: RangeInclusive<char> = '\u{e000}'..='\u{f8ff}';

/// Returns whether a reader of YAML 1.1 may not read an unquoted text as a string, but as null, a boolean, a
/// number, a time, or a merge or value key.
///
/// A text that has only the characters of numbers counts as a number, such as `10.0.0.1`: quotes do
/// no harm.
#[must_use]
pub fn is_ambiguous(text: &str) -> bool {
    let is_number = || {
        text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && text.contains(|c: char| c.is_ascii_digit() || c == '.')
            && text.chars().all(|c| NUMERIC.contains(c))
            // Such a text is never plain, so `serde_yaml` quotes it.
            && !text.contains(": ")
    };
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) || is_number()
}

/// Writes a document. Each ambiguous text is in double quotes, except the plain scalars of [`value`].
///
/// # Errors
///
/// The error of `serde_yaml`.
pub fn to_string(document: Value) -> Result<String, Error> {
    let mut used = BTreeSet::new();
    collect_private(&document, &mut used);
    let mut unused = PRIVATE_USE.filter(|c| !used.contains(c));
    let (Some(quote), Some(nothing)) = (unused.next(), unused.next()) else {
        return Err(serde::ser::Error::custom(
            "it has every character of private use",
        ));
    };
    // With a mark at both ends, an ambiguous text is written without quotes. The marks occur
    // nowhere else.
    let text = serde_yaml::to_string(&mark(document, quote, nothing))?;
    Ok(text.replace(quote, "\"").replace(nothing, ""))
}

/// Returns a tree of a text as a value for [`to_string`], which leaves unquoted numbers, booleans and ambiguous
/// texts unquoted: readers already give them a meaning.
#[must_use]
pub fn value(text: &str, tree: &Node) -> Value {
    match tree {
        Node::Null => Value::Null,
        Node::Scalar(one) => scalar(text, one),
        Node::Sequence(items) => items.iter().map(|item| value(text, item)).collect(),
        Node::Mapping(mapping) => {
            let entries = mapping.entries().iter();
            let entries = entries.map(|(key, one)| (scalar(text, key), value(text, one)));
            entries.collect::<Mapping>().into()
        }
    }
}

fn scalar(text: &str, scalar: &Scalar) -> Value {
    let content = Value::from(scalar.text());
    match scalar.kind() {
        Kind::String if !is_ambiguous(scalar.text()) || !is_plain(text, scalar) => content,
        _ => Value::Tagged(Box::new(TaggedValue {
            tag: Tag::new(PLAIN),
            value: content,
        })),
    }
}

/// Returns whether a scalar has neither quotes nor a tag.
fn is_plain(text: &str, scalar: &Scalar) -> bool {
    // A block scalar has no offset.
    let Some(before) = scalar.offset().and_then(|offset| text.get(..offset)) else {
        return false;
    };
    let mut properties = before
        .split_whitespace()
        .rev()
        .take_while(|word| word.starts_with(['!', '&']));
    !before.ends_with(['"', '\'']) && !properties.any(|word| word.starts_with('!'))
}

/// Collects the characters of private use in a document.
fn collect_private(value: &Value, used: &mut BTreeSet<char>) {
    match value {
        Value::String(text) => used.extend(text.chars().filter(|c| PRIVATE_USE.contains(c))),
        Value::Sequence(items) => items.iter().for_each(|item| collect_private(item, used)),
        Value::Mapping(entries) => {
            for (key, value) in entries {
                collect_private(key, used);
                collect_private(value, used);
            }
        }
        Value::Tagged(tagged) => collect_private(&tagged.value, used),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Marks both ends of each text that `serde_yaml` would quote wrongly.
fn mark(value: Value, quote: char, nothing: char) -> Value {
    let marked = |text: &str, mark: char| Value::String(format!("{mark}{text}{mark}"));
    match value {
        Value::String(text) if is_ambiguous(&text) => marked(&text, quote),
        Value::Tagged(tagged) if tagged.tag == PLAIN => match &tagged.value {
            Value::String(text) => marked(text, nothing),
            _ => tagged.value,
        },
        Value::Sequence(items) => {
            let items = items.into_iter();
            items.map(|item| mark(item, quote, nothing)).collect()
        }
        Value::Mapping(entries) => {
            let entries = entries
                .into_iter()
                .map(|(key, value)| (mark(key, quote, nothing), mark(value, quote, nothing)));
            entries.collect::<Mapping>().into()
        }
        other => other,
    }
}

#[cfg(test)]
#[path = "yaml_tests.rs"]
mod tests;
