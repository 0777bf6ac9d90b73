//! Tokens on disk, for later runs with the same settings.
//!
//! Each token has a file in `~/.kube/cache/signer`, readable by its owner only, and a lock file beside it. The
//! lock lets only one of several simultaneous runs make the requests. A file is replaced as a whole. A cache
//! that cannot be used gives a note on standard error, and never an error.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use eks_token::Token;
use program::{files, output};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sts_presign::{ClusterId, PresignedUrl, TOKEN_LIFE, UnixTime};

use crate::PROGRAM;
use crate::endpoint::Target;
use crate::plan::{Base, Plan};
use crate::settings::Settings;

/// The least remaining life of a cached token that is used, in seconds: our choice. kubectl uses a token
/// until its expiry.
const MIN_LIFE: u64 = 60;

/// How long to wait for another run, and how often to look: our choice. The other run may ask for a code.
const MAX_WAIT: Duration = Duration::from_secs(30);
const WAIT: Duration = Duration::from_millis(50);

/// The longest file in bytes: a token and its time.
const MAX_FILE_LEN: usize = 2 * eks_token::MAX_TOKEN_LEN;

/// The place of one token.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    name: String,
    host: String,
}

/// A token, and when to request another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    pub(crate) token: String,
    pub(crate) expires_at: UnixTime,
}

/// How files are locked: by the system's locks, except in the conformance driver.
#[derive(Clone, Copy)]
pub(crate) struct Locks<'t> {
    pub(crate) try_lock: &'t dyn Fn(&File) -> Result<(), TryLockError>,
    pub(crate) pause: &'t dyn Fn(Duration),
    /// Says on standard error why the cache is not used.
    pub(crate) note: &'t dyn Fn(&str),
}

impl Locks<'static> {
    pub(crate) const SYSTEM: Self = Self {
        try_lock: &File::try_lock,
        pause: &std::thread::sleep,
        note: &|why| output::note(PROGRAM, &format_args!("the cache: {why}")),
    };
}

/// The lock on a place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "dropping the file unlocks it")] File);

impl Cache {
    /// Returns the place of the token for an identity, a cluster, a region and a host. `None` if no request is
    /// needed for the keys: signing is then faster than reading a file.
    ///
    /// The identity is the whole plan: keys, profiles, roles and their options. So the token of a changed
    /// profile has another place.
    pub(crate) fn of(
        settings: &Settings,
        plan: &Plan,
        target: &Target,
        cluster_id: &ClusterId,
    ) -> Option<Self> {
        let key = match &plan.base {
            Base::Environment => settings.environment().get("AWS_ACCESS_KEY_ID"),
            Base::Keys { profile, source } => settings
                .profiles()
                .get(profile)
                .and_then(|profile| profile.key(*source, "aws_access_key_id")),
            _ => None,
        };
        if plan.roles.is_empty() && matches!(plan.base, Base::Environment | Base::Keys { .. }) {
            return None;
        }
        let machine = settings.variable(&[
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ]);
        let identity = format!(
            "{}\n{plan:?}\n{key:?}\n{machine:?}\n{}\n{}\n{}\n",
            env!("CARGO_PKG_VERSION"),
            cluster_id.as_str(),
            target.region(),
            target.host(),
        );
        let name = Sha256::digest(identity.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some(Self {
            directory: settings
                .home()
                .unwrap_or(Path::new(""))
                .join(".kube/cache/signer"),
            name,
            host: target.host().to_owned(),
        })
    }

    /// Waits for other runs, so that one of them makes the requests.
    ///
    /// # Errors
    ///
    /// The reason why there can be no lock.
    pub(crate) fn lock(&self, locks: Locks<'_>) -> Result<Lock, String> {
        let wrong = |why: std::io::Error| format!("{}: {why}", files::name(&self.directory));
        if !self.directory.is_absolute() {
            return Err("HOME is not the path of a directory".to_owned());
        }
        make_directory(&self.directory).map_err(wrong)?;
        if is_open_to_others(&self.directory) {
            let name = files::name(&self.directory);
            return Err(format!("{name}: other users may write to it"));
        }
        let path = self.directory.join(&self.name).with_extension("lock");
        let file = private().write(true).create(true).open(&path);
        let file = file.map_err(wrong)?;
        let mut waited = Duration::ZERO;
        loop {
            match (locks.try_lock)(&file) {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) if waited < MAX_WAIT => {
                    (locks.pause)(WAIT);
                    waited = waited.saturating_add(WAIT);
                }
                Err(why) => return Err(format!("{}: {why}", files::name(&path))),
            }
        }
    }

    /// Returns the token if it is good for [`MIN_LIFE`] seconds. Also `None` if other users may read or write the
    /// file, or write to its directory.
    pub(crate) fn get(&self, now: UnixTime) -> Option<Kept> {
        let path = self.path();
        if !path.is_absolute() || !is_private(&path) || is_open_to_others(&self.directory) {
            return None;
        }
        let text = files::read_file(&path, MAX_FILE_LEN).ok()?;
        let document: Value = serde_json::from_str(&text).ok()?;
        let get = |key: &str| document.get(key).and_then(Value::as_str);
        let kept = Kept {
            token: get("token")?.to_owned(),
            expires_at: UnixTime::parse_rfc3339(get("expirationTimestamp")?).ok()?,
        };
        let url = Token::parse(&kept.token).ok()?.decode().ok()?;
        let is_ours = PresignedUrl::parse(url.expose()).ok()?.host() == self.host;
        // A token with a longer life than any token has was written by a clock that was wrong.
        let is_good =
            kept.expires_at >= now.later(MIN_LIFE) && kept.expires_at <= now.later(TOKEN_LIFE);
        (is_ours && is_good).then_some(kept)
    }

    /// Keeps a token.
    ///
    /// # Errors
    ///
    /// The reason.
    pub(crate) fn put(&self, kept: &Kept) -> Result<(), String> {
        let document = json!({
            "token": kept.token,
            "expirationTimestamp": kept.expires_at.to_rfc3339(),
        });
        let path = self.path();
        if !is_private(&path) {
            // A link, or the permissions of an old file, would show the token to others. An error means that there is
            // no file.
            let _ = fs::remove_file(&path);
        }
        files::replace(&path, format!("{document}\n").as_bytes())
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name).with_extension("json")
    }
}

#[cfg(unix)]
fn make_directory(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn make_directory(path: &Path) -> std::io::Result<()> {
    fs::create_dir_all(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Returns whether the file is there and only its owner may read and write it.
#[cfg(unix)]
fn is_private(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::symlink_metadata(path).is_ok_and(|file| file.is_file() && file.mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(path: &Path) -> bool {
    path.is_file()
}

/// Returns whether users other than the owner may write to a directory, and so put their tokens
/// there.
#[cfg(unix)]
fn is_open_to_others(directory: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(directory).is_ok_and(|directory| directory.mode() & 0o022 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}
