//! The embedded STS: requests of real clients.

use http::{Request, StatusCode};
use iam_principal::Partition;
use serde::Deserialize;
use sts_presign::{
    Key, Keys, SecretAccessKey, SessionToken, StsError, UnixTime, read_identity, verify_request,
};
use testkit::Report;

use crate::local::{ALICE, SECRET, keys, sts, user};

#[derive(Clone, Deserialize)]
struct Recorded {
    client: String,
    signed_at: String,
    arn: String,
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Recorded {
    fn all() -> Vec<Self> {
        testkit::json_lines(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/testdata/sdk-requests.jsonl"
        ))
    }

    fn request(&self) -> Option<Request<Vec<u8>>> {
        let mut request = Request::builder()
            .method(self.method.as_str())
            .uri(&self.uri);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone().into_bytes()).ok()
    }

    fn signed_at(&self) -> UnixTime {
        UnixTime::parse_amz_date(&self.signed_at).unwrap()
    }
}

#[test]
fn real_clients_get_the_right_answer() {
    let mut report = Report::new();
    for recorded in Recorded::all() {
        let request = recorded.request().unwrap();
        let signed_at = recorded.signed_at();
        for now in [signed_at.earlier(300), signed_at, signed_at.later(900)] {
            let answer = sts().answer(&request, now);
            assert_eq!(answer.headers()["content-type"], "text/xml");
            let arn = read_identity(&answer, Partition::Aws).map(|it| it.arn().to_owned());
            report.check(&recorded.client, &arn, &Ok(recorded.arn.clone()));
        }
        let caller = verify_request(&request, &keys(), signed_at).unwrap();
        let id = caller.access_key_id().unwrap();
        assert!(request.uri().to_string().contains(id) || recorded.has_header_with(id));
    }
    report.finish();
}

impl Recorded {
    fn has_header_with(&self, text: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.contains(text))
    }
}

#[test]
fn a_real_request_is_refused_for_each_reason_in_order() {
    let mut report = Report::new();
    for recorded in Recorded::all() {
        let request = recorded.request().unwrap();
        let signed_at = recorded.signed_at();
        let mut check = |keys: &Keys, now, want| {
            let got = verify_request(&request, keys, now).map(|it| it.arn().to_owned());
            report.check(&recorded.client, &got, &Err(want));
        };
        let early = signed_at.earlier(301);
        let not_yet = StsError::NotYetCurrent {
            signed_at,
            now: early,
        };
        check(&keys(), early, not_yet);
        let late = signed_at.later(901);
        let expired = StsError::SignatureExpired {
            signed_at,
            now: late,
        };
        check(&keys(), late, expired);
        check(&Keys::new(), signed_at, StsError::InvalidClientTokenId);
        let other = Key::long_term(SecretAccessKey::new("other"), user(ALICE));
        let other = Keys::new().with("AKIDEXAMPLE", other.clone()).with(
            "ASIAEXAMPLE",
            Key::temporary(
                SecretAccessKey::new("other"),
                SessionToken::new("IQoJb3JpZ2luX2VjE/+A=="),
                user(ALICE),
            ),
        );
        check(&other, signed_at, StsError::SignatureDoesNotMatch);
        let swapped = Key::long_term(SecretAccessKey::new("back/slash+secret"), user(ALICE));
        let temporary = Key::temporary(
            SecretAccessKey::new(SECRET),
            SessionToken::new("T"),
            user(ALICE),
        );
        let swapped = Keys::new()
            .with("ASIAEXAMPLE", swapped)
            .with("AKIDEXAMPLE", temporary);
        check(&swapped, signed_at, StsError::InvalidClientTokenId);
    }
    report.finish();
}

/// After a change of any signed byte the response is never 200.
#[test]
fn no_byte_that_is_signed_can_be_changed() {
    let (mut tried, sts) = (0, sts());
    let mut refused = |recorded: &Recorded, what: &str| {
        if let Some(request) = recorded.request() {
            tried += 1;
            let answer = sts.answer(&request, recorded.signed_at());
            assert_ne!(
                answer.status(),
                StatusCode::OK,
                "{what} {}",
                recorded.client
            );
        }
    };
    for recorded in Recorded::all() {
        let signed: Vec<usize> = recorded.signed_header_places();
        for place in signed {
            for at in 0..recorded.headers[place].1.len() {
                let mut changed = recorded.clone();
                changed.headers[place].1 = flipped(&recorded.headers[place].1, at);
                refused(&changed, &changed.headers[place].1);
            }
        }
        for at in 0..recorded.body.len() {
            let mut changed = recorded.clone();
            changed.body = flipped(&recorded.body, at);
            refused(&changed, &changed.body);
        }
        for at in 0..recorded.uri.len() {
            let mut changed = recorded.clone();
            changed.uri = flipped(&recorded.uri, at);
            refused(&changed, &changed.uri);
        }
        for method in ["GET", "POST", "HEAD", "PUT", "get"] {
            if method != recorded.method {
                let mut changed = recorded.clone();
                changed.method = method.to_owned();
                refused(&changed, method);
            }
        }
    }
    assert!(tried > 4000, "{tried}");
}

impl Recorded {
    /// The positions of the signed headers and of the signature.
    fn signed_header_places(&self) -> Vec<usize> {
        let listed = format!("{} {:?}", self.uri.replace("%3B", ";"), self.headers);
        let listed = listed.split_once("SignedHeaders=").unwrap().1;
        let listed: Vec<&str> = listed
            .split([',', '&'])
            .next()
            .unwrap()
            .split(';')
            .collect();
        let is_signed = |name: &str| listed.contains(&name) || name == "authorization";
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        let places = names.enumerate().filter(|(_, name)| is_signed(name));
        places.map(|(place, _)| place).collect()
    }
}

/// Replaces a byte by another byte of the same class that has another meaning.
fn flipped(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = match bytes[at] {
        b'0'..=b'8' | b'A'..=b'Y' | b'a'..=b'y' => bytes[at].saturating_add(1),
        _ => b'A',
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn headers_that_are_not_signed_do_not_matter() {
    for mut recorded in Recorded::all() {
        for (name, value) in [
            ("user-agent", "x"),
            ("accept", "*/*"),
            ("x-forwarded-for", "1"),
        ] {
            recorded.headers.push((name.to_owned(), value.to_owned()));
        }
        let request = recorded.request().unwrap();
        let answer = sts().answer(&request, recorded.signed_at());
        assert_eq!(answer.status(), StatusCode::OK, "{}", recorded.client);
    }
}
