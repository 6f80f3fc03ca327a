//! What one person meets.

use access::{Classify as _, Fault};
use jiff::civil::time;
use scheduling::{BookingState, HalfDay, Plan, Query, Refusal, Rules, SchedulingError, WaitState};

use super::{DAY, House, band, desk, later, now, patient, plan, refusal, wants};

#[tokio::test]
async fn a_ticket_is_taken_once_and_the_same_request_gets_the_same_one() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
        let (ctx, person) = patient(1);
        let made = house.outside.book(&ctx, wants(person, session, 2, "k1"), now()).await.expect("booked");
        assert!(made.is_new);
        assert_eq!((made.booking.from, made.booking.state), (band(2), BookingState::Booked));
        // A second click, Back, another telephone, another replica.
        let again = house.outside.book(&ctx, wants(person, session, 2, "k1"), now()).await.expect("again");
        assert_eq!((again.is_new, &again.booking), (false, &made.booking));
        let replica = house.replica().await;
        let again = replica.book(&ctx, wants(person, session, 2, "k1"), now()).await.expect("again");
        assert_eq!(again.booking, made.booking);
        // The key of one request is no key of another.
        let other = house.outside.book(&ctx, wants(person, session, 3, "k1"), now()).await.expect_err("used");
        assert_eq!(other.fault(), Fault::Invalid);
        // Whoever comes next finds that it is gone, with no other of that time.
        let (other, somebody) = patient(2);
        let gone = house.outside.book(&other, wants(somebody, session, 2, "k2"), now()).await;
        assert_eq!(refusal(gone), Refusal::Taken);
        assert_eq!(house.left(session, now()).await, 5);
        let mine = house.outside.bookings(&ctx, person).await.expect("mine");
        assert_eq!(mine.iter().map(|(booking, ..)| booking.id).collect::<Vec<_>>(), [made.booking.id]);
        assert_eq!(house.count("audit_event", "action", "booking.make").await, 1);
    }
}

#[tokio::test]
async fn nobody_books_for_others_or_sees_what_they_have() {
    let db = testbed::Database::sqlite().await.expect("database");
    let house = House::on(&db).await;
    let session = house.session(house.schedule("nephrology", None).await, 6).await;
    let ((ctx, person), (other, somebody)) = (patient(1), patient(2));
    let made = house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
    let hidden = |error: SchedulingError| assert_eq!(error.fault(), Fault::NotFound, "{error}");
    hidden(house.outside.book(&other, wants(person, session, 1, "k"), now()).await.expect_err("hidden"));
    hidden(house.outside.bookings(&other, person).await.expect_err("hidden"));
    hidden(house.outside.booking(&other, somebody, made.booking.id).await.expect_err("hidden"));
    hidden(house.outside.cancel(&other, somebody, made.booking.id, now()).await.expect_err("hidden"));
    let moved = wants(somebody, session, 1, "m");
    hidden(house.outside.reschedule(&other, made.booking.id, moved, now()).await.expect_err("hidden"));
    hidden(house.outside.session(made.booking.id, now()).await.expect_err("no session"));
}

#[tokio::test]
async fn each_rule_of_the_region_refuses_with_its_own_reason() {
    for house in House::all_with(Rules { most_standing: 2, ..Rules::default() }).await {
        let (nephrology, cardiology) =
            (house.schedule("nephrology", Some("d1")).await, house.schedule("cardiology", Some("d2")).await);
        let (one, other) = (house.session(nephrology, 6).await, house.session(cardiology, 6).await);
        let afternoon =
            Plan { half_day: HalfDay::Afternoon, begins: time(14, 0, 0, 0), ends: time(17, 0, 0, 0), ..plan(6) };
        let later_one = house.planned(nephrology, &afternoon).await;
        let eyes = house.session(house.schedule("eyes", None).await, 6).await;
        let (ctx, person) = patient(1);
        let book = async |session, number, key: &str, at| {
            house.outside.book(&ctx, wants(person, session, number, key), at).await
        };
        let early = "2026-11-18T11:59:59Z".parse().expect("time");
        assert_eq!(refusal(book(one, 0, "early", early).await), Refusal::NotReleased);
        let late = "2026-11-24T23:30:00Z".parse().expect("time");
        assert_eq!(
            refusal(house.replica().await.book(&ctx, wants(person, one, 0, "late"), late).await),
            Refusal::TooLate
        );
        book(one, 0, "a", now()).await.expect("booked");
        // 14:00 is the twelfth half-hour after eight.
        assert_eq!(refusal(book(later_one, 12, "b", now()).await), Refusal::SameDay);
        assert_eq!(refusal(book(other, 0, "c", now()).await), Refusal::Overlap);
        book(other, 1, "d", now()).await.expect("booked");
        assert_eq!(refusal(book(eyes, 3, "e", now()).await), Refusal::TooMany);
        // Nothing of what was refused is left behind.
        assert_eq!((house.left(one, now()).await, house.left(other, now()).await), (5, 5));
        assert_eq!((house.left(later_one, now()).await, house.left(eyes, now()).await), (6, 6));
    }
}

#[tokio::test]
async fn what_is_given_back_is_free_again_and_only_in_time() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 6).await;
        let (ctx, person) = patient(1);
        let made = house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
        assert_eq!(house.left(session, now()).await, 5);
        let id = made.booking.id;
        let gone = house.outside.cancel(&ctx, person, id, now()).await.expect("given back");
        assert_eq!(gone.state, BookingState::Cancelled);
        house.outside.cancel(&ctx, person, id, now()).await.expect("given back twice is given back");
        assert_eq!(house.left(session, now()).await, 6);
        assert_eq!(house.count("audit_event", "action", "booking.cancel").await, 1);
        // Their day is free again too.
        let made = house.outside.book(&ctx, wants(person, session, 1, "k2"), now()).await.expect("booked");
        let evening = "2026-11-24T10:00:00Z".parse().expect("time");
        let late = house.outside.cancel(&ctx, person, made.booking.id, evening).await;
        assert_eq!(refusal(late), Refusal::TooLate);
    }
}

#[tokio::test]
async fn another_one_in_its_place_or_the_old_one_stays() {
    for house in House::all().await {
        let nephrology = house.schedule("nephrology", Some("d1")).await;
        let session = house.session(nephrology, 6).await;
        let ((ctx, person), (other, somebody)) = (patient(1), patient(2));
        let made = house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
        house.outside.book(&other, wants(somebody, session, 1, "k"), now()).await.expect("booked");
        let id = made.booking.id;
        let taken = house.outside.reschedule(&ctx, id, wants(person, session, 1, "m"), now()).await;
        assert_eq!(refusal(taken), Refusal::Taken);
        let (still, ..) = house.outside.booking(&ctx, person, id).await.expect("mine");
        assert_eq!(still, made.booking, "as it was");
        let moved = house.outside.reschedule(&ctx, id, wants(person, session, 2, "m2"), now()).await.expect("moved");
        assert_eq!((moved.booking.in_place_of, moved.booking.from), (Some(id), band(2)));
        let again = house.outside.reschedule(&ctx, id, wants(person, session, 2, "m2"), now()).await.expect("again");
        assert_eq!((again.is_new, again.booking), (false, moved.booking.clone()));
        let (old, ..) = house.outside.booking(&ctx, person, id).await.expect("mine");
        assert_eq!(old.state, BookingState::Rescheduled);
        let ended = house.outside.reschedule(&ctx, id, wants(person, session, 3, "m3"), now()).await;
        assert_eq!(refusal(ended), Refusal::Ended);
        assert_eq!(house.left(session, now()).await, 4);
    }
}

#[tokio::test]
async fn the_first_time_that_is_free_is_one_at_which_they_are_not_elsewhere() {
    for house in House::all().await {
        let (ctx, person) = patient(1);
        let elsewhere = house.session(house.schedule("cardiology", None).await, 2).await;
        house.outside.book(&ctx, wants(person, elsewhere, 0, "k"), now()).await.expect("booked");
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 2).await;
        let first = scheduling::NewBooking { from: None, ..wants(person, session, 0, "first") };
        let made = house.outside.book(&ctx, first.clone(), now()).await.expect("booked").booking;
        assert_eq!(made.from, band(1), "the first is at the time of the other visit");
        let again = house.outside.book(&ctx, first, now()).await.expect("the same");
        assert_eq!((again.is_new, again.booking.id), (false, made.id));
        // What is left is at that time: it is not said that all are gone.
        let (other, somebody) = patient(2);
        house.outside.book(&other, wants(somebody, elsewhere, 1, "k"), now()).await.expect("booked");
        let narrow = house.session(house.schedule("ophthalmology", None).await, 1).await;
        let none = scheduling::NewBooking { from: None, ..wants(person, narrow, 0, "narrow") };
        assert_eq!(refusal(house.outside.book(&ctx, none, now()).await), Refusal::Overlap);
        assert_eq!(house.left(narrow, now()).await, 1, "nothing of it stays");
    }
}

#[tokio::test]
async fn a_booking_is_changed_in_time_and_only_to_what_can_still_be_booked() {
    for house in House::all().await {
        let (ctx, person) = patient(1);
        let today = house.session(house.schedule("nephrology", None).await, 6).await;
        let next = DAY.tomorrow().expect("day");
        let next = Plan { from: next, to: next, weekdays: vec![jiff::civil::Weekday::Thursday], ..plan(6) };
        let tomorrow = house.planned(house.schedule("cardiology", None).await, &next).await;
        let wanted = scheduling::NewBooking { from: Some(band(48)), ..wants(person, tomorrow, 0, "k") };
        let made = house.outside.book(&ctx, wanted, now()).await.expect("booked").booking;
        let change = async |number, key: &str, at| {
            house.outside.reschedule(&ctx, made.id, wants(person, today, number, key), at).await
        };
        assert_eq!(refusal(change(0, "late", band(-1)).await), Refusal::TooLate, "the other one is given out no more");
        assert_eq!((house.left(today, now()).await, house.left(tomorrow, now()).await), (6, 5));
        let deadline = "2026-11-25T10:00:00Z".parse().expect("time");
        let same = scheduling::NewBooking { from: Some(band(49)), ..wants(person, tomorrow, 0, "later") };
        let late = house.outside.reschedule(&ctx, made.id, same, deadline).await;
        assert_eq!(refusal(late), Refusal::TooLate, "it can't be given back any more");
        let (still, ..) = house.outside.booking(&ctx, person, made.id).await.expect("theirs");
        assert_eq!(still, made);
    }
}

#[tokio::test]
async fn who_has_waited_longest_is_offered_what_is_given_back_for_a_while() {
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", Some("d1")).await, 1).await;
        let ((ctx, person), (second, two), (third, three)) = (patient(1), patient(2), patient(3));
        let made = house.outside.book(&ctx, wants(person, session, 0, "k"), now()).await.expect("booked");
        house.outside.wait(&second, two, session, now()).await.expect("waits");
        house.outside.wait(&second, two, session, later(1)).await.expect("stays where they are");
        house.outside.wait(&third, three, session, later(2)).await.expect("waits");
        let place = house.outside.waits(&third, three).await.expect("waits").remove(0);
        assert_eq!((place.state, place.ahead), (WaitState::Waiting, 1));
        house.outside.cancel(&ctx, person, made.booking.id, later(3)).await.expect("given back");
        // It is kept: whoever else comes gets nothing.
        let quick = house.replica().await.book(&ctx, wants(person, session, 0, "q"), later(3)).await;
        assert_eq!(refusal(quick), Refusal::Taken);
        let offer = house.outside.waits(&second, two).await.expect("waits").remove(0);
        assert_eq!((offer.state, offer.offer_until), (WaitState::Offered, Some(later(33))));
        let theirs = house.outside.accept(&third, three, (place.id, "x".to_owned()), later(4)).await;
        assert_eq!(refusal(theirs), Refusal::OfferOver);
        // They let it pass; the next has it then.
        assert_eq!(house.inside.tidy(later(32)).await.expect("tidied"), 0);
        assert_eq!(house.inside.tidy(later(33)).await.expect("tidied"), 1);
        let late = house.outside.accept(&second, two, (offer.id, "y".to_owned()), later(34)).await;
        assert_eq!(refusal(late), Refusal::OfferOver);
        let taken = house.outside.accept(&third, three, (place.id, "x".to_owned()), later(34)).await.expect("taken");
        let again = house.outside.accept(&third, three, (place.id, "x".to_owned()), later(35)).await.expect("again");
        assert_eq!((again.is_new, again.booking), (false, taken.booking));
        assert!(house.outside.waits(&third, three).await.expect("waits").is_empty());
    }
}

/// A ticket is kept for half an hour: not for whoever can't take it.
#[tokio::test]
async fn what_is_given_back_is_offered_to_who_can_take_it() {
    for house in House::all().await {
        let full = house.session(house.schedule("nephrology", Some("d1")).await, 1).await;
        let other = house.session(house.schedule("nephrology", Some("d2")).await, 6).await;
        let heart = house.session(house.schedule("cardiology", None).await, 6).await;
        let ((ctx, person), (second, two), (third, three), (fourth, four)) =
            (patient(1), patient(2), patient(3), patient(4));
        let made = house.outside.book(&ctx, wants(person, full, 0, "k"), now()).await.expect("booked");
        let own = house.outside.wait(&ctx, person, full, now()).await;
        assert_eq!(refusal(own), Refusal::SameDay, "they have one");
        for (ctx, person) in [(&second, two), (&third, three), (&fourth, four)] {
            house.outside.wait(ctx, person, full, now()).await.expect("waits");
        }
        // One finds another doctor on that day, one is elsewhere at that time.
        house.outside.book(&second, wants(two, other, 3, "k"), later(1)).await.expect("booked");
        house.outside.book(&third, wants(three, heart, 0, "k"), later(1)).await.expect("booked");
        house.outside.cancel(&ctx, person, made.booking.id, later(2)).await.expect("given back");
        let state = async |ctx, person| house.outside.waits(ctx, person).await.expect("waits").remove(0).state;
        assert_eq!(state(&second, two).await, WaitState::Waiting);
        assert_eq!(state(&third, three).await, WaitState::Waiting);
        assert_eq!(state(&fourth, four).await, WaitState::Offered);
    }
}

#[tokio::test]
async fn who_misses_too_many_waits_and_may_say_that_it_was_otherwise() {
    for house in House::all_with(Rules { most_missed: 2, ..Rules::default() }).await {
        let (ctx, person) = patient(1);
        let over = "2026-11-25T04:00:00Z".parse().expect("time");
        for (department, number) in [("nephrology", 0), ("cardiology", 1)] {
            let session = house.session(house.schedule(department, None).await, 6).await;
            let key = format!("k-{department}");
            house.outside.book(&ctx, wants(person, session, number, &key), now()).await.expect("booked");
            let early = house.inside.close(&desk(), session, now()).await;
            assert_eq!(refusal(early), Refusal::Ended, "not over yet");
            assert_eq!(house.inside.close(&desk(), session, over).await.expect("closed"), 1);
        }
        let next = Plan {
            from: DAY.tomorrow().expect("day"),
            to: DAY.tomorrow().expect("day"),
            weekdays: vec![jiff::civil::Weekday::Thursday],
            ..plan(6)
        };
        let session = house.planned(house.schedule("eyes", None).await, &next).await;
        let wanted = scheduling::NewBooking { from: Some(band(48)), ..wants(person, session, 0, "next") };
        let barred = house.outside.book(&ctx, wanted.clone(), over).await;
        assert_eq!(refusal(barred), Refusal::Barred(over + house.outside.rules().barred));
        let missed = house.outside.missed(&ctx, person).await.expect("missed");
        assert_eq!(missed.len(), 2);
        house.outside.appeal(&ctx, person, missed[0].id, over).await.expect("appealed");
        let (other, somebody) = patient(2);
        let hidden = house.outside.appeal(&other, somebody, missed[0].id, over).await.expect_err("not theirs");
        assert_eq!(hidden.fault(), Fault::NotFound);
        let open = house.inside.appeals(&desk()).await.expect("appeals");
        assert_eq!(open.iter().map(|one| one.id).collect::<Vec<_>>(), [missed[0].id]);
        house.inside.waive(&desk(), missed[0].id, over).await.expect("waived");
        house.outside.book(&ctx, wanted, over).await.expect("booked");
    }
}

#[tokio::test]
async fn sessions_are_found_by_department_and_day_full_ones_too() {
    let db = testbed::Database::sqlite().await.expect("database");
    let house = House::on(&db).await;
    let (one, two) = (house.schedule("nephrology", Some("d1")).await, house.schedule("cardiology", None).await);
    let full = house.session(one, 1).await;
    house.session(two, 6).await;
    let (ctx, person) = patient(1);
    house.outside.book(&ctx, wants(person, full, 0, "k"), now()).await.expect("booked");
    let departments = house.outside.departments().await.expect("departments");
    assert_eq!(departments.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["cardiology", "nephrology"]);
    let query = Query { department: Some("nephrology".to_owned()), from: Some(DAY), to: Some(DAY), ..Query::default() };
    let clinics = house.outside.clinics(&query, now()).await.expect("clinics");
    assert_eq!(clinics.len(), 1);
    let offered = &clinics[0].sessions[0];
    assert_eq!((offered.left(), offered.closed(now())), (0, Some(Refusal::Taken)));
    assert_eq!(offered.bands.iter().map(|band| band.quota).sum::<u32>(), 1);
    let none = Query { from: Some(DAY.tomorrow().expect("day")), ..Query::default() };
    assert!(house.outside.clinics(&none, now()).await.expect("clinics").is_empty());
}
