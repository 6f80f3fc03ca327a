//! Running a portal: both listeners, until somebody says stop.

use std::{net::SocketAddr, time::Duration};

use poem::Endpoint;
use tokio::{net::TcpListener, signal::unix, sync::watch};

use crate::server::{self, Limits};

/// For requests in flight of the operations listener, which stops last.
const OPS_STOP: Duration = Duration::from_secs(1);

/// A portal could not start listening.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The address is taken or not ours.
    #[error("{address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
    /// The system does not tell us about signals.
    #[error("signals: {0}")]
    Signals(std::io::Error),
}

/// A portal's two faces.
pub struct Faces<A, O> {
    /// `[server] listen`
    pub listen: SocketAddr,
    /// What is served there.
    pub app: A,
    /// `[ops] listen`
    pub ops_listen: SocketAddr,
    /// What is served there.
    pub ops: O,
}

/// A switch that turns on at SIGTERM or SIGINT; hand clones of it to whatever has to stop.
///
/// # Errors
/// [`RunError::Signals`].
pub fn stop_signal() -> Result<watch::Receiver<bool>, RunError> {
    let (send, receive) = watch::channel(false);
    let mut terminate = unix::signal(unix::SignalKind::terminate()).map_err(RunError::Signals)?;
    let mut interrupt = unix::signal(unix::SignalKind::interrupt()).map_err(RunError::Signals)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        send.send_replace(true);
    });
    Ok(receive)
}

/// Listens and serves until `stop`; requests in flight are answered before this returns. The operations listener stays
/// up until the end, so that a balancer sees what happens.
///
/// # Errors
/// [`RunError::Listen`].
pub async fn run<A, O>(faces: Faces<A, O>, limits: Limits, stop: watch::Receiver<bool>) -> Result<(), RunError>
where
    A: Endpoint + 'static,
    O: Endpoint + 'static,
{
    let app = listen(faces.listen).await?;
    let ops = listen(faces.ops_listen).await?;
    tracing::info!(listen = %faces.listen, ops = %faces.ops_listen, "serving");
    let (stop_ops, ops_stops) = watch::channel(false);
    let few = Limits { connections: 64, stop: OPS_STOP, ..limits.clone() };
    let ops = tokio::spawn(server::serve(ops, faces.ops, few, ops_stops));
    server::serve(app, faces.app, limits, stop).await;
    stop_ops.send_replace(true);
    if let Err(error) = ops.await {
        tracing::error!(%error, "operations listener");
    }
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address).await.map_err(|error| RunError::Listen { address, error })
}
