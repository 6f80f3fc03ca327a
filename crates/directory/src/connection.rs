//! One connection to one server: ldap3 on the near end of a socket pair, the guard between it and the server.

use std::sync::{Arc, Mutex, PoisonError};

use ldap3::exop::{Exop, WhoAmI};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchEntry, SearchOptions, StdStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use url::Url;
use zeroize::Zeroize;

use crate::error::LinkError;
use crate::filter::Filter;
use crate::guard::Guard;
use crate::server::Server;
use crate::wire::{self, Stream};

/// Result codes (RFC 4511 appendix A).
pub(crate) mod code {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const SIZE_LIMIT: u32 = 4;
    pub(crate) const STRONGER_AUTH: u32 = 8;
    pub(crate) const CONFIDENTIALITY: u32 = 13;
    pub(crate) const INVALID_CREDENTIALS: u32 = 49;
    pub(crate) const BUSY: u32 = 51;
    pub(crate) const UNAVAILABLE: u32 = 52;
}

/// What the server says about who holds the connection (RFC 4532).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WhoAmIAnswer {
    /// `dn:` or `u:` and the name; empty for nobody.
    Identity(String),
    /// The server does not have the operation.
    Unsupported,
}

/// Answer to a bind.
#[derive(Debug)]
pub(crate) struct BindAnswer {
    pub(crate) code: u32,
    /// Diagnostic text of the server: for parsing, never for people.
    pub(crate) text: String,
}

/// Answer to a search: the entries up to the limit, and the result code.
pub(crate) struct Found {
    pub(crate) entries: Vec<SearchEntry>,
    pub(crate) code: u32,
}

/// A connection that ends, both tasks included, when it is dropped.
pub(crate) struct Connection {
    ldap: Ldap,
    deadline: Instant,
    /// Why the pump ended, if it did.
    fault: Arc<Mutex<Option<LinkError>>>,
    tasks: [AbortHandle; 2],
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Connection {
    /// Connects and puts protection on. Everything on this connection ends at `deadline`.
    pub(crate) async fn open(server: &Server, deadline: Instant) -> Result<Self, LinkError> {
        let tcp = within(deadline, wire::connect(server)).await?;
        let stream = within(deadline, wire::secure(server, tcp)).await?;
        Self::over(stream, deadline).await
    }

    /// LDAP over a stream that is protected already.
    pub(crate) async fn over(stream: Box<dyn Stream>, deadline: Instant) -> Result<Self, LinkError> {
        let local = |error: std::io::Error| LinkError::Library(format!("no socket pair: {error}"));
        let (near, far) = std::os::unix::net::UnixStream::pair().map_err(local)?;
        far.set_nonblocking(true).map_err(local)?;
        let far = UnixStream::from_std(far).map_err(local)?;
        let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(near));
        let url = Url::parse("ldapi://guard").map_err(|error| LinkError::Library(error.to_string()))?;
        let (driver, ldap) =
            LdapConnAsync::from_url_with_settings(settings, &url).await.map_err(|error| library(&error))?;
        let fault = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&fault);
        let pump = tokio::spawn(async move {
            let mut far = far;
            let ended = pump(stream, &mut far).await;
            // Before the near end sees the end of the stream: whoever waits there looks here for the reason.
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
            drop(far);
        });
        let driver = tokio::spawn(async move {
            // Its error is the pump's, and each operation in flight gets one of its own.
            let _ = driver.drive().await;
        });
        Ok(Self { ldap, deadline, fault, tasks: [pump.abort_handle(), driver.abort_handle()] })
    }

    /// Simple bind. An empty password is the caller's to refuse.
    pub(crate) async fn bind(&mut self, dn: &str, password: &str) -> Result<BindAnswer, LinkError> {
        let answer = within(self.deadline, async { Ok(self.ldap.simple_bind(dn, password).await) }).await?;
        let answer = answer.map_err(|error| self.reason(&error))?;
        busy(answer.rc)?;
        Ok(BindAnswer { code: answer.rc, text: answer.text })
    }

    /// Searches below `base`, at most `limit` entries.
    pub(crate) async fn search(
        &mut self,
        base: &str,
        filter: &Filter,
        attributes: &[String],
        limit: usize,
    ) -> Result<Found, LinkError> {
        let deadline = self.deadline;
        let found = within(deadline, async { Ok(self.collect(base, filter, attributes, limit).await) }).await?;
        let found = found.map_err(|error| self.reason(&error))?;
        busy(found.code)?;
        Ok(found)
    }

    async fn collect(
        &mut self,
        base: &str,
        filter: &Filter,
        attributes: &[String],
        limit: usize,
    ) -> Result<Found, LdapError> {
        let size = i32::try_from(limit).unwrap_or(i32::MAX);
        let options = SearchOptions::new().sizelimit(size).timelimit(3);
        let attributes: Vec<&str> = attributes.iter().map(String::as_str).collect();
        let ldap = self.ldap.with_search_options(options);
        let mut stream = ldap.streaming_search(base, Scope::Subtree, filter.as_str(), attributes).await?;
        let mut entries = Vec::new();
        while let Some(entry) = stream.next().await? {
            // The server may know no size limit; what we keep has one.
            if entries.len() < limit {
                entries.push(SearchEntry::construct(entry));
            } else {
                return Ok(Found { entries, code: code::SIZE_LIMIT });
            }
        }
        Ok(Found { entries, code: stream.finish().await.rc })
    }

    /// Who holds the connection.
    pub(crate) async fn who_am_i(&mut self) -> Result<WhoAmIAnswer, LinkError> {
        let answer = within(self.deadline, async { Ok(self.ldap.extended(WhoAmI).await) }).await?;
        let ldap3::result::ExopResult(Exop { val, .. }, result) = answer.map_err(|error| self.reason(&error))?;
        busy(result.rc)?;
        if result.rc != code::SUCCESS {
            return Ok(WhoAmIAnswer::Unsupported);
        }
        Ok(WhoAmIAnswer::Identity(String::from_utf8_lossy(&val.unwrap_or_default()).into_owned()))
    }

    /// What the pump knows is the cause; ldap3 only knows that the stream ended.
    fn reason(&self, error: &LdapError) -> LinkError {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.take().unwrap_or_else(|| library(error))
    }
}

fn library(error: &LdapError) -> LinkError {
    LinkError::Library(error.to_string())
}

fn busy(rc: u32) -> Result<(), LinkError> {
    if [code::BUSY, code::UNAVAILABLE].contains(&rc) { Err(LinkError::Busy(rc)) } else { Ok(()) }
}

/// Runs one step until `deadline` at most.
pub(crate) async fn within<T>(
    deadline: Instant,
    step: impl Future<Output = Result<T, LinkError>>,
) -> Result<T, LinkError> {
    timeout_at(deadline, step).await.unwrap_or(Err(LinkError::Timeout))
}

/// Carries bytes both ways until one side ends, and says why.
async fn pump(mut server: Box<dyn Stream>, near: &mut UnixStream) -> LinkError {
    let mut guard = Guard::new();
    let mut from_server = vec![0; 16 * 1024];
    let mut from_us = vec![0; 4 * 1024];
    let mut pass = Vec::new();
    loop {
        tokio::select! {
            count = server.read(&mut from_server) => match count {
                Ok(0) => return LinkError::Closed,
                Err(error) => return wire::lost(error),
                Ok(count) => {
                    if let Err(violation) = guard.reply(&from_server[..count], &mut pass) {
                        return violation.into();
                    }
                    if near.write_all(&pass).await.is_err() {
                        return LinkError::Closed;
                    }
                    pass.clear();
                }
            },
            count = near.read(&mut from_us) => {
                let count = match count {
                    Ok(0) | Err(_) => return LinkError::Closed,
                    Ok(count) => count,
                };
                if let Err(violation) = guard.request(&from_us[..count]) {
                    return violation.into();
                }
                let sent = match server.write_all(&from_us[..count]).await {
                    Ok(()) => server.flush().await,
                    Err(error) => Err(error),
                };
                // A bind carries a password.
                from_us[..count].zeroize();
                if let Err(error) = sent {
                    return wire::lost(error);
                }
            }
        }
    }
}
