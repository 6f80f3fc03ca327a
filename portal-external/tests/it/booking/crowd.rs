//! More people than tickets, at two portals of which one is killed in the middle of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use poem::http::Method;
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Func, Query},
};
use serde_json::{Value, json};
use testbed::{Database, Kind, Patient, TestPortal, Visitor};

use super::{super::own, Desk, in_days};

const PEOPLE: usize = 24;
const TICKETS: u32 = 10;
/// Far longer than it takes: then something hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// What somebody was told in the end, and how often there was no answer before.
struct Told {
    number: usize,
    status: u16,
    body: Value,
    cut: usize,
}

/// Asks until there is an answer, each time at the next portal, always with the same key.
async fn insist(number: usize, mut browsers: Vec<Visitor>, wanted: Value) -> Result<Told> {
    let (begun, key) = (Instant::now(), format!("k{number}"));
    let mut cut = 0;
    loop {
        let at = (number + cut) % browsers.len();
        let headers = [("Idempotency-Key", key.as_str())];
        let answer = browsers[at].json_with(Method::POST, "/api/v1/bookings", &headers, Some(&wanted)).await;
        if let Ok(answer) = answer {
            return Ok(Told { number, status: answer.status, body: answer.json(), cut });
        }
        ensure!(begun.elapsed() < LIMIT, "nobody answers");
        cut += 1;
        // The portal is being started again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everybody with a browser at each portal.
async fn signed_in(portals: &[TestPortal], people: &[&Patient]) -> Result<Vec<(String, Vec<Visitor>)>> {
    let mut all = Vec::new();
    for patient in people {
        let mut first = portals[0].patient(patient).await?;
        let id = own(&mut first).await?;
        let mut browsers = Vec::new();
        for portal in portals {
            let mut there = portal.visitor()?;
            there.cookies().extend(first.cookies().clone());
            browsers.push(there);
        }
        all.push((id, browsers));
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_is_killed_among_many_who_book_loses_nothing_and_doubles_nothing() -> Result<()> {
    let region = testbed::region().await;
    let people: Vec<&Patient> = region.patients.iter().take(PEOPLE).collect();
    for database in testbed::databases().await {
        let mut portals = vec![TestPortal::external(&database, region, &people).await?];
        if database.kind == Kind::Postgres {
            portals.push(TestPortal::external(&database, region, &[]).await?);
        }
        let desk = Desk::of(&database).await?;
        let session = desk.session("nephrology", in_days(2), TICKETS).await?;
        let everybody = signed_in(&portals, &people).await?;
        let booked = Arc::new(AtomicUsize::new(0));
        let mut tries = Vec::new();
        for (number, (person, browsers)) in everybody.iter().enumerate() {
            // A second click goes to the other portal.
            for clicks in 0..2 {
                let (booked, mut browsers) = (booked.clone(), browsers.clone());
                browsers.rotate_left(clicks % portals.len());
                let wanted = json!({ "clinic_session": session.to_string(), "person": person });
                tries.push(tokio::spawn(async move {
                    let told = insist(number, browsers, wanted).await?;
                    booked.fetch_add(usize::from(told.status == 201), Ordering::Relaxed);
                    anyhow::Ok(told)
                }));
            }
        }
        let begun = Instant::now();
        while booked.load(Ordering::Relaxed) == 0 {
            ensure!(begun.elapsed() < LIMIT, "nobody books");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::task::block_in_place(|| portals[0].kill())?;
        portals[0].serve().await?;
        let mut all = Vec::new();
        for one in tries {
            all.push(one.await??);
        }
        assert!(all.iter().any(|told| told.cut > 0), "{:?}: it was killed too late", database.kind);
        reconcile(&database, &desk, (session, &all)).await?;
        // Whoever asks again is told the same, at each portal.
        for (number, (person, browsers)) in everybody.into_iter().enumerate() {
            let before = all.iter().find(|told| told.number == number && told.status == 201);
            let wanted = json!({ "clinic_session": session.to_string(), "person": person });
            for browser in browsers {
                let again = insist(number, vec![browser], wanted.clone()).await?;
                let expected = before.map_or(409, |before| before.status);
                assert_eq!(again.status, expected, "{}", again.body);
                assert!(before.is_none_or(|before| before.body == again.body), "{}", again.body);
            }
        }
    }
    Ok(())
}

/// As many bookings as tickets, each ticket one person's, each in the log once, and everybody else told that nothing is left.
async fn reconcile(database: &Database, desk: &Desk, (session, all): (uuid::Uuid, &[Told])) -> Result<()> {
    let (mut ids, mut numbers) = (BTreeMap::new(), BTreeSet::new());
    for told in all {
        if told.status == 201 {
            let id = told.body["id"].as_str().context("an id")?.to_owned();
            // Both clicks have the same one.
            ids.entry(id).or_insert_with(BTreeSet::new).insert(told.number);
            numbers.insert(told.body["ticket"]["seq"].as_u64());
        } else {
            let is_taken = told.body["type"].as_str().is_some_and(|kind| kind.ends_with("taken"));
            assert!(told.status == 409 && is_taken, "{} {}", told.status, told.body);
        }
    }
    let tickets = TICKETS as usize;
    assert_eq!((ids.len(), numbers.len()), (tickets, tickets), "{:?}", database.kind);
    assert!(ids.values().all(|people| people.len() == 1), "{ids:?}");
    let roster = desk.scheduling.roster(&desk.staff, session, Timestamp::now()).await?;
    let there: BTreeSet<String> = roster.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(there, ids.into_keys().collect(), "{:?}", database.kind);
    let logged = Query::select()
        .expr(Func::count(Expr::val(1)))
        .from(Alias::new("audit_event"))
        .and_where(Expr::col(Alias::new("action")).eq("booking.make"))
        .to_owned();
    let row = database.connect().await?.query_one(&logged).await?.context("a row")?;
    assert_eq!(row.try_get_by_index::<i64>(0)?, i64::from(TICKETS), "{:?}", database.kind);
    Ok(())
}
