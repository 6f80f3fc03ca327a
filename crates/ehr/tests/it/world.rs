//! A region of a test's own: each hospital has what the test says, and fails where the test says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use access::{Domain, PersonId};
use ehr::{Charts, TreatmentRelation};
use serde_json::{Value, json};

use super::region::{charts_with, now, staff};
use super::server::{Reply, Server, bundle, serve_replies, yulan};

/// Types that the summary and visits are made of.
pub const KINDS: [&str; 10] = [
    "AllergyIntolerance",
    "Condition",
    "MedicationRequest",
    "Immunization",
    "Procedure",
    "Device",
    "Encounter",
    "Observation",
    "DiagnosticReport",
    "DocumentReference",
];

/// How a search of one type goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Status(u16),
    Garbage,
    Nothing,
    /// Another patient's entries beside one's own.
    Foreign,
    /// The next page can't be had.
    NextFails,
    /// The page names itself as the next.
    Loop,
    /// The next page lies on another server.
    Elsewhere,
}

pub const FAULTS: [Fault; 8] = [
    Fault::Status(403),
    Fault::Status(404),
    Fault::Status(500),
    Fault::Status(503),
    Fault::Garbage,
    Fault::Nothing,
    Fault::Foreign,
    Fault::NextFails,
];

#[derive(Default)]
struct Content {
    /// Type → resources.
    records: HashMap<String, Vec<Value>>,
    faults: HashMap<String, Fault>,
    /// Of reads of one resource of a type.
    read_faults: HashMap<String, Fault>,
    /// `Patient/p1` is read as somebody else.
    stranger: bool,
    /// Answers searches with a `category` with nothing.
    blind_filters: bool,
    /// Refuses searches for charge items that name no visit.
    by_visit: bool,
    /// Entries of a page of a search; all of them where none is said.
    page_size: Option<usize>,
    /// What goes wrong on one page (from 1) of every search for a type.
    page_faults: HashMap<(String, usize), Fault>,
    /// Decides the order of entries and how late each answer comes.
    dice: Option<u64>,
    asked: Vec<String>,
}

/// One hospital, whose patient `p1` is 陈玉兰.
#[derive(Clone, Default)]
pub struct Hospital {
    content: Arc<Mutex<Content>>,
}

impl Hospital {
    /// With these resources; `patient` or `subject` is added.
    pub fn with(resources: impl IntoIterator<Item = Value>) -> Self {
        let hospital = Self::default();
        for resource in resources {
            hospital.add(resource);
        }
        hospital
    }

    pub fn add(&self, mut resource: Value) {
        let kind = resource["resourceType"].as_str().expect("type").to_owned();
        let name = if matches!(kind.as_str(), "AllergyIntolerance" | "Immunization" | "Device") {
            "patient"
        } else {
            "subject"
        };
        if resource.get(name).is_none() && kind != "Binary" {
            resource[name] = json!({ "reference": "Patient/p1" });
        }
        self.lock(|content| content.records.entry(kind).or_default().push(resource));
    }

    /// The hospital says something else of the same resource from now on.
    pub fn correct(&self, resource: Value) {
        let kind = resource["resourceType"].as_str().expect("type").to_owned();
        self.lock(|content| content.records.entry(kind).or_default().retain(|one| one["id"] != resource["id"]));
        self.add(resource);
    }

    pub fn fail(&self, kind: &str, fault: Fault) {
        self.lock(|content| content.faults.insert(kind.to_owned(), fault));
    }

    /// Reads of single resources go wrong, searches don't.
    pub fn fail_reads(&self, kind: &str, fault: Fault) {
        self.lock(|content| content.read_faults.insert(kind.to_owned(), fault));
    }

    pub fn heal(&self) {
        self.lock(|content| {
            content.faults.clear();
            content.page_faults.clear();
            content.read_faults.clear();
        });
    }

    pub fn become_somebody_else(&self) {
        self.lock(|content| content.stranger = true);
    }

    pub fn ignore_categories(&self) {
        self.lock(|content| content.blind_filters = true);
    }

    pub fn charge_items_by_visit(&self) {
        self.lock(|content| content.by_visit = true);
    }

    /// Other resources than before.
    pub fn replace(&self, resources: impl IntoIterator<Item = Value>) {
        self.lock(|content| content.records.clear());
        resources.into_iter().for_each(|resource| self.add(resource));
    }

    /// Answers with so many entries a page.
    pub fn pages_of(&self, entries: usize) {
        self.lock(|content| content.page_size = Some(entries));
    }

    /// One page of every search for a type goes wrong.
    pub fn fail_page(&self, kind: &str, page: usize, fault: Fault) {
        self.lock(|content| content.page_faults.insert((kind.to_owned(), page), fault));
    }

    /// Shuffles entries, and answers early or late.
    pub fn shuffle(&self, dice: u64) {
        self.lock(|content| content.dice = Some(dice));
    }

    /// What has been asked since.
    pub fn asked(&self) -> Vec<String> {
        self.lock(|content| std::mem::take(&mut content.asked))
    }

    fn lock<T>(&self, act: impl FnOnce(&mut Content) -> T) -> T {
        act(&mut self.content.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, path: &str) -> Reply {
        let reply = self.prompt(path);
        match self.lock(|content| content.dice) {
            Some(dice) => Reply::Late(Duration::from_millis(roll(dice, path) % 4), Box::new(reply)),
            None => reply,
        }
    }

    fn prompt(&self, path: &str) -> Reply {
        self.lock(|content| {
            content.asked.push(path.to_owned());
            let (kind, query) = path.split_once('?').unwrap_or((path, ""));
            match kind {
                "Patient" => return Reply::Json(bundle([yulan("p1")])),
                "Patient/p1" if content.read_faults.contains_key("Patient") => {}
                "Patient/p1" if content.stranger => return Reply::Json(somebody_else()),
                "Patient/p1" => return Reply::Json(yulan("p1")),
                _ => {}
            }
            if let Some((kind, id)) = kind.split_once('/') {
                match content.read_faults.get(kind) {
                    Some(Fault::Status(status)) => return Reply::Status(*status),
                    Some(Fault::Garbage) => return Reply::Garbage,
                    Some(Fault::Foreign) => return Reply::Json(foreign_alone(kind)),
                    Some(_) => return Reply::Nothing,
                    None => {}
                }
                let found = content.records.get(kind).and_then(|all| all.iter().find(|one| one["id"] == id));
                return found.cloned().map_or(Reply::Status(404), Reply::Json);
            }
            let found = content.records.get(kind).cloned().unwrap_or_default();
            let fits = |one: &Value| {
                let category = query.split('&').find_map(|pair| pair.strip_prefix("category="));
                let has = |wanted: &str| one["category"].to_string().contains(wanted);
                // Several, with commas between: any of them (<https://hl7.org/fhir/R4/search.html#combining>).
                let found = category.is_none_or(|wanted| !content.blind_filters && wanted.split("%2C").any(has));
                let bare = one["category"].as_array().is_none_or(Vec::is_empty);
                found && (bare || !query.contains("category%3Amissing=true"))
            };
            let visit =
                query.split('&').find_map(|pair| pair.strip_prefix("context=")).map(|id| id.replace("%2F", "/"));
            if content.by_visit && kind == "ChargeItem" && visit.is_none() {
                return Reply::Status(400);
            }
            let within = |one: &Value| visit.as_ref().is_none_or(|visit| one["context"]["reference"] == *visit);
            let mut found: Vec<Value> = found.into_iter().filter(fits).filter(within).collect();
            if let Some(dice) = content.dice {
                found.sort_by_key(|one| roll(dice, one["id"].as_str().unwrap_or_default()));
            }
            match content.faults.get(kind) {
                None => content.page(kind, query, found),
                Some(Fault::Status(status)) => Reply::Status(*status),
                Some(Fault::Garbage) => Reply::Garbage,
                Some(Fault::Nothing) => Reply::Nothing,
                Some(Fault::NextFails) if query.contains("page=2") => Reply::Status(500),
                Some(Fault::NextFails | Fault::Loop | Fault::Elsewhere) => {
                    let mut page = bundle(found);
                    page["link"] = json!([{ "relation": "next", "url": format!("{kind}?page=2") }]);
                    Reply::Json(page)
                }
                Some(Fault::Foreign) => {
                    found.push(foreign(kind));
                    Reply::Json(bundle(found))
                }
            }
        })
    }
}

impl Content {
    /// The page of a search that is asked for, with what goes wrong on it.
    fn page(&self, kind: &str, query: &str, found: Vec<Value>) -> Reply {
        let Some(size) = self.page_size else { return Reply::Json(bundle(found)) };
        let (first, number) = query.split_once("&page=").unwrap_or((query, "1"));
        let Ok(number) = number.parse::<usize>() else { return Reply::Status(500) };
        let more = found.len() > number * size;
        let mut own: Vec<Value> = found.into_iter().skip((number - 1) * size).take(size).collect();
        let fault = self.page_faults.get(&(kind.to_owned(), number));
        let next = match fault {
            Some(Fault::Status(status)) => return Reply::Status(*status),
            Some(Fault::Garbage) => return Reply::Garbage,
            Some(Fault::Nothing) => return Reply::Nothing,
            Some(Fault::Foreign) => {
                own.push(foreign(kind));
                more.then(|| format!("{kind}?{first}&page={}", number + 1))
            }
            Some(Fault::NextFails) => Some(format!("{kind}?{first}&page=none")),
            Some(Fault::Loop) => Some(format!("{kind}?{first}&page={number}")),
            Some(Fault::Elsewhere) => Some(format!("http://127.0.0.1:9/fhir/{kind}?{first}&page={}", number + 1)),
            None => more.then(|| format!("{kind}?{first}&page={}", number + 1)),
        };
        let mut page = bundle(own);
        if let Some(url) = next {
            page["link"] = json!([{ "relation": "next", "url": url }]);
        }
        Reply::Json(page)
    }
}

/// The same for the same words.
fn roll(dice: u64, words: &str) -> u64 {
    use std::hash::{Hash as _, Hasher as _};
    let mut hasher = std::hash::DefaultHasher::new();
    (dice, words).hash(&mut hasher);
    hasher.finish()
}

/// What must never be seen.
pub const FOREIGN_WORDS: &str = "别人的东西";

fn foreign(kind: &str) -> Value {
    let words = json!({ "text": FOREIGN_WORDS });
    let who = json!({ "reference": "Patient/p2" });
    json!({
        "resourceType": kind, "id": "foreign", "status": "final", "code": words, "vaccineCode": words, "type": words,
        "medicationCodeableConcept": words, "patient": who, "subject": who, "period": { "start": "2026-11-01" },
        "category": [{ "coding": [{ "code": "laboratory" }] }, { "coding": [{ "code": "problem-list-item" }] },
                     { "coding": [{ "code": "encounter-diagnosis" }] }, { "coding": [{ "code": "clinical-note" }] }],
    })
}

/// Another resource than was asked for.
fn foreign_alone(kind: &str) -> Value {
    let mut one = foreign(kind);
    one["data"] = json!("5Yir5Lq655qE5Lic6KW/");
    one["contentType"] = json!("text/plain");
    one["name"] = match kind {
        "Practitioner" | "Patient" => json!([{ "text": FOREIGN_WORDS }]),
        _ => json!(FOREIGN_WORDS),
    };
    one
}

fn somebody_else() -> Value {
    json!({
        "resourceType": "Patient", "id": "p1", "gender": "male", "birthDate": "1985-07-12",
        "name": [{ "use": "official", "text": "王建国" }],
        "identifier": [{ "system": super::region::RESIDENT_ID, "value": "999009198507120177" }],
    })
}

/// A portal over these hospitals (`h0`, `h1`, …), and the person found there.
pub struct World {
    pub charts: Charts,
    /// The public portal's, on the same database.
    pub outside: Charts,
    pub person: PersonId,
    pub db: testbed::Database,
    _servers: Vec<Server>,
}

impl World {
    pub async fn new(hospitals: &[Hospital]) -> Self {
        Self::of(hospitals, Domain::Internal, "plain").await
    }

    /// With servers of this vendor's shape.
    pub async fn on(platform: &str, hospitals: &[Hospital]) -> Self {
        Self::of(hospitals, Domain::Internal, platform).await
    }

    /// Where staff need a treatment relation to read.
    pub async fn strict(hospitals: &[Hospital]) -> Self {
        Self::with(hospitals, Domain::Internal, "plain", TreatmentRelation::Required).await
    }

    /// As the public portal sees it.
    pub async fn outside(hospitals: &[Hospital]) -> Self {
        Self::of(hospitals, Domain::External, "plain").await
    }

    async fn of(hospitals: &[Hospital], domain: Domain, platform: &str) -> Self {
        Self::with(hospitals, domain, platform, TreatmentRelation::Advisory).await
    }

    async fn with(hospitals: &[Hospital], domain: Domain, platform: &str, relation: TreatmentRelation) -> Self {
        let mut servers = Vec::new();
        for hospital in hospitals {
            let hospital = hospital.clone();
            servers.push(serve_replies(move |path, _| hospital.answer(path)).await);
        }
        let ids: Vec<String> = (0..servers.len()).map(|nth| format!("h{nth}")).collect();
        let listed: Vec<super::region::Hospital<'_>> =
            ids.iter().zip(&servers).map(|(id, server)| (id.as_str(), platform, server.base_url.clone())).collect();
        let db = testbed::Database::sqlite().await.expect("database");
        let inside = charts_with(&db, &listed, Domain::Internal, relation).await;
        let found = inside.search_patients(&staff("li.wei", "clinician"), "陈玉兰", now()).await.expect("search");
        assert_eq!(found.items.len(), 1, "one person in all hospitals");
        let person = found.items[0].person;
        let outside = charts_with(&db, &listed, Domain::External, relation).await;
        let charts = if domain == Domain::Internal { inside } else { outside.clone() };
        Self { charts, outside, person, db, _servers: servers }
    }
}

/// Resources as hospitals send them.
pub mod send {
    use serde_json::{Value, json};

    pub fn allergy(id: &str, text: &str) -> Value {
        json!({
            "resourceType": "AllergyIntolerance", "id": id, "code": { "text": text },
            "clinicalStatus": { "coding": [{ "code": "active" }] }, "category": ["medication"],
            "verificationStatus": { "coding": [{ "code": "confirmed" }] },
            "reaction": [{ "manifestation": [{ "text": "过敏性休克" }], "severity": "severe" }],
        })
    }

    pub fn none_known(id: &str) -> Value {
        let code =
            json!({ "coding": [{ "system": "http://snomed.info/sct", "code": "716186003" }], "text": "无已知过敏" });
        json!({
            "resourceType": "AllergyIntolerance", "id": id, "code": code,
            "clinicalStatus": { "coding": [{ "code": "active" }] },
        })
    }

    pub fn problem(id: &str, icd: &str, text: &str, status: &str, onset: Option<&str>) -> Value {
        let mut problem = json!({
            "resourceType": "Condition", "id": id,
            "category": [{ "coding": [{ "code": "problem-list-item" }] }],
            "code": { "coding": [{ "system": "http://hl7.org/fhir/sid/icd-10", "code": icd }], "text": text },
            "clinicalStatus": { "coding": [{ "code": status }] },
        });
        if let Some(onset) = onset {
            problem["onsetDateTime"] = json!(onset);
        }
        problem
    }

    pub fn medicine(id: &str, status: &str, mg: &str, authored: Option<&str>) -> Value {
        let mut medicine = json!({
            "resourceType": "MedicationRequest", "id": id, "status": status, "intent": "order",
            "medicationCodeableConcept": {
                "coding": [{ "system": "http://www.whocc.no/atc", "code": "C09CA03" }], "text": "缬沙坦胶囊",
            },
            "dosageInstruction": [{
                "doseAndRate": [{ "doseQuantity": { "value": mg.parse::<u32>().expect("mg"), "unit": "mg" } }],
                "timing": { "code": { "text": "每日一次" } },
            }],
        });
        if let Some(authored) = authored {
            medicine["authoredOn"] = json!(authored);
        }
        medicine
    }

    pub fn visit(id: &str, class: &str, start: Option<&str>) -> Value {
        let mut visit = json!({
            "resourceType": "Encounter", "id": id, "status": "finished",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": class },
            "type": [{ "text": "普通门诊" }], "serviceType": { "text": "肾内科" },
            "serviceProvider": { "display": "市一院" },
            "participant": [{ "individual": { "display": "林知远" } }],
            "reasonCode": [{ "text": "复查肾功能" }],
        });
        if let Some(start) = start {
            visit["period"] = json!({ "start": start });
        }
        visit
    }

    pub fn note(id: &str, encounter: Option<&str>, attachment: Value) -> Value {
        let encounters: Vec<Value> =
            encounter.iter().map(|id| json!({ "reference": format!("Encounter/{id}") })).collect();
        json!({
            "resourceType": "DocumentReference", "id": id, "status": "current", "docStatus": "final",
            "type": { "text": "门诊病历" }, "category": [{ "coding": [{ "code": "clinical-note" }] }],
            "date": "2026-11-20T09:00:00+08:00", "author": [{ "display": "林知远" }],
            "content": [{ "attachment": attachment }], "context": { "encounter": encounters },
        })
    }
}
