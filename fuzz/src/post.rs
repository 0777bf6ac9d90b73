use iam_principal::Partition;
use sts_presign::{AcceptPolicy, BindingHeader, ForwardedRequest, SignedPost, UnixTime};

/// Asserts that an accepted POST login is forwarded as it was received.
///
/// It is sent to its host, with its form and with the received value of each signed header, and without
/// any other input of the caller. The diagnosis agrees with the verdict on every login, and quotes neither
/// signature nor session token.
///
/// The bytes are a request in text: method and URL, one header per line, an empty line, the form.
///
/// # Panics
///
/// If the property does not hold.
pub fn sent_post_is_what_was_accepted(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Some((url, request)) = read(text) else {
        return;
    };
    let Ok(binding) = BindingHeader::parse("x-server-id", "fuzz") else {
        return;
    };
    let policy = AcceptPolicy::bound_by(binding, Partition::Aws);
    let carried = ForwardedRequest {
        method: request.method,
        url,
        headers: &request.headers,
        body: request.body,
    };
    let parsed = SignedPost::parse(&carried);
    let Ok(then) = UnixTime::parse_rfc3339("2023-04-28T00:00:00Z") else {
        return;
    };
    // The time of signing, and a time that usually differs.
    for now in [parsed.as_ref().map_or(then, SignedPost::signed_at), then] {
        let judged = parsed
            .clone()
            .and_then(|post| policy.accept_post(&post, now));
        let diagnosis = policy.diagnose_post(&carried, now);
        assert_eq!(diagnosis.refusal(), judged.err());
        let printed = diagnosis.to_string();
        for secret in secrets(text, &request.headers) {
            // The diagnosis has words of its own that a login can put in place of a secret, such as the name
            // of the algorithm.
            let masked = text.replace(secret, &"x".repeat(secret.len()));
            let own = diagnosed(&policy, &masked, now).is_some_and(|words| words.contains(secret));
            assert!(own || !printed.contains(secret), "{secret} is quoted");
        }
    }
    let Ok(post) = parsed else {
        return;
    };
    let now = post.signed_at();
    let Ok(accepted) = policy.accept_post(&post, now) else {
        return;
    };
    let sent = accepted.to_http();
    assert_eq!(sent.uri().to_string(), url);
    assert_eq!(*sent.body(), request.body);
    assert_eq!(sent.method(), "POST");
    let signed: Vec<&str> = post.signed_headers().collect();
    let mut written = Vec::new();
    for (name, value) in sent.headers() {
        let value = value.to_str().unwrap_or_default();
        written.push((name.as_str(), value));
        let mut carried = request
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name.as_str()));
        let carried = carried.next().map(|(_, value)| *value);
        let want = match name.as_str() {
            "authorization" => continue,
            "x-server-id" => Some("fuzz"),
            name if signed.contains(&name) => carried,
            "accept" => Some("application/json"),
            "content-type" => Some("application/x-www-form-urlencoded"),
            _ => fail("a header that was not signed"),
        };
        assert_eq!(Some(value), want, "{name}");
    }
    for name in signed.iter().filter(|name| **name != "host") {
        assert!(sent.headers().contains_key(*name), "{name} was signed");
    }
    // The forwarded request is accepted as well, and forwarded alike.
    let again = SignedPost::parse(&ForwardedRequest {
        method: "POST",
        url,
        headers: &written,
        body: sent.body(),
    });
    let again = again.and_then(|post| policy.accept_post(&post, now));
    let headers = again.map(|again| again.to_http().headers().clone());
    assert_eq!(headers, Ok(sent.headers().clone()));
}

fn diagnosed(policy: &AcceptPolicy, text: &str, now: UnixTime) -> Option<String> {
    let (url, request) = read(text)?;
    let carried = ForwardedRequest {
        method: request.method,
        url,
        headers: &request.headers,
        body: request.body,
    };
    Some(policy.diagnose_post(&carried, now).to_string())
}

struct Written<'r> {
    method: &'r str,
    headers: Vec<(&'r str, &'r str)>,
    body: &'r str,
}

fn read(text: &str) -> Option<(&str, Written<'_>)> {
    let (head, body) = text.split_once("\n\n")?;
    let mut lines = head.split('\n');
    let (method, url) = lines.next()?.split_once(' ')?;
    let headers = lines.filter_map(|line| line.split_once(": ")).collect();
    let written = Written {
        method,
        headers,
        body,
    };
    Some((url, written))
}

/// Returns the session token and the signature if they are long enough to be real and occur nowhere else
/// in the text.
fn secrets<'r>(text: &str, headers: &[(&str, &'r str)]) -> Vec<&'r str> {
    let of = |wanted: &'static str| {
        let named = move |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case(wanted);
        headers.iter().filter(named).map(|(_, value)| *value)
    };
    let parts = of("authorization").flat_map(|value| value.split([',', ' ']));
    let signatures = parts.filter_map(|part| part.strip_prefix("Signature="));
    let all = signatures.chain(of("x-amz-security-token"));
    let alone = |value: &&str| value.len() >= 16 && text.matches(*value).count() == 1;
    all.filter(alone).collect()
}

#[expect(clippy::panic, reason = "this is how a property fails")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
