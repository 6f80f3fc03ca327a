//! The public portal through its public face: the real program, patients' own records alone.

mod booking;
mod connections;
mod copied_files;
mod copies;
mod documents;
mod family;
mod held;
mod import;
mod independent;
mod looks;
mod messages;
mod openapi;
mod record;
mod reviews;
mod sessions;

use anyhow::{Context as _, Result};
use testbed::{Database, Region, TestPortal, Visitor};

/// The id in one's own `/people/{id}/…`.
async fn own(visitor: &mut Visitor) -> Result<String> {
    let session = visitor.get("/api/v1/session").await?.json();
    Ok(session["user"]["person"].as_str().context("the account has no record")?.to_owned())
}

fn two_known_everywhere(region: &Region) -> (&testbed::Patient, &testbed::Patient) {
    let other = region.patients.iter().skip(1).find(|patient| patient.hospitals.len() == 2).expect("a second patient");
    (region.shown_patient(), other)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patient_reads_their_own_results_in_plain_words() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let (shown, _) = two_known_everywhere(region);
        let portal = TestPortal::external(&database, region, &[shown]).await?;
        let mut patient = portal.patient(shown).await?;
        let home = patient.get("/").await?;
        assert!(home.status == 200 && home.body.contains(&shown.name), "{}", home.body);
        let id = own(&mut patient).await?;
        let page = patient.get(&format!("/people/{id}/record/lab-results")).await?;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("以出具报告机构的参考范围和医生说明为准"), "{}", page.body);
        assert!(!page.body.contains(&shown.resident_id), "a resident ID in full");
        let record = patient.get(&format!("/api/v1/people/{id}/record/lab-results")).await?.json();
        assert!(record["items"].as_array().is_some_and(|items| !items.is_empty()), "{record}");
        for path in ["", "/demographics"] {
            assert_eq!(patient.get(&format!("/people/{id}/record{path}")).await?.status, 200, "{path}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn anothers_record_is_not_there_and_looks_like_nobodys() -> Result<()> {
    let region = testbed::region().await;
    let (one, other) = two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[one, other]).await?;
    let mut first = portal.patient(one).await?;
    let mut second = portal.patient(other).await?;
    let theirs = own(&mut second).await?;
    assert_ne!(own(&mut first).await?, theirs);
    let nobody = "00000000-0000-7000-8000-000000000000";
    for suffix in ["", "/lab-results", "/demographics", "/nothing"] {
        let foreign = first.get(&format!("/people/{theirs}/record{suffix}")).await?;
        let missing = first.get(&format!("/people/{nobody}/record{suffix}")).await?;
        assert_eq!((foreign.status, missing.status), (404, 404), "{suffix}: {}", foreign.body);
        assert!(!foreign.body.contains(&other.name), "{suffix}");
    }
    for section in ["lab-results", "demographics"] {
        let foreign = first.get(&format!("/api/v1/people/{theirs}/record/{section}")).await?;
        assert_eq!(foreign.status, 404, "{}", foreign.body);
        let head = first.head(&format!("/people/{theirs}/record/{section}")).await?;
        assert_eq!(head.status, 404);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_one_portal_open_nothing_in_the_other() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let (shown, _) = two_known_everywhere(region);
    let outside = TestPortal::external(&database, region, &[shown]).await?;
    let inside = TestPortal::internal(&database, region).await?;
    let mut patient = outside.patient(shown).await?;
    let cookie = patient.cookies().get("portal-external").cloned().context("a session cookie")?;
    let mut thief = inside.visitor()?;
    for name in ["portal-internal", "portal-external"] {
        thief.cookies().insert(name.into(), cookie.clone());
    }
    assert_eq!(thief.get("/api/v1/session").await?.status, 401);
    let mut clinician = inside.clinician("li.wei").await?;
    let cookie = clinician.cookies().get("portal-internal").cloned().context("a session cookie")?;
    let mut thief = outside.visitor()?;
    thief.cookies().insert("portal-external".into(), cookie);
    assert_eq!(thief.get("/api/v1/session").await?.status, 401);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_hospital_is_said_in_plain_words() -> Result<()> {
    let region = Region::start().await?;
    let (shown, _) = two_known_everywhere(&region);
    let portal = TestPortal::external(&Database::sqlite().await?, &region, &[shown]).await?;
    let mut patient = portal.patient(shown).await?;
    let id = own(&mut patient).await?;
    let path = format!("/people/{id}/record/lab-results");
    let whole = patient.get(&path).await?;
    assert_eq!((whole.status, notice(&whole)), (200, ""), "all answer, and yet");
    for words in ["没有给出完整的回复", "可能没有列出", "未应答"] {
        assert!(!whole.body.contains(words), "{words} while all answer");
    }
    assert!(region.set_mode("city-first", sandbox::Mode::Down));
    let page = patient.get(&path).await?;
    assert_eq!(page.status, 200, "{}", page.body);
    let said = notice(&page);
    assert!(said.contains("<p class=\"b\">市第一人民医院暂时没有给出完整的回复</p>"), "{said}");
    assert!(said.contains("那里的内容可能没有列出，其他医院的都在。看病时请告诉医生。"), "{said}");
    assert!(!said.contains("大学附属医院"), "a hospital that answered is blamed: {said}");
    let record = patient.get(&format!("/api/v1/people/{id}/record/lab-results")).await?.json();
    assert_eq!(record["complete"], false);
    let state = |id: &str| record["sources"].as_array()?.iter().find(|one| one["id"] == id)?["state"].as_str();
    assert_eq!((state("city-first"), state("university")), (Some("unreachable"), Some("answered")), "{record}");

    // With nobody left it says so, and never that there is nothing.
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Down));
    }
    let page = patient.get(&path).await?;
    assert!(notice(&page).contains("现在查不到，查不到不等于没有。"), "{}", notice(&page));
    for hospital in &region.hospitals {
        assert!(region.set_mode(&hospital.id, sandbox::Mode::Ok));
    }
    let back = patient.get(&path).await?;
    assert_eq!((back.status, notice(&back)), (200, ""), "all answer again, and yet");
    Ok(())
}

/// The notice on top of a page; empty when there is none.
fn notice(page: &testbed::Answer) -> &str {
    let notice = page.body.split("<div class=\"note\" role=\"status\">").nth(1).unwrap_or_default();
    notice.split("</div>").next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_passwords_and_unknown_names_are_refused_alike() -> Result<()> {
    let region = testbed::region().await;
    let (shown, _) = two_known_everywhere(region);
    let portal = TestPortal::external(&Database::sqlite().await?, region, &[shown]).await?;
    let (username, password) = testbed::credentials(shown);
    for (username, password) in [(username.as_str(), "wrong"), ("nobody", password.as_str()), (username.as_str(), "")] {
        let answer = portal.visitor()?.sign_in(username, password, None).await?;
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn both_portals_live_on_their_own_roles_of_one_postgresql() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let region = testbed::region().await;
    let split = testbed::SplitDatabase::new().await?;
    let (shown, _) = two_known_everywhere(region);
    let mut inside = TestPortal::internal(&split.internal, region).await?;
    let outside = TestPortal::external(&split.external, region, &[shown]).await?;
    let mut patient = outside.patient(shown).await?;
    let id = own(&mut patient).await?;
    assert_eq!(patient.get(&format!("/people/{id}/record/lab-results")).await?.status, 200);
    patient.get("/").await?;
    assert_eq!(patient.post_form("/sign-out", &[]).await?.status, 303);
    let mut clinician = inside.clinician("li.wei").await?;
    assert_eq!(clinician.get("/").await?.status, 200);
    // The intranet portal's role seals the words of both anew; the public one's opens them as before.
    let mut patient = outside.patient(shown).await?;
    let search = format!("/people/{id}/record/search");
    patient.get(&search).await?;
    let kept = patient.post_form(&search, &[("q", "zqnowhere")]).await?;
    let sealed = inside.tool(&["vault", "reencrypt"])?;
    let said = String::from_utf8_lossy(&sealed.stdout).into_owned();
    assert!(sealed.status.success() && said.contains("patient/record-search version 2: sealed anew: 1"), "{said}");
    assert!(patient.get(kept.location()).await?.body.contains("zqnowhere"));
    inside.stop();
    let whole = inside.tool(&["audit", "verify"])?;
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_patients_key_ends_the_start_at_once_with_one_line() -> Result<()> {
    let database = Database::sqlite().await?;
    let mut portal = TestPortal::external(&database, testbed::region().await, &[]).await?;
    portal.stop();
    let file = database.folder().join("secrets/patient.key");
    let right = std::fs::read(&file)?;
    std::fs::write(&file, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n")?;
    for (command, code) in [("serve", 2), ("check", 1)] {
        let begun = std::time::Instant::now();
        let refused = portal.tool(&[command])?;
        let said = String::from_utf8(refused.stderr)?;
        assert!(refused.status.code() == Some(code) && said.contains("patient_file"), "{command}: {said}");
        assert!(begun.elapsed() <= std::time::Duration::from_secs(2), "{command} took {:?}", begun.elapsed());
        assert!(command == "check" || said.lines().count() == 1, "{said}");
    }
    std::fs::write(&file, right)?;
    portal.serve().await
}

#[test]
fn staff_secrets_have_no_place_in_its_configuration() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("portal.toml");
    std::fs::write(
        &file,
        "[keys]\nstaff_file = \"x\"\nstaff_root_file = \"x\"\n[keys.transit]\nstaff = \"x\"\n[[directory]]\nid = \"region\"\n",
    )?;
    let program = env!("CARGO_BIN_EXE_portal-external");
    let output = std::process::Command::new(program).arg("--config").arg(&file).arg("check").output()?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.contains("keys.staff_file: is not a known key") && said.contains("directory: is not a known key"),
        "{said}"
    );
    for name in ["keys.staff_root_file", "keys.transit.staff"] {
        assert!(said.contains(&format!("{name}: is not a known key")), "{name}: {said}");
    }
    Ok(())
}
