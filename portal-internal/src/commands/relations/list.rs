//! The list of `relations import`, line by line.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use patients::ResidentId;

use super::super::table::{Row, Table};

/// Relations end: whoever treats somebody for longer is on the next list again.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 367);
/// What `how` may say: keys, so that nobody writes a diagnosis into the log.
const WAYS: [&str; 4] = ["encounter", "referral", "consultation", "list"];
const COLUMNS: [&str; 7] = ["staff", "source", "patient", "resident_id", "name", "how", "until"];
/// More lines than any hospital has patients: a wrong file.
const MOST: usize = 1_000_000;

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    /// Sign-in name.
    pub staff: String,
    /// Whom they treat.
    pub patient: Named,
    /// One of [`WAYS`].
    pub how: &'static str,
    /// The end of the last day, on the region's clocks.
    pub until: Timestamp,
}

/// How a line names its patient.
#[derive(Debug)]
pub(super) enum Named {
    /// By the id that a hospital gave them.
    Record { source: String, id: String, name: Option<String> },
    /// By resident ID and name: a number alone may be another's.
    Number { number: ResidentId, name: String },
}

impl Line {
    /// A relation that has ended, or never does, is a mistake.
    pub fn check_end(&self, now: Timestamp) -> Result<(), String> {
        if self.until <= now {
            return Err("until: that day is over".to_owned());
        }
        if self.until.duration_since(now) > LONGEST {
            return Err("until: more than a year away; the next list says it again".to_owned());
        }
        Ok(())
    }
}

/// Lines with their numbers in the file, each good or with what is wrong.
pub(super) type Lines = Vec<(u64, Result<Line, String>)>;

/// The lines of a list.
///
/// # Errors
/// The file is no such list at all.
pub(super) fn read(text: &[u8]) -> Result<Lines, String> {
    let table = Table::new(text, &COLUMNS)?;
    let names_patients =
        (table.has("source") && table.has("patient")) || (table.has("resident_id") && table.has("name"));
    if !(table.has("staff") && table.has("until") && names_patients) {
        return Err("columns are missing: staff, until, and source and patient or resident_id and name".to_owned());
    }
    let lines: Lines = table.map(|(number, row)| (number, row.and_then(|row| line(&row)))).take(MOST + 1).collect();
    if lines.len() > MOST { Err(format!("more than {MOST} lines")) } else { Ok(lines) }
}

fn line(row: &Row) -> Result<Line, String> {
    let field = |column: &str| row.get(column);
    let staff = field("staff").ok_or("staff is empty")?.to_owned();
    let patient = match (field("source"), field("patient"), field("resident_id"), field("name")) {
        (Some(source), Some(id), None, name) => {
            Named::Record { source: source.to_owned(), id: id.to_owned(), name: name.map(str::to_owned) }
        }
        (None, None, Some(number), Some(name)) => {
            let number = ResidentId::parse(number).map_err(|_| "resident_id: no valid number")?;
            Named::Number { number, name: name.to_owned() }
        }
        _ => return Err("either source and patient, or resident_id and name".to_owned()),
    };
    let how = field("how").unwrap_or("list");
    let how = WAYS.into_iter().find(|way| *way == how).ok_or_else(|| format!("how: one of {}", WAYS.join(", ")))?;
    let until: Date = field("until").ok_or("until is empty")?.parse().map_err(|_| "until: a date, 2026-12-31")?;
    Ok(Line { staff, patient, how, until: end_of(until).ok_or("until: no such day")? })
}

/// The first moment after a day, on the region's clocks.
fn end_of(day: Date) -> Option<Timestamp> {
    let zone: TimeZone = web::render::clock_zone();
    Some(day.tomorrow().ok()?.to_zoned(zone).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<(u64, String)> {
        let lines = read(text.as_bytes()).expect("a list");
        lines.into_iter().filter_map(|(number, line)| Some((number, line.err()?))).collect()
    }

    #[test]
    fn good_lines_are_read() {
        let text = "\u{feff}staff, source ,patient,how,until\nli.wei,city-first,p1,encounter,2026-12-31\nli.wei,\"city-first\",p2,,2026-12-31\n";
        let lines = read(text.as_bytes()).expect("a list");
        let good: Vec<&Line> = lines.iter().map(|(_, line)| line.as_ref().expect("good")).collect();
        assert_eq!((good[0].how, good[1].how), ("encounter", "list"));
        assert_eq!(good[0].until.to_string(), "2026-12-31T16:00:00Z", "the whole day in China");
        assert!(matches!(&good[1].patient, Named::Record { id, .. } if id == "p2"));
    }

    #[test]
    fn each_wrong_line_is_named() {
        let text = "staff,source,patient,resident_id,name,how,until\n\
                    ,city-first,p1,,,,2026-12-31\n\
                    li.wei,city-first,,,,,2026-12-31\n\
                    li.wei,city-first,p1,999009196403180328,陈玉兰,,2026-12-31\n\
                    li.wei,,,999009196403180328,,,2026-12-31\n\
                    li.wei,,,999009196403180329,陈玉兰,,2026-12-31\n\
                    li.wei,city-first,p1,,,diabetes,2026-12-31\n\
                    li.wei,city-first,p1,,,,31.12.2026\n\
                    li.wei,city-first,p1,,,,\n\
                    li.wei,city-first\n\
                    li.wei,city-first,p1,,,list,2026-12-31\n";
        let numbers: Vec<u64> = wrong(text).iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let told = format!("{:?}", wrong(text));
        assert!(!told.contains("99900919") && !told.contains("陈玉兰"), "a patient is named: {told}");
    }

    #[test]
    fn what_is_no_list_is_refused_whole() {
        for text in ["", "staff,until\n", "staff,until,source,patient,ward\n", "staff,staff,until,source,patient\n"] {
            assert!(read(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn relations_end_within_a_year() {
        let lines = read(b"staff,source,patient,until\nli.wei,a,p,2026-12-31\n").expect("a list");
        let line = lines[0].1.as_ref().expect("good");
        let at = |text: &str| text.parse::<Timestamp>().expect("an instant");
        assert!(line.check_end(at("2026-12-31T15:59:59Z")).is_ok());
        assert!(line.check_end(at("2026-12-31T16:00:00Z")).is_err());
        assert!(line.check_end(at("2025-12-31T00:00:00Z")).is_ok());
        assert!(line.check_end(at("2025-12-01T00:00:00Z")).is_err());
    }
}
