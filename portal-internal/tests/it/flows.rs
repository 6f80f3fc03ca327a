//! Hospitals that patients connect themselves, as administrators define them; and how sign-ins there end, as they see it.

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use sea_orm::{ConnectionTrait as _, Value as Bound, sea_query::Query};
use serde_json::{Value, json};
use testbed::{Database, TestPortal, Visitor};
use uuid::Uuid;

use super::send;

const ADMINISTRATOR: &str = "admin";
const SECRET: &str = "Canary-4c1d-secret";
const SUGGESTED: &str = "openid fhirUser launch/patient offline_access patient/*.read";
/// What a hospital says of itself must never be more than text.
const SAID: &str = "<b>no</b> \"such\" client & more";

fn definition(auth: &Value) -> Value {
    json!({
        "name_zh": "澜州<新>院", "name_en": "New <Hospital>", "platform": "plain", "environment": "sandbox",
        "base_url": "https://fhir.hospital.example/r4", "timeout_ms": 2000, "auth": auth,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_that_patients_connect_is_defined_by_api_and_by_form() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut admin = portal.clinician(ADMINISTRATOR).await?;

        // Nothing but who the portal is there: a public client, the whole record of one patient.
        let auth = json!({ "kind": "smart-patient", "client_id": "portal" });
        let body = json!({ "id": "theirs", "definition": definition(&auth) });
        let added = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(added.status == 201, "{} {}", added.status, added.body);
        let told = added.json()["definition"]["auth"].clone();
        ensure!(told["proof"] == "public" && told["scopes"] == SUGGESTED && told["authorize_url"].is_null(), "{told}");

        a_confidential_one(&mut admin).await?;
        by_form(&mut admin).await?;

        // Whoever asks in its own name proves it.
        let auth = json!({ "kind": "smart-backend", "client_id": "p", "scopes": "system/*.read", "proof": "public" });
        let body = json!({ "id": "unproven", "definition": definition(&auth) });
        let refused = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(refused.status == 422 && refused.json()["problems"][0]["field"] == "proof", "{}", refused.body);

        // It is said that staff never read it, and nobody has connected it yet.
        let page = admin.get("/admin/sources/theirs?lang=en").await?;
        for words in ["Patients connect this hospital themselves", "/admin/flows?source=theirs", "Staff never see"] {
            ensure!(page.body.contains(words), "{words}: {}", page.body);
        }
        let list = admin.get("/admin/sources?lang=en").await?;
        ensure!(list.body.contains("connected by no patient yet"), "{}", list.body);
    }
    Ok(())
}

/// With a secret, which nobody is told again, and addresses of its own.
async fn a_confidential_one(admin: &mut Visitor) -> Result<()> {
    let auth = json!({
        "kind": "smart-patient", "client_id": "portal", "proof": "client-secret-basic", "secret": SECRET,
        "scopes": "launch/patient patient/Patient.read", "authorize_url": "https://login.hospital.example/authorize",
        "token_url": "https://login.hospital.example/token",
    });
    let body = json!({ "id": "confidential", "definition": definition(&auth) });
    let added = send(admin, "POST", "/api/v1/sources", None, &body).await?;
    ensure!(added.status == 201, "{} {}", added.status, added.body);
    let told = added.json()["definition"]["auth"].clone();
    ensure!(told["authorize_url"] == auth["authorize_url"] && told["scopes"] == auth["scopes"], "{told}");
    ensure!(!added.body.contains("Canary"), "a secret is told: {}", added.body);
    for path in ["/admin/sources/confidential", "/admin/sources/confidential/edit", "/api/v1/sources", "/admin/flows"] {
        let answer = admin.get(path).await?;
        ensure!(answer.status == 200 && !answer.body.contains("Canary"), "{path}: a secret is told");
    }
    let mut plain = auth.clone();
    plain["authorize_url"] = json!("http://login.hospital.example/authorize");
    let body = json!({ "id": "plain", "definition": definition(&plain) });
    let refused = send(admin, "POST", "/api/v1/sources", None, &body).await?;
    ensure!(refused.status == 422 && refused.json()["problems"][0]["field"] == "authorize_url", "{}", refused.body);
    Ok(())
}

async fn by_form(admin: &mut Visitor) -> Result<()> {
    let new = admin.get("/admin/sources/new?lang=en").await?;
    ensure!(new.body.contains("/connections/callback") && new.body.contains(SUGGESTED), "{}", new.body);
    let mut form = vec![
        ("id", "typed"),
        ("name_zh", "澜州东院"),
        ("name_en", "East"),
        ("platform", "plain"),
        ("environment", "sandbox"),
        ("base_url", "https://east.hospital.example/r4"),
        ("timeout_ms", "2000"),
        ("auth", "smart-patient"),
        ("client_id", "portal"),
        ("proof", ""),
        ("authorize_url", "nonsense"),
        ("secret", SECRET),
        ("do", "save"),
    ];
    let page = admin.post_form("/admin/sources/new", &form).await?;
    ensure!(page.status == 422 && page.body.contains("authorize_url-problem"), "{}", page.body);
    ensure!(!page.body.contains("Canary"), "a secret comes back");
    form.retain(|(name, _)| !matches!(*name, "authorize_url" | "secret"));
    form.push(("authorize_url", "https://east.hospital.example/authorize"));
    let done = admin.post_form("/admin/sources/new", &form).await?;
    ensure!(done.status == 303, "{} {}", done.status, done.body);
    let auth = admin.get("/api/v1/sources/typed").await?.json()["definition"]["auth"].clone();
    ensure!(auth["kind"] == "smart-patient" && auth["proof"] == "public" && auth["scopes"] == SUGGESTED, "{auth}");
    ensure!(auth["authorize_url"] == "https://east.hospital.example/authorize", "{auth}");
    let edit = admin.get("/admin/sources/typed/edit").await?;
    ensure!(edit.body.contains("https://east.hospital.example/authorize"), "{}", edit.body);
    Ok(())
}

/// A flow as the public portal leaves it.
struct Left {
    id: Uuid,
    source: &'static str,
    /// Before now.
    begun: SignedDuration,
    took: Option<SignedDuration>,
    step: &'static str,
    outcome: Option<&'static str>,
    why: Option<&'static str>,
    trace: Value,
}

impl Left {
    fn new(source: &'static str, hours: i64, step: &'static str) -> Self {
        Self {
            id: Uuid::now_v7(),
            source,
            begun: SignedDuration::from_hours(hours),
            took: None,
            step,
            outcome: None,
            why: None,
            trace: json!({}),
        }
    }

    fn connected(self, seconds: i64) -> Self {
        Self { outcome: Some("connected"), took: Some(SignedDuration::from_secs(seconds)), ..self }
    }

    fn failed(self, why: &'static str, trace: Value) -> Self {
        Self { outcome: Some("failed"), took: Some(SignedDuration::from_secs(2)), why: Some(why), trace, ..self }
    }

    async fn write(&self, database: &Database, now: Timestamp) -> Result<()> {
        let begun = now.checked_sub(self.begun)?.as_millisecond();
        let over = self.took.map(|took| begun + i64::try_from(took.as_millis()).unwrap_or_default());
        let row: [(&str, Bound); 14] = [
            ("id", self.id.into()),
            ("state_hash", self.id.simple().to_string().into()),
            ("source", self.source.into()),
            ("person", Uuid::now_v7().into()),
            ("session", "s".into()),
            ("sealed", None::<String>.into()),
            ("begun_at", begun.into()),
            ("expires_at", (begun + 600_000).into()),
            ("used_at", over.into()),
            ("finished_at", over.into()),
            ("step", self.step.into()),
            ("outcome", self.outcome.map(str::to_owned).into()),
            ("why", self.why.map(str::to_owned).into()),
            ("trace", self.trace.to_string().into()),
        ];
        let columns = row.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let values = row.into_iter().map(|(_, value)| value.into());
        let insert = Query::insert().into_table("source_flow").columns(columns).values(values)?.to_owned();
        database.connect().await?.execute(&insert).await?;
        Ok(())
    }
}

fn refused() -> Left {
    let trace = json!({
        "request": [["client_id", "portal"], ["scope", "launch/patient"], ["state", "…"]],
        "answer": [["state", "…"], ["code", "…"]],
        "asked": ["launch/patient", "patient/*.read"], "granted": [],
        "status": 400, "error": "invalid_client", "said": SAID,
    });
    Left::new("city-first", 2, "token").failed("token-refused", trace)
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_how_sign_ins_at_hospitals_end() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut admin = portal.clinician(ADMINISTRATOR).await?;
        let empty = admin.get("/admin/flows?lang=en").await?;
        ensure!(empty.status == 200 && empty.body.contains("Nothing was begun in this time"), "{}", empty.body);

        let (failed, now) = (refused(), Timestamp::now());
        let flows = [
            Left::new("city-first", 1, "patient").connected(6),
            Left::new("city-first", 3, "patient").connected(90),
            Left::new("city-first", 4, "authorize"),
            Left::new("gone", 5, "patient").connected(3),
            Left::new("city-first", 48, "callback").failed("state-expired", json!({})),
            Left::new("city-first", 24 * 20, "discover").failed("no-challenge", json!({})),
        ];
        for flow in flows.iter().chain([&failed]) {
            flow.write(&database, now).await?;
        }
        figures(&mut admin, failed.id).await?;
        one(&mut admin, &failed).await?;

        // Nobody else sees that there is such a page.
        let mut clinician = portal.clinician("li.wei").await?;
        let own = format!("/admin/flows/{}", failed.id);
        for path in ["/admin/flows", own.as_str(), "/api/v1/flows", &format!("/api/v1/flows/{}", failed.id)] {
            ensure!(clinician.get(path).await?.status == 404, "{path} is there for a clinician");
        }
        ensure!(!clinician.get("/").await?.body.contains("/admin/flows"));
        ensure!(admin.get("/").await?.body.contains("href=\"/admin/flows\""));
    }
    Ok(())
}

/// By window, hospital and outcome.
async fn figures(admin: &mut Visitor, failed: Uuid) -> Result<()> {
    let day = admin.get("/api/v1/flows?window=24h").await?.json();
    let of = |all: &Value, id: &str| {
        all["figures"].as_array().into_iter().flatten().find(|one| one["source"] == id).cloned().unwrap_or_default()
    };
    let city = of(&day, "city-first");
    let told = ["started", "connected", "failed", "lapsed", "open"].map(|name| city[name].as_u64().unwrap_or(99));
    ensure!(told == [4, 2, 1, 1, 0] && city["median_ms"].is_i64(), "{city}");
    ensure!(city["errors"][0]["why"] == "token-refused" && city["errors"][0]["count"] == 1, "{city}");
    let reached = |all: &Value| -> Vec<u64> {
        let steps = all["steps"].as_array().into_iter().flatten();
        steps.map(|one| one["reached"].as_u64().unwrap_or(99)).collect()
    };
    ensure!(reached(&day) == [5, 5, 4, 4, 3, 3], "{}", day["steps"]);
    ensure!(day["steps"][1]["lapsed"] == 1 && day["steps"][3]["failed"] == 1, "{}", day["steps"]);
    let spans = day["spans"].as_array().context("spans")?;
    let sum = |name: &str| spans.iter().filter_map(|one| one[name].as_u64()).sum::<u64>();
    ensure!(spans.len() == 24 && [sum("connected"), sum("failed"), sum("lapsed")] == [3, 1, 1], "{spans:?}");
    ensure!(reached(&admin.get("/api/v1/flows?window=24h&source=gone").await?.json()) == [1; 6], "of one hospital");
    let month = admin.get("/api/v1/flows?window=30d&source=city-first&outcome=failed").await?.json();
    ensure!(of(&month, "city-first")["started"] == 6 && month["items"].as_array().map(Vec::len) == Some(3), "{month}");
    for wrong in ["?window=1h", "?outcome=lost"] {
        let refused = admin.get(&format!("/api/v1/flows{wrong}")).await?;
        ensure!(refused.status == 422 || refused.status == 400, "{wrong}: {}", refused.status);
    }

    let page = admin.get("/admin/flows?window=24h&lang=en").await?;
    for words in [
        "50.0%",
        "All hospitals",
        "How far they come",
        "class=\"ch--bad\"",
        "most are lost here",
        "The hospital gave no token for the code",
        "invalid_client",
        "/admin/sources/city-first",
        &format!("/admin/flows/{failed}"),
        ">gone<",
    ] {
        ensure!(page.body.contains(words), "{words}: {}", page.body);
    }
    ensure!(!page.body.contains("style="), "an inline style");
    ensure!(!page.body.contains("More than ten minutes"), "an older one is shown: {}", page.body);
    let week = admin.get("/admin/flows?lang=en").await?;
    ensure!(week.body.contains("More than ten minutes") && !week.body.contains("S256"), "{}", week.body);
    let narrowed = admin.get("/admin/flows?window=24h&source=gone&outcome=connected&lang=en").await?;
    ensure!(!narrowed.body.contains(&failed.to_string()) && narrowed.body.contains(">gone<"), "{}", narrowed.body);
    Ok(())
}

/// By what people read out; in both languages; with nothing of a hospital's but text.
async fn one(admin: &mut Visitor, failed: &Left) -> Result<()> {
    let id = failed.id.to_string();
    let own = format!("/admin/flows/{id}");
    let (plain, upper) = (id.replace('-', ""), id.to_uppercase());
    for typed in [id.as_str(), &plain, &upper, &format!("%20{}", plain.replacen('0', "0%20", 1))] {
        let found = admin.get(&format!("/admin/flows?trace={typed}")).await?;
        ensure!(found.status == 303 && found.header("location") == own, "{typed}: {} {}", found.status, found.body);
    }
    let none = admin.get("/admin/flows?trace=%3Cb%3Enobody&lang=en").await?;
    ensure!(none.status == 200 && none.body.contains("No flow has this trace id"), "{}", none.body);
    ensure!(none.body.contains("&lt;b&gt;nobody") && !none.body.contains("<b>nobody"), "{}", none.body);

    let page = admin.get(&format!("{own}?lang=en")).await?;
    ensure!(page.status == 200, "{} {}", page.status, page.body);
    for words in
        ["invalid_client", "In the hospital’s own words, not checked", "an access token in exchange", "not kept"]
    {
        ensure!(page.body.contains(words), "{words}: {}", page.body);
    }
    ensure!(
        page.body.contains("&lt;b&gt;no&lt;&#x2F;b&gt;") || page.body.contains("&lt;b&gt;no&lt;/b&gt;"),
        "{}",
        page.body
    );
    ensure!(!page.body.contains("<b>no</b>"), "a hospital's markup is the page's: {}", page.body);
    let (done, unreached) = (page.body.matches("sl--good").count(), page.body.matches("sl--skipped").count());
    ensure!(page.body.matches("sl--failed").count() == 1 && (done, unreached) == (3, 2), "{done} {unreached}");
    let chinese = admin.get(&format!("{own}?lang=zh-CN")).await?;
    ensure!(chinese.body.contains("医院的原话") && !chinese.body.contains("flow-why-"), "{}", chinese.body);

    let told = admin.get(&format!("/api/v1/flows/{plain}")).await?.json();
    ensure!(told["id"] == id && told["said"] == SAID && told["status"] == 400, "{told}");
    ensure!(told["step"] == "token" && told["state_found"] == true && told["cure"].is_string(), "{told}");
    for nobody in ["00000000-0000-7000-8000-000000000001", "nonsense", "1"] {
        for path in ["/admin/flows", "/api/v1/flows"] {
            let missing = admin.get(&format!("{path}/{nobody}")).await?;
            ensure!(missing.status == 404, "{path}/{nobody}: {}", missing.status);
        }
    }
    let location = admin.get("/admin/flows/").await?;
    ensure!(location.status == 404, "{}", location.status);
    told["begun_at"].as_str().context("when")?.parse::<Timestamp>()?;
    Ok(())
}
