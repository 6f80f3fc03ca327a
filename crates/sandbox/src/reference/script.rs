//! The script of the region (`data/region.toml`): hospitals, chosen people, curated results, staff, wording.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::clock::Precision;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    pub(crate) resident_id: ResidentIdRules,
    #[serde(rename = "hospital")]
    pub(crate) hospitals: Vec<HospitalScript>,
    pub(crate) population: Population,
    #[serde(rename = "person")]
    pub(crate) people: Vec<PersonScript>,
    pub(crate) show: Show,
    pub(crate) notes: HashMap<String, String>,
    pub(crate) words: Words,
    /// LOINC, name, unit as printed, UCUM, by kind of vital sign.
    pub(crate) vitals: HashMap<String, [String; 4]>,
    pub(crate) classes: HashMap<String, HashMap<String, String>>,
    #[serde(rename = "panel")]
    pub(crate) panels: Vec<PanelScript>,
    #[serde(rename = "tendency")]
    pub(crate) tendencies: Vec<Tendency>,
    pub(crate) detection_limits: HashMap<String, f64>,
    #[serde(rename = "department")]
    pub(crate) departments: Vec<DepartmentRule>,
    pub(crate) addresses: Addresses,
    pub(crate) directory: DirectoryScript,
    pub(crate) staff: Vec<StaffScript>,
}

#[derive(Deserialize)]
pub(crate) struct ResidentIdRules {
    pub(crate) system: String,
    pub(crate) area: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HospitalScript {
    pub(crate) id: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    pub(crate) platform: String,
    pub(crate) record_system: String,
    pub(crate) laboratory: String,
    pub(crate) district: String,
    pub(crate) local_codes: LocalCodes,
}

/// Which table of local laboratory codes a hospital uses; `file` is its name in `local-codes.csv`, empty for none.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalCodes {
    pub(crate) file: String,
    pub(crate) system: String,
    /// Codes that are sent without LOINC beside them.
    #[serde(default)]
    pub(crate) only_local: Vec<String>,
}

/// How many people are made from the seed.
#[derive(Deserialize)]
pub(crate) struct Population {
    pub(crate) both: usize,
    pub(crate) city_first: usize,
    pub(crate) university: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonScript {
    pub(crate) role: Option<String>,
    pub(crate) han: String,
    pub(crate) pinyin: String,
    pub(crate) sex: String,
    pub(crate) born: jiff::civil::Date,
    pub(crate) sequence: u16,
    pub(crate) at: Vec<String>,
    /// Whose or what number is presented at a hospital: `mother`, `mistyped`, `fifteen`.
    #[serde(default)]
    pub(crate) presents: HashMap<String, String>,
    /// Another spelling of the name at a hospital.
    #[serde(default)]
    pub(crate) spelled: HashMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Show {
    pub(crate) conditions: Vec<ShowCondition>,
    pub(crate) allergies: Vec<String>,
    pub(crate) medicines: Vec<String>,
    pub(crate) visits: Vec<ShowVisit>,
    pub(crate) rows: Vec<ShowRow>,
    pub(crate) recognised: Recognised,
    pub(crate) extra: Vec<ShowExtra>,
    pub(crate) notes: Vec<ShowNote>,
}

#[derive(Deserialize)]
pub(crate) struct ShowCondition {
    pub(crate) icd: String,
    pub(crate) days: i64,
}

#[derive(Deserialize)]
pub(crate) struct ShowVisit {
    pub(crate) days: i64,
    pub(crate) hospital: String,
    pub(crate) time: jiff::civil::Time,
    pub(crate) department: String,
    pub(crate) class: String,
    pub(crate) icd: String,
}

#[derive(Deserialize)]
pub(crate) struct ShowRow {
    pub(crate) analyte: String,
    pub(crate) values: Vec<String>,
}

/// Results of one hospital that another reports again (检查检验结果互认).
#[derive(Deserialize)]
pub(crate) struct Recognised {
    pub(crate) visit: usize,
    pub(crate) hospital: String,
    pub(crate) same: Vec<String>,
    pub(crate) differing: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowExtra {
    pub(crate) visit: usize,
    pub(crate) analyte: Option<String>,
    pub(crate) local: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) unit: Option<String>,
    pub(crate) absent: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) precision: Precision,
}

#[derive(Deserialize)]
pub(crate) struct ShowNote {
    pub(crate) visit: usize,
    pub(crate) analyte: String,
    pub(crate) note: String,
}

#[derive(Deserialize)]
pub(crate) struct Words {
    pub(crate) general_practice: String,
    pub(crate) emergency: String,
    pub(crate) dialysis: String,
    pub(crate) systolic: String,
    pub(crate) diastolic: String,
    pub(crate) days: String,
    pub(crate) each_time: String,
    pub(crate) laboratory: String,
    pub(crate) vital_signs: String,
    pub(crate) report_suffix: String,
    pub(crate) positive: String,
    pub(crate) negative: String,
    pub(crate) specimen_clotted: String,
    pub(crate) no_known_allergy: String,
    pub(crate) classes: HashMap<String, String>,
    pub(crate) conclusions: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct PanelScript {
    pub(crate) id: String,
    pub(crate) zh: String,
    pub(crate) weight: f64,
    pub(crate) analytes: Vec<String>,
}

/// What a diagnosis does to results: shifts in widths of the reference range, and the panels it asks for.
#[derive(Deserialize)]
pub(crate) struct Tendency {
    pub(crate) icd: String,
    pub(crate) panels: Vec<String>,
    pub(crate) shifts: HashMap<String, f64>,
}

#[derive(Deserialize)]
pub(crate) struct DepartmentRule {
    pub(crate) icd: Vec<String>,
    pub(crate) zh: String,
}

#[derive(Deserialize)]
pub(crate) struct Addresses {
    pub(crate) city: String,
    pub(crate) streets: Vec<String>,
    /// With places for street, number, house and room.
    pub(crate) line: String,
}

#[derive(Clone, Deserialize)]
pub(crate) struct DirectoryScript {
    pub(crate) base_dn: String,
    pub(crate) organisation: String,
    pub(crate) service: ServiceAccount,
    pub(crate) groups: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct ServiceAccount {
    pub(crate) cn: String,
    pub(crate) password: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffScript {
    pub(crate) uid: String,
    pub(crate) cn: String,
    pub(crate) sn: String,
    pub(crate) given: String,
    pub(crate) department: String,
    pub(crate) number: String,
    pub(crate) password: String,
    pub(crate) groups: Vec<String>,
}

impl Script {
    /// A panel by its id.
    pub(crate) fn panel(&self, id: &str) -> Option<&PanelScript> {
        self.panels.iter().find(|panel| panel.id == id)
    }

    /// A note's text by its key.
    pub(crate) fn note(&self, key: &str) -> Option<String> {
        self.notes.get(key).cloned()
    }
}
