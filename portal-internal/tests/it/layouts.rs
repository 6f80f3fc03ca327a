//! Pages through the API: two editors, publishing, rolling back, and what no page may hold.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use testbed::{Database, TestPortal, Visitor};

use super::send;

fn place(region: &Value, instance: &str, title: &str) -> Value {
    json!({ "op": "place-widget", "region": region, "item": {
        "instance": instance,
        "widget": { "kind": "calendar", "major": 1 },
        "title": { "zh": title, "en": title },
    } })
}

/// Changes that no page takes.
fn impossible(region: &Value) -> Vec<Value> {
    let theme = |theme: Value| json!({ "op": "set-theme", "theme": theme });
    let unknown = json!({ "instance": "four", "widget": { "kind": "no-such", "major": 1 } });
    vec![
        place(&json!("gone"), "three", "x"),
        theme(json!({ "name": "calm", "colours": { "light": { "ink": "red;}*{" } } })),
        theme(json!({ "colours": { "light": { "ink": "#f0f0f0" } } })),
        json!({ "op": "rename", "title": { "zh": "", "en": "x" } }),
        json!({ "op": "place-widget", "region": region, "item": unknown }),
        json!({ "op": "drop-table" }),
    ]
}

/// Does the search over everything lead there?
async fn finds(visitor: &mut Visitor, words: &str, path: &str) -> Result<bool> {
    let found = visitor.post_form("/search", &[("q", words)]).await?;
    assert_eq!(found.status, 200, "{}", found.body);
    Ok(found.body.contains(&format!("href=\"{path}\"")))
}

/// As a file, and back; taken away, and restored.
async fn out_and_in(admin: &mut Visitor, nurse: &mut Visitor, path: &str, shown: &str) -> Result<()> {
    let file = admin.get(&format!("{path}/file")).await?.json();
    assert_eq!(send(admin, "POST", "/api/v1/page-files", None, &file).await?.status, 409);
    assert_eq!(send(admin, "POST", "/api/v1/page-files", Some("\"5\""), &file).await?.status, 201);
    assert_eq!(send(admin, "DELETE", path, None, &json!({})).await?.status, 204);
    assert_eq!(nurse.get(shown).await?.status, 404);
    assert!(!finds(nurse, "病区", shown).await?, "the title of what is gone");
    assert_eq!(send(admin, "POST", &format!("{path}/restore"), None, &json!({})).await?.status, 200);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_made_changed_published_and_rolled_back() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let (mut admin, mut nurse) = (portal.clinician("admin").await?, portal.clinician("li.wei").await?);
        let new = json!({
            "portal": "internal", "slug": "wards", "title": { "zh": "病区", "en": "Wards" },
            "from": { "template": "wide-left" },
        });
        let made = send(&mut admin, "POST", "/api/v1/pages", None, &new).await?;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.header("etag"), "\"1\"");
        let page = made.json()["page"].clone();
        let path = format!("/api/v1/pages/{}", page["id"].as_str().context("an id")?);
        let regions = page["root"]["children"][0]["children"].clone();
        let (left, right) = (&regions[0]["id"], &regions[1]["id"]);

        // Two editors at one state.
        let script = "<script>alert(1)</script>";
        let first = json!({ "ops": [place(left, "one", script)] });
        let saved = send(&mut admin, "PUT", &path, Some("\"1\""), &first).await?;
        assert_eq!((saved.status, saved.header("etag")), (200, "\"2\""), "{}", saved.body);
        let second = json!({ "ops": [place(right, "two", "x")] });
        let stale = send(&mut admin, "PUT", &path, Some("\"1\""), &second).await?;
        assert_eq!((stale.status, stale.header("content-type")), (409, "application/problem+json"), "{}", stale.body);
        let conflict = stale.json()["conflict"].clone();
        assert_eq!((&conflict["rev"], &conflict["mergeable"]), (&json!(2), &json!(true)));
        assert_eq!(conflict["theirs"][0]["target"]["id"], "one");
        assert_eq!(conflict["mine"][0]["item"]["instance"], "two");
        assert_eq!(send(&mut admin, "PUT", &path, None, &second).await?.status, 428);
        // A tag of a compressed answer is as good.
        assert_eq!(send(&mut admin, "PUT", &path, Some("W/\"2-gzip\""), &second).await?.status, 200);

        // What no page may hold.
        for op in impossible(left) {
            let refused = send(&mut admin, "PUT", &path, Some("\"3\""), &json!({ "ops": [op.clone()] })).await?;
            assert_eq!(refused.status, 422, "{op}: {}", refused.body);
        }
        let draft = admin.get(&path).await?;
        assert_eq!(draft.json()["rev"], 3);

        // A draft never shows; nobody else learns of it.
        let shown = format!("/pages/{}", page["id"].as_str().context("an id")?);
        assert_eq!(nurse.get(&shown).await?.status, 404);
        for path in [path.clone(), format!("{path}/revisions"), format!("{path}/changes"), format!("{path}/file")] {
            assert_eq!(nurse.get(&path).await?.status, 404, "{path}");
        }
        assert_eq!(nurse.get("/api/v1/pages").await?.json()["items"], json!([]));
        assert!(!finds(&mut nurse, "病区", &shown).await?);

        let published =
            send(&mut admin, "POST", &format!("{path}/publish"), Some("\"3\""), &json!({ "note": "first" })).await?;
        assert_eq!((published.status, &published.json()["number"]), (200, &json!(1)), "{}", published.body);
        let seen = nurse.page(&shown).await?;
        assert_eq!(seen.status, 200);
        assert!(!seen.body.contains(script) && seen.body.contains("&lt;script&gt;"), "{}", seen.body);
        assert!(finds(&mut nurse, "病区", &shown).await? && !finds(&mut nurse, "病区外", &shown).await?);
        let sheet = nurse.get(&format!("{shown}/1.css")).await?;
        assert!(sheet.status == 200 && sheet.header("cache-control").contains("immutable"), "{}", sheet.status);
        assert_eq!(nurse.get(&format!("{shown}/2.css")).await?.status, 404);

        let remove = json!({ "ops": [{ "op": "remove-item", "item": "one" }] });
        assert_eq!(send(&mut admin, "PUT", &path, Some("\"3\""), &remove).await?.status, 200);
        assert!(nurse.page(&shown).await?.body.contains("&lt;script&gt;"), "a draft shows");
        assert_eq!(send(&mut admin, "POST", &format!("{path}/publish"), Some("\"4\""), &json!({})).await?.status, 200);
        assert!(!nurse.page(&shown).await?.body.contains("&lt;script&gt;"));
        let differs = admin.get(&format!("{path}/changes?from=1&to=2")).await?.json();
        assert_eq!(differs["items"][0]["aspect"], "existence");
        let back =
            send(&mut admin, "POST", &format!("{path}/rollback"), Some("\"4\""), &json!({ "revision": 1 })).await?;
        assert_eq!((back.status, &back.json()["of"], back.header("etag")), (200, &json!(1), "\"5\""), "{}", back.body);
        assert!(nurse.page(&shown).await?.body.contains("&lt;script&gt;"));
        out_and_in(&mut admin, &mut nurse, &path, &shown).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_described() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let mut admin = portal.clinician("admin").await?;
    let document = testbed::openapi::Document::of(&mut admin).await?;
    let new = json!({
        "portal": "internal", "slug": "wards", "title": { "zh": "病区", "en": "Wards" },
        "from": { "template": "full-width-and-two" },
    });
    let made = send(&mut admin, "POST", "/api/v1/pages", None, &new).await?;
    let path = format!("/api/v1/pages/{}", made.json()["page"]["id"].as_str().context("an id")?);
    for (operation, path) in [
        ("page_list", "/api/v1/pages".to_owned()),
        ("page_read", path.clone()),
        ("page_revisions", format!("{path}/revisions")),
        ("page_changes", format!("{path}/changes")),
        ("page_export", format!("{path}/file")),
    ] {
        let answer = admin.get(&path).await?;
        document.answers(operation)?.check(&answer.json()).with_context(|| format!("{operation}: {}", answer.body))?;
    }
    Ok(())
}

/// Nobody has to publish a page before people arrange the one that they have.
#[tokio::test(flavor = "multi_thread")]
async fn a_desk_that_came_with_the_portal_is_arranged_and_put_back() -> Result<()> {
    const THERE: &str = "id=\"w-search\"";
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, testbed::region().await).await?;
        let (mut own, mut other) = (portal.clinician("li.wei").await?, portal.clinician("wang.fang").await?);
        assert!(own.get("/").await?.body.contains(THERE) && other.get("/").await?.body.contains(THERE));
        let page = own.get("/arrange").await?;
        assert!(page.status == 200 && page.body.contains("value=\"hide:search\""), "{}", page.body);
        let hidden = own.post_form("/arrange", &[("do", "hide:search")]).await?;
        assert_eq!(hidden.status, 303, "{}", hidden.body);
        assert!(own.get("/arrange").await?.body.contains("value=\"show:search\""));
        assert!(!own.get("/").await?.body.contains(THERE));
        assert!(other.get("/").await?.body.contains(THERE), "somebody else's desk");
        // Only what is one's own business: an administrator's deed is none.
        let foreign = own.post_form("/arrange", &[("do", "remove:search")]).await?;
        assert_ne!(foreign.status, 303, "{}", foreign.body);
        assert_eq!(own.post_form("/arrange", &[("do", "reset")]).await?.status, 303);
        assert!(own.get("/").await?.body.contains(THERE));
    }
    Ok(())
}
