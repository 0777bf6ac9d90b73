//! A key, its owner's rules, and a socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use axum::Router;
use eks_auth::sts_presign::{Endpoint, Key, Keys, LocalSts, SecretAccessKey, SessionToken, Signer};
use eks_auth::{
    AcceptPolicy, Authenticator, ClusterId, Identity, IdentityMap, LocalTransport, Partition,
    PostTransport, Transport, TransportError, UnixTime,
};
use eks_auth_tower::{Authorizer, Verifier};
use http::{Request, Response};
use k8s_rbac::{Manifests, Policy};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The time of all tests: the time of the recorded logins.
pub(crate) const NOW: &str = "2023-04-28T00:00:00Z";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjE/+A==";
pub(crate) const ARN: &str = "arn:aws:iam::111122223333:user/alice";

pub(crate) const AWS_AUTH: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: aws-auth, namespace: kube-system}\n\
    data:\n  mapUsers: |\n    - {userarn: 'arn:aws:iam::111122223333:user/alice', username: alice, groups: [devs]}\n";

const RBAC: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: pods, namespace: dev}
rules:
- {apiGroups: [''], resources: [pods], verbs: [get, list, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pods, namespace: dev}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: pods}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: devs}
";

pub(crate) fn now() -> UnixTime {
    UnixTime::parse_rfc3339(NOW).unwrap()
}

/// Returns the keys of alice. They are temporary if there is a session token.
pub(crate) fn keys(session_token: Option<&str>) -> Keys {
    let alice = Identity::new(ARN, "111122223333", "AIDAALICE").unwrap();
    let secret = SecretAccessKey::new(SECRET);
    let key = match session_token {
        None => Key::long_term(secret, alice),
        Some(token) => Key::temporary(secret, SessionToken::new(token), alice),
    };
    Keys::new().with("AKIDEXAMPLE", key)
}

/// The embedded STS. It counts its calls, and returns the status in `answer` if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Sts {
    sts: LocalTransport<Keys, fn() -> UnixTime>,
    calls: Arc<AtomicUsize>,
    pub(crate) answer: Option<u16>,
}

impl Sts {
    pub(crate) fn new(session_token: Option<&str>) -> Self {
        Self {
            sts: LocalTransport::new(LocalSts::new(keys(session_token)), now),
            calls: Arc::default(),
            answer: None,
        }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn count(&self) -> Option<Response<Vec<u8>>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let status = self.answer?;
        let body = match status {
            400 => {
                "{\"Error\":{\"Code\":\"Throttling\",\"Message\":\"Rate exceeded\",\"Type\":\"Sender\"}}"
            }
            _ => "busy",
        };
        let mut response = Response::new(body.as_bytes().to_vec());
        *response.status_mut() = status.try_into().unwrap();
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        Some(response)
    }
}

impl Transport for Sts {
    async fn send(&self, request: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        match self.count() {
            Some(answer) => Ok(answer),
            None => self.sts.send(request).await,
        }
    }
}

impl PostTransport for Sts {
    async fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        match self.count() {
            Some(answer) => Ok(answer),
            None => self.sts.send_post(request).await,
        }
    }
}

pub(crate) fn verifier(policy: AcceptPolicy, sts: Sts) -> Verifier<Sts> {
    let (rules, problems) = IdentityMap::from_config_map(AWS_AUTH);
    assert!(problems.is_empty(), "{problems:?}");
    let rules = Arc::new(rules);
    Verifier::new(
        Authenticator::new(policy),
        sts,
        move || Arc::clone(&rules),
        now,
    )
}

/// A verifier of bearer tokens for the cluster `dev`.
pub(crate) fn cluster(sts: Sts) -> Verifier<Sts> {
    let policy = AcceptPolicy::new(ClusterId::parse("dev").unwrap(), Partition::Aws);
    verifier(policy, sts)
}

pub(crate) fn authorizer() -> Authorizer {
    let files = Manifests::read([("rbac.yaml", RBAC)]);
    assert!(files.problems().is_empty());
    Authorizer::new(Policy::new(files.into_objects()))
}

/// Signs a token for a cluster with alice's key.
pub(crate) fn token(cluster: &str) -> String {
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET, None, None, "test");
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com").unwrap();
    let cluster = ClusterId::parse(cluster).unwrap();
    let url = Signer::new(&endpoint, &cluster).sign(&credentials.into(), now());
    let token = eks_token::Token::encode(url.unwrap().expose()).unwrap();
    token.expose().to_owned()
}

pub(crate) async fn listen(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

/// A response: status, head and body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(own, _)| *own == name)
            .map_or("", |(_, value)| value)
    }
}

/// Sends one request unchanged, with these header lines.
pub(crate) async fn send(at: SocketAddr, line: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}
