use iam_principal::Partition;
use sts_presign::{AcceptPolicy, AcceptedRequest, ClusterId, PresignedUrl, UnixTime};

use crate::reader::{self, Parts};

/// Judges a URL for each partition, at its own time of signing, so that a fuzzer does not have to find
/// the time.
fn accepted(text: &str) -> Vec<(AcceptPolicy, UnixTime, AcceptedRequest)> {
    let (Ok(parsed), Ok(cluster_id)) = (PresignedUrl::parse(text), ClusterId::parse("fuzz")) else {
        return Vec::new();
    };
    let now = parsed.signed_at();
    let verifiers =
        Partition::ALL.map(|partition| AcceptPolicy::new(cluster_id.clone(), partition));
    let judge = |policy: AcceptPolicy| {
        let accepted = policy.accept(parsed.clone(), now).ok()?;
        Some((policy, now, accepted))
    };
    let accepted: Vec<_> = verifiers.into_iter().filter_map(judge).collect();
    assert!(accepted.len() <= 1, "one host in two partitions");
    accepted
}

/// Asserts that three readers agree on an accepted URL: our parser, the crate `url`, and a third that
/// shares no code with either.
///
/// # Panics
///
/// If the property does not hold.
pub fn accepted_reads_alike(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for (_, _, accepted) in accepted(text) {
        let (Ok(theirs), Some(other)) = (url::Url::parse(text), reader::read(text)) else {
            fail("another reader cannot read it")
        };
        let pairs = theirs.query_pairs();
        let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = pairs
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        pairs.sort();
        let ours = Parts {
            scheme: "https".to_owned(),
            userinfo: None,
            host: accepted.host().to_owned(),
            port: None,
            path: "/".to_owned(),
            pairs,
            fragment: None,
        };
        assert_eq!(other, ours);
        let theirs = (
            theirs.scheme(),
            theirs.username(),
            theirs.password(),
            theirs.host_str(),
            theirs.port(),
            theirs.path(),
            theirs.fragment(),
        );
        let host = Some(accepted.host());
        assert_eq!(theirs, ("https", "", None, host, None, "/", None));
        let value = |name: &str| {
            let found = other
                .pairs
                .iter()
                .find(|(other, _)| other == name.as_bytes());
            found.map(|(_, value)| value.as_slice())
        };
        let id = accepted.access_key_id();
        let date = accepted.signed_at().to_amz_date();
        let day = date.get(..8).unwrap_or_default();
        let scope = format!("{id}/{day}/{}/sts/aws4_request", accepted.region());
        assert_eq!(value("X-Amz-Credential"), Some(scope.as_bytes()));
        assert_eq!(value("X-Amz-Date"), Some(date.as_bytes()));
        assert_eq!(value("Action"), Some(b"GetCallerIdentity".as_slice()));
    }
}

/// Asserts that the request for STS has the host and values of the accepted URL.
///
/// It is spelled in the canonical form of SigV4, and would be accepted itself.
///
/// # Panics
///
/// If the property does not hold.
pub fn sent_is_what_was_accepted(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for (policy, now, accepted) in accepted(text) {
        let request = accepted.to_http();
        let sent = request.uri().to_string();
        assert_eq!(reader::read(&sent), reader::read(text));
        assert_eq!(request.method(), "GET");
        let header = |name| request.headers().get(name).map(http::HeaderValue::as_bytes);
        assert_eq!(header("accept"), Some(b"application/json".as_slice()));
        assert_eq!(header("x-k8s-aws-id"), Some(b"fuzz".as_slice()));
        assert_eq!(request.headers().len(), 2);
        let query = request.uri().query().unwrap_or_default();
        assert!(
            query
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~%&=".contains(&b))
        );
        let (signed, _) = query.split_once("&X-Amz-Signature=").unwrap_or((query, ""));
        let mut sorted: Vec<&str> = signed.split('&').collect();
        sorted.sort_unstable();
        assert_eq!(sorted.join("&"), signed, "not SigV4's order");
        let again = PresignedUrl::parse(&sent).and_then(|url| policy.accept(url, now));
        assert_eq!(again.map(|a| a.to_http().uri().to_string()), Ok(sent));
    }
}

/// Asserts that the diagnosis agrees with the verdict on every text, and quotes neither signature nor
/// session token.
///
/// # Panics
///
/// If the property does not hold.
pub fn doctor_agrees_with_the_judge(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let (Ok(cluster_id), Ok(then)) = (
        ClusterId::parse("fuzz"),
        UnixTime::parse_rfc3339("2023-04-28T00:00:00Z"),
    ) else {
        return;
    };
    let parsed = PresignedUrl::parse(text);
    // The time of signing, and a time that usually differs.
    for now in [parsed.as_ref().map_or(then, PresignedUrl::signed_at), then] {
        let policy = AcceptPolicy::new(cluster_id.clone(), Partition::Aws);
        let judged = parsed.clone().and_then(|url| policy.accept(url, now));
        let diagnosis = policy.diagnose(text, now);
        assert_eq!(diagnosis.refusal(), judged.err());
        let printed = diagnosis.to_string();
        for name in ["X-Amz-Signature", "X-Amz-Security-Token"] {
            for secret in secrets(text, name) {
                // The diagnosis has words of its own that a URL can put in place of a secret, such as the
                // name of the action.
                let masked = text.replace(&secret, &"x".repeat(secret.len()));
                let own = policy.diagnose(&masked, now).to_string().contains(&secret);
                assert!(own || !printed.contains(&secret), "{name} is quoted");
            }
        }
        assert!(
            printed
                .bytes()
                .all(|b| b == b'\n' || (b' '..=b'~').contains(&b) || !b.is_ascii())
        );
    }
}

/// Returns the values of a secret parameter that are long enough to be real and occur nowhere else in the
/// text.
fn secrets(text: &str, name: &str) -> Vec<String> {
    let read = reader::read(text);
    let pairs = read.map(|read| read.pairs).unwrap_or_default();
    let of_name = |(other, _): &(Vec<u8>, Vec<u8>)| other == name.as_bytes();
    let values = pairs.into_iter().filter(of_name);
    let values = values.filter_map(|(_, value)| String::from_utf8(value).ok());
    let alone = |value: &String| value.len() >= 16 && text.matches(value.as_str()).count() == 1;
    values.filter(alone).collect()
}

#[expect(clippy::panic, reason = "this is how a property fails")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
