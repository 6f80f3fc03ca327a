//! An administrator says from where staff are sent here, and as which client the portal goes back there: with a secret, in the form
//! and in JSON, at every replica.

use anyhow::{Context as _, Result, ensure};
use sandbox::{DoorPatient, EhrSettings, PeopleClient, RunningSmart};
use sea_orm::{ConnectionTrait as _, sea_query::Query};
use serde_json::{Value, json};
use testbed::{Database, Region, TestPortal, Visitor, know_staff};

use super::{
    find,
    launch::{back_from, client, door, opened_at, secrets, there},
    send, until,
};

const HOSPITAL: &str = "city-first";
const CLIENT: &str = "regional-portal-launch";
const SECRET: &str = "Canary-launch-71d/+%";

struct Stage {
    /// Where the hospital is defined, and another replica.
    here: TestPortal,
    other: TestPortal,
    door: RunningSmart,
    origin: String,
    /// `Patient` id of the shown patient at the hospital.
    patient: String,
}

async fn stage(database: &Database, region: &Region) -> Result<Stage> {
    let others = region.with_hospitals(region.hospitals.iter().filter(|one| one.id != HOSPITAL).cloned().collect());
    let here = TestPortal::internal(database, &others).await?;
    let other = TestPortal::internal(database, &others).await?;
    let patient = there(region, HOSPITAL)?;
    let known = DoorPatient { id: patient.clone(), name: patient.clone(), resident_id: None };
    let ways = [&here, &other].map(|portal| format!("{}/launch/callback/city-first", portal.url()));
    let people = client(ways[0].clone(), vec![known], CLIENT);
    let people = PeopleClient { redirect_uris: ways.to_vec(), secret: Some(SECRET.to_owned()), ..people };
    let practitioners = region.in_sandbox(HOSPITAL).context("the hospital")?.practitioners.clone();
    let ehr = EhrSettings { launch_url: format!("{}/launch", other.url()).parse()?, practitioners };
    let upstream = &region.hospitals.iter().find(|one| one.id == HOSPITAL).context("it")?.base_url;
    let door = RunningSmart::start_ehr(door(upstream, people)?, ehr).await?;
    let origin = door.base_url.trim_end_matches("/fhir").to_owned();
    Ok(Stage { here, other, door, origin, patient })
}

impl Stage {
    fn definition(&self, region: &Region, launch: &Value) -> Result<Value> {
        let own = region.hospitals.iter().find(|one| one.id == HOSPITAL).context("it")?;
        Ok(json!({
            "name_zh": "市第一人民医院", "name_en": "First City", "platform": own.platform, "environment": "sandbox",
            "base_url": own.base_url, "timeout_ms": 5000, "launch": launch,
        }))
    }

    fn launch(&self, secret: Option<&str>) -> Value {
        let mut launch = json!({ "base_url": self.door.base_url, "client_id": CLIENT, "proof": "client-secret-basic" });
        if let Some(secret) = secret {
            launch["secret"] = secret.into();
        }
        launch
    }

    /// Staff are known at a hospital that is defined by now.
    async fn knows_staff(&mut self) -> Result<()> {
        for portal in [&mut self.here, &mut self.other] {
            portal.stop();
            portal.configure(know_staff)?;
            portal.serve().await?;
        }
        let checked = self.here.tool(&["check"])?;
        ensure!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
        Ok(())
    }

    /// Opens the other replica at the hospital's desk, and what comes of it there.
    async fn launched(&self, visitor: &mut Visitor) -> Result<testbed::Answer> {
        let launch = opened_at(&self.origin, &self.other, "li.wei", &self.patient).await?;
        let leaving = visitor.page(&launch).await?;
        if leaving.status != 302 {
            return Ok(leaving);
        }
        let back = back_from(&self.origin, &self.other, &leaving.location().parse()?).await?;
        let answer = visitor.page(&back).await?;
        for secret in secrets(&back) {
            ensure!(!answer.body.contains(&secret), "a secret stands in the page: {}", answer.body);
        }
        Ok(answer)
    }
}

/// What is wrong, as `field what`.
fn wrong(answer: &testbed::Answer) -> Vec<String> {
    let problems = answer.json()["problems"].clone();
    let told = |one: &Value| format!("{} {}", one["field"].as_str().unwrap_or(""), one["what"].as_str().unwrap_or(""));
    problems.as_array().into_iter().flatten().map(told).collect()
}

async fn put(admin: &mut Visitor, rev: u32, definition: &Value) -> Result<testbed::Answer> {
    send(admin, "PUT", &format!("/api/v1/sources/{HOSPITAL}"), Some(&format!("\"{rev}\"")), definition).await
}

/// Keys of what is kept sealed.
async fn kept(database: &Database) -> Result<Vec<String>> {
    let rows =
        Query::select().column("source").from("source_secret").order_by("source", sea_orm::Order::Asc).to_owned();
    let rows = database.connect().await?.query_all(&rows).await?;
    rows.iter().map(|row| Ok(row.try_get("", "source")?)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_says_from_where_staff_are_sent_here() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut stage = stage(&database, region).await?;
        let mut admin = stage.here.clinician("admin").await?;
        let refused = |launch: Value| stage.definition(region, &launch);
        for (launch, expect) in [
            (stage.launch(None), "launch_secret missing"),
            (json!({ "client_id": " ", "base_url": stage.door.base_url }), "launch_client_id missing"),
            (json!({ "client_id": "x", "scopes": "openid fhirUser" }), "launch_scopes launch-scopes"),
            (json!({ "client_id": "x", "proof": "by-telephone" }), "launch_proof unknown"),
            (json!({ "client_id": "x", "base_url": "http://ehr.example/r4" }), "launch_base_url plain"),
            (json!({ "client_id": "x", "base_url": "https://u:p@ehr.example/r4" }), "launch_base_url credentials"),
            (json!({ "client_id": "x", "base_url": "https://169.254.169.254/r4" }), "launch_base_url address"),
            (json!({ "client_id": "x", "token_url": "ftp://ehr.example/t" }), "launch_token_url malformed"),
            (json!({ "client_id": "x", "authorize_url": "javascript:x" }), "launch_authorize_url malformed"),
        ] {
            let body = json!({ "id": HOSPITAL, "definition": refused(launch)? });
            let answer = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
            assert_eq!((answer.status, wrong(&answer)), (422, vec![expect.to_owned()]), "{}", answer.body);
        }
        let personal = json!({ "kind": "smart-patient", "client_id": "patients" });
        let mut both = stage.definition(region, &stage.launch(Some(SECRET)))?;
        both["auth"] = personal;
        let body = json!({ "id": HOSPITAL, "definition": both });
        let answer = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        assert_eq!((answer.status, wrong(&answer)), (422, vec!["launch_client_id personal".to_owned()]));

        let body = json!({ "id": HOSPITAL, "definition": stage.definition(region, &stage.launch(Some(SECRET)))? });
        let added = send(&mut admin, "POST", "/api/v1/sources", None, &body).await?;
        ensure!(added.status == 201 && !added.body.contains("Canary"), "{} {}", added.status, added.body);
        assert_eq!(kept(&database).await?, [format!("{HOSPITAL}/launch")]);
        stage.knows_staff().await?;
        let mut visitor = stage.other.clinician("li.wei").await?;
        let resident_id = &region.shown_patient().resident_id;
        until("at the other replica", async || {
            find(&mut visitor, resident_id).await?;
            Ok(stage.launched(&mut visitor).await?.location().ends_with("/summary"))
        })
        .await?;

        // What nobody has defined is still a mistake.
        stage.other.configure(|table| table["directory"][0]["practitioner"][0]["source"] = "nowhere".into())?;
        let checked = stage.other.tool(&["check"])?;
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        ensure!(!checked.status.success() && said.contains("no source `nowhere`"), "{said}");

        pages_show_it(&stage, &mut admin).await?;
        the_secret_goes_where_it_went(&stage, region, &mut admin).await?;

        // Another server than the one that is read, which does not say who its patient is: an id proves nothing.
        let mut unsaid = stage.launch(None);
        unsaid["scopes"] = "openid fhirUser launch".into();
        let changed = put(&mut admin, 2, &stage.definition(region, &unsaid)?).await?;
        ensure!(changed.status == 200, "{} {}", changed.status, changed.body);
        until("nobody is opened", async || {
            let refused = stage.launched(&mut visitor).await?;
            Ok(refused.status == 502 && refused.body.contains("没有说明其患者是谁"))
        })
        .await?;

        // Without it nobody is sent here, and nothing is kept.
        let without = stage.definition(region, &Value::Null)?;
        let changed = put(&mut admin, 3, &without).await?;
        ensure!(changed.status == 200 && changed.json()["definition"]["launch"].is_null(), "{}", changed.body);
        assert_eq!(kept(&database).await?, [] as [String; 0]);
        until("nobody is sent here", async || Ok(stage.launched(&mut visitor).await?.status == 400)).await?;
        for portal in [&stage.here, &stage.other] {
            ensure!(!portal.log().contains("Canary"), "a secret is in the log");
        }
    }
    Ok(())
}

/// In words, and never the secret.
async fn pages_show_it(stage: &Stage, admin: &mut Visitor) -> Result<()> {
    let page = admin.get(&format!("/admin/sources/{HOSPITAL}?lang=en")).await?;
    ensure!(page.status == 200 && page.body.contains("Sent here from") && page.body.contains(CLIENT), "{}", page.body);
    let form = admin.page(&format!("/admin/sources/{HOSPITAL}/edit")).await?;
    ensure!(
        form.body.contains("Sent here from its own system") && form.body.contains(&stage.door.base_url),
        "{}",
        form.body
    );
    ensure!(!form.body.contains("Canary") && !page.body.contains("Canary"), "the secret is shown");
    let tested = send(admin, "POST", &format!("/api/v1/sources/{HOSPITAL}/tests"), None, &json!({})).await?.json();
    let step = tested["steps"].as_array().into_iter().flatten().find(|step| step["code"] == "staff-sign-in").cloned();
    let step = step.with_context(|| format!("no step of the launch: {tested}"))?;
    ensure!(step["end"] == "good" && step["answer"] == stage.door.authorize_url.as_str(), "{step}");
    Ok(())
}

async fn the_secret_goes_where_it_went(stage: &Stage, region: &Region, admin: &mut Visitor) -> Result<()> {
    // Kept, where nothing of it changes.
    let mut same = stage.definition(region, &stage.launch(None))?;
    same["timeout_ms"] = 6000.into();
    let kept = put(admin, 1, &same).await?;
    ensure!(kept.status == 200, "{} {}", kept.status, kept.body);
    for (field, value) in [
        ("base_url", "https://elsewhere.example/fhir"),
        ("client_id", "another"),
        ("token_url", "https://elsewhere.example/token"),
        ("proof", "client-secret-post"),
    ] {
        let mut launch = stage.launch(None);
        launch[field] = value.into();
        let answer = put(admin, 2, &stage.definition(region, &launch)?).await?;
        assert_eq!((answer.status, wrong(&answer)), (422, vec!["launch_secret again".to_owned()]), "{field}");
    }
    // Whoever is sent from there could be meant for either.
    let body = json!({ "id": "twin", "definition": stage.definition(region, &stage.launch(Some(SECRET)))? });
    let twin = send(admin, "POST", "/api/v1/sources", None, &body).await?;
    assert_eq!((twin.status, wrong(&twin)), (422, vec!["launch_base_url launched".to_owned()]), "{}", twin.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_says_it_too() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let mut stage = stage(&database, region).await?;
    let mut admin = stage.here.clinician("admin").await?;
    let own = region.hospitals.iter().find(|one| one.id == HOSPITAL).context("it")?;
    let fields = |secret: &'static str, base: &str| {
        let all = [
            ("id", HOSPITAL),
            ("name_zh", "市第一人民医院"),
            ("name_en", "First City"),
            ("platform", &own.platform),
            ("environment", "sandbox"),
            ("base_url", &own.base_url),
            ("timeout_ms", "5000"),
            ("auth", "none"),
            ("launch_client_id", CLIENT),
            ("launch_base_url", base),
            ("launch_proof", "client-secret-basic"),
            ("launch_secret", secret),
            ("do", "save"),
        ];
        all.map(|(name, value)| (name, value.to_owned()))
    };
    let send = async |admin: &mut Visitor, fields: &[(&'static str, String)]| {
        admin.page("/admin/sources/new").await?;
        let form: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        admin.post_form("/admin/sources/new", &form).await
    };
    let missing = send(&mut admin, &fields("", &stage.door.base_url)).await?;
    ensure!(missing.status == 422 && missing.body.contains("href=\"#launch_secret\""), "{}", missing.body);
    let bad = send(&mut admin, &fields(SECRET, "not an address")).await?;
    ensure!(bad.status == 422 && bad.body.contains("href=\"#launch_base_url\""), "{}", bad.body);
    ensure!(!bad.body.contains("Canary"), "the secret is shown again");
    let added = send(&mut admin, &fields(SECRET, &stage.door.base_url)).await?;
    assert_eq!((added.status, added.location()), (303, format!("/admin/sources/{HOSPITAL}?done=added").as_str()));
    stage.knows_staff().await?;
    let mut visitor = stage.other.clinician("li.wei").await?;
    until("launched", async || {
        find(&mut visitor, &region.shown_patient().resident_id).await?;
        Ok(stage.launched(&mut visitor).await?.location().ends_with("/summary"))
    })
    .await?;
    Ok(())
}
