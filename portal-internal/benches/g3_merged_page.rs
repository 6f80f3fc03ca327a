//! G3: the merged results of many hospitals against those of the slowest alone, asked in turns; then with one hospital
//! that never answers.
//!
//! `cargo bench -p portal-internal --bench g3_merged_page`. Void unless every hospital's results are in the merged
//! answer, and the dead one is named as unreachable.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its figures and has no public items")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use futures_util::future::try_join_all;

#[path = "support/hospitals.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod hospitals;
#[path = "support/portal.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod portal;
#[path = "../../crates/fhir/benches/support/report.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod report;

use hospitals::Manner;
use portal::{Bench, median};
use report::Report;

const IDLE: f64 = 1.02;
const LOADED: f64 = 1.10;
const DEAD: f64 = 1.02;
/// `timeout_ms` of the tests' catalogue: when a dead hospital is given up.
const DEADLINE: Duration = Duration::from_secs(8);
const ROUNDS: usize = 15;
const SLOWEST: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new();
    let run = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run()));
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<bool> {
    let mut report = Report::new("G3");
    for count in [1, 8, 50] {
        merged(&mut report, count).await?;
    }
    dead(&mut report).await?;
    report.write()?;
    Ok(report.good())
}

/// The last hospital is the slowest.
fn manner(at: usize, of: usize) -> Manner {
    let delay = SLOWEST.mul_f64((at + 1) as f64 / of as f64);
    // As many results in all, however many hospitals: their number alone is what changes.
    Manner { delay, results: 400 / of, analytes: 40, dead: false }
}

async fn merged(report: &mut Report, count: usize) -> Result<()> {
    let hospitals = (0..count).map(|at| hospitals::start(at, manner(at, count))).collect::<std::io::Result<_>>()?;
    let mut bench = portal::start(hospitals).await?;
    let all = format!("/api/v1/patients/{}/record/lab-results", bench.person);
    let alone = format!("{all}?source=h{}", count - 1);
    let whole = bench.visitor.get(&all).await?.json();
    let answered = whole["sources"].as_array().into_iter().flatten().filter(|source| source["state"] == "answered");
    report.gate(format!("{count} hospitals: all answered"), answered.count(), count);
    let items = whole["items"].as_array().map_or(0, Vec::len);
    report.gate(format!("{count} hospitals: no result lost"), items, count * (400 / count));

    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let (mut merged, mut single) = (0.0, 0.0);
        for turn in [round % 2 == 0, round % 2 != 0] {
            let path = if turn { &all } else { &alone };
            let took = time(&mut bench, path).await?;
            if turn { merged = took } else { single = took }
        }
        ratios.push(merged / single);
    }
    report.at_most(format!("{count} hospitals, idle: by the slowest alone"), median(ratios), IDLE, "×");

    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let single = at_once(&bench, &alone).await?;
        ratios.push(at_once(&bench, &all).await? / single);
    }
    report.at_most(format!("{count} hospitals, four at once: by the slowest alone"), median(ratios), LOADED, "×");
    Ok(())
}

async fn time(bench: &mut Bench, path: &str) -> Result<f64> {
    let begun = Instant::now();
    let answer = bench.visitor.get(path).await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.body);
    Ok(begun.elapsed().as_secs_f64())
}

/// The mean of four who ask at the same moment.
async fn at_once(bench: &Bench, path: &str) -> Result<f64> {
    let asking = (0..4).map(|_| {
        let mut visitor = bench.visitor.clone();
        async move {
            let begun = Instant::now();
            let answer = visitor.get(path).await?;
            anyhow::ensure!(answer.status == 200, "{}", answer.body);
            Ok(begun.elapsed().as_secs_f64())
        }
    });
    Ok(try_join_all(asking).await?.iter().sum::<f64>() / 4.0)
}

async fn dead(report: &mut Report) -> Result<()> {
    let manner = |at: usize| Manner { dead: at == 2, ..manner(at, 4) };
    let hospitals = (0..4).map(|at| hospitals::start(at, manner(at))).collect::<std::io::Result<_>>()?;
    let mut bench = portal::start(hospitals).await?;
    let path = format!("/api/v1/patients/{}/record/lab-results", bench.person);
    let mut ratios = Vec::new();
    for _ in 0..3 {
        ratios.push(time(&mut bench, &path).await? / DEADLINE.as_secs_f64());
    }
    let whole = bench.visitor.get(&path).await?.json();
    let named = whole["complete"] == false && whole["sources"][2]["state"] == "unreachable";
    report.gate("one hospital dead: it is named, the record is not complete", usize::from(named), 1);
    report.gate("one hospital dead: the others' results", whole["items"].as_array().map_or(0, Vec::len), 300);
    report.at_most("one hospital dead: by the deadline", median(ratios), DEAD, "×");
    Ok(())
}
