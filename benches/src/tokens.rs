//! Tokens of every cost, and a verifier that accepts or refuses them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eks_token::{MAX_TOKEN_LEN, PREFIX, Token};
use http::Request;
use iam_principal::Partition;
use sts_presign::{AcceptPolicy, ClusterId, Error, Param, PresignedUrl, UnixTime};
use url::Url;

use crate::broken_fixture;

/// The URL that awscli signs for `test-cluster` at 2023-04-28T00:00:00Z with the example key.
const URL: &str = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity\
    &Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20230428\
    %2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z&X-Amz-Expires=60\
    &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=\
    d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec";

/// The longest URL that fits into a token of the default maximum length.
const LONGEST_URL: usize = (MAX_TOKEN_LEN - PREFIX.len()) / 4 * 3;

/// The number of percent-encoded characters that a session token in it can have.
const ESCAPES: usize = (LONGEST_URL - URL.len() - "&X-Amz-Security-Token=".len()) / 3;
/// The same, with room for another parameter.
const FEWER_ESCAPES: usize = ESCAPES - 3;

/// A policy and a time at which the tokens are valid.
#[derive(Debug)]
pub struct Verifier {
    policy: AcceptPolicy,
    now: UnixTime,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier {
    /// Creates a verifier for `test-cluster`.
    #[must_use]
    pub fn new() -> Self {
        let (Ok(cluster_id), Ok(now)) = (
            ClusterId::parse("test-cluster"),
            UnixTime::parse_rfc3339("2023-04-28T00:01:00Z"),
        ) else {
            broken_fixture()
        };
        let policy = AcceptPolicy::new(cluster_id, Partition::Aws);
        Self { policy, now }
    }

    /// Decodes and validates a token, and builds the request for STS.
    ///
    /// # Errors
    ///
    /// The first check that fails.
    pub fn accept(&self, token: &str) -> Result<Request<()>, Error> {
        let Ok(url) = Token::parse(token).and_then(|token| token.decode()) else {
            broken_fixture()
        };
        let url = PresignedUrl::parse(url.expose())?;
        Ok(self.policy.accept(url, self.now)?.to_http())
    }
}

/// Decodes a token, parses its URL, and builds a request from the unchanged URL, without any check.
#[must_use]
pub fn accept_by_packages(token: &str) -> Option<(Url, Request<()>)> {
    let decoded = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let text = std::str::from_utf8(&decoded).ok()?;
    let url = Url::parse(text).ok()?;
    let request = Request::get(text)
        .header("accept", "application/json")
        .header("x-k8s-aws-id", "test-cluster")
        .body(());
    Some((url, request.ok()?))
}

/// Tokens that are accepted: the usual ones, and the most expensive ones.
#[must_use]
pub fn accepted() -> [(&'static str, String); 4] {
    let with = |session_token: &str| token(&format!("{URL}&X-Amz-Security-Token={session_token}"));
    [
        ("long-term", token(URL)),
        // 828 characters of base64, of which one in 36 is `/` or `+`.
        (
            "session-token",
            with(&"IQoJb3JpZ2luX2VjEJr%2F5s6uT9wKq3XcZ0aB".repeat(23)),
        ),
        ("longest-all-escapes", with(&"%2F".repeat(ESCAPES))),
        ("longest-all-escapes-elsewise", with(&"%2f".repeat(ESCAPES))),
    ]
}

/// Tokens that are refused, each as late in its checks as possible.
#[must_use]
pub fn refused() -> [(&'static str, String, Error); 5] {
    let escapes = "%2f".repeat(FEWER_ESCAPES);
    let twice = format!("{URL}&X-Amz-Security-Token={escapes}&Action=a");
    let stale = format!(
        "{}&X-Amz-Security-Token={escapes}",
        URL.replace("20230428", "20230427")
    );
    let elsewhere = format!(
        "{}&X-Amz-Security-Token={escapes}",
        URL.replace("us-west-2", "us-gov-west-1")
    );
    [
        (
            "all-percent-signs",
            token(&"%".repeat(LONGEST_URL)),
            Error::NotHttps,
        ),
        (
            "all-ampersands",
            token(&format!("https://sts.amazonaws.com/?{}", "&".repeat(3000))),
            Error::Pair,
        ),
        (
            "parameter-twice-at-the-end",
            token(&twice),
            Error::DuplicateParameter(Param::Action),
        ),
        ("stale", token(&stale), Error::Expired { seconds: 85_560 }),
        ("elsewhere", token(&elsewhere), Error::HostPartition),
    ]
}

fn token(url: &str) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url))
}
