//! What is in people's charts, read over HTTP.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use sandbox::Running;
use serde_json::Value;

use crate::{
    base,
    http::{get, walk},
    known_as, shared,
};

/// Everything of one type that a hospital says of a person by their id there. Warnings beside it are left out.
async fn all(region: &Running, hospital: &str, id: &str, search: &str) -> Vec<Value> {
    let (kind, filters) = search.split_once('?').unwrap_or((search, ""));
    let found = walk(&format!("{}/{kind}?patient={id}&{filters}", base(region, hospital))).await;
    found.into_iter().filter(|one| one["resourceType"] == kind).collect()
}

async fn of(region: &Running, name: &str, hospital: &str, search: &str) -> Vec<Value> {
    all(region, hospital, &known_as(region, name, hospital), search).await
}

fn texts<'v>(found: &'v [Value], path: &str) -> BTreeSet<&'v str> {
    found.iter().filter_map(|one| one.pointer(path)?.as_str()).collect()
}

#[tokio::test]
async fn the_show_patient_is_as_the_design_shows_her() {
    let region = shared();
    let show = "陈玉兰";
    let allergies = of(region, show, "city-first", "AllergyIntolerance").await;
    assert_eq!(allergies.len(), 1);
    let penicillin = &allergies[0];
    assert_eq!(
        (penicillin["code"]["text"].as_str(), penicillin["criticality"].as_str()),
        (Some("青霉素类"), Some("high"))
    );
    assert_eq!(penicillin["reaction"][0]["manifestation"][0]["text"], "过敏性休克");
    assert_eq!(penicillin["onsetDateTime"], "2009");
    let problems = of(region, show, "city-first", "Condition?category=problem-list-item").await;
    let codes = texts(&problems, "/code/coding/0/code");
    assert!(["N18.3", "E11.2", "I10", "D63.8"].iter().all(|code| codes.contains(code)), "{codes:?}");
    let anaemia = problems.iter().find(|one| one["code"]["coding"][0]["code"] == "D63.8").unwrap();
    assert_eq!(anaemia["verificationStatus"]["coding"][0]["code"], "provisional");
    // one medicine, two doses
    let dose = async |hospital: &str| {
        let requests = of(region, show, hospital, "MedicationRequest?status=active").await;
        let valsartan = requests
            .iter()
            .find(|one| one["medicationCodeableConcept"]["text"].as_str().unwrap().starts_with("缬沙坦"));
        valsartan.unwrap()["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"].as_f64()
    };
    assert_eq!((dose("city-first").await, dose("community").await), (Some(80.0), Some(160.0)));
    let stays = of(region, show, "university", "Encounter?class=104").await;
    let march = stays.iter().find(|one| one["period"]["start"].as_str().unwrap().starts_with("2026-03-09")).unwrap();
    assert_eq!(march["reasonCode"][0]["text"], "血糖控制、眼底激光评估");
    assert_eq!(march["location"][0]["location"]["display"], "内分泌科病区 12床");
}

#[tokio::test]
async fn each_answer_about_allergies_is_there() {
    let region = shared();
    let said = async |name: &str| {
        let person = region.patients.iter().find(|person| person.name == name).unwrap();
        let mut said = Vec::new();
        for (hospital, id) in &person.hospitals {
            let found = all(region, hospital, id, "AllergyIntolerance").await;
            said.push(match found.as_slice() {
                [] => "not asked",
                [one] if one["code"]["coding"][0]["code"] == "716186003" => "none known",
                _ => "known",
            });
        }
        said
    };
    assert_eq!(said("方德明").await, ["not asked"; 3]);
    assert_eq!(said("何秀兰").await, ["none known"; 4]);
    assert_eq!(said("谢国强").await, ["known", "none known", "known", "not asked"]);
    assert_eq!(said("许安宁").await, ["not asked"; 2]);
}

#[tokio::test]
async fn hospitals_contradict_each_other() {
    let region = shared();
    let name = "谢国强";
    let status = async |hospital: &str| {
        let found = of(region, name, hospital, "Condition?code=I10").await;
        let listed = found.iter().find(|one| one["encounter"].is_null()).unwrap();
        listed["clinicalStatus"]["coding"][0]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!((status("city-first").await.as_str(), status("university").await.as_str()), ("active", "resolved"));
    let doses = async |hospital: &str| {
        let found = of(region, name, hospital, "MedicationRequest?code=C09CA03").await;
        let one = found.iter().find(|one| one["encounter"].is_null()).unwrap();
        let dose = one["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"].as_f64().unwrap();
        (dose, one["status"].as_str().unwrap().to_owned())
    };
    assert_eq!(doses("city-first").await, (80.0, "active".to_owned()));
    assert_eq!(doses("university").await, (160.0, "active".to_owned()));
    assert_eq!(doses("community").await.1, "stopped");
}

#[tokio::test]
async fn who_is_only_registered_has_nothing_else() {
    let region = shared();
    let id = known_as(region, "许安宁", "city-first");
    let everything = walk(&format!("{}/Patient/{id}/$everything", base(region, "city-first"))).await;
    assert_eq!(texts(&everything, "/resourceType"), BTreeSet::from(["Patient"]));
}

#[tokio::test]
async fn notes_are_documents_with_a_text() {
    let region = shared();
    let show = "陈玉兰";
    for (hospital, content_type) in [
        ("city-first", "text/plain"),
        ("university", "text/html"),
        ("community", "text/plain"),
        ("city-tcm", "text/plain"),
    ] {
        let notes = of(region, show, hospital, "DocumentReference").await;
        assert!(!notes.is_empty(), "{hospital}");
        let attachment = &notes[0]["content"][0]["attachment"];
        assert!(attachment["contentType"].as_str().unwrap().starts_with(content_type), "{hospital}");
        let data = match attachment["url"].as_str() {
            Some(url) => {
                assert!(attachment["data"].is_null() && url.starts_with("Binary/"));
                get(&format!("{}/{url}", base(region, hospital))).await.json()["data"].clone()
            }
            None => attachment["data"].clone(),
        };
        let text = String::from_utf8(STANDARD.decode(data.as_str().unwrap()).unwrap()).unwrap();
        assert!(text.contains("主诉") && text.contains("签名") && !text.contains('{'), "{hospital}: {text}");
    }
    let summaries = of(region, show, "university", "DocumentReference?type=http://loinc.org%7C18842-5").await;
    assert_eq!(summaries.len(), 2);
}

#[tokio::test]
async fn a_binary_is_given_as_what_it_holds_when_that_is_asked_for() {
    let region = shared();
    let notes = of(region, "陈玉兰", "university", "DocumentReference").await;
    let url =
        format!("{}/{}", base(region, "university"), notes[0]["content"][0]["attachment"]["url"].as_str().unwrap());
    let raw = crate::http::send("GET", &url, "accept: text/html\r\n", "").await.unwrap();
    assert_eq!(raw.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(raw.content().starts_with(b"<div>"));
    assert_eq!(get(&url).await.json()["resourceType"], "Binary");
}

#[tokio::test]
async fn the_heavy_patient_is_heavy_and_somebody_is_in_hospital_now() {
    let region = shared();
    let open = of(region, "罗长青", "city-first", "Encounter?status=in-progress").await;
    assert!(open.len() == 1 && open[0]["period"]["end"].is_null());
    let orders = of(region, "罗长青", "city-first", "ServiceRequest?status=active").await;
    assert!(orders.iter().all(|one| one["category"][1]["text"] == "长期医嘱") && !orders.is_empty());
    let nursing = of(region, "罗长青", "city-first", "Observation?category=vital-signs,survey").await;
    assert!(nursing.len() > 20, "{}", nursing.len());
}

#[tokio::test]
async fn every_type_is_there_and_references_lead_somewhere() {
    let region = shared();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let plain = base(region, "city-first");
    for (hospital, id) in region.patients.iter().flat_map(|person| &person.hospitals) {
        if hospital != "city-first" {
            continue;
        }
        for one in walk(&format!("{plain}/Patient/{id}/$everything?_count=1000")).await {
            *counts.entry(one["resourceType"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let least = [
        ("Encounter", 300),
        ("Condition", 200),
        ("AllergyIntolerance", 15),
        ("MedicationRequest", 150),
        ("MedicationDispense", 100),
        ("MedicationAdministration", 20),
        ("Immunization", 20),
        ("Procedure", 5),
        ("Device", 2),
        ("DocumentReference", 200),
        ("Binary", 200),
        ("DiagnosticReport", 500),
        ("ServiceRequest", 300),
        ("CarePlan", 10),
        ("ChargeItem", 300),
        ("Invoice", 100),
        ("ExplanationOfBenefit", 100),
        ("Coverage", 30),
        ("FamilyMemberHistory", 5),
        ("NutritionOrder", 3),
        ("MedicationStatement", 3),
        ("Claim", 80),
        ("Account", 100),
        ("Composition", 5),
        ("QuestionnaireResponse", 15),
    ];
    for (kind, least) in least {
        assert!(counts.get(kind).is_some_and(|count| *count >= least), "{kind} in {counts:?}");
    }
    for one in of(region, "陈玉兰", "city-first", "Condition?category=encounter-diagnosis").await {
        let encounter = get(&format!("{plain}/{}", one["encounter"]["reference"].as_str().unwrap())).await.json();
        let back = format!("Condition/{}", one["id"].as_str().unwrap());
        let named = encounter["diagnosis"].as_array().unwrap().iter().any(|row| row["condition"]["reference"] == back);
        assert!(named, "{encounter}");
    }
}

#[tokio::test]
async fn titles_are_said_once_and_bills_add_up() {
    let region = shared();
    let reports = of(region, "陈玉兰", "city-first", "DiagnosticReport").await;
    let titles = texts(&reports, "/code/text");
    assert!(titles.contains("检验报告") && titles.iter().all(|title| !title.contains("检验检验")), "{titles:?}");
    let exams = reports.iter().filter(|one| one["presentedForm"].is_array());
    assert!(exams.count() >= 2);
    for bill in of(region, "陈玉兰", "city-first", "ExplanationOfBenefit").await {
        let net = |row: &Value| row["net"]["value"].as_f64().unwrap();
        let sum: f64 = bill["item"].as_array().unwrap().iter().map(net).sum();
        assert!((sum - bill["total"][0]["amount"]["value"].as_f64().unwrap()).abs() < 0.005, "{bill}");
    }
}

/// Everything of a type that a hospital has of anybody.
async fn of_everybody(region: &Running, hospital: &str, search: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for (_, id) in region.patients.iter().flat_map(|person| &person.hospitals).filter(|(at, _)| at == hospital) {
        found.extend(all(region, hospital, id, search).await);
    }
    found
}

fn fen(money: &Value) -> i64 {
    let text = money["value"].to_string();
    let (yuan, part) = text.split_once('.').unwrap_or((&text, "0"));
    format!("{yuan}{part:0<2}").parse().unwrap()
}

#[tokio::test]
async fn one_bill_is_said_in_several_hands_that_agree() {
    let region = shared();
    let plain = base(region, "city-first");
    let bills = of_everybody(region, "city-first", "ExplanationOfBenefit").await;
    let stays = bills.iter().filter(|one| one["type"]["coding"][0]["code"] == "institutional");
    let mut states = BTreeSet::new();
    for bill in stays.clone().take(6) {
        let claim = get(&format!("{plain}/{}", bill["claim"]["reference"].as_str().unwrap())).await.json();
        assert_eq!((&claim["item"], &claim["diagnosis"]), (&bill["item"], &bill["diagnosis"]));
        let encounter = bill["item"][0]["encounter"][0]["reference"].as_str().unwrap();
        let items = walk(&format!("{plain}/ChargeItem?context={encounter}")).await;
        let sum: i64 = items.iter().map(|item| fen(&item["priceOverride"])).sum();
        assert_eq!(sum, fen(&bill["total"][0]["amount"]), "{encounter}");
        let account = items[0]["account"][0]["reference"].as_str().unwrap();
        let account = get(&format!("{plain}/{account}")).await.json();
        assert_eq!(account["subject"][0], bill["patient"]);
        assert!(
            items.iter().all(|item| item["code"]["coding"][0]["code"].as_str().unwrap().parse::<u8>().unwrap() <= 24)
        );
        let diagnoses = bill["diagnosis"].as_array().into_iter().flatten();
        states.extend(diagnoses.map(|one| one["onAdmission"]["text"].to_string()));
    }
    assert!(stays.count() >= 4 && states.len() >= 2, "{states:?}");
    let legacy = of_everybody(region, "city-tcm", "Encounter?class=IMP").await;
    assert!(legacy.iter().any(|stay| stay["diagnosis"][0]["extension"][0]["valueCodeableConcept"]["text"] == "有"));
    let community = base(region, "community");
    let id = known_as(region, "陈玉兰", "community");
    assert_eq!(get(&format!("{community}/Account?patient={id}")).await.status, 400);
}

#[tokio::test]
async fn summaries_of_stays_come_in_every_form() {
    let region = shared();
    let search = "DocumentReference?type=18842-5";
    let mut forms = BTreeMap::new();
    for hospital in ["city-first", "university", "city-tcm", "binjiang"] {
        let found = of_everybody(region, hospital, search).await;
        let attachment = &found.first().unwrap_or_else(|| panic!("{hospital} has none"))["content"][0]["attachment"];
        let data = match attachment["url"].as_str() {
            Some(url) => get(&format!("{}/{url}", base(region, hospital))).await.json()["data"].clone(),
            None => attachment["data"].clone(),
        };
        let bytes = STANDARD.decode(data.as_str().unwrap()).unwrap();
        forms.insert(hospital, (attachment["contentType"].as_str().unwrap().to_owned(), bytes));
    }
    assert!(forms["city-first"].1.starts_with(b"%PDF-1.4") && forms["binjiang"].1.starts_with(b"%PDF-1.4"));
    assert_eq!(forms["university"].0, "text/html; charset=utf-8");
    let cda = String::from_utf8(forms["city-tcm"].1.clone()).unwrap();
    assert!(
        forms["city-tcm"].0 == "text/xml"
            && cda.contains("<ClinicalDocument")
            && cda.contains("<title>出院诊断</title>")
    );
    let composed = of_everybody(region, "city-first", "Composition?type=18842-5").await;
    let documents = of_everybody(region, "city-first", search).await;
    assert_eq!(composed.len(), documents.len());
    let numbers = |all: &[Value], of: &str| texts(all, of).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(numbers(&composed, "/identifier/value"), numbers(&documents, "/masterIdentifier/value"));
    assert!(composed.iter().all(|one| one["section"].as_array().unwrap().len() > 5));
}

#[tokio::test]
async fn nursing_sees_and_measures_and_operations_have_notes() {
    let region = shared();
    let seen = of_everybody(region, "university", "Observation?category=exam").await;
    let names = texts(&seen, "/code/text");
    assert!(
        ["意识状态", "皮肤情况", "24小时总入量", "24小时总出量"].iter().all(|name| names.contains(name)),
        "{names:?}"
    );
    let notes = of_everybody(region, "city-first", "DocumentReference?type=11504-8").await;
    assert!(notes.len() >= 3);
    for note in &notes {
        let operation = note["context"]["related"][0]["reference"].as_str().unwrap();
        let operation = get(&format!("{}/{operation}", base(region, "city-first"))).await.json();
        assert_eq!(operation["encounter"], note["context"]["encounter"][0]);
    }
    let given = of_everybody(region, "city-tcm", "MedicationAdministration").await;
    assert!(!given.is_empty() && given.iter().all(|one| one["medicationReference"]["reference"] == "#m1"));
    assert!(given.iter().all(|one| one["contained"][0]["code"]["text"].is_string()));
    assert!(of_everybody(region, "city-tcm", "NutritionOrder").await.len() > 1);
}
