//! The files of a demo's data folder: `sandbox.toml`, `internal.toml`, `external.toml`, `sources.toml`, secrets.
//!
//! Each is the one of `config/demo/` with ports and paths filled in.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toml::{Table, Value};

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The intranet portal.
    pub internal: u16,
    /// The public portal.
    pub external: u16,
    /// Health and figures of the intranet portal.
    pub internal_ops: u16,
    /// Health and figures of the public portal.
    pub external_ops: u16,
}

/// A hospital of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hospital {
    /// As in `sources.toml`.
    pub id: String,
    /// Its FHIR server.
    pub listen: SocketAddr,
}

/// The sandbox as it is going to listen.
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// Its configuration file.
    pub config: PathBuf,
    /// In the order of the file.
    pub hospitals: Vec<Hospital>,
    /// Server of a hospital's own system, from which clinicians open the portal.
    pub ehr: SocketAddr,
    /// LDAP with StartTLS.
    pub directory: SocketAddr,
    /// A forum and a blog.
    pub community: SocketAddr,
    /// A mail server that keeps what it is given.
    pub mail: SocketAddr,
    /// A gateway for text messages that keeps them.
    pub sms: SocketAddr,
    /// The token that the gateway takes.
    pub sms_token: String,
    /// Switches for hospitals, and the region described.
    pub control: SocketAddr,
    /// The certificate that signs the directory's.
    pub ca_file: PathBuf,
}

/// The wish when it is free on loopback, else any free port.
///
/// # Errors
/// No port of the ephemeral range is free.
pub fn port_or_free(wish: u16) -> Result<u16> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = bind(wish).or_else(|_| bind(0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// The hospital behind the door where people sign in.
const BEYOND: &str = "lakeside";

fn listen(table: &mut Table) -> Result<SocketAddr> {
    let wish: SocketAddr = table.get("listen").and_then(Value::as_str).context("listen")?.parse()?;
    let address = SocketAddr::new(wish.ip(), port_or_free(wish.port())?);
    table.insert("listen".to_owned(), Value::String(address.to_string()));
    Ok(address)
}

fn read(root: &Path, name: &str) -> Result<Table> {
    let file = root.join("config/demo").join(name);
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    text.parse().with_context(|| file.display().to_string())
}

fn section<'a>(table: &'a mut Table, name: &str) -> Result<&'a mut Table> {
    let entry = table.entry(name).or_insert_with(|| Value::Table(Table::new()));
    entry.as_table_mut().with_context(|| format!("`{name}` is no table"))
}

fn set(table: &mut Table, name: &str, key: &str, value: impl Into<Value>) -> Result<()> {
    section(table, name)?.insert(key.to_owned(), value.into());
    Ok(())
}

/// Writes `sandbox.toml`. Ports that are busy are replaced by free ones.
///
/// # Errors
/// The file of `config/demo` can't be read, or the data folder not be written.
pub fn write_sandbox(root: &Path, data: &Path, ports: Ports) -> Result<Sandbox> {
    let mut table = read(root, "sandbox.toml")?;
    let mut hospitals = Vec::new();
    let list = table.get_mut("hospital").and_then(Value::as_array_mut).context("sandbox.toml: hospital")?;
    for hospital in list.iter_mut().filter_map(Value::as_table_mut) {
        let id = hospital.get("id").and_then(Value::as_str).context("sandbox.toml: hospital without id")?.to_owned();
        hospitals.push(Hospital { id, listen: listen(hospital)? });
    }
    let ca_file = data.join("sandbox-ca.pem");
    set(&mut table, "directory", "ca_file", text(&ca_file))?;
    let directory = listen(section(&mut table, "directory")?)?;
    let community = listen(section(&mut table, "community")?)?;
    listen(section(&mut table, "transit")?)?;
    listen(section(&mut table, "door")?)?;
    set(&mut table, "door", "jwks_url", format!("http://127.0.0.1:{}/.well-known/jwks.json", ports.internal))?;
    // In front of a hospital beyond the region, which is asked through it alone.
    let id = BEYOND.to_owned();
    hospitals.push(Hospital { id, listen: listen(section(&mut table, "people_door")?)? });
    let callback = format!("http://localhost:{}/connections/callback", ports.external);
    let callbacks = vec![Value::String(format!("{callback}/{BEYOND}")), Value::String(callback)];
    set(&mut table, "people_door", "redirect_uris", Value::Array(callbacks))?;
    let ehr = listen(section(&mut table, "ehr_door")?)?;
    let launch = format!("http://localhost:{}/launch", ports.internal);
    let callback = Value::String(format!("{launch}/callback/city-first"));
    set(&mut table, "ehr_door", "redirect_uris", Value::Array(vec![callback]))?;
    set(&mut table, "ehr_door", "launch_url", launch)?;
    let mail = listen(section(&mut table, "mail")?)?;
    let sms = listen(section(&mut table, "sms")?)?;
    let token = section(&mut table, "sms")?.get("token").and_then(Value::as_str).context("sandbox.toml: sms.token")?;
    let sms_token = token.to_owned();
    let control = listen(section(&mut table, "control")?)?;
    let config = data.join("sandbox.toml");
    std::fs::write(&config, toml::to_string(&table)?)?;
    Ok(Sandbox { config, hospitals, ehr, directory, community, mail, sms, sms_token, control, ca_file })
}

/// Writes `sources.toml`: the hospitals of `config/demo/sources.toml` at the sandbox's addresses.
///
/// # Errors
/// As [`write_sandbox`]; or a source is no hospital of the sandbox.
pub fn write_sources(root: &Path, data: &Path, sandbox: &Sandbox) -> Result<()> {
    let mut table = read(root, "sources.toml")?;
    let list = table.get_mut("source").and_then(Value::as_array_mut).context("sources.toml: source")?;
    for source in list.iter_mut().filter_map(Value::as_table_mut) {
        let id = source.get("id").and_then(Value::as_str).context("sources.toml: source without id")?;
        let hospital = sandbox.hospitals.iter().find(|hospital| hospital.id == id);
        let hospital = hospital.with_context(|| format!("source `{id}` is no hospital of the sandbox"))?;
        let base = source.get("base_url").and_then(Value::as_str).unwrap_or_default();
        let path = base.splitn(4, '/').nth(3).unwrap_or("fhir").to_owned();
        let base = format!("http://{}/{path}", hospital.listen);
        source.insert("base_url".to_owned(), Value::String(base));
        if let Some(launch) = source.get_mut("launch").and_then(Value::as_table_mut) {
            launch.insert("base_url".to_owned(), Value::String(format!("http://{}/{path}", sandbox.ehr)));
        }
        // The table stays where it is; the file that names it moves into the data folder.
        let tables = source.get_mut("local_codes").and_then(Value::as_array_mut).into_iter().flatten();
        for table in tables.filter_map(Value::as_table_mut) {
            let name = table.get("file").and_then(Value::as_str).unwrap_or_default();
            let file = text(&root.join("config/demo").join(name));
            table.insert("file".to_owned(), file);
        }
    }
    std::fs::write(data.join("sources.toml"), toml::to_string(&table)?)?;
    Ok(())
}

/// Writes `internal.toml` and the secret of the directory's service account; returns the file.
///
/// # Errors
/// As [`write_sandbox`].
pub fn write_internal(root: &Path, data: &Path, sandbox: &Sandbox, ports: Ports) -> Result<PathBuf> {
    let mut table = read(root, "internal.toml")?;
    portal(&mut table, root, (ports.internal, ports.internal_ops))?;
    set(&mut table, "keys", "staff_file", "secrets/staff.key")?;
    set(&mut table, "audit", "heads_file", "audit-heads.jsonl")?;
    let directories = table.get_mut("directory").and_then(Value::as_array_mut).context("internal.toml: directory")?;
    for directory in directories.iter_mut().filter_map(Value::as_table_mut) {
        let url = Value::String(format!("ldap://{}", sandbox.directory));
        directory.insert("urls".to_owned(), Value::Array(vec![url]));
        directory.insert("ca_file".to_owned(), text(&sandbox.ca_file));
        directory.insert("bind_password_file".to_owned(), Value::String("secrets/directory".to_owned()));
    }
    let feeds = table.get_mut("feed").and_then(Value::as_array_mut).into_iter().flatten();
    for feed in feeds.filter_map(Value::as_table_mut) {
        let url = feed.get("url").and_then(Value::as_str).unwrap_or_default();
        let path = url.splitn(4, '/').nth(3).unwrap_or_default();
        let url = Value::String(format!("http://{}/{path}", sandbox.community));
        feed.insert("url".to_owned(), url);
    }
    set(&mut table, "mail", "port", i64::from(sandbox.mail.port()))?;
    set(&mut table, "sms", "url", format!("http://{}/messages", sandbox.sms))?;
    set(&mut table, "sms", "token_file", "secrets/sms-token")?;
    let file = data.join("internal.toml");
    std::fs::write(&file, toml::to_string(&table)?)?;
    Ok(file)
}

/// Group DN and staff group of each rule of `config/demo/internal.toml`.
///
/// # Errors
/// The file can't be read.
pub fn roles(root: &Path) -> Result<Vec<(String, String)>> {
    let table = read(root, "internal.toml")?;
    let directories = table.get("directory").and_then(Value::as_array).context("internal.toml: directory")?;
    let rules = directories.iter().filter_map(|directory| directory.get("role")?.as_array()).flatten();
    let said = |rule: &Value, key: &str| rule.get(key).and_then(Value::as_str).map(str::to_owned);
    Ok(rules.filter_map(|rule| Some((said(rule, "group")?, said(rule, "role")?))).collect())
}

/// Writes `external.toml`; returns the file.
///
/// # Errors
/// As [`write_sandbox`].
pub fn write_external(root: &Path, data: &Path, ports: Ports) -> Result<PathBuf> {
    let mut table = read(root, "external.toml")?;
    portal(&mut table, root, (ports.external, ports.external_ops))?;
    let file = data.join("external.toml");
    std::fs::write(&file, toml::to_string(&table)?)?;
    Ok(file)
}

/// What both portals' files have in common.
fn portal(table: &mut Table, root: &Path, (port, ops): (u16, u16)) -> Result<()> {
    set(table, "server", "listen", format!("127.0.0.1:{port}"))?;
    // Passkeys and cookies want a name, not an address.
    set(table, "server", "public_url", format!("http://localhost:{port}"))?;
    set(table, "ops", "listen", format!("127.0.0.1:{ops}"))?;
    set(table, "database", "url", "sqlite://portal.db")?;
    set(table, "keys", "region_file", "secrets/region.key")?;
    set(table, "keys", "patient_file", "secrets/patient.key")?;
    set(table, "sources", "file", "sources.toml")?;
    set(table, "sources", "platforms", text(&root.join("config/platforms")))?;
    // The sandbox is on this machine, and so are hospitals that somebody adds in the demo.
    set(table, "sources", "allow_loopback", true)
}

fn text(path: &Path) -> Value {
    Value::String(path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_port_is_replaced() -> Result<()> {
        let busy = TcpListener::bind("127.0.0.1:0")?;
        let port = busy.local_addr()?.port();
        assert_ne!(port_or_free(port)?, port);
        Ok(())
    }

    #[test]
    fn the_data_folder_is_filled_in() -> Result<()> {
        let (root, folder) = (crate::root(), tempfile::tempdir()?);
        let ports = Ports { internal: 1, external: 2, internal_ops: 3, external_ops: 4 };
        let sandbox = write_sandbox(&root, folder.path(), ports)?;
        write_sources(&root, folder.path(), &sandbox)?;
        write_internal(&root, folder.path(), &sandbox, ports)?;
        write_external(&root, folder.path(), ports)?;
        let written = |name: &str| -> Result<Table> { Ok(std::fs::read_to_string(folder.path().join(name))?.parse()?) };
        let first = &sandbox.hospitals[0];
        let sources = written("sources.toml")?;
        let base = sources["source"][0]["base_url"].as_str().unwrap_or_default();
        assert!(base.starts_with(&format!("http://{}/", first.listen)), "{base}");
        assert_eq!(sandbox.hospitals.len(), 6);
        let codes = sources["source"][1]["local_codes"][0]["file"].as_str().unwrap_or_default();
        assert!(std::fs::read_to_string(codes)?.contains("CYSC_S"), "{codes}");
        assert_eq!(written("internal.toml")?["server"]["public_url"].as_str(), Some("http://localhost:1"));
        assert_eq!(written("external.toml")?["keys"].get("staff_file"), None);
        let callback = written("sandbox.toml")?["people_door"]["redirect_uris"][0].as_str().map(str::to_owned);
        assert_eq!(callback.as_deref(), Some("http://localhost:2/connections/callback/lakeside"));
        let launch = written("sandbox.toml")?["ehr_door"]["launch_url"].as_str().map(str::to_owned);
        assert_eq!(launch.as_deref(), Some("http://localhost:1/launch"));
        let base = sources["source"][0]["launch"]["base_url"].as_str();
        assert_eq!(base, Some(format!("http://{}/fhir", sandbox.ehr).as_str()));
        Ok(())
    }
}
