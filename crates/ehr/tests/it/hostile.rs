//! Whatever a hospital mixes into whatever page: one person's chart holds one person's data (SECURITY: threat 16).

use std::collections::BTreeSet;

use ehr::{Charts, LabQuery, Reader, SourceState};
use proptest::{
    prelude::*,
    test_runner::{TestCaseError, TestRunner},
};
use testbed::hostile_fhir::{FOREIGN, HostileFhir, Manner, NAME, Whose};

use super::region::{charts, now, staff};

/// What a page may hold beside the patient's own: all that is said of a single entry.
fn whose() -> impl Strategy<Value = Whose> {
    let single = |whose: &Whose| !matches!(whose, Whose::NextPage | Whose::PatientReplaced);
    let foreign: Vec<Whose> = Whose::FOREIGN.into_iter().filter(single).collect();
    prop_oneof![2 => Just(Whose::Own), 3 => prop::sample::select(foreign)]
}

/// Pages as texts, and in thousandths the values that are hers.
fn written(pages: &[Vec<Whose>], hospital: &HostileFhir) -> (Vec<Vec<String>>, BTreeSet<u64>) {
    let (mut number, mut own) = (0, BTreeSet::new());
    let mut entry = |whose: &Whose| {
        number += 1;
        if *whose == Whose::Own {
            own.insert(number);
        }
        whose.resource(&format!("r{number}"), "p1", &hospital.base_url, number as f64 / 1000.0)
    };
    let texts = pages.iter().map(|page| page.iter().map(&mut entry).collect()).collect();
    (texts, own)
}

struct Ward {
    hostile: HostileFhir,
    _good: HostileFhir,
    charts: Charts,
    person: access::PersonId,
}

impl Ward {
    async fn open(db: &testbed::Database) -> Self {
        let hostile = HostileFhir::start("p1", &[]).await.expect("a hospital");
        let good = HostileFhir::start("g1", &[77.0]).await.expect("a hospital");
        let hospitals = [("hostile", "plain", hostile.base_url.clone()), ("good", "plain", good.base_url.clone())];
        let charts = charts(db, &hospitals).await;
        let found = charts.search_patients(&staff("li.wei", "clinician"), NAME, now()).await.expect("search");
        let person = found.items[0].person;
        Self { hostile, _good: good, charts, person }
    }

    /// The chart of the pages holds what is hers, and the ledger says what was not.
    async fn check(&self, pages: &[Vec<Whose>]) -> Result<(), TestCaseError> {
        let (texts, own) = written(pages, &self.hostile);
        self.hostile.set(Manner::Pages(texts));
        let clinician = staff("li.wei", "clinician");
        let labs = self.charts.lab_results(Reader::Staff(&clinician), self.person, &LabQuery::default(), now()).await;
        let labs = labs.map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
        let numbers = labs.items.iter().filter_map(|item| item.value.as_ref()?.number);
        let shown: BTreeSet<u64> = numbers.map(|number| (number * 1000.0).round() as u64).collect();
        let expected: BTreeSet<u64> = own.into_iter().chain([77_000]).collect();
        prop_assert_eq!(shown, expected);
        let words = format!("{:?}", labs.items);
        prop_assert!(!words.contains(FOREIGN), "{words}");
        let foreign = pages.iter().flatten().filter(|whose| !matches!(whose, Whose::Own | Whose::Outcome)).count();
        let told = &labs.sources[0];
        prop_assert_eq!(told.dropped as usize, foreign);
        let state = if foreign == 0 { SourceState::Answered } else { SourceState::Partial };
        prop_assert_eq!((told.state, labs.complete()), (state, foreign == 0));
        prop_assert_eq!((labs.sources[1].state, labs.sources[1].dropped), (SourceState::Answered, 0));
        Ok(())
    }
}

#[test]
fn merging_never_mixes_people() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let db = runtime.block_on(testbed::Database::sqlite()).expect("database");
    let ward = runtime.block_on(Ward::open(&db));
    // Each kind on its own first, so that a failure names it.
    for whose in Whose::FOREIGN {
        if !matches!(whose, Whose::NextPage | Whose::PatientReplaced) {
            let told = runtime.block_on(ward.check(&[vec![Whose::Own, whose], vec![whose, Whose::Own]]));
            told.unwrap_or_else(|error| panic!("{whose:?}: {error}"));
        }
    }
    let pages = prop::collection::vec(prop::collection::vec(whose(), 0..6), 1..5);
    TestRunner::new(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })
        .run(&pages, |pages| runtime.block_on(ward.check(&pages)))
        .expect("no mixture");
}
