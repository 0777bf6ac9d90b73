//! `verifier doctor`

use std::path::Path;
use std::process::ExitCode;

use eks_token::{Token, UrlText};
use program::output;
use serde_json::Value;
use sts_presign::{BindingHeader, Diagnosis, ForwardedRequest, UnixTime};

use crate::args::DoctorArgs;
use crate::check::read_token;
use crate::{PROGRAM, REFUSED, setup};

/// What a token without a visible fault may still suffer from.
const NO_FAULT: &str = "No fault is visible without STS. If STS refuses the token, it was signed for \
    another cluster, with a wrong secret, or with credentials that are no longer valid.\n";

pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, String> {
    let now = match &args.at {
        Some(at) => UnixTime::parse_rfc3339(at).map_err(|why| format!("--at: {why}"))?,
        None => setup::now(),
    };
    let (status, text) = match &args.login {
        Some(path) => verdict(&login(args, path, now)?),
        None => token(args, now)?,
    };
    Ok(output::finish(PROGRAM, status, &text))
}

/// Diagnoses a token: its text, then the URL in it.
fn token(args: &DoctorArgs, now: UnixTime) -> Result<(u8, String), String> {
    let authenticator = setup::authenticator(&args.common)?;
    let token = read_token(args.token_file.as_deref())?;
    let url = match decode(&token) {
        Ok(url) => url,
        Err(why) => return Ok((REFUSED, format!("  0 {:<22} FAILED: {why}\n", "token"))),
    };
    let passed = format!("  0 {:<22} passed: {} bytes\n", "token", token.len());
    let (status, text) = verdict(&authenticator.policy().diagnose(url.expose(), now));
    Ok((status, passed + &text))
}

fn verdict(diagnosis: &Diagnosis) -> (u8, String) {
    match diagnosis.refusal() {
        Some(_) => (REFUSED, diagnosis.to_string()),
        None => (0, format!("{diagnosis}{NO_FAULT}")),
    }
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
