//! What of the summary and of visits a patient sees.

use jiff::Timestamp;

use super::{EXPLAINED, IN_PROGRESS, Release, Rule, has_passed, policy};
use crate::document::SafeHtml;
use crate::document::content::Content;
use crate::joined::Item;
use crate::outpatient::{Note, NoteContent, NoteVisit, Visit, VisitDiagnosis, Visits};
use crate::sheet::Fields;
use crate::{Allergies, AllergyState, Entry, Fact, Held, Part, PartList, Section, Summary};

/// A part that is shown.
#[derive(Debug, serde::Deserialize)]
pub(super) struct PartRule {
    part: Part,
    release: Release,
    hours: Option<i64>,
    settled: Option<Vec<String>>,
    /// May documents be shown whose words nobody here can read: PDF, pictures?
    #[serde(default)]
    files: bool,
}

/// What was taken out, by reason.
#[derive(Default)]
struct Counted {
    in_progress: usize,
    explained: usize,
}

impl Counted {
    /// True when it stays.
    fn take(&mut self, held: Option<&'static str>) -> bool {
        match held {
            None => return true,
            Some(IN_PROGRESS) => self.in_progress += 1,
            Some(_) => self.explained += 1,
        }
        false
    }

    fn add_to(self, held: &mut Vec<Held>) {
        for (reason_key, count) in [(IN_PROGRESS, self.in_progress), (EXPLAINED, self.explained)] {
            match held.iter_mut().find(|known| known.reason_key == reason_key) {
                Some(known) => known.count += count,
                None if count > 0 => held.push(Held { reason_key, count }),
                None => {}
            }
        }
    }
}

/// Why a fact of this part is held. `certainty` is the status that `settled` is about.
fn held(of: Part, fact: &Fact, certainty: &str, more: &[&str], now: Timestamp) -> Option<&'static str> {
    let texts = [fact.code.text.as_str()].into_iter().chain(more.iter().copied());
    // Rules name ICD-10. Codes of medicines look alike: C09CA03 is valsartan (ATC), C09 a cancer.
    let diagnoses = matches!(of, Part::Problems | Part::Diagnoses | Part::Encounters);
    let codings = fact.code.codings.iter().filter(|_| diagnoses);
    let codes: Vec<&str> = codings.map(|coding| coding.code.as_str()).collect();
    held_by(of, texts, &codes, fact.time.as_ref(), certainty, now)
}

fn held_by<'t>(
    of: Part,
    texts: impl Iterator<Item = &'t str>,
    codes: &[&str],
    time: Option<&crate::ClinicalTime>,
    certainty: &str,
    now: Timestamp,
) -> Option<&'static str> {
    let Some(part) = policy().parts.iter().find(|rule| rule.part == of) else { return Some(EXPLAINED) };
    let released = match part.release {
        Release::Immediate => true,
        Release::Delayed => part.hours.is_some_and(|hours| has_passed(hours, time, now)),
        _ => false,
    };
    let forms: Vec<String> = texts.map(patients::search_form).collect();
    let stands = |rule: &&Rule| !rule.hours.is_some_and(|hours| has_passed(hours, time, now));
    let named = |rule: &Rule| {
        rule.names(&forms, None) || codes.iter().any(|code| rule.names(&[], Some(&code.to_ascii_uppercase())))
    };
    if !released || policy().rules.iter().filter(stands).any(named) {
        return Some(EXPLAINED);
    }
    part.unsettled(certainty)
}

impl PartRule {
    /// Held for its status alone?
    fn unsettled(&self, status: &str) -> Option<&'static str> {
        let settled = self.settled.as_ref().is_none_or(|settled| settled.iter().any(|one| one == status));
        (!settled).then_some(IN_PROGRESS)
    }
}

fn retain<T: Item>(list: &mut PartList<T>, counted: &mut Counted, why: impl Fn(&T) -> Option<&'static str>) {
    let mut taken = Vec::new();
    let mut keep = |item: &T| {
        let stays = counted.take(why(item));
        if !stays {
            taken.push(item.fact().id.clone());
        }
        stays
    };
    list.items.retain(&mut keep);
    list.past.retain(&mut keep);
    // What contradicts each other is shown together or not at all: one of two doses alone would be taken for the dose.
    loop {
        let alone = |item: &T| item.fact().conflict.iter().any(|id| taken.contains(id));
        let follow: Vec<String> =
            list.items.iter().chain(&list.past).filter(|item| alone(item)).map(|item| item.fact().id.clone()).collect();
        if follow.is_empty() {
            return;
        }
        counted.explained += follow.len();
        list.items.retain(|item| !follow.contains(&item.fact().id));
        list.past.retain(|item| !follow.contains(&item.fact().id));
        taken.extend(follow);
    }
}

/// Takes out of a section's entries what the patient may not see at `now`, and counts it. What contradicts each other is
/// shown together or not at all.
pub(crate) fn hold_entries<F: Fields>(
    entries: &mut Vec<Entry<F>>,
    part: impl Fn(&Entry<F>) -> Part,
    said: impl for<'e> Fn(&'e Entry<F>) -> Vec<&'e str>,
    now: Timestamp,
) -> Vec<Held> {
    let (mut counted, mut told) = (Counted::default(), Vec::new());
    entries.retain_mut(|entry| {
        let Some(notes) = entry.fields.notes().filter(|notes| !notes.is_empty()) else { return true };
        notes.retain(|note| counted.take(held_note(note, now)));
        // A document that is an entry by itself is nothing without it.
        !(notes.is_empty() && entry.fact.kind == "DocumentReference")
    });
    let mut list = PartList { items: std::mem::take(entries), ..PartList::default() };
    retain(&mut list, &mut counted, |entry| {
        let own = held(part(entry), &entry.fact, &entry.fact.status, &said(entry), now);
        own.or_else(|| held_more(&entry.fields, entry.fact.time.as_ref(), now))
    });
    *entries = list.items;
    // A page is held for what any of its diagnoses says; one that is only suspected is taken out of what stays.
    let diagnoses = policy().parts.iter().find(|rule| rule.part == Part::Diagnoses);
    let suspected = |certainty: &str| diagnoses.map_or(Some(EXPLAINED), |rule| rule.unsettled(certainty));
    for entry in entries.iter_mut() {
        entry.fields.retain_diagnoses(&mut |certainty| counted.take(suspected(certainty)));
    }
    counted.add_to(&mut told);
    told
}

/// Why a fact is held for what it says beside its name: running text, and codes of diagnoses.
fn held_more<F: Fields>(fields: &F, time: Option<&crate::ClinicalTime>, now: Timestamp) -> Option<&'static str> {
    let html = fields.html().map(SafeHtml::words);
    let texts = fields.running().into_iter().chain(html.as_deref());
    let texts: Vec<String> = texts.map(patients::search_form).collect();
    let codes: Vec<String> = fields.icd10().into_iter().map(str::to_ascii_uppercase).collect();
    let stands = |rule: &&Rule| !rule.hours.is_some_and(|hours| has_passed(hours, time, now));
    let named =
        |rule: &Rule| (rule.texts && rule.names(&texts, None)) || codes.iter().any(|code| rule.names(&[], Some(code)));
    policy().rules.iter().filter(stands).any(named).then_some(EXPLAINED)
}

/// Allergies are shown whole, or not at all.
pub(crate) fn hold_allergies(allergies: &mut Allergies, _now: Timestamp) {
    if !policy().parts.iter().any(|rule| rule.part == Part::Allergies && rule.release == Release::Immediate) {
        *allergies = Allergies { state: AllergyState::NotPermitted, ..Allergies::default() };
    }
}

/// Takes out of a summary what the patient may not see at `now`, and counts it. Its results have been held before.
pub(crate) fn hold_summary(summary: &mut Summary, now: Timestamp) {
    hold_allergies(&mut summary.allergies, now);
    let mut counted = Counted::default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    retain(&mut summary.problems, &mut counted, |one| {
        held(Part::Problems, &one.fact, &one.verification, &[&one.notes.join("\n")], now)
    });
    retain(&mut summary.medicines, &mut counted, |one| {
        held(Part::Medicines, &one.fact, &one.fact.status, &[&text(&one.reason)], now)
    });
    retain(&mut summary.immunizations, &mut counted, |one| {
        held(Part::Immunizations, &one.fact, &one.fact.status, &[], now)
    });
    retain(&mut summary.procedures, &mut counted, |one| {
        held(Part::Procedures, &one.fact, &one.fact.status, &[&text(&one.reason), &text(&one.outcome)], now)
    });
    retain(&mut summary.devices, &mut counted, |one| held(Part::Devices, &one.fact, &one.fact.status, &[], now));
    retain(&mut summary.reports, &mut counted, |one| {
        held(Part::Reports, &one.fact, &one.fact.status, &[&text(&one.conclusion)], now)
    });
    for visit in summary.encounters.items.iter_mut().chain(&mut summary.encounters.past) {
        hold_in_visit(visit, &mut counted, now);
    }
    counted.add_to(&mut summary.held);
}

/// Takes out of visits what the patient may not see at `now`, and counts it.
pub(crate) fn hold_visits(visits: &mut Visits, now: Timestamp) {
    let mut counted = Counted::default();
    for visit in &mut visits.visits {
        hold_in_visit(visit, &mut counted, now);
    }
    // A diagnosis of no visit that is held leaves nothing.
    visits.visits.retain(|visit| visit.fact.kind != "Condition" || !visit.diagnoses.is_empty());
    visits.loose_notes.retain(|note| counted.take(held_note(note, now)));
    counted.add_to(&mut visits.held);
}

/// Is a document of this section held for what it holds? Asked beside whether the section names it.
pub(crate) fn holds_content(content: &Content, section: Section) -> bool {
    let part = match section {
        Section::ExamReports => Part::Reports,
        Section::Discharge => Part::DischargeSummaries,
        _ => Part::Notes,
    };
    let Some(part) = policy().parts.iter().find(|rule| rule.part == part) else { return true };
    let words = match content {
        Content::File(_) | Content::Note(NoteContent::Document { .. }) => return !part.files,
        Content::Note(NoteContent::Missing { .. }) => return false,
        Content::Note(NoteContent::Text { text, .. }) => text.clone(),
        Content::Note(NoteContent::Html { html, .. }) => html.words(),
        Content::Cda(cda, _) => match cda.html() {
            Some(html) => html.words(),
            None => return false,
        },
    };
    let form = [patients::search_form(&words)];
    policy().rules.iter().filter(|rule| rule.texts).any(|rule| rule.names(&form, None))
}

/// The visit itself is the patient's own; what was written about it may not be.
fn hold_in_visit(visit: &mut Visit, counted: &mut Counted, now: Timestamp) {
    let time = visit.fact.time.clone();
    visit.reasons.retain(|reason| {
        counted.take(held_by(Part::Encounters, [reason.as_str()].into_iter(), &[], time.as_ref(), "", now))
    });
    visit.diagnoses.retain(|diagnosis| counted.take(held_diagnosis(diagnosis, time.as_ref(), now)));
    visit.notes.retain(|note| counted.take(held_note(note, now)));
}

fn held_diagnosis(of: &VisitDiagnosis, time: Option<&crate::ClinicalTime>, now: Timestamp) -> Option<&'static str> {
    let codes: Vec<&str> = of.code.codings.iter().map(|coding| coding.code.as_str()).collect();
    held_by(Part::Diagnoses, [of.code.text.as_str()].into_iter(), &codes, time, &of.verification, now)
}

fn held_note(note: &Note, now: Timestamp) -> Option<&'static str> {
    let status = note.status.as_deref().unwrap_or_default();
    let by_title = held_by(Part::Notes, [note.title.as_str()].into_iter(), &[], note.time.as_ref(), status, now);
    let text = match &note.content {
        NoteContent::Text { text, .. } => patients::search_form(text),
        // Its words: a tag in the middle of one would hide it.
        NoteContent::Html { html, .. } => patients::search_form(&html.words()),
        NoteContent::Document { .. } | NoteContent::Missing { .. } => String::new(),
    };
    let named =
        || policy().rules.iter().filter(|rule| rule.texts).any(|rule| rule.names(std::slice::from_ref(&text), None));
    // One that names no visit may be anything; that of a stay is being written until the patient has left.
    let by_visit = match note.visit {
        NoteVisit::Unknown => Some(EXPLAINED),
        NoteVisit::Open => Some(IN_PROGRESS),
        NoteVisit::Over => None,
    };
    if by_title == Some(EXPLAINED) || by_visit == Some(EXPLAINED) || named() {
        return Some(EXPLAINED);
    }
    by_title.or(by_visit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClinicalTime;
    use crate::labs::{Code, Coding};

    const NOW: &str = "2026-11-21T12:00:00+08:00";

    fn check(of: Part, text: &str, icd10: &str, certainty: &str, time: &str, expect: Option<&str>) {
        let codings = vec![Coding { system: None, code: icd10.to_owned() }];
        let code = Code { text: text.to_owned(), codings: if icd10.is_empty() { Vec::new() } else { codings } };
        let fact = Fact { code, time: ClinicalTime::parse(time), ..Fact::default() };
        assert_eq!(held(of, &fact, certainty, &[], NOW.parse().expect("instant")), expect, "{of:?} {text} {icd10}");
    }

    #[test]
    fn one_of_two_doses_is_never_shown_alone() {
        let medicine = |id: &str, status: &str, conflict: &str| crate::Medicine {
            fact: Fact {
                id: id.to_owned(),
                status: status.to_owned(),
                conflict: vec![conflict.to_owned()],
                ..Fact::default()
            },
            ..crate::Medicine::default()
        };
        let mut list =
            PartList { items: vec![medicine("a", "active", "b"), medicine("b", "draft", "a")], ..PartList::default() };
        let mut counted = Counted::default();
        retain(&mut list, &mut counted, |one| (one.fact.status == "draft").then_some(IN_PROGRESS));
        assert!(list.items.is_empty(), "{:?}", list.items);
        assert_eq!((counted.in_progress, counted.explained), (1, 1));
    }

    #[test]
    fn what_a_patient_sees() {
        check(Part::Problems, "高血压", "I10", "confirmed", "2014", None);
        check(Part::Problems, "高血压", "I10", "provisional", "2014", Some(IN_PROGRESS));
        check(Part::Problems, "免疫缺陷病", "B20.1", "", "2014", Some(EXPLAINED));
        check(Part::Problems, "HIV 感染", "", "provisional", "2014", Some(EXPLAINED));
        check(Part::Problems, "肺恶性肿瘤", "C34.9", "", "2026-11-10", Some(EXPLAINED));
        check(Part::Problems, "肺恶性肿瘤", "C34.9", "", "2026-01-10", None);
        check(Part::Medicines, "缬沙坦胶囊", "C09CA03", "active", "2026-11-20", None);
        check(Part::Diagnoses, "梅毒", "A53.9", "", "2020", Some(EXPLAINED));
        check(Part::Reports, "胸部 CT", "", "final", "2026-11-20", Some(EXPLAINED));
        check(Part::Reports, "胸部 CT", "", "final", "2026-11-01", None);
        check(Part::Reports, "胸部 CT", "", "preliminary", "2026-11-01", Some(IN_PROGRESS));
        check(Part::Reports, "胸部 CT", "", "final", "", Some(EXPLAINED));
        // Not in the file: not shown.
        check(Part::Results, "钾", "", "final", "2020", Some(EXPLAINED));
    }

    #[test]
    fn notes_are_held_by_what_they_say_and_not_by_every_word() {
        let of = |text: &str, status: Option<&str>, visit: NoteVisit| {
            let content = NoteContent::Text { text: text.to_owned(), encoding: Default::default() };
            let status = status.map(str::to_owned);
            let note = Note { title: "门诊病历".into(), content, status, visit, ..Note::default() };
            held_note(&note, NOW.parse().expect("instant"))
        };
        let note = |text: &str, status: Option<&str>| of(text, status, NoteVisit::Over);
        assert_eq!(note("病理反射未引出，否认乙肝病史", Some("final")), None);
        assert_eq!(note("病理反射未引出", None), None);
        assert_eq!(note("HIV 抗体待查", Some("final")), Some(EXPLAINED));
        assert_eq!(note("一切正常", Some("preliminary")), Some(IN_PROGRESS));
        assert_eq!(of("一切正常", Some("final"), NoteVisit::Open), Some(IN_PROGRESS));
        assert_eq!(of("HIV 抗体待查", Some("final"), NoteVisit::Open), Some(EXPLAINED));
        assert_eq!(of("一切正常", Some("final"), NoteVisit::Unknown), Some(EXPLAINED));
    }

    #[test]
    fn a_word_that_tags_divide_is_a_word() {
        let now = NOW.parse().expect("instant");
        let html = crate::document::sanitise("<p>H<span>I</span><b>V</b> 抗体待查</p>").expect("short");
        let content = NoteContent::Html { html: html.clone(), encoding: Default::default() };
        let note = Note { title: "门诊病历".into(), content, status: Some("final".into()), ..Note::default() };
        assert_eq!(held_note(&note, now), Some(EXPLAINED));
        let summary = crate::DischargeFields { html: Some(html.clone()), ..Default::default() };
        assert_eq!(held_more(&summary, None, now), Some(EXPLAINED));
        let report = crate::ExamReportFields { html: Some(html), ..Default::default() };
        assert_eq!(held_more(&report, None, now), Some(EXPLAINED));
    }
}
