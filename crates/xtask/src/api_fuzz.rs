//! Made-up requests to both portals' JSON APIs, as their OpenAPI documents allow and forbid: `tests/api`, driven by
//! schemathesis against a demo of its own.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::{command, watch};
use crate::demo::{self, Demo};
use crate::setup;
use crate::test::Count;

/// Requests of the usual run and of the full one.
pub const USUAL: u32 = 1_000;
/// See [`USUAL`].
pub const FULL: u32 = 10_000;

/// Sends `cases` requests or more; the programs are those of the test build, made before.
///
/// # Errors
/// An answer of 5xx, or one that the document does not describe; or something could not be started.
pub fn check(root: &Path, cases: u32, count: &mut Count) -> Result<()> {
    let python = setup::python(root, "tests/api", "api-fuzz")?;
    let data = tempfile::tempdir()?;
    let demo = Demo::start(root, &root.join("target/debug"), data.path(), demo::any_ports()?)?;
    let mut fuzz = command(python, root);
    fuzz.arg("tests/api/run.py").arg("--demo").arg(demo.file()).args(["--cases", &cases.to_string()]);
    fuzz.arg("--reports").arg(root.join("target/api-fuzz"));
    let mut closing = None;
    let outcome = watch(&mut fuzz, |line| closing = crate::browser::closing_line(line).or(closing));
    *count = closing.context("the API tests did not finish")?;
    outcome
}
