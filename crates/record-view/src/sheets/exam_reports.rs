//! 检查结果(影像除外)

use ehr::{Entry, ExamReportFields, Named, Section};
use web::render::{Arg, Html};

use crate::facts::SourceMark;
use crate::sheet::{Cell, Cells, DocumentView, Labelled, Look, SheetView, status_tag};
use crate::visits::NoteView;

/// Reports that are no laboratory's.
pub struct ExamReportsView;

impl SheetView for ExamReportsView {
    type Fields = ExamReportFields;
    const SECTION: Section = Section::ExamReports;
    const REVIEWED: bool = true;
    const COLUMNS: &'static [&'static str] = &["exam-conclusion", "exam-performer", "exam-issued", "exam-images"];

    fn row(entry: &Entry<ExamReportFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let images = scene.with("exam-images-count", &[("count", Arg::from(fields.images.len()))]);
        let concluded = fields.conclusion.iter().chain(&fields.conclusion_codes).cloned().collect();
        let shown: Vec<Labelled> = fields
            .images
            .iter()
            .filter_map(|image| image.comment.clone())
            .map(|text| Labelled { label: scene.text("exam-images"), text })
            .collect();
        Cells {
            sub: fields.category.as_deref().map(|category| scene.coded("exam-category-", category)),
            tag: status_tag("report-", &entry.fact.status, &["final"], scene),
            cells: vec![
                Cell::lines(concluded),
                Cell::lines(names(&fields.performer, &fields.interpreter)),
                Cell::number(fields.issued.as_ref().map(|at| scene.minute(at))),
                Cell::text((!fields.images.is_empty()).then_some(images)),
            ],
            texts: shown,
            notes: words(entry, look).into_iter().collect(),
            documents: fields.documents.iter().map(|link| DocumentView::new(link, scene)).collect(),
            ..Cells::default()
        }
    }

    fn statement(entry: &Entry<ExamReportFields>, look: &Look<'_>) -> String {
        let status = status_tag("report-", &entry.fact.status, &["final"], &look.scene);
        let said = entry.fields.conclusion.clone().into_iter().chain(status.map(|tag| tag.text));
        look.scene.list(&said.collect::<Vec<_>>())
    }
}

/// Each once, those who interpreted after those who reported.
fn names(performer: &[Named], interpreter: &[Named]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in performer.iter().chain(interpreter).filter_map(Named::words) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The report's own words, where they came along.
fn words(entry: &Entry<ExamReportFields>, look: &Look<'_>) -> Option<NoteView> {
    let fields = &entry.fields;
    let body_html = fields.html.as_ref().map(|html| Html::from_escaped(html.as_str().to_owned()));
    let origin = entry.fact.origins.first()?;
    (fields.text.is_some() || body_html.is_some()).then(|| NoteView {
        id: format!("{}-text", entry.fact.id),
        title: look.scene.text("exam-text"),
        about: String::new(),
        status: None,
        superseded: false,
        related: Vec::new(),
        text: fields.text.clone(),
        body_html,
        remark: fields.encoding.map(|key| look.scene.text(key)),
        document: None,
        fresh: None,
        source: SourceMark::of(&origin.source, look.reports, &look.scene),
    })
}
