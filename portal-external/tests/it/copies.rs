//! Copies of what patients connect, made by the intranet portal's process and killed with it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use poem::http::Method;
use sea_orm::sea_query::{Alias, Expr, Func, Query};
use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::{Value, json};
use testbed::fault_proxy::{Fault, FaultProxy};
use testbed::{Database, TestPortal, Visitor};

use super::connections::{Stage, behind, people, there};

/// A killed process's jobs are another's after half a minute.
const PATIENCE: Duration = Duration::from_secs(90);

pub(super) async fn copy(visitor: &mut Visitor) -> Result<Value> {
    Ok(visitor.get("/api/v1/connections").await?.json()["items"][0]["copy"].clone())
}

pub(super) async fn until(visitor: &mut Visitor, what: &str, is: impl Fn(&Value) -> bool) -> Result<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let now = copy(visitor).await?;
        if is(&now) {
            return Ok(now);
        }
        ensure!(Instant::now() < end, "{what}: {now}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(super) async fn kept(db: &DatabaseConnection) -> Result<i64> {
    let all = Func::count(Expr::col(Alias::new("id")));
    let count = Query::select().expr_as(all, Alias::new("n")).from(Alias::new("source_copy")).to_owned();
    Ok(db.query_one(&count).await?.context("a count")?.try_get("", "n")?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_goes_on_after_both_portals_were_killed_and_while_keys_change() -> Result<()> {
    let all = testbed::region().await;
    let hospital = behind(all)?;
    let upstream: url::Url = hospital.base_url.parse()?;
    let address: SocketAddr = upstream.socket_addrs(|| None)?.first().copied().context("an address")?;
    let wire = FaultProxy::start(address).await?;
    let database = Database::postgres().await?;
    let through = hospital.base_url.replace(&address.to_string(), &wire.address().to_string());
    let mut stage = Stage::start(database.clone(), "", &through).await?;
    let mut inside = TestPortal::internal(&database, &stage.others()).await?;
    inside.stop();
    inside.add_sources(&stage.behind)?;

    let (shown, _) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    ensure!(visitor.page(&back).await?.location().starts_with("/connections?done="));
    wire.set(Fault::Delay(Duration::from_millis(250)));
    inside.serve().await?;
    let some = until(&mut visitor, "begun", |copy| copy["done"].as_u64() > Some(0)).await?;
    ensure!(some["state"] == "running", "killed in the middle: {some}");
    tokio::task::block_in_place(|| inside.kill())?;
    tokio::task::block_in_place(|| stage.portal.kill())?;

    // The public portal alone says how it stands; nothing goes on without the other.
    stage.portal.serve().await?;
    let page = visitor.page("/connections").await?;
    ensure!(page.body.contains("正在制作"), "{}", page.body);
    let anew = inside.tool(&["vault", "reencrypt"])?;
    ensure!(anew.status.success(), "{}", String::from_utf8_lossy(&anew.stderr));
    wire.set(Fault::None);
    inside.serve().await?;
    let whole = until(&mut visitor, "whole", |copy| copy["state"] == "done").await?;
    ensure!(whole["done"].as_u64() >= some["done"].as_u64() && whole["at"].is_string(), "{whole}");

    // As much as one that nobody disturbed.
    let db = database.connect().await?;
    let disturbed = kept(&db).await?;
    let id = visitor.get("/api/v1/connections").await?.json()["items"][0]["id"].as_str().context("id")?.to_owned();
    for step in ["remove", "start"] {
        let path = format!("/api/v1/connections/{id}/copy");
        let done = visitor.json(Method::POST, &path, Some(&json!({ "step": step }))).await?;
        ensure!(done.status == 200, "{}", done.body);
    }
    until(&mut visitor, "whole again", |copy| copy["state"] == "done").await?;
    let undisturbed = kept(&db).await?;
    ensure!(disturbed > 0 && disturbed == undisturbed, "{disturbed} of {undisturbed}");
    Ok(())
}
