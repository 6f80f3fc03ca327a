//! The same by other programs.

use anyhow::Result;
use poem::http::Method;
use serde_json::{Value, json};
use testbed::{Answer, Database, TestPortal, Visitor};

use super::{
    super::{family, own, two_known_everywhere},
    Desk, in_days,
};

async fn post(visitor: &mut Visitor, path: &str, key: &str, body: &Value) -> Result<Answer> {
    visitor.json_with(Method::POST, path, &[("Idempotency-Key", key)], Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_program_books_changes_and_cancels() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (one, other) = two_known_everywhere(region);
        let portal = TestPortal::external(&database, region, &[one, other]).await?;
        let desk = Desk::of(&database).await?;
        let session = desk.session("nephrology", in_days(2), 1).await?.to_string();
        let second = desk.session("cardiology", in_days(2), 6).await?.to_string();
        let mut nobody = portal.visitor()?;
        let day = in_days(2);
        let list = nobody.get(&format!("/api/v1/clinic-sessions?department=nephrology&date={day}")).await?;
        let row = &list.json()["items"][0];
        assert_eq!((row["id"].as_str(), &row["available"]), (Some(session.as_str()), &json!(1)), "{}", list.body);
        assert_eq!((row["fee"].as_i64(), row["half_day"].as_str()), (Some(3_050), Some("morning")), "{row}");
        assert_eq!((&row["department"]["id"], &row["doctor"]["id"]), (&json!("nephrology"), &json!("d1")), "{row}");
        let (mut patient, mut rival) = (portal.patient(one).await?, portal.patient(other).await?);
        let (id, theirs) = (own(&mut patient).await?, own(&mut rival).await?);

        let wanted = json!({ "clinic_session": session, "person": id });
        let without = patient.json(Method::POST, "/api/v1/bookings", Some(&wanted)).await?;
        assert_eq!(without.status, 422, "{}", without.body);
        let made = post(&mut patient, "/api/v1/bookings", "a-1", &wanted).await?;
        assert_eq!(made.status, 201, "{}", made.body);
        let booking = made.json();
        assert!(booking["ticket"]["seq"].is_u64() && booking["ticket"]["from"].is_string(), "{booking}");
        assert_eq!((&booking["state"], &booking["clinic_session"]), (&json!("booked"), &json!(session)));
        let again = post(&mut patient, "/api/v1/bookings", "a-1", &wanted).await?;
        assert_eq!((again.status, again.json()), (201, booking.clone()), "the same answer");
        let full = post(&mut rival, "/api/v1/bookings", "b-1", &json!({ "clinic_session": session, "person": theirs }))
            .await?;
        assert_eq!(full.status, 409, "{}", full.body);
        assert!(full.json()["type"].as_str().is_some_and(|kind| kind.ends_with("taken")), "{}", full.body);
        let foreign = post(&mut rival, "/api/v1/bookings", "b-2", &wanted).await?;
        assert_eq!(foreign.status, 404, "{}", foreign.body);
        let path = format!("/api/v1/bookings/{}", booking["id"].as_str().unwrap_or_default());
        for act in ["cancel", "reschedule"] {
            let body = json!({ "clinic_session": second, "person": id });
            let foreign = post(&mut rival, &format!("{path}/{act}"), "b-3", &body).await?;
            assert_eq!(foreign.status, 404, "{act}: {}", foreign.body);
        }
        let wanted = json!({ "clinic_session": second, "person": id });
        let moved = post(&mut patient, &format!("{path}/reschedule"), "a-2", &wanted).await?;
        assert_eq!((moved.status, &moved.json()["in_place_of"]), (201, &booking["id"]), "{}", moved.body);
        let ended = post(&mut patient, &format!("{path}/cancel"), "a-3", &json!({})).await?;
        assert_eq!(ended.status, 409, "it was given back with the change: {}", ended.body);
        let path = format!("/api/v1/bookings/{}/cancel", moved.json()["id"].as_str().unwrap_or_default());
        let cancelled = post(&mut patient, &path, "a-4", &json!({})).await?;
        assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("cancelled")), "{}", cancelled.body);
        for wrong in [
            json!({}),
            json!({ "clinic_session": "x", "person": id }),
            json!({ "clinic_session": session, "person": "x" }),
        ] {
            let answer = post(&mut patient, "/api/v1/bookings", "w", &wrong).await?;
            assert!([400, 422].contains(&answer.status), "{wrong}: {} {}", answer.status, answer.body);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_entrusted_with_booking_books_and_cancels_for_another() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let database = Database::sqlite().await?;
    let portal = TestPortal::external(&database, region, &[one, other]).await?;
    let session = Desk::of(&database).await?.session("nephrology", in_days(2), 6).await?.to_string();
    let (mut mother, mut daughter) = (portal.patient(one).await?, portal.patient(other).await?);
    let wanted = json!({ "clinic_session": session, "person": own(&mut mother).await? });
    let before = post(&mut daughter, "/api/v1/bookings", "k", &wanted).await?;
    assert_eq!(before.status, 404, "{}", before.body);
    let code = family::invited(&mut mother, &["book"], &[]).await?;
    family::accepted(&mut daughter, &code).await?;
    let made = post(&mut daughter, "/api/v1/bookings", "k", &wanted).await?;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/api/v1/bookings/{}/cancel", made.json()["id"].as_str().unwrap_or_default());
    let cancelled = post(&mut daughter, &path, "c", &json!({})).await?;
    assert_eq!(cancelled.status, 200, "{}", cancelled.body);
    Ok(())
}
