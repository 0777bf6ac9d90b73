//! The embedded STS: requests signed here by aws-sigv4.

mod answer;
mod headers;
mod keys;
mod partitions;
mod received;
mod signature;

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderName, HeaderValue, Request, Response};
use iam_principal::Identity;
use sts_presign::{
    Key, Keys, LocalSts, SecretAccessKey, SessionToken, StsError, UnixTime, verify_request,
};

use crate::support::{NOW, at};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const FORM: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const FORM_TYPE: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn user(arn: &str) -> Identity {
    Identity::new(arn, "111122223333", "AIDAEXAMPLE").unwrap()
}

/// The keys of the recorded requests, and a key that has expired.
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

/// A request to sign: operation, host and region.
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
