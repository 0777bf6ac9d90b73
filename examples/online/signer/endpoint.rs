//! The STS endpoint of the token.

use sts_presign::{Endpoint, EndpointVariant};

use crate::error::Error;
use crate::settings::{Setting, Settings};

/// The STS endpoint that the token is for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// One of AWS's public endpoints.
    Aws(Endpoint),
    /// The host of `AWS_ENDPOINT_URL_STS` or of another endpoint setting.
    Custom { host: String, region: String },
}

impl Target {
    pub(crate) fn host(&self) -> &str {
        match self {
            Self::Aws(endpoint) => endpoint.host(),
            Self::Custom { host, .. } => host,
        }
    }

    pub(crate) const fn variant(&self) -> EndpointVariant {
        match self {
            Self::Aws(endpoint) => endpoint.variant(),
            Self::Custom { .. } => EndpointVariant::ORDINARY,
        }
    }

    pub(crate) fn region(&self) -> &str {
        match self {
            Self::Aws(endpoint) => endpoint.region(),
            Self::Custom { region, .. } => region,
        }
    }
}

/// The regions that `AWS_STS_REGIONAL_ENDPOINTS=legacy` sends to the global host. They existed when
/// regional endpoints became a choice (AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints";
/// the same list is in botocore's rules for STS).
const LEGACY_GLOBAL_REGIONS: [&str; 16] = [
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "aws-global",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// Chooses the endpoint as the AWS CLI does, but takes no region from the instance.
///
/// # Errors
///
/// In this order: [`Error::NoRegion`]; [`Error::Boolean`]; [`Error::CustomEndpointVariant`],
/// [`Error::CustomEndpoint`]; [`Error::RegionalEndpoints`]; [`Error::Region`].
pub(crate) fn choose(settings: &Settings, region_flag: Option<&str>) -> Result<Target, Error> {
    let region = region(settings, region_flag)?;
    let variant = EndpointVariant::ORDINARY
        .with_fips(settings.switch("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?)
        .with_dual_stack(settings.switch("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")?);
    if let Some(url) = settings.service_endpoint("sts")? {
        if variant != EndpointVariant::ORDINARY {
            return Err(Error::CustomEndpointVariant(url));
        }
        let host = url
            .value
            .strip_prefix("https://")
            .map(|rest| rest.trim_end_matches('/'));
        return match host.filter(|host| is_host(host)).map(str::to_owned) {
            Some(host) => Ok(Target::Custom {
                host,
                region: region.value,
            }),
            None => Err(Error::CustomEndpoint(url)),
        };
    }
    let global = region.value == "aws-global"
        || legacy(settings)? && LEGACY_GLOBAL_REGIONS.contains(&region.value.as_str());
    if global && variant == EndpointVariant::ORDINARY {
        return Ok(Target::Aws(Endpoint::global()));
    }
    match Endpoint::regional(&region.value, variant) {
        Ok(endpoint) => Ok(Target::Aws(endpoint)),
        Err(_) => Err(Error::Region(region)),
    }
}

/// Returns the region of the flag, else the region of the environment or the profile.
///
/// # Errors
///
/// [`Error::NoRegion`].
pub(crate) fn region(settings: &Settings, flag: Option<&str>) -> Result<Setting, Error> {
    if let Some(region) = flag {
        return Ok(Setting {
            value: region.to_owned(),
            from: "--region".to_owned(),
        });
    }
    settings
        .get(&["AWS_REGION", "AWS_DEFAULT_REGION"], "region")
        .ok_or_else(|| Error::NoRegion {
            profile: settings.profile_name().to_owned(),
            files: settings.files(),
        })
}

fn legacy(settings: &Settings) -> Result<bool, Error> {
    match settings.get(&["AWS_STS_REGIONAL_ENDPOINTS"], "sts_regional_endpoints") {
        None => Ok(false),
        Some(setting) => match setting.value.as_str() {
            "legacy" => Ok(true),
            "regional" => Ok(false),
            _ => Err(Error::RegionalEndpoints(setting)),
        },
    }
}

/// Returns whether the text has only characters of a host name; the signer checks the rest.
fn is_host(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
}
