//! 手术麻醉

use ehr::{Entry, Note, Section, SurgeryFields, TeamMember};

use crate::Scene;
use crate::sheet::{Cell, Cells, Labelled, Look, SheetView, status_tag};
use crate::visits::NoteView;

/// Operations and other procedures.
pub struct SurgeryView;

impl SheetView for SurgeryView {
    type Fields = SurgeryFields;
    const SECTION: Section = Section::Surgery;
    const COLUMNS: &'static [&'static str] =
        &["surgery-team", "surgery-anaesthesia", "surgery-until", "surgery-outcome"];

    fn notes(entry: &Entry<SurgeryFields>) -> &[Note] {
        &entry.fields.notes
    }

    fn row(entry: &Entry<SurgeryFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let about =
            fields.category.iter().chain(&fields.reasons).chain(&fields.body_site).chain(&fields.performed_text);
        let about: Vec<String> = about.cloned().chain(fields.location.words().map(str::to_owned)).collect();
        let notes = fields
            .notes
            .iter()
            .map(|note| NoteView::new(note, look.reports, look.targets, scene).explained(Self::SECTION, &note.origin));
        Cells {
            title: (entry.fact.kind == "DocumentReference" && entry.fact.code.text.is_empty())
                .then(|| scene.text("note-title-not-said")),
            sub: Some(scene.list(&about)).filter(|sub| !sub.is_empty()),
            tag: match entry.fact.kind {
                "Procedure" => status_tag("event-", &entry.fact.status, &["completed"], scene),
                "Observation" => status_tag("finding-", &entry.fact.status, &["final"], scene),
                // A note says its own status below.
                _ => None,
            },
            cells: vec![
                Cell::lines(fields.team.iter().map(|member| member_words(member, scene)).collect()),
                Cell::lines(anaesthesia(fields, scene)),
                Cell::number(fields.ended().map(|at| scene.minute(at))),
                Cell::lines(outcome(fields, scene)),
            ],
            texts: texts(fields, scene),
            notes: notes.collect(),
            ..Cells::default()
        }
    }
}

/// Kinds of anaesthesia, and the ASA class.
fn anaesthesia(fields: &SurgeryFields, scene: &Scene<'_>) -> Vec<String> {
    let class = fields.asa.as_deref().map(|class| match class.to_ascii_uppercase().contains("ASA") {
        true => class.to_owned(),
        false => scene.with("surgery-asa", &[("class", class.into())]),
    });
    fields.anaesthesia.iter().cloned().chain(class).collect()
}

/// What came of it; complications are named as such, and their absence never claimed.
fn outcome(fields: &SurgeryFields, scene: &Scene<'_>) -> Vec<String> {
    let complications = (!fields.complications.is_empty())
        .then(|| scene.with("surgery-complications", &[("what", scene.list(&fields.complications).into())]));
    fields.outcome.iter().cloned().chain(complications).chain(fields.status_reason.clone()).collect()
}

fn texts(fields: &SurgeryFields, scene: &Scene<'_>) -> Vec<Labelled> {
    let one = |key: &str, lines: &[String], between: &str| {
        let text = lines.join(between);
        (!text.is_empty()).then(|| Labelled { label: scene.text(key), text })
    };
    let used = one("surgery-used", &fields.used, &scene.text("list-separator"));
    used.into_iter().chain(one("sheet-remarks", &fields.remarks, "\n")).collect()
}

fn member_words(member: &TeamMember, scene: &Scene<'_>) -> String {
    let name = member.name.words().unwrap_or_default();
    match &member.function {
        Some(function) => scene.with("team-member", &[("name", name.into()), ("function", function.as_str().into())]),
        None => name.to_owned(),
    }
}
