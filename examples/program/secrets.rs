//! Secrets among the arguments, which no message repeats.

/// The text that replaces a secret.
pub(crate) const HIDDEN: &str = "…";

/// The names of values that may contain a password, for any flag.
const WITH_SECRETS: [&str; 2] = ["<PROXY>", "<URL>"];

/// The beginnings of tokens and of the parameters of a signed URL.
const SIGNS: [&str; 2] = ["k8s-aws-v1.", "X-Amz-"];

/// Returns whether the whole value of an argument may be a secret: in a URL that cannot be parsed, the password may be
/// anywhere. The argument has the form in which clap writes it, with the name of its value.
pub(crate) fn is_hidden(argument: &str) -> bool {
    WITH_SECRETS.iter().any(|name| argument.contains(name))
}

/// Hides the user and password of each URL, the text behind the prefix of a token, and the parameters of a signed
/// URL.
///
/// Without a scheme, `user:password@host` has the form of a username such as `oidc:jane@example.com`, and is shown.
pub(crate) fn masked(text: &str) -> String {
    text.split_inclusive(is_end).map(masked_word).collect()
}

/// Returns whether a character ends a word of a message.
fn is_end(c: char) -> bool {
    c.is_whitespace() || ['\'', '"', '`', '<', '>'].contains(&c)
}

/// Hides the secrets of a word. The word includes the character that ends it.
fn masked_word(word: &str) -> String {
    let end = word.strip_suffix(is_end).map_or(word.len(), str::len);
    let (word, end) = word.split_at_checked(end).unwrap_or((word, ""));
    let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
    let shown = match rest.rsplit_once('@') {
        // A password that is not escaped may have any character.
        Some((_, host)) if rest.len() < word.len() => format!("{scheme}://{HIDDEN}@{host}"),
        _ => word.to_owned(),
    };
    let signs = SIGNS
        .iter()
        .filter_map(|sign| Some(shown.find(sign)?.saturating_add(sign.len())));
    match signs.min().and_then(|at| shown.split_at_checked(at)) {
        Some((shown, hidden)) if !hidden.is_empty() => format!("{shown}{HIDDEN}{end}"),
        _ => format!("{shown}{end}"),
    }
}
