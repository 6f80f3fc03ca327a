//! 病案首页

use ehr::{
    ClinicalTime, DischargeMode, Entry, FrontDiagnosis, FrontOperation, FrontPageFields, FrontTotals, Note, Section,
};
use web::render::Arg;

use crate::Scene;
use crate::sheet::{Cell, Cells, Form, FormPart, FormRow, Labelled, Look, SheetView, Tag};
use crate::sheets::charges::{class, money};
use crate::visits::NoteView;

/// Front pages of hospital records.
pub struct FrontPageView;

impl SheetView for FrontPageView {
    type Fields = FrontPageFields;
    const SECTION: Section = Section::FrontPage;
    const COLUMNS: &'static [&'static str] =
        &["front-discharged", "front-main", "front-operations", "front-leaving", "front-total"];

    fn notes(entry: &Entry<FrontPageFields>) -> &[Note] {
        &entry.fields.notes
    }

    fn row(entry: &Entry<FrontPageFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let operations = fields.operations.iter().map(|operation| operation.name.clone()).collect();
        let place = fields.hospital.iter().chain(&fields.department).cloned().collect::<Vec<_>>();
        let notes = fields
            .notes
            .iter()
            .map(|note| NoteView::new(note, look.reports, look.targets, scene).explained(Self::SECTION, &note.origin));
        Cells {
            title: Some(scene.text("front-title")),
            sub: Some(scene.list(&place)).filter(|sub| !sub.is_empty()),
            tag: Some(match fields.composed {
                true => Tag { text: scene.text("front-composed"), tone: "brand" },
                false => Tag { text: scene.text("front-signed"), tone: "ok" },
            }),
            cells: vec![
                Cell::number(fields.discharged.as_ref().map(|at| scene.minute(at))),
                Cell::explained(
                    Self::SECTION,
                    fields.main_diagnosis.iter().map(|main| (coded(main), main.origins.as_slice())),
                ),
                Cell::lines(operations),
                Cell::text(fields.discharge_mode.as_deref().map(|mode| leaving(mode, scene))),
                Cell::number(fields.totals.as_ref().map(|totals| total(totals, scene))),
            ],
            notes: notes.collect(),
            forms: vec![form(entry, look)],
            ..Cells::default()
        }
    }
}

fn coded(of: &FrontDiagnosis) -> String {
    match &of.icd10 {
        Some(code) => format!("{} {code}", of.text),
        None => of.text.clone(),
    }
}

fn total(totals: &FrontTotals, scene: &Scene<'_>) -> String {
    money(totals.total, totals.currency.as_deref(), scene)
}

/// With its number on the form, where it has one.
fn leaving(mode: &str, scene: &Scene<'_>) -> String {
    match DischargeMode::read(mode) {
        Some(known) => scene.text(&format!("leaving-{}", known.number())),
        None => mode.to_owned(),
    }
}

/// The page as the form of 2011 has it, from top to bottom.
fn form(entry: &Entry<FrontPageFields>, look: &Look<'_>) -> Form {
    let (fields, scene) = (&entry.fields, &look.scene);
    let mut parts = vec![FormPart { pairs: who(entry, look), ..FormPart::default() }];
    parts.push(FormPart {
        columns: ["front-diagnosis", "front-code", "front-at-admission"].map(|key| scene.text(key)).into(),
        rows: diagnoses(fields, scene),
        ..FormPart::default()
    });
    let operation = |of: &FrontOperation| {
        FormRow::from(vec![
            of.name.clone(),
            of.code.clone().unwrap_or_default(),
            of.time.as_ref().map(|at| scene.minute(at)).unwrap_or_default(),
            of.surgeon.words().unwrap_or_default().to_owned(),
            scene.list(&of.anaesthesia),
        ])
    };
    let columns = ["front-operation", "front-code", "front-day", "front-surgeon", "front-anaesthesia"];
    if !fields.operations.is_empty() {
        parts.push(FormPart {
            columns: columns.map(|key| scene.text(key)).into(),
            rows: fields.operations.iter().map(operation).collect(),
            ..FormPart::default()
        });
    }
    parts.push(fees(fields, scene));
    let key = if fields.composed { "front-form-composed" } else { "front-form" };
    Form { title: scene.text(key), open: true, parts }
}

fn who(entry: &Entry<FrontPageFields>, look: &Look<'_>) -> Vec<Labelled> {
    let (fields, scene, banner) = (&entry.fields, &look.scene, look.banner);
    // A stay that names no hospital is its source's.
    let source = entry.fact.origins.first().and_then(|origin| {
        look.reports.iter().find(|report| report.id == origin.source).map(|report| scene.of(&report.name))
    });
    let none = || scene.text("not-said");
    let time = |at: &Option<ClinicalTime>| at.as_ref().map_or_else(none, |at| scene.minute(at));
    let text = |said: &Option<String>| said.clone().unwrap_or_else(none);
    let days = fields.days().map_or_else(none, |days| scene.with("front-days-count", &[("days", Arg::from(days))]));
    let pairs = [
        ("front-name", banner.name.clone()),
        ("front-sex", crate::shell::sex(banner.sex.as_deref(), scene)),
        ("born", banner.birth_date.as_deref().map_or_else(none, |text| scene.date(text))),
        ("front-hospital", fields.hospital.clone().or(source).unwrap_or_else(none)),
        ("front-department", text(&fields.department)),
        ("front-ward", text(&fields.location)),
        ("front-way", text(&fields.admitted_from)),
        ("front-admitted", time(&fields.admitted)),
        ("front-discharged", time(&fields.discharged)),
        ("front-days", days),
        ("front-attending", Some(scene.list(&fields.attending)).filter(|all| !all.is_empty()).unwrap_or_else(none)),
        ("front-leaving", fields.discharge_mode.as_deref().map_or_else(none, |mode| leaving(mode, scene))),
    ];
    pairs.into_iter().map(|(key, text)| Labelled { label: scene.text(key), text }).collect()
}

/// The main one first; a page without one says so.
fn diagnoses(fields: &FrontPageFields, scene: &Scene<'_>) -> Vec<FormRow> {
    let row = |key: &str, of: &FrontDiagnosis| {
        let state = match (of.admission, &of.admission_state) {
            (Some(state), _) => scene.text(&format!("at-admission-{}", state.as_str())),
            (None, Some(words)) => words.clone(),
            (None, None) => scene.text("not-said"),
        };
        let unsure = !matches!(of.verification.as_str(), "confirmed" | "");
        let text = match unsure {
            true => scene.list(&[of.text.clone(), scene.coded("verification-", &of.verification)]),
            false => of.text.clone(),
        };
        let name = scene.with(key, &[("name", Arg::from(text))]);
        let href = of.origins.first().and_then(|one| one.path(Section::FrontPage));
        FormRow { cells: vec![name, of.icd10.clone().unwrap_or_default(), state], href }
    };
    let main = match &fields.main_diagnosis {
        Some(main) => row("front-main-row", main),
        None => vec![scene.text("front-no-main"), String::new(), String::new()].into(),
    };
    std::iter::once(main).chain(fields.other_diagnoses.iter().map(|of| row("front-other-row", of))).collect()
}

fn fees(fields: &FrontPageFields, scene: &Scene<'_>) -> FormPart {
    let Some(totals) = &fields.totals else {
        let pairs = vec![Labelled { label: scene.text("front-total"), text: scene.text("front-no-total") }];
        return FormPart { pairs, ..FormPart::default() };
    };
    let sum = Labelled { label: scene.text("front-total"), text: total(totals, scene) };
    let classes = totals
        .by_class
        .iter()
        .map(|of| Labelled { label: class(of.number, of.name.as_deref(), scene), text: of.amount.to_string() });
    FormPart { pairs: std::iter::once(sum).chain(classes).collect(), ..FormPart::default() }
}
