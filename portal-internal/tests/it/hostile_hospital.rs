//! A clinician reads results while one of two hospitals is hostile (SECURITY: threats 14 to 16).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;
use testbed::hostile_fhir::{FOREIGN, HostileFhir, Manner, RESIDENT_ID, Whose};
use testbed::{Answer, Database, Hospital, Region, TestPortal, Visitor, process};

/// Longest wait for a page. A hospital is left at its deadline, after 8 s; the test build, on a machine that does more than
/// this, may be late. What is not left does not end.
const LONGEST: Duration = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 10 });
/// What a hostile hospital may cost: 64 MB.
const MEMORY: u64 = 64 << 20;
/// Seconds the other hospital may take for all that it is asked together, whatever this one does. The test build reads
/// pages some twenty times slower than a release, on a machine that does more than this.
const UNMOVED: f64 = if cfg!(debug_assertions) { 6.0 } else { 1.0 };

struct Ward {
    hostile: HostileFhir,
    _good: HostileFhir,
    portal: TestPortal,
    clinician: Visitor,
    /// The patient's id in the portal.
    person: String,
}

/// Two hospitals that know the patient; the first can be switched.
async fn ward() -> Result<Ward> {
    let (hostile, good) = (HostileFhir::start("h7", &[4.11, 4.12]).await?, HostileFhir::start("g7", &[5.21]).await?);
    let shared = testbed::region().await;
    let hospital = |id: &str, of: &HostileFhir, zh: &str| Hospital {
        id: id.to_owned(),
        base_url: of.base_url.clone(),
        platform: "plain".to_owned(),
        name: (zh.to_owned(), id.to_owned()),
    };
    let hospitals = vec![hospital("hostile", &hostile, "恶意医院"), hospital("good", &good, "善意医院")];
    let region = Region::of(hospitals, shared.directory.clone(), shared.staff.clone());
    let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
    let mut clinician = portal.clinician("li.wei").await?;
    let person = super::find(&mut clinician, RESIDENT_ID).await?;
    let mut ward = Ward { hostile, _good: good, portal, clinician, person };
    // What the first reading loads is nobody's doing.
    let read = ward.read("honest").await?;
    assert_eq!(read.json()["complete"], true, "{}", read.body);
    assert_eq!(values(&read.json()), [4.11, 4.12, 5.21]);
    Ok(ward)
}

impl Ward {
    /// Reads the results and holds what must hold whatever the hospital does.
    async fn read(&mut self, name: &str) -> Result<Answer> {
        let pid = self.portal.pid()?;
        process::forget_peak(pid)?;
        let (before, good_before) = (process::peak(pid)?, self.waited("good").await?);
        let start = Instant::now();
        let answer = self.clinician.get(&format!("/api/v1/patients/{}/record/lab-results", self.person)).await?;
        let took = start.elapsed();
        let grown = process::peak(pid)?.saturating_sub(before);
        let good_waited = self.waited("good").await? - good_before;
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let record = answer.json();
        let (hostile, good) = (source(&record, "hostile")?, source(&record, "good")?);
        eprintln!(
            "| {name} | {:.1} s | +{:.0} MB | {} {} dropped {} | good {} in {:.0} ms | {} shown |",
            took.as_secs_f64(),
            grown as f64 / 1e6,
            hostile["state"].as_str().unwrap_or_default(),
            hostile["detail"].as_str().unwrap_or_default(),
            hostile["dropped"],
            good["state"].as_str().unwrap_or_default(),
            good_waited * 1000.0,
            values(&record).len(),
        );
        assert!(took < LONGEST, "{name}: {took:?}");
        assert!(grown < MEMORY, "{name}: {} MB more", grown >> 20);
        assert_eq!(good["state"], "answered", "{name}: {good}");
        assert!(good_waited < UNMOVED, "{name}: the other hospital took {good_waited} s");
        assert!(values(&record).contains(&5.21), "{name}: the other hospital's result is missing");
        assert!(!answer.body.contains(FOREIGN), "{name}: another patient's data: {}", answer.body);
        assert!(self.hostile.canary.heard().is_empty(), "{name}: {:?}", self.hostile.canary.heard());
        Ok(answer)
    }

    /// Seconds that the portal has waited for a hospital so far, all questions together.
    async fn waited(&self, source: &str) -> Result<f64> {
        let figures = self.portal.ops("/metrics").await?.body;
        let name = format!("portal_source_duration_seconds_sum{{source=\"{source}\"}} ");
        let sum = figures.lines().find_map(|line| line.strip_prefix(&name)).with_context(|| figures.clone())?;
        Ok(sum.trim().parse()?)
    }

    /// As [`Self::read`], where the ledger has to tell of the hospital `state` and one of `details`; with what is shown.
    async fn told(&mut self, manner: Manner, state: &str, details: &[&str]) -> Result<Vec<f64>> {
        let name = format!("{manner:?}");
        let name: String = name.chars().take(70).collect();
        self.hostile.set(manner);
        let record = self.read(&name).await?.json();
        let told = source(&record, "hostile")?;
        let known = told["detail"].as_str().is_some_and(|detail| details.contains(&detail));
        assert!(told["state"] == state && known, "{name}: {told}");
        assert_eq!(record["complete"], false, "{name}");
        Ok(values(&record))
    }
}

fn source<'r>(record: &'r Value, id: &str) -> Result<&'r Value> {
    let sources = record["sources"].as_array().context("sources")?;
    sources.iter().find(|source| source["id"] == id).context("in the ledger")
}

/// The numbers shown, each once, in order.
fn values(record: &Value) -> Vec<f64> {
    let items = record["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut values: Vec<f64> = items.iter().filter_map(|item| item["fields"]["value"]["number"].as_f64()).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

#[tokio::test(flavor = "multi_thread")]
async fn transport_without_end_or_sense_is_left_in_time() -> Result<()> {
    let mut ward = ward().await?;
    let own = [4.11, 4.12, 5.21];
    for (manner, state, details) in [
        (Manner::Silence, "unreachable", ["why-timeout"].as_slice()),
        (Manner::HangUp, "unreachable", &["why-protocol"]),
        (Manner::DripBody, "unreachable", &["why-too-slow"]),
        (Manner::DripHead, "unreachable", &["why-timeout"]),
        (Manner::EndlessBody, "unreachable", &["why-too-large"]),
        (Manner::EndlessHead, "unreachable", &["why-protocol"]),
        (Manner::GzipBomb, "unreachable", &["why-too-large"]),
        (Manner::EmptyGzip, "unreachable", &["why-too-slow", "why-protocol", "why-timeout"]),
        (Manner::HugePage, "unreachable", &["why-too-large"]),
        (Manner::HtmlError, "unreachable", &["why-status"]),
        (Manner::HtmlPage, "unreachable", &["why-garbage"]),
        (Manner::Redirect(302), "unreachable", &["why-status"]),
        (Manner::Redirect(307), "unreachable", &["why-status"]),
    ] {
        assert_eq!(ward.told(manner.clone(), state, details).await?, [5.21], "{manner:?}");
    }
    let cut = ward.told(Manner::CutMidBody, "partial", &["why-protocol", "why-truncated"]).await?;
    assert_eq!(cut, [4.11, 5.21], "what came whole is kept");
    ward.hostile.set(Manner::WrongType);
    let wrong_type = ward.read("WrongType").await?.json();
    assert_eq!((wrong_type["complete"].as_bool(), values(&wrong_type)), (Some(true), own.to_vec()));
    ward.hostile.set(Manner::Honest);
    assert_eq!(values(&ward.read("honest again").await?.json()), own);
    Ok(())
}

// By itself: until its connections are looked at again, this hospital's own thread is busy, and what it did next would be
// late for that.
#[tokio::test(flavor = "multi_thread")]
async fn hints_without_end_keep_nobody_but_their_own_hospital_waiting() -> Result<()> {
    let mut ward = ward().await?;
    assert_eq!(ward.told(Manner::EndlessHints, "unreachable", &["why-timeout"]).await?, [5.21]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_beyond_all_measure_are_cut_and_said_to_be() -> Result<()> {
    let mut ward = ward().await?;
    for (manner, state, details) in [
        (Manner::DepthBomb, "unreachable", ["why-garbage"].as_slice()),
        (Manner::BrokenText, "partial", &["why-encoding"]),
        (Manner::ManyEntries, "partial", &["why-too-many-entries"]),
        (Manner::FatEntries, "partial", &["why-too-large", "why-timeout"]),
        (Manner::ManyComponents, "partial", &["why-too-large", "why-timeout"]),
        (Manner::ManyReferences, "partial", &["why-too-large", "why-timeout", "why-too-many-pages"]),
        (Manner::EndlessPages, "partial", &["why-too-many-pages"]),
        (Manner::LoopingNext, "partial", &["why-loop"]),
        (Manner::InvalidUtf8, "partial", &["why-encoding"]),
    ] {
        let shown = ward.told(manner.clone(), state, details).await?;
        let kept = [Manner::LoopingNext, Manner::InvalidUtf8].contains(&manner);
        assert!(!kept || shown == [4.11, 4.12, 5.21], "{manner:?}: {shown:?}");
    }
    for manner in [Manner::DuplicateKeys, Manner::WildNumbers] {
        ward.hostile.set(manner.clone());
        let shown = values(&ward.read(&format!("{manner:?}")).await?.json());
        assert!(shown.contains(&4.11) && !shown.contains(&99.9), "{manner:?}: {shown:?}");
    }
    // The page is drawn from the worst of them too.
    ward.hostile.set(Manner::FatEntries);
    let page = ward.clinician.get(&format!("/patients/{}/lab-results", ward.person)).await?;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("恶意医院") && page.body.contains("善意医院"));
    assert!(page.body.len() < 16 << 20, "a page of {} bytes", page.body.len());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_next_link_never_leads_away() -> Result<()> {
    let mut ward = ward().await?;
    for next in [
        "http://{canary}/fhir/Observation",
        "https://{own}/fhir/Observation?_page=1",
        "//{canary}/fhir/Observation",
        "http://localhost:{canary-port}/fhir/Observation",
        "http://2130706433:{canary-port}/fhir/Observation",
        "http://0x7f.1:{canary-port}/fhir/Observation",
        "http://0177.0.0.1:{canary-port}/fhir/Observation",
        "http://[::ffff:127.0.0.1]:{canary-port}/fhir/Observation",
        "http://[::1]:{canary-port}/fhir/Observation",
        "http://0.0.0.0:{canary-port}/fhir/Observation",
        "http://{own}@{canary}/fhir/Observation",
        "http://user:word@{own}/fhir/Observation?_page=1",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://{canary}/x",
        "\\\\{canary}\\fhir",
        "javascript:alert(1)",
    ] {
        let shown = ward.told(Manner::Next(next.to_owned()), "partial", &["why-origin"]).await?;
        assert_eq!(shown, [4.11, 4.12, 5.21], "{next}");
    }
    // Another spelling of the same address is the same origin, and is asked there.
    let (_, port) = ward.hostile.base_url.trim_end_matches("/fhir").rsplit_once(':').context("a port")?;
    let same = format!("http://0177.0.0.1:{port}/fhir/Observation?_page=1");
    let shown = ward.told(Manner::Next(same), "partial", &["why-loop"]).await?;
    assert_eq!(shown, [4.11, 4.12, 5.21]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_patient_is_ever_shown() -> Result<()> {
    let mut ward = ward().await?;
    let own = [4.11, 4.12, 5.21];
    for whose in Whose::FOREIGN {
        ward.hostile.set(Manner::Whose(whose));
        let record = ward.read(&format!("{whose:?}")).await?.json();
        let told = source(&record, "hostile")?;
        let shown = values(&record);
        assert!(!shown.contains(&66.6), "{whose:?}: {shown:?}");
        match whose {
            // A note of the server's, of no severity: nothing is missing, and nothing of it is shown.
            Whose::Outcome => assert_eq!((shown.as_slice(), &record["complete"]), (own.as_slice(), &true.into())),
            // Whose results they are is no longer sure: none of them is shown.
            Whose::PatientReplaced => assert_eq!(shown, [5.21], "{told}"),
            _ => assert_eq!(shown, own, "{whose:?}"),
        }
        if whose != Whose::Outcome {
            assert_eq!(record["complete"], false, "{whose:?}: {told}");
            let dropped = told["dropped"].as_u64().unwrap_or_default();
            let expected = if whose == Whose::Included { 1 } else { 2 };
            assert!(told["state"] == "partial" && dropped >= expected, "{whose:?}: {told}");
        }
        for section in ["lab-results", "demographics"] {
            let page = ward.clinician.get(&format!("/patients/{}/{section}", ward.person)).await?;
            assert_eq!(page.status, 200, "{whose:?} {section}");
            assert!(!page.body.contains(FOREIGN) && !page.body.contains("66.6"), "{whose:?} on {section}");
        }
        let log = ward.portal.log();
        assert!(!log.contains(FOREIGN) && !log.contains("panicked"), "{whose:?} in the log");
    }
    assert!(ward.portal.log().contains("another patient"), "no security event in the log");
    Ok(())
}
