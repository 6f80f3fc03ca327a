//! Changes of keys that are broken off at every point, while others read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use envelope::{Key, Reencrypted, Rewrap, RootError};
use tokio::sync::Notify;

use super::*;

/// Lets so many steps happen, then none: what waits for the next is dropped, as a killed program's work is.
struct Steps {
    left: AtomicUsize,
    over: Notify,
}

impl Steps {
    fn new(count: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(count), over: Notify::new() })
    }

    async fn step(&self) {
        let took = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if took.is_err() {
            self.over.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// `None` when it was broken off.
async fn until_over<T>(steps: &Steps, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = steps.over.notified() => None,
    }
}

/// Rows that stop before or after any of their statements.
struct Halting {
    rows: Secrets,
    steps: Arc<Steps>,
}

#[async_trait]
impl SealedRows for Halting {
    fn domain(&self) -> KeyDomain {
        self.rows.domain()
    }

    fn segment(&self) -> &'static str {
        self.rows.segment()
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        self.steps.step().await;
        self.rows.after(after, most).await
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        self.steps.step().await;
        let done = self.rows.replace(row, anew).await;
        self.steps.step().await;
        done
    }
}

/// A root that stops before or after anything it is asked.
struct HaltingRoot {
    root: Arc<dyn RootKeys>,
    steps: Arc<Steps>,
}

#[async_trait]
impl RootKeys for HaltingRoot {
    fn id(&self) -> &str {
        self.root.id()
    }

    fn told(&self) -> &str {
        self.root.told()
    }

    async fn wrap_key(&self, aad: &[u8], key: &Key) -> Result<String, RootError> {
        self.steps.step().await;
        self.root.wrap_key(aad, key).await
    }

    async fn unwrap_key(&self, aad: &[u8], wrapped: &str) -> Result<Key, RootError> {
        self.steps.step().await;
        let done = self.root.unwrap_key(aad, wrapped).await;
        self.steps.step().await;
        done
    }
}

/// Somebody who reads every secret again and again, and is told to stop.
struct Reader {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<usize>,
}

impl Reader {
    fn start(secrets: &Secrets, roots: impl Fn() -> Roots + Send + 'static) -> Self {
        let (secrets, stop) = (secrets.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut rounds = 0;
            while !stopped.load(Ordering::SeqCst) {
                // Nothing is remembered from one round to the next.
                secrets.read(&envelope(&secrets.store, roots())).await;
                rounds += 1;
            }
            rounds
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        assert!(self.task.await.expect("every secret opened") > 0, "it never came to read");
    }
}

/// The texts under the key that most of them are under are all of them.
async fn all_under_one_key(secrets: &Secrets, envelope: &Envelope) {
    let id = |text: &String| text[..24].to_owned();
    let ids: Vec<String> = secrets.read(envelope).await.iter().map(id).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_anew_is_broken_off_anywhere_and_goes_on() {
    const ROWS: i32 = 8;
    for database in testbed::databases().await {
        let secrets = Secrets::new(&database).await;
        secrets.fill(&envelope(&secrets.store, files(&[1])), ROWS).await;
        let reader = Reader::start(&secrets, || files(&[1]));
        let (mut broken, mut version) = (0, 1);
        for count in 0.. {
            let halting = Halting { rows: secrets.clone(), steps: Steps::new(count) };
            let first = envelope(&secrets.store, files(&[1]));
            let done = until_over(&halting.steps, first.reencrypt(&halting, false, |_| {})).await;
            let again = envelope(&secrets.store, files(&[1]));
            secrets.read(&again).await;
            if let Some(done) = done {
                assert_eq!(done.expect("to its end").done, ROWS as u64);
                break;
            }
            broken += 1;
            let rest: Reencrypted = again.reencrypt(&secrets, false, |_| {}).await.expect("goes on");
            assert!(rest.unreadable.is_empty() && rest.version > version, "{rest:?}");
            version = rest.version;
            all_under_one_key(&secrets, &again).await;
        }
        assert!(broken > 2 * ROWS, "only {broken} points");
        reader.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrapping_anew_is_broken_off_anywhere_and_goes_on() {
    for database in testbed::databases().await {
        let secrets = Secrets::new(&database).await;
        let first = envelope(&secrets.store, files(&[1]));
        secrets.fill(&first, 3).await;
        let kinds = [(KeyDomain::Staff, "a"), (KeyDomain::Patient, "b"), (KeyDomain::Region, "c")];
        first.prepare(&kinds).await.expect("keys");
        // Every root of the story is configured: which of them a key is under must be nobody's business.
        let reader = Reader::start(&secrets, || files(&[1, 2]));
        let (mut old, mut new) = (1, 2);
        let mut broken = 0;
        for count in 0.. {
            let steps = Steps::new(count);
            let halting = |domain, byte| -> Arc<dyn RootKeys> {
                Arc::new(HaltingRoot { root: file(domain, byte), steps: steps.clone() })
            };
            let roots = KeyDomain::ALL.into_iter().fold(Roots::default(), |roots, domain| {
                roots.with(domain, halting(domain, new)).with(domain, halting(domain, old))
            });
            let changing = envelope(&secrets.store, roots);
            let done = until_over(&steps, changing.rewrap(Rewrap::Foreign, false, |_| {})).await;
            let both = envelope(&secrets.store, files(&[new, old]));
            both.verify().await.expect("every key is under one or the other");
            secrets.read(&both).await;
            let rest = both.rewrap(Rewrap::Foreign, false, |_| {}).await.expect("goes on");
            assert_eq!(both.rewrap(Rewrap::Foreign, false, |_| {}).await.expect("nothing left"), 0);
            let only = envelope(&secrets.store, files(&[new]));
            assert_eq!(only.verify().await.expect("the new root alone").keys, 4);
            secrets.read(&only).await;
            let refused = envelope(&secrets.store, files(&[old])).verify().await;
            assert!(matches!(refused, Err(EnvelopeError::WrongRoot { .. })), "{refused:?}");
            if let Some(done) = done {
                assert_eq!((done.expect("to its end"), rest), (4, 0));
                break;
            }
            (broken, old, new) = (broken + 1, new, old);
        }
        assert!(broken >= 16, "only {broken} points");
        reader.stop().await;
    }
}

/// Rows of which one is written by somebody else the moment before it is replaced.
struct Overtaken(Secrets, AtomicBool, Envelope);

#[async_trait]
impl SealedRows for Overtaken {
    fn domain(&self) -> KeyDomain {
        self.0.domain()
    }

    fn segment(&self) -> &'static str {
        self.0.segment()
    }

    async fn after(&self, after: Option<&str>, most: u64) -> Result<Vec<SealedRow>, StoreError> {
        self.0.after(after, most).await
    }

    async fn replace(&self, row: &SealedRow, anew: &Sealed) -> Result<bool, StoreError> {
        if !self.1.swap(true, Ordering::SeqCst) {
            let theirs = self.2.seal(&row.place, b"newer").await.expect("sealed");
            self.0.replace(row, &theirs).await?;
        }
        self.0.replace(row, anew).await
    }
}

#[tokio::test]
async fn what_somebody_writes_meanwhile_is_not_lost() {
    let database = Database::sqlite().await.expect("a database");
    let secrets = Secrets::new(&database).await;
    let envelope = envelope(&secrets.store, files(&[1]));
    secrets.fill(&envelope, 2).await;
    let overtaken = Overtaken(secrets.clone(), AtomicBool::new(false), envelope.clone());
    let done = envelope.reencrypt(&overtaken, false, |_| {}).await.expect("sealed anew");
    assert!(done.unreadable.is_empty(), "{done:?}");
    let rows = secrets.after(None, 10).await.expect("rows");
    let first = envelope.open(&rows[0].place, &rows[0].sealed.parse().expect("sealed")).await.expect("opened");
    assert_eq!(&**first, b"newer");
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let database = Database::sqlite().await.expect("a database");
    let secrets = Secrets::new(&database).await;
    let envelope = envelope(&secrets.store, files(&[1]));
    secrets.fill(&envelope, 3).await;
    let before = secrets.read(&envelope).await;
    let would = envelope.reencrypt(&secrets, true, |_| {}).await.expect("looked");
    assert_eq!((would.done, would.version, would.resumed), (3, 2, false));
    let both = super::envelope(&secrets.store, files(&[2, 1]));
    let mut told = Vec::new();
    assert_eq!(both.rewrap(Rewrap::Foreign, true, |one| told.push(one.clone())).await.expect("looked"), 1);
    assert_eq!((told[0].segment.as_str(), told[0].version), (SEGMENT, 1));
    assert_eq!(secrets.read(&super::envelope(&secrets.store, files(&[1]))).await, before);
}

#[tokio::test]
async fn a_row_that_can_not_be_opened_is_named_and_keeps_no_other_back() {
    let database = Database::sqlite().await.expect("a database");
    let secrets = Secrets::new(&database).await;
    let envelope = envelope(&secrets.store, files(&[1]));
    secrets.fill(&envelope, 2).await;
    let elsewhere = envelope.seal(&place(77), b"of another row").await.expect("sealed");
    secrets.put(3, elsewhere.to_string()).await;
    secrets.put(4, "never sealed".to_owned()).await;
    for version in [2, 3] {
        let done = envelope.reencrypt(&secrets, false, |_| {}).await.expect("the others");
        assert_eq!((done.done, done.version, done.unreadable), (2, version, vec!["3".to_owned(), "4".to_owned()]));
    }
}
