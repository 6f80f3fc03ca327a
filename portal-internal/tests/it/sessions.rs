//! Sessions on several replicas at once: nothing ended comes back, whoever is in the middle of what.

use anyhow::{Context as _, Result, ensure};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, ExprTrait as _,
    sea_query::{Alias, Expr, Query},
};
use serde_json::json;
use testbed::{Database, TestPortal, Visitor};

/// Sign-outs in the usual run; `LOGOUT_ROUNDS=1000` is the figure of SECURITY.md, row 7.
const ROUNDS: usize = 100;

fn rounds() -> usize {
    std::env::var("LOGOUT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_session_comes_back_whatever_is_in_flight_while_it_ends() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let replicas = [TestPortal::internal(&database, region).await?, TestPortal::internal(&database, region).await?];
        let behind = database.connect().await?;
        // People in turn, so that nobody meets the cap on sessions.
        let one = race(&replicas, &behind, "li.wei", rounds() / 2);
        let other = race(&replicas, &behind, "wang.fang", rounds().div_ceil(2));
        let (one, other) = tokio::try_join!(one, other)?;
        assert_eq!((one, other), (0, 0), "{:?}: sessions came back", database.kind);
    }
    Ok(())
}

/// Signs in, asks on replica A while signing out on replica B, and asks both; how many sessions lived on.
async fn race(replicas: &[TestPortal; 2], behind: &DatabaseConnection, who: &str, rounds: usize) -> Result<usize> {
    let mut lived_on = 0;
    for round in 0..rounds {
        let mut here = replicas[round % 2].clinician(who).await?;
        let mut there = at(&replicas[(round + 1) % 2], &mut here)?;
        // So that the requests in flight have something to write: half a minute has gone by.
        earlier(behind, who).await?;
        let in_flight = (0..4).map(|n| {
            let mut visitor = here.clone();
            async move { visitor.get(if n % 2 == 0 { "/api/v1/session" } else { "/" }).await }
        });
        let (answers, out) = tokio::join!(futures_util::future::join_all(in_flight), there.post_form("/sign-out", &[]));
        // It may have been signed out by the time that its form was fetched only if somebody else did it.
        ensure!(out?.status == 303, "the sign-out was refused");
        for answer in answers {
            let status = answer?.status;
            ensure!(matches!(status, 200 | 303 | 401), "{status} in flight");
        }
        for replica in replicas {
            let mut copy = at(replica, &mut here)?;
            lived_on += usize::from(copy.get("/api/v1/session").await?.status != 401);
        }
    }
    Ok(lived_on)
}

/// The same browser at another replica.
fn at(replica: &TestPortal, visitor: &mut Visitor) -> Result<Visitor> {
    let mut copy = Visitor::new(replica.url())?;
    copy.cookies().clone_from(visitor.cookies());
    Ok(copy)
}

/// Moves the last request of live sessions a minute back, as if time had gone by.
async fn earlier(behind: &DatabaseConnection, who: &str) -> Result<()> {
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let update = Query::update()
        .table(Alias::new("staff_session"))
        .value(Alias::new("last_seen_at"), column("last_seen_at").sub(60_000))
        .and_where(column("revoked_at").is_null())
        .and_where(column("identity").like(format!("%{who}%")))
        .to_owned();
    behind.execute(&update).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_all_sessions_of_somebody_on_every_replica() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut replicas =
            [TestPortal::internal(&database, region).await?, TestPortal::internal(&database, region).await?];
        let mut theirs = [replicas[0].clinician("li.wei").await?, replicas[1].clinician("li.wei").await?];
        let mut another = replicas[1].clinician("wang.fang").await?;
        let ended = replicas[0].tool(&["sessions", "end", "li.wei"])?;
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        ensure!(ended.status.success() && said.contains(": 2 sessions ended"), "{said}{:?}", ended.stderr);
        for one in &mut theirs {
            assert_eq!(one.get("/api/v1/session").await?.status, 401, "{:?}", database.kind);
        }
        assert_eq!(another.get("/api/v1/session").await?.status, 200, "somebody else's");
        // They may come back, and whoever has left the directory is ended by what the audit log calls them.
        let mut back = replicas[1].clinician("li.wei").await?;
        let subject = said.split(": ").next().context("a subject")?;
        ensure!(replicas[1].tool(&["sessions", "end", subject])?.status.success());
        assert_eq!(back.get("/api/v1/session").await?.status, 401, "{:?}", database.kind);
        let nobody = replicas[0].tool(&["sessions", "end", "nobody.at.all"])?;
        assert_eq!(nobody.status.code(), Some(2));
        for replica in &mut replicas {
            replica.stop();
        }
        let rows = Query::select()
            .column(Alias::new("actor"))
            .from(Alias::new("audit_event"))
            .and_where(Expr::col(Alias::new("action")).eq("session.end-all"))
            .to_owned();
        assert_eq!(database.connect().await?.query_all(&rows).await?.len(), 2, "{:?}: not audited", database.kind);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_signs_in_where_they_did_before_while_others_guess() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let trust_loopback = |table: &mut toml::Table| {
        let server = table["server"].as_table_mut().expect("a section");
        server.insert("trusted_proxies".into(), toml::Value::Array(vec!["127.0.0.0/8".into()]));
    };
    let portal = TestPortal::internal_with(&database, region, trust_loopback).await?;
    let staff = region.staff.iter().find(|staff| staff.username == "li.wei").context("in the directory")?;
    let mut owner = portal.clinician("li.wei").await?;
    owner.get("/").await?;
    ensure!(owner.post_form("/sign-out", &[]).await?.status == 303);
    ensure!(owner.cookies().contains_key("portal-internal-browser"), "the browser is not known again");
    // From networks all over the world, in every way of writing the name, with and without the organisation.
    let names = ["li.wei", "LI.WEI", "ｌｉ．ｗｅｉ", " li.wei", "li.\u{200b}wei"];
    let mut checked = 0;
    for n in 0..60 {
        let guess = guess(&portal, n, names[n % names.len()], (n % 2 == 0).then_some("region")).await?;
        ensure!(matches!(guess, 401 | 429), "{guess}");
        checked += usize::from(guess == 401);
    }
    // Some seconds go by, and the delays begin with one.
    assert!((21..=26).contains(&checked), "{checked} guesses were checked");
    assert_eq!(guess(&portal, 77, "wang.fang", None).await?, 401, "another account is free");
    // The owner elsewhere has to wait; where they signed in before they do not. As if the guessing had gone on, so that the
    // delay outlasts this test on a slow machine.
    let night = Query::update()
        .table(Alias::new("staff_sign_in_failure"))
        .value(Alias::new("count"), Expr::col(Alias::new("count")).add(20))
        .and_where(Expr::col(Alias::new("key")).like("account:%"))
        .and_where(Expr::col(Alias::new("count")).gt(20))
        .to_owned();
    assert_eq!(database.connect().await?.execute(&night).await?.rows_affected(), 1, "one account was guessed at");
    assert_eq!(portal.visitor()?.sign_in(&staff.username, &staff.password, None).await?.status, 429);
    assert_eq!(owner.sign_in(&staff.username, &staff.password, None).await?.status, 303);
    assert_eq!(owner.get("/api/v1/session").await?.status, 200);
    Ok(())
}

/// A wrong password from the `n`th network; the status of the answer.
async fn guess(portal: &TestPortal, n: usize, username: &str, organisation: Option<&str>) -> Result<u16> {
    let from = format!("203.{}.{}.9", n / 200, n % 200);
    let headers = [("content-type", "application/json"), ("x-forwarded-for", from.as_str())];
    let body = json!({ "username": username, "password": "wrong", "organisation": organisation });
    Ok(portal.visitor()?.knock("POST", "/api/v1/session", &headers, Some(body.to_string())).await?.status)
}
