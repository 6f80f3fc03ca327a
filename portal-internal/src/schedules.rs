//! Clinics as a hospital lists them: a CSV file in UTF-8, its first line the names of the columns.

use std::collections::BTreeMap;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use scheduling::{Bilingual, Channel, ClinicKind, HalfDay, NewClinic, NewSchedule, Plan};

/// Every column; those of [`NEEDED`] have to be there.
pub const COLUMNS: [&str; 32] = [
    "hospital",
    "hospital_zh",
    "hospital_en",
    "department",
    "department_zh",
    "department_en",
    "doctor",
    "doctor_zh",
    "doctor_en",
    "title_zh",
    "title_en",
    "expertise_zh",
    "expertise_en",
    "place_zh",
    "place_en",
    "zone",
    "kind",
    "half_day",
    "weekdays",
    "from",
    "to",
    "except",
    "begins",
    "ends",
    "minutes",
    "fee",
    "portal",
    "desk",
    "phone",
    "release",
    "cutoff",
    "cancel",
];
const NEEDED: [&str; 11] = [
    "hospital",
    "hospital_zh",
    "hospital_en",
    "department",
    "department_zh",
    "department_en",
    "half_day",
    "weekdays",
    "begins",
    "ends",
    "fee",
];
/// Of a file, in bytes.
pub const MOST_BYTES: usize = 2 << 20;
/// Lines of a file.
const MOST_LINES: usize = 5_000;
/// As far ahead as is planned where nobody says otherwise, in days.
const AHEAD: i32 = 13;

/// Why a file is no such list: a key of words, and the column it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoList {
    pub what: &'static str,
    pub column: String,
}

impl NoList {
    fn of(what: &'static str, column: &str) -> Self {
        Self { what, column: column.to_owned() }
    }
}

/// What is wrong in a line: the column, and a key of words.
pub type Wrong = (&'static str, &'static str);

/// A line with its number in the file.
pub type Line = (u64, Result<NewClinic, Vec<Wrong>>);

/// Reads a list. Nothing that stands in it is told.
///
/// # Errors
/// It is no such list at all.
pub fn read(text: &[u8], now: Timestamp) -> Result<Vec<Line>, NoList> {
    if text.len() > MOST_BYTES {
        return Err(NoList::of("too-large", ""));
    }
    let text = std::str::from_utf8(text).map_err(|_| NoList::of("encoding", ""))?;
    // Spreadsheets begin a file in UTF-8 with a mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|_| NoList::of("csv", ""))?.clone();
    for (place, name) in headers.iter().enumerate() {
        if !COLUMNS.contains(&name) {
            return Err(NoList::of("unknown-column", name));
        }
        if headers.iter().take(place).any(|other| other == name) {
            return Err(NoList::of("column-twice", name));
        }
    }
    if let Some(missing) = NEEDED.iter().find(|needed| !headers.iter().any(|name| name == **needed)) {
        return Err(NoList::of("missing-column", missing));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| NoList::of("csv", ""))?;
        let number = record.position().map_or(0, csv::Position::line);
        if lines.len() == MOST_LINES {
            return Err(NoList::of("too-long", ""));
        }
        if record.len() != headers.len() {
            lines.push((number, Err(vec![("hospital", "fields")])));
            continue;
        }
        let fields = headers.iter().zip(record.iter()).filter(|(_, field)| !field.is_empty()).collect();
        lines.push((number, Fields { fields, wrong: Vec::new() }.clinic(now)));
    }
    if lines.is_empty() { Err(NoList::of("empty", "")) } else { Ok(lines) }
}

/// The fields of a line, and what is wrong so far.
struct Fields<'l> {
    fields: BTreeMap<&'l str, &'l str>,
    wrong: Vec<Wrong>,
}

impl Fields<'_> {
    fn text(&self, column: &str) -> String {
        self.fields.get(column).map(|text| (*text).to_owned()).unwrap_or_default()
    }

    fn both(&self, zh: &str, en: &str) -> Bilingual {
        Bilingual { zh: self.text(zh), en: self.text(en) }
    }

    /// Read by `read`; `otherwise` where it is left out.
    fn value<T: Clone>(&mut self, column: &'static str, otherwise: T, read: impl Fn(&str) -> Option<T>) -> T {
        let Some(text) = self.fields.get(column) else { return otherwise };
        read(text).unwrap_or_else(|| {
            self.wrong.push((column, "malformed"));
            otherwise
        })
    }

    fn clinic(mut self, now: Timestamp) -> Result<NewClinic, Vec<Wrong>> {
        for column in NEEDED {
            if !self.fields.contains_key(column) {
                self.wrong.push((column, "missing"));
            }
        }
        let schedule = self.schedule();
        let plan = self.plan(&schedule.zone, now);
        let clinic = NewClinic { schedule, plan };
        if self.wrong.is_empty() {
            self.wrong.extend(clinic.problems().into_iter().map(|problem| (column_of(problem.field), problem.what)));
        }
        if self.wrong.is_empty() { Ok(clinic) } else { Err(self.wrong) }
    }

    fn schedule(&mut self) -> NewSchedule {
        NewSchedule {
            hospital: self.text("hospital"),
            hospital_name: self.both("hospital_zh", "hospital_en"),
            department: self.text("department"),
            department_name: self.both("department_zh", "department_en"),
            doctor: Some(self.text("doctor")).filter(|doctor| !doctor.is_empty()),
            doctor_name: self.both("doctor_zh", "doctor_en"),
            title: self.both("title_zh", "title_en"),
            expertise: self.both("expertise_zh", "expertise_en"),
            place: self.both("place_zh", "place_en"),
            zone: Some(self.text("zone")).filter(|zone| !zone.is_empty()).unwrap_or_else(|| "Asia/Shanghai".to_owned()),
        }
    }

    fn plan(&mut self, zone: &str, now: Timestamp) -> Plan {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(zone).date();
        let from = self.value("from", today, |text| text.parse().ok());
        if from < today {
            self.wrong.push(("from", "over"));
        }
        let to = self.value("to", from.saturating_add(AHEAD.days()), |text| text.parse().ok());
        let quotas = [(Channel::Portal, "portal"), (Channel::Desk, "desk"), (Channel::Phone, "phone")];
        let quotas = quotas.map(|(channel, column)| (channel, self.value(column, 0, number)));
        let (release_days, release_time) = self.value("release", (7, Time::midnight()), days_and_time);
        let (cancel_days, cancel_time) = self.value("cancel", (1, Time::constant(18, 0, 0, 0)), days_and_time);
        Plan {
            from,
            to,
            weekdays: self.value("weekdays", Vec::new(), weekdays),
            except: self.value("except", Vec::new(), dates),
            half_day: self.value("half_day", HalfDay::Morning, HalfDay::parse),
            kind: self.value("kind", ClinicKind::General, ClinicKind::parse),
            fee_fen: self.value("fee", 0, fen),
            begins: self.value("begins", Time::midnight(), |text| text.parse().ok()),
            ends: self.value("ends", Time::midnight(), |text| text.parse().ok()),
            band_minutes: self.value("minutes", 30, number),
            quotas: quotas.into_iter().filter(|(_, quota)| *quota > 0).collect(),
            release_days,
            release_time,
            cutoff_minutes: self.value("cutoff", 30, number),
            cancel_days,
            cancel_time,
        }
    }
}

/// The column by which a field of a clinic is filled.
fn column_of(field: &'static str) -> &'static str {
    match field {
        "hospital_name" => "hospital_zh",
        "department_name" => "department_zh",
        "doctor_name" => "doctor_zh",
        "title" => "title_zh",
        "expertise" => "expertise_zh",
        "place" => "place_zh",
        "band_minutes" => "minutes",
        "quota" => "portal",
        "release_days" => "release",
        "cutoff_minutes" => "cutoff",
        "cancel_days" => "cancel",
        field => field,
    }
}

fn number(text: &str) -> Option<u32> {
    text.parse().ok()
}

/// `1 3 5`: Monday is 1.
fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    text.split_whitespace().map(|day| Weekday::from_monday_one_offset(day.parse().ok()?).ok()).collect()
}

fn dates(text: &str) -> Option<Vec<Date>> {
    text.split_whitespace().map(|day| day.parse().ok()).collect()
}

/// `7 20:00`: so many days before, at this time.
fn days_and_time(text: &str) -> Option<(u32, Time)> {
    let (days, time) = text.split_once(' ')?;
    Some((days.parse().ok()?, time.trim().parse().ok()?))
}

/// Yuan with at most two places, in fen.
fn fen(text: &str) -> Option<i64> {
    let (yuan, fen) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if yuan.is_empty() || yuan.len() > 7 || fen.len() > 2 || !digits(yuan) || !digits(fen) {
        return None;
    }
    let fen: i64 = if fen.is_empty() { 0 } else { format!("{fen:0<2}").parse().ok()? };
    Some(yuan.parse::<i64>().ok()? * 100 + fen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "hospital,hospital_zh,hospital_en,department,department_zh,department_en,half_day,weekdays,begins,ends,fee,portal,from";

    fn now() -> Timestamp {
        "2026-11-24T01:00:00Z".parse().expect("time")
    }

    fn one(line: &str) -> Result<NewClinic, Vec<Wrong>> {
        let text = format!("\u{feff}{HEAD}\n{line}\n");
        read(text.as_bytes(), now()).expect("a list").remove(0).1
    }

    #[test]
    fn a_good_line_is_a_clinic_of_the_next_two_weeks() {
        let clinic = one("h,医院,Hospital,d,内科,Medicine,morning,1 3 5,08:00,11:30,30.5,20,").expect("good");
        assert_eq!((clinic.plan.fee_fen, clinic.plan.quotas), (3_050, vec![(Channel::Portal, 20)]));
        assert_eq!(clinic.plan.from.to_string(), "2026-11-24");
        assert_eq!(clinic.plan.to.to_string(), "2026-12-07");
        assert_eq!(clinic.schedule.doctor, None, "a clinic without a doctor");
    }

    #[test]
    fn every_mistake_of_a_line_is_told_with_its_column() {
        for (line, wrong) in [
            ("h,医院,Hospital,d,内科,Medicine,noon,1,08:00,11:30,30,20,", ("half_day", "malformed")),
            ("h,医院,Hospital,d,内科,Medicine,morning,8,08:00,11:30,30,20,", ("weekdays", "malformed")),
            ("h,医院,Hospital,d,内科,Medicine,morning,1,08:00,11:30,-30,20,", ("fee", "malformed")),
            ("h,医院,Hospital,d,内科,Medicine,morning,1,08:00,11:30,30,0,", ("portal", "range")),
            ("h,医院,Hospital,d,内科,Medicine,morning,1,11:30,08:00,30,20,", ("ends", "before")),
            ("h,医院,Hospital,d,内科,Medicine,morning,1,08:00,11:30,30,20,2026-11-01", ("from", "over")),
            ("h,医院,,d,内科,Medicine,morning,1,08:00,11:30,30,20,", ("hospital_en", "missing")),
            ("h h,医院,Hospital,d,内科,Medicine,morning,1,08:00,11:30,30,20,", ("hospital", "malformed")),
            ("h,医院", ("hospital", "fields")),
        ] {
            let told = one(line).expect_err(line);
            assert!(told.contains(&wrong), "{line}: {told:?}");
        }
    }

    #[test]
    fn what_is_no_list_is_said() {
        let long = format!("{HEAD}\n{}", "x\n".repeat(MOST_LINES + 1));
        for (text, what) in [
            (b"\xb5\xc4".as_slice(), "encoding"),
            (b"hospital,wrong", "unknown-column"),
            (b"hospital,hospital", "column-twice"),
            (b"hospital,fee", "missing-column"),
            (HEAD.as_bytes(), "empty"),
            (long.as_bytes(), "too-long"),
            (&[b'x'; MOST_BYTES + 1], "too-large"),
        ] {
            assert_eq!(read(text, now()).expect_err("no list").what, what);
        }
    }
}
