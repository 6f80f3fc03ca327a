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
    /// A hospital outside the region.
    pub(crate) beyond: Beyond,
    #[serde(rename = "population")]
    pub(crate) populations: Vec<Population>,
    #[serde(rename = "person")]
    pub(crate) people: Vec<PersonScript>,
    pub(crate) show: Show,
    pub(crate) notes: HashMap<String, String>,
    pub(crate) denied: Option<Denied>,
    pub(crate) garbled: Garbled,
    pub(crate) words: Words,
    /// LOINC, name, unit as printed, UCUM, by kind of vital sign.
    pub(crate) vitals: HashMap<String, [String; 4]>,
    pub(crate) classes: HashMap<String, HashMap<String, String>>,
    #[serde(rename = "panel")]
    pub(crate) panels: Vec<PanelScript>,
    #[serde(rename = "tendency")]
    pub(crate) tendencies: Vec<Tendency>,
    /// By local code.
    pub(crate) unit_change: HashMap<String, UnitChange>,
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
    /// On cards and rows.
    pub(crate) short: ShortName,
    pub(crate) laboratory: String,
    /// First letter of its staff's numbers.
    pub(crate) staff_prefix: String,
    /// System of its staff's numbers.
    pub(crate) staff_system: String,
    /// Takes people in for the night.
    pub(crate) beds: bool,
    pub(crate) local_codes: LocalCodes,
}

/// A hospital that belongs to no region, and which people of the region have been there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beyond {
    pub(crate) hospital: HospitalScript,
    #[serde(rename = "patient")]
    pub(crate) patients: Vec<BeyondPatient>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeyondPatient {
    pub(crate) han: String,
    pub(crate) born: jiff::civil::Date,
    /// The desk there wrote down no resident ID.
    #[serde(default)]
    pub(crate) unnumbered: bool,
}

/// A short name in both languages.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShortName {
    pub(crate) zh: String,
    pub(crate) en: String,
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

/// How many people are made from the seed, and where they are known.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Population {
    pub(crate) count: usize,
    pub(crate) at: Vec<String>,
    /// As [`PersonScript::listed_by`].
    #[serde(default)]
    pub(crate) listed_by: Vec<String>,
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
    /// First six digits of the number, where they are not the region's: residence permits, foreigners' cards.
    pub(crate) area: Option<String>,
    /// Issue code that a hospital adds to every answer about them.
    #[serde(default)]
    pub(crate) warned: HashMap<String, u32>,
    /// Whose or what number is presented at a hospital: a role, `mistyped`, `swapped`, `fifteen`.
    #[serde(default)]
    pub(crate) presents: HashMap<String, String>,
    /// Another spelling of the name at a hospital.
    #[serde(default)]
    pub(crate) spelled: HashMap<String, String>,
    /// Staff who have them on their list without an encounter of their department: referred, called in, or not come yet.
    #[serde(default)]
    pub(crate) listed_by: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Show {
    pub(crate) conditions: Vec<ShowCondition>,
    pub(crate) allergies: Vec<ShowAllergy>,
    pub(crate) medicines: Vec<ShowMedicine>,
    pub(crate) devices: Vec<ShowDevice>,
    pub(crate) operations: Vec<ShowOperation>,
    pub(crate) visits: Vec<ShowVisit>,
    pub(crate) rows: Vec<ShowRow>,
    pub(crate) recognised: Recognised,
    pub(crate) extra: Vec<ShowExtra>,
    pub(crate) notes: Vec<ShowNote>,
}

/// Days are days before today.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowCondition {
    pub(crate) icd: String,
    pub(crate) days: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) at: Vec<String>,
    pub(crate) text: Option<String>,
    pub(crate) verified: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowAllergy {
    pub(crate) allergen: String,
    pub(crate) at: String,
    pub(crate) since: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) days: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowMedicine {
    pub(crate) drug: String,
    pub(crate) days: i64,
    pub(crate) at: String,
    pub(crate) dose: Option<f64>,
    pub(crate) frequency: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowDevice {
    pub(crate) zh: String,
    pub(crate) kind: String,
    pub(crate) days: i64,
    pub(crate) at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowOperation {
    pub(crate) code: String,
    pub(crate) days: i64,
    pub(crate) time: jiff::civil::Time,
    pub(crate) at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShowVisit {
    pub(crate) days: i64,
    pub(crate) hospital: String,
    pub(crate) time: jiff::civil::Time,
    pub(crate) department: String,
    pub(crate) class: String,
    pub(crate) icd: String,
    pub(crate) reason: String,
    /// Systolic and diastolic.
    pub(crate) pressure: Option<[f64; 2]>,
    pub(crate) hours: Option<i64>,
    pub(crate) nights: Option<i64>,
    pub(crate) bed: Option<String>,
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

/// What hospitals say of the conflicting person.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Denied {
    pub(crate) allergen: String,
    pub(crate) icd: String,
    pub(crate) drug: String,
    pub(crate) doses: [f64; 2],
}

/// How a local code counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnitChange {
    pub(crate) ucum: String,
    pub(crate) factor: f64,
    #[serde(default)]
    pub(crate) offset: f64,
    pub(crate) decimals: usize,
    /// LOINC of this unit's property, where it is another.
    pub(crate) loinc: Option<String>,
}

/// What one hospital sends that no reader should trust.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Garbled {
    /// GBK, called UTF-8.
    gbk_hex: String,
    pub(crate) hostile_html: String,
}

impl Garbled {
    /// The bytes of the text in GBK.
    pub(crate) fn gbk(&self) -> Vec<u8> {
        let pair = |at: usize| u8::from_str_radix(self.gbk_hex.get(at..at + 2).unwrap_or_default(), 16).ok();
        (0..self.gbk_hex.len()).step_by(2).filter_map(pair).collect()
    }
}

#[derive(Deserialize)]
pub(crate) struct Words {
    pub(crate) general_practice: String,
    pub(crate) emergency: String,
    pub(crate) dialysis: String,
    pub(crate) systolic: String,
    pub(crate) diastolic: String,
    pub(crate) days: String,
    /// What a piece of each form is counted as.
    pub(crate) pieces: HashMap<String, String>,
    pub(crate) each_time: String,
    pub(crate) laboratory: String,
    pub(crate) vital_signs: String,
    pub(crate) report_suffix: String,
    pub(crate) positive: String,
    pub(crate) negative: String,
    pub(crate) specimen_clotted: String,
    pub(crate) no_known_allergy: String,
    pub(crate) not_asked: String,
    pub(crate) none: String,
    pub(crate) surgeon: String,
    pub(crate) assistant: String,
    pub(crate) anaesthetist: String,
    pub(crate) better: String,
    pub(crate) and: String,
    pub(crate) years: String,
    pub(crate) examination: String,
    pub(crate) medicines_as_before: String,
    pub(crate) sexes: HashMap<String, String>,
    pub(crate) long_term: String,
    pub(crate) one_off: String,
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
    pub(crate) districts: Vec<String>,
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
    /// Of physicians: the same at every hospital.
    #[serde(default)]
    pub(crate) licence: Option<String>,
    /// Hospitals where they practise beside their own (多点执业).
    #[serde(default)]
    pub(crate) also_at: Vec<String>,
    /// Called in to whoever is in hospital there now.
    #[serde(default)]
    pub(crate) consults: bool,
    pub(crate) password: String,
    pub(crate) groups: Vec<String>,
}

impl StaffScript {
    /// Do they work at this hospital?
    pub(crate) fn works_at(&self, hospital: &HospitalScript) -> bool {
        self.number.starts_with(&hospital.staff_prefix) || self.also_at.contains(&hospital.id)
    }

    /// Do they see patients as physicians?
    pub(crate) fn is_physician(&self) -> bool {
        self.groups.iter().any(|group| group == "physicians")
    }
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
