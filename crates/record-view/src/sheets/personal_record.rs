//! 个人健康档案

use ehr::{Answered, Entry, PersonalFields, PersonalKind, RelativeCondition, Section};

use super::nursing::value_words;
use crate::Scene;
use crate::sheet::{Cell, Cells, Labelled, Look, SheetView, Tag, status_tag};

/// Family history, habits, vaccinations, questionnaires.
pub struct PersonalRecordView;

impl SheetView for PersonalRecordView {
    type Fields = PersonalFields;
    const SECTION: Section = Section::PersonalRecord;
    const COLUMNS: &'static [&'static str] = &["personal-value", "personal-by"];

    fn row(entry: &Entry<PersonalFields>, look: &Look<'_>) -> Cells {
        let (fields, scene) = (&entry.fields, &look.scene);
        let status = status(entry, scene);
        let own = fields.self_reported.then(|| scene.text("personal-self-reported"));
        // One word in a box: what is the patient's own word goes before; a status beside it stands in the line below.
        let (tag, beside) = match (own, status) {
            (Some(own), status) => (Some(Tag { text: own, tone: "brand" }), status.map(|tag| tag.text)),
            (None, status) => (status, None),
        };
        let sub: Vec<String> = fields.relative.iter().cloned().chain(beside).collect();
        let by = fields.entered_by.iter().filter_map(|by| by.words().map(str::to_owned)).collect();
        Cells {
            title: title(entry, scene),
            sub: Some(scene.list(&sub)).filter(|sub| !sub.is_empty()),
            tag,
            cells: vec![Cell::lines(said(entry, scene)), Cell::lines(by)],
            texts: texts(fields, scene),
            ..Cells::default()
        }
    }

    fn group(entry: &Entry<PersonalFields>, look: &Look<'_>) -> Option<String> {
        Some(look.scene.text(&format!("personal-group-{}", entry.fields.what.as_str())))
    }
}

fn status(entry: &Entry<PersonalFields>, scene: &Scene<'_>) -> Option<Tag> {
    let status = &entry.fact.status;
    match entry.fields.what {
        PersonalKind::FamilyHistory => status_tag("family-", status, &["completed"], scene),
        PersonalKind::SocialHistory => status_tag("finding-", status, &["final"], scene),
        PersonalKind::Immunization => status_tag("event-", status, &["completed"], scene),
        PersonalKind::Questionnaire => status_tag("answers-", status, &["completed"], scene),
    }
}

fn title(entry: &Entry<PersonalFields>, scene: &Scene<'_>) -> Option<String> {
    let own = || scene.text(&format!("personal-{}", entry.fields.what.as_str()));
    match entry.fields.what {
        PersonalKind::Questionnaire => {
            // A reference that could not be followed is no name for people.
            let named = entry.fields.questionnaire.words().filter(|words| !words.starts_with("Questionnaire/"));
            Some(named.map(str::to_owned).unwrap_or_else(own))
        }
        _ => entry.fact.code.text.is_empty().then(own),
    }
}

/// What is said, line by line.
fn said(entry: &Entry<PersonalFields>, scene: &Scene<'_>) -> Vec<String> {
    let fields = &entry.fields;
    let mut lines: Vec<String> = fields.conditions.iter().map(|one| condition(one, scene)).collect();
    lines.extend(fields.value.as_ref().map(value_words));
    lines.extend(fields.text.as_deref().map(|text| yes_or_no(text, scene)));
    for part in &fields.components {
        let value = part.value.as_ref().map(value_words).unwrap_or_else(|| scene.text("not-said"));
        let args = [("name", part.code.text.as_str().into()), ("value", value.as_str().into())];
        lines.push(scene.with("nursing-part", &args));
    }
    let dose = |dose: &String| scene.with("personal-dose", &[("dose", dose.as_str().into())]);
    lines.extend(fields.dose.as_ref().map(dose));
    let lot = |lot: &String| scene.with("personal-lot", &[("lot", lot.as_str().into())]);
    lines.extend(fields.lot.as_ref().map(lot));
    lines.extend(fields.reason.clone());
    lines.extend(fields.deceased.as_deref().map(|text| match text {
        "true" => scene.text("personal-deceased"),
        "false" => scene.text("personal-living"),
        at => scene.with("personal-deceased-at", &[("at", at.into())]),
    }));
    if fields.what == PersonalKind::Questionnaire {
        lines.push(scene.with("personal-answers", &[("count", fields.answers.len().into())]));
    }
    if lines.is_empty() {
        lines.extend(fields.absent.clone());
    }
    lines
}

fn condition(one: &RelativeCondition, scene: &Scene<'_>) -> String {
    let onset = one.onset.as_ref().map(|at| scene.with("personal-onset", &[("at", at.as_str().into())]));
    let died = (one.contributed_to_death == Some(true)).then(|| scene.text("personal-died-of-it"));
    let said = std::iter::once(one.code.text.clone()).chain(onset).chain(one.outcome.clone()).chain(died);
    said.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn yes_or_no(text: &str, scene: &Scene<'_>) -> String {
    match text {
        "true" => scene.text("answer-yes"),
        "false" => scene.text("answer-no"),
        text => text.to_owned(),
    }
}

fn texts(fields: &PersonalFields, scene: &Scene<'_>) -> Vec<Labelled> {
    let line = |one: &Answered| {
        let answers: Vec<String> = one.answers.iter().map(|answer| yes_or_no(answer, scene)).collect();
        let indent = "\u{3000}".repeat(one.depth);
        match answers.is_empty() {
            true => format!("{indent}{}", one.question),
            false => {
                let (question, answers) = (one.question.trim_end(), scene.list(&answers));
                match question.ends_with(['？', '?', '：', ':']) {
                    true => format!("{indent}{question} {answers}"),
                    false => {
                        let args = [("name", question.into()), ("value", answers.into())];
                        format!("{indent}{}", scene.with("nursing-part", &args))
                    }
                }
            }
        }
    };
    let answers = fields.answers.iter().map(line).collect::<Vec<_>>().join("\n");
    let of_relatives = fields.conditions.iter().flat_map(|one| &one.remarks);
    let remarks = fields.remarks.iter().chain(of_relatives).cloned().collect::<Vec<_>>().join("\n");
    let both = [("personal-questions", answers), ("sheet-remarks", remarks)];
    let labelled = both.into_iter().filter(|(_, text)| !text.is_empty());
    labelled.map(|(key, text)| Labelled { label: scene.text(key), text }).collect()
}
