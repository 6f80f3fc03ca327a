//! `cargo xtask test`: what every change must pass.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::command::{cargo, run as run_command, watch};
use crate::setup::{self, Wanted};
use crate::{advisories, api_fuzz, browser, front_end, invariants, licences};

/// How much to run.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Options {
    /// No servers but those built into the tests: SQLite alone, no browser (at most 8 minutes)
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Everything, in every browser mode too (at most 75 minutes)
    #[arg(long)]
    full: bool,
}

/// How long to make up bytes.
#[derive(Args, Clone, Copy, Debug)]
pub struct FuzzOptions {
    /// Seconds for each target; they run side by side
    #[arg(long, default_value_t = 300)]
    seconds: u64,
}

/// How much to break.
#[derive(Args, Clone, Copy, Debug)]
pub struct FaultsOptions {
    /// People who want one of fifty tickets, on each database
    #[arg(long, default_value_t = 10_000)]
    clients: u32,
}

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Passed.
    pub passed: u32,
    /// Failed.
    pub failed: u32,
}

/// One step of the run: its name and what it does. A step without tests of its own counts as one.
struct Step {
    name: &'static str,
    act: fn(&Path, Options, &mut Count) -> Result<()>,
}

struct Outcome {
    name: &'static str,
    took: Duration,
    count: Count,
    failure: Option<String>,
}

const STEPS: &[Step] = &[
    Step { name: "set-up", act: |root, options, _| setup::run(root, wanted(options)) },
    Step { name: "format", act: |root, _, _| run_command(cargo(root).args(["fmt", "--all", "--check"])) },
    Step { name: "invariants", act: |root, _, _| invariants::check(root) },
    Step { name: "licences", act: |root, _, _| licences::check(root) },
    Step { name: "advisories", act: |root, _, _| advisories::check(root) },
    Step { name: "front-end files", act: |root, _, _| front_end::check(root) },
    Step { name: "clippy", act: clippy },
    Step { name: "documentation", act: documentation },
    Step { name: "programs", act: programs },
    Step { name: "tests", act: tests },
    Step { name: "API fuzz", act: api_fuzz },
    Step { name: "browser", act: browser_tests },
];

/// Steps that need servers or other languages' tools.
const NOT_QUICK: [&str; 2] = ["API fuzz", "browser"];

/// Runs all steps and says what each took. A failed step does not keep the others from running.
///
/// # Errors
/// A step failed.
pub fn run(root: &Path, options: Options) -> Result<()> {
    let mut outcomes = Vec::new();
    for step in STEPS.iter().filter(|step| !(options.quick && NOT_QUICK.contains(&step.name))) {
        println!("\n==> {}", step.name);
        let begun = Instant::now();
        let mut count = Count::default();
        let failure = (step.act)(root, options, &mut count).err().map(|error| format!("{error:#}"));
        if let Some(failure) = &failure {
            println!("failed: {failure}");
        }
        if count == Count::default() {
            count.passed = u32::from(failure.is_none());
        }
        if failure.is_some() && count.failed == 0 {
            count.failed = 1;
        }
        outcomes.push(Outcome { name: step.name, took: begun.elapsed(), count, failure });
    }
    summary(&outcomes)
}

fn summary(outcomes: &[Outcome]) -> Result<()> {
    println!("\n==> summary");
    for outcome in outcomes {
        let word = if outcome.failure.is_none() { "ok" } else { "FAILED" };
        let Count { passed, failed } = outcome.count;
        println!("{:<16} {word:<7} {:>7.1} s {passed:>6} {failed:>4}", outcome.name, outcome.took.as_secs_f64());
    }
    let failures: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.failure.is_some()).collect();
    for outcome in &failures {
        println!("{}: {}", outcome.name, outcome.failure.as_deref().unwrap_or_default());
    }
    let took: f64 = outcomes.iter().map(|outcome| outcome.took.as_secs_f64()).sum();
    println!("{:.1} minutes", took / 60.0);
    let total = outcomes.iter().fold(Count::default(), |sum, outcome| Count {
        passed: sum.passed + outcome.count.passed,
        failed: sum.failed + outcome.count.failed,
    });
    println!("{} passed, {} failed", total.passed, total.failed);
    if failures.is_empty() { Ok(()) } else { bail!("{} step(s) failed", failures.len()) }
}

fn wanted(options: Options) -> Wanted {
    match (options.quick, options.full) {
        (true, _) => Wanted::Nothing,
        (_, true) => Wanted::Full,
        _ => Wanted::Everything,
    }
}

fn clippy(root: &Path, _: Options, _: &mut Count) -> Result<()> {
    run_command(cargo(root).args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
}

fn documentation(root: &Path, options: Options, _: &mut Count) -> Result<()> {
    if options.quick {
        println!("left out of a quick run");
        return Ok(());
    }
    let mut doc = cargo(root);
    doc.args(["doc", "--workspace", "--no-deps", "--lib", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings");
    run_command(&mut doc)
}

/// The programs that `testbed::TestPortal` and the browser tests start.
fn programs(root: &Path, options: Options, _: &mut Count) -> Result<()> {
    run_command(cargo(root).args(["build", "--quiet", "--bins"]).args(PROGRAMS))?;
    if options.quick {
        return Ok(());
    }
    // Under other names: the programs above keep their guards.
    run_command(cargo(root).args(["build", "--quiet"]).args(UNGUARDED))
}

/// Programs whose guards can be taken away one by one: the matrix of routes and people has to notice each.
const UNGUARDED: [&str; 10] = [
    "-p",
    "portal-internal",
    "-p",
    "portal-external",
    "--features",
    "portal-internal/guard-switches,portal-external/guard-switches",
    "--bin",
    "portal-internal-unguarded",
    "--bin",
    "portal-external-unguarded",
];

/// Packages that hold them.
const PROGRAMS: [&str; 8] = ["-p", "portal-internal", "-p", "portal-external", "-p", "migrations", "-p", "sandbox"];

fn tests(root: &Path, options: Options, count: &mut Count) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast", "--quiet"]);
    command.env("TESTBED_QUICK", if options.quick { "1" } else { "0" });
    command.env("TESTBED_FULL", if options.full { "1" } else { "0" });
    command.env("FUZZ_SECONDS", if options.full { "60" } else { "0" });
    if options.full {
        command.env("LOGOUT_ROUNDS", "1000");
    }
    watch(&mut command, |line| add(count, line))
}

fn api_fuzz(root: &Path, options: Options, count: &mut Count) -> Result<()> {
    api_fuzz::check(root, if options.full { api_fuzz::FULL } else { api_fuzz::USUAL }, count)
}

fn browser_tests(root: &Path, options: Options, count: &mut Count) -> Result<()> {
    let modes = if options.full { browser::Modes::All } else { browser::Modes::Usual };
    browser::check(root, modes, count)
}

/// Made-up bytes for `seconds` each, to every target.
///
/// # Errors
/// A target fails: the message has its bytes.
pub fn fuzz(root: &Path, options: FuzzOptions) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "-p", "ehr", "--test", "it", "fuzz::", "--", "--nocapture"]);
    run_command(command.env("FUZZ_SECONDS", options.seconds.to_string()))
}

/// Tests that kill processes, with far more people than the usual run has.
///
/// # Errors
/// Something was lost or doubled.
pub fn faults(root: &Path, options: FaultsOptions) -> Result<()> {
    let mut command = cargo(root);
    command.args(["test", "-p", "scheduling", "--test", "it", "kills::", "--", "--nocapture"]);
    run_command(command.env("FAULTS_CLIENTS", options.clients.to_string()))
}

/// Adds up cargo's closing lines: `test result: ok. 5 passed; 0 failed; …`.
pub fn add(count: &mut Count, line: &str) {
    let Some(result) = line.strip_prefix("test result: ") else { return };
    let number = |word: &str| {
        let before = result.split(word).next()?;
        before.split_whitespace().next_back()?.parse::<u32>().ok()
    };
    count.passed += number(" passed").unwrap_or(0);
    count.failed += number(" failed").unwrap_or(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        add(&mut count, "test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out");
        add(&mut count, "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        add(&mut count, "test store::x ... ok");
        assert_eq!(count, Count { passed: 12, failed: 2 });
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let outcome = |failure: Option<&str>| Outcome {
            name: "step",
            took: Duration::ZERO,
            count: Count::default(),
            failure: failure.map(str::to_owned),
        };
        assert!(summary(&[outcome(None)]).is_ok());
        assert!(summary(&[outcome(None), outcome(Some("broken"))]).is_err());
    }
}
