//! A patient who is known at four hospitals: every section holds what each of them has, once, and says truly who answered.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use serde_json::Value;
use testbed::{Database, Region, TestPortal, Visitor};

/// Of the record, without the particulars: those come from the index too.
const SECTIONS: [&str; 14] = [
    "summary",
    "outpatient",
    "inpatient",
    "orders",
    "prescriptions",
    "medications",
    "lab-results",
    "exam-reports",
    "surgery",
    "nursing",
    "discharge",
    "charges",
    "front-page",
    "personal-record",
];

/// Types that a section shows each resource of, whatever it says.
const ALL_OF: [(&str, &[&str]); 8] = [
    ("summary", &["AllergyIntolerance", "Immunization", "Device"]),
    ("orders", &["ServiceRequest", "MedicationRequest", "NutritionOrder"]),
    ("prescriptions", &["MedicationRequest"]),
    ("medications", &["MedicationDispense", "MedicationAdministration", "MedicationStatement"]),
    ("surgery", &["Procedure"]),
    ("nursing", &["CarePlan"]),
    ("charges", &["ExplanationOfBenefit", "Coverage", "Invoice"]),
    ("personal-record", &["FamilyMemberHistory", "QuestionnaireResponse", "Immunization"]),
];

/// `source/Type/id` of every item, as often as it stands there.
fn origins(record: &Value) -> BTreeMap<String, usize> {
    let items = record["items"].as_array().into_iter().flatten();
    // A summary has the newest results: where one hospital is silent, older ones of another take their place.
    let newest = |one: &Value| one["resource"].as_str().is_some_and(|of| of.starts_with("Observation/"));
    let all = items.flat_map(|item| item["origins"].as_array().into_iter().flatten());
    let all = all.filter(|one| record["section"] != "summary" || !newest(one));
    let mut found = BTreeMap::new();
    for origin in all {
        let text = |name: &str| origin[name].as_str().unwrap_or_default();
        *found.entry(format!("{}/{}", text("source"), text("resource"))).or_default() += 1;
    }
    found
}

fn states(record: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    record["sources"].as_array().into_iter().flatten().map(|one| (text(&one["id"]), text(&one["state"]))).collect()
}

/// Ids of everything of a type that a hospital has of its patient, page after page.
async fn sent(base: &str, kind: &str, patient: &str) -> Result<BTreeSet<String>> {
    let mut visitor = Visitor::new(base)?;
    let mut path = format!("/{kind}?patient={patient}");
    let mut ids = BTreeSet::new();
    loop {
        let page = visitor.get(&path).await?;
        if page.status != 200 {
            return Ok(ids);
        }
        let page = page.json();
        let resources = page["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]);
        let own = resources.filter(|one| one["resourceType"] == kind && one["status"] != "entered-in-error");
        ids.extend(own.filter_map(|one| one["id"].as_str()).map(|id| format!("{kind}/{id}")));
        let mut links = page["link"].as_array().into_iter().flatten();
        let next = links.find(|link| link["relation"] == "next").and_then(|link| link["url"].as_str());
        let Some(next) = next else { return Ok(ids) };
        path = next.strip_prefix(base).unwrap_or(next).to_owned();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_section_of_a_patient_of_four_hospitals_is_whole_and_true() -> Result<()> {
    let region = Region::start().await?;
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let shown = region.shown_patient();
    let id = super::find(&mut clinician, &shown.resident_id).await?;
    let mut whole = BTreeMap::new();
    for section in SECTIONS {
        let record = clinician.get(&format!("/api/v1/patients/{id}/record/{section}")).await?.json();
        for (hospital, _) in &shown.hospitals {
            let state = states(&record).remove(hospital).unwrap_or_default();
            assert!(["answered", "unsupported", "partial"].contains(&state.as_str()), "{section} {hospital}: {state}");
        }
        let found = origins(&record);
        assert!(!found.is_empty(), "{section}: nothing");
        let twice: Vec<_> = found.iter().filter(|(_, count)| **count > 1).collect();
        assert!(twice.is_empty() || section == "summary", "{section}: on two rows: {twice:?}");
        whole.insert(section, (record["complete"].clone(), states(&record), found));
    }
    for (section, kinds) in ALL_OF {
        let found = &whole[section].2;
        for ((hospital, patient), kind) in
            shown.hospitals.iter().flat_map(|at| kinds.iter().map(move |kind| (at, kind)))
        {
            let base = region.hospitals.iter().find(|one| one.id == *hospital).map_or("", |one| &one.base_url);
            let sent = sent(base.trim_end_matches('/'), kind, patient).await?;
            let lost: Vec<_> = sent.iter().filter(|one| !found.contains_key(&format!("{hospital}/{one}"))).collect();
            assert!(lost.is_empty(), "{section}: {hospital} has {lost:?}");
        }
    }
    for (hospital, _) in &shown.hospitals {
        assert!(region.set_mode(hospital, sandbox::Mode::Down));
        for section in SECTIONS {
            let (_, before, found) = &whole[section];
            let record = clinician.get(&format!("/api/v1/patients/{id}/record/{section}")).await?.json();
            assert_eq!(record["complete"], false, "{section} without {hospital}");
            for (source, state) in states(&record) {
                let expect = if source == *hospital { "unreachable" } else { before[&source].as_str() };
                assert_eq!(state, expect, "{section} without {hospital}: {source}");
            }
            let rest: BTreeSet<&String> =
                found.keys().filter(|one| !one.starts_with(&format!("{hospital}/"))).collect();
            let now = origins(&record);
            assert_eq!(now.keys().collect::<BTreeSet<_>>(), rest, "{section} without {hospital}");
            let page = clinician.get(&format!("/patients/{id}/{section}")).await?;
            assert!(
                page.status == 200 && page.body.contains("state--bad"),
                "{section} without {hospital}: {}",
                page.body
            );
        }
        assert!(region.set_mode(hospital, sandbox::Mode::Ok));
    }
    Ok(())
}
