//! The embedded reference data (`data/`), parsed once per region.

pub(crate) mod care;
pub(crate) mod courses;
pub(crate) mod laboratory;
pub(crate) mod names;
pub(crate) mod script;

use std::collections::HashMap;

use serde::{Deserialize, de::DeserializeOwned};

use crate::{SandboxError, dice::Dice};
use care::Care;
use courses::Course;
use laboratory::Laboratory;
use names::Names;
use script::Script;

/// Everything that is looked up while the region is made.
pub(crate) struct Reference {
    pub(crate) script: Script,
    pub(crate) names: Names,
    pub(crate) laboratory: Laboratory,
    pub(crate) courses: Vec<Course>,
    pub(crate) care: Care,
    procedures: HashMap<String, Operation>,
    charge_items: HashMap<String, ChargeItem>,
    diagnoses: HashMap<String, Diagnosis>,
    drugs: HashMap<String, Drug>,
    allergens: HashMap<String, Allergen>,
    departments: HashMap<String, Department>,
}

/// A row of `diagnoses.csv`.
#[derive(Deserialize)]
pub(crate) struct Diagnosis {
    pub(crate) code: String,
    pub(crate) zh: String,
    /// The files write `yes` or `no`.
    pub(crate) chronic: String,
}

/// A row of `drugs.csv`.
#[derive(Deserialize)]
pub(crate) struct Drug {
    pub(crate) zh: String,
    pub(crate) atc: String,
    pub(crate) form: String,
    pub(crate) strength: String,
    pub(crate) unit: String,
    pub(crate) route: String,
    pub(crate) frequency: String,
    pub(crate) frequency_zh: String,
    pub(crate) days: String,
}

/// A row of `allergens.csv`.
#[derive(Deserialize)]
pub(crate) struct Allergen {
    pub(crate) zh: String,
    pub(crate) category: String,
    pub(crate) snomed_finding: String,
    pub(crate) reaction_zh: String,
    pub(crate) severity: String,
}

/// A row of `procedures.csv`.
#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) code: String,
    pub(crate) zh: String,
    /// `none`, `local`, `general`, …
    pub(crate) anaesthesia: String,
    pub(crate) anaesthesia_zh: String,
}

impl Operation {
    /// Is it done by cutting?
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.anaesthesia.as_str(), "general" | "neuraxial" | "nerve-block")
    }

    /// Is an anaesthetist there?
    pub(crate) fn is_attended(&self) -> bool {
        !matches!(self.anaesthesia.as_str(), "none" | "local" | "topical")
    }
}

/// A row of `charge-items.csv`.
#[derive(Deserialize)]
pub(crate) struct ChargeItem {
    /// Fee class of the front page of a record.
    pub(crate) subclass: String,
    pub(crate) item: String,
    pub(crate) unit: String,
    /// Yuan; absent where the prescription decides.
    pub(crate) price_cny: Option<f64>,
}

/// A row of `departments.csv`.
#[derive(Deserialize)]
pub(crate) struct Department {
    pub(crate) zh: String,
    pub(crate) code: String,
}

impl Reference {
    /// Parses the embedded files.
    pub(crate) fn load() -> Result<Self, SandboxError> {
        Ok(Self {
            script: toml_of("region.toml", include_str!("../data/region.toml"))?,
            names: toml_of("names.toml", include_str!("../data/zh/names.toml"))?,
            laboratory: Laboratory::load()?,
            courses: courses::load(include_bytes!("../data/courses.json.gz"))?,
            care: Care::load()?,
            procedures: by("procedures.csv", include_str!("../data/zh/procedures.csv"), |row: &Operation| &row.code)?,
            charge_items: by("charge-items.csv", include_str!("../data/zh/charge-items.csv"), |row: &ChargeItem| {
                &row.item
            })?,
            diagnoses: by("diagnoses.csv", include_str!("../data/zh/diagnoses.csv"), |row: &Diagnosis| &row.code)?,
            drugs: by("drugs.csv", include_str!("../data/zh/drugs.csv"), |row: &Drug| &row.zh)?,
            allergens: by("allergens.csv", include_str!("../data/zh/allergens.csv"), |row: &Allergen| &row.zh)?,
            departments: by("departments.csv", include_str!("../data/zh/departments.csv"), |row: &Department| &row.zh)?,
        })
    }

    /// The diagnosis of this ICD-10 code.
    pub(crate) fn diagnosis(&self, icd: &str) -> Option<&Diagnosis> {
        self.diagnoses.get(icd)
    }

    /// The operation of this code.
    pub(crate) fn operation(&self, code: &str) -> Option<&Operation> {
        self.procedures.get(code)
    }

    /// The item of this name that can be charged for.
    pub(crate) fn charge_item(&self, item: &str) -> Option<&ChargeItem> {
        self.charge_items.get(item)
    }

    /// The medicine of this name.
    pub(crate) fn drug(&self, zh: &str) -> Option<&Drug> {
        self.drugs.get(zh)
    }

    /// The allergen of this name.
    pub(crate) fn allergen(&self, zh: &str) -> Option<&Allergen> {
        self.allergens.get(zh)
    }

    /// The national code of this department, empty when none is sure.
    pub(crate) fn department_code(&self, zh: &str) -> &str {
        self.departments.get(zh).map_or("", |row| &row.code)
    }

    /// Who works in a department of a hospital: one of the directory where somebody fits, otherwise a made-up name. `rank` 0
    /// sees patients, higher ones are further colleagues.
    pub(crate) fn colleague(&self, seed: u64, hospital: usize, department: &str, rank: usize) -> String {
        let Some(place) = self.script.hospitals.get(hospital) else { return String::new() };
        let physicians = self.script.staff.iter().filter(|one| one.groups.iter().any(|group| group == "physicians"));
        let mut known =
            physicians.filter(|one| one.department == department && one.number.starts_with(&place.staff_prefix));
        if let Some(staff) = known.next().filter(|_| rank == 0) {
            return staff.cn.clone();
        }
        let mut dice = Dice::new(seed, &format!("colleague {} {department} {rank}", place.id));
        let sex = if dice.chance(0.5) { "male" } else { "female" };
        self.names.draw(&mut dice, sex).map(|(han, _)| han).unwrap_or_default()
    }

    /// Which department sees this diagnosis.
    pub(crate) fn department_for(&self, icd: Option<&str>) -> &str {
        let fits = |prefixes: &[String]| prefixes.iter().any(|prefix| icd.is_some_and(|icd| icd.starts_with(prefix)));
        self.script
            .departments
            .iter()
            .find(|rule| fits(&rule.icd))
            .map_or(&self.script.words.general_practice, |rule| &rule.zh)
    }
}

pub(crate) fn toml_of<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<T, SandboxError> {
    toml::from_str(text).map_err(|fault| SandboxError::reference(file, fault))
}

pub(crate) fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, SandboxError> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|fault| SandboxError::reference(file, fault))
}

fn by<T: DeserializeOwned>(
    file: &'static str,
    text: &str,
    key: impl Fn(&T) -> &str,
) -> Result<HashMap<String, T>, SandboxError> {
    Ok(rows(file, text)?.into_iter().map(|row| (key(&row).to_owned(), row)).collect())
}
