//! `verifier doctor`

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use eks_auth::LocalKeys;
use eks_token::{Lookalike, Token, UrlText};
use program::output;
use serde_json::Value;
use sts_presign::{
    AcceptPolicy, BindingHeader, ClusterId, Diagnosis, ForwardedRequest, SecretAccessKey,
    SignatureFinding, Suspects, UnixTime,
};

use crate::args::DoctorArgs;
use crate::check::read_token;
use crate::{PROGRAM, REFUSED, setup};

/// What a token without a visible fault may still suffer from.
const NO_FAULT: &str = "No fault is visible without STS. If STS refuses the token, it was signed for \
    another cluster, with a wrong secret, or with credentials that are no longer valid.\n";

/// The same if the signature was verified.
const VERIFIED: &str =
    "No fault: the signature is right, and STS accepts it while the key is valid.\n";

pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, String> {
    let now = match &args.at {
        Some(at) => UnixTime::parse_rfc3339(at).map_err(|why| format!("--at: {why}"))?,
        None => setup::now(),
    };
    let (status, text) = match &args.login {
        Some(path) => conclude(&login(args, path, now)?, NO_FAULT),
        None => token(args, now)?,
    };
    Ok(output::finish(PROGRAM, status, &text))
}

/// Diagnoses a token: its text, the URL in it, and with known keys its signature.
fn token(args: &DoctorArgs, now: UnixTime) -> Result<(u8, String), String> {
    let authenticator = setup::authenticator(&args.common)?;
    let policy = authenticator.policy();
    let keys = setup::local_keys(&args.common)?;
    let token = read_token(args.token_file.as_deref())?;
    let url = match decode(&token) {
        Ok(url) => url,
        Err(why) => return Ok((REFUSED, not_a_token(&token, &why))),
    };
    let mut text = line("0", "token", &format_args!("passed: {} bytes", token.len()));
    let diagnosis = policy.diagnose(url.expose(), now);
    let Some(keys) = keys else {
        let (status, rest) = conclude(&diagnosis, NO_FAULT);
        return Ok((status, text + &rest));
    };
    let finding = signature(args, policy, &keys, url.expose(), now)?;
    let is_verified = matches!(finding, Some(SignatureFinding::Verified));
    let no_fault = if is_verified { VERIFIED } else { "" };
    let (status, rest) = conclude(&diagnosis, no_fault);
    text += &rest;
    if let Some(finding) = finding.filter(|_| !is_verified) {
        text += &line("", "signature", &finding);
        return Ok((REFUSED, text));
    }
    Ok((status, text))
}

/// Verifies the signature with the known keys. `None` if the URL is malformed, which the diagnosis explains.
fn signature(
    args: &DoctorArgs,
    policy: &AcceptPolicy,
    keys: &LocalKeys,
    url: &str,
    now: UnixTime,
) -> Result<Option<SignatureFinding>, String> {
    let cluster_ids = args
        .other_cluster_id
        .iter()
        .map(|id| ClusterId::parse(id).map_err(|why| format!("--other-cluster-id: {why}")))
        .collect::<Result<Vec<_>, _>>()?;
    let secrets: Vec<SecretAccessKey> = keys
        .profiles()
        .iter()
        .map(|profile| profile.key().secret().clone())
        .collect();
    let suspects = Suspects::new(&cluster_ids, &secrets);
    Ok(policy
        .diagnose_signature(url, &keys.keys(), &suspects, now)
        .ok())
}

/// Explains a text that is not a token, by its likeness if it is a known one.
fn not_a_token(text: &str, why: &eks_token::Error) -> String {
    let mut lines = line("0", "token", &format_args!("FAILED: {why}"));
    if let Some(lookalike) = Lookalike::of(text) {
        lines += &line("", "", &format_args!("this is {lookalike}"));
    }
    lines
}

/// One line in the columns of a [`Diagnosis`].
fn line(number: &str, name: &str, text: &dyn Display) -> String {
    format!("{number:>3} {name:<22} {text}\n")
}

/// Returns the exit status and the text of a diagnosis; `no_fault` is printed if there is no fault.
fn conclude(diagnosis: &Diagnosis, no_fault: &str) -> (u8, String) {
    if diagnosis.refusal().is_some() || !diagnosis.warnings().is_empty() {
        return (REFUSED, diagnosis.to_string());
    }
    (0, format!("{diagnosis}{no_fault}"))
}

fn decode(token: &str) -> Result<UrlText, eks_token::Error> {
    Token::parse(token)?.decode()
}

fn login(args: &DoctorArgs, path: &Path, now: UnixTime) -> Result<Diagnosis, String> {
    let (name, value) = (&args.binding_header, &args.common.cluster_id);
    let binding = BindingHeader::parse(name, value)
        .map_err(|why| format!("--binding-header, --cluster-id: {why}"))?;
    let policy = setup::policy(&args.common, binding)?;
    let text = read_token(Some(path))?;
    let wrong = |why: &str| format!("{}: {why}", program::files::name(path));
    let document: Value = serde_json::from_str(&text).map_err(|why| wrong(&why.to_string()))?;
    let part = |name: &str| {
        let part = document.get(name).and_then(Value::as_str);
        part.ok_or_else(|| wrong(&format!("the text `{name}` is missing")))
    };
    let headers: Vec<(&str, &str)> = document
        .get("headers")
        .and_then(Value::as_array)
        .and_then(|headers| headers.iter().map(pair).collect())
        .ok_or_else(|| wrong("`headers` is not a list of `[name, value]`"))?;
    let request = ForwardedRequest {
        method: part("method")?,
        url: part("url")?,
        headers: &headers,
        body: part("body")?,
    };
    Ok(policy.diagnose_post(&request, now))
}

fn pair(header: &Value) -> Option<(&str, &str)> {
    match header.as_array()?.as_slice() {
        [name, value] => Some((name.as_str()?, value.as_str()?)),
        _ => None,
    }
}
