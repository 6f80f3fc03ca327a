//! Patients connect a hospital whose authorization server is not of our making: oidc-provider, which is certified for OpenID Connect,
//! gives each refresh token once, and ends everything when one comes twice.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use testbed::peers::{Ledger, OidcClient, OidcProvider};
use testbed::{Database, Patient, Region, TestPortal, Visitor};

use super::connections::{people, there};
use super::copies::until;
use super::own;

/// The hospital of the sandbox whose records are behind the sign-in.
const BEHIND: &str = "university";
const SCOPES: &str = "launch/patient openid fhirUser offline_access patient/*.read";
const CLIENT: &str = "regional-portal-patients";
/// A secret that is another one when it is not encoded on its way.
const SECRET: &str = "a+b% c:d/e&f=0123456789-0123456789-%2B";
/// Of access tokens. The portal uses one for half of it.
const LIVES_S: u32 = 3;
/// New tokens until the test believes that it goes on like this.
const ROTATIONS: u64 = 3;
const PATIENCE: Duration = Duration::from_secs(25);

struct Stage {
    portals: Vec<TestPortal>,
    provider: OidcProvider,
    shown: Patient,
    /// The patient's id behind the sign-in.
    there: String,
    /// Somebody else who is known there.
    other: Patient,
    /// The region without it.
    region: Region,
    /// Its entry in `sources.toml`.
    source: toml::Table,
}

/// Portals of the other hospitals on one database, with that one offered to patients. `sign_in` is of how the portal proves itself.
async fn stage(database: &Database, replicas: usize, secret: Option<&str>, sign_in: &str) -> Result<Stage> {
    stage_for(database, replicas, LIVES_S, secret, sign_in).await
}

/// The same, where access tokens live so many seconds.
async fn stage_for(
    database: &Database,
    replicas: usize,
    lives_s: u32,
    secret: Option<&str>,
    sign_in: &str,
) -> Result<Stage> {
    let all = testbed::region().await;
    let behind = all.hospitals.iter().find(|one| one.id == BEHIND).context("the hospital")?;
    let region = all.with_hospitals(all.hospitals.iter().filter(|one| one.id != BEHIND).cloned().collect());
    let (shown, other) = people(all)?;
    let there = there(&shown)?.to_owned();
    let mut portals = started(database, &region, &[&shown, &other], replicas).await?;
    let redirect_uri = format!("{}/connections/callback/lakeside", portals[0].url());
    let client = OidcClient { id: CLIENT, secret, redirect_uri: &redirect_uri };
    let provider = OidcProvider::start(&behind.base_url, &client, lives_s)?;
    let source = format!(
        "[[source]]\nid = \"lakeside\"\nname = {{ zh = \"湖滨国际医院\", en = \"Lakeside\" }}\nplatform = \"{}\"\n\
         environment = \"sandbox\"\nbase_url = \"{}\"\ntimeout_ms = 8000\nauth = {{ kind = \"smart-patient\", \
         client_id = \"{CLIENT}\", scopes = \"{SCOPES}\", token_url = \"{}\"{sign_in} }}\n",
        behind.platform, provider.base_url, provider.token_url
    );
    let source: toml::Table = source.parse()?;
    for portal in &mut portals {
        portal.stop();
        portal.add_sources(&source)?;
        portal.serve().await?;
    }
    Ok(Stage { portals, provider, shown, there, other, region, source })
}

/// The patients' accounts are in their one database.
async fn started(
    database: &Database,
    region: &Region,
    patients: &[&Patient],
    replicas: usize,
) -> Result<Vec<TestPortal>> {
    let mut portals = vec![TestPortal::external(database, region, patients).await?];
    while portals.len() < replicas {
        portals.push(TestPortal::external(database, region, &[]).await?);
    }
    Ok(portals)
}

impl Stage {
    /// Leaves for the hospital, decides there, and comes back: what the portal answers.
    async fn connect(&self, visitor: &mut Visitor, decision: &str) -> Result<testbed::Answer> {
        let home = self.there_and_back(visitor, &self.there, decision).await?;
        visitor.page(&home).await
    }

    /// The same, without coming back yet: where the browser of whoever is `patient` there is sent, below the portal.
    async fn there_and_back(&self, visitor: &mut Visitor, patient: &str, decision: &str) -> Result<String> {
        let consent = visitor.page("/connections/new/lakeside").await?;
        ensure!(consent.status == 200 && consent.body.contains("湖滨国际医院"), "{}", consent.body);
        let leaving = visitor.post_form("/connections/new/lakeside", &[]).await?;
        let there = leaving.header("refresh").strip_prefix("0; url=").with_context(|| leaving.body.clone())?;
        let back = self.provider.sign_in(&there.parse()?, patient, decision).await?;
        let home = back.as_str().strip_prefix(self.portals[0].url()).with_context(|| format!("sent to {back}"))?;
        // RFC 9207.
        let names_itself = back.query_pairs().any(|(name, value)| name == "iss" && value == self.provider.issuer);
        ensure!(names_itself, "{back}");
        Ok(home.to_owned())
    }

    async fn is_connected(&self, visitor: &mut Visitor) -> Result<()> {
        let done = self.connect(visitor, "allow").await?;
        ensure!(
            done.status == 303 && done.location().starts_with("/connections?done="),
            "{} {}",
            done.status,
            done.body
        );
        let page = visitor.page(done.location()).await?;
        ensure!(page.body.contains("已连接湖滨国际医院") && page.body.contains("全部病历"), "{}", page.body);
        Ok(())
    }

    /// Reads over and over from all at once, until the provider has given `wanted` new tokens.
    async fn read_until(&self, visitors: &mut [Visitor], wanted: u64) -> Result<Ledger> {
        let end = Instant::now() + PATIENCE;
        loop {
            let reading = visitors.iter_mut().map(answered);
            futures_util::future::try_join_all(reading).await?;
            let ledger = self.provider.ledger().await?;
            let sound = ledger.refusals.is_empty() && ledger.strayed.is_empty() && ledger.ended_grants == 0;
            ensure!(sound, "{ledger:?}");
            if ledger.rotations >= wanted {
                return Ok(ledger);
            }
            ensure!(Instant::now() < end, "{ledger:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn labs(visitor: &mut Visitor) -> Result<Value> {
    let id = own(visitor).await?;
    Ok(visitor.get(&format!("/api/v1/people/{id}/record/lab-results")).await?.json())
}

/// The hospital answers, and with something.
async fn answered(visitor: &mut Visitor) -> Result<()> {
    let record = labs(visitor).await?;
    let sources = record["sources"].as_array().context("no sources")?;
    let source = sources.iter().find(|one| one["id"] == "lakeside").with_context(|| format!("not asked: {record}"))?;
    ensure!(source["state"] == "answered", "{source}");
    let items = record["items"].as_array().into_iter().flatten();
    let mut origins = items.flat_map(|item| item["origins"].as_array().into_iter().flatten());
    ensure!(origins.any(|one| one["source"] == "lakeside"), "nothing of it: {record}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_signed_in_elsewhere_is_read_by_two_replicas_for_longer_than_a_token_lives() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let stage = stage(&Database::postgres().await?, 2, None, "").await?;
    let mut visitors =
        vec![stage.portals[0].patient(&stage.shown).await?, stage.portals[1].patient(&stage.shown).await?];
    let before = labs(&mut visitors[0]).await?;
    ensure!(!before.to_string().contains("\"lakeside\""), "asked without a connection: {before}");
    stage.is_connected(&mut visitors[0]).await?;
    let begun = stage.provider.ledger().await?;
    ensure!(begun.usable == 1 && begun.refusals.is_empty(), "{begun:?}");
    let lasting = stage.read_until(&mut visitors, begun.rotations + ROTATIONS).await?;
    // A refresh token that came twice would have ended it.
    ensure!(lasting.usable == 1, "{lasting:?}");

    let listed = visitors[1].get("/api/v1/connections").await?.json();
    let id = listed["items"][0]["id"].as_str().with_context(|| listed.to_string())?;
    let ended = visitors[1].post_form(&format!("/connections/{id}/disconnect"), &[]).await?;
    ensure!(ended.status == 303 && ended.location().starts_with("/connections?ended=told."), "{}", ended.body);
    let over = stage.provider.ledger().await?;
    assert_eq!((over.usable, over.ended_grants, over.refusals.len()), (0, 1, 0), "{over:?}");
    for visitor in &mut visitors {
        let after = labs(visitor).await?;
        ensure!(!after.to_string().contains("\"lakeside\""), "asked after its end: {after}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_with_a_secret_is_taken_and_a_patient_who_says_no_is_heard() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let database = Database::sqlite().await?;
    let file = database.folder().join("lakeside-secret");
    std::fs::write(&file, SECRET)?;
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let sign_in = format!(", secret_file = \"{}\"", file.display());
    let stage = stage(&database, 1, Some(SECRET), &sign_in).await?;
    let mut visitor = stage.portals[0].patient(&stage.shown).await?;
    let denied = stage.connect(&mut visitor, "deny").await?;
    ensure!(denied.status == 200 && denied.body.contains("您没有同意"), "{} {}", denied.status, denied.body);
    stage.is_connected(&mut visitor).await?;
    let lasting = stage.read_until(&mut [visitor], 1).await?;
    ensure!(lasting.usable == 1, "{lasting:?}");
    Ok(())
}

/// As often as somebody may leave for hospitals within ten minutes, two at a time.
const ROUNDS: u64 = 10;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_tabs_that_come_back_at_once_one_connection_remains() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    for database in [Database::sqlite().await?, Database::postgres().await?] {
        let stage = stage_for(&database, 2, 300, None, "").await?;
        for (nth, patient) in [(0, &stage.shown), (1, &stage.other)] {
            let mut first = stage.portals[0].patient(patient).await?;
            for round in 0..ROUNDS {
                let one = stage.there_and_back(&mut first, there(patient)?, "allow").await?;
                let another = stage.there_and_back(&mut first, there(patient)?, "allow").await?;
                // The same browser, answered by two processes.
                let mut second = stage.portals[1].visitor()?;
                second.cookies().extend(first.cookies().clone());
                let (here, there) = tokio::join!(first.page(&one), second.page(&another));
                for (visitor, answer) in [(&mut first, here?), (&mut second, there?)] {
                    let is_done = answer.status == 303 && answer.location().starts_with("/connections?done=");
                    ensure!(is_done, "{round}: {} {}", answer.status, answer.body);
                    let page = visitor.page(answer.location()).await?;
                    ensure!(page.status == 200 && page.body.contains("已连接湖滨国际医院"), "{round}: {}", page.body);
                }
                let listed = first.get("/api/v1/connections").await?.json();
                ensure!(listed["items"].as_array().map(Vec::len) == Some(1), "{round}: {listed}");
                let ledger = stage.provider.ledger().await?;
                let ended = ROUNDS * 2 * nth - nth + round * 2 + 1;
                ensure!(ledger.usable == nth + 1 && ledger.ended_grants == ended, "{round}: {ledger:?}");
                ensure!(ledger.refusals.is_empty() && ledger.strayed.is_empty(), "{round}: {ledger:?}");
            }
            answered(&mut first).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_of_it_that_is_not_the_patients_own() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let database = Database::sqlite().await?;
    let stage = stage_for(&database, 1, 300, None, "").await?;
    // Another origin than the one that gives tokens: neither is asked for what is the other's.
    ensure!(!stage.provider.base_url.starts_with(&stage.provider.issuer), "one origin");
    let mut inside = TestPortal::internal(&database, &stage.region).await?;
    let mut visitor = stage.portals[0].patient(&stage.shown).await?;
    stage.is_connected(&mut visitor).await?;
    inside.stop();
    inside.add_sources(&stage.source)?;
    inside.serve().await?;
    let id = own(&mut visitor).await?;
    for section in ehr::Section::ALL {
        let page = visitor.page(&format!("/people/{id}/record/{}", section.slug())).await?;
        ensure!(matches!(page.status, 200 | 404), "{section:?}: {} {}", page.status, page.body);
    }
    let whole = until(&mut visitor, "the copy is whole", |copy| copy["state"] == "done").await?;
    ensure!(whole["files"]["kept"].as_u64() > Some(0) && whole["files"]["not_given"] == 0, "{whole}");
    let ledger = stage.provider.ledger().await?;
    ensure!(ledger.strayed.is_empty() && ledger.refusals.is_empty(), "{ledger:?}");
    Ok(())
}
