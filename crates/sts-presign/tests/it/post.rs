use serde::Deserialize;
use sts_presign::{
    AcceptedPost, BindingHeader, CarriedRequest, Error, MAX_CARRIED_HEADERS, MAX_URL_LEN, Policy,
    SignedPost, UnixTime,
};
use testkit::Report;

use crate::support::{NOW, at};

/// A login, as `testdata/posts.jsonl` has it.
#[derive(Clone, Deserialize)]
struct Login {
    system: String,
    #[serde(default = "post")]
    method: String,
    url: String,
    region: String,
    session_token: Option<String>,
    binding: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
}

fn post() -> String {
    "POST".to_owned()
}

fn logins() -> Vec<Login> {
    testkit::json_lines(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/posts.jsonl"))
}

/// Consul's, of a temporary key: six headers, five of them signed beside `host`.
fn login() -> Login {
    let consul = |login: &Login| login.system == "consul";
    logins().into_iter().find(consul).unwrap()
}

impl Login {
    fn policy(&self) -> Policy {
        let partition = match self.region.starts_with("us-gov") {
            true => "aws-us-gov",
            false => "aws",
        };
        let mut headers = self
            .binding
            .iter()
            .map(|(name, value)| BindingHeader::parse(&name.to_ascii_lowercase(), value).unwrap());
        let policy = Policy::bound_by(headers.next().unwrap(), partition.parse().unwrap());
        headers.fold(policy, Policy::with_binding)
    }

    fn judge(&self, policy: &Policy, now: UnixTime) -> Result<AcceptedPost, Error> {
        let headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let post = SignedPost::parse(&CarriedRequest {
            method: &self.method,
            url: &self.url,
            headers: &headers,
            body: &self.body,
        })?;
        policy.accept_post(&post, now)
    }

    fn verdict(&self) -> Result<AcceptedPost, Error> {
        self.judge(&login().policy(), at(NOW))
    }

    fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    fn in_authorization(&mut self, from: &str, to: &str) {
        let mut authorization = self.headers.iter_mut();
        let (_, value) = authorization
            .find(|(name, _)| name == "Authorization")
            .unwrap();
        assert!(value.contains(from), "nothing to replace: {from}");
        *value = value.replacen(from, to, 1);
    }
}

/// Adds a header, and signs it: the signature is no longer right, which nobody looks at here.
fn sign_too(login: &mut Login, name: &str, value: &str) {
    login.set(name, value);
    let (_, authorization) = login
        .headers
        .iter_mut()
        .find(|(n, _)| n == "Authorization")
        .unwrap();
    let (before, rest) = authorization.split_once("SignedHeaders=").unwrap();
    let (list, after) = rest.split_once(',').unwrap();
    let mut names: Vec<&str> = list.split(';').chain([name]).collect();
    names.sort_unstable();
    *authorization = format!("{before}SignedHeaders={},{after}", names.join(";"));
}

#[test]
fn what_other_systems_carry_is_accepted_and_sent_as_it_was_signed() {
    let mut report = Report::new();
    for login in logins() {
        let accepted = login.judge(&login.policy(), at(NOW)).unwrap();
        let sent = accepted.to_http();
        assert_eq!(sent.method(), "POST");
        assert_eq!(sent.uri().to_string(), login.url);
        assert_eq!(*sent.body(), login.body);
        assert_eq!(sent.headers()["accept"], "application/json");
        assert!(sent.headers()["authorization"].is_sensitive());
        assert_eq!(accepted.region(), login.region);
        assert_eq!(accepted.access_key_id(), "AKIDEXAMPLE");
        assert_eq!(accepted.signed_at(), at("2023-04-28T00:00:00Z"));
        assert_eq!(accepted.expires_at(), at("2023-04-28T00:15:00Z"));
        for (name, value) in &login.headers {
            let sent = sent
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap());
            // Nobody signed it, so it stays here.
            let want = (name != "User-Agent").then_some(value.as_str());
            report.check(&format!("{}: {name}", login.system), &sent, &want);
        }
    }
    report.finish();
}

#[cfg(all(feature = "sign", feature = "verify"))]
#[test]
fn the_signature_of_an_accepted_login_can_be_proved() {
    use crate::genuine::keys;
    use sts_presign::{VerifyError, verify_post};

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    for login in logins() {
        let accepted = login.judge(&login.policy(), at(NOW)).unwrap();
        let partition = accepted.endpoint().partition().id();
        let token = login.session_token.as_deref();
        let prove = |secret| {
            let keys = keys("AKIDEXAMPLE", secret, token, partition);
            verify_post(&accepted, &keys, at(NOW))
        };
        assert_eq!(
            prove(SECRET).unwrap().access_key_id(),
            Some("AKIDEXAMPLE"),
            "{}",
            login.system
        );
        assert_eq!(prove("another").unwrap_err(), VerifyError::Signature);
    }
    // For another verifier: the value that is sent is this verifier's, and nobody signed it.
    let mut other = login();
    other.remove("X-Consul-IAM-ServerID");
    let elsewhere = BindingHeader::parse("x-consul-iam-serverid", "elsewhere").unwrap();
    let policy = Policy::bound_by(elsewhere, iam_principal::Partition::Aws);
    let accepted = other.judge(&policy, at(NOW)).unwrap();
    let keys = keys("AKIDEXAMPLE", SECRET, other.session_token.as_deref(), "aws");
    assert_eq!(
        verify_post(&accepted, &keys, at(NOW)).unwrap_err(),
        VerifyError::Signature
    );
}

/// One thing changed in a good login, and the one check that fails.
#[test]
fn each_attack_on_the_form_fails_at_its_own_check() {
    type Change = fn(&mut Login);
    let cases: &[(&str, Change, Error)] = &[
        ("GET", |l| l.method = "GET".to_owned(), Error::Method),
        (
            "method in lower case",
            |l| l.method = "post".to_owned(),
            Error::Method,
        ),
        (
            "userinfo (7)",
            |l| l.url.insert_str(8, "u@"),
            Error::ForbiddenByte(sts_presign::Byte::At),
        ),
        (
            "fragment (8)",
            |l| l.url.push('#'),
            Error::ForbiddenByte(sts_presign::Byte::Fragment),
        ),
        (
            "plain http",
            |l| l.url = l.url.replace("https", "http"),
            Error::NotHttps,
        ),
        (
            "port (9)",
            |l| l.url = l.url.replace(".com", ".com:443"),
            Error::Port,
        ),
        (
            "query beside the form (consul-awsauth 14)",
            |l| l.url.push_str("?Action=AssumeRole"),
            Error::PostPath,
        ),
        ("empty query", |l| l.url.push('?'), Error::PostPath),
        ("path", |l| l.url.push('x'), Error::PostPath),
        (
            "no path",
            |l| {
                l.url.pop();
            },
            Error::Path,
        ),
        (
            "another action (3)",
            |l| l.body = l.body.replace("GetCallerIdentity", "AssumeRole"),
            Error::Body,
        ),
        (
            "action twice (1)",
            |l| l.body.push_str("&Action=AssumeRole"),
            Error::Body,
        ),
        (
            "escaped form (16)",
            |l| l.body = l.body.replace("GetC", "%47etC"),
            Error::Body,
        ),
        ("empty form", |l| l.body.clear(), Error::Body),
        (
            "Kelvin sign in a name (2)",
            |l| l.set("x-\u{212A}8s", "v"),
            Error::HeaderName,
        ),
        (
            "line break in a name (14)",
            |l| l.set("x-a\r\nhost", "v"),
            Error::HeaderName,
        ),
        ("empty name", |l| l.set("", "v"), Error::HeaderName),
        (
            "header twice in two letter cases (1)",
            |l| {
                l.headers
                    .push(("x-amz-DATE".to_owned(), "20230428T000000Z".to_owned()))
            },
            Error::DuplicateHeader,
        ),
        (
            "no authorization",
            |l| l.remove("Authorization"),
            Error::Unsigned,
        ),
        (
            "SigV4A (19)",
            |l| l.in_authorization("HMAC", "ECDSA"),
            Error::Algorithm,
        ),
        (
            "signature twice",
            |l| l.in_authorization("Signature=", "Signature=0, Signature="),
            Error::Authorization,
        ),
        (
            "scope of another service (18)",
            |l| l.in_authorization("/sts/", "/iam/"),
            Error::CredentialScope,
        ),
        (
            "access key id with a dash",
            |l| l.in_authorization("AKID", "AK-ID"),
            Error::AccessKeyId,
        ),
        (
            "signed header in mixed case (4)",
            |l| l.in_authorization("x-consul-iam-serverid", "X-Consul-IAM-ServerID"),
            Error::SignedHeaders,
        ),
        (
            "signature in upper case (22)",
            |l| l.in_authorization("Signature=", "Signature=A"),
            Error::Signature,
        ),
        ("no date", |l| l.remove("X-Amz-Date"), Error::Date),
        (
            "30 February (20)",
            |l| l.set("X-Amz-Date", "20230230T000000Z"),
            Error::Date,
        ),
        (
            "scope of another day (18)",
            |l| l.in_authorization("/20230428/", "/20230427/"),
            Error::ScopeDate,
        ),
        (
            "session token not signed",
            |l| l.in_authorization("x-amz-security-token;", ""),
            Error::UnsignedHeader,
        ),
        (
            "date not signed",
            |l| l.in_authorization("x-amz-date;", ""),
            Error::UnsignedHeader,
        ),
        (
            "unsigned x-amz-target",
            |l| l.set("X-Amz-Target", "t"),
            Error::UnsignedHeader,
        ),
        (
            "host header of another (16250)",
            |l| l.set("Host", "evil.example.com"),
            Error::HostHeader,
        ),
        (
            "folded value (35)",
            |l| {
                l.set(
                    "Content-Type",
                    "application/x-www-form-urlencoded;  charset=utf-8",
                )
            },
            Error::HeaderValue,
        ),
        (
            "line break in a value (14)",
            |l| l.set("Content-Type", "a\r\nb: c"),
            Error::HeaderValue,
        ),
        (
            "another content type",
            |l| l.set("Content-Type", "application/json"),
            Error::CarriedValue,
        ),
        (
            "another length",
            |l| l.set("Content-Length", "44"),
            Error::CarriedValue,
        ),
        (
            "host not signed (4)",
            |l| l.in_authorization("host;", ""),
            Error::HostNotSigned,
        ),
        (
            "binding header not signed (4)",
            |l| l.in_authorization(";x-consul-iam-serverid", ""),
            Error::BindingHeaderNotSigned,
        ),
        (
            "for another verifier (5)",
            |l| l.set("X-Consul-IAM-ServerID", "elsewhere"),
            Error::BindingHeaderValue,
        ),
        (
            "another header signed (field 2.3)",
            |l| sign_too(l, "user-agent", "x"),
            Error::UnsuppliableHeader,
        ),
        (
            "answer in another form (16250)",
            |l| sign_too(l, "accept", "text/xml"),
            Error::CarriedValue,
        ),
        (
            "another payload hash",
            |l| sign_too(l, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            Error::CarriedValue,
        ),
        (
            "signed and not carried",
            |l| l.remove("Content-Length"),
            Error::UnsuppliableHeader,
        ),
        (
            "another host (11)",
            |l| l.url = l.url.replace("sts.", "s3."),
            Error::Host,
        ),
        (
            "GovCloud host (17)",
            |l| l.url = l.url.replace("us-west-2", "us-gov-west-1"),
            Error::HostPartition,
        ),
        (
            "scope of another region (18)",
            |l| l.in_authorization("us-west-2", "eu-west-1"),
            Error::ScopeRegion,
        ),
    ];
    let mut report = Report::new();
    for (name, change, error) in cases {
        let mut login = login();
        assert!(login.verdict().is_ok());
        change(&mut login);
        report.check(name, &login.verdict().err(), &Some(*error));
    }
    report.finish();
}

#[test]
fn what_is_carried_is_bounded_before_it_is_read() {
    let mut many = login();
    while many.headers.len() < MAX_CARRIED_HEADERS {
        many.set(&format!("x-{}", many.headers.len()), "v");
    }
    assert!(many.verdict().is_ok());
    many.set("x-one-more", "v");
    assert_eq!(many.verdict().unwrap_err(), Error::TooLong);

    let mut long = login();
    let len = |login: &Login| {
        let headers = login
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len());
        headers.sum::<usize>() + login.url.len() + login.body.len()
    };
    long.set("x-long", "");
    let room = MAX_URL_LEN - len(&long);
    long.set("x-long", &"v".repeat(room));
    assert_eq!(len(&long), MAX_URL_LEN);
    assert!(long.verdict().is_ok());
    long.method = "GET".to_owned();
    long.set("x-long", &"v".repeat(room + 1));
    assert_eq!(long.verdict().unwrap_err(), Error::TooLong);
}

#[test]
fn a_login_lives_as_long_as_a_url() {
    let (login, policy) = (login(), login().policy());
    for (now, error) in [
        (
            "2023-04-27T23:54:59Z",
            Some(Error::NotYetValid { seconds: 1 }),
        ),
        ("2023-04-27T23:55:00Z", None),
        ("2023-04-28T00:15:00Z", None),
        ("2023-04-28T00:15:01Z", Some(Error::Expired { seconds: 1 })),
    ] {
        assert_eq!(login.judge(&policy, at(now)).err(), error, "{now}");
    }
}

#[test]
fn a_header_that_the_policy_lets_be_carried_is_sent_as_it_was_signed() {
    let mut login = login();
    sign_too(&mut login, "amz-sdk-request", "attempt=1; max=3");
    assert_eq!(login.verdict().unwrap_err(), Error::UnsuppliableHeader);
    let policy = login
        .policy()
        .with_carried_header("amz-sdk-request")
        .unwrap();
    let sent = login.judge(&policy, at(NOW)).unwrap().to_http();
    assert_eq!(sent.headers()["amz-sdk-request"], "attempt=1; max=3");
    assert!(
        login
            .policy()
            .with_carried_header("x-amz-user-agent")
            .is_ok()
    );
    for name in [
        "host",
        "accept",
        "x-amz-target",
        "transfer-encoding",
        "X-Upper",
        "",
    ] {
        let policy = login.policy().with_carried_header(name);
        assert_eq!(policy.unwrap_err(), Error::HeaderName, "{name}");
    }
}

#[test]
fn every_login_has_to_answer_its_own_challenge() {
    let teleport = |login: &Login| login.system == "teleport";
    let login = logins().into_iter().find(teleport).unwrap();
    let answered = login.policy();
    assert!(login.judge(&answered, at(NOW)).is_ok());
    let next = BindingHeader::parse("x-teleport-challenge", "bmV4dA").unwrap();
    let next = answered.with_binding(next);
    assert_eq!(
        login.judge(&next, at(NOW)).unwrap_err(),
        Error::BindingHeaderValue
    );
    let also = BindingHeader::parse("x-server", "s").unwrap();
    let also = login.policy().with_binding(also);
    assert_eq!(
        login.judge(&also, at(NOW)).unwrap_err(),
        Error::BindingHeaderNotSigned
    );
}

#[test]
fn nothing_secret_is_printed() {
    let login = login();
    let accepted = login.verdict().unwrap();
    let sent = accepted.to_http();
    let printed = format!("{accepted:?} {:?}", sent.headers());
    assert!(printed.contains("AKIDEXAMPLE"), "{printed}");
    let token = login.session_token.unwrap();
    assert!(
        !printed.contains("Signature=") && !printed.contains(&token),
        "{printed}"
    );
}
