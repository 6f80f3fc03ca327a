//! G10 and G11: memory at rest against poem's smallest program, memory of a sign-in, start-up on an existing database,
//! size of the program.
//!
//! `cargo bench -p portal-internal --bench g10_memory`.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its figures and has no public items")]

use std::{
    io::BufRead as _,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result};
use poem::{Route, Server, endpoint::make, get, listener::TcpAcceptor};
use testbed::{Database, TestPortal, Visitor, process};

#[path = "support/hospitals.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod hospitals;
#[path = "support/portal.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod portal;
#[path = "../../crates/fhir/benches/support/report.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod report;

use portal::median;
use report::Report;

const MEMORY: f64 = 3.0;
const SESSION: f64 = 1024.0;
const START: f64 = 1.0;
const SIZE: f64 = 60.0;
/// Sign-ins between two looks at the memory; half as many come before the first, so that caches and pools are what they
/// stay at.
const SIGN_INS: usize = 2_000;
/// This program as the peer.
const PEER: &str = "BENCH_PEER_HELLO";

fn main() -> ExitCode {
    let run = || -> Result<bool> {
        let runtime = tokio::runtime::Runtime::new()?;
        if std::env::var_os(PEER).is_some() {
            return runtime.block_on(hello()).map(|()| true);
        }
        runtime.block_on(run())
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

async fn hello() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let app = Route::new().at("/", get(make(async |_| "hello")));
    Ok(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?)
}

/// Memory of poem's smallest program after a hundred requests.
async fn peer() -> Result<f64> {
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.env(PEER, "1").stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
    let mut url = String::new();
    let out = child.stdout.take().context("no standard output")?;
    std::io::BufReader::new(out).read_line(&mut url)?;
    let mut visitor = Visitor::new(url.trim())?;
    for _ in 0..100 {
        visitor.get("/").await?;
    }
    let resident = process::cost(child.id())?.resident as f64;
    child.kill()?;
    child.wait()?;
    Ok(resident)
}

async fn run() -> Result<bool> {
    let mut report = Report::new("G10");
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let mut portal = TestPortal::internal(&database, region).await?;
    let mut visitor = portal.visitor()?;
    for _ in 0..100 {
        visitor.get("/sign-in").await?;
    }
    let (own, hello) = (process::cost(portal.pid()?)?.resident as f64, peer().await?);
    report.inform("memory at rest", own / 1048576.0, "MiB");
    report.inform("memory of poem's smallest program", hello / 1048576.0, "MiB");
    report.at_most("memory at rest by poem's smallest program", own / hello, MEMORY, "×");

    sign_ins(&portal, region, SIGN_INS / 2).await?;
    let before = process::cost(portal.pid()?)?.resident as f64;
    sign_ins(&portal, region, SIGN_INS).await?;
    let grown = process::cost(portal.pid()?)?.resident as f64 - before;
    report.at_most("memory of a sign-in that is idle", grown.max(0.0) / SIGN_INS as f64, SESSION, "B");

    let mut starts = Vec::new();
    for _ in 0..5 {
        portal.stop();
        let begun = Instant::now();
        portal.serve().await?;
        starts.push(begun.elapsed().as_secs_f64());
    }
    report.at_most("G11 start-up on an existing database until ready", median(starts), START, "s");
    let program = std::fs::read_link(format!("/proc/{}/exe", portal.pid()?))?;
    report.at_most("G11 size of the program", std::fs::metadata(program)?.len() as f64 / 1048576.0, SIZE, "MiB");
    report.write()?;
    Ok(report.good())
}

/// Everybody of the directory in turn, each time anew.
async fn sign_ins(portal: &TestPortal, region: &testbed::Region, count: usize) -> Result<()> {
    for staff in region.staff.iter().cycle().take(count) {
        portal.visitor()?.sign_in(&staff.username, &staff.password, None).await?;
    }
    Ok(())
}
