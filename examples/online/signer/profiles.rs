//! The profiles of the two files, merged as botocore merges them, and where each gets its credentials.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::error::Error;
use crate::ini::{self, Section, Sections};

/// Every profile, SSO session and services section.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    by_name: BTreeMap<String, Profile>,
    sessions: BTreeMap<String, Section>,
    services: BTreeMap<String, Section>,
}

/// One profile: the settings of both files, of which those of the credentials file win.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    merged: Section,
    in_config: Section,
    in_credentials: Section,
}

/// Where a profile gets its credentials, in the order in which botocore asks
/// (`create_credential_resolver`, `ProfileProviderBuilder.providers`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// `role_arn`, unless there is a web identity token.
    Role,
    /// `web_identity_token_file`.
    WebIdentity,
    /// `sso_start_url` or `sso_session`.
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

const SSO: [&str; 5] = [
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
];
const ROLE: [&str; 7] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "external_id",
    "role_session_name",
    "duration_seconds",
    "mfa_serial",
];
const KEYS: [&str; 4] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
];

impl Profile {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        let value = self.merged.get(key)?.as_str();
        Some(value).filter(|value| !value.is_empty())
    }

    /// Returns the keys in the file that they come from.
    pub(crate) fn keys(&self, source: Source, key: &str) -> Option<&str> {
        let file = match source {
            Source::CredentialsFile => &self.in_credentials,
            _ => &self.in_config,
        };
        file.get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns where the credentials come from, without those of the environment.
    pub(crate) fn source(&self) -> Option<Source> {
        if self.is_role(true) {
            return Some(Source::Role);
        }
        self.base_source()
    }

    /// Returns whether a role is assumed. A `source_profile`, unlike the first profile, uses its own keys
    /// instead, if it has any.
    fn is_role(&self, is_first: bool) -> bool {
        let has = |key: &str| self.merged.contains_key(key);
        let has_keys = KEYS[..2].iter().any(|key| has(key));
        has("role_arn") && !has("web_identity_token_file") && (is_first || !has_keys)
    }

    /// Returns where the credentials come from that a role is assumed with.
    fn base_source(&self) -> Option<Source> {
        let has = |key: &str| self.merged.contains_key(key);
        let has_keys = |file: &Section| KEYS[..2].iter().any(|key| file.contains_key(*key));
        if has("web_identity_token_file") {
            Some(Source::WebIdentity)
        } else if SSO.iter().any(|key| has(key)) {
            Some(Source::Sso)
        } else if has_keys(&self.in_credentials) {
            Some(Source::CredentialsFile)
        } else if has("login_session") {
            Some(Source::Login)
        } else if has("credential_process") {
            Some(Source::Process)
        } else if has_keys(&self.in_config) {
            Some(Source::ConfigFile)
        } else {
            None
        }
    }
}

impl Profiles {
    /// Merges the config file and the credentials file.
    pub(crate) fn merge(config: Sections, credentials: Sections) -> Self {
        let mut all = Self::default();
        for (name, section) in config {
            if name == "default" {
                all.profile("default").add_config(section);
                continue;
            }
            let words = ini::words(&name).unwrap_or_default();
            let Ok([kind, name]) = <[String; 2]>::try_from(words) else {
                continue;
            };
            match kind.as_str() {
                "profile" => all.profile(&name).add_config(section),
                "sso-session" => drop(all.sessions.insert(name, section)),
                "services" => drop(all.services.insert(name, section)),
                _ => {}
            }
        }
        for (name, section) in credentials {
            all.profile(&name).add_credentials(section);
        }
        all
    }

    fn profile(&mut self, name: &str) -> &mut Profile {
        self.by_name.entry(name.to_owned()).or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Profile> {
        self.by_name.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// Returns the STS endpoint of the profile's services section.
    pub(crate) fn sts_endpoint(&self, profile: &Profile) -> Option<String> {
        let services = self.services.get(profile.get("services")?)?;
        ini::nested(services.get("sts")?)?
            .remove("endpoint_url")
            .filter(|url| !url.is_empty())
    }

    /// Follows `source_profile`, and returns every profile on the way, the first included.
    fn chain<'a>(&'a self, name: &'a str) -> Vec<(&'a str, &'a Profile)> {
        let mut chain: Vec<(&str, &Profile)> = Vec::new();
        let mut next = Some(name);
        while let Some(name) = next
            && let Some((name, profile)) = self.by_name.get_key_value(name)
            && !chain.iter().any(|(other, _)| other == name)
        {
            let is_role = profile.is_role(chain.is_empty());
            chain.push((name, profile));
            next = profile.get("source_profile").filter(|_| is_role);
        }
        chain
    }

    /// Returns whether the credentials of a profile come from SSO, at the end of its chain of roles.
    pub(crate) fn is_sso(&self, name: &str) -> bool {
        let chain = self.chain(name);
        let base = chain.last().and_then(|(_, profile)| profile.base_source());
        base == Some(Source::Sso)
    }

    /// Refuses what needs a person or a program that is not here.
    ///
    /// # Errors
    ///
    /// [`Error::Mfa`], [`Error::Login`], [`Error::SsoConflict`].
    pub(crate) fn check(&self, name: &str) -> Result<(), Error> {
        for (index, (name, profile)) in self.chain(name).into_iter().enumerate() {
            let printed = || name.escape_debug().to_string();
            let is_role = profile.is_role(index == 0);
            if let Some(serial) = profile.get("mfa_serial").filter(|_| is_role) {
                return Err(Error::Mfa {
                    profile: printed(),
                    serial: serial.escape_debug().to_string(),
                });
            }
            if profile.base_source() == Some(Source::Login) && !is_role {
                return Err(Error::Login { profile: printed() });
            }
            if let Some(session) = profile
                .get("sso_session")
                .and_then(|s| self.sessions.get(s))
            {
                for key in ["sso_start_url", "sso_region"] {
                    let own = profile.get(key);
                    if own.is_some_and(|own| session.get(key).is_some_and(|other| other != own)) {
                        return Err(Error::SsoConflict {
                            profile: printed(),
                            key,
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the chain of a profile as the SDK accepts it: names without blanks, each profile with the one
    /// source that botocore would use, and a session's settings in the session alone.
    pub(crate) fn for_sdk(&self, name: &str) -> String {
        let chain = self.chain(name);
        let mut text = String::new();
        let number = |name: &str| chain.iter().position(|(other, _)| *other == name);
        for (index, (name, profile)) in chain.iter().enumerate() {
            let _ = writeln!(text, "[profile p{index}]");
            let mut put = |key: &str, value: &str| {
                if !value.contains('\n') {
                    let _ = writeln!(text, "{key} = {value}");
                }
            };
            if profile.is_role(index == 0) {
                for key in ROLE {
                    match (key, profile.get(key)) {
                        ("source_profile", Some(source)) => match number(source) {
                            Some(index) => put(key, &format!("p{index}")),
                            None => put(key, "missing"),
                        },
                        (_, Some(value)) => put(key, value),
                        _ => {}
                    }
                }
                // Its own keys count only if it is its own source.
                if profile.get("source_profile") != Some(name) {
                    continue;
                }
            }
            let keys: &[&str] = match profile.base_source() {
                Some(Source::WebIdentity) => {
                    &["role_arn", "web_identity_token_file", "role_session_name"]
                }
                Some(Source::Sso) => &SSO,
                Some(Source::Process) => &["credential_process"],
                Some(source @ (Source::CredentialsFile | Source::ConfigFile)) => {
                    for key in &KEYS[..2] {
                        profile.keys(source, key).inspect(|value| put(key, value));
                    }
                    let token = KEYS.iter().rev().take(2);
                    let token = token.filter_map(|key| profile.keys(source, key)).next();
                    token.inspect(|value| put("aws_session_token", value));
                    &[]
                }
                _ => &[],
            };
            let session = profile.get("sso_session");
            for key in keys {
                match (*key, profile.get(key)) {
                    ("sso_start_url" | "sso_region", Some(_)) if session.is_some() => {}
                    (_, Some(value)) => put(key, value),
                    _ => {}
                }
            }
        }
        let session = chain.iter().find_map(|(_, p)| p.get("sso_session"));
        if let Some(session) = session.and_then(|name| self.sessions.get(name)) {
            let name = chain.iter().find_map(|(_, p)| p.get("sso_session"));
            let _ = writeln!(text, "[sso-session {}]", name.unwrap_or_default());
            for key in ["sso_start_url", "sso_region", "sso_registration_scopes"] {
                if let Some(value) = session.get(key) {
                    let _ = writeln!(text, "{key} = {value}");
                }
            }
        }
        text
    }
}

impl Profile {
    fn add_config(&mut self, section: Section) {
        self.merged.extend(section.clone());
        self.in_config = section;
    }

    fn add_credentials(&mut self, section: Section) {
        self.merged.extend(section.clone());
        self.in_credentials = section;
    }
}
