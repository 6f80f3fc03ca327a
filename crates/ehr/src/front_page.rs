//! 病案首页: what the front page of a hospital record says, one for each stay. Composed here from what the hospital sends of
//! the stay, unless it sends the signed page itself.

mod compose;

use schemars::JsonSchema;
use serde::Serialize;

use crate::charges::ClassTotal;
use crate::concept::said_form;
use crate::joined::{add_new, fill};
use crate::sheet::{Fields, Named};
use crate::{ClinicalTime, Decimal, Note, Origin};

pub(crate) use compose::{FrontPages, is_finished};

/// `fields` of a front page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FrontPageFields {
    /// Put together by the portal; false where the hospital's signed page is among `notes`.
    pub composed: bool,
    /// The hospital as the stay names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hospital: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Ward and bed in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// When the stay began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted: Option<ClinicalTime>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharged: Option<ClinicalTime>,
    /// From where the patient came, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted_from: Option<String>,
    /// Who answered for the patient.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attending: Vec<String>,
    /// 主要诊断; none where no hospital says which it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_diagnosis: Option<FrontDiagnosis>,
    /// 其他诊断, in the source's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_diagnoses: Vec<FrontDiagnosis>,
    /// 手术及操作, the earliest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<FrontOperation>,
    /// 入院病情 of the main diagnosis, as the source wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_state: Option<String>,
    /// 离院方式, as the source wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discharge_mode: Option<String>,
    /// What the stay came to; none where no bill is about it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totals: Option<FrontTotals>,
    /// The hospital's own pages.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "crate::json::notes")]
    #[schemars(with = "Vec<crate::json::NoteJson<'static>>")]
    pub notes: Vec<Note>,
}

/// A diagnosis of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FrontDiagnosis {
    /// In the source's words.
    pub text: String,
    /// ICD-10, where it was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icd10: Option<String>,
    /// `provisional`, `differential`, …: as sent; empty when not said, as of what only a bill names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verification: String,
    /// 入院病情, as the source wrote it; nothing said is not "none".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission_state: Option<String>,
    /// Which of the form's four values that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<AdmissionState>,
    /// Where from, where that is not the item's own resource.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<Origin>,
}

/// 入院病情: the form's four values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdmissionState {
    /// 1 有
    Present,
    /// 2 临床未确定
    Undetermined,
    /// 3 情况不明
    Unknown,
    /// 4 无
    Absent,
}

/// 离院方式: the form's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DischargeMode {
    /// 1 医嘱离院
    Home,
    /// 2 医嘱转院
    OtherHospital,
    /// 3 医嘱转社区卫生服务机构/乡镇卫生院
    Community,
    /// 4 非医嘱离院
    AgainstAdvice,
    /// 5 死亡
    Died,
    /// 9 其他
    Other,
}

/// An operation of the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FrontOperation {
    /// In the source's words.
    pub name: String,
    /// Its code, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<ClinicalTime>,
    /// 术者: who is said to have operated; the first of the team where nobody is.
    #[serde(skip_serializing_if = "Named::is_empty")]
    pub surgeon: Named,
    /// 麻醉方式
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anaesthesia: Vec<String>,
}

/// What a stay came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct FrontTotals {
    /// Sum of the bills.
    pub total: Decimal,
    /// As sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Sums by fee class, in the order of the form.
    pub by_class: Vec<ClassTotal>,
    /// FHIR types of the documents that were counted.
    pub counted: Vec<&'static str>,
}

impl AdmissionState {
    /// From the codes of FHIR's value set (<https://terminology.hl7.org/CodeSystem-ex-diagnosis-on-admission.html>), the
    /// form's numbers or its words.
    pub(crate) fn read(text: &str) -> Option<Self> {
        // not shown: what hospitals write, only compared with.
        Some(match said_form(text).as_str() {
            "y" | "yes" | "1" | "有" => Self::Present,
            "w" | "undetermined" | "2" | "临床未确定" => Self::Undetermined,
            "u" | "unknown" | "3" | "情况不明" => Self::Unknown,
            "n" | "no" | "4" | "无" => Self::Absent,
            _ => return None,
        })
    }

    /// As in message keys (`at-admission-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Undetermined => "undetermined",
            Self::Unknown => "unknown",
            Self::Absent => "absent",
        }
    }
}

impl DischargeMode {
    /// From the form's words, or FHIR's (<https://terminology.hl7.org/CodeSystem-discharge-disposition.html>).
    pub fn read(text: &str) -> Option<Self> {
        // not shown: what hospitals write, only compared with.
        Some(match said_form(text).as_str() {
            "home" | "1" | "医嘱离院" => Self::Home,
            "other-hcf" | "otherhealthcarefacility" | "2" | "医嘱转院" => Self::OtherHospital,
            "3" | "医嘱转社区" | "医嘱转社区卫生服务机构" | "医嘱转社区卫生服务机构/乡镇卫生院" => {
                Self::Community
            }
            "aadvice" | "leftagainstadvice" | "4" | "非医嘱离院" => Self::AgainstAdvice,
            "exp" | "expired" | "5" | "死亡" => Self::Died,
            "oth" | "other" | "9" | "其他" => Self::Other,
            _ => return None,
        })
    }

    /// Its number on the form.
    pub fn number(self) -> u8 {
        match self {
            Self::Home => 1,
            Self::OtherHospital => 2,
            Self::Community => 3,
            Self::AgainstAdvice => 4,
            Self::Died => 5,
            Self::Other => 9,
        }
    }
}

impl FrontPageFields {
    /// Main diagnosis first.
    pub fn diagnoses(&self) -> impl Iterator<Item = &FrontDiagnosis> {
        self.main_diagnosis.iter().chain(&self.other_diagnoses)
    }

    /// Nights of the stay: days between the day it began and the day it ended; one at least, as the form counts.
    pub fn days(&self) -> Option<i64> {
        let day = |time: &ClinicalTime| time.date().parse::<jiff::civil::Date>().ok();
        let (from, to) = (day(self.admitted.as_ref()?)?, day(self.discharged.as_ref()?)?);
        let days = from.until(to).ok()?.get_days();
        (days >= 0).then(|| i64::from(days.max(1)))
    }
}

impl Fields for FrontPageFields {
    fn fill(&mut self, other: &Self) {
        self.composed &= other.composed;
        fill(&mut self.hospital, &other.hospital);
        fill(&mut self.department, &other.department);
        fill(&mut self.location, &other.location);
        fill(&mut self.admitted, &other.admitted);
        fill(&mut self.discharged, &other.discharged);
        fill(&mut self.admitted_from, &other.admitted_from);
        add_new(&mut self.attending, &other.attending);
        fill(&mut self.main_diagnosis, &other.main_diagnosis);
        for one in &other.other_diagnoses {
            let same = |own: &FrontDiagnosis| {
                (&own.icd10, &own.verification) == (&one.icd10, &one.verification)
                    && said_form(&own.text) == said_form(&one.text)
            };
            if !self.diagnoses().any(same) {
                self.other_diagnoses.push(one.clone());
            }
        }
        for one in &other.operations {
            let same = |own: &FrontOperation| own.code == one.code && own.time == one.time && own.name == one.name;
            if !self.operations.iter().any(same) {
                self.operations.push(one.clone());
            }
        }
        fill(&mut self.admission_state, &other.admission_state);
        fill(&mut self.discharge_mode, &other.discharge_mode);
        fill(&mut self.totals, &other.totals);
        add_new(&mut self.notes, &other.notes);
    }

    fn named(&mut self, each: &mut dyn FnMut(&mut Named)) {
        self.operations.iter_mut().for_each(|operation| each(&mut operation.surgeon));
    }

    fn stated(&self) -> Vec<Option<String>> {
        let main = self.main_diagnosis.as_ref();
        let main = main.map(|one| one.icd10.clone().unwrap_or_else(|| said_form(&one.text)));
        let mode = self.discharge_mode.as_deref();
        let mode = mode
            .map(|text| DischargeMode::read(text).map_or_else(|| said_form(text), |mode| mode.number().to_string()));
        let total = self.totals.as_ref().map(|totals| format!("{} {:?}", totals.total, totals.currency));
        vec![main, mode, self.discharged.as_ref().map(crate::joined::time_key), total]
    }

    fn notes(&mut self) -> Option<&mut Vec<Note>> {
        Some(&mut self.notes)
    }

    fn hanging(&self) -> Vec<&Origin> {
        self.notes.iter().map(|note| &note.origin).collect()
    }

    fn retain_diagnoses(&mut self, stays: &mut dyn FnMut(&str) -> bool) {
        self.other_diagnoses.retain(|one| stays(&one.verification));
        if self.main_diagnosis.as_ref().is_some_and(|main| !stays(&main.verification)) {
            (self.main_diagnosis, self.admission_state) = (None, None);
        }
    }

    fn icd10(&self) -> Vec<&str> {
        self.diagnoses().filter_map(|diagnosis| diagnosis.icd10.as_deref()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_values_however_they_are_written() {
        use AdmissionState::{Absent, Present, Undetermined, Unknown};
        for (text, state) in [
            ("Y", Some(Present)),
            ("有", Some(Present)),
            ("临床未确定", Some(Undetermined)),
            ("U", Some(Unknown)),
            ("4", Some(Absent)),
            ("好转", None),
            ("", None),
        ] {
            assert_eq!(AdmissionState::read(text), state, "{text}");
        }
        for (text, number) in [("医嘱离院", Some(1)), ("exp", Some(5)), ("非医嘱离院", Some(4)), ("好转", None)]
        {
            assert_eq!(DischargeMode::read(text).map(DischargeMode::number), number, "{text}");
        }
    }

    #[test]
    fn days_are_counted_as_the_form_does() {
        let days = |from: &str, to: &str| {
            let (admitted, discharged) = (ClinicalTime::parse(from), ClinicalTime::parse(to));
            FrontPageFields { admitted, discharged, ..FrontPageFields::default() }.days()
        };
        assert_eq!(days("2026-03-09T12:10:00+08:00", "2026-03-15T12:10:00+08:00"), Some(6));
        assert_eq!(days("2026-03-09T08:00:00+08:00", "2026-03-09T20:00:00+08:00"), Some(1));
        assert_eq!(days("2026-02-27", "2026-03-02"), Some(3));
        assert_eq!((days("2026-03", "2026-03-02"), days("2026-03-09", "2026-03-02")), (None, None));
    }
}
