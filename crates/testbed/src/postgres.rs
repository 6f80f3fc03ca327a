//! A PostgreSQL server of the test run's own: private folder, private port, gone with the process.
//!
//! One server is shared by all tests of a process, and by all test programs when `cargo xtask test` started it
//! ([`ADDRESS_VARIABLE`]). A missing installation is a failure, never a skip.

use std::fmt::Write as _;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database as SeaDatabase, DatabaseConnection};
use sea_orm_migration::MigratorTrait as _;
use tokio::sync::OnceCell;

/// `postgres://postgres@127.0.0.1:PORT` of a server that somebody else keeps running, to be used in place of an own one.
pub const ADDRESS_VARIABLE: &str = "TESTBED_POSTGRES";
/// The password that belongs to [`ADDRESS_VARIABLE`].
pub const PASSWORD_VARIABLE: &str = "TESTBED_POSTGRES_PASSWORD";

/// How long `initdb` and the first start may take together on a busy machine.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A running server.
pub struct Server {
    address: String,
    password: String,
    template: OnceCell<String>,
    folder: PathBuf,
    port: u16,
    /// Open as long as this process lives: the watchdog shell stops the server when it closes.
    watchdog: Option<(Child, ChildStdin)>,
}

/// The server of this process, started at first use.
///
/// # Errors
/// PostgreSQL is not installed (the Debian package is named), or does not start (its log is quoted).
pub async fn server() -> Result<&'static Server> {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_try_init(|| async {
            if let Ok(address) = std::env::var(ADDRESS_VARIABLE) {
                let password = std::env::var(PASSWORD_VARIABLE).unwrap_or_default();
                return Ok(Server {
                    address,
                    password,
                    template: OnceCell::new(),
                    folder: PathBuf::new(),
                    port: 0,
                    watchdog: None,
                });
            }
            tokio::task::spawn_blocking(|| Server::start(Durability::Off)).await?
        })
        .await
}

impl Drop for Server {
    /// Closes the watchdog's standard input and waits until it has stopped the server.
    fn drop(&mut self) {
        if let Some((mut child, stdin)) = self.watchdog.take() {
            drop(stdin);
            let _ = child.wait();
        }
    }
}

/// Whether a commit is on the disk before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync = off`: for tests that do not kill the machine.
    Off,
    /// As in production: for tests of crashes and for benchmarks.
    On,
}

impl Server {
    /// Starts a server of its own. Blocks; stops when the value is dropped or the process ends in any way.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start within 90 s.
    pub fn start(durability: Durability) -> Result<Self> {
        let bin = programs()?;
        let folder = private_folder()?;
        let account = ServerAccount::of_this_process()?;
        if let ServerAccount::Other { uid, gid } = account {
            chown(&folder, Some(uid), Some(gid)).context("giving the data folder to `postgres`")?;
        }
        let password = secret()?;
        std::fs::write(folder.join("password"), &password)?;
        if let ServerAccount::Other { uid, gid } = account {
            chown(folder.join("password"), Some(uid), Some(gid))?;
        }
        let port = free_port()?;
        let mut shell = account.command("sh");
        shell
            .args(["-c", &watched_server(&bin, &folder, port, durability)])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C in the terminal ends the tests; the watchdog then stops the server in order.
            .process_group(0);
        let mut child = shell.spawn().context("starting the PostgreSQL watchdog")?;
        let stdin = child.stdin.take().context("the watchdog has no standard input")?;
        wait_until_ready(&mut child, &folder, port, 0)?;
        Ok(Self {
            address: format!("postgres://postgres@127.0.0.1:{port}"),
            password,
            template: OnceCell::new(),
            folder,
            port,
            watchdog: Some((child, stdin)),
        })
    }

    /// Stops the server as its operators do (fast shutdown: connections are closed) and waits until it is gone. Its data
    /// stay for [`Self::start_again`]. Blocks.
    ///
    /// # Errors
    /// It is not this value's own, or does not stop.
    #[allow(clippy::disallowed_methods, reason = "blocking code of a test; it looks at what it waits for")]
    pub fn stop(&mut self) -> Result<()> {
        self.order("stop")?;
        let end = Instant::now() + START_LIMIT;
        // PostgreSQL removes the file as the last thing it does.
        while self.folder.join("data/postmaster.pid").exists() {
            anyhow::ensure!(Instant::now() < end, "PostgreSQL did not stop within {} s", START_LIMIT.as_secs());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends the server and all its sessions at once (SIGKILL), as a machine that loses power does; what is on the disk
    /// stays for [`Self::start_again`]. Blocks until it is gone.
    ///
    /// # Errors
    /// It is not this value's own, or does not end.
    #[allow(clippy::disallowed_methods, reason = "blocking code of a test; it looks at what it waits for")]
    pub fn kill(&mut self) -> Result<()> {
        self.order("kill")?;
        let end = Instant::now() + START_LIMIT;
        // Nobody removes the file: the port says that it is gone.
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
            anyhow::ensure!(Instant::now() < end, "PostgreSQL did not end within {} s", START_LIMIT.as_secs());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Halts the server and its sessions (SIGSTOP): connections stay open and nobody answers. [`Self::go_on`] lets them.
    ///
    /// # Errors
    /// It is not this value's own.
    pub fn halt(&mut self) -> Result<()> {
        self.order("halt")
    }

    /// After [`Self::halt`].
    ///
    /// # Errors
    /// It is not this value's own.
    pub fn go_on(&mut self) -> Result<()> {
        self.order("go-on")
    }

    /// Starts the server after [`Self::stop`] or [`Self::kill`], on the same port with the same data. Blocks.
    ///
    /// # Errors
    /// It is not this value's own, or does not start: its log is in the message.
    pub fn start_again(&mut self) -> Result<()> {
        let said = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default().len();
        self.order("start")?;
        let (child, _) = self.watchdog.as_mut().context("somebody else's server")?;
        wait_until_ready(child, &self.folder, self.port, said)
    }

    fn order(&mut self, what: &str) -> Result<()> {
        let (_, stdin) = self.watchdog.as_mut().context("somebody else's server")?;
        Ok(writeln!(stdin, "{what}")?)
    }

    /// `postgres://postgres@127.0.0.1:PORT`, without a database.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The superuser's password. The server asks for it (SCRAM) as a production one does.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The address of database `name` on this server.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// A new database holding the newest schema. Returns its name.
    ///
    /// The schema is built once a process and copied from then on.
    ///
    /// # Errors
    /// The server refused, or a migration failed.
    pub async fn migrated_database(&self) -> Result<String> {
        let template = self.template.get_or_try_init(|| self.build_template()).await?;
        self.create_database(Some(template)).await
    }

    /// A new database without any table. Returns its name.
    ///
    /// # Errors
    /// The server refused.
    pub async fn empty_database(&self) -> Result<String> {
        self.create_database(None).await
    }

    /// A connection to database `name` as superuser, for what a test must do behind the portals' backs.
    ///
    /// # Errors
    /// The server refused.
    pub async fn connect(&self, name: &str) -> Result<DatabaseConnection> {
        connect(&self.url(name), Some(&self.password)).await
    }

    async fn build_template(&self) -> Result<String> {
        let name = self.create_database(None).await?;
        let db = self.connect(&name).await?;
        migrations::Migrator::up(&db, None).await.context("migrating PostgreSQL")?;
        db.close().await?;
        Ok(name)
    }

    async fn create_database(&self, template: Option<&str>) -> Result<String> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let mut statement = format!("CREATE DATABASE {name}");
        if let Some(template) = template {
            let _ = write!(statement, " TEMPLATE {template}");
        }
        let db = self.connect("postgres").await?;
        run(&db, &statement).await?;
        db.close().await?;
        Ok(name)
    }
}

/// Runs a statement made of names that this crate chose itself.
#[allow(clippy::disallowed_methods, reason = "CREATE DATABASE has no builder; no input is in it")]
pub(crate) async fn run(db: &DatabaseConnection, statement: &str) -> Result<()> {
    db.execute_unprepared(statement).await.with_context(|| statement.to_owned())?;
    Ok(())
}

/// One connection, the password given apart from the address.
#[allow(clippy::disallowed_methods, reason = "testbed stands below store, which tests itself with it")]
pub(crate) async fn connect(url: &str, password: Option<&str>) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).min_connections(1).sqlx_logging(false);
    if let Some(password) = password {
        let password = password.to_owned();
        options.map_sqlx_postgres_opts(move |connect| connect.password(&password));
    }
    SeaDatabase::connect(options).await.with_context(|| format!("connecting to {url}"))
}

/// Who runs the server: PostgreSQL refuses to run as root.
#[derive(Clone, Copy)]
enum ServerAccount {
    Own,
    Other { uid: u32, gid: u32 },
}

impl ServerAccount {
    fn of_this_process() -> Result<Self> {
        // The owner of our own /proc entry is the effective user of this process.
        let uid = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self")?);
        if uid != 0 {
            return Ok(Self::Own);
        }
        let accounts = std::fs::read_to_string("/etc/passwd")?;
        let line = accounts
            .lines()
            .find(|line| line.starts_with("postgres:"))
            .ok_or_else(|| missing("the system account `postgres`"))?;
        let mut fields = line.split(':').skip(2);
        let mut number = || fields.next().and_then(|field| field.parse::<u32>().ok());
        match (number(), number()) {
            (Some(uid), Some(gid)) => Ok(Self::Other { uid, gid }),
            _ => bail!("/etc/passwd has an unreadable line for `postgres`"),
        }
    }

    fn command(self, program: &str) -> Command {
        let mut command = Command::new(program);
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// The shell text that keeps the server: initialise, run, stop and start it when standard input says so, and stop it for
/// good when standard input closes.
fn watched_server(bin: &Path, folder: &Path, port: u16, durability: Durability) -> String {
    let bin = bin.display();
    let folder = folder.display();
    let durable = match durability {
        Durability::Off => "-c fsync=off -c synchronous_commit=off -c full_page_writes=off",
        Durability::On => "-c fsync=on",
    };
    format!(
        "trap 'kill -QUIT $server 2>/dev/null; kill -CONT $server $(children) 2>/dev/null; wait; rm -rf {folder}' EXIT
         {bin}/initdb -D {folder}/data -U postgres --pwfile={folder}/password --auth=scram-sha-256 \
             -E UTF8 --locale=C.UTF-8 --no-sync >{folder}/log 2>&1 </dev/null || exit 1
         start() {{ {bin}/postgres -D {folder}/data -p {port} -k {folder} -c listen_addresses=127.0.0.1 {durable} \
             -c max_connections=300 -c shared_buffers=64MB -c wal_level=minimal -c max_wal_senders=0 \
             -c log_statement=none -c autovacuum=off >>{folder}/log 2>&1 </dev/null & server=$!; }}
         children() {{ cat /proc/$server/task/*/children 2>/dev/null; }}
         gone() {{ for one; do while [ -e /proc/$one/exe ]; do sleep 0.02; done; done; }}
         start
         while read -r order; do
             case $order in
                 stop) kill -INT $server; wait $server; server= ;;
                 kill) all=\"$server $(children)\"; kill -KILL $all; wait $server; gone $all; server= ;;
                 halt) kill -STOP $server $(children) ;;
                 go-on) kill -CONT $server $(children) ;;
                 start) start ;;
             esac
         done"
    )
}

/// The folder with the newest installed server's programs.
fn programs() -> Result<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .map_err(|_| missing("/usr/lib/postgresql"))?
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin).ok_or_else(|| missing("initdb"))
}

fn missing(what: &str) -> anyhow::Error {
    anyhow!(
        "{what} is missing: install the Debian package `postgresql`, or set TESTBED_QUICK=1 to test on SQLite alone"
    )
}

fn private_folder() -> Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("portal-postgres-").tempdir()?.keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    Ok(folder)
}

/// 128 random bits in hexadecimal.
pub(crate) fn secret() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("random numbers: {error}"))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Ports below those that the system gives to connections of its own (`ip_local_port_range`): one of those may be somebody's
/// by the time a server listens on it.
const PORTS: std::ops::Range<u16> = 10_240..32_000;

/// A port that nobody listened on a moment ago, and that this process gives to nobody else.
///
/// # Errors
/// None is free.
pub fn free_port() -> io::Result<u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    // Processes beside one another begin far apart.
    let start = std::process::id().wrapping_mul(7_919);
    for _ in 0..count {
        let at = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        let port = PORTS.start + u16::try_from(at).unwrap_or_default();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrNotAvailable.into())
}

#[allow(clippy::disallowed_methods, reason = "blocking code on a thread of its own; it waits for the server itself")]
fn wait_until_ready(child: &mut Child, folder: &Path, port: u16, from: usize) -> Result<()> {
    let end = Instant::now() + START_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                stderr.read_to_string(&mut said)?;
            }
            bail!("PostgreSQL did not start ({status}): {said}");
        }
        // The port opens before recovery ends; the log says when connections are taken.
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        let log = log.get(from..).unwrap_or_default();
        if log.contains("ready to accept connections") && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        // Those who come while it starts again are refused with FATAL too; that it gave up is said otherwise.
        if log.contains("database system is shut down") || (from == 0 && log.contains("FATAL")) {
            bail!("PostgreSQL did not start: {log}");
        }
        if Instant::now() > end {
            bail!("PostgreSQL was not ready within {} s: {log}", START_LIMIT.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn databases_of_one_server_are_apart() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let server = server().await?;
        let (one, two) = (server.migrated_database().await?, server.migrated_database().await?);
        let db = server.connect(&one).await?;
        run(&db, "CREATE TABLE only_here (id integer)").await?;
        let other = server.connect(&two).await?;
        assert!(run(&other, "SELECT id FROM only_here").await.is_err());
        Ok(())
    }

    #[tokio::test]
    async fn the_password_is_asked_for() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let server = server().await?;
        assert!(connect(&server.url("postgres"), Some("not it")).await.is_err());
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_stopped_server_comes_back_with_its_data() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let mut server = Server::start(Durability::Off)?;
        let name = server.empty_database().await?;
        run(&server.connect(&name).await?, "CREATE TABLE kept (id integer)").await?;
        server.stop()?;
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_err(), "still listening");
        server.start_again()?;
        run(&server.connect(&name).await?, "SELECT id FROM kept").await
    }

    #[test]
    fn a_dropped_server_leaves_nothing() -> Result<()> {
        if crate::quick() {
            return Ok(());
        }
        let server = Server::start(Durability::Off)?;
        let port: u16 = server.address.rsplit(':').next().context("a port")?.parse()?;
        drop(server);
        let gone = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err();
        assert!(gone, "still listening on {port}");
        Ok(())
    }
}
