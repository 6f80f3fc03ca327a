//! `cargo xtask demo`: a made-up region, both portals on SQLite, people to sign in as.
//!
//! The browser tests start the same with the programs of the test build: see [`Demo::start`].

mod child;
mod http;
mod region;
mod settings;

use std::fs::DirBuilder;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::command::{cargo, command, run as run_command};
use child::Child;
use region::{PatientAccount, Region, StaffAccount};
use settings::Ports;

/// Where and how.
#[derive(Args, Debug)]
pub struct Options {
    /// Port of the intranet portal
    #[arg(long, default_value_t = 8080)]
    internal_port: u16,
    /// Port of the public portal
    #[arg(long, default_value_t = 8081)]
    external_port: u16,
    /// Folder for the database, keys, settings and logs
    #[arg(long, default_value = "target/demo")]
    data: PathBuf,
    /// Empty that folder first
    #[arg(long)]
    fresh: bool,
    /// Build in the dev profile: quick to build, slow to run; for work on the portals themselves
    #[arg(long)]
    dev: bool,
}

/// How many of the patients' accounts are printed.
const SHOWN: usize = 6;

/// Who wrote the demo's articles (a teacher) and who has reviewed them (a manager).
const AUTHOR: &str = "xu.jing";
const REVIEWER: &str = "ma.qiang";

/// How long a program may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// A running region with both portals. They stop when it is dropped.
pub struct Demo {
    // In the order in which they are to be stopped.
    external: Child,
    internal: Child,
    sandbox: Child,
    file: PathBuf,
    ports: Ports,
    region: Region,
    staff: Vec<StaffAccount>,
    patients: Vec<PatientAccount>,
}

/// Builds, starts, says where, and waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// Something did not build or start: the last that it said is in the message.
pub fn run(root: &Path, options: &Options) -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let mut build = cargo(root);
    build.args(["build", "--bins"]);
    if !options.dev {
        build.arg("--release");
    }
    run_command(build.args(["-p", "portal-internal", "-p", "portal-external", "-p", "migrations", "-p", "sandbox"]))?;
    let data = root.join(&options.data);
    if options.fresh {
        empty(&data)?;
    }
    let ports = Ports {
        internal: options.internal_port,
        external: options.external_port,
        internal_ops: settings::port_or_free(9080)?,
        external_ops: settings::port_or_free(9081)?,
    };
    let mut demo =
        Demo::start(root, &root.join("target").join(if options.dev { "debug" } else { "release" }), &data, ports)?;
    demo.describe();
    println!("ready internal=http://localhost:{} external=http://localhost:{}", ports.internal, ports.external);
    demo.watch(&mut signals)
}

/// Only a folder that this command made is emptied.
fn empty(data: &Path) -> Result<()> {
    if !data.exists() {
        return Ok(());
    }
    let ours = data.join("internal.toml").exists() || std::fs::read_dir(data)?.next().is_none();
    if !ours {
        bail!("{} was not made by this command; empty it by hand", data.display());
    }
    std::fs::remove_dir_all(data).with_context(|| data.display().to_string())
}

impl Demo {
    /// Starts the programs of folder `bin` on the data folder `data`, and writes `demo.json` there.
    ///
    /// # Errors
    /// A port is taken, or a program did not start: the last that it said is in the message.
    pub fn start(root: &Path, bin: &Path, data: &Path, ports: Ports) -> Result<Self> {
        private_folder(&data.join("secrets"))?;
        std::fs::create_dir_all(data.join("logs"))?;
        for port in [ports.internal, ports.external] {
            free(port)?;
        }
        let layout = settings::write_sandbox(root, data, ports)?;
        settings::write_sources(root, data, &layout)?;
        let log = |name: &str| data.join("logs").join(format!("{name}.log"));
        let sandbox_file = layout.config.display().to_string();
        let mut sandbox = Child::start("sandbox", &bin.join("sandbox"), &["--config", &sandbox_file], &log("sandbox"))?;
        let region = region::wait_for(&mut sandbox, &layout, READY_LIMIT)?;
        secret(&data.join("secrets/directory"), &region.directory.bind_password)?;
        secret(&data.join("secrets/sms-token"), &layout.sms_token)?;

        let internal_file = settings::write_internal(root, data, &layout, ports)?.display().to_string();
        let external_file = settings::write_external(root, data, ports)?.display().to_string();
        let tool = |program: &str, arguments: &[&str]| run_command(command(bin.join(program), root).args(arguments));
        tool("portal-migrate", &["--config", &internal_file, "up"])?;
        tool("portal-internal", &["--config", &internal_file, "check", "--create-keys"])?;
        tool("portal-external", &["--config", &external_file, "check", "--create-keys"])?;
        let staff = region.staff_accounts(&settings::roles(root)?);
        let patients = import_accounts(bin, data, &external_file, region.patient_accounts())?;
        import_relations(bin, data, &internal_file, &region)?;
        make_administrator(bin, data, &internal_file)?;
        let articles = root.join("config/demo/articles.toml").display().to_string();
        let publish = ["articles", "import", &articles, "--author", AUTHOR, "--reviewer", REVIEWER];
        tool("portal-internal", &[&["--config", internal_file.as_str()][..], &publish].concat())?;
        let clinics = root.join("config/demo/schedules.csv").display().to_string();
        tool("portal-internal", &["--config", &internal_file, "schedules", "import", &clinics])?;

        let serve =
            |name: &str, file: &str| Child::start(name, &bin.join(name), &["--config", file, "serve"], &log(name));
        let mut internal = serve("portal-internal", &internal_file)?;
        let mut external = serve("portal-external", &external_file)?;
        wait_until_ready(&mut internal, ports.internal_ops)?;
        wait_until_ready(&mut external, ports.external_ops)?;
        let file = data.join("demo.json");
        let demo = Self { external, internal, sandbox, file, ports, region, staff, patients };
        demo.write()?;
        Ok(demo)
    }

    /// `demo.json`, for scripts.
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn write(&self) -> Result<()> {
        let portal = |port: u16, ops: u16, accounts: serde_json::Value| {
            serde_json::json!({
                "url": format!("http://localhost:{port}"),
                "ops_url": format!("http://127.0.0.1:{ops}"),
                "accounts": accounts,
            })
        };
        let (ports, region) = (&self.ports, &self.region);
        let text = serde_json::to_string_pretty(&serde_json::json!({
            "internal": portal(ports.internal, ports.internal_ops, serde_json::json!(self.staff)),
            "external": portal(ports.external, ports.external_ops, serde_json::json!(self.patients)),
            "sandbox": {
                "control_url": region.control_url,
                "door_url": region.door_url,
                "people_door_url": region.people_door_url,
                "people_door_patients": region.people_door_patients,
                "ehr_url": region.ehr_url,
                "hospitals": region.hospitals,
                "directory_url": region.directory.url,
            },
            "patients": region.patients(),
        }))?;
        std::fs::write(&self.file, text + "\n").with_context(|| self.file.display().to_string())
    }

    fn describe(&self) {
        println!("\nintranet portal  http://localhost:{}", self.ports.internal);
        for account in &self.staff {
            println!("  {:<16} {:<20} {}", account.username, account.password, account.roles.join(", "));
        }
        if let Some(first) = self.staff.first() {
            let strangers = self.region.strangers(&first.username, SHOWN).join(" ");
            println!("  without a treatment relation of {}, to be opened in an emergency: {strangers}", first.username);
        }
        println!("public portal    http://localhost:{}", self.ports.external);
        for account in self.patients.iter().take(SHOWN) {
            println!("  {:<16} {:<20} {}", account.username, account.password, account.name);
        }
        println!("  and {} more in demo.json", self.patients.len().saturating_sub(SHOWN));
        println!("sandbox          {}", self.region.control_url);
        if let Some(door) = &self.region.door_url {
            println!("  a server that wants a sign-in: {door}");
        }
        if let Some(door) = &self.region.people_door_url {
            println!("  a hospital outside the region, where patients sign in themselves: {door}");
        }
        if let Some(desk) = &self.region.ehr_url {
            println!("  a hospital's own system, from which its clinicians open the intranet portal: {desk}");
        }
        println!("for scripts      {}", self.file.display());
        println!("stop with Ctrl-C\n");
    }

    /// Waits for a signal; fails when one of the programs ends before.
    fn watch(&mut self, signals: &mut Signals) -> Result<()> {
        loop {
            if signals.pending().next().is_some() {
                println!("stopping");
                return Ok(());
            }
            for child in [&mut self.external, &mut self.internal, &mut self.sandbox] {
                child.must_live()?;
            }
            pause();
        }
    }
}

/// Makes the patients' accounts of the public portal, as a hospital's registration desk would, and leaves those that can
/// be shown. The sandbox has to run: each person is looked for at the hospitals, and some have a wrong number there.
fn import_accounts(
    bin: &Path,
    data: &Path,
    external_file: &str,
    accounts: Vec<PatientAccount>,
) -> Result<Vec<PatientAccount>> {
    let proven: Vec<serde_json::Value> = accounts.iter().map(PatientAccount::proven).collect();
    let file = data.join("secrets/accounts.json");
    secret(&file, &serde_json::to_string_pretty(&proven)?)?;
    let mut import = command(bin.join("portal-external"), data);
    let output = import.args(["--config", external_file, "import-accounts"]).arg(&file).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    // 1: made, but some have no record.
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("the accounts were not made: {said}{}", String::from_utf8_lossy(&output.stderr));
    }
    let without: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("without a record: ")).collect();
    Ok(accounts.into_iter().filter(|account| !without.contains(&account.username.as_str())).collect())
}

/// Gives the staff the treatment relations of their hospitals' lists. After the accounts, which have everybody looked for:
/// a patient is named as the hospital calls them.
fn import_relations(bin: &Path, data: &Path, internal_file: &str, region: &Region) -> Result<()> {
    let file = data.join("secrets/relations.csv");
    secret(&file, region.lists().trim_end())?;
    let mut import = command(bin.join("portal-internal"), data);
    let output = import.args(["--config", internal_file, "relations", "import"]).arg(&file).output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        bail!("the treatment relations were not made: {}", said.concat());
    }
    Ok(())
}

/// Makes the portal's administrator; a folder that was used before has one.
fn make_administrator(bin: &Path, data: &Path, internal_file: &str) -> Result<()> {
    let mut make = command(bin.join("portal-internal"), data);
    let output = make.args(["--config", internal_file, "bootstrap-admin", "admin"]).output()?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        bail!("nobody administers the portal: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Waits for `/health/ready` to say 200.
fn wait_until_ready(child: &mut Child, ops: u16) -> Result<()> {
    let end = Instant::now() + READY_LIMIT;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ops));
    loop {
        child.must_live()?;
        let answer = http::get(address, "/health/ready");
        if matches!(answer, Ok((200, _))) {
            return Ok(());
        }
        if Instant::now() > end {
            bail!("not ready within {} s: {answer:?}\n{}", READY_LIMIT.as_secs(), child.said());
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "there is no runtime here whose worker it could block")]
fn pause() {
    std::thread::sleep(Duration::from_millis(50));
}

fn free(port: u16) -> Result<()> {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map(drop)
        .with_context(|| format!("port {port} is taken: name another with --internal-port or --external-port"))
}

fn private_folder(folder: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| folder.display().to_string())
}

fn secret(file: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;

    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    Ok(writeln!(out, "{text}")?)
}

/// Ports that are free now, for a demo that nobody types the address of.
///
/// # Errors
/// No port of the ephemeral range is free.
pub fn any_ports() -> Result<Ports> {
    Ok(Ports {
        internal: settings::port_or_free(0)?,
        external: settings::port_or_free(0)?,
        internal_ops: settings::port_or_free(0)?,
        external_ops: settings::port_or_free(0)?,
    })
}
