//! A hospital's own system opens the portal for the patient before a clinician (SMART EHR launch): through the portal's face and
//! the hospital's.

use anyhow::{Context as _, Result, ensure};
use sandbox::{DoorPatient, EhrSettings, Known, PeopleClient, RunningSmart, SmartConfig, SmartMode};
use sea_orm::{
    ConnectionTrait as _, ExprTrait as _,
    sea_query::{Expr, Func, Query},
};
use serde_json::{Value, json};
use testbed::{Answer, Database, Region, SplitDatabase, TestPortal, Visitor, know_staff};
use url::{Url, form_urlencoded};

use super::{find, until};

/// The hospital of the sandbox whose own system it is.
const HOSPITAL: &str = "city-first";
const CLIENT: &str = "regional-portal-launch";
/// Somebody whom nobody in the region has looked for.
const UNKNOWN: &str = "never-seen-here";

struct Stage {
    portal: TestPortal,
    door: RunningSmart,
    /// Of the door.
    origin: String,
    /// `Patient` id of the shown patient at the hospital.
    patient: String,
    database: Database,
}

pub(super) fn client(redirect: String, patients: Vec<DoorPatient>, client_id: &str) -> PeopleClient {
    PeopleClient { client_id: client_id.to_owned(), secret: None, redirect_uris: vec![redirect], patients }
}

pub(super) fn door(upstream: &str, people: PeopleClient) -> Result<SmartConfig> {
    Ok(SmartConfig {
        listen: "127.0.0.1:0".parse()?,
        upstream: upstream.parse()?,
        client_id: String::new(),
        client: Known::Nobody,
        scopes: Vec::new(),
        lives_s: 300,
        people: Some(people),
    })
}

pub(super) fn there(region: &Region, hospital: &str) -> Result<String> {
    let known = region.shown_patient().hospitals.iter().find(|(at, _)| at == hospital);
    Ok(known.context("known there")?.1.clone())
}

/// A portal that is opened from the hospital's own system, by staff whom it knows if so.
async fn stage(database: Database, knows_staff: bool) -> Result<Stage> {
    stage_at(database, knows_staff, None).await
}

/// The same, where the hospital's records stand elsewhere than in the sandbox.
async fn stage_at(database: Database, knows_staff: bool, base: Option<&str>) -> Result<Stage> {
    let all = testbed::region().await;
    // The hospital stands last: what is added to the file belongs to it.
    let (mut own, mut hospitals): (Vec<_>, Vec<_>) = all.hospitals.iter().cloned().partition(|one| one.id == HOSPITAL);
    if let Some(base) = base {
        base.clone_into(&mut own[0].base_url);
    }
    hospitals.extend(own.iter().cloned());
    let change = |table: &mut toml::Table| {
        if knows_staff {
            know_staff(table)
        }
    };
    let mut portal = TestPortal::internal_with(&database, &all.with_hospitals(hospitals), change).await?;
    let patient = there(all, HOSPITAL)?;
    let known = |id: &str| DoorPatient { id: id.to_owned(), name: id.to_owned(), resident_id: None };
    let at = |(hospital, id): &(String, String)| (hospital == HOSPITAL && *id != patient).then(|| id.clone());
    let another = all.patients.iter().flat_map(|one| &one.hospitals).find_map(at).context("somebody else there")?;
    let patients = vec![known(&patient), known(UNKNOWN), known(&another)];
    let people = client(format!("{}/launch/callback/city-first", portal.url()), patients, CLIENT);
    let practitioners = all.in_sandbox(HOSPITAL).context("the hospital")?.practitioners.clone();
    let ehr = EhrSettings { launch_url: format!("{}/launch", portal.url()).parse()?, practitioners };
    let door = RunningSmart::start_ehr(door(&own[0].base_url, people)?, ehr).await?;
    portal.stop();
    let launch = format!("[source.launch]\nbase_url = \"{}\"\nclient_id = \"{CLIENT}\"\n", door.base_url);
    portal.add_sources(&launch.parse()?)?;
    portal.serve().await?;
    let origin = door.base_url.trim_end_matches("/fhir").to_owned();
    Ok(Stage { portal, door, origin, patient, database })
}

/// Opens `portal` at the desk of the hospital at `origin`: where that leads to, below the portal.
pub(super) async fn opened_at(origin: &str, portal: &TestPortal, username: &str, patient: &str) -> Result<String> {
    let all = &testbed::region().await.in_sandbox(HOSPITAL).context("the hospital")?.practitioners;
    let practitioner = &all.iter().find(|one| one.username == username).context("works there")?.id;
    let form = [("practitioner", practitioner.as_str()), ("patient", patient)];
    let answer = Visitor::new(origin)?.post_form_with("/ehr", &form, None).await?;
    Ok(answer.location().strip_prefix(portal.url()).context("not to the portal")?.to_owned())
}

/// Signs in at the hospital at `origin`: where that leads back to, below `portal`.
pub(super) async fn back_from(origin: &str, portal: &TestPortal, url: &Url) -> Result<String> {
    let path = url.as_str().strip_prefix(origin).context("not to the hospital")?;
    let back = Visitor::new(origin)?.page(path).await?;
    Ok(back.location().strip_prefix(portal.url()).context("not back to the portal")?.to_owned())
}

impl Stage {
    /// Opens the portal at the hospital's desk: where that leads to, below the portal.
    async fn opened(&self, username: &str, patient: &str) -> Result<String> {
        opened_at(&self.origin, &self.portal, username, patient).await
    }

    /// From the portal to the hospital: the whole address.
    async fn left(&self, visitor: &mut Visitor, launch: &str) -> Result<Url> {
        let leaving = visitor.page(launch).await?;
        ensure!(leaving.status == 302, "{} {}", leaving.status, leaving.body);
        ensure!(leaving.header("referrer-policy") == "no-referrer", "the referrer goes along");
        ensure!(leaving.header("cache-control").contains("no-store"), "{}", leaving.header("cache-control"));
        ensure!(leaving.location().starts_with(&self.door.authorize_url), "{}", leaving.location());
        Ok(leaving.location().parse()?)
    }

    /// To the hospital and back: where the browser is sent, below the portal.
    async fn there_and_back(&self, visitor: &mut Visitor, username: &str, patient: &str) -> Result<String> {
        let launch = self.opened(username, patient).await?;
        let url = self.left(visitor, &launch).await?;
        self.back(&url).await
    }

    async fn back(&self, url: &Url) -> Result<String> {
        back_from(&self.origin, &self.portal, url).await
    }

    /// A launch of the shown patient that the hospital spoils, and what it comes to.
    async fn spoiled(&self, visitor: &mut Visitor, mode: SmartMode) -> Result<Answer> {
        self.door.set_mode(mode);
        let back = self.there_and_back(visitor, "li.wei", &self.patient).await?;
        let answer = visitor.page(&back).await?;
        self.door.set_mode(SmartMode::Ok);
        tells_nothing(&answer, &back)?;
        Ok(answer)
    }

    /// Rows of the audit log of this action.
    async fn remembered(&self, action: &str) -> Result<i64> {
        let count = Query::select()
            .expr_as(Func::count(Expr::col("action")), "n")
            .from("audit_event")
            .and_where(Expr::col("action").eq(action))
            .to_owned();
        let row = self.database.connect().await?.query_one(&count).await?.context("a count")?;
        Ok(row.try_get("", "n")?)
    }
}

pub(super) fn secrets(back: &str) -> Vec<String> {
    let query = back.split_once('?').map_or("", |(_, query)| query).to_owned();
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.filter(|(name, _)| matches!(&**name, "code" | "state")).map(|(_, value)| value.into_owned()).collect()
}

/// Nothing that is good for a token stands in a page that says what went wrong.
fn tells_nothing(answer: &Answer, back: &str) -> Result<()> {
    for secret in secrets(back) {
        ensure!(!answer.body.contains(&secret), "a secret stands in the page: {}", answer.body);
    }
    Ok(())
}

/// The page that says so, with its status, the words, and a trace that an administrator finds.
async fn says(stage: &Stage, answer: &Answer, status: u16, words: &str, why: &str) -> Result<()> {
    ensure!(answer.status == status && answer.body.contains(words), "{words}: {} {}", answer.status, answer.body);
    ensure!(!answer.body.contains("<script>alert"), "a hospital's markup is the page's: {}", answer.body);
    let number = answer.body.split("class=\"mono b\">").nth(1).and_then(|rest| rest.split('<').next());
    let number = number.context("no trace id in the page")?;
    let mut admin = stage.portal.clinician("admin").await?;
    let flow = admin.get(&format!("/api/v1/flows/{number}")).await?.json();
    ensure!(flow["kind"] == "launch" && flow["why"] == why && flow["cure"].is_string(), "{flow}");
    let page = admin.get(&format!("/admin/flows/{number}?lang=en")).await?;
    ensure!(page.status == 200 && page.body.contains("staff come from the hospital’s system"), "{}", page.body);
    let list = admin.get("/admin/flows?window=24h&lang=en").await?;
    ensure!(list.status == 200 && list.body.contains(number), "{}", list.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clinician_comes_from_their_hospitals_system_to_the_patients_summary() -> Result<()> {
    for database in testbed::databases().await {
        let stage = stage(database, true).await?;
        let shown = testbed::region().await.shown_patient();

        // Who is not signed in signs in first, and the launch goes on.
        let launch = stage.opened("li.wei", &stage.patient).await?;
        let mut visitor = stage.portal.visitor()?;
        let asked = visitor.page(&launch).await?;
        let next: String = form_urlencoded::byte_serialize(launch.as_bytes()).collect();
        assert_eq!((asked.status, asked.location()), (303, format!("/sign-in?next={next}").as_str()));
        visitor.page(asked.location()).await?;
        let form = [("username", "li.wei"), ("password", "demo-li.wei"), ("next", launch.as_str())];
        let signed_in = visitor.post_form("/sign-in", &form).await?;
        assert_eq!((signed_in.status, signed_in.location()), (303, launch.as_str()), "{}", signed_in.body);
        // From a form of the portal a browser can't be redirected elsewhere: a page leads on.
        let page = [("accept", "text/html"), ("sec-fetch-site", "same-origin")];
        let leading = visitor.knock("GET", &launch, &page, None).await?;
        ensure!(
            leading.status == 200 && leading.body.contains("市第一人民医院"),
            "{} {}",
            leading.status,
            leading.body
        );
        let url: Url = leading.header("refresh").strip_prefix("0; url=").context("no way on")?.parse()?;
        let value = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let handle = form_urlencoded::parse(launch.split_once('?').context("a query")?.1.as_bytes())
            .find(|(name, _)| name == "launch")
            .map(|(_, value)| value.into_owned());
        assert_eq!((value("launch"), value("aud")), (handle.clone(), Some(stage.door.base_url.clone())));
        assert_eq!(value("code_challenge_method").as_deref(), Some("S256"));
        ensure!(value("state").is_some_and(|state| state.len() == 43) && value("nonce").is_some(), "{url}");

        // Nobody has looked for this patient yet: they are registered as by a search, which finds the same person afterwards.
        let back = stage.back(&url).await?;
        let new = visitor.page(&back).await?;
        ensure!(stage.remembered("index.link").await? > 0, "nobody is registered: {} {}", new.status, new.body);
        let person = find(&mut visitor, &shown.resident_id).await?;
        assert_eq!((new.status, new.location()), (303, format!("/patients/{person}/summary").as_str()), "{}", new.body);

        let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
        // Fetched in advance, or asked after, it is not used up.
        let early = visitor.knock("GET", &back, &[("sec-purpose", "prefetch"), ("accept", "text/html")], None).await?;
        assert_eq!((early.status, visitor.head(&back).await?.status), (425, 425));
        let done = visitor.page(&back).await?;
        assert_eq!(
            (done.status, done.location()),
            (303, format!("/patients/{person}/summary").as_str()),
            "{}",
            done.body
        );
        let summary = visitor.page(done.location()).await?;
        ensure!(summary.status == 200 && summary.body.contains(&shown.name), "{} {}", summary.status, summary.body);
        // Its token is given back, whatever came of it.
        until("tokens are given back", async || Ok(stage.door.revocations() == 2)).await?;
        assert_eq!((stage.remembered("launch.open").await?, stage.remembered("launch.refuse").await?), (2, 0));

        let again = visitor.page(&back).await?;
        ensure!(again.status == 400 && again.body.contains("已经用过了"), "{} {}", again.status, again.body);
        tells_nothing(&again, &back)?;
        let log = stage.portal.log();
        for secret in secrets(&back).into_iter().chain(handle) {
            ensure!(!log.contains(&secret), "a secret is in the log");
        }
        let mut admin = stage.portal.clinician("admin").await?;
        let flows = admin.get("/api/v1/flows").await?.json();
        let flow = &flows["items"][0];
        ensure!(flow["kind"] == "launch" && flow["outcome"] == "connected" && flow["source"] == HOSPITAL, "{flow}");
        let told =
            serde_json::json!([{"name": "patient", "value": "…"}, {"name": "need_patient_banner", "value": "true"}]);
        ensure!(flow["context"] == told, "{flow}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_somebody_else_there_or_nobody_is_not_let_in() -> Result<()> {
    let stage = stage(Database::sqlite().await?, true).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    find(&mut visitor, &testbed::region().await.shown_patient().resident_id).await?;

    // A colleague's desk, and a server that says somebody else.
    let back = stage.there_and_back(&mut visitor, "wang.fang", &stage.patient).await?;
    let colleague = visitor.page(&back).await?;
    says(&stage, &colleague, 403, "医院系统认为您是另一个人", "another-practitioner").await?;
    let other = stage.spoiled(&mut visitor, SmartMode::OtherPractitioner).await?;
    says(&stage, &other, 403, "医院系统认为您是另一个人", "another-practitioner").await?;
    let mut without = stage.portal.clinician("zhao.lei").await?;
    let back = stage.there_and_back(&mut without, "li.wei", &stage.patient).await?;
    says(&stage, &without.page(&back).await?, 403, "医院系统认为您是另一个人", "another-practitioner").await?;
    until("tokens are given back", async || Ok(stage.door.revocations() == 3)).await?;
    // The hospital's own system numbers patients otherwise than the server that is read: whom it shows is not whom it names here.
    let shown = stage.spoiled(&mut visitor, SmartMode::OtherIds).await?;
    says(&stage, &shown, 403, "显示的患者，与区域在该院此编号下所知的不是同一人", "shown-another").await?;

    for (mode, status, words, why) in [
        (SmartMode::WrongNonce, 502, "关于您是谁的说明不成立", "id-token"),
        (SmartMode::BadIdToken, 502, "关于您是谁的说明不成立", "id-token"),
        (SmartMode::NoIdToken, 502, "没有说明您在那里是谁", "no-id-token"),
        (SmartMode::WrongIss, 400, "不是送您来的医院发出的", "wrong-issuer"),
        (SmartMode::UnknownLaunch, 502, "医院系统拒绝了请求", "authorize-refused"),
        (SmartMode::DenyingPeople, 400, "&lt;script&gt;", "denied"),
        (SmartMode::NoToken, 502, "没有给出许可", "no-token"),
    ] {
        let answer = stage.spoiled(&mut visitor, mode).await?;
        says(&stage, &answer, status, words, why).await?;
    }
    let back = stage.there_and_back(&mut visitor, "li.wei", UNKNOWN).await?;
    says(&stage, &visitor.page(&back).await?, 404, "区域内还不认识这位患者", "patient-unknown").await?;
    assert_eq!(stage.remembered("launch.open").await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_without_a_patient_looks_for_one() -> Result<()> {
    let stage = stage(Database::sqlite().await?, true).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    let answer = stage.spoiled(&mut visitor, SmartMode::NoPatient).await?;
    ensure!(answer.status == 303 && answer.location().starts_with("/patients?launched="), "{}", answer.body);
    let words = "医院系统没有打开任何患者";
    let search = visitor.page(answer.location()).await?;
    ensure!(search.status == 200 && search.body.contains(words), "{}", search.body);
    // It says so to nobody else, and to nobody who made the address up.
    let mut colleague = stage.portal.clinician("wang.fang").await?;
    for address in [answer.location(), "/patients?launched=without-patient"] {
        ensure!(!colleague.page(address).await?.body.contains(words), "{address}");
    }
    let mut admin = stage.portal.clinician("admin").await?;
    let flow = admin.get("/api/v1/flows").await?.json()["items"][0].clone();
    ensure!(flow["outcome"] == "connected" && flow["why"] == "without-patient" && flow["cure"].is_string(), "{flow}");
    assert_eq!((stage.remembered("launch.open").await?, stage.remembered("launch.refuse").await?), (1, 0));
    until("the token is given back", async || Ok(stage.door.revocations() == 1)).await?;
    Ok(())
}

/// A hospital that has these practitioners, roles and patients, and no more.
async fn with_staff(resources: &[Value]) -> Result<Stage> {
    let base = testbed::canned_fhir::serve(resources.to_vec()).await?;
    stage_at(Database::sqlite().await?, true, Some(&base)).await
}

/// li.wei, as the hospital of the sandbox has them.
async fn practitioner() -> Result<Value> {
    let all = testbed::region().await;
    let id =
        all.in_sandbox(HOSPITAL).context("the hospital")?.practitioners.iter().find(|one| one.username == "li.wei");
    let base = &all.hospitals.iter().find(|one| one.id == HOSPITAL).context("it")?.base_url;
    let url: Url = format!("{base}/Practitioner/{}", id.context("works there")?.id).parse()?;
    Ok(Visitor::new(&url.origin().ascii_serialization())?.get(url.path()).await?.json())
}

fn role(practitioner: &Value, of: &str, active: bool) -> Value {
    let id = practitioner["id"].as_str().unwrap_or_default();
    json!({
        "resourceType": "PractitionerRole", "id": format!("{id}-role"), "active": active,
        "practitioner": { "reference": format!("Practitioner/{of}") },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signed_in_is_known_by_their_role_and_not_when_they_have_left() -> Result<()> {
    let own = practitioner().await?;
    let id = own["id"].as_str().context("id")?;
    let (mut left, mut colleague) = (own.clone(), own.clone());
    left["active"] = json!(false);
    colleague["id"] = json!("somebody-else");
    colleague["identifier"] = json!([]);
    let refused = |status, words, why| Some((status, words, why));
    for (mode, resources, expected) in [
        (SmartMode::ByRole, vec![own.clone(), role(&own, id, true)], None),
        (
            SmartMode::ByRole,
            vec![own.clone(), role(&own, id, false)],
            refused(502, "没有给出足够的信息", "practitioner-unreadable"),
        ),
        (SmartMode::ByRole, vec![own.clone()], refused(502, "没有给出足够的信息", "practitioner-unreadable")),
        (
            SmartMode::ByRole,
            vec![own.clone(), colleague.clone(), role(&own, "somebody-else", true)],
            refused(403, "医院系统认为您是另一个人", "another-practitioner"),
        ),
        (
            SmartMode::ByRole,
            vec![left.clone(), role(&own, id, true)],
            refused(403, "您已不在职", "practitioner-inactive"),
        ),
        (SmartMode::Ok, vec![left.clone()], refused(403, "您已不在职", "practitioner-inactive")),
    ] {
        let stage = with_staff(&resources).await?;
        let mut visitor = stage.portal.clinician("li.wei").await?;
        stage.door.set_mode(mode);
        let back = stage.there_and_back(&mut visitor, "li.wei", UNKNOWN).await?;
        let answer = visitor.page(&back).await?;
        match expected {
            Some((status, words, why)) => says(&stage, &answer, status, words, why).await?,
            // Who they are is clear; of the patient this hospital says nothing at all.
            None => says(&stage, &answer, 502, "医院没有应答，无法确定这位患者是谁", "patient-silent").await?,
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_two_practitioners_lets_neither_in() -> Result<()> {
    let own = practitioner().await?;
    let mut twin = own.clone();
    twin["id"] = json!("twin");
    let stage = with_staff(&[own, twin]).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    // Whom they treat was asked before, and the hospital had two of their number.
    until("the hospital was asked", async || {
        let mine = visitor.get("/api/v1/my-patients").await?.json();
        Ok(mine.to_string().contains("ambiguous"))
    })
    .await?;
    let back = stage.there_and_back(&mut visitor, "li.wei", UNKNOWN).await?;
    says(&stage, &visitor.page(&back).await?, 403, "无法确定您在该院是谁", "practitioner-unclear").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_whose_number_is_anothers_is_opened_for_nobody() -> Result<()> {
    let all = testbed::region().await;
    let shown = all.shown_patient();
    let own = practitioner().await?;
    // The number of somebody who is known elsewhere, with what belongs to another.
    let number = json!([{ "system": "urn:oid:2.16.156.10011.1.3", "value": shown.resident_id }]);
    let born = format!("{}-{}-{}", &shown.resident_id[6..10], &shown.resident_id[10..12], &shown.resident_id[12..14]);
    let sex = if shown.resident_id.as_bytes()[16] % 2 == 1 { "male" } else { "female" };
    let patient = json!({
        "resourceType": "Patient", "id": UNKNOWN, "gender": sex, "birthDate": born,
        "name": [{ "use": "official", "text": "欧阳不同" }], "identifier": number,
    });
    let stage = with_staff(&[own, patient]).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    find(&mut visitor, &shown.resident_id).await?;
    let back = stage.there_and_back(&mut visitor, "li.wei", UNKNOWN).await?;
    says(&stage, &visitor.page(&back).await?, 409, "同一证件号码也属于另一个人", "patient-unclear").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_back_is_good_in_the_session_it_was_begun_in_and_for_ten_minutes() -> Result<()> {
    let stage = stage(Database::sqlite().await?, true).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;

    // In the session of somebody else, in another of one's own, and in none.
    let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
    let mut nobody = stage.portal.visitor()?;
    let signed_out = nobody.page(&back).await?;
    assert_eq!((signed_out.status, signed_out.location()), (303, "/sign-in?next=%2Flaunch"));
    let begin = visitor.page("/launch").await?;
    ensure!(begin.status == 200 && begin.body.contains("从医院自己的系统打开"), "{} {}", begin.status, begin.body);
    for username in ["wang.fang", "li.wei"] {
        let mut other = stage.portal.clinician(username).await?;
        let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
        let elsewhere = other.page(&back).await?;
        says(&stage, &elsewhere, 400, "另一个浏览器", "state-elsewhere").await?;
        tells_nothing(&elsewhere, &back)?;
        let spent = visitor.page(&back).await?;
        ensure!(spent.status == 400 && spent.body.contains("已经用过了"), "{} {}", spent.status, spent.body);
    }
    // Begun by patients' programs or not at all.
    let made_up = visitor.page("/launch/callback/city-first?state=made-up-by-me&code=made-up-too").await?;
    ensure!(made_up.status == 400 && made_up.body.contains("对不上"), "{} {}", made_up.status, made_up.body);
    ensure!(!made_up.body.contains("made-up"), "{}", made_up.body);

    let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
    let expire = Query::update().table("source_flow").value("expires_at", 1).to_owned();
    stage.database.connect().await?.execute(&expire).await?;
    says(&stage, &visitor.page(&back).await?, 400, "超过了十分钟", "state-expired").await?;
    // A row that somebody made a patient's opens nowhere.
    let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
    let turned = Query::update().table("source_flow").value("staff", "u:region/somebody-else").to_owned();
    stage.database.connect().await?.execute(&turned).await?;
    says(&stage, &visitor.page(&back).await?, 400, "另一个浏览器", "state-elsewhere").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_has_named_is_not_asked() -> Result<()> {
    let stage = stage(Database::sqlite().await?, true).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    let strange = std::net::TcpListener::bind("127.0.0.1:0")?;
    strange.set_nonblocking(true)?;
    let base = format!("http://{}/fhir", strange.local_addr()?);
    let named = stage.door.base_url.clone();
    let own = testbed::region().await.hospitals.iter().find(|one| one.id == HOSPITAL).context("it")?.base_url.clone();
    for iss in [base.as_str(), "javascript:alert(1)", &format!("{named}/x"), &format!("{named}?x=1"), &own, ""] {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("iss", iss)
            .append_pair("launch", "canary-handle")
            .finish();
        let refused = visitor.page(&format!("/launch?{query}")).await?;
        says(&stage, &refused, 400, "不是本区域已知的系统", "unknown-iss").await?;
        ensure!(!refused.body.contains("canary-handle"), "{}", refused.body);
    }
    let asked = strange.accept();
    ensure!(asked.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "the stranger was asked");
    assert_eq!(stage.door.authorizations(), 0);
    // With a slash at its end it is the same; twice it is none; without a handle it is about nobody.
    let iss: String = form_urlencoded::byte_serialize(named.as_bytes()).collect();
    let slash = visitor.page(&format!("/launch?iss={iss}%2F&launch=x")).await?;
    assert_eq!(slash.status, 302, "{}", slash.body);
    let twice = visitor.page(&format!("/launch?iss={iss}&iss={iss}&launch=x")).await?;
    says(&stage, &twice, 400, "不是本区域已知的系统", "unknown-iss").await?;
    let bare = visitor.page(&format!("/launch?iss={iss}")).await?;
    says(&stage, &bare, 400, "没有说明是哪位患者", "no-launch").await?;
    assert_eq!(stage.remembered("launch.refuse").await?, 8);
    // Who may not open records is not led to one.
    let mut admin = stage.portal.clinician("admin").await?;
    assert_eq!(admin.page(&format!("/launch?iss={iss}&launch=x")).await?.status, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_of_whom_the_directory_says_nothing_are_not_let_in() -> Result<()> {
    let stage = stage(Database::sqlite().await?, false).await?;
    let mut visitor = stage.portal.clinician("li.wei").await?;
    find(&mut visitor, &testbed::region().await.shown_patient().resident_id).await?;
    let back = stage.there_and_back(&mut visitor, "li.wei", &stage.patient).await?;
    says(&stage, &visitor.page(&back).await?, 403, "职工目录没有写明", "staff-no-number").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_portal_takes_in_what_the_other_has_begun() -> Result<()> {
    let database = Database::sqlite().await?;
    apart(database.clone(), database.clone(), database).await?;
    if testbed::quick() {
        return Ok(());
    }
    // Each with its own rights.
    let split = SplitDatabase::new().await?;
    apart(split.internal, split.external, split.all).await
}

async fn apart(inside: Database, outside: Database, all: Database) -> Result<()> {
    const BEHIND: &str = "university";
    let stage = stage(inside, true).await?;
    let region = testbed::region().await;
    let shown = region.shown_patient();
    let behind = region.hospitals.iter().find(|one| one.id == BEHIND).context("the other hospital")?;
    let others = region.with_hospitals(region.hospitals.iter().filter(|one| one.id != BEHIND).cloned().collect());
    let mut outside = TestPortal::external(&outside, &others, &[shown]).await?;
    let known = DoorPatient { id: there(region, BEHIND)?, name: shown.name.clone(), resident_id: None };
    let people = client(format!("{}/connections/callback/lakeside", outside.url()), vec![known], "patients");
    let theirs = RunningSmart::start(door(&behind.base_url, people)?).await?;
    outside.stop();
    let source = format!(
        "[[source]]\nid = \"lakeside\"\nname = {{ zh = \"湖滨\", en = \"Lakeside\" }}\nplatform = \"{}\"\n\
         environment = \"sandbox\"\nbase_url = \"{}\"\nauth = {{ kind = \"smart-patient\", client_id = \"patients\", \
         scopes = \"openid launch/patient patient/*.read\" }}\n",
        behind.platform, theirs.base_url
    );
    outside.add_sources(&source.parse()?)?;
    outside.serve().await?;
    let mut patient = outside.patient(shown).await?;
    let mut clinician = stage.portal.clinician("li.wei").await?;
    find(&mut clinician, &shown.resident_id).await?;

    patient.page("/connections/new/lakeside").await?;
    let leaving = patient.post_form("/connections/new/lakeside", &[]).await?;
    let url: Url = leaving.header("refresh").strip_prefix("0; url=").context("no way on")?.parse()?;
    let kept: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let form = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let own = there(region, BEHIND)?;
    let form: Vec<(&str, &str)> = form.chain([("patient", own.as_str()), ("decision", "allow")]).collect();
    let mut hospital = Visitor::new(theirs.base_url.trim_end_matches("/fhir"))?;
    let connecting = hospital.post_form_with("/auth/authorize", &form, None).await?.location().to_owned();
    let connecting = connecting.strip_prefix(outside.url()).context("not back")?;
    let launching = stage.there_and_back(&mut clinician, "li.wei", &stage.patient).await?;
    let query = |path: &str| path.split_once('?').map_or("", |(_, query)| query).to_owned();

    let taken = clinician.page(&format!("/launch/callback/city-first?{}", query(connecting))).await?;
    ensure!(taken.status == 400 && taken.body.contains("对不上"), "{} {}", taken.status, taken.body);
    let taken = patient.page(&format!("/connections/callback/lakeside?{}", query(&launching))).await?;
    ensure!(taken.status == 400 && taken.body.contains("对不上"), "{} {}", taken.status, taken.body);
    // Neither is used up by it.
    let connected = patient.page(connecting).await?;
    ensure!(connected.location().starts_with("/connections?done="), "{} {}", connected.status, connected.body);
    let launched = clinician.page(&launching).await?;
    ensure!(launched.location().ends_with("/summary"), "{} {}", launched.status, launched.body);

    // Nor when somebody makes the one the other in the database: it is sealed for what it was begun as.
    let launching = stage.there_and_back(&mut clinician, "li.wei", &stage.patient).await?;
    let turned = Query::update().table("source_flow").value("kind", "connection").to_owned();
    all.connect().await?.execute(&turned).await?;
    let taken = patient.page(&format!("/connections/callback/lakeside?{}", query(&launching))).await?;
    ensure!(taken.status >= 400, "{} {}", taken.status, taken.body);
    Ok(())
}
