//! The keys that the embedded STS knows.

use std::collections::BTreeMap;
use std::fmt;

use iam_principal::Identity;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::time::UnixTime;
use crate::url::percent;

/// The secret half of an access key. Wiped when dropped; printed as `[redacted]`.
#[derive(Clone)]
pub struct SecretAccessKey {
    text: Zeroizing<String>,
}

impl SecretAccessKey {
    /// Takes a secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self {
            text: Zeroizing::new(secret.to_owned()),
        }
    }

    /// Reveals it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

/// The session token of temporary credentials. Wiped when dropped; printed as `[redacted]`.
#[derive(Clone)]
pub struct SessionToken {
    text: Zeroizing<String>,
    // As it stands in a canonical query: looking at one spelling is looking at the other, and a URL
    // need not be decoded for it.
    encoded: Zeroizing<String>,
}

/// A session token as it was sent.
#[derive(Clone, Copy)]
pub(crate) enum SentToken<'r> {
    /// In the spelling of a canonical query.
    Encoded(&'r str),
    /// As it is.
    Plain(&'r str),
}

impl SessionToken {
    /// Takes a session token.
    #[must_use]
    pub fn new(token: &str) -> Self {
        // The whole length at once: a buffer that grew would leave copies of the secret behind.
        let mut encoded = Zeroizing::new(String::with_capacity(percent::encoded_len(token)));
        percent::encode(token, &mut encoded);
        Self {
            text: Zeroizing::new(token.to_owned()),
            encoded,
        }
    }

    /// Reveals it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Compares in a time that depends on the lengths only.
    pub(crate) fn is(&self, sent: SentToken<'_>) -> bool {
        let (own, sent) = match sent {
            SentToken::Encoded(sent) => (&self.encoded, sent),
            SentToken::Plain(sent) => (&self.text, sent),
        };
        is_same(own, sent)
    }
}

/// Compares in a time that depends on the lengths only.
///
/// All differences are gathered before anybody looks at one. `subtle` alone goes byte by byte, which
/// for a session token takes as long as the signature does.
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

/// A key, and whose it is.
#[derive(Clone, Debug)]
pub struct Key {
    secret: SecretAccessKey,
    session_token: Option<SessionToken>,
    expires_at: Option<UnixTime>,
    identity: Identity,
}

impl Key {
    /// A long-term key of a user or of the account's root.
    #[must_use]
    pub const fn long_term(secret: SecretAccessKey, identity: Identity) -> Self {
        Self {
            secret,
            session_token: None,
            expires_at: None,
            identity,
        }
    }

    /// A temporary key, which is good only together with its session token.
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

    /// Ends the key: from this second on it is refused.
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

    /// Returns the first second in which the key is refused, if it ends.
    #[must_use]
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }

    /// Returns whose key it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// Where the embedded STS looks keys up.
pub trait KeyLookup {
    /// Returns the key of an access key id, if there is one.
    fn key(&self, access_key_id: &str) -> Option<&Key>;
}

/// Keys in memory, by their access key id.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    by_id: BTreeMap<String, Key>,
}

impl Keys {
    /// Knows no key.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_id: BTreeMap::new(),
        }
    }

    /// Adds a key, in the place of any that has the same id.
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

impl<L: KeyLookup + ?Sized> KeyLookup for &L {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        (**self).key(access_key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attack_31_texts_are_the_same_only_if_every_byte_is() {
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
