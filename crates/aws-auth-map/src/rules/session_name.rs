//! The characters of session names, and the ids of instances.

use std::sync::LazyLock;

use regex::Regex;

/// Returns whether a session name is an EC2 instance id.
// As upstream: pkg/server/server.go, instanceIDPattern.
pub(crate) fn is_instance_id(session_name: &str) -> bool {
    INSTANCE_ID.is_match(session_name)
}

/// Returns whether a session name contains only characters that STS allows.
pub(crate) fn is_session_name(session_name: &str) -> bool {
    session_name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

#[expect(clippy::expect_used, reason = "a literal that every test run compiles")]
static INSTANCE_ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\Ai-(?:[0-9A-Za-z_]{8}|[0-9A-Za-z_]{17})\z").expect("a valid pattern")
});

#[cfg(test)]
mod tests {
    use super::is_instance_id;

    #[test]
    fn an_instance_id_has_eight_or_seventeen_characters() {
        assert!(is_instance_id("i-01234567") && is_instance_id("i-0123456789abcdef0"));
        for other in [
            "i-0123456",
            "i-012345678",
            "x-01234567",
            "i-0123456\u{e9}",
            "i-01234567\n",
        ] {
            assert!(!is_instance_id(other), "{other:?}");
        }
    }
}
