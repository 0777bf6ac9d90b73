//! The spans of a request, by OpenTelemetry's API.
//!
//! Names and attributes follow the semantic conventions for HTTP servers and for the AWS SDK. But no span has a
//! URL, because the URL contains the signature.

use std::borrow::Cow;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use eks_auth::TransportError;
use http::request::Parts;
use http::{HeaderMap, Method, Response, Version};
use opentelemetry::global::BoxedTracer;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use crate::private_dns_names::{PendingName, PrivateDnsNameError};
use crate::record::ReviewRecord;
use crate::webhooks::{AUTHENTICATE_PATH, AUTHORIZE_PATH, Answer};

/// Makes the spans of requests. By default, it makes no spans.
#[derive(Clone)]
pub(crate) struct Traces {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    tracer: BoxedTracer,
    propagator: Box<dyn TextMapPropagator + Send + Sync>,
}

impl Traces {
    pub(crate) const fn none() -> Self {
        Self { shared: None }
    }

    pub(crate) fn new(
        tracer: BoxedTracer,
        propagator: impl TextMapPropagator + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Some(Arc::new(Shared {
                tracer,
                propagator: Box::new(propagator),
            })),
        }
    }

    /// Answers a request within a new span, whose parent is the span in the request's headers.
    pub(crate) async fn request(
        &self,
        head: &Parts,
        peer: IpAddr,
        answer: impl Future<Output = Answer>,
    ) -> Answer {
        let Some(shared) = &self.shared else {
            return answer.await;
        };
        let parent = shared
            .propagator
            .extract_with_context(&Context::new(), &Headers(&head.headers));
        let context = shared.start(server_span(head, peer), &parent);
        let answer = answer.with_context(context.clone()).await;
        let (span, status) = (context.span(), answer.status());
        span.set_attribute(KeyValue::new(
            "http.response.status_code",
            i64::from(status.as_u16()),
        ));
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        answer
    }

    /// Sends one request to STS within a span.
    pub(crate) async fn sts_call(
        &self,
        host: &str,
        region: &str,
        call: impl Future<Output = Result<Response<Vec<u8>>, TransportError>>,
    ) -> Result<Response<Vec<u8>>, TransportError> {
        let Some(shared) = &self.shared else {
            return call.await;
        };
        let builder = SpanBuilder::from_name("STS/GetCallerIdentity")
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("rpc.system", "aws-api"),
                KeyValue::new("rpc.service", "STS"),
                KeyValue::new("rpc.method", "GetCallerIdentity"),
                KeyValue::new("server.address", host.to_owned()),
                KeyValue::new("cloud.region", region.to_owned()),
            ]);
        let context = shared.start(builder, &Context::current());
        let outcome = call.with_context(context.clone()).await;
        match &outcome {
            Ok(answer) => {
                let status = answer.status();
                let code = KeyValue::new("http.response.status_code", i64::from(status.as_u16()));
                context.span().set_attribute(code);
                if !status.is_success() {
                    fail(&context, status.as_str().to_owned().into());
                }
            }
            Err(error) => fail(&context, error.code().into()),
        }
        outcome
    }

    /// Looks up a private DNS name within a span. The call to EC2, if there is one, is below it.
    pub(crate) async fn look_up(
        &self,
        name: PendingName<'_>,
    ) -> Result<String, PrivateDnsNameError> {
        let Some(shared) = &self.shared else {
            return name.await;
        };
        let builder = SpanBuilder::from_name("EC2PrivateDNSName").with_kind(SpanKind::Internal);
        let context = shared.start(builder, &Context::current());
        let outcome = name.with_context(context.clone()).await;
        if let Err(error) = &outcome {
            fail(&context, error.code().into());
        }
        outcome
    }

    /// Adds the outcome of a review to the span of its request. The caller's name is only in the log, under the
    /// request id.
    pub(crate) fn review(&self, record: &ReviewRecord<'_>) {
        if self.shared.is_none() {
            return;
        }
        Context::map_current(|context| {
            context.span().set_attributes([
                KeyValue::new("eks_auth.request_id", record.request_id.to_owned()),
                KeyValue::new("eks_auth.review", record.kind.as_str()),
                KeyValue::new("eks_auth.verdict", record.verdict.as_str()),
                KeyValue::new("eks_auth.code", record.code.to_owned()),
                KeyValue::new("eks_auth.cache", record.cache.as_str()),
            ]);
        });
    }
}

impl Shared {
    fn start(&self, builder: SpanBuilder, parent: &Context) -> Context {
        parent.with_span(self.tracer.build_with_context(builder, parent))
    }
}

/// Describes the span of a request. Values that a client chooses are replaced by a few known
/// values.
fn server_span(head: &Parts, peer: IpAddr) -> SpanBuilder {
    let method = match head.method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "_OTHER",
    };
    let route = [AUTHENTICATE_PATH, AUTHORIZE_PATH]
        .into_iter()
        .find(|path| *path == head.uri.path());
    let name: Cow<'static, str> = match route {
        Some(route) => format!("{method} {route}").into(),
        None => method.into(),
    };
    let mut attributes = vec![
        KeyValue::new("http.request.method", method),
        KeyValue::new("client.address", peer.to_string()),
        KeyValue::new(
            "network.protocol.version",
            match head.version {
                Version::HTTP_2 => "2",
                Version::HTTP_10 => "1.0",
                _ => "1.1",
            },
        ),
    ];
    attributes.extend(route.map(|route| KeyValue::new("http.route", route)));
    SpanBuilder::from_name(name)
        .with_kind(SpanKind::Server)
        .with_attributes(attributes)
}

fn fail(context: &Context, code: Cow<'static, str>) {
    let span = context.span();
    span.set_status(Status::error(code.clone()));
    span.set_attribute(KeyValue::new("error.type", code));
}

/// The headers that a propagator reads.
struct Headers<'h>(&'h HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::{HeaderMap, Method, Request, Version};
    use opentelemetry::propagation::Extractor as _;

    use super::{Headers, server_span};

    /// A client chooses its method, path and version, and only a few values are kept.
    #[test]
    fn the_span_of_a_request_names_what_is_known() {
        for (method, path, version, name, attributes) in [
            (
                "POST",
                "/authenticate?timeout=30s",
                Version::HTTP_2,
                "POST /authenticate",
                "POST 192.0.2.1 2 /authenticate",
            ),
            (
                "POST",
                "/authorize",
                Version::HTTP_11,
                "POST /authorize",
                "POST 192.0.2.1 1.1 /authorize",
            ),
            ("GET", "/", Version::HTTP_10, "GET", "GET 192.0.2.1 1.0"),
            ("HEAD", "/x", Version::HTTP_11, "HEAD", "HEAD 192.0.2.1 1.1"),
            ("PUT", "/x", Version::HTTP_11, "PUT", "PUT 192.0.2.1 1.1"),
            (
                "DELETE",
                "/x",
                Version::HTTP_11,
                "DELETE",
                "DELETE 192.0.2.1 1.1",
            ),
            (
                "BREW",
                "/x",
                Version::HTTP_11,
                "_OTHER",
                "_OTHER 192.0.2.1 1.1",
            ),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = Request::builder().method(method).uri(path).version(version);
            let (head, ()) = request.body(()).unwrap().into_parts();
            let span = server_span(&head, Ipv4Addr::new(192, 0, 2, 1).into());
            let values = span.attributes.iter().flatten();
            let values: Vec<String> = values.map(|pair| pair.value.to_string()).collect();
            assert_eq!(
                (&*span.name, values.join(" ")),
                (name, attributes.to_owned())
            );
        }
    }

    #[test]
    fn a_propagator_reads_headers_that_are_text() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", "00-1-2-01".parse().unwrap());
        headers.insert("junk", http::HeaderValue::from_bytes(b"\xff").unwrap());
        let headers = Headers(&headers);
        assert_eq!(headers.get("Traceparent"), Some("00-1-2-01"));
        assert_eq!((headers.get("junk"), headers.get("other")), (None, None));
        assert_eq!(headers.keys(), ["traceparent", "junk"]);
    }
}
