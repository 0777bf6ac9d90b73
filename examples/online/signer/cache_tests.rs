//! The cache of tokens on disk.

use std::fs;
use std::path::PathBuf;

use crate::files_tests::Files;
use crate::requests_tests::try_sign;

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
