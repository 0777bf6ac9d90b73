//! The AWS configuration: environment variables, the two files, and the profile in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::ini::{self, Sections};
use crate::profiles::{Profile, Profiles};

/// The largest configuration file that is read: our choice, a thousand times an ordinary one.
const MAX_FILE_LEN: u64 = 4 * 1024 * 1024;

/// Environment variables. One that is empty counts as not set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment(BTreeMap<String, String>);

impl Environment {
    pub(crate) fn of_process() -> Self {
        let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
        Self(
            std::env::vars_os()
                .map(|(name, value)| (text(name), text(value)))
                .collect(),
        )
    }

    /// Sets a variable, as a flag does that stands above it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
impl<'a> FromIterator<(&'a str, &'a str)> for Environment {
    fn from_iter<T: IntoIterator<Item = (&'a str, &'a str)>>(variables: T) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(variables.into_iter().map(owned).collect())
    }
}

/// A value, and where it was said.
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
            without_userinfo(&self.value).escape_debug()
        )
    }
}

/// Hides the user name and password of a URL.
fn without_userinfo(text: &str) -> Cow<'_, str> {
    let hidden = text.rsplit_once('@').map(|(before, after)| {
        let scheme = before.split_once("://").map(|(scheme, _)| scheme);
        match scheme {
            Some(scheme) => format!("{scheme}://…@{after}"),
            None => format!("…@{after}"),
        }
    });
    hidden.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// One of the two files, and why it says nothing, if so.
#[derive(Debug)]
struct File {
    path: PathBuf,
    fault: Option<String>,
}

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match &self.fault {
            Some(fault) => write!(f, " ({fault})"),
            None => Ok(()),
        }
    }
}

/// What is configured.
#[derive(Debug)]
pub(crate) struct Settings {
    environment: Environment,
    config: File,
    credentials: File,
    profile_name: String,
    /// Where its name was said, if it was.
    named_by: Option<&'static str>,
    profiles: Profiles,
}

const PROFILE_FLAG: &str = "--profile";

impl Settings {
    /// Reads the files and finds the profile: the one asked for, or the one that the environment
    /// names, or `default`.
    ///
    /// # Errors
    ///
    /// [`Error::Files`] if a file has a mistake in its form, [`Error::NoProfile`] if a profile is
    /// named and not there. A file that is not there or cannot be read is empty to the AWS CLI and
    /// so it is here; the messages say so.
    pub(crate) fn read(
        environment: Environment,
        profile_flag: Option<&str>,
    ) -> Result<Self, Error> {
        let (config, config_sections) = open(&environment, "AWS_CONFIG_FILE", "config")?;
        let (credentials, credentials_sections) =
            open(&environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
        let (profile_name, named_by) = name_profile(&environment, profile_flag);
        let settings = Self {
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
            .map(|name| name.escape_debug().to_string())
            .collect();
        Error::NoProfile {
            name: self.profile_name.escape_debug().to_string(),
            from,
            files: self.files(),
            known: if known.is_empty() {
                String::new()
            } else {
                format!("; the profiles are {}", known.join(", "))
            },
        }
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

    /// Tells whether the command line names the profile: then the keys in the environment do not
    /// count (as botocore, `create_credential_resolver`).
    pub(crate) fn profile_is_asked_for(&self) -> bool {
        self.named_by == Some(PROFILE_FLAG)
    }

    /// Names both files, for messages, and says what is wrong with them.
    pub(crate) fn files(&self) -> String {
        format!("{} and {}", self.config, self.credentials)
    }

    /// Looks a setting up: the variables in their order, then the key in the profile.
    pub(crate) fn get(&self, variables: &[&str], key: &str) -> Option<Setting> {
        self.variable(variables).or_else(|| self.in_profile(key))
    }

    /// Returns the CA bundle: that of `--ca-bundle`, the environment or the profile.
    pub(crate) fn ca_bundle(&self) -> Option<Setting> {
        self.get(&["AWS_CA_BUNDLE"], "ca_bundle")
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
        let from = format!("`{key}` in profile `{}`:", self.profile_name.escape_debug());
        Some(Setting {
            value: value.to_owned(),
            from,
        })
    }

    /// Looks a switch up. Off unless it says otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::Boolean`] if it is neither `true` nor `false`.
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

fn open(environment: &Environment, variable: &str, name: &str) -> Result<(File, Sections), Error> {
    let home = environment
        .get("HOME")
        .or_else(|| environment.get("USERPROFILE"));
    let home = PathBuf::from(home.unwrap_or("~"));
    let path = match environment.get(variable) {
        None => home.join(".aws").join(name),
        Some(path) => match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(path),
        },
    };
    let (fault, text) = match read(&path) {
        Ok(text) if text.trim().is_empty() => (Some("empty".to_owned()), text),
        Ok(text) => (None, text),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            (Some("does not exist".to_owned()), String::new())
        }
        Err(why) => (Some(why.to_string()), String::new()),
    };
    let sections = ini::parse(&text).map_err(|why| Error::Files {
        path: path.display().to_string(),
        why,
    })?;
    Ok((File { path, fault }, sections))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_FILE_LEN.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|len| len > MAX_FILE_LEN) {
        return Err(io::Error::other("longer than 4 MiB"));
    }
    Ok(text)
}
