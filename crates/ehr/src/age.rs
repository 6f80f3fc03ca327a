//! Age in completed years.

use jiff::{Timestamp, civil::Date, tz};

/// Completed years on the day of `now` in China, when the birth date is known to the day and not in the future.
pub(crate) fn years(birth_date: Option<&str>, now: Timestamp) -> Option<i32> {
    let born: Date = birth_date.filter(|text| text.len() == 10)?.parse().ok()?;
    let today = now.to_zoned(tz::TimeZone::fixed(tz::offset(8))).date();
    let before_birthday = (today.month(), today.day()) < (born.month(), born.day());
    let years = i32::from(today.year()) - i32::from(born.year()) - i32::from(before_birthday);
    (years >= 0).then_some(years)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(born: &str, now: &str, expect: Option<i32>) {
        assert_eq!(years(Some(born), now.parse().expect("instant")), expect, "{born} at {now}");
    }

    #[test]
    fn completed_years() {
        check("1964-03-18", "2026-11-21T00:00:00Z", Some(62));
        check("1964-11-22", "2026-11-21T15:59:59Z", Some(61));
        check("1964-11-22", "2026-11-21T16:00:00Z", Some(62));
        check("2024-02-29", "2025-02-28T00:00:00Z", Some(0));
        check("2024-02-29", "2025-03-01T00:00:00Z", Some(1));
        check("1964-03", "2026-11-21T00:00:00Z", None);
        check("2030-01-01", "2026-11-21T00:00:00Z", None);
        check("garbage-xx", "2026-11-21T00:00:00Z", None);
    }
}
