//! What kind of visit: by HL7's class, else by what the hospital's own class and type say.

// not shown: words that hospitals write, only compared with.

use fhir::rows::Encounter;

use super::VisitClass;

/// <https://terminology.hl7.org/ValueSet-v3-ActEncounterCode.html>
const CODES: [(&str, VisitClass); 12] = [
    ("AMB", VisitClass::Outpatient),
    ("VR", VisitClass::Outpatient),
    ("HH", VisitClass::Outpatient),
    ("FLD", VisitClass::Outpatient),
    ("EMER", VisitClass::Emergency),
    ("OBSENC", VisitClass::Emergency),
    ("IMP", VisitClass::Inpatient),
    ("ACUTE", VisitClass::Inpatient),
    ("NONAC", VisitClass::Inpatient),
    ("SS", VisitClass::Inpatient),
    ("PRENC", VisitClass::Inpatient),
    ("NONACUTE", VisitClass::Inpatient),
];
/// In words, the first that is found counts: 急诊留观 is an emergency, 门急诊 is not told apart and no stay.
const WORDS: [(&str, VisitClass); 24] = [
    ("急诊", VisitClass::Emergency),
    ("留观", VisitClass::Emergency),
    ("抢救", VisitClass::Emergency),
    ("emergency", VisitClass::Emergency),
    ("urgent", VisitClass::Emergency),
    ("住院", VisitClass::Inpatient),
    ("入院", VisitClass::Inpatient),
    ("病房", VisitClass::Inpatient),
    ("日间手术", VisitClass::Inpatient),
    ("inpatient", VisitClass::Inpatient),
    ("admission", VisitClass::Inpatient),
    ("hospitalization", VisitClass::Inpatient),
    ("门诊", VisitClass::Outpatient),
    ("复诊", VisitClass::Outpatient),
    ("初诊", VisitClass::Outpatient),
    ("互联网", VisitClass::Outpatient),
    ("体检", VisitClass::Outpatient),
    ("随访", VisitClass::Outpatient),
    ("outpatient", VisitClass::Outpatient),
    ("ambulatory", VisitClass::Outpatient),
    ("officevisit", VisitClass::Outpatient),
    ("clinic", VisitClass::Outpatient),
    ("check-up", VisitClass::Outpatient),
    ("telehealth", VisitClass::Outpatient),
];
const NOT_EMERGENCY: [&str; 3] = ["门急诊", "门(急)诊", "非急诊"];

/// The class, and the source's own words for it.
pub(crate) fn class(row: &Encounter<'_>) -> (VisitClass, Option<String>) {
    let own = row.class.unwrap_or_default();
    let words = own.display.map(str::to_owned).or_else(|| crate::concept::first_words(row.kind));
    let words = words.or_else(|| own.code.map(str::to_owned));
    // The code is HL7's wherever it looks like one, unless the system says that it is another's.
    let hl7 = own.system.is_none_or(|system| system.contains("v3-ActCode") || system.contains("2.16.840.1.113883.5.4"));
    let coded = own.code.filter(|_| hl7).and_then(|code| {
        CODES.iter().find(|(known, _)| code.trim().eq_ignore_ascii_case(known)).map(|(_, class)| *class)
    });
    let texts = [own.display, own.code];
    let kinds = row
        .kind
        .iter()
        .flat_map(|kind| kind.coding.iter().flat_map(|coding| [coding.display, coding.code]).chain([kind.text]));
    let class = coded.or_else(|| texts.into_iter().chain(kinds).flatten().find_map(by_words));
    (class.unwrap_or_default(), words)
}

fn by_words(text: &str) -> Option<VisitClass> {
    let form = patients::search_form(text);
    if NOT_EMERGENCY.iter().any(|words| form.contains(words)) {
        return Some(VisitClass::Outpatient);
    }
    WORDS.iter().find(|(word, _)| form.contains(word)).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::{CodeableConcept, Coding};

    fn check(system: Option<&str>, code: &str, display: Option<&str>, kind: Option<&str>, expect: VisitClass) {
        let kinds = [CodeableConcept { coding: &[], text: kind }];
        let row = Encounter {
            class: Some(Coding { system, code: Some(code), display }),
            kind: if kind.is_some() { &kinds } else { &[] },
            ..Encounter::default()
        };
        assert_eq!(class(&row).0, expect, "{code} {display:?} {kind:?}");
    }

    #[test]
    fn by_code_then_by_words() {
        use VisitClass::{Emergency, Inpatient, Outpatient, Unknown};
        let hl7 = Some("http://terminology.hl7.org/CodeSystem/v3-ActCode");
        check(hl7, "AMB", None, None, Outpatient);
        check(hl7, "emer", None, Some("门诊"), Emergency);
        check(None, "IMP", None, None, Inpatient);
        check(Some("urn:his"), "1", Some("门诊"), None, Outpatient);
        check(Some("urn:his"), "3", None, Some("急诊留观"), Emergency);
        check(Some("urn:his"), "2", Some("住院部"), None, Inpatient);
        check(Some("urn:his"), "9", Some("门急诊"), None, Outpatient);
        check(Some("urn:epic"), "13", Some("Support OP Encounter"), Some("Office Visit"), Outpatient);
        check(Some("urn:epic"), "13", None, None, Unknown);
        // Another system's AMB need not be HL7's.
        check(Some("urn:his"), "AMB", None, None, Unknown);
    }
}
