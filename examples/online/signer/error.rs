//! What a person reads when there is no token: what is wrong, where, and what to do.

use aws_sdk_sts::error::ErrorMetadata;
use sts_presign::SignError;
use thiserror::Error as ThisError;

use crate::settings::Setting;

#[derive(Debug, ThisError)]
pub(crate) enum Error {
    #[error("cannot assume {role}: {why}")]
    AssumeRole { role: String, why: String },
    #[error("{setting} is not a setting for that; write `true` or `false`", setting = .0)]
    Boolean(Setting),
    #[error("no credentials from {from}: {why}{hint}")]
    Chain {
        from: String,
        why: String,
        hint: String,
    },
    #[error("the clock of this machine is wrong: {0}")]
    Clock(sts_presign::TimeError),
    #[error("--cluster-name has {len} characters: {why}")]
    Cluster { len: usize, why: sts_presign::Error },
    #[error("{0} cannot be together with FIPS or dual-stack endpoints; unset one of them")]
    CustomEndpointVariant(Setting),
    #[error(
        "{0} is not an endpoint that a token can name, which is `https://` and a lower-case host name"
    )]
    CustomEndpoint(Setting),
    #[error("the STS endpoint cannot be signed for: {0}")]
    Endpoint(SignError),
    #[error("AWS_CREDENTIAL_EXPIRATION is not a time like 2026-11-23T09:00:00Z")]
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
        "profile `{profile}` logs in with `aws login`, which this program cannot read; write \
         `credential_process = aws configure export-credentials --profile {profile}` into another profile \
         and use that"
    )]
    Login { profile: String },
    #[error(
        "profile `{profile}` needs a code of the MFA device {serial}, and there is no prompt here; run \
         `aws configure export-credentials --profile {profile} --format env` and use the keys that it prints"
    )]
    Mfa { profile: String, serial: String },
    #[error("the proxy settings are wrong: {0}")]
    Proxy(String),
    #[error(
        "no credentials: {environment}, {profile}, and {why}; set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or run `aws configure`"
    )]
    NoCredentials {
        environment: &'static str,
        profile: String,
        why: String,
    },
    #[error("there is no profile `{name}` (named by {from}) in {files}{known}")]
    NoProfile {
        name: String,
        from: &'static str,
        files: String,
        known: String,
    },
    #[error(
        "no region: pass --region, set AWS_REGION, or write `region = …` into profile `{profile}` \
         of {files}"
    )]
    NoRegion { profile: String, files: String },
    #[error(
        "--role-arn `{given}` is not a role; it is written arn:aws:iam::111122223333:role/NAME"
    )]
    NotARole { given: String },
    #[error("cannot build the document: {0}")]
    Output(#[from] std::io::Error),
    #[error("half of the credentials: {there} is set in {place}, {missing} is not")]
    Partial {
        place: String,
        there: &'static str,
        missing: &'static str,
    },
    #[error("{0} is not a region of AWS, such as eu-west-1")]
    Region(Setting),
    #[error("{0} is none of `legacy` and `regional`")]
    RegionalEndpoints(Setting),
    #[error("--role-arn `{given}`: {why}; a role is written arn:aws:iam::111122223333:role/NAME")]
    Role {
        given: String,
        why: iam_principal::Error,
    },
    #[error("cannot sign with the credentials from {from}: {why}")]
    Sign { from: String, why: SignError },
    #[error("`{key}` of profile `{profile}` contradicts that of its sso_session; remove it")]
    SsoConflict { profile: String, key: &'static str },
    #[error("the CA bundle {path} cannot be used: {why}")]
    CaBundle { path: String, why: String },
    #[error("the signed URL makes no token: {0}")]
    Token(#[from] eks_token::Error),
}

/// Joins an error and its causes into a sentence, for libraries that keep the facts in the causes.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in std::iter::successors(Some(error), |error| error.source()) {
        if let Some(answer) = cause.downcast_ref::<ErrorMetadata>() {
            // The service's own words are the whole answer; the SDK prints them as a struct.
            let code = answer.code().unwrap_or("error");
            let message = answer.message().unwrap_or("no message");
            return one_line(&format!("{code}: {message}"));
        }
        let text = cause.to_string();
        // Some print their cause as well.
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    one_line(&parts.join(": "))
}

/// Makes one line of what others say, without anything that a terminal would obey.
pub(crate) fn one_line(text: &str) -> String {
    let text = text.replace(|c: char| c.is_control(), " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, ThisError)]
    #[error("outer\u{1b}[2J")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn causes_are_joined_on_one_line_without_control_characters() {
        let error = Outer(std::io::Error::other("inner\nline"));
        assert_eq!(causes(&error), "outer [2J: inner line");
    }
}
