//! Hospitals that want to know who asks: tokens by the portal's keys and by secrets, at every replica; what is said when there
//! are none; and that no secret ever goes anywhere else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use sandbox::{Known, RunningSmart, SmartConfig, SmartMode};
use sea_orm::{
    ConnectionTrait as _, ExprTrait as _,
    sea_query::{Expr, Func, Query},
};
use serde_json::{Value, json};
use testbed::{Database, Region, TestPortal, Visitor};
use tokio::{io::AsyncReadExt as _, net::TcpListener};

use super::{send, until};

const ADMINISTRATOR: &str = "admin";
/// The hospital of the sandbox that the configuration does not name here, behind a door.
const FIFTH: &str = "community";
const SECRET: &str = "Canary-9f2c-secret%/+";
const SCOPES: &str = "system/*.read";

async fn door(region: &Region, client: Known) -> Result<RunningSmart> {
    let hospital = region.hospitals.iter().find(|one| one.id == FIFTH).context("the fifth")?;
    let config = SmartConfig {
        listen: "127.0.0.1:0".parse()?,
        upstream: hospital.base_url.parse()?,
        client_id: "regional-portal".to_owned(),
        client,
        scopes: vec![SCOPES.to_owned()],
        lives_s: 300,
        people: None,
    };
    Ok(RunningSmart::start(config).await?)
}

/// The region without the hospital that is behind the door.
fn others(region: &Region) -> Region {
    region.with_hospitals(region.hospitals.iter().filter(|one| one.id != FIFTH).cloned().collect())
}

fn definition(region: &Region, base_url: &str, auth: &Value) -> Result<Value> {
    let hospital = region.hospitals.iter().find(|one| one.id == FIFTH).context("the fifth")?;
    Ok(json!({
        "name_zh": "滨江新院", "name_en": "Binjiang New", "platform": hospital.platform, "environment": "sandbox",
        "base_url": base_url, "timeout_ms": 5000, "auth": auth,
    }))
}

fn by_key() -> Value {
    json!({ "kind": "smart-backend", "client_id": "regional-portal", "scopes": SCOPES })
}

fn by_secret(proof: &str) -> Value {
    json!({ "kind": "smart-backend", "client_id": "regional-portal", "scopes": SCOPES, "proof": proof, "secret": SECRET })
}

async fn define(admin: &mut Visitor, definition: &Value) -> Result<()> {
    let body = json!({ "id": "fifth", "definition": definition });
    let added = send(admin, "POST", "/api/v1/sources", None, &body).await?;
    ensure!(added.status == 201, "{} {}", added.status, added.body);
    ensure!(!added.body.contains("Canary"), "a secret is told: {}", added.body);
    Ok(())
}

/// The line of the ledger, and whether anything came from there.
async fn labs(visitor: &mut Visitor, patient: &str) -> Result<(Value, bool)> {
    let answer = visitor.get(&format!("/api/v1/patients/{patient}/record/lab-results")).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let record = answer.json();
    let line = record["sources"].as_array().into_iter().flatten().find(|one| one["id"] == "fifth").cloned();
    let items = record["items"].as_array().into_iter().flatten();
    let came =
        items.flat_map(|item| item["origins"].as_array().into_iter().flatten()).any(|one| one["source"] == "fifth");
    Ok((line.unwrap_or_default(), came))
}

/// The step of a test that signs in.
async fn tested(admin: &mut Visitor) -> Result<Value> {
    let answer = send(admin, "POST", "/api/v1/sources/fifth/tests", None, &json!({})).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    let steps = answer.json()["steps"].clone();
    let names: Vec<&str> = steps.as_array().into_iter().flatten().filter_map(|step| step["name"].as_str()).collect();
    let once: std::collections::BTreeSet<_> = names.iter().collect();
    ensure!(once.len() == names.len(), "a step is told twice: {names:?}");
    let looks_at = |step: &&Value| step["name"] == "登录" || step["name"] == "Sign-in";
    steps.as_array().into_iter().flatten().find(looks_at).cloned().with_context(|| format!("no sign-in: {steps}"))
}

/// The document of a hospital that reads our keys.
async fn kids(visitor: &mut Visitor) -> Result<Vec<String>> {
    let answer = visitor.get("/.well-known/jwks.json").await?;
    ensure!(answer.status == 200 && answer.header("cache-control").starts_with("public"), "{}", answer.body);
    ensure!(!answer.body.contains("\"d\""), "a private key is published");
    let keys = answer.json()["keys"].clone();
    Ok(keys.as_array().into_iter().flatten().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_wants_our_key_is_in_records_at_every_replica() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let others = others(region);
        let one = TestPortal::internal(&database, &others).await?;
        let other = TestPortal::internal(&database, &others).await?;
        let outside = TestPortal::external(&database, &others, &[region.shown_patient()]).await?;
        let mut stranger = outside.visitor()?;
        let published = kids(&mut stranger).await?;
        ensure!(published.len() == 1 && published == kids(&mut one.visitor()?).await?, "{published:?}");
        ensure!(keys_made(&database).await? == 1, "each replica made a key, or nobody wrote it down");
        let keys = format!("{}/.well-known/jwks.json", outside.url()).parse()?;
        let door = door(region, Known::Keys(keys)).await?;
        let (mut admin, mut there) = (one.clinician(ADMINISTRATOR).await?, other.clinician("li.wei").await?);
        define(&mut admin, &definition(region, &door.base_url, &by_key())?).await?;
        let resident_id = &region.shown_patient().resident_id;
        let patient = super::find(&mut there, resident_id).await?;
        until("in the record of the other replica", async || {
            super::find(&mut there, resident_id).await?;
            Ok(labs(&mut there, &patient).await?.1)
        })
        .await?;
        let step = tested(&mut admin).await?;
        ensure!(step["code"] == "token-granted" && step["end"] == "good", "{step}");
        let mut person = outside.patient(region.shown_patient()).await?;
        until("at the public portal", async || {
            let answer = person.get(&format!("/api/v1/people/{patient}/record/lab-results")).await?;
            Ok(answer.body.contains("\"fifth\"")
                && answer.json()["sources"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one["id"] == "fifth" && one["state"] == "answered")))
        })
        .await?;
        // One token a process, however many questions a record is, and one more for the test.
        ensure!(door.granted() <= 4, "{} tokens", door.granted());

        // Tokens end before their time: another one is had, and nobody sees it.
        door.revoke();
        until("signed in anew", async || Ok(labs(&mut there, &patient).await?.1)).await?;
        a_key_is_replaced(&mut admin, &mut stranger, &published).await?;
        door.revoke();
        until("signed in with the new key", async || Ok(labs(&mut there, &patient).await?.1)).await?;
    }
    Ok(())
}

/// First keys that were made, by the audit log.
async fn keys_made(database: &Database) -> Result<i64> {
    let made = Query::select()
        .expr_as(Func::count(Expr::col("action")), "n")
        .from("audit_event")
        .and_where(Expr::col("action").eq("source.make-key"))
        .to_owned();
    let count = database.connect().await?.query_one(&made).await?;
    Ok(count.context("a count")?.try_get("", "n")?)
}

/// Later, and at once.
async fn a_key_is_replaced(admin: &mut Visitor, stranger: &mut Visitor, first: &[String]) -> Result<()> {
    let page = admin.post_form("/admin/sources/keys", &[("do", "rotate")]).await?;
    ensure!(page.status == 303, "{} {}", page.status, page.body);
    let both = kids(stranger).await?;
    ensure!(both.len() == 2 && both.contains(&first[0]), "{both:?}");
    let page = admin.post_form("/admin/sources/keys", &[("do", "replace")]).await?;
    ensure!(page.status == 303, "{} {}", page.status, page.body);
    let now = kids(stranger).await?;
    ensure!(now.len() == 1 && !both.contains(&now[0]), "a key that others may know is published: {now:?}");
    let page = admin.post_form("/admin/sources/keys", &[("do", "import"), ("key", "no key")]).await?;
    ensure!(page.status == 422, "{}", page.status);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_go_where_they_belong_and_nowhere_else() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, &others(region)).await?;
        let (mut admin, mut clinician) = (portal.clinician(ADMINISTRATOR).await?, portal.clinician("li.wei").await?);
        let door = door(region, Known::Secret(SECRET.to_owned())).await?;
        let base = door.base_url.clone();
        let secretless = definition(
            region,
            &base,
            &json!({
                "kind": "smart-backend", "client_id": "regional-portal", "scopes": SCOPES, "proof": "client-secret-basic",
            }),
        )?;
        let body = json!({ "id": "fifth", "definition": &secretless });
        let refused = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(refused.status == 422 && refused.json()["problems"][0]["field"] == "secret", "{}", refused.body);
        for blank in ["", "  "] {
            let mut empty = secretless.clone();
            empty["auth"]["secret"] = json!(blank);
            let body = json!({ "id": "fifth", "definition": empty });
            let refused = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
            ensure!(refused.status == 422 && refused.json()["problems"][0]["what"] == "missing", "{}", refused.body);
        }
        define(&mut admin, &definition(region, &base, &by_secret("client-secret-basic"))?).await?;
        let patient = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
        ensure!(labs(&mut clinician, &patient).await?.1, "nothing of it");

        // The other way of saying it; the secret that is kept belongs to the first.
        let form = definition(region, &base, &by_secret("client-secret-post"))?;
        let mut without = form.clone();
        without["auth"]["secret"] = Value::Null;
        let again = send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"1\""), &without).await?;
        ensure!(again.status == 422 && again.json()["problems"][0]["what"] == "again", "{}", again.body);
        let changed = send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"1\""), &form).await?;
        ensure!(changed.status == 200, "{}", changed.body);
        ensure!(tested(&mut admin).await?["code"] == "token-granted");
        // Without it the one that is there stays, also with another name.
        without["name_en"] = json!("Renamed");
        let renamed = send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"2\""), &without).await?;
        ensure!(renamed.status == 200, "{}", renamed.body);
        ensure!(tested(&mut admin).await?["code"] == "token-granted");

        // To another origin it is not sent, whoever asks: an administrator has to know it; the server is not believed.
        let canary = TcpListener::bind("127.0.0.1:0").await?;
        let elsewhere = format!("http://{}", canary.local_addr()?);
        without["base_url"] = json!(format!("{elsewhere}/fhir"));
        let moved = send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"3\""), &without).await?;
        ensure!(moved.status == 422 && moved.json()["problems"][0]["what"] == "again", "{}", moved.body);
        door.send_elsewhere(&format!("{elsewhere}/token"));
        let step = tested(&mut admin).await?;
        ensure!(step["code"] == "token-endpoint-elsewhere" && step["end"] == "failed", "{step}");
        let (line, came) = labs(&mut clinician, &patient).await?;
        ensure!(line["state"] == "unreachable" && line["detail"] == "why-sign-in" && !came, "{line}");
        let seen = tokio::time::timeout(Duration::from_millis(200), canary.accept()).await;
        if let Ok(Ok((mut stream, _))) = seen {
            let mut bytes = vec![0; 4096];
            let n = stream.read(&mut bytes).await?;
            anyhow::bail!("the canary was asked: {}", String::from_utf8_lossy(&bytes[..n]));
        }
        nothing_tells_it(&portal, &database, &mut admin).await?;
        // It is opened under a new key as before.
        let anew = portal.tool(&["vault", "reencrypt"])?;
        ensure!(anew.status.success(), "{}", String::from_utf8_lossy(&anew.stderr));
        door.set_mode(SmartMode::Ok);
        ensure!(tested(&mut admin).await?["code"] == "token-granted");
    }
    Ok(())
}

/// Not a page, not an answer, not the log, not the database.
async fn nothing_tells_it(portal: &TestPortal, database: &Database, admin: &mut Visitor) -> Result<()> {
    for path in ["/admin/sources/fifth", "/admin/sources/fifth/edit", "/api/v1/sources", "/api/v1/sources/fifth"] {
        let answer = admin.get(path).await?;
        ensure!(answer.status == 200 && !answer.body.contains("Canary"), "{path}");
    }
    ensure!(!portal.log().contains("Canary"), "the log tells it");
    for file in database.file().into_iter().flat_map(|file| {
        let wal = file.with_extension("db-wal");
        [file, wal]
    }) {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        ensure!(!bytes.windows(6).any(|part| part == b"Canary"), "{} tells it", file.display());
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_door_does_wrong_is_said_and_is_never_none() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, &others(region)).await?;
    let (mut admin, mut clinician) = (portal.clinician(ADMINISTRATOR).await?, portal.clinician("li.wei").await?);
    let door = door(region, Known::Keys(format!("{}/.well-known/jwks.json", portal.url()).parse()?)).await?;
    define(&mut admin, &definition(region, &door.base_url, &by_key())?).await?;
    let patient = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    ensure!(labs(&mut clinician, &patient).await?.1, "nothing of it");
    for (mode, code) in [
        (SmartMode::Denying, "token-refused"),
        (SmartMode::NoToken, "no-token"),
        (SmartMode::Silent, "token-unreachable"),
        (SmartMode::Busy, "token-refused"),
        (SmartMode::Rs384, "no-key"),
    ] {
        door.set_mode(mode);
        let step = tested(&mut admin).await?;
        ensure!(step["code"] == code && step["end"] == "failed" && step["cure"].is_string(), "{mode:?}: {step}");
        let (line, came) = labs(&mut clinician, &patient).await?;
        ensure!(line["state"] == "unreachable" && line["detail"] == "why-sign-in" && !came, "{mode:?}: {line}");
    }
    // A server that takes RS384 alone gets a key that was made elsewhere.
    let rsa = include_str!("../../../crates/tokens/tests/it/rsa.pem");
    let taken = admin.post_form("/admin/sources/keys", &[("do", "import"), ("key", rsa)]).await?;
    ensure!(taken.status == 303, "{} {}", taken.status, taken.body);
    ensure!(tested(&mut admin).await?["code"] == "token-granted");
    let twice = admin.post_form("/admin/sources/keys", &[("do", "import"), ("key", rsa)]).await?;
    ensure!(twice.status == 422, "{}", twice.status);
    // What it says is shown as text.
    door.set_mode(SmartMode::Denying);
    let page = admin.post_form("/admin/sources/fifth/tests", &[]).await?;
    ensure!(page.body.contains("&lt;script&gt;") && !page.body.contains("<script>alert"), "{}", page.body);
    // Once refused, a hospital is not asked for a token by every question of a record.
    let before = door.requests();
    for _ in 0..3 {
        labs(&mut clinician, &patient).await?;
    }
    ensure!(door.requests() == before, "{} more requests for a token", door.requests() - before);

    // An older server says it in its capabilities; one that grants less is told apart.
    door.set_mode(SmartMode::Old);
    ensure!(tested(&mut admin).await?["code"] == "token-granted");
    ensure!(labs(&mut clinician, &patient).await?.1);
    door.set_mode(SmartMode::Narrow);
    let step = tested(&mut admin).await?;
    ensure!(step["code"] == "scopes-narrower" && step["end"] == "warning", "{step}");
    let answer = clinician.get(&format!("/api/v1/patients/{patient}/record/orders")).await?.json();
    let lines = answer["sources"].as_array().into_iter().flatten();
    let line = lines.into_iter().find(|one| one["id"] == "fifth").context("told")?;
    ensure!(line["state"] == "refused", "what the token does not cover: {line}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_a_password_are_sent_with_every_request() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, &others(region)).await?;
    let (mut admin, mut clinician) = (portal.clinician(ADMINISTRATOR).await?, portal.clinician("li.wei").await?);
    let door = door(region, Known::Basic("regional-portal".to_owned(), SECRET.to_owned())).await?;
    let basic = json!({ "kind": "basic", "client_id": "regional-portal", "secret": SECRET });
    define(&mut admin, &definition(region, &door.base_url, &basic)?).await?;
    ensure!(tested(&mut admin).await?["code"] == "secret-sent");
    let patient = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    ensure!(labs(&mut clinician, &patient).await?.1 && door.refused() == 0, "{} refused", door.refused());
    // A wrong one is the hospital's to refuse, and never sent in the clear to another machine.
    let wrong = json!({ "kind": "basic", "client_id": "regional-portal", "secret": "wrong" });
    let changed = definition(region, &door.base_url, &wrong)?;
    ensure!(send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"1\""), &changed).await?.status == 200);
    let (line, came) = labs(&mut clinician, &patient).await?;
    ensure!(line["state"] == "refused" && !came, "{line}");
    let plain = definition(region, "http://fhir.hospital.example/r4", &basic)?;
    let refused = send(&mut admin, "PUT", "/api/v1/sources/fifth", Some("\"2\""), &plain).await?;
    ensure!(refused.status == 422 && refused.body.contains("\"plain\""), "{}", refused.body);
    Ok(())
}
