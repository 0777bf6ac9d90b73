//! Times as other programs write them.

use std::time::SystemTime;

use aws_sdk_sts::primitives::{DateTime, DateTimeFormat};

/// Parses RFC 3339, with `UTC` in the place of `Z` from an older AWS CLI; `None` for any other text.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let text = match text.strip_suffix("UTC") {
        Some(text) => format!("{text}Z"),
        None => text.to_owned(),
    };
    let time = DateTime::from_str(&text, DateTimeFormat::DateTimeWithOffset).ok()?;
    SystemTime::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_ends_with_an_offset_or_with_the_word_utc() {
        let seconds = |text| {
            let since = parse(text)?.duration_since(SystemTime::UNIX_EPOCH);
            Some(since.unwrap().as_secs())
        };
        for text in [
            "2026-11-23T09:00:00Z",
            "2026-11-23T09:00:00UTC",
            "2026-11-23T10:00:00+01:00",
            "2026-11-23T09:00:00.000Z",
        ] {
            assert_eq!(seconds(text), Some(1_795_424_400), "{text}");
        }
        for text in [
            "",
            "UTC",
            "tomorrow",
            "2026-11-23T09:00:00",
            "2026-11-23T09:00:00UTCUTC",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
