//! Suggests the key that a misspelled key was meant for.

use crate::edit_distance::edit_distance;

/// The maximum length of a key that is compared. The cost is the product of both lengths, and every
/// known key is shorter.
const MAX_LEN: usize = 32;

/// Returns the known key that a key resembles: a known key that differs only in case, `_` and `-`, or
/// in at most two letters, or that ends in the given key (`name` for `username`) or is its plural (`entries` for `entry`).
/// `None` if there is no such key.
pub(super) fn suggest_key(key: &str, known: &[&'static str]) -> Option<&'static str> {
    if key.len() > MAX_LEN {
        return None;
    }
    let plain = |text: &str| -> Vec<u8> {
        let letters = text.bytes().filter(u8::is_ascii_alphanumeric);
        letters.map(|b| b.to_ascii_lowercase()).collect()
    };
    let key = plain(key);
    let is_end = |known: &[u8]| key.len() > 2 && known.ends_with(&key);
    let is_plural = |known: &[u8]| {
        let (known, key) = (known.strip_suffix(b"ies"), key.strip_suffix(b"y"));
        known.is_some() && known == key
    };
    let judged = known.iter().filter_map(|name| {
        let known = plain(name);
        let distance = if is_end(&known) || is_plural(&known) {
            1
        } else {
            edit_distance(&key, &known)
        };
        let allowed = known.len().checked_div(3).unwrap_or(0).min(2);
        (distance <= allowed).then_some((distance, *name))
    });
    judged
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::suggest_key;

    #[test]
    fn a_key_is_meant_for_the_nearest() {
        let known = [
            "rolearn",
            "username",
            "groups",
            "sso",
            "rolearnLike",
            "accessEntries",
        ];
        for (key, want) in [
            ("role_arn", Some("rolearn")),
            ("rolearns", Some("rolearn")),
            ("arn", Some("rolearn")),
            ("user-name", Some("username")),
            ("name", Some("username")),
            ("usrename", Some("username")),
            ("group", Some("groups")),
            ("roleArnLike", Some("rolearnLike")),
            ("accessEntry", Some("accessEntries")),
            ("accessEntr", None),
            ("comment", None),
            ("so", Some("sso")),
            ("s", None),
            ("me", None),
            ("", None),
            // The longest key that is compared, and a longer key.
            ("r-o-l-e-a-r-n-------------------", Some("rolearn")),
            ("r-o-l-e-a-r-n--------------------", None),
        ] {
            assert_eq!(suggest_key(key, &known), want, "{key}");
        }
    }
}
