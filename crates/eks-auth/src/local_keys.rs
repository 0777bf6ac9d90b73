//! The credentials file of the embedded STS.

use iam_principal::{AccessKeyId, Identity, Kind};
use printable_text::Printable;
use sts_presign::{Key, Keys, SecretAccessKey, SessionToken, UnixTime};
use thiserror::Error as ThisError;

/// The keys of a credentials file, each with its identity.
///
/// The format is AWS's shared credentials file. Each profile has two more settings, `arn` and
/// `user_id`, because an STS has to know the identity of every key.
///
/// ```ini
/// [alice]
/// aws_access_key_id = AKIDEXAMPLE
/// aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
/// arn = arn:aws:iam::111122223333:user/alice
/// user_id = AIDAEXAMPLE
/// ```
///
/// A profile with `aws_session_token` is a temporary key. It may have an end: `expiration`, a time in RFC
/// 3339 and UTC with whole seconds, such as `2026-11-23T09:14:00Z`.
#[derive(Clone, Debug)]
pub struct LocalKeys {
    // INVARIANT: not empty.
    profiles: Vec<LocalProfile>,
}

/// One profile: a key and its identity.
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

    /// Returns the key: its secret, its session token and its identity.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }
}

/// Why a credentials file cannot be read. Names profiles and settings, never a value.
#[derive(Clone, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum LocalKeysError {
    /// Two profiles have the same access key id, so the key's identity would be ambiguous.
    #[error(
        "profile `{}` has the access key id of another profile",
        Printable::new(profile)
    )]
    DuplicateKey {
        /// The second of the two profiles.
        profile: String,
    },
    /// Two profiles have the same name.
    #[error("the file has several profiles `{}`", Printable::new(profile))]
    DuplicateProfile {
        /// The name.
        profile: String,
    },
    /// The file has no profile.
    #[error("the file has no profile; a profile begins with its name in brackets, as in `[alice]`")]
    Empty,
    /// A setting precedes the first profile.
    #[error("line {line}: this setting precedes the first `[profile]`")]
    NoProfile {
        /// The line, counted from 1.
        line: usize,
    },
    /// A profile's settings do not form a key.
    #[error("profile `{}`: {source}", Printable::new(profile))]
    Profile {
        /// The profile.
        profile: String,
        /// The reason.
        source: ProfileError,
    },
    /// A line has another form.
    #[error("line {line}: neither `[profile]`, nor `name = value`, nor a comment")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
    },
}

/// Why a profile's settings do not form a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
#[non_exhaustive]
pub enum ProfileError {
    /// The access key id is not 1 to 128 letters, digits and `_`.
    #[error(
        "`aws_access_key_id` has other characters than letters, digits and `_`, or is too long"
    )]
    AccessKeyId,
    /// A setting occurs twice. Other programs read the first, the last or neither.
    #[error("`{0}` occurs twice")]
    Duplicate(&'static str),
    /// The expiration is not an RFC 3339 time in UTC with whole seconds.
    #[error("`expiration` is not a time of the form `2026-11-23T09:14:00Z`")]
    Expiration,
    /// ARN and user id are malformed or do not belong together.
    #[error("`arn` and `user_id`: {0}")]
    Identity(iam_principal::Error),
    /// A setting has no value.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A setting is missing. The keys of assumed roles and federated users need `aws_session_token`.
    #[error("`{0}` is missing")]
    Missing(&'static str),
}

impl LocalKeys {
    /// Reads a credentials file.
    ///
    /// # Errors
    ///
    /// Line by line [`LocalKeysError::Syntax`] and [`LocalKeysError::NoProfile`]; then profile by
    /// profile [`LocalKeysError::DuplicateProfile`], [`LocalKeysError::Profile`] and
    /// [`LocalKeysError::DuplicateKey`]; then [`LocalKeysError::Empty`]. A file with one unreadable profile
    /// is refused as a whole: a key that lost its session token or its end would be valid too
    /// often.
    pub fn read(text: &str) -> Result<Self, LocalKeysError> {
        let mut profiles: Vec<LocalProfile> = Vec::new();
        for (name, settings) in sections(text)? {
            if profiles.iter().any(|other| other.name == name) {
                return Err(LocalKeysError::DuplicateProfile {
                    profile: name.to_owned(),
                });
            }
            let profile =
                read_profile(name, &settings).map_err(|source| LocalKeysError::Profile {
                    profile: name.to_owned(),
                    source,
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

    /// Returns the profile of this name, or `None` if there is none.
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

/// A profile's name and its settings, in the order of the file.
type Section<'t> = (&'t str, Vec<(&'t str, &'t str)>);

/// Splits a file into profiles. Its lines are `[profile]`, `name = value`, or a comment after `#` or `;`. A
/// value is the rest of its line as written, because secrets contain quotes, backslashes and `=`.
///
/// These twenty lines are our own, because the libraries for INI files undo escapes, pull in ten crates, or
/// report the wrong line.
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

fn read_profile(name: &str, settings: &[(&str, &str)]) -> Result<LocalProfile, ProfileError> {
    let find = |setting| find(settings, &[setting]);
    let get = |setting| find(setting)?.ok_or(ProfileError::Missing(setting));
    let access_key_id =
        AccessKeyId::parse(get("aws_access_key_id")?).map_err(|_| ProfileError::AccessKeyId)?;
    let secret = SecretAccessKey::new(get("aws_secret_access_key")?);
    let (arn, user_id) = (get("arn")?, get("user_id")?);
    // Identity::new checks that this part of the ARN is an account id.
    let account = arn.split(':').nth(4).unwrap_or("");
    let identity = Identity::new(arn, account, user_id).map_err(ProfileError::Identity)?;
    let needs_token = matches!(identity.kind(), Kind::AssumedRole | Kind::FederatedUser);
    let key = match find_session_token(settings)? {
        Some(token) => Key::temporary(secret, SessionToken::new(token), identity),
        None if needs_token => return Err(ProfileError::Missing(SESSION_TOKEN)),
        None => Key::long_term(secret, identity),
    };
    let key = match find("expiration")?.map(UnixTime::parse_rfc3339) {
        Some(end) => key.with_expiry(end.map_err(|_| ProfileError::Expiration)?),
        None => key,
    };
    Ok(LocalProfile {
        name: name.to_owned(),
        access_key_id: access_key_id.to_string(),
        key,
    })
}

const SESSION_TOKEN: &str = "aws_session_token";

/// Finds the session token, which botocore also reads from `aws_security_token`, its older name.
fn find_session_token<'t>(settings: &[(&str, &'t str)]) -> Result<Option<&'t str>, ProfileError> {
    find(settings, &[SESSION_TOKEN, "aws_security_token"])
}

/// Finds a setting by any of its names. As in botocore, their ASCII case does not matter. `None` if there is
/// no such setting.
fn find<'t>(
    settings: &[(&str, &'t str)],
    names: &[&'static str],
) -> Result<Option<&'t str>, ProfileError> {
    let name = names.first().copied().unwrap_or_default();
    let mut values = settings
        .iter()
        .filter(|(setting, _)| names.iter().any(|name| setting.eq_ignore_ascii_case(name)))
        .map(|(_, value)| *value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(ProfileError::Duplicate(name)),
        (Some(""), None) => Err(ProfileError::Empty(name)),
        (Some(value), None) => Ok(Some(value)),
    }
}
