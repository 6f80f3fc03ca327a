//! Whatever goes wrong on whatever pages at once: never a false "none", and nothing that arrived is lost.

use std::collections::BTreeSet;

use ehr::{DocumentAddress, NoteContent, Reader, Section};
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use serde_json::{Value, json};

use super::every_section::{TYPES, kinds, origins, read, said, state};
use super::region::{now, staff};
use super::world::{FOREIGN_WORDS, Fault, Hospital, World};

const HOSPITALS: usize = 3;
/// Resources of a type at a hospital, and how many of them a page has: three pages.
const OF_A_TYPE: usize = 5;
const PAGE: usize = 2;

const FAULTS: [Fault; 10] = [
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(500),
    Fault::Status(503),
    Fault::Garbage,
    Fault::Nothing,
    Fault::Foreign,
    Fault::Loop,
    Fault::Elsewhere,
];

/// What goes wrong: hospital, type (place in [`TYPES`]), page, how.
type Wrong = (usize, usize, usize, Fault);

struct Region {
    world: World,
    hospitals: Vec<Hospital>,
    /// Of each section: what it shows when all is well, and the types it asks for.
    whole: Vec<(Section, BTreeSet<String>, BTreeSet<String>)>,
}

fn id(hospital: usize, kind: &str, nth: usize) -> String {
    format!("x{hospital}-{}-{nth}", kind.to_lowercase())
}

impl Region {
    async fn start() -> Self {
        let mut hospitals = Vec::new();
        for own in 0..HOSPITALS {
            let of = |(kind, status): &(&str, &str)| {
                let (kind, status) = ((*kind).to_owned(), (*status).to_owned());
                (0..OF_A_TYPE).map(move |nth| {
                    let id = id(own, &kind, nth);
                    said(&kind, &status, &id, &format!("{kind} {id}"))
                })
            };
            let hospital = Hospital::with(TYPES.iter().flat_map(of));
            hospital.pages_of(PAGE);
            hospitals.push(hospital);
        }
        let world = World::new(&hospitals).await;
        let mut whole = Vec::new();
        for section in Section::ALL.into_iter().filter(|section| *section != Section::Demographics) {
            hospitals[0].asked();
            let of = read(&world, section).await;
            assert_eq!(of["complete"], true, "{}: {}", section.slug(), of["sources"]);
            whole.push((section, origins(&of), kinds(&hospitals[0].asked())));
        }
        Self { world, hospitals, whole }
    }

    async fn check(&self, place: usize, all: &[Wrong]) -> Result<(), String> {
        let (section, whole, asked) = &self.whole[place];
        let pages = OF_A_TYPE.div_ceil(PAGE);
        let mut wrong = [false; HOSPITALS];
        self.hospitals.iter().for_each(Hospital::heal);
        for (hospital, kind, page, fault) in all {
            let kind = TYPES[*kind].0;
            self.hospitals[*hospital].fail_page(kind, *page, *fault);
            let beside = has_no_reports(*section, *hospital, all) && kind == "DiagnosticReport";
            wrong[*hospital] |= asked.contains(kind) && *page <= pages && !beside;
        }
        let of = read(&self.world, *section).await;
        let told = format!("{} with {all:?}", section.slug());
        if of["complete"] != Value::Bool(!wrong.contains(&true)) {
            return Err(format!("{told}: complete is {}: {}", of["complete"], of["sources"]));
        }
        for (hospital, wrong) in wrong.iter().enumerate() {
            let state = state(&of, &format!("h{hospital}"));
            if *wrong == (state == "answered") {
                return Err(format!("{told}: h{hospital} is {state}"));
            }
        }
        if of.to_string().contains(FOREIGN_WORDS) {
            return Err(format!("{told}: another patient's"));
        }
        let found = origins(&of);
        let lost = whole.iter().filter(|one| !found.contains(*one) && arrived(one, all));
        let lost: Vec<&String> = lost.collect();
        if !lost.is_empty() {
            return Err(format!("{told}: lost {lost:?}"));
        }
        match found.difference(whole).next() {
            Some(made_up) => Err(format!("{told}: made up {made_up}")),
            None => Ok(()),
        }
    }
}

/// A server without reports lacks nothing that the laboratory's results don't say, and is asked for no second page of them.
fn has_no_reports(section: Section, hospital: usize, all: &[Wrong]) -> bool {
    let first = |(own, kind, page, _): &&Wrong| (*own, TYPES[*kind].0, *page) == (hospital, "DiagnosticReport", 1);
    // The last of several faults of one page is the one that stands.
    let standing = all.iter().rfind(first);
    section == Section::LabResults && standing.is_some_and(|(.., fault)| *fault == Fault::Status(404))
}

/// Did the page come that this is on?
fn arrived(origin: &str, all: &[Wrong]) -> bool {
    let Some((hospital, kind, nth)) = place(origin) else { return true };
    let page = nth / PAGE + 1;
    // The later pages of what broke off never came; what only adds or turns back breaks nothing off before its next.
    let gone = |(own, of, at, fault): &Wrong| {
        let ends_here = matches!(fault, Fault::Loop | Fault::Elsewhere);
        *own == hospital
            && TYPES[*of].0 == kind
            && *fault != Fault::Foreign
            && if ends_here { page > *at } else { page >= *at }
    };
    // The last of several faults of one page is the one that stands.
    let standing = all
        .iter()
        .enumerate()
        .filter(|(nth, one)| !all[nth + 1..].iter().any(|later| (later.0, later.1, later.2) == (one.0, one.1, one.2)));
    !standing.map(|(_, one)| one).any(gone)
}

/// `h1/Condition/x1-condition-3`: 1, `Condition`, 3.
fn place(origin: &str) -> Option<(usize, &str, usize)> {
    let mut parts = origin.split('/');
    let hospital = parts.next()?.strip_prefix('h')?.parse().ok()?;
    let kind = parts.next()?;
    let nth = parts.next()?.rsplit('-').next()?.parse().ok()?;
    Some((hospital, kind, nth))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime")
}

#[test]
fn random_faults_on_any_page_of_any_query() {
    let runtime = runtime();
    let region = runtime.block_on(Region::start());
    let fault = (0..FAULTS.len()).prop_map(|nth| FAULTS[nth]);
    let sections = region.whole.len();
    // Types that the section asks for most of the time, so that most of the cases say something.
    let wrong = (0..HOSPITALS, any::<prop::sample::Index>(), prop::bool::weighted(0.9), 1..=4_usize, fault);
    let faults = (0..sections, prop::collection::vec(wrong, 1..=4));
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&faults, |(place, all)| {
        let asked: Vec<usize> = (0..TYPES.len()).filter(|nth| region.whole[place].2.contains(TYPES[*nth].0)).collect();
        let all: Vec<Wrong> = all
            .into_iter()
            .map(|(hospital, kind, likely, page, fault)| {
                let kind = if likely { *kind.get(&asked) } else { kind.index(TYPES.len()) };
                (hospital, kind, page, fault)
            })
            .collect();
        runtime.block_on(region.check(place, &all)).map_err(TestCaseError::fail)
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

/// Every fault on every page of every type, one at a time, of one section with many types and one with few.
#[test]
fn cases_that_random_ones_may_miss() {
    let runtime = runtime();
    let region = runtime.block_on(Region::start());
    for (nth, (section, _, asked)) in region.whole.iter().enumerate() {
        if !matches!(section, Section::LabResults | Section::Nursing) {
            continue;
        }
        for (kind, _) in TYPES.iter().enumerate().filter(|(_, (kind, _))| asked.contains(*kind)) {
            for (page, fault) in (1..=3).flat_map(|page| FAULTS.map(|fault| (page, fault))) {
                runtime.block_on(region.check(nth, &[(1, kind, page, fault)])).expect("truth");
            }
            // What comes after a page that never came, and what was wrong before.
            for other in [(1, kind, 2, Fault::Status(401)), (1, kind, 1, Fault::Status(500))] {
                let missing = (1, kind, 1, Fault::Status(404));
                runtime.block_on(region.check(nth, &[missing, other])).expect("truth");
                runtime.block_on(region.check(nth, &[other, missing])).expect("truth");
            }
        }
    }
}

/// Types that are read one by one, by their ids.
const ALONE: [&str; 5] = ["Patient", "Binary", "Medication", "Practitioner", "Location"];

const FAULTS_OF_READS: [Fault; 8] = [
    Fault::Status(401),
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(500),
    Fault::Status(503),
    Fault::Garbage,
    Fault::Nothing,
    Fault::Foreign,
];

/// What goes wrong with reads: hospital, type (place in [`ALONE`]), how.
type WrongRead = (usize, usize, Fault);

/// As a hospital sends it whose words stand elsewhere: medicines, people, files.
fn by_reference(mut one: Value, own: usize) -> Value {
    let to = |kind: &str| json!({ "reference": format!("{kind}/x{own}-{}", kind.to_lowercase()) });
    for name in ["requester", "recorder", "orderer"] {
        one[name] = to("Practitioner");
    }
    one["performer"] = match one["resourceType"].as_str() {
        Some("Procedure" | "Immunization" | "MedicationDispense" | "MedicationAdministration") => {
            json!([{ "actor": to("Practitioner") }])
        }
        _ => json!([to("Practitioner")]),
    };
    one["author"] = json!([to("Practitioner")]);
    one["location"] = match one["resourceType"].as_str() {
        Some("Encounter") => json!([{ "location": to("Location") }]),
        _ => to("Location"),
    };
    if one["resourceType"].as_str().is_some_and(|kind| kind.starts_with("Medication")) {
        one.as_object_mut().expect("object").remove("medicationCodeableConcept");
        one["medicationReference"] = to("Medication");
    }
    if one["resourceType"] == "DocumentReference" {
        let url = to("Binary")["reference"].clone();
        one["content"] = json!([{ "attachment": { "contentType": "text/plain", "url": url } }]);
    }
    one
}

/// What is read by its id.
fn alone(own: usize) -> Vec<Value> {
    let id = |kind: &str| format!("x{own}-{}", kind.to_lowercase());
    vec![
        json!({ "resourceType": "Binary", "id": id("Binary"), "contentType": "text/plain", "data": "5Yid6K+K" }),
        json!({ "resourceType": "Medication", "id": id("Medication"), "code": { "text": "缬沙坦胶囊" } }),
        json!({ "resourceType": "Practitioner", "id": id("Practitioner"), "name": [{ "text": "林知远" }] }),
        json!({ "resourceType": "Location", "id": id("Location"), "name": "三病区" }),
    ]
}

/// Sections with what they show and what they read alone when all is well.
struct Readings {
    world: World,
    hospitals: Vec<Hospital>,
    whole: Vec<(Section, BTreeSet<String>, BTreeSet<String>)>,
}

impl Readings {
    async fn start() -> Self {
        let mut hospitals = Vec::new();
        for own in 0..2 {
            let of = |(kind, status): &(&str, &str)| {
                let id = id(own, kind, 0);
                by_reference(said(kind, status, &id, &format!("{kind} {id}")), own)
            };
            hospitals.push(Hospital::with(TYPES.iter().map(of).chain(alone(own))));
        }
        let world = World::new(&hospitals).await;
        let mut whole = Vec::new();
        for section in Section::ALL {
            hospitals[0].asked();
            let of = read(&world, section).await;
            assert_eq!(of["complete"], true, "{}: {}", section.slug(), of["sources"]);
            let asked = hospitals[0].asked();
            let alone = asked.iter().filter(|path| !path.contains('?')).filter_map(|path| path.split('/').next());
            whole.push((section, origins(&of), alone.map(str::to_owned).collect()));
        }
        let all: BTreeSet<&str> = whole.iter().flat_map(|(_, _, alone)| alone).map(String::as_str).collect();
        assert!(ALONE.iter().all(|kind| all.contains(kind)), "some kind of read is never made: {all:?}");
        Self { world, hospitals, whole }
    }

    async fn check(&self, place: usize, all: &[WrongRead]) -> Result<(), String> {
        let (section, whole, alone) = &self.whole[place];
        self.hospitals.iter().for_each(Hospital::heal);
        let mut wrong = [false; 2];
        for (hospital, kind, fault) in all {
            let kind = ALONE[*kind];
            self.hospitals[*hospital].fail_reads(kind, *fault);
            // People and places are words beside what is told: without them the reference stands, and nothing is missing.
            // That a record is another person's by now is asked beside; an answer that says nothing of it changes nothing.
            let matters = match kind {
                "Patient" => *section == Section::Demographics,
                "Binary" | "Medication" => true,
                _ => false,
            };
            wrong[*hospital] |= matters && alone.contains(kind);
        }
        let of = read(&self.world, *section).await;
        let told = format!("{} with {all:?}", section.slug());
        if of.to_string().contains(FOREIGN_WORDS) {
            return Err(format!("{told}: another's"));
        }
        if of["complete"] != Value::Bool(!wrong.contains(&true)) {
            return Err(format!("{told}: complete is {}: {}", of["complete"], of["sources"]));
        }
        for (hospital, wrong) in wrong.iter().enumerate() {
            let state = state(&of, &format!("h{hospital}"));
            if *wrong == (state == "answered") {
                return Err(format!("{told}: h{hospital} is {state}"));
            }
        }
        let found = origins(&of);
        // A registration is nothing but its own read.
        let own = |one: &&String| {
            *section != Section::Demographics
                || !all
                    .iter()
                    .any(|(hospital, kind, _)| ALONE[*kind] == "Patient" && one.starts_with(&format!("h{hospital}/")))
        };
        let lost: Vec<&String> = whole.difference(&found).filter(own).collect();
        if lost.is_empty() { Ok(()) } else { Err(format!("{told}: lost {lost:?}")) }
    }

    /// Who it is is known without any hospital; a file that can't be read says why.
    async fn check_banner_and_document(&self) {
        let clinician = staff("li.wei", "clinician");
        let (reader, person) = (Reader::Staff(&clinician), self.world.person);
        let address = |kind: &str| DocumentAddress {
            source: "h0".to_owned(),
            kind: kind.to_owned(),
            resource: id(0, kind, 0),
            number: 0,
        };
        for fault in FAULTS_OF_READS {
            self.hospitals.iter().for_each(Hospital::heal);
            self.hospitals.iter().for_each(|hospital| hospital.fail_reads("Patient", fault));
            let banner = self.world.charts.banner(reader, person, now()).await.expect("banner");
            assert_eq!((banner.name.as_str(), banner.links.len()), ("陈玉兰", 2), "{fault:?}");
            self.hospitals[0].fail_reads("Binary", fault);
            let opened = self.world.charts.document(reader, person, &address("DocumentReference"), now()).await;
            let opened = opened.expect("the page of a document that can't be read");
            let why = match &opened.note.content {
                NoteContent::Missing { why } => *why,
                other => panic!("{fault:?}: {other:?}"),
            };
            assert!(why.starts_with("why-") && opened.file.is_none(), "{fault:?}: {why}");
        }
    }
}

#[test]
fn random_faults_on_reads_of_single_resources() {
    let runtime = runtime();
    let region = runtime.block_on(Readings::start());
    runtime.block_on(region.check_banner_and_document());
    let fault = (0..FAULTS_OF_READS.len()).prop_map(|nth| FAULTS_OF_READS[nth]);
    let wrong = (0..2_usize, 0..ALONE.len(), fault);
    let faults = (0..region.whole.len(), prop::collection::vec(wrong, 1..=4));
    let config = Config { cases: 120, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config)
        .run(&faults, |(place, all)| runtime.block_on(region.check(place, &all)).map_err(TestCaseError::fail));
    if let Err(error) = run {
        panic!("{error}");
    }
}
