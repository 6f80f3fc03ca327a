//! A time in a record, at the precision it was written with (FHIR `dateTime`).

use std::cmp::Ordering;

pub use fhir::Precision;
pub(crate) use fhir::read_time as read;

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
