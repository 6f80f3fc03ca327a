//! The regional index through its public face: lists, pinyin, the stewards' queue.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use testbed::{Database, TestPortal, Visitor};

use super::find;

/// Two records of one woman, a namesake's, and twins; numbers of an area that is not assigned.
const LIST: &str = "source,patient,name,sex,birth_date,resident_id,phone,record_number\n\
    city-first,x1,贾雪芹,female,1964-03-18,999009196403180328,13800000526,XQ-1\n\
    university,x1,賈雪芹,female,1964-03-18,,138 0000 0526,XQ-2\n\
    university,x2,单于飞,male,1985-07-12,999009198507120177,13911112222,\n\
    city-first,x3,马思源,male,2010-02-28,,13722223333,\n\
    university,x3,马思远,male,2010-02-28,,13722223333,\n";

const REASON: &str = "电话核实：本人";

async fn listed(database: &Database) -> Result<TestPortal> {
    let portal = TestPortal::internal(database, testbed::region().await).await?;
    let file = database.folder().join("patients.csv");
    std::fs::write(&file, LIST)?;
    let told = portal.tool(&["index", "import", &file.display().to_string()])?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.status.success(), "{said} {}", String::from_utf8_lossy(&told.stderr));
    ensure!(said.contains("5 patients taken, 0 lines are wrong"), "{said}");
    Ok(portal)
}

async fn pairs(steward: &mut Visitor) -> Result<Vec<Value>> {
    let answer = steward.get("/api/v1/index/pairs").await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json()["items"].as_array().cloned().unwrap_or_default())
}

fn called(pair: &Value) -> String {
    format!("{} {}", pair["a"]["names"][0].as_str().unwrap_or("?"), pair["b"]["names"][0].as_str().unwrap_or("?"))
}

async fn decide(steward: &mut Visitor, id: &str, decision: &str) -> Result<u16> {
    let body = json!({ "decision": decision, "reason": REASON });
    let answer = steward.json("POST".parse()?, &format!("/api/v1/index/pairs/{id}"), Some(&body)).await?;
    Ok(answer.status)
}

async fn search(visitor: &mut Visitor, q: &str) -> Result<Value> {
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&json!({ "q": q }))).await?;
    ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_steward_links_two_records_and_takes_it_back() -> Result<()> {
    for database in testbed::databases().await {
        let portal = listed(&database).await?;
        let mut steward = portal.clinician("he.jing").await?;
        let mut clinician = portal.clinician("li.wei").await?;
        let waiting = pairs(&mut steward).await?;
        let names: Vec<String> = waiting.iter().map(called).collect();
        ensure!(names == ["贾雪芹 賈雪芹", "马思源 马思远"], "{names:?}");
        ensure!(!waiting[0].to_string().contains("13800000526"), "a phone in full: {}", waiting[0]);
        let id = waiting[0]["id"].as_str().context("an id")?.to_owned();

        ensure!(search(&mut clinician, "jiaxueqin").await?["items"].as_array().map(Vec::len) == Some(2), "two people");
        let page = steward.get(&format!("/admin/index?pair={id}")).await?;
        ensure!(page.status == 200 && page.body.contains("LZ "), "{}: {}", page.status, page.body);
        let refused =
            steward.post_form(&format!("/admin/index/pairs/{id}"), &[("decision", "link"), ("reason", "")]).await?;
        ensure!(refused.status == 422 && refused.body.contains("why-problem"), "{}: {}", refused.status, refused.body);
        let form = [("decision", "link"), ("reason", REASON)];
        let linked = steward.post_form(&format!("/admin/index/pairs/{id}"), &form).await?;
        ensure!(linked.status == 303, "{}: {}", linked.status, linked.body);
        let page = steward.get(linked.location()).await?;
        ensure!(page.body.contains(REASON), "the decision is not among the latest: {}", page.body);

        let found = search(&mut clinician, "jiaxueqin").await?;
        ensure!(found["items"].as_array().map(Vec::len) == Some(1), "one person: {found}");
        ensure!(found["items"][0]["sources"].as_array().map(Vec::len) == Some(2), "{found}");
        let person = found["items"][0]["id"].as_str().context("an id")?;
        let links = clinician.get(&format!("/api/v1/patients/{person}/links")).await?.json();
        ensure!(links.to_string().contains("\"steward\""), "{links}");
        ensure!(decide(&mut steward, &id, "do-not-link").await? == 409, "decided twice");
        ensure!(decide(&mut steward, &id, "undo").await? == 200, "not undone");
        ensure!(search(&mut clinician, "jiaxueqin").await?["items"].as_array().map(Vec::len) == Some(2), "two again");
        let again: Vec<String> = pairs(&mut steward).await?.iter().map(called).collect();
        ensure!(again == names, "{again:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_stewards_and_administrators_see_the_queue() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = listed(&database).await?;
    let mut steward = portal.clinician("he.jing").await?;
    let id = pairs(&mut steward).await?[0]["id"].as_str().context("an id")?.to_owned();
    for username in ["li.wei", "zhou.ming", "ma.qiang"] {
        let mut other = portal.clinician(username).await?;
        for path in ["/admin/index", "/api/v1/index/pairs", &format!("/admin/index?pair={id}")] {
            let answer = other.get(path).await?;
            ensure!(answer.status == 404 && !answer.body.contains("雪芹"), "{username} {path}: {}", answer.status);
        }
        ensure!(decide(&mut other, &id, "link").await? == 404, "{username}");
        ensure!(!other.get("/").await?.body.contains("/admin/index"), "{username} is shown the way");
    }
    ensure!(steward.get("/").await?.body.contains("/admin/index"), "the way is not shown");
    ensure!(decide(&mut steward, "00000000-0000-7000-8000-000000000009", "link").await? == 404);
    ensure!(decide(&mut steward, &id, "marry").await? == 422);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_a_page_in_both_languages() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = listed(&database).await?;
    for (language, word) in [("zh-CN", "主索引核对"), ("en", "Patient index review")] {
        let mut steward = portal.clinician("he.jing").await?.speaking(language);
        let page = steward.get("/admin/index").await?;
        ensure!(page.status == 200 && page.body.contains(word), "{language}: {} {}", page.status, page.body);
        ensure!(page.body.contains("<svg class=\"score\""), "{language}: no scale");
        ensure!(!page.body.contains("13800000526") && !page.body.contains("999009196403180328"), "not masked");
        let unknown = steward.get("/admin/index?number=LZ+0000+0000+00").await?;
        ensure!(unknown.status == 422, "{}", unknown.status);
        let number = page.body.split("class=\"num\">LZ ").nth(1).and_then(|rest| rest.get(..12)).context("a number")?;
        let explained = steward.get(&format!("/admin/index?number=LZ+{}", number.replace(' ', "+"))).await?;
        ensure!(explained.status == 200 && explained.body.contains("id=\"q6\""), "{}", explained.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_what_no_hospital_can_be_asked() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = listed(&database).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    for (q, name) in [
        ("chanyufei", "单于飞"),
        ("danyufei", "单于飞"),
        ("syf", "单于飞"),
        ("2222", "单于飞"),
        ("139 1111 2222", "单于飞"),
        ("单于飞", "单于飞"),
        ("xq1", "贾雪芹"),
    ] {
        let found = search(&mut clinician, q).await?;
        let names: Vec<&str> =
            found["items"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        ensure!(names.contains(&name), "{q}: {found}");
    }
    let found = search(&mut clinician, "syf").await?;
    let all = testbed::region().await.hospitals.len();
    ensure!(found["not_swept"].as_array().map(Vec::len) == Some(all), "{found}");
    ensure!(!portal.log().contains("13911112222"), "a phone in the log");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swept_hospital_is_found_by_pinyin_and_said_to_be_whole() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let plain = region.hospitals.iter().find(|one| one.platform == "plain").context("a plain hospital")?;
    let told = portal.tool(&["index", "sweep", &plain.id])?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.status.success(), "{said} {}", String::from_utf8_lossy(&told.stderr));
    ensure!(said.starts_with(&format!("{}: finished, ", plain.id)), "{said}");
    let mut clinician = portal.clinician("li.wei").await?;
    let shown = region.shown_patient();
    let initials: String = shown.pinyin.split_whitespace().filter_map(|part| part.chars().next()).collect();
    let found = search(&mut clinician, &shown.pinyin).await?;
    ensure!(found.to_string().contains(&shown.name), "{found}");
    ensure!(!found["not_swept"].to_string().contains(&plain.id), "{}", found["not_swept"]);
    ensure!(search(&mut clinician, &initials).await?.to_string().contains(&shown.name), "{initials}");
    let id = find(&mut clinician, &shown.resident_id).await?;
    ensure!(found.to_string().contains(&id), "somebody else of the name: {found}");
    // Twice is once.
    let again = portal.tool(&["index", "sweep", &plain.id])?;
    ensure!(again.status.success() && String::from_utf8_lossy(&again.stdout) == said, "{said}");
    let unknown = portal.tool(&["index", "sweep", "nowhere"])?;
    ensure!(unknown.status.code() == Some(1), "{unknown:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_list_exits_with_one() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, testbed::region().await).await?;
    let csv = database.folder().join("patients.csv").display().to_string();
    let ndjson = database.folder().join("patients.ndjson").display().to_string();
    std::fs::write(&csv, "patient,colour\n")?;
    std::fs::write(&ndjson, "{}\n")?;
    let no_file = format!("{csv}-not-there");
    for arguments in [
        &[csv.as_str()][..],
        &[&csv, "--source", "nowhere"],
        &[&ndjson],
        &[&no_file],
        &[&ndjson, "--source", "nowhere"],
    ] {
        let told = portal.tool(&[&["index", "import"], arguments].concat())?;
        ensure!(told.status.code() == Some(1) && !told.stderr.is_empty(), "{arguments:?}: {told:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_export_is_read_as_the_hospital_s_answers_are() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, testbed::region().await).await?;
    let file = database.folder().join("patients.ndjson");
    let line = json!({
        "resourceType": "Patient", "id": "n1", "gender": "female", "birthDate": "1964-03-18",
        "name": [{ "use": "old", "text": "贾小芹" }, { "family": "贾", "given": ["雪芹"] }],
        "telecom": [{ "system": "phone", "value": "138 0000 0526" }],
    });
    std::fs::write(&file, format!("{line}\n{{\"resourceType\":\"Observation\",\"id\":\"o\"}}\n"))?;
    let told = portal.tool(&["index", "import", &file.display().to_string(), "--source", "city-first"])?;
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    ensure!(told.status.code() == Some(1), "{said}");
    ensure!(said.contains("line 2: not a Patient") && said.contains("1 patients taken, 1 lines are wrong"), "{said}");
    let mut clinician = portal.clinician("li.wei").await?;
    for q in ["jiaxueqin", "0526"] {
        let found = search(&mut clinician, q).await?;
        ensure!(found["items"][0]["name"] == "贾雪芹", "{q}: {found}");
    }
    Ok(())
}

/// What a clinician sees of a person in each view, without what is drawn anew each time.
async fn views(visitor: &mut Visitor, person: &str) -> Result<Vec<(u16, String)>> {
    let mut seen = Vec::new();
    for path in ["", "/links", "/demographics", "/lab-results", "/outpatient"] {
        let answer = visitor.get(&format!("/api/v1/patients/{person}{path}")).await?;
        let mut body = answer.json();
        without_times(&mut body);
        seen.push((answer.status, body.to_string()));
    }
    for q in ["chenyulan", "chenyulan2"] {
        seen.push((200, search(visitor, q).await?["items"].to_string()));
    }
    Ok(seen)
}

/// Clock times and ids of answers differ between two readings.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(all) => {
            all.retain(|name, _| !name.ends_with("_at") && name != "at" && name != "request_id");
            all.values_mut().for_each(without_times);
        }
        Value::Array(all) => all.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_restores_every_view_of_the_record() -> Result<()> {
    let region = testbed::region().await;
    let shown = region.shown_patient();
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = find(&mut clinician, &shown.resident_id).await?;
    // The same woman at a hospital that has her without a number.
    let file = database.folder().join("patients.csv");
    let row = format!("source,patient,name,sex,birth_date\nbinjiang,unknown-1,{},female,1964-03-18\n", shown.name);
    std::fs::write(&file, row)?;
    let told = portal.tool(&["index", "import", &file.display().to_string()])?;
    ensure!(told.status.success(), "{told:?}");
    let mut steward = portal.clinician("he.jing").await?;
    let waiting = pairs(&mut steward).await?;
    let pair = waiting.iter().find(|one| one.to_string().contains("unknown-1")).context("a pair")?;
    let id = pair["id"].as_str().context("an id")?.to_owned();
    let before = views(&mut clinician, &person).await?;
    ensure!(decide(&mut steward, &id, "link").await? == 200, "not linked");
    let joined = views(&mut clinician, &person).await?;
    ensure!(joined[1] != before[1] && joined[1].1.contains("unknown-1"), "{:?}", joined[1]);
    // Each link says how it came to be, and what speaks for it.
    let links = clinician.get(&format!("/api/v1/patients/{person}/links")).await?.json();
    let explained = |one: &Value| one["how"].is_string() && one["evidence"].is_array();
    let links = links["items"].as_array().or(links.as_array()).cloned().context("links")?;
    ensure!(links.len() > 1 && links.iter().all(explained), "{links:?}");
    ensure!(decide(&mut steward, &id, "undo").await? == 200, "not undone");
    let after = views(&mut clinician, &person).await?;
    for (one, other) in before.iter().zip(&after) {
        ensure!(one == other, "{one:?}\nis not\n{other:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_search_names_the_hospitals_that_were_not_swept() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, region).await?;
    let mut clinician = portal.clinician("li.wei").await?.speaking("en");
    let shown = region.shown_patient();
    for q in [shown.name.as_str(), shown.pinyin.as_str(), &shown.resident_id, "0526"] {
        let answer = clinician.post_form("/patients", &[("q", q)]).await?;
        ensure!(answer.status == 303, "{q}: {}", answer.status);
        let page = clinician.get(answer.location()).await?.body;
        ensure!(page.contains("only people met before at: First City"), "{q}: {page}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_lines_are_named_and_nothing_of_them_is_said() -> Result<()> {
    let database = Database::sqlite().await?;
    let portal = TestPortal::internal(&database, testbed::region().await).await?;
    let file = database.folder().join("patients.csv");
    std::fs::write(
        &file,
        "source,patient,name,resident_id\ncity-first,y1,贾雪芹,999009196403180321\nnowhere,y2,王强,\n",
    )?;
    for dry_run in [true, false] {
        let path = file.display().to_string();
        let arguments = ["index", "import", &path, "--dry-run"];
        let told = portal.tool(if dry_run { &arguments } else { &arguments[..3] })?;
        let said = String::from_utf8_lossy(&told.stdout).into_owned();
        ensure!(told.status.code() == Some(1), "{said}");
        ensure!(said.contains("line 2: resident ID is not valid") && said.contains("line 3: no such source"), "{said}");
        ensure!(!said.contains("贾") && !said.contains("999009"), "{said}");
    }
    Ok(())
}
