//! `cargo xtask …`: everything that is done to this tree by command. `cargo xtask help` lists it.
//!
//! Kept light, since it is built before anything else: no HTTP client, no async runtime, no crate of ours.

#![allow(clippy::print_stdout, reason = "what it says on the terminal is its whole output")]

mod advisories;
mod api_fuzz;
mod bench;
mod browser;
mod command;
mod demo;
mod front_end;
mod invariants;
mod licences;
mod setup;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// What can be asked for.
#[derive(Parser)]
#[command(name = "cargo xtask", version, about = "Builds, checks and shows the portals", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs everything that a change must pass
    Test(test::Options),
    /// The same as `test`, for machines
    Ci,
    /// Builds everything, starts a made-up region and both portals, runs until Ctrl-C
    Demo(demo::Options),
    /// Runs the benchmarks with their limits and writes target/bench/*.json
    Bench(bench::Options),
    /// Makes up bytes for everything that reads what hospitals send
    Fuzz(test::FuzzOptions),
    /// Kills processes while ten thousand people want fifty tickets
    Faults(test::FaultsOptions),
    /// Checks the house rules: imports, owners of libraries, sizes, words
    Invariants,
    /// Checks Cargo.lock against the vendored copy of the RustSec database
    Advisories,
    /// Checks the licences of everything that is linked
    Licences,
    /// Checks the vendored front-end files against their lock file
    FrontEnd,
    /// Visits every page in Chromium and keeps screenshots
    Shots(browser::Options),
    /// Installs what the tests need and this machine lacks
    Setup(setup::Options),
}

fn main() -> ExitCode {
    let outcome = run(Arguments::parse().task);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = root();
    match task {
        Task::Test(options) => test::run(&root, options),
        Task::Ci => test::run(&root, test::Options::default()),
        Task::Demo(options) => demo::run(&root, &options),
        Task::Bench(options) => bench::run(&root, &options),
        Task::Fuzz(options) => test::fuzz(&root, options),
        Task::Faults(options) => test::faults(&root, options),
        Task::Invariants => invariants::check(&root),
        Task::Advisories => advisories::check(&root),
        Task::Licences => licences::check(&root),
        Task::FrontEnd => front_end::check(&root),
        Task::Shots(options) => browser::shots(&root, &options),
        Task::Setup(options) => setup::run(&root, options.wanted()),
    }
}

/// The folder of the workspace. This program is only ever run from a clone.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_path_buf()
}
