//! The build without the feature `otel`: no span is made.

use std::future::Future;
use std::net::IpAddr;

use eks_auth::TransportError;
use http::Response;
use http::request::Parts;

use crate::private_dns_names::PendingName;
use crate::record::ReviewRecord;
use crate::webhooks::Answer;

/// Makes no spans.
#[derive(Clone, Copy)]
pub(crate) struct Traces;

impl Traces {
    pub(crate) const fn none() -> Self {
        Self
    }

    // Each function returns the future itself: an `async fn` around it would hold and move it
    // twice.

    pub(crate) fn request<F: Future<Output = Answer>>(self, _: &Parts, _: IpAddr, answer: F) -> F {
        answer
    }

    pub(crate) fn sts_call<F>(self, _: &str, _: &str, call: F) -> F
    where
        F: Future<Output = Result<Response<Vec<u8>>, TransportError>>,
    {
        call
    }

    pub(crate) fn look_up(self, name: PendingName<'_>) -> PendingName<'_> {
        name
    }

    pub(crate) const fn review(self, _: &ReviewRecord<'_>) {}
}
