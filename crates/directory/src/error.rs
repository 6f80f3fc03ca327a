//! What can go wrong, told apart by what somebody can do about it. Texts are for operators and the log, never for the
//! person who signs in.

use std::io;

use access::{Classify, Fault};

use crate::guard::Violation;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The one public outcome of every refusal; the reason is for the log and the audit alone.
    #[error("sign-in refused: {0}")]
    Refused(Refusal),
    /// There are several organisations and none was named, or one that does not exist.
    #[error("no such organisation, or none chosen")]
    Organisation,
    /// No server of the organisation gave an answer.
    #[error("no directory server of {organisation} answers: {}", Listed(.failures))]
    Unavailable {
        /// The directory's id.
        organisation: String,
        /// What each server did, in order of preference.
        failures: Vec<ServerFailure>,
    },
    /// The directory answers, but our settings do not fit it.
    #[error("the directory {organisation} is not set up: {fault}")]
    Misconfigured {
        /// The directory's id.
        organisation: String,
        /// What does not fit.
        fault: Misconfiguration,
    },
}

impl Classify for SignInError {
    fn fault(&self) -> Fault {
        match self {
            Self::Refused(_) => Fault::NotSignedIn,
            Self::Organisation => Fault::Invalid,
            Self::Unavailable { .. } | Self::Misconfigured { .. } => Fault::Unavailable,
        }
    }
}

impl SignInError {
    /// A short word for metrics and the log: `refused`, `invalid`, `unavailable`, `misconfigured`.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Organisation => "invalid",
            Self::Unavailable { .. } => "unavailable",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }
}

/// Why a person was refused: for the log only, since the difference tells a guesser which names exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Empty, longer than 256 bytes or with control characters; no server was asked.
    #[error("username not acceptable")]
    Username,
    /// Empty (RFC 4513 §5.1.2: an unauthenticated bind succeeds for anybody), with NUL, or longer than 1024 bytes; no
    /// server was asked.
    #[error("password not acceptable")]
    Password,
    /// No entry.
    #[error("no such person")]
    Unknown,
    /// More than one entry: nobody is guessed at.
    #[error("several entries match")]
    Ambiguous,
    /// The server said 49 invalidCredentials; `detail` is Active Directory's sub-code (`52e`, `533`, `773`, …).
    #[error("wrong password{}", .detail.as_ref().map(|code| format!(" (data {code})")).unwrap_or_default())]
    WrongPassword {
        /// Active Directory's sub-code.
        detail: Option<String>,
    },
    /// The server refused the bind by another code: account locked, disabled, expired, or referred elsewhere.
    #[error("the server refused the bind with result code {0}")]
    Denied(u32),
    /// The bind succeeded, but the connection belongs to somebody else or to nobody.
    #[error("after the bind the server names another identity")]
    OtherIdentity,
}

/// What does not fit between our settings and the directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misconfiguration {
    /// The service account can't sign in.
    #[error("the service account is refused with result code {0}")]
    ServiceBind(u32),
    /// The search for the person failed.
    #[error("the search under base_dn fails with result code {0}")]
    Search(u32),
    /// The search for groups failed.
    #[error("the search under group_base_dn fails with result code {0}")]
    GroupSearch(u32),
    /// The entry lacks the attribute that identifies a person for good.
    #[error("the person's entry has no attribute {0}")]
    StableId(String),
    /// The entry's name is not a DN.
    #[error("the server sent an entry with a name that is not a DN")]
    EntryName,
    /// The server wants TLS.
    #[error("the server requires a protected connection (result code {0})")]
    Confidentiality(u32),
}

impl Misconfiguration {
    /// What an operator can do.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::ServiceBind(_) => "correct bind_dn and the password in bind_password_file",
            Self::Search(32) => "base_dn names an entry that does not exist here; correct it",
            Self::Search(10) => "base_dn is kept by another server; put that server into urls",
            Self::Search(_) => "correct base_dn and user_filter, and give the service account the right to read there",
            Self::GroupSearch(_) => "correct group_base_dn, and give the service account the right to read there",
            Self::StableId(_) => {
                "set attributes.stable_id to an attribute every person has for good (entryUUID, nsUniqueId, \
                 objectGUID) and let the service account read it"
            }
            Self::EntryName => "the server is faulty; ask its operators",
            Self::Confidentiality(_) => "use an ldaps:// URL or starttls = true",
        }
    }
}

/// One server that gave no answer.
#[derive(Debug)]
pub struct ServerFailure {
    /// Its URL.
    pub server: String,
    /// What happened.
    pub error: LinkError,
}

struct Listed<'a>(&'a [ServerFailure]);

impl std::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, failure) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "; " };
            write!(f, "{comma}{}: {}", failure.server, failure.error)?;
        }
        Ok(())
    }
}

/// Talking to one server failed; another one may answer.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The name does not resolve.
    #[error("the host name does not resolve: {0}")]
    Resolve(#[source] io::Error),
    /// No TCP connection.
    #[error("no connection: {0}")]
    Connect(#[source] io::Error),
    /// The server refused StartTLS; nothing was sent after it.
    #[error("StartTLS is refused with result code {0}")]
    StartTls(u32),
    /// No TLS: certificate, name or protocol.
    #[error("no TLS: {0}")]
    Tls(#[source] io::Error),
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The server ended the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The server broke the protocol or a bound.
    #[error("not acceptable as LDAP: {0}")]
    Protocol(#[from] Violation),
    /// The server is busy or going down (51, 52).
    #[error("the server is not able to answer (result code {0})")]
    Busy(u32),
    /// Too many sign-ins at once on our side.
    #[error("too many directory operations at once")]
    Crowded,
    /// The library failed in another way.
    #[error("LDAP: {0}")]
    Library(String),
}

impl LinkError {
    /// What an operator can do.
    pub fn cure(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "correct the host in urls, or the name service of this machine",
            Self::Connect(_) => "check that the server runs, and host, port and firewall between here and there",
            Self::StartTls(_) => "let the server offer StartTLS, or use its ldaps:// URL",
            Self::Tls(_) => {
                "give the issuing authority's certificate as ca_file, and a host in urls that the certificate names"
            }
            Self::Timeout => "check load and network of the server; a firewall may drop packets silently",
            Self::Closed => {
                "look into the server's log; an ldaps:// port needs an ldaps:// URL and the other way round"
            }
            Self::Protocol(_) => "check that this is an LDAP server, and that the scheme fits the port",
            Self::Busy(_) | Self::Crowded => "try again later",
            Self::Library(_) => "look into this log and the server's",
        }
    }
}
