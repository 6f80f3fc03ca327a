//! What waits on the desk: what is out of range first, and where one could not look is said.

use access::PersonId;
use ehr::{OpenCritical, OpenValue, SourceState, WaitingRecord, WaitingResults, labs::Flag};
use record_view::{
    Scene,
    waiting::{WaitingView, Wanted},
};
use serde_json::json;
use web::{Lang, render::Portal};

use crate::sample::{frame, internal, now, potassium, report};

fn record(state: SourceState) -> WaitingRecord {
    WaitingRecord {
        person: PersonId(uuid::Uuid::from_u128(1)),
        name: "陈玉兰".to_owned(),
        number: "LZ 0048 2917 36".to_owned(),
        critical: OpenCritical::default(),
        unseen: Vec::new(),
        sources: vec![report("one", 0, SourceState::Answered), report("two", 1, state)],
    }
}

fn waiting(records: Vec<WaitingRecord>) -> WaitingResults {
    WaitingResults { records, unread: vec![], unasked: 0, unsure: vec![], nowhere: false, as_of: now() }
}

/// Without the marks that keep directions of writing apart.
fn drawn(of: &WaitingResults, wanted: Wanted) -> String {
    let renderer = internal();
    let view = WaitingView::new(of, wanted, &Scene::new(renderer.words(Lang::En), now()));
    let view = json!({ "waiting": view });
    let html = renderer.page("widgets/waiting.html", &frame(Lang::En, Portal::Internal), &view).expect("drawn");
    html.replace(['\u{2068}', '\u{2069}'], "")
}

const LIMITS: &str = "This may not be all";

#[test]
fn that_nothing_waits_is_said_only_when_all_was_looked_at() {
    let whole = waiting(vec![record(SourceState::Answered)]);
    for (wanted, none) in
        [(Wanted::All, "No result waits in the records"), (Wanted::Critical, "No critical value waits in the records")]
    {
        let html = drawn(&whole, wanted);
        assert!(html.contains(none) && !html.contains(LIMITS), "{html}");
    }
    let silent = waiting(vec![record(SourceState::Unreachable), record(SourceState::Unreachable)]);
    let unasked = WaitingResults { unasked: 3, ..whole.clone() };
    let unread = WaitingResults { unread: vec!["何福生".to_owned()], ..whole.clone() };
    let unsure = WaitingResults { unsure: vec![report("two", 1, SourceState::Refused)], ..whole.clone() };
    let nowhere = WaitingResults { nowhere: true, ..waiting(vec![]) };
    for (of, said) in [
        (silent, "Hospital two: it took too long; results of 2 patients may be missing"),
        (unasked, "at least 3 more were not"),
        (unread, "could not be read: 何福生"),
        (unsure, "patients you treat there may be missing"),
        (nowhere, "it is not known whom you treat"),
    ] {
        for wanted in [Wanted::All, Wanted::Critical] {
            let html = drawn(&of, wanted);
            assert!(!html.contains("waits in the records") && html.contains(LIMITS) && html.contains(said), "{html}");
        }
    }
}

#[test]
fn what_is_out_of_range_comes_first_and_critical_values_stand_above() {
    let normal = |day: u8| potassium(&format!("2026-11-{day:02}T08:00:00+08:00"), "4.0", Flag::Normal, "one");
    let high = potassium("2026-11-19T08:00:00+08:00", "5.9", Flag::High, "one");
    let alarming = potassium("2026-11-20T08:00:00+08:00", "6.9", Flag::CriticalHigh, "one");
    let open = OpenValue { result: alarming, seen: String::new(), corrected: true };
    let critical = OpenCritical { may_acknowledge: true, items: vec![open], elsewhere: 0 };
    let unseen = vec![normal(21), normal(20), normal(18), normal(17), high];
    let all = waiting(vec![WaitingRecord { unseen, critical, ..record(SourceState::Answered) }]);
    let html = drawn(&all, Wanted::All);
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is not in {html}"));
    assert!(at("6.9 mmol/L") < at("5 results, 1 out of range"));
    assert!(at("5.9 mmol/L") < at("4.0 mmol/L"));
    assert!(html.contains("One more on the page of results") && html.contains("acknowledged before an update"));
    let html = drawn(&all, Wanted::Critical);
    assert!(html.contains("6.9 mmol/L") && !html.contains("5.9 mmol/L"));
}
