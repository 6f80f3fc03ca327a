//! Secrets in the database, and the keys that they are sealed under.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sandbox::{RunningTransit, TransitConfig, TransitMode};
use sea_orm::ConnectionTrait as _;
use testbed::{Database, TestPortal, Visitor};

/// 32 bytes as base64, and no portal's key.
const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n";

/// Keeps words for a search and returns the address of what is found.
async fn keep(visitor: &mut Visitor, person: &str, words: &str) -> Result<String> {
    let path = format!("/patients/{person}/search");
    visitor.get(&path).await?;
    let kept = visitor.post_form(&path, &[("q", words)]).await?;
    anyhow::ensure!(kept.status == 303, "{} {}", kept.status, kept.body);
    Ok(kept.location().to_owned())
}

fn set(section: &mut toml::Value, key: &str, value: impl Into<toml::Value>) {
    if let Some(section) = section.as_table_mut() {
        section.insert(key.to_owned(), value.into());
    }
}

/// Ends within two seconds with `code`; what it said on standard error.
fn refused(portal: &TestPortal, command: &str, code: i32) -> Result<String> {
    let begun = Instant::now();
    let ended = portal.tool(&[command])?;
    let took = begun.elapsed();
    let said = String::from_utf8(ended.stderr)?;
    assert_eq!(ended.status.code(), Some(code), "{command}: {said}");
    assert!(took <= Duration::from_secs(2), "{command} took {took:?}: {said}");
    Ok(said)
}

/// What a command says on standard output.
fn told(portal: &TestPortal, arguments: &[&str]) -> Result<String> {
    let ended = portal.tool(arguments)?;
    anyhow::ensure!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(String::from_utf8(ended.stdout)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_than_the_database_s_ends_the_start_at_once_with_one_line() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut portal = TestPortal::internal(&database, region).await?;
        portal.stop();
        assert!(portal.tool(&["check"])?.status.success(), "before");
        for (name, domain) in [("staff", "staff"), ("patient", "patient")] {
            let file = database.folder().join(format!("secrets/{name}.key"));
            let right = std::fs::read(&file)?;
            std::fs::write(&file, OTHER_KEY)?;
            let said = refused(&portal, "serve", 2)?;
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(said.contains(&format!("{name}_file ({})", file.display())), "{said}");
            assert!(said.contains(&format!("`{domain}`")) && said.contains("put that key back"), "{said}");
            let said = refused(&portal, "check", 1)?;
            assert!(said.contains(&file.display().to_string()) && said.contains("cure:"), "{said}");
            std::fs::remove_file(&file)?;
            let said = refused(&portal, "serve", 1)?;
            assert!(said.contains(&format!("keys.{name}_file")) && said.contains("restore it"), "{said}");
            std::fs::write(&file, right)?;
        }
        portal.serve().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_nowhere_in_the_database_and_a_row_that_was_changed_is_refused() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let (first, second) =
        (keep(&mut clinician, &person, "zqcanaryone").await?, keep(&mut clinician, &person, "zqcanarytwo").await?);
    assert!(clinician.get(&first).await?.body.contains("zqcanaryone"), "its reader has them");
    let file = database.file().context("SQLite")?;
    for ending in ["", "-wal"] {
        let bytes = std::fs::read(format!("{}{ending}", file.display())).unwrap_or_default();
        assert!(!bytes.windows(8).any(|window| window == b"zqcanary"), "in portal.db{ending}");
    }
    // Somebody with the database gives each row the other's seal.
    let swap =
        "UPDATE record_search SET sealed = (SELECT o.sealed FROM record_search o WHERE o.id <> record_search.id)";
    let db = database.connect().await?;
    #[expect(clippy::disallowed_methods, reason = "what somebody with the database could do")]
    db.execute_unprepared(swap).await?;
    let answers = [clinician.get(&first).await?, clinician.get(&second).await?];
    assert!(answers.iter().any(|answer| answer.status == 500), "{:?}", answers.each_ref().map(|one| one.status));
    assert!(!answers[0].body.contains("zqcanarytwo") && !answers[1].body.contains("zqcanaryone"));
    assert!(!portal.log().contains("zqcanary"), "in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_while_the_portal_works() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut before = TestPortal::internal(&database, region).await?;
        let mut clinician = before.clinician("li.wei").await?;
        let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
        let kept = keep(&mut clinician, &person, "zqnowhere").await?;
        before.stop();
        // The same portal with a new root key beside the old one.
        let root = database.folder().join("secrets/staff-root.key");
        let portal = TestPortal::internal_with(&database, region, |table| {
            set(&mut table["keys"], "staff_root_file", root.display().to_string());
        });
        let portal = portal.await?;
        let mut clinician = portal.clinician("li.wei").await?;
        assert!(clinician.get(&kept).await?.body.contains("zqnowhere"), "under the old root");
        // Of words that records are searched for, of where staff are reached, and of launches.
        let would = told(&portal, &["vault", "rewrap", "--dry-run"])?;
        assert!(
            would.contains("staff/record-search version 1: file:")
                && would.contains("staff/source-launch version 1: file:")
                && would.contains("keys to be wrapped anew: 3"),
            "{would}"
        );
        assert!(told(&portal, &["vault", "rewrap"])?.contains("keys wrapped anew: 3"));
        assert!(told(&portal, &["vault", "rewrap"])?.contains("nothing to do"));
        let would = told(&portal, &["vault", "reencrypt", "--dry-run"])?;
        assert!(would.contains("staff/record-search version 2: to be sealed anew: 1"), "{would}");
        let done = told(&portal, &["vault", "reencrypt"])?;
        assert!(done.contains("staff/record-search version 2: sealed anew: 1"), "{done}");
        assert!(clinician.get(&kept).await?.body.contains("zqnowhere"), "under the new key");
        let newer = keep(&mut clinician, &person, "zqelsewhere").await?;
        assert!(clinician.get(&newer).await?.body.contains("zqelsewhere"));
        let log = portal.log();
        assert!(!log.contains("zqnowhere") && !log.contains("zqelsewhere"), "in the log");
        // A program that does not know the new root says so.
        let said = refused(&before, "serve", 2)?;
        assert!(said.contains("staff_file") && said.lines().count() == 1, "{said}");
        let rows = told(&portal, &["audit", "verify"])?;
        assert!(rows.contains("the audit log is whole"), "{rows}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn root_keys_of_a_transit_service_are_asked_for_at_the_start() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let config = TransitConfig { token: "right-token".to_owned(), ..TransitConfig::default() };
    let service = RunningTransit::start(&config, 1).await?;
    let token = database.folder().join("transit-token");
    std::fs::write(&token, "right-token\n")?;
    let mut portal = TestPortal::internal_with(&database, region, |table| {
        set(&mut table["keys"], "transit", toml::Table::new());
        let transit = &mut table["keys"]["transit"];
        set(transit, "url", service.url.clone());
        set(transit, "token_file", token.display().to_string());
        set(transit, "staff", "portal-staff");
    })
    .await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let kept = keep(&mut clinician, &person, "zqnowhere").await?;
    // The service may be away while the portal works, but not when it starts.
    service.set_mode(TransitMode::Down);
    assert!(clinician.get(&kept).await?.body.contains("zqnowhere"));
    portal.stop();
    for mode in [TransitMode::Down, TransitMode::Silent, TransitMode::Sealed] {
        service.set_mode(mode);
        let said = refused(&portal, "serve", 2)?;
        assert!(said.lines().count() == 1 && said.contains("portal-staff") && said.contains(&service.url), "{said}");
    }
    service.set_mode(TransitMode::Ok);
    service.set_token("another-token");
    let said = refused(&portal, "serve", 2)?;
    assert!(said.contains("token_file") && !said.contains("right-token"), "{said}");
    assert!(refused(&portal, "check", 1)?.contains("token_file"));
    std::fs::write(&token, "another-token\n")?;
    portal.serve().await
}
