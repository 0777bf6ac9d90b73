//! The engine of the page: escapes what it writes, and states what the page may load.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, Value};
use sha2::{Digest as _, Sha256};

use super::{SCRIPT, STYLE};

/// The largest number of characters of a value that are written, as in `printable-text`.
const MAX_CHARS: usize = printable_text::MAX_PRINTED_CHARS;

/// Builds the engine: it escapes each value for HTML, and has no undefined values.
pub(super) fn environment() -> Result<Environment<'static>, Error> {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(write_value);
    environment.set_syntax(syntax);
    Ok(environment)
}

/// Writes a value: text without invisible characters, and escaped as the engine does.
fn write_value(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && !is_plain(text) => {
            let visible = Value::from(visible(text));
            minijinja::escape_formatter(out, state, &visible)
        }
        _ => minijinja::escape_formatter(out, state, value),
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_CHARS && text.chars().all(is_visible)
}

/// Returns whether a character is shown unchanged. Controls, marks of direction and other invisible characters
/// are not.
fn is_visible(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\')
        || (c.is_ascii() && !c.is_ascii_control())
        || (!c.is_ascii() && c.escape_debug().len() == 1)
}

/// Escapes invisible characters, and cuts a text that is too long.
fn visible(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars().take(MAX_CHARS) {
        match is_visible(c) {
            true => written.push(c),
            false => written.extend(c.escape_unicode()),
        }
    }
    match text.chars().count().saturating_sub(MAX_CHARS) {
        0 => written,
        more => format!("{written}… ({more} more characters)"),
    }
}

/// The Content Security Policy of the page: it allows only the script and the style of the page.
pub(super) fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}
