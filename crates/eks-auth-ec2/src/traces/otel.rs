//! The span of a call to EC2, by OpenTelemetry's API.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    FutureExt as _, Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use crate::describe::{DescribeError, Instance};

/// The span in which a caller asked for an instance.
#[derive(Clone, Debug)]
pub(crate) struct Caller(SpanContext);

impl Caller {
    pub(crate) fn current() -> Self {
        Self(Context::map_current(|context| {
            context.span().span_context().clone()
        }))
    }
}

/// Makes the spans of calls. By default, none.
#[derive(Clone)]
pub(crate) struct Traces {
    tracer: Option<Arc<BoxedTracer>>,
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traces")
            .field(&self.tracer.is_some())
            .finish()
    }
}

impl Traces {
    pub(crate) const fn none() -> Self {
        Self { tracer: None }
    }

    pub(crate) fn new(tracer: BoxedTracer) -> Self {
        Self {
            tracer: Some(Arc::new(tracer)),
        }
    }

    /// Makes a call within a span: a child of the first caller's, with a link to that of each other one.
    pub(crate) async fn call(
        &self,
        callers: &[Caller],
        call: impl Future<Output = Result<Vec<Instance>, DescribeError>>,
    ) -> Result<Vec<Instance>, DescribeError> {
        let Some(tracer) = &self.tracer else {
            return call.await;
        };
        let mut spans = callers
            .iter()
            .map(|caller| caller.0.clone())
            .filter(SpanContext::is_valid);
        let parent = match spans.next() {
            Some(first) => Context::new().with_remote_span_context(first),
            None => Context::new(),
        };
        let builder = SpanBuilder::from_name("EC2/DescribeInstances")
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("rpc.system", "aws-api"),
                KeyValue::new("rpc.service", "EC2"),
                KeyValue::new("rpc.method", "DescribeInstances"),
                KeyValue::new(
                    "eks_auth.instances",
                    i64::try_from(callers.len()).unwrap_or(i64::MAX),
                ),
            ])
            .with_links(spans.map(Link::with_context).collect());
        let context = parent.with_span(tracer.build_with_context(builder, &parent));
        let outcome = call.with_context(context.clone()).await;
        if let Err(error) = &outcome {
            let span = context.span();
            span.set_status(Status::error(error.code));
            span.set_attribute(KeyValue::new("error.type", error.code));
            span.set_attributes(
                error
                    .status
                    .map(|status| KeyValue::new("http.response.status_code", i64::from(status))),
            );
        }
        outcome
    }
}
