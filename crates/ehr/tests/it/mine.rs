//! Relations from a hospital's encounters, and the clinician's own patients, over hospitals that lie, err or say nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use access::{Domain, PersonId, Recognition, SubjectId};
use ehr::{Charts, Clinician, EhrError, EncounterRules, MyPatients, Reader, SourceState, Standing, TreatmentRelation};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{
    ConnectionTrait as _, ExprTrait as _,
    sea_query::{Alias, Expr, Query},
};
use serde_json::{Value, json};

use super::region::{charts_with, now, staff};
use super::server::{Reply, Server, bundle, serve_replies, yulan};

const NUMBERS: &str = "https://h.example/staff";
const RULES: EncounterRules =
    EncounterRules { after: SignedDuration::from_hours(24 * 30), every: SignedDuration::from_mins(10) };

/// What becomes of what the hospital says.
type Change = Box<dyn Fn(&mut Says)>;

/// What the hospital says.
#[derive(Clone)]
struct Says {
    practitioners: Vec<Value>,
    encounters: Vec<Value>,
    /// `Patient/{id}` as it is read.
    patients: BTreeMap<String, Value>,
    /// Of searches and reads for encounters, instead of an answer.
    fails: Option<u16>,
    asked: Vec<String>,
}

fn li_wei() -> Value {
    json!({
        "resourceType": "Practitioner", "id": "pr-1", "active": true, "name": [{ "family": "李", "given": ["伟"] }],
        "identifier": [{ "system": NUMBERS, "value": "C1001" }],
    })
}

fn stay(id: &str, practitioner: &str, patient: &str) -> Value {
    json!({
        "resourceType": "Encounter", "id": id, "status": "in-progress",
        "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
        "subject": { "reference": patient }, "period": { "start": "2026-11-18T09:00:00+08:00" },
        "participant": [{ "type": [{ "coding": [{ "code": "ATND" }] }], "individual": { "reference": practitioner } }],
        "location": [{ "location": { "display": "肾病科病区 7床" } }],
    })
}

/// A hospital with one stay of 陈玉兰, whom 李伟 attends.
struct Ward {
    says: Arc<Mutex<Says>>,
    charts: Charts,
    person: PersonId,
    db: testbed::Database,
    _server: Server,
}

impl Ward {
    async fn new() -> Self {
        let says = Says {
            practitioners: vec![li_wei()],
            encounters: vec![stay("e1", "Practitioner/pr-1", "Patient/p1")],
            patients: [("p1".to_owned(), yulan("p1"))].into(),
            fails: None,
            asked: Vec::new(),
        };
        let says = Arc::new(Mutex::new(says));
        let said = says.clone();
        let server = serve_replies(move |path, _| answer(&said, path)).await;
        let db = testbed::Database::sqlite().await.expect("database");
        let listed = [("h0", "plain", server.base_url.clone())];
        let charts = charts_with(&db, &listed, Domain::Internal, TreatmentRelation::Required).await;
        let found = charts.search_patients(&staff("li.wei", "clinician"), "陈玉兰", now()).await.expect("search");
        let person = found.items[0].person;
        says.lock().unwrap_or_else(PoisonError::into_inner).asked.clear();
        Self { says, charts, person, db, _server: server }
    }

    fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.says.lock().unwrap_or_else(PoisonError::into_inner).asked)
    }

    /// Asks the hospital as 李伟, `minutes` after noon.
    async fn read(&self, minutes: i64) -> MyPatients {
        self.read_as("li.wei", &li_wei_of_the_directory(), minutes).await
    }

    async fn read_as(&self, name: &str, who: &Clinician, minutes: i64) -> MyPatients {
        let (staff, at) = (staff(name, "clinician"), at(minutes));
        self.charts.read_encounters(&staff, who, RULES, at).await.expect("read");
        self.charts.my_patients(&staff, who, RULES, at).await.expect("listed")
    }

    async fn opens(&self, name: &str, minutes: i64) -> bool {
        let staff = staff(name, "clinician");
        match self.charts.links(Reader::Staff(&staff), self.person, at(minutes)).await {
            Ok(_) => true,
            Err(EhrError::BreakGlassRequired) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

fn at(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn li_wei_of_the_directory() -> Clinician {
    Clinician {
        names: vec!["李伟".to_owned(), "李伟（肾病科）".to_owned()],
        known_by: [("h0".to_owned(), format!("{NUMBERS}|C1001"))].into(),
    }
}

fn answer(says: &Mutex<Says>, path: &str) -> Reply {
    let mut says = says.lock().unwrap_or_else(PoisonError::into_inner);
    says.asked.push(path.to_owned());
    let (kind, query) = path.split_once('?').unwrap_or((path, ""));
    match kind.split_once('/') {
        Some(("Encounter", _)) if says.fails.is_some() => Reply::Status(says.fails.unwrap_or_default()),
        Some(("Encounter", id)) => {
            says.encounters.iter().find(|one| one["id"] == id).cloned().map_or(Reply::NotFound, Reply::Json)
        }
        Some(("Patient", id)) => says.patients.get(id).cloned().map_or(Reply::NotFound, Reply::Json),
        Some(_) => Reply::NotFound,
        None if kind == "Patient" => Reply::Json(bundle([yulan("p1")])),
        None if kind == "Practitioner" => Reply::Json(bundle(says.practitioners.clone())),
        None if kind == "Encounter" && says.fails.is_some() => Reply::Status(says.fails.unwrap_or_default()),
        None if kind == "Encounter" => {
            // It knows the filter by status, and no other.
            let open = |one: &&Value| !query.contains("status=") || one["status"] == "in-progress";
            Reply::Json(bundle(says.encounters.iter().filter(open).cloned().collect::<Vec<_>>()))
        }
        None => Reply::Status(404),
    }
}

#[tokio::test]
async fn an_encounter_opens_its_patients_record_to_who_attends() {
    let ward = Ward::new().await;
    assert!(!ward.opens("li.wei", 0).await, "before the hospital was asked");
    let mine = ward.read(0).await;
    assert!(ward.opens("li.wei", 1).await);
    assert!(!ward.opens("wang.fang", 1).await, "a colleague");
    let [only] = mine.items.as_slice() else { panic!("{:?}", mine.items) };
    assert_eq!((only.person, only.standing), (ward.person, Standing::Inpatient));
    assert_eq!(only.relations[0].place.as_deref(), Some("肾病科病区 7床"));
    assert_eq!((mine.sources[0].state, mine.due, mine.complete()), (SourceState::Answered, 0, true));
    let asked = ward.asked();
    assert!(asked.iter().any(|path| path.contains("identifier=https%3A%2F%2Fh.example%2Fstaff%7CC1001")), "{asked:?}");
    assert!(asked.iter().any(|path| path.starts_with("Encounter?participant=Practitioner%2Fpr-1")), "{asked:?}");
    // Asked lately: not again. Ten minutes later, but whose practitioner it is is known.
    ward.read(9).await;
    assert_eq!(ward.asked(), Vec::<String>::new());
    ward.read(10).await;
    let again = ward.asked();
    assert!(again.len() == 2 && again.iter().all(|path| path.starts_with("Encounter?")), "{again:?}");
    // The stay goes on, and then nobody asks any more: the record closes by itself.
    let month = 60 * 24 * 30;
    assert!(ward.opens("li.wei", month - 1).await);
    assert!(!ward.opens("li.wei", month + 10).await);
}

#[tokio::test]
async fn what_proves_nothing_opens_nothing() {
    let subject = |text: &str| json!({ "reference": text });
    let cases: Vec<(&str, Change)> = vec![
        ("another's encounter", Box::new(|says| says.encounters = vec![stay("e1", "Practitioner/pr-2", "Patient/p1")])),
        (
            "another server's practitioner",
            Box::new(|says| {
                says.encounters = vec![stay("e1", "http://other.example/fhir/Practitioner/pr-1", "Patient/p1")];
            }),
        ),
        ("nobody takes part", Box::new(|says| says.encounters[0]["participant"] = json!([]))),
        (
            "a patient of another server",
            Box::new(move |says| {
                says.encounters[0]["subject"] = subject("http://other.example/fhir/Patient/p1");
            }),
        ),
        (
            "a patient by number alone",
            Box::new(|says| {
                says.encounters[0]["subject"] =
                    json!({ "identifier": { "system": super::region::RESIDENT_ID, "value": "999009196403180328" } });
            }),
        ),
        // Asked for p9, it answers with p1: p9 is nobody's then, and p1 was not asked for.
        (
            "a patient who was not asked for",
            Box::new(|says| {
                says.encounters = vec![stay("e1", "Practitioner/pr-1", "Patient/p9")];
                says.patients.insert("p9".to_owned(), yulan("p1"));
            }),
        ),
        ("cancelled", Box::new(|says| says.encounters[0]["status"] = json!("cancelled"))),
        ("entered in error", Box::new(|says| says.encounters[0]["status"] = json!("entered-in-error"))),
        (
            "long over",
            Box::new(|says| {
                says.encounters[0]["status"] = json!("finished");
                says.encounters[0]["period"]["end"] = json!("2026-09-01");
            }),
        ),
        ("another name", Box::new(|says| says.practitioners[0]["name"] = json!([{ "text": "李卫" }]))),
        ("no name", Box::new(|says| says.practitioners[0]["name"] = json!([]))),
        ("another number", Box::new(|says| says.practitioners[0]["identifier"][0]["value"] = json!("C1002"))),
        ("another system", Box::new(|says| says.practitioners[0]["identifier"][0]["system"] = json!("urn:other"))),
        (
            "two bearers",
            Box::new(|says| {
                let mut other = li_wei();
                other["id"] = json!("pr-2");
                says.practitioners.push(other);
            }),
        ),
        ("left", Box::new(|says| says.practitioners[0]["active"] = json!(false))),
        ("nobody bears it", Box::new(|says| says.practitioners.clear())),
    ];
    for (what, change) in cases {
        let ward = Ward::new().await;
        ward.say(|says| change(says));
        let mine = ward.read(0).await;
        assert!(!ward.opens("li.wei", 1).await, "{what}");
        assert!(mine.items.is_empty(), "{what}");
    }
}

#[tokio::test]
async fn encounters_of_others_are_told_as_a_fault_of_the_hospital() {
    let ward = Ward::new().await;
    ward.say(|says| says.encounters.push(stay("e2", "Practitioner/pr-2", "Patient/p1")));
    let mine = ward.read(0).await;
    assert_eq!((mine.sources[0].state, mine.complete()), (SourceState::Partial, false));
    assert_eq!(mine.sources[0].detail.as_deref(), Some("why-foreign-dropped"));
    assert_eq!(mine.items[0].relations.len(), 1, "one's own is kept");
}

#[tokio::test]
async fn a_relation_ends_with_its_encounter_and_a_silent_hospital_changes_nothing() {
    let cases: Vec<(&str, Change, bool)> = vec![
        ("goes on", Box::new(|_| {}), true),
        (
            "finished lately",
            Box::new(|says| {
                says.encounters[0]["status"] = json!("finished");
                says.encounters[0]["period"]["end"] = json!("2026-11-20");
            }),
            true,
        ),
        ("cancelled", Box::new(|says| says.encounters[0]["status"] = json!("cancelled")), false),
        ("entered in error", Box::new(|says| says.encounters[0]["status"] = json!("entered-in-error")), false),
        (
            "handed over",
            Box::new(|says| {
                says.encounters[0]["participant"] = json!([{ "individual": { "reference": "Practitioner/pr-2" } }]);
            }),
            false,
        ),
        ("gone", Box::new(|says| says.encounters.clear()), false),
        ("finished, and the end is not said", Box::new(|says| says.encounters[0]["status"] = json!("finished")), true),
        ("refused", Box::new(|says| says.fails = Some(403)), true),
        ("broken", Box::new(|says| says.fails = Some(500)), true),
    ];
    for (what, change, stays) in cases {
        let ward = Ward::new().await;
        ward.read(0).await;
        ward.say(|says| change(says));
        let mine = ward.read(10).await;
        assert_eq!(ward.opens("li.wei", 11).await, stays, "{what}");
        assert_eq!(!mine.items.is_empty(), stays, "{what}");
        if matches!(what, "refused" | "broken") {
            assert!(!mine.complete() && mine.sources[0].retrieved_at == Some(at(0)), "{what}: {:?}", mine.sources);
        }
    }
}

#[tokio::test]
async fn who_is_no_longer_known_there_loses_what_was_known_by_it() {
    let ward = Ward::new().await;
    ward.read(0).await;
    ward.say(|says| says.practitioners[0]["name"] = json!([{ "text": "王芳" }]));
    let day = 60 * 24;
    ward.read(day - 1).await;
    assert!(ward.opens("li.wei", day - 1).await, "for a day it is believed");
    let mine = ward.read(day + 10).await;
    assert!(!ward.opens("li.wei", day + 11).await);
    assert_eq!(mine.sources[0].detail.as_deref(), Some("why-staff-name-differs"));
    let kept = ward.charts.practitioners().of(&SubjectId::staff("region", "li.wei")).await.expect("identities");
    assert_eq!(kept[0].recognition, Recognition::NameDiffers);
}

#[tokio::test]
async fn a_link_that_is_undone_takes_the_relation_with_it() {
    let ward = Ward::new().await;
    ward.read(0).await;
    assert!(ward.opens("li.wei", 1).await);
    let undo = Query::update()
        .table(Alias::new("patient_link"))
        .value(Alias::new("undone_at"), 1_i64)
        .and_where(Expr::col(Alias::new("source_patient")).eq("p1"))
        .to_owned();
    ward.db.connect().await.expect("connect").execute(&undo).await.expect("undone");
    assert!(!ward.opens("li.wei", 1).await, "it is nobody's registration any more");
    let staff = staff("li.wei", "clinician");
    let mine = ward.charts.my_patients(&staff, &li_wei_of_the_directory(), RULES, at(1)).await.expect("listed");
    assert!(mine.items.is_empty());
}

#[tokio::test]
async fn two_people_of_the_directory_are_never_one_practitioner() {
    let ward = Ward::new().await;
    ward.read(0).await;
    // A number that was typed twice, at a namesake.
    let mine = ward.read_as("li.wei2", &li_wei_of_the_directory(), 1).await;
    assert!(!ward.opens("li.wei2", 1).await && mine.items.is_empty());
    assert_eq!(mine.sources[0].detail.as_deref(), Some("why-staff-shared"));
    assert!(ward.opens("li.wei", 1).await);
}

#[tokio::test]
async fn staff_without_the_right_are_shown_nobody() {
    let ward = Ward::new().await;
    let manager = staff("li.wei", "manager");
    let asked = ward.charts.read_encounters(&manager, &li_wei_of_the_directory(), RULES, now()).await;
    assert!(matches!(asked, Err(EhrError::Forbidden | EhrError::NotFound)), "{asked:?}");
    let shown = ward.charts.my_patients(&manager, &li_wei_of_the_directory(), RULES, now()).await;
    assert!(matches!(shown, Err(EhrError::Forbidden | EhrError::NotFound)), "{shown:?}");
}
