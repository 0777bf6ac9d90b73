//! The profiles of the two files, merged as botocore merges them, and the source of the credentials of each.

use std::collections::BTreeMap;

use crate::ini::{self, Section, Sections};

/// Every profile, SSO session and services section.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    by_name: BTreeMap<String, Profile>,
    sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
}

/// One profile: the settings of both files. The credentials file takes precedence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    merged: Section,
    in_config: Section,
    in_credentials: Section,
}

/// The source of a profile's credentials, apart from roles and web identities, in the order in which botocore
/// asks (`ProfileProviderBuilder.providers`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// `sso_account_id` or `sso_role_name`.
    Sso,
    /// Keys in the credentials file.
    CredentialsFile,
    /// `login_session`.
    Login,
    /// `credential_process`.
    Process,
    /// Keys in the config file.
    ConfigFile,
}

/// Settings by which a profile has keys.
const KEYS: [&str; 2] = ["aws_access_key_id", "aws_secret_access_key"];
/// Settings by which a profile uses SSO.
const SSO: [&str; 2] = ["sso_account_id", "sso_role_name"];

impl Profile {
    /// Returns a setting; `None` if it is missing or empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        value(&self.merged, key)
    }

    /// Returns a setting of the file that the keys come from.
    pub(crate) fn key(&self, source: Source, key: &str) -> Option<&str> {
        match source {
            Source::CredentialsFile => value(&self.in_credentials, key),
            _ => value(&self.in_config, key),
        }
    }

    /// Returns whether a role is assumed: `role_arn`, without a web identity token.
    pub(crate) fn is_role(&self) -> bool {
        self.has("role_arn") && !self.has("web_identity_token_file")
    }

    /// Returns whether the profile has keys, in either file.
    pub(crate) fn has_keys(&self) -> bool {
        KEYS.iter().any(|key| self.has(key))
    }

    /// Returns the source of the credentials; `None` if there are none.
    pub(crate) fn source(&self) -> Option<Source> {
        let has_keys = |file: &Section| KEYS.iter().any(|key| file.contains_key(*key));
        if SSO.iter().any(|key| self.has(key)) {
            Some(Source::Sso)
        } else if has_keys(&self.in_credentials) {
            Some(Source::CredentialsFile)
        } else if self.has("login_session") {
            Some(Source::Login)
        } else if self.has("credential_process") {
            Some(Source::Process)
        } else if has_keys(&self.in_config) {
            Some(Source::ConfigFile)
        } else {
            None
        }
    }

    fn has(&self, key: &str) -> bool {
        self.merged.contains_key(key)
    }
}

/// Returns a setting that is not empty.
fn value<'s>(section: &'s Section, key: &str) -> Option<&'s str> {
    let value = section.get(key)?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

impl Profiles {
    /// Merges the config file and the credentials file. If the config file has two sections for one
    /// profile, such as `[default]` and `[profile default]`, the later section counts.
    pub(crate) fn merge(config: Sections, credentials: Sections) -> Self {
        let mut all = Self::default();
        for (name, section) in config {
            if name == "default" {
                all.profile("default").in_config = section;
                continue;
            }
            let words = ini::words(&name).unwrap_or_default();
            let Ok([_, own]) = <[String; 2]>::try_from(words) else {
                continue;
            };
            // As in botocore, which examines the beginning of the whole name.
            if name.starts_with("profile") {
                all.profile(&own).in_config = section;
            } else if name.starts_with("sso-session") {
                all.sessions.insert(own, section);
            } else if name.starts_with("services") {
                all.services.insert(own, section);
            }
        }
        for (name, section) in credentials {
            all.profile(&name).in_credentials = section;
        }
        for profile in all.by_name.values_mut() {
            profile.merged = profile.in_config.clone();
            profile.merged.extend(profile.in_credentials.clone());
        }
        all
    }

    fn profile(&mut self, name: &str) -> &mut Profile {
        self.by_name.entry(name.to_owned()).or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    /// Returns a profile with its stored name.
    pub(crate) fn get_with_name(&self, name: &str) -> Option<(&str, &Profile)> {
        let (name, profile) = self.by_name.get_key_value(name)?;
        Some((name, profile))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Returns an SSO session.
    pub(crate) fn session(&self, name: &str) -> Option<&Section> {
        self.sessions.get(name)
    }

    /// Returns the endpoint of a service in the profile's services section.
    pub(crate) fn service_endpoint(&self, profile: &Profile, service: &str) -> Option<String> {
        let services = self.services.get(profile.get("services")?)?;
        ini::nested(services.get(service)?)?
            .remove("endpoint_url")
            .filter(|url| !url.is_empty())
    }
}
