//! The file that the embedded STS's keys are read from.

use std::fmt;

use iam_principal::{AccessKeyId, Identity};
use sts_presign::{Key, Keys, SecretAccessKey, SessionToken, UnixTime};
use thiserror::Error as ThisError;

/// The keys of a credentials file, and whose they are.
///
/// The form is that of AWS's shared credentials file, with two more settings in each profile, since
/// an STS knows whose its keys are: `arn` and `user_id`.
///
/// ```ini
/// [alice]
/// aws_access_key_id = AKIDEXAMPLE
/// aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
/// arn = arn:aws:iam::111122223333:user/alice
/// user_id = AIDAEXAMPLE
/// ```
///
/// A profile with `aws_session_token` is a temporary key, and may end: `expiration` is a time of RFC
/// 3339 in UTC with whole seconds, `2026-11-23T09:14:00Z`.
#[derive(Clone, Debug)]
pub struct LocalKeys {
    // INVARIANT: at least one.
    profiles: Vec<LocalProfile>,
}

/// One profile: a key, and whose it is.
#[derive(Clone, Debug)]
pub struct LocalProfile {
    name: String,
    access_key_id: String,
    key: Key,
}

impl LocalProfile {
    /// Returns the profile's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the access key id.
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the key: the secret, the session token, and whose it is.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }
}

/// What is wrong with a credentials file. Names profiles and settings, and no value of one.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum LocalKeysError {
    /// Two profiles have the same access key id, so that nobody could say whose it is.
    #[error("profile `{profile}` has the access key id of another profile")]
    DuplicateKey {
        /// The second of the two.
        profile: String,
    },
    /// There is no profile in it.
    #[error("no profile in it; a profile begins with its name in brackets, `[alice]`")]
    Empty,
    /// A setting stands before the first profile.
    #[error("line {line}: a setting before the first `[profile]`")]
    NoProfile {
        /// The line, from 1 on.
        line: usize,
    },
    /// A profile's settings do not make a key.
    #[error("profile `{profile}`: {problem}")]
    Profile {
        /// The profile.
        profile: String,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A line that is none of this form.
    #[error("line {line}: neither `[profile]`, `name = value` nor a comment")]
    Syntax {
        /// The line, from 1 on.
        line: usize,
    },
}

/// What is wrong with a profile.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Problem {
    /// The access key id is not 1 to 128 letters, digits and `_`.
    AccessKeyId,
    /// The expiration is no time of RFC 3339 in UTC with whole seconds.
    Expiration,
    /// ARN, account and user id do not fit each other, or are none.
    Identity(iam_principal::Error),
    /// A setting is missing or empty.
    Missing(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AccessKeyId => f.write_str("its access key id is not letters, digits and `_`"),
            Self::Expiration => {
                f.write_str("`expiration` is no time of the form `2026-11-23T09:14:00Z`")
            }
            Self::Identity(error) => write!(f, "`arn` and `user_id`: {error}"),
            Self::Missing(setting) => write!(f, "`{setting}` is missing"),
        }
    }
}

impl LocalKeys {
    /// Reads a credentials file.
    ///
    /// # Errors
    ///
    /// Line by line [`LocalKeysError::Syntax`] and [`LocalKeysError::NoProfile`]; then profile by
    /// profile [`LocalKeysError::Profile`] and [`LocalKeysError::DuplicateKey`]; then
    /// [`LocalKeysError::Empty`].
    pub fn read(text: &str) -> Result<Self, LocalKeysError> {
        let mut profiles: Vec<LocalProfile> = Vec::new();
        for (name, settings) in sections(text)? {
            let profile =
                read_profile(name, &settings).map_err(|problem| LocalKeysError::Profile {
                    profile: name.to_owned(),
                    problem,
                })?;
            if profiles
                .iter()
                .any(|other| other.access_key_id == profile.access_key_id)
            {
                return Err(LocalKeysError::DuplicateKey {
                    profile: name.to_owned(),
                });
            }
            profiles.push(profile);
        }
        if profiles.is_empty() {
            Err(LocalKeysError::Empty)
        } else {
            Ok(Self { profiles })
        }
    }

    /// Returns the profiles, in the order of the file.
    #[must_use]
    pub fn profiles(&self) -> &[LocalProfile] {
        &self.profiles
    }

    /// Returns a profile by its name.
    #[must_use]
    pub fn profile(&self, name: &str) -> Option<&LocalProfile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// Returns the keys for an embedded STS.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.profiles.iter().fold(Keys::new(), |keys, profile| {
            keys.with(&profile.access_key_id, profile.key.clone())
        })
    }
}

/// A profile's name and its settings, in their order.
type Section<'t> = (&'t str, Vec<(&'t str, &'t str)>);

/// Splits the file, which is made of lines: `[profile]`, `name = value`, `#` or `;` and a comment. A
/// value is what stands there, to the end of the line: secrets hold quotes, backslashes and `=`.
///
/// Our own twenty lines: the libraries for INI files undo escapes, bring ten crates, or tell another
/// line than the one that is wrong.
fn sections(text: &str) -> Result<Vec<Section<'_>>, LocalKeysError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            sections.push((name.trim(), Vec::new()));
            continue;
        }
        let setting = line
            .split_once('=')
            .map(|(name, value)| (name.trim(), value.trim()));
        match (sections.last_mut(), setting) {
            (_, None) => return Err(LocalKeysError::Syntax { line: number }),
            (None, Some(_)) => return Err(LocalKeysError::NoProfile { line: number }),
            (Some((_, settings)), Some(setting)) => settings.push(setting),
        }
    }
    Ok(sections)
}

fn read_profile(name: &str, settings: &[(&str, &str)]) -> Result<LocalProfile, Problem> {
    // As the AWS SDKs do: of a setting that stands twice, the last counts.
    let find = |setting| {
        let (_, value) = settings.iter().rev().find(|(name, _)| *name == setting)?;
        Some(*value).filter(|value| !value.is_empty())
    };
    let get = |setting| find(setting).ok_or(Problem::Missing(setting));
    let access_key_id =
        AccessKeyId::parse(get("aws_access_key_id")?).map_err(|_| Problem::AccessKeyId)?;
    let secret = SecretAccessKey::new(get("aws_secret_access_key")?);
    let (arn, user_id) = (get("arn")?, get("user_id")?);
    // The account is in the ARN; Identity::new checks that it is one.
    let account = arn.split(':').nth(4).unwrap_or("");
    let identity = Identity::new(arn, account, user_id).map_err(Problem::Identity)?;
    let key = match find("aws_session_token") {
        Some(token) => Key::temporary(secret, SessionToken::new(token), identity),
        None => Key::long_term(secret, identity),
    };
    let key = match find("expiration").map(UnixTime::parse_rfc3339) {
        Some(end) => key.with_expiry(end.map_err(|_| Problem::Expiration)?),
        None => key,
    };
    Ok(LocalProfile {
        name: name.to_owned(),
        access_key_id: access_key_id.to_string(),
        key,
    })
}
