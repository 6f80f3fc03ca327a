//! Hospitals that fail are left alone for a while and come back by themselves or at an administrator's word; those that ask for
//! patience get it; those behind a proxy are asked through it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::{Answer, Database, Region, TestPortal, Visitor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::proxy::{Kind, Proxy};

use super::until;

const ADMINISTRATOR: &str = "admin";
const SILENT: &str = "university";
/// The hospital of the sandbox that is asked through a proxy.
const FIFTH: &str = "community";
/// Of every hospital: short enough to wait for it a few times.
const TIMEOUT: Duration = Duration::from_millis(1_500);

async fn post(visitor: &mut Visitor, path: &str, body: &Value) -> Result<Answer> {
    visitor.json("POST".parse()?, path, Some(body)).await
}

async fn labs(visitor: &mut Visitor, patient: &str) -> Result<Value> {
    let answer = visitor.get(&format!("/api/v1/patients/{patient}/record/lab-results")).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json())
}

/// A source's line of the ledger.
fn told<'r>(record: &'r Value, id: &str) -> &'r Value {
    let lines = record["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    lines.iter().find(|one| one["id"] == id).unwrap_or(&Value::Null)
}

/// What the API of sources says of one.
async fn source(admin: &mut Visitor, id: &str) -> Result<Value> {
    let answer = admin.get(&format!("/api/v1/sources/{id}")).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json())
}

/// The gauge of its breaker.
async fn figure(portal: &TestPortal, id: &str) -> Result<Option<String>> {
    let metrics = portal.ops("/metrics").await?.body;
    let begin = format!("portal_source_breaker_state{{source=\"{id}\"}} ");
    Ok(metrics.lines().find_map(|line| line.strip_prefix(&begin)).map(str::to_owned))
}

/// Reads the record until the hospital is not asked any more, and never takes it for one that has nothing.
async fn opened(clinician: &mut Visitor, patient: &str) -> Result<()> {
    until("left alone", async || {
        let begun = Instant::now();
        let record = labs(clinician, patient).await?;
        let line = told(&record, SILENT);
        ensure!(record["complete"] == false && line["state"] == "unreachable", "{line}");
        // At once: a hospital that is asked is waited for.
        Ok(line["detail"] == "why-resting" && line["queries"] == 0 && begun.elapsed() < TIMEOUT)
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_fails_is_left_alone_and_comes_back() -> Result<()> {
    let mut region = Region::start().await?;
    region.timeout_ms = u32::try_from(TIMEOUT.as_millis())?;
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?.speaking("en");
    let patient = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    ensure!(told(&labs(&mut clinician, &patient).await?, SILENT)["state"] == "answered");
    ensure!(source(&mut admin, SILENT).await?["breaker"] == json!({ "state": "closed" }));
    ensure!(figure(&portal, SILENT).await?.as_deref() == Some("0"));

    assert!(region.set_mode(SILENT, sandbox::Mode::Slow));
    opened(&mut clinician, &patient).await?;
    let path = format!("/patients/{patient}/lab-results");
    until("said in words", async || {
        let page = clinician.get(&path).await?;
        ensure!(page.status == 200 && !page.body.contains("没有检验结果。"), "{}", page.body);
        let words = page.body.contains("这次没有向大学附属医院查询：近来连续失败") && page.body.contains("未查询");
        Ok(words && page.body.contains("可能不全：大学附属医院"))
    })
    .await?;
    until("shown to administrators", async || {
        let (list, one) = (admin.get("/admin/sources").await?, admin.get("/admin/sources/university").await?);
        let open = |page: &Answer| page.body.contains("open, tried ") && page.body.contains("Try now");
        let breaker = source(&mut admin, SILENT).await?["breaker"].clone();
        let told = breaker["state"] == "open" && breaker["tried_at"].is_string();
        let ready = portal.ops("/health/ready").await?.body.contains("breaker-open");
        Ok(open(&list) && open(&one) && told && ready && figure(&portal, SILENT).await?.as_deref() == Some("2"))
    })
    .await?;

    let six_hours = source(&mut admin, SILENT).await?["health"]["trend"].clone();
    let sum =
        |name: &str| -> u64 { six_hours.as_array().into_iter().flatten().filter_map(|span| span[name].as_u64()).sum() };
    ensure!(six_hours.as_array().map(Vec::len) == Some(36) && sum("answered") > 0, "{six_hours}");
    ensure!(sum("failed") >= 5 && sum("left_alone") > 0, "{six_hours}");
    let page = admin.get("/admin/sources/university").await?;
    ensure!(page.body.contains("The last six hours") && page.body.contains("class=\"ch--idle\""), "{}", page.body);
    // Back by itself: a question tries it when its time has come, and nobody has to do anything.
    assert!(region.set_mode(SILENT, sandbox::Mode::Ok));
    until("back", async || {
        let record = labs(&mut clinician, &patient).await?;
        Ok(record["complete"] == true && told(&record, SILENT)["state"] == "answered")
    })
    .await?;
    ensure!(source(&mut admin, SILENT).await?["breaker"]["state"] == "closed");
    ensure!(figure(&portal, SILENT).await?.as_deref() == Some("0"));

    // Back at a word: whatever time is left, the next question is asked.
    for tries in ["/admin/sources/university/tries", "/api/v1/sources/university/tries"] {
        assert!(region.set_mode(SILENT, sandbox::Mode::Slow));
        opened(&mut clinician, &patient).await?;
        assert!(region.set_mode(SILENT, sandbox::Mode::Ok));
        ensure!(post(&mut clinician, "/api/v1/sources/university/tries", &json!({})).await?.status == 404);
        if tries.starts_with("/api") {
            let done = post(&mut admin, tries, &json!({})).await?;
            ensure!(done.status == 200 && done.json()["breaker"]["state"] == "closed", "{}", done.body);
        } else {
            let done = admin.post_form(tries, &[]).await?;
            ensure!(done.status == 303, "{} {}", done.status, done.body);
            ensure!(admin.get(done.header("location")).await?.body.contains("The next question is sent to it."));
        }
        let record = labs(&mut clinician, &patient).await?;
        ensure!(told(&record, SILENT)["state"] == "answered", "{}", told(&record, SILENT));
    }
    ensure!(post(&mut admin, "/api/v1/sources/no-such/tries", &json!({})).await?.status == 404);
    let audit = portal.tool(&["audit", "verify"])?;
    ensure!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    Ok(())
}

/// A server that counts requests and is never content; how many it has had is in the second.
async fn impatient() -> Result<(String, std::sync::Arc<std::sync::atomic::AtomicU64>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/fhir", listener.local_addr()?);
    let count = std::sync::Arc::<std::sync::atomic::AtomicU64>::default();
    let requests = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 2048];
            if stream.read(&mut head).await.is_ok() {
                requests.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let answer = "HTTP/1.1 429 X\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                // A client that is gone needs no answer.
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    });
    Ok((base, count))
}

fn definition(base_url: &str) -> Value {
    json!({
        "name_zh": "滨江新院", "name_en": "Binjiang New", "platform": "plain", "environment": "sandbox",
        "base_url": base_url, "timeout_ms": 2000,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_asks_for_patience_gets_it_and_is_asked_before_only_at_a_word() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?.speaking("en");
    let (base, requests) = impatient().await?;
    let requests = || requests.load(std::sync::atomic::Ordering::SeqCst);
    let body = json!({ "id": "impatient", "definition": definition(&base) });
    let added = post(&mut admin, "/api/v1/sources", &body).await?;
    ensure!(added.status == 201, "{} {}", added.status, added.body);
    let shown = &region.shown_patient().resident_id;
    for _ in 0..4 {
        super::find(&mut clinician, shown).await?;
    }
    ensure!(requests() == 1, "asked {} times in its two minutes", requests());
    let said = source(&mut admin, "impatient").await?;
    ensure!(said["health"]["rate_limited"] == 1 && said["breaker"]["state"] == "closed", "{said}");
    ensure!(said["breaker"]["told_to_wait_until"].is_string(), "{said}");
    let page = admin.get("/admin/sources/impatient").await?;
    ensure!(page.body.contains("asked us to wait 1") && page.body.contains("Try now"), "{}", page.body);
    let metrics = portal.ops("/metrics").await?.body;
    ensure!(metrics.contains("portal_source_rate_limited_total{source=\"impatient\"} 1"), "{metrics}");
    // The test of its connection and an administrator's word go past it.
    let tested = post(&mut admin, "/api/v1/sources/impatient/tests", &json!({})).await?;
    ensure!(tested.status == 200 && requests() > 1, "{}", tested.body);
    let before = requests();
    let done = admin.post_form("/admin/sources/impatient/tries", &[]).await?;
    ensure!(done.status == 303, "{}", done.body);
    ensure!(source(&mut admin, "impatient").await?["breaker"] == json!({ "state": "closed" }));
    super::find(&mut clinician, shown).await?;
    ensure!(requests() == before + 1, "{} after {before}", requests());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_behind_a_proxy_is_asked_through_it_alone() -> Result<()> {
    let region = Region::start().await?;
    let fifth = region.hospitals.iter().find(|one| one.id == FIFTH).context("the fifth")?;
    let four = region.with_hospitals(region.hospitals.iter().filter(|one| one.id != FIFTH).cloned().collect());
    let portal = TestPortal::internal(&Database::sqlite().await?, &four).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?;
    let server = fifth.base_url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).context("host:port")?;
    let proxy = Proxy::start(Kind::Http, Some(server.parse()?)).await;
    let mut behind = definition(&fifth.base_url);
    (behind["platform"], behind["proxy"]) = (json!(fifth.platform), json!(proxy.url()));
    let added = post(&mut admin, "/api/v1/sources", &json!({ "id": "fifth", "definition": behind })).await?;
    ensure!(added.status == 201, "{} {}", added.status, added.body);
    let before = region.requests(FIFTH);
    let patient = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let record = labs(&mut clinician, &patient).await?;
    let line = told(&record, "fifth");
    ensure!(line["state"] == "answered" && line["entries"].as_u64() > Some(0), "{line}");
    let (asked, came) = (proxy.asked(), region.requests(FIFTH) - before);
    ensure!(came > 0 && asked.len() as u64 >= came, "{came} came, of which the proxy saw {}", asked.len());
    ensure!(asked.iter().all(|one| one.starts_with(&format!("GET http://{server}/"))), "{asked:?}");
    // The same through one that is not there: nothing is asked past it.
    let nobody = format!("socks5://127.0.0.1:{}", testbed::postgres::free_port()?);
    behind["proxy"] = json!(nobody);
    let (tag, origin) = ("\"1\"", admin.base().to_owned());
    let token = admin.get("/api/v1/session").await?.json()["csrf_token"].as_str().context("a token")?.to_owned();
    let headers = [
        ("accept", "application/json"),
        ("content-type", "application/json"),
        ("origin", origin.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("x-csrf-token", token.as_str()),
        ("if-match", tag),
    ];
    let changed = admin.knock("PUT", "/api/v1/sources/fifth", &headers, Some(behind.to_string())).await?;
    ensure!(changed.status == 200, "{} {}", changed.status, changed.body);
    let before = region.requests(FIFTH);
    let record = labs(&mut clinician, &patient).await?;
    let line = told(&record, "fifth");
    ensure!(line["state"] == "unreachable" && line["detail"] == "why-connect", "{line}");
    ensure!(region.requests(FIFTH) == before, "asked directly");
    Ok(())
}
