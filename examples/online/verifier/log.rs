//! The log on standard error: one record for each review.

mod queue;
mod text;
mod time;

use std::borrow::Cow;
use std::io;
use std::time::Duration;

use eks_auth_server::{Observer, ReviewRecord, ServerEvent, Verdict};
use eks_auth_sources::{Event, Fault};
use printable_text::Printable;
use tracing::{Level, debug, error, event, info, warn};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use self::queue::Queue;
pub(crate) use self::queue::RestOfTheLog;
use self::text::TextFields;
use self::time::Time;
use crate::PROGRAM;
use crate::settings::{LogFormat, LogLevel, Settings};

/// Writes to the log. Texts that a caller chooses are escaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log;

impl Log {
    /// Installs the log of this process. A thread of its own writes it, several records at a time if they come
    /// faster than they can be written one by one. Dropping the second value writes the rest.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub(crate) fn start(settings: &Settings) -> Result<(Self, RestOfTheLog), String> {
        let level = match settings.log_level.unwrap_or_default() {
            LogLevel::Debug => Level::DEBUG,
            LogLevel::Error => Level::ERROR,
            LogLevel::Info => Level::INFO,
            LogLevel::Warn => Level::WARN,
        };
        let (queue, rest) = Queue::start(io::stderr()).map_err(|why| format!("the log: {why}"))?;
        // A record says which source, peer or review it is about; those of libraries do not, and each attempt to reach
        // a cluster would be one.
        let own = Targets::new().with_target(PROGRAM, level);
        let builder = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(queue)
            .with_timer(Time)
            .with_target(false)
            .with_ansi(false)
            // A closed standard error must not end the webhook.
            .log_internal_errors(false);
        // An error means that a log is installed already.
        let _ = match settings.log_format.unwrap_or_default() {
            LogFormat::Text => builder.fmt_fields(TextFields).finish().with(own).try_init(),
            LogFormat::Json => {
                let subscriber = builder.json().flatten_event(true).finish();
                subscriber.with(own).try_init()
            }
        };
        Ok((Self, rest))
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
                info!(%source, generation, problems = problems.len(), "rules applied");
                for problem in problems {
                    warn!(%source, problem = %Printable::new(problem), "problem in the rules");
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
}

/// Expands to an event with the fields of a record.
macro_rules! record {
    ($level:expr, $record:expr) => {{
        let record = $record;
        let identity = record.identity;
        let token = record.token;
        let groups = record.username.map(|_| record.groups.join(","));
        let groups = groups.as_deref();
        event!(
            $level,
            request_id = record.request_id,
            client = %record.peer,
            kind = record.kind.as_str(),
            verdict = record.verdict.as_str(),
            code = record.code,
            reason = (!record.reason.is_empty()).then_some(record.reason),
            arn = identity.map(|identity| printable(identity.arn())).as_deref(),
            canonical_arn = identity.map(|identity| printable(identity.canonical_arn())).as_deref(),
            account = identity.map(|identity| identity.account().to_string()),
            user_id = identity.map(|identity| printable(identity.user_id())).as_deref(),
            session = identity.and_then(|identity| identity.session_name()).map(printable).as_deref(),
            access_key_id = token.map(|token| token.access_key_id()),
            region = token.map(|token| token.region()),
            sts_host = token.map(|token| token.host()),
            username = record.username.map(printable).as_deref(),
            groups = groups.map(printable).as_deref(),
            question = record.question.map(printable).as_deref(),
            cache = record.cache.as_str(),
            sts_ms = record.sts_time.map(milliseconds),
            took_ms = milliseconds(record.took),
            generation = record.generation,
            "review"
        );
    }};
}

/// Returns a time in milliseconds, as few digits as it has: `0.019544`, where a product of seconds is
/// `0.019544000000000002`.
fn milliseconds(time: Duration) -> f64 {
    time.div_duration_f64(Duration::from_millis(1))
}

/// Returns a text of a caller as it may be logged.
fn printable(text: &str) -> Cow<'_, str> {
    match Printable::new(text).plain() {
        Some(plain) => Cow::Borrowed(plain),
        None => Cow::Owned(Printable::new(text).to_string()),
    }
}

impl Observer for Log {
    fn review(&self, record: &ReviewRecord<'_>) {
        match record.verdict {
            Verdict::Granted => record!(Level::INFO, record),
            Verdict::Failed => record!(Level::ERROR, record),
            _ => record!(Level::WARN, record),
        }
    }

    fn event(&self, event: &ServerEvent<'_>) {
        let event_text = event.to_string();
        let text = printable(&event_text);
        match event {
            ServerEvent::ConnectionCut { .. } | ServerEvent::HandshakeFailed { .. } => {
                debug!("{text}");
            }
            ServerEvent::AcceptFailed(_) | ServerEvent::CertificateKept(_) => error!("{text}"),
            _ => info!("{text}"),
        }
    }
}
