//! A real OpenLDAP server on private ports of the loopback, with a small hospital in it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, SanType};
use tempfile::TempDir;

use crate::postgres::free_port;

const SLAPD: &str = "/usr/sbin/slapd";
const MODULES: &str = "/usr/lib/ldap";
const SCHEMAS: &str = "/etc/ldap/schema";
const MISSING: &str = "OpenLDAP is missing: install the Debian packages slapd and ldap-utils";
const START: Duration = Duration::from_secs(20);

const BASE_DN: &str = "dc=hospital,dc=test";
const ROOT_DN: &str = "cn=admin,dc=hospital,dc=test";
const ROOT_PASSWORD: &str = "root-of-the-test";
const BIND_DN: &str = "cn=svc-portal,dc=hospital,dc=test";
const BIND_PASSWORD: &str = "service of the test";

/// A running slapd; ended when it is dropped.
///
/// People (user name, password, name, directory groups): `li.wei` / `correct horse`, 李伟, in `cardiology` (which is in
/// `physicians`); `o'brien` / `it's me`, Pat O'Brien (locum), MD, in `nurses` (groupOfUniqueNames); `zhang.wei` /
/// `密码 with 空格`, 张伟 主任医师, in `physicians` and `administrators` (posixGroup); `nobody` / `no groups`, in none;
/// `twin` twice. `groups_of_groups` is in itself.
pub struct OpenLdap {
    /// `ldap://127.0.0.1:PORT`; offers StartTLS.
    pub url: String,
    /// `ldaps://127.0.0.1:PORT`.
    pub ldaps_url: String,
    /// PEM certificate of the authority that signed the server's certificate (IP 127.0.0.1).
    pub ca_file: PathBuf,
    /// PEM certificate of an authority the server has nothing to do with.
    pub other_ca_file: PathBuf,
    /// Where people are.
    pub base_dn: String,
    /// Where groups are.
    pub group_base_dn: String,
    /// The service account.
    pub bind_dn: String,
    /// Its password.
    pub bind_password: String,
    /// A file with that password.
    pub bind_password_file: PathBuf,
    process: Child,
    folder: TempDir,
}

/// How a server differs from the usual one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `allow bind_anon_dn`: a bind with a name and an empty password succeeds, as nobody (RFC 4513 §5.1.2).
    pub unauthenticated_binds: bool,
}

impl OpenLdap {
    /// Starts the usual server.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(Options::default())
    }

    /// Starts a server.
    pub fn start_with(options: Options) -> anyhow::Result<Self> {
        if !Path::new(SLAPD).exists() || !Path::new(SCHEMAS).exists() {
            bail!(MISSING);
        }
        let folder = tempfile::Builder::new().prefix("slapd-").tempdir()?;
        let path = folder.path();
        for name in ["db", "run", "tls"] {
            fs::create_dir(path.join(name))?;
        }
        certificates(&path.join("tls"))?;
        fs::write(path.join("slapd.conf"), configuration(path, options))?;
        fs::write(path.join("service-password"), format!("{BIND_PASSWORD}\n"))?;
        let (process, plain, tls) = launch(path)?;
        let server = Self {
            url: format!("ldap://127.0.0.1:{plain}"),
            ldaps_url: format!("ldaps://127.0.0.1:{tls}"),
            ca_file: path.join("tls/ca.crt"),
            other_ca_file: path.join("tls/other-ca.crt"),
            base_dn: format!("ou=people,{BASE_DN}"),
            group_base_dn: format!("ou=groups,{BASE_DN}"),
            bind_dn: BIND_DN.to_owned(),
            bind_password: BIND_PASSWORD.to_owned(),
            bind_password_file: path.join("service-password"),
            process,
            folder,
        };
        server.add(&hospital())?;
        Ok(server)
    }

    /// Adds entries, written as LDIF, as the root of the database (so that overlays see them).
    pub fn add(&self, ldif: &str) -> anyhow::Result<()> {
        let mut ldapadd = Command::new("ldapadd")
            .args(["-x", "-H", &self.url, "-D", ROOT_DN, "-w", ROOT_PASSWORD])
            .env("LDAPNOINIT", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context(MISSING)?;
        ldapadd.stdin.take().context("ldapadd takes no input")?.write_all(ldif.as_bytes())?;
        let output = ldapadd.wait_with_output()?;
        if !output.status.success() {
            bail!("ldapadd: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// The LDIF of one person under [`OpenLdap::base_dn`], for [`OpenLdap::add`].
    pub fn person(uid: &str, name: &str, password: &str, more: &[(&str, &str)]) -> String {
        let mut ldif = entry(&format!("uid={},ou=people,{BASE_DN}", escape(uid)), &[("objectClass", "inetOrgPerson")]);
        let own = [("uid", uid), ("cn", name), ("sn", name), ("userPassword", password)];
        for (attribute, value) in own.iter().chain(more) {
            line(&mut ldif, attribute, value);
        }
        ldif
    }

    /// What the server has written down so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("run/log")).unwrap_or_default()
    }

    /// Stops answering without closing anything (SIGSTOP), as a machine does that hangs.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// Answers again (SIGCONT).
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Ends the server; its ports refuse connections from now on.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    fn signal(&self, name: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.process.id().to_string()).status()?;
        if !status.success() {
            bail!("kill -{name} failed");
        }
        Ok(())
    }
}

impl Drop for OpenLdap {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts slapd on two free ports and waits until it answers. Another process may take a port between the choice and
/// the start, so it is tried again.
#[expect(
    clippy::disallowed_methods,
    reason = "waits for a process, on the test's own thread, and looks at what it waits for"
)]
fn launch(path: &Path) -> anyhow::Result<(Child, u16, u16)> {
    let mut last = String::new();
    for _ in 0..3 {
        let (plain, tls) = (free_port()?, free_port()?);
        let log = fs::File::create(path.join("run/log"))?;
        let mut process = Command::new(SLAPD)
            .args(["-d", "stats", "-f"])
            .arg(path.join("slapd.conf"))
            .args(["-h", &format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context(MISSING)?;
        let until = Instant::now() + START;
        while process.try_wait()?.is_none() {
            if [plain, tls].iter().all(|&port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
                return Ok((process, plain, tls));
            }
            if Instant::now() > until {
                process.kill()?;
                process.wait()?;
                bail!("slapd does not answer within {START:?}");
            }
            thread::sleep(Duration::from_millis(10));
        }
        last = fs::read_to_string(path.join("run/log"))?;
    }
    bail!("slapd ends at once: {last}")
}

fn configuration(path: &Path, options: Options) -> String {
    let folder = path.display();
    let mut conf = String::new();
    for schema in ["core", "cosine", "inetorgperson", "nis"] {
        let _ = writeln!(conf, "include {SCHEMAS}/{schema}.schema");
    }
    let _ = writeln!(conf, "modulepath {MODULES}\nmoduleload back_mdb\nmoduleload memberof\nmoduleload refint");
    let _ = writeln!(conf, "pidfile {folder}/run/slapd.pid\nargsfile {folder}/run/slapd.args");
    let _ = writeln!(conf, "TLSCACertificateFile {folder}/tls/ca.crt\nTLSCertificateFile {folder}/tls/server.crt");
    let _ = writeln!(conf, "TLSCertificateKeyFile {folder}/tls/server.key\nsizelimit 500");
    let anonymous = if options.unauthenticated_binds { "allow bind_anon_dn" } else { "disallow bind_anon" };
    let _ = writeln!(conf, "{anonymous}");
    let _ = writeln!(conf, "database mdb\nsuffix \"{BASE_DN}\"\nrootdn \"{ROOT_DN}\"\nrootpw \"{ROOT_PASSWORD}\"");
    let _ = writeln!(conf, "directory {folder}/db\nmaxsize 104857600\nindex objectClass,uid,member,memberUid eq");
    let _ = writeln!(conf, "overlay memberof\noverlay refint");
    let _ = writeln!(conf, "access to attrs=userPassword by self write by anonymous auth by * none");
    let _ = writeln!(conf, "access to * by users read by * none");
    conf
}

/// An authority, a certificate for 127.0.0.1 signed by it, and an authority that signed nothing here.
fn certificates(folder: &Path) -> anyhow::Result<()> {
    let authority = authority("Test authority")?;
    fs::write(folder.join("ca.crt"), authority.pem())?;
    fs::write(folder.join("other-ca.crt"), self::authority("Another authority")?.pem())?;
    let key = KeyPair::generate()?;
    let mut server = CertificateParams::new(Vec::new())?;
    server.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    fs::write(folder.join("server.crt"), server.signed_by(&key, &authority)?.pem())?;
    fs::write(folder.join("server.key"), key.serialize_pem())?;
    Ok(())
}

fn authority(name: &str) -> anyhow::Result<CertifiedIssuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn hospital() -> String {
    let people = format!("ou=people,{BASE_DN}");
    let member = |uid: &str| format!("uid={},{people}", escape(uid));
    let group = |cn: &str| format!("cn={cn},ou=groups,{BASE_DN}");
    let mut ldif = String::new();
    ldif += &entry(BASE_DN, &[("objectClass", "dcObject"), ("objectClass", "organization"), ("o", "区域医院")]);
    ldif += &entry(&people, &[("objectClass", "organizationalUnit")]);
    ldif += &entry(&format!("ou=twins,{people}"), &[("objectClass", "organizationalUnit")]);
    ldif += &entry(&format!("ou=groups,{BASE_DN}"), &[("objectClass", "organizationalUnit")]);
    let service = [
        ("objectClass", "applicationProcess"),
        ("objectClass", "simpleSecurityObject"),
        ("userPassword", BIND_PASSWORD),
    ];
    ldif += &entry(BIND_DN, &service);
    let ward = [
        ("displayName", "李伟"),
        ("departmentNumber", "心内科"),
        ("employeeNumber", "D-1001"),
        ("mail", "li.wei@region.example"),
        ("mobile", "+86 139 0000 1001"),
    ];
    ldif += &OpenLdap::person("li.wei", "Li Wei", "correct horse", &ward);
    ldif += &OpenLdap::person("o'brien", "Pat O'Brien (locum), MD", "it's me", &[]);
    ldif += &OpenLdap::person("zhang.wei", "张伟", "密码 with 空格", &[("displayName", "张伟 主任医师")]);
    ldif += &OpenLdap::person("nobody", "Nobody", "no groups", &[]);
    ldif += &OpenLdap::person("twin", "Twin", "twin", &[]);
    let twin =
        [("objectClass", "inetOrgPerson"), ("uid", "twin"), ("cn", "Twin"), ("sn", "Twin"), ("userPassword", "twin")];
    ldif += &entry(&format!("uid=twin,ou=twins,{people}"), &twin);

    let (li_wei, zhang_wei, o_brien) = (member("li.wei"), member("zhang.wei"), member("o'brien"));
    let (cardiology, circle) = (group("cardiology"), group("groups_of_groups"));
    let mut add = |cn: &str, class: &str, lines: &[(&str, &str)]| {
        ldif += &entry(&group(cn), &[&[("objectClass", class)], lines].concat());
    };
    add("cardiology", "groupOfNames", &[("member", &li_wei)]);
    add("physicians", "groupOfNames", &[("member", &cardiology), ("member", &zhang_wei)]);
    add("nurses", "groupOfUniqueNames", &[("uniqueMember", &o_brien)]);
    add("administrators", "posixGroup", &[("gidNumber", "700"), ("memberUid", "zhang.wei")]);
    add("groups_of_groups", "groupOfNames", &[("member", &circle), ("member", &li_wei)]);
    ldif
}

/// One entry; the attribute of the first part of its name is written too, as the schema wants it.
fn entry(dn: &str, lines: &[(&str, &str)]) -> String {
    let mut ldif = String::from("\n");
    line(&mut ldif, "dn", dn);
    let naming = dn.split(',').next().and_then(|rdn| rdn.split_once('='));
    for (attribute, value) in lines {
        line(&mut ldif, attribute, value);
    }
    if let Some((attribute @ ("ou" | "cn" | "dc"), value)) = naming
        && !lines.iter().any(|(name, _)| *name == attribute)
    {
        line(&mut ldif, attribute, value);
    }
    ldif
}

/// RFC 2849: base64 carries any value.
fn line(ldif: &mut String, attribute: &str, value: &str) {
    let _ = writeln!(ldif, "{attribute}:: {}", STANDARD.encode(value));
}

/// RFC 4514 §2.4, every character that is not plain as hexadecimal pairs.
fn escape(value: &str) -> String {
    let mut escaped = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => escaped.push(char::from(byte)),
            _ => {
                let _ = write!(escaped, "\\{byte:02x}");
            }
        }
    }
    escaped
}
