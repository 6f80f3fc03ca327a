//! G1, the parsing half: laboratory bundles read into rows and collected, against serde_json skipping the same bytes.
//!
//! `cargo bench -p fhir --bench g1_parse`. Void unless the rows equal those of a slow oracle over `serde_json::Value`.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its table and has no public items")]

use std::{hint::black_box, process::ExitCode};

use fhir::{bundle::rows_of, kinds, rows};
use serde::de::IgnoredAny;
use serde_json::Value;

#[path = "support/cpu_time.rs"]
mod cpu_time;
#[path = "support/lab_bundle.rs"]
mod lab_bundle;
#[path = "support/report.rs"]
mod report;

use report::Report;

/// Limit of the ratio for laboratory results (PERFORMANCE, G1).
const LIMIT: f64 = 1.40;
/// How far the cost of a byte may move from the smallest to the largest size. The peer's own growth is printed beside it:
/// larger texts leave the processor's caches, which costs both.
const GROWTH: f64 = 0.10;
const ROUNDS: usize = 9;
/// Bytes worked through in one measurement at least, so that a scheduler tick does not matter.
const BYTES: usize = 150_000_000;

fn main() -> ExitCode {
    let mut report = Report::new("G1");
    let mut first_cost = None;
    println!("{:<28} {:>9} {:>9} {:>7} {:>7}", "G1 parse", "ns/byte", "peer", "ratio", "limit");
    for count in [1_000, 10_000, 100_000] {
        let pages = lab_bundle::pages(count, 7);
        let bytes: usize = pages.iter().map(String::len).sum();
        let gate = collect(&pages) == oracle(&pages);
        let times = BYTES.div_ceil(bytes);
        let (rows, peer, ratio) = cpu_time::versus(
            ROUNDS,
            || repeat(times, || drop(black_box(collect(black_box(&pages))))),
            || repeat(times, || skip(black_box(&pages))),
        );
        let per_byte = |ns: f64| ns / (bytes * times) as f64;
        let cost = per_byte(rows);
        let (first, first_peer) = *first_cost.get_or_insert((cost, per_byte(peer)));
        let (growth, peer_growth) = (cost / first - 1.0, per_byte(peer) / first_peer - 1.0);
        let name = format!("G1 parse {count} results");
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
            "{name:<28} {cost:>9.3} {:>9.3} {ratio:>7.3} {LIMIT:>7.2}  {verdict}  (growth {:+.1} %, peer {:+.1} %)",
            per_byte(peer),
            growth * 100.0,
            peer_growth * 100.0,
        );
    }
    if let Err(error) = report.write() {
        println!("the report was not written: {error}");
        return ExitCode::FAILURE;
    }
    if report.good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn repeat(times: usize, mut work: impl FnMut()) {
    for _ in 0..times {
        work();
    }
}

/// The peer: every byte looked at, nothing kept.
fn skip(pages: &[String]) {
    for page in pages {
        let skipped: Result<IgnoredAny, _> = serde_json::from_str(page);
        black_box(skipped.is_ok());
    }
}

/// What a table of results needs of one page, texts in one place: a row is small and costs no allocation of its own.
#[derive(PartialEq, Debug)]
struct Collected {
    texts: String,
    rows: Vec<Row>,
}

/// Texts and numbers of a row.
const TEXTS: usize = 9;

#[derive(PartialEq, Debug)]
struct Row {
    /// Lengths, in `texts`, of: id, status, LOINC, name, time, value, unit, flag, range.
    lengths: [u16; TEXTS],
    /// Value, low, high, as bits, so that what is not a number equals itself.
    numbers: [u64; 3],
}

impl Collected {
    fn of(page: &str) -> Self {
        Self { texts: String::with_capacity(page.len() / 14), rows: Vec::with_capacity(page.len() / 1_400) }
    }

    fn add(&mut self, patient: Option<&str>, texts: [Option<&str>; TEXTS], numbers: [Option<f64>; 3]) {
        if patient != Some("Patient/p1") {
            return;
        }
        let lengths = texts.map(|text| {
            let text = text.unwrap_or_default();
            self.texts.push_str(text);
            text.len() as u16
        });
        self.rows.push(Row { lengths, numbers: numbers.map(|number| number.unwrap_or(f64::NAN).to_bits()) });
    }
}

fn collect(pages: &[String]) -> Vec<Collected> {
    let collect_page = |page: &String| {
        let mut kept = Collected::of(page);
        let read = rows_of::<kinds::Observation>(page, |row| {
            let code = row.code.unwrap_or_default();
            let loinc = code.coding.iter().find(|coding| coding.system == Some("http://loinc.org"));
            let quantity = match row.value {
                Some(rows::Value::Quantity(quantity)) => quantity,
                _ => rows::Quantity::default(),
            };
            let flag = row.interpretation.first().and_then(|concept| concept.coding.first());
            let range = row.reference_range.first().copied().unwrap_or_default();
            let number = |quantity: rows::Quantity<'_>| quantity.value.and_then(rows::Number::value);
            let texts = [
                row.id,
                row.status,
                loinc.and_then(|coding| coding.code),
                code.text,
                row.effective.and_then(rows::Effective::start),
                quantity.value.map(rows::Number::text),
                quantity.code,
                flag.and_then(|coding| coding.code),
                range.text,
            ];
            let patient = row.subject.and_then(|subject| subject.reference);
            kept.add(patient, texts, [number(quantity), range.low.and_then(number), range.high.and_then(number)]);
        });
        black_box(read.fault);
        kept
    };
    pages.iter().map(collect_page).collect()
}

/// The same by the slowest and plainest way. Its numbers lose their text, so it is cut from the page by position.
fn oracle(pages: &[String]) -> Vec<Collected> {
    let collect_page = |page: &String| {
        let mut kept = Collected::of(page);
        let bundle: Value = serde_json::from_str(page).unwrap_or_default();
        let mut rest = page.as_str();
        for entry in bundle["entry"].as_array().into_iter().flatten() {
            let row = &entry["resource"];
            let range = &row["referenceRange"][0];
            let codings = row["code"]["coding"].as_array();
            let loinc = codings.and_then(|all| all.iter().find(|coding| coding["system"] == "http://loinc.org"));
            let after = rest.split_once(r#""valueQuantity":{"value":"#).map_or("", |(_, after)| after);
            let (value, after) = after.split_once(',').unwrap_or_default();
            rest = after;
            let texts = [
                row["id"].as_str(),
                row["status"].as_str(),
                loinc.and_then(|coding| coding["code"].as_str()),
                row["code"]["text"].as_str(),
                row["effectiveDateTime"].as_str(),
                Some(value),
                row["valueQuantity"]["code"].as_str(),
                row["interpretation"][0]["coding"][0]["code"].as_str(),
                range["text"].as_str(),
            ];
            let numbers =
                [&row["valueQuantity"]["value"], &range["low"]["value"], &range["high"]["value"]].map(Value::as_f64);
            kept.add(row["subject"]["reference"].as_str(), texts, numbers);
        }
        kept
    };
    pages.iter().map(collect_page).collect()
}
