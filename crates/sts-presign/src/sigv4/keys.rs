//! The keys for verification.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iam_principal::Identity;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::time::UnixTime;
use crate::url::percent;

/// The secret half of an access key. Wiped when dropped; `Debug` prints `[redacted]`.
///
/// It has no `==`, which would not be constant-time:
///
/// ```compile_fail,E0369
/// use sts_presign::SecretAccessKey;
/// let _ = SecretAccessKey::new("a") == SecretAccessKey::new("a");
/// ```
#[derive(Clone)]
pub struct SecretAccessKey {
    text: Zeroizing<String>,
}

impl SecretAccessKey {
    /// Wraps a secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            text: Zeroizing::new(secret.to_owned()),
        }
    }

    /// Reveals the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// The session token of temporary credentials. Wiped when dropped; `Debug` prints `[redacted]`.
///
/// It has no `==`, which would not be constant-time:
///
/// ```compile_fail,E0369
/// use sts_presign::SessionToken;
/// let _ = SessionToken::new("a") == SessionToken::new("a");
/// ```
#[derive(Clone)]
pub struct SessionToken {
    text: Zeroizing<String>,
    // In the spelling of a canonical query, so that a URL need not be decoded to compare.
    encoded: Zeroizing<String>,
}

/// The session token of a request.
#[derive(Clone, Copy)]
pub(crate) enum SentToken<'r> {
    /// In the spelling of a canonical query.
    Encoded(&'r str),
    /// Not encoded.
    Plain(&'r str),
}

impl SessionToken {
    /// Wraps a session token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        // Allocated once: a growing buffer would leave copies of the secret behind.
        let mut encoded = Zeroizing::new(String::with_capacity(percent::encoded_len(token)));
        percent::encode(token, &mut encoded);
        Self {
            text: Zeroizing::new(token.to_owned()),
            encoded,
        }
    }

    /// Reveals the text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the token in the spelling of a canonical query.
    pub(crate) fn encoded(&self) -> &str {
        &self.encoded
    }

    /// Compares in constant time, apart from the lengths.
    pub(crate) fn is(&self, sent: SentToken<'_>) -> bool {
        let (own, sent) = match sent {
            SentToken::Encoded(sent) => (&self.encoded, sent),
            SentToken::Plain(sent) => (&self.text, sent),
        };
        is_same(own, sent)
    }
}

/// Compares in constant time, apart from the lengths: all differences are gathered before the result is
/// examined.
///
/// By words, because `subtle` alone goes byte by byte, which for a session token takes as long as verifying
/// the signature.
pub(crate) fn is_same(own: &str, sent: &str) -> bool {
    let ((own, own_rest), (sent, sent_rest)) = (
        own.as_bytes().as_chunks::<8>(),
        sent.as_bytes().as_chunks::<8>(),
    );
    if own.len() != sent.len() {
        return false;
    }
    let words = own.iter().zip(sent);
    let difference = words.fold(0, |difference, (own, sent)| {
        difference | (u64::from_ne_bytes(*own) ^ u64::from_ne_bytes(*sent))
    });
    (difference.ct_eq(&0) & own_rest.ct_eq(sent_rest)).into()
}

impl fmt::Debug for SecretAccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretAccessKey([redacted])")
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken([redacted])")
    }
}

/// A key and its owner.
#[derive(Clone, Debug)]
pub struct Key {
    secret: SecretAccessKey,
    session_token: Option<SessionToken>,
    expires_at: Option<UnixTime>,
    identity: Identity,
}

impl Key {
    /// Builds a long-term key of a user or of the account's root.
    #[must_use]
    pub const fn long_term(secret: SecretAccessKey, identity: Identity) -> Self {
        Self {
            secret,
            session_token: None,
            expires_at: None,
            identity,
        }
    }

    /// Builds a temporary key, which is valid only together with its session token.
    #[must_use]
    pub const fn temporary(
        secret: SecretAccessKey,
        session_token: SessionToken,
        identity: Identity,
    ) -> Self {
        Self {
            secret,
            session_token: Some(session_token),
            expires_at: None,
            identity,
        }
    }

    /// Sets the expiry: from this second on the key is refused.
    #[must_use]
    pub fn with_expiry(self, expires_at: UnixTime) -> Self {
        Self {
            expires_at: Some(expires_at),
            ..self
        }
    }

    /// Returns the secret.
    #[must_use]
    pub const fn secret(&self) -> &SecretAccessKey {
        &self.secret
    }

    /// Returns the session token of a temporary key.
    #[must_use]
    pub const fn session_token(&self) -> Option<&SessionToken> {
        self.session_token.as_ref()
    }

    /// Returns the first second in which the key is refused; `None` if it does not expire.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// Returns the owner of the key.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// A store of keys, by access key id. Object-safe.
pub trait KeyLookup {
    /// Returns the key with this id, if it exists.
    fn key(&self, access_key_id: &str) -> Option<&Key>;
}

/// Keys in memory, by access key id.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    by_id: BTreeMap<String, Key>,
}

impl Keys {
    /// Builds an empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
        }
    }

    /// Adds a key, replacing any with the same id.
    #[must_use]
    pub fn with(mut self, access_key_id: &str, key: Key) -> Self {
        self.by_id.insert(access_key_id.to_owned(), key);
        self
    }
}

impl KeyLookup for Keys {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        self.by_id.get(access_key_id)
    }
}

impl<'a> FromIterator<(&'a str, Key)> for Keys {
    /// Collects keys with their ids. The last key of an id wins.
    fn from_iter<I: IntoIterator<Item = (&'a str, Key)>>(keys: I) -> Self {
        Self {
            by_id: keys
                .into_iter()
                .map(|(id, key)| (id.to_owned(), key))
                .collect(),
        }
    }
}

impl<L: KeyLookup + ?Sized> KeyLookup for &L {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        (**self).key(access_key_id)
    }
}

impl<L: KeyLookup + ?Sized> KeyLookup for Box<L> {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        (**self).key(access_key_id)
    }
}

impl<L: KeyLookup + ?Sized> KeyLookup for Arc<L> {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        (**self).key(access_key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_the_same_only_if_every_byte_is() {
        for len in 0..20 {
            let own: String = ('a'..='z').take(len).collect();
            let longer: String = ('a'..='z').take(len.saturating_add(1)).collect();
            assert!(is_same(&own, &own), "{own}");
            assert!(!is_same(&own, &longer), "{own}");
            assert!(!is_same(&longer, &own), "{own}");
            for at in 0..len {
                let mut other = own.as_bytes().to_vec();
                other[at] ^= 1;
                let other = String::from_utf8(other).unwrap();
                assert!(!is_same(&own, &other), "{own} {other}");
            }
        }
        // Two differences do not undo each other.
        assert!(!is_same("aaaaaaaabbbbbbbb", "bbbbbbbbaaaaaaaa"));
    }

    #[test]
    fn attack_30_no_secret_prints_itself() {
        let secret = SecretAccessKey::new("wJalr");
        let token = SessionToken::new("IQoJ/");
        assert_eq!(format!("{secret:?}"), "SecretAccessKey([redacted])");
        assert_eq!(format!("{token:?}"), "SessionToken([redacted])");
        assert_eq!((secret.expose(), token.expose()), ("wJalr", "IQoJ/"));
    }
}
