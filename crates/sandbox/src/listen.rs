//! Opening listeners, and serving HTTP/1 on them until the region stops.

use std::{convert::Infallible, error::Error, net::SocketAddr, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::SandboxError;

/// A slow client's headers are waited for so long.
const HEADER_TIMEOUT: Duration = Duration::from_secs(15);
/// Pause after a failed accept, so that running out of file descriptors doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The tasks of a region, and how they are told to stop.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    pub(crate) stop: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

/// Opens a listener and says where it listens.
pub(crate) async fn open(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SandboxError> {
    let fault = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let local = listener.local_addr().map_err(fault)?;
    Ok((listener, local))
}

/// Accepts until told to stop; each connection becomes a task of its own.
pub(crate) fn accept<F>(tasks: &Tasks, listener: TcpListener, serve: impl Fn(TcpStream) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (stop, tracker) = (tasks.stop.clone(), tasks.tracker.clone());
    tasks.tracker.spawn(async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    // answers are small and awaited: no coalescing
                    let _ = stream.set_nodelay(true);
                    let (stop, connection) = (stop.clone(), serve(stream));
                    tracker.spawn(async move {
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = connection => {}
                        }
                    });
                }
                Err(fault) => {
                    tracing::warn!(%fault, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    });
}

/// Serves one HTTP/1 connection; an `Err` of the handler closes it without an answer.
pub(crate) async fn http<S, F, B, E>(stream: TcpStream, state: Arc<S>, handle: impl Fn(Arc<S>, Request<Incoming>) -> F)
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    let service = service_fn(|request| handle(Arc::clone(&state), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(fault) = served {
        tracing::debug!(%fault, "connection ended");
    }
}

/// What a handler that always answers returns.
pub(crate) type Always<T> = Result<T, Infallible>;
