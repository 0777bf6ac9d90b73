//! The embedded STS: requests signed here by aws-sigv4.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use iam_principal::{Identity, Partition};
use sts_presign::{
    AnswerError, Key, Keys, LocalSts, MAX_REQUEST_LEN, Refusal, SecretAccessKey, SessionToken,
    StsError, UnixTime, read_identity, verify_request,
};

use crate::support::{GOOD, NOW, at, judge};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const FORM_TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn user(arn: &str) -> Identity {
    Identity::new(arn, "111122223333", "AIDAEXAMPLE").unwrap()
}

/// The keys that the recorded requests were made with, and one that has ended.
pub(crate) fn keys() -> Keys {
    let session = "arn:aws:sts::111122223333:assumed-role/dev/s";
    let session = Identity::new(session, "111122223333", "AROAEXAMPLE:s").unwrap();
    let temporary = |secret: &str, token: &str| {
        Key::temporary(
            SecretAccessKey::new(secret),
            SessionToken::new(token),
            session.clone(),
        )
    };
    let end = UnixTime::parse_rfc3339("2023-04-28T00:01:00Z").unwrap();
    Keys::new()
        .with(
            "AKIDEXAMPLE",
            Key::long_term(SecretAccessKey::new(SECRET), user(ALICE)),
        )
        .with(
            "ASIAEXAMPLE",
            temporary("back/slash+secret", "IQoJb3JpZ2luX2VjE/+A=="),
        )
        .with("ASIAOVER", temporary(SECRET, "T").with_expiry(end))
}

pub(crate) fn sts() -> LocalSts<Keys> {
    LocalSts::new(keys())
}

fn text(answer: Response<Vec<u8>>) -> String {
    String::from_utf8(answer.into_body()).unwrap()
}

/// A request to sign: what it asks, where, and in which region's name.
struct ToSign<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
    region: &'a str,
    service: &'a str,
    key: (&'a str, &'a str, Option<&'a str>),
}

impl<'a> ToSign<'a> {
    fn post() -> Self {
        Self {
            method: "POST",
            url: "http://127.0.0.1:4566/",
            headers: vec![FORM_TYPE],
            body: FORM,
            region: "eu-west-1",
            service: "sts",
            key: ("AKIDEXAMPLE", SECRET, None),
        }
    }

    fn to(url: &'a str) -> Self {
        Self {
            url,
            ..Self::post()
        }
    }

    fn with(mut self, name: &'a str, value: &'a str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn sign(&self) -> Request<Vec<u8>> {
        self.sign_over(SignableBody::Bytes(self.body.as_bytes()))
    }

    fn sign_over(&self, body: SignableBody<'_>) -> Request<Vec<u8>> {
        let mut request = Request::builder().method(self.method).uri(self.url);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(self.body.as_bytes().to_vec()).unwrap();
        let (id, secret, token) = self.key;
        let token = token.map(str::to_owned);
        let identity = Credentials::new(id, secret, token, None, "test").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(SystemTime::from(at(NOW)))
            .settings(SigningSettings::default());
        let params = params.build().unwrap().into();
        let headers = self.headers.iter().copied();
        let to_sign = SignableRequest::new(self.method, self.url, headers, body).unwrap();
        let (instructions, _) = sign(to_sign, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    fn verified(&self) -> Result<String, StsError> {
        verified(&self.sign())
    }
}

fn verified(request: &Request<Vec<u8>>) -> Result<String, StsError> {
    verify_request(request, &keys(), at(NOW)).map(|identity| identity.arn().to_owned())
}

fn put(request: &mut Request<Vec<u8>>, name: &'static str, value: &str) {
    let value = HeaderValue::from_str(value).unwrap();
    request
        .headers_mut()
        .insert(HeaderName::from_static(name), value);
}

#[test]
fn a_request_is_read_from_its_query_or_its_form() {
    let alice = Ok(ALICE.to_owned());
    assert_eq!(ToSign::post().verified(), alice);
    let url = format!("http://127.0.0.1:4566/?{FORM}");
    let get = || ToSign {
        method: "GET",
        body: "",
        headers: Vec::new(),
        ..ToSign::to(&url)
    };
    assert_eq!(get().verified(), alice);
    // In the query of a POST, as the oldest SDKs have it.
    let post = ToSign {
        method: "POST",
        ..get()
    };
    assert_eq!(post.verified(), alice);
    let session = ToSign {
        key: (
            "ASIAEXAMPLE",
            "back/slash+secret",
            Some("IQoJb3JpZ2luX2VjE/+A=="),
        ),
        ..ToSign::post()
    };
    let arn = "arn:aws:sts::111122223333:assumed-role/dev/s".to_owned();
    assert_eq!(session.verified(), Ok(arn));
    let spaced = ToSign {
        body: "Action=GetCallerIdentity&Version=2011%2d06-15&X=a+b&Y&Z=%c3%a9",
        ..ToSign::post()
    };
    assert_eq!(spaced.verified(), alice);
    let charset = ToSign {
        headers: vec![(
            "content-type",
            "Application/X-WWW-Form-Urlencoded ; charset=utf-8",
        )],
        ..ToSign::post()
    };
    assert_eq!(charset.verified(), alice);
    let path = ToSign::to("http://127.0.0.1:4566");
    assert_eq!(path.verified(), alice);
}

#[test]
fn a_query_counts_in_its_canonical_form() {
    // Sorted by name, not by the whole pair: `a-b` comes before `a=`, and escapes are written anew.
    for query in [
        format!("{FORM}&a=1&a-b=2&a%2fb=3&B=4&%c3%a9=5"),
        format!("a-b=2&%C3%A9=5&{FORM}&a=1&B=4&a%2Fb=3"),
    ] {
        let url = format!("http://127.0.0.1:4566/?{query}");
        let request = ToSign {
            method: "GET",
            body: "",
            headers: Vec::new(),
            ..ToSign::to(&url)
        };
        assert_eq!(request.verified(), Ok(ALICE.to_owned()), "{query}");
    }
}

#[test]
fn only_get_caller_identity_is_known() {
    for body in [
        "",
        "Action=GetCallerIdentity",
        "Version=2011-06-15",
        "Action=GetCallerIdentity&Version=2011-06-16",
        "Action=GetCallerIdentity&Version=",
        "Action=AssumeRole&Version=2011-06-15",
        "Action=getcalleridentity&Version=2011-06-15",
        "action=GetCallerIdentity&version=2011-06-15",
        "Action=GetCallerIdentity%20&Version=2011-06-15",
    ] {
        let request = ToSign {
            body,
            ..ToSign::post()
        };
        assert_eq!(request.verified(), Err(StsError::Action), "{body}");
    }
    let no_form = ToSign {
        headers: vec![("content-type", "application/json")],
        ..ToSign::post()
    };
    assert_eq!(no_form.verified(), Err(StsError::Action));
    let unnamed = ToSign {
        headers: Vec::new(),
        ..ToSign::post()
    };
    assert_eq!(unnamed.verified(), Err(StsError::Action));
}

#[test]
fn a_parameter_stands_once_in_query_and_form_together() {
    for (query, body) in [
        (
            "",
            "Action=GetCallerIdentity&Version=2011-06-15&Action=GetCallerIdentity",
        ),
        (
            "",
            "Action=GetCallerIdentity&Version=2011-06-15&%41ction=AssumeRole",
        ),
        ("Action=GetCallerIdentity", FORM),
        ("Action=AssumeRole", FORM),
        ("x=1&x=2", FORM),
        ("a=b+c", FORM),
        ("a=%zz", FORM),
        ("a=%4", FORM),
        ("a=%ff", FORM),
        ("", "Action=GetCallerIdentity&Version=2011-06-15&a=%"),
    ] {
        let url = format!("http://127.0.0.1:4566/?{query}");
        let mut request = ToSign::post().sign();
        *request.uri_mut() = url.parse().unwrap();
        *request.body_mut() = body.as_bytes().to_vec();
        let got = verified(&request);
        assert_eq!(got, Err(StsError::MalformedQuery), "{query} {body}");
    }
    let mut request = ToSign::post().sign();
    *request.body_mut() = b"Action=\xff".to_vec();
    assert_eq!(verified(&request), Err(StsError::MalformedQuery));
}

#[test]
fn length_comes_first() {
    let padded = |len: usize| format!("{FORM}&a={}", "b".repeat(len - FORM.len() - 3));
    let longest = padded(MAX_REQUEST_LEN);
    let request = ToSign {
        body: &longest,
        ..ToSign::post()
    };
    assert_eq!(request.verified(), Ok(ALICE.to_owned()));
    let url = format!("http://127.0.0.1:4566/?{longest}");
    let request = ToSign {
        method: "GET",
        body: "",
        headers: Vec::new(),
        ..ToSign::to(&url)
    };
    assert_eq!(request.verified(), Ok(ALICE.to_owned()));

    let long = padded(MAX_REQUEST_LEN + 1);
    let mut in_body = ToSign::post().sign();
    *in_body.body_mut() = long.clone().into_bytes();
    *in_body.method_mut() = Method::PUT;
    assert_eq!(verified(&in_body), Err(StsError::TooLong));
    let mut in_query = ToSign::post().sign();
    *in_query.uri_mut() = format!("http://127.0.0.1:4566/x?{long}").parse().unwrap();
    assert_eq!(verified(&in_query), Err(StsError::TooLong));
}

#[test]
fn get_and_post_to_the_root_are_served() {
    for (method, path) in [("PUT", "/"), ("HEAD", "/"), ("POST", "/sts"), ("GET", "//")] {
        let mut request = ToSign::post().sign();
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = format!("http://127.0.0.1:4566{path}").parse().unwrap();
        assert_eq!(verified(&request), Err(StsError::Path), "{method} {path}");
    }
}

#[test]
fn there_is_one_whole_signature() {
    let good = || ToSign::post().sign();
    let without = |name: &str| {
        let mut request = good();
        assert!(request.headers_mut().remove(name).is_some());
        request
    };
    let (missing, incomplete) = (
        Err(StsError::MissingAuthenticationToken),
        Err(StsError::IncompleteSignature),
    );
    assert_eq!(verified(&without("authorization")), missing);
    assert_eq!(verified(&without("x-amz-date")), incomplete);

    let mut token_only = without("authorization");
    put(&mut token_only, "x-amz-security-token", "T");
    assert_eq!(verified(&token_only), missing);

    for value in [
        "",
        "Bearer x",
        "AWS4-ECDSA-P256-SHA256 x",
        "AWS4-HMAC-SHA256 x",
    ] {
        let mut request = good();
        put(&mut request, "authorization", value);
        assert_eq!(verified(&request), incomplete, "{value}");
    }
    for name in [
        "authorization",
        "x-amz-date",
        "x-amz-security-token",
        "content-type",
    ] {
        let mut twice = good();
        for _ in 0..2 {
            let value = twice.headers().get(name).cloned();
            let value = value.unwrap_or(HeaderValue::from_static("T"));
            twice.headers_mut().append(name, value);
        }
        assert_eq!(verified(&twice), incomplete, "{name}");
    }
    let mut date = good();
    put(&mut date, "x-amz-date", "20230428T000100.5Z");
    assert_eq!(verified(&date), incomplete);
    let mut foreign = good();
    let bytes = HeaderValue::from_bytes(b"20230428T000100Z\xff").unwrap();
    foreign.headers_mut().insert("x-amz-date", bytes);
    assert_eq!(verified(&foreign), incomplete);

    // A signature in the query beside the one in the headers.
    let query = GOOD.split_once('?').unwrap().1;
    let mut both = good();
    *both.uri_mut() = format!("http://127.0.0.1:4566/?{query}").parse().unwrap();
    *both.body_mut() = Vec::new();
    assert_eq!(verified(&both), incomplete);
    for param in query.split('&').filter(|param| param.starts_with("X-Amz")) {
        let is_of_it = !param.starts_with("X-Amz-Expires");
        let mut part = good();
        *part.uri_mut() = format!("http://127.0.0.1:4566/?{param}").parse().unwrap();
        assert_eq!(verified(&part) == incomplete, is_of_it, "{param}");
    }
}

fn presigned(change: impl Fn(&str) -> String) -> Result<String, StsError> {
    let mut request = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
    let uri = request.uri().to_string();
    *request.uri_mut() = change(&uri).parse().unwrap();
    verified(&request)
}

#[test]
fn a_presigned_url_is_whole_as_well() {
    assert_eq!(presigned(str::to_owned), Ok(ALICE.to_owned()));
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
    ] {
        let got = presigned(|uri| uri.replace(name, "Other"));
        assert_eq!(got, Err(StsError::IncompleteSignature), "{name}");
    }
    for (from, to, error) in [
        (
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA1",
            StsError::IncompleteSignature,
        ),
        (
            "20230428T000000Z",
            "20230428T000000",
            StsError::IncompleteSignature,
        ),
        (
            "20230428T000000Z",
            "20230230T000000Z",
            StsError::IncompleteSignature,
        ),
        (
            "host%3Bx-k8s",
            "x-k8s%3Bhost",
            StsError::IncompleteSignature,
        ),
        ("Signature=d", "Signature=D", StsError::IncompleteSignature),
        ("AKIDEXAMPLE%2F", "AKID-%2F", StsError::IncompleteSignature),
        ("%2Fsts%2F", "%2Fs3%2F", StsError::Scope),
        ("aws4_request", "aws5_request", StsError::Scope),
        ("%2F20230428%2F", "%2F20230429%2F", StsError::Scope),
        ("%2Fus-west-2%2F", "%2Fus-east-1%2F", StsError::Scope),
    ] {
        let got = presigned(|uri| uri.replacen(from, to, 1));
        assert_eq!(got, Err(error), "{to}");
    }
    let got = presigned(|uri| uri.replace("&X-Amz-Expires=60", ""));
    assert_eq!(got, Err(StsError::SignatureDoesNotMatch));
}

#[test]
fn the_scope_is_that_of_the_host_where_the_host_is_one_of_stss() {
    let in_region = |url, region| {
        ToSign {
            region,
            ..ToSign::to(url)
        }
        .verified()
    };
    let (alice, scope) = (Ok(ALICE.to_owned()), Err(StsError::Scope));
    for (url, region, want) in [
        ("https://sts.amazonaws.com/", "us-east-1", &alice),
        ("https://sts.amazonaws.com/", "us-west-2", &scope),
        ("https://sts.us-west-2.amazonaws.com/", "us-west-2", &alice),
        ("https://sts.us-west-2.amazonaws.com/", "us-east-1", &scope),
        (
            "http://sts.us-west-2.amazonaws.com:8080/",
            "us-west-2",
            &alice,
        ),
        (
            "http://sts.us-west-2.amazonaws.com:8080/",
            "us-east-1",
            &scope,
        ),
        ("http://localhost/", "moon-1", &alice),
        ("http://[::1]/", "moon-1", &alice),
        ("http://[::1]:8080/", "moon-1", &alice),
        ("http://localhost/", "Moon", &scope),
        ("http://localhost/", "a_b", &scope),
    ] {
        assert_eq!(&in_region(url, region), want, "{url} {region}");
    }
    let (longest, long) = ("a".repeat(63), "a".repeat(64));
    assert_eq!(in_region("http://localhost/", &longest), alice);
    assert_eq!(in_region("http://localhost/", &long), scope);
    let other = ToSign {
        service: "s3",
        ..ToSign::post()
    };
    assert_eq!(other.verified(), scope);
}

#[test]
fn a_key_exists_in_its_partition_only() {
    let china = user("arn:aws-cn:iam::111122223333:user/alice");
    let key = Key::long_term(SecretAccessKey::new(SECRET), china);
    let keys = Keys::new().with("AKIDEXAMPLE", key);
    for (url, region, is_known) in [
        ("https://sts.us-east-1.amazonaws.com/", "us-east-1", false),
        (
            "https://sts.cn-north-1.amazonaws.com.cn/",
            "cn-north-1",
            true,
        ),
        ("http://localhost:4566/", "us-east-1", true),
    ] {
        let request = ToSign {
            region,
            ..ToSign::to(url)
        };
        let got = verify_request(&request.sign(), &keys, at(NOW));
        let error = (!is_known).then_some(StsError::InvalidClientTokenId);
        assert_eq!(got.err(), error, "{url}");
    }
}

#[test]
fn the_host_is_signed_and_so_is_every_header_of_amazons() {
    let unsigned = Err(StsError::UnsignedHeader);
    let mut added = ToSign::post().sign();
    put(&mut added, "x-amz-meta", "1");
    assert_eq!(verified(&added), unsigned);
    let mut foreign = ToSign::post().sign();
    put(&mut foreign, "x-amzn-trace-id", "1");
    assert_eq!(verified(&foreign), Ok(ALICE.to_owned()));

    for (from, to) in [
        ("content-type;host;", "content-type;"),
        ("content-type;host;x-amz-date", "content-type;host"),
        ("content-type;host", "cache-control;content-type;host"),
    ] {
        let mut request = ToSign::post().sign();
        let value = request.headers()["authorization"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(value.contains(from));
        put(&mut request, "authorization", &value.replacen(from, to, 1));
        assert_eq!(verified(&request), unsigned, "{to}");
    }
    // What was signed under a session token that is not sent, or is sent unsigned.
    let mut token = ToSign::post().sign();
    put(&mut token, "x-amz-security-token", "T");
    assert_eq!(verified(&token), unsigned);
}

#[test]
fn the_host_is_the_header_or_the_urls_and_never_two() {
    let signed = ToSign::post().sign();
    let mut on_its_way = signed.clone();
    *on_its_way.uri_mut() = "/".parse().unwrap();
    assert_eq!(verified(&on_its_way), Err(StsError::UnsignedHeader));
    put(&mut on_its_way, "host", "127.0.0.1:4566");
    assert_eq!(verified(&on_its_way), Ok(ALICE.to_owned()));
    put(&mut on_its_way, "host", "127.0.0.1:4567");
    assert_eq!(verified(&on_its_way), Err(StsError::SignatureDoesNotMatch));

    let mut both = signed;
    put(&mut both, "host", "127.0.0.1:4566");
    assert_eq!(verified(&both), Ok(ALICE.to_owned()));
    put(&mut both, "host", "evil.example");
    assert_eq!(verified(&both), Err(StsError::UnsignedHeader));
    both.headers_mut()
        .append("host", HeaderValue::from_static("127.0.0.1:4566"));
    assert_eq!(verified(&both), Err(StsError::UnsignedHeader));
}

#[test]
fn a_payload_that_is_not_hashed_is_not_signed() {
    // S3's word for a body that no signature covers. STS wants the body's own hash.
    for hash in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let mut request = ToSign::post().with("x-amz-content-sha256", hash).sign();
        assert_eq!(
            verified(&request),
            Ok(ALICE.to_owned()),
            "the header is only signed"
        );
        *request.body_mut() = format!("{FORM}&x=1").into_bytes();
        assert_eq!(verified(&request), Err(StsError::SignatureDoesNotMatch));
    }
    let unsigned = ToSign::post().sign_over(SignableBody::UnsignedPayload);
    assert_eq!(verified(&unsigned), Err(StsError::SignatureDoesNotMatch));
}

#[test]
fn attack_35_white_space_in_header_values_counts_as_sigv4_says() {
    let alice = Ok(ALICE.to_owned());
    let with_header = |value: &str| {
        let mut request = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
        put(&mut request, "x-k8s-aws-id", value);
        verified(&request)
    };
    let mismatch = Err(StsError::SignatureDoesNotMatch);
    assert_eq!(with_header("test-cluster"), alice);
    assert_eq!(with_header("  test-cluster\t "), alice);
    assert_eq!(with_header("test -cluster"), mismatch);
    assert_eq!(with_header("test-\tcluster"), mismatch);
    // Several spaces between words are one, for the signer as for the verifier.
    for (signed, sent, is_same) in [
        ("a b", "a b", true),
        ("a b", "a   b", true),
        ("a  b", "a \t b", true),
        ("a b", " a b  ", true),
        ("a b", "ab", false),
        ("a b", "b a", false),
    ] {
        let mut request = ToSign::post().with("x-k8s-aws-id", signed).sign();
        put(&mut request, "x-k8s-aws-id", sent);
        let want = if is_same { &alice } else { &mismatch };
        assert_eq!(&verified(&request), want, "{signed:?} {sent:?}");
    }
    // No value has two lines: neither does `http` take a line break, nor do two headers make one.
    assert!(HeaderValue::from_str("test-\r\n cluster").is_err());
    let mut two = judge(GOOD).unwrap().to_http().map(|()| Vec::new());
    let other = HeaderValue::from_static("test-cluster");
    two.headers_mut().append("x-k8s-aws-id", other);
    assert_eq!(verified(&two), Err(StsError::UnsignedHeader));
}

#[test]
fn a_key_that_ends_is_refused_from_that_second_on() {
    let request = ToSign {
        key: ("ASIAOVER", SECRET, Some("T")),
        ..ToSign::post()
    };
    let request = request.sign();
    let at_time = |time| verify_request(&request, &keys(), at(time)).err();
    assert_eq!(at_time("2023-04-28T00:00:59Z"), None);
    assert_eq!(
        at_time("2023-04-28T00:01:00Z"),
        Some(StsError::ExpiredToken)
    );
    assert_eq!(
        at_time("2023-04-28T00:01:01Z"),
        Some(StsError::ExpiredToken)
    );
}

#[test]
fn the_answer_is_xml_unless_json_is_asked_for() {
    let request = ToSign::post().sign();
    for (accept, content_type) in [
        (None, "text/xml"),
        (Some("*/*"), "text/xml"),
        (Some("text/xml"), "text/xml"),
        (Some("application/json"), "application/json"),
        (Some("application/json; q=1"), "application/json"),
        (Some("text/html, Application/JSON"), "application/json"),
        (Some("application/jsonp"), "text/xml"),
    ] {
        let mut request = request.clone();
        if let Some(accept) = accept {
            put(&mut request, "accept", accept);
        }
        for now in [NOW, "2030-01-01T00:00:00Z"] {
            let answer = sts().answer(&request, at(now));
            assert_eq!(answer.headers()["content-type"], content_type, "{accept:?}");
            assert_eq!(answer.headers()["x-amzn-requestid"].len(), 36);
            let read = read_identity(&answer, Partition::Aws).map(|it| it.arn().to_owned());
            let mismatch = AnswerError::Refused(Refusal::SignatureDoesNotMatch);
            let want = if now == NOW {
                Ok(ALICE.to_owned())
            } else {
                Err(mismatch)
            };
            assert_eq!(read, want, "{accept:?}");
        }
    }
}

#[test]
fn the_documents_are_stss() {
    let mut request = ToSign::post().sign();
    let id = "00000000-0000-0000-0000-000000000000";
    let xml = format!(
        r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>{ALICE}</Arn>
    <UserId>AIDAEXAMPLE</UserId>
    <Account>111122223333</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata>
    <RequestId>{id}</RequestId>
  </ResponseMetadata>
</GetCallerIdentityResponse>
"#
    );
    assert_eq!(text(sts().answer(&request, at(NOW))), xml);
    let refused = text(LocalSts::new(Keys::new()).answer(&request, at(NOW)));
    let xml = format!(
        r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>InvalidClientTokenId</Code>
    <Message>The security token included in the request is invalid.</Message>
  </Error>
  <RequestId>{id}</RequestId>
</ErrorResponse>
"#
    );
    assert_eq!(refused, xml);
    put(&mut request, "accept", "application/json");
    let json = format!(
        r#"{{"GetCallerIdentityResponse":{{"GetCallerIdentityResult":{{"Account":"111122223333","Arn":"{ALICE}","UserId":"AIDAEXAMPLE"}},"ResponseMetadata":{{"RequestId":"{id}"}}}}}}"#
    );
    assert_eq!(text(sts().answer(&request, at(NOW))), json);
    let refused = text(LocalSts::new(Keys::new()).answer(&request, at(NOW)));
    let json = format!(
        r#"{{"Error":{{"Code":"InvalidClientTokenId","Message":"The security token included in the request is invalid.","Type":"Sender"}},"RequestId":"{id}"}}"#
    );
    assert_eq!(refused, json);
}

/// Whoever has the secret can sign any session token; it is good with its own alone.
#[test]
fn a_temporary_key_is_good_with_its_own_session_token_only() {
    let with_token = |token| {
        let request = ToSign {
            key: ("ASIAEXAMPLE", "back/slash+secret", token),
            ..ToSign::post()
        };
        request.verified().is_ok()
    };
    assert!(with_token(Some("IQoJb3JpZ2luX2VjE/+A==")));
    for other in [Some("IQoJb3JpZ2luX2VjE/+B=="), Some("T"), None] {
        assert!(!with_token(other), "{other:?}");
    }
    let request = ToSign {
        key: ("ASIAEXAMPLE", "back/slash+secret", Some("T")),
        ..ToSign::post()
    };
    assert_eq!(request.verified(), Err(StsError::InvalidClientTokenId));
}

#[test]
fn keys_may_be_lent() {
    let keys = keys();
    let answer = LocalSts::new(&keys).answer(&ToSign::post().sign(), at(NOW));
    assert_eq!(answer.status(), StatusCode::OK);
}

#[test]
fn markup_in_a_name_is_text() {
    let arn = "arn:aws:iam::111122223333:user/<r>&d/alice";
    let key = Key::long_term(SecretAccessKey::new(SECRET), user(arn));
    let sts = LocalSts::new(Keys::new().with("AKIDEXAMPLE", key));
    let answer = sts.answer(&ToSign::post().sign(), at(NOW));
    let read = read_identity(&answer, Partition::Aws).unwrap();
    assert_eq!(read.arn(), arn);
}

#[test]
fn it_throttles_when_told_to() {
    let request = ToSign::post().sign();
    let answer = sts().throttle(&request);
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(text(answer).contains("<Code>Throttling</Code>"));
    let mut request = request.map(|_| ());
    request
        .headers_mut()
        .insert("accept", HeaderValue::from_static("application/json"));
    let answer = sts().throttle(&request);
    let read = read_identity(&answer, Partition::Aws).unwrap_err();
    assert_eq!(read.code(), "throttled");
}

#[test]
fn every_refusal_has_stss_word_status_and_sentence() {
    let signed_at = at("2023-04-28T00:00:00Z");
    let time = |now| (signed_at, at(now));
    let (_, late) = time("2023-04-28T00:15:01Z");
    let (_, early) = time("2023-04-27T23:54:59Z");
    for (error, word, status, sentence) in [
        (StsError::Action, "InvalidAction", 400, "GetCallerIdentity"),
        (StsError::Path, "InvalidAction", 400, "the path /"),
        (
            StsError::ExpiredToken,
            "ExpiredToken",
            403,
            "token included in the request is expired",
        ),
        (
            StsError::IncompleteSignature,
            "IncompleteSignature",
            400,
            "one AWS4-HMAC-SHA256",
        ),
        (
            StsError::InvalidClientTokenId,
            "InvalidClientTokenId",
            403,
            "in the request is invalid.",
        ),
        (
            StsError::MalformedQuery,
            "MalformedQueryString",
            404,
            "malformed",
        ),
        (
            StsError::MissingAuthenticationToken,
            "MissingAuthenticationToken",
            403,
            "Request is missing Authentication Token",
        ),
        (
            StsError::NotYetCurrent {
                signed_at,
                now: early,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature not yet current: 20230428T000000Z is still later than 20230427T235959Z \
             (20230427T235459Z + 5 min.)",
        ),
        (
            StsError::SignatureExpired {
                signed_at,
                now: late,
            },
            "SignatureDoesNotMatch",
            403,
            "Signature expired: 20230428T000000Z is now earlier than 20230428T000001Z \
             (20230428T001501Z - 15 min.)",
        ),
        (
            StsError::Scope,
            "SignatureDoesNotMatch",
            403,
            "Credential should be scoped",
        ),
        (
            StsError::SignatureDoesNotMatch,
            "SignatureDoesNotMatch",
            403,
            "we calculated",
        ),
        (
            StsError::UnsignedHeader,
            "SignatureDoesNotMatch",
            403,
            "'Host'",
        ),
        (StsError::Throttling, "Throttling", 400, "Rate exceeded"),
        (StsError::TooLong, "RequestEntityTooLarge", 413, "too long"),
    ] {
        assert_eq!((error.word(), error.status().as_u16()), (word, status));
        assert!(error.to_string().contains(sentence), "{error}");
    }
}

#[test]
fn attack_30_no_secret_is_printed() {
    let printed = format!("{:?}", sts());
    assert!(printed.contains("AKIDEXAMPLE"), "{printed}");
    for secret in ["wJalr", "back/slash", "IQoJ", "\"T\""] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
