//! The requests that the sources of credentials make, against a stub of STS in the place of the network.

use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use clap::Parser as _;
use sts_presign::UnixTime;

use crate::Tools;
use crate::arguments::Arguments;
use crate::cache::{Kept, Locks};
use crate::error::Error;
use crate::files_tests::Files;
use crate::settings::Settings;
use crate::terminal::NoCode;

/// Records the host and body of each request, and answers as STS.
#[derive(Clone, Debug)]
struct Stub {
    seen: Arc<Mutex<Vec<String>>>,
    denied: bool,
}

impl HttpConnector for Stub {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        let body = String::from_utf8_lossy(body).into_owned();
        let host = request.uri().split('/').nth(2).unwrap_or_default();
        self.seen.lock().unwrap().push(format!("{host} {body}"));
        let action = match body.contains("AssumeRoleWithWebIdentity") {
            true => "AssumeRoleWithWebIdentity",
            false => "AssumeRole",
        };
        if body.contains("GetCallerIdentity") {
            return HttpConnectorFuture::ready(Ok(HttpResponse::new(
                200.try_into().unwrap(),
                caller(&request).into(),
            )));
        }
        let xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
        let (status, answer) = if self.denied {
            let answer = format!(
                "<ErrorResponse xmlns=\"{xmlns}\"><Error><Type>Sender</Type><Code>AccessDenied</Code>\
                 <Message>alice is not authorized to perform: sts:{action}</Message></Error>\
                 <RequestId>1</RequestId></ErrorResponse>"
            );
            (403, answer)
        } else {
            let answer = format!(
                "<{action}Response xmlns=\"{xmlns}\"><{action}Result><Credentials>\
                 <AccessKeyId>ASIASTUB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>T</SessionToken><Expiration>2036-11-23T09:00:00Z</Expiration></Credentials>\
                 <AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/r/s</Arn>\
                 <AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></{action}Result>\
                 </{action}Response>"
            );
            (200, answer)
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(
            status.try_into().unwrap(),
            answer.into(),
        )))
    }
}

/// Answers `GetCallerIdentity`: the owner of an `ASIA…` key is a role.
fn caller(request: &HttpRequest) -> String {
    let authorization = request.headers().get("authorization").unwrap_or_default();
    let user_id = match authorization.contains("Credential=ASIA") {
        true => "AROAEXAMPLE:alice@example.com",
        false => "AIDAEXAMPLE",
    };
    format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
         <GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/a</Arn><UserId>{user_id}</UserId>\
         <Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
}

/// Signs with the stub in the place of the network, and returns the access key id and the requests.
pub(crate) async fn sign(
    files: &Files,
    line: &str,
    variables: &[(&str, &str)],
) -> (String, Vec<String>) {
    let (result, seen) = try_sign(files, line, variables, false).await;
    let url = result.unwrap();
    let id = url.split("X-Amz-Credential=").nth(1).unwrap();
    (id.split("%2F").next().unwrap().to_owned(), seen)
}

pub(crate) async fn try_sign(
    files: &Files,
    line: &str,
    variables: &[(&str, &str)],
    denied: bool,
) -> (Result<String, Error>, Vec<String>) {
    let words = std::iter::once("signer").chain(line.split_whitespace());
    let arguments = Arguments::try_parse_from(words).unwrap();
    let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    let seen = Arc::default();
    let stub = Stub {
        seen: Arc::clone(&seen),
        denied,
    };
    let client = |_: &Settings| -> Result<SharedHttpClient, Error> {
        let connector = SharedHttpConnector::new(stub.clone());
        Ok(http_client_fn(move |_, _| connector.clone()))
    };
    let environment = files.environment(variables);
    let tools = Tools {
        clock: &|| Ok(now),
        client: &client,
        prompt: &|serial| match serial.rsplit('/').next() {
            Some("known") => Ok("123456".to_owned()),
            Some("mistyped") => Err(NoCode::NotDigits),
            _ => Err(NoCode::NoTerminal),
        },
        locks: Locks::SYSTEM,
    };
    let token = crate::token(&arguments, environment, &tools).await;
    let seen = seen.lock().unwrap().clone();
    (token.map(|token| url(&token)), seen)
}

/// Returns the URL in a token.
pub(crate) fn url(kept: &Kept) -> String {
    let token = eks_token::Token::parse(&kept.token).unwrap();
    token.decode().unwrap().expose().to_owned()
}

/// The pod's web identity is in the environment, and the profile names another role.
#[tokio::test]
async fn the_role_of_the_profile_goes_before_the_web_identity_of_the_environment() {
    let files = Files::new("irsa", "", "");
    let token = files.path("token");
    let config = format!(
        "[profile irsa]\nrole_arn = arn:aws:iam::111122223333:role/irsa\n\
         web_identity_token_file = {token}\n[profile cross]\n\
         role_arn = arn:aws:iam::444455556666:role/cross\nsource_profile = irsa\n"
    );
    std::fs::write(Path::new(&files.path("config")), config).unwrap();
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/irsa"),
        ("AWS_PROFILE", "cross"),
    ];
    let (id, seen) = sign(&files, "-i dev --region eu-west-1", &variables).await;
    assert_eq!(id, "ASIASTUB");
    assert_eq!(seen.len(), 2);
    assert!(
        seen[0].contains("AssumeRoleWithWebIdentity") && seen[0].contains("irsa"),
        "{seen:?}"
    );
    assert!(seen[1].contains("role%2Fcross"), "{seen:?}");
    // Without the profile, the pod's role is used.
    let (_, seen) = sign(&files, "-i dev --region eu-west-1", &variables[..2]).await;
    assert_eq!(seen.len(), 1);
}

#[tokio::test]
async fn a_role_is_assumed_at_the_endpoint_of_the_token() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    let files = Files::new("role", "", "");
    let line = "-i dev --region us-east-1 -r arn:aws:iam::111122223333:role/r";
    for (more, host) in [
        (&[][..], "sts.us-east-1.amazonaws.com"),
        (
            &[("AWS_USE_FIPS_ENDPOINT", "true")],
            "sts-fips.us-east-1.amazonaws.com",
        ),
        (
            &[("AWS_USE_DUALSTACK_ENDPOINT", "true")],
            "sts.us-east-1.api.aws",
        ),
    ] {
        let variables: Vec<_> = keys.iter().chain(more).copied().collect();
        let (id, seen) = sign(&files, line, &variables).await;
        assert_eq!(id, "ASIASTUB");
        assert!(seen[0].starts_with(&format!("{host} ")), "{seen:?}");
    }
}

#[tokio::test]
async fn fips_holds_for_the_web_identity_too() {
    let files = Files::new("fips", "", "");
    let token = files.path("token");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/irsa"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
    ];
    let (_, seen) = sign(&files, "-i dev --region us-east-1", &variables).await;
    assert!(
        seen[0].starts_with("sts-fips.us-east-1.amazonaws.com "),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_denied_role_of_a_profile_is_a_sentence() {
    let config = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
                  [profile base]\naws_access_key_id = AKIDB\naws_secret_access_key = s\n";
    let files = Files::new("denied", config, "");
    let (result, _) = try_sign(&files, "-i dev --region eu-west-1 --profile p", &[], true).await;
    let why = result.unwrap_err().to_string();
    assert!(
        why.ends_with("AccessDenied: alice is not authorized to perform: sts:AssumeRole"),
        "{why}"
    );
    assert!(!why.contains('{') && !why.contains("Error"), "{why}");
}

async fn refusal(name: &str, config: &str, profile: &str) -> String {
    let files = Files::new(name, config, "");
    let line = format!("-i dev --region eu-west-1 --profile {profile}");
    let (result, seen) = try_sign(&files, &line, &[], false).await;
    assert_eq!(seen, Vec::<String>::new());
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn what_needs_a_person_is_named_without_a_request() {
    let config = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
                  mfa_serial = arn:aws:iam::111122223333:mfa/a\n[profile base]\n\
                  aws_access_key_id = AKIDB\naws_secret_access_key = s\n";
    let why = refusal("mfa", config, "p").await;
    assert!(
        why.contains("MFA device arn:aws:iam::111122223333:mfa/a") && why.contains("no terminal"),
        "{why}"
    );
    let mistyped = config.replace("mfa/a", "mfa/mistyped");
    let why = refusal("mistyped", &mistyped, "p").await;
    assert_eq!(
        why,
        "the answer is not a code of the MFA device arn:aws:iam::111122223333:mfa/mistyped: a code is a line of \
         digits; run the command again"
    );
    let config = "[profile p]\nlogin_session = arn:aws:iam::111122223333:user/a\n";
    let why = refusal("login", config, "p").await;
    assert!(
        why.contains("`aws login`") && why.contains("export-credentials"),
        "{why}"
    );
    let config = "[profile p]\nsso_session = my\nsso_start_url = https://a\nsso_account_id = 1\n\
                  sso_role_name = r\n[sso-session my]\nsso_start_url = https://b\n";
    let why = refusal("conflict", config, "p").await;
    assert!(
        why.contains("profile `p`: its `sso_start_url` contradicts"),
        "{why}"
    );
}

/// If a profile names a device, the signer asks for a code and sends it with the request.
#[tokio::test]
async fn the_code_of_an_mfa_device_is_sent_with_the_request() {
    let config = "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
                  mfa_serial = arn:aws:iam::111122223333:mfa/known\n[profile base]\n\
                  aws_access_key_id = AKIDB\naws_secret_access_key = s\n";
    let files = Files::new("mfa-known", config, "");
    let (id, seen) = sign(&files, "-i dev --region eu-west-1 --profile p", &[]).await;
    assert_eq!((id.as_str(), seen.len()), ("ASIASTUB", 1));
    assert!(
        seen[0].contains("TokenCode=123456") && seen[0].contains("mfa%2Fknown"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn the_options_of_a_role_are_sent_with_the_request() {
    let files = Files::new("options", "", "");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    let line = "-i dev --region eu-west-1 -r arn:aws:iam::111122223333:role/one \
                -r arn:aws:iam::111122223333:role/two --source-identity alice --session-tag team=a \
                --external-id x --duration-seconds 900";
    let (_, seen) = sign(&files, line, &keys).await;
    let [one, two] = seen.try_into().unwrap();
    assert!(one.contains("role%2Fone") && one.contains("SourceIdentity=alice"));
    assert!(
        !one.contains("ExternalId") && !one.contains("Tags"),
        "{one}"
    );
    for part in [
        "role%2Ftwo",
        "Tags.member.1.Key=team",
        "Tags.member.1.Value=a",
        "ExternalId=x",
        "DurationSeconds=900",
    ] {
        assert!(two.contains(part), "{part}: {two}");
    }
}

/// As in aws-iam-authenticator, the session name of the credentials is kept if the credentials
/// belong to a role.
#[tokio::test]
async fn a_session_name_can_be_forwarded() {
    let files = Files::new("forward", "", "");
    let line =
        "-i dev --region eu-west-1 --forward-session-name -r arn:aws:iam::111122223333:role/r";
    for (id, name) in [
        ("ASIAE", "alice%40example.com"),
        ("AKIDE", "EKSGetTokenAuth"),
    ] {
        let keys = [("AWS_ACCESS_KEY_ID", id), ("AWS_SECRET_ACCESS_KEY", "s")];
        let (_, seen) = sign(&files, line, &keys).await;
        let [asked, assumed] = seen.try_into().unwrap();
        assert!(asked.contains("GetCallerIdentity"), "{asked}");
        assert!(
            assumed.contains(&format!("RoleSessionName={name}")),
            "{assumed}"
        );
    }
}

#[tokio::test]
async fn quoted_and_indented_profiles_are_found() {
    let config = "[profile \"my prof\"]\naws_access_key_id = AKIDX\naws_secret_access_key = s\n\
                  [profile 'é']\naws_access_key_id: AKIDZ\naws_secret_access_key: s\n";
    let credentials = "[other]\n  aws_access_key_id = AKIDY\n  aws_secret_access_key = s\n  \
                       aws_security_token = OLD\n";
    let files = Files::new("quoted", config, credentials);
    for (profile, id) in [("my prof", "AKIDX"), ("é", "AKIDZ"), ("other", "AKIDY")] {
        let variables = [("AWS_PROFILE", profile)];
        let (found, seen) = sign(&files, "-i dev --region eu-west-1", &variables).await;
        assert_eq!((found.as_str(), seen.len()), (id, 0));
    }
    let (result, _) = try_sign(
        &files,
        "-i dev --region eu-west-1 --profile other",
        &[],
        false,
    )
    .await;
    assert!(result.unwrap().contains("X-Amz-Security-Token=OLD"));
    let variables = [
        ("AWS_ACCESS_KEY_ID", "ASIAE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_SECURITY_TOKEN", "OLD"),
        ("AWS_SESSION_TOKEN", "NEW"),
    ];
    let (result, _) = try_sign(&files, "-i dev --region eu-west-1", &variables, false).await;
    assert!(result.unwrap().contains("X-Amz-Security-Token=OLD"));
}

#[tokio::test]
async fn the_services_section_names_the_endpoint() {
    let config = "[default]\nservices = s\nendpoint_url = https://global.test\n[services s]\nsts =\n  \
                  endpoint_url = https://sts.test\n";
    let files = Files::new(
        "services",
        config,
        "[default]\naws_access_key_id = AKIDF\naws_secret_access_key = s\n",
    );
    let (result, _) = try_sign(&files, "-i dev --region eu-west-1", &[], false).await;
    assert!(result.unwrap().starts_with("https://sts.test/?"));
}

#[tokio::test]
async fn no_message_has_a_password() {
    let files = Files::new("password", "", "");
    for url in [
        "https://u:secret@host",
        "u:secret@host",
        "https://u:se@cret@host",
    ] {
        let variables = [("AWS_ENDPOINT_URL_STS", url)];
        let (result, _) = try_sign(&files, "-i dev --region eu-west-1", &variables, false).await;
        let why = result.unwrap_err().to_string();
        assert!(why.contains("AWS_ENDPOINT_URL_STS"), "{why}");
        assert!(!why.contains("secret") && !why.contains("cret"), "{why}");
    }
}

/// The value may end with a line break. `$(cat FILE)` drops it, but other ways to set a variable
/// keep it.
#[tokio::test]
async fn a_secret_that_cannot_be_one_is_refused_before_a_request() {
    let config = "[profile r]\nrole_arn = arn:aws:iam::111122223333:role/r\ncredential_source = Environment\n\
                  [profile p]\ncredential_process = \
                  echo '{\"Version\":1,\"AccessKeyId\":\"AKIDP\",\"SecretAccessKey\":\"hunter2\\n\"}'\n";
    let files = Files::new("secret", config, "");
    let line = "-i dev --region eu-west-1";
    for secret in [
        "hunter2\n",
        "hunter2\r\n",
        "hunter2 ",
        "\thunter2",
        "hun ter2",
        "hunter2\u{7f}",
        "hunter2\u{a0}",
        "hunter2é",
    ] {
        for profile in ["", "r"] {
            let variables = [
                ("AWS_ACCESS_KEY_ID", "AKIDE"),
                ("AWS_SECRET_ACCESS_KEY", secret),
                ("AWS_PROFILE", profile),
            ];
            let line = match profile {
                "" => line.to_owned(),
                profile => format!("{line} --profile {profile}"),
            };
            let (result, seen) = try_sign(&files, &line, &variables, false).await;
            let why = result.unwrap_err().to_string();
            assert!(
                why.starts_with("the secret access key from the environment has"),
                "{secret:?}: {why}"
            );
            assert!(!why.contains("hun") && seen.is_empty(), "{why}");
        }
    }
    let (result, _) = try_sign(&files, &format!("{line} --profile p"), &[], false).await;
    let why = result.unwrap_err().to_string();
    assert!(
        why.starts_with("the secret access key from credential_process"),
        "{why}"
    );
    assert!(!why.contains("hunter"), "{why}");
}
