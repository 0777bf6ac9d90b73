//! The time of a record.

use std::cell::RefCell;
use std::fmt;
use std::time::{self, UNIX_EPOCH};

use eks_auth::UnixTime;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// Writes the time in the default format of `tracing-subscriber`, `YYYY-MM-DDTHH:MM:SS.ffffffZ`. The date and the
/// second are formatted only once for all records of a second: they were a sixth of the cost of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time;

thread_local! {
    /// The last second that was written, and its text up to the decimal point.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

impl FormatTime for Time {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write_time(writer, time::SystemTime::now())
    }
}

/// Writes a time.
///
/// # Errors
///
/// `writer` cannot be written to.
pub(super) fn write_time(writer: &mut impl fmt::Write, now: time::SystemTime) -> fmt::Result {
    let (Ok(since), Ok(second)) = (now.duration_since(UNIX_EPOCH), UnixTime::try_from(now)) else {
        // The time is before 1970 or after 9999.
        return SystemTime.format_time(&mut Writer::new(writer));
    };
    SECOND.with_borrow_mut(|(of, text)| {
        if *of != second.as_secs() {
            *of = second.as_secs();
            *text = second.to_rfc3339();
            text.pop();
        }
        // A digit before them keeps the zeros in front.
        let mut digits = itoa::Buffer::new();
        let microseconds = digits.format(since.subsec_micros().saturating_add(1_000_000));
        for part in [
            text.as_str(),
            ".",
            microseconds.get(1..).unwrap_or_default(),
            "Z",
        ] {
            writer.write_str(part)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_has_microseconds() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (1_682_640_000, 999, "2023-04-28T00:00:00.000000Z"),
            (1_682_640_000, 999_999_999, "2023-04-28T00:00:00.999999Z"),
            (1_682_640_001, 1_000, "2023-04-28T00:00:01.000001Z"),
            (1_682_640_000, 20_000_000, "2023-04-28T00:00:00.020000Z"),
        ] {
            let mut written = String::new();
            let at = UNIX_EPOCH + Duration::new(seconds, nanoseconds);
            write_time(&mut written, at).unwrap();
            assert_eq!(written, text);
        }
    }
}
