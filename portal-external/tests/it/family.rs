//! Acting for somebody else, through the portal's face: as far as it was entrusted, until it is taken back.

use anyhow::{Context as _, Result, ensure};
use testbed::{Answer, Database, TestPortal, Visitor};

use super::{own, two_known_everywhere};

/// The text of the element with this id.
fn text<'a>(page: &'a Answer, id: &str) -> Result<&'a str> {
    let after = page.body.split(&format!("id=\"{id}\">")).nth(1).context("no such element")?;
    Ok(after.split('<').next().unwrap_or_default())
}

/// Asks every question in turn; the secret of the invitation.
pub(super) async fn invited(visitor: &mut Visitor, trusts: &[&str], sections: &[&str]) -> Result<String> {
    visitor.page("/sharing/new").await?;
    let called = ("called", "我女儿");
    let trusts: Vec<(&str, &str)> = trusts.iter().map(|one| ("trust", *one)).collect();
    let sections: Vec<(&str, &str)> = sections.iter().map(|one| ("section", *one)).collect();
    let second = visitor.post_form("/sharing/new", &[("step", "called"), called]).await?;
    ensure!(second.status == 200 && second.body.contains("请对方代您做什么"), "{}", second.body);
    let mut form = vec![("step", "trusts"), called];
    form.extend(&trusts);
    let third = visitor.post_form("/sharing/new", &form).await?;
    ensure!(third.status == 200, "{}", third.body);
    let mut form = vec![("step", "last-day"), called, ("ends", "day"), ("last_day", "2999-12-31")];
    form.extend(trusts.iter().chain(&sections));
    let made = visitor.post_form("/sharing/new", &form).await?;
    ensure!(made.status == 200 && made.body.contains("只出现这一次"), "{} {}", made.status, made.body);
    Ok(text(&made, "code")?.to_owned())
}

pub(super) async fn accepted(visitor: &mut Visitor, code: &str) -> Result<()> {
    visitor.page("/sharing/accept").await?;
    let seen = visitor.post_form("/sharing/accept", &[("code", code)]).await?;
    ensure!(seen.status == 200 && seen.body.contains("name=\"agree\""), "what for: {}", seen.body);
    let agreed = visitor.post_form("/sharing/accept", &[("code", code), ("agree", "yes")]).await?;
    ensure!(agreed.status == 303, "{} {}", agreed.status, agreed.body);
    Ok(())
}

/// The id of what is in force, from the page of whoever entrusts or is entrusted.
async fn proxy(visitor: &mut Visitor) -> Result<String> {
    let page = visitor.page("/sharing").await?;
    let id = page.body.split("/sharing/proxies/").nth(1).context("nobody")?;
    Ok(id.split('/').next().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daughter_reads_what_is_entrusted_to_her_until_it_is_taken_back() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (one, other) = two_known_everywhere(region);
        let portal = TestPortal::external(&database, region, &[one, other]).await?;
        let (mut mother, mut daughter) = (portal.patient(one).await?, portal.patient(other).await?);
        let id = own(&mut mother).await?;
        let path = |rest: &str| format!("/people/{id}/record{rest}");
        assert_eq!(daughter.get(&path("/lab-results")).await?.status, 404, "before");
        let code = invited(&mut mother, &["view"], &["lab-results"]).await?;
        assert_eq!(mother.post_form("/sharing/accept", &[("code", &code)]).await?.status, 422, "one's own");
        accepted(&mut daughter, &code).await?;
        let again = daughter.post_form("/sharing/accept", &[("code", &code), ("agree", "yes")]).await?;
        assert_eq!(again.status, 422, "twice: {}", again.body);

        let contents = daughter.get(&path("")).await?;
        assert_eq!(contents.status, 200, "{}", contents.body);
        assert!(contents.body.contains(&format!("您正在代{}办理", one.name)), "{}", contents.body);
        assert!(contents.body.contains("record/lab-results") && !contents.body.contains("record/charges"));
        let labs = daughter.get(&path("/lab-results")).await?;
        assert!(labs.status == 200 && labs.body.contains("您正在代"), "{}", labs.body);
        assert_eq!(daughter.get(&format!("/api/v1{}", path("/lab-results"))).await?.status, 200);
        for section in ["demographics", "summary", "charges", "personal-record"] {
            assert_eq!(daughter.get(&path(&format!("/{section}"))).await?.status, 404, "{section}");
            let json = daughter.get(&format!("/api/v1{}", path(&format!("/{section}")))).await?;
            assert_eq!(json.status, 404, "{section}: {}", json.body);
        }
        daughter.get(&path("/search")).await?;
        let kept = daughter.post_form(&path("/search"), &[("q", "血")]).await?;
        let found = daughter.get(kept.location()).await?;
        assert!(found.status == 200 && !found.body.contains("record/charges"), "{}", found.body);
        assert!(daughter.get("/").await?.body.contains(&path("")), "the way there on the first page");
        let hers = own(&mut daughter).await?;
        assert_eq!(mother.get(&format!("/people/{hers}/record/lab-results")).await?.status, 404, "not the other way");

        let proxy = proxy(&mut mother).await?;
        let end = format!("/sharing/proxies/{proxy}/end");
        assert_eq!(mother.page(&end).await?.status, 200);
        assert_eq!(mother.post_form(&end, &[]).await?.status, 303);
        for rest in ["", "/lab-results", "/search"] {
            assert_eq!(daughter.get(&path(rest)).await?.status, 404, "{rest}: in the live session, at once");
        }
        assert_eq!(daughter.get(&end).await?.status, 404);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_end_and_withdraw_nothing_and_it_is_given_back() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let known = |patient: &&testbed::Patient| ![&one.resident_id, &other.resident_id].contains(&&patient.resident_id);
    let third = region.patients.iter().filter(known).find(|one| one.hospitals.len() == 2).context("a third")?;
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[one, other, third]).await?;
    let mut mother = portal.patient(one).await?;
    let (mut daughter, mut stranger) = (portal.patient(other).await?, portal.patient(third).await?);
    let code = invited(&mut mother, &["book"], &[]).await?;
    let page = mother.page("/sharing").await?;
    let waiting = page.body.split("/sharing/invitations/").nth(1).context("none waits")?;
    let waiting = format!("/sharing/invitations/{}/withdraw", waiting.split('/').next().unwrap_or_default());
    stranger.page("/sharing/accept").await?;
    assert_eq!(stranger.post_form(&waiting, &[]).await?.status, 404);
    accepted(&mut daughter, &code).await?;
    assert_eq!(mother.post_form(&waiting, &[]).await?.status, 404, "it is taken");
    let id = own(&mut mother).await?;
    assert_eq!(daughter.get(&format!("/people/{id}/record/lab-results")).await?.status, 404, "booking alone");
    let end = format!("/sharing/proxies/{}/end", proxy(&mut mother).await?);
    assert_eq!(stranger.get(&end).await?.status, 404);
    assert_eq!(stranger.post_form(&end, &[]).await?.status, 404);
    assert_eq!(daughter.page(&end).await?.status, 200);
    assert_eq!(daughter.post_form(&end, &[]).await?.status, 303);
    assert!(mother.page("/sharing").await?.body.contains("由代办人退出"));
    for (form, said) in [
        (vec![("step", "called"), ("called", " ")], "最多 40 个字"),
        (vec![("step", "trusts"), ("called", "x")], "至少选一项"),
        (vec![("step", "last-day"), ("called", "x"), ("trust", "book"), ("last_day", "2001-01-01")], "今天或以后"),
    ] {
        mother.page("/sharing/new").await?;
        let wrong = mother.post_form("/sharing/new", &form).await?;
        assert!(wrong.status == 422 && wrong.body.contains(said), "{form:?}: {} {}", wrong.status, wrong.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_shown_to_the_subject_with_what_the_proxy_did_and_to_whom_it_is_entrusted() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[one, other]).await?;
    let (mut mother, mut daughter) = (portal.patient(one).await?, portal.patient(other).await?);
    let id = own(&mut mother).await?;
    let (page, json) = (format!("/people/{id}/access-log"), format!("/api/v1/people/{id}/access-log"));
    for path in [&page, &json] {
        assert_eq!(daughter.get(path).await?.status, 404, "{path}: a stranger");
    }
    let code = invited(&mut mother, &["view"], &["lab-results"]).await?;
    accepted(&mut daughter, &code).await?;
    for path in [&page, &json] {
        assert_eq!(daughter.get(path).await?.status, 404, "{path}: the record alone");
    }
    assert_eq!(daughter.get(&format!("/people/{id}/record/lab-results")).await?.status, 200);
    assert_eq!(daughter.get(&format!("/people/{id}/record/charges")).await?.status, 404);
    let own_page = mother.get("/access-log").await?;
    assert_eq!((own_page.status, own_page.location()), (303, page.as_str()));
    let shown = mother.page(&page).await?;
    for said in [other.name.as_str(), "受本人委托代办", "看了：检验结果", "开始代办", "您自己", "邀请家人代办"]
    {
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
    }
    assert!(!shown.body.contains("费用"), "a refusal: {}", shown.body);
    let others = mother.page(&format!("{page}?who=others&months=1")).await?;
    assert!(others.body.contains("受本人委托代办") && !others.body.contains("邀请家人代办"), "{}", others.body);
    let rows = mother.get(&json).await?.json();
    let items = rows["items"].as_array().context("no items")?;
    let reads = |section: &str| {
        let read = items.iter().filter(|one| one["action"] == "record.read.intent" && one["reason"] == "entrusted");
        read.filter(|one| one["object"] == section && one["name"] == other.name.as_str()).count()
    };
    assert_eq!((reads("lab-results"), reads("charges")), (1, 0), "{rows}");
    assert!(items.iter().all(|one| one["action"] != "record.read.outcome"), "{rows}");
    assert_eq!(mother.get(&format!("{json}?who=nobody")).await?.status, 422);

    let code = invited(&mut mother, &["access-log"], &[]).await?;
    accepted(&mut daughter, &code).await?;
    for path in [&page, &json] {
        assert_eq!(daughter.get(path).await?.status, 200, "{path}: entrusted");
    }
    assert_eq!(daughter.get(&format!("/people/{id}/record/lab-results")).await?.status, 404, "replaced");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_portal_s_own_role_is_enough_for_all_of_it() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let region = testbed::region().await;
    let split = testbed::SplitDatabase::new().await?;
    let (one, other) = two_known_everywhere(region);
    let portal = TestPortal::external(&split.external, region, &[one, other]).await?;
    let (mut mother, mut daughter) = (portal.patient(one).await?, portal.patient(other).await?);
    let id = own(&mut mother).await?;
    invited(&mut mother, &["book"], &[]).await?;
    let page = mother.page("/sharing").await?;
    let waiting = page.body.split("/sharing/invitations/").nth(1).context("none waits")?;
    let withdraw = format!("/sharing/invitations/{}/withdraw", waiting.split('/').next().unwrap_or_default());
    assert_eq!(mother.post_form(&withdraw, &[]).await?.status, 303);
    let code = invited(&mut mother, &["view", "access-log"], &["lab-results"]).await?;
    accepted(&mut daughter, &code).await?;
    assert_eq!(daughter.get(&format!("/people/{id}/record/lab-results")).await?.status, 200);
    let log = daughter.get(&format!("/people/{id}/access-log")).await?;
    assert!(log.status == 200 && log.body.contains("开始代办"), "{} {}", log.status, log.body);
    let end = format!("/sharing/proxies/{}/end", proxy(&mut mother).await?);
    assert_eq!(mother.page(&end).await?.status, 200);
    assert_eq!(mother.post_form(&end, &[]).await?.status, 303);
    assert_eq!(daughter.get(&format!("/people/{id}/access-log")).await?.status, 404);
    Ok(())
}
