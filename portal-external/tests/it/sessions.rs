//! Sessions of patients.

use anyhow::{Result, ensure};
use testbed::{Database, TestPortal};

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_ends_all_sessions_of_a_patient() -> Result<()> {
    let region = testbed::region().await;
    let (shown, other) = super::two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[shown, other]).await?;
    let (mut one, mut two) = (portal.patient(shown).await?, portal.patient(shown).await?);
    let mut another = portal.patient(other).await?;
    let (username, _) = testbed::credentials(shown);
    let ended = portal.tool(&["sessions", "end", &username.to_uppercase()])?;
    let said = String::from_utf8_lossy(&ended.stdout);
    ensure!(ended.status.success() && said.contains(": 2 sessions ended"), "{said}");
    for visitor in [&mut one, &mut two] {
        assert_eq!(visitor.get("/api/v1/session").await?.status, 401);
    }
    assert_eq!(another.get("/api/v1/session").await?.status, 200, "somebody else's");
    assert_eq!(portal.tool(&["sessions", "end", "nobody"])?.status.code(), Some(2));
    assert_eq!(portal.patient(shown).await?.get("/api/v1/session").await?.status, 200, "they may come back");
    Ok(())
}
