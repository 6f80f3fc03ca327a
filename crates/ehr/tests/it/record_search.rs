//! Words in a whole record: one act, every section, nothing of anybody else, and whoever is silent is named.

use ehr::{EhrError, NotSearched, Reader, RecordSearch, RecordWords, Section};
use serde_json::json;

use super::region::{audited, now, patient, staff};
use super::world::{FAULTS, FOREIGN_WORDS, Hospital, World, send};

async fn search(world: &World, words: &str) -> RecordSearch {
    let clinician = staff("li.wei", "clinician");
    let words = RecordWords::read(words).expect("words");
    world.charts.search_record(Reader::Staff(&clinician), world.person, words, now()).await.expect("search")
}

fn hospital() -> Hospital {
    Hospital::with([
        send::visit("e1", "AMB", Some("2026-11-20T08:00:00+08:00")),
        send::problem("c1", "I10", "高血压病", "active", Some("2019-05")),
        json!({ "resourceType": "Procedure", "id": "p", "status": "completed", "code": { "text": "冠状动脉造影" },
            "performedDateTime": "2025-03-01", "note": [{ "text": "因高血压病，术中降压" }] }),
        // 初诊
        send::note("n1", Some("e1"), json!({ "contentType": "text/plain", "data": "5Yid6K+K" })),
        send::note("n2", Some("e1"), json!({ "contentType": "application/pdf", "data": "JVBERi0xLjQ=" })),
    ])
}

fn found(search: &RecordSearch) -> Vec<(Section, &str)> {
    let of = |group: &'_ ehr::FoundIn| group.section;
    search.groups.iter().flat_map(|group| group.hits.iter().map(move |hit| (of(group), hit.kind.as_str()))).collect()
}

#[tokio::test]
async fn it_is_one_act_that_names_its_sections() {
    let world = World::new(&[hospital()]).await;
    let before = audited(&world.db).await.len();
    let result = search(&world, "高血压病").await;
    assert!(found(&result).contains(&(Section::Summary, "Condition")), "{:?}", found(&result));
    let rows = audited(&world.db).await.split_off(before).into_iter().map(|(action, _)| action);
    let rows: Vec<_> = rows.filter(|action| action.starts_with("record.read")).collect();
    assert_eq!(rows, ["record.read.intent", "record.read.outcome"]);
    let note = search(&world, "初诊").await;
    assert!(found(&note).contains(&(Section::Outpatient, "Encounter")), "{:?}", found(&note));
}

#[tokio::test]
async fn whoever_is_silent_is_named_and_nothing_foreign_is_found() {
    let faulty = hospital();
    let world = World::new(&[faulty.clone(), hospital()]).await;
    for kind in ["Encounter", "Condition", "Procedure", "DocumentReference", "Observation"] {
        for fault in FAULTS {
            faulty.fail(kind, fault);
            let (result, foreign) = (search(&world, "高血压病").await, search(&world, FOREIGN_WORDS).await);
            faulty.heal();
            let told = format!("{kind} {fault:?}");
            let silent = |one: &NotSearched| matches!(one, NotSearched::Source { source, .. } if source == "h0");
            assert!(!result.complete() && result.not_searched.iter().any(silent), "{told}");
            assert_ne!(result.sources[0].state, ehr::SourceState::Answered, "{told}");
            assert!(found(&result).contains(&(Section::Summary, "Condition")), "{told}: of the other hospital");
            assert_eq!(foreign.total(), 0, "{told}");
        }
    }
    faulty.become_somebody_else();
    let result = search(&world, "高血压病").await;
    let origins = result.groups.iter().flat_map(|group| &group.hits).flat_map(|hit| &hit.origins);
    assert!(origins.into_iter().all(|origin| origin.source == "h1"));
}

#[tokio::test]
async fn a_file_is_told_and_another_patient_finds_nothing() {
    let world = World::new(&[hospital()]).await;
    let nowhere = search(&world, "zqnowhere").await;
    assert_eq!(nowhere.total(), 0);
    assert!(nowhere.not_searched.contains(&NotSearched::Files(1)), "{:?}", nowhere.not_searched);
    let stranger = patient(None);
    let words = RecordWords::read("高血压病").expect("a word");
    let refused = world.charts.search_record(Reader::Patient(&stranger), world.person, words, now()).await;
    assert!(matches!(refused, Err(EhrError::NotFound)), "{refused:?}");
}
