//! The AWS configuration: environment variables, the two files, and the profile in them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use printable_text::Printable;
use program::files;

use crate::error::Error;
use crate::ini::{self, Sections};
use crate::profiles::{Profile, Profiles};

/// The largest configuration file that is read: our choice, a thousand times an ordinary one.
const MAX_FILE_LEN: usize = 4 * 1024 * 1024;

/// Environment variables. An empty variable counts as not set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        let mut variables: BTreeMap<String, String> = std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        // The AWS CLI asks the system for the home directory if the variable is not set.
        if !variables.contains_key("HOME")
            && let Some(home) = std::env::home_dir()
        {
            variables.insert("HOME".to_owned(), text(home.into_os_string()));
        }
        Self(variables)
    }

    /// Sets a variable, for a flag that overrides it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// Returns whether a variable is set, even if it is empty.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// For tests and the conformance driver.
impl<'a> FromIterator<(&'a str, &'a str)> for Environment {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(variables: T) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(variables.into_iter().map(owned).collect())
    }
}

/// A value and its place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) from: String,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} `{}`",
            self.from,
            Printable::new(&without_secrets(&self.value))
        )
    }
}

/// Hides the parts of a URL that may hold a secret: the user name and password, the query and the fragment. A password
/// with a `?` or `#` that is not escaped looks like a query with an `@`, so then only the scheme is shown.
fn without_secrets(text: &str) -> String {
    let (shown, rest) = match text.split_once(['?', '#']) {
        Some((_, query)) if query.contains('@') => ("…@", "…"),
        Some((shown, _)) => (shown, "…"),
        None => (text, ""),
    };
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    match (shown.rsplit_once('@'), scheme) {
        (None, _) => format!("{shown}{rest}"),
        (Some((_, after)), Some(scheme)) => format!("{scheme}://…@{after}{rest}"),
        (Some((_, after)), None) => format!("…@{after}{rest}"),
    }
}

/// One of the two files.
#[derive(Debug)]
struct File {
    path: PathBuf,
    state: State,
}

/// The state of a configuration file.
#[derive(Debug)]
enum State {
    /// Settings.
    Read,
    /// No settings, as for the AWS CLI.
    Says(&'static str),
    /// A file that cannot be read.
    Unreadable(String),
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = files::name(&self.path);
        match &self.state {
            State::Read => f.write_str(&path),
            State::Says(what) => write!(f, "{path} ({what})"),
            State::Unreadable(why) => write!(f, "{path} ({why})"),
        }
    }
}

/// The configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    environment: Environment,
    home: Option<PathBuf>,
    config: File,
    credentials: File,
    profile_name: String,
    /// The flag or variable that names the profile, if one does.
    named_by: Option<&'static str>,
    profiles: Profiles,
}

const PROFILE_FLAG: &str = "--profile";

impl Settings {
    /// Reads both files and finds the profile. The flag names it, else the environment does, else it is
    /// `default`.
    ///
    /// # Errors
    ///
    /// [`Error::Files`] if a file is malformed, [`Error::NoProfile`] if a profile is named and does not exist. A
    /// missing file counts as empty, as for the AWS CLI. Messages mention the missing file.
    pub(crate) fn read(
        environment: Environment,
        profile_flag: Option<&str>,
    ) -> Result<Self, Error> {
        let (config, config_sections) = open(&environment, "AWS_CONFIG_FILE", "config")?;
        let (credentials, credentials_sections) =
            open(&environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let (profile_name, named_by) = name_profile(&environment, profile_flag);
        let settings = Self {
            home: home(&environment),
            environment,
            config,
            credentials,
            profile_name,
            named_by,
            profiles: Profiles::merge(config_sections, credentials_sections),
        };
        match (settings.named_by, settings.profile()) {
            (Some(from), None) => Err(settings.no_profile(from)),
            _ => Ok(settings),
        }
    }

    fn no_profile(&self, from: &'static str) -> Error {
        let known: Vec<String> = self
            .profiles
            .names()
            .map(|name| Printable::new(name).to_string())
            .collect();
        Error::NoProfile {
            name: self.profile_name.clone(),
            from,
            files: self.files(),
            known: if known.is_empty() {
                String::new()
            } else {
                format!("; the profiles are {}", known.join(", "))
            },
        }
    }

    /// Refuses a file that exists but cannot be read: without the file, the signer might find other
    /// credentials. (The AWS CLI ignores it.)
    ///
    /// # Errors
    ///
    /// [`Error::Files`].
    pub(crate) fn check_files(&self) -> Result<(), Error> {
        for file in [&self.config, &self.credentials] {
            if let State::Unreadable(why) = &file.state {
                return Err(Error::Files {
                    path: files::name(&file.path),
                    why: why.clone(),
                });
            }
        }
        Ok(())
    }

    /// Returns the endpoint of a service that the environment or the profile sets, in botocore's order
    /// (`ConfiguredEndpointProvider`).
    ///
    /// # Errors
    ///
    /// [`Error::Boolean`] for the switch that ignores such settings.
    pub(crate) fn service_endpoint(&self, service: &str) -> Result<Option<Setting>, Error> {
        if self.switch(
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "ignore_configured_endpoint_urls",
        )? {
            return Ok(None);
        }
        let of_service = || {
            let profile = self.profile()?;
            let value = self.profiles.service_endpoint(profile, service)?;
            let name = Printable::new(profile.get("services")?);
            let from = format!("`{service}` in `[services {name}]`:");
            Some(Setting { value, from })
        };
        let variable = format!("AWS_ENDPOINT_URL_{}", service.to_uppercase());
        Ok(self
            .variable(&[&variable, "AWS_ENDPOINT_URL"])
            .or_else(of_service)
            .or_else(|| self.in_profile("endpoint_url")))
    }

    /// Returns the user's home directory. `None` if they have none.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// Names a profile and both files, for messages.
    pub(crate) fn describe(&self, profile: &str) -> String {
        format!("profile `{}` of {}", Printable::new(profile), self.files())
    }

    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) fn profile(&self) -> Option<&Profile> {
        self.profiles.get(&self.profile_name)
    }

    pub(crate) const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    pub(crate) fn profile_name(&self) -> &str {
        &self.profile_name
    }

    /// Returns whether the command line names the profile. If so, the keys in the environment do not count (as
    /// in botocore, `create_credential_resolver`).
    pub(crate) fn profile_is_asked_for(&self) -> bool {
        self.named_by == Some(PROFILE_FLAG)
    }

    /// Names both files with their faults, for messages.
    pub(crate) fn files(&self) -> String {
        format!("{} and {}", self.config, self.credentials)
    }

    /// Looks up a setting: the variables in their order, then the key in the profile.
    pub(crate) fn get(&self, variables: &[&str], key: &str) -> Option<Setting> {
        self.variable(variables).or_else(|| self.in_profile(key))
    }

    /// Returns the CA bundle of `--ca-bundle`, the environment or the profile. Else, as in botocore
    /// (`EndpointCreator._get_verify_value`), returns the bundle of Python's requests.
    pub(crate) fn ca_bundle(&self) -> Option<Setting> {
        self.get(&["AWS_CA_BUNDLE"], "ca_bundle")
            .or_else(|| self.variable(&["REQUESTS_CA_BUNDLE"]))
    }

    /// Returns the first of the variables that is set.
    pub(crate) fn variable(&self, variables: &[&str]) -> Option<Setting> {
        variables.iter().find_map(|name| {
            let value = self.environment.get(name)?;
            Some(Setting {
                value: value.to_owned(),
                from: (*name).to_owned(),
            })
        })
    }

    /// Returns a setting of the profile.
    pub(crate) fn in_profile(&self, key: &str) -> Option<Setting> {
        let value = self.profile()?.get(key)?;
        let from = format!(
            "`{key}` in profile `{}`:",
            Printable::new(&self.profile_name)
        );
        Some(Setting {
            value: value.to_owned(),
            from,
        })
    }

    /// Looks up a switch, which is off by default.
    ///
    /// # Errors
    ///
    /// [`Error::Boolean`] if the value is neither `true` nor `false`.
    pub(crate) fn switch(&self, variable: &str, key: &str) -> Result<bool, Error> {
        match self.get(&[variable], key) {
            None => Ok(false),
            Some(setting) if setting.value.eq_ignore_ascii_case("true") => Ok(true),
            Some(setting) if setting.value.eq_ignore_ascii_case("false") => Ok(false),
            Some(setting) => Err(Error::Boolean(setting)),
        }
    }
}

fn name_profile(environment: &Environment, flag: Option<&str>) -> (String, Option<&'static str>) {
    let variable = |name| environment.get(name).map(|value| (value, name));
    let named = flag
        .map(|value| (value, PROFILE_FLAG))
        .or_else(|| variable("AWS_PROFILE"))
        .or_else(|| variable("AWS_DEFAULT_PROFILE"));
    match named {
        Some((name, from)) => (name.to_owned(), Some(from)),
        None => ("default".to_owned(), None),
    }
}

/// Returns the user's home directory. `None` if they have none: a path below it must not be one below the current
/// directory, which may be the directory of another user.
fn home(environment: &Environment) -> Option<PathBuf> {
    let home = environment
        .get("HOME")
        .or_else(|| environment.get("USERPROFILE"));
    home.map(PathBuf::from)
}

fn open(environment: &Environment, variable: &str, name: &str) -> Result<(File, Sections), Error> {
    let written = match environment.get(variable) {
        None => format!("~/.aws/{name}"),
        Some(path) => expand_variables(environment, path),
    };
    let Some(path) = expand_user(environment, &written) else {
        let file = File {
            path: PathBuf::from(written),
            state: State::Says("not read: there is no home directory"),
        };
        return Ok((file, Sections::new()));
    };
    let path = PathBuf::from(path);
    let (state, text) = if path.is_file() {
        match files::read_file(&path, MAX_FILE_LEN) {
            Ok(text) if text.trim().is_empty() => (State::Says("empty"), text),
            Ok(text) => (State::Read, text),
            Err(why) => (State::Unreadable(why), String::new()),
        }
    } else if path.exists() {
        (State::Says("not a file"), String::new())
    } else {
        (State::Says("does not exist"), String::new())
    };
    let sections = ini::parse(&text).map_err(|why| Error::Files {
        path: files::name(&path),
        why,
    })?;
    Ok((File { path, state }, sections))
}

/// Replaces `$NAME` and `${NAME}` by the variable's value, if it is set (Python's `os.path.expandvars`).
fn expand_variables(environment: &Environment, path: &str) -> String {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|name| name.split_once('}'));
        let (name, next) = braced.unwrap_or_else(|| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            after.split_at_checked(end).unwrap_or((after, ""))
        });
        if let Some(value) = environment.0.get(name) {
            expanded.push_str(value);
            rest = next;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded.push_str(rest);
    expanded
}

/// Replaces `~` or `~NAME` at the beginning by the user's home directory, if there is such a user (Python's
/// `os.path.expanduser`). `None` if it is the directory of the user of this process, and they have none.
fn expand_user(environment: &Environment, path: &str) -> Option<String> {
    let Some(named) = path.strip_prefix('~') else {
        return Some(path.to_owned());
    };
    let end = named.find('/').unwrap_or(named.len());
    let (user, rest) = named.split_at_checked(end).unwrap_or((named, ""));
    let directory = match user {
        "" => Some(home(environment)?.to_string_lossy().into_owned()),
        user => home_of(user),
    };
    Some(directory.map_or_else(
        || path.to_owned(),
        |directory| format!("{}{rest}", directory.trim_end_matches('/')),
    ))
}

/// Returns the home directory of a user of this machine, by `/etc/passwd`.
fn home_of(user: &str) -> Option<String> {
    let users = files::read_file(Path::new("/etc/passwd"), MAX_FILE_LEN).ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| fields.nth(4).map(str::to_owned))?
    })
}

#[cfg(test)]
mod tests {
    use super::without_secrets;

    #[test]
    fn no_part_of_a_url_that_may_be_a_secret_is_shown() {
        for (url, shown) in [
            ("https://host/path", "https://host/path"),
            ("https://user:secret@host", "https://…@host"),
            ("user:secret@host", "…@host"),
            ("https://host/?token=secret", "https://host/…"),
            ("https://host/#secret", "https://host/…"),
            ("https://user:sec?ret@host", "https://…@…"),
            ("https://user:sec#ret@host?x", "https://…@…"),
            ("https://host/?token=sec@ret", "https://…@…"),
            ("user:sec?ret@host", "…@…"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }
}
