//! `sts.*`: presigned URLs and STS's answers.

use aws_credential_types::Credentials;
use http::{Request, Response};
use iam_principal::{Identity, Partition};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sts_presign::{
    AcceptPolicy, AcceptedRequest, ClusterId, Endpoint, Key, Keys, PresignedUrl, SecretAccessKey,
    SessionToken, Signer, UnixTime, read_identity, verify,
};

use crate::Refusal;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "sts.accept" => crate::read(question).and_then(accept),
        "sts.endpoint" => crate::read(question).and_then(endpoint),
        "sts.read_identity" => crate::read(question).and_then(read),
        "sts.sign" => crate::read(question).and_then(sign),
        "sts.verify" => crate::read(question).and_then(verify_token),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Host {
    host: String,
}

fn endpoint(question: Host) -> Result<Value, Refusal> {
    let endpoint = Endpoint::from_host(&question.host)?;
    Ok(json!({
        "partition": endpoint.partition().id(),
        "region": endpoint.region(),
        "fips": endpoint.variant().fips,
        "dual_stack": endpoint.variant().dual_stack,
    }))
}

#[derive(Deserialize)]
struct Judged {
    token: String,
    cluster_id: String,
    partition: String,
    now: String,
}

impl Judged {
    fn accept(&self) -> Result<AcceptedRequest, Refusal> {
        let cluster_id = ClusterId::parse(&self.cluster_id)?;
        let policy = AcceptPolicy::new(cluster_id, self.partition.parse::<Partition>()?);
        let url = eks_token::Token::parse(&self.token)?.decode()?;
        let url = PresignedUrl::parse(url.expose())?;
        Ok(policy.accept(url, UnixTime::parse_rfc3339(&self.now)?)?)
    }
}

fn accept(question: Judged) -> Result<Value, Refusal> {
    let accepted = question.accept()?;
    Ok(json!({
        "access_key_id": accepted.access_key_id(),
        "host": accepted.endpoint().host(),
        "region": accepted.endpoint().region(),
        "signed_at": accepted.signed_at().to_rfc3339(),
        "expires_at": accepted.expires_at().to_rfc3339(),
        "request": sent(&accepted.to_http()),
    }))
}

/// Describes a request for STS.
pub(crate) fn sent(request: &Request<()>) -> Value {
    let headers: Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), json!(value.to_str().unwrap_or_default())))
        .collect();
    json!({
        "method": request.method().as_str(),
        "url": request.uri().to_string(),
        "headers": headers,
    })
}

#[derive(Deserialize)]
struct ToSign {
    cluster_id: String,
    region: String,
    host: String,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    signed_at: String,
}

fn sign(question: ToSign) -> Result<Value, Refusal> {
    let cluster_id = ClusterId::parse(&question.cluster_id)?;
    let signer = Signer::for_host(&question.host, &question.region, &cluster_id)?;
    let credentials = Credentials::new(
        question.access_key_id,
        question.secret_access_key,
        question.session_token,
        None,
        "conformance",
    );
    let url = signer.sign(
        &credentials.into(),
        UnixTime::parse_rfc3339(&question.signed_at)?,
    )?;
    let token = eks_token::Token::encode(url.expose())?;
    Ok(json!({
        "token": token.expose(),
        "url": url.expose(),
        "expires_at": url.expires_at().to_rfc3339(),
    }))
}

#[derive(Deserialize)]
struct ToVerify {
    #[serde(flatten)]
    judged: Judged,
    credentials: Vec<KnownKey>,
}

#[derive(Deserialize)]
struct KnownKey {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    arn: String,
    account: String,
    user_id: String,
}

fn verify_token(question: ToVerify) -> Result<Value, Refusal> {
    let accepted = question.judged.accept()?;
    let mut keys = Keys::new();
    for known in &question.credentials {
        let identity = Identity::new(&known.arn, &known.account, &known.user_id)?;
        let secret = SecretAccessKey::new(&known.secret_access_key);
        let key = match &known.session_token {
            Some(token) => Key::temporary(secret, SessionToken::new(token), identity),
            None => Key::long_term(secret, identity),
        };
        keys = keys.with(&known.access_key_id, key);
    }
    let now = UnixTime::parse_rfc3339(&question.judged.now)?;
    let identity = verify(&accepted, &keys, now)?;
    let mut answer = describe(&identity);
    answer.insert("access_key_id".to_owned(), json!(identity.access_key_id()));
    Ok(Value::Object(answer))
}

/// An answer of STS.
#[derive(Clone, Deserialize)]
pub(crate) struct Answered {
    status: u16,
    content_type: Option<String>,
    #[serde(default)]
    body: String,
}

impl Answered {
    pub(crate) fn response(&self) -> Result<Response<Vec<u8>>, Refusal> {
        let mut response = Response::builder().status(self.status);
        if let Some(content_type) = &self.content_type {
            response = response.header("content-type", content_type);
        }
        response
            .body(self.body.clone().into_bytes())
            .map_err(|why| Refusal::malformed(&why))
    }
}

#[derive(Deserialize)]
struct ToRead {
    #[serde(flatten)]
    answered: Answered,
    partition: String,
}

fn read(question: ToRead) -> Result<Value, Refusal> {
    let response = question.answered.response()?;
    let identity = read_identity(&response, question.partition.parse::<Partition>()?)?;
    Ok(Value::Object(describe(&identity)))
}

pub(crate) fn describe(identity: &Identity) -> Map<String, Value> {
    let mut answer = Map::new();
    for (name, value) in [
        ("arn", json!(identity.arn())),
        ("account", json!(identity.account().to_string())),
        ("user_id", json!(identity.raw_user_id())),
        ("canonical_arn", json!(identity.canonical_arn())),
        ("session_name", json!(identity.session_name())),
    ] {
        answer.insert(name.to_owned(), value);
    }
    answer
}
