//! `TokenReview`s.

use eks_auth::{
    AuthError, Failed, Identity, Review, ReviewError, TransportErrorKind,
    aws_auth_map::{Mapped, Refusal, UserInfo, instance_id},
    require_mapped,
};
use http::StatusCode;
use printable_text::Causes;

use super::{Answer, Outcome, Reviewing, StatusCodes, Webhooks, json, text};
use crate::identities::Identified;
use crate::metrics::UpstreamResult;
use crate::record::Verdict;
use crate::snapshot::Snapshot;

/// The code of a token that is not valid for any audience of the review.
const AUDIENCE: &str = "audience";

impl Webhooks {
    pub(super) async fn review_token(&self, review: &mut Reviewing, body: &[u8]) -> Answer {
        let read = match self.are_untyped_accepted {
            true => Review::read_untyped(body),
            false => Review::read(body),
        };
        let document = match read {
            Ok(document) => document,
            Err(error) => {
                let took = review.start.elapsed();
                self.metrics
                    .authenticated(UpstreamResult::MalformedRequest, took);
                return self.malformed(review, malformed_code(error), &error.to_string());
            }
        };
        let now = (self.clock)();
        let mut identified = self.identities.identify(document.expose_token(), now).await;
        self.metrics.cache_used(identified.cache);
        let snapshot = self.rules.borrow();
        let (outcome, why_no_name) = self.map(&identified, &snapshot).await;
        let result = match &outcome {
            Ok(_) => UpstreamResult::Success,
            Err(error) => UpstreamResult::from(error),
        };
        self.metrics.authenticated(result, review.start.elapsed());
        self.know_caller(&identified, &outcome);
        scrub(&mut identified, &snapshot);
        match outcome {
            Ok(mapped) => self.accept(review, &document, &identified, &snapshot, mapped.user()),
            Err(error) => {
                let reason = why_no_name.unwrap_or_else(|| Causes::new(&error).to_string());
                let verdict = match &error {
                    AuthError::Refused(_) => Verdict::Refused,
                    AuthError::Failed(_) if is_overloaded(&error) => {
                        self.metrics.shed("sts-waiting");
                        Verdict::Shed
                    }
                    AuthError::Failed(_) => Verdict::Failed,
                };
                self.record(
                    review,
                    &Outcome {
                        code: error.code(),
                        reason: &reason,
                        identified: Some(&identified),
                        generation: snapshot.generation(),
                        ..Outcome::of(verdict)
                    },
                );
                self.refuse(&document, &error, &reason)
            }
        }
    }

    /// Notes the access key of a caller who was let in by a call to STS.
    fn know_caller(&self, identified: &Identified, outcome: &Result<Mapped, AuthError>) {
        if let (Some(token), Some(_), Ok(_)) = (&identified.token, identified.sts_time, outcome) {
            self.identities.know(token.access_key_id());
        }
    }

    /// Maps an identity by the rules, with the private DNS name of the instance if they need it. If the
    /// name could not be looked up, the reason is returned beside the error.
    async fn map(
        &self,
        identified: &Identified,
        snapshot: &Snapshot,
    ) -> (Result<Mapped, AuthError>, Option<String>) {
        let identity = match &identified.outcome {
            Ok(identity) => identity,
            Err(error) => return (Err(error.clone()), None),
        };
        let outcome = require_mapped(snapshot.identity_map().resolve(identity));
        let Err(AuthError::Failed(Failed::PrivateDnsNameUnknown(refusal))) = outcome else {
            return (outcome, None);
        };
        // This future is large, and only nodes need it.
        Box::pin(self.map_instance(identity, snapshot, refusal)).await
    }

    async fn map_instance(
        &self,
        identity: &Identity,
        snapshot: &Snapshot,
        refusal: Refusal,
    ) -> (Result<Mapped, AuthError>, Option<String>) {
        let unknown = Err(Failed::PrivateDnsNameUnknown(refusal).into());
        let Some(names) = &self.names else {
            let why = "the rule needs the private DNS name of an EC2 instance, and look-ups are not configured";
            return (unknown, Some(why.to_owned()));
        };
        let Some(instance) = instance_id(identity).map(str::to_owned) else {
            return (unknown, None);
        };
        match self.traces.look_up(names.look_up(&instance)).await {
            Ok(name) => {
                let rules = snapshot.identity_map();
                (
                    require_mapped(rules.resolve_instance(identity, &name)),
                    None,
                )
            }
            Err(error) => (unknown, Some(Causes::new(&error).to_string())),
        }
    }

    fn accept(
        &self,
        review: &Reviewing,
        document: &Review,
        identified: &Identified,
        snapshot: &Snapshot,
        user: &UserInfo,
    ) -> Answer {
        let common: Vec<&str> = self
            .audiences
            .iter()
            .filter(|own| document.audiences().contains(own))
            .map(String::as_str)
            .collect();
        let is_elsewhere = !self.audiences.is_empty() && !document.audiences().is_empty();
        let mut outcome = Outcome {
            identified: Some(identified),
            username: Some(user.username()),
            groups: user.groups(),
            generation: snapshot.generation(),
            ..Outcome::of(Verdict::Granted)
        };
        if is_elsewhere && common.is_empty() {
            outcome.verdict = Verdict::Refused;
            outcome.code = AUDIENCE;
            outcome.reason = "the token is valid for none of the review's audiences";
            self.record(review, &outcome);
            return self.unauthenticated(document);
        }
        self.record(review, &outcome);
        let answer = document.authenticated_for(user, &common);
        json(StatusCode::OK, answer)
    }

    /// Answers a token that names no user. There is no `Retry-After`: with it, kube-apiserver's client
    /// repeats each of its five attempts ten times.
    fn refuse(&self, document: &Review, error: &AuthError, reason: &str) -> Answer {
        match (error, self.statuses) {
            (AuthError::Refused(_), _) => self.unauthenticated(document),
            (AuthError::Failed(_), _) if is_overloaded(error) => {
                text(StatusCode::SERVICE_UNAVAILABLE, reason)
            }
            (AuthError::Failed(_), StatusCodes::ByOutcome) => text(
                error.webhook_status(),
                &format!("{reason} ({})", error.code()),
            ),
            (AuthError::Failed(_), StatusCodes::Upstream) => {
                let status = match error.webhook_status() {
                    throttled @ StatusCode::TOO_MANY_REQUESTS => throttled,
                    _ => StatusCode::FORBIDDEN,
                };
                json(status, document.unauthenticated())
            }
        }
    }

    fn unauthenticated(&self, document: &Review) -> Answer {
        let status = match self.statuses {
            StatusCodes::ByOutcome => StatusCode::OK,
            StatusCodes::Upstream => StatusCode::FORBIDDEN,
        };
        json(status, document.unauthenticated())
    }
}

/// Returns whether the review was shed because too many reviews wait for STS.
fn is_overloaded(error: &AuthError) -> bool {
    matches!(error, AuthError::Failed(Failed::Transport(why)) if why.kind() == TransportErrorKind::Overloaded)
}

const fn malformed_code(error: ReviewError) -> &'static str {
    match error {
        ReviewError::ApiVersion => "api-version",
        ReviewError::Kind => "kind",
        ReviewError::NoToken => "no-token",
        ReviewError::TooLong => "too-long",
        _ => "malformed",
    }
}

/// Removes the facts that a record must not contain about a scrubbed account.
fn scrub(identified: &mut Identified, snapshot: &Snapshot) {
    let is_scrubbed = identified
        .outcome
        .as_ref()
        .is_ok_and(|identity| snapshot.identity_map().scrubs(identity.account()));
    if is_scrubbed {
        identified.token = None;
        identified.outcome = Err(eks_auth::Refused::NotMapped.into());
    }
}
