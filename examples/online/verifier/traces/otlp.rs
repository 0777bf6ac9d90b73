//! Spans as OTLP over HTTP.

use std::time::Duration;

use eks_auth_server::Webhooks;
use opentelemetry::Key;
use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;

use super::collector::{self, Collector};
use super::endpoint::endpoint;
use super::export::Reported;
use crate::PROGRAM;
use crate::log::Log;
use crate::settings::Settings;

/// How long the export of the last spans may take when the program stops: our choice. Together with the requests in
/// flight, it fits into the 30 seconds that Kubernetes gives a pod.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// Makes spans and exports them.
pub(crate) struct Traces {
    /// `None` if no spans are wanted.
    provider: Option<SdkTracerProvider>,
    log: Log,
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Explains why the settings for traces have no effect. `None` if they have an effect, or are not
/// set.
pub(crate) fn without_effect(settings: &Settings) -> Option<String> {
    endpoint(settings.traces_endpoint.as_ref(), variable).err()
}

impl Traces {
    /// Prepares the export, if there is an endpoint. The webhook starts even with an unusable setting.
    /// [`without_effect`] reports the setting.
    ///
    /// # Errors
    ///
    /// The exporter cannot be built.
    pub(crate) fn start(settings: &Settings, log: Log) -> Result<Self, String> {
        let endpoint = endpoint(settings.traces_endpoint.as_ref(), variable).unwrap_or_default();
        let Some(url) = endpoint else {
            return Ok(Self {
                provider: None,
                log,
            });
        };
        let timeout = collector::timeout(variable);
        let collector = Collector::new(timeout)?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_endpoint(url.to_string())
            .with_timeout(timeout)
            .with_http_client(collector.clone())
            .build()
            .map_err(|why| format!("traces: {why}"))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource())
            .with_batch_exporter(Reported::new(exporter, collector, log))
            .build();
        log.say(&format!(
            "spans are exported to {}",
            url.host().unwrap_or_default()
        ));
        Ok(Self {
            provider: Some(provider),
            log,
        })
    }

    /// Makes a span for each request.
    pub(crate) fn follow(&self, webhooks: Webhooks) -> Webhooks {
        match self.tracer() {
            Some(tracer) => webhooks.with_tracer(tracer, TraceContextPropagator::new()),
            None => webhooks,
        }
    }

    /// Makes a span for each call to EC2.
    #[cfg(any(feature = "ec2", test))]
    pub(crate) fn follow_calls(&self, settings: eks_auth_ec2::Settings) -> eks_auth_ec2::Settings {
        match self.tracer() {
            Some(tracer) => settings.with_tracer(tracer),
            None => settings,
        }
    }

    fn tracer(&self) -> Option<BoxedTracer> {
        let provider = self.provider.as_ref()?;
        Some(BoxedTracer::new(Box::new(provider.tracer(PROGRAM))))
    }

    /// Exports the spans that are left.
    pub(crate) async fn finish(self) {
        let Some(provider) = self.provider else {
            return;
        };
        let ended = move || provider.shutdown_with_timeout(LAST_EXPORT);
        if !matches!(tokio::task::spawn_blocking(ended).await, Ok(Ok(()))) {
            self.log.warn(&format!(
                "the last spans were not exported within {} s",
                LAST_EXPORT.as_secs()
            ));
        }
    }
}

/// Describes this process by `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. The default name is the name of the
/// program.
fn resource() -> Resource {
    let resource = Resource::builder().build();
    let is_named = resource
        .get_ref(&Key::from_static_str("service.name"))
        .is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    match is_named {
        true => resource,
        false => Resource::builder().with_service_name(PROGRAM).build(),
    }
}
