//! A FHIR hospital that is honest about who its patient is, and hostile about everything else when it is told to be.
//!
//! It knows 陈玉兰 ([`RESIDENT_ID`]) under an id of its own and answers searches and reads of `Patient` in good order, so
//! that a portal finds and links her; [`HostileFhir::set`] then switches what it does with questions about results
//! (SECURITY: threats 15 and 16). It also keeps a [`Canary`]: a listener that nobody may ever call, which hears who is
//! lured away. Whatever belongs to somebody else carries [`FOREIGN`], so that a test can look for it anywhere.
//!
//! HTTP is written by hand: a real server would refuse to be this bad. Each hospital has a thread of its own, as it would
//! have a machine: what a hostile one takes to write its pages must not look like time that an honest one was kept waiting.

mod manners;
mod pages;
mod resources;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

pub use resources::{Whose, observation, patient};

/// The resident ID of the patient: of an area that is not assigned, so nobody's.
pub const RESIDENT_ID: &str = "999009196403180328";
/// The system of that number.
pub const RESIDENT_ID_SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
/// The patient's name.
pub const NAME: &str = "陈玉兰";
/// Stands in every text of everything that is another patient's.
pub const FOREIGN: &str = "canary-of-another-patient";

/// What the hospital does with questions about results. Without a word on it, `Patient` is answered in good order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// Answers everything.
    #[default]
    Honest,
    /// Reads the request and never answers.
    Silence,
    /// Ends the connection without an answer.
    HangUp,
    /// A good head, then one byte of the body each 100 ms: under the minimum rate.
    DripBody,
    /// One byte of the head each 100 ms.
    DripHead,
    /// Half of what `Content-Length` says, then the end.
    CutMidBody,
    /// A chunked body that never ends, as fast as it is taken.
    EndlessBody,
    /// `103 Early Hints` again and again, never an answer.
    EndlessHints,
    /// A head whose header lines never end.
    EndlessHead,
    /// 64 MiB of blanks in some sixty kilobytes of gzip.
    GzipBomb,
    /// Empty gzip members for ever: input without output.
    EmptyGzip,
    /// One page of 17 MiB.
    HugePage,
    /// A page of 15 MiB, all of it bytes that are not UTF-8.
    BrokenText,
    /// A result inside 100,000 lists.
    DepthBomb,
    /// One page of 12,000 results, each with a value of its own.
    ManyEntries,
    /// Pages without end, each of ten results with a value of 1.5 MB.
    FatEntries,
    /// Pages without end, their results with 20,000 empty components each.
    ManyComponents,
    /// Pages without end of reports that list 20,000 results each.
    ManyReferences,
    /// A `next` that is new each time.
    EndlessPages,
    /// The second page's `next` is the first.
    LoopingNext,
    /// The first page's `next` is this address; `{own}` and `{canary}` stand for host and port, `{canary-port}` for the
    /// port alone.
    Next(String),
    /// Redirects to the canary with this status.
    Redirect(u16),
    /// Status 500 with a page of HTML.
    HtmlError,
    /// Status 200 with a page of HTML.
    HtmlPage,
    /// Good JSON that says it is an image.
    WrongType,
    /// A page in which a text is GBK and the rest UTF-8.
    InvalidUtf8,
    /// Keys that stand twice in one object: values, ids and codes.
    DuplicateKeys,
    /// `NaN`, infinities, exponents and digits beyond all measure where numbers are meant.
    WildNumbers,
    /// A page whose entries are in this relation to the patient, beside a result of the patient's own.
    Whose(Whose),
    /// Pages of entries written by the test, one `next` after another. Each entry is the text of a resource.
    Pages(Vec<Vec<String>>),
}

/// A running hospital; it ends when it is dropped.
#[derive(Debug)]
pub struct HostileFhir {
    /// FHIR base.
    pub base_url: String,
    /// Hears who is lured away.
    pub canary: Canary,
    hospital: Arc<Hospital>,
    /// Dropped with the hospital, which its thread waits for.
    _end: oneshot::Sender<()>,
}

/// What the hospital knows, and what it was asked.
#[derive(Debug)]
pub(crate) struct Hospital {
    /// Id of the patient here.
    pub(crate) id: String,
    pub(crate) values: Vec<f64>,
    pub(crate) own: SocketAddr,
    pub(crate) canary: SocketAddr,
    manner: Mutex<Manner>,
    requests: Mutex<Vec<String>>,
}

impl HostileFhir {
    /// A hospital that knows the patient under `id`, with a potassium result for each of `values` (mmol/L).
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(id: &str, values: &[f64]) -> Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a port for the FHIR server")?;
        listener.set_nonblocking(true)?;
        let own = listener.local_addr()?;
        let canary = Canary::start().await?;
        let hospital = Arc::new(Hospital {
            id: id.to_owned(),
            values: values.to_vec(),
            own,
            canary: canary.address,
            manner: Mutex::default(),
            requests: Mutex::default(),
        });
        let asked = Arc::clone(&hospital);
        let (end, ended) = oneshot::channel::<()>();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("hostile-fhir".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = serve(listener, asked) => {}
                    _ = ended => {}
                }
            });
        })?;
        Ok(Self { base_url: format!("http://{own}/fhir"), canary, hospital, _end: end })
    }

    /// From the next request on, of another manner.
    pub fn set(&self, manner: Manner) {
        *self.hospital.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// Heads of all requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.hospital.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Hospital {
    pub(crate) fn base(&self) -> String {
        format!("http://{}/fhir", self.own)
    }
}

/// Until it is dropped, and its connections with it.
async fn serve(listener: std::net::TcpListener, hospital: Arc<Hospital>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, Arc::clone(&hospital)));
    }
}

async fn connection(mut stream: TcpStream, hospital: Arc<Hospital>) {
    let _ = stream.set_nodelay(true);
    let Some(head) = read_head(&mut stream).await else { return };
    let path = head.split(' ').nth(1).unwrap_or_default().trim_start_matches("/fhir/").to_owned();
    hospital.requests.lock().unwrap_or_else(PoisonError::into_inner).push(head);
    let manner = hospital.manner.lock().unwrap_or_else(PoisonError::into_inner).clone();
    manners::answer(&mut stream, &hospital, &manner, &path).await;
}

/// Request line and headers; `None` when the client goes away before their end.
async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut chunk) = (Vec::new(), [0; 2048]);
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(count @ 1..) if head.len() < 1 << 16 => head.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

/// A listener that nobody may call. Ends when it is dropped.
#[derive(Debug)]
pub struct Canary {
    /// Where it listens.
    pub address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Canary {
    /// A canary on a port of its own, in the calling runtime.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for the canary")?;
        let address = listener.local_addr()?;
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // The connection alone is a call, whatever is said on it.
                let mut chunk = [0; 2048];
                let read = tokio::time::timeout(std::time::Duration::from_millis(500), stream.read(&mut chunk)).await;
                let count = read.ok().and_then(Result::ok).unwrap_or(0);
                let said = String::from_utf8_lossy(&chunk[..count]).into_owned();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(said);
            }
        });
        Ok(Self { address, heard, task })
    }

    /// What was said on each connection; empty while nobody has been lured away.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
