//! The same records read from servers of others: nothing is lost, nothing is added, whatever they make of a search.

use anyhow::{Context as _, Result};
use serde_json::Value;
use testbed::peers::{Fhirsnake, Helios, Medplum, records_of};
use testbed::{Database, Hospital, Patient, Region, TestPortal, Visitor};

const HOSPITAL: &str = "city-first";
/// People whose records are compared; more of them are at the server.
const COMPARED: usize = 4;
const SECTIONS: [&str; 15] = [
    "demographics",
    "summary",
    "outpatient",
    "inpatient",
    "orders",
    "prescriptions",
    "medications",
    "lab-results",
    "exam-reports",
    "surgery",
    "nursing",
    "discharge",
    "charges",
    "front-page",
    "personal-record",
];

#[tokio::test(flavor = "multi_thread")]
async fn medplum_says_what_the_sandbox_says() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let region = testbed::region().await;
    let records = Records::of_some(region).await?;
    let medplum = Medplum::start(&records.resources)?;
    let peer = Reading::begin(region, Some(&medplum.base_url)).await?;
    let own = Reading::begin(region, None).await?;
    let mut incomplete = 0;
    records
        .compare(own, peer, |found| {
            // It cuts lists at `_count` and links to nothing.
            let is_whole = found["complete"] == true;
            assert!(is_whole || found["sources"][0]["detail"] == "why-fewer-than-total", "{}", found["sources"]);
            incomplete += usize::from(!is_whole);
            is_whole
        })
        .await?;
    assert!((1..=8).contains(&incomplete), "{incomplete} sections were too long for one page");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn fhirsnake_sends_everybodys_and_only_ones_own_is_read() -> Result<()> {
    if testbed::quick() {
        return Ok(());
    }
    let region = testbed::region().await;
    let records = Records::of_some(region).await?;
    let fhirsnake = Fhirsnake::start(&records.resources).await?;
    let peer = Reading::begin(region, Some(&fhirsnake.base_url)).await?;
    let own = Reading::begin(region, None).await?;
    let mut dropped = 0;
    records
        .compare(own, peer, |found| {
            dropped += found["sources"][0]["dropped"].as_u64().unwrap_or_default();
            true
        })
        .await?;
    assert!(dropped > 1000, "it knows no parameters, and yet only {dropped} were somebody else's");
    Ok(())
}

/// A server that checks every request's token and scopes: what it lets through is read whole, what it refuses is told as
/// refused, and nobody reads that there is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn helios_is_read_as_far_as_it_lets_us_and_its_refusals_are_told() -> Result<()> {
    if !testbed::full() {
        return Ok(());
    }
    let region = testbed::region().await;
    let records = Records::of_some(region).await?;
    let helios = Helios::start(&records.resources)?;
    let own = Reading::begin(region, None).await?;
    let peer = Reading::begin(region, Some(&helios.base_url("all"))).await?;
    records.compare(own, peer, |_| true).await?;

    let one = records.people.first().context("nobody")?;
    let mut narrow = Reading::begin(region, Some(&helios.base_url("patients-only"))).await?;
    let id = narrow.find(one).await?;
    for section in SECTIONS {
        let found = narrow.section(&id, section).await?;
        let (state, items) = (&found["sources"][0]["state"], found["items"].as_array().map(Vec::len));
        // The particulars are all that this token is for.
        let (expected, is_whole) = if section == "demographics" { ("answered", true) } else { ("refused", false) };
        assert_eq!(
            (state.as_str(), &found["complete"]),
            (Some(expected), &Value::Bool(is_whole)),
            "{section}: {found}"
        );
        assert_eq!(items, Some(usize::from(is_whole)), "{section}: {found}");
    }
    let summary = narrow.clinician.get(&format!("/patients/{id}/summary")).await?.body;
    assert!(summary.contains("过敏：查不到") && !summary.contains("过敏：没有记录"), "{summary}");
    for who in ["expired", "of-another-issuer", "none"] {
        let mut stranger = Reading::begin(region, Some(&helios.base_url(who))).await?;
        let body = serde_json::json!({ "q": one.resident_id });
        let found = stranger.clinician.json("POST".parse()?, "/api/v1/patient-searches", Some(&body)).await?.json();
        assert_eq!(
            (&found["items"], &found["sources"][0]["state"]),
            (&Value::Array(vec![]), &"refused".into()),
            "{who}"
        );
    }
    Ok(())
}

/// Some people of the hospital and everything that it has about them.
struct Records {
    people: Vec<Patient>,
    resources: Vec<Value>,
}

impl Records {
    async fn of_some(region: &Region) -> Result<Self> {
        let heavy = &region.patients[region.heavy_patient].resident_id;
        let known = |one: &&Patient| one.hospitals.iter().any(|(hospital, _)| hospital == HOSPITAL);
        let people = region.patients.iter().filter(known).filter(|one| one.resident_id != *heavy);
        let people: Vec<Patient> = people.take(COMPARED + 2).cloned().collect();
        let ids: Vec<&str> = people
            .iter()
            .flat_map(|one| &one.hospitals)
            .filter(|(hospital, _)| hospital == HOSPITAL)
            .map(|(_, id)| id.as_str())
            .collect();
        let resources = records_of(&hospital(region)?.base_url, &ids).await?;
        Ok(Self { people, resources })
    }

    /// Every section of everybody compared is the same at both, where `is_whole` says that it has to be.
    async fn compare(
        &self,
        mut own: Reading,
        mut peer: Reading,
        mut is_whole: impl FnMut(&Value) -> bool,
    ) -> Result<()> {
        let mut items = 0;
        for one in self.people.iter().take(COMPARED) {
            let (here, there) = (own.find(one).await?, peer.find(one).await?);
            for section in SECTIONS {
                let told = format!("{section} of {}", one.name);
                let expected = own.section(&here, section).await?;
                let found = peer.section(&there, section).await?;
                if is_whole(&found) {
                    items += same(&expected, &found).context(told)?;
                }
            }
        }
        assert!(items > 500, "only {items} facts were there to compare");
        Ok(())
    }
}

/// A clinician at a portal whose one hospital is the sandbox's, or a peer with its records.
struct Reading {
    clinician: Visitor,
    _portal: TestPortal,
}

impl Reading {
    async fn begin(region: &Region, base_url: Option<&str>) -> Result<Self> {
        let mut hospital = hospital(region)?.clone();
        if let Some(base_url) = base_url {
            base_url.clone_into(&mut hospital.base_url);
        }
        let mut region = region.with_hospitals(vec![hospital]);
        // Its one thread looks through everything at every search, on a machine that does more than this.
        region.timeout_ms = 60_000;
        let portal = TestPortal::internal(&Database::sqlite().await?, &region).await?;
        Ok(Self { clinician: portal.clinician("li.wei").await?, _portal: portal })
    }

    async fn find(&mut self, patient: &Patient) -> Result<String> {
        super::find(&mut self.clinician, &patient.resident_id).await.with_context(|| patient.name.clone())
    }

    async fn section(&mut self, id: &str, section: &str) -> Result<Value> {
        let answer = self.clinician.get(&format!("/api/v1/patients/{id}/record/{section}")).await?;
        anyhow::ensure!(answer.status == 200, "{section}: {} {}", answer.status, answer.body);
        Ok(answer.json())
    }
}

fn hospital(region: &Region) -> Result<&Hospital> {
    region.hospitals.iter().find(|one| one.id == HOSPITAL).context(HOSPITAL)
}

/// How many items there are; what differs is told fact by fact.
fn same(expected: &Value, found: &Value) -> Result<usize> {
    let (mut expected, is_whole) = (facts(expected), found["complete"] == true);
    let found = facts(found);
    // Of a source that sent others' records nobody says that there is no more.
    let unsure = expected.iter_mut().filter(|item| !is_whole && item["fields"]["dispensed"] == "none-recorded");
    for item in unsure {
        item["fields"].as_object_mut().context("fields")?.remove("dispensed");
    }
    for fact in &expected {
        anyhow::ensure!(found.contains(fact), "lost, or changed: {fact}\namong {} of {}", found.len(), expected.len());
    }
    for fact in &found {
        anyhow::ensure!(expected.contains(fact), "from nowhere: {fact}");
    }
    assert_eq!(expected, found, "in another order");
    Ok(expected.len())
}

/// The items without what may differ between two readings of one thing: when it was read, and the server's own version.
fn facts(record: &Value) -> Vec<Value> {
    let mut items = record["items"].as_array().cloned().unwrap_or_default();
    items.iter_mut().for_each(strip);
    items
}

/// `5.40 mmol/L` → `5.4 mmol/L`: JavaScript keeps no trailing zeros of the numbers that it stores.
fn without_trailing_zeros(text: &str) -> String {
    let is_numeric = |c: char| c.is_ascii_digit() || c == '.';
    let mut plain = String::new();
    for run in text.split_inclusive(|c| !is_numeric(c)) {
        let number = run.trim_end_matches(|c| !is_numeric(c));
        let shorter = match number.split_once('.') {
            Some((_, decimals)) if !decimals.contains('.') => number.trim_end_matches('0').trim_end_matches('.'),
            _ => number,
        };
        plain.push_str(shorter);
        plain.push_str(&run[number.len()..]);
    }
    plain
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.retain(|member, _| !matches!(member.as_str(), "retrieved_at" | "version"));
            members.values_mut().for_each(strip);
        }
        Value::String(text) => *text = without_trailing_zeros(text),
        _ => {}
    }
}
