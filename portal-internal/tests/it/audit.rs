//! What was done is remembered, and nobody changes it unseen.

use anyhow::Result;
use sea_orm::ConnectionTrait as _;
use testbed::{Kind, TestPortal};

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "what an attacker with the database would do")]
async fn verify_passes_and_finds_one_changed_byte() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut portal = TestPortal::internal(&database, region).await?;
        let mut clinician = portal.clinician("li.wei").await?;
        let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
        clinician.get(&format!("/patients/{id}/lab-results")).await?;
        // Stopping seals what is left.
        portal.stop();
        let whole = portal.tool(&["audit", "verify"])?;
        assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
        let db = database.connect().await?;
        for (action, least) in
            [("session.sign-in", 1), ("patient.search", 1), ("record.read.intent", 1), ("record.read.outcome", 1)]
        {
            let backend =
                if database.kind == Kind::Sqlite { sea_orm::DbBackend::Sqlite } else { sea_orm::DbBackend::Postgres };
            let mark = if database.kind == Kind::Sqlite { "?" } else { "$1" };
            let count = sea_orm::Statement::from_sql_and_values(
                backend,
                format!("SELECT COUNT(*) AS n FROM audit_event WHERE action = {mark}"),
                [action.into()],
            );
            let row = db.query_one_raw(count).await?.expect("a count");
            let found: i64 = row.try_get("", "n")?;
            assert!(found >= least, "{action}: {found}");
        }
        db.execute_unprepared("UPDATE audit_event SET actor_name = 'X' || actor_name WHERE action = 'patient.search'")
            .await?;
        let changed = portal.tool(&["audit", "verify"])?;
        assert_eq!(changed.status.code(), Some(1), "{}", String::from_utf8_lossy(&changed.stdout));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_holds_no_names_no_numbers_no_queries() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&testbed::Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let shown = region.shown_patient();
    let id = super::find(&mut clinician, &shown.name).await?;
    clinician.get(&format!("/patients/{id}/lab-results?q=canary-query")).await?;
    let log = portal.log();
    for canary in [shown.name.as_str(), &shown.resident_id, &id, "canary-query"] {
        assert!(!log.contains(canary), "{canary} in the log");
    }
    let figures = portal.ops("/metrics").await?.body;
    assert!(figures.contains("portal_http_requests_total") && figures.contains("portal_signin_total"), "{figures}");
    assert!(figures.contains("/patients/:person/:section") && !figures.contains(&id), "paths in figures");
    Ok(())
}
