//! The difficult vendors, as their peers meet them on the wire.

use sandbox::{Config, Region};

use crate::{
    base, config,
    http::{get, send, walk},
    known_as, shared,
};

#[tokio::test]
async fn the_cerner_like_server_wants_the_patient_and_exact_dates() {
    let region = shared();
    let (base, show) = (base(region, "community"), known_as(region, "陈玉兰", "community"));
    for (query, status) in [
        ("Observation?category=laboratory".to_owned(), 400),
        (format!("Observation?subject=Patient/{show}"), 400),
        (format!("Encounter?patient={show}&date=2026-01-01"), 400),
        (format!("Encounter?patient={show}&date=ge2026-01-01"), 400),
        (format!("Encounter?patient={show}&date=2026-01-01T00:00:00Z"), 400),
        (format!("Encounter?patient={show}&date=ge2026-01-01T00:00:00Z"), 200),
        (format!("ChargeItem?patient={show}"), 400),
        ("Patient?identifier=1".to_owned(), 200),
        ("Patient".to_owned(), 400),
    ] {
        assert_eq!(get(&format!("{base}/{query}")).await.status, status, "{query}");
    }
    let since = walk(&format!("{base}/Encounter?patient={show}&date=ge2026-10-01T00:00:00Z")).await;
    assert_eq!(since.len(), 1);
    let encounter = since[0]["id"].as_str().unwrap();
    let charges = walk(&format!("{base}/ChargeItem?context=Encounter/{encounter}")).await;
    assert!(!charges.is_empty());
    assert!(charges.iter().all(|one| one["context"]["reference"] == format!("Encounter/{encounter}")));
}

#[tokio::test]
async fn pages_of_the_cerner_like_server_are_small_by_default_and_bounded() {
    let region = shared();
    let base = base(region, "community");
    let person = async |kind: &str, count: &str| {
        let mut most = 0;
        for id in region.patients.iter().flat_map(|one| &one.hospitals).filter(|(at, _)| at == "community") {
            let page = get(&format!("{base}/{kind}?patient={}{count}", id.1)).await.json();
            most = most.max(page["entry"].as_array().map_or(0, Vec::len));
        }
        most
    };
    assert_eq!(person("Observation", "&category=laboratory").await, 50);
    assert_eq!(person("Observation", "&_count=5000").await, 200);
    assert_eq!(person("DiagnosticReport", "").await, 10);
}

#[tokio::test]
async fn the_cerner_like_laboratory_counts_in_units_of_its_own() {
    let region = shared();
    let (base, show) = (base(region, "community"), known_as(region, "陈玉兰", "community"));
    let labs = walk(&format!("{base}/Observation?patient={show}&category=laboratory")).await;
    let of = |code: &str| labs.iter().find(|lab| lab["code"]["coding"][0]["code"] == code).unwrap();
    // 7.1 % NGSP, 3.92 mmol/L of cholesterol, 6.80 mmol/L of glucose: worked by hand
    for (code, value, unit, loinc) in [
        ("20106", 54.0, "mmol/mol", "59261-8"),
        ("20091", 152.0, "mg/dL", "2093-3"),
        ("20103", 123.0, "mg/dL", "1558-6"),
        ("20058", 5.20, "mEq/L", "2823-3"),
    ] {
        let lab = of(code);
        assert_eq!(lab["valueQuantity"]["value"].as_f64(), Some(value), "{code}");
        assert_eq!(lab["valueQuantity"]["unit"], unit);
        assert_eq!(lab["code"]["coding"][1]["code"], loinc);
    }
    assert_eq!(of("20106")["interpretation"][0]["coding"][0]["code"], "H");
    assert_eq!(of("20106")["referenceRange"][0]["high"]["value"].as_f64(), Some(42.0));
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let region = Region::start(Config { requests_per_second: 2, ..config() }).await.unwrap();
    let (url, plain) = (format!("{}/metadata", base(&region, "community")), base(&region, "city-first"));
    let mut seen = Vec::new();
    // a second has room for two, and this takes less than a third of its requests' seconds
    while !seen.contains(&429) && seen.len() < 200 {
        let answer = get(&url).await;
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.json()["issue"][0]["code"], "throttled");
        }
        seen.push(answer.status);
    }
    assert!(seen.contains(&200) && seen.contains(&429), "{seen:?}");
    for _ in 0..5 {
        assert_eq!(get(&format!("{plain}/metadata")).await.status, 200);
    }
    region.stop().await;
}

#[tokio::test]
async fn errors_of_the_legacy_server_are_xml_and_html() {
    let region = shared();
    let base = base(region, "city-tcm");
    let unknown = get(&format!("{base}/Appointment?patient=1")).await;
    assert_eq!((unknown.status, unknown.header("content-type")), (404, Some("application/fhir+xml; charset=utf-8")));
    let said = String::from_utf8(unknown.body).unwrap();
    assert!(said.contains("<OperationOutcome xmlns=\"http://hl7.org/fhir\">"), "{said}");
    assert!(said.contains("<code value=\"not-supported\"/>"), "{said}");
    let fallen = get(&format!("{base}/Observation?patient=1&_sort=-date")).await;
    assert_eq!(fallen.status, 500);
    assert!(fallen.header("content-type").unwrap().starts_with("text/html"));
    assert!(String::from_utf8(fallen.body).unwrap().contains("NullPointerException"));
}

#[tokio::test]
async fn answers_of_the_legacy_server_come_compressed_in_odd_pieces_without_categories() {
    let region = shared();
    let (base, show) = (base(region, "city-tcm"), known_as(region, "陈玉兰", "city-tcm"));
    let url = format!("{base}/Condition?patient={show}");
    let packed = send("GET", &url, "accept-encoding: gzip\r\n", "").await.unwrap();
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let sizes: Vec<usize> = packed.pieces().iter().map(Vec::len).collect();
    assert!(sizes.starts_with(&[1, 7, 311]), "{sizes:?}");
    let bundle = packed.json();
    assert_eq!(bundle, get(&url).await.json());
    let entries = bundle["entry"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["resource"]["category"].is_null()));
    assert!(walk(&format!("{url}&category=problem-list-item")).await.is_empty());
}

#[tokio::test]
async fn one_note_of_the_legacy_server_is_gbk_that_says_it_is_utf_8() {
    let region = shared();
    let (base, id) = (base(region, "city-tcm"), known_as(region, "仇小满", "city-tcm"));
    let reports = get(&format!("{base}/DiagnosticReport?patient={id}")).await;
    assert_eq!(reports.header("content-type"), Some("application/fhir+json; charset=utf-8"));
    let content = reports.content();
    assert!(std::str::from_utf8(&content).is_err());
    let readable = String::from_utf8_lossy(&content);
    assert!(readable.contains('\u{fffd}') && serde_json::from_str::<serde_json::Value>(&readable).is_ok());
    let notes = walk(&format!("{base}/DocumentReference?patient={id}")).await;
    let text = async |at: usize| {
        let url = notes[at]["content"][0]["attachment"]["url"].as_str().unwrap();
        let binary = send("GET", &format!("{base}/{url}"), "accept: text/plain\r\n", "").await.unwrap();
        (binary.header("content-type").unwrap().to_owned(), binary.content())
    };
    let (content_type, bytes) = text(0).await;
    assert!(content_type.ends_with("charset=utf-8") && std::str::from_utf8(&bytes).is_err());
    let (content_type, bytes) = text(1).await;
    assert!(content_type.starts_with("text/html") && String::from_utf8(bytes).unwrap().contains("<script>"));
}

#[tokio::test]
async fn connections_of_the_legacy_server_break_now_and_then_as_the_seed_says() {
    let lost = async |seed: u64| {
        let region = Region::start(Config { seed, legacy_drops_per_mille: 100, ..config() }).await.unwrap();
        let url = format!("{}/metadata", base(&region, "city-tcm"));
        let mut lost = Vec::new();
        for number in 0..80 {
            let whole = match send("GET", &url, "", "").await {
                Ok(answer) => answer.header("transfer-encoding").is_some() || answer.is_whole(),
                Err(_) => false,
            };
            if !whole {
                lost.push(number);
            }
        }
        region.stop().await;
        lost
    };
    let (one, same, other) = tokio::join!(lost(1), lost(1), lost(2));
    assert!(one == same && one != other, "{one:?} {same:?} {other:?}");
    assert!((2..20).contains(&one.len()) && one.windows(2).all(|pair| pair[1] - pair[0] > 1), "{one:?}");
}

#[tokio::test]
async fn the_epic_like_server_says_what_it_withholds() {
    let region = shared();
    let base = base(region, "university");
    let code = async |name: &str, kind: &str| {
        let id = known_as(region, name, "university");
        let page = get(&format!("{base}/{kind}?patient={id}&_count=5")).await.json();
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        let warned = entries.iter().filter(|entry| entry["search"]["mode"] == "outcome");
        let codes: Vec<String> = warned
            .map(|entry| entry["resource"]["issue"][0]["details"]["coding"][0]["code"].as_str().unwrap().to_owned())
            .collect();
        (codes, entries.iter().any(|entry| entry["search"]["mode"] == "match"))
    };
    assert_eq!(code("冯建华", "Encounter").await, (vec!["4119".to_owned()], true));
    assert_eq!(code("沈静怡", "Encounter").await, (vec!["4130".to_owned()], true));
    assert_eq!(code("沈静怡", "DocumentReference").await, (vec!["4101".to_owned(), "4130".to_owned()], false));
    assert_eq!(code("陈玉兰", "Encounter").await, (vec![], true));
    let show = known_as(region, "陈玉兰", "university");
    assert_eq!(get(&format!("{base}/CarePlan?patient={show}")).await.status, 400);
    assert_eq!(get(&format!("{base}/CarePlan?patient={show}&category=assess-plan")).await.status, 200);
}

#[tokio::test]
async fn the_athena_like_server_says_little_and_refers_to_the_rest() {
    let region = shared();
    let base = base(region, "binjiang");
    let ids: Vec<&String> = region
        .patients
        .iter()
        .flat_map(|one| &one.hospitals)
        .filter(|(at, _)| at == "binjiang")
        .map(|(_, id)| id)
        .collect();
    let mut named = std::collections::BTreeSet::new();
    let (mut displays, mut coded) = (0, 0);
    for kind in ["Encounter", "Condition", "MedicationRequest", "Procedure", "DocumentReference", "Observation"] {
        let mut found = Vec::new();
        for id in &ids {
            found.extend(walk(&format!("{base}/{kind}?patient={id}")).await);
        }
        assert!(!found.is_empty(), "{kind}");
        for one in &found {
            let text = one.to_string();
            let references = text.split("\"reference\":\"").skip(1).filter_map(|rest| rest.split('"').next());
            named.extend(
                references.map(str::to_owned).filter(|to| !to.starts_with("Patient") && !to.starts_with("Enc")),
            );
            displays += usize::from(kind == "Encounter" && text.contains("\"individual\":{\"display\""));
            coded += usize::from(one["code"]["coding"].is_array());
            assert!(one["recordedDate"].is_null() && one["medicationCodeableConcept"].is_null(), "{text}");
        }
    }
    assert_eq!((displays, coded), (0, 0));
    for kind in ["Practitioner/", "Location/", "Organization/", "Medication/"] {
        let one = named.iter().find(|to| to.starts_with(kind)).unwrap_or_else(|| panic!("{kind} in {named:?}"));
        let read = get(&format!("{base}/{one}")).await.json();
        assert!(read["name"].is_string() || read["name"].is_array() || read["code"]["text"].is_string(), "{read}");
    }
    assert_eq!(get(&format!("{base}/Practitioner")).await.status, 400);
    assert_eq!(get(&format!("{base}/Composition?patient={}", ids[0])).await.status, 404);
    assert_eq!(get(&format!("{base}/Observation?category=laboratory")).await.status, 400);
}
