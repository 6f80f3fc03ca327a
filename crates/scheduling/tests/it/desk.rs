//! What staff do.

use access::{Classify as _, Fault};
use scheduling::{Bilingual, BookingState, NewSchedule, Plan, Refusal, SchedulingError, Suspension};

use super::{House, band, desk, new_schedule, now, patient, plan, refusal, staff, wants};

fn away() -> Suspension {
    Suspension { why: "doctor-away".to_owned(), move_to: None }
}

#[tokio::test]
async fn only_who_plans_clinics_does() {
    let db = testbed::Database::sqlite().await.expect("database");
    let house = House::on(&db).await;
    let schedule = house.schedule("nephrology", Some("d1")).await;
    let session = house.session(schedule, 6).await;
    let nurse = staff("nurse", "nurse");
    let faults = [
        house.inside.define(&nurse, (new_schedule("x", None), None), now()).await.map(drop),
        house.inside.plan(&nurse, schedule, &plan(1), now()).await.map(drop),
        house.inside.suspend(&nurse, session, away(), now()).await.map(drop),
        house.inside.roster(&nurse, session, now()).await.map(drop),
        house.inside.close(&nurse, session, now()).await.map(drop),
        house.inside.schedules(&nurse).await.map(drop),
    ];
    for fault in faults {
        assert_eq!(fault.expect_err("a nurse").fault(), Fault::NotFound);
    }
    let wrong = NewSchedule { hospital: "a b".to_owned(), zone: "Nowhere/City".to_owned(), ..new_schedule("x", None) };
    let Err(SchedulingError::Invalid(problems)) = house.inside.define(&desk(), (wrong, None), now()).await else {
        panic!("taken")
    };
    assert_eq!(problems.iter().map(|one| one.field).collect::<Vec<_>>(), ["hospital", "zone"]);
    let again = house.inside.plan(&desk(), schedule, &plan(60), now()).await.expect("planned");
    assert_eq!((again.made, again.there), (0, 1), "what is there stays as it is");
    assert_eq!(house.left(session, now()).await, 6);
}

#[tokio::test]
async fn every_booking_of_a_suspended_session_comes_to_a_named_end() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
        let target = house.session(house.schedule("nephrology", Some("d2")).await, 1).await;
        let mut booked = Vec::new();
        for number in 0..5 {
            let (ctx, person) = patient(number);
            let wanted = wants(person, session, i64::try_from(number).expect("small"), "k");
            booked.push((house.outside.book(&ctx, wanted, now()).await.expect("booked").booking, ctx, person));
        }
        house.outside.cancel(&booked[4].1, booked[4].2, booked[4].0.id, now()).await.expect("given back");
        let suspension = Suspension { why: "doctor-away".to_owned(), move_to: Some(target) };
        let ends = house.inside.suspend(&desk(), session, suspension, now()).await.expect("suspended");
        // One of the portal's and two of the desk's: the hospital moves to any.
        let outcomes: Vec<_> = ends.iter().map(|end| end.outcome).collect();
        let (moved, off) = (BookingState::Moved, BookingState::CancelledByHospital);
        assert_eq!(outcomes, [moved, moved, moved, off]);
        for (end, (before, ctx, person)) in ends.iter().zip(&booked) {
            let (after, ..) = house.outside.booking(ctx, *person, before.id).await.expect("theirs");
            assert_eq!((after.id, after.state, after.why.as_deref()), (end.booking, end.outcome, Some("doctor-away")));
            let Some(new) = end.moved_to else { continue };
            let (new, at, _) = house.outside.booking(ctx, *person, new).await.expect("theirs");
            assert_eq!((new.in_place_of, at.id, new.state), (Some(before.id), target, BookingState::Booked));
        }
        let (gone, ..) = house.outside.booking(&booked[4].1, booked[4].2, booked[4].0.id).await.expect("theirs");
        assert_eq!(gone.state, BookingState::Cancelled, "what was over stays as it was");
        let (ctx, person) = patient(9);
        let late = house.outside.book(&ctx, wants(person, session, 5, "late"), now()).await;
        assert_eq!(refusal(late), Refusal::Suspended);
        assert_eq!(refusal(house.inside.suspend(&desk(), session, away(), now()).await), Refusal::Ended);
        assert_eq!(house.count("audit_event", "action", "booking.end").await, 4);
        // All of it is told, once.
        let untold = house.inside.untold(100).await.expect("untold");
        assert_eq!(untold.len(), 8);
    }
}

#[tokio::test]
async fn who_is_moved_is_not_sent_to_two_places_at_once() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
        let elsewhere = house.session(house.schedule("cardiology", Some("d3")).await, 6).await;
        let (ctx, person) = patient(1);
        house.outside.book(&ctx, wants(person, elsewhere, 0, "there"), now()).await.expect("booked");
        house.outside.book(&ctx, wants(person, session, 1, "here"), now()).await.expect("booked");
        // The first tickets of the other session are at the time of what they have elsewhere.
        let target = house.session(house.schedule("nephrology", Some("d2")).await, 6).await;
        let moving = |to| Suspension { move_to: Some(to), ..away() };
        let ends = house.inside.suspend(&desk(), session, moving(target), now()).await.expect("suspended");
        let id = ends[0].moved_to.expect("moved");
        let (moved, ..) = house.outside.booking(&ctx, person, id).await.expect("theirs");
        assert_eq!(moved.from, band(1));
        // Where there is nothing else they get nothing, and nobody loses a ticket by it.
        let early = Plan { ends: jiff::civil::time(8, 30, 0, 0), ..plan(1) };
        let full = house.planned(house.schedule("nephrology", Some("d4")).await, &early).await;
        let ends = house.inside.suspend(&desk(), target, moving(full), now()).await.expect("suspended");
        assert_eq!((ends[0].outcome, ends[0].moved_to), (BookingState::CancelledByHospital, None));
        assert_eq!((house.left(full, now()).await, house.count("ticket", "state", "booked").await), (1, 1));
    }
}

#[tokio::test]
async fn who_stands_in_is_said_and_told_anew() {
    let db = testbed::Database::sqlite().await.expect("database");
    let house = House::on(&db).await;
    let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
    let (ctx, person) = patient(1);
    house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
    let name = Bilingual::new("谢敏", "Xie Min");
    house.inside.substitute(&desk(), (session, 1), name.clone(), now()).await.expect("changed");
    let second = house.inside.substitute(&desk(), (session, 1), Bilingual::new("林", "Lin"), now()).await;
    assert!(matches!(second, Err(SchedulingError::Stale)), "{second:?}");
    let mine = house.outside.bookings(&ctx, person).await.expect("mine");
    assert_eq!((mine[0].1.substitute.clone(), mine[0].0.state), (Some(name), BookingState::Booked));
    let empty = house.inside.substitute(&desk(), (session, 2), Bilingual::new(" ", "x"), now()).await;
    assert_eq!(empty.expect_err("empty").fault(), Fault::Invalid);
}

#[tokio::test]
async fn who_comes_is_checked_in_and_seen_and_has_missed_nothing() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
        let (ctx, person) = patient(1);
        let made = house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
        let id = made.booking.id;
        let here = house.inside.attend(&desk(), id, BookingState::CheckedIn, now()).await.expect("here");
        assert_eq!(here.state, BookingState::CheckedIn);
        assert_eq!(refusal(house.outside.cancel(&ctx, person, id, now()).await), Refusal::TooLate);
        let over = "2026-11-25T04:00:00Z".parse().expect("time");
        assert_eq!(house.inside.close(&desk(), session, over).await.expect("closed"), 0);
        let seen = house.inside.attend(&desk(), id, BookingState::Fulfilled, over).await.expect("seen");
        assert_eq!(seen.state, BookingState::Fulfilled);
        let roster = house.inside.roster(&desk(), session, over).await.expect("roster");
        assert_eq!(roster.len(), 1);
        let wrong =
            house.inside.attend(&desk(), id, BookingState::NoShow, over).await.expect_err("no way of saying so");
        assert_eq!(wrong.fault(), Fault::Invalid);
    }
}
