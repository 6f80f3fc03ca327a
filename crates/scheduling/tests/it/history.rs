//! A recorded history: many people book, give back, change, wait and accept at once, on two replicas, while sessions are
//! suspended; what they were told is compared with what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use access::PersonId;
use futures_util::future::join_all;
use scheduling::{Booking, BookingState, Scheduling, SchedulingError, Suspension};
use uuid::Uuid;

use super::{House, desk, later, now, patient, wants};

const PEOPLE: u128 = 60;
const STEPS: u64 = 12;
const SESSIONS: usize = 6;
const QUOTA: u32 = 9;

/// What somebody was told.
#[derive(Debug)]
enum Told {
    Booked(Booking),
    Moved { from: Uuid, to: Booking },
    GivenBack(Uuid),
}

/// The same numbers on every run.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |sides| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    }
}

fn passing(error: SchedulingError) {
    assert!(matches!(error, SchedulingError::Refused(_)), "{error}");
}

/// One person's steps, and what they were told of each.
async fn lives(number: u128, replicas: [Scheduling; 2], sessions: Vec<Uuid>) -> Vec<Told> {
    let (ctx, person) = patient(number);
    let mut dice = dice(u64::try_from(number).expect("small") + 1);
    let mut told = Vec::new();
    let mut own: Vec<Uuid> = Vec::new();
    for step in 0..STEPS {
        let scheduling = &replicas[usize::try_from(dice(2)).expect("0 or 1")];
        let session = sessions[usize::try_from(dice(SESSIONS as u64)).expect("small")];
        let wanted = wants(person, session, i64::try_from(dice(6)).expect("small"), &format!("{number}-{step}"));
        match (dice(10), own.is_empty()) {
            (0..5, _) | (_, true) => match scheduling.book(&ctx, wanted.clone(), now()).await {
                Ok(made) => {
                    // The same once more, as a browser that heard no answer.
                    let again = scheduling.book(&ctx, wanted, now()).await.expect("again");
                    assert_eq!((again.is_new, again.booking.id), (false, made.booking.id));
                    own.push(made.booking.id);
                    told.push(Told::Booked(made.booking));
                }
                Err(error) => passing(error),
            },
            (5..7, _) => {
                let id = own.swap_remove(usize::try_from(dice(own.len() as u64)).expect("small"));
                match scheduling.cancel(&ctx, person, id, now()).await {
                    Ok(_) => told.push(Told::GivenBack(id)),
                    Err(error) => passing(error),
                }
            }
            (7..9, _) => {
                let id = own[usize::try_from(dice(own.len() as u64)).expect("small")];
                match scheduling.reschedule(&ctx, id, wanted, now()).await {
                    Ok(made) => {
                        own.retain(|one| *one != id);
                        own.push(made.booking.id);
                        told.push(Told::Moved { from: id, to: made.booking });
                    }
                    Err(error) => passing(error),
                }
            }
            _ => {
                if let Err(error) = scheduling.wait(&ctx, person, session, now()).await {
                    passing(error);
                }
                for wait in scheduling.waits(&ctx, person).await.expect("waits") {
                    let key = (wait.id, format!("w{step}-{}", wait.id));
                    match scheduling.accept(&ctx, person, key, now()).await {
                        Ok(made) => {
                            own.push(made.booking.id);
                            told.push(Told::Booked(made.booking));
                        }
                        Err(error) => passing(error),
                    }
                }
            }
        }
    }
    told
}

/// What has to be true of all bookings, whatever happened.
fn holds_together(rows: &BTreeMap<Uuid, Booking>, departments: &BTreeMap<Uuid, usize>) {
    let standing: Vec<&Booking> = rows.values().filter(|one| one.state.is_standing()).collect();
    let tickets: BTreeSet<_> = standing.iter().map(|one| (one.clinic_session, one.seq)).collect();
    assert_eq!(tickets.len(), standing.len(), "a ticket is one booking's");
    let mut of_person: BTreeMap<PersonId, Vec<&Booking>> = BTreeMap::new();
    for one in &standing {
        of_person.entry(one.person).or_default().push(one);
    }
    for (person, own) in of_person {
        assert!(own.len() <= 5, "{person}");
        for (number, one) in own.iter().enumerate() {
            for other in &own[number + 1..] {
                assert!(one.to <= other.from || other.to <= one.from, "{person} is in two places");
                let department = |booking: &Booking| departments[&booking.clinic_session];
                assert_ne!(department(one), department(other), "{person} has two of a department and day");
            }
        }
    }
}

/// Some have a ticket of it.
async fn booked_by_some(house: &House, session: Uuid) {
    let begun = Instant::now();
    while house.inside.roster(&desk(), session, now()).await.expect("roster").len() < 4 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody books");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_is_what_is_there() {
    for house in House::all().await {
        let mut sessions = Vec::new();
        let mut departments = BTreeMap::new();
        for number in 0..SESSIONS {
            // Two doctors of each department.
            let schedule = house.schedule(&format!("d{}", number / 2), Some(&format!("doctor-{number}"))).await;
            let session = house.session(schedule, QUOTA).await;
            departments.insert(session, number / 2);
            sessions.push(session);
        }
        let replicas = [house.replica().await, house.replica().await];
        let people = (0..PEOPLE).map(|number| tokio::spawn(lives(number, replicas.clone(), sessions.clone())));
        let people: Vec<_> = people.collect();
        let suspended = sessions[SESSIONS - 1];
        booked_by_some(&house, suspended).await;
        let suspension = Suspension { why: "equipment".to_owned(), move_to: Some(sessions[SESSIONS - 2]) };
        let ends = house.inside.suspend(&desk(), suspended, suspension, now()).await.expect("suspended");
        let told: Vec<Told> = join_all(people).await.into_iter().flat_map(|one| one.expect("lived")).collect();
        // What is kept for somebody goes from one to the next until nobody waits.
        let mut end = later(0);
        while end < later(24 * 60) {
            end += house.inside.rules().offer;
            house.inside.tidy(end).await.expect("tidied");
        }
        let mut rows = BTreeMap::new();
        for session in &sessions {
            for one in house.inside.roster(&desk(), *session, now()).await.expect("roster") {
                rows.insert(one.id, one);
            }
        }
        holds_together(&rows, &departments);
        // Nothing that was told is lost, and nothing came by itself.
        let by_hospital = |state| matches!(state, BookingState::Moved | BookingState::CancelledByHospital);
        let mut expected: BTreeMap<Uuid, BookingState> = BTreeMap::new();
        for one in &told {
            match one {
                Told::Booked(booking) => expected.insert(booking.id, BookingState::Booked),
                Told::GivenBack(id) => expected.insert(*id, BookingState::Cancelled),
                Told::Moved { from, to } => {
                    expected.insert(*from, BookingState::Rescheduled);
                    expected.insert(to.id, BookingState::Booked)
                }
            };
        }
        // Each person's own steps follow one another, so what they were told last of a booking is what it is.
        for (id, state) in &expected {
            let row = rows.get(id).expect("there");
            assert!(row.state == *state || by_hospital(row.state), "{state:?} {row:?}");
        }
        let moved: BTreeSet<Uuid> = ends.iter().filter_map(|end| end.moved_to).collect();
        assert!(rows.keys().all(|id| expected.contains_key(id) || moved.contains(id)), "a booking that nobody made");
        let standing = rows.values().filter(|one| one.state.is_standing()).count();
        let booked = house.count("ticket", "state", "booked").await;
        assert_eq!(booked, i64::try_from(standing).expect("small"), "a ticket that is nobody's is lost");
        for session in &sessions {
            let standing =
                rows.values().filter(|one| one.clinic_session == *session && one.state.is_standing()).count();
            let (_, offered) = house.replica().await.session(*session, end).await.expect("session");
            let is_suspended = *session == suspended;
            assert!(standing <= usize::try_from(QUOTA + 2).expect("small"), "never more than quota");
            assert!(!is_suspended || standing == 0);
            if !is_suspended && *session != sessions[SESSIONS - 2] {
                assert_eq!(u32::try_from(standing).expect("small") + offered.left(), QUOTA, "counts reconcile");
            }
        }
        assert_eq!(
            house.count("audit_event", "action", "booking.make").await
                + house.count("audit_event", "action", "booking.reschedule").await
                + house.count("audit_event", "action", "booking.accept").await
                + i64::try_from(moved.len()).expect("small"),
            i64::try_from(rows.len()).expect("small"),
            "each booking is in the log once"
        );
    }
}
