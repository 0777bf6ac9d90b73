//! Credentials from a login to IAM Identity Center. `aws sso login` stores an access token, and the SSO portal
//! exchanges the token for credentials of a role.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use aws_config::sso::SsoTokenProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::token::ProvideToken as _;
use aws_sdk_sso::error::ProvideErrorMetadata as _;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use printable_text::Printable;
use program::files;
use serde_json::Value;
use sha1::{Digest as _, Sha1};

use crate::endpoint::Target;
use crate::error::{Error, answered, causes};
use crate::profiles::Profile;
use crate::settings::Settings;
use crate::time;

/// The role of a profile, and the login that gives the role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Sso {
    profile: String,
    /// The name of the `[sso-session]`. A profile without a session names the start URL itself.
    session: Option<String>,
    start_url: String,
    region: String,
    account_id: String,
    role_name: String,
    /// The portal, if it is not the portal of the region.
    endpoint: Option<String>,
    /// The service that renews logins, if it is not the service of the region.
    oidc_endpoint: Option<String>,
}

impl Sso {
    /// Reads the settings of a profile, as botocore's `SSOProvider` does.
    ///
    /// # Errors
    ///
    /// [`Error::Profile`] if the session is missing, contradicts the profile, or a setting is missing.
    pub(crate) fn of_profile(
        settings: &Settings,
        name: &str,
        profile: &Profile,
    ) -> Result<Self, Error> {
        let wrong = |why: String| Error::Profile {
            profile: name.to_owned(),
            why,
        };
        let session = profile.get("sso_session");
        let of_session = match session {
            None => None,
            Some(session) => Some(settings.profiles().session(session).ok_or_else(|| {
                wrong(format!(
                    "its sso_session `{}` does not exist",
                    Printable::new(session)
                ))
            })?),
        };
        for (key, value) in of_session.into_iter().flatten() {
            if profile.get(key).is_some_and(|own| own != value) {
                return Err(wrong(format!(
                    "its `{}` contradicts that of its sso_session; remove it",
                    Printable::new(key)
                )));
            }
        }
        let get = |key: &str| {
            let value = profile.get(key).map(str::to_owned);
            value
                .or_else(|| of_session?.get(key).cloned())
                .filter(|value| !value.is_empty())
        };
        let required = |key: &str| {
            get(key).ok_or_else(|| wrong(format!("it uses SSO, and `{key}` is missing")))
        };
        Ok(Self {
            profile: name.to_owned(),
            session: session.map(str::to_owned),
            start_url: required("sso_start_url")?,
            region: required("sso_region")?,
            account_id: required("sso_account_id")?,
            role_name: required("sso_role_name")?,
            endpoint: settings
                .service_endpoint("sso")?
                .map(|setting| setting.value),
            oidc_endpoint: settings
                .service_endpoint("sso_oidc")?
                .map(|setting| setting.value),
        })
    }

    /// Exchanges the login for credentials.
    pub(crate) async fn credentials(
        &self,
        settings: &Settings,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<Credentials, Error> {
        let token = self.access_token(settings, target, client.clone()).await?;
        let mut config = aws_sdk_sso::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .region(Region::new(self.region.clone()))
            .use_fips(target.variant().fips)
            .use_dual_stack(target.variant().dual_stack);
        if let Some(endpoint) = &self.endpoint {
            config.set_endpoint_url(Some(endpoint.clone()));
        }
        let answer = aws_sdk_sso::Client::from_conf(config.build())
            .get_role_credentials()
            .account_id(&self.account_id)
            .role_name(&self.role_name)
            .access_token(token)
            .send()
            .await;
        let keys = match answer {
            Ok(answer) => answer.role_credentials,
            Err(why) if why.code() == Some("UnauthorizedException") => {
                return Err(self.login(&answered(&why)));
            }
            Err(why) => return Err(self.failed(&answered(&why))),
        };
        let incomplete = || self.failed("the answer has no credentials");
        let keys = keys.ok_or_else(incomplete)?;
        let (Some(id), Some(secret)) = (keys.access_key_id, keys.secret_access_key) else {
            return Err(incomplete());
        };
        let end = u64::try_from(keys.expiration).ok().filter(|end| *end > 0);
        let end =
            end.and_then(|end| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(end)));
        Ok(Credentials::new(id, secret, keys.session_token, end, "SSO"))
    }

    /// Returns the access token of the login, renewed if it has expired and can be renewed.
    async fn access_token(
        &self,
        settings: &Settings,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<String, Error> {
        let path = self.cache_file(settings).filter(|path| path.exists());
        let path = path.ok_or_else(|| self.login("there is no login"))?;
        let text = files::read_file(&path, files::MAX_SMALL_FILE)
            .map_err(|why| self.login(&format!("{}: {why}", files::name(&path))))?;
        let unreadable = || self.login("the cached login cannot be read");
        let login: Value = serde_json::from_str(&text).map_err(|_| unreadable())?;
        let get = |key: &str| login.get(key).and_then(Value::as_str);
        let token = get("accessToken").ok_or_else(unreadable)?;
        let end = get("expiresAt")
            .and_then(time::parse)
            .ok_or_else(unreadable)?;
        if end > SystemTime::now() {
            return Ok(token.to_owned());
        }
        match &self.session {
            Some(session) if get("refreshToken").is_some() => {
                self.renew(session, target, client).await
            }
            _ => Err(self.login("the login has expired")),
        }
    }

    /// Renews the login of a session. The SDK also writes the new login to the file.
    async fn renew(
        &self,
        session: &str,
        target: &Target,
        client: SharedHttpClient,
    ) -> Result<String, Error> {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(client)
            .region(Region::new(self.region.clone()))
            .use_fips(target.variant().fips)
            .use_dual_stack(target.variant().dual_stack)
            .sleep_impl(TokioSleep::new())
            .time_source(SystemTimeSource::new());
        config.set_endpoint_url(self.oidc_endpoint.clone());
        let config = config.build();
        // The SDK panics unless these four are given.
        let provider = SsoTokenProvider::builder()
            .configure(&config)
            .session_name(session)
            .start_url(&self.start_url)
            .region(Region::new(self.region.clone()))
            .build()
            .await;
        match provider.provide_token().await {
            Ok(token) => Ok(token.token().to_owned()),
            Err(why) => Err(self.login(&causes(&why))),
        }
    }

    /// Returns the file of the login, named by the SHA-1 of the session's name or of the start URL (botocore,
    /// `utils.SSOTokenLoader`). `None` without a home directory.
    pub(crate) fn cache_file(&self, settings: &Settings) -> Option<PathBuf> {
        let key = self.session.as_ref().unwrap_or(&self.start_url);
        let name: String = Sha1::digest(key.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let directory = settings.home()?.join(".aws/sso/cache");
        Some(directory.join(name).with_extension("json"))
    }

    fn login(&self, why: &str) -> Error {
        Error::SsoLogin {
            profile: self.profile.clone(),
            why: why.to_owned(),
        }
    }

    fn failed(&self, why: &str) -> Error {
        Error::Sso {
            profile: self.profile.clone(),
            why: why.to_owned(),
        }
    }
}
