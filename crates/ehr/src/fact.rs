//! What every row of the summary and of visits has: what it is about, where it comes from, what contradicts it.

use crate::labs::Code;
use crate::{Bilingual, ClinicalTime, Origin, SourceReport, SourceState};

/// The common part of a row: one fact, merged from one or more sources.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fact {
    /// Stable for the same originals: usable as an anchor.
    pub id: String,
    /// FHIR type of its originals.
    pub kind: &'static str,
    /// What it is about, as the source says it.
    pub code: Code,
    /// The time that orders it (onset, authored, given, performed, began), at its precision.
    pub time: Option<ClinicalTime>,
    /// FHIR status as sent (for conditions and allergies the clinical status); empty when not said.
    pub status: String,
    /// Where it comes from, in the order of the catalogue; never empty.
    pub origins: Vec<Origin>,
    /// Ids of rows of the same list that contradict this one, sorted. Both are shown; none is ranked away.
    pub conflict: Vec<String>,
}

impl Fact {
    /// Says any other row something else?
    pub fn is_contradicted(&self) -> bool {
        !self.conflict.is_empty()
    }

    /// Does it come from this source (also)?
    pub fn is_from(&self, source: &str) -> bool {
        self.origins.iter().any(|origin| origin.source == source)
    }
}

/// A part of a section that is asked for by itself: named where only this part failed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// 过敏
    Allergies,
    /// 诊断与问题
    Problems,
    /// 用药
    Medicines,
    /// 免疫接种
    Immunizations,
    /// 操作与手术
    Procedures,
    /// 植入物与器械
    Devices,
    /// 检验
    Results,
    /// 就诊
    Encounters,
    /// 检查报告
    Reports,
    /// 就诊诊断
    Diagnoses,
    /// 病程与门诊记录
    Notes,
    /// 检查、检验、治疗和护理医嘱
    ServiceOrders,
    /// 用药医嘱
    MedicationOrders,
    /// 膳食医嘱
    NutritionOrders,
    /// 处方
    Prescriptions,
    /// 发药
    Dispenses,
    /// 给药
    Administrations,
    /// 用药陈述
    Statements,
    /// 住院
    Stays,
    /// 生命体征、评估和查体
    Findings,
    /// 护理计划
    CarePlans,
    /// 出院小结
    DischargeSummaries,
    /// 结构化文书: documents made of sections, among them discharge summaries
    Compositions,
    /// 结算
    Benefits,
    /// 收费申请
    Claims,
    /// 账户
    Accounts,
    /// 收费项目
    ChargeItems,
    /// 发票
    Invoices,
    /// 参保
    Coverages,
    /// 家族史
    FamilyHistory,
    /// 生活习惯
    SocialHistory,
    /// 问卷
    Questionnaires,
}

impl Part {
    /// As in JSON (`part`) and message keys (`part-name-…`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allergies => "allergies",
            Self::Problems => "problems",
            Self::Medicines => "medicines",
            Self::Immunizations => "immunizations",
            Self::Procedures => "procedures",
            Self::Devices => "devices",
            Self::Results => "results",
            Self::Encounters => "encounters",
            Self::Reports => "reports",
            Self::Diagnoses => "diagnoses",
            Self::Notes => "notes",
            Self::ServiceOrders => "service-orders",
            Self::MedicationOrders => "medication-orders",
            Self::NutritionOrders => "nutrition-orders",
            Self::Prescriptions => "prescriptions",
            Self::Dispenses => "dispenses",
            Self::Administrations => "administrations",
            Self::Statements => "statements",
            Self::Stays => "stays",
            Self::Findings => "findings",
            Self::CarePlans => "care-plans",
            Self::DischargeSummaries => "discharge-summaries",
            Self::Compositions => "compositions",
            Self::Benefits => "benefits",
            Self::Claims => "claims",
            Self::Accounts => "accounts",
            Self::ChargeItems => "charge-items",
            Self::Invoices => "invoices",
            Self::Coverages => "coverages",
            Self::FamilyHistory => "family-history",
            Self::SocialHistory => "social-history",
            Self::Questionnaires => "questionnaires",
        }
    }
}

/// What became of one part at one source.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct PartReport {
    /// Which part.
    pub part: Part,
    /// What became of it.
    pub state: SourceState,
    /// Why, as a message key (`why-…`).
    pub detail: Option<String>,
}

/// A linked source that has not answered a part in full: named in the card concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silent {
    /// Source id.
    pub source: String,
    /// Its short name.
    pub name: Bilingual,
    /// What became of this part there.
    pub state: SourceState,
    /// Why, as a message key (`why-…`).
    pub detail: Option<String>,
}

/// One part of the summary.
#[derive(Clone, Debug, PartialEq)]
pub struct PartList<T> {
    /// What holds now, in the order it is shown.
    pub items: Vec<T>,
    /// What no longer holds (resolved, refuted, stopped, cancelled, not done): counted, and never hidden for good.
    pub past: Vec<T>,
    /// Linked sources that have not answered this part in full. Only where there are none may a view say "none".
    pub silent: Vec<Silent>,
}

impl<T> Default for PartList<T> {
    fn default() -> Self {
        Self { items: Vec::new(), past: Vec::new(), silent: Vec::new() }
    }
}

impl<T> PartList<T> {
    /// Has every linked source answered this part in full?
    pub fn complete(&self) -> bool {
        self.silent.is_empty()
    }

    /// Nothing at all, past or present?
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.past.is_empty()
    }
}

/// Linked sources that have not answered `part` in full.
pub(crate) fn silent(sources: &[SourceReport], part: Part) -> Vec<Silent> {
    let linked = sources.iter().filter(|report| report.state != SourceState::NotLinked);
    let of = |report: &SourceReport| {
        let (state, detail) = match report.parts.iter().find(|own| own.part == part) {
            _ if report.state == SourceState::Hidden => (SourceState::Hidden, None),
            Some(own) => (own.state, own.detail.clone()),
            // Not even begun: what became of the source became of the part.
            None if report.state == SourceState::Answered => (SourceState::Unreachable, None),
            None => (report.state, report.detail.clone()),
        };
        (state != SourceState::Answered).then(|| Silent {
            source: report.id.clone(),
            name: report.short_name.clone(),
            state,
            detail,
        })
    };
    linked.filter_map(of).collect()
}
