//! One server of a directory: where it is and how the way there is protected.

use std::fmt;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use url::Url;

/// How the connection is protected. There is no fourth way, and [`Security::Plain`] exists only by `insecure = true`.
#[derive(Clone)]
pub(crate) enum Security {
    /// `ldaps://`: TLS from the first byte.
    Tls(Arc<ClientConfig>, ServerName<'static>),
    /// `ldap://` with StartTLS before anything else (RFC 4511 §4.14).
    StartTls(Arc<ClientConfig>, ServerName<'static>),
    /// `ldap://` in the clear.
    Plain,
}

/// One server.
#[derive(Clone)]
pub(crate) struct Server {
    url: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
}

/// Why a URL of the configuration can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerError {
    /// Not a URL, or more than scheme, host and port.
    Form,
    /// Neither `ldap` nor `ldaps`.
    Scheme,
    /// `ldap://` without protection and without `insecure = true`.
    Unprotected,
    /// There is no TLS configuration because `ca_file` is wrong.
    Authorities,
}

impl Server {
    /// `tls` is the configuration with the trusted authorities.
    pub(crate) fn parse(
        url: &str,
        starttls: bool,
        insecure: bool,
        tls: Option<&Arc<ClientConfig>>,
    ) -> Result<Self, ServerError> {
        let parsed = Url::parse(url).map_err(|_| ServerError::Form)?;
        let secure = match parsed.scheme() {
            "ldaps" => true,
            "ldap" => false,
            _ => return Err(ServerError::Scheme),
        };
        let bare = parsed.username().is_empty()
            && parsed.password().is_none()
            && parsed.query().is_none()
            && parsed.fragment().is_none()
            && matches!(parsed.path(), "" | "/");
        let host = parsed.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| ServerError::Form)?;
        if !bare {
            return Err(ServerError::Form);
        }
        let port = parsed.port().unwrap_or(if secure { 636 } else { 389 });
        let security = match (secure, starttls, insecure) {
            (true, _, _) => Security::Tls(Arc::clone(tls.ok_or(ServerError::Authorities)?), name),
            (false, true, _) => Security::StartTls(Arc::clone(tls.ok_or(ServerError::Authorities)?), name),
            (false, false, true) => Security::Plain,
            (false, false, false) => return Err(ServerError::Unprotected),
        };
        Ok(Self { url: url.to_owned(), host, port, security })
    }

    /// As configured.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.url).finish()
    }
}
