//! The span of a call to EC2, by OpenTelemetry's API.

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

/// Makes the spans of calls. By default, it makes no spans.
#[derive(Clone)]
pub(crate) struct Traces {
    tracer: Option<Arc<BoxedTracer>>,
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

    /// Makes a call within a span: a child of the first caller's span, with a link to the span of each
    /// other caller.
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

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId, TraceState, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

    use super::{
        BoxedTracer, Caller, DescribeError, Instance, SpanContext, SpanKind, Status, Traces,
    };
    use crate::{DescribeInstances, Resolver, Settings};

    fn caller(trace: u128, span: u64) -> Caller {
        let (trace, span) = (TraceId::from(trace), SpanId::from(span));
        let (flags, state) = (TraceFlags::SAMPLED, TraceState::NONE);
        Caller(SpanContext::new(trace, span, flags, true, state))
    }

    /// Returns a tracer whose spans are kept for as long as it lives, and where they are.
    fn tracer() -> (BoxedTracer, InMemorySpanExporter) {
        let spans = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(spans.clone())
            .build();
        (BoxedTracer::new(Box::new(provider.tracer("test"))), spans)
    }

    struct NoInstances;

    impl DescribeInstances for NoInstances {
        async fn describe_instances(&self, _: Vec<String>) -> Result<Vec<Instance>, DescribeError> {
            Ok(Vec::new())
        }
    }

    #[tokio::test]
    async fn a_resolver_makes_its_spans_with_the_tracer_of_its_settings() {
        let (tracer, spans) = tracer();
        let resolver = Resolver::new(NoInstances, Settings::new().with_tracer(tracer));
        let outcome = resolver.look_up("i-0c6f21bf1f24f9708").await;
        assert!(outcome.is_err());
        assert_eq!(spans.get_finished_spans().unwrap().len(), 1);
    }

    async fn called(callers: &[Caller], outcome: Result<Vec<Instance>, DescribeError>) -> SpanData {
        let (tracer, spans) = tracer();
        let traces = Traces::new(tracer);
        let answer = traces.call(callers, async { outcome.clone() }).await;
        assert_eq!(answer, outcome);
        spans.get_finished_spans().unwrap().remove(0)
    }

    #[tokio::test]
    async fn a_call_is_below_its_first_caller_and_linked_to_the_others() {
        let nowhere = Caller(SpanContext::NONE);
        let callers = [nowhere.clone(), caller(1, 2), caller(3, 4), caller(5, 6)];
        let span = called(&callers, Ok(Vec::new())).await;
        assert_eq!(
            (&*span.name, span.span_kind),
            ("EC2/DescribeInstances", SpanKind::Client)
        );
        assert_eq!(span.span_context.trace_id(), TraceId::from(1));
        assert_eq!(span.parent_span_id, SpanId::from(2));
        let links = span.links.iter().map(|link| link.span_context.span_id());
        assert!(links.eq([4, 6].map(SpanId::from)));
        let values = span.attributes.iter().map(|pair| pair.value.to_string());
        let values: Vec<String> = values.collect();
        assert_eq!(values, ["aws-api", "EC2", "DescribeInstances", "4"]);
        assert_eq!(span.status, Status::Unset);
        let span = called(&[nowhere], Ok(Vec::new())).await;
        assert_eq!(span.parent_span_id, SpanId::INVALID);
    }

    #[tokio::test]
    async fn a_call_that_fails_has_a_code_and_a_status() {
        let error = |status| DescribeError {
            code: "ec2-throttled",
            status,
            message: "slow down".to_owned(),
        };
        for (status, attributes) in [
            (
                Some(503),
                &["error.type=ec2-throttled", "http.response.status_code=503"][..],
            ),
            (None, &["error.type=ec2-throttled"]),
        ] {
            let span = called(&[], Err(error(status))).await;
            assert_eq!(span.status, Status::error("ec2-throttled"));
            let added = span.attributes.iter().skip(4);
            let added: Vec<String> = added
                .map(|pair| format!("{}={}", pair.key, pair.value))
                .collect();
            assert_eq!(added, attributes);
        }
    }
}
