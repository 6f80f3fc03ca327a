//! Hospitals that administrators define: in records a second later at every replica, paused and removed without a false
//! "none", and what a test of their connection says.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::{Database, Region, TestPortal, Visitor, canned_fhir};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{send, until};

const ADMINISTRATOR: &str = "admin";
/// The hospital of the sandbox that the configuration does not name here.
const FIFTH: &str = "community";

fn definition(base_url: &str) -> Value {
    json!({
        "name_zh": "滨江新院", "name_en": "Binjiang New", "platform": "plain", "environment": "sandbox",
        "base_url": base_url, "timeout_ms": 2000,
    })
}

fn with(definition: &Value, field: &str, value: Value) -> Value {
    let mut changed = definition.clone();
    changed[field] = value;
    changed
}

/// A source's line of the ledger.
fn told<'r>(record: &'r Value, id: &str) -> Option<&'r Value> {
    record["sources"].as_array()?.iter().find(|one| one["id"] == id)
}

/// Is anything there that came from it?
fn has_items_of(record: &Value, id: &str) -> bool {
    let items = record["items"].as_array().into_iter().flatten();
    items.flat_map(|item| item["origins"].as_array().into_iter().flatten()).any(|origin| origin["source"] == id)
}

/// The sandbox's region, of whose hospitals the configuration names four.
fn four(region: &Region) -> Region {
    region.with_hospitals(region.hospitals.iter().filter(|one| one.id != FIFTH).cloned().collect())
}

async fn labs(visitor: &mut Visitor, patient: &str) -> Result<Value> {
    let answer = visitor.get(&format!("/api/v1/patients/{patient}/record/lab-results")).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json())
}

/// What the ledger says of it meanwhile: never that nothing is there.
async fn paused_removed_and_back(
    region: &Region,
    (admin, there): (&mut Visitor, &mut Visitor),
    patient: &str,
    definition: &Value,
) -> Result<()> {
    // Paused: said so, and never complete.
    let paused = with(definition, "paused", json!(true));
    let changed = send(admin, "PUT", "/api/v1/sources/fifth", Some("\"1\""), &paused).await?;
    ensure!(changed.status == 200, "{} {}", changed.status, changed.body);
    until("paused at the other replica", async || {
        let record = labs(there, patient).await?;
        Ok(told(&record, "fifth").is_some_and(|line| line["detail"] == "why-paused"))
    })
    .await?;
    let record = labs(there, patient).await?;
    ensure!(record["complete"] == false && !has_items_of(&record, "fifth"), "{}", record["sources"]);
    let line = told(&record, "fifth").context("told")?;
    ensure!(line["state"] == "unreachable" && line["queries"] == 0, "{line}");
    let page = there.get(&format!("/patients/{patient}/lab-results")).await?;
    ensure!(page.body.contains("滨江新院"), "the page does not name it");

    // Taken away: whoever is linked there is told, a stranger is not.
    let removed = send(admin, "DELETE", "/api/v1/sources/fifth", Some("\"2\""), &json!({})).await?;
    ensure!(removed.status == 200 && removed.json()["standing"] == "removed", "{}", removed.body);
    until("taken away at the other replica", async || {
        let record = labs(there, patient).await?;
        Ok(told(&record, "fifth").is_some_and(|line| line["detail"] == "why-removed"))
    })
    .await?;
    ensure!(labs(there, patient).await?["complete"] == false);
    let stranger = region.patients.iter().find(|one| !one.hospitals.iter().any(|(id, _)| id == FIFTH));
    if let Some(stranger) = stranger {
        let stranger = super::find(there, &stranger.resident_id).await?;
        let record = labs(there, &stranger).await?;
        ensure!(told(&record, "fifth").is_none(), "{}", record["sources"]);
    }
    // Its id is never another server's; bringing it back brings its records back.
    let again =
        send(admin, "POST", "/api/v1/sources", None, &json!({ "id": "fifth", "definition": definition })).await?;
    ensure!(again.status == 422 && again.json()["problems"][0]["what"] == "removed", "{}", again.body);
    let back = admin.post_form("/admin/sources/fifth/steps", &[("do", "restore"), ("rev", "3")]).await?;
    ensure!(back.status == 303, "{} {}", back.status, back.body);
    let resumed = send(admin, "PUT", "/api/v1/sources/fifth", Some("\"4\""), definition).await?;
    ensure!(resumed.status == 200, "{} {}", resumed.status, resumed.body);
    until("back at the other replica", async || Ok(has_items_of(&labs(there, patient).await?, "fifth"))).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_defined_here_is_in_records_at_every_replica_and_never_a_false_none() -> Result<()> {
    let region = testbed::region().await;
    let fifth = region.hospitals.iter().find(|one| one.id == FIFTH).context("the fifth")?;
    let definition = |base: &str| with(&definition(base), "platform", json!(fifth.platform));
    let base = &fifth.base_url;
    for database in testbed::databases().await {
        let four = four(region);
        let one = TestPortal::internal(&database, &four).await?;
        let other = TestPortal::internal(&database, &four).await?;
        let outside = TestPortal::external(&database, &four, &[region.shown_patient()]).await?;
        let mut admin = one.clinician(ADMINISTRATOR).await?;
        let mut there = other.clinician("li.wei").await?;
        let shown = &region.shown_patient().resident_id;
        let patient = super::find(&mut there, shown).await?;
        ensure!(told(&labs(&mut there, &patient).await?, "fifth").is_none());

        let body = json!({ "id": "fifth", "definition": definition(base) });
        let added = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(added.status == 201, "{} {}", added.status, added.body);
        ensure!(added.header("etag").starts_with("\"1"), "{}", added.header("etag"));
        let took = until("in the ledger of the other replica", async || {
            Ok(told(&labs(&mut there, &patient).await?, "fifth").is_some())
        });
        let took = took.await?;
        println!("{:?}: a new hospital after {took:?}", database.kind);
        // The record itself is read on the way: half a second of it is the hospitals'.
        ensure!(took < Duration::from_secs(3), "{took:?}");
        // Nobody is linked there before they were found there.
        ensure!(told(&labs(&mut there, &patient).await?, "fifth").context("told")?["state"] == "not-linked");
        super::find(&mut there, shown).await?;
        let record = labs(&mut there, &patient).await?;
        ensure!(has_items_of(&record, "fifth"), "nothing of it: {}", record["sources"]);
        // The public portal sees it as well.
        let mut person = outside.patient(region.shown_patient()).await?;
        until("at the public portal", async || {
            let answer = person.get(&format!("/api/v1/people/{patient}/record/lab-results")).await?;
            ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
            Ok(told(&answer.json(), "fifth").is_some_and(|line| line["state"] == "answered"))
        })
        .await?;

        paused_removed_and_back(region, (&mut admin, &mut there), &patient, &definition(base)).await?;
    }
    Ok(())
}

/// Defines a source whose texts are markup; what it was defined with.
async fn markup_stays_text(admin: &mut Visitor, good: &Value) -> Result<Value> {
    let hostile = "<script>alert(1)</script><b>\"'&";
    let mut marked = with(good, "name_en", json!(hostile));
    for field in ["name_zh", "short_name_zh", "short_name_en"] {
        let text = if field == "name_zh" { hostile } else { "<i>&\"'" };
        marked = with(&marked, field, json!(text));
    }
    marked = with(&marked, "headers", json!([{ "name": "X-Tenant-ID", "value": "<u>\"" }]));
    let added = send(admin, "POST", "/api/v1/sources", None, &json!({ "id": "marked", "definition": marked })).await?;
    ensure!(added.status == 201, "{}", added.body);
    for path in ["/admin/sources", "/admin/sources/marked", "/admin/sources/marked/edit", "/"] {
        let page = admin.get(path).await?;
        ensure!(page.status == 200, "{path}: {}", page.status);
        ensure!(
            !page.body.contains("<script>alert") && !page.body.contains("<i>&") && !page.body.contains("<u>\""),
            "{path}"
        );
    }
    ensure!(admin.get("/admin/sources/marked").await?.body.contains("&lt;script&gt;"));

    Ok(marked)
}

/// By API and form alike.
async fn the_second_editor_is_told(admin: &mut Visitor, marked: &Value) -> Result<()> {
    // Two editors: the second is told what stands, by API and form alike.
    let first =
        send(admin, "PUT", "/api/v1/sources/marked", Some("\"1\""), &with(marked, "timeout_ms", json!(3000))).await?;
    ensure!(first.status == 200 && first.json()["rev"] == 2, "{}", first.body);
    let second = send(admin, "PUT", "/api/v1/sources/marked", Some("\"1\""), marked).await?;
    ensure!(second.status == 409 && second.json()["current"]["definition"]["timeout_ms"] == 3000, "{}", second.body);
    ensure!(send(admin, "PUT", "/api/v1/sources/marked", None, marked).await?.status == 428);
    let form = [
        ("rev", "1"),
        ("name_zh", "甲"),
        ("name_en", "A"),
        ("platform", "plain"),
        ("environment", "sandbox"),
        ("base_url", "http://127.0.0.1:9/fhir"),
        ("timeout_ms", "4000"),
        ("do", "save"),
    ];
    let page = admin.post_form("/admin/sources/marked/edit", &form).await?;
    ensure!(
        page.status == 409 && page.body.contains("3000") && page.body.contains("4000"),
        "{} {}",
        page.status,
        page.body
    );
    let page = admin.post_form("/admin/sources/marked/steps", &[("do", "pause"), ("rev", "1")]).await?;
    ensure!(page.status == 409, "{}", page.status);

    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_editors_bad_values_and_markup() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?.speaking("en");
    let good = definition("http://127.0.0.1:9/fhir");
    let add = |id: &str, definition: &Value| json!({ "id": id, "definition": definition });
    let mut bad: Vec<(&str, Value)> = [
        ("name_zh", json!("")),
        ("name_en", json!("x".repeat(81))),
        ("short_name_zh", json!("长".repeat(21))),
        ("platform", json!("no-such")),
        ("platform", json!("../plain")),
        ("base_url", json!("")),
        ("base_url", json!("ftp://h.example/r4")),
        ("base_url", json!("https://user:secret@h.example/r4")),
        ("base_url", json!("https://h.example/r4?x=1")),
        ("base_url", json!("http://169.254.169.254/latest")),
        ("base_url", json!("http://[fd00:ec2::254]/")),
        ("timeout_ms", json!(5)),
        ("timeout_ms", json!(600_000)),
        ("page_size", json!(0)),
        ("page_size", json!(5_000)),
        ("proxy", json!("gopher://proxy.example")),
        ("proxy", json!("socks5://user:pw@proxy.example:1080")),
        ("resident_id_system", json!("not a uri")),
        ("headers", json!([{ "name": "Authorization", "value": "Bearer x" }])),
        ("headers", json!([{ "name": "Cookie", "value": "a=b" }])),
        ("headers", json!([{ "name": "X-Tenant-ID", "value": "a\r\nAuthorization: b" }])),
    ]
    .into_iter()
    .map(|(field, value)| (field, add("fine", &with(&good, field, value))))
    .collect();
    for id in ["", "Fine", "a b", "../x", "new", "city-first"] {
        bad.push(("id", add(id, &good)));
    }
    for (field, body) in &bad {
        let refused = send(&mut admin, "POST", "/api/v1/sources", None, body).await?;
        let problems = refused.json()["problems"].clone();
        let fields: Vec<&str> =
            problems.as_array().into_iter().flatten().filter_map(|one| one["field"].as_str()).collect();
        ensure!(refused.status == 422 && fields == [*field], "{field} {body}: {} {}", refused.status, refused.body);
    }
    // The same in the form: at its field, with what was typed.
    let form = [("id", "Bad Id"), ("base_url", "nonsense"), ("timeout_ms", "soon"), ("do", "save"), ("name_zh", "名")];
    let page = admin.post_form("/admin/sources/new", &form).await?;
    ensure!(
        page.status == 422 && page.body.contains("timeout_ms-problem") && page.body.contains("nonsense"),
        "{}",
        page.body
    );
    let marked = "aria-invalid=\"true\" aria-describedby=\"timeout_ms-hint timeout_ms-problem\"";
    assert!(page.body.contains(marked) && page.body.matches("f--err").count() > 2, "{}", page.body);
    assert!(!page.body.contains("name_zh-problem"), "what is right is marked as wrong: {}", page.body);

    let marked = markup_stays_text(&mut admin, &good).await?;
    the_second_editor_is_told(&mut admin, &marked).await?;

    // The configuration's entries are shown, and changed nowhere but there.
    ensure!(admin.get("/admin/sources/city-first").await?.body.contains("An entry of the configuration"));
    let entry = send(&mut admin, "PUT", "/api/v1/sources/city-first", Some("\"1\""), &good).await?;
    ensure!(entry.status == 409, "{}", entry.body);
    ensure!(send(&mut admin, "DELETE", "/api/v1/sources/no-such", Some("\"1\""), &json!({})).await?.status == 404);
    // Nobody else even sees that there are such pages.
    let mut clinician = portal.clinician("li.wei").await?;
    ensure!(
        clinician.get("/admin/sources").await?.status == 404 && clinician.get("/api/v1/sources").await?.status == 404
    );
    let audit = portal.tool(&["audit", "verify"])?;
    ensure!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_types_never_leads_to_this_machine_unless_it_may() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal_with(&Database::sqlite().await?, region, |table| {
        table["sources"].as_table_mut().map(|sources| sources.remove("allow_loopback"));
    })
    .await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?;
    for base in [
        "http://127.0.0.1:9101/fhir",
        "http://localhost:9101/fhir",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f.1/",
    ] {
        let body = json!({ "id": "inside", "definition": definition(base) });
        let refused = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(
            refused.status == 422 && refused.json()["problems"][0]["what"] == "loopback",
            "{base}: {}",
            refused.body
        );
        let page = admin
            .post_form("/admin/sources/new", &[("base_url", base), ("timeout_ms", "900"), ("do", "discover")])
            .await?;
        ensure!(page.status == 422 && page.body.contains("base_url-problem"), "{base}: {} {}", page.status, page.body);
    }
    Ok(())
}

/// A server that answers everything with the same bytes, or, without any, says nothing at all.
async fn stubborn(answer: Option<&'static str>) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}/fhir", listener.local_addr()?);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match answer {
                None => kept.push(stream),
                Some(answer) => {
                    let mut head = [0; 2048];
                    // One read is enough of a request of a few hundred bytes.
                    if stream.read(&mut head).await.is_ok() {
                        let length = answer.len();
                        let (status, body) = answer.split_once('|').unwrap_or(("200 OK", answer));
                        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len().min(length));
                        let whole = format!("{head}content-type: text/html\r\nconnection: close\r\n\r\n{body}");
                        let _ = stream.write_all(whole.as_bytes()).await;
                    }
                }
            }
        }
    });
    Ok(base)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_of_a_connection_names_the_step_that_fails() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut admin = portal.clinician(ADMINISTRATOR).await?.speaking("en");
    // Every shape of the sandbox gets as far as searching its sections.
    for hospital in &region.hospitals {
        let found =
            send(&mut admin, "POST", &format!("/api/v1/sources/{}/tests", hospital.id), None, &json!({})).await?;
        ensure!(found.status == 200, "{}: {} {}", hospital.id, found.status, found.body);
        let steps = found.json()["steps"].as_array().cloned().unwrap_or_default();
        let code = |name: &str| steps.iter().find(|step| step["name"] == name).map(|step| step["code"].clone());
        ensure!(code("Capability statement") == Some(json!("capability")), "{}: {steps:#?}", hospital.id);
        ensure!(code("SMART configuration") == Some(json!("open")), "{}", hospital.id);
        ensure!(code("Connection") == Some(json!("connected-plainly")), "{}", hospital.id);
        let shown = region.shown_patient();
        ensure!(!found.body.contains(&shown.name) && !found.body.contains(&shown.resident_id), "a patient is told");
        if code("A patient") == Some(json!("patient")) {
            ensure!(code("Lab results · Observation") == Some(json!("searched")), "{}: {steps:#?}", hospital.id);
            ensure!(!steps.iter().any(|step| step["end"] == "failed"), "{}: {steps:#?}", hospital.id);
        }
    }
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        format!("http://{}/fhir", listener.local_addr()?)
    };
    let wrong = [
        ("name", "http://no-such-host.invalid/fhir".to_owned(), "Host name", "name-not-found"),
        ("closed", closed, "Connection", "connection-refused"),
        ("tls", stubborn(Some("200 OK|x")).await?.replace("http:", "https:"), "Connection", "tls-failed"),
        ("silent", stubborn(None).await?, "Connection", "too-slow"),
        ("page", stubborn(Some("<html><script>alert(1)</script>")).await?, "Capability statement", "not-fhir"),
        ("shut", stubborn(Some("401 Unauthorized|no")).await?, "Capability statement", "refused"),
        ("broken", stubborn(Some("500 Oops|<h1>oops</h1>")).await?, "Capability statement", "server-error"),
        ("away", stubborn(Some("302 Found|")).await?, "Capability statement", "redirected"),
        (
            "canned",
            canned_fhir::serve(vec![json!({ "resourceType": "Patient", "id": "1" })]).await?,
            "Capability statement",
            "not-fhir",
        ),
    ];
    for (id, base, step, code) in wrong {
        let short = with(&definition(&base), "timeout_ms", json!(800));
        let added =
            send(&mut admin, "POST", "/api/v1/sources", None, &json!({ "id": id, "definition": short })).await?;
        ensure!(added.status == 201, "{id}: {}", added.body);
        let found = send(&mut admin, "POST", &format!("/api/v1/sources/{id}/tests"), None, &json!({})).await?;
        let steps = found.json()["steps"].as_array().cloned().unwrap_or_default();
        let failed = steps.iter().find(|one| one["end"] == "failed").with_context(|| format!("{id}: {steps:#?}"))?;
        // A server that is no FHIR server fails at the SMART configuration too, which stands before.
        let at = steps.iter().find(|one| one["name"] == step).with_context(|| format!("{id}: {steps:#?}"))?;
        ensure!(at["code"] == code && at["end"] == "failed", "{id}: {at}");
        ensure!(failed["cure"].as_str().is_some_and(|cure| cure.len() > 10), "{id}: no cure: {failed}");
        ensure!(found.json()["good"] == false);
        let page = admin.post_form(&format!("/admin/sources/{id}/tests"), &[("patient", "")]).await?;
        ensure!(
            page.status == 200 && page.body.contains("What to do") && !page.body.contains("<script>alert"),
            "{id}: {}",
            page.body
        );
    }
    // The command says the same.
    let told = portal.tool(&["source", "test", "closed"])?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(
        told.status.code() == Some(1) && said.contains("refuses connections") && said.contains("Nothing listens"),
        "{said}"
    );
    let told = portal.tool(&["source", "test", "city-first"])?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.status.success() && said.contains("Lab results · Observation"), "{said}");
    ensure!(portal.tool(&["source", "test", "no-such"])?.status.code() == Some(1));
    // What a form asks of a server before anything is written.
    let base = &region.hospitals[0].base_url;
    let page = admin
        .post_form("/admin/sources/new", &[("base_url", base), ("timeout_ms", "2000"), ("do", "discover")])
        .await?;
    ensure!(page.status == 200 && page.body.contains("an open server: it can be asked"), "{}", page.body);
    Ok(())
}
