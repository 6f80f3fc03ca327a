//! Hospitals found in what a vendor publishes: as entries of the configuration, and on the page where administrators define them.

use anyhow::{Result, ensure};
use testbed::{Database, TestPortal, Visitor};
use toml::Table;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/sources/tests/brands.json");

#[tokio::test(flavor = "multi_thread")]
async fn a_hospital_of_a_bundle_is_an_entry_of_the_configuration() -> Result<()> {
    let portal = TestPortal::internal(&Database::sqlite().await?, testbed::region().await).await?;
    let ask = |arguments: &[&str]| portal.tool(&[&["source", "brands"][..], arguments].concat());
    let found = ask(&[SAMPLE, "--search", "ＲＥＮＪＩ", "--platform", "epic"])?;
    let entries: Table = String::from_utf8(found.stdout)?.parse()?;
    let all = entries["source"].as_array().map(Vec::as_slice).unwrap_or_default();
    ensure!(found.status.success() && !all.is_empty(), "{}", String::from_utf8_lossy(&found.stderr));
    let first = &all[0];
    ensure!(
        first["name"]["zh"].as_str() == Some("仁济医院") && first["id"].as_str() == Some("renji-hospital"),
        "{first}"
    );
    ensure!(first["base_url"].as_str() == Some("https://fhir0.example/r4"), "{first}");
    ensure!(first["platform"].as_str() == Some("epic"), "{first}");

    // All of them: no two of one id, nothing that is not text, and a file that `check` takes.
    let found = ask(&[SAMPLE])?;
    let text = String::from_utf8(found.stdout)?;
    let entries: Table = text.parse()?;
    let all = entries["source"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ids: std::collections::BTreeSet<_> = all.iter().filter_map(|one| one["id"].as_str()).collect();
    ensure!(all.len() == 32 && ids.len() == 32, "{} {}", all.len(), ids.len());
    ensure!(String::from_utf8_lossy(&found.stderr).contains("left out, inactive: 1"), "nothing is said of the rest");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("sources.toml");
    std::fs::write(&file, &text)?;
    let platforms = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/platforms");
    let read = sources::Catalogue::load(&file, platforms.as_ref());
    ensure!(read.as_ref().is_ok_and(|catalogue| catalogue.iter().count() == 32), "{:?}", read.err());

    for (arguments, status) in [
        (&[SAMPLE, "--search", "nobody of that name"][..], 1),
        (&[SAMPLE, "--platform", "no-such"][..], 1),
        (&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")][..], 1),
        (&["/nowhere/bundle.json"][..], 2),
    ] {
        ensure!(ask(arguments)?.status.code() == Some(status), "{arguments:?}");
    }
    Ok(())
}

/// What the forms of a page would send.
fn hidden(body: &str, name: &str) -> Vec<String> {
    let field = format!("name=\"{name}\" value=\"");
    let values = body.split(&field).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(|value| value.replace("&#x2F;", "/").replace("&amp;", "&")).collect()
}

async fn looked(admin: &mut Visitor, words: &str, file: &[u8]) -> Result<testbed::Answer> {
    let fields = [("search", words), ("platform", "epic")];
    admin.post_file("/admin/sources/brands", &fields, ("bundle", file)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_finds_a_hospital_in_a_vendors_list_and_defines_it() -> Result<()> {
    let portal = TestPortal::internal(&Database::sqlite().await?, testbed::region().await).await?;
    let mut admin = portal.clinician("admin").await?;
    let file = std::fs::read(SAMPLE)?;
    let page = looked(&mut admin, "ＲＥＮＪＩ", &file).await?;
    ensure!(page.status == 200 && page.body.contains("仁济医院"), "{} {}", page.status, page.body);
    ensure!(page.body.contains("未采用的") && page.body.contains("发布者标明已停用"), "{}", page.body);
    let first = |name: &str| hidden(&page.body, name).first().cloned().unwrap_or_default();
    let kept = ["id", "name_zh", "name_en", "base_url", "platform", "environment"].map(|name| (name, first(name)));
    ensure!(kept[3].1 == "https://fhir0.example/r4" && kept[0].1 == "renji-hospital", "{kept:?}");

    // The button opens the form with what is known, and writes nothing.
    let mut fields: Vec<(&str, &str)> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("do", "begin"));
    let form = admin.post_form("/admin/sources/new", &fields).await?;
    ensure!(form.status == 200 && form.body.contains("value=\"仁济医院\""), "{} {}", form.status, form.body);
    ensure!(!form.body.contains("aria-invalid"), "{}", form.body);
    assert_eq!(admin.get("/api/v1/sources/renji-hospital").await?.status, 404);
    fields.pop();
    fields.extend([("do", "save"), ("timeout_ms", "8000"), ("auth", "none")]);
    let added = admin.post_form("/admin/sources/new", &fields).await?;
    assert_eq!((added.status, added.location()), (303, "/admin/sources/renji-hospital?done=added"), "{}", added.body);
    // Whoever is there is told so, and keeps the id.
    let again = looked(&mut admin, "renji", &file).await?;
    ensure!(again.body.contains("href=\"/admin/sources/renji-hospital\""), "{}", again.body);
    ensure!(hidden(&again.body, "id").first().is_some_and(|id| id == "renji-hospital-2"), "{}", again.body);

    let all = looked(&mut admin, "", &file).await?;
    ensure!(hidden(&all.body, "base_url").len() == 32, "{}", all.body);
    let nobody = looked(&mut admin, "<b>nobody", &file).await?;
    ensure!(nobody.status == 200 && nobody.body.contains("没有这个名称"), "{}", nobody.body);
    ensure!(!nobody.body.contains("<b>nobody"), "{}", nobody.body);
    for (file, words) in [
        (&b""[..], "请选择文件"),
        (b"{}", "不是 JSON 格式的 FHIR Bundle"),
        (b"{\"resourceType\":\"Bundle\"}", "没有可用的内容"),
    ] {
        let answer = looked(&mut admin, "", file).await?;
        ensure!(answer.status == 422 && answer.body.contains(words), "{words}: {} {}", answer.status, answer.body);
    }
    // What is in a list stays text.
    let hostile = br#"{"resourceType":"Bundle","entry":[
        {"fullUrl":"https://v.example/Organization/1","resource":{"resourceType":"Organization","id":"1",
         "name":"<script>alert(1)</script>\"x","endpoint":[{"reference":"Endpoint/1"}]}},
        {"fullUrl":"https://v.example/Endpoint/1","resource":{"resourceType":"Endpoint","id":"1","status":"active",
         "connectionType":{"code":"hl7-fhir-rest"},"address":"https://v.example/r4"}}]}"#;
    let marked = looked(&mut admin, "", hostile).await?;
    ensure!(marked.status == 200 && marked.body.contains("&lt;script&gt;alert(1)"), "{}", marked.body);
    ensure!(!marked.body.contains("<script>alert"), "{}", marked.body);
    Ok(())
}
