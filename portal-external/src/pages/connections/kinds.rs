//! What SMART scopes open, in kinds that people know.

use web::render::Words;

/// A kind of what a record holds, as a message key, and the FHIR types it stands for, in the order of pages.
const KINDS: [(&str, &[&str]); 12] = [
    ("person", &["Patient", "RelatedPerson"]),
    ("results", &["Observation"]),
    ("reports", &["DiagnosticReport", "ImagingStudy", "Media", "Specimen"]),
    (
        "medicines",
        &["Medication", "MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration"],
    ),
    ("allergies", &["AllergyIntolerance"]),
    ("conditions", &["Condition", "FamilyMemberHistory"]),
    ("visits", &["Encounter", "EpisodeOfCare", "Appointment"]),
    ("procedures", &["Procedure", "Device", "DeviceUseStatement"]),
    ("immunizations", &["Immunization", "ImmunizationRecommendation"]),
    ("orders", &["ServiceRequest", "CarePlan", "CareTeam", "Goal", "NutritionOrder"]),
    ("documents", &["DocumentReference", "Composition", "Binary", "QuestionnaireResponse"]),
    ("charges", &["Coverage", "Claim", "Invoice", "ChargeItem", "Account", "ExplanationOfBenefit"]),
];
/// Of scopes that open every type.
const EVERYTHING: &str = "everything";
/// Of types that have no words here.
const OTHER: &str = "other";

/// The FHIR type of a scope that opens a patient's own data (SMART App Launch 2.2, "Scopes for requesting FHIR resources").
fn type_of(scope: &str) -> Option<&str> {
    let rest = scope.strip_prefix("patient/").or_else(|| scope.strip_prefix("user/"))?;
    rest.split_once('.').map(|(kind, _)| kind)
}

/// Keys of what `scopes` open, each once. Scopes of the sign-in itself open nothing.
fn keys<'s>(scopes: impl Iterator<Item = &'s str>) -> Vec<&'static str> {
    let types: Vec<&str> = scopes.filter_map(type_of).collect();
    if types.contains(&"*") {
        return vec![EVERYTHING];
    }
    let known = KINDS.iter().filter(|(_, of)| types.iter().any(|one| of.contains(one))).map(|(key, _)| *key);
    let mut keys: Vec<&'static str> = known.collect();
    if types.iter().any(|one| !KINDS.iter().any(|(_, of)| of.contains(one))) {
        keys.push(OTHER);
    }
    keys
}

/// What `scopes` open, in words.
pub fn words_of<'s>(scopes: impl Iterator<Item = &'s str>, words: &Words) -> Vec<String> {
    keys(scopes).into_iter().map(|key| words.text(&format!("connect-kind-{key}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::keys;

    #[test]
    fn scopes_become_kinds_each_once() {
        let check = |scopes: &str, expect: &[&str]| {
            assert_eq!(keys(scopes.split(' ')), expect, "{scopes:?}");
        };
        check("", &[]);
        check("openid fhirUser launch/patient offline_access", &[]);
        check("patient/Observation.read patient/Patient.rs", &["person", "results"]);
        check("patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs", &["results"]);
        check("patient/MedicationRequest.read patient/Medication.read", &["medicines"]);
        check("patient/Observation.read patient/*.read", &["everything"]);
        check("patient/Basic.read user/Condition.read", &["conditions", "other"]);
    }
}
