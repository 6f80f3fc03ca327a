//! Marks of clinicians: about what a hospital says at that moment, of this person, and nobody else's business.

use ehr::{EhrError, Gathered, Markable, Reader, RecordQuery, ReviewKind, ReviewNote, Section, labs::LabResult};
use serde_json::{Value, json};

use super::region::{audited, now, patient, staff};
use super::world::{Fault, Hospital, World};

fn result(id: &str, code: &str, value: f64, version: Option<&str>) -> Value {
    let mut result = json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "category": [{ "coding": [{ "code": "laboratory" }] }],
        "code": { "coding": [{ "system": "http://loinc.org", "code": code }], "text": code },
        "effectiveDateTime": "2026-11-19T08:00:00+08:00", "issued": "2026-11-19T09:00:00+08:00",
        "valueQuantity": { "value": value, "unit": "mmol/L" },
        "subject": { "reference": "Patient/p1" },
    });
    if let Some(version) = version {
        result["meta"] = json!({ "versionId": version });
    }
    result
}

const POTASSIUM: &str = "2823-3";
const SODIUM: &str = "2951-2";

async fn read(world: &World, reader: Reader<'_>) -> Gathered<LabResult> {
    let charts = if matches!(reader, Reader::Staff(_)) { &world.charts } else { &world.outside };
    charts.lab_results(reader, world.person, &RecordQuery::default(), now()).await.expect("results")
}

/// Looks at an item and marks it, as a page does.
async fn mark(world: &World, name: &str, item: (Section, &str), kind: ReviewKind, note: &str) -> Result<(), EhrError> {
    let who = staff(name, "clinician");
    let seen = world.charts.reviewable(&who, world.person, item, now()).await?.seen;
    let of = Markable { section: item.0, item: item.1, seen: &seen };
    let note = ReviewNote::new(note).expect("short");
    world.charts.review(&who, world.person, &of, (kind, note), now()).await.map(drop)
}

const LAB: (Section, &str) = (Section::LabResults, "h0.k");

#[tokio::test]
async fn a_mark_is_beside_the_result_on_both_sides_until_the_hospital_corrects_it() {
    let hospital = Hospital::with([result("k", POTASSIUM, 5.0, Some("1")), result("na", SODIUM, 140.0, Some("1"))]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    mark(&world, "li.wei", LAB, ReviewKind::Reviewed, "血钾正常，继续服药").await.expect("marked");
    let (clinician, own) = (staff("zhou.yan", "clinician"), patient(Some(world.person)));
    for reader in [Reader::Staff(&clinician), Reader::Patient(&own)] {
        let found = read(&world, reader).await;
        let review = found.reviews.get("h0.k").expect("a mark");
        let mark = review.standing(ReviewKind::Reviewed).expect("it stands");
        assert_eq!((mark.by.as_str(), mark.note.as_deref()), ("li.wei", Some("血钾正常，继续服药")));
        assert!(found.reviews.get("h0.na").is_none(), "the other result has none");
        let json = serde_json::to_value(ehr::json::lab_results(world.person, &found)).expect("json");
        let items = json["items"].as_array().expect("items");
        let marked: Vec<&Value> = items.iter().filter(|item| !item["review"].is_null()).collect();
        assert_eq!(marked.len(), 1, "{json}");
        assert_eq!(marked[0]["review"]["marks"][0]["note"], "血钾正常，继续服药", "{json}");
        assert!(!json.to_string().contains("u:region"), "whom they sign in as is nobody's business");
    }
    hospital.correct(result("k", POTASSIUM, 5.4, Some("2")));
    let found = read(&world, Reader::Staff(&clinician)).await;
    let review = found.reviews.get("h0.k").expect("the mark stays");
    assert!(review.standing(ReviewKind::Reviewed).is_none() && !review.marks[0].current, "{review:?}");
}

#[tokio::test]
async fn without_versions_a_changed_value_is_a_correction_and_the_same_value_is_none() {
    let hospital = Hospital::with([result("k", POTASSIUM, 5.0, None)]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    mark(&world, "li.wei", LAB, ReviewKind::Reviewed, "").await.expect("marked");
    let clinician = staff("li.wei", "clinician");
    let stands = async || {
        let found = read(&world, Reader::Staff(&clinician)).await;
        found.reviews.get("h0.k").is_some_and(|review| review.standing(ReviewKind::Reviewed).is_some())
    };
    assert!(stands().await);
    hospital.correct(result("k", POTASSIUM, 5.00, None));
    assert!(stands().await);
    hospital.correct(result("k", POTASSIUM, 5.1, None));
    assert!(!stands().await);
}

#[tokio::test]
async fn nothing_is_marked_that_has_changed_is_not_there_or_is_another_patients() {
    let hospital = Hospital::with([result("k", POTASSIUM, 5.0, Some("1"))]);
    let mut foreign = result("foreign", POTASSIUM, 9.0, Some("1"));
    foreign["subject"] = json!({ "reference": "Patient/p2" });
    hospital.add(foreign);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let who = staff("li.wei", "clinician");
    let try_mark = async |item: &str, seen: &str| {
        let of = Markable { section: Section::LabResults, item, seen };
        world.charts.review(&who, world.person, &of, (ReviewKind::Reviewed, None), now()).await.map(drop)
    };
    let seen = world.charts.reviewable(&who, world.person, LAB, now()).await.expect("there").seen;
    for item in ["h0.foreign", "h0.nothing", "h1.k"] {
        // What was another patient's has been dropped, and of a hospital that sends such things nothing is certain.
        assert!(matches!(try_mark(item, &seen).await, Err(EhrError::NotFound | EhrError::Silent)), "{item}");
    }
    hospital.correct(result("k", POTASSIUM, 5.4, Some("2")));
    assert!(matches!(try_mark("h0.k", &seen).await, Err(EhrError::Changed)));
    hospital.fail("Observation", Fault::Status(500));
    assert!(matches!(try_mark("h0.k", &seen).await, Err(EhrError::Silent)), "not there is not known");
    let summary = Markable { section: Section::Summary, item: "h0.k", seen: &seen };
    let elsewhere = world.charts.review(&who, world.person, &summary, (ReviewKind::Reviewed, None), now()).await;
    assert!(matches!(elsewhere, Err(EhrError::NotFound)));
    hospital.heal();
    assert!(read(&world, Reader::Staff(&who)).await.reviews.get("h0.k").is_none(), "nothing was kept");
}

#[tokio::test]
async fn a_critical_value_waits_until_somebody_acknowledges_its_present_version() {
    let hospital = Hospital::with([result("k", POTASSIUM, 6.9, Some("1")), result("na", SODIUM, 140.0, Some("1"))]);
    let mut old = result("old", POTASSIUM, 7.1, Some("1"));
    old["effectiveDateTime"] = json!("2020-01-01T08:00:00+08:00");
    hospital.add(old);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    let clinician = staff("li.wei", "clinician");
    let open = async || {
        let summary =
            world.charts.summary(Reader::Staff(&clinician), world.person, now()).await.expect("summary").critical;
        let items: Vec<String> = summary.items.iter().map(|one| one.result.id.clone()).collect();
        (items, summary.elsewhere)
    };
    assert_eq!(open().await, (vec!["h0.k".to_owned()], 1));
    let normal = mark(&world, "li.wei", (Section::LabResults, "h0.na"), ReviewKind::Acknowledged, "").await;
    assert!(matches!(normal, Err(EhrError::NotCritical)));
    // To look at it is not to have been told of it.
    mark(&world, "li.wei", LAB, ReviewKind::Reviewed, "").await.expect("reviewed");
    assert_eq!(open().await.0.len(), 1);
    mark(&world, "li.wei", LAB, ReviewKind::Acknowledged, "").await.expect("acknowledged");
    assert_eq!(open().await, (vec![], 1));
    hospital.correct(result("k", POTASSIUM, 7.2, Some("2")));
    assert_eq!(open().await.0, ["h0.k"]);
    let own = patient(Some(world.person));
    let outside = world.outside.summary(Reader::Patient(&own), world.person, now()).await.expect("summary");
    assert!(outside.critical.items.is_empty(), "a patient hears of it from a person");
}

#[tokio::test]
async fn what_is_held_back_has_no_note_either() {
    let mut hiv = result("hiv", "75622-1", 1.0, Some("1"));
    hiv["code"] = json!({ "text": "HIV抗体" });
    let world = World::new(&[Hospital::with([hiv, result("k", POTASSIUM, 5.0, Some("1"))])]).await;
    let item = (Section::LabResults, "h0.hiv");
    mark(&world, "li.wei", item, ReviewKind::Reviewed, "请来院当面说").await.expect("marked");
    let own = patient(Some(world.person));
    let found = read(&world, Reader::Patient(&own)).await;
    assert_eq!(found.held.iter().map(|held| held.count).sum::<usize>(), 1);
    let json = serde_json::to_string(&ehr::json::lab_results(world.person, &found)).expect("json");
    assert!(!json.contains("当面") && !json.contains("li.wei"), "{json}");
}

#[tokio::test]
async fn two_clinicians_make_two_marks_and_one_makes_one_however_often() {
    let world = World::new(&[Hospital::with([result("k", POTASSIUM, 5.0, Some("1"))])]).await;
    let both = async |name: &'static str| {
        tokio::join!(
            mark(&world, name, LAB, ReviewKind::Reviewed, "好"),
            mark(&world, name, LAB, ReviewKind::Reviewed, "好"),
        )
    };
    let (one, other) = tokio::join!(both("li.wei"), both("zhou.yan"));
    for done in [one.0, one.1, other.0, other.1] {
        done.expect("marked");
    }
    let clinician = staff("li.wei", "clinician");
    let found = read(&world, Reader::Staff(&clinician)).await;
    let mut by: Vec<String> =
        found.reviews.get("h0.k").expect("marks").marks.iter().map(|mark| mark.by.clone()).collect();
    by.sort();
    assert_eq!(by, ["li.wei", "zhou.yan"]);
    let kept = audited(&world.db).await.into_iter().filter(|row| row.0 == "result.review").count();
    assert_eq!(kept, 2, "one row of the audit log a mark");
}

#[tokio::test]
async fn a_mark_is_withdrawn_by_who_made_it_and_stays() {
    let world = World::new(&[Hospital::with([result("k", POTASSIUM, 5.0, Some("1"))])]).await;
    mark(&world, "li.wei", LAB, ReviewKind::Reviewed, "写错了人").await.expect("marked");
    let (one, other) = (staff("li.wei", "clinician"), staff("zhou.yan", "clinician"));
    let own = patient(Some(world.person));
    let id = read(&world, Reader::Staff(&one)).await.reviews.get("h0.k").expect("a mark").marks[0].id;
    let foreign = world.charts.withdraw_review(&other, world.person, id, now()).await;
    assert!(matches!(foreign, Err(EhrError::NotFound)));
    for _ in 0..2 {
        world.charts.withdraw_review(&one, world.person, id, now()).await.expect("withdrawn");
    }
    for (reader, note) in [(Reader::Staff(&other), Some("写错了人")), (Reader::Patient(&own), None)] {
        let found = read(&world, reader).await;
        let review = found.reviews.get("h0.k").expect("it stays");
        assert!(review.standing(ReviewKind::Reviewed).is_none());
        assert_eq!((review.marks.len(), review.marks[0].note.as_deref()), (1, note));
    }
    // The same may be said again.
    mark(&world, "li.wei", LAB, ReviewKind::Reviewed, "写错了人").await.expect("marked again");
    assert_eq!(read(&world, Reader::Staff(&one)).await.reviews.get("h0.k").expect("marks").marks.len(), 2);
    let rows = audited(&world.db).await;
    assert_eq!(
        rows.iter().filter(|row| row.0 == "result.review.withdraw").count(),
        1,
        "once, however often it is said"
    );
}

#[tokio::test]
async fn nurses_and_researchers_mark_nothing_and_are_written_down() {
    let world = World::new(&[Hospital::with([result("k", POTASSIUM, 6.9, Some("1"))])]).await;
    let seen = world.charts.reviewable(&staff("li.wei", "clinician"), world.person, LAB, now()).await.expect("there");
    let of = Markable { section: Section::LabResults, item: LAB.1, seen: &seen.seen };
    for group in ["nurse", "researcher", "administrator"] {
        for kind in [ReviewKind::Reviewed, ReviewKind::Acknowledged] {
            let refused = world.charts.review(&staff("x", group), world.person, &of, (kind, None), now()).await;
            assert!(matches!(refused, Err(EhrError::Forbidden | EhrError::NotFound)), "{group}: {refused:?}");
        }
    }
    let rows = audited(&world.db).await;
    for action in ["result.review", "result.acknowledge"] {
        assert!(rows.contains(&(action.to_owned(), "refused".to_owned())), "{action}: {rows:?}");
        assert!(!rows.contains(&(action.to_owned(), "ok".to_owned())), "{action}");
    }
}

#[tokio::test]
async fn a_report_is_marked_like_a_result() {
    let report = |conclusion: &str| {
        json!({
            "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": { "text": "心电图" },
            "category": [{ "coding": [{ "code": "EC" }] }], "conclusion": conclusion,
            "effectiveDateTime": "2026-11-02T09:10:00+08:00", "subject": { "reference": "Patient/p1" },
        })
    };
    let hospital = Hospital::with([report("窦性心律")]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    mark(&world, "li.wei", (Section::ExamReports, "h0.DiagnosticReport.r1"), ReviewKind::Reviewed, "没有问题")
        .await
        .expect("marked");
    let own = patient(Some(world.person));
    let stands = async || {
        let query = RecordQuery::default();
        let sheet =
            world.outside.exam_reports(Reader::Patient(&own), world.person, &query, now()).await.expect("sheet");
        let review = sheet.reviews.get(&sheet.entries[0].fact.id).expect("a mark").clone();
        let json = serde_json::to_value(ehr::json::sheet(world.person, Section::ExamReports, &sheet)).expect("json");
        assert_eq!(json["items"][0]["review"]["marks"][0]["note"], "没有问题", "{json}");
        review.standing(ReviewKind::Reviewed).is_some()
    };
    assert!(stands().await);
    hospital.correct(report("窦性心动过速"));
    assert!(!stands().await);
}
