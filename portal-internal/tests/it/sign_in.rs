//! Signing in and out, and everything that must not sign anybody in.

use anyhow::Result;
use testbed::{Database, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn wrong_empty_and_hostile_credentials_are_refused_alike() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut texts = std::collections::BTreeSet::new();
    for (username, password) in
        [("li.wei", "wrong"), ("nobody", "wrong"), ("*", "x"), ("li.wei)(uid=*", "x"), ("*)(uid=*", "x")]
    {
        let mut visitor = portal.visitor()?;
        let answer = visitor.sign_in(username, password, None).await?;
        assert_eq!(answer.status, 422, "{username}: {}", answer.body);
        assert!(!answer.body.contains("wrong"), "the password came back");
        let (_, message) = answer.body.split_once("role=\"alert\"").unwrap_or_default();
        texts.insert(message.split("</").next().unwrap_or_default().to_owned());
        assert_eq!(visitor.get("/api/v1/session").await?.status, 401);
    }
    assert_eq!(texts.len(), 1, "refusals differ: {texts:?}");
    for (username, password) in [("", ""), ("li.wei", ""), ("", "x")] {
        assert_eq!(portal.visitor()?.sign_in(username, password, None).await?.status, 422, "{username:?} {password:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_for_every_copy_of_its_cookie() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let replicas = [TestPortal::internal(&database, region).await?, TestPortal::internal(&database, region).await?];
        let mut clinician = replicas[0].clinician("li.wei").await?;
        let mut copy = testbed::Visitor::new(replicas[1].url())?;
        copy.cookies().clone_from(&clinician.cookies().clone());
        assert_eq!(copy.get("/api/v1/session").await?.status, 200, "one sign-in for all replicas");
        clinician.get("/").await?;
        assert_eq!(clinician.post_form("/sign-out", &[]).await?.status, 303);
        assert_eq!(copy.get("/api/v1/session").await?.status, 401, "{:?}", database.kind);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_id_never_survives_a_sign_in() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let first = clinician.cookies().get("portal-internal").cloned();
    let staff = region.staff.iter().find(|staff| staff.username == "li.wei").expect("in the directory");
    let body = serde_json::json!({"username": staff.username, "password": staff.password});
    let again = clinician.json("POST".parse()?, "/api/v1/session", Some(&body)).await?;
    assert_eq!(again.status, 200, "{}", again.body);
    let second = clinician.cookies().get("portal-internal").cloned();
    assert!(first.is_some() && second.is_some() && first != second);
    let mut old = portal.visitor()?;
    old.cookies().insert("portal-internal".into(), first.unwrap_or_default());
    assert_eq!(old.get("/api/v1/session").await?.status, 401, "the old session lives on");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_is_slowed_down_and_says_how_long() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut delayed = None;
    for _ in 0..8 {
        let answer = portal.visitor()?.sign_in("wang.fang", "guess", None).await?;
        if answer.status == 429 {
            delayed = Some(answer);
        }
    }
    let delayed = delayed.expect("eight guesses in a row were all checked");
    assert!(delayed.header("retry-after").parse::<u32>()? >= 1);
    portal.clinician("li.wei").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_directory_is_said_and_nothing_leaks() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal_with(&database, region, |table| {
        let directory = &mut table["directory"][0];
        directory["urls"] = toml::Value::Array(vec!["ldap://127.0.0.1:1".into(), "ldap://127.0.0.1:2".into()]);
    })
    .await?;
    let answer = portal.visitor()?.sign_in("li.wei", "secret-canary", None).await?;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(!answer.body.contains("127.0.0.1:1"), "an address inside is told outside");
    assert!(!portal.log().contains("secret-canary"), "a password in the log");
    assert_eq!(portal.ops("/health/live").await?.status, 200);
    let ready = portal.ops("/health/ready").await?;
    assert!(ready.status == 200 && ready.body.contains("\"directory\":\"unavailable\""), "{}", ready.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_may_not_see_is_not_there() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let outsider = region.staff.iter().find(|staff| staff.roles == ["administrator"]).expect("an administrator");
    let mut administrator = portal.clinician(&outsider.username).await?;
    let paths = ["/patients".to_owned(), format!("/patients/{id}/lab-results"), format!("/api/v1/patients/{id}/links")];
    for path in paths {
        assert_eq!(administrator.get(&path).await?.status, 404, "{path}");
        assert_eq!(administrator.head(&path).await?.status, 404, "HEAD {path}");
        let stranger = portal.visitor()?.get(&path).await?;
        assert!(stranger.status == 303 || stranger.status == 401, "{path}: {}", stranger.status);
    }
    Ok(())
}
