//! Points in time, in whole seconds, and their two formats.
//!
//! The calendar is written out because it is short: the length of each month, and the count of days
//! from 1970. A calendar crate would replace half of this file and add time zones, leap seconds and
//! formats to a crate that reads two fixed formats in UTC.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error as ThisError;

/// A point in time: seconds since 1970-01-01T00:00:00Z, at most the end of the year 9999.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime {
    // INVARIANT: at most LAST_SECOND. Both formats have four digits for the year, and aws-sigv4
    // 1.6 panics past them.
    secs: u64,
}

/// Why a value is not a [`UnixTime`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, ThisError)]
#[non_exhaustive]
pub enum TimeError {
    /// Not in the expected format, or not a date of the calendar.
    #[error("not a date and time of the expected form")]
    Form,
    /// Before 1970 or after 9999.
    #[error("a time before the year 1970 or after the year 9999")]
    Range,
}

impl TimeError {
    /// Returns the stable kebab-case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form => "time-form",
            Self::Range => "time-range",
        }
    }
}

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;
const DAY: u64 = 86_400;

impl UnixTime {
    /// The last second of the year 9999.
    pub const LAST: Self = Self { secs: LAST_SECOND };

    /// Builds a time from seconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`TimeError::Range`] after the year 9999.
    pub const fn from_secs(secs: u64) -> Result<Self, TimeError> {
        if secs > LAST_SECOND {
            Err(TimeError::Range)
        } else {
            Ok(Self { secs })
        }
    }

    /// Returns the seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.secs
    }

    /// Returns the time `secs` seconds later, at most [`Self::LAST`].
    #[must_use]
    pub fn later(self, secs: u64) -> Self {
        Self {
            secs: self.secs.saturating_add(secs).min(LAST_SECOND),
        }
    }

    /// Returns the time `secs` seconds earlier, at least the epoch.
    #[must_use]
    pub const fn earlier(self, secs: u64) -> Self {
        Self {
            secs: self.secs.saturating_sub(secs),
        }
    }

    /// Parses exactly `YYYYMMDDTHHMMSSZ`, the format of `X-Amz-Date`: a date of the calendar, no leap second.
    ///
    /// # Errors
    ///
    /// [`TimeError::Form`], then [`TimeError::Range`].
    pub fn parse_amz_date(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, AMZ_DATE)
    }

    /// Parses exactly `YYYY-MM-DDTHH:MM:SSZ`: RFC 3339 in UTC with whole seconds.
    ///
    /// # Errors
    ///
    /// [`TimeError::Form`], then [`TimeError::Range`].
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, RFC_3339)
    }

    /// Formats as `YYYYMMDDTHHMMSSZ`.
    #[must_use]
    pub fn to_amz_date(self) -> String {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self.civil();
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    /// Formats as `YYYY-MM-DDTHH:MM:SSZ`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self.civil();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    fn parse(text: &str, format: &str) -> Result<Self, TimeError> {
        let [y1, y2, y3, y4, m1, m2, d1, d2, h1, h2, n1, n2, s1, s2] = digits(text, format)?;
        let year = number(&[y1, y2, y3, y4]);
        let (month, day) = (number(&[m1, m2]), number(&[d1, d2]));
        let (hour, minute, second) = (number(&[h1, h2]), number(&[n1, n2]), number(&[s1, s2]));
        let month_is_real = (1..=12).contains(&month);
        let day_is_real = month_is_real && (1..=days_in_month(year, month)).contains(&day);
        if !day_is_real || hour > 23 || minute > 59 || second > 59 {
            return Err(TimeError::Form);
        }
        let days = days_before(year, month)
            .and_then(|days| days.checked_add(day.checked_sub(1)?))
            .ok_or(TimeError::Range)?;
        let in_day = hour
            .saturating_mul(3600)
            .saturating_add(minute.saturating_mul(60));
        let in_day = in_day.saturating_add(second);
        Self::from_secs(days.saturating_mul(DAY).saturating_add(in_day))
    }

    fn civil(self) -> Civil {
        let (mut day, in_day) = (self.secs / DAY, self.secs % DAY);
        // 400 years have 146,097 days, so this steps over at most 400 years.
        let mut year = (day / 146_097).saturating_mul(400).saturating_add(1970);
        day %= 146_097;
        while day >= days_in_year(year) {
            day = day.saturating_sub(days_in_year(year));
            year = year.saturating_add(1);
        }
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day = day.saturating_sub(days_in_month(year, month));
            month = month.saturating_add(1);
        }
        Civil {
            year,
            month,
            day: day.saturating_add(1),
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
        }
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl FromStr for UnixTime {
    type Err = TimeError;

    /// As [`UnixTime::parse_rfc3339`], which is what `Display` writes.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse_rfc3339(text)
    }
}

impl TryFrom<&str> for UnixTime {
    type Error = TimeError;

    /// As [`UnixTime::parse_rfc3339`].
    fn try_from(text: &str) -> Result<Self, TimeError> {
        Self::parse_rfc3339(text)
    }
}

impl From<UnixTime> for SystemTime {
    fn from(time: UnixTime) -> Self {
        // Every system clock can represent the year 9999. If one could not, the epoch would be refused as
        // expired.
        UNIX_EPOCH
            .checked_add(Duration::from_secs(time.secs))
            .unwrap_or(UNIX_EPOCH)
    }
}

impl TryFrom<SystemTime> for UnixTime {
    type Error = TimeError;

    /// Truncates to whole seconds.
    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let since = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| TimeError::Range)?;
        Self::from_secs(since.as_secs())
    }
}

struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

/// `X-Amz-Date`; a `0` stands for a digit, every other character for itself.
const AMZ_DATE: &str = "00000000T000000Z";
/// RFC 3339 in UTC with whole seconds.
const RFC_3339: &str = "0000-00-00T00:00:00Z";

/// Returns the fourteen digits of a text of the given format.
fn digits(text: &str, format: &str) -> Result<[u8; 14], TimeError> {
    let mut digits = [0; 14];
    let mut slots = digits.iter_mut();
    if text.len() != format.len() {
        return Err(TimeError::Form);
    }
    for (byte, wanted) in text.bytes().zip(format.bytes()) {
        match (byte, wanted) {
            (b'0'..=b'9', b'0') => {
                *slots.next().ok_or(TimeError::Form)? = byte.wrapping_sub(b'0');
            }
            _ if byte != wanted => return Err(TimeError::Form),
            _ => {}
        }
    }
    Ok(digits)
}

/// Returns the number that digits make, few enough not to overflow.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number: u64, digit| {
        number.saturating_mul(10).saturating_add(u64::from(*digit))
    })
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

const fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Returns the days from the epoch to the first of a month; `None` before 1970.
fn days_before(year: u64, month: u64) -> Option<u64> {
    let leap_years_through = |y: u64| (y / 4).saturating_sub(y / 100).saturating_add(y / 400);
    let years = year.checked_sub(1970)?;
    let before = year.checked_sub(1)?;
    let leap_days = leap_years_through(before).checked_sub(leap_years_through(1969))?;
    let in_year = (1..month).map(|m| days_in_month(year, m)).sum::<u64>();
    years
        .checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(in_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_print_what_they_read() {
        for (amz, rfc, secs) in [
            ("19700101T000000Z", "1970-01-01T00:00:00Z", 0),
            ("20000229T235959Z", "2000-02-29T23:59:59Z", 951_868_799),
            ("20230428T000000Z", "2023-04-28T00:00:00Z", 1_682_640_000),
            ("21000301T000000Z", "2100-03-01T00:00:00Z", 4_107_542_400),
            ("99991231T235959Z", "9999-12-31T23:59:59Z", LAST_SECOND),
        ] {
            let time = UnixTime::from_secs(secs).unwrap();
            assert_eq!(
                (time.to_amz_date().as_str(), time.to_rfc3339().as_str()),
                (amz, rfc)
            );
            assert_eq!(UnixTime::parse_amz_date(amz), Ok(time));
            assert_eq!(UnixTime::parse_rfc3339(rfc), Ok(time));
            assert_eq!(time.to_string(), rfc);
        }
    }

    #[test]
    fn every_day_is_the_one_after_the_day_before() {
        let mut day = UnixTime::from_secs(0).unwrap();
        for number in 0..20_000 {
            assert_eq!(day.as_secs(), number * DAY);
            assert_eq!(UnixTime::parse_amz_date(&day.to_amz_date()), Ok(day));
            day = day.later(DAY);
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "20230229T000000Z",
            "20230431T000000Z",
            "20231301T000000Z",
            "20230001T000000Z",
            "20230100T000000Z",
            "20230428T240000Z",
            "20230428T006000Z",
            "20230428T000060Z",
            "20230428T000000.5Z",
            "20230428T000000",
            "20230428t000000z",
            "20230428T000000+",
            "2023-04-28T00:00:00Z",
            "２0230428T0000Z",
            "",
        ] {
            assert_eq!(
                UnixTime::parse_amz_date(text),
                Err(TimeError::Form),
                "{text}"
            );
        }
        assert_eq!(
            UnixTime::parse_amz_date("19691231T235959Z"),
            Err(TimeError::Range)
        );
        assert_eq!(
            UnixTime::parse_amz_date("00010101T000000Z"),
            Err(TimeError::Range)
        );
        assert_eq!(UnixTime::from_secs(LAST_SECOND + 1), Err(TimeError::Range));
    }

    #[test]
    fn arithmetic_stops_at_the_ends() {
        let first = UnixTime::from_secs(0).unwrap();
        let last = UnixTime::from_secs(LAST_SECOND).unwrap();
        assert_eq!(first.earlier(1), first);
        assert_eq!(last.later(u64::MAX), last);
    }
}
