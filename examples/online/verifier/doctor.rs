//! `verifier doctor`

use std::path::Path;
use std::process::ExitCode;

use eks_token::{Token, UrlText};
use serde_json::Value;
use sts_presign::{BindingHeader, Diagnosis, ForwardedRequest, UnixTime};

use crate::REFUSED;
use crate::args::DoctorArgs;
use crate::check::read_token;
use crate::setup;

pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, String> {
    let now = match &args.at {
        Some(at) => UnixTime::parse_rfc3339(at).map_err(|why| format!("--at: {why}"))?,
        None => setup::now(),
    };
    let diagnosis = match &args.login {
        Some(path) => Some(login(args, path, now)?),
        None => token(args, now)?,
    };
    let Some(diagnosis) = diagnosis else {
        return Ok(ExitCode::from(REFUSED));
    };
    print!("{diagnosis}");
    if diagnosis.refusal().is_some() {
        return Ok(ExitCode::from(REFUSED));
    }
    println!(
        "Nothing is wrong that can be seen without STS. If STS refuses it, then it was signed for \
         another verifier, with a wrong secret, or with credentials that are no longer good."
    );
    Ok(ExitCode::SUCCESS)
}

/// Looks at a token, if it is one.
fn token(args: &DoctorArgs, now: UnixTime) -> Result<Option<Diagnosis>, String> {
    let authenticator = setup::authenticator(&args.common)?;
    let token = read_token(args.token_file.as_deref())?;
    let token = token.trim_end_matches(['\r', '\n']);
    let url = match decode(token) {
        Ok(url) => url,
        Err(why) => {
            println!("  0 {:<22} FAILED: {why}", "token");
            return Ok(None);
        }
    };
    println!("  0 {:<22} passed: {} bytes", "token", token.len());
    let diagnosis = authenticator.policy().diagnose(url.expose(), now);
    Ok(Some(diagnosis))
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
    let wrong = |why: &str| format!("{}: {why}", path.display());
    let document: Value = serde_json::from_str(&text).map_err(|why| wrong(&why.to_string()))?;
    let part = |name: &str| {
        let part = document.get(name).and_then(Value::as_str);
        part.ok_or_else(|| wrong(&format!("no text `{name}`")))
    };
    let headers: Vec<(&str, &str)> = document
        .get("headers")
        .and_then(Value::as_array)
        .and_then(|headers| headers.iter().map(pair).collect())
        .ok_or_else(|| wrong("`headers` is no list of `[name, value]`"))?;
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
