//! `cargo xtask bench`: runs the bench programs of the workspace and shows every figure beside its limit.
//!
//! A bench program is a `[[bench]]` target without harness, named after its goal (`g1_parse`, `g5_decision`). It writes
//! `TARGET.json` into the folder named by `BENCH_OUT`:
//! `{"goal": "G1", "rows": [{"what": "labs", "measured": 1.31, "limit": 1.4, "unit": "×"}]}`.
//! A row holds when `measured ≤ limit` (`"at_least": true` turns it round); a row without limit informs. What is not a
//! number is written as `null` and holds nothing. The program ends with another code than 0 when a row does not hold.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::{MetadataCommand, TargetKind};
use clap::Args;
use serde::Deserialize;

use crate::command::{cargo, run as run_command};

/// Which ones.
#[derive(Args, Debug)]
pub struct Options {
    /// One goal or program, e.g. `g1` or `G1_merge`; all of them when left out
    name: Option<String>,
}

impl Options {
    /// Is this bench target asked for? The beginning of its name is enough, but `g1` is not the beginning of `g10_…`.
    fn names(&self, target: &str) -> bool {
        let Some(name) = &self.name else { return true };
        let (name, target) = (name.to_lowercase(), target.to_lowercase());
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        target
            .strip_prefix(&name)
            .is_some_and(|rest| !(digit(name.as_bytes().last()) && digit(rest.as_bytes().first())))
    }
}

#[derive(Debug, Deserialize)]
struct Report {
    goal: String,
    rows: Vec<Row>,
}

impl Report {
    fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("no {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| file.display().to_string())
    }
}

#[derive(Debug, Deserialize)]
struct Row {
    what: String,
    measured: Option<f64>,
    limit: Option<f64>,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    at_least: bool,
}

impl Row {
    fn holds(&self) -> bool {
        let Some(limit) = self.limit else { return true };
        self.measured.is_some_and(|measured| if self.at_least { measured >= limit } else { measured <= limit })
    }
}

/// Runs them one after the other. One that fails does not keep the others from running, nor its figures from being
/// shown.
///
/// # Errors
/// None has that name, one failed (its correctness gate, for instance), or a figure is beyond its limit.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let out = root.join("target/bench");
    std::fs::create_dir_all(&out)?;
    let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
    let (mut reports, mut faults) = (Vec::new(), Vec::new());
    for package in &metadata.packages {
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench)) {
            if !options.names(&target.name) {
                continue;
            }
            let file = out.join(format!("{}.json", target.name));
            // Figures of an earlier run are not this run's.
            if file.exists() {
                std::fs::remove_file(&file)?;
            }
            let mut bench = cargo(root);
            bench.args(["bench", "--quiet", "-p", package.name.as_str(), "--bench", &target.name]);
            let ended = run_command(bench.env("BENCH_OUT", &out));
            faults.extend(ended.err().map(|error| format!("{error:#}")));
            match Report::read(&file) {
                Ok(report) => reports.push(report),
                Err(error) => faults.push(format!("{error:#}")),
            }
        }
    }
    if reports.is_empty() && faults.is_empty() {
        bail!("no bench program named `{}`", options.name.as_deref().unwrap_or("*"));
    }
    faults.extend(table(&reports));
    if faults.is_empty() { Ok(()) } else { bail!("{}", faults.join("\n")) }
}

/// Prints them; what it returns names each row that does not hold.
fn table(reports: &[Report]) -> Vec<String> {
    println!("{:<5} {:<56} {:>14} {:>14}  holds", "goal", "what", "measured", "limit");
    let mut missed = Vec::new();
    for report in reports {
        for row in &report.rows {
            let figure = |figure: f64| format!("{figure:.3} {}", row.unit);
            let measured = row.measured.map_or("not a number".to_owned(), figure);
            let limit = row.limit.map_or(String::new(), figure);
            let word = match (row.limit, row.holds()) {
                (None, _) => "",
                (_, true) => "yes",
                (_, false) => "NO",
            };
            println!("{:<5} {:<56} {measured:>14} {limit:>14}  {word}", report.goal, row.what);
            if !row.holds() {
                let bound = if row.at_least { "at least" } else { "at most" };
                missed.push(format!("{} missed: {}: {measured}, {bound} {limit}", report.goal, row.what));
            }
        }
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measured: f64, limit: Option<f64>, at_least: bool) -> Row {
        Row { what: "x".to_owned(), measured: Some(measured), limit, unit: String::new(), at_least }
    }

    #[test]
    fn limits_hold_both_ways() {
        assert!(row(1.0, Some(1.4), false).holds());
        assert!(!row(1.5, Some(1.4), false).holds());
        assert!(row(1.5, Some(1.4), true).holds());
        assert!(row(99.0, None, false).holds());
    }

    #[test]
    fn the_form_is_read_and_the_missed_row_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("g1_x.json");
        assert!(Report::read(&file).is_err());
        std::fs::write(
            &file,
            r#"{"goal": "G1", "rows": [
                {"what": "equal", "measured": 20, "limit": 20, "unit": "equal", "at_least": true},
                {"what": "labs", "measured": 1.5, "limit": 1.4, "unit": "×"},
                {"what": "growth", "measured": null, "limit": 10.0, "unit": "%"},
                {"what": "peer", "measured": 0.4, "unit": "ns"}
            ]}"#,
        )
        .unwrap();
        let report = Report::read(&file).unwrap();
        let missed = table(&[report]);
        assert_eq!(
            missed,
            ["G1 missed: labs: 1.500 ×, at most 1.400 ×", "G1 missed: growth: not a number, at most 10.000 %"]
        );
    }

    #[test]
    fn a_name_is_the_beginning_of_a_target() {
        let names = |name: &str, target: &str| Options { name: Some(name.to_owned()) }.names(target);
        assert!(names("g1", "g1_parse") && names("G1", "g1_merge") && names("g1_merge", "g1_merge"));
        assert!(names("G5", "g5_decision") && names("g", "g5_decision") && names("g1", "g1"));
        assert!(!names("g1", "g5_decision") && !names("g1", "g10_memory") && !names("g1_merge", "g1_parse"));
        assert!(!names("g5_decisions", "g5_decision"));
        assert!(Options { name: None }.names("g5_decision"));
    }
}
