//! The exporter. Its failures are logged without flooding the log.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_otlp::SpanExporter as Otlp;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use printable_text::Printable;

use super::collector::Collector;
use crate::log::Log;

/// How often failures are logged at most: our choice. An export is tried every five seconds, and more often under
/// load.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Exports spans. Logs when the export fails, and when it works again.
#[derive(Debug)]
pub(super) struct Reported {
    exporter: Otlp,
    collector: Collector,
    losses: Mutex<Losses>,
    log: Log,
}

impl Reported {
    pub(super) fn new(exporter: Otlp, collector: Collector, log: Log) -> Self {
        Self {
            exporter,
            collector,
            losses: Mutex::default(),
            log,
        }
    }
}

impl SpanExporter for Reported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let outcome = self.exporter.export(batch).await;
        let cause = self.collector.take_cause();
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                if let Some(text) = losses.end() {
                    self.log.say(&text);
                }
            }
            Err(error) => {
                let why = cause.unwrap_or_else(|| error.to_string());
                if let Some(text) = losses.add(spans, &why, Instant::now()) {
                    self.log.warn(&text);
                }
            }
        }
        // The SDK would log each failure.
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// The spans that were lost since the last report.
#[derive(Debug, Default)]
struct Losses {
    spans: usize,
    reported: Option<Instant>,
}

impl Losses {
    /// Counts the spans of a failed export. Returns the text to log, if it is time.
    fn add(&mut self, spans: usize, why: &str, now: Instant) -> Option<String> {
        self.spans = self.spans.saturating_add(spans);
        let is_due = self
            .reported
            .is_none_or(|last| now.saturating_duration_since(last) >= REPORT_EVERY);
        if !is_due {
            return None;
        }
        self.reported = Some(now);
        let lost = std::mem::take(&mut self.spans);
        Some(format!(
            "{lost} spans were lost, the collector does not take them: {}",
            Printable::new(why)
        ))
    }

    /// Returns the text to log after an export that worked, if an earlier export failed.
    fn end(&mut self) -> Option<String> {
        self.reported.take()?;
        let lost = std::mem::take(&mut self.spans);
        Some(format!(
            "the collector takes spans again; {lost} more were lost"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Losses, REPORT_EVERY};

    #[test]
    fn an_outage_is_logged_once_a_minute_with_its_losses() {
        let start = Instant::now();
        let after = |time: Duration| start.checked_add(time).unwrap();
        let mut losses = Losses::default();
        assert_eq!(losses.end(), None);
        let first = losses.add(3, "refused\n", start).unwrap();
        assert!(first.starts_with("3 spans were lost"), "{first}");
        assert!(!first.contains('\n'), "{first}");
        assert_eq!(
            losses.add(4, "refused", after(Duration::from_secs(5))),
            None
        );
        let second = losses.add(5, "refused", after(REPORT_EVERY)).unwrap();
        assert!(second.starts_with("9 spans were lost"), "{second}");
        assert_eq!(losses.add(1, "refused", after(REPORT_EVERY)), None);
        let end = losses.end().unwrap();
        assert!(end.ends_with("1 more were lost"), "{end}");
        // The next outage is reported at once.
        assert!(losses.add(1, "refused", after(REPORT_EVERY)).is_some());
    }
}
