//! G7 and G8: bookings that are confirmed with their audit rows, beside what the database does at most; and what a refusal
//! from memory costs.
//!
//! `cargo bench -p scheduling --bench g7_booking`. On PostgreSQL the peer is `pgbench` with the one statement that takes a
//! ticket and writes booking and audit row; on SQLite a bare loop on one connection that commits 64 at once. Both take turns;
//! the figure is the median of the rounds' ratios. Commits are on the disk before they are answered. Void unless there are as
//! many bookings as tickets that are taken, as audit rows and as were told.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its figures and has no public items")]

use std::{process::ExitCode, time::Instant};

use anyhow::{Context as _, Result};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, ExprTrait as _, Func, Query},
};
use testbed::{
    Database, Kind,
    postgres::{Durability, Server},
};

#[path = "support/peer.rs"]
mod peer;
#[path = "support/region.rs"]
mod region;
#[path = "../../fhir/benches/support/report.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod report;

use peer::Peer;
use region::{Crowd, Region};
use report::Report;

const ROUNDS: usize = 9;
/// Bookings of a round.
const BOOKINGS: usize = 1_000;
/// Who wait at a time, and the many.
const FEW: usize = 8;
const MANY: usize = 1_000;
/// Requests of a round for tickets that are gone.
const REFUSALS: usize = 20_000;
/// Slowest by median.
const WORST: f64 = 20.0;
/// Loss from few to many.
const LOSS: f64 = 0.8;

fn main() -> ExitCode {
    let run = || -> Result<bool> {
        let runtime = tokio::runtime::Runtime::new()?;
        let server = Server::start(Durability::On)?;
        runtime.block_on(run(&server))
    };
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(server: &Server) -> Result<bool> {
    let mut report = Report::new("G7");
    let postgres = (Database::on(server).await?, Database::on(server).await?);
    bookings(&mut report, postgres, 0.6).await?;
    let sqlite = (Database::sqlite().await?, Database::sqlite().await?);
    bookings(&mut report, sqlite, 0.3).await?;
    report.write()?;
    Ok(report.good())
}

async fn bookings(report: &mut Report, (own, of_peer): (Database, Database), least: f64) -> Result<()> {
    let name = if own.kind == Kind::Postgres { "PostgreSQL" } else { "SQLite" };
    let (mut region, mut peer) = (Region::on(&own).await?, Peer::on(of_peer).await?);
    let (mut ratios, mut many, mut worst, mut told) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        let limit = peer.round(BOOKINGS, FEW).await?;
        let sessions = region.release(BOOKINGS).await?;
        let by_few = region.crowd(&sessions, BOOKINGS, FEW).await?;
        let sessions = region.release(BOOKINGS).await?;
        let by_many = region.crowd(&sessions, BOOKINGS, MANY).await?;
        told += by_few.made + by_many.made;
        println!("{name}: {limit:.0}/s, {:.0}/s, {:.0}/s", per_second(&by_few), per_second(&by_many));
        // The first fills caches.
        if round > 0 {
            // The loop commits 64 at once, as the writer does when so many wait.
            let own = if name == "SQLite" { &by_many } else { &by_few };
            ratios.push(per_second(own) / limit);
            many.push(by_few.took / by_many.took);
            let slowest = by_few.waits.last().context("nobody waited")?;
            worst.push(slowest / by_few.waits[by_few.waits.len() / 2]);
        }
    }
    report.gate(format!("{name}: requests that got a ticket"), told, 2 * (ROUNDS + 1) * BOOKINGS);
    for (table, column, text) in
        [("booking", "state", "booked"), ("ticket", "state", "booked"), ("audit_event", "action", "booking.make")]
    {
        let found = count(&own, table, column, text).await?;
        report.gate(format!("{name}: rows of {table}"), if found == told { told } else { 0 }, told);
    }
    report.at_least(format!("{name}: bookings a second by the peer's"), median(ratios), least, "×");
    report.at_least(format!("{name}: with {MANY} waiting by {FEW}"), median(many), LOSS, "×");
    report.at_most(format!("{name}: slowest by median"), median(worst), WORST, "×");
    refusals(report, &mut region, name).await
}

fn per_second(crowd: &Crowd) -> f64 {
    crowd.made as f64 / crowd.took
}

/// What is gone is told from memory.
async fn refusals(report: &mut Report, region: &mut Region, name: &str) -> Result<()> {
    let sessions = region.release(50).await?;
    let taken = region.crowd(&sessions, 50, FEW).await?;
    report.gate(format!("{name}: sold out"), taken.made, 50);
    let begun = Instant::now();
    let crowd = region.crowd(&sessions, REFUSALS, MANY).await?;
    report.gate(format!("{name}: refusals"), crowd.refused, REFUSALS);
    report.inform(
        format!("{name}: a refusal, all requests at once"),
        begun.elapsed().as_micros() as f64 / REFUSALS as f64,
        "µs",
    );
    Ok(())
}

async fn count(db: &Database, table: &str, column: &str, text: &str) -> Result<usize> {
    let rows = Query::select()
        .expr(Func::count(Expr::val(1)))
        .from(Alias::new(table))
        .and_where(Expr::col(Alias::new(column)).eq(text))
        .to_owned();
    let row = db.connect().await?.query_one(&rows).await?.context("a row")?;
    Ok(usize::try_from(row.try_get_by_index::<i64>(0)?)?)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
