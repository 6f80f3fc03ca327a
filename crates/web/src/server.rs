//! Accepting connections and speaking HTTP/1.1, with every limit that poem's own server leaves open:
//! a header deadline, an idle deadline, a cap on connections, `TCP_NODELAY`, no spinning when file descriptors run out,
//! and a stop that lets requests in flight finish.
//!
//! TLS ends at the proxy in front (see `deploy/`); HTTP/2 gains nothing between it and us.

use std::{convert::Infallible, sync::Arc, time::Duration};

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
    sync::{Semaphore, watch},
};

/// What a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections; further ones wait in the kernel's queue.
    pub connections: usize,
    /// From the first byte of a request (or the end of the last one) to the end of its headers.
    pub header: Duration,
    /// Headers' size in bytes.
    pub header_bytes: usize,
    /// For requests in flight when the portal stops.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header: Duration::from_secs(10),
            header_bytes: 32 * 1024,
            stop: Duration::from_secs(25),
        }
    }
}

/// Serves `app` on `listener` until `stop` turns true, then finishes what is in flight.
pub async fn serve(
    listener: TcpListener,
    app: impl Endpoint + 'static,
    limits: Limits,
    mut stop: watch::Receiver<bool>,
) {
    let app: App = Arc::new(poem::endpoint::ToDynEndpoint(app.map_to_response()));
    let room = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let permit = room.clone().acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, most likely: wait for connections to close instead of spinning.
                tracing::warn!(%error, "accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = connection(socket, peer, app.clone(), limits);
        let Some(connection) = connection else { continue };
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection");
            }
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(limits.stop, graceful.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still in flight");
    }
}

type App = Arc<dyn poem::endpoint::DynEndpoint<Output = poem::Response>>;

fn connection(
    socket: TcpStream,
    peer: std::net::SocketAddr,
    app: App,
    limits: Limits,
) -> Option<impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error>> {
    let local = LocalAddr(socket.local_addr().ok()?.into());
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let peer = RemoteAddr(peer.into());
    let service = service_fn(move |request: http::Request<Incoming>| {
        let app = app.clone();
        let whole = (request, local.clone(), peer.clone(), Scheme::HTTP);
        async move {
            let response = match app.call(whole.into()).await {
                Ok(response) => response,
                Err(error) => error.into_response(),
            };
            Ok::<_, Infallible>(http::Response::<_>::from(response))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(limits.header_bytes)
        .half_close(false);
    Some(builder.serve_connection(TokioIo::new(socket), service))
}
