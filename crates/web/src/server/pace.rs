//! A socket with deadlines: for headers, between requests, and for whoever takes an answer slowly or not at all.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::Limits;

/// What is being waited for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// The rest of a request's headers.
    Headers,
    /// The next request.
    Nothing,
    /// A body, or the end of the connection while an answer is made: the shell's deadlines count.
    Request,
}

/// A connection that ends by itself when its client dawdles.
pub(super) struct Paced {
    socket: TcpStream,
    /// Goes up when a request comes in and when its answer is made: odd while one is being answered.
    turns: Arc<AtomicUsize>,
    seen: usize,
    reading: Reading,
    read_by: Pin<Box<Sleep>>,
    /// Until when the client has to have taken what was sent; from when it first made us wait.
    write_by: Option<Pin<Box<Sleep>>>,
    header: Duration,
    idle: Duration,
    write: Duration,
    slowest: u32,
}

impl Paced {
    /// A connection that was just accepted.
    pub(super) fn new(socket: TcpStream, limits: &Limits) -> Self {
        Self {
            socket,
            turns: Arc::default(),
            seen: 0,
            reading: Reading::Headers,
            read_by: Box::pin(tokio::time::sleep(limits.header)),
            write_by: None,
            header: limits.header,
            idle: limits.idle,
            write: limits.write,
            slowest: limits.slowest.max(1),
        }
    }

    /// To be raised by one before and after a request is answered.
    pub(super) fn turns(&self) -> Arc<AtomicUsize> {
        self.turns.clone()
    }

    fn wait_for(&mut self, what: Reading, within: Duration) {
        self.reading = what;
        self.read_by.as_mut().reset(Instant::now() + within);
    }

    fn look_at_request(&mut self) {
        let turns = self.turns.load(Ordering::Relaxed);
        if turns == self.seen {
            return;
        }
        self.seen = turns;
        if turns % 2 == 1 {
            self.reading = Reading::Request;
        } else {
            self.wait_for(Reading::Nothing, self.idle);
        }
    }

    fn is_late_reading(&mut self, context: &mut Context<'_>) -> bool {
        self.reading != Reading::Request && self.read_by.as_mut().poll(context).is_ready()
    }

    /// Every byte taken gives the client a little more time.
    fn note_taken(&mut self, bytes: usize) {
        if let Some(deadline) = &mut self.write_by {
            let more = Duration::from_secs_f64(bytes as f64 / f64::from(self.slowest));
            let by = deadline.deadline() + more;
            deadline.as_mut().reset(by);
        }
    }

    fn is_late_taking(&mut self, context: &mut Context<'_>) -> bool {
        let deadline = self.write_by.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.write)));
        deadline.as_mut().poll(context).is_ready()
    }

    fn written(&mut self, context: &mut Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match done {
            Poll::Ready(Ok(bytes)) => {
                self.note_taken(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Pending if self.is_late_taking(context) => {
                Poll::Ready(Err(late("the client does not take the answer")))
            }
            other => other,
        }
    }
}

fn late(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look_at_request();
        let before = buffer.filled().len();
        match Pin::new(&mut self.socket).poll_read(context, buffer) {
            Poll::Pending if self.is_late_reading(context) => Poll::Ready(Err(late("the client sends no request"))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(done) => {
                done?;
                if self.reading == Reading::Nothing && buffer.filled().len() > before {
                    // A further request: the answer to the last one was taken.
                    self.write_by = None;
                    let within = self.header;
                    self.wait_for(Reading::Headers, within);
                }
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.written(context, done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let done = Pin::new(&mut self.socket).poll_write_vectored(context, pieces);
        self.written(context, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
