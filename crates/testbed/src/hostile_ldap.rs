//! LDAP servers that mean harm, or that say exactly what a test wants: raw BER on a listener of their own.
//!
//! [`HostileLdap::start`] has one switch, [`Manner`]; [`HostileLdap::scripted`] and [`HostileLdap::serving`] leave
//! everything to the test. Whatever it does, connections are counted and the bytes of clients are kept
//! ([`HostileLdap::heard`]), so that a test can prove what was *not* sent. [`ber`] writes the messages.

pub mod ber;
mod manners;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use ber::{BIND, EXTENDED, SEARCH, entry, result};

/// Bytes of clients that are kept for watching.
const KEPT: usize = 1 << 20;

/// What the server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Answers the first request with 80 KB of sequences in sequences; ldap3 alone overflows its stack on them.
    Nested,
    /// The same inside an envelope and a bind's answer that are in order.
    NestedInside,
    /// Claims a message of 2 GiB and keeps sending.
    TwoGibibytes,
    /// A result of half a million empty parts: less than 1 MiB, fifty times as much once it is parsed.
    Crowd,
    /// Agrees to the bind and sends good entries for ever.
    EndlessEntries,
    /// Accepts, reads, never answers.
    Silence,
    /// Accepts and never even reads.
    Deaf,
    /// A kilobyte's message, one byte each 50 ms.
    Drip,
    /// Not LDAP.
    Garbage,
    /// Ends the connection at the first request.
    HangUp,
    /// Every bind is referred (result code 10) to this URL.
    ReferBind(String),
    /// Binds succeed; every search is referred to this URL.
    ReferSearch(String),
    /// The service account's bind and the search succeed; the person's bind is referred to this URL, and so is a search
    /// reference beside the entry.
    ReferPerson(String),
    /// StartTLS is refused with this result code; everything after it is answered with success.
    RefuseStartTls(u8),
    /// StartTLS is agreed to, and the server stays in the clear, answering everything with success.
    PretendStartTls,
    /// Stands between client and server: StartTLS is answered here, as unknown, and all else is passed on in the clear.
    StripStartTls(SocketAddr),
    /// Two entries for every user name; every bind succeeds.
    TwoEntries,
    /// One entry; every bind succeeds, but WhoAmI names nobody.
    Anonymous,
    /// One entry; a bind without a password succeeds and is nobody's (RFC 4513 §5.1.2), every other one of the person is
    /// wrong, and WhoAmI is not known: as Samba answers where such binds are allowed.
    Unauthenticated,
    /// One entry; the person's bind is refused as a wrong password (49).
    WrongPassword,
    /// Every operation is answered "busy" (51).
    Busy,
    /// Passes everything on to this server.
    Pass(SocketAddr),
}

/// A running server; it and its connections end when it is dropped.
#[derive(Debug)]
pub struct HostileLdap {
    /// `ldap://127.0.0.1:PORT`
    pub url: String,
    address: SocketAddr,
    manner: Option<Arc<Mutex<Manner>>>,
    heard: Arc<Heard>,
    task: JoinHandle<()>,
}

/// What clients did.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    connections: AtomicUsize,
    binds: AtomicUsize,
    bytes: Mutex<Vec<u8>>,
}

impl Drop for HostileLdap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl HostileLdap {
    /// A server of this manner, in the calling runtime.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(manner: Manner) -> Result<Self> {
        let kept = Arc::new(Mutex::new(manner));
        let current = Arc::clone(&kept);
        let mut server = Self::listen(move |stream, heard| {
            let manner = current.lock().unwrap_or_else(PoisonError::into_inner).clone();
            manners::serve(stream, heard, manner)
        })
        .await?;
        server.manner = Some(kept);
        Ok(server)
    }

    /// Answers each request with what `answer(operation, id)` says.
    ///
    /// # Errors
    /// No port is free.
    pub async fn scripted(answer: impl Fn(u8, u8) -> Vec<u8> + Send + Sync + 'static) -> Result<Self> {
        let answer = Arc::new(answer);
        Self::listen(move |stream, heard| {
            let answer = Arc::clone(&answer);
            manners::scripted(stream, heard, move |request| answer(request.operation, request.id))
        })
        .await
    }

    /// Runs `serve` for each connection; what it reads is not kept.
    ///
    /// # Errors
    /// No port is free.
    pub async fn serving<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self::listen(move |stream, _| serve(stream)).await
    }

    async fn listen<F>(serve: impl Fn(TcpStream, Arc<Heard>) -> F + Send + 'static) -> Result<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for the LDAP server")?;
        let address = listener.local_addr()?;
        let heard = Arc::<Heard>::default();
        let count = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            // Aborted with the server, and its connections with it.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                count.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve(stream, Arc::clone(&count)));
            }
        });
        Ok(Self { url: format!("ldap://{address}"), address, manner: None, heard, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From the next connection on, of another manner. Without effect on scripted servers.
    pub fn set(&self, manner: Manner) {
        if let Some(kept) = &self.manner {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = manner;
        }
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.heard.connections.load(Ordering::SeqCst)
    }

    /// Bind requests heard so far, in the clear.
    pub fn binds(&self) -> usize {
        self.heard.binds.load(Ordering::SeqCst)
    }

    /// Everything that clients have said so far, connection after connection as it came.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.bytes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Heard {
    pub(crate) fn keep(&self, bytes: &[u8]) {
        let mut kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    pub(crate) fn request(&self, request: &ber::Request) {
        self.keep(&request.bytes);
        if request.operation == BIND {
            self.binds.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// A URL of LDAP where nobody listens.
///
/// # Errors
/// No port is free.
pub async fn dead_url() -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(format!("ldap://{}", listener.local_addr()?))
}

/// Keeps a connection open, reading and never answering, until the client ends it.
pub(crate) async fn listen_only(stream: &mut TcpStream, heard: &Heard) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        heard.keep(&buffer[..count]);
    }
}

/// Sends the same bytes until the client has had enough.
pub(crate) async fn flood(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    while stream.write_all(bytes).await.is_ok() {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Success for binds, a good entry for searches, nobody for WhoAmI.
pub(crate) fn obliging(request: &ber::Request) -> Vec<u8> {
    match request.operation {
        SEARCH => [entry(request.id, "uid=li.wei,dc=x", &[]), result(request.id, SEARCH, 0)].concat(),
        BIND | EXTENDED => result(request.id, request.operation, 0),
        other => result(request.id, other, 2),
    }
}
