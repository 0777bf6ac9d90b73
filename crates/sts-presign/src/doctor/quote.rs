//! Quotes text from a request without its secrets.

use std::borrow::Borrow;

use iam_principal::AccessKeyId;

use super::Check;
use crate::url::{percent, signed_headers};

/// The longest quotation in bytes; the rest is cut off.
pub const MAX_QUOTED_LEN: usize = 64;

/// The longest word in a quotation in bytes: our choice. A longer word may be a secret in the wrong place:
/// keys, tokens and signatures have 40 characters and more. Actions, dates, regions, DNS labels, header
/// names and AWS's access key ids are shorter.
const MAX_QUOTED_WORD_LEN: usize = 32;

/// Quotes a text, escaped and cut. A word that is too long is replaced by its length.
pub(super) fn quote(text: &str) -> String {
    escaped(&masked(text))
}

/// Quotes a credential, whose first part may be a secret instead of an access key id.
pub(super) fn quote_credential(text: &str) -> String {
    // From the end, since a secret may have a `/`.
    let parts: Vec<&str> = text.rsplitn(5, '/').collect();
    let [terminator @ "aws4_request", service, region, date, id] = *parts.as_slice() else {
        return format!("{} parts", text.split('/').count());
    };
    let id = if AccessKeyId::parse(id).is_ok() {
        masked(id)
    } else {
        too_long(id)
    };
    let scope = [date, region, service, terminator].map(masked).join("/");
    escaped(&format!("{id}/{scope}"))
}

/// Quotes header names; empty if there are none.
pub(super) fn quote_names(names: impl Iterator<Item: Borrow<str>>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        String::new()
    } else {
        quote(&names.join(", "))
    }
}

/// Quotes a list of signed headers, or only its first bad name. A header name has no `=`: text after an
/// `=` may be a signature whose separator was lost.
pub(super) fn quote_list(list: &str) -> String {
    let shown = signed_headers::at_fault(signed_headers::names(list)).unwrap_or(list);
    quote(shown.split('=').next().unwrap_or_default())
}

/// Describes a position and quotes the name there, unless it may be a value whose name was lost.
pub(super) fn quote_place(what: &str, place: usize, name: &str) -> String {
    if name.len() <= MAX_QUOTED_WORD_LEN {
        format!("{what} {place}, {}", quote(name))
    } else {
        format!("{what} {place}")
    }
}

/// Describes a text that may not be a URL.
pub(super) fn seen_of_url(check: Check, text: &str) -> String {
    match check {
        Check::Bytes => match text.bytes().position(|byte| !percent::is_allowed(byte)) {
            Some(at) => format!("at byte {at}"),
            None => String::new(),
        },
        // The authority only, since a query whose `?` was lost could follow.
        Check::HostAndPath => {
            let rest = text.strip_prefix("https://").unwrap_or_default();
            quote(rest.split(['/', '?', '&', '=']).next().unwrap_or_default())
        }
        _ => String::new(),
    }
}

/// Replaces each word that is too long.
fn masked(text: &str) -> String {
    // The alphabet of base64, which includes the hexadecimal digits, percent-encoded or not.
    let ends_word = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '%'));
    let mut masked = String::with_capacity(text.len());
    for run in text.split_inclusive(ends_word) {
        let word = run.trim_end_matches(ends_word);
        if word.len() > MAX_QUOTED_WORD_LEN {
            masked.push_str(&too_long(word));
            masked.push_str(run.strip_prefix(word).unwrap_or_default());
        } else {
            masked.push_str(run);
        }
    }
    masked
}

fn too_long(word: &str) -> String {
    format!("<{} bytes>", word.len())
}

fn escaped(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars().flat_map(char::escape_default) {
        if quoted.len() > MAX_QUOTED_LEN {
            quoted.push_str("\"…");
            return quoted;
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}
