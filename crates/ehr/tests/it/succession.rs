//! What was replaced stays visible, says so and leads to what replaced it; what hospitals say wrongly leads nowhere.

use ehr::{Entry, Note, OrderFields, Reader, RecordQuery, Relation, Section, Sheet, Succession, Visits};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FOREIGN_WORDS, Hospital, World, send};

const QUERY: RecordQuery = RecordQuery { since: None, until: None, source: None };

fn service(id: &str, text: &str, replaces: &[&str]) -> Value {
    let replaces: Vec<Value> = replaces.iter().map(|one| json!({ "reference": one })).collect();
    json!({
        "resourceType": "ServiceRequest", "id": id, "status": "active", "intent": "order",
        "category": [{ "text": "长期医嘱" }], "code": { "text": text },
        "authoredOn": "2026-03-09T09:00:00+08:00", "replaces": replaces,
    })
}

/// A note of the visit `e1` that says this of other documents.
fn note(id: &str, kind: &str, relates_to: &[(&str, &str)]) -> Value {
    let related = relates_to.iter().map(|(code, target)| json!({ "code": code, "target": { "reference": target } }));
    let attachment = json!({ "contentType": "text/plain", "data": "55eF5Y6G" });
    let mut note = send::note(id, Some("e1"), attachment);
    note["type"] = json!({ "text": kind });
    note["relatesTo"] = json!(related.collect::<Vec<_>>());
    note
}

async fn orders(world: &World) -> Sheet<OrderFields> {
    let clinician = staff("li.wei", "clinician");
    world.charts.orders(Reader::Staff(&clinician), world.person, &QUERY, now()).await.expect("orders")
}

async fn visits(world: &World, section: Section) -> Visits {
    let clinician = staff("li.wei", "clinician");
    let reader = Reader::Staff(&clinician);
    match section {
        Section::Inpatient => world.charts.inpatient(reader, world.person, &QUERY, now()).await,
        _ => world.charts.outpatient(reader, world.person, &QUERY, now()).await,
    }
    .expect("visits")
}

/// Relation, the other's `Type/id`, did it come, is it shown.
type Said<'s> = Vec<(Relation, Option<&'s str>, bool, bool)>;

fn said(of: &Succession) -> Said<'_> {
    let one = |one: &'_ ehr::Related| (one.relation, one.found, one.item.is_some());
    let all = of.related.iter().map(|related| (one(related), related.resource.as_deref()));
    all.map(|((relation, found, shown), resource)| (relation, resource, found, shown)).collect()
}

fn order<'s>(sheet: &'s Sheet<OrderFields>, text: &str) -> &'s Entry<OrderFields> {
    sheet.entries.iter().find(|entry| entry.fact.code.text == text).expect(text)
}

fn notes(visits: &Visits) -> Vec<&Note> {
    visits.visits.iter().flat_map(|visit| &visit.notes).chain(&visits.loose_notes).collect()
}

fn of<'n>(notes: &[&'n Note], id: &str) -> &'n Succession {
    let origin = format!("DocumentReference/{id}");
    &notes.iter().find(|note| note.origin.resource == origin).expect("note").succession
}

#[tokio::test]
async fn a_replaced_order_is_shown_and_does_not_count() {
    let (old, new) = (service("a", "二级护理", &[]), service("b", "一级护理", &["ServiceRequest/a"]));
    let world = World::new(&[Hospital::with([old, new])]).await;
    let sheet = orders(&world).await;
    let (old, new) = (order(&sheet, "二级护理"), order(&sheet, "一级护理"));
    assert_eq!(said(&old.fields.succession), [(Relation::ReplacedBy, Some("ServiceRequest/b"), true, true)]);
    assert_eq!(said(&new.fields.succession), [(Relation::Replaces, Some("ServiceRequest/a"), true, true)]);
    assert_eq!(old.fields.succession.related[0].item.as_ref(), Some(&new.fact.id));
    assert_eq!((old.fact.status.as_str(), old.is_in_force(), new.is_in_force()), ("active", false, true));
    let texts: Vec<&str> = sheet.entries.iter().map(|entry| entry.fact.code.text.as_str()).collect();
    assert_eq!(texts, ["一级护理", "二级护理"], "what is in force comes first");
}

#[tokio::test]
async fn what_is_replaced_here_contradicts_what_stands_there() {
    let one = Hospital::with([service("a", "二级护理", &[]), service("b", "一级护理", &["ServiceRequest/a"])]);
    let other = Hospital::with([service("x", "二级护理", &[])]);
    let world = World::new(&[one, other]).await;
    let sheet = orders(&world).await;
    let second: Vec<(usize, bool)> = sheet
        .entries
        .iter()
        .filter(|entry| entry.fact.code.text == "二级护理")
        .map(|entry| (entry.fact.conflict.len(), entry.is_in_force()))
        .collect();
    assert_eq!(second.len(), 2, "two hospitals say different things of it");
    assert!(second.contains(&(1, true)) && second.contains(&(1, false)), "{second:?}");
}

#[tokio::test]
async fn drafts_plans_and_withdrawn_orders_replace_nothing() {
    let mut draft = service("d", "拟改一级护理", &["ServiceRequest/a"]);
    draft["status"] = json!("draft");
    let mut plan = service("p", "计划一级护理", &["ServiceRequest/a"]);
    plan["intent"] = json!("plan");
    let mut error = service("e", "误开", &["ServiceRequest/a"]);
    error["status"] = json!("entered-in-error");
    let world = World::new(&[Hospital::with([service("a", "二级护理", &[]), draft, plan, error])]).await;
    let sheet = orders(&world).await;
    let old = order(&sheet, "二级护理");
    assert_eq!((old.is_in_force(), &old.fields.succession), (true, &Succession::default()));
    let draft = order(&sheet, "拟改一级护理");
    assert_eq!(said(&draft.fields.succession), [(Relation::Replaces, Some("ServiceRequest/a"), true, true)]);
}

#[tokio::test]
async fn nothing_absent_foreign_or_elsewhere_is_followed() {
    let mut foreign = service("f", FOREIGN_WORDS, &["ServiceRequest/a"]);
    foreign["subject"] = json!({ "reference": "Patient/p2" });
    let named =
        ["ServiceRequest/f", "ServiceRequest/gone", "https://else.where/fhir/ServiceRequest/x", "urn:uuid:1", "#in"];
    let one = Hospital::with([service("a", "二级护理", &[]), service("b", "一级护理", &named), foreign]);
    let world = World::new(std::slice::from_ref(&one)).await;
    let sheet = orders(&world).await;
    let new = &order(&sheet, "一级护理").fields.succession;
    let expected: Said<'_> = vec![
        (Relation::Replaces, None, false, false),
        (Relation::Replaces, Some("ServiceRequest/f"), false, false),
        (Relation::Replaces, Some("ServiceRequest/gone"), false, false),
    ];
    assert_eq!(said(new), expected);
    assert!(order(&sheet, "二级护理").is_in_force(), "another patient's order replaces none of this one's");
    assert!(!format!("{sheet:?}").contains(FOREIGN_WORDS));
    let asked = one.asked();
    assert!(!asked.iter().any(|path| path.starts_with("ServiceRequest/")), "nothing is looked for: {asked:?}");
}

#[tokio::test]
async fn orders_that_replace_one_another_are_both_in_force() {
    let hospital = Hospital::with([
        service("a", "吸氧", &["ServiceRequest/b"]),
        service("b", "鼻导管吸氧", &["ServiceRequest/a"]),
        service("c", "面罩吸氧", &["ServiceRequest/a", "ServiceRequest/c"]),
    ]);
    let world = World::new(&[hospital]).await;
    let sheet = orders(&world).await;
    let b = order(&sheet, "鼻导管吸氧");
    assert!(b.is_in_force() && b.fields.succession.related.iter().all(|one| one.circular), "{b:?}");
    assert_eq!(b.fields.succession.related.len(), 2);
    assert!(!order(&sheet, "吸氧").is_in_force(), "the third replaces it, outside of the circle");
    assert!(order(&sheet, "面罩吸氧").is_in_force(), "nothing replaces itself");
}

#[tokio::test]
async fn versions_of_a_note_lead_to_one_another() {
    let mut first = note("n1", "门诊病历", &[]);
    first["status"] = json!("superseded");
    let second = note("n2", "门诊病历", &[("replaces", "DocumentReference/n1")]);
    let third = note(
        "n3",
        "会诊记录",
        &[
            ("appends", "DocumentReference/n2"),
            ("signs", "DocumentReference/n2"),
            ("transforms", "DocumentReference/gone"),
            ("eats", "DocumentReference/n2"),
        ],
    );
    let alone = {
        let mut alone = note("n4", "旧记录", &[]);
        alone["status"] = json!("superseded");
        alone
    };
    let visit = send::visit("e1", "AMB", Some("2026-11-20"));
    let world = World::new(&[Hospital::with([visit, first, second, third, alone])]).await;
    let found = visits(&world, Section::Outpatient).await;
    let notes = notes(&found);
    assert_eq!(notes.len(), 4, "nothing that was replaced is lost");
    assert_eq!(
        (of(&notes, "n1").superseded, said(of(&notes, "n1"))),
        (true, vec![(Relation::ReplacedBy, Some("DocumentReference/n2"), true, true)])
    );
    let second: Vec<Relation> = of(&notes, "n2").related.iter().map(|one| one.relation).collect();
    assert_eq!(second, [Relation::Replaces, Relation::SignedBy, Relation::AppendedBy]);
    assert!(!of(&notes, "n2").superseded && !of(&notes, "n3").superseded, "only what is replaced is");
    assert!(said(of(&notes, "n3")).contains(&(Relation::Transforms, Some("DocumentReference/gone"), false, false)));
    assert!(of(&notes, "n4").superseded, "the hospital says so, and names nothing newer");
}

#[tokio::test]
async fn every_section_of_documents_tells_of_versions() {
    let mut resources = vec![send::visit("e1", "IMP", Some("2026-11-18"))];
    for (kind, id) in
        [("手术记录", "op"), ("护理记录", "nu"), ("日常病程记录", "pr"), ("出院小结", "di"), ("住院病案首页", "fp")]
    {
        resources.push(note(&format!("{id}1"), kind, &[]));
        resources.push(note(&format!("{id}2"), kind, &[("replaces", &format!("DocumentReference/{id}1"))]));
    }
    let compositions = ["c1", "c2"].map(|id| {
        json!({
            "resourceType": "Composition", "id": id, "status": "final", "title": "出院小结", "date": "2026-11-20",
            "type": { "coding": [{ "system": "http://loinc.org", "code": "18842-5" }] },
            "section": [{ "title": "诊疗经过", "text": { "div": "<div>好转</div>" } }],
            "relatesTo": if id == "c2" {
                json!([{ "code": "replaces", "targetReference": { "reference": "Composition/c1" } }])
            } else { json!([]) },
        })
    });
    resources.extend(compositions);
    let world = World::new(&[Hospital::with(resources)]).await;
    let clinician = staff("li.wei", "clinician");
    for (section, ids) in [
        (Section::Surgery, &["DocumentReference/op1"][..]),
        (Section::Nursing, &["DocumentReference/nu1"]),
        (Section::Inpatient, &["DocumentReference/pr1", "DocumentReference/op1", "DocumentReference/nu1"]),
        (Section::Discharge, &["DocumentReference/di1", "Composition/c1"]),
        (Section::FrontPage, &["DocumentReference/fp1"]),
    ] {
        let json = world.charts.record_json(Reader::Staff(&clinician), world.person, section, &QUERY, now()).await;
        let told = serde_json::to_value(json.expect("json")).expect("value");
        let told: Value = told.as_str().map_or(told.clone(), |text| serde_json::from_str(text).expect("json"));
        for id in ids {
            let newer = id.replace('1', "2");
            let older = holder(&told, id).unwrap_or_else(|| panic!("{id} is lost in {section:?}: {told:#}"));
            assert_eq!(older.pointer("/superseded"), Some(&json!(true)), "{id} in {section:?}");
            assert_eq!(older.pointer("/related/0/relation"), Some(&json!("replaced-by")));
            assert_eq!(older.pointer("/related/0/resource"), Some(&json!(newer)));
            assert!(older.pointer("/related/0/item").is_some(), "{id} leads nowhere in {section:?}");
            let newer = holder(&told, &newer).expect("newer");
            assert_eq!(newer.pointer("/related/0/relation"), Some(&json!("replaces")), "{id} in {section:?}");
        }
    }
}

/// What in a section's JSON comes from `resource` and has versions: a note, or the fields of an item.
fn holder<'v>(value: &'v Value, resource: &str) -> Option<&'v Value> {
    let is_from = |of: &Value| of["resource"] == resource;
    match value {
        Value::Object(members) => {
            if members.get("origin").is_some_and(is_from) {
                return Some(value);
            }
            let many = members.get("origins").and_then(Value::as_array).is_some_and(|all| all.iter().any(is_from));
            if many && value["kind"] != "Encounter" && value["fields"]["notes"].is_null() {
                return members.get("fields");
            }
            members.values().find_map(|one| holder(one, resource))
        }
        Value::Array(all) => all.iter().find_map(|one| holder(one, resource)),
        _ => None,
    }
}

#[tokio::test]
async fn to_a_patient_a_newer_version_that_is_held_has_no_name() {
    let visit = send::visit("e1", "AMB", Some("2026-11-20"));
    let first = note("n1", "门诊病历", &[]);
    let mut second = note("n2", "门诊病历", &[("replaces", "DocumentReference/n1")]);
    second["docStatus"] = json!("preliminary");
    let world = World::outside(&[Hospital::with([visit, first, second])]).await;
    let own = patient(Some(world.person));
    let found = world.charts.outpatient(Reader::Patient(&own), world.person, &QUERY, now()).await.expect("visits");
    let notes = notes(&found);
    assert_eq!(notes.len(), 1, "the draft is held");
    assert_eq!(
        (of(&notes, "n1").superseded, said(of(&notes, "n1"))),
        (true, vec![(Relation::ReplacedBy, None, true, false)])
    );
}

/// What is said of notes, and of each order.
type Told = (Vec<Succession>, Vec<(String, Succession)>);

#[tokio::test]
async fn the_order_of_answers_does_not_change_versions() {
    let resources = || {
        let chain = ["n1", "n2", "n3"];
        let mut all = vec![send::visit("e1", "AMB", Some("2026-11-20"))];
        for (nth, id) in chain.iter().enumerate() {
            let older: Vec<String> = chain[..nth].iter().map(|one| format!("DocumentReference/{one}")).collect();
            let older: Vec<(&str, &str)> = older.iter().map(|one| ("replaces", one.as_str())).collect();
            all.push(note(id, "门诊病历", &older));
            all.push(service(id, &format!("护理 {id}"), &[&format!("ServiceRequest/n{nth}")]));
        }
        all
    };
    let mut told: Option<Told> = None;
    for dice in 0..12 {
        let hospital = Hospital::with(resources());
        hospital.pages_of(2);
        hospital.shuffle(dice);
        let world = World::new(&[hospital]).await;
        let found = visits(&world, Section::Outpatient).await;
        let notes = notes(&found).iter().map(|note| note.succession.clone()).collect();
        let sheet = orders(&world).await;
        let orders = sheet.entries.iter().map(|entry| (entry.fact.id.clone(), entry.fields.succession.clone()));
        let now = (notes, orders.collect());
        assert_eq!(told.get_or_insert_with(|| now.clone()), &now, "dice {dice}");
    }
    let (notes, orders) = told.expect("told");
    assert_eq!(notes.iter().filter(|one| one.superseded).count(), 2);
    assert_eq!(orders.iter().filter(|(_, one)| one.superseded).count(), 2);
}
