//! A time in a record, at the precision it was written with (FHIR `dateTime`).

use std::cmp::Ordering;

/// `2021`, `2021-03`, `2021-03-05` or an instant with its zone: kept as written, comparable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicalTime {
    text: String,
    /// Milliseconds since the epoch of the first instant that the text can mean (dates are read in China's time).
    start: i64,
    precision: Precision,
}

/// How exactly a time was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
        let precision = match text.len() {
            4 => Precision::Year,
            7 => Precision::Month,
            10 => Precision::Day,
            _ => Precision::Instant,
        };
        let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        let start = match precision {
            Precision::Instant => instant(text)?,
            _ => {
                let filled = match precision {
                    Precision::Year => format!("{text}-01-01"),
                    Precision::Month => format!("{text}-01"),
                    _ => text.to_owned(),
                };
                filled.parse::<jiff::civil::Date>().ok()?.to_zoned(zone).ok()?.timestamp()
            }
        };
        Some(Self { text: text.to_owned(), start: start.as_millisecond(), precision })
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

    /// The date as written, in the source's own zone (`2021-03-05`, or less).
    pub fn date(&self) -> &str {
        self.text.get(..10).unwrap_or(&self.text)
    }

    /// Hour and minute as written, in the source's own zone.
    pub fn time_of_day(&self) -> Option<&str> {
        (self.precision == Precision::Instant).then(|| self.text.get(11..16)).flatten()
    }
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    // Some servers leave the zone out: read as China's time, as the hospital's clock would be.
    text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local = text.parse::<jiff::civil::DateTime>().ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(8))).ok()?.timestamp())
    })
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
