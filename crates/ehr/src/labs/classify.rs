//! Is this observation a laboratory's? Asked of everything that comes: servers ignore filters that they don't know.

// not shown: words that hospitals write, only compared with.

use fhir::rows::Observation;
use sources::LocalCodes;

use super::catalogue::catalogue;

/// HL7 observation-category without `laboratory` and `procedure`
/// (<https://terminology.hl7.org/CodeSystem-observation-category.html>).
const OTHERS: [&str; 7] = ["vital-signs", "social-history", "imaging", "survey", "exam", "therapy", "activity"];

/// By its category; where that is empty or the hospital's own, by what it is.
pub(crate) fn is_laboratory(row: &Observation<'_>, local: &LocalCodes) -> bool {
    let mut other = false;
    for category in row.category {
        let codes =
            category.coding.iter().flat_map(|coding| [coding.code, coding.display]).flatten().chain(category.text);
        for code in codes {
            let is = |word: &&str| code.eq_ignore_ascii_case(word);
            if ["laboratory", "lab"].iter().any(is) || code.contains("检验") || code.contains("化验") {
                return true;
            }
            // A procedure's measurements may be a laboratory's: their codes decide.
            other |= OTHERS.iter().any(is);
        }
    }
    !other && looks_like_one(row, local)
}

/// Known code, or what only laboratories give with a value.
fn looks_like_one(row: &Observation<'_>, local: &LocalCodes) -> bool {
    let code = row.code.unwrap_or_default();
    let known = code.coding.iter().any(|coding| match (coding.system, coding.code) {
        (Some("http://loinc.org"), Some(code)) => catalogue().by_loinc(code).is_some(),
        (Some(system), Some(code)) => local.analyte(system, code).is_some(),
        _ => false,
    });
    known || row.specimen.is_some() || !row.interpretation.is_empty() || !row.reference_range.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::rows::{CodeableConcept, Coding, ResourceReference};

    fn check(category: Option<&str>, system: &str, code: &str, specimen: bool, expect: bool) {
        let coding = [Coding { system: Some(system), code: Some(code), display: None }];
        let categories: Vec<Coding<'_>> =
            category.map(|code| Coding { system: None, code: Some(code), display: None }).into_iter().collect();
        let category = [CodeableConcept { coding: &categories, text: None }];
        let row = Observation {
            category: if categories.is_empty() { &[] } else { &category },
            code: Some(CodeableConcept { coding: &coding, text: None }),
            specimen: specimen.then(ResourceReference::default),
            ..Observation::default()
        };
        assert_eq!(is_laboratory(&row, &LocalCodes::default()), expect, "{system}|{code}");
    }

    #[test]
    fn by_category_then_by_code() {
        const LOINC: &str = "http://loinc.org";
        check(Some("laboratory"), "urn:x", "1", false, true);
        check(Some("vital-signs"), LOINC, "8867-4", false, false);
        check(Some("vital-signs"), LOINC, "2823-3", true, false);
        check(None, LOINC, "2823-3", false, true);
        check(None, LOINC, "8867-4", false, false);
        check(None, "urn:x", "1", true, true);
        check(Some("门诊检验"), "urn:x", "1", false, true);
        check(Some("procedure"), LOINC, "2823-3", false, true);
    }
}
