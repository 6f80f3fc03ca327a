//! A hospital's list of patients, line by line: CSV, or FHIR `Patient` resources, one a line, as bulk exports have them
//! (<https://hl7.org/fhir/uv/bulkdata/>).

use std::io::{BufRead, Read as _};

use jiff::civil::Date;
use patients::{Identifier, ResidentId, SourcePatient, mask_identifier, search_form};
use sources::{Catalogue, Source};
use std::sync::Arc;

use super::super::table::{Row, Table};

const COLUMNS: [&str; 9] =
    ["source", "patient", "name", "sex", "birth_date", "resident_id", "phone", "address", "record_number"];
/// Longest line of FHIR.
const LONGEST_LINE: u64 = 1 << 20;
/// Longest field, in characters.
const LONGEST: usize = 200;
/// <https://hl7.org/fhir/R4/valueset-administrative-gender.html>
const GENDERS: [&str; 4] = ["male", "female", "other", "unknown"];

/// A line by its number from 1: whom it names, or what is wrong with it. Never says what stands in it.
pub(super) type Line = (u64, Result<SourcePatient, String>);

/// The lines of a CSV file; `source` is that of every line that names none.
///
/// # Errors
/// It has no column `patient` or `name`, or one that is not known.
pub(super) fn csv<'a>(
    reader: impl BufRead + 'a,
    catalogue: &'a Catalogue,
    source: Option<&'a str>,
) -> Result<impl Iterator<Item = Line> + 'a, String> {
    let table = Table::new(reader, &COLUMNS)?;
    if !table.has("patient") || !table.has("name") {
        return Err("columns are missing: patient, name".to_owned());
    }
    Ok(table.map(move |(number, row)| (number, row.and_then(|row| of_row(&row, catalogue, source)))))
}

/// The lines of a file of FHIR resources of one source; empty ones are none. Ends when the file breaks off.
pub(super) fn ndjson<'a>(
    mut reader: impl BufRead + 'a,
    source: Arc<Source>,
    systems: &'a [String],
) -> impl Iterator<Item = Line> + 'a {
    let (mut number, mut ended) = (0, false);
    std::iter::from_fn(move || {
        while !ended {
            let mut line = Vec::new();
            number += 1;
            match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => ended = true,
                Ok(_) if line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(_) => {
                    let read = ehr::patient_of_json(&line, &source.id, source.client.base(), systems);
                    return Some((number, read.map_err(|problem| problem.to_string())));
                }
                Err(_) => {
                    ended = true;
                    return Some((number, Err("can't be read".to_owned())));
                }
            }
        }
        None
    })
}

fn of_row(row: &Row, catalogue: &Catalogue, source: Option<&str>) -> Result<SourcePatient, String> {
    let text = |column: &str| row.get(column).map(str::to_owned);
    let clean = |text: &str| !text.contains('\0') && text.chars().count() <= LONGEST;
    if COLUMNS.iter().any(|column| row.get(column).is_some_and(|field| !clean(field))) {
        return Err("a field is longer than 200 characters, or holds none".to_owned());
    }
    let source = row.get("source").or(source).ok_or("no source: add a column `source`, or say --source")?;
    if catalogue.get(source).is_none() {
        return Err("no such source in the catalogue".to_owned());
    }
    let name = row.get("name").filter(|name| !search_form(name).is_empty()).ok_or("no name")?;
    if row.get("sex").is_some_and(|sex| !GENDERS.contains(&sex)) {
        return Err("sex is none of male, female, other, unknown".to_owned());
    }
    if row.get("birth_date").is_some_and(|date| !is_date(date)) {
        return Err("birth date is none: 1964-03-18, 1964-03 or 1964".to_owned());
    }
    // The whole line is left out: without the number a steward would have to guess.
    let number = row.get("resident_id").map(ResidentId::parse).transpose().map_err(|_| "resident ID is not valid")?;
    let own = number.iter().map(|id| identifier("resident-id", id.masked()));
    let identifiers = own.chain(row.get("record_number").map(record_number)).collect();
    Ok(SourcePatient {
        source: source.to_owned(),
        patient: text("patient").ok_or("no usable patient id")?,
        names: vec![name.to_owned()],
        sex: text("sex"),
        birth_date: text("birth_date"),
        resident_id: number,
        identifiers,
        phones: text("phone").into_iter().collect(),
        addresses: text("address").into_iter().collect(),
        replaced_by: None,
        replaces: Vec::new(),
    })
}

fn identifier(kind: &str, shown: String) -> Identifier {
    Identifier { system: None, kind: kind.to_owned(), shown }
}

/// Some hospitals use the resident ID as record number: it is masked whatever it stands as.
fn record_number(value: &str) -> Identifier {
    match ResidentId::parse(value) {
        Ok(_) => identifier("resident-id", mask_identifier(value)),
        Err(_) => identifier("record-number", value.to_owned()),
    }
}

/// `2021`, `2021-03`, `2021-03-05` (<https://hl7.org/fhir/R4/datatypes.html#date>).
fn is_date(text: &str) -> bool {
    let whole = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        10 => text.to_owned(),
        _ => return false,
    };
    whole.parse::<Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hospitals `a` and `b`.
    fn catalogue() -> Catalogue {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sources.toml");
        let source = |id: &str| {
            format!(
                "[[source]]\nid = \"{id}\"\nname = {{ zh = \"{id}\", en = \"{id}\" }}\nplatform = \"plain\"\n\
                 environment = \"sandbox\"\nbase_url = \"http://127.0.0.1:9/fhir\"\nauth = {{ kind = \"none\" }}\n"
            )
        };
        std::fs::write(&file, ["a", "b"].map(source).concat()).expect("written");
        let platforms = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/platforms");
        Catalogue::load(&file, platforms.as_ref()).expect("a catalogue")
    }

    #[test]
    fn each_line_of_csv_is_a_patient_or_says_why_not() {
        let text = "\u{feff}source,patient,name,sex,birth_date,resident_id,phone,record_number\n\
            a,1,陈玉兰,female,1964-03-18,999009196403180328,13800000526,0773-092\n\
            a,,陈玉兰,,,,,\n\
            a,3,,,,,,\n\
            a,4,王强,m,,,,\n\
            a,5,王强,male,1964-02-30,,,\n\
            a,6,王强,male,,999009196403180321,,\n\
            ,7,王强,male,,,,\n\
            a,8\n\
            x,9,王强,male,,,,\n\
            a,10,\"王\n强\",male,1985,,,\n";
        let catalogue = catalogue();
        let all: Vec<Line> = csv(text.as_bytes(), &catalogue, None).expect("a list").collect();
        let expect = [
            (3, "no usable patient id"),
            (4, "no name"),
            (5, "sex is none"),
            (6, "birth date is none"),
            (7, "resident ID is not valid"),
            (8, "no source"),
            (9, "2 fields instead of 8"),
            (10, "no such source"),
        ];
        let wrong: Vec<(u64, &String)> = all.iter().filter_map(|(at, one)| Some((*at, one.as_ref().err()?))).collect();
        assert_eq!(wrong.len(), expect.len(), "{wrong:?}");
        for ((line, what), (number, told)) in expect.into_iter().zip(wrong) {
            assert!(line == number && told.starts_with(what), "line {number}: {told}");
        }
        let one = all[0].1.as_ref().expect("good");
        assert_eq!((one.source.as_str(), one.patient.as_str(), one.names[0].as_str()), ("a", "1", "陈玉兰"));
        let shown: Vec<&str> = one.identifiers.iter().map(|one| one.shown.as_str()).collect();
        assert_eq!(shown, ["999***********0328", "0773-092"]);
        let all: Vec<Line> = csv(&b"patient,name\n7,Li\n"[..], &catalogue, Some("b")).expect("a list").collect();
        assert_eq!(all[0].1.as_ref().expect("good").source, "b");
        for no_list in ["", "patient,colour\n", "patient\n", "patient,name,name\n"] {
            assert!(csv(no_list.as_bytes(), &catalogue, None).is_err(), "{no_list:?}");
        }
    }

    /// Breaks off after its text, whenever it is asked.
    struct Broken<'t>(&'t [u8]);

    impl std::io::Read for Broken<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.read(into)?;
            if read == 0 { Err(std::io::ErrorKind::ConnectionReset.into()) } else { Ok(read) }
        }
    }

    #[test]
    fn a_file_that_breaks_off_says_so_once() {
        let catalogue = catalogue();
        let source = catalogue.get("a").expect("a source");
        let reader = || std::io::BufReader::new(Broken(b"patient,name\n1,Li\n"));
        let rows: Vec<Line> = csv(reader(), &catalogue, Some("a")).expect("a list").take(9).collect();
        assert!(rows.len() == 2 && rows[0].1.is_ok() && rows[1].1.is_err(), "{rows:?}");
        let lines: Vec<Line> = ndjson(reader(), source, &[]).take(9).collect();
        let told: Vec<_> =
            lines.iter().map(|(number, line)| (*number, line.as_ref().err().map(String::as_str))).collect();
        let form = Some("not in the form of the file");
        assert_eq!(told, [(1, form), (2, form), (3, Some("can't be read"))]);
    }

    #[test]
    fn lines_of_fhir_are_counted_with_empty_ones() {
        let catalogue = catalogue();
        let text = "\n{\"resourceType\":\"Patient\",\"id\":\"2\",\"name\":[{\"text\":\"陈玉兰\"}]}\n\n{\"resourceType\":\"Group\"}\n";
        let source = catalogue.get("b").expect("a source");
        let lines: Vec<Line> = ndjson(text.as_bytes(), source, &[]).collect();
        assert_eq!(
            lines.iter().map(|(number, line)| (*number, line.is_ok())).collect::<Vec<_>>(),
            [(2, true), (4, false)]
        );
        assert_eq!(lines[0].1.as_ref().expect("good").source, "b");
    }
}
