//! Points in time, and which elements hold one.

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

/// Milliseconds since the epoch of the first instant that a FHIR `dateTime`, `date` or `instant` can mean, and its
/// precision; `None` when it is none of these. Written out by hand: this runs for every result of every hospital.
pub fn read_time(text: &str) -> Option<(i64, Precision)> {
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

/// Is an element of this name, wherever it stands in our rows, a `dateTime`, `date` or `instant`?
pub(crate) const fn is_time(key: &str) -> bool {
    const TIMES: [&str; 18] = [
        "authored",
        "authoredOn",
        "birthDate",
        "created",
        "creation",
        "date",
        "dateAsserted",
        "dateTime",
        "end",
        "expirationDate",
        "issued",
        "lastOccurrence",
        "lastUpdated",
        "manufactureDate",
        "recordedDate",
        "start",
        "whenHandedOver",
        "whenPrepared",
    ];
    let mut at = 0;
    while at < TIMES.len() {
        if same(TIMES[at].as_bytes(), key.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// Equality at compile time.
const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
