//! The cache of tokens on disk.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sts_presign::{ClusterId, UnixTime};

use crate::cache::{Cache, Kept, Locks};
use crate::endpoint;
use crate::files_tests::Files;
use crate::plan::Plan;
use crate::requests_tests::try_sign;
use crate::settings::Settings;

const LINE: &str = "--cache -i dev --region eu-west-1";

/// A home directory with a web identity. Its tokens need a request, so they are worth keeping.
struct Home(Files);

impl Home {
    fn new(name: &str) -> Self {
        Self(Files::new(name, "", ""))
    }

    /// Signs, and returns the URL and the number of requests.
    async fn sign(&self, line: &str, variables: &[(&str, &str)]) -> (String, usize) {
        let (home, token) = (self.0.path(""), self.0.path("token"));
        let mut all = vec![
            ("HOME", home.as_str()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", &token),
            ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
        ];
        all.extend(variables);
        let (signed, seen) = try_sign(&self.0, line, &all, false).await;
        (signed.unwrap(), seen.len())
    }

    fn directory(&self) -> PathBuf {
        PathBuf::from(self.0.path(".kube/cache/signer"))
    }

    /// Returns the only token on disk.
    fn file(&self) -> PathBuf {
        let mut files: Vec<PathBuf> = fs::read_dir(self.directory())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "json"))
            .collect();
        assert_eq!(files.len(), 1);
        files.pop().unwrap()
    }
}

#[tokio::test]
async fn a_token_is_kept_for_its_identity_cluster_region_and_host() {
    let home = Home::new("cache-key");
    let (first, asked) = home.sign(LINE, &[]).await;
    assert_eq!(asked, 1);
    assert_eq!(home.sign(LINE, &[]).await, (first, 0));
    // Without the flag, nothing is read.
    assert_eq!(home.sign("-i dev --region eu-west-1", &[]).await.1, 1);
    for (line, variables) in [
        ("--cache -i prod --region eu-west-1", &[][..]),
        ("--cache -i dev --region eu-west-2", &[]),
        (LINE, &[("AWS_ENDPOINT_URL_STS", "https://sts.test")]),
        (
            LINE,
            &[("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/s")],
        ),
        (LINE, &[("AWS_ROLE_SESSION_NAME", "me")]),
    ] {
        assert_eq!(
            home.sign(line, variables).await.1,
            1,
            "{line} {variables:?}"
        );
        assert_eq!(
            home.sign(line, variables).await.1,
            0,
            "{line} {variables:?}"
        );
    }
    let role = format!("{LINE} -r arn:aws:iam::111122223333:role/t");
    assert_eq!(home.sign(&role, &[]).await.1, 2);
    assert_eq!(home.sign(&format!("{role} -e x"), &[]).await.1, 2);
    assert_eq!(home.sign(&role, &[]).await.1, 0);
}

#[tokio::test]
async fn a_file_that_cannot_be_trusted_is_replaced() {
    let home = Home::new("cache-file");
    let (first, _) = home.sign(LINE, &[]).await;
    let good = fs::read_to_string(home.file()).unwrap();
    assert!(!good.contains("SECRET") && good.contains("k8s-aws-v1."));
    for text in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        // The token has expired, is about to expire, or lives longer than any token does.
        good.replace("2026-11-23T09:14:00Z", "2026-11-23T09:00:00Z"),
        good.replace("2026-11-23T09:14:00Z", "2026-11-23T09:00:59Z"),
        good.replace("2026-11-23T09:14:00Z", "2026-11-23T10:00:00Z"),
        good.replace("2026-11-23T09:14:00Z", "soon"),
        good.replace("k8s-aws-v1.", "k8s-aws-v1.!"),
        good.replace("k8s-aws-v1.", "k8s-aws-v2."),
        "x".repeat(100_000),
    ] {
        fs::write(home.file(), &text).unwrap();
        assert_eq!(home.sign(LINE, &[]).await.1, 1, "{text}");
        assert_eq!(home.sign(LINE, &[]).await, (first.clone(), 0), "{text}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new("cache-mode");
    home.sign(LINE, &[]).await;
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(home.file()), mode(home.directory())), (0o600, 0o700));
    // A file that other users could have written, and a link.
    let file = home.file();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(home.sign(LINE, &[]).await.1, 1);
    assert_eq!(mode(home.file()), 0o600);
    let elsewhere = home.directory().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    fs::write(&elsewhere, "another file").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_eq!(home.sign(LINE, &[]).await.1, 1);
    assert!(!home.file().is_symlink());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "another file");
    assert_eq!(home.sign(LINE, &[]).await.1, 0);
    // A directory to which other users could write their own tokens.
    fs::set_permissions(home.directory(), fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(home.sign(LINE, &[]).await.1, 1);
}

/// Signing with given keys is faster than reading a file. A cache that cannot be written gives no
/// error.
#[tokio::test]
async fn what_is_not_worth_or_not_possible_to_keep_is_minted() {
    let home = Home::new("cache-none");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDE"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    home.sign(LINE, &keys).await;
    assert!(!home.directory().exists());
    let file = home.0.path("credentials");
    for nowhere in [file.as_str(), "", "relative"] {
        let nowhere = [("HOME", nowhere)];
        assert_eq!(home.sign(LINE, &nowhere).await.1, 1);
        assert_eq!(home.sign(LINE, &nowhere).await.1, 1);
    }
    assert!(!PathBuf::from("relative").exists());
}

/// Returns the place of the token for a run, or why none is kept.
fn place(files: &Files, variables: &[(&str, &str)]) -> Result<Cache, String> {
    let home = files.path("");
    let all: Vec<_> = [("HOME", home.as_str())]
        .into_iter()
        .chain(variables.iter().copied())
        .collect();
    let settings = Settings::read(files.environment(&all), None).unwrap();
    let plan = Plan::of(&settings).unwrap();
    let target = endpoint::choose(&settings, Some("eu-west-1")).unwrap();
    Cache::of(&settings, &plan, &target, &ClusterId::parse("dev").unwrap())
}

/// A `credential_process` does not show who the next caller is, so they never get the token of another one.
#[tokio::test]
async fn no_token_of_a_program_is_kept() {
    let config = "[default]\ncredential_process = sh -c 'echo \"{\\\"Version\\\": 1, \\\"AccessKeyId\\\": \\\"$(cat HOME/who)\\\", \\\"SecretAccessKey\\\": \\\"s\\\"}\"'\n";
    let files = Files::new("cache-process", "", "");
    let home = files.path("");
    fs::write(files.path("config"), config.replace("HOME", &home)).unwrap();
    for who in ["ALICE", "BOB"] {
        fs::write(files.path("who"), who).unwrap();
        let (signed, _) = try_sign(&files, LINE, &[("HOME", &home)], false).await;
        let url = signed.unwrap();
        assert!(url.contains(&format!("X-Amz-Credential={who}%2F")), "{url}");
    }
    let why = place(&files, &[]).unwrap_err();
    assert!(why.contains("credential_process"), "{why}");
    assert!(!PathBuf::from(files.path(".kube")).exists());
}

/// What the identity depends on, beside the settings: the content of a file.
#[tokio::test]
async fn a_token_is_kept_for_its_web_identity_and_its_login() {
    let home = Home::new("cache-source");
    let (first, asked) = home.sign(LINE, &[]).await;
    assert_eq!((home.sign(LINE, &[]).await.1, asked), (0, 1));
    for content in ["another.fake.jwt", "eyJhbGciOi.fake.jwt"] {
        fs::write(home.0.path("token"), content).unwrap();
        assert_eq!(home.sign(LINE, &[]).await.1, 1, "{content}");
        assert_eq!(home.sign(LINE, &[]).await.1, 0, "{content}");
    }
    // One file, not one for each content.
    assert!(home.file().exists());
    let config = "[default]\nsso_start_url = https://a\nsso_region = eu-west-1\nsso_account_id = 111122223333\n\
                  sso_role_name = r\n";
    let files = Files::new("cache-sso", config, "");
    assert!(place(&files, &[]).unwrap_err().contains("No such file"));
    let login = files.path(".aws/sso/cache/a6ede4c26976783d2ef39cb030f7481da30ad3b3.json");
    let directory = PathBuf::from(&login);
    fs::create_dir_all(directory.parent().unwrap()).unwrap();
    let now = UnixTime::parse_rfc3339("2026-11-23T09:00:00Z").unwrap();
    let kept = Kept {
        token: format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(first)),
        expires_at: now.later(840),
    };
    fs::write(&login, "{\"accessToken\": \"alice\"}").unwrap();
    let of_alice = place(&files, &[]).unwrap();
    let _lock = of_alice.lock(Locks::SYSTEM).unwrap();
    of_alice.put(&kept).unwrap();
    assert_eq!(place(&files, &[]).unwrap().get(now), Some(kept));
    fs::write(&login, "{\"accessToken\": \"bob\"}").unwrap();
    assert_eq!(place(&files, &[]).unwrap().get(now), None);
}

#[test]
fn a_source_that_may_change_unseen_is_not_kept() {
    let role = "role_arn = arn:aws:iam::111122223333:role/r\n";
    let config = format!(
        "[profile instance]\n{role}credential_source = Ec2InstanceMetadata\n[profile container]\n{role}\
         credential_source = EcsContainer\n[profile keys]\n{role}credential_source = Environment\n\
         [profile process]\n{role}source_profile = program\n[profile program]\ncredential_process = x\n"
    );
    let files = Files::new("cache-unseen", &config, "");
    let token = files.path("token");
    let server = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/x");
    let pod = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str());
    let task = (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "/v2/credentials/1",
    );
    for (variables, why) in [
        (&[][..], "on an instance"),
        (&[("AWS_PROFILE", "instance")], "on an instance"),
        (&[("AWS_PROFILE", "instance"), task], "on an instance"),
        (&[("AWS_PROFILE", "process")], "a credential_process"),
        (&[server], "no authorization token"),
        (
            &[server, ("AWS_PROFILE", "container")],
            "no authorization token",
        ),
        (
            &[
                server,
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent"),
            ],
            "No such file",
        ),
        (
            &[
                ("AWS_ACCESS_KEY_ID", "AKIDE"),
                ("AWS_SECRET_ACCESS_KEY", "s"),
            ],
            "the keys are at hand",
        ),
    ] {
        let refused = place(&files, variables).unwrap_err();
        assert!(refused.contains(why), "{variables:?}: {refused}");
    }
    for variables in [
        &[server, pod][..],
        &[server, pod, ("AWS_PROFILE", "container")],
        &[server, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "t")],
        &[task],
        &[("AWS_PROFILE", "keys")],
    ] {
        place(&files, variables).unwrap();
    }
}
