//! Lists of patients in files: CSV, or FHIR `Patient` resources, one a line, as bulk exports have them
//! (<https://hl7.org/fhir/uv/bulkdata/>).

use std::io::{BufRead, Read as _};

use jiff::civil::Date;
use serde_json::Value;

use crate::{Identifier, ResidentId, SourcePatient, mask_identifier};

/// Longest line of a file.
const LONGEST_LINE: u64 = 1 << 20;
const LONGEST: usize = 200;
/// <https://hl7.org/fhir/R4/valueset-administrative-gender.html>
const GENDERS: [&str; 4] = ["male", "female", "other", "unknown"];

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    /// First line the names of columns: `source`, `patient`, `name`, `sex`, `birth_date`, `resident_id`, `phone`,
    /// `address`, `record_number`.
    Csv,
    /// FHIR `Patient` resources.
    Ndjson,
}

/// Why a line is left out. Never says what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineProblem {
    /// The file breaks off, or is not UTF-8.
    #[error("can't be read")]
    Unreadable,
    /// Not a CSV row with as many fields as columns, or not JSON.
    #[error("not in the form of the file")]
    Form,
    /// A resource of another type.
    #[error("not a Patient")]
    NotAPatient,
    /// It has no id, or one that is longer than 200 characters.
    #[error("no usable patient id")]
    NoId,
    /// No source in the line, and none for the whole file.
    #[error("no source: add a column `source`, or say --source")]
    NoSource,
    /// Nobody is called up without a name.
    #[error("no name")]
    NoName,
    /// None of `male`, `female`, `other`, `unknown`.
    #[error("sex is none of male, female, other, unknown")]
    Sex,
    /// Not a FHIR date.
    #[error("birth date is none: 1964-03-18, 1964-03 or 1964")]
    BirthDate,
    /// A digit is wrong: the line is taken without the number by nobody, since a steward would have to guess.
    #[error("resident ID is not valid")]
    ResidentId,
}

/// A file being read, line by line.
pub struct PatientFile<R> {
    lines: Lines<R>,
    source: Option<String>,
    systems: Vec<String>,
    line: u64,
}

enum Lines<R> {
    Csv(Box<csv::Reader<R>>, csv::StringRecord),
    Ndjson(R),
}

impl<R: BufRead> PatientFile<R> {
    /// `source` is that of every line that names none; `systems` are those of resident IDs in FHIR identifiers.
    ///
    /// # Errors
    /// [`LineProblem::Form`] when a CSV file lacks the column `patient` or `name`, or has one that is not known.
    pub fn new(reader: R, form: FileForm, source: Option<&str>, systems: &[String]) -> Result<Self, LineProblem> {
        let lines = match form {
            FileForm::Ndjson => Lines::Ndjson(reader),
            FileForm::Csv => {
                let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
                let columns = reader.headers().map_err(|_| LineProblem::Unreadable)?.clone();
                let known = columns.iter().all(|column| COLUMNS.contains(&column.trim_start_matches('\u{feff}')));
                let has = |name: &str| columns.iter().any(|column| column.trim_start_matches('\u{feff}') == name);
                if !known || !has("patient") || !has("name") {
                    return Err(LineProblem::Form);
                }
                Lines::Csv(Box::new(reader), columns)
            }
        };
        Ok(Self { lines, source: source.map(str::to_owned), systems: systems.to_vec(), line: 0 })
    }

    /// Number of the line that was read last, from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    fn csv(&mut self) -> Option<Result<SourcePatient, LineProblem>> {
        let Lines::Csv(reader, columns) = &mut self.lines else { return None };
        let mut row = csv::StringRecord::new();
        let read = reader.read_record(&mut row);
        self.line = row.position().map_or(self.line + 1, csv::Position::line);
        match read {
            Ok(false) => None,
            Ok(true) => {
                let field = |name: &str| {
                    let at = columns.iter().position(|column| column.trim_start_matches('\u{feff}') == name)?;
                    row.get(at).filter(|text| !text.is_empty())
                };
                Some(of_row(&field, self.source.as_deref()))
            }
            Err(error) if error.is_io_error() => Some(Err(LineProblem::Unreadable)),
            Err(_) => Some(Err(LineProblem::Form)),
        }
    }

    fn ndjson(&mut self) -> Option<Result<SourcePatient, LineProblem>> {
        let Lines::Ndjson(reader) = &mut self.lines else { return None };
        loop {
            let mut line = Vec::new();
            self.line += 1;
            match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) if line.iter().all(u8::is_ascii_whitespace) => {}
                Ok(_) => {
                    let read = serde_json::from_slice::<Value>(&line).map_err(|_| LineProblem::Form);
                    let source = self.source.as_deref();
                    return Some(read.and_then(|value| of_resource(&value, source, &self.systems)));
                }
                Err(_) => return Some(Err(LineProblem::Unreadable)),
            }
        }
    }
}

impl<R: BufRead> Iterator for PatientFile<R> {
    type Item = Result<SourcePatient, LineProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.lines {
            Lines::Csv(..) => self.csv(),
            Lines::Ndjson(_) => self.ndjson(),
        }
    }
}

const COLUMNS: [&str; 9] =
    ["source", "patient", "name", "sex", "birth_date", "resident_id", "phone", "address", "record_number"];

fn of_row<'r>(field: &dyn Fn(&str) -> Option<&'r str>, source: Option<&str>) -> Result<SourcePatient, LineProblem> {
    let number = field("resident_id").map(ResidentId::parse).transpose().map_err(|_| LineProblem::ResidentId)?;
    let mut identifiers = Vec::new();
    if let Some(id) = &number {
        identifiers.push(Identifier { system: None, kind: "resident-id".to_owned(), shown: id.masked() });
    }
    if let Some(record) = field("record_number") {
        identifiers.push(record_number(None, record));
    }
    checked(SourcePatient {
        source: field("source").or(source).ok_or(LineProblem::NoSource)?.to_owned(),
        patient: field("patient").unwrap_or_default().to_owned(),
        names: field("name").map(str::to_owned).into_iter().collect(),
        sex: field("sex").map(str::to_owned),
        birth_date: field("birth_date").map(str::to_owned),
        resident_id: number,
        identifiers,
        phones: field("phone").map(str::to_owned).into_iter().collect(),
        addresses: field("address").map(str::to_owned).into_iter().collect(),
        replaced_by: None,
        replaces: Vec::new(),
    })
}

fn record_number(system: Option<&str>, value: &str) -> Identifier {
    // Some hospitals use the resident ID as record number: it is masked whatever it stands as.
    let is_number = ResidentId::parse(value).is_ok();
    let kind = if is_number { "resident-id" } else { "record-number" };
    let shown = if is_number { mask_identifier(value) } else { value.to_owned() };
    Identifier { system: system.map(str::to_owned), kind: kind.to_owned(), shown }
}

fn of_resource(patient: &Value, source: Option<&str>, systems: &[String]) -> Result<SourcePatient, LineProblem> {
    let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    if patient["resourceType"] != "Patient" {
        return Err(LineProblem::NotAPatient);
    }
    let current = |one: &Value| one["use"] != "old";
    let mut numbers = Vec::new();
    let mut identifiers = Vec::new();
    for one in list(&patient["identifier"]).iter().filter(|one| current(one)) {
        let Some(value) = text(&one["value"]) else { continue };
        let system = text(&one["system"]);
        let ours = system.as_ref().is_some_and(|system| systems.contains(system));
        let codes = list(&one["type"]["coding"]);
        let is_record = codes.iter().any(|coding| matches!(coding["code"].as_str(), Some("MR" | "MRT" | "PI" | "PT")));
        if ours {
            numbers.extend(ResidentId::parse(&value));
        }
        identifiers.push(match (ours, is_record) {
            (false, true) => record_number(system.as_deref(), &value),
            (ours, _) => {
                let kind = if ours { "resident-id" } else { "other" };
                Identifier { system, kind: kind.to_owned(), shown: mask_identifier(&value) }
            }
        });
    }
    let linked = |wanted: &str| {
        let links = list(&patient["link"]).into_iter().filter(|link| link["type"] == wanted);
        let id = |link: Value| Some(link["other"]["reference"].as_str()?.strip_prefix("Patient/")?.to_owned());
        links.filter_map(id).collect::<Vec<_>>()
    };
    let first = numbers.first().cloned();
    let names = list(&patient["name"]).iter().filter(|name| current(name)).filter_map(whole).collect();
    let phones = list(&patient["telecom"]).into_iter().filter(|one| current(one) && one["system"] != "email");
    checked(SourcePatient {
        source: source.ok_or(LineProblem::NoSource)?.to_owned(),
        patient: text(&patient["id"]).unwrap_or_default(),
        names,
        sex: text(&patient["gender"]),
        birth_date: text(&patient["birthDate"]),
        // Two different ones are none.
        resident_id: first.filter(|first| numbers.iter().all(|other| other == first)),
        identifiers,
        phones: phones.filter_map(|one| text(&one["value"])).collect(),
        addresses: list(&patient["address"])
            .iter()
            .filter(|one| current(one))
            .filter_map(|a| text(&a["text"]))
            .collect(),
        replaced_by: linked("replaced-by").into_iter().next(),
        replaces: linked("replaces"),
    })
}

fn whole(name: &Value) -> Option<String> {
    let given: Vec<&str> = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    crate::whole_name(name["text"].as_str(), name["family"].as_str(), &given)
}

fn checked(patient: SourcePatient) -> Result<SourcePatient, LineProblem> {
    let id = patient.patient.chars().count();
    if id == 0 || id > LONGEST || patient.patient.contains('\0') {
        return Err(LineProblem::NoId);
    }
    if !patient.names.iter().any(|name| !crate::search_form(name).is_empty() && name.chars().count() <= LONGEST) {
        return Err(LineProblem::NoName);
    }
    if patient.sex.as_deref().is_some_and(|sex| !GENDERS.contains(&sex)) {
        return Err(LineProblem::Sex);
    }
    if patient.birth_date.as_deref().is_some_and(|date| !is_date(date)) {
        return Err(LineProblem::BirthDate);
    }
    let clean = |text: &String| !text.contains('\0') && text.chars().count() <= LONGEST;
    let kept = |mut texts: Vec<String>| {
        texts.retain(clean);
        texts.truncate(16);
        texts
    };
    Ok(SourcePatient {
        names: kept(patient.names),
        phones: kept(patient.phones),
        addresses: kept(patient.addresses),
        replaces: kept(patient.replaces),
        identifiers: patient.identifiers.into_iter().filter(|one| clean(&one.shown)).take(16).collect(),
        ..patient
    })
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

impl<R> std::fmt::Debug for PatientFile<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PatientFile").field("line", &self.line).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, form: FileForm, source: Option<&str>) -> Vec<(u64, Result<SourcePatient, LineProblem>)> {
        let systems = ["urn:oid:2.16.156.10011.1.3".to_owned()];
        let mut file = PatientFile::new(text.as_bytes(), form, source, &systems).expect("columns");
        let mut all = Vec::new();
        while let Some(one) = file.next() {
            all.push((file.line(), one));
        }
        all
    }

    #[test]
    fn a_csv_file() {
        let text = "\u{feff}source,patient,name,sex,birth_date,resident_id,phone,record_number\n\
            a,1,陈玉兰,female,1964-03-18,999009196403180328,13800000526,0773-092\n\
            a,,陈玉兰,,,,,\n\
            a,3,,,,,,\n\
            a,4,王强,m,,,,\n\
            a,5,王强,male,1964-02-30,,,\n\
            a,6,王强,male,,999009196403180321,,\n\
            ,7,王强,male,,,,\n\
            a,8\n\
            a,9,\"王\n强\",male,1985,,,\n";
        let all = read(text, FileForm::Csv, None);
        let problems: Vec<_> = all.iter().map(|(line, one)| (*line, one.as_ref().err().copied())).collect();
        use LineProblem::{BirthDate, Form, NoId, NoName, NoSource, ResidentId as Number, Sex};
        let expect = [
            None,
            Some(NoId),
            Some(NoName),
            Some(Sex),
            Some(BirthDate),
            Some(Number),
            Some(NoSource),
            Some(Form),
            None,
        ];
        assert_eq!(problems.iter().map(|(_, problem)| *problem).collect::<Vec<_>>(), expect);
        assert_eq!(problems[3].0, 5, "lines are counted from the first");
        let one = all[0].1.as_ref().expect("good");
        assert_eq!((one.source.as_str(), one.patient.as_str(), one.names[0].as_str()), ("a", "1", "陈玉兰"));
        assert_eq!(
            one.identifiers.iter().map(|one| one.shown.as_str()).collect::<Vec<_>>(),
            ["999***********0328", "0773-092"]
        );
        assert!(PatientFile::new(&b"patient,colour\n"[..], FileForm::Csv, None, &[]).is_err());
    }

    #[test]
    fn fhir_patients() {
        let text = r#"{"resourceType":"Patient","id":"1","name":[{"family":"陈","given":["玉兰"]}],"gender":"female","birthDate":"1964-03-18",
"identifier":[]}
{"resourceType":"Patient","id":"2","name":[{"text":"陈玉兰"}],"gender":"female","birthDate":"1964-03-18","telecom":[{"system":"phone","value":"138 0000 0526"},{"system":"email","value":"x@y"}],"identifier":[{"system":"urn:oid:2.16.156.10011.1.3","value":"999009196403180328"},{"type":{"coding":[{"code":"MR"}]},"value":"0773-092"}],"address":[{"text":"柳岸路18号"}]}

{"resourceType":"Observation","id":"3"}
"#;
        let all = read(text, FileForm::Ndjson, Some("a"));
        let problems: Vec<_> = all.iter().map(|(line, one)| (*line, one.as_ref().err().copied())).collect();
        use LineProblem::{Form, NotAPatient};
        assert_eq!(problems, [(1, Some(Form)), (2, Some(Form)), (3, None), (5, Some(NotAPatient))]);
        let one = all[2].1.as_ref().expect("good");
        assert_eq!(one.phones, ["138 0000 0526"]);
        assert!(one.resident_id.is_some() && !one.identifiers[0].shown.contains("1964"));
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_read_to_its_end(text in ".{0,200}") {
            for form in [FileForm::Csv, FileForm::Ndjson] {
                if let Ok(file) = PatientFile::new(text.as_bytes(), form, Some("a"), &[]) {
                    proptest::prop_assert!(file.count() < 300);
                }
            }
        }
    }
}
