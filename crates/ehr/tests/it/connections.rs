//! Patients who connect a hospital themselves: what is kept, whose it is, when it is read, and when it ends.

mod world;

use std::time::Duration;

use ehr::{LabQuery, Reader};
use sandbox::SmartMode;
use sources::{Callback, ConnectError, ConnectionState, Copied, CopyState, CopyStep, FlowFault, Lasts, Matched};

use super::region::{patient, staff};
use world::{SESSION, World, now};

fn fault(error: ConnectError) -> FlowFault {
    match error {
        ConnectError::Flow(fault) => *fault,
        other => panic!("no fault of a flow: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_patient_connects_is_in_their_own_record_alone() {
    for db in testbed::databases().await {
        let world = World::start(&db).await;
        let ctx = world.ctx();
        let before = world.labs_of_patient().await;
        assert!(before.sources.iter().all(|report| report.id != "door"), "nobody has connected it");
        let connection = world.connect().await.expect("connected");
        assert_eq!((connection.matched, connection.state.clone()), (Matched::ResidentId, ConnectionState::Active));
        assert_eq!((connection.lasts, connection.missing.len()), (Lasts::UntilWithdrawn, 0), "{connection:?}");
        let after = world.labs_of_patient().await;
        let from = |hospital: &str| after.items.iter().flat_map(|item| &item.origins).any(|one| one.source == hospital);
        assert!(from("door") && from("city-first"), "{:?}", after.sources);
        // Staff read the region's hospitals, and are not told of this one.
        let clinician = staff("li.wei", "clinician");
        let inside =
            world.inside.lab_results(Reader::Staff(&clinician), world.person, &LabQuery::default(), now()).await;
        let inside = inside.expect("labs");
        assert!(inside.sources.iter().all(|report| report.id != "door"), "{:?}", inside.sources);
        let found = world.inside.search_patients(&clinician, &world.resident_id, now()).await.expect("search");
        assert!(found.sources.iter().all(|report| report.id != "door"), "{:?}", found.sources);
        // Nor does the index know what they have seen.
        world.charts.demographics(Reader::Patient(&ctx), world.person, now()).await.expect("demographics");
        let links = world.inside.links(Reader::Staff(&clinician), world.person, now()).await.expect("links");
        assert!(links.iter().all(|link| link.source != "door"), "{links:?}");
        // It ends, here and there, and leaves nothing.
        let ended = world.connections().disconnect(&ctx, world.person, connection.id, now()).await.expect("ended");
        assert!(ended.revoked && world.door.revocations() == 1);
        assert!(world.labs_of_patient().await.sources.iter().all(|report| report.id != "door"));
        assert_eq!(world.count("source_connection").await + world.count("source_copy").await, 0);
        let acts: Vec<String> = super::region::audited(&db).await.into_iter().map(|(action, _)| action).collect();
        for act in ["connection.begin", "connection.end"] {
            assert!(acts.iter().any(|own| own == act), "{act} is not in the log");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_good_once_in_its_own_session_and_for_its_own_person() {
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    let ctx = world.ctx();
    let come = world.go().await;
    let elsewhere = world.comes(&ctx, "another session", &come, now()).await.expect_err("refused");
    assert_eq!(fault(elsewhere).why, "state-elsewhere");
    // It has been used up by that.
    let again = world.comes(&ctx, SESSION, &come, now()).await.expect_err("refused");
    assert_eq!(fault(again).why, "state-used");
    let come = world.go().await;
    let somebody = patient(None);
    let theirs = world.comes(&somebody, SESSION, &come, now()).await.expect_err("refused");
    assert_eq!(fault(theirs).why, "state-elsewhere");
    let come = world.go().await;
    let late = now() + jiff::SignedDuration::from_mins(11);
    let expired = world.comes(&ctx, SESSION, &come, late).await.expect_err("refused");
    assert_eq!(fault(expired).why, "state-expired");
    let made_up = Callback { state: Some("x".repeat(43)), ..world.go().await };
    assert_eq!(fault(world.comes(&ctx, SESSION, &made_up, now()).await.expect_err("refused")).why, "state-unknown");
    // A row that somebody has changed opens nowhere.
    let come = world.go().await;
    world.later("source_flow", "expires_at").await;
    let changed = world.comes(&ctx, SESSION, &come, now()).await.expect_err("refused");
    assert!(matches!(changed, ConnectError::Envelope(_)), "{changed}");
    assert_eq!(world.count("source_connection").await, 0);
    // Two that bring the same at once: one is taken.
    let come = world.go().await;
    let (one, other) =
        tokio::join!(world.comes(&ctx, SESSION, &come, now()), world.comes(&ctx, SESSION, &come, now()),);
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_misbehaves_connects_nothing_and_says_why() {
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    let ctx = world.ctx();
    for (mode, why) in [
        (SmartMode::WrongIss, "wrong-issuer"),
        (SmartMode::DenyingPeople, "denied"),
        (SmartMode::NoPatient, "no-patient"),
        (SmartMode::BadIdToken, "id-token"),
        (SmartMode::WrongNonce, "id-token"),
        (SmartMode::NoIdToken, "id-token"),
        (SmartMode::NoToken, "no-token"),
        (SmartMode::Busy, "token-refused"),
    ] {
        let departure = world.begin().await.expect("begun");
        world.door.set_mode(mode);
        let come = world.come_back(&departure.url).await;
        let refused = fault(world.comes(&ctx, SESSION, &come, now()).await.expect_err("refused"));
        assert_eq!((refused.why, refused.flow), (why, Some(departure.flow)), "{mode:?}: {refused:?}");
        world.door.set_mode(SmartMode::Ok);
    }
    assert_eq!(world.count("source_connection").await, 0);
    // What was given for somebody who could not be taken in is given back.
    assert_eq!(world.door.revocations(), 4);
    // What only looks odd is worked with, and said.
    for (mode, missing) in [(SmartMode::NoRefresh, "offline_access"), (SmartMode::Narrow, "patient/*.read")] {
        world.door.set_mode(mode);
        let connection = world.connect().await.expect("connected");
        assert!(connection.missing.iter().any(|scope| scope == missing), "{mode:?}: {connection:?}");
        assert_eq!(mode == SmartMode::NoRefresh, matches!(connection.lasts, Lasts::Until(_)), "{connection:?}");
    }
    world.door.set_mode(SmartMode::UnadvertisedPkce);
    world.connect().await.expect("connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_record_is_refused_and_its_token_given_back() {
    let db = testbed::Database::sqlite().await.expect("database");
    let mut world = World::start(&db).await;
    let ctx = world.ctx();
    let given_back = world.door.revocations();
    world.signs_in_as(world.somebody_else.clone());
    let refused = fault(world.connect().await.expect_err("refused"));
    assert_eq!(refused.why, "another-person");
    assert_eq!((world.door.revocations(), world.count("source_connection").await), (given_back + 1, 0));
    assert!(world.connections().mine(&ctx, world.person).await.expect("mine").is_empty());
    let log = super::region::audited(&db).await;
    assert!(log.contains(&("connection.refuse".to_owned(), "refused".to_owned())), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_is_renewed_once_by_whoever_is_first() {
    let _alone = CLOCK.lock().await;
    for db in testbed::databases().await {
        let world = World::start(&db).await;
        let replica = world.replica().await;
        world.connect().await.expect("connected");
        assert!(world.has_labs(&world.charts).await && world.has_labs(&replica).await);
        let before = world.door.refreshes();
        for round in 1..=3 {
            world.expire().await;
            let (one, other) = tokio::join!(world.has_labs(&world.charts), world.has_labs(&replica));
            assert!(one && other, "round {round}");
            // A second use of one refresh token would have ended all of them.
            assert_eq!(world.door.refreshes() - before, round, "each round one new token, over both replicas");
        }
        // The hospital takes all back: the person is asked to sign in again, and nobody tries any more.
        world.door.revoke();
        world.expire().await;
        assert!(!world.has_labs(&world.charts).await);
        let mine = world.connections().mine(&world.ctx(), world.person).await.expect("mine");
        let wanted = ConnectionState::Reconnect { why: "refresh-refused".to_owned() };
        assert_eq!(mine[0].state, wanted);
        let asked = world.door.requests();
        assert!(!world.has_labs(&world.charts).await && !world.has_labs(&replica).await);
        assert_eq!(world.door.requests(), asked, "no token is asked for that can't be had");
        // Signing in again mends it.
        let again = world.connect().await.expect("connected");
        assert_eq!(again.state, ConnectionState::Active);
        assert!(world.has_labs(&world.charts).await);
    }
}

/// What is renewed opens somebody else's record all at once: nothing of it is read, and it is given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_renewed_for_another_patient_is_not_used() {
    let _alone = CLOCK.lock().await;
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    world.connect().await.expect("connected");
    assert!(world.has_labs(&world.charts).await);
    world.door.set_mode(SmartMode::OtherPatient);
    world.expire().await;
    let given_back = world.door.revocations();
    assert!(!world.has_labs(&world.charts).await);
    assert_eq!(world.door.revocations(), given_back + 1);
    let mine = world.connections().mine(&world.ctx(), world.person).await.expect("mine");
    assert_eq!(mine[0].state, ConnectionState::Reconnect { why: "another-patient".to_owned() });
}

/// A renewed token may be good for less, and the person is told.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_renewed_token_is_not_good_for_any_more_is_said() {
    let _alone = CLOCK.lock().await;
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    assert!(world.connect().await.expect("connected").missing.is_empty());
    world.door.set_mode(SmartMode::Narrow);
    world.expire().await;
    world.labs_of_patient().await;
    let mine = world.connections().mine(&world.ctx(), world.person).await.expect("mine");
    assert_eq!(mine[0].missing, ["patient/*.read"]);
}

/// A patient's token is for the hospital that gave it, and for no other one beside it at the same origin.
#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_is_pointed_elsewhere_gets_no_token_of_before() {
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    world.connect().await.expect("connected");
    assert!(world.has_labs(&world.charts).await);
    let moved = world.moved().await;
    let labs = moved.lab_results(Reader::Patient(&world.ctx()), world.person, &LabQuery::default(), now()).await;
    let labs = labs.expect("labs");
    let report = labs.sources.iter().find(|report| report.id == "door").expect("in the ledger");
    assert_eq!(report.detail.as_deref(), Some("why-sign-in"), "{report:?}");
    // Where it was, it is as it was.
    assert!(world.has_labs(&world.charts).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_whose_pages_never_end_is_not_asked_for_ever() {
    let _alone = CLOCK.lock().await;
    let db = testbed::Database::sqlite().await.expect("database");
    let world = World::start(&db).await;
    world.connect().await.expect("connected");
    world.door.set_mode(SmartMode::EndlessPages);
    let asked = world.door.requests();
    let runner = world.runner();
    world.until("it is given up", async || world.copied().await.state == Some(CopyState::Failed)).await;
    runner.stop().await;
    assert_eq!(world.copied().await.why.as_deref(), Some("endless-pages"));
    // Where it was is kept, and nobody who reads that can go there.
    assert!(world.holds(("source_connection", "copy_cursor"), "\"next\":\"").await);
    assert!(!world.holds(("source_connection", "copy_cursor"), "http").await);
    assert!(world.door.requests() - asked < 100, "{} requests", world.door.requests() - asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_goes_on_where_it_was_stopped_and_is_read_when_the_hospital_is_not() {
    let _alone = CLOCK.lock().await;
    for db in testbed::databases().await {
        let world = World::start(&db).await;
        let ctx = world.ctx();
        let connection = world.connect().await.expect("connected");
        let whole = world.labs_from_door(&world.charts).await;
        assert!(whole > 0);
        // One that dies in the middle.
        world.slow(true);
        let runner = world.runner();
        world.until("something is copied", async || world.copied().await.done > 0).await;
        runner.kill().await;
        let stopped = world.copied().await;
        assert_eq!(stopped.state, Some(CopyState::Running), "{stopped:?}");
        let before = world.count("source_copy").await;
        world.slow(false);
        // Paused, so that another goes on with it when it is wanted.
        world.connections().copy(&ctx, world.person, connection.id, CopyStep::Pause).await.expect("paused");
        world.connections().copy(&ctx, world.person, connection.id, CopyStep::Start).await.expect("begun");
        let runner = world.runner();
        world.until("the copy is whole", async || world.copied().await.state == Some(CopyState::Done)).await;
        let done = world.copied().await;
        assert!(done.at.is_some() && u64::try_from(world.count("source_copy").await).expect("count") <= done.done);
        assert!(world.count("source_copy").await >= before);
        // Thrown away, nothing of it is left, and another begins where the first did.
        let copy = async |step| world.connections().copy(&ctx, world.person, connection.id, step).await.expect("copy");
        copy(CopyStep::Remove).await;
        assert_eq!((world.count("source_copy").await, world.copied().await), (0, Copied::default()));
        copy(CopyStep::Start).await;
        world.until("another is whole", async || world.copied().await.at.is_some()).await;
        assert!(world.copied().await.done >= done.done, "{done:?}");
        runner.stop().await;
        let done = world.copied().await;
        // A week later it is made anew by itself.
        world.go_by(8 * 24 * 3_600);
        let runner = world.runner();
        world.until("it is made anew", async || world.copied().await.at > done.at).await;
        runner.stop().await;
        let done = world.copied().await;
        assert_eq!(done.state, Some(CopyState::Done), "{done:?}");
        // It does not answer: the copy is read in its place, for as long as that lasts.
        world.down(true);
        world.copy_is_read(whole, done.at).await;
        world.down(false);
        // The hospital takes its consent back: what was copied is read, with its age.
        world.door.revoke();
        world.expire().await;
        world.labs_from_door(&world.charts).await;
        let mine = world.connections().mine(&ctx, world.person).await.expect("mine");
        assert!(matches!(mine[0].state, ConnectionState::Reconnect { .. }), "{mine:?}");
        world.copy_is_read(whole, done.at).await;
        // What is sealed can't be read beside its place.
        assert!(
            !world.holds(("source_copy", "sealed"), "resourceType").await
                && !world.holds(("source_connection", "sealed"), "Bearer").await
        );
        world.connections().disconnect(&ctx, world.person, connection.id, now()).await.expect("ended");
        assert_eq!(world.count("source_copy").await, 0);
        let log = super::region::audited(&db).await;
        for outcome in ["intent", "ok"] {
            assert!(log.contains(&("connection.copy".to_owned(), outcome.to_owned())), "{outcome}: {log:?}");
        }
        assert!(log.contains(&("connection.copy-end".to_owned(), "ok".to_owned())), "{log:?}");
    }
}

/// Whoever moves the time on does it alone: tokens of others would end as well.
static CLOCK: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// Waits at most.
const PATIENCE: Duration = Duration::from_secs(60);
