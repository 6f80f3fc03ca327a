//! 病历摘要 for clinicians: one card per part, each with its hospitals and with those that are missing.

mod rows;

use ehr::{Banner, Problem, Section, Summary};
use serde::Serialize;

use crate::{
    RecordShell, Scene,
    allergies::{self, AllergyCard},
    facts::{self, Contradiction, PartView},
    review::OpenView,
    sources::{Audience, Sources},
    timeline::Stop,
};

pub use rows::{EventRow, MedicineRow, PastRow, ProblemRow, ReportRow, ResultRow};
pub(crate) use rows::{
    event_of_device, event_of_immunization, event_of_procedure, medicine_words, newest_first, unit_of,
};

/// Rows of a card; the others are counted.
const MOST: usize = 12;
const STOPS: usize = 8;
const RESULTS: usize = 10;
const REPORTS: usize = 5;

/// What the page is made from.
pub struct SummaryInput<'a> {
    /// Who.
    pub banner: &'a Banner,
    /// What came and who answered.
    pub summary: &'a Summary,
    /// Who prints it, for the foot of a print.
    pub reader: &'a str,
    /// Language and time.
    pub scene: Scene<'a>,
}

/// A card with rows.
#[derive(Debug, Serialize)]
pub struct Card<T> {
    /// Counts, and what is missing.
    pub part: PartView,
    /// What holds now, as far as shown.
    pub rows: Vec<T>,
    /// What more there is and is folded up.
    pub more: Vec<T>,
    /// How many are on another page.
    pub elsewhere: usize,
    /// What no longer holds.
    pub past: Vec<PastRow>,
}

/// `record/summary.html`.
#[derive(Debug, Serialize)]
pub struct SummaryPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// Critical values that wait for somebody.
    pub critical: OpenView,
    /// 过敏与不良反应
    pub allergies: AllergyCard,
    /// 诊断与问题
    pub problems: Card<ProblemRow>,
    /// 近期检验
    pub results: Card<ResultRow>,
    /// 当前用药
    pub medicines: Card<MedicineRow>,
    /// 就诊时间线
    pub encounters: Card<Stop>,
    /// 近期检查报告
    pub reports: Card<ReportRow>,
    /// 免疫接种
    pub immunizations: Card<EventRow>,
    /// 操作与手术
    pub procedures: Card<EventRow>,
    /// 植入物与器械
    pub devices: Card<EventRow>,
    /// Facts that contradict each other, side by side.
    pub conflicts: Vec<Contradiction>,
    /// Foot of a print: who, when.
    pub printed: String,
}

impl<T> Card<T> {
    fn new(part: PartView, mut rows: Vec<T>, shown: usize, past: Vec<PastRow>) -> Self {
        let more = if rows.len() > shown { rows.split_off(shown) } else { Vec::new() };
        Self { part, rows, more, elsewhere: 0, past }
    }

    /// What is not shown here is on a page of its own.
    fn cut(self) -> Self {
        Self { elsewhere: self.more.len(), more: Vec::new(), ..self }
    }
}

/// The clinician's page.
pub fn page(input: &SummaryInput<'_>) -> SummaryPage {
    let SummaryInput { banner, summary, scene, .. } = input;
    let base = format!("/patients/{}", banner.person);
    let retry = format!("{base}/{}?refresh=true", Section::Summary.slug());
    let sources = Sources::build(&summary.sources, summary.as_of, &retry, Audience::Clinician, scene);
    let labs = format!("{base}/{}", Section::LabResults.slug());
    let reports = &summary.sources;
    let stop = |visit: &ehr::Visit| Stop::new(visit, &base, reports, scene);
    let results = rows::by_urgency(&summary.results.items);
    SummaryPage {
        shell: RecordShell::new(banner, Section::Summary, scene),
        critical: OpenView::new(&summary.critical, (banner.person, Section::Summary), reports, scene),
        allergies: AllergyCard::new(&summary.allergies, reports, scene),
        problems: Card::new(
            PartView::new(&summary.problems, &sources, scene),
            summary.problems.items.iter().map(|one| ProblemRow::new(one, reports, scene)).collect(),
            MOST,
            summary.problems.past.iter().map(|one| rows::past_problem(one, reports, scene)).collect(),
        ),
        results: Card::new(
            PartView::new(&summary.results, &sources, scene),
            results.into_iter().map(|one| ResultRow::new(one, &labs, reports, scene)).collect(),
            RESULTS,
            Vec::new(),
        )
        .cut(),
        medicines: Card::new(
            PartView::new(&summary.medicines, &sources, scene),
            summary.medicines.items.iter().map(|one| MedicineRow::new(one, reports, scene)).collect(),
            MOST,
            summary.medicines.past.iter().map(|one| rows::past_medicine(one, reports, scene)).collect(),
        ),
        encounters: Card::new(
            PartView::new(&summary.encounters, &sources, scene),
            summary.encounters.items.iter().map(stop).collect(),
            STOPS,
            Vec::new(),
        ),
        reports: Card::new(
            PartView::new(&summary.reports, &sources, scene),
            summary.reports.items.iter().map(|one| ReportRow::new(one, reports, scene)).collect(),
            REPORTS,
            Vec::new(),
        ),
        immunizations: events(&summary.immunizations, &sources, scene, |one| {
            event_of_immunization(one, reports, scene)
        }),
        procedures: events(&summary.procedures, &sources, scene, |one| event_of_procedure(one, reports, scene)),
        devices: events(&summary.devices, &sources, scene, |one| event_of_device(one, reports, scene)),
        conflicts: conflicts(summary, scene),
        printed: scene.printed(input.reader),
        sources,
    }
}

fn events<T>(
    part: &ehr::PartList<T>,
    sources: &Sources,
    scene: &Scene<'_>,
    row: impl Fn(&T) -> EventRow,
) -> Card<EventRow> {
    let past = part.past.iter().map(&row).map(|one| PastRow {
        name: one.name,
        text: one.status.into_iter().chain((!one.text.is_empty()).then_some(one.text)).collect::<Vec<_>>().join(" · "),
        date: one.date,
        sources: one.sources,
    });
    let past = past.collect();
    Card::new(PartView::new(part, sources, scene), part.items.iter().map(&row).collect(), REPORTS, past)
}

fn conflicts(summary: &Summary, scene: &Scene<'_>) -> Vec<Contradiction> {
    let reports = &summary.sources;
    let mut all = allergies::contradictions(&summary.allergies, reports, scene);
    let problems = summary.problems.items.iter().chain(&summary.problems.past);
    let say = |one: &Problem| rows::problem_words(one, scene);
    all.extend(facts::contradictions(problems, |one| &one.fact, say, reports, scene));
    let medicines = summary.medicines.items.iter().chain(&summary.medicines.past);
    let say = |one: &ehr::Medicine| rows::medicine_statement(one, scene);
    all.extend(facts::contradictions(medicines, |one| &one.fact, say, reports, scene));
    all
}
