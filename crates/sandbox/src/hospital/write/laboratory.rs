//! Laboratory `Observation` and `DiagnosticReport` in the laboratory's own manner.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{json, value::RawValue};

use super::{LOINC, OBSERVATION_CATEGORY, Scribe, Subject, UCUM, without_nulls};
use crate::{
    SandboxError,
    clinical::{Measured, Report, Value, What},
    clock::{self, DAY, Precision},
    dice::Dice,
    hospital::records::{FOREIGN, Key, Stored, Token},
    reference::laboratory::{Analyte, Limits},
};

const INTERPRETATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
pub(super) const REPORT_CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/v2-0074";

/// A laboratory `Observation`; members in FHIR's order, numbers with their text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Observation<'a> {
    resource_type: &'static str,
    id: &'a str,
    meta: &'a RawValue,
    status: &'static str,
    category: &'a RawValue,
    code: Concept<'a>,
    subject: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encounter: Option<Reference<'a>>,
    effective_date_time: Cow<'a, str>,
    issued: &'a str,
    performer: [Display<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    value_quantity: Option<Quantity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_string: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_absent_reason: Option<Concept<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interpretation: Option<[Concept<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<[Annotation<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    specimen: Option<Display<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_range: Option<[ReferenceRange<'a>; 1]>,
}

#[derive(Serialize)]
struct Reference<'a> {
    reference: &'a str,
}

#[derive(Serialize)]
struct Display<'a> {
    display: &'a str,
}

#[derive(Serialize)]
struct Annotation<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Concept<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coding: Vec<Coding<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct Coding<'a> {
    system: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
}

#[derive(Serialize)]
struct Quantity<'a> {
    value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparator: Option<&'static str>,
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct ReferenceRange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<Quantity<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<Quantity<'a>>,
    text: String,
}

/// An analyte as this laboratory names and counts it.
struct Manner<'a> {
    analyte: Option<&'a Analyte>,
    codings: Vec<Coding<'a>>,
    name: &'a str,
    /// As printed.
    unit: String,
    ucum: &'a str,
    decimals: usize,
    /// From the catalogue's unit to this laboratory's, and what is added then.
    factor: f64,
    offset: f64,
}

/// What the observations of a report share.
struct Shared<'a> {
    meta: Box<RawValue>,
    category: &'a RawValue,
    subject: String,
    encounter: Option<String>,
    performer: String,
    /// When the specimen was taken, in full.
    taken: String,
    issued: String,
}

impl Scribe<'_> {
    pub(super) fn laboratory(&mut self, subject: &Subject<'_>) -> Result<(), SandboxError> {
        let category = serde_json::value::to_raw_value(&json!([{
            "coding": [{ "system": OBSERVATION_CATEGORY, "code": "laboratory" }],
            "text": self.reference.script.words.laboratory,
        }]))?;
        let mut dice = Dice::new(self.seed, &format!("{} {}", self.hospital.id, subject.registration.patient_id));
        for report in &subject.chart.reports {
            let shared = Shared {
                taken: self.time(report.at),
                issued: self.time(report.at + 5400),
                meta: serde_json::value::to_raw_value(&self.meta(report.at + 5400))?,
                category: &category,
                subject: subject.reference(),
                encounter: self.encounter_reference(subject, report.encounter),
                performer: format!("{} {}", self.hospital.zh, self.hospital.laboratory),
            };
            let mut results = Vec::with_capacity(report.results.len());
            for measured in &report.results {
                let id = self.next_id("obs");
                let stored = self.observation(&id, subject, report, measured, &shared, &mut dice)?;
                self.records.add("Observation", stored);
                results.push(id);
            }
            self.report(subject, report, &shared, &results)?;
        }
        Ok(())
    }

    /// How this laboratory writes what was measured.
    fn manner<'s>(&'s self, what: &'s What, dice: &mut Dice) -> Result<Manner<'s>, SandboxError> {
        let laboratory = &self.reference.laboratory;
        let own = &self.hospital.local_codes;
        let (id, unit) = match what {
            What::Analyte(id) => (id, None),
            What::Local { code, unit } => (code, Some(unit)),
        };
        if let Some(unit) = unit {
            let row = laboratory.local(&own.file, id);
            let name = row.map_or(id.as_str(), |row| &row.local_name);
            let codings = vec![Coding { system: &own.system, code: id, display: Some(name) }];
            return Ok(Manner {
                analyte: None,
                codings,
                name,
                unit: unit.clone(),
                ucum: "",
                decimals: 0,
                factor: 1.0,
                offset: 0.0,
            });
        }
        let analyte = laboratory.analyte(id)?;
        let mut codings = vec![Coding { system: LOINC, code: analyte.loinc(), display: None }];
        let Some(row) = laboratory.local_of(&own.file, id) else {
            let usual = laboratory.unit_display(&analyte.unit);
            let unit = dice
                .pick(laboratory.unit_spellings(&analyte.unit))
                .filter(|_| dice.chance(0.12))
                .cloned()
                .unwrap_or(usual);
            let decimals = analyte.decimals.unwrap_or(1);
            if self.platform.bare {
                codings.clear();
            }
            return Ok(Manner {
                analyte: Some(analyte),
                codings,
                name: &analyte.zh,
                unit,
                ucum: &analyte.unit,
                decimals,
                factor: 1.0,
                offset: 0.0,
            });
        };
        if own.only_local.contains(&row.local_code) {
            codings.clear();
        }
        codings.insert(0, Coding { system: &own.system, code: &row.local_code, display: Some(&row.local_name) });
        let change = self.reference.script.unit_change.get(&row.local_code);
        if let (Some(loinc), Some(coding)) = (change.and_then(|change| change.loinc.as_deref()), codings.get_mut(1)) {
            coding.code = loinc;
        }
        Ok(Manner {
            analyte: Some(analyte),
            codings,
            name: &row.local_name,
            unit: row.local_unit.clone(),
            ucum: change.map_or(&analyte.unit, |change| &change.ucum),
            decimals: change.map_or(analyte.decimals.unwrap_or(1), |change| change.decimals),
            factor: change.map_or(1.0, |change| change.factor),
            offset: change.map_or(0.0, |change| change.offset),
        })
    }

    fn observation(
        &self,
        id: &str,
        subject: &Subject<'_>,
        report: &Report,
        measured: &Measured,
        shared: &Shared<'_>,
        dice: &mut Dice,
    ) -> Result<Stored, SandboxError> {
        let manner = self.manner(&measured.what, dice)?;
        let range =
            manner.analyte.and_then(|analyte| analyte.range(&subject.person.sex, subject.person.age_days(report.at)));
        let flag = flag(&manner, &measured.value, range, &self.reference.script.words.negative);
        let (mut quantity, mut word, mut absent) = (None, None, None);
        match &measured.value {
            Value::Number { text, comparator } => quantity = Some(manner.quantity(text, *comparator)?),
            Value::Word(text) => word = Some(text.as_str()),
            Value::Absent { code, text } => {
                let system = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
                absent = Some(Concept { coding: vec![Coding { system, code, display: None }], text: Some(text) });
            }
        }
        let mut tokens = vec![
            Token::new(Key::Category, OBSERVATION_CATEGORY, "laboratory"),
            Token::new(Key::Status, "http://hl7.org/fhir/observation-status", measured.status),
        ];
        tokens.extend(manner.codings.iter().map(|coding| Token::new(Key::Code, coding.system, coding.code)));
        let reference_range = self.range_of(&manner, range)?.map(|range| [range]);
        let specimen = manner.analyte.map(|analyte| self.reference.laboratory.specimen(&analyte.specimen));
        let resource = Observation {
            resource_type: "Observation",
            id,
            meta: &shared.meta,
            status: measured.status,
            category: shared.category,
            code: Concept { text: Some(manner.name), coding: manner.codings },
            subject: Reference { reference: &shared.subject },
            encounter: shared.encounter.as_deref().map(|reference| Reference { reference }),
            effective_date_time: match measured.precision {
                Precision::Minute => Cow::Borrowed(&shared.taken),
                rough => Cow::Owned(clock::write(report.at, rough, self.zone())),
            },
            issued: &shared.issued,
            performer: [Display { display: &shared.performer }],
            value_quantity: quantity,
            value_string: word,
            data_absent_reason: absent,
            interpretation: flag.map(|code| {
                [Concept { coding: vec![Coding { system: INTERPRETATION, code, display: None }], text: None }]
            }),
            note: measured.note.as_deref().map(|text| [Annotation { text }]),
            specimen: specimen.map(|display| Display { display }),
            reference_range,
        };
        let (patient, json) = (subject.registration.patient_id.clone(), serde_json::to_string(&resource)?);
        let time = Some(interval(report.at, measured.precision));
        Ok(Stored { id: id.to_owned(), patient, time, tokens, names: Vec::new(), json })
    }

    /// The printed range; low and high beside the text, except at laboratories that print the text only.
    fn range_of<'m>(
        &self,
        manner: &Manner<'m>,
        range: Option<Limits>,
    ) -> Result<Option<ReferenceRange<'m>>, SandboxError> {
        if manner.analyte.is_some_and(Analyte::is_word) {
            let graded = manner.analyte.is_some_and(Analyte::is_graded);
            let text = self.reference.script.words.negative.clone();
            return Ok(graded.then_some(ReferenceRange { low: None, high: None, text }));
        }
        let Some(limits) = range else { return Ok(None) };
        let print = |limit: f64| manner.print_limit(limit);
        let text = match (limits.low.map(print), limits.high.map(print)) {
            (Some(low), Some(high)) if self.platform.utc => format!("{low}-{high}"),
            (Some(low), Some(high)) => format!("{low}–{high}"),
            (None, Some(high)) => format!("<{high}"),
            (Some(low), None) => format!("≥{low}"),
            (None, None) => return Ok(None),
        };
        let bound = |limit: Option<f64>| -> Result<Option<Quantity<'m>>, SandboxError> {
            let Some(limit) = limit else { return Ok(None) };
            Ok(Some(Quantity {
                value: RawValue::from_string(manner.print_limit(limit))?,
                comparator: None,
                unit: String::new(),
                system: Some(UCUM),
                code: Some(manner.ucum),
            }))
        };
        Ok(Some(ReferenceRange { low: bound(limits.low)?, high: bound(limits.high)?, text }))
    }

    /// A report's title; what is called a test already is only called a report.
    fn title(&self, panel: &str) -> String {
        let words = &self.reference.script.words;
        let suffix = words.report_suffix.strip_prefix(&words.laboratory).filter(|_| panel.ends_with(&words.laboratory));
        format!("{panel}{}", suffix.unwrap_or(&words.report_suffix))
    }

    fn report(
        &mut self,
        subject: &Subject<'_>,
        report: &Report,
        shared: &Shared<'_>,
        results: &[String],
    ) -> Result<(), SandboxError> {
        let id = self.next_id("rep");
        let words = &self.reference.script.words;
        let unsettled = report.results.iter().any(|result| result.status == "preliminary");
        let status = if unsettled { "preliminary" } else { "final" };
        let said = (!self.platform.uncategorised)
            .then(|| json!([{ "coding": [{ "system": REPORT_CATEGORY, "code": "LAB" }], "text": words.laboratory }]));
        let garbled = self.platform.old && subject.person.is_garbled();
        let conclusion = if garbled { Some(FOREIGN.to_string()) } else { report.conclusion.clone() };
        let resource = without_nulls(json!({
            "resourceType": "DiagnosticReport",
            "id": id,
            "meta": shared.meta,
            "status": status,
            "category": said,
            "code": { "text": self.title(&report.title) },
            "subject": { "reference": shared.subject },
            "encounter": shared.encounter.as_ref().map(|reference| json!({ "reference": reference })),
            "effectiveDateTime": shared.taken,
            "issued": shared.issued,
            "performer": [{ "display": shared.performer }],
            "result": results.iter().map(|id| json!({ "reference": format!("Observation/{id}") })).collect::<Vec<_>>(),
            "conclusion": conclusion,
        }));
        let mut tokens = vec![Token::new(Key::Status, "", status)];
        if !self.platform.uncategorised {
            tokens.push(Token::new(Key::Category, REPORT_CATEGORY, "LAB"));
        }
        let (patient, json) = (subject.registration.patient_id.clone(), serde_json::to_string(&resource)?);
        let time = Some((report.at, report.at + 1));
        self.records.add("DiagnosticReport", Stored { id, patient, time, tokens, names: Vec::new(), json });
        Ok(())
    }
}

impl<'a> Manner<'a> {
    /// A limit of the catalogue's unit as this laboratory prints it: never finer than its results.
    fn print_limit(&self, limit: f64) -> String {
        let changed = limit * self.factor + self.offset;
        match self.factor {
            1.0 => print_limit(changed),
            _ => print_limit(format!("{changed:.*}", self.decimals).parse().unwrap_or(changed)),
        }
    }

    /// A number of the catalogue's unit as this laboratory prints it.
    fn quantity(&self, text: &str, comparator: Option<&'static str>) -> Result<Quantity<'a>, SandboxError> {
        let printed = match text.parse::<f64>() {
            Ok(number) if self.factor != 1.0 => format!("{:.*}", self.decimals, number * self.factor + self.offset),
            _ => text.to_owned(),
        };
        let coded = !self.ucum.is_empty();
        Ok(Quantity {
            value: RawValue::from_string(printed)?,
            comparator,
            unit: self.unit.clone(),
            system: coded.then_some(UCUM),
            code: coded.then_some(self.ucum),
        })
    }
}

/// The flag of a number by its range, of a word by not being negative. Blood groups have none.
fn flag(manner: &Manner<'_>, value: &Value, range: Option<Limits>, negative: &str) -> Option<&'static str> {
    let analyte = manner.analyte?;
    match value {
        Value::Number { text, .. } => analyte.flag(text.parse().ok()?, range),
        Value::Word(word) if analyte.is_graded() => Some(if word == negative { "N" } else { "A" }),
        Value::Word(_) | Value::Absent { .. } => None,
    }
}

/// A limit as printed: no zeros that say nothing.
fn print_limit(limit: f64) -> String {
    let text = format!("{limit:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The seconds that a time of this precision means.
fn interval(at: i64, precision: Precision) -> (i64, i64) {
    let midnight = |date| clock::seconds(date, jiff::civil::Time::midnight());
    let date = clock::date(at);
    match precision {
        Precision::Minute => (at, at + 1),
        Precision::Day => (midnight(date), midnight(date) + DAY),
        Precision::Month => (midnight(date.first_of_month()), midnight(date.last_of_month()) + DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_printed_short() {
        for (limit, text) in [(3.5, "3.5"), (10.0, "10"), (0.05, "0.05"), (137.0, "137")] {
            assert_eq!(print_limit(limit), text);
        }
    }
}
