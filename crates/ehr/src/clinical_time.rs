//! A time in a record, at the precision it was written with (FHIR `dateTime`).

use std::cmp::Ordering;

/// `2021`, `2021-03`, `2021-03-05` or an instant with its zone: kept as written, comparable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClinicalTime {
    text: String,
    /// Milliseconds since the epoch of the first instant that the text can mean (dates are read in China's time).
    start: i64,
    precision: Precision,
    /// Date and time of day on China's clocks (`2021-03-05T08:10`), for instants written in another zone: what stands on
    /// a page must be comparable from row to row.
    local: Option<Box<str>>,
}

/// How exactly a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// `2021`
    Year,
    /// `2021-03`
    Month,
    /// `2021-03-05`
    Day,
    /// With a time of day.
    Instant,
}

impl ClinicalTime {
    /// Reads a FHIR `dateTime`, `date` or `instant`; `None` when it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (start, precision) = read(text)?;
        Some(Self::of(text, start, precision))
    }

    /// From what [`read`] said of `text`.
    pub(crate) fn of(text: &str, start: i64, precision: Precision) -> Self {
        let foreign = precision == Precision::Instant && !text.ends_with("+08:00");
        let local = foreign.then(|| jiff::Timestamp::from_millisecond(start).ok()).flatten().map(|instant| {
            let text = instant.to_zoned(region()).strftime("%Y-%m-%dT%H:%M").to_string();
            text.into_boxed_str()
        });
        Self { text: text.to_owned(), start, precision, local }
    }

    /// As the source wrote it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first instant it can mean, in seconds since the epoch.
    pub fn epoch_seconds(&self) -> i64 {
        self.start.div_euclid(1000)
    }

    /// How exactly it was written.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    fn clock(&self) -> &str {
        self.local.as_deref().unwrap_or(&self.text)
    }

    /// The date on China's calendar (`2021-03-05`, or less).
    pub fn date(&self) -> &str {
        self.clock().get(..10).unwrap_or(&self.text)
    }

    /// Hour and minute on China's clocks.
    pub fn time_of_day(&self) -> Option<&str> {
        (self.precision == Precision::Instant).then(|| self.clock().get(11..16)).flatten()
    }
}

/// The region's clock: China has one zone and no summer time.
fn region() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::fixed(jiff::tz::offset(8))
}

/// Milliseconds of the first instant that `text` can mean, and its precision. Written out by hand: this runs for every
/// result of every hospital.
pub(crate) fn read(text: &str) -> Option<(i64, Precision)> {
    let bytes = text.as_bytes();
    let year = number(bytes, 0, 4)?;
    if bytes.len() == 4 {
        return Some((midnight(year, 1, 1)?, Precision::Year));
    }
    let month = (bytes.get(4) == Some(&b'-')).then(|| number(bytes, 5, 2)).flatten()?;
    if bytes.len() == 7 {
        return Some((midnight(year, month, 1)?, Precision::Month));
    }
    let day = (bytes.get(7) == Some(&b'-')).then(|| number(bytes, 8, 2)).flatten()?;
    let date = midnight(year, month, day)?;
    if bytes.len() == 10 {
        return Some((date, Precision::Day));
    }
    matches!(bytes.get(10), Some(b'T' | b't' | b' ')).then_some(())?;
    let hour = number(bytes, 11, 2).filter(|hour| *hour < 24)?;
    let minute =
        (bytes.get(13) == Some(&b':')).then(|| number(bytes, 14, 2)).flatten().filter(|minute| *minute < 60)?;
    let (second, mut at) = match bytes.get(16) {
        // A leap second is read as the second after it.
        Some(b':') => (number(bytes, 17, 2).filter(|second| *second <= 60)?, 19),
        _ => (0, 16),
    };
    let mut millis = 0;
    if bytes.get(at) == Some(&b'.') {
        let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let kept = (0..3).map(|nth| bytes.get(at + 1 + nth).filter(|_| nth < digits).map_or(0, |digit| digit - b'0'));
        millis = kept.fold(0, |sum, digit| sum * 10 + i64::from(digit));
        at += 1 + digits;
    }
    let local = date + CHINA_MS + ((hour * 60 + minute) * 60 + second) * 1000 + millis;
    Some((local - offset(&bytes[at..])?, Precision::Instant))
}

/// Dates, and times without a zone, are read in China's time, as the hospital's clock would be.
const CHINA_MS: i64 = 8 * 3_600_000;

fn offset(zone: &[u8]) -> Option<i64> {
    let sign = match zone.first() {
        None => return Some(CHINA_MS),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let hours = number(zone, 1, 2).filter(|hours| *hours <= 18)?;
    let minutes = match zone.len() {
        3 => 0,
        5 => number(zone, 3, 2)?,
        6 if zone[3] == b':' => number(zone, 4, 2)?,
        _ => return None,
    };
    (minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn number(bytes: &[u8], from: usize, digits: usize) -> Option<i64> {
    let digits = bytes.get(from..from + digits)?;
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Midnight in China, as milliseconds since the epoch (days from civil: Howard Hinnant's algorithm).
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    const DAYS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in = DAYS.get(usize::try_from(month - 1).ok()?)? + i64::from(leap && month == 2);
    if year == 0 || !(1..=days_in).contains(&day) {
        return None;
    }
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days * 86_400_000 - CHINA_MS)
}

impl Ord for ClinicalTime {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.start, self.precision, &self.text).cmp(&(other.start, other.precision, &other.text))
    }
}

impl PartialOrd for ClinicalTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Option<(&str, Precision)>) {
        let read = ClinicalTime::parse(text);
        let expect = expect.map(|(instant, precision)| {
            let instant: jiff::Timestamp = instant.parse().expect("instant");
            (instant.as_millisecond(), precision)
        });
        assert_eq!(read.map(|time| (time.start, time.precision)), expect, "{text}");
    }

    #[test]
    fn precision_is_kept() {
        use Precision::{Day, Instant, Month, Year};
        check("2021", Some(("2020-12-31T16:00:00Z", Year)));
        check("2021-03", Some(("2021-02-28T16:00:00Z", Month)));
        check("2021-03-05", Some(("2021-03-04T16:00:00Z", Day)));
        check("2024-02-29", Some(("2024-02-28T16:00:00Z", Day)));
        check("1899-12-31", Some(("1899-12-30T16:00:00Z", Day)));
        check("2026-11-20T08:10:00+08:00", Some(("2026-11-20T00:10:00Z", Instant)));
        check("2026-11-20T00:10:00Z", Some(("2026-11-20T00:10:00Z", Instant)));
        check("2026-11-20T00:10:00.1234567Z", Some(("2026-11-20T00:10:00.123Z", Instant)));
        check("2026-11-20T08:10:00", Some(("2026-11-20T00:10:00Z", Instant)));
        check("2026-11-19T19:10:00.5-05:00", Some(("2026-11-20T00:10:00.5Z", Instant)));
        check("2023-02-29", None);
        check("2021-13", None);
        check("2021-1-5", None);
        check("2026-11-20T24:10:00Z", None);
        check("2026-11-20T08:10:00+8", None);
        check("20.11.2026", None);
        check("昨天", None);
        check("", None);
    }

    #[test]
    fn times_are_shown_on_one_clock_and_kept_as_written() {
        let check = |text: &str, date: &str, time: Option<&str>| {
            let read = ClinicalTime::parse(text).expect(text);
            assert_eq!((read.as_str(), read.date(), read.time_of_day()), (text, date, time), "{text}");
        };
        check("2021", "2021", None);
        check("2021-03", "2021-03", None);
        check("2021-03-05", "2021-03-05", None);
        check("2021-03-05T08:10:00+08:00", "2021-03-05", Some("08:10"));
        check("2021-03-04T16:30:00Z", "2021-03-05", Some("00:30"));
        check("2021-03-05T08:10:00.123+09:00", "2021-03-05", Some("07:10"));
        check("2021-03-05T08:10:00", "2021-03-05", Some("08:10"));
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_jiff(second in -62_000_000_000i64..250_000_000_000) {
            let instant = jiff::Timestamp::from_second(second).expect("in range");
            let time = ClinicalTime::parse(&instant.to_string()).expect("an instant");
            proptest::prop_assert_eq!(time.epoch_seconds(), second);
        }

        #[test]
        fn any_text_is_answered(text in ".{0,30}") {
            let _ = ClinicalTime::parse(&text);
        }
    }
}
