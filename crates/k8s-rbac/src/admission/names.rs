//! The API's rules for names and labels, with their messages.
//!
//! As upstream: apimachinery, pkg/util/validation/validation.go and pkg/api/validation/path. The
//! patterns there are ASCII, so this module compares bytes.

/// The greatest length of a label's value, a label's name and a DNS label, in bytes.
const MAX_LABEL: usize = 63;
/// The greatest length of a DNS subdomain, in bytes.
const MAX_SUBDOMAIN: usize = 253;

const EMPTY_NAME: &str = "name part must be non-empty";
const EMPTY_PREFIX: &str = "prefix part must be non-empty";
const LONG_LABEL: &str = "must be no more than 63 characters";
const LONG_SUBDOMAIN: &str = "must be no more than 253 characters";
const NAME: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must \
    start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
    regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const PREFIX: &str = "prefix part a lowercase RFC 1123 subdomain must consist of lower case \
    alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character \
    (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric \
    characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or \
    '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const DOTS: &str = "must not contain dots";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, \
    '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
    'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// The messages about labels that releases word differently.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LabelTexts {
    long_name: &'static str,
    long_prefix: &'static str,
    long_value: &'static str,
    slashes: &'static str,
}

impl LabelTexts {
    /// As upstream: apimachinery, pkg/util/validation, `IsQualifiedName`.
    pub(crate) const OF_QUALIFIED_NAMES: Self = Self {
        long_name: "name part must be no more than 63 characters",
        long_prefix: "prefix part must be no more than 253 characters",
        long_value: "must be no more than 63 characters",
        slashes: "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and \
            must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
            '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') \
            with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    };

    /// As upstream: apimachinery, pkg/api/validate/content, `IsLabelKey`.
    pub(crate) const OF_LABEL_KEYS: Self = Self {
        long_name: "name part must be no more than 63 bytes",
        long_prefix: "prefix part must be no more than 253 bytes",
        long_value: "must be no more than 63 bytes",
        slashes: "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and \
            must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
            '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') \
            with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    };
}

/// Returns the errors in a label's key: a name with an optional DNS subdomain before it.
pub(crate) fn label_key(key: &str, texts: &LabelTexts) -> Vec<&'static str> {
    let mut faults = Vec::new();
    let name = match key.split_once('/') {
        None => key,
        Some((_, name)) if name.contains('/') => return vec![texts.slashes],
        Some((prefix, name)) => {
            if prefix.is_empty() {
                faults.push(EMPTY_PREFIX);
            } else {
                faults.extend((prefix.len() > MAX_SUBDOMAIN).then_some(texts.long_prefix));
                faults.extend((!is_subdomain(prefix)).then_some(PREFIX));
            }
            name
        }
    };
    if name.is_empty() {
        faults.push(EMPTY_NAME);
    }
    faults.extend((name.len() > MAX_LABEL).then_some(texts.long_name));
    faults.extend((!is_name(name)).then_some(NAME));
    faults
}

/// Returns the errors in a label's value.
pub(crate) fn label_value(value: &str, texts: &LabelTexts) -> Vec<&'static str> {
    let mut faults = Vec::new();
    faults.extend((value.len() > MAX_LABEL).then_some(texts.long_value));
    faults.extend((!value.is_empty() && !is_name(value)).then_some(VALUE));
    faults
}

/// Returns the errors in a namespace's name.
pub(crate) fn dns_label(name: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    faults.extend((name.len() > MAX_LABEL).then_some(LONG_LABEL));
    if !is_dns_label(name) {
        faults.push(if is_subdomain(name) { DOTS } else { DNS_LABEL });
    }
    faults
}

/// Returns the errors in a service account's name.
pub(crate) fn dns_subdomain(name: &str) -> Vec<&'static str> {
    let mut faults = Vec::new();
    faults.extend((name.len() > MAX_SUBDOMAIN).then_some(LONG_SUBDOMAIN));
    faults.extend((!is_subdomain(name)).then_some(SUBDOMAIN));
    faults
}

/// Returns the errors in a name that must only be a path segment, such as the names of RBAC
/// objects.
pub(crate) fn path_segment(name: &str) -> Vec<&'static str> {
    match name {
        "." => return vec!["may not be '.'"],
        ".." => return vec!["may not be '..'"],
        _ => {}
    }
    let mut faults = Vec::new();
    faults.extend(name.contains('/').then_some("may not contain '/'"));
    faults.extend(name.contains('%').then_some("may not contain '%'"));
    faults
}

fn is_name(text: &str) -> bool {
    has_ends(text, |byte| byte.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_dns_label(text: &str) -> bool {
    has_ends(text, is_lower_or_digit)
        && text
            .bytes()
            .all(|byte| is_lower_or_digit(byte) || byte == b'-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_dns_label)
}

fn has_ends(text: &str, is_end: impl Fn(u8) -> bool) -> bool {
    let ends = (text.bytes().next(), text.bytes().next_back());
    matches!(ends, (Some(first), Some(last)) if is_end(first) && is_end(last))
}

const fn is_lower_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_key_is_a_name_with_an_optional_subdomain() {
        for texts in [LabelTexts::OF_QUALIFIED_NAMES, LabelTexts::OF_LABEL_KEYS] {
            let key = |key: &str| label_key(key, &texts);
            for valid in ["a", "A_b.c-1", "example.com/Name", "1/2"] {
                assert_eq!(key(valid), [""; 0], "{valid}");
            }
            assert_eq!(key(""), [EMPTY_NAME, NAME]);
            assert_eq!(key("/"), [EMPTY_PREFIX, EMPTY_NAME, NAME]);
            assert_eq!(key("A.b/c"), [PREFIX]);
            assert_eq!(key("a/b/c"), [texts.slashes]);
            assert_eq!(key("-a"), [NAME]);
            assert_eq!(key("é"), [NAME]);
            assert_eq!(key(&"a".repeat(64)), [texts.long_name]);
            assert_eq!(key(&format!("{}/a", "a".repeat(254))), [texts.long_prefix]);
        }
    }

    #[test]
    fn limits_are_of_bytes_and_inclusive() {
        for texts in [LabelTexts::OF_QUALIFIED_NAMES, LabelTexts::OF_LABEL_KEYS] {
            assert_eq!(label_value(&"a".repeat(63), &texts), [""; 0]);
            assert_eq!(label_value(&"a".repeat(64), &texts), [texts.long_value]);
        }
        assert_eq!(dns_label(&"a".repeat(63)), [""; 0]);
        assert_eq!(dns_label(&"a".repeat(64)), [LONG_LABEL]);
        assert_eq!(dns_subdomain(&"a".repeat(253)), [""; 0]);
        assert_eq!(dns_subdomain(&"a".repeat(254)), [LONG_SUBDOMAIN]);
    }

    #[test]
    fn dots_are_the_error_of_a_namespace_only_without_another() {
        assert_eq!(dns_label("a.b"), [DOTS]);
        assert_eq!(dns_label("a..b"), [DNS_LABEL]);
        assert_eq!(dns_label("A.b"), [DNS_LABEL]);
    }

    #[test]
    fn a_path_segment_may_be_almost_anything() {
        assert_eq!(path_segment("Ünï: x"), [""; 0]);
        assert_eq!(path_segment("..."), [""; 0]);
        assert_eq!(path_segment("..").len(), 1);
        assert_eq!(path_segment("%/").len(), 2);
    }
}
