//! `cargo xtask bench`: runs the bench programs of the workspace and shows every figure beside its limit.
//!
//! A bench program is a `[[bench]]` target without harness, named after its goal (`g1`, `g5`). It writes
//! `NAME.json` into the folder named by `BENCH_OUT`:
//! `{"goal": "G1", "rows": [{"what": "labs", "measured": 1.31, "limit": 1.4, "unit": "×"}]}`.
//! A row holds when `measured ≤ limit` (`"at_least": true` turns it round); a row without limit informs.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{MetadataCommand, TargetKind};
use clap::Args;
use serde::Deserialize;

use crate::command::{cargo, run as run_command};

/// Which ones.
#[derive(Args, Debug)]
pub struct Options {
    /// One goal, e.g. `g1`; all of them when left out
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Report {
    goal: String,
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
struct Row {
    what: String,
    measured: f64,
    limit: Option<f64>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    at_least: bool,
}

impl Row {
    fn holds(&self) -> bool {
        self.limit.is_none_or(|limit| if self.at_least { self.measured >= limit } else { self.measured <= limit })
    }
}

/// Runs them one after the other.
///
/// # Errors
/// None has that name, one failed (its correctness gate, for instance), or a figure is beyond its limit.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let out = root.join("target/bench");
    std::fs::create_dir_all(&out)?;
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let mut reports = Vec::new();
    for package in &metadata.packages {
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench)) {
            if options.name.as_ref().is_some_and(|name| *name != target.name) {
                continue;
            }
            let mut bench = cargo(root);
            bench.args(["bench", "--quiet", "-p", package.name.as_str(), "--bench", &target.name]);
            run_command(bench.env("BENCH_OUT", &out))?;
            let file = out.join(format!("{}.json", target.name));
            let text = std::fs::read_to_string(&file).with_context(|| format!("no {}", file.display()))?;
            reports.push(serde_json::from_str::<Report>(&text).with_context(|| file.display().to_string())?);
        }
    }
    if reports.is_empty() {
        bail!("no bench program named `{}`", options.name.as_deref().unwrap_or("*"));
    }
    let beyond = table(&reports);
    if beyond == 0 { Ok(()) } else { bail!("{beyond} figure(s) beyond their limit") }
}

fn table(reports: &[Report]) -> usize {
    println!("{:<5} {:<56} {:>12} {:>12}  holds", "goal", "what", "measured", "limit");
    for report in reports {
        for row in &report.rows {
            let limit = row.limit.map_or(String::new(), |limit| format!("{limit:.3} {}", row.unit));
            let measured = format!("{:.3} {}", row.measured, row.unit);
            let word = if row.limit.is_none() {
                ""
            } else if row.holds() {
                "yes"
            } else {
                "NO"
            };
            println!("{:<5} {:<56} {measured:>12} {limit:>12}  {word}", report.goal, row.what);
        }
    }
    reports.iter().flat_map(|report| &report.rows).filter(|row| !row.holds()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measured: f64, limit: Option<f64>, at_least: bool) -> Row {
        Row { what: "x".to_owned(), measured, limit, unit: String::new(), at_least }
    }

    #[test]
    fn limits_hold_both_ways() {
        assert!(row(1.0, Some(1.4), false).holds());
        assert!(!row(1.5, Some(1.4), false).holds());
        assert!(row(1.5, Some(1.4), true).holds());
        assert!(row(99.0, None, false).holds());
    }

    #[test]
    fn a_figure_beyond_its_limit_is_counted() {
        let report =
            Report { goal: "G1".to_owned(), rows: vec![row(1.0, Some(2.0), false), row(3.0, Some(2.0), false)] };
        assert_eq!(table(&[report]), 1);
    }
}
