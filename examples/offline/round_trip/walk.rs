//! The walk-through: a small cluster, four callers, and tokens that must be refused.

use std::time::SystemTime;

use aws_auth_map::Reader;
use eks_auth::LocalKeys;
use eks_token::Token;
use k8s_rbac::ManifestReader;
use sts_presign::{ClusterId, Endpoint, Signer, TOKEN_LIFE, UnixTime};

use crate::own;
use crate::report::{RefusedToken, Report};
use crate::steps::{Cluster, mint};

const CLUSTER_ID: &str = "demo";
const CREDENTIALS: &str = include_str!("cluster/credentials");
const AWS_AUTH: &str = include_str!("cluster/aws-auth.yaml");
const RBAC: &str = include_str!("cluster/rbac.yaml");

/// The token that `aws eks get-token --cluster-name demo --region us-west-2` of awscli 1.46.3 printed with
/// the developer's key, and the time at which it was signed.
const AWSCLI_TOKEN: &str = include_str!("cluster/awscli-token");
const AWSCLI_SIGNED_AT: &str = "2026-11-23T21:50:28Z";

const QUESTIONS: [&str; 8] = [
    "list pods -n dev",
    "delete deployments -n dev",
    "patch deployments/web --subresource=scale -n dev",
    "get secrets -n dev",
    "list pods -n prod",
    "list nodes",
    "get /healthz",
    "get /metrics",
];

pub(crate) fn report() -> Result<Report, String> {
    let now =
        UnixTime::try_from(SystemTime::now()).map_err(|why| format!("the system clock: {why}"))?;
    let cluster_id = ClusterId::parse(CLUSTER_ID).map_err(|why| why.to_string())?;
    let endpoint =
        Endpoint::from_host("sts.us-west-2.amazonaws.com").map_err(|why| why.to_string())?;
    let keys = LocalKeys::read(CREDENTIALS).map_err(|why| why.to_string())?;
    let mut problems = Vec::new();
    let rules = own::read_rules(&Reader::new(), "aws-auth.yaml", AWS_AUTH, &mut problems)?;
    let files = [("rbac.yaml".to_owned(), RBAC.to_owned())];
    let (rbac, skipped) = own::read_rbac(&ManifestReader::new(), files, &mut problems);
    let cluster = Cluster::new(&cluster_id, &endpoint, &keys, rules, rbac);
    let questions = own::read_questions(&QUESTIONS.map(str::to_owned))?;
    let mut callers = Vec::new();
    for profile in keys.profiles() {
        callers.push(cluster.walk(profile, &questions, now)?);
    }
    let then = UnixTime::parse_rfc3339(AWSCLI_SIGNED_AT).map_err(|why| why.to_string())?;
    let (end, some) = (then.later(TOKEN_LIFE), questions.get(..2).unwrap_or(&[]));
    let name = "developer, with a recorded token of awscli, at the time of the recording";
    callers.push(cluster.follow(name, AWSCLI_TOKEN, end, some, then.later(30)));
    let refused_tokens = refused_tokens(&cluster, &endpoint, &keys, now)?;
    let cluster_id = CLUSTER_ID.to_owned();
    Ok(Report {
        cluster_id,
        callers,
        refused_tokens,
        problems,
        skipped,
        is_walk_through: true,
    })
}

/// Tokens of the admin, each with one fault.
fn refused_tokens(
    cluster: &Cluster,
    endpoint: &Endpoint,
    keys: &LocalKeys,
    now: UnixTime,
) -> Result<Vec<RefusedToken>, String> {
    let admin = keys
        .profile("admin")
        .ok_or("the walk-through has no profile `admin`")?;
    let elsewhere = ClusterId::parse("another-cluster").map_err(|why| why.to_string())?;
    let (good, _) = mint(cluster.signer(), admin, now)?;
    let (old, _) = mint(cluster.signer(), admin, now.earlier(901))?;
    let (other, _) = mint(&Signer::new(endpoint, &elsewhere), admin, now)?;
    let mut seen = Vec::new();
    for (what, token) in [
        ("expired", old),
        ("for another cluster", other),
        ("with a forged signature", forge(&good)?),
        ("cut short", good.chars().take(200).collect()),
    ] {
        match cluster.identify(&token, now) {
            Ok(_) => return Err(format!("a token {what} was accepted")),
            Err(why) => seen.push(RefusedToken {
                what: what.to_owned(),
                code: why.code().to_owned(),
                message: why.to_string(),
            }),
        }
    }
    Ok(seen)
}

/// Changes the last digit of the signature.
fn forge(token: &str) -> Result<String, String> {
    let url = Token::parse(token)
        .and_then(|token| token.decode())
        .map_err(|why| why.to_string())?;
    let mut url = url.expose().to_owned();
    let last = url.pop();
    url.push(if last == Some('0') { '1' } else { '0' });
    let token = Token::encode(&url).map_err(|why| why.to_string())?;
    Ok(token.expose().to_owned())
}
