//! A hospital of more patients than are listed at once: year by year, broken off and gone on with, with a year that fails.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use access::{AuditKey, AuditLog, Domain, SystemContext};
use ehr::{Charts, Swept};
use jiff::SignedDuration;
use patients::{Index, IndexKey, SweepEnd};
use serde_json::{Value, json};
use store::{DatabaseConfig, Store};

use super::region::{charts, now};
use super::server::{Reply, Server, bundle, serve_replies};

/// Born in fifty years; more than a part of a sweep takes at once.
const DATED: usize = 2_100;
/// And those whom no year has.
const ODD: [(&str, Option<&str>); 4] =
    [("none", None), ("month", Some("1890-02")), ("long-ago", Some("1790-01-01")), ("not-yet", Some("2090-01-01"))];
const PAGE: usize = 500;

fn resource(id: &str, born: Option<&str>) -> Value {
    let mut patient = json!({ "resourceType": "Patient", "id": id, "name": [{ "text": format!("陈{id}") }] });
    if let Some(born) = born {
        patient["birthDate"] = json!(born);
    }
    patient
}

fn everybody() -> Vec<Value> {
    let dated =
        (0..DATED).map(|nth| resource(&format!("p{nth}"), Some(&format!("{}-05-0{}", 1950 + nth % 50, 1 + nth % 9))));
    dated.chain(ODD.iter().map(|(id, born)| resource(id, *born))).collect()
}

/// What the server was asked, and for which years it fails.
#[derive(Clone, Default)]
struct Talk {
    asked: Arc<Mutex<Vec<String>>>,
    failing: Arc<Mutex<Vec<&'static str>>>,
}

impl Talk {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fails(&self, years: &[&'static str]) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = years.to_vec();
    }

    fn answer(&self, all: &[Value], path: &str) -> Reply {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let year = parameter("birthdate");
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let fails = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if fails.iter().any(|failing| year == Some(failing) || (*failing == "all" && year.is_none())) {
            return Reply::Status(500);
        }
        let born = |one: &&Value| one["birthDate"].as_str().unwrap_or("").to_owned();
        let missing = query.contains("missing=true");
        let found: Vec<&Value> = all
            .iter()
            .filter(|one| match year {
                _ if missing => born(one).is_empty(),
                None => true,
                Some(_) if born(one).is_empty() => false,
                Some(year) if year.starts_with("lt") => born(one).as_str() < &year[2..],
                Some(year) if year.starts_with("ge") => born(one).as_str() >= &year[2..],
                Some(year) => born(one).starts_with(year),
            })
            .collect();
        let page: usize = parameter("page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let mut body = bundle(found.iter().skip(page * PAGE).take(PAGE).map(|one| (*one).clone()));
        if found.len() > (page + 1) * PAGE {
            let year = year.map(|year| format!("&birthdate={year}")).unwrap_or_default();
            body["link"] = json!([{ "relation": "next", "url": format!("Patient?page={}{year}", page + 1) }]);
        }
        Reply::Json(body)
    }
}

struct World {
    charts: Charts,
    index: Index,
    talk: Talk,
    _db: testbed::Database,
    _server: Server,
}

impl World {
    async fn new() -> Self {
        let (talk, all) = (Talk::default(), everybody());
        let answering = talk.clone();
        let server = serve_replies(move |path, _| answering.answer(&all, path)).await;
        let db = testbed::Database::sqlite().await.expect("database");
        let charts = charts(&db, &[("h", "plain", server.base_url.clone())]).await;
        let store = Store::open(&DatabaseConfig::new(&db.url, None)).await.expect("store");
        let index = Index::new(store, IndexKey::derive(&[2; 32]), AuditLog::new(AuditKey::new([1; 32])));
        Self { charts, index, talk, _db: db, _server: server }
    }

    /// Lists the hospital's patients, as far as `parts` parts of it.
    async fn sweep(&self, parts: usize) -> Swept {
        let looks = AtomicUsize::new(0);
        // Looked at once for the hospital and once for each part.
        let stop = || looks.fetch_add(1, Ordering::Relaxed) > parts;
        let context = SystemContext::new("test", Domain::Internal);
        let swept = self.charts.sweep(&context, None, now, stop).await.expect("swept").expect("nobody else is at it");
        swept.into_iter().next().expect("one hospital")
    }

    async fn due(&self, hours: i64) -> usize {
        let later = now() + SignedDuration::from_hours(hours);
        self.charts.due_sweeps(SignedDuration::from_hours(24), later).await.expect("due").len()
    }

    async fn state(&self) -> patients::SweepState {
        self.index.sweep_of("h").await.expect("read").expect("a sweep")
    }

    /// Is this patient in the index?
    async fn has(&self, id: &str) -> bool {
        self.index.linked_to("h", id).await.expect("read").is_some()
    }
}

#[tokio::test]
async fn a_large_hospital_is_listed_by_years_and_a_sweep_goes_on_where_it_was_broken_off() {
    let world = World::new().await;
    assert_eq!(world.due(0).await, 1, "never swept");
    let first = world.sweep(3).await;
    assert_eq!((first.end, first.seen), (None, 3), "nobody of the list that was too long, then the odd ones");
    assert_eq!((world.state().await.part, world.due(0).await), (Some(1891), 1));
    assert_eq!(world.charts.not_listed().await.expect("read"), ["h"], "a part is not the whole");
    let asked = world.talk.asked();
    assert!(asked.iter().any(|path| path.contains("missing=true")) && asked.iter().any(|path| path.contains("lt1891")));

    let second = world.sweep(usize::MAX).await;
    let asked = world.talk.asked();
    assert!(asked[0].contains("birthdate=1891"), "not where it stopped: {}", asked[0]);
    assert!(asked.iter().all(|path| path.contains("birthdate=")), "the whole list again");
    assert_eq!((second.end, second.seen), (Some(SweepEnd::Finished), DATED + ODD.len() - 3));
    assert_eq!(world.state().await.seen, i64::try_from(DATED + ODD.len()).expect("a count"));
    for (id, _) in ODD {
        assert!(world.has(id).await, "{id} is in no year");
    }
    assert!(world.has("p0").await && world.has(&format!("p{}", DATED - 1)).await);
    assert!(world.charts.not_listed().await.expect("read").is_empty(), "listed in full");
    assert_eq!((world.due(23).await, world.due(24).await), (0, 1));
}

#[tokio::test]
async fn a_year_that_fails_is_a_gap_and_no_more() {
    let world = World::new().await;
    world.talk.fails(&["1964"]);
    // Broken off behind the gap: it is a gap all the same.
    assert_eq!(world.sweep(80).await.end, None);
    let swept = world.sweep(usize::MAX).await;
    assert_eq!(swept.end, Some(SweepEnd::Partial));
    let of_a_year = DATED / 50;
    assert_eq!(world.state().await.seen, i64::try_from(DATED + ODD.len() - of_a_year).expect("a count"));
    assert!(world.state().await.detail.is_some(), "nobody is told why");
    // Born in 1964, and in the years beside it.
    assert!(!world.has("p14").await && world.has("p13").await && world.has("p15").await);
    assert_eq!(world.charts.not_listed().await.expect("read"), ["h"]);
    assert_eq!((world.due(23).await, world.due(24).await), (0, 1), "tried again when it is due");
    world.talk.fails(&[]);
    assert_eq!(world.sweep(usize::MAX).await.end, Some(SweepEnd::Finished));
    assert!(world.has("p14").await && world.charts.not_listed().await.expect("read").is_empty());
}

#[tokio::test]
async fn a_hospital_that_lists_nobody_has_failed() {
    let world = World::new().await;
    world.talk.fails(&["all"]);
    let swept = world.sweep(usize::MAX).await;
    assert_eq!((swept.end, swept.seen), (Some(SweepEnd::Failed), 0));
    assert!(world.state().await.detail.is_some(), "nobody is told why");
    assert_eq!(world.charts.not_listed().await.expect("read"), ["h"]);
    assert_eq!((world.due(23).await, world.due(24).await), (0, 1));
}
