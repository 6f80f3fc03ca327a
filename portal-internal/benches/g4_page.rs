//! G4: what a page of 200 rows costs the server's processor, against a poem server that has the same bytes ready; and
//! what compressing it adds.
//!
//! `cargo bench -p portal-internal --bench g4_page`. The goal is about drawing: merged results to HTML, beside what serving
//! the same bytes costs. The whole program's request is told too, with reading the hospital, merging and writing the audit
//! rows. Void unless the page has its 200 rows.

#![allow(missing_docs, clippy::print_stdout, reason = "a bench prints its figures and has no public items")]

use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use poem::{Route, Server, endpoint::make, get, listener::TcpAcceptor};
use testbed::{Visitor, process};

#[path = "support/drawn.rs"]
mod drawn;
#[path = "support/hospitals.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod hospitals;
#[path = "support/portal.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod portal;
#[path = "../../crates/fhir/benches/support/report.rs"]
#[allow(dead_code, reason = "shared with the other benches")]
mod report;

use drawn::Drawing;
use hospitals::Manner;
use portal::{Bench, median};
use report::Report;

const FRESH: f64 = 30.0;
const REPEATED: f64 = 1.5;
const COMPRESSED: f64 = 2.0;
/// Rows of the page, and of one twice as long.
const ROWS: usize = 200;
const GROWTH: f64 = 2.2;
const ROUNDS: usize = 7;
/// Requests in one measurement: well beyond a scheduler tick.
const REQUESTS: usize = 60;
/// This program as the peer: the file that it serves.
const PEER: &str = "BENCH_PEER_PAGE";

fn main() -> ExitCode {
    let run = || -> Result<bool> {
        let runtime = tokio::runtime::Runtime::new()?;
        match std::env::var_os(PEER) {
            Some(file) => runtime.block_on(peer(std::fs::read(file)?)).map(|()| true),
            None => runtime.block_on(run()),
        }
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

/// Serves the page at `/`, and says where on standard output.
async fn peer(page: Vec<u8>) -> Result<()> {
    let page = bytes::Bytes::from(page);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let ready = make(move |_| {
        let page = page.clone();
        async move { poem::Response::builder().content_type("text/html; charset=utf-8").body(page) }
    });
    Ok(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(Route::new().at("/", get(ready))).await?)
}

struct Peer {
    child: Child,
    visitor: Visitor,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Peer {
    fn start(page: &str, folder: &std::path::Path) -> Result<Self> {
        let file = folder.join("page.html");
        std::fs::write(&file, page)?;
        let mut child = Command::new(std::env::current_exe()?)
            .env(PEER, &file)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?;
        let mut url = String::new();
        let out = child.stdout.take().context("no standard output")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut url)?;
        Ok(Self { child, visitor: Visitor::new(url.trim())? })
    }
}

async fn run() -> Result<bool> {
    let mut report = Report::new("G4");
    let manner = Manner { delay: std::time::Duration::ZERO, results: ROWS, analytes: ROWS, dead: false };
    let mut bench = portal::start(vec![hospitals::start(0, manner)?]).await?;
    let page_path = format!("/patients/{}/lab-results", bench.person);
    let page = bench.visitor.get(&page_path).await?;
    anyhow::ensure!(page.status == 200, "{}", page.body);
    let (drawing, longer) = (Drawing::new(ROWS)?, Drawing::new(2 * ROWS)?);
    report.gate("rows of the page", rows(&page.body).min(ROWS), ROWS);
    report.gate("rows of the drawn page", rows(&drawing.draw()?).min(ROWS), ROWS);
    report.inform("size of the page", page.body.len() as f64 / 1024.0, "KiB");
    let folder = tempfile::tempdir()?;
    let mut peer = Peer::start(&page.body, folder.path())?;

    let (mut whole, mut of_peer, mut drawn, mut growth) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let ready = cost(peer.child.id(), &mut peer.visitor, "/").await?;
        let own = draws(&drawing)?;
        growth.push(draws(&longer)? / own);
        whole.push(cost(bench.portal.pid()?, &mut bench.visitor, &page_path).await?);
        of_peer.push(ready);
        drawn.push((own + ready) / ready);
    }
    report.inform("processor time of a request, all included", median(whole) / 1000.0, "µs");
    report.inform("processor time of the same bytes, ready", median(of_peer) / 1000.0, "µs");
    // Nothing of a record is kept between views: a repeated view is a fresh one, and is measured as such.
    let ratio = median(drawn);
    report.at_most("fresh page by the same bytes ready", ratio, FRESH, "×");
    report.at_most("repeated view by the same bytes ready", ratio, REPEATED, "×");
    report.at_most("a page of twice as many rows", median(growth), GROWTH, "×");
    compression(&mut report, &mut bench, &page_path).await?;
    report.write()?;
    Ok(report.good())
}

fn rows(page: &str) -> usize {
    page.matches("<tr").count()
}

/// Processor nanoseconds of drawing the page once.
fn draws(drawing: &Drawing) -> Result<f64> {
    let before = process::cost(std::process::id())?.cpu_ns;
    for _ in 0..REQUESTS {
        std::hint::black_box(drawing.draw()?);
    }
    Ok((process::cost(std::process::id())?.cpu_ns - before) as f64 / REQUESTS as f64)
}

async fn compression(report: &mut Report, bench: &mut Bench, path: &str) -> Result<()> {
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let plain = cost(bench.portal.pid()?, &mut bench.visitor, path).await?;
        let before = process::cost(bench.portal.pid()?)?.cpu_ns;
        for _ in 0..REQUESTS {
            bench.visitor.compressed(path, "zstd").await?;
        }
        let compressed = (process::cost(bench.portal.pid()?)?.cpu_ns - before) as f64 / REQUESTS as f64;
        ratios.push(compressed / plain);
    }
    let size = bench.visitor.compressed(path, "zstd").await?;
    report.inform("size of the page, compressed", size as f64 / 1024.0, "KiB");
    report.at_most("compressed page by the page as it is", median(ratios), COMPRESSED, "×");
    Ok(())
}

/// Processor nanoseconds of one request, over [`REQUESTS`] of them.
async fn cost(pid: u32, visitor: &mut Visitor, path: &str) -> Result<f64> {
    let before = process::cost(pid)?.cpu_ns;
    for _ in 0..REQUESTS {
        let answer = visitor.get(path).await?;
        anyhow::ensure!(answer.status == 200, "{}", answer.body);
    }
    Ok((process::cost(pid)?.cpu_ns - before) as f64 / REQUESTS as f64)
}
