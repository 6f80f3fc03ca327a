//! Reading, searching and paging, in both vendors' ways.

use std::{collections::HashSet, io::Read};

use sandbox::{Config, Region, Running};

use crate::{
    base, config,
    http::{get, send, walk},
    shared,
};

fn id_at(region: &Running, index: usize, hospital: &str) -> String {
    region.patients[index].hospitals.iter().find(|(id, _)| id == hospital).unwrap().1.clone()
}

#[tokio::test]
async fn a_walk_brings_every_result_exactly_once() {
    let region = shared();
    let heavy = id_at(region, region.heavy_patient, "city-first");
    let plain = base(region, "city-first");
    let labs = walk(&format!("{plain}/Observation?patient={heavy}&category=laboratory&_count=1000")).await;
    let ids: HashSet<_> = labs.iter().map(|lab| lab["id"].as_str().unwrap()).collect();
    assert_eq!((labs.len(), ids.len()), (10_000, 10_000));
    assert!(labs.iter().all(|lab| lab["subject"]["reference"] == format!("Patient/{heavy}")));

    let show = id_at(region, region.show_patient, "university");
    let epic = base(region, "university");
    let small = walk(&format!("{epic}/Observation?patient={show}&category=laboratory&_count=7")).await;
    let large = walk(&format!("{epic}/Observation?patient={show}&category=laboratory&_count=100")).await;
    assert!(small.len() > 20);
    assert_eq!(small, large);
}

#[tokio::test]
async fn patients_are_found_by_name_number_and_birth_date() {
    let region = shared();
    for hospital in ["city-first", "university"] {
        let base = base(region, hospital);
        let show = id_at(region, region.show_patient, hospital);
        let number = &region.patients[region.show_patient].resident_id;
        for query in [
            format!("identifier=urn:oid:2.16.156.10011.1.3%7C{number}"),
            format!("identifier={number}"),
            "name=%E7%8E%89%E5%85%B0".to_owned(),
            "family=%E9%99%88&given=%E7%8E%89%E5%85%B0".to_owned(),
            "name=%E9%99%88%E7%8E%89%E5%85%B0&birthdate=1964-03-18&gender=female".to_owned(),
            format!("_id={show}"),
        ] {
            let found = walk(&format!("{base}/Patient?{query}")).await;
            assert!(found.iter().any(|patient| patient["id"] == show), "{hospital} {query}");
        }
    }
    let base = base(region, "city-first");
    assert_eq!(walk(&format!("{base}/Patient?name=Chen%20Yulan")).await.len(), 1);
    assert_eq!(walk(&format!("{base}/Patient?identifier=urn:oid:1%7C999009196403180328")).await.len(), 0);
    assert_eq!(walk(&format!("{base}/Patient?name=%E7%8E%8B%E5%BB%BA%E5%9B%BD")).await.len(), 2);
}

#[tokio::test]
async fn the_plain_server_filters_sorts_and_counts() {
    let region = shared();
    let (base, show) = (base(region, "city-first"), id_at(region, region.show_patient, "city-first"));
    let potassium = walk(&format!(
        "{base}/Observation?subject=Patient/{show}&code=http://loinc.org%7C2823-3&status=final&_sort=-date"
    ))
    .await;
    let times: Vec<_> = potassium.iter().map(|lab| lab["effectiveDateTime"].as_str().unwrap()).collect();
    assert_eq!(
        times,
        [
            "2026-11-20T08:10:00+08:00",
            "2026-08-20T08:22:00+08:00",
            "2026-08-02T09:05:00+08:00",
            "2025-09-11T08:03:00+08:00",
        ]
    );
    let since =
        walk(&format!("{base}/Observation?patient={show}&code=2823-3&date=ge2026-08-03&date=lt2026-11-01")).await;
    assert_eq!(since.len(), 1);
    let bundle = get(&format!("{base}/DiagnosticReport?patient={show}&category=LAB&_count=2")).await.json();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 2);
    assert!(bundle["total"].as_u64().unwrap() > 10);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let posted = send("POST", &format!("{base}/Condition/_search"), form, &format!("patient={show}")).await.unwrap();
    assert!(posted.json()["total"].as_u64().unwrap() >= 4);
    let everything = walk(&format!("{base}/Patient/{show}/$everything?_count=30")).await;
    let kinds: HashSet<_> = everything.iter().map(|resource| resource["resourceType"].as_str().unwrap()).collect();
    assert!(kinds.len() >= 15 && kinds.contains("Binary") && kinds.contains("ChargeItem"), "{kinds:?}");
    assert_eq!(get(&format!("{base}/Observation?patient={show}&date=yesterday")).await.status, 400);
}

#[tokio::test]
async fn the_epic_like_server_insists_and_warns() {
    let region = shared();
    let (base, show) = (base(region, "university"), id_at(region, region.show_patient, "university"));
    for query in
        [format!("Observation?patient={show}"), "Observation?category=laboratory".to_owned(), "Patient".to_owned()]
    {
        let answer = get(&format!("{base}/{query}")).await;
        assert_eq!((answer.status, answer.json()["resourceType"].as_str()), (400, Some("OperationOutcome")), "{query}");
    }
    let nothing = get(&format!("{base}/Patient?name=nobody")).await.json();
    assert_eq!(nothing["entry"][0]["search"]["mode"], "outcome");
    assert_eq!(nothing["entry"][0]["resource"]["issue"][0]["details"]["coding"][0]["code"], "4101");
    assert_eq!(get(&format!("{base}/Patient/{show}/$everything")).await.status, 404);
    let page =
        get(&format!("{base}/Observation?patient={show}&category=laboratory&_count=5000&nonsense=1")).await.json();
    assert!(page["entry"].as_array().unwrap().len() <= 100);
}

#[tokio::test]
async fn page_links_of_the_epic_like_server_expire() {
    let region = Region::start(Config { page_link_ms: 0, ..config() }).await.unwrap();
    let show = id_at(&region, region.show_patient, "university");
    let base = base(&region, "university");
    let page = get(&format!("{base}/Observation?patient={show}&category=laboratory&_count=10")).await.json();
    let next = page["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next").unwrap();
    let url = next["url"].as_str().unwrap();
    let dead = loop {
        // the link dies with the next tick of the millisecond clock
        let bundle = get(url).await.json();
        if bundle["entry"][0]["resource"]["resourceType"] == "OperationOutcome" {
            break bundle;
        }
    };
    assert_eq!(dead["entry"][0]["resource"]["issue"][0]["details"]["coding"][0]["code"], "4113");
    region.stop().await;
}

#[tokio::test]
async fn servers_describe_themselves_and_answer_what_they_do_not_know() {
    let region = shared();
    for hospital in &region.hospitals {
        let base = &hospital.base_url;
        let metadata = get(&format!("{base}/metadata")).await;
        assert_eq!(metadata.header("content-type"), Some("application/fhir+json; charset=utf-8"));
        assert_eq!(metadata.json()["fhirVersion"], "4.0.1");
        for (path, status) in [
            ("/.well-known/smart-configuration", 404),
            ("/Appointment?patient=1", 404),
            ("/Patient/nobody", 404),
            ("/Patient/a/b/c", 404),
            ("?_getpages=nonsense", 404),
        ] {
            let answer = get(&format!("{base}{path}")).await;
            let said = String::from_utf8(answer.content()).unwrap();
            assert!(answer.status == status && said.contains("OperationOutcome"), "{path}: {said}");
        }
        assert_eq!(send("DELETE", &format!("{base}/Patient/1"), "", "").await.unwrap().status, 405);
    }
}

#[tokio::test]
async fn answers_are_compressed_when_asked() {
    let region = shared();
    let url = format!("{}/metadata", base(region, "city-first"));
    let answer = send("GET", &url, "accept-encoding: br, gzip\r\n", "").await.unwrap();
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut text).unwrap();
    assert!(text.contains("CapabilityStatement"));
    assert_eq!(get(&url).await.header("content-encoding"), None);
}
