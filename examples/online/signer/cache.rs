//! Tokens on disk, for later runs with the same settings and the same identity.
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

/// The variables that name the metadata of a container, which is asked before the instance.
const CONTAINER: [&str; 2] = [
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

/// Several instances may share a home directory, and the role of one can be replaced.
const INSTANCE: &str =
    "the next run may be on an instance with another role, or this one may have another role then";

/// The longest file in bytes: a token and its time.
const MAX_FILE_LEN: usize = 2 * eks_token::MAX_TOKEN_LEN;

/// The place of one token.
#[derive(Debug)]
pub(crate) struct Cache {
    directory: PathBuf,
    name: String,
    host: String,
    /// The hash of what the identity depends on besides the plan.
    source: String,
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
    /// Returns the place of the token for an identity, a cluster, a region and a host.
    ///
    /// The identity is the whole plan: keys, profiles, roles and their options. So a changed profile has
    /// another place. What a file determines, such as a login, is in the file of the token: the next login replaces it.
    ///
    /// # Errors
    ///
    /// Why no token is kept: the keys are at hand, so that signing with them is faster than reading a file; or the
    /// source may have another identity at the next run, and nothing shows it.
    pub(crate) fn of(
        settings: &Settings,
        plan: &Plan,
        target: &Target,
        cluster_id: &ClusterId,
    ) -> Result<Self, String> {
        let key = match &plan.base {
            Base::Environment => settings.environment().get("AWS_ACCESS_KEY_ID"),
            Base::Keys { profile, source } => settings
                .profiles()
                .get(profile)
                .and_then(|profile| profile.key(*source, "aws_access_key_id")),
            _ => None,
        };
        let source = digest(&source(settings, plan)?);
        let machine = settings.variable(&CONTAINER);
        let identity = format!(
            "{}\n{plan:?}\n{key:?}\n{machine:?}\n{}\n{}\n{}\n",
            env!("CARGO_PKG_VERSION"),
            cluster_id.as_str(),
            target.region(),
            target.host(),
        );
        Ok(Self {
            directory: settings
                .home()
                .unwrap_or_else(|| Path::new(""))
                .join(".kube/cache/signer"),
            name: digest(&identity),
            host: target.host().to_owned(),
            source,
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

    /// Returns the token if it is good for [`MIN_LIFE`] seconds. Also `None` if its source has changed, or if other users may
    /// read or write the file, or write to its directory.
    pub(crate) fn get(&self, now: UnixTime) -> Option<Kept> {
        let path = self.path();
        if !path.is_absolute() || !is_private(&path) || is_open_to_others(&self.directory) {
            return None;
        }
        let text = files::read_file(&path, MAX_FILE_LEN).ok()?;
        let document: Value = serde_json::from_str(&text).ok()?;
        let get = |key: &str| document.get(key).and_then(Value::as_str);
        if get("source")? != self.source {
            return None;
        }
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
            "source": self.source,
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

/// Returns what the identity of a source depends on besides the plan and the id of a key: a login, or the token of a
/// web identity or of a container.
///
/// # Errors
///
/// Why no token is kept.
fn source(settings: &Settings, plan: &Plan) -> Result<String, String> {
    match &plan.base {
        Base::Environment | Base::Keys { .. } if plan.roles.is_empty() => {
            Err("the keys are at hand, and signing with them takes no request".to_owned())
        }
        Base::Environment | Base::Keys { .. } => Ok(String::new()),
        Base::WebIdentity(web_identity) => content(&web_identity.token_file),
        Base::Sso(sso) => match sso.cache_file(settings) {
            Some(login) => content(&login),
            None => Err("there is no login".to_owned()),
        },
        Base::Process { .. } => Err(
            "a credential_process can print the keys of another identity in the next run"
                .to_owned(),
        ),
        Base::Container | Base::Machine => container(settings),
        Base::Instance => Err(INSTANCE.to_owned()),
    }
}

/// Returns what the identity of a container depends on.
fn container(settings: &Settings) -> Result<String, String> {
    let get = |name| settings.environment().get(name);
    if let Some(path) = get(CONTAINER[0]) {
        return Ok(path.to_owned());
    }
    let url = get(CONTAINER[1]).ok_or(INSTANCE)?;
    let token = match get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(content(Path::new(file))?),
        None => get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
    };
    let token = token.ok_or(
        "the server of AWS_CONTAINER_CREDENTIALS_FULL_URI has no authorization token, and can have the keys of another \
         identity in the next run",
    )?;
    Ok(format!("{url}\n{token}"))
}

/// Returns the content of a file. Reading a pipe would take it from the source.
fn content(path: &Path) -> Result<String, String> {
    let named = |why: String| format!("{}: {why}", files::name(path));
    match path.metadata() {
        Ok(other) if !other.is_file() => Err(named("it is not a regular file".to_owned())),
        _ => files::read_file(path, files::MAX_SMALL_FILE).map_err(named),
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
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
