//! FHIR servers of others, filled with what a hospital of the sandbox has: the same records, read by another's code.

mod oidc;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

pub use oidc::{Ledger, OidcClient, OidcProvider};

use crate::Visitor;

/// How long a server may take until it answers, on a busy machine.
const START: Duration = Duration::from_secs(60);

/// Medplum's FHIR router on a private port (`tests/peers`): its own search in memory, no paging, no `$everything`, types
/// that it has never heard of are empty. Stopped when dropped.
pub struct Medplum {
    /// FHIR base.
    pub base_url: String,
    program: Child,
    _folder: tempfile::TempDir,
}

impl Medplum {
    /// Serves these resources.
    ///
    /// # Errors
    /// Node or the packages of `tests/peers` are not installed (`cargo xtask setup` does it), or a resource was refused.
    pub fn start(resources: &[Value]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = written(resources, folder.path())?;
        let mut node = Command::new("node");
        node.arg(tests_folder().join("medplum.mjs")).arg(&file);
        let (program, port) = listening(&mut node)?;
        Ok(Self { base_url: format!("http://127.0.0.1:{port}/fhir/R4"), program, _folder: folder })
    }
}

impl Drop for Medplum {
    fn drop(&mut self) {
        stop(&mut self.program);
    }
}

/// fhirsnake on a private port: knows files and `_id`, and answers every search with all that it has of the type.
pub struct Fhirsnake {
    /// FHIR base.
    pub base_url: String,
    program: Child,
    _folder: tempfile::TempDir,
}

impl Fhirsnake {
    /// Serves these resources.
    ///
    /// # Errors
    /// It is not installed (`cargo xtask setup` does it), or does not start.
    pub async fn start(resources: &[Value]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for resource in resources {
            let file = folder.path().join("resources").join(format!("{}.json", name(resource)));
            std::fs::create_dir_all(file.parent().context("no folder")?)?;
            std::fs::write(file, resource.to_string())?;
        }
        let port = crate::postgres::free_port()?;
        let python = tests_folder().join("../../target/tools/peers/bin/python");
        let mut server = Command::new(python);
        server.arg(tests_folder().join("serve_fhirsnake.py")).arg(port.to_string()).current_dir(folder.path());
        let (program, _) = listening(&mut server)?;
        let base_url = format!("http://127.0.0.1:{port}");
        let end = Instant::now() + START;
        while Visitor::new(&base_url)?.get("/").await.is_err() {
            anyhow::ensure!(Instant::now() < end, "fhirsnake does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { base_url, program, _folder: folder })
    }
}

impl Drop for Fhirsnake {
    fn drop(&mut self) {
        stop(&mut self.program);
    }
}

/// Helios' FHIR server on a private port, with SMART enforcement: tokens of an issuer of its own, scopes checked on every
/// request, and before it a gateway that signs in for the portal (`tests/peers/helios.mjs`). Stopped when dropped.
pub struct Helios {
    gateway: String,
    program: Child,
    _folder: tempfile::TempDir,
}

impl Helios {
    /// Serves these resources.
    ///
    /// # Errors
    /// It is not installed (`cargo xtask setup --full` does it), or a resource was refused.
    pub fn start(resources: &[Value]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = written(resources, folder.path())?;
        let mut node = Command::new("node");
        let program = tests_folder().join("../../target/tools/hfs/bin/hfs");
        node.arg(tests_folder().join("helios.mjs")).arg(program).arg(folder.path()).arg(file);
        let (program, port) = listening(&mut node)?;
        Ok(Self { gateway: format!("http://127.0.0.1:{port}"), program, _folder: folder })
    }

    /// FHIR base for those whom the gateway signs in as `who`: `all` may read everything, `patients-only` no other type;
    /// `expired` and `of-another-issuer` have such a token, `none` has none.
    pub fn base_url(&self, who: &str) -> String {
        format!("{}/{who}", self.gateway)
    }
}

impl Drop for Helios {
    fn drop(&mut self) {
        // Killed, it would leave its server behind.
        drop(self.program.stdin.take());
        let _ = self.program.wait();
    }
}

/// A file of them in that folder, one a line.
fn written(resources: &[Value], folder: &Path) -> Result<PathBuf> {
    let file = folder.join("resources.ndjson");
    let mut out = std::fs::File::create(&file)?;
    for resource in resources {
        writeln!(out, "{resource}")?;
    }
    Ok(file)
}

/// `tests/peers` of this workspace.
fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers")
}

/// Starts a server that says `listening PORT` and ends with its standard input.
fn listening(command: &mut Command) -> Result<(Child, u16)> {
    let (program, [port]) = listening_at(command)?;
    Ok((program, port))
}

/// The same of one that says several ports, one after the other.
fn listening_at<const N: usize>(command: &mut Command) -> Result<(Child, [u16; N])> {
    let mut program = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("not installed")?;
    let output = program.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let said = line.trim().strip_prefix("listening ").unwrap_or_default();
    let ports: Vec<u16> = said.split(' ').filter_map(|port| port.parse().ok()).collect();
    match ports.try_into() {
        Ok(ports) => Ok((program, ports)),
        Err(_) => {
            stop(&mut program);
            bail!("{command:?} did not start (`cargo xtask setup` installs what it needs): {line}")
        }
    }
}

fn stop(program: &mut Child) {
    // It ends by itself when nobody can speak to it any more; whoever does not is ended.
    drop(program.stdin.take());
    let _ = program.kill();
    let _ = program.wait();
}

/// Everything that a server with `$everything` says of these patients, and whatever that refers to.
///
/// # Errors
/// It does not answer, or with something that is no FHIR.
pub async fn records_of(base_url: &str, patients: &[&str]) -> Result<Vec<Value>> {
    let mut server = Visitor::new(base_url)?;
    let mut found = BTreeMap::new();
    for patient in patients {
        let mut next = Some(format!("/Patient/{patient}/$everything?_count=1000"));
        while let Some(path) = next {
            let page = server.get(&path).await?.json();
            let entries = page["entry"].as_array().into_iter().flatten();
            found.extend(entries.map(|entry| (name(&entry["resource"]), entry["resource"].clone())));
            let links = page["link"].as_array().into_iter().flatten();
            let link = links.into_iter().find(|link| link["relation"] == "next");
            next = link.and_then(|link| link["url"].as_str()?.strip_prefix(base_url).map(str::to_owned));
        }
    }
    anyhow::ensure!(!found.is_empty(), "{base_url} has nothing");
    let mut tried = BTreeSet::new();
    loop {
        let all: BTreeSet<String> = found.values().flat_map(named).collect();
        let open: Vec<String> =
            all.into_iter().filter(|name| !found.contains_key(name) && tried.insert(name.clone())).collect();
        if open.is_empty() {
            return Ok(found.into_values().collect());
        }
        for name in open {
            let answer = server.get(&format!("/{name}")).await?;
            // What leads nowhere there leads nowhere here.
            if answer.status == 200 {
                found.insert(name, answer.json());
            }
        }
    }
}

/// `Type/id`
fn name(resource: &Value) -> String {
    let text = |member: &str| resource[member].as_str().unwrap_or_default();
    format!("{}/{}", text("resourceType"), text("id"))
}

/// Every `Type/id` that a resource refers to.
fn named(resource: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut open = vec![resource];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(all) => open.extend(all),
            Value::Object(members) => {
                let text = |member: &str| members.get(member).and_then(Value::as_str);
                let relative =
                    |name: &&str| name.split('/').count() == 2 && name.starts_with(|c: char| c.is_ascii_uppercase());
                names
                    .extend([text("reference"), text("url")].into_iter().flatten().filter(relative).map(str::to_owned));
                open.extend(members.values());
            }
            _ => {}
        }
    }
    // Other people's records come with those people.
    names.into_iter().filter(|name| !name.starts_with("Patient/")).collect()
}
