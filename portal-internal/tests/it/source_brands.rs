//! Hospitals found in what a vendor publishes, as entries of the configuration.

use anyhow::{Result, ensure};
use testbed::{Database, TestPortal};
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
