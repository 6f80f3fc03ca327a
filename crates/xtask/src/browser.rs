//! The pages in Chromium: `tests/browser` driven by node, against a demo of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::command::{cargo, command, run as run_command, watch};
use crate::demo::{self, Demo};
use crate::setup::{self, Wanted};
use crate::test::Count;

/// Where the pictures go.
#[derive(Args, Debug)]
pub struct Options {
    /// Folder for the screenshots
    #[arg(long, default_value = "target/shots")]
    out: PathBuf,
    /// Only pages and journeys with these words in their names
    #[arg(long, default_value = "")]
    only: String,
    /// Take the programs in target/debug as they are
    #[arg(long)]
    as_built: bool,
}

/// Languages, widths and colour schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modes {
    /// zh-CN at 390 px, en at 1440 px, the chief pages dark.
    Usual,
    /// Every combination.
    All,
}

/// Regions that are visited side by side, each with its own portals and browser: one does not keep two cores busy.
const LANES: usize = 2;

/// Visits every page; the programs are those of the test build, made before.
///
/// # Errors
/// A page or a journey failed, or something could not be started.
pub fn check(root: &Path, modes: Modes, count: &mut Count) -> Result<()> {
    drive(root, modes, &root.join("target/shots"), "", count)
}

/// Screenshots of every page in every mode.
///
/// # Errors
/// As [`check`]: the pictures of the pages that are wrong are there all the same.
pub fn shots(root: &Path, options: &Options) -> Result<()> {
    setup::run(root, Wanted::Everything)?;
    if !options.as_built {
        let mut build = cargo(root);
        build.args(["build", "--quiet", "--bins"]);
        let programs = ["portal-internal", "portal-external", "migrations", "sandbox"];
        run_command(build.args(programs.iter().flat_map(|program| ["-p", program])))?;
    }
    let out = root.join(&options.out);
    let outcome = drive(root, Modes::All, &out, &options.only, &mut Count::default());
    println!("{}", out.display());
    outcome
}

fn drive(root: &Path, modes: Modes, shots: &Path, only: &str, count: &mut Count) -> Result<()> {
    let data = tempfile::tempdir()?;
    let programs = root.join("target/debug");
    let mut node = command("node", &root.join("tests/browser"));
    node.arg("run.mjs").arg("--programs").arg(&programs).arg("--shots").arg(shots);
    // One after the other: each takes the ports of its settings that are free.
    let mut demos = Vec::new();
    for lane in 0..if only.is_empty() { LANES } else { 1 } {
        let demo = Demo::start(root, &programs, &data.path().join(lane.to_string()), demo::any_ports()?)?;
        node.arg("--demo").arg(demo.file());
        demos.push(demo);
    }
    node.args(["--modes", if modes == Modes::All { "all" } else { "usual" }]);
    node.arg(format!("--only={only}"));
    let mut closing = None;
    let outcome = watch(&mut node, |line| closing = closing_line(line).or(closing));
    *count = closing.context("the browser tests did not finish")?;
    outcome?;
    if count.passed == 0 { bail!("no page was visited") } else { Ok(()) }
}

/// `7 passed, 0 failed`
pub(crate) fn closing_line(line: &str) -> Option<Count> {
    let (passed, failed) = line.strip_suffix(" failed")?.split_once(" passed, ")?;
    Some(Count { passed: passed.parse().ok()?, failed: failed.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_read() {
        assert_eq!(closing_line("7 passed, 1 failed"), Some(Count { passed: 7, failed: 1 }));
        assert_eq!(closing_line("ok   internal /sign-in"), None);
    }
}
