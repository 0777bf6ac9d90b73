//! `SubjectAccessReview`s.

use std::collections::BTreeMap;

use eks_auth::iam_principal::Principal;
use eks_auth::{Authenticated, Identity, authorize};
use http::StatusCode;
use k8s_rbac::review::{AccessReview, AccessReviewSpec, AccessReviewStatus, ReviewKind};
use k8s_rbac::{Request, User};
use serde_json::{Value, json};

use super::{Answer, MAX_ACCESS_REVIEW_LEN, Outcome, Reviewing, Webhooks, text};
use crate::record::Verdict;
use crate::snapshot::Snapshot;

/// The keys of the extra fields that identify the caller, as in the answers to `TokenReview`s
/// (`pkg/server/server.go` of upstream).
const ARN: &str = "arn";
const PRINCIPAL_ID: &str = "principalId";
const SESSION_NAME: &str = "sessionName";

/// The version of the answer to a document without a version.
const UNTYPED_VERSION: &str = "authorization.k8s.io/v1beta1";

impl Webhooks {
    pub(super) fn review_access(&self, review: &mut Reviewing, body: &[u8]) -> Answer {
        if body.len() > MAX_ACCESS_REVIEW_LEN {
            let reason = format!("the body is longer than {MAX_ACCESS_REVIEW_LEN} bytes");
            return self.malformed(review, "too-long", &reason);
        }
        let document = match self.read_access_review(body) {
            Ok(document) => document,
            Err((code, reason)) => return self.malformed(review, code, &reason),
        };
        let snapshot = self.rules.borrow();
        let Some(policy) = snapshot.policy() else {
            let reason = "the RBAC policy is not loaded";
            self.record(
                review,
                &Outcome {
                    code: "policy-not-loaded",
                    reason,
                    generation: snapshot.generation(),
                    ..Outcome::of(Verdict::Failed)
                },
            );
            return text(StatusCode::INTERNAL_SERVER_ERROR, reason);
        };
        let version = self.access_reviews.unwrap_or_default();
        let (kind, api_version) = (document.kind.as_str(), api_version(&document));
        // The caller is kube-apiserver, about whose own permissions a SubjectAccessReview never asks.
        let caller = User::default();
        let mut answered = match policy.review(version, &caller, "", document) {
            Ok(answered) => answered,
            Err(error) => return self.malformed(review, error.code(), &error.to_string()),
        };
        unite(&mut answered, &snapshot);
        let question = answered.request().map(|request| question(&request));
        let verdict = match answered.status.allowed {
            true => Verdict::Granted,
            false => Verdict::Refused,
        };
        self.record(
            review,
            &Outcome {
                code: if answered.status.allowed {
                    "ok"
                } else {
                    "not-allowed"
                },
                reason: &answered.status.reason,
                username: Some(&answered.spec.user),
                groups: &answered.spec.groups,
                question: question.as_deref(),
                generation: snapshot.generation(),
                ..Outcome::of(verdict)
            },
        );
        let answer = json!({ "apiVersion": api_version, "kind": kind, "status": answered.status });
        super::json(StatusCode::OK, answer.to_string())
    }

    fn read_access_review(&self, body: &[u8]) -> Result<AccessReview, (&'static str, String)> {
        let malformed = || {
            let reason = "the body is not a SubjectAccessReview in JSON";
            ("malformed", reason.to_owned())
        };
        let mut document: Value = serde_json::from_slice(body).map_err(|_| malformed())?;
        // A derived reader also accepts a list of the fields.
        let fields = document.as_object_mut().ok_or_else(malformed)?;
        let is_untyped = !fields.contains_key("kind") && !fields.contains_key("apiVersion");
        let is_completed = is_untyped && self.are_untyped_accepted;
        if is_completed {
            fields.insert("kind".to_owned(), "SubjectAccessReview".into());
            fields.insert("apiVersion".to_owned(), UNTYPED_VERSION.into());
        }
        let kind = fields.get("kind").and_then(Value::as_str);
        if kind != Some(ReviewKind::SubjectAccessReview.as_str()) {
            return Err(("kind", "`kind` is not `SubjectAccessReview`".to_owned()));
        }
        let review = match is_completed {
            true => serde_json::from_value(document),
            // A `Value` keeps the last of duplicate keys; the reader of the review refuses them.
            false => serde_json::from_slice(body),
        };
        review.map_err(|_| malformed())
    }
}

/// Adds the access policies of the caller's access entry, which grant permissions beside RBAC.
fn unite(review: &mut AccessReview, snapshot: &Snapshot) {
    if review.status.allowed {
        return;
    }
    let Some(caller) = caller(&review.spec, snapshot) else {
        return;
    };
    let (Some(policy), Some(request)) = (snapshot.policy(), review.request()) else {
        return;
    };
    let authorization = authorize(&caller, &request, policy, snapshot.access_policies());
    if authorization.access_policy().is_some() {
        let status = AccessReviewStatus {
            allowed: true,
            reason: authorization.reason(),
            ..review.status.clone()
        };
        review.status = status;
    }
}

/// Returns the caller whose token our own `TokenReview` accepted, from the extra fields of the
/// user.
///
/// The rules must map that identity to the user of the review. An impersonated user has other extra
/// fields or none, so RBAC alone decides.
fn caller(spec: &AccessReviewSpec, snapshot: &Snapshot) -> Option<Authenticated> {
    let arn = only(&spec.extra, ARN)?;
    let principal_id = only(&spec.extra, PRINCIPAL_ID)?;
    let session = only(&spec.extra, SESSION_NAME).filter(|name| !name.is_empty());
    let account = Principal::parse(arn).ok()?.account().to_string();
    let user_id = match session {
        Some(session) => format!("{principal_id}:{session}"),
        None => principal_id.to_owned(),
    };
    let identity = Identity::new(arn, &account, &user_id).ok()?;
    let known = Authenticated::resolve(identity, snapshot.identity_map()).ok()?;
    let user = known.user();
    (user.username() == spec.user && user.uid() == spec.uid).then_some(known)
}

fn only<'s>(extra: &'s BTreeMap<String, Vec<String>>, key: &str) -> Option<&'s str> {
    match extra.get(key)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// Returns the question in the form of `kubectl auth can-i`.
fn question(request: &Request<'_>) -> String {
    let asked = match request {
        Request::Path(asked) => return format!("{} {}", asked.verb(), asked.path()),
        Request::Resource(asked) => asked,
    };
    let mut text = format!("{} {}", asked.verb(), asked.resource());
    let parts = [
        (".", Some(asked.group()).filter(|group| !group.is_empty())),
        ("/", asked.subresource()),
        ("/", asked.name()),
        (" -n ", asked.namespace()),
    ];
    for (before, part) in parts {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(part);
        }
    }
    text
}

fn api_version(review: &AccessReview) -> Value {
    // The name of a unit variant.
    serde_json::to_value(review.version).unwrap_or_default()
}
