//! What waits for a clinician: of those they treat alone, and never nothing where somebody did not answer.

use ehr::{Clinician, EhrError, EncounterRules, Markable, Reader, RecordQuery, ReviewKind, Section, WaitingResults};
use jiff::{SignedDuration, civil::date};
use serde_json::{Value, json};

use super::region::{audited, now, staff};
use super::world::{Fault, Hospital, World};

const RULES: EncounterRules =
    EncounterRules { after: SignedDuration::from_hours(24 * 30), every: SignedDuration::from_mins(10) };
const NUMBERS: &str = "https://h.example/staff";
const GLANCE: &str = "waiting-results";

fn result(id: &str, code: &str, value: f64, at: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "meta": { "versionId": "1" },
        "category": [{ "coding": [{ "code": "laboratory" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": code },
        "effectiveDateTime": at, "valueQuantity": { "value": value, "unit": "mmol/L" },
    })
}

/// 李伟 attends 陈玉兰 here.
fn ward() -> Hospital {
    Hospital::with([
        json!({
            "resourceType": "Practitioner", "id": "pr-1", "active": true, "name": [{ "family": "李", "given": ["伟"] }],
            "identifier": [{ "system": NUMBERS, "value": "C1001" }],
        }),
        json!({
            "resourceType": "Encounter", "id": "e1", "status": "in-progress",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" },
            "subject": { "reference": "Patient/p1" }, "period": { "start": "2026-11-18T09:00:00+08:00" },
            "participant": [{ "individual": { "reference": "Practitioner/pr-1" } }],
        }),
        result("k", "2823-3", 6.9, "2026-11-20T08:00:00+08:00"),
        result("na", "2951-2", 140.0, "2026-11-20T08:00:00+08:00"),
        result("before", "2951-2", 139.0, "2026-11-02T08:00:00+08:00"),
    ])
}

fn li_wei() -> Clinician {
    Clinician { names: vec!["李伟".to_owned()], known_by: [("h0".to_owned(), format!("{NUMBERS}|C1001"))].into() }
}

async fn waiting(world: &World, name: &str, who: &Clinician) -> Result<WaitingResults, EhrError> {
    let staff = staff(name, "clinician");
    world.charts.read_encounters(&staff, who, RULES, now()).await?;
    world.charts.waiting_results(&staff, (who, RULES), date(2026, 11, 19), now()).await
}

/// Ids of critical values, and of results that nobody has looked at.
fn ids(of: &WaitingResults) -> (Vec<&str>, Vec<&str>) {
    let critical = of.records.iter().flat_map(|record| &record.critical.items).map(|one| one.result.id.as_str());
    let mut unseen: Vec<&str> =
        of.records.iter().flat_map(|record| &record.unseen).map(|one| one.id.as_str()).collect();
    unseen.sort_unstable();
    (critical.collect(), unseen)
}

#[tokio::test]
async fn what_nobody_has_looked_at_waits_for_who_treats() {
    let world = World::strict(&[ward()]).await;
    let found = waiting(&world, "li.wei", &li_wei()).await.expect("read");
    assert_eq!(ids(&found), (vec!["h0.k"], vec!["h0.k", "h0.na"]));
    assert!(found.complete(), "{found:?}");
    let who = staff("li.wei", "clinician");
    for (item, kind) in [("h0.na", ReviewKind::Reviewed), ("h0.k", ReviewKind::Acknowledged)] {
        let at = (Section::LabResults, item);
        let seen = world.charts.reviewable(&who, world.person, at, now()).await.expect("there").seen;
        let of = Markable { section: at.0, item, seen: &seen };
        world.charts.review(&who, world.person, &of, (kind, None), now()).await.expect("marked");
    }
    // To have been told of a value is not to have looked at it.
    let found = waiting(&world, "li.wei", &li_wei()).await.expect("read");
    assert_eq!(ids(&found), (vec![], vec!["h0.k"]));
}

#[tokio::test]
async fn whose_patients_nobody_knows_has_nothing_and_is_told_so() {
    let world = World::strict(&[ward()]).await;
    let nobody = Clinician { names: vec!["周燕".to_owned()], known_by: Default::default() };
    let found = waiting(&world, "zhou.yan", &nobody).await.expect("read");
    assert!(found.records.is_empty() && found.nowhere && !found.complete(), "{found:?}");
    let researcher = staff("gao.ya", "researcher");
    let refused = world.charts.waiting_results(&researcher, (&nobody, RULES), date(2026, 11, 19), now()).await;
    assert!(matches!(refused, Err(EhrError::Forbidden | EhrError::NotFound)), "{refused:?}");
    assert!(read_intents(&world).await.is_empty(), "no record was read");
}

#[tokio::test]
async fn nothing_found_is_not_nothing_there() {
    let (here, silent) = (ward(), Hospital::default());
    silent.fail("Observation", Fault::Status(500));
    let world = World::strict(&[here.clone(), silent.clone()]).await;
    let found = waiting(&world, "li.wei", &li_wei()).await.expect("read");
    let named: Vec<&str> = found.records[0].silent().map(|report| report.id.as_str()).collect();
    assert_eq!((named, found.complete()), (vec!["h1"], false));
    assert_eq!(ids(&found).0, ["h0.k"], "what came is there");
    silent.heal();
    here.fail("Observation", Fault::Nothing);
    let found = waiting(&world, "li.wei", &li_wei()).await.expect("read");
    assert!(ids(&found).1.is_empty() && !found.complete());
}

#[tokio::test]
async fn a_look_at_what_waits_is_audited_and_opens_no_record() {
    let world = World::strict(&[ward()]).await;
    let who = staff("li.wei", "clinician");
    waiting(&world, "li.wei", &li_wei()).await.expect("read");
    assert_eq!(read_intents(&world).await.len(), 1);
    assert_eq!(world.charts.recent_patients(&who, now()).await.expect("listed").len(), 0, "{GLANCE} opened nothing");
    world.charts.lab_results(Reader::Staff(&who), world.person, &RecordQuery::default(), now()).await.expect("read");
    assert_eq!(world.charts.recent_patients(&who, now()).await.expect("listed").len(), 1);
}

async fn read_intents(world: &World) -> Vec<(String, String)> {
    audited(&world.db).await.into_iter().filter(|(action, _)| action == "record.read.intent").collect()
}
