//! A laboratory result as the portal shows it.

use crate::{ClinicalTime, Origin};

/// One result: a measurement of one analyte at one time, merged from one or more sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabResult {
    /// Stable for the same originals: usable as an anchor.
    pub id: String,
    /// What was measured, as the laboratory says it.
    pub code: Code,
    /// When the specimen was taken (or the next best time said), at its precision.
    pub time: Option<ClinicalTime>,
    /// When the laboratory made it available (`Observation.issued`).
    pub issued: Option<ClinicalTime>,
    /// FHIR `Observation.status`.
    pub status: String,
    /// The value, verbatim and parsed.
    pub value: Option<Value>,
    /// Why there is no value (`dataAbsentReason`), as text.
    pub absent: Option<String>,
    /// The laboratory's own range.
    pub range: Option<Range>,
    /// The laboratory's own flag, else ours from its range.
    pub flag: Option<Flag>,
    /// The laboratory calls it critical (`HH`, `LL`, `AA`).
    pub alarming: bool,
    /// Specimen in words.
    pub specimen: Option<String>,
    /// The report it belongs to, in words.
    pub report: Option<String>,
    /// Id of the analyte in the laboratory catalogue, when the code is known.
    pub analyte: Option<&'static str>,
    /// The LOINC code that the analyte is known by; none when it is known by a hospital's own code or by name.
    pub loinc: Option<&'static str>,
    /// Catalogue group: only results of one group may share an axis.
    pub group: Option<&'static str>,
    /// Results this one consists of (`component`), shown indented.
    pub components: Vec<LabResult>,
    /// Ids of results that this one only groups (`hasMember`): a panel's heading has members and no value.
    pub members: Vec<String>,
    /// Remarks of the laboratory, as text.
    pub notes: Vec<String>,
    /// Where it comes from; never empty.
    pub origins: Vec<Origin>,
    /// Ids of results that contradict this one (same analyte, time and specimen; other value).
    pub conflict: Vec<String>,
}

/// `CodeableConcept` as text and codings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Code {
    /// What people read: known coding → any display → text → code.
    pub text: String,
    /// `(system, code)` pairs as sent.
    pub codings: Vec<Coding>,
}

/// A coding as sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
pub struct Coding {
    /// Absent when the server left it out.
    pub system: Option<String>,
    /// The code.
    pub code: String,
}

/// A value with its text kept.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Value {
    /// As the source wrote it: `5.40` stays `5.40`.
    pub text: String,
    /// Parsed, when it is a number.
    pub number: Option<f64>,
    /// `<`, `<=`, `>=`, `>`.
    pub comparator: Option<String>,
    /// Unit as sent.
    pub unit: Option<String>,
    /// UCUM code, when the unit is known.
    #[serde(skip)]
    pub ucum: Option<&'static str>,
}

impl Value {
    /// As it stands beside a point of a chart: the number as sent with its comparator, and with its own unit where the axis
    /// has another, so that nobody reads it in the axis's.
    pub(crate) fn on_axis(&self, converted: bool) -> String {
        let number = format!("{}{}", self.comparator.as_deref().unwrap_or_default(), self.text);
        match self.unit_for_people().filter(|_| converted) {
            Some(unit) => format!("{number} {unit}"),
            None => number,
        }
    }

    /// Its unit for people: one spelling for one unit, and as sent where it is not known.
    pub fn unit_for_people(&self) -> Option<&str> {
        match self.ucum.and_then(super::units::normalise) {
            Some(unit) => Some(&unit.display),
            None => self.unit.as_deref().or(self.ucum),
        }
    }
}

/// A reference range: verbatim, and parsed where certain.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Range {
    /// As the laboratory wrote it, else `low–high`.
    pub text: String,
    /// Lower limit.
    pub low: Option<f64>,
    /// Upper limit.
    pub high: Option<f64>,
}

/// How a value stands to its range. Never shown by colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// ↓↓, `LL`
    CriticalLow,
    /// ↓, `L`
    Low,
    /// `N`
    Normal,
    /// ↑, `H`
    High,
    /// ↑↑, `HH`
    CriticalHigh,
    /// Abnormal without a direction, `A` or `AA`, positive findings.
    Abnormal,
}

/// In JSON: HL7's code.
impl serde::Serialize for Flag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl Flag {
    /// HL7 v3 ObservationInterpretation code, as in JSON.
    pub fn code(self) -> &'static str {
        match self {
            Self::CriticalLow => "LL",
            Self::Low => "L",
            Self::Normal => "N",
            Self::High => "H",
            Self::CriticalHigh => "HH",
            Self::Abnormal => "A",
        }
    }

    /// Outside the range?
    pub fn is_abnormal(self) -> bool {
        self != Self::Normal
    }
}
