//! The errors: fact, place and remedy, in one printable sentence.

use aws_sdk_sts::error::{ErrorMetadata, ProvideErrorMetadata};
use printable_text::Printable;
use sts_presign::SignError;
use thiserror::Error as ThisError;

use crate::settings::Setting;

#[derive(Debug, ThisError)]
pub(crate) enum Error {
    #[error("cannot assume {}: {why}", Printable::new(role))]
    AssumeRole { role: String, why: String },
    #[error("{0} is not a switch; write `true` or `false`")]
    Boolean(Setting),
    #[error("the CA bundle {path} cannot be used: {why}")]
    CaBundle { path: String, why: String },
    #[error("no credentials from {from}: {why}")]
    Chain { from: String, why: String },
    #[error("the clock of this machine is wrong: {0}")]
    Clock(sts_presign::TimeError),
    #[error("--cluster-name has {len} characters: {why}")]
    Cluster { len: usize, why: sts_presign::Error },
    #[error("{0} cannot be combined with FIPS or dual-stack endpoints; unset one of them")]
    CustomEndpointVariant(Setting),
    #[error(
        "{0} is not an endpoint that a token can name, which is `https://` and a lower-case host name"
    )]
    CustomEndpoint(Setting),
    #[error("EKS does not describe the cluster: {0}; or pass --endpoint URL and --ca FILE")]
    Eks(#[from] crate::eks::Refusal),
    #[error("the STS endpoint cannot be signed for: {0}")]
    Endpoint(SignError),
    #[error("AWS_CREDENTIAL_EXPIRATION is not a time of the form 2026-11-23T09:00:00Z")]
    Expiration,
    #[error("the credentials from {from} have expired; get new ones")]
    Expired { from: String },
    #[error("cannot read {path}: {why}")]
    Files { path: String, why: String },
    #[error("{flag} has no meaning here; {instead}")]
    Flag {
        flag: &'static str,
        instead: &'static str,
    },
    #[error(
        "profile `{name}` logs in with `aws login`, which this program cannot read; write \
         `credential_process = aws configure export-credentials --profile {name}` into another profile \
         and use that",
        name = Printable::new(profile)
    )]
    Login { profile: String },
    #[error(
        "profile `{name}` needs a code of the MFA device {}, and there is no terminal to ask on (in a \
         kubeconfig, write `interactiveMode: IfAvailable`); run `aws configure export-credentials --profile \
         {name} --format env` and use the keys that it prints",
        Printable::new(serial),
        name = Printable::new(profile)
    )]
    Mfa { profile: String, serial: String },
    #[error(
        "the answer is not a code of the MFA device {}: a code is a line of digits; run the command again",
        Printable::new(serial)
    )]
    MfaCode { serial: String },
    #[error("HTTPS_PROXY is not the URL of an HTTP proxy, such as http://proxy.example.com:3128")]
    Proxy,
    #[error(
        "no credentials: {environment}, {profile}, and {why}; set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or run `aws configure`"
    )]
    NoCredentials {
        environment: &'static str,
        profile: String,
        why: String,
    },
    #[error(
        "there is no profile `{}` (named by {from}) in {files}{known}",
        Printable::new(name)
    )]
    NoProfile {
        name: String,
        from: &'static str,
        files: String,
        known: String,
    },
    #[error(
        "no region: pass --region, set AWS_REGION, or write `region = …` into profile `{}` of {files}",
        Printable::new(profile)
    )]
    NoRegion { profile: String, files: String },
    #[error(
        "{from} `{}` is not a role; a role is written arn:aws:iam::111122223333:role/NAME",
        Printable::new(given)
    )]
    NotARole { from: &'static str, given: String },
    #[error("{place}: {why}")]
    Kubeconfig { place: String, why: String },
    #[error("cannot build the document: {0}")]
    Output(#[from] std::io::Error),
    #[error("incomplete credentials in {place}: {}{missing} is not set", there.map_or_else(
        String::new,
        |name| format!("{name} is set, and ")
    ))]
    Partial {
        place: String,
        there: Option<&'static str>,
        missing: &'static str,
    },
    #[error("profile `{}`: {why}", Printable::new(profile))]
    Profile { profile: String, why: String },
    #[error("{0} is not an AWS region, such as eu-west-1")]
    Region(Setting),
    #[error("{0} is neither `legacy` nor `regional`")]
    RegionalEndpoints(Setting),
    #[error(
        "{from} `{}`: {why}; a role is written arn:aws:iam::111122223333:role/NAME",
        Printable::new(given)
    )]
    Role {
        /// The flag or variable.
        from: &'static str,
        given: String,
        why: iam_principal::Error,
    },
    #[error("the secret access key from {from} has a character outside visible ASCII")]
    Secret { from: String },
    #[error("cannot sign with the credentials from {from}: {why}")]
    Sign { from: String, why: SignError },
    #[error(
        "no credentials from SSO for profile `{}`: {why}",
        Printable::new(profile)
    )]
    Sso { profile: String, why: String },
    #[error(
        "no credentials from SSO for profile `{name}`: {why}; log in with `aws sso login --profile {name}`",
        name = Printable::new(profile)
    )]
    SsoLogin { profile: String, why: String },
    #[error("the credentials make no token: {0}")]
    Token(#[from] eks_mint::MintError),
    #[error(
        "a web identity token file is set, and no role: set AWS_ROLE_ARN, or `role_arn` in profile `{}`",
        Printable::new(profile)
    )]
    WebIdentity { profile: String },
}

/// Returns the answer of an AWS service, which names the caller and the forbidden action. If there was no
/// answer, returns the causes of the error.
pub(crate) fn answered<E>(error: &E) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => one_line(&format!("{code}: {message}")),
        _ => causes(error),
    }
}

/// Joins an error and its causes into a sentence. Some libraries put the facts only into the
/// causes.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |error| error.source()) {
        if let Some(answer) = cause.downcast_ref::<ErrorMetadata>() {
            // The text of the service is the whole answer. The SDK would print it as a struct.
            let code = answer.code().unwrap_or("error");
            let message = answer.message().unwrap_or("no message");
            return one_line(&format!("{code}: {message}"));
        }
        let text = cause.to_string();
        // Some errors print their cause as well.
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    one_line(&parts.join(": "))
}

/// Returns untrusted text as one printable line.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    Printable::new(&words.join(" ")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, ThisError)]
    #[error("outer\u{1b}[2J\u{202e}")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_are_joined_on_one_printable_line() {
        let error = Outer(std::io::Error::other("inner\nline"));
        assert_eq!(causes(&error), "outer\\u{1b}[2J\\u{202e}: inner line");
    }
}
