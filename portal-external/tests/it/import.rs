//! Accounts that the desk makes.

use anyhow::Result;
use serde_json::json;
use testbed::TestPortal;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_taken_and_a_person_who_has_an_account_are_told_apart() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let shown = region.shown_patient();
        let portal = TestPortal::external(&database, region, &[shown]).await?;
        let (username, password) = testbed::credentials(shown);
        let account = |username: &str| {
            json!({
                "username": username,
                "password": password,
                "name": shown.name,
                "resident_id": shown.resident_id,
            })
        };
        let import = |accounts: serde_json::Value| -> Result<(Option<i32>, String)> {
            let file = database.folder().join("again.json");
            std::fs::write(&file, accounts.to_string())?;
            let output = portal.tool(&["import-accounts", &file.display().to_string()])?;
            Ok((output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned()))
        };
        let (code, said) = import(json!([account(&username)]))?;
        assert_eq!(code, Some(0), "{:?}: the same file again: {said}", database.kind);
        assert!(said.contains(&format!("left as it is: {username}")), "{said}");
        let (code, said) = import(json!([account("second.name")]))?;
        assert_eq!(code, Some(1), "{:?}: {said}", database.kind);
        assert!(said.contains("another name: second.name") && said.contains("0 accounts made"), "{said}");
        assert!(!said.contains(&shown.resident_id), "{said}");
        // The account that was there is as it was.
        portal.patient(shown).await?;
    }
    Ok(())
}
