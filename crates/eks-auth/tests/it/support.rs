//! A valid token, and a transport with a fixed answer.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_auth_map::{Backend, BackendKind, IdentityMap};
use eks_auth::{
    AuthError, Authenticated, Authenticator, Identity, Transport, TransportError,
    TransportErrorKind,
};
use http::{Request, Response};
use sts_presign::{AcceptPolicy, ClusterId, UnixTime};

/// awscli's URL for `test-cluster`, signed at 2023-04-28T00:00:00Z with the example key.
pub(crate) const URL: &str = "https://sts.us-west-2.amazonaws.com/?Action=GetCallerIdentity\
    &Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20230428\
    %2Fus-west-2%2Fsts%2Faws4_request&X-Amz-Date=20230428T000000Z&X-Amz-Expires=60\
    &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=\
    d052bda10bc2c20801d04704e8da83bc17ce4f0c385f2fc03845cb278d94f1ec";

pub(crate) fn token() -> String {
    eks_token::Token::encode(URL).unwrap().expose().to_owned()
}

pub(crate) fn now() -> UnixTime {
    UnixTime::parse_rfc3339("2023-04-28T00:01:00Z").unwrap()
}

pub(crate) fn authenticator(cluster_id: &str, partition: &str) -> Authenticator {
    let cluster_id = ClusterId::parse(cluster_id).unwrap();
    Authenticator::new(AcceptPolicy::new(cluster_id, partition.parse().unwrap()))
}

pub(crate) fn config_map(text: &str) -> IdentityMap {
    let (rules, problems) = aws_auth_map::read_config_map(text);
    assert_eq!(problems, []);
    IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules))
}

/// A node rule, which needs the private DNS name of the caller's instance.
pub(crate) const NODES: &str = "mapRoles: |
  - rolearn: arn:aws:iam::111122223333:role/nodes
    username: system:node:{{EC2PrivateDNSName}}
    groups: [system:bootstrappers, system:nodes]
";

/// Maps a node without its private DNS name.
pub(crate) fn node(rules: &IdentityMap) -> Result<Authenticated, AuthError> {
    Authenticated::resolve(node_identity(), rules)
}

pub(crate) fn node_identity() -> Identity {
    let instance = "i-0c6f21bf1f24f9708";
    let arn = format!("arn:aws:sts::111122223333:assumed-role/nodes/{instance}");
    Identity::new(&arn, "111122223333", &format!("AROAEXAMPLE:{instance}")).unwrap()
}

pub(crate) const ALICE: &str = r#"{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{
    "Account":"111122223333","Arn":"arn:aws:iam::111122223333:user/alice","UserId":"AIDAEXAMPLE"}}}"#;

/// Gives every request the same answer.
pub(crate) struct Always(pub(crate) Result<(u16, &'static str), TransportErrorKind>);

impl Transport for Always {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        let (status, body) = self.0?;
        let answer = Response::builder()
            .status(status)
            .header("content-type", "application/json");
        Ok(answer.body(body.as_bytes().to_vec()).unwrap())
    }
}

/// Polls a future that is ready at once. All futures of these tests are.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("not ready"),
    }
}
