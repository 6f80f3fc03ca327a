//! `[mail]` and `[sms]`: how staff are told outside the portal that a message waits. Left out, they are not.

use std::path::Path;

use directory::DirectoryConfig;
use messages::{HttpGateway, HttpGatewaySettings, MailAddress, MailSettings, MailTls};
use outbound::{Outbound, is_this_machine};
use url::{Host, Url};
use web::config::{Section, ServerSection};

/// `[mail]` and `[sms]`.
#[derive(Default)]
pub struct DeliverySection {
    /// `[mail]`
    pub mail: Option<MailSection>,
    /// `[sms]`
    pub sms: Option<HttpGatewaySettings>,
}

/// `[mail]`
pub struct MailSection {
    /// The server, and who we are there.
    pub settings: MailSettings,
    /// The sender's name in Chinese and in English; the portal's own unless said.
    pub from_name: Option<(String, String)>,
}

impl DeliverySection {
    /// Reads both; each only where it is there.
    pub(super) fn read(
        root: &mut Section<'_>,
        server: Option<&ServerSection>,
        directories: &[DirectoryConfig],
    ) -> Self {
        let (mail_there, sms_there) = (root.has("mail"), root.has("sms"));
        let mail = root.section("mail", |section| mail_there.then(|| mail(section, server)).flatten());
        let sms = root.section("sms", |section| sms_there.then(|| sms(section)).flatten());
        let nobody = |named: fn(&DirectoryConfig) -> bool| !directories.is_empty() && !directories.iter().any(named);
        let what = "reaches nobody: no directory says which attribute holds it";
        if mail_there && nobody(|one| one.attributes.mail.is_some()) {
            root.problem("mail", what, "add attributes = { mail = \"mail\" } to a [[directory]]");
        }
        if sms_there && nobody(|one| one.attributes.mobile.is_some()) {
            root.problem("sms", what, "add attributes = { mobile = \"mobile\" } to a [[directory]]");
        }
        Self { mail, sms }
    }
}

fn mail(section: &mut Section<'_>, server: Option<&ServerSection>) -> Option<MailSection> {
    let host = host(section);
    let tls = tls(section, host.as_deref());
    let port = port(section, tls);
    let from = from(section);
    let from_name = from_name(section);
    let sign_in = sign_in(section);
    let ca_file = section.optional_file("ca_file");
    if tls == Some(MailTls::None) && ca_file.is_some() {
        section.problem("ca_file", "is for TLS, and there is none", "leave it out");
    }
    let hello = match server.and_then(|server| server.public_url.host()) {
        Some(Host::Domain(name)) => Some(name.to_owned()),
        _ => None,
    };
    let settings = MailSettings { host: host?, port: port?, tls: tls?, ca_file, sign_in: sign_in?, from: from?, hello };
    if let Err(error) = settings.check() {
        section.problem("ca_file", error.to_string(), "give a PEM file with the certificates to trust");
        return None;
    }
    Some(MailSection { settings, from_name: from_name? })
}

fn host(section: &mut Section<'_>) -> Option<String> {
    let text = section.required::<String>("host", "\"smtp.example\"")?;
    // An address of IPv6 stands without brackets here.
    let good = text.parse::<std::net::IpAddr>().is_ok()
        || Host::parse(&text).is_ok_and(|host| matches!(&host, Host::Domain(name) if *name == text));
    if !good {
        section.problem("host", "is no name or address of a server", "write it without scheme and port: smtp.example");
    }
    good.then_some(text)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn tls(section: &mut Section<'_>, host: Option<&str>) -> Option<MailTls> {
    let text = section.optional::<String>("tls").unwrap_or_else(|| "implicit".to_owned());
    match (text.as_str(), host) {
        ("implicit", _) => Some(MailTls::Implicit),
        ("starttls", _) => Some(MailTls::StartTls),
        ("none", Some(host)) if !is_here(host) => {
            let cure = "write \"implicit\" or \"starttls\"; \"none\" is for a server on this machine (localhost) alone";
            section.problem("tls", "e-mails and the password would travel in the clear", cure);
            None
        }
        ("none", _) => Some(MailTls::None),
        _ => {
            section.problem(
                "tls",
                "is not known",
                "write \"implicit\", \"starttls\" or \"none\"; \"implicit\" unless said",
            );
            None
        }
    }
}

fn port(section: &mut Section<'_>, tls: Option<MailTls>) -> Option<u16> {
    let asked = section.optional::<u32>("port");
    let Some(number) = asked else {
        // RFC 8314 §7.3, RFC 6409 §3.1, RFC 5321 §4.5.4.2
        return Some(match tls? {
            MailTls::Implicit => 465,
            MailTls::StartTls => 587,
            MailTls::None => 25,
        });
    };
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        section.problem("port", "is no port", "1 to 65535; by `tls` 465, 587 or 25 unless said");
    }
    port
}

fn from(section: &mut Section<'_>) -> Option<MailAddress> {
    let read = section.required::<String>("from", "\"portal@region.example\"")?.parse();
    if read.is_err() {
        section.problem("from", "is no address", "write it without name and brackets: portal@region.example");
    }
    read.ok()
}

/// The inner `None`: none is said.
fn from_name(section: &mut Section<'_>) -> Option<Option<(String, String)>> {
    if !section.has("from_name") {
        return section.section("from_name", |_| Some(None));
    }
    section.section("from_name", |names| {
        let read = |names: &mut Section<'_>, key: &str| {
            let name = names.required::<String>(key, "\"…\"")?;
            let good = !name.trim().is_empty() && !name.chars().any(char::is_control);
            if !good {
                names.problem(key, "is empty, or holds what no name does", "write a name of one line");
            }
            good.then_some(name)
        };
        let (zh, en) = (read(names, "zh"), read(names, "en"));
        Some(Some((zh?, en?)))
    })
}

type SignIn = Option<(String, std::path::PathBuf)>;

/// The inner `None`: the server asks for none.
fn sign_in(section: &mut Section<'_>) -> Option<SignIn> {
    let (named, filed) = (section.has("username"), section.has("password_file"));
    let username = section.optional::<String>("username");
    let file = section.optional_file("password_file");
    match (named, filed) {
        (false, false) => return Some(None),
        (true, false) => section.problem("password_file", "is missing", "name the file of this user's password"),
        (false, true) => section.problem("username", "is missing", "say whose password it is"),
        (true, true) => {}
    }
    let (username, file) = (username?, file?);
    if username.trim().is_empty() || username.chars().any(char::is_control) {
        section.problem("username", "is no name", "write the name that the server knows");
        return None;
    }
    is_secret(section, "password_file", &file).then_some(Some((username, file)))
}

/// One line that can be read.
fn is_secret(section: &mut Section<'_>, key: &str, file: &Path) -> bool {
    let what = match std::fs::read_to_string(file).map(zeroize::Zeroizing::new) {
        Ok(text) => {
            let line = text.trim_end_matches(['\r', '\n']);
            let good = !line.is_empty() && !line.chars().any(char::is_control);
            if good {
                return true;
            }
            format!("{} is empty or has several lines", file.display())
        }
        Err(error) => format!("{} can't be read: {error}", file.display()),
    };
    section.problem(key, what, "write the secret as the only line, readable by this service alone");
    false
}

fn sms(section: &mut Section<'_>) -> Option<HttpGatewaySettings> {
    let url = gateway(section);
    let token_file = section.file("token_file", "\"../secrets/sms-token\"");
    let token_file = token_file.filter(|file| is_secret(section, "token_file", file));
    let ca_file = section.optional_file("ca_file");
    let settings = HttpGatewaySettings { url: url?, token_file: token_file?, ca_file };
    let tried = Outbound::new().and_then(|outbound| HttpGateway::new(&outbound, settings.clone()));
    if let Err(error) = tried {
        section.problem("url", error.to_string(), "name a gateway that can be reached, and its authority in ca_file");
        return None;
    }
    Some(settings)
}

/// Without TLS on this machine alone, for the token and people's numbers go there.
fn gateway(section: &mut Section<'_>) -> Option<Url> {
    let text = section.required::<String>("url", "\"https://sms.example/messages\"")?;
    let url = Url::parse(&text).ok().filter(|url| {
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        bare && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url)))
    });
    if url.is_none() {
        let cure =
            "write where text messages are posted: https://…, without a name in it; http:// is for loopback alone";
        section.problem("url", "is no address of a gateway", cure);
    }
    url
}
