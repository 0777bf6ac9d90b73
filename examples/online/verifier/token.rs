//! `verifier token`

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use eks_auth::{AuthError, Authenticated, Identity};
use printable_text::{Causes, Printable};
use program::files::read;
use program::output;
use serde_json::json;

use crate::args::{Output, TokenArgs};
use crate::{PROGRAM, REFUSED, regions, setup};

pub(crate) async fn run(args: TokenArgs) -> Result<ExitCode, String> {
    let authenticator = setup::authenticator(&args.common)?;
    regions::note_unknown(&args.common.regions);
    let sts = setup::sts(&args.common)?;
    let rules = match &args.aws_auth {
        Some(path) => Some(setup::rules(path, &args.rules, &args.common)?),
        None => None,
    };
    let token = read_token(args.token_file.as_deref(), args.common.max_input_size)?;
    let identity = authenticator.identify(&token, setup::now(), &sts).await;
    let answer = identity.and_then(|identity| {
        let Some(rules) = &rules else {
            return Ok(Answer::Identity(identity));
        };
        match &args.private_dns_name {
            Some(name) => Authenticated::resolve_instance(identity, rules, name),
            None => Authenticated::resolve(identity, rules),
        }
        .map(Answer::User)
    });
    match answer {
        Ok(answer) => Ok(output::finish(PROGRAM, 0, &print(args.output, &answer)?)),
        Err(AuthError::Refused(why)) => {
            let (code, message) = (why.code(), why.to_string());
            let text = match args.output {
                Output::Json => {
                    let document = json!({ "refused": { "code": code, "message": message } });
                    format!("{document:#}\n")
                }
                Output::Text => format!("refused   {message} ({code})\n"),
            };
            Ok(output::finish(PROGRAM, REFUSED, &text))
        }
        Err(AuthError::Failed(why)) => Err(format!("{} ({})", Causes::new(&why), why.code())),
    }
}

/// The caller to whom the token belongs, and with mapping rules the Kubernetes user.
enum Answer {
    Identity(Identity),
    User(Authenticated),
}

/// Reads a token, without the newline that `echo` and editors add at the end.
pub(crate) fn read_token(file: Option<&Path>, max_input_size: usize) -> Result<String, String> {
    let path = file.map_or_else(|| PathBuf::from("-"), Path::to_owned);
    if file.is_none() && std::io::stdin().is_terminal() {
        let what = "reading the token from the terminal; `signer --cluster-name NAME --token-only` prints one";
        output::note(PROGRAM, &what);
    }
    let mut token = read(&path, max_input_size)?;
    token.truncate(token.trim_end_matches(['\r', '\n']).len());
    match token.trim().is_empty() {
        true => Err(format!(
            "no token: {} is empty; `signer --cluster-name NAME --token-only` prints one",
            program::files::name(&path)
        )),
        false => Ok(token),
    }
}

fn print(output: Output, answer: &Answer) -> Result<String, String> {
    let text = match (output, answer) {
        (Output::Json, Answer::Identity(identity)) => {
            format!("{:#}\n", json!({ "identity": identity, "user": null }))
        }
        (Output::Json, Answer::User(known)) => {
            let document = serde_json::to_value(known).map_err(|why| why.to_string())?;
            format!("{document:#}\n")
        }
        (Output::Text, Answer::Identity(identity)) => print_identity(identity),
        (Output::Text, Answer::User(known)) => {
            let user = known.user();
            let groups: Vec<String> = user
                .groups()
                .iter()
                .map(|group| Printable::new(group).to_string())
                .collect();
            let groups = match groups.is_empty() {
                true => "(none)".to_owned(),
                false => groups.join(", "),
            };
            format!(
                "{}user      {}\ngroups    {groups}\nuid       {}\n",
                print_identity(known.identity()),
                Printable::new(user.username()),
                Printable::new(user.uid()),
            )
        }
    };
    Ok(text)
}

fn print_identity(identity: &Identity) -> String {
    format!("identity  {}\n", Printable::new(identity.arn()))
}
