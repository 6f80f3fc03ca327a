//! What is in the region.

use std::collections::HashSet;

use sandbox::{Config, PersonKnown, Region};
use serde_json::Value;

use crate::{
    config,
    http::{get, walk},
    shared,
};

/// Residence permits of Hong Kong, Macao and Taiwan, foreigners' cards.
const FOREIGN: [&str; 5] = ["810000", "820000", "830000", "931840", "911250"];
const RESIDENT_ID: &str = "urn:oid:2.16.156.10011.1.3";

#[test]
fn the_same_seed_and_date_make_the_same_region() {
    let hash = |config: &Config| Region::generate(config).unwrap().fingerprint();
    assert_eq!(hash(&config()), hash(&config()));
    assert_ne!(hash(&config()), hash(&Config { seed: 2, ..config() }));
    assert_ne!(hash(&config()), hash(&Config { today: Some("2026-11-22".parse().unwrap()), ..config() }));
}

#[test]
fn identities_do_not_depend_on_the_date() {
    let people = |today: &str| {
        let region = Region::generate(&Config { today: Some(today.parse().unwrap()), ..config() }).unwrap();
        region.patients().into_iter().map(|person| (person.resident_id, person.hospitals)).collect::<Vec<_>>()
    };
    assert_eq!(people("2026-11-21"), people("2027-05-01"));
}

#[test]
fn enough_people_and_every_number_is_valid_and_unique() {
    let people = Region::generate(&config()).unwrap().patients();
    assert!(people.len() >= 60, "{}", people.len());
    let shared = people.iter().filter(|person| person.hospitals.len() > 1).count();
    assert!(shared >= 20, "{shared}");
    let numbers: HashSet<_> = people.iter().map(|person| &person.resident_id).collect();
    assert_eq!(numbers.len(), people.len());
    for person in &people {
        assert!(is_valid(&person.resident_id), "{}", person.resident_id);
        assert_eq!(person.resident_id[6..14], person.birth_date.to_string().replace('-', ""));
        assert!(person.resident_id.starts_with("999009") || FOREIGN.contains(&&person.resident_id[..6]));
        let odd = person.resident_id.as_bytes()[16] % 2 == 1;
        assert_eq!(odd, person.sex == "male");
    }
}

#[tokio::test]
async fn enough_people_can_be_linked_and_the_traps_cannot() {
    let region = shared();
    let (mut linkable, mut traps) = (0, 0);
    for person in region.patients.iter().filter(|person| person.hospitals.len() > 1) {
        let mut seen = Vec::new();
        for (hospital, id) in &person.hospitals {
            seen.push(registered(region, hospital, id).await);
        }
        let agree = seen
            .iter()
            .all(|patient| number(patient) == person.resident_id && patient["name"][0]["text"] == *person.name);
        if agree {
            linkable += 1
        } else {
            traps += 1
        }
        assert!(seen.iter().all(|patient| patient["birthDate"] == person.birth_date.to_string()));
    }
    assert!(linkable >= 30, "{linkable}");
    // twins (2), a twin under the other's number, mistyped, fifteen digits, fifteen and swapped, another spelling
    assert_eq!(traps, 7);
}

#[tokio::test]
async fn twins_are_registered_under_their_mothers_number() {
    let region = shared();
    let of = |name: &str| region.patients.iter().find(|person| person.name == name).cloned().unwrap();
    let mother = of("林晓燕");
    for twin in ["周雨涵", "周雨欣"] {
        let (hospital, id) = &of(twin).hospitals[0];
        assert_eq!(number(&registered(region, hospital, id).await), mother.resident_id);
    }
    let namesakes: Vec<PersonKnown> =
        region.patients.iter().filter(|person| person.name == "王建国").cloned().collect();
    assert_eq!(namesakes.len(), 2);
    let li_na: Vec<&PersonKnown> = region.patients.iter().filter(|person| person.name == "李娜").collect();
    assert!(li_na.len() == 2 && li_na[0].birth_date == li_na[1].birth_date);
    for area in FOREIGN {
        assert!(region.patients.iter().any(|person| person.resident_id.starts_with(area)), "{area}");
    }
    assert_ne!(namesakes[0].resident_id, namesakes[1].resident_id);
}

#[tokio::test]
async fn the_show_patient_has_one_of_each_peculiarity() {
    let region = shared();
    let show = &region.patients[region.show_patient];
    assert_eq!((show.name.as_str(), show.resident_id.as_str()), ("陈玉兰", "999009196403180328"));
    let mut labs = Vec::new();
    for (hospital, id) in &show.hospitals {
        let base = &region.hospitals.iter().find(|row| row.id == *hospital).unwrap().base_url;
        let found = walk(&format!("{base}/Observation?patient={id}&category=laboratory")).await;
        labs.extend(found.into_iter().filter(|one| one["resourceType"] == "Observation"));
    }
    let some = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(labs.iter().any(test), "{what}");
    some("critical", &|lab| {
        lab["interpretation"][0]["coding"][0]["code"] == "HH" && lab["valueQuantity"]["value"] == 6.3
    });
    for status in ["entered-in-error", "amended", "preliminary", "final"] {
        some(status, &|lab| lab["status"] == status);
    }
    some("absent", &|lab| lab["dataAbsentReason"].is_object() && lab["valueQuantity"].is_null());
    some("comparator", &|lab| lab["valueQuantity"]["comparator"] == "<");
    some("word", &|lab| lab["valueString"] == "1+");
    some("day", &|lab| lab["effectiveDateTime"].as_str().unwrap().len() == 10);
    some("month", &|lab| lab["effectiveDateTime"].as_str().unwrap().len() == 7);
    some("zone", &|lab| lab["effectiveDateTime"].as_str().unwrap().ends_with("+08:00"));
    let without_loinc = |lab: &Value| {
        lab["code"]["coding"].as_array().unwrap().iter().all(|coding| coding["system"] != "http://loinc.org")
    };
    some("local code alone", &without_loinc);
}

#[tokio::test]
async fn numbers_keep_the_digits_of_the_laboratory() {
    let region = shared();
    let (hospital, id) = &region.patients[region.show_patient].hospitals[0];
    let base = &region.hospitals.iter().find(|row| row.id == *hospital).unwrap().base_url;
    let answer = get(&format!("{base}/Observation?patient={id}&code=2823-3&date=2026-11-20")).await;
    assert!(String::from_utf8(answer.body).unwrap().contains("\"value\":5.40,"));
}

async fn registered(region: &sandbox::Running, hospital: &str, id: &str) -> Value {
    let base = &region.hospitals.iter().find(|row| row.id == hospital).unwrap().base_url;
    get(&format!("{base}/Patient/{id}")).await.json()
}

fn number(patient: &Value) -> String {
    let identifiers = patient["identifier"].as_array().unwrap();
    identifiers.iter().find(|row| row["system"] == RESIDENT_ID).unwrap()["value"].as_str().unwrap().to_owned()
}

/// GB 11643-1999, worked out once more, independently.
fn is_valid(number: &str) -> bool {
    let value = |c: char| if c == 'X' { 10 } else { c.to_digit(10).unwrap() };
    // ISO 7064 MOD 11-2: the whole number, check digit with weight one, leaves one
    number.len() == 18 && number.chars().fold(0, |rest, c| (rest * 2 + value(c)) % 11) == 1
}

#[tokio::test]
async fn every_list_names_patients_of_its_hospital_and_no_list_names_everybody() {
    let region = shared();
    let known = |hospital: &str, patient: &str| {
        region.patients.iter().position(|person| person.hospitals.contains(&(hospital.to_owned(), patient.to_owned())))
    };
    let on_list = |staff: &str| -> HashSet<usize> {
        let rows = region.treatments.iter().filter(|row| row.staff == staff);
        rows.map(|row| known(&row.hospital, &row.patient).expect("a patient of that hospital")).collect()
    };
    for staff in &region.staff {
        assert!(
            on_list(&staff.username).len() * 2 < region.patients.len(),
            "{} treats nearly everybody",
            staff.username
        );
    }
    let li_wei = on_list("li.wei");
    assert!(li_wei.contains(&region.show_patient) && li_wei.contains(&region.heavy_patient));
    assert!(on_list("zhou.ming").is_empty(), "a researcher treats nobody");
    let last = region.patients.len() - 4..region.patients.len();
    assert!(last.into_iter().all(|patient| !li_wei.contains(&patient)), "whom to break the glass for?");
    for how in ["encounter", "list"] {
        assert!(region.treatments.iter().any(|row| row.how == how && row.until > region.today), "{how}");
    }
}
