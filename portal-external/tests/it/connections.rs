//! Patients connect a hospital outside the region: through the portal's face and the hospital's.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use sandbox::{DoorPatient, Known, PeopleClient, RunningSmart, SmartConfig, SmartMode};
use testbed::{Answer, Database, Hospital, Patient, Region, TestPortal, Visitor};
use url::{Url, form_urlencoded};

use super::own;

/// The hospital of the sandbox that is behind the door.
const BEHIND: &str = "university";
const SCOPES: &str = "launch/patient openid fhirUser offline_access patient/*.read";

pub(super) struct Stage {
    pub region: Region,
    pub portal: TestPortal,
    door: RunningSmart,
    database: Database,
    /// What the portal has in its `sources.toml` for the hospital behind the door.
    pub behind: toml::Table,
}

/// Two who are known at the hospital behind the door and elsewhere.
pub(super) fn people(region: &Region) -> Result<(Patient, Patient)> {
    let known = |one: &&Patient| one.hospitals.iter().any(|(at, _)| at == BEHIND) && one.hospitals.len() > 1;
    let shown = region.shown_patient();
    let other = region.patients.iter().filter(known).find(|one| one.resident_id != shown.resident_id);
    Ok((shown.clone(), other.context("a second patient")?.clone()))
}

fn others(all: &Region) -> Region {
    all.with_hospitals(all.hospitals.iter().filter(|one| one.id != BEHIND).cloned().collect())
}

pub(super) fn there(patient: &Patient) -> Result<&str> {
    let known = patient.hospitals.iter().find(|(at, _)| at == BEHIND);
    known.map(|(_, id)| id.as_str()).context("known behind the door")
}

async fn stage() -> Result<Stage> {
    stage_with("").await
}

/// The hospital behind the door.
pub(super) fn behind(all: &Region) -> Result<&Hospital> {
    all.hospitals.iter().find(|one| one.id == BEHIND).context("the hospital")
}

async fn stage_with(more: &str) -> Result<Stage> {
    Stage::start(Database::sqlite().await?, more, &behind(testbed::region().await)?.base_url).await
}

impl Stage {
    /// A portal of the other hospitals, with that one, asked at `upstream`, offered to patients; `more` is of how they sign in there.
    pub async fn start(database: Database, more: &str, upstream: &str) -> Result<Self> {
        let all = testbed::region().await;
        let (shown, other) = people(all)?;
        let mut portal = TestPortal::external(&database, &others(all), &[&shown, &other]).await?;
        let patient = |one: &Patient| -> Result<DoorPatient> {
            let resident_id = Some(one.resident_id.clone());
            Ok(DoorPatient { id: there(one)?.to_owned(), name: one.name.clone(), resident_id })
        };
        let door = RunningSmart::start(SmartConfig {
            listen: "127.0.0.1:0".parse()?,
            upstream: upstream.parse()?,
            client_id: String::new(),
            client: Known::Nobody,
            scopes: Vec::new(),
            lives_s: 300,
            people: Some(PeopleClient {
                client_id: "regional-portal-patients".to_owned(),
                secret: None,
                redirect_uris: vec![format!("{}/connections/callback/lakeside", portal.url())],
                patients: vec![patient(&shown)?, patient(&other)?],
            }),
        })
        .await?;
        portal.stop();
        let source = format!(
            "[[source]]\nid = \"lakeside\"\nname = {{ zh = \"湖滨国际医院\", en = \"Lakeside\" }}\nplatform = \"{}\"\n\
         environment = \"sandbox\"\nbase_url = \"{}\"\ntimeout_ms = 8000\nauth = {{ kind = \"smart-patient\", \
         client_id = \"regional-portal-patients\", scopes = \"{SCOPES}\"{more} }}\n",
            behind(all)?.platform,
            door.base_url
        );
        let source: toml::Table = source.parse()?;
        portal.add_sources(&source)?;
        portal.serve().await?;
        Ok(Self { region: all.clone(), portal, door, database, behind: source })
    }

    /// The region without the hospital behind the door.
    pub fn others(&self) -> Region {
        others(&self.region)
    }

    /// Another process of the portal on the same database and keys, with the same hospitals.
    async fn replica(&self) -> Result<TestPortal> {
        let mut replica = TestPortal::external(&self.database, &self.others(), &[]).await?;
        replica.stop();
        replica.add_sources(&self.behind)?;
        replica.serve().await?;
        Ok(replica)
    }

    /// Goes to the hospital, and says there who one is and what one decides. Where the browser is sent back to.
    pub async fn there_and_back(&self, visitor: &mut Visitor, patient: &str, decision: &str) -> Result<String> {
        let (origin, kept) = self.depart(visitor).await?;
        let kept = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form: Vec<(&str, &str)> = kept.chain([("patient", patient), ("decision", decision)]).collect();
        let back = Visitor::new(&origin)?.post_form_with("/auth/authorize", &form, None).await?;
        let home = back.location().strip_prefix(self.portal.url()).context("not back to the portal")?;
        Ok(home.to_owned())
    }

    /// The hospital's origin, and what its page is asked with.
    async fn depart(&self, visitor: &mut Visitor) -> Result<(String, HashMap<String, String>)> {
        let consent = visitor.page("/connections/new/lakeside").await?;
        ensure!(consent.status == 200 && consent.body.contains("湖滨国际医院"), "{}", consent.body);
        ensure!(consent.body.contains("只有您自己"), "who sees it: {}", consent.body);
        let leaving = visitor.post_form("/connections/new/lakeside", &[]).await?;
        ensure!(leaving.status == 200, "{} {}", leaving.status, leaving.body);
        ensure!(
            leaving.header("referrer-policy") == "no-referrer" && leaving.header("cache-control").contains("no-store")
        );
        let url: Url = leaving.header("refresh").strip_prefix("0; url=").context("no way on")?.parse()?;
        ensure!(url.as_str().starts_with(&self.door.authorize_url), "{url}");
        Ok((url.origin().ascii_serialization(), url.query_pairs().into_owned().collect()))
    }

    async fn sources_of_labs(&self, visitor: &mut Visitor) -> Result<Vec<(String, String)>> {
        let id = own(visitor).await?;
        let record = visitor.get(&format!("/api/v1/people/{id}/record/lab-results")).await?.json();
        let of = |one: &serde_json::Value| Some((one["id"].as_str()?.to_owned(), one["state"].as_str()?.to_owned()));
        Ok(record["sources"].as_array().context("no sources")?.iter().filter_map(of).collect())
    }
}

/// No job runs here: what its owner says of the copy is all that moves it.
async fn copied(visitor: &mut Visitor, id: &str) -> Result<()> {
    let copy = format!("/connections/{id}/copy");
    let state = async |visitor: &mut Visitor| -> Result<serde_json::Value> {
        Ok(visitor.get("/api/v1/connections").await?.json()["items"][0]["copy"]["state"].clone())
    };
    assert_eq!(state(visitor).await?, "wanted");
    let page = visitor.page("/connections").await?.body;
    ensure!(page.contains("马上开始制作") && page.contains("hx-trigger=\"load delay:2s\""), "{page}");
    let paused = visitor.post_form(&copy, &[("step", "pause")]).await?;
    assert_eq!((paused.status, paused.location()), (303, format!("/connections#copy-{id}").as_str()));
    assert_eq!(state(visitor).await?, "paused");
    let page = visitor.page("/connections").await?.body;
    ensure!(page.contains("已暂停") && page.contains("继续") && !page.contains("load delay:2s"), "{page}");
    assert_eq!(visitor.post_form(&copy, &[("step", "remove")]).await?.status, 303);
    assert_eq!(state(visitor).await?, "none");
    let page = visitor.page("/connections").await?.body;
    ensure!(page.contains("没有副本") && !page.contains("删除副本"), "{page}");
    visitor.post_form(&copy, &[("step", "start")]).await?;
    visitor.post_form(&copy, &[("step", "pause")]).await?;
    assert_eq!(visitor.post_form(&copy, &[("step", "burn")]).await?.status, 422);
    assert_eq!(state(visitor).await?, "paused");
    let api = format!("/api/v1{copy}");
    assert_eq!(
        visitor.json(poem::http::Method::POST, &api, Some(&serde_json::json!({ "step": "start" }))).await?.json()["state"],
        "wanted"
    );
    assert_eq!(
        visitor.json(poem::http::Method::POST, &api, Some(&serde_json::json!({ "step": "burn" }))).await?.status,
        422
    );
    Ok(())
}

/// Nothing that is good for a token stands in a page that says what went wrong.
fn tells_nothing(answer: &Answer, back: &str) -> Result<()> {
    let query = back.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let secret = matches!(&*name, "code" | "state");
        ensure!(!secret || !answer.body.contains(&*value), "{name} stands in the page: {}", answer.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_is_connected_read_beside_the_rest_and_given_back() -> Result<()> {
    let stage = stage().await?;
    let (shown, other) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let before = stage.sources_of_labs(&mut visitor).await?;
    ensure!(before.iter().all(|(id, _)| id != "lakeside"), "asked without a connection: {before:?}");
    let page = visitor.page("/connections").await?;
    ensure!(page.status == 200 && page.body.contains("/connections/new/lakeside"), "{}", page.body);
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    // Fetched in advance, or asked after, it is not used up.
    let early = visitor.knock("GET", &back, &[("sec-purpose", "prefetch"), ("accept", "text/html")], None).await?;
    assert_eq!((early.status, visitor.head(&back).await?.status), (425, 425));
    let done = visitor.page(&back).await?;
    ensure!(done.status == 303 && done.location().starts_with("/connections?done="), "{} {}", done.status, done.body);
    let page = visitor.page(done.location()).await?;
    ensure!(page.body.contains("已连接湖滨国际医院") && page.body.contains("全部病历"), "{}", page.body);
    let after = stage.sources_of_labs(&mut visitor).await?;
    ensure!(after.contains(&("lakeside".to_owned(), "answered".to_owned())), "{after:?}");
    let again = visitor.page(&back).await?;
    ensure!(again.status == 400 && again.body.contains("已经用过了"), "{} {}", again.status, again.body);
    tells_nothing(&again, &back)?;

    let listed = visitor.get("/api/v1/connections").await?.json();
    let id = listed["items"][0]["id"].as_str().context("no connection")?.to_owned();
    copied(&mut visitor, &id).await?;
    // Another patient neither sees it nor ends it.
    let mut stranger = stage.portal.patient(&other).await?;
    let theirs = stranger.page(done.location()).await?;
    ensure!(!theirs.body.contains("已连接湖滨国际医院"), "{}", theirs.body);
    let disconnect = format!("/connections/{id}/disconnect");
    assert_eq!(stranger.page(&disconnect).await?.status, 404);
    assert_eq!(stranger.post_form(&disconnect, &[]).await?.status, 404);
    let copy = format!("/connections/{id}/copy");
    assert_eq!(stranger.post_form(&copy, &[("step", "start")]).await?.status, 404);
    let api = format!("/api/v1/connections/{id}");
    assert_eq!(stranger.json("DELETE".parse()?, &api, None).await?.status, 404);

    let ask = visitor.page(&disconnect).await?;
    ensure!(ask.status == 200 && ask.body.contains("什么都不会删除"), "{}", ask.body);
    let ended = visitor.post_form(&disconnect, &[]).await?;
    ensure!(ended.status == 303 && ended.location().starts_with("/connections?ended=told."), "{}", ended.body);
    let says = visitor.page(ended.location()).await?;
    ensure!(says.body.contains("已断开") && says.body.contains("role=\"status\""), "{}", says.body);
    is_told_to_nobody_else(&stage, (&shown, &mut visitor), &mut stranger, [done.location(), ended.location()]).await?;
    assert_eq!(stage.door.revocations(), 1);
    assert_eq!(stage.sources_of_labs(&mut visitor).await?, before);
    let log = stage.portal.log();
    for (name, value) in form_urlencoded::parse(back.split_once('?').context("a query")?.1.as_bytes()) {
        ensure!(!matches!(&*name, "code" | "state") || !log.contains(&*value), "{name} is in the log");
    }
    Ok(())
}

/// An address of somebody else's making, or of another session, says nothing of what was done.
async fn is_told_to_nobody_else(
    stage: &Stage,
    (own, visitor): (&Patient, &mut Visitor),
    stranger: &mut Visitor,
    addresses: [&str; 2],
) -> Result<()> {
    let silent = |answer: &Answer| !answer.body.contains("class=\"note ");
    let seal = addresses[1].rsplit('.').next().context("a seal")?;
    let made_up = ["ended=told", "ended=untold", "ended=all", "done=lakeside", "again=1", "ended=told.1.x"];
    let turned = [format!("ended=all.{seal}"), addresses[1].replace("told.", "all.").replace("/connections?", "")];
    for query in made_up.into_iter().chain(turned.iter().map(String::as_str)) {
        let page = visitor.page(&format!("/connections?{query}")).await?;
        ensure!(page.status == 200 && silent(&page), "{query}: {}", page.body);
    }
    let mut elsewhere = stage.portal.patient(own).await?;
    for address in addresses {
        for other in [&mut *stranger, &mut elsewhere] {
            let page = other.page(address).await?;
            ensure!(page.status == 200 && silent(&page), "{address}: {}", page.body);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ones_own_or_not_agreed_to_is_not_connected() -> Result<()> {
    let stage = stage().await?;
    let (shown, other) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let mut nobody = stage.portal.visitor()?;

    let back = stage.there_and_back(&mut visitor, there(&shown)?, "deny").await?;
    let denied = visitor.page(&back).await?;
    ensure!(denied.status == 200 && denied.body.contains("您没有同意"), "{} {}", denied.status, denied.body);
    tells_nothing(&denied, &back)?;

    let back = stage.there_and_back(&mut visitor, there(&other)?, "allow").await?;
    let another = visitor.page(&back).await?;
    ensure!(another.status == 400 && another.body.contains("另一个人的病历"), "{} {}", another.status, another.body);
    tells_nothing(&another, &back)?;

    // In the session of somebody else, and in none.
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let unknown = nobody.page(&back).await?;
    assert_eq!((unknown.status, unknown.location()), (303, "/sign-in?next=%2Fconnections%3Fagain%3D1"));
    let mut stranger = stage.portal.patient(&other).await?;
    let elsewhere = stranger.page(&back).await?;
    ensure!(elsewhere.status == 400 && elsewhere.body.contains("另一个浏览器"), "{}", elsewhere.body);
    tells_nothing(&elsewhere, &back)?;

    let made_up = visitor.page("/connections/callback/lakeside?state=made-up-by-me&code=made-up-too").await?;
    ensure!(made_up.status == 400 && made_up.body.contains("对不上"), "{} {}", made_up.status, made_up.body);
    ensure!(!made_up.body.contains("made-up"), "{}", made_up.body);

    // What a hospital says is said back as text.
    stage.door.set_mode(SmartMode::DenyingPeople);
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let said = visitor.page(&back).await?;
    ensure!(said.body.contains("&lt;script&gt;") && !said.body.contains("<script>alert"), "{}", said.body);
    stage.door.set_mode(SmartMode::WrongIss);
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let mixed_up = visitor.page(&back).await?;
    ensure!(mixed_up.status == 400 && mixed_up.body.contains("不是这家医院发出的"), "{}", mixed_up.body);
    stage.door.set_mode(SmartMode::Ok);

    let listed = visitor.get("/api/v1/connections").await?.json();
    assert_eq!(listed, serde_json::json!({ "items": [] }));
    assert_eq!(visitor.page("/connections/new/nowhere").await?.status, 404);
    assert_eq!(visitor.post_form("/connections/new/city-first", &[]).await?.status, 404);
    Ok(())
}

/// What stands in the hidden fields of a page.
fn hidden(page: &str) -> HashMap<String, String> {
    let field = |part: &str| {
        let (name, rest) = part.split_once('"')?;
        let value = rest.split_once("value=\"")?.1.split_once('"')?.0;
        Some((name.to_owned(), value.replace("&amp;", "&").replace("&#x2F;", "/")))
    };
    page.split("<input type=\"hidden\" name=\"").skip(1).filter_map(field).collect()
}

/// What the page of another site posts: no cookie of ours comes with it.
async fn brought(stage: &Stage, fields: &[(&str, &str)]) -> Result<Answer> {
    let origin = stage.door.authorize_url.parse::<Url>()?.origin().ascii_serialization();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let headers = [("origin", origin.as_str()), ("sec-fetch-site", "cross-site"), kind, ("accept", "text/html")];
    Visitor::new(stage.portal.url())?.knock("POST", "/connections/callback/lakeside", &headers, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_as_a_form_is_taken_in_for_whoever_began() -> Result<()> {
    let stage = stage_with(", response_mode = \"form-post\", authorize_by = \"post\"").await?;
    let (shown, other) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let leaving = visitor.post_form("/connections/new/lakeside", &[]).await?;
    let door: Url = stage.door.authorize_url.parse()?;
    let origin = door.origin().ascii_serialization();
    let policy = leaving.header("content-security-policy");
    ensure!(
        policy.contains(&format!("form-action 'self' {origin};")) && leaving.header("refresh").is_empty(),
        "{policy}"
    );
    ensure!(leaving.body.contains(&format!("action=\"{}\"", stage.door.authorize_url)), "{}", leaving.body);
    let request = hidden(&leaving.body);
    ensure!(request["response_mode"] == "form_post" && request["code_challenge_method"] == "S256", "{request:?}");
    let request = request.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let form: Vec<(&str, &str)> = request.chain([("patient", there(&shown)?), ("decision", "allow")]).collect();
    let page = Visitor::new(&origin)?.post_form_with("/auth/authorize", &form, None).await?;
    let answer = hidden(&page.body);
    let answer: Vec<(&str, &str)> = answer.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let value = |wanted: &str| answer.iter().find(|(name, _)| *name == wanted).map_or("", |(_, value)| *value);

    let back = brought(&stage, &answer).await?;
    ensure!(back.status == 303 && back.header("set-cookie").is_empty(), "{} {}", back.status, back.body);
    let back = back.location().to_owned();
    ensure!(back.starts_with("/connections/callback?flow=") && !back.contains(value("code")), "{back}");
    // What comes second does not take its place, and a made-up one leads nowhere.
    let second = [("state", value("state")), ("code", "made-up"), ("iss", value("iss"))];
    let late = brought(&stage, &second).await?.location().to_owned();
    ensure!(back.starts_with(&late) && back != late && !late.contains("receipt"), "{late} {back}");
    let made_up = brought(&stage, &[("state", "made-up"), ("code", "made-up")]).await?;
    assert_eq!(visitor.page(made_up.location()).await?.status, 400);
    // Another's browser that is led there gets nothing and uses nothing up; one without a session has to sign in.
    let mut stranger = stage.portal.patient(&other).await?;
    assert_eq!(stranger.page(&late).await?.status, 400);
    assert_eq!(stranger.page(&format!("{late}&receipt=made-up")).await?.status, 400);
    let unknown = Visitor::new(stage.portal.url())?.page(&back).await?;
    assert_eq!((unknown.status, unknown.location()), (303, "/sign-in?next=%2Fconnections%3Fagain%3D1"));
    let done = visitor.page(&back).await?;
    ensure!(done.status == 303 && done.location().starts_with("/connections?done="), "{} {}", done.status, done.body);
    assert_eq!(visitor.page(&back).await?.status, 400);
    Ok(())
}

/// Somebody begins, has another person go to the hospital for them, and wants to end it with what that person brings.
#[tokio::test(flavor = "multi_thread")]
async fn what_anothers_browser_brings_is_nobodys() -> Result<()> {
    for follows in [true, false] {
        for mode in ["form-post", "fragment"] {
            let stage = stage_with(&format!(", response_mode = \"{mode}\"")).await?;
            let (shown, other) = people(&stage.region)?;
            let (mut attacker, mut victim) = (stage.portal.patient(&shown).await?, stage.portal.patient(&other).await?);
            let leaving = attacker.post_form("/connections/new/lakeside", &[]).await?;
            let url: Url = leaving.header("refresh").strip_prefix("0; url=").context("no way on")?.parse()?;
            let kept: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            let request = kept.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let form: Vec<(&str, &str)> = request.chain([("patient", there(&shown)?), ("decision", "allow")]).collect();
            let origin = stage.door.authorize_url.parse::<Url>()?.origin().ascii_serialization();
            let page = Visitor::new(&origin)?.post_form_with("/auth/authorize", &form, None).await?;
            let answer: Vec<(String, String)> = match page.location().split_once('#') {
                Some((_, behind)) => form_urlencoded::parse(behind.as_bytes()).into_owned().collect(),
                None => hidden(&page.body).into_iter().collect(),
            };
            let answer: Vec<(&str, &str)> =
                answer.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let state = answer.iter().find(|(name, _)| *name == "state").context("a state")?.1;

            // The victim's browser brings it, and may go on; the attacker's gets no receipt.
            let on = brought(&stage, &answer).await?.location().to_owned();
            if follows {
                let refused = victim.page(&on).await?;
                ensure!(refused.status == 400, "{mode}: {} {}", refused.status, refused.body);
            }
            let own = brought(&stage, &[("state", state), ("code", "mine")]).await?.location().to_owned();
            let refused = attacker.page(&own).await?;
            ensure!(refused.status == 400, "{mode}: {} {}", refused.status, refused.body);
            assert_eq!((stage.door.granted(), attacker.page(&on).await?.status), (0, 400), "{mode}");
            let listed = attacker.get("/api/v1/connections").await?.json();
            assert_eq!(listed["items"].as_array().map(Vec::len), Some(0), "{mode}: {listed}");
        }
    }
    Ok(())
}

/// A hospital passes people on to another with its own state: what that one answers comes to its own address.
#[tokio::test(flavor = "multi_thread")]
async fn what_one_hospital_answers_is_not_taken_to_another() -> Result<()> {
    let stage = stage().await?;
    let (shown, _) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    for elsewhere in ["/connections/callback/city-first", "/connections/callback/nowhere", "/connections/callback"] {
        let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
        let (at, query) = back.split_once('?').context("an answer")?;
        assert_eq!(at, "/connections/callback/lakeside");
        let refused = visitor.page(&format!("{elsewhere}?{query}")).await?;
        ensure!(
            refused.status == 400 && refused.body.contains("不是这家医院发出的"),
            "{elsewhere}: {} {}",
            refused.status,
            refused.body
        );
    }
    assert_eq!(stage.door.granted(), 0, "a code went to another hospital's token endpoint");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_in_another_way_than_asked_for_is_refused() -> Result<()> {
    let stage = stage_with(", response_mode = \"fragment\"").await?;
    let (shown, _) = people(&stage.region)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let (path, behind) = back.split_once('#').context("nothing behind the address")?;
    let arriving = visitor.page(path).await?;
    ensure!(arriving.status == 200 && arriving.body.contains("id=\"arrive\""), "{}", arriving.body);
    let query = visitor.page(&format!("{path}?{behind}")).await?;
    ensure!(query.status == 400 && query.body.contains("与约定的不同"), "{} {}", query.status, query.body);
    assert_eq!(visitor.get("/api/v1/connections").await?.json()["items"].as_array().map(Vec::len), Some(0));

    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let fields: Vec<(String, String)> =
        form_urlencoded::parse(back.split_once('#').context("nothing behind the address")?.1.as_bytes())
            .into_owned()
            .collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let on = brought(&stage, &fields).await?;
    let done = visitor.page(on.location()).await?;
    ensure!(done.status == 303 && done.location().starts_with("/connections?done="), "{} {}", done.status, done.body);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journey_begun_at_a_replica_that_is_killed_ends_at_another_and_only_once() -> Result<()> {
    let mut stage = Stage::start(Database::postgres().await?, "", &behind(testbed::region().await)?.base_url).await?;
    let (shown, _) = people(&stage.region)?;
    let other = stage.replica().await?;
    let mut here = stage.portal.patient(&shown).await?;
    let back = stage.there_and_back(&mut here, there(&shown)?, "allow").await?;
    tokio::task::block_in_place(|| stage.portal.kill())?;

    // Behind a balancer the browser sees one address: it comes back with the same cookies.
    let mut visitor = other.visitor()?;
    visitor.cookies().extend(here.cookies().clone());
    let done = visitor.page(&back).await?;
    ensure!(done.status == 303 && done.location().starts_with("/connections?done="), "{} {}", done.status, done.body);
    let connected = visitor.get("/api/v1/connections").await?.json();
    assert_eq!(connected["items"].as_array().map(Vec::len), Some(1), "{connected}");

    // The code is spent: the first, started again, knows it from the database alone.
    stage.portal.serve().await?;
    let again = here.page(&back).await?;
    ensure!(again.status == 400 && again.body.contains("已经用过了"), "{} {}", again.status, again.body);
    tells_nothing(&again, &back)?;
    let answered = ("lakeside".to_owned(), "answered".to_owned());
    for browser in [&mut here, &mut visitor] {
        let listed = browser.get("/api/v1/connections").await?.json();
        assert_eq!(listed["items"][0]["id"], connected["items"][0]["id"], "{listed}");
        let labs = stage.sources_of_labs(browser).await?;
        ensure!(labs.contains(&answered), "{labs:?}");
    }
    Ok(())
}
