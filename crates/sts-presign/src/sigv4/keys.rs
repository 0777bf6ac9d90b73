//! The keys for verification.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use iam_principal::Identity;
use zeroize::Zeroizing;

use super::compared::Compared;
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
    Encoded(Compared<'r>),
    /// Not encoded.
    Plain(Compared<'r>),
}

impl<'r> SentToken<'r> {
    pub(crate) const fn encoded(text: &'r str) -> Self {
        Self::Encoded(Compared::new(text))
    }

    pub(crate) const fn plain(text: &'r str) -> Self {
        Self::Plain(Compared::new(text))
    }
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
        match sent {
            SentToken::Encoded(sent) => Compared::new(&self.encoded).is(sent),
            SentToken::Plain(sent) => Compared::new(&self.text).is(sent),
        }
    }
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
    fn attack_30_no_secret_prints_itself() {
        let secret = SecretAccessKey::new("wJalr");
        let token = SessionToken::new("IQoJ/");
        assert_eq!(format!("{secret:?}"), "SecretAccessKey([redacted])");
        assert_eq!(format!("{token:?}"), "SessionToken([redacted])");
        assert_eq!((secret.expose(), token.expose()), ("wJalr", "IQoJ/"));
    }
}
