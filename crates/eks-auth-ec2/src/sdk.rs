//! EC2 through the AWS SDK.

use std::error::Error as StdError;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, future};
use aws_sdk_ec2::types::{Filter, Reservation};
use aws_sdk_sts::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::SdkConfig;
use iam_principal::{Kind, Principal};
use printable_text::Printable;
use thiserror::Error as ThisError;

use crate::describe::{DescribeError, DescribeInstances, Instance};

/// The maximum number of pages of an answer: 10. Our choice: EC2 answers a call for
/// [`MAX_BATCH`](crate::MAX_BATCH) instances on one page, or on a few under load.
const MAX_PAGES: usize = 10;

/// How long a session of the role lasts, in seconds: 60 minutes, as upstream
/// (`pkg/ec2provider/ec2provider.go`, `newEC2Client`).
const SESSION_SECONDS: i32 = 3_600;

/// The session name of the role, by which CloudTrail shows the calls. Our choice; upstream's SDK makes
/// a name from the time.
const SESSION_NAME: &str = "aws-iam-authenticator";

/// The headers that name the source of an `AssumeRole` call. The role's trust policy can require them by
/// `aws:SourceArn` and `aws:SourceAccount` (IAM User Guide, "The confused deputy problem").
const SOURCE_ARN: &str = "x-amz-source-arn";
const SOURCE_ACCOUNT: &str = "x-amz-source-account";

/// EC2, asked through the AWS SDK.
///
/// The SDK repeats calls as the configuration says. The [`Resolver`](crate::Resolver) does not count
/// repetitions in its rate of calls, but its deadline includes them.
#[derive(Clone, Debug)]
pub struct Ec2 {
    client: aws_sdk_ec2::Client,
}

impl Ec2 {
    /// Asks EC2 in the region and with the credentials of the configuration, which need the permission
    /// `ec2:DescribeInstances`. The configuration must have an HTTP client, because this crate has
    /// none.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            client: aws_sdk_ec2::Client::new(config),
        }
    }

    /// Asks EC2 with the credentials of a role, usually of another account: upstream's
    /// `ec2DescribeInstancesRoleARN`. The configuration's own credentials need `sts:AssumeRole`. The role
    /// is assumed on the first call, and again before its session ends.
    #[must_use]
    pub fn with_role(config: &SdkConfig, role: CrossAccountRole) -> Self {
        let provider = RoleProvider {
            sts: aws_sdk_sts::Client::new(config),
            role,
        };
        let config = aws_sdk_ec2::config::Builder::from(config)
            .credentials_provider(provider)
            .build();
        Self {
            client: aws_sdk_ec2::Client::from_conf(config),
        }
    }
}

impl DescribeInstances for Ec2 {
    async fn describe_instances(&self, ids: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
        // A list of ids fails as a whole if one of them does not exist; a filter leaves it out.
        let filter = Filter::builder()
            .name("instance-id")
            .set_values(Some(ids))
            .build();
        let request = self.client.describe_instances().filters(filter);
        let mut pages = request.into_paginator().send();
        let mut instances = Vec::new();
        for _ in 0..MAX_PAGES {
            let Some(page) = pages.next().await else {
                return Ok(instances);
            };
            let page = page.map_err(|error| reduce(&error))?;
            let found = page.reservations().iter().flat_map(Reservation::instances);
            instances.extend(found.filter_map(|instance| {
                Some(Instance {
                    id: instance.instance_id()?.to_owned(),
                    private_dns_name: instance.private_dns_name().unwrap_or_default().to_owned(),
                })
            }));
        }
        Err(DescribeError {
            code: "ec2-too-many-pages",
            status: Some(200),
            message: format!("the answer has more than {MAX_PAGES} pages"),
        })
    }
}

/// Reduces an error of the SDK to its code, its status and one line of text.
fn reduce<E: ProvideErrorMetadata + StdError + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> DescribeError {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let name = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    let code = match error {
        SdkError::ConstructionFailure(_) => "ec2-request",
        SdkError::DispatchFailure(_) if is_caused_by_credentials(error) => "ec2-credentials",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "ec2-timeout",
        SdkError::DispatchFailure(_) => "ec2-unreachable",
        SdkError::TimeoutError(_) => "ec2-timeout",
        SdkError::ServiceError(_) => match (name, status) {
            (Some("RequestLimitExceeded" | "Throttling" | "ThrottlingException"), _)
            | (_, Some(429)) => "ec2-throttled",
            (Some("AuthFailure" | "UnauthorizedOperation"), _) | (_, Some(401 | 403)) => {
                "ec2-denied"
            }
            (_, Some(500..)) => "ec2-unavailable",
            (_, Some(200)) => "ec2-malformed-answer",
            _ => "ec2-error",
        },
        _ => "ec2-malformed-answer",
    };
    let message = match name {
        Some(name) => name.to_owned(),
        None => innermost(error).to_string(),
    };
    // The list of providers without credentials has several lines.
    let words: Vec<&str> = message.split_whitespace().collect();
    DescribeError {
        code,
        status,
        message: Printable::new(&words.join(" ")).to_string(),
    }
}

/// Returns whether there were no credentials to sign the request with, so that nothing was sent.
fn is_caused_by_credentials(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(<dyn StdError>::is::<CredentialsError>)
}

/// Returns the last cause, which is the most specific.
fn innermost<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    causes(error).last().unwrap_or(error)
}

/// Returns an error and its causes, outermost first.
fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// A role that is assumed to ask EC2, usually in the account of the instances.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrossAccountRole {
    arn: String,
    source: Option<Source>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Source {
    arn: String,
    account: String,
}

/// Why a role cannot be used.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum RoleError {
    /// The text is not the ARN of an IAM role.
    #[error("not the ARN of an IAM role")]
    NotARole,
    /// The text is not an ARN with an account id.
    #[error("not an ARN with an account id")]
    NotASource,
}

impl CrossAccountRole {
    /// Parses the ARN of a role.
    ///
    /// # Errors
    ///
    /// [`RoleError::NotARole`].
    pub fn parse(arn: &str) -> Result<Self, RoleError> {
        let principal = Principal::parse(arn).map_err(|_| RoleError::NotARole)?;
        match principal.kind() {
            Kind::Role => Ok(Self {
                arn: arn.to_owned(),
                source: None,
            }),
            _ => Err(RoleError::NotARole),
        }
    }

    /// Names the resource that the role is assumed for, such as the cluster: upstream's `sourceARN`. The
    /// calls of `AssumeRole` then have the headers `x-amz-source-arn` and `x-amz-source-account`.
    ///
    /// # Errors
    ///
    /// [`RoleError::NotASource`].
    pub fn with_source_arn(mut self, arn: &str) -> Result<Self, RoleError> {
        let is_header = arn.bytes().all(|byte| byte.is_ascii_graphic());
        let fields: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _, _, _, account, resource] = fields.as_slice() else {
            return Err(RoleError::NotASource);
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_header || !is_account || resource.is_empty() {
            return Err(RoleError::NotASource);
        }
        self.source = Some(Source {
            arn: arn.to_owned(),
            account: (*account).to_owned(),
        });
        Ok(self)
    }
}

/// The credentials of a role.
#[derive(Clone, Debug)]
struct RoleProvider {
    sts: aws_sdk_sts::Client,
    role: CrossAccountRole,
}

impl RoleProvider {
    async fn assume(&self) -> provider::Result {
        let request = self
            .sts
            .assume_role()
            .role_arn(&self.role.arn)
            .role_session_name(SESSION_NAME)
            .duration_seconds(SESSION_SECONDS)
            .customize();
        let request = match self.role.source.clone() {
            None => request,
            // Before the request is signed, so that the signature covers the headers.
            Some(source) => request.mutate_request(move |request| {
                let headers = request.headers_mut();
                headers.insert(SOURCE_ARN, source.arn.clone());
                headers.insert(SOURCE_ACCOUNT, source.account.clone());
            }),
        };
        let answer = request
            .send()
            .await
            .map_err(CredentialsError::provider_error)?;
        let session = answer.credentials().ok_or_else(|| {
            CredentialsError::provider_error("the answer of STS has no credentials")
        })?;
        let end = SystemTime::try_from(*session.expiration())
            .map_err(CredentialsError::provider_error)?;
        Ok(Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            Some(end),
            "AssumeRole",
        ))
    }
}

impl ProvideCredentials for RoleProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
