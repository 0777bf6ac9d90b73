//! The AWS configuration: environment variables, the two files, and the profile in them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use aws_config::profile::{Profile, ProfileSet};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use crate::error::{Error, causes};

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
        write!(f, "{} `{}`", self.from, self.value.escape_debug())
    }
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
    profile: Option<Profile>,
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
    pub(crate) async fn read(
        environment: Environment,
        profile_flag: Option<&str>,
    ) -> Result<Self, Error> {
        use EnvConfigFileKind::{Config, Credentials};
        let config = open(&environment, "AWS_CONFIG_FILE", "config");
        let credentials = open(&environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let mut files = EnvConfigFiles::builder();
        for (kind, file) in [(Config, &config), (Credentials, &credentials)] {
            files = match file.fault {
                None => files.with_file(kind, &file.path),
                // The SDK panics when it is given no file at all.
                Some(_) => files.with_contents(kind, ""),
            };
        }
        let (profile_name, named_by) = name_profile(&environment, profile_flag);
        // The files are named above, so it looks for nothing of its own in the environment.
        let profiles = aws_config::profile::load(
            &Default::default(),
            &Default::default(),
            &files.build(),
            Some(profile_name.clone().into()),
        )
        .await
        .map_err(|why| Error::Files(causes(&why)))?;
        let profile = profiles.get_profile(&profile_name).cloned();
        let settings = Self {
            environment,
            config,
            credentials,
            profile_name,
            named_by,
            profile,
        };
        match (settings.named_by, &settings.profile) {
            (Some(from), None) => Err(settings.no_profile(from, &profiles)),
            _ => Ok(settings),
        }
    }

    fn no_profile(&self, from: &'static str, profiles: &ProfileSet) -> Error {
        let mut known: Vec<&str> = profiles.profiles().collect();
        known.sort_unstable();
        Error::NoProfile {
            name: self.profile_name.escape_debug().to_string(),
            from,
            files: self.files(),
            known: match known.is_empty() {
                true => String::new(),
                false => format!("; those there are {}", known.join(", ")),
            },
        }
    }

    pub(crate) const fn environment(&self) -> &Environment {
        &self.environment
    }

    pub(crate) const fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
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
        let variable = |name: &&str| {
            let value = self.environment.get(name)?;
            Some(Setting {
                value: value.to_owned(),
                from: (*name).to_owned(),
            })
        };
        variables.iter().find_map(variable).or_else(|| {
            let value = self.profile()?.get(key).filter(|value| !value.is_empty())?;
            let from = format!("`{key}` in profile `{}`:", self.profile_name);
            Some(Setting {
                value: value.to_owned(),
                from,
            })
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

fn open(environment: &Environment, variable: &str, name: &str) -> File {
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
    let fault = match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => Some("empty".to_owned()),
        Ok(_) => None,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Some("not there".to_owned()),
        Err(why) => Some(why.to_string()),
    };
    File { path, fault }
}
