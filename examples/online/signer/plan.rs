//! The source of the credentials, in botocore's order, and the roles to assume with them.

use std::path::PathBuf;

use printable_text::Printable;

use crate::error::Error;
use crate::profiles::{Profile, Source};
use crate::role::{Mfa, Role, WebIdentity};
use crate::settings::{Environment, Settings};
use crate::sso::Sso;

/// The credentials to begin with, and the roles to assume with them, in order.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) base: Base,
    pub(crate) roles: Vec<Role>,
}

/// The source of credentials, apart from the roles of a profile.
#[derive(Debug)]
pub(crate) enum Base {
    /// `AWS_ACCESS_KEY_ID`.
    Environment,
    /// A token of an OIDC provider, such as the token of a pod's service account.
    WebIdentity(WebIdentity),
    /// A login of IAM Identity Center.
    Sso(Sso),
    /// Keys of a profile, in one of the two files.
    Keys { profile: String, source: Source },
    /// A program that prints credentials.
    Process { profile: String, command: String },
    /// The container's metadata.
    Container,
    /// The instance's metadata.
    Instance,
    /// The container's metadata, else the instance's.
    Machine,
}

/// The session name of a role whose profile has none.
const SESSION_NAME: &str = "signer";

impl Plan {
    /// Plans as botocore's `create_credential_resolver` does:
    ///
    /// 1. keys in the environment, unless `--profile` is given;
    /// 2. a role of the profile;
    /// 3. a web identity of the environment, unless `--profile` is given, or of the profile;
    /// 4. SSO, keys in the credentials file, `credential_process`, keys in the config file;
    /// 5. a container or an instance.
    ///
    /// # Errors
    ///
    /// [`Error::Files`] if a file that may decide is unreadable; [`Error::Profile`], [`Error::Login`],
    /// [`Error::WebIdentity`].
    pub(crate) fn of(settings: &Settings) -> Result<Self, Error> {
        let environment = match settings.profile_is_asked_for() {
            true => &Environment::default(),
            false => settings.environment(),
        };
        let has = |name| environment.get(name).is_some();
        if has("AWS_ACCESS_KEY_ID") || has("AWS_SECRET_ACCESS_KEY") {
            return Ok(Self::of_base(Base::Environment));
        }
        settings.check_files()?;
        let none = Profile::default();
        let (name, profile) = (settings.profile_name(), settings.profile().unwrap_or(&none));
        if profile.is_role() {
            return Self::of_role(settings, name, profile);
        }
        let base = Base::of_profile(settings, name, profile, environment)?;
        Ok(Self::of_base(base.unwrap_or(Base::Machine)))
    }

    const fn of_base(base: Base) -> Self {
        Self {
            base,
            roles: Vec::new(),
        }
    }

    /// Follows `source_profile` from a profile with a role to the credentials at the end.
    fn of_role<'s>(
        settings: &'s Settings,
        mut name: &'s str,
        mut profile: &'s Profile,
    ) -> Result<Self, Error> {
        // A web identity in the environment does not belong to a source_profile.
        let nothing = Environment::default();
        let mut roles = Vec::new();
        let mut visited = vec![name];
        let base = loop {
            roles.push(role(name, profile)?);
            match (
                profile.get("source_profile"),
                profile.get("credential_source"),
            ) {
                (None, Some(source)) => break named_source(name, source)?,
                (Some(source), None) => {
                    let wrong = |what: &str| {
                        wrong(
                            name,
                            &format!("its source_profile `{}` {what}", Printable::new(source)),
                        )
                    };
                    let (next, next_profile) = settings
                        .profiles()
                        .get_with_name(source)
                        .ok_or_else(|| wrong("does not exist"))?;
                    // A profile may name itself, for the keys that it has beside the role.
                    let is_own = next == name && profile.has_keys();
                    if visited.contains(&next) && !is_own {
                        return Err(wrong("leads back to a profile before it"));
                    }
                    (name, profile) = (next, next_profile);
                    visited.push(name);
                    // Unlike the first profile, a source profile uses its own keys, if it has any.
                    if profile.has_keys() || !profile.is_role() {
                        let base = Base::of_profile(settings, name, profile, &nothing)?;
                        break base.ok_or_else(|| wrong("has no credentials"))?;
                    }
                }
                (Some(_), Some(_)) => {
                    return Err(wrong(
                        name,
                        "it has both source_profile and credential_source; remove one of them",
                    ));
                }
                (None, None) => {
                    return Err(wrong(
                        name,
                        "it has a role_arn, and neither a source_profile nor a credential_source to assume \
                         the role with",
                    ));
                }
            }
        };
        roles.reverse();
        Ok(Self { base, roles })
    }
}

impl Base {
    /// Returns the source of a profile's credentials, apart from its role. `None` if there is none.
    fn of_profile(
        settings: &Settings,
        name: &str,
        profile: &Profile,
        environment: &Environment,
    ) -> Result<Option<Self>, Error> {
        if let Some(web_identity) = web_identity(name, profile, environment)? {
            return Ok(Some(Self::WebIdentity(web_identity)));
        }
        Ok(match profile.source() {
            None => None,
            Some(Source::Sso) => Some(Self::Sso(Sso::of_profile(settings, name, profile)?)),
            Some(Source::Login) => {
                return Err(Error::Login {
                    profile: name.to_owned(),
                });
            }
            Some(Source::Process) => {
                let command = profile
                    .get("credential_process")
                    .ok_or_else(|| wrong(name, "its credential_process is empty"))?;
                Some(Self::Process {
                    profile: name.to_owned(),
                    command: command.to_owned(),
                })
            }
            Some(source @ (Source::CredentialsFile | Source::ConfigFile)) => Some(Self::Keys {
                profile: name.to_owned(),
                source,
            }),
        })
    }
}

/// Returns the role of a profile.
fn role(name: &str, profile: &Profile) -> Result<Role, Error> {
    let arn = profile
        .get("role_arn")
        .ok_or_else(|| wrong(name, "its role_arn is empty"))?;
    let session_name = profile.get("role_session_name").unwrap_or(SESSION_NAME);
    Ok(Role {
        external_id: profile.get("external_id").map(str::to_owned),
        // As in botocore, which ignores any other text.
        seconds: profile
            .get("duration_seconds")
            .and_then(|text| text.trim().parse().ok()),
        mfa: profile.get("mfa_serial").map(|serial| Mfa {
            profile: name.to_owned(),
            serial: serial.to_owned(),
        }),
        ..Role::new(arn, session_name)
    })
}

/// Returns the credentials that `credential_source` names.
fn named_source(name: &str, source: &str) -> Result<Base, Error> {
    match source {
        "Environment" => Ok(Base::Environment),
        "EcsContainer" => Ok(Base::Container),
        "Ec2InstanceMetadata" => Ok(Base::Instance),
        _ => Err(wrong(
            name,
            &format!(
                "its credential_source `{}` is none of Environment, EcsContainer and Ec2InstanceMetadata",
                Printable::new(source)
            ),
        )),
    }
}

/// Returns the web identity of the environment and the profile. A setting in the environment takes precedence.
/// As in botocore, an empty variable also hides the setting of the profile.
fn web_identity(
    name: &str,
    profile: &Profile,
    environment: &Environment,
) -> Result<Option<WebIdentity>, Error> {
    let get = |variable, key| match environment.is_set(variable) {
        true => environment.get(variable),
        false => profile.get(key),
    };
    let Some(token_file) = get("AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file") else {
        return Ok(None);
    };
    let role_arn = get("AWS_ROLE_ARN", "role_arn").ok_or_else(|| Error::WebIdentity {
        profile: name.to_owned(),
    })?;
    let session_name = get("AWS_ROLE_SESSION_NAME", "role_session_name");
    Ok(Some(WebIdentity {
        token_file: PathBuf::from(token_file),
        role_arn: role_arn.to_owned(),
        session_name: session_name.unwrap_or(SESSION_NAME).to_owned(),
    }))
}

fn wrong(profile: &str, why: &str) -> Error {
    Error::Profile {
        profile: profile.to_owned(),
        why: why.to_owned(),
    }
}
