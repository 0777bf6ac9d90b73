//! `verifier token`

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use aws_auth_map::UserInfo;
use eks_auth::{AuthError, Authenticated};
use iam_principal::Identity;
use serde_json::{Value, json};

use crate::REFUSED;
use crate::args::{Output, TokenArgs};
use crate::setup;

/// More than any token, so that a file given by mistake is not read whole.
const MAX_INPUT: u64 = 1_048_576;

pub(crate) async fn run(args: TokenArgs) -> Result<ExitCode, String> {
    let authenticator = setup::authenticator(&args.common)?;
    let sts = setup::sts(&args.common)?;
    let rules = args.aws_auth.as_deref().map(setup::rules).transpose()?;
    let token = read_token(args.token_file.as_deref())?;
    // The newline that `echo` and editors put at the end is not the token's.
    let token = token.trim_end_matches(['\r', '\n']);
    let identity = authenticator.identify(token, setup::now(), &sts).await;
    let answer = match (identity, rules) {
        (Err(why), _) => Err(why),
        (Ok(identity), None) => Ok((identity, None)),
        (Ok(identity), Some(rules)) => {
            Authenticated::resolve(identity.clone(), &rules).map(|known| (identity, Some(known)))
        }
    };
    match answer {
        Ok((identity, known)) => {
            tell(
                args.output,
                &identity,
                known.as_ref().map(Authenticated::user),
            );
            Ok(ExitCode::SUCCESS)
        }
        Err(AuthError::Refused(why)) => {
            refuse(args.output, why.code(), &why.to_string());
            Ok(ExitCode::from(REFUSED))
        }
        Err(AuthError::Failed(why)) => Err(format!("{why} ({})", why.code())),
    }
}

pub(crate) fn read_token(file: Option<&Path>) -> Result<String, String> {
    let mut token = String::new();
    match file {
        Some(path) => {
            let file = std::fs::File::open(path);
            let read = file.and_then(|file| file.take(MAX_INPUT).read_to_string(&mut token));
            read.map_err(|why| format!("{}: {why}", path.display()))?;
        }
        None => {
            let read = std::io::stdin().take(MAX_INPUT).read_to_string(&mut token);
            read.map_err(|why| format!("standard input: {why}"))?;
        }
    }
    match token.trim().is_empty() {
        true => Err("no token: standard input is empty".to_owned()),
        false => Ok(token),
    }
}

fn tell(output: Output, identity: &Identity, user: Option<&UserInfo>) {
    match output {
        Output::Json => {
            let document =
                json!({ "identity": describe(identity), "user": user.map(describe_user) });
            println!("{document:#}");
        }
        Output::Text => {
            println!("identity  {}", identity.arn());
            if let Some(user) = user {
                let groups = match user.groups().is_empty() {
                    true => "(none)".to_owned(),
                    false => user.groups().join(", "),
                };
                println!(
                    "user      {}\ngroups    {groups}\nuid       {}",
                    user.username(),
                    user.uid()
                );
            }
        }
    }
}

fn refuse(output: Output, code: &str, why: &str) {
    match output {
        Output::Json => println!(
            "{:#}",
            json!({ "refused": { "code": code, "message": why } })
        ),
        Output::Text => println!("refused   {why} ({code})"),
    }
}

fn describe(identity: &Identity) -> Value {
    json!({
        "arn": identity.arn(),
        "canonicalArn": identity.canonical_arn(),
        "account": identity.account().to_string(),
        "userId": identity.raw_user_id(),
        "sessionName": identity.session_name(),
        "accessKeyId": identity.access_key_id(),
    })
}

fn describe_user(user: &UserInfo) -> Value {
    json!({
        "username": user.username(),
        "groups": user.groups(),
        "uid": user.uid(),
        "extra": user.extra(),
    })
}
