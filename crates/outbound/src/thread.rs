//! A thread for each target, on which all its connections live.
//!
//! A server can keep a connection busy without ever coming to an answer. hyper reads `1xx` heads in a loop and counts
//! none of them: as long as more come it takes up to 128 full buffers, some 50 MB and a million heads, before anything
//! else of the same thread runs, and then goes on. No setting ends that, and reqwest lets nobody between hyper and the
//! socket. On the portal's own runtime two such connections would stop a machine of two cores. Here the server occupies
//! its own thread; whoever asked leaves at the deadline, and the connection ends when hyper next looks at who waits.

use std::{io, sync::mpsc, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    task::JoinSet,
    time::{Instant, timeout_at},
};

/// The thread. It ends with the last clone of its target.
#[derive(Debug)]
pub(crate) struct Thread {
    handle: Handle,
    /// Dropped with the thread's owner: that is what the thread waits for.
    _end: oneshot::Sender<()>,
}

impl Thread {
    pub(crate) fn start() -> io::Result<Self> {
        let (end, ended) = oneshot::channel();
        let (give, take) = mpsc::sync_channel(1);
        // Made where it is dropped: a runtime must not be dropped on another.
        thread::Builder::new().name("outbound".to_owned()).spawn(move || {
            let runtime = Builder::new_current_thread().enable_io().enable_time().build();
            let _ = give.send(runtime.as_ref().map(|runtime| runtime.handle().clone()).map_err(|error| error.kind()));
            if let Ok(runtime) = runtime {
                // Nothing is ever sent.
                let _: Result<(), _> = runtime.block_on(ended);
            }
        })?;
        let handle = take.recv().map_err(io::Error::other)??;
        Ok(Self { handle, _end: end })
    }

    /// Does `work` on the thread. `None` when it is not done by the deadline, even if the thread can't be stopped, or when
    /// it panicked. What is not waited for any more is dropped.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let mut tasks = JoinSet::new();
        tasks.spawn_on(work, &self.handle);
        timeout_at(deadline, tasks.join_next()).await.ok()??.ok()
    }
}
