//! `verifier doctor`

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use eks_auth::LocalKeys;
use eks_token::{Lookalike, Token, UrlText};
use program::output;
use serde_json::Value;
use sts_presign::{
    BindingHeader, ClusterId, Diagnosis, ForwardedRequest, Keys, SecretAccessKey, SignatureFinding,
    Suspects, UnixTime,
};

use crate::args::DoctorArgs;
use crate::token::read_token;
use crate::{PROGRAM, REFUSED, regions, setup};

/// The conclusion if no fault is visible and the signature was not verified.
const NO_FAULT: &str = "No fault is visible without STS. If STS refuses the token, it was signed for \
    another cluster, with a wrong secret, or with credentials that are no longer valid.\n";

/// The conclusion if the signature was verified.
const VERIFIED: &str =
    "No fault: the signature is right, and STS accepts it while the key is valid.\n";

pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, String> {
    let now = match &args.at {
        Some(at) => UnixTime::parse_rfc3339(at).map_err(|why| format!("--at: {why}"))?,
        None => setup::now(),
    };
    regions::note_unknown(&args.common.regions);
    let (status, text) = match &args.login {
        Some(path) => login(args, path, now)?,
        None => token(args, now)?,
    };
    Ok(output::finish(PROGRAM, status, &text))
}

/// Diagnoses a token: its text, its URL, and its signature if the keys are known.
fn token(args: &DoctorArgs, now: UnixTime) -> Result<(u8, String), String> {
    let authenticator = setup::authenticator(&args.common)?;
    let policy = authenticator.policy();
    let keys = setup::local_keys(&args.common)?;
    let token = read_token(args.token_file.as_deref(), args.common.max_input_size)?;
    let url = match decode(&token) {
        Ok(url) => url,
        Err(why) => return Ok((REFUSED, not_a_token(&token, &why))),
    };
    let text = line("0", "token", &format_args!("passed: {} bytes", token.len()));
    let diagnosis = policy.diagnose(url.expose(), now);
    let finding = match &keys {
        Some(keys) => verify(args, keys, |keys, suspects| {
            policy.diagnose_signature(url.expose(), keys, suspects, now)
        })?,
        None => Signature::NotVerified,
    };
    let (status, rest) = conclude(&diagnosis, &finding);
    Ok((status, text + &rest))
}

/// The verification of a signature.
enum Signature {
    /// There are no keys to verify the signature with.
    NotVerified,
    /// The request is malformed, which the diagnosis explains.
    NotReached,
    Found(SignatureFinding),
}

/// Verifies a signature with the known keys. If it is wrong, tries the secrets of all profiles and the other
/// clusters of the command line.
fn verify(
    args: &DoctorArgs,
    keys: &LocalKeys,
    diagnose: impl FnOnce(&Keys, &Suspects<'_>) -> Result<SignatureFinding, sts_presign::Error>,
) -> Result<Signature, String> {
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
    let found = diagnose(&keys.keys(), &suspects);
    Ok(found.map_or(Signature::NotReached, Signature::Found))
}

/// Explains a text that is not a token. If it looks like something known, says so.
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

/// Returns the exit status and the text of a diagnosis and the verification of the signature.
fn conclude(diagnosis: &Diagnosis, signature: &Signature) -> (u8, String) {
    let mut text = diagnosis.to_string();
    let is_good = diagnosis.refusal().is_none() && diagnosis.warnings().is_empty();
    match signature {
        Signature::Found(SignatureFinding::Verified) if is_good => text += VERIFIED,
        Signature::NotVerified if is_good => text += NO_FAULT,
        Signature::Found(finding) => {
            text += &line("", "signature", finding);
            let is_verified = matches!(finding, SignatureFinding::Verified);
            return (if is_good && is_verified { 0 } else { REFUSED }, text);
        }
        Signature::NotVerified | Signature::NotReached => {}
    }
    (if is_good { 0 } else { REFUSED }, text)
}

fn decode(token: &str) -> Result<UrlText, eks_token::Error> {
    Token::parse(token)?.decode()
}

/// Diagnoses a login in POST form, and its signature if the keys are known.
fn login(args: &DoctorArgs, path: &Path, now: UnixTime) -> Result<(u8, String), String> {
    let (name, value) = (&args.binding_header, &args.common.cluster_id);
    let binding = BindingHeader::parse(name, value)
        .map_err(|why| format!("--binding-header, --cluster-id: {why}"))?;
    let policy = setup::policy(&args.common, binding)?;
    let text = read_token(Some(path), args.common.max_input_size)?;
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
    let diagnosis = policy.diagnose_post(&request, now);
    let finding = match setup::local_keys(&args.common)? {
        Some(keys) => verify(args, &keys, |keys, suspects| {
            policy.diagnose_post_signature(&request, keys, suspects, now)
        })?,
        None => Signature::NotVerified,
    };
    Ok(conclude(&diagnosis, &finding))
}

fn pair(header: &Value) -> Option<(&str, &str)> {
    match header.as_array()?.as_slice() {
        [name, value] => Some((name.as_str()?, value.as_str()?)),
        _ => None,
    }
}
