//! Which section a clinical note belongs to, by its type: the code where it is one of LOINC's, else what it is called.

// not shown: words that hospitals write, only compared with.

use fhir::rows::DocumentReference;

/// What a note is about, as far as a section of its own shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoteKind {
    /// 手术记录, 麻醉记录 and what belongs to them.
    Operation,
    /// 护理记录
    Nursing,
}

/// Operation notes (<https://hl7.org/fhir/us/ccda/ValueSet-2.16.840.1.113883.11.20.1.1.html>) and the procedure note.
const OPERATION: [&str; 13] = [
    "11504-8", "28573-4", "28583-3", "28624-5", "34137-0", "34818-5", "34868-0", "34870-6", "34871-4", "34874-8",
    "34877-1", "78240-9", "28570-0",
];
/// Nurse note and nurse's transfer note (<https://loinc.org/34746-8>).
const NURSING: [&str; 2] = ["34746-8", "28651-8"];
/// In names of notes; the first kind that has one is it: 手术室护理记录 is nursing's.
const WORDS: [(&str, NoteKind); 10] = [
    ("护理", NoteKind::Nursing),
    ("体温单", NoteKind::Nursing),
    ("nurs", NoteKind::Nursing),
    ("手术", NoteKind::Operation),
    ("麻醉", NoteKind::Operation),
    ("术前", NoteKind::Operation),
    ("术后", NoteKind::Operation),
    ("operati", NoteKind::Operation),
    ("surgical", NoteKind::Operation),
    ("nesthe", NoteKind::Operation),
];
/// What only sounds like an operation.
const NOT: [&str; 3] = ["非手术", "postoperative nausea", "cooperati"];

/// `None` for all other notes.
pub(crate) fn note_kind(row: &DocumentReference<'_>) -> Option<NoteKind> {
    let kind = row.kind.unwrap_or_default();
    let codes = || kind.coding.iter().filter(|coding| coding.system.is_none_or(|system| system.contains("loinc")));
    let coded = |known: &[&str]| codes().filter_map(|coding| coding.code).any(|code| known.contains(&code.trim()));
    if coded(&OPERATION) {
        return Some(NoteKind::Operation);
    }
    if coded(&NURSING) {
        return Some(NoteKind::Nursing);
    }
    let titles = row.content.iter().filter_map(|content| content.attachment?.title);
    let displays = kind.coding.iter().filter_map(|coding| coding.display);
    // What a type says goes before a title, which people write as they like.
    kind.text.into_iter().chain(displays).chain(titles).chain(row.description).find_map(by_words)
}

fn by_words(text: &str) -> Option<NoteKind> {
    let form = crate::concept::said_form(text);
    if NOT.iter().any(|words| form.contains(&crate::concept::said_form(words))) {
        return None;
    }
    WORDS.iter().find(|(word, _)| form.contains(word)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::{CodeableConcept, Coding};

    fn check(code: Option<&str>, text: Option<&str>, expect: Option<NoteKind>) {
        let codings: Vec<Coding<'_>> = code
            .iter()
            .map(|code| Coding { system: Some("http://loinc.org"), code: Some(code), display: None })
            .collect();
        let kind = Some(CodeableConcept { coding: &codings, text });
        assert_eq!(note_kind(&DocumentReference { kind, ..Default::default() }), expect, "{code:?} {text:?}");
    }

    #[test]
    fn by_code_then_by_words() {
        check(Some("11504-8"), Some("记录"), Some(NoteKind::Operation));
        check(Some("34746-8"), None, Some(NoteKind::Nursing));
        check(None, Some("麻醉记录"), Some(NoteKind::Operation));
        check(None, Some("一般手术记录"), Some(NoteKind::Operation));
        check(None, Some("手术室护理记录单"), Some(NoteKind::Nursing));
        check(None, Some("Pre-Anesthesia Evaluation"), Some(NoteKind::Operation));
        check(None, Some("非手术治疗方案"), None);
        check(None, Some("日常病程记录"), None);
        check(Some("18842-5"), Some("出院小结"), None);
    }
}
