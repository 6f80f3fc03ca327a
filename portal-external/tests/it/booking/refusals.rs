//! What is not given, and how it is said: at its place, with nothing lost and nothing doubled.

use anyhow::Result;
use testbed::{Database, TestPortal};

use super::{
    super::{own, two_known_everywhere},
    Desk, confirmed, form, in_days, morning, pairs, to_check,
};

#[tokio::test(flavor = "multi_thread")]
async fn sent_twice_and_back_again_it_is_one_booking() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (shown, _) = two_known_everywhere(region);
        let portal = TestPortal::external(&database, region, &[shown]).await?;
        let session = Desk::of(&database).await?.session("nephrology", in_days(2), 6).await?;
        let (mut patient, mut telephone) = (portal.patient(shown).await?, portal.patient(shown).await?);
        let id = own(&mut patient).await?;
        let times = format!("/booking/sessions/{session}");
        let check = to_check(&mut patient, &times).await?;
        let elsewhere = to_check(&mut telephone, &times).await?;
        let (first, second) = tokio::join!(
            async {
                let mut one = patient;
                let made = confirmed(&mut one, &check, &id).await;
                (one, made)
            },
            async {
                let mut one = telephone;
                let made = confirmed(&mut one, &elsewhere, &id).await;
                (one, made)
            },
        );
        let ((mut patient, first), (mut telephone, second)) = ((first.0, first.1?), (second.0, second.1?));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409], "{} {}", first.body, second.body);
        let (winner, check, made, refused) = if first.status == 303 {
            (&mut patient, &check, &first, &second)
        } else {
            (&mut telephone, &elsewhere, &second, &first)
        };
        assert!(
            refused.body.contains("role=\"alert\"") && refused.body.contains("同一天同一个科只能约一次"),
            "{}",
            refused.body
        );
        // Back, and once more: the same one.
        let again = confirmed(winner, check, &id).await?;
        let path = |answer: &testbed::Answer| answer.location().split('?').next().unwrap_or_default().to_owned();
        assert_eq!((again.status, path(&again)), (303, path(made)), "{}", again.body);
        let list = winner.page(&format!("/people/{id}/bookings")).await?;
        assert_eq!(list.body.matches(&format!("href=\"/people/{id}/bookings/")).count(), 1, "{}", list.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_one_is_one_s_and_the_other_waits_for_it() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let database = Database::sqlite().await?;
    let portal = TestPortal::external(&database, region, &[one, other]).await?;
    let session = Desk::of(&database).await?.session("nephrology", in_days(2), 1).await?;
    let (mut first, mut second) = (portal.patient(one).await?, portal.patient(other).await?);
    let (mine, theirs) = (own(&mut first).await?, own(&mut second).await?);
    let times = format!("/booking/sessions/{session}");
    let late = to_check(&mut second, &times).await?;
    let check = to_check(&mut first, &times).await?;
    let made = confirmed(&mut first, &check, &mine).await?;
    assert_eq!(made.status, 303, "{}", made.body);
    let refused = confirmed(&mut second, &late, &theirs).await?;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("这个时间刚刚约满") && refused.body.contains("没有占到号"), "{}", refused.body);
    // Full ones are shown, and can't be chosen.
    let sessions = second.page("/booking/hospitals/city-first/nephrology").await?;
    assert!(sessions.body.contains("class=\"s full\"") && !sessions.body.contains(&times), "{}", sessions.body);
    let waits = format!("/people/{theirs}/waits");
    let fields = form(&sessions, &waits)?;
    assert_eq!(second.post_form(&waits, &pairs(&fields)).await?.status, 303);
    let list = second.page(&format!("/people/{theirs}/bookings")).await?;
    let place = list.body.split(&format!("action=\"{waits}/")).nth(1).and_then(|rest| rest.split('"').next());
    let place = format!("{waits}/{}", place.unwrap_or_default());
    assert!(!list.body.contains("value=\"accept\""), "nothing is offered yet: {}", list.body);
    let booking = made.location().split('?').next().unwrap_or_default().to_owned();
    first.page(&booking).await?;
    assert_eq!(first.post_form(&format!("{booking}/cancel"), &[]).await?.status, 303);
    let offered = second.page(&format!("/people/{theirs}/bookings")).await?;
    assert!(offered.body.contains("value=\"accept\""), "{}", offered.body);
    assert_eq!(first.post_form(&place, &[("step", "accept"), ("key", "k")]).await?.status, 404, "another's offer");
    let mut fields = form(&offered, &place)?;
    fields.push(("step".to_owned(), "accept".to_owned()));
    second.page(&format!("/people/{theirs}/bookings")).await?;
    let accepted = second.post_form(&place, &pairs(&fields)).await?;
    assert_eq!(accepted.status, 303, "{}", accepted.body);
    assert!(second.page(accepted.location()).await?.body.contains("约好了"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hospital_suspends_or_has_not_released_is_said_where_one_is() -> Result<()> {
    let region = testbed::region().await;
    let (shown, _) = two_known_everywhere(region);
    let database = Database::sqlite().await?;
    let portal = TestPortal::external(&database, region, &[shown]).await?;
    let desk = Desk::of(&database).await?;
    let session = desk.session("nephrology", in_days(2), 6).await?;
    let other = desk.session("cardiology", in_days(3), 6).await?;
    let later = scheduling::Plan { release_days: 3, ..morning(in_days(10)) };
    let later = desk.planned("ophthalmology", &later).await?;
    let mut patient = portal.patient(shown).await?;
    let id = own(&mut patient).await?;
    let check = to_check(&mut patient, &format!("/booking/sessions/{session}")).await?;
    let elsewhere = to_check(&mut patient, &format!("/booking/sessions/{other}")).await?;
    let made = confirmed(&mut patient, &elsewhere, &id).await?;
    desk.suspend(session).await?;
    desk.suspend(other).await?;
    let refused = confirmed(&mut patient, &check, &id).await?;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert!(refused.body.contains("医院刚刚停了这次门诊"), "{}", refused.body);
    let ended = patient.page(made.location()).await?;
    assert!(ended.body.contains("医院停诊，已取消"), "a named outcome: {}", ended.body);

    let at = format!("{} 00:00", in_days(7));
    let sessions = patient.page("/booking/hospitals/city-first/ophthalmology").await?;
    assert!(sessions.body.contains(&at), "{at}: {}", sessions.body);
    let early = patient.page(&format!("/booking/sessions/{later}")).await?;
    assert!(early.status == 200 && !early.body.contains("name=\"at\""), "{}", early.body);
    let fields = [("session", later.to_string()), ("at", unreleased_time()), ("key", "early".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = patient.post_form(&format!("/people/{id}/bookings"), &fields).await?;
    assert!(refused.status == 409 && refused.body.contains("还没有放号"), "{} {}", refused.status, refused.body);
    Ok(())
}

/// Eight o'clock of the day that is not released: no page offers it.
fn unreleased_time() -> String {
    let eight = in_days(10).at(8, 0, 0, 0).to_zoned(super::zone()).expect("a time");
    eight.timestamp().as_millisecond().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_up_is_refused_and_no_error_of_ours() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let database = Database::sqlite().await?;
    let portal = TestPortal::external(&database, region, &[one, other]).await?;
    let session = Desk::of(&database).await?.session("nephrology", in_days(2), 6).await?.to_string();
    let (mut patient, mut stranger) = (portal.patient(one).await?, portal.patient(other).await?);
    let (id, theirs) = (own(&mut patient).await?, own(&mut stranger).await?);
    let check = to_check(&mut patient, &format!("/booking/sessions/{session}")).await?;
    let at = form(&check, &format!("/people/{id}/bookings"))?.into_iter().find(|(name, _)| name == "at");
    let at = at.map(|(_, at)| at).unwrap_or_default();
    let long = "长".repeat(2_000);
    let path = format!("/people/{id}/bookings");
    for (fields, status) in [
        (vec![("session", "nothing"), ("at", at.as_str()), ("key", "k")], 404),
        (vec![("session", session.as_str()), ("at", "9223372036854775807"), ("key", "k")], 422),
        (vec![("session", session.as_str()), ("at", "1"), ("key", "k")], 409),
        (vec![("session", session.as_str()), ("at", at.as_str()), ("key", long.as_str())], 422),
        (vec![("session", session.as_str()), ("at", at.as_str()), ("key", "<script>\u{202e}😀")], 422),
        (vec![("session", session.as_str()), ("at", at.as_str()), ("key", "k"), ("instead", "x")], 404),
        (vec![("session", session.as_str()), ("at", at.as_str()), ("key", "k"), ("instead", &theirs)], 404),
    ] {
        let answer = patient.post_form(&path, &fields).await?;
        assert_eq!(answer.status, status, "{fields:?}: {}", answer.body);
    }
    stranger.page("/booking").await?;
    for action in [path.clone(), format!("/people/{id}/waits")] {
        let fields = [("session", session.as_str()), ("at", at.as_str()), ("key", "k")];
        assert_eq!(stranger.post_form(&action, &fields).await?.status, 404, "{action}");
    }
    let fields = [("session", session.as_str()), ("at", at.as_str()), ("key", "k")];
    assert_eq!(patient.post_form_with(&path, &fields, None).await?.status, 403, "without the form's token");
    for path in [
        "/booking/sessions/x",
        "/booking/hospitals/nowhere",
        "/booking/hospitals/city-first/nothing",
        "/booking?person=x",
    ] {
        assert_eq!(patient.page(path).await?.status, 404, "{path}");
    }
    let none = patient.page(&path).await?;
    assert!(!none.body.contains(&format!("href=\"{path}/")), "nothing of all that was booked: {}", none.body);
    Ok(())
}
