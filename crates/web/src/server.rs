//! Accepting connections and speaking HTTP/1.1, with every limit that poem's own server leaves open:
//! deadlines for headers, idle connections and answers nobody takes (`pace`), a cap on connections in all and per
//! address (`doors`), `TCP_NODELAY`, no spinning when file descriptors run out, and a stop that lets requests in flight
//! finish. How long a body may take is the shell's.
//!
//! TLS ends at the proxy in front (see `deploy/`); HTTP/2 gains nothing between it and us.

mod doors;
mod pace;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use poem::{
    Endpoint, EndpointExt,
    http::uri::Scheme,
    web::{LocalAddr, RemoteAddr},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};

use crate::network::Network;
use doors::{Doors, Place};
use pace::Paced;

/// What a client may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// Open connections of one address (IPv6: of one /64); further ones are closed at once.
    pub per_address: usize,
    /// Proxies of ours, to which [`Limits::per_address`] does not apply: all clients come from them.
    pub proxies: Arc<[Network]>,
    /// From the first byte of a request, or the beginning of the connection, to the end of its headers.
    pub header: Duration,
    /// Between two requests of a connection.
    pub idle: Duration,
    /// For a client to begin taking an answer; then it takes at least [`Limits::slowest`].
    pub write: Duration,
    /// Bytes of an answer a second.
    pub slowest: u32,
    /// Headers' size in bytes.
    pub header_bytes: usize,
    /// For requests in flight when the portal stops.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: room(4096),
            per_address: 256,
            proxies: Arc::default(),
            header: Duration::from_secs(8),
            idle: Duration::from_secs(75),
            write: Duration::from_secs(8),
            slowest: 16 * 1024,
            header_bytes: 32 * 1024,
            stop: Duration::from_secs(24),
        }
    }
}

impl Limits {
    /// The portals' limits behind these proxies.
    pub fn behind(proxies: &[Network]) -> Self {
        Self { proxies: proxies.into(), ..Self::default() }
    }
}

/// How many connections there is room for, at most `most`: a quarter of the process's file descriptors and 64 more stay
/// for the database, the directory and the hospitals.
fn room(most: usize) -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let files: Option<usize> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    files.map_or(most, |files| (files / 4 * 3).saturating_sub(64).clamp(16, most))
}

/// Pause of the accept loop when it can't accept: connections have to close first.
const OUT_OF_FILES: Duration = Duration::from_millis(50);
/// For what a client has sent before the stop to be read, also on a machine that has other things to do.
const LAST_READ: Duration = Duration::from_millis(500);

/// Serves `app` on `listener` until `stop` turns true, then finishes what is in flight.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let house = House {
        app: Arc::new(poem::endpoint::ToDynEndpoint(app.map_to_response())),
        doors: Doors::new(limits.per_address, limits.proxies.clone()),
        graceful: GracefulShutdown::new(),
        limits,
    };
    let room = Arc::new(Semaphore::new(house.limits.connections));
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((socket, peer)) => house.receive(socket, peer, permit),
            Err(error) => {
                tracing::warn!(%error, "accept");
                metrics::counter!("portal_http_accept_errors_total").increment(1);
                tokio::time::sleep(OUT_OF_FILES).await;
            }
        }
    }
    // Whoever is in the kernel's queue has been told that somebody listens.
    for (socket, peer) in queued(listener) {
        let Ok(permit) = room.clone().try_acquire_owned() else { break };
        house.receive(socket, peer, Some(permit));
    }
    tokio::time::sleep(LAST_READ).await;
    if tokio::time::timeout(house.limits.stop, house.graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

/// Who waits in the kernel's queue. The kernel itself is asked: what the runtime knows of it is as old as its last look. The
/// listener is closed with the iterator.
fn queued(listener: TcpListener) -> impl Iterator<Item = (TcpStream, SocketAddr)> {
    let listener = listener.into_std().inspect_err(|error| tracing::warn!(%error, "accept")).ok();
    std::iter::from_fn(move || {
        let (socket, peer) = listener.as_ref()?.accept().ok()?;
        socket.set_nonblocking(true).ok()?;
        Some((TcpStream::from_std(socket).ok()?, peer))
    })
}

type App = Arc<dyn poem::endpoint::DynEndpoint<Output = poem::Response>>;

/// A listener's connections.
struct House {
    app: App,
    doors: Doors,
    graceful: GracefulShutdown,
    limits: Limits,
}

impl House {
    fn receive(&self, socket: TcpStream, peer: SocketAddr, permit: Option<OwnedSemaphorePermit>) {
        let Some(place) = self.doors.enter(peer.ip()) else {
            metrics::counter!("portal_http_connections_refused_total").increment(1);
            return;
        };
        send_at_once(&socket);
        let Some(connection) = self.connection(socket, peer) else { return };
        let connection = self.graceful.watch(connection);
        tokio::spawn(async move {
            let held: (Place, Option<OwnedSemaphorePermit>) = (place, permit);
            metrics::gauge!("portal_http_connections").increment(1);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection");
            }
            metrics::gauge!("portal_http_connections").decrement(1);
            drop(held);
        });
    }

    fn connection(
        &self,
        socket: TcpStream,
        peer: SocketAddr,
    ) -> Option<impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + use<>> {
        let local = LocalAddr(socket.local_addr().ok()?.into());
        let peer = RemoteAddr(peer.into());
        let socket = Paced::new(socket, &self.limits);
        let (turns, app) = (socket.turns(), self.app.clone());
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (app, turns) = (app.clone(), turns.clone());
            let whole = (request, local.clone(), peer.clone(), Scheme::HTTP);
            async move {
                turns.fetch_add(1, Ordering::Relaxed);
                let response = match app.call(whole.into()).await {
                    Ok(response) => response,
                    Err(error) => error.into_response(),
                };
                turns.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(http::Response::<_>::from(response))
            }
        });
        let mut builder = hyper::server::conn::http1::Builder::new();
        // The deadline for headers is `Paced`'s: hyper's runs while a connection is idle, too.
        builder.timer(TokioTimer::new()).header_read_timeout(None);
        builder.max_buf_size(self.limits.header_bytes).half_close(false);
        Some(builder.serve_connection(TokioIo::new(socket), service))
    }
}

/// Nagle's algorithm and delayed acknowledgements make an answer in two pieces wait 40 ms.
fn send_at_once(socket: &TcpStream) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    /// They came while nobody looked, and then it was told to stop: the runtime knows of none of them.
    #[tokio::test]
    async fn whoever_is_in_the_queue_at_the_stop_is_answered() -> std::io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let connect = || {
            let mut client = std::net::TcpStream::connect(address)?;
            client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
            Ok(client)
        };
        let clients = (0..8).map(|_| connect()).collect::<std::io::Result<Vec<_>>>()?;
        let (_stop, stopped) = watch::channel(true);
        serve(listener, poem::endpoint::make_sync(|_| "here"), Limits::default(), stopped).await;
        for mut client in clients {
            let mut answer = String::new();
            client.read_to_string(&mut answer)?;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
        }
        Ok(())
    }
}
