//! E-mail over SMTP.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use jiff::Timestamp;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use store::jobs::Failure;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Carrier, Channel, Notice, Notices};
use crate::{Contact, MailAddress};

/// For one e-mail, from the look-up of the server's name on.
const TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 4954 §6 and RFC 3207: codes that say that the sign-in, not the e-mail, was refused.
const SIGN_IN_CODES: [u16; 4] = [530, 534, 535, 538];

/// How the way to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// STARTTLS before anything is said (RFC 3207); a server without it gets nothing.
    StartTls,
    /// Not at all: to this machine alone.
    None,
}

/// The mail server and who we are there.
#[derive(Clone)]
pub struct MailSettings {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is protected.
    pub tls: MailTls,
    /// PEM file with authorities that are trusted instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Name and file of the password, where the server asks for them. The file is read for each e-mail.
    pub sign_in: Option<(String, PathBuf)>,
    /// Sender of every e-mail.
    pub from: MailAddress,
    /// What we call ourselves in EHLO, where we have a name.
    pub hello: Option<String>,
}

impl MailSettings {
    /// Whether they can be used, as far as that can be said without connecting.
    ///
    /// # Errors
    /// [`MailError`]: what can't.
    pub fn check(&self) -> Result<(), MailError> {
        self.protection().map(drop)
    }

    fn protection(&self) -> Result<Tls, MailError> {
        Ok(match self.tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(parameters(self)?),
            MailTls::Implicit => Tls::Wrapper(parameters(self)?),
        })
    }
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// Settings that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// The authorities.
    #[error("{0}")]
    Authorities(String),
    /// The sender.
    #[error("the sender is not an address")]
    From,
}

/// Sends e-mails.
pub struct Mail {
    settings: MailSettings,
    tls: Tls,
    from: Address,
    notices: Notices,
}

impl Mail {
    /// By these settings, with these words. Connects to nothing.
    ///
    /// # Errors
    /// [`MailError`]: what of the settings can't be used.
    pub fn new(settings: MailSettings, notices: Notices) -> Result<Self, MailError> {
        let tls = settings.protection()?;
        let from = settings.from.as_str().parse().map_err(|_| MailError::From)?;
        Ok(Self { settings, tls, from, notices })
    }

    /// One e-mail. Its `Message-ID` is the same at every try (RFC 5322 §3.6.4), so that one that came twice is one to
    /// readers; no reply is expected, and none by a machine (RFC 3834 §5).
    fn written(&self, to: &MailAddress, notice: &Notice, id: Uuid, at: Timestamp) -> Result<Message, Failure> {
        let wrong = || Failure::lasting("mail-unwritable");
        let to: Address = to.as_str().parse().map_err(|_| wrong())?;
        let by_machine = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(Mailbox::new(Some(one_line(&notice.from)), self.from.clone()))
            .to(Mailbox::new(None, to))
            .subject(one_line(&notice.subject))
            .date(SystemTime::from(at))
            .message_id(Some(format!("<{id}@{}>", self.settings.from.domain())))
            .raw_header(HeaderValue::new(by_machine, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(notice.text.clone())
            .map_err(|_| wrong())
    }

    fn transport(&self) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
        let MailSettings { host, port, sign_in, hello, .. } = &self.settings;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(*port)
            .tls(self.tls.clone())
            .timeout(Some(TIMEOUT));
        if let Some(name) = hello {
            builder = builder.hello_name(ClientId::Domain(name.clone()));
        }
        if let Some((name, file)) = sign_in {
            let password = secret(file).map_err(|error| {
                tracing::error!(file = %file.display(), %error, "[mail] password_file");
                Failure::passing("mail-password")
            })?;
            builder = builder.credentials(Credentials::new(name.clone(), password.as_str().to_owned()));
        }
        Ok(builder.build())
    }
}

#[async_trait]
impl Carrier for Mail {
    fn channel(&self) -> Channel {
        Channel::Mail
    }

    async fn carry(&self, contact: &Contact, id: Uuid, at: Timestamp) -> Result<(), Failure> {
        let Some(to) = &contact.mail else { return Err(Failure::lasting("mail-unwritable")) };
        let message = self.written(to, &self.notices.to(contact.language), id, at)?;
        match tokio::time::timeout(TIMEOUT, self.transport()?.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_) => Err(Failure::passing("mail-silent")),
        }
    }
}

/// What a failed try means. Of what the server said its code alone is kept: its text may hold the address.
fn failure(error: &lettre::transport::smtp::Error) -> Failure {
    let code = error.status().map(u16::from);
    let tls = error.is_tls() || holds_tls(error);
    tracing::warn!(smtp = code, permanent = error.is_permanent(), tls, "an e-mail was not taken");
    match code {
        Some(code) if error.is_permanent() && SIGN_IN_CODES.contains(&code) => Failure::lasting("mail-sign-in"),
        _ if error.is_permanent() => Failure::lasting("mail-refused"),
        _ if error.is_transient() => Failure::passing("mail-later"),
        _ if error.is_timeout() => Failure::passing("mail-silent"),
        _ if tls => Failure::passing("mail-tls"),
        // The server does not offer what is configured: STARTTLS, a way to sign in. Nothing was said to it.
        _ if error.is_client() => Failure::passing("mail-settings"),
        _ => Failure::passing("mail-unreachable"),
    }
}

/// Is it rustls that failed? lettre tells a failed handshake as a connection that failed.
fn holds_tls(error: &(dyn Error + 'static)) -> bool {
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    let inner = inner.map(|inner| inner as &(dyn Error + 'static));
    error.is::<rustls::Error>() || inner.or_else(|| error.source()).is_some_and(holds_tls)
}

fn parameters(settings: &MailSettings) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    let wrong = |file: &Path, what: String| MailError::Authorities(format!("{}: {what}", file.display()));
    builder = match &settings.ca_file {
        None => builder.certificate_store(CertificateStore::WebpkiRoots),
        Some(file) => {
            let pem = std::fs::read(file).map_err(|error| wrong(file, error.to_string()))?;
            if !pem.windows(BEGIN.len()).any(|part| part == BEGIN) {
                return Err(wrong(file, "no certificate in it".to_owned()));
            }
            let authorities = Certificate::from_pem(&pem).map_err(|error| wrong(file, error.to_string()))?;
            builder.certificate_store(CertificateStore::None).add_root_certificate(authorities)
        }
    };
    builder.build_rustls().map_err(|error| {
        let file = settings.ca_file.as_deref().unwrap_or(Path::new("TLS"));
        wrong(file, error.to_string())
    })
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A secret of one line.
pub(super) fn secret(file: &Path) -> std::io::Result<Zeroizing<String>> {
    let text = Zeroizing::new(std::fs::read_to_string(file)?);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Words for a header: no line break in a locale file becomes one there.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
