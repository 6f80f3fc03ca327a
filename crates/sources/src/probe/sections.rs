//! Which types each section is read from.

/// Section and FHIR types, in the order of the record. The front page is put together of the others.
pub(crate) const SECTIONS: [(&str, &[&str]); 12] = [
    ("summary", &["Condition", "AllergyIntolerance", "Device"]),
    ("outpatient", &["Encounter"]),
    ("orders", &["ServiceRequest", "NutritionOrder"]),
    ("prescriptions", &["MedicationRequest"]),
    ("medications", &["MedicationDispense", "MedicationAdministration", "MedicationStatement"]),
    ("lab-results", &["Observation"]),
    ("exam-reports", &["DiagnosticReport"]),
    ("surgery", &["Procedure"]),
    ("nursing", &["Observation", "CarePlan"]),
    ("discharge", &["DocumentReference", "Composition"]),
    ("charges", &["ExplanationOfBenefit", "Coverage", "Account", "ChargeItem", "Invoice", "Claim"]),
    ("personal-record", &["Observation", "FamilyMemberHistory", "QuestionnaireResponse"]),
];
