//! The real programs on a fresh database, and people who use them through their public face.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use toml::{Table, Value};

use crate::visitor::Answer;
use crate::{Database, Patient, Region, Visitor, postgres};

/// How long a portal may take until it is ready, on a busy machine in the test build.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// Starts the program given as arguments, and tells it to stop when standard input closes: however the test ends.
const WATCHDOG: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ cat <&3 >/dev/null; kill -TERM $program 2>/dev/null; } &
exec 3<&-
wait $program
"#;

/// A running portal. Stopped, and waited for, when dropped.
pub struct TestPortal {
    url: String,
    ops_url: String,
    program: &'static str,
    config: PathBuf,
    log: PathBuf,
    region: Region,
    child: Option<(Child, ChildStdin)>,
    without: Option<Vec<String>>,
    // The settings lie beside the database, which has to live as long as the portal.
    _database: Database,
}

impl TestPortal {
    /// `portal-internal serve` with `treatment_relation = "advisory"`.
    ///
    /// # Errors
    /// The program is not built or does not become ready: its log is in the message.
    pub async fn internal(database: &Database, region: &Region) -> Result<Self> {
        Self::internal_with(database, region, |_| {}).await
    }

    /// As [`Self::internal`], with changes to the configuration.
    ///
    /// # Errors
    /// As [`Self::internal`].
    pub async fn internal_with(database: &Database, region: &Region, change: impl FnOnce(&mut Table)) -> Result<Self> {
        Self::start("portal-internal", database, region, change, &[]).await
    }

    /// `portal-external serve`, with an account for each of `patients` ([`Self::patient`] signs in with it).
    ///
    /// # Errors
    /// As [`Self::internal`].
    pub async fn external(database: &Database, region: &Region, patients: &[&Patient]) -> Result<Self> {
        Self::start("portal-external", database, region, |_| {}, patients).await
    }

    async fn start(
        program: &'static str,
        database: &Database,
        region: &Region,
        change: impl FnOnce(&mut Table),
        patients: &[&Patient],
    ) -> Result<Self> {
        let (port, ops) = (postgres::free_port()?, postgres::free_port()?);
        let folder = database.folder().join(format!("{program}-{port}"));
        std::fs::create_dir_all(&folder)?;
        let mut table = configuration(program, database, region, &folder, (port, ops))?;
        change(&mut table);
        let config = folder.join("portal.toml");
        std::fs::write(&config, toml::to_string(&table)?)?;
        let mut portal = Self {
            url: format!("http://127.0.0.1:{port}"),
            ops_url: format!("http://127.0.0.1:{ops}"),
            program,
            config,
            log: folder.join("log"),
            region: region.clone(),
            child: None,
            without: None,
            _database: database.clone(),
        };
        good(&portal.tool(&["check", "--create-keys"])?)?;
        if !patients.is_empty() {
            let file = folder.join("accounts.json");
            secret(
                &file,
                &serde_json::to_string(&patients.iter().map(|patient| account(patient)).collect::<Vec<_>>())?,
            )?;
            good(&portal.tool(&["import-accounts", &file.display().to_string()])?)?;
        }
        portal.serve().await?;
        Ok(portal)
    }

    /// Appends entries to the portal's `sources.toml`, which it reads when it is started [again](Self::serve).
    ///
    /// # Errors
    /// The file can't be written.
    pub fn add_sources(&self, entries: &Table) -> Result<()> {
        let file = self.config.with_file_name("sources.toml");
        let kept = std::fs::read_to_string(&file)?;
        Ok(std::fs::write(&file, format!("{kept}\n{}", toml::to_string(entries)?))?)
    }

    /// Changes its configuration; it reads that when it starts again.
    ///
    /// # Errors
    /// The file system's, or a file that is none.
    pub fn configure(&self, change: impl FnOnce(&mut Table)) -> Result<()> {
        let mut table: Table = std::fs::read_to_string(&self.config)?.parse()?;
        change(&mut table);
        Ok(std::fs::write(&self.config, toml::to_string(&table)?)?)
    }

    /// Starts the program again after [`Self::stop`].
    ///
    /// # Errors
    /// It does not become ready.
    pub async fn serve(&mut self) -> Result<()> {
        self.without = None;
        self.launch(program(self.program)?, &[]).await
    }

    /// Starts the portal's test program instead (`…-unguarded`, on the same settings and database), without these guards
    /// (`access::Safeguard` by name). What runs is stopped first.
    ///
    /// # Errors
    /// It is not built, or does not become ready.
    pub async fn serve_without(&mut self, guards: &[&str]) -> Result<()> {
        self.stop();
        let name = format!("{}-unguarded", self.program);
        let built = program(&name).with_context(|| {
            let package = self.program;
            format!("cargo build -p {package} --features {package}/guard-switches --bin {name}")
        })?;
        self.without = Some(guards.iter().map(|guard| (*guard).to_owned()).collect());
        self.launch(built, guards).await
    }

    /// The guards that [`Self::serve_without`] took away last; `None` when it is the ordinary program.
    pub fn without(&self) -> Option<&[String]> {
        self.without.as_deref()
    }

    async fn launch(&mut self, program: PathBuf, without: &[&str]) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut shell = Command::new("sh")
            .args(["-c", WATCHDOG, self.program])
            .arg(program)
            .env("PORTAL_GUARDS_OFF", without.join(","))
            .arg("--config")
            .arg(&self.config)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let stdin = shell.stdin.take().context("the watchdog has no standard input")?;
        self.child = Some((shell, stdin));
        self.wait_until_ready().await
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let end = Instant::now() + READY_LIMIT;
        loop {
            if let Some(status) = self.child.as_mut().and_then(|(child, _)| child.try_wait().transpose()) {
                bail!("{} ended ({}): {}", self.program, status?, self.log());
            }
            let answer = self.ops("/health/ready").await;
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                return Ok(());
            }
            if Instant::now() > end {
                let said = answer.map_or_else(|error| error.to_string(), |answer| answer.body);
                bail!("{} was not ready within {} s: {said}\n{}", self.program, READY_LIMIT.as_secs(), self.log());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Asks it to stop (SIGTERM) and waits until it has ended.
    pub fn stop(&mut self) {
        if let Some((mut child, stdin)) = self.child.take() {
            drop(stdin);
            let _ = child.wait();
        }
    }

    /// Ends it at once (SIGKILL), in whatever it was doing. [`Self::serve`] starts it again. Blocks until it is gone.
    ///
    /// # Errors
    /// It was not running, or does not end.
    #[allow(clippy::disallowed_methods, reason = "blocking code of a test; it looks at what it waits for")]
    pub fn kill(&mut self) -> Result<()> {
        let (mut child, _stdin) = self.child.take().context("it is not running")?;
        // The watchdog and the program are a process group of their own.
        let group = format!("-{}", child.id());
        anyhow::ensure!(Command::new("kill").args(["-KILL", "--", &group]).status()?.success(), "not killed");
        child.wait()?;
        let address = self.url.trim_start_matches("http://").to_owned();
        let end = Instant::now() + READY_LIMIT;
        while std::net::TcpStream::connect(&address).is_ok() {
            anyhow::ensure!(Instant::now() < end, "{} lives on", self.program);
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The program's process id.
    ///
    /// # Errors
    /// It is not running.
    pub fn pid(&self) -> Result<u32> {
        let (shell, _) = self.child.as_ref().context("stopped")?;
        Ok(crate::process::child_of(shell.id())?)
    }

    /// Everything that it said on standard output and standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// `GET` on the operations listener.
    ///
    /// # Errors
    /// No answer came.
    pub async fn ops(&self, path: &str) -> Result<Answer> {
        Visitor::new(&self.ops_url)?.get(path).await
    }

    /// Runs the same program with other arguments on the same configuration: `["audit", "verify"]`.
    ///
    /// # Errors
    /// It is not built.
    pub fn tool(&self, arguments: &[&str]) -> Result<Output> {
        self.tool_with(arguments, &[])
    }

    /// The same with variables of the environment.
    ///
    /// # Errors
    /// The program can't be run.
    pub fn tool_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Output> {
        let mut command = Command::new(program(self.program)?);
        command.arg("--config").arg(&self.config).args(arguments).stdin(Stdio::null());
        if arguments.first() == Some(&"import-accounts") && self._database.url.contains("//portal_external@") {
            // Accounts are made by a role that the public portal does not have.
            let desk = self._database.url.replacen("//portal_external@", "//portal_desk@", 1);
            command.env("PORTAL__DATABASE__URL", desk);
        }
        Ok(command.envs(environment.iter().copied()).output()?)
    }

    /// Somebody who is not signed in.
    ///
    /// # Errors
    /// The HTTP client can't be made.
    pub fn visitor(&self) -> Result<Visitor> {
        Visitor::new(&self.url)
    }

    /// A member of staff of the region, signed in.
    ///
    /// # Errors
    /// There is none of that name, or the sign-in was refused: the answer is in the message.
    pub async fn clinician(&self, username: &str) -> Result<Visitor> {
        let staff = self.region.staff.iter().find(|staff| staff.username == username);
        let staff = staff.with_context(|| format!("{username} is not in the region's directory"))?;
        self.signed_in(&staff.username, &staff.password).await
    }

    /// A patient for whom [`Self::external`] made an account, signed in.
    ///
    /// # Errors
    /// The sign-in was refused: the answer is in the message.
    pub async fn patient(&self, patient: &Patient) -> Result<Visitor> {
        let (username, password) = credentials(patient);
        self.signed_in(&username, &password).await
    }

    async fn signed_in(&self, username: &str, password: &str) -> Result<Visitor> {
        let mut visitor = self.visitor()?;
        let answer = visitor.sign_in(username, password, None).await?;
        if answer.status != 303 || answer.location().contains("sign-in") {
            bail!("{username} was not signed in: {} {}\n{}", answer.status, answer.body, self.log());
        }
        Ok(visitor)
    }
}

impl Drop for TestPortal {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Name and password of the account that a test makes for a patient.
pub fn credentials(patient: &Patient) -> (String, String) {
    let name = patient.pinyin.to_lowercase().split_whitespace().collect::<Vec<_>>().join(".");
    let last: String = patient.resident_id.chars().rev().take(4).collect();
    (format!("{name}.{last}").to_lowercase(), format!("{name} signs in"))
}

fn account(patient: &Patient) -> serde_json::Value {
    let (username, password) = credentials(patient);
    serde_json::json!({
        "username": username,
        "password": password,
        "name": patient.name,
        "resident_id": patient.resident_id,
    })
}

/// A program beside the test program: `target/debug/deps/it-…` → `target/debug/portal-internal`.
fn program(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let found = here.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.with_context(|| format!("{name} is not built: `cargo build --bins -p {name}` (`cargo xtask test` does it)"))
}

fn good(output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
    bail!("ended with {}: {}", output.status, said.concat())
}

fn configuration(
    program: &str,
    database: &Database,
    region: &Region,
    folder: &Path,
    (port, ops): (u16, u16),
) -> Result<Table> {
    let internal = program == "portal-internal";
    // Both portals of one database share the keys of the region.
    let secrets = database.folder().join("secrets");
    std::fs::create_dir_all(&secrets)?;
    let mut keys = table([("region_file", path(&secrets.join("region.key")))]);
    keys.insert("patient_file".to_owned(), path(&secrets.join("patient.key")));
    let mut server = table([("listen", Value::String(format!("127.0.0.1:{port}")))]);
    server.insert("public_url".to_owned(), Value::String(format!("http://127.0.0.1:{port}")));
    let mut db = table([("url", Value::String(database.url.clone()))]);
    if let Some(password) = &database.password {
        let file = secrets.join("database");
        secret(&file, password)?;
        db.insert("password_file".to_owned(), path(&file));
    }
    std::fs::write(folder.join("sources.toml"), toml::to_string(&sources(region))?)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the workspace")?;
    let catalogue = table([
        ("file", Value::String("sources.toml".to_owned())),
        ("platforms", path(&root.join("config/platforms"))),
        ("allow_loopback", Value::Boolean(true)),
    ]);
    let resident_id = vec![Value::String("urn:oid:2.16.156.10011.1.3".to_owned())];
    let mut all = Table::new();
    if internal {
        keys.insert("staff_file".to_owned(), path(&secrets.join("staff.key")));
        let audit = table([("heads_file", path(&folder.join("audit-heads.jsonl")))]);
        all.insert("audit".to_owned(), Value::Table(audit));
        // Tests that list hospitals say so: others count what hospitals are asked.
        let never = table([("sweep_every_hours", Value::Integer(0))]);
        all.insert("index".to_owned(), Value::Table(never));
        all.insert("directory".to_owned(), Value::Array(vec![Value::Table(directory(region, &secrets)?)]));
    }
    for (name, section) in [
        ("server", server),
        ("ops", table([("listen", Value::String(format!("127.0.0.1:{ops}")))])),
        ("database", db),
        ("keys", keys),
        ("record", table([("treatment_relation", Value::String("advisory".to_owned()))])),
        ("identifiers", table([("resident_id", Value::Array(resident_id))])),
        ("sources", catalogue),
    ] {
        all.insert(name.to_owned(), Value::Table(section));
    }
    Ok(all)
}

fn sources(region: &Region) -> Table {
    let source = |hospital: &crate::Hospital| {
        let mut source = table([
            ("id", Value::String(hospital.id.clone())),
            ("name", bilingual(&hospital.name.0, &hospital.name.1)),
            ("platform", Value::String(hospital.platform.clone())),
            ("environment", Value::String("sandbox".to_owned())),
            ("base_url", Value::String(hospital.base_url.clone())),
            ("auth", Value::Table(table([("kind", Value::String("none".to_owned()))]))),
            ("timeout_ms", Value::Integer(region.timeout_ms.into())),
            ("sweep", Value::Boolean(true)),
        ]);
        if let Some(made_up) = region.in_sandbox(&hospital.id) {
            source.insert("short_name".to_owned(), bilingual(&made_up.short_zh, &made_up.short_en));
            source.extend(made_up.local_codes.as_ref().map(|codes| ("local_codes".to_owned(), code_table(codes))));
        }
        Value::Table(source)
    };
    table([("source", Value::Array(region.hospitals.iter().map(source).collect()))])
}

/// Lets a portal of the sandbox's region know staff at the hospitals, as the demo's does, and ask them whom they treat.
pub fn know_staff(table: &mut Table) {
    const HOSPITALS: [(&str, &str, &str); 5] = [
        ("city-first", "employeeNumber", "https://city-first.example/staff-numbers"),
        ("university", "physicianLicence", "https://region.example/physician-licences"),
        ("community", "physicianLicence", "https://region.example/physician-licences"),
        ("city-tcm", "physicianLicence", "https://region.example/physician-licences"),
        ("binjiang", "physicianLicence", "https://region.example/physician-licences"),
    ];
    let rule = |(source, attribute, system): (&str, &str, &str)| {
        let entries = [("source", source), ("attribute", attribute), ("system", system)];
        Value::Table(table_of(entries))
    };
    table["directory"][0]
        .as_table_mut()
        .map(|directory| directory.insert("practitioner".to_owned(), HOSPITALS.map(rule).to_vec().into()));
}

fn table_of<const N: usize>(entries: [(&str, &str); N]) -> Table {
    table(entries.map(|(key, text)| (key, Value::String(text.to_owned()))))
}

/// The demo's table of local laboratory codes.
fn code_table((system, of): &(String, String)) -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/demo/local-codes.csv");
    let entry = [("system", system.as_str()), ("file", file), ("table", of)];
    Value::Array(vec![Value::Table(table_of(entry))])
}

fn directory(region: &Region, secrets: &Path) -> Result<Table> {
    let from = &region.directory;
    let (ca, password) = (secrets.join("directory-ca.pem"), secrets.join("directory"));
    std::fs::write(&ca, &from.ca_pem)?;
    secret(&password, &from.bind_password)?;
    let role = |(group, role): &(String, String)| {
        Value::Table(table([("group", Value::String(group.clone())), ("role", Value::String(role.clone()))]))
    };
    Ok(table([
        ("id", Value::String("region".to_owned())),
        ("name", bilingual("区域平台", "Region")),
        ("urls", Value::Array(vec![Value::String(from.url.clone())])),
        ("starttls", Value::Boolean(from.starttls)),
        ("ca_file", path(&ca)),
        ("base_dn", Value::String(from.base_dn.clone())),
        ("bind_dn", Value::String(from.bind_dn.clone())),
        ("bind_password_file", path(&password)),
        ("user_filter", Value::String(from.user_filter.clone())),
        ("group_base_dn", Value::String(from.group_base_dn.clone())),
        ("role", Value::Array(from.roles.iter().map(role).collect())),
    ]))
}

fn bilingual(zh: &str, en: &str) -> Value {
    Value::Table(table([("zh", Value::String(zh.to_owned())), ("en", Value::String(en.to_owned()))]))
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn path(path: &Path) -> Value {
    Value::String(path.display().to_string())
}

fn secret(file: &Path, text: &str) -> Result<()> {
    let mut out = File::options().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    Ok(writeln!(out, "{text}")?)
}
