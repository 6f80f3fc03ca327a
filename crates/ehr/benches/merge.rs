//! G1: laboratory bundles of two hospitals parsed, merged and freed of repetitions, against serde_json skipping the same
//! bytes.
//!
//! `cargo bench -p ehr --bench g1_merge`. Void unless the facts and their originals equal those of a slow oracle over
//! `serde_json::Value`.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its table and has no public items")]

use std::collections::{BTreeMap, BTreeSet};
use std::{hint::black_box, process::ExitCode};

use ehr::labs::{LabRows, MergedLabs, RowSource, merge};
use fhir::{bundle::rows_of, kinds};
use serde::de::IgnoredAny;
use serde_json::Value;
use sources::LocalCodes;

#[path = "../../fhir/benches/support/cpu_time.rs"]
mod cpu_time;
#[path = "../../fhir/benches/support/lab_bundle.rs"]
mod lab_bundle;
#[path = "../../fhir/benches/support/report.rs"]
mod report;

use report::Report;

/// Limit of the ratio for laboratory results (PERFORMANCE, G1).
const LIMIT: f64 = 1.40;
/// How far the cost of a byte may move from the smallest to the largest size.
const GROWTH: f64 = 0.10;
const ROUNDS: usize = 9;
/// Bytes worked through in one measurement at least, so that a scheduler tick does not matter.
const BYTES: usize = 150_000_000;

fn main() -> ExitCode {
    let mut report = Report::new("G1");
    let mut first_cost = None;
    println!("{:<28} {:>9} {:>9} {:>7} {:>7}", "G1 parse + merge", "ns/byte", "peer", "ratio", "limit");
    for count in [1_000, 10_000, 100_000] {
        // Two hospitals; the second repeats a part of the first's results, as a laboratory that serves both does.
        let ours = lab_bundle::pages(count / 2, 7);
        let shared: Vec<String> = ours.iter().take(ours.len().div_ceil(10)).cloned().collect();
        let theirs: Vec<String> = lab_bundle::pages(count / 2, 8).into_iter().chain(shared).collect();
        let hospitals = [ours, theirs];
        let bytes: usize = hospitals.iter().flatten().map(String::len).sum();
        let gate = facts(&merged(&hospitals)) == oracle(&hospitals);
        let times = BYTES.div_ceil(bytes);
        let (own, peer, ratio) = cpu_time::versus(
            ROUNDS,
            || (0..times).for_each(|_| drop(black_box(merged(black_box(&hospitals))))),
            || (0..times).for_each(|_| skip(black_box(&hospitals))),
        );
        let per_byte = |ns: f64| ns / (bytes * times) as f64;
        let cost = per_byte(own);
        let growth = cost / *first_cost.get_or_insert(cost) - 1.0;
        let name = format!("G1 merge {count} results");
        let mut ok = report.gate(format!("{name}: rows as the oracle's"), usize::from(gate), 1);
        ok &= report.at_most(format!("{name}: by the peer"), ratio, LIMIT, "×");
        ok &= report.at_most(format!("{name}: growth of a byte's cost"), growth * 100.0, GROWTH * 100.0, "%");
        report.inform(format!("{name}: cost of a byte"), cost, "ns");
        report.inform(format!("{name}: cost of a byte, peer"), per_byte(peer), "ns");
        let verdict = match (gate, ok) {
            (false, _) => "WRONG ROWS",
            (_, true) => "ok",
            _ => "MISS",
        };
        println!(
            "{name:<28} {cost:>9.3} {:>9.3} {ratio:>7.3} {LIMIT:>7.2}  {verdict}  (growth {:+.1} %)",
            per_byte(peer),
            growth * 100.0,
        );
    }
    if let Err(error) = report.write() {
        println!("the report was not written: {error}");
        return ExitCode::FAILURE;
    }
    if report.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn merged(hospitals: &[Vec<String>]) -> MergedLabs {
    let parts = hospitals.iter().enumerate().map(|(order, pages)| {
        let source = RowSource { id: format!("h{order}"), order, retrieved_at: jiff::Timestamp::UNIX_EPOCH };
        let mut rows = LabRows::new(source, LocalCodes::default());
        for page in pages {
            let read = rows_of::<kinds::Observation>(page, |row| rows.add(&row));
            black_box(read.fault);
        }
        rows
    });
    merge(parts.collect())
}

fn skip(hospitals: &[Vec<String>]) {
    for page in hospitals.iter().flatten() {
        let skipped: Result<IgnoredAny, _> = serde_json::from_str(page);
        black_box(skipped.is_ok());
    }
}

/// Each fact as the set of its originals.
type Facts = BTreeSet<Vec<(String, String)>>;

fn facts(merged: &MergedLabs) -> Facts {
    let origins = |result: ehr::labs::LabResult| {
        let mut origins: Vec<_> = result.origins.into_iter().map(|origin| (origin.source, origin.resource)).collect();
        origins.sort();
        origins
    };
    merged.results().into_iter().map(origins).collect()
}

/// The same by the slowest and plainest way.
fn oracle(hospitals: &[Vec<String>]) -> Facts {
    let mut facts: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    for (order, pages) in hospitals.iter().enumerate() {
        for page in pages {
            let bundle: Value = serde_json::from_str(page).unwrap_or_default();
            for entry in bundle["entry"].as_array().into_iter().flatten() {
                let row = &entry["resource"];
                let codings = row["code"]["coding"].as_array().cloned().unwrap_or_default();
                let loinc = codings.iter().find(|coding| coding["system"] == "http://loinc.org");
                let time = row["effectiveDateTime"].as_str().unwrap_or_default();
                let instant: Option<jiff::Timestamp> = time.parse().ok();
                let quantity = &row["valueQuantity"];
                let settled = matches!(row["status"].as_str(), Some("final" | "amended" | "corrected"));
                let fact = format!(
                    "{:?} {instant:?} {} {} {:?} {settled}",
                    loinc.map(|coding| &coding["code"]),
                    if instant.is_none() { time } else { "" },
                    quantity["value"].as_f64().unwrap_or(f64::NAN),
                    quantity["comparator"].as_str().map(str::to_owned).unwrap_or_default()
                        + quantity["code"].as_str().unwrap_or_default(),
                );
                let original = (format!("h{order}"), format!("Observation/{}", row["id"].as_str().unwrap_or_default()));
                facts.entry(fact).or_default().insert(original);
            }
        }
    }
    facts.into_values().map(|originals| originals.into_iter().collect()).collect()
}
