//! A record opened in an emergency inside is told outside, and to those who review it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testbed::{TestPortal, Visitor};

use super::two_known_everywhere;

/// In the reason in words: nobody is told this.
const CANARY: &str = "ZqCanary, unconscious";

async fn find(visitor: &mut Visitor, query: &str) -> Result<String> {
    let body = serde_json::json!({ "q": query });
    let answer = visitor.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?;
    Ok(answer.json()["items"][0]["id"].as_str().context("nobody found")?.to_owned())
}

/// Somebody whom the administrator has made one of those who review.
async fn reviewer(inside: &TestPortal) -> Result<Visitor> {
    ensure!(inside.tool(&["bootstrap-admin", "admin"])?.status.success());
    let (reviewer, mut admin) = (inside.clinician("ma.qiang").await?, inside.clinician("admin").await?);
    let (join, begun) =
        (serde_json::json!({ "member": "ma.qiang", "group": "security-administrator" }), Instant::now());
    // Another program made the administrator: the portal sees it with its next look at the policy.
    loop {
        let answer = admin.json("POST".parse()?, "/api/v1/staff-memberships", Some(&join)).await?;
        if answer.status == 201 {
            return Ok(reviewer);
        }
        ensure!(begun.elapsed() < Duration::from_secs(5), "{} {}", answer.status, answer.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// `/messages` once there is one. A page counts what waits before it lists it, so a message can come between the two:
/// asked for again, both know it.
async fn told(visitor: &mut Visitor) -> Result<String> {
    let begun = Instant::now();
    loop {
        let page = visitor.get("/messages").await?;
        ensure!(page.status == 200, "{} {}", page.status, page.body);
        if page.body.contains("<article") {
            return Ok(visitor.get("/messages").await?.body);
        }
        ensure!(begun.elapsed() < Duration::from_secs(15), "nobody said anything: {}", page.body);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_told_to_the_patient_and_to_the_reviewer() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (shown, other) = two_known_everywhere(region);
        let outside = TestPortal::external(&database, region, &[shown, other]).await?;
        let inside = TestPortal::internal_with(&database, region, |table| {
            table["record"]["treatment_relation"] = "required".into();
        });
        let inside = inside.await?;
        let (mut patient, mut another) = (outside.patient(shown).await?, outside.patient(other).await?);
        let mut clinician = inside.clinician("li.wei").await?;
        let mut reviewer = reviewer(&inside).await?;
        let empty = patient.get("/messages").await?;
        assert!(empty.body.contains("没有消息") && !empty.body.contains("bell__n"), "{}", empty.body);

        let id = find(&mut clinician, &shown.resident_id).await?;
        let password = region.staff.iter().find(|one| one.username == "li.wei").map(|one| one.password.as_str());
        let broken = serde_json::json!({ "grounds": "emergency", "reason": CANARY, "password": password });
        let path = format!("/api/v1/patients/{id}/break-glass");
        let answer = clinician.json("POST".parse()?, &path, Some(&broken)).await?;
        assert!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.body);

        let page = told(&mut patient).await?;
        assert!(page.contains("您的健康档案被紧急打开") && page.contains("bell__n"), "{page}");
        assert!(!page.contains("Canary"), "{page}");
        assert!(!page.contains("（region）"), "an organisation by its id: {page}");
        let reviewed = told(&mut reviewer).await?;
        assert!(reviewed.contains("患者正在急诊") && !reviewed.contains("Canary"), "{reviewed}");
        for (name, visitor) in [("another patient", &mut another), ("who did it", &mut clinician)] {
            let page = visitor.get("/messages").await?;
            assert!(page.status == 200 && !page.body.contains("<article"), "{name}: {}", page.body);
        }
        // Read once, it waits no more; what is another's is not there.
        let message = page.split("name=\"message\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let message = message.context("a message to mark")?;
        another.get("/messages").await?;
        assert_eq!(another.post_form("/messages", &[("message", message)]).await?.status, 404);
        let marked = patient.post_form("/messages", &[("message", message)]).await?;
        assert_eq!((marked.status, marked.location()), (303, "/messages"), "{}", marked.body);
        let page = patient.get("/messages").await?;
        assert!(page.body.contains("<article") && !page.body.contains("bell__n"), "{}", page.body);
    }
    Ok(())
}
