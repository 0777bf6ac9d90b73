//! Each row of `testdata/divergences.toml` is real: the tests show the result of the signer beside the
//! result of upstream.

use std::cell::Cell;
use std::fs::TryLockError;
use std::path::Path;
use std::time::Duration;

use sts_presign::{ClusterId, UnixTime};
use testkit::Divergences;

use crate::cache::{Cache, Locks};
use crate::endpoint;
use crate::error::Error;
use crate::files_tests::Files;
use crate::kubeconfig;
use crate::plan::Plan;
use crate::requests_tests::{sign, try_sign};
use crate::settings::Settings;
use crate::terminal;

const KEYS: &str = "aws_access_key_id = AKIDF\naws_secret_access_key = s\n";
const ENVIRONMENT: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDE"),
    ("AWS_SECRET_ACCESS_KEY", "s"),
];
const LINE: &str = "-i dev --region eu-west-1";

#[tokio::test]
async fn every_divergence_is_listed_and_real() {
    let rows = Divergences::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/signer/testdata/divergences.toml"
    ));
    let files = Files::new("divergences", "", &format!("[default]\n{KEYS}"));

    let half = [("AWS_SECRET_ACCESS_KEY", "s")];
    let (signed, _) = try_sign(&files, LINE, &half, false).await;
    let ours = match signed {
        Err(Error::Partial { .. }) => "refused",
        _ => "signed",
    };
    rows.compare("half-a-pair-of-keys", &"signed", &ours);

    let broken = [ENVIRONMENT[0], ("AWS_SECRET_ACCESS_KEY", "s\n")];
    let (signed, _) = try_sign(&files, LINE, &broken, false).await;
    let ours = match signed {
        Err(Error::Secret { .. }) => "refused",
        _ => "signed",
    };
    rows.compare("secret-with-a-line-break", &"signed", &ours);

    let names = kubeconfig::tests::names_of_duplicates();
    rows.compare("entries-of-one-name", &"new other old", &names.as_str());

    let ours = match kubeconfig::tests::is_tag_refused() {
        true => "refused",
        false => "changed",
    };
    rows.compare("tag-in-a-kubeconfig", &"changed", &ours);

    let settings = Settings::read([("HOME", "")].into_iter().collect(), None).unwrap();
    let named = settings.files();
    let ours = match named.starts_with("~/.aws/config (not read: there is no home directory)") {
        true => "none",
        false => named.as_str(),
    };
    rows.compare("empty-home", &"/.aws/config", &ours);

    let long = files.path("long");
    std::fs::write(&long, "# a comment\n".repeat(400_000)).unwrap();
    let variables = [("AWS_CONFIG_FILE", long.as_str())];
    let (signed, _) = try_sign(&files, LINE, &variables, false).await;
    let ours = match signed {
        Err(Error::Files { .. }) => "refused",
        _ => "signed",
    };
    rows.compare("long-file", &"signed", &ours);

    let marked = files.path("marked");
    std::fs::write(&marked, format!("\u{feff}[default]\n{KEYS}")).unwrap();
    let variables = [("AWS_SHARED_CREDENTIALS_FILE", marked.as_str())];
    let (signed, _) = try_sign(&files, LINE, &variables, false).await;
    let ours = if signed.is_ok() { "read" } else { "refused" };
    rows.compare("byte-order-mark", &"refused", &ours);

    let both = "[profile new]\nregion = eu-west-1\n[profile old]\nregion = eu-north-1\n";
    let profiles = Files::new("divergences-profiles", both, "");
    let named = [("AWS_PROFILE", "new"), ("AWS_DEFAULT_PROFILE", "old")];
    let settings = Settings::read(profiles.environment(&named), None).unwrap();
    rows.compare("profile-variables", &"old", &settings.profile_name());

    let regions = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-north-1"),
    ];
    let settings = Settings::read(files.environment(&regions), None).unwrap();
    let target = endpoint::choose(&settings, None).unwrap();
    rows.compare("region-variables", &"eu-north-1", &target.region());

    let roles = Files::new("divergences-roles", "", "");
    std::fs::write(roles.path("token"), "fake.jwt\n").unwrap();
    let token = roles.path("token");
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
    ];
    let (_, seen) = sign(&roles, LINE, &web).await;
    let part = |name: &str| {
        let (_, rest) = seen[0].split_once(name).unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let session = part("RoleSessionName=");
    rows.compare("session-name", &"botocore-session", &session.as_str());
    let sent = part("WebIdentityToken=");
    rows.compare(
        "token-file-with-a-line-break",
        &"fake.jwt%0A",
        &sent.as_str(),
    );

    let line = format!("{LINE} -r arn:aws:iam::111122223333:role/r");
    let (_, seen) = sign(&roles, &line, &ENVIRONMENT).await;
    let assumed = seen[0].as_str();
    let is_fixed = assumed.contains("RoleSessionName=EKSGetTokenAuth");
    let ours = if is_fixed {
        "EKSGetTokenAuth"
    } else {
        "another name"
    };
    rows.compare("role-session-name", &"1763888400000000000", &ours);
    let has_duration = assumed.contains("DurationSeconds");
    let ours = if has_duration { "a duration" } else { "none" };
    rows.compare("role-duration", &"900", &ours);
    rows.compare("role-assumed-twice", &2, &seen.len());

    let config =
        "[profile p]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = none\n";
    let broken = Files::new("divergences-broken", config, "");
    let variables = [ENVIRONMENT[0], ENVIRONMENT[1], ("AWS_PROFILE", "p")];
    let (signed, _) = try_sign(&broken, LINE, &variables, false).await;
    let ours = if signed.is_ok() { "signed" } else { "refused" };
    rows.compare("broken-profile-beside-keys", &"refused", &ours);

    let role = ("DEFAULT_ROLE", "arn:aws:iam::111122223333:role/r");
    let variables = [ENVIRONMENT[0], ENVIRONMENT[1], role];
    let (as_role, _) = sign(&roles, LINE, &variables).await;
    let (as_caller, _) = sign(&roles, &format!("eks get-token {LINE}"), &variables).await;
    rows.compare(
        "default-role",
        &"AKIDE AKIDE",
        &format!("{as_role} {as_caller}").as_str(),
    );

    let endless = crate::process::credentials("sleep 600", Duration::from_millis(20)).await;
    let ours = match endless {
        Err(why) if why.contains("did not end within") => "stopped",
        _ => "waited for",
    };
    rows.compare("credential-process-without-an-end", &"waited for", &ours);

    let mfa = "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n\
               mfa_serial = arn:aws:iam::111122223333:mfa/a\n[profile base]\naws_access_key_id = AKIDB\naws_secret_access_key = s\n";
    let mfa = Files::new("divergences-mfa", mfa, "");
    // The stub of the terminal knows no such device.
    let (signed, _) = try_sign(&mfa, LINE, &[], false).await;
    let ours = match signed {
        Err(Error::Mfa { .. }) => "refused",
        Err(_) => "another error",
        Ok(_) => "signed",
    };
    rows.compare("mfa-without-a-terminal", &"standard input is read", &ours);

    let (mut cached, mut asked) = (Vec::new(), 0);
    let home = roles.path("");
    let at_home = [web[0], web[1], ("HOME", home.as_str())];
    for cluster in ["dev", "dev", "prod"] {
        let line = format!("--cache --region eu-west-1 -i {cluster}");
        let (signed, seen) = try_sign(&roles, &line, &at_home, false).await;
        cached.push(signed.unwrap());
        asked += seen.len();
    }
    let ours = match (cached[0] == cached[1], asked) {
        (true, 2) => "tokens",
        (false, 1) => "credentials",
        _ => "nothing",
    };
    rows.compare("cache", &"credentials", &ours);

    let config = "[default]\ncredential_process = printf \"%s\" \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \
                  \\\"AKIDP\\\", \\\"SecretAccessKey\\\": \\\"s\\\"}\"\n";
    let process = Files::new("divergences-process", config, "");
    let its_home = process.path("");
    let line = "--cache --region eu-west-1 -i dev";
    let (signed, _) = try_sign(&process, line, &[("HOME", &its_home)], false).await;
    assert!(signed.unwrap().contains("AKIDP"));
    let is_kept = Path::new(&process.path(".kube")).exists();
    let ours = if is_kept { "kept" } else { "not kept" };
    rows.compare("cache-of-a-program", &"kept", &ours);

    let kept = roles.path(".kube/cache/signer");
    for file in std::fs::read_dir(kept).unwrap() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            std::fs::write(path, "{").unwrap();
        }
    }
    let mut asked = Vec::new();
    for _ in 0..2 {
        let line = "--cache --region eu-west-1 -i dev";
        asked.push(try_sign(&roles, line, &at_home, false).await.1.len());
    }
    rows.compare("cache-repaired", &vec![1, 1], &asked);

    let typed = roles.path("terminal");
    std::fs::write(&typed, "secret\n").unwrap();
    let code = terminal::mfa_code(Path::new(&typed), "arn:aws:iam::111122223333:mfa/a");
    rows.compare("mfa-code", &Ok("secret".to_owned()), &code);

    locks(
        &rows,
        &Settings::read(roles.environment(&at_home), None).unwrap(),
    );
    rows.finish();
}

/// Another process holds the lock: for ever, or until it has stored a token.
fn locks(rows: &Divergences, settings: &Settings) {
    let plan = Plan::of(settings).unwrap();
    let target = endpoint::choose(settings, Some("eu-west-1")).unwrap();
    let cluster = ClusterId::parse("dev").unwrap();
    let cache = Cache::of(settings, &plan, &target, &cluster).unwrap();
    let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    let kept = cache.get(now);

    let waited = Cell::new(Duration::ZERO);
    let held = Locks {
        try_lock: &|_| Err(TryLockError::WouldBlock),
        pause: &|time| waited.set(waited.get().saturating_add(time)),
        note: &|_| (),
    };
    cache.lock(held).unwrap_err();
    rows.compare("cache-lock", &Duration::from_secs(1), &waited.get());

    let others = kept.clone().unwrap();
    let is_held = Cell::new(true);
    let in_use = Locks {
        try_lock: &|file| match is_held.get() {
            true => Err(TryLockError::WouldBlock),
            false => file.try_lock(),
        },
        pause: &|_| {
            cache.put(&others).unwrap();
            is_held.set(false);
        },
        note: &|_| (),
    };
    let directory = settings.home().unwrap().join(".kube/cache/signer");
    for file in std::fs::read_dir(directory).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|end| end == "json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let _lock = cache.lock(in_use).unwrap();
    rows.compare("cache-at-once", &None, &cache.get(now));
}
