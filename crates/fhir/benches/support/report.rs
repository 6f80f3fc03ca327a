//! What `cargo xtask bench` reads: the figures of a bench, each beside its limit.
//! Development only; other crates' benches may include this file by path.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// The figures of one program.
pub struct Report {
    goal: &'static str,
    rows: Vec<Value>,
    good: bool,
}

impl Report {
    pub fn new(goal: &'static str) -> Self {
        Self { goal, rows: Vec::new(), good: true }
    }

    /// A figure without limit.
    pub fn inform(&mut self, what: impl Into<String>, measured: f64, unit: &str) {
        self.rows.push(json!({"what": what.into(), "measured": measured, "unit": unit}));
    }

    /// A figure that may not be larger than `limit`. Does it hold?
    pub fn at_most(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &str) -> bool {
        self.rows.push(json!({"what": what.into(), "measured": measured, "limit": limit, "unit": unit}));
        // What is not a number holds nothing.
        let holds = measured <= limit;
        self.good &= holds;
        holds
    }

    /// A figure that may not be smaller than `limit`. Does it hold?
    #[allow(dead_code, reason = "the benches of this crate have limits from above alone")]
    pub fn at_least(&mut self, what: impl Into<String>, measured: f64, limit: f64, unit: &str) -> bool {
        let row = json!({"what": what.into(), "measured": measured, "limit": limit, "unit": unit, "at_least": true});
        self.rows.push(row);
        let holds = measured >= limit;
        self.good &= holds;
        holds
    }

    /// The correctness gate: how many of `all` comparisons with the oracle came out equal. Did all?
    pub fn gate(&mut self, what: impl Into<String>, equal: usize, all: usize) -> bool {
        self.rows
            .push(json!({"what": what.into(), "measured": equal, "limit": all, "unit": "equal", "at_least": true}));
        let holds = equal >= all;
        self.good &= holds;
        holds
    }

    /// Whether every figure so far keeps its limit.
    pub fn good(&self) -> bool {
        self.good
    }

    /// Writes the form, under the name of the bench target, to `$BENCH_OUT` or else to `target/bench` of the workspace.
    pub fn write(&self) -> std::io::Result<()> {
        let folder = std::env::var_os("BENCH_OUT").map_or_else(workspace_folder, PathBuf::from);
        std::fs::create_dir_all(&folder)?;
        let form = json!({"goal": self.goal, "rows": self.rows});
        std::fs::write(folder.join(concat!(env!("CARGO_CRATE_NAME"), ".json")), format!("{form:#}\n"))
    }
}

fn workspace_folder() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workspace = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    workspace.unwrap_or(package).join("target/bench")
}
