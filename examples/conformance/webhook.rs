//! `auth.review`: the server's answer to a request at its webhook, and the counts in its metrics.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use aws_auth_map::IdentityMap;
use eks_auth::{Transport, TransportError, TransportErrorKind, UnixTime};
use eks_auth_server::{
    AUTHENTICATE_PATH, Identities, Metrics, PendingName, PrivateDnsNameError, PrivateDnsNames,
    SharedSnapshot, Snapshot, StatusCodes, Webhooks,
};
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Refusal;
use crate::auth::Settings;
use crate::mapping::{Source, with_sources};
use crate::sts::Answered;

pub(crate) fn answer(op: &str, question: &Value) -> Option<Result<Value, Refusal>> {
    Some(match op {
        "auth.review" => crate::read(question).and_then(review),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct ToReview {
    #[serde(flatten)]
    settings: Settings,
    method: String,
    body: String,
    /// The answer of STS. If it is missing, STS cannot be reached.
    sts: Option<Answered>,
    #[serde(default)]
    backends: Vec<Source>,
    #[serde(default)]
    scrubbed_accounts: Vec<String>,
    /// The private DNS name of every instance. If it is missing, EC2 knows no instance.
    private_dns_name: Option<String>,
    /// Whether the statuses are as in upstream, and a review needs no version.
    #[serde(default)]
    like_upstream: bool,
}

thread_local! {
    /// The time of the question. The server's clock is a function without state.
    static NOW: Cell<UnixTime> = const { Cell::new(UnixTime::LAST) };
}

fn review(question: ToReview) -> Result<Value, Refusal> {
    NOW.set(question.settings.now()?);
    let map = with_sources(
        IdentityMap::new(),
        &question.backends,
        &question.scrubbed_accounts,
        &[],
    )?;
    let response = question.sts.as_ref().map(Answered::response).transpose()?;
    let metrics = Arc::new(Metrics::new());
    let identities = Identities::new(
        question.settings.authenticator()?,
        Arc::new(Sts(response)),
        Arc::clone(&metrics),
    )
    .without_cache()
    .with_sts_retries(0);
    let snapshot = Snapshot::new(map);
    let rules = SharedSnapshot::new(snapshot.clone());
    let mut webhooks = Webhooks::new(identities, rules, Arc::clone(&metrics), Arc::new(()))
        .with_private_dns_names(Arc::new(Names(question.private_dns_name)))
        .with_clock(|| NOW.get());
    if question.like_upstream {
        webhooks = webhooks
            .with_untyped_reviews()
            .with_statuses(StatusCodes::Upstream);
    }
    let method: Method = question
        .method
        .parse()
        .map_err(|why| Refusal::malformed(&why))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|why| Refusal::new("runtime", &why))?;
    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let answer = runtime.block_on(webhooks.respond(
        &method,
        AUTHENTICATE_PATH,
        question.body.as_bytes(),
        peer,
    ));
    Ok(described(&answer, &metrics.encode(&snapshot)))
}

/// Returns the counts that a request left in upstream's metrics, by name and labels.
fn counted(metrics: &str) -> BTreeMap<&str, u64> {
    metrics
        .lines()
        .filter_map(|line| {
            line.strip_prefix("aws_iam_authenticator_")?
                .rsplit_once(' ')
        })
        .filter(|(name, _)| name.contains("_total") || name.contains("_count"))
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .filter(|(_, value)| *value > 0)
        .collect()
}

fn described(answer: &Response<Vec<u8>>, metrics: &str) -> Value {
    let content_type = answer.headers().get("content-type");
    // A JSON object is returned as JSON, and any other body as text.
    let body = serde_json::from_slice(answer.body())
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| json!(String::from_utf8_lossy(answer.body()).trim()));
    json!({
        "status": answer.status().as_u16(),
        "content_type": content_type.and_then(|value| value.to_str().ok()),
        "body": body,
        "metrics": counted(metrics),
    })
}

/// The answer of STS. `None` if STS cannot be reached.
struct Sts(Option<Response<Vec<u8>>>);

impl Transport for Sts {
    async fn send(&self, _: Request<()>) -> Result<Response<Vec<u8>>, TransportError> {
        self.0
            .clone()
            .ok_or(TransportError::new(TransportErrorKind::Connect))
    }
}

/// The private DNS name of every instance. `None` if EC2 knows no instance.
#[derive(Debug)]
struct Names(Option<String>);

impl PrivateDnsNames for Names {
    fn look_up<'n>(&'n self, _: &'n str) -> PendingName<'n> {
        let name = self.0.clone();
        Box::pin(async { name.ok_or(PrivateDnsNameError::new("instance-not-found")) })
    }
}
