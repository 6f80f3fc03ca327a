//! Two of each portal on one database: what is done at one holds at the other.

use std::time::Duration;

use anyhow::{Context as _, Result};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Func, Query};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use testbed::{Database, TestPortal, Visitor};
use uuid::Uuid;

use super::until;

/// The same person's browser at another replica: behind a balancer they have one address.
fn at(other: &TestPortal, visitor: &mut Visitor) -> Result<Visitor> {
    let mut there = other.visitor()?;
    there.cookies().extend(visitor.cookies().clone());
    Ok(there)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_one_is_a_session_of_the_other_and_ends_at_both() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let shown = region.shown_patient();
        let inside = [TestPortal::internal(&database, region).await?, TestPortal::internal(&database, region).await?];
        let outside = [
            TestPortal::external(&database, region, &[shown]).await?,
            TestPortal::external(&database, region, &[]).await?,
        ];
        let people = [(inside[0].clinician("li.wei").await?, &inside), (outside[0].patient(shown).await?, &outside)];
        for (mut here, portals) in people {
            let mut there = at(&portals[1], &mut here)?;
            assert_eq!(there.get("/api/v1/session").await?.status, 200, "{:?}", database.kind);
            assert_eq!(there.get("/").await?.status, 200);
            // A form of the one is taken by the other: the key of the tokens is the same.
            assert_eq!(there.post_form("/sign-out", &[]).await?.status, 303, "{:?}", database.kind);
            assert_eq!(here.get("/api/v1/session").await?.status, 401, "{:?}: lives on at the first", database.kind);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_policy_holds_at_every_replica_within_a_second() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (one, other) =
            (TestPortal::internal(&database, region).await?, TestPortal::internal(&database, region).await?);
        let mut here = one.clinician("li.wei").await?;
        let mut there = at(&other, &mut here)?;
        assert_eq!((here.get("/patients").await?.status, there.get("/patients").await?.status), (200, 200));
        let db = database.connect().await?;
        let mut took = Vec::new();
        for (expect, denied) in [(404, true), (200, false), (404, true), (200, false)] {
            deny_search(&db, denied).await?;
            took.push(until("the change", async || Ok(there.get("/patients").await?.status == expect)).await?);
            until("the change", async || Ok(here.get("/patients").await?.status == expect)).await?;
        }
        // One of four may be late on a machine that does other things.
        took.sort();
        assert!(took[2] < Duration::from_secs(1), "{:?}: {took:?}", database.kind);
    }
    Ok(())
}

/// What `Policy::grant` writes at another replica: the rule, and that there is one.
async fn deny_search(db: &DatabaseConnection, denied: bool) -> Result<()> {
    if denied {
        let rule = Query::insert()
            .into_table(Alias::new("role_grant"))
            .columns(
                ["id", "subject", "domain", "role", "object", "effect", "created_by", "created_at"].map(Alias::new),
            )
            .values_panic([
                Uuid::now_v7().into(),
                "g:clinician".into(),
                "internal".into(),
                "user".into(),
                "page:patient-search".into(),
                "deny".into(),
                "s:test".into(),
                0_i64.into(),
            ])
            .to_owned();
        db.execute(&rule).await?;
    } else {
        db.execute(&Query::delete().from_table(Alias::new("role_grant")).to_owned()).await?;
    }
    let version = Alias::new("version");
    let next = Expr::col(version.clone()).add(1);
    db.execute(&Query::update().table(Alias::new("policy_version")).value(version, next).to_owned()).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_replica_that_seals_is_killed_the_other_seals_on() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let one = TestPortal::internal(&database, region).await?;
        let db = database.connect().await?;
        one.clinician("li.wei").await?;
        until("sealed by the first", async || unsealed(&db).await.map(|rows| rows == 0)).await?;
        let first = sealer(&db).await?.context("nobody seals")?;
        let other = TestPortal::internal(&database, region).await?;
        other.clinician("wang.fang").await?;
        until("sealed", async || unsealed(&db).await.map(|rows| rows == 0)).await?;
        // The second may have had its turn when nothing was to be done for a while.
        let holder = sealer(&db).await?.context("nobody seals")?;
        let (mut dying, mut living) = if holder == first { (one, other) } else { (other, one) };
        tokio::task::block_in_place(|| dying.kill())?;
        living.clinician("li.wei").await?;
        let took = until("sealed by the other", async || unsealed(&db).await.map(|rows| rows == 0)).await?;
        assert_ne!(sealer(&db).await?, Some(holder), "{:?}", database.kind);
        eprintln!("{:?}: the other seals {took:?} after the first was killed", database.kind);
        assert!(took < Duration::from_secs(10), "{:?}: {took:?}", database.kind);
        living.stop();
        let whole = living.tool(&["audit", "verify"])?;
        let said = String::from_utf8_lossy(&whole.stdout).into_owned();
        assert!(whole.status.success() && said.contains(" 0 not yet sealed"), "{:?}: {said}", database.kind);
    }
    Ok(())
}

async fn unsealed(db: &DatabaseConnection) -> Result<i64> {
    let count = |table: &str| {
        let all = Func::count(Expr::col(Alias::new("number")));
        Query::select().expr_as(all, Alias::new("n")).from(Alias::new(table)).to_owned()
    };
    let rows: i64 = db.query_one(&count("audit_event")).await?.context("a count")?.try_get("", "n")?;
    let seals: i64 = db.query_one(&count("audit_seal")).await?.context("a count")?.try_get("", "n")?;
    Ok(rows - seals)
}

async fn sealer(db: &DatabaseConnection) -> Result<Option<String>> {
    let holder = Query::select()
        .column(Alias::new("holder"))
        .from(Alias::new("lease"))
        .and_where(Expr::col(Alias::new("name")).eq("audit-sealer"))
        .to_owned();
    let row = db.query_one(&holder).await?;
    Ok(row.map(|row| row.try_get("", "holder")).transpose()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_runs_outlives_a_newer_schema_and_an_old_one_is_not_started_on_it() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut portal = TestPortal::internal(&database, region).await?;
        let mut clinician = portal.clinician("li.wei").await?;
        assert!(portal.ops("/health/ready").await?.body.contains(r#""schema":"ok""#));
        later_step(&database).await?;
        assert_eq!(clinician.get("/patients").await?.status, 200, "{:?}", database.kind);
        portal.clinician("wang.fang").await?;
        let ready = portal.ops("/health/ready").await?;
        assert_eq!(ready.status, 200, "{}", ready.body);
        assert!(ready.body.contains(r#""schema":"newer""#), "{}", ready.body);
        let refused = portal.tool(&["serve"])?;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("newer than this program's") && !said.contains("portal-migrate"), "{said}");
        portal.stop();
    }
    Ok(())
}

/// As a later release's `portal-migrate up` leaves it.
async fn later_step(database: &Database) -> Result<()> {
    let step = Query::insert()
        .into_table(Alias::new("seaql_migrations"))
        .columns(["version", "applied_at"].map(Alias::new))
        .values_panic(["m29990101_000001_later".into(), 1_i64.into()])
        .to_owned();
    database.connect().await?.execute(&step).await?;
    Ok(())
}
