//! `verifier doctor`

use std::process::ExitCode;

use eks_token::{Token, UrlText};
use sts_presign::UnixTime;

use crate::REFUSED;
use crate::args::DoctorArgs;
use crate::check::read_token;
use crate::setup;

pub(crate) fn run(args: &DoctorArgs) -> Result<ExitCode, String> {
    let authenticator = setup::authenticator(&args.common)?;
    let now = match &args.at {
        Some(at) => UnixTime::parse_rfc3339(at).map_err(|why| format!("--at: {why}"))?,
        None => setup::now(),
    };
    let token = read_token(args.token_file.as_deref())?;
    let token = token.trim_end_matches(['\r', '\n']);
    let url = match decode(token) {
        Ok(url) => url,
        Err(why) => {
            println!("  0 {:<22} FAILED: {why}", "token");
            return Ok(ExitCode::from(REFUSED));
        }
    };
    println!("  0 {:<22} passed: {} bytes", "token", token.len());
    let diagnosis = authenticator.policy().diagnose(url.expose(), now);
    print!("{diagnosis}");
    if diagnosis.refusal().is_some() {
        return Ok(ExitCode::from(REFUSED));
    }
    println!(
        "Nothing is wrong that can be seen without STS. If STS refuses it, then it was signed for \
         another cluster, with a wrong secret, or with credentials that are no longer good."
    );
    Ok(ExitCode::SUCCESS)
}

fn decode(token: &str) -> Result<UrlText, eks_token::Error> {
    Token::parse(token)?.decode()
}
