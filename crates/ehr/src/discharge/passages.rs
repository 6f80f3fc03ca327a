//! What the pieces of a discharge summary are about: by LOINC, else by their titles.

// not shown: words that hospitals write, only compared with.

use fhir::rows::CodeableConcept;

use super::says;
use crate::concept::{has_code, said_form, words};
use crate::document::SafeHtml;
use crate::document::cda::Passage;
use crate::document::content::mime;

/// LOINC: discharge summary.
const DISCHARGE: &str = "18842-5";
/// In words.
const DISCHARGE_WORDS: [&str; 5] = ["出院小结", "出院记录", "出院总结", "dischargesummary", "dischargenote"];
/// Roles of a diagnosis in its visit (<https://terminology.hl7.org/CodeSystem-diagnosis-role.html>), as words or codes.
pub(super) const ADMISSION_ROLES: &[&str] = &["ad", "admissiondiagnosis", "入院诊断", "接诊诊断"];
pub(super) const DISCHARGE_ROLES: &[&str] = &["dd", "dischargediagnosis", "出院诊断", "离院诊断"];

/// Titled pieces of one text.
const MOST_PASSAGES: usize = 200;

/// What a piece is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// 入院诊断
    Admission,
    /// 出院诊断
    Discharge,
    /// 诊疗经过
    Course,
    /// 出院医嘱
    Plan,
}

/// LOINC codes of sections (<https://loinc.org/18842-5>).
const CODES: [(&str, About); 7] = [
    ("46241-6", About::Admission),
    ("42347-5", About::Admission),
    ("11535-2", About::Discharge),
    ("78375-3", About::Discharge),
    ("8648-8", About::Course),
    ("18776-5", About::Plan),
    ("8653-8", About::Plan),
];
/// Beginnings of titles.
const TITLES: [(&str, About); 18] = [
    ("入院诊断", About::Admission),
    ("admissiondiagnos", About::Admission),
    ("hospitaladmissiondiagnos", About::Admission),
    ("出院诊断", About::Discharge),
    ("离院诊断", About::Discharge),
    ("dischargediagnos", About::Discharge),
    ("hospitaldischargediagnos", About::Discharge),
    ("诊疗经过", About::Course),
    ("诊治经过", About::Course),
    ("住院经过", About::Course),
    ("治疗经过", About::Course),
    ("入院后诊疗", About::Course),
    ("hospitalcourse", About::Course),
    ("出院医嘱", About::Plan),
    ("出院后注意", About::Plan),
    ("随访", About::Plan),
    ("planofcare", About::Plan),
    ("dischargeinstructions", About::Plan),
];

/// Is a document of this kind a discharge summary?
pub(super) fn is_discharge(kind: Option<&CodeableConcept<'_>>, category: &[CodeableConcept<'_>]) -> bool {
    let said = |concept: &CodeableConcept<'_>| {
        let form = said_form(&words(concept));
        DISCHARGE_WORDS.iter().any(|word| form.contains(word))
    };
    says(kind, DISCHARGE) || has_code(category, DISCHARGE) || kind.is_some_and(said)
}

pub(super) fn about(passage: &Passage) -> Option<About> {
    let by_code = passage.code.as_deref().and_then(|code| CODES.iter().find(|(known, _)| *known == code));
    let form = passage.title.as_deref().map(said_form).unwrap_or_default();
    let by_title = || TITLES.iter().find(|(start, _)| form.starts_with(start));
    by_code.or_else(by_title).map(|(_, about)| *about)
}

/// Titled pieces of plain text: a title stands in 【】 at the beginning of a line. The whole text is shown beside them, so
/// none is lost of those beyond [`MOST_PASSAGES`].
pub(super) fn of_text(text: &str) -> Vec<Passage> {
    let mut passages: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let titled = line.trim_start().strip_prefix('【').and_then(|line| line.split_once('】'));
        if titled.is_some() && passages.len() == MOST_PASSAGES {
            break;
        }
        match (titled, passages.last_mut()) {
            (Some((title, rest)), _) => {
                passages.push((title.to_owned(), rest.trim_start_matches([':', '：']).to_owned()))
            }
            (None, Some((_, own))) => {
                own.push('\n');
                own.push_str(line);
            }
            (None, None) => {}
        }
    }
    let passage =
        |(title, text): (String, String)| Passage { code: None, title: Some(title), html: SafeHtml::of_lines(&text) };
    passages.into_iter().map(passage).collect()
}

/// Several pieces may be about the same.
pub(super) fn append(place: &mut Option<String>, words: &str) {
    match place {
        Some(said) => {
            said.push('\n');
            said.push_str(words);
        }
        None => *place = Some(words.to_owned()),
    }
}

/// Clinical documents come apart best, then plain text, then HTML.
pub(super) fn rank(content_type: Option<&str>) -> u8 {
    match mime(content_type).as_str() {
        "text/xml" | "application/xml" | "application/hl7-v3+xml" | "application/cda+xml" => 0,
        "text/plain" => 1,
        "text/html" | "application/xhtml+xml" => 2,
        other if other.starts_with("text/") => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_known_by_code_or_title() {
        let of = |code: Option<&str>, title: &str| {
            about(&Passage { code: code.map(str::to_owned), title: Some(title.to_owned()), ..Passage::default() })
        };
        assert_eq!(of(Some("8648-8"), "经过"), Some(About::Course));
        assert_eq!(of(Some("x"), "出院诊断（西医）"), Some(About::Discharge));
        assert_eq!(of(None, "Hospital Admission Diagnoses"), Some(About::Admission));
        assert_eq!(of(None, "出院情况"), None);
    }

    #[test]
    fn plain_text_comes_apart_at_its_titles() {
        let passages = of_text("张三\n【出院诊断】1. 肺炎\n2. <b>高血压</b>\n【出院医嘱】：\n休息");
        let said: Vec<(Option<&str>, String)> =
            passages.iter().map(|one| (one.title.as_deref(), one.html.words())).collect();
        assert_eq!(
            said,
            [(Some("出院诊断"), "1. 肺炎\n2. <b>高血压</b>".to_owned()), (Some("出院医嘱"), "休息".to_owned())]
        );
    }

    #[test]
    fn a_text_of_titles_alone_comes_apart_quickly() {
        let before = testbed::process::thread_cpu_ns();
        let passages = of_text(&"【】\n".repeat(crate::document::content::LONGEST_TEXT / 7));
        let took = (testbed::process::thread_cpu_ns() - before) / 1_000_000;
        assert_eq!(passages.len(), MOST_PASSAGES);
        assert!(took < 300, "{took} ms");
    }
}
