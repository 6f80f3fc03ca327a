//! G1 over all types of the record: pages of HL7's official examples read into rows, against serde_json skipping the same
//! bytes. Merging is measured on laboratory results (`g1_merge`), of which a person has the most.
//!
//! `cargo bench -p ehr --bench g1_types`. Void unless every example of the archive comes back as a row of its type, with its
//! id, as a slow oracle over `serde_json::Value` finds them.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its table and has no public items")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::{hint::black_box, process::ExitCode};

use fhir::{bundle::rows_of, kinds};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

#[path = "../../fhir/benches/support/cpu_time.rs"]
mod cpu_time;
#[path = "../../fhir/benches/support/report.rs"]
mod report;

use report::Report;

/// Limit of the ratio (PERFORMANCE, G1).
const LIMIT: f64 = 1.60;
const ROUNDS: usize = 9;
/// Resources of a page.
const ENTRIES: usize = 200;
/// Bytes worked through in one measurement at least, so that a scheduler tick does not matter.
const BYTES: usize = 60_000_000;

/// Reads a page of a type; gives the rows' ids.
type Reader = fn(&str) -> Vec<String>;

macro_rules! readers {
    ($($kind:ident)*) => {
        [$((stringify!($kind), (|page| {
            let mut ids = Vec::new();
            let read = rows_of::<kinds::$kind>(page, |row| {
                let row = black_box(row);
                ids.extend(row.id.map(str::to_owned));
            });
            black_box(read.fault);
            ids
        }) as Reader)),*]
    };
}

fn main() -> ExitCode {
    let readers = readers!(
        AllergyIntolerance Condition Immunization Device Procedure Medication MedicationRequest MedicationDispense
        MedicationAdministration MedicationStatement ServiceRequest NutritionOrder Observation DiagnosticReport Encounter
        DocumentReference Composition CarePlan FamilyMemberHistory QuestionnaireResponse Questionnaire
        ExplanationOfBenefit Claim ChargeItem Invoice Account Coverage Patient Practitioner PractitionerRole Organization
        Location HealthcareService
    );
    let examples = examples();
    let mut report = Report::new("G1");
    println!("{:<28} {:>9} {:>9} {:>7} {:>7}", "G1 parse", "ns/byte", "peer", "ratio", "limit");
    let corpora: Vec<(Reader, String)> = readers
        .iter()
        .filter_map(|(kind, read)| {
            let page = page(examples.get(*kind)?);
            report.gate(
                format!("G1 parse {kind}: rows as the oracle's"),
                usize::from(read(&page) == oracle(&page, kind)),
                1,
            );
            let (cost, peer, ratio) = measure(&[(*read, page.clone())]);
            report.inform(format!("G1 parse {kind}: by the peer"), ratio, "×");
            println!("{kind:<28} {cost:>9.3} {peer:>9.3} {ratio:>7.3}");
            Some((*read, page))
        })
        .collect();
    let (cost, peer, ratio) = measure(&corpora);
    report.at_most("G1 parse of all types: by the peer", ratio, LIMIT, "×");
    println!("{:<28} {cost:>9.3} {peer:>9.3} {ratio:>7.3} {LIMIT:>7.2}", "all types");
    if let Err(error) = report.write() {
        println!("the report was not written: {error}");
        return ExitCode::FAILURE;
    }
    if report.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Nanoseconds for a byte, those of the peer, and their ratio.
fn measure(pages: &[(Reader, String)]) -> (f64, f64, f64) {
    let bytes: usize = pages.iter().map(|(_, page)| page.len()).sum();
    let times = BYTES.div_ceil(bytes);
    let all = |work: &dyn Fn(&(Reader, String))| (0..times).for_each(|_| pages.iter().for_each(work));
    let (own, peer, ratio) = cpu_time::versus(
        ROUNDS,
        || all(&|(read, page)| drop(black_box(read(black_box(page))))),
        || all(&|(_, page)| drop(black_box(serde_json::from_str::<IgnoredAny>(black_box(page))))),
    );
    let per_byte = |ns: f64| ns / (bytes * times) as f64;
    (per_byte(own), per_byte(peer), ratio)
}

/// The examples of <https://hl7.org/fhir/R4/>, by type.
fn examples() -> BTreeMap<String, Vec<Value>> {
    let packed: &[u8] = include_bytes!("../tests/data/hl7-r4-core.tar.xz");
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for mut file in tar::Archive::new(xz2::read::XzDecoder::new(packed)).entries().into_iter().flatten().flatten() {
        let mut text = String::new();
        let read = file.read_to_string(&mut text).is_ok();
        let Some(one) = read.then(|| serde_json::from_str::<Value>(&text).ok()).flatten() else { continue };
        if let Some(kind) = one["resourceType"].as_str() {
            all.entry(kind.to_owned()).or_default().push(one);
        }
    }
    all
}

/// One searchset page: the examples over and over, each time with other ids.
fn page(examples: &[Value]) -> String {
    let entries = examples.iter().cycle().take(ENTRIES.max(examples.len())).enumerate().map(|(nth, example)| {
        let mut resource = example.clone();
        resource["id"] = json!(format!("e{nth}"));
        json!({ "fullUrl": format!("http://hospital.test/fhir/x/e{nth}"), "resource": resource })
    });
    json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries.collect::<Vec<_>>() }).to_string()
}

/// The same by the slowest and plainest way.
fn oracle(page: &str, kind: &str) -> Vec<String> {
    let bundle: Value = serde_json::from_str(page).unwrap_or_default();
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    let resources = entries.iter().map(|entry| &entry["resource"]).filter(|resource| resource["resourceType"] == kind);
    resources.filter_map(|resource| resource["id"].as_str().map(str::to_owned)).collect()
}
