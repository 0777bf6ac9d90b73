//! The log on standard error: one record for each review.

mod line;
mod queue;
mod review;
mod time;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use eks_auth_server::{Metrics, ServerEvent};
use eks_auth_sources::{Event, Fault};
use printable_text::Printable;
use tracing::{Level, debug, error, info, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(crate) use self::queue::RestOfTheLog;
use self::queue::{Loss, Queue};
pub(crate) use self::review::ServerLog;
use self::time::Time;
use crate::PROGRAM;
use crate::settings::{LogFormat, LogLevel, Settings};

/// How many problems of one version of a source are logged, each on a line of its own: our choice. A ConfigMap of 1 MiB
/// can have tens of thousands of problems, and each change would log them again.
const MAX_PROBLEMS: usize = 100;

/// Writes to the log. Texts that a caller chooses are escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log;

impl Log {
    /// Installs the log of this process, and returns the log of the server as well. A separate thread writes both logs.
    /// It writes several records at a time if they come too fast to be written one by one. Dropping the last value
    /// writes the rest.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub(crate) fn start(
        settings: &Settings,
        metrics: &Arc<Metrics>,
    ) -> Result<(Self, ServerLog, RestOfTheLog), String> {
        let level = match settings.log_level.unwrap_or_default() {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Error => Level::ERROR,
            LogLevel::Info => Level::INFO,
            LogLevel::Warn => Level::WARN,
        };
        let format = settings.log_format.unwrap_or_default();
        let loss = Loss {
            count: Box::new({
                let metrics = Arc::clone(metrics);
                move || metrics.record_lost()
            }),
            record: Box::new(move |lost| review::lost(format, lost)),
        };
        let (queue, rest) =
            Queue::start(io::stderr(), loss).map_err(|why| format!("the log: {why}"))?;
        // Each record names its source, peer or review. Records of libraries do not, and there would be one for each
        // attempt to reach a cluster.
        let own = Targets::new().with_target(PROGRAM, level);
        let builder = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(Arc::clone(&queue))
            .with_timer(Time)
            .with_target(false)
            .with_ansi(false)
            // A closed standard error must not end the webhook.
            .log_internal_errors(false);
        // An error means that a log is installed already.
        let _ = match format {
            LogFormat::Text => builder.finish().with(own).try_init(),
            LogFormat::Json => {
                let subscriber = builder.json().flatten_event(true).finish();
                subscriber.with(own).try_init()
            }
        };
        let of_the_server = ServerLog {
            log: Self,
            queue,
            format,
            level,
        };
        Ok((Self, of_the_server, rest))
    }

    pub(crate) fn say(self, what: &str) {
        info!("{what}");
    }

    pub(crate) fn warn(self, what: &str) {
        warn!("{what}");
    }

    pub(crate) fn source(self, event: &Event) {
        match event {
            Event::Applied {
                source,
                generation,
                problems,
                ..
            } => {
                info!(%source, generation, problems = problems.count(), "rules applied");
                for problem in problems.iter().take(MAX_PROBLEMS) {
                    warn!(%source, problem = %Printable::new(problem), "problem in the rules");
                }
                let others = problems.count().saturating_sub(MAX_PROBLEMS);
                if others > 0 {
                    warn!(%source, problems = others, "further problems in the rules; `verifier check` prints more");
                }
            }
            Event::Faulty {
                source,
                fault: fault @ Fault::Unsettled,
                is_kept,
            } => warn!(%source, %fault, is_kept, "rules not applied yet"),
            Event::Faulty {
                source,
                fault,
                is_kept,
            } => error!(%source, %fault, is_kept, "rules not applied"),
            Event::Recovered { source } => info!(%source, "rules are current again"),
            Event::Removed { source, generation } => info!(%source, generation, "source removed"),
            Event::Restored { source, saved_at } => {
                warn!(%source, saved_at, "rules restored from the state directory");
            }
            Event::StateFault { source, why } => {
                error!(%source, why = %Printable::new(why), "state directory unusable");
            }
            other => debug!("{other:?}"),
        }
    }

    fn event(self, event: &ServerEvent<'_>) {
        let event_text = event.to_string();
        let text = printable(&event_text);
        match event {
            ServerEvent::ConnectionCut { .. } | ServerEvent::HandshakeFailed { .. } => {
                debug!("{text}");
            }
            ServerEvent::CertificateNotValid(_) => warn!("{text}"),
            ServerEvent::AcceptFailed(_) | ServerEvent::CertificateKept(_) => error!("{text}"),
            _ => info!("{text}"),
        }
    }
}

/// Returns a text of a caller in the form that may be logged.
fn printable(text: &str) -> Cow<'_, str> {
    match Printable::new(text).plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Owned(Printable::new(text).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use eks_auth_sources::{Observer, SourceKind, Sources};

    use super::{Event, Log, MAX_PROBLEMS};

    struct Logged;

    impl Observer for Logged {
        fn observe(&self, event: &Event) {
            Log.source(event);
        }
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_problems_of_one_version_have_a_bounded_number_of_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aws-auth.yaml");
        let entries = "    - {}\n".repeat(MAX_PROBLEMS + 20);
        let good = "    - {rolearn: 'arn:aws:iam::111122223333:role/a', username: a}\n";
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: aws-auth, namespace: kube-system}}\n\
             data:\n  mapRoles: |\n{good}{entries}"
        );
        std::fs::write(&path, text).unwrap();
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            Sources::builder()
                .with_file(SourceKind::ConfigMap, &path)
                .with_observer(Arc::new(Logged))
                .start()
                .map(drop)
                .unwrap();
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let count = |what: &str| text.lines().filter(|line| line.contains(what)).count();
        assert_eq!(count("problem in the rules"), MAX_PROBLEMS, "{text}");
        assert_eq!(count("further problems in the rules"), 1, "{text}");
    }
}
