//! The whole path from a token through the embedded STS and the mapping to the verdict.

use std::hint::black_box;

use aws_auth_map::{Backend, BackendKind, IdentityMap};
use aws_credential_types::Credentials;
use criterion::{Criterion, criterion_group, criterion_main};
use eks_auth::{Authenticated, Authenticator, KubernetesUser, LocalKeys};
use k8s_rbac::Request;
use sts_presign::{AcceptPolicy, ClusterId, Endpoint, LocalSts, Signer, UnixTime};

const KEYS: &str = "[developer]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY
arn = arn:aws:iam::111122223333:user/developer
user_id = AIDAEXAMPLE
";
const RULES: &str = "mapUsers: |
  - userarn: arn:aws:iam::111122223333:user/developer
    username: k8s-developer
";

fn road(c: &mut Criterion) {
    let built = build();
    assert!(built.is_ok(), "the fixture of this bench no longer parses");
    let Ok((authenticator, sts, rules, token, now)) = built else {
        return;
    };
    let policy = k8s_rbac::Policy::new(k8s_rbac::Objects::default());
    let ask = Request::path("get", "/metrics");
    c.bench_function("auth/token-to-verdict/long-term-key", |b| {
        b.iter(|| {
            let exchange = authenticator.begin(black_box(&token), now);
            let identity = exchange.ok().and_then(|exchange| {
                let answer = sts.answer(&exchange.request().map(|()| []), now);
                exchange.finish(&answer).ok()
            });
            let known = identity.and_then(|it| Authenticated::resolve(it, &rules).ok());
            let user = known.as_ref().map(KubernetesUser::from);
            assert!(user.is_some_and(|user| {
                user.username() == "k8s-developer"
                    && !policy.authorize(user.as_rbac(), &ask).decision().is_allow()
            }));
        });
    });
}

type Fixture = (
    Authenticator,
    LocalSts<sts_presign::Keys>,
    IdentityMap,
    String,
    UnixTime,
);

fn build() -> Result<Fixture, Box<dyn std::error::Error>> {
    let cluster_id = ClusterId::parse("test-cluster")?;
    let endpoint = Endpoint::from_host("sts.us-west-2.amazonaws.com")?;
    let now = UnixTime::parse_rfc3339("2023-04-28T00:00:00Z")?;
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let credentials = Credentials::new("AKIDEXAMPLE", secret, None, None, "bench");
    let url = Signer::new(&endpoint, &cluster_id).sign(&credentials.into(), now)?;
    let token = eks_token::Token::encode(url.expose())?.expose().to_owned();
    let authenticator = Authenticator::new(AcceptPolicy::new(cluster_id, endpoint.partition()));
    let sts = LocalSts::new(LocalKeys::read(KEYS)?.keys());
    let (rules, _) = aws_auth_map::read_config_map(RULES);
    let rules = IdentityMap::new().with_backend(Backend::new(BackendKind::EksConfigMap, rules));
    Ok((authenticator, sts, rules, token, now))
}

criterion_group!(benches, road);
criterion_main!(benches);
