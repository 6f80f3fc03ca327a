//! Background jobs through the public face: who sees them, and what administrators do with them.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use testbed::{TestPortal, Visitor};

/// The job that the portal plans by itself; it waits for its hour.
async fn planned(admin: &mut Visitor) -> Result<String> {
    let begun = Instant::now();
    loop {
        let jobs = admin.get("/api/v1/jobs?kind=jobs-tidy").await?.json();
        if let Some(id) = jobs["items"][0]["id"].as_str() {
            return Ok(id.to_owned());
        }
        ensure!(begun.elapsed() < Duration::from_secs(10), "nothing was planned: {jobs}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_and_steer_jobs_and_nobody_else_knows_of_them() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        let mut admin = portal.clinician("admin").await?;
        let id = planned(&mut admin).await?;
        let page = format!("/admin/jobs/{id}");
        let state = async |admin: &mut Visitor| -> Result<String> {
            let jobs = admin.get("/api/v1/jobs?kind=jobs-tidy").await?.json();
            Ok(jobs["items"][0]["state"].as_str().context("no job")?.to_owned())
        };
        assert_eq!(state(&mut admin).await?, "waiting");

        let list = admin.get("/admin/jobs?kind=jobs-tidy&state=waiting").await?;
        assert!(list.status == 200 && list.body.contains(&page), "{} {}", list.status, list.body);
        let none = admin.get("/admin/jobs?kind=jobs-tidy&state=failed").await?;
        assert!(none.body.contains("没有符合条件的任务") && !none.body.contains(&page), "{}", none.body);
        let english = admin.get("/admin/jobs?lang=en").await?;
        assert!(english.body.contains("Forgetting finished jobs"), "{}", english.body);

        // Paused, and not twice: the second is told how it stands.
        let steer = async |admin: &mut Visitor, step: &str| admin.post_form(&page, &[("do", step)]).await;
        let paused = steer(&mut admin, "pause").await?;
        assert_eq!((paused.status, paused.location()), (303, page.as_str()), "{}", paused.body);
        assert_eq!(state(&mut admin).await?, "paused");
        let late = steer(&mut admin, "pause").await?;
        assert!(late.status == 409 && late.body.contains("id=\"error\""), "{} {}", late.status, late.body);
        assert_eq!(steer(&mut admin, "resume").await?.status, 303);
        assert_eq!(state(&mut admin).await?, "waiting");
        assert_eq!(steer(&mut admin, "cancel").await?.status, 303);
        // Its place may have been taken by the next one by then.
        let retried = steer(&mut admin, "retry").await?;
        assert!(matches!(retried.status, 303 | 409), "{} {}", retried.status, retried.body);
        let one = admin.get(&format!("{page}?lang=en")).await?;
        for told in ["paused by hand", "let go on", "cancelled by hand"] {
            assert!(one.body.contains(told), "{told}: {}", one.body);
        }
        assert_eq!(steer(&mut admin, "marry").await?.status, 422);
        let without = admin.post_form_with(&page, &[("do", "cancel")], None).await?;
        assert_eq!(without.status, 403, "without a token: {}", without.body);

        let missing = "/admin/jobs/00000000-0000-7000-8000-000000000001";
        assert_eq!(admin.get(missing).await?.status, 404);
        assert_eq!(admin.post_form(missing, &[("do", "retry")]).await?.status, 404);
        assert_eq!(admin.get("/api/v1/jobs?state=married").await?.status, 422);
        for name in ["li.wei", "zhou.ming"] {
            let mut other = portal.clinician(name).await?;
            for path in ["/admin/jobs", page.as_str(), "/api/v1/jobs"] {
                assert_eq!(other.get(path).await?.status, 404, "{name} {path}");
            }
            assert_eq!(other.post_form(&page, &[("do", "cancel")]).await?.status, 404, "{name}");
            let home = other.get("/").await?;
            assert!(!home.body.contains("/admin/jobs"), "{}", home.body);
        }
        assert!(admin.get("/").await?.body.contains("href=\"/admin/jobs\""));
    }
    Ok(())
}
