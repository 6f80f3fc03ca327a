//! The region's today. Hospitals write China Standard Time; there is no daylight saving.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{Offset, TimeZone},
};

/// China Standard Time, UTC+08:00.
pub(crate) const CHINA: Offset = Offset::constant(8);
/// One day in seconds.
pub(crate) const DAY: i64 = 86_400;

/// The date all clinical times are relative to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Today(Date);

impl Today {
    /// The configured date, else the date in China now.
    pub(crate) fn new(configured: Option<Date>, now: Timestamp) -> Self {
        Self(configured.unwrap_or_else(|| CHINA.to_datetime(now).date()))
    }

    /// The date.
    pub(crate) fn date(self) -> Date {
        self.0
    }

    /// The first second of the date in China, as seconds of the Unix epoch.
    pub(crate) fn midnight(self) -> i64 {
        seconds(self.0, Time::midnight())
    }

    /// A clock time some days before today, as seconds of the Unix epoch.
    pub(crate) fn before(self, days: i64, time: Time) -> i64 {
        self.midnight() - days * DAY + i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60
    }
}

/// Seconds of the Unix epoch of a civil time in China.
pub(crate) fn seconds(date: Date, time: Time) -> i64 {
    TimeZone::fixed(CHINA).to_timestamp(date.to_datetime(time)).map_or(0, Timestamp::as_second)
}

/// The civil date in China of these seconds.
pub(crate) fn date(seconds: i64) -> Date {
    CHINA.to_datetime(Timestamp::from_second(seconds).unwrap_or_default()).date()
}

/// How exactly a time is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Precision {
    /// `2026-11-20T08:10:00+08:00`
    #[default]
    Minute,
    /// `2026-11-20`
    Day,
    /// `2026-11`
    Month,
}

/// How a hospital writes an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// `…+08:00`
    China,
    /// `…Z`
    Utc,
}

/// FHIR `dateTime` (<https://hl7.org/fhir/R4/datatypes.html#dateTime>) of these seconds.
pub(crate) fn write(seconds: i64, precision: Precision, zone: Zone) -> String {
    let instant = Timestamp::from_second(seconds).unwrap_or_default();
    let local = CHINA.to_datetime(instant);
    match (precision, zone) {
        (Precision::Month, _) => format!("{:04}-{:02}", local.year(), local.month()),
        (Precision::Day, _) => local.date().to_string(),
        (Precision::Minute, Zone::China) => format!("{local}+08:00"),
        (Precision::Minute, Zone::Utc) => instant.to_string(),
    }
}

/// `2026-11-20 08:10`: an instant as people write it.
pub(crate) fn minute(seconds: i64) -> String {
    let text = write(seconds, Precision::Minute, Zone::China);
    text.get(..16).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn instants_are_written_as_asked() {
        let at = Today::new(Some(date(2026, 11, 21)), Timestamp::UNIX_EPOCH).before(1, Time::constant(8, 10, 0, 0));
        assert_eq!(write(at, Precision::Minute, Zone::China), "2026-11-20T08:10:00+08:00");
        assert_eq!(write(at, Precision::Minute, Zone::Utc), "2026-11-20T00:10:00Z");
        assert_eq!(write(at, Precision::Day, Zone::Utc), "2026-11-20");
        assert_eq!(write(at, Precision::Month, Zone::China), "2026-11");
    }
}
