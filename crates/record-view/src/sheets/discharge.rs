//! 出院小结

use ehr::{DischargeFields, Entry, Named, Origin, Section, StayDiagnosis, Succession};
use web::render::{Arg, Html};

use crate::facts::SourceMark;
use crate::sheet::{Cell, Cells, DocumentView, Labelled, Look, SheetView, Tag, status_tag};
use crate::visits::NoteView;

/// Discharge summaries.
pub struct DischargeView;

impl SheetView for DischargeView {
    type Fields = DischargeFields;
    const SECTION: Section = Section::Discharge;
    const COLUMNS: &'static [&'static str] =
        &["discharge-stay", "discharge-admission-diagnoses", "discharge-discharge-diagnoses", "discharge-authors"];

    fn successions(entry: &Entry<DischargeFields>) -> Vec<&Succession> {
        vec![&entry.fields.succession]
    }

    fn row(entry: &Entry<DischargeFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let stay = [("discharge-admitted", &fields.admitted), ("discharge-discharged", &fields.discharged)];
        let stay = stay
            .into_iter()
            .filter_map(|(key, at)| Some(scene.with(key, &[("at", Arg::from(scene.minute(at.as_ref()?)))])));
        let texts = [("discharge-course", &fields.course), ("discharge-plan", &fields.plan)];
        let texts =
            texts.into_iter().filter_map(|(key, text)| Some(Labelled { label: scene.text(key), text: text.clone()? }));
        Cells {
            title: fields.title.clone(),
            tag: match fields.succession.superseded {
                true => Some(Tag { text: scene.text("note-status-superseded"), tone: "warn" }),
                false => status_tag("report-", &entry.fact.status, &["final"], scene),
            },
            related: look.targets.words(&fields.succession, scene),
            cells: vec![
                Cell { number: true, ..Cell::lines(stay.collect()) },
                Cell::explained(Self::SECTION, fields.admission_diagnoses.iter().map(explained)),
                Cell::explained(Self::SECTION, fields.discharge_diagnoses.iter().map(explained)),
                Cell::lines(fields.authors.iter().filter_map(Named::words).map(str::to_owned).collect()),
            ],
            texts: texts.collect(),
            notes: words(entry, look).into_iter().collect(),
            documents: fields.document.iter().map(|link| DocumentView::new(link, scene)).collect(),
            ..Cells::default()
        }
    }

    fn statement(entry: &Entry<DischargeFields>, look: &Look<'_>) -> String {
        look.scene.list(&entry.fields.discharge_diagnoses.iter().map(diagnosis).collect::<Vec<_>>())
    }
}

fn explained(of: &StayDiagnosis) -> (String, &[Origin]) {
    (diagnosis(of), &of.origins)
}

fn diagnosis(of: &StayDiagnosis) -> String {
    match &of.icd10 {
        Some(code) => format!("{} {code}", of.text),
        None => of.text.clone(),
    }
}

/// The whole summary, as far as it could be had.
fn words(entry: &Entry<DischargeFields>, look: &Look<'_>) -> Option<NoteView> {
    let (fields, scene) = (&entry.fields, &look.scene);
    let body_html = fields.html.as_ref().map(|html| Html::from_escaped(html.as_str().to_owned()));
    let missing = fields.text.is_none() && body_html.is_none();
    let remark = fields.remark.map(|key| match missing {
        true => {
            let why = if scene.words.has(key) { scene.text(key) } else { scene.text("why-unknown") };
            scene.with("note-missing", &[("why", Arg::from(why))])
        }
        false => scene.text(key),
    });
    let origin = entry.fact.origins.first()?;
    (!missing || remark.is_some()).then(|| NoteView {
        id: format!("{}-text", entry.fact.id),
        title: scene.text("discharge-text"),
        about: String::new(),
        status: None,
        superseded: false,
        related: Vec::new(),
        text: fields.text.clone(),
        body_html,
        remark,
        document: None,
        fresh: None,
        source: SourceMark::of(&origin.source, look.reports, scene),
    })
}
