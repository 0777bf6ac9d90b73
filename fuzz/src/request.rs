use std::sync::LazyLock;

use http::Request;
use iam_principal::Identity;
use serde::Deserialize;
use sts_presign::{Key, Keys, LocalSts, SecretAccessKey, SessionToken, UnixTime};

/// Asserts that the embedded STS answers 200 only to requests that real clients signed with its keys.
///
/// An accepted request has the method, parameters, body and signed headers of a recorded request; only
/// the spelling may differ.
///
/// The input is an HTTP/1.1 request, one header per line, without carriage returns. It arrives at the
/// second in which the recorded original was signed.
///
/// # Panics
///
/// If the property does not hold.
pub fn only_signed_requests_are_answered(bytes: &[u8]) {
    static STS: LazyLock<LocalSts<Keys>> = LazyLock::new(|| LocalSts::new(keys()));
    static RECORDED: LazyLock<Vec<Recorded>> = LazyLock::new(recorded);
    let Some(request) = read(bytes) else { return };
    for original in RECORDED.iter() {
        let Ok(now) = UnixTime::parse_amz_date(&original.signed_at) else {
            fail("a record without its time")
        };
        let answer = STS.answer(&request, now);
        if answer.status() == http::StatusCode::OK {
            let body = String::from_utf8_lossy(answer.body()).into_owned();
            let same = RECORDED.iter().find(|record| record.is(&request));
            assert!(
                same.is_some_and(|same| body.contains(&same.arn)),
                "answered: {request:?}"
            );
        }
    }
}

fn read(bytes: &[u8]) -> Option<Request<Vec<u8>>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\n\n")?;
    let mut lines = head.lines();
    let (method, uri) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        request = request.header(name, value);
    }
    request.body(body.as_bytes().to_vec()).ok()
}

#[derive(Deserialize)]
struct Recorded {
    signed_at: String,
    arn: String,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
}

fn recorded() -> Vec<Recorded> {
    let lines = include_str!("../../crates/sts-presign/testdata/sdk-requests.jsonl").lines();
    let records = lines.filter(|line| !line.starts_with("//"));
    records
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| fail("an unreadable record")))
        .collect()
}

impl Recorded {
    fn is(&self, request: &Request<Vec<u8>>) -> bool {
        let query = |uri: &str| {
            let query = uri.split_once('?').map_or("", |(_, query)| query);
            let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect();
            pairs.sort();
            pairs
        };
        let signed = format!("{} {:?}", self.uri.replace("%3B", ";"), self.headers);
        let signed = signed
            .split_once("SignedHeaders=")
            .map_or("", |(_, list)| list);
        let signed = signed.split([',', '&']).next().unwrap_or("");
        let folded = |value: &str| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        let sent = |name: &str| {
            let mut values = request.headers().get_all(name).iter();
            let only = values.next()?.to_str().ok()?;
            values.next().is_none().then(|| folded(only))
        };
        // A presigned URL carries the signature as a parameter.
        let made = |header: String| {
            header
                .rsplit_once("Signature=")
                .and_then(|(_, digits)| Some(digits.get(..64)?.to_owned()))
        };
        let authorization = self
            .headers
            .iter()
            .find(|(name, _)| name == "authorization");
        let authorization = authorization.map(|(_, value)| value.clone());
        request.method().as_str() == self.method
            && sent("authorization").map(made) == authorization.map(made)
            && request.body() == self.body.as_bytes()
            && query(&request.uri().to_string()) == query(&self.uri)
            && signed.split(';').all(|name| {
                let was = self.headers.iter().find(|(of, _)| of == name);
                let in_url = request.uri().authority().filter(|_| name == "host");
                sent(name).or_else(|| in_url.map(ToString::to_string))
                    == was.map(|(_, value)| folded(value))
            })
    }
}

fn keys() -> Keys {
    let (user, session) = (
        ("arn:aws:iam::111122223333:user/alice", "AIDAEXAMPLE"),
        (
            "arn:aws:sts::111122223333:assumed-role/dev/s",
            "AROAEXAMPLE:s",
        ),
    );
    let identity = |(arn, id)| {
        Identity::new(arn, "111122223333", id).unwrap_or_else(|_| fail("no such identity"))
    };
    let secret = SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let temporary = Key::temporary(
        SecretAccessKey::new("back/slash+secret"),
        SessionToken::new("IQoJb3JpZ2luX2VjE/+A=="),
        identity(session),
    );
    Keys::new()
        .with("AKIDEXAMPLE", Key::long_term(secret, identity(user)))
        .with("ASIAEXAMPLE", temporary)
}

#[expect(clippy::panic, reason = "this is how a property fails")]
fn fail(why: &str) -> ! {
    panic!("{why}")
}
