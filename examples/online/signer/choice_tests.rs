//! The source of the credentials, compared with the recorded choices of botocore.

use serde_json::Value;

use crate::credentials::resolve;
use crate::endpoint::choose;
use crate::error::Error;
use crate::files_tests::Files;
use crate::plan::{Base, Plan};
use crate::profiles::Source;
use crate::settings::Settings;
use crate::terminal::NoCode;

const KEYS: &str = "aws_access_key_id = AKIDF\naws_secret_access_key = s\n";
const WEB: [(&str, &str); 2] = [
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "token"),
    ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/e"),
];

fn settings_of(word: &str) -> &'static str {
    match word {
        "role" => "role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n",
        "web" => "role_arn = arn:aws:iam::111122223333:role/w\nweb_identity_token_file = token\n",
        "sso" => {
            "sso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 111122223333\nsso_role_name = A\n"
        }
        "process" => "credential_process = echo\n",
        "config" => "aws_access_key_id = AKIDC\naws_secret_access_key = s\n",
        _ => "",
    }
}

/// Returns botocore's name of the provider.
const fn method(plan: &Plan) -> &'static str {
    if !plan.roles.is_empty() {
        return "assume-role";
    }
    match plan.base {
        Base::Environment => "env",
        Base::WebIdentity(_) => "assume-role-with-web-identity",
        Base::Sso(_) => "sso",
        Base::Process { .. } => "custom-process",
        Base::Keys {
            source: Source::CredentialsFile,
            ..
        } => "shared-credentials-file",
        Base::Keys { .. } => "config-file",
        Base::Container | Base::Instance | Base::Machine => "none",
    }
}

/// Lists every combination of up to three sources, with the profile named by `--profile` or by
/// `AWS_PROFILE`.
#[test]
fn the_source_is_the_one_that_botocore_chooses() {
    let recorded = include_str!("testdata/botocore-order.txt");
    let rows = recorded.lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for (number, row) in rows.enumerate() {
        let [named_by, words, want] = row.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let words: Vec<&str> = words.split('+').collect();
        let mut config = "[profile base]\naws_access_key_id = AKIDB\naws_secret_access_key = s\n\
                          [profile p]\nregion = eu-west-1\n"
            .to_owned();
        // A setting that two sources share is written once.
        for line in words.iter().flat_map(|word| settings_of(word).lines()) {
            let name = line.split(" =").next().unwrap();
            let own = config.split("[profile p]").nth(1).unwrap();
            if !own.contains(&format!("\n{name} =")) {
                config.push_str(line);
                config.push('\n');
            }
        }
        let credentials = match words.contains(&"file") {
            true => format!("[p]\n{KEYS}"),
            false => format!("[other]\n{KEYS}"),
        };
        let files = Files::new(&format!("order-{number}"), &config, &credentials);
        let mut variables = Vec::new();
        if words.contains(&"env") {
            variables.push(("AWS_ACCESS_KEY_ID", "AKIDE"));
            variables.push(("AWS_SECRET_ACCESS_KEY", "s"));
        }
        if words.contains(&"envweb") {
            variables.extend(WEB);
        }
        let flag = (named_by == "flag").then_some("p");
        if flag.is_none() {
            variables.push(("AWS_PROFILE", "p"));
        }
        let settings = Settings::read(files.environment(&variables), flag).unwrap();
        assert_eq!(method(&Plan::of(&settings).unwrap()), want, "{row}");
        count += 1;
    }
    assert_eq!(count, 186);
}

/// The sections of every row of `botocore-choices.jsonl`.
const SECTIONS: &str = "\
[profile base]
aws_access_key_id = AKIDB
aws_secret_access_key = s
[profile half]
aws_access_key_id = AKIDH
[profile ssoed]
sso_session = my
sso_account_id = 1
sso_role_name = A
[sso-session my]
sso_start_url = https://x.awsapps.com/start
sso_region = us-east-1
[profile weblike]
role_arn = arn:aws:iam::111122223333:role/w
web_identity_token_file = token
";

/// The results of botocore 1.43.11 (`Session.get_credentials`) for generated files and environments: the
/// provider, and the access key id if it needs no request, or an error. Recorded on 2026-11-28 with instance
/// metadata off.
#[tokio::test]
async fn generated_files_give_what_they_give_botocore() {
    let mut faults = Vec::new();
    let mut errors = 0;
    let rows = include_str!("testdata/botocore-choices.jsonl").lines();
    for (number, line) in rows.clone().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str();
        let config = format!("{SECTIONS}{}", text("config").unwrap());
        let files = Files::new(
            &format!("choice-{number}"),
            &config,
            text("credentials").unwrap(),
        );
        let variables: Vec<(&str, &str)> = row["environment"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let ours = chosen(&files, &variables, text("flag")).await;
        let theirs = match (text("method"), text("key")) {
            (Some(method), Some(key)) => format!("{method} {key}"),
            (Some(method), None) => method.to_owned(),
            (None, _) => "error".to_owned(),
        };
        errors += usize::from(theirs == "error");
        // The signer reports half of a pair of keys as an error, in every source.
        let is_half = ours == "half" && theirs != "error";
        let ours = if ours == "half" { "error" } else { &ours };
        if ours != theirs && !is_half {
            faults.push(format!("{number}: {ours}, botocore {theirs}: {line}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let total = rows.count();
    assert!(
        total >= 200 && errors > 0 && errors < total / 2,
        "{errors} of {total}"
    );
}

/// Returns botocore's name of the source and the key id, `half` for half of a pair of keys, or `error`.
async fn chosen(files: &Files, variables: &[(&str, &str)], flag: Option<&str>) -> String {
    let Ok(settings) = Settings::read(files.environment(variables), flag) else {
        return "error".to_owned();
    };
    let Ok(plan) = Plan::of(&settings) else {
        return "error".to_owned();
    };
    let method = method(&plan);
    let target = choose(&settings, Some("eu-west-1")).unwrap();
    // `resolve` asks for a client only if it makes a request.
    match resolve(
        &settings,
        &target,
        &plan,
        || Err(Error::Proxy),
        |_| Err(NoCode::NoTerminal),
    )
    .await
    {
        Ok(found) => format!("{method} {}", found.keys.access_key_id()),
        Err(Error::Proxy) => method.to_owned(),
        Err(Error::Partial { .. }) => "half".to_owned(),
        Err(_) => "error".to_owned(),
    }
}
