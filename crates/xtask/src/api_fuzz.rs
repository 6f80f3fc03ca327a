//! Made-up requests to both portals' JSON APIs, as their OpenAPI documents allow and forbid: `tests/api`, driven by
//! schemathesis against a demo of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::command::{command, run as run_command, watch};
use crate::demo::{self, Demo};
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
    let python = environment(root)?;
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

/// A Python with `tests/api/requirements.txt`, made once in `target/` and again when that file changes.
fn environment(root: &Path) -> Result<PathBuf> {
    let wanted = std::fs::read(root.join("tests/api/requirements.txt"))?;
    let folder = root.join("target/tools/api-fuzz");
    let (python, stamp) = (folder.join("bin/python"), folder.join(".installed-from-requirements"));
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run_command(command("python3", root).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = command(&python, root);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    run_command(pip.args(["--requirement", "tests/api/requirements.txt"]))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}
