//! A TCP proxy on loopback that spoils a connection in one chosen way, and writes down what went through.
//!
//! Point a client at [`FaultProxy::address`] instead of at the real server. [`FaultProxy::set`] changes the fault while
//! connections are open: they follow at once. Whatever the fault, the bytes of both sides are kept, so that a test can
//! watch the wire ([`FaultProxy::to_server`], [`FaultProxy::to_client`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// Bytes of one direction of one connection that are kept for watching; the rest only passes.
const KEPT: usize = 4 << 20;

/// What the proxy does to connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: bytes pass.
    #[default]
    None,
    /// Each piece of an answer comes so much later.
    Delay(Duration),
    /// Answers come byte by byte with this pause before each.
    Drip(Duration),
    /// Of each connection so many bytes of answers pass, then it ends (FIN).
    CutAfter(u64),
    /// Connections, also those that are open, end at once by RST.
    Reset,
    /// Connections are accepted and stay open; nothing is read, nothing answered, the server hears of none of it.
    HalfOpen,
    /// What clients say reaches the server; of its answers nothing comes back.
    Mute,
    /// Every byte of an answer whose position is a multiple of this number (counted from 1) has its lowest bit flipped.
    Corrupt(u64),
}

/// What went over one connection, as far as it is kept.
#[derive(Clone, Debug, Default)]
struct Seen {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

#[derive(Debug, Default)]
struct Record {
    connections: Mutex<Vec<Seen>>,
}

/// A running proxy; it and all its connections end when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    record: Arc<Record>,
    task: JoinHandle<()>,
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FaultProxy {
    /// A proxy before the server at `upstream`, without a fault. Runs in the calling runtime.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for the proxy")?;
        let address = listener.local_addr()?;
        let (fault, faults) = watch::channel(Fault::None);
        let record = Arc::<Record>::default();
        let kept = Arc::clone(&record);
        let task = tokio::spawn(async move {
            // Aborted with the proxy, and its connections with it.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let number = kept.open();
                connections.spawn(connection(client, upstream, faults.clone(), Arc::clone(&kept), number));
            }
        });
        Ok(Self { address, fault, record, task })
    }

    /// Where clients are to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on spoils connections in this way, open ones too.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.record.all().len()
    }

    /// What clients have sent, connection after connection.
    pub fn to_server(&self) -> Vec<u8> {
        self.record.all().into_iter().flat_map(|seen| seen.to_server).collect()
    }

    /// What was sent to clients, connection after connection.
    pub fn to_client(&self) -> Vec<u8> {
        self.record.all().into_iter().flat_map(|seen| seen.to_client).collect()
    }
}

impl Record {
    fn open(&self) -> usize {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.push(Seen::default());
        connections.len() - 1
    }

    fn all(&self) -> Vec<Seen> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, number: usize, side: Side, bytes: &[u8]) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = connections.get_mut(number) else { return };
        let kept = match side {
            Side::Client => &mut seen.to_server,
            Side::Server => &mut seen.to_client,
        };
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

/// Who says what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// How one direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// The one who speaks has finished, or the one who listens has gone.
    Finished,
    /// Both directions end now.
    Cut,
    /// Both directions end now, by RST.
    Reset,
}

async fn connection(
    client: TcpStream,
    upstream: SocketAddr,
    mut faults: watch::Receiver<Fault>,
    record: Arc<Record>,
    number: usize,
) {
    // The server must not hear of a connection that is half-open.
    let first = *faults.borrow_and_update();
    if first == Fault::HalfOpen && faults.wait_for(|fault| *fault != Fault::HalfOpen).await.is_err() {
        return;
    }
    let now = *faults.borrow();
    if now == Fault::Reset {
        return reset(&client);
    }
    let Ok(server) = TcpStream::connect(upstream).await else { return reset(&client) };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let mut up = Pump { side: Side::Client, faults: faults.clone(), record: Arc::clone(&record), number, passed: 0 };
    let mut down = Pump { side: Side::Server, faults, record, number, passed: 0 };
    let mut asking = Box::pin(up.run(from_client, &mut to_server));
    let mut answering = Box::pin(down.run(from_server, &mut to_client));
    let mut speaks = true;
    let ended = loop {
        tokio::select! {
            ended = &mut asking, if speaks => match ended {
                // A client may stop speaking and still listen.
                Ended::Finished => speaks = false,
                ended => break ended,
            },
            ended = &mut answering => break ended,
        }
    };
    drop((asking, answering));
    if ended == Ended::Reset {
        for half in [to_client, to_server] {
            reset(half.as_ref());
            // Dropped, it would say goodbye first.
            half.forget();
        }
    }
}

/// Closing the socket now sends RST.
fn reset(stream: &TcpStream) {
    // A socket that is gone already needs no ending.
    let _ = stream.set_zero_linger();
}

/// Carries the bytes of one side.
struct Pump {
    side: Side,
    faults: watch::Receiver<Fault>,
    record: Arc<Record>,
    number: usize,
    passed: u64,
}

impl Pump {
    async fn run(&mut self, mut from: OwnedReadHalf, to: &mut OwnedWriteHalf) -> Ended {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let fault = *self.faults.borrow_and_update();
            let blocked = fault == Fault::HalfOpen || (fault == Fault::Mute && self.side == Side::Server);
            if fault == Fault::Reset {
                return Ended::Reset;
            }
            if blocked {
                if self.faults.changed().await.is_err() {
                    return Ended::Cut;
                }
                continue;
            }
            let read = tokio::select! {
                changed = self.faults.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Ended::Cut,
                },
                read = from.read(&mut buffer) => read,
            };
            let count = match read {
                Ok(0) | Err(_) => {
                    let _ = to.shutdown().await;
                    return Ended::Finished;
                }
                Ok(count) => count,
            };
            match self.pass(fault, &mut buffer[..count], to).await {
                Ok(None) => {}
                Ok(Some(ended)) => return ended,
                Err(_) => return Ended::Finished,
            }
        }
    }

    async fn pass(&mut self, fault: Fault, bytes: &mut [u8], to: &mut OwnedWriteHalf) -> io::Result<Option<Ended>> {
        if self.side == Side::Client {
            self.record.keep(self.number, self.side, bytes);
            to.write_all(bytes).await?;
            return Ok(None);
        }
        match fault {
            Fault::Delay(pause) => sleep(pause).await,
            Fault::Drip(pause) => return self.drip(pause, bytes, to).await,
            Fault::CutAfter(most) => {
                let room = usize::try_from(most.saturating_sub(self.passed)).unwrap_or(usize::MAX);
                if bytes.len() >= room {
                    self.send(&bytes[..room], to).await?;
                    return Ok(Some(Ended::Cut));
                }
            }
            Fault::Corrupt(every) => {
                for (place, byte) in (self.passed + 1..).zip(bytes.iter_mut()) {
                    if place % every.max(1) == 0 {
                        *byte ^= 1;
                    }
                }
            }
            Fault::None | Fault::Reset | Fault::HalfOpen | Fault::Mute => {}
        }
        self.send(bytes, to).await?;
        Ok(None)
    }

    /// Byte by byte until the fault changes; then the rest at once.
    async fn drip(&mut self, pause: Duration, bytes: &[u8], to: &mut OwnedWriteHalf) -> io::Result<Option<Ended>> {
        for place in 0..bytes.len() {
            let changed = tokio::select! {
                changed = self.faults.wait_for(|fault| *fault != Fault::Drip(pause)) => Some(changed.is_ok()),
                () = sleep(pause) => None,
            };
            match changed {
                None => self.send(&bytes[place..=place], to).await?,
                Some(true) => {
                    self.send(&bytes[place..], to).await?;
                    return Ok(None);
                }
                Some(false) => return Ok(Some(Ended::Cut)),
            }
        }
        Ok(None)
    }

    async fn send(&mut self, bytes: &[u8], to: &mut OwnedWriteHalf) -> io::Result<()> {
        self.record.keep(self.number, self.side, bytes);
        self.passed += bytes.len() as u64;
        to.write_all(bytes).await
    }
}

#[cfg(test)]
mod tests;
