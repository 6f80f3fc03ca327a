//! Whoever answers first, and in whatever order entries come, the view is the same; and nothing is lost.

// not shown: a test's words.

use fhir::{bundle::rows_of, kinds};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::joined::RowSource;
use crate::{Part, PartReport};

const TIMES: [Option<&str>; 5] =
    [Some("2026-11-20T08:10:00+08:00"), Some("2026-11-20T00:10:00Z"), Some("2026-11-20"), Some("2025-03"), None];
const DOSES: [Option<f64>; 3] = [Some(80.0), Some(40.0), None];
const REQUESTS: [&str; 4] = ["active", "stopped", "completed", "entered-in-error"];
const CLINICAL: [&str; 4] = ["active", "resolved", "inactive", ""];
const CRITICALITIES: [Option<&str>; 3] = [Some("high"), Some("low"), None];
const NAMES: [(&str, &str); 4] = [("E11.9", "2型糖尿病"), ("", "2型糖尿病"), ("I10", "高血压"), ("", "")];

/// What one hospital sends, as numbers into the tables above.
#[derive(Clone, Debug)]
struct Sent {
    source: usize,
    name: usize,
    time: usize,
    status: usize,
    dose: usize,
}

fn sent() -> impl Strategy<Value = Vec<Sent>> {
    let one = (0..3usize, 0..4usize, 0..5usize, 0..4usize, 0..3usize)
        .prop_map(|(source, name, time, status, dose)| Sent { source, name, time, status, dose });
    proptest::collection::vec(one, 0..14)
}

impl Sent {
    fn code(&self) -> Value {
        let (icd, text) = NAMES[self.name];
        let coding = if icd.is_empty() {
            json!([])
        } else {
            json!([{ "system": "http://hl7.org/fhir/sid/icd-10", "code": icd }])
        };
        json!({ "coding": coding, "text": text })
    }

    fn condition(&self, id: usize) -> Value {
        json!({
            "resourceType": "Condition", "id": format!("r{id}"), "code": self.code(), "onsetDateTime": TIMES[self.time],
            "clinicalStatus": { "coding": [{ "code": CLINICAL[self.status] }] },
        })
    }

    fn request(&self, id: usize) -> Value {
        json!({
            "resourceType": "MedicationRequest", "id": format!("r{id}"), "medicationCodeableConcept": self.code(),
            "authoredOn": TIMES[self.time], "status": REQUESTS[self.status],
            "dosageInstruction": [{ "doseAndRate": [{ "doseQuantity": { "value": DOSES[self.dose], "unit": "mg" } }] }],
        })
    }

    fn allergy(&self, id: usize) -> Value {
        let code = if self.status == 3 { json!({ "text": "无已知过敏" }) } else { self.code() };
        json!({
            "resourceType": "AllergyIntolerance", "id": format!("r{id}"), "code": code, "onsetDateTime": TIMES[self.time],
            "clinicalStatus": { "coding": [{ "code": CLINICAL[self.status] }] },
            "criticality": CRITICALITIES[self.dose],
        })
    }
}

fn page(resources: &[Value]) -> String {
    let entries: Vec<Value> = resources.iter().map(|resource| json!({ "resource": resource })).collect();
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries }).to_string()
}

fn source(nth: usize) -> RowSource {
    RowSource { id: format!("h{nth}"), order: nth, retrieved_at: Timestamp::UNIX_EPOCH }
}

/// Three linked sources that have answered everything.
fn ledger() -> Vec<SourceReport> {
    let name = crate::Bilingual { zh: "院".to_owned(), en: "H".to_owned() };
    let parts = [Part::Allergies, Part::Problems, Part::Medicines];
    let parts = parts.map(|part| PartReport { part, state: SourceState::Answered, detail: None }).to_vec();
    let report = |nth: usize| SourceReport {
        id: format!("h{nth}"),
        name: name.clone(),
        short_name: name.clone(),
        mark: nth,
        state: SourceState::Answered,
        detail: None,
        parts: parts.clone(),
        queries: 1,
        pages: 1,
        entries: 0,
        dropped: 0,
        retrieved_at: None,
        age_s: None,
        waited_ms: 0,
    };
    (0..3).map(report).collect()
}

/// Each source's resources, turned by `turn`, each third of them twice; sources turned too.
fn turned(sent: &[Sent], turn: usize, make: impl Fn(&Sent, usize) -> Value) -> Vec<(usize, Vec<Value>)> {
    let mut by_source: Vec<(usize, Vec<Value>)> = (0..3).map(|nth| (nth, Vec::new())).collect();
    for (id, one) in sent.iter().enumerate() {
        by_source[one.source].1.push(make(one, id));
        if turn > 0 && id % 3 == 0 {
            by_source[one.source].1.push(make(one, id));
        }
    }
    for (_, resources) in &mut by_source {
        let by = turn % resources.len().max(1);
        resources.rotate_left(by);
        if turn % 2 == 1 {
            resources.reverse();
        }
    }
    by_source.rotate_left(turn % 3);
    by_source
}

fn problems(sent: &[Sent], turn: usize) -> PartList<Problem> {
    let read = |(nth, resources): (usize, Vec<Value>)| {
        let mut rows = ProblemRows::new(source(nth));
        rows_of::<kinds::Condition>(&page(&resources), |row| rows.add(&row));
        rows
    };
    join_problems(turned(sent, turn, Sent::condition).into_iter().map(read).collect(), &ledger())
}

fn medicines(sent: &[Sent], turn: usize) -> PartList<Medicine> {
    let read = |(nth, resources): (usize, Vec<Value>)| {
        let mut rows = MedicineRows::new(source(nth));
        rows_of::<kinds::MedicationRequest>(&page(&resources), |row| rows.add(&row));
        (rows, None)
    };
    join_medicines(turned(sent, turn, Sent::request).into_iter().map(read).collect(), &ledger())
}

fn allergies(sent: &[Sent], turn: usize) -> Allergies {
    let read = |(nth, resources): (usize, Vec<Value>)| {
        let mut rows = AllergyRows::new(source(nth));
        rows_of::<kinds::AllergyIntolerance>(&page(&resources), |row| rows.add(&row));
        rows
    };
    join_allergies(turned(sent, turn, Sent::allergy).into_iter().map(read).collect(), &ledger())
}

fn originals<'f>(facts: impl Iterator<Item = &'f Fact>) -> Vec<String> {
    let all = facts.flat_map(|fact| &fact.origins).map(|origin| format!("{}/{}", origin.source, origin.resource));
    let mut all: Vec<String> = all.collect();
    all.sort();
    all
}

fn expected(sent: &[Sent], kind: &str, counts: impl Fn(&Sent) -> bool) -> Vec<String> {
    let counted = sent.iter().enumerate().filter(|(_, one)| counts(one));
    let mut all: Vec<String> = counted.map(|(id, one)| format!("h{}/{kind}/r{id}", one.source)).collect();
    all.sort();
    all
}

/// An undated original is never in one row with a dated one, and contradictions are mutual.
fn check_rows(facts: &[&Fact], sent: &[Sent], dated: bool) {
    for fact in facts {
        let times: std::collections::BTreeSet<bool> = fact
            .origins
            .iter()
            .filter_map(|origin| origin.resource.rsplit("/r").next()?.parse::<usize>().ok())
            .map(|id| TIMES[sent[id].time].is_some())
            .collect();
        assert!(times.len() == 1 && (!dated || fact.origins.len() == 1 || !times.contains(&false)), "{fact:?}");
        for id in &fact.conflict {
            let other = facts.iter().find(|other| other.id == *id).expect("a row of the same list");
            assert!(other.conflict.contains(&fact.id), "{fact:?} {other:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn problems_are_the_same_whoever_answers_first(sent in sent(), turn in 1..9usize) {
        let one = problems(&sent, 0);
        prop_assert_eq!(&one, &problems(&sent, turn));
        let facts: Vec<&Fact> = one.items.iter().chain(&one.past).map(|problem| &problem.fact).collect();
        prop_assert_eq!(originals(facts.iter().copied()), expected(&sent, "Condition", |_| true));
        check_rows(&facts, &sent, false);
    }

    #[test]
    fn medicines_are_the_same_whoever_answers_first(sent in sent(), turn in 1..9usize) {
        let one = medicines(&sent, 0);
        prop_assert_eq!(&one, &medicines(&sent, turn));
        let rows = || one.items.iter().chain(&one.past);
        let mut all = originals(rows().map(|medicine| &medicine.fact));
        let earlier = rows().flat_map(|medicine| &medicine.earlier).flat_map(|earlier| &earlier.origins);
        all.extend(earlier.map(|origin| format!("{}/{}", origin.source, origin.resource)));
        all.sort();
        prop_assert_eq!(all, expected(&sent, "MedicationRequest", |one| one.status != 3), "no prescription is lost");
        let facts: Vec<&Fact> = rows().map(|medicine| &medicine.fact).collect();
        check_rows(&facts, &sent, true);
        // A current prescription is never put away under one that has ended.
        for earlier in one.past.iter().flat_map(|medicine| &medicine.earlier) {
            prop_assert_ne!(earlier.status.as_str(), "active");
        }
    }

    #[test]
    fn allergies_are_the_same_whoever_answers_first(sent in sent(), turn in 1..9usize) {
        let one = allergies(&sent, 0);
        prop_assert_eq!(&one, &allergies(&sent, turn));
        let rows = one.items.iter().chain(&one.past).chain(&one.none_known);
        let facts: Vec<&Fact> = rows.map(|allergy| &allergy.fact).collect();
        prop_assert_eq!(originals(facts.iter().copied()), expected(&sent, "AllergyIntolerance", |_| true));
        check_rows(&facts, &sent, false);
        // "None known" only where nobody says otherwise and everybody says so.
        let says_none = |source: usize| sent.iter().any(|one| one.source == source && one.status == 3);
        let allergic = !one.items.is_empty();
        prop_assert_eq!(one.state == AllergyState::NoneKnown, !allergic && (0..3).all(says_none));
    }
}
