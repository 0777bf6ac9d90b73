//! The file of a kubeconfig: the choice among several files, the entries in the file, and the lock that
//! kubectl takes on it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bounded_yaml::{Limits, Node, documents};
use program::{files, yaml};
use serde::Deserialize as _;
use serde_yaml::{Mapping, Value};

use super::{Entries, flag, map, wrong};
use crate::error::Error;
use crate::settings::Environment;

/// The limit on the size of a kubeconfig in bytes: our choice, a thousand clusters.
pub(super) const MAX_KUBECONFIG: usize = 16 * 1024 * 1024;

/// Returns the kubeconfigs among which to choose.
pub(super) fn paths(
    flag_value: Option<&Path>,
    environment: &Environment,
) -> Result<Vec<PathBuf>, Error> {
    if let Some(path) = flag_value {
        return Ok(vec![path.to_owned()]);
    }
    let listed = environment.get("KUBECONFIG").unwrap_or_default();
    let listed: Vec<PathBuf> = std::env::split_paths(listed)
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    if !listed.is_empty() {
        return Ok(listed);
    }
    let home = environment.get("HOME");
    let home = home.ok_or_else(|| flag("HOME", "it is empty; pass --kubeconfig FILE"))?;
    Ok(vec![Path::new(home).join(".kube/config")])
}

/// Chooses the first kubeconfig with the cluster, else the first (as `KubeconfigSelector` of the AWS CLI).
pub(super) fn choose(paths: &[PathBuf], cluster_name: &str) -> Result<(PathBuf, Mapping), Error> {
    for path in paths {
        if let Ok(config) = read(path)
            && has_cluster(&config, cluster_name)
        {
            return Ok((path.clone(), config));
        }
    }
    let first = paths
        .first()
        .ok_or_else(|| flag("KUBECONFIG", "it is empty"))?;
    Ok((first.clone(), read(first)?))
}

/// Reads a kubeconfig. A file that is missing or empty becomes a new kubeconfig.
pub(super) fn read(path: &Path) -> Result<Mapping, Error> {
    let new = || {
        map([
            ("apiVersion", "v1".into()),
            ("kind", "Config".into()),
            ("preferences", Mapping::new().into()),
        ])
    };
    match std::fs::metadata(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(new()),
        Err(why) => return Err(wrong(path, &why.to_string())),
        Ok(_) => {}
    }
    let text = files::read_file(path, MAX_KUBECONFIG).map_err(|why| wrong(path, &why))?;
    if let Some((line, tag)) = tag(&text) {
        let why = format!(
            "line {line}: it has the tag `!!{tag}`, which would not be kept; write the value without it"
        );
        return Err(wrong(path, &why));
    }
    let limits = Limits::new().with_max_bytes(MAX_KUBECONFIG);
    let trees: Vec<Node> = documents(&text, &limits)
        .collect::<Result<_, _>>()
        .map_err(|why| wrong(path, &why.to_string()))?;
    let config = match trees.as_slice() {
        [] => return Ok(new()),
        [tree] => {
            // This step refuses a mapping with a key that stands twice.
            Value::deserialize(tree).map_err(|why| wrong(path, &why.to_string()))?;
            yaml::value(&text, tree)
        }
        _ => return Err(wrong(path, "it has several YAML documents")),
    };
    match config {
        Value::Null => Ok(new()),
        Value::Mapping(config) if config.get("kind").is_none_or(|kind| kind == "Config") => {
            Ok(config)
        }
        _ => Err(wrong(path, "it is not a kubeconfig")),
    }
}

pub(super) fn has_cluster(config: &Mapping, name: &str) -> bool {
    let clusters = config.get("clusters").and_then(Value::as_sequence);
    clusters.is_some_and(|clusters| clusters.iter().any(|entry| is_named(entry, name)))
}

fn is_named(entry: &Value, name: &str) -> bool {
    entry.get("name").and_then(Value::as_str) == Some(name)
}

/// Replaces the entries of the same names, or adds them, and makes the context the current context.
pub(super) fn insert(config: &mut Mapping, entries: Entries) -> Result<(), String> {
    for (key, entry) in [
        ("clusters", entries.cluster),
        ("contexts", entries.context),
        ("users", entries.user),
    ] {
        let list = config.entry(key.into()).or_insert(Value::Null);
        if list.is_null() {
            *list = Value::Sequence(Vec::new());
        }
        let list = list
            .as_sequence_mut()
            .ok_or_else(|| format!("its `{key}` is not a list"))?;
        let name = entry
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // kubectl refuses a kubeconfig with two entries of one name (client-go,
        // `tools/clientcmd/api/v1/conversion.go`).
        let place = list.iter().position(|old| is_named(old, name));
        list.retain(|old| !is_named(old, name));
        list.insert(place.unwrap_or(list.len()), entry.into());
    }
    config.insert("current-context".into(), entries.context_name.into());
    Ok(())
}

/// Returns the first tag that gives a value another type or content, with the number of its line. A text that has one
/// counts too.
fn tag(text: &str) -> Option<(usize, &'static str)> {
    let mut lines = (1_usize..).zip(text.lines());
    lines.find_map(|(number, line)| {
        let has = |name: &&str| {
            line.contains(&format!("!!{name}"))
                || line.contains(&format!("!<tag:yaml.org,2002:{name}>"))
        };
        let name = line.contains('!').then(|| TAGS.into_iter().find(has))?;
        Some((number, name?))
    })
}

/// The tags of YAML 1.1 that change a value which a reader without tags takes as it stands: <https://yaml.org/type/>.
const TAGS: [&str; 9] = [
    "binary",
    "bool",
    "float",
    "int",
    "null",
    "omap",
    "pairs",
    "set",
    "timestamp",
];

/// How long to wait for another program, and how often to look: our choice. kubectl holds the lock while it writes.
const MAX_WAIT: Duration = Duration::from_secs(2);
const WAIT: Duration = Duration::from_millis(50);

/// kubectl's own lock on a kubeconfig: a file beside it (client-go, `tools/clientcmd/config.go`, `lockFile`).
pub(super) struct Lock(PathBuf);

impl Lock {
    /// Waits for another program that changes the kubeconfig.
    pub(super) fn of(path: &Path, pause: &dyn Fn(Duration)) -> Result<Self, Error> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|why| wrong(directory, &why.to_string()))?;
        }
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let mut waited = Duration::ZERO;
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(_) => return Ok(Self(lock)),
                Err(why) if why.kind() != ErrorKind::AlreadyExists => {
                    let why = format!("the kubeconfig cannot be locked: {why}");
                    return Err(wrong(&lock, &why));
                }
                Err(_) if waited < MAX_WAIT => {
                    pause(WAIT);
                    waited = waited.saturating_add(WAIT);
                }
                Err(_) => {
                    return Err(wrong(
                        &lock,
                        "another program is changing the kubeconfig; if none is running, delete this file",
                    ));
                }
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Returns whether a line of YAML has a comment. Behind a quotation mark, `#` may be text.
pub(super) fn has_comment(line: &str) -> bool {
    let before_quotes = line.split(['"', '\'']).next().unwrap_or_default();
    before_quotes.trim_start().starts_with('#') || before_quotes.contains(" #")
}
