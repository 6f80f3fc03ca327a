//! A clinician's own patients: encounters at hospitals that know them open records, and nothing else of it does.

use anyhow::{Context as _, Result};
use serde_json::Value;
use testbed::{Database, Region, TestPortal, Visitor, know_staff};

/// The portal of a region where a record opens by a relation alone, and staff are known at the hospitals.
async fn portal(database: &Database, region: &Region, days: i64) -> Result<TestPortal> {
    TestPortal::internal_with(database, region, |table| {
        table["record"]["treatment_relation"] = "required".into();
        let rules = [("encounter_days".to_owned(), days.into())];
        table.insert("relations".to_owned(), toml::Value::Table(rules.into_iter().collect()));
        know_staff(table);
    })
    .await
}

async fn mine(visitor: &mut Visitor) -> Result<Value> {
    let answer = visitor.get("/api/v1/my-patients").await?;
    anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.body);
    Ok(answer.json())
}

fn items(list: &Value) -> Vec<&Value> {
    list["items"].as_array().map(|all| all.iter().collect()).unwrap_or_default()
}

fn ids(list: &Value) -> Vec<String> {
    items(list).iter().filter_map(|one| one["id"].as_str()).map(str::to_owned).collect()
}

fn state<'l>(list: &'l Value, source: &str) -> &'l Value {
    let sources = list["sources"].as_array().map(Vec::as_slice).unwrap_or_default();
    sources.iter().find(|one| one["id"] == source).unwrap_or(&Value::Null)
}

async fn opens(visitor: &mut Visitor, id: &str) -> Result<bool> {
    let answer = visitor.get(&format!("/patients/{id}/demographics")).await?;
    anyhow::ensure!(matches!(answer.status, 200 | 403), "{} {}", answer.status, answer.body);
    anyhow::ensure!(!answer.body.contains("flag--glass"), "no glass was broken");
    Ok(answer.status == 200)
}

fn said(output: &std::process::Output) -> String {
    [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_encounters_open_records_and_others_do_not() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = portal(&database, region, 30).await?;
        let (mut li_wei, mut wang_fang) = (portal.clinician("li.wei").await?, portal.clinician("wang.fang").await?);
        let (his, hers) = (mine(&mut li_wei).await?, mine(&mut wang_fang).await?);
        assert!(!items(&his).is_empty() && !items(&hers).is_empty(), "{his} {hers}");
        assert!(items(&his).iter().all(|one| one["relations"][0]["kind"] == "encounter"), "{his}");
        assert!(items(&his).iter().any(|one| one["standing"] == "inpatient"), "{his}");
        for (source, expect) in [
            ("city-first", "answered"),
            ("city-tcm", "answered"),
            ("university", "unsupported"),
            ("community", "unsupported"),
            ("binjiang", "not-linked"),
        ] {
            assert_eq!(state(&his, source)["state"], expect, "{source}: {his}");
        }
        assert_eq!(his["complete"], false, "what is not offered is not known");
        // Without any list, and without a broken glass.
        let hers = ids(&hers);
        let (mut own, mut foreign) = (0, 0);
        for id in ids(&his) {
            assert!(opens(&mut li_wei, &id).await?, "{id}");
            own += 1;
            if !hers.contains(&id) {
                assert!(!opens(&mut wang_fang, &id).await?, "{id} is no patient of hers");
                foreign += 1;
            }
        }
        assert!(own > 0 && foreign > 0, "{own} {foreign}");
        // Said twice, nothing is written twice.
        let before = ids(&his);
        assert_eq!(ids(&mine(&mut li_wei).await?), before);
        let page = li_wei.get("/?whole=1").await?;
        for one in items(&his) {
            assert!(page.body.contains(one["name"].as_str().context("name")?), "{one}");
            assert!(page.body.contains(&format!("/patients/{}/summary", one["id"].as_str().context("id")?)));
        }
        let listed = said(&portal.tool(&["relations", "list", "li.wei"])?);
        assert!(before.iter().all(|id| listed.contains(id.as_str())), "{listed}");
        assert!(listed.contains("at city-first: known as Practitioner/pr-"), "{listed}");
        assert!(listed.contains("at binjiang: unknown"), "{listed}");
        let looked_up = said(&portal.tool(&["directory", "test", "li.wei"])?);
        assert!(looked_up.contains("the number and the name agree"), "{looked_up}");
        assert!(looked_up.contains("binjiang") && looked_up.contains("nobody there bears it"), "{looked_up}");
        let whole = portal.tool(&["audit", "verify"])?;
        assert!(whole.status.success(), "{}", said(&whole));
        for patient in &region.patients {
            assert!(!portal.log().contains(&patient.name), "{} stands in the log", patient.name);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encounter_that_is_over_opens_nothing_when_its_time_is_over() -> Result<()> {
    let region = testbed::region().await;
    let (month, none) = (Database::sqlite().await?, Database::sqlite().await?);
    let (portal_of_month, portal_of_none) = (portal(&month, region, 30).await?, portal(&none, region, 0).await?);
    let mut lasting = portal_of_month.clinician("li.wei").await?;
    let mut ending = portal_of_none.clinician("li.wei").await?;
    let (lasts, ends) = (mine(&mut lasting).await?, mine(&mut ending).await?);
    assert!(items(&ends).iter().all(|one| one["relations"][0]["status"] != "finished"), "{ends}");
    let names = |list: &Value| -> Vec<String> {
        items(list).iter().filter_map(|one| one["name"].as_str()).map(str::to_owned).collect()
    };
    let over = items(&lasts).into_iter().find(|one| !names(&ends).contains(&one["name"].to_string().replace('"', "")));
    let over = over.context("somebody was seen within a month")?;
    let number = region.patients.iter().find(|one| over["name"] == one.name.as_str()).context("known")?;
    let id = super::find(&mut ending, &number.resident_id).await?;
    assert!(!opens(&mut ending, &id).await?, "{over}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_hospital_is_never_no_patients() -> Result<()> {
    let region = Region::start().await?;
    let database = Database::sqlite().await?;
    let portal = portal(&database, &region, 30).await?;
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
    }
    let mut li_wei = portal.clinician("li.wei").await?;
    let none = mine(&mut li_wei).await?;
    assert_eq!((items(&none).len(), &none["complete"]), (0, &Value::Bool(false)), "{none}");
    assert!(
        none["sources"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "unreachable")),
        "{none}"
    );
    // Both languages; no hospital has said that there is nobody.
    for (language, incomplete, complete) in [
        ("zh-CN", "不能说没有", "现在没有您的患者"),
        ("en", "this does not mean none", "You have no patients at present"),
    ] {
        let page = li_wei.get(&format!("/?mine=wait&lang={language}")).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains(incomplete) && !page.body.contains(complete), "{}", page.body);
    }
    // Whoever may not read records has no such list.
    let mut admin = portal.clinician("admin").await?;
    assert_eq!(admin.get("/api/v1/my-patients").await?.status, 404);
    let desk = admin.get("/?whole=1").await?;
    assert!(desk.status == 200 && !desk.body.contains("id=\"mine\""), "{}", desk.body);
    Ok(())
}
