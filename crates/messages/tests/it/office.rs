//! A region's messages as the intranet portal delivers them, with servers of the sandbox.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use access::{
    AuditKey, AuditLog, Domain, GlassReason, Grounds, Membership, PersonId, Policy, Relations, Ruleset, SubjectId,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use envelope::{Ambient, Envelope, FileRoot, KeyDomain, NoRandom, Roots};
use jiff::Timestamp;
use messages::{
    AddressBook, Announce, Carrier, Contact, Deliver, GlassBroken, Language, Notice, Notices, OrganisationName,
    StaffContacts,
};
use store::{
    DatabaseConfig, Store,
    jobs::{self, Filter, Job, NewJob, Runner, State, Step, Timing},
    outbox::{Deliveries, Event, Subscriber as _},
};
use testbed::Database;
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

/// In everything that a message or its event knows, and nowhere outside.
pub const CANARY: &str = "ZqCanary";

/// The store, the policy and the address book of one database.
pub struct Office {
    pub store: Store,
    pub contacts: StaffContacts,
    pub envelope: Envelope,
    relations: Relations,
    running: Option<(watch::Sender<bool>, JoinHandle<()>)>,
}

pub fn envelope(store: Store) -> Envelope {
    let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|_| NoRandom);
    let root = FileRoot::new(KeyDomain::Staff, "of a test", &[3; 32], random);
    Envelope::new(
        store,
        Roots::default().with(KeyDomain::Staff, Arc::new(root)),
        Ambient { now: Timestamp::now, random },
    )
}

pub fn person(name: &str) -> SubjectId {
    SubjectId::staff("region", name)
}

impl Office {
    /// `by-rule` is one of those who review by the policy's own rules.
    pub async fn open(database: &Database) -> Self {
        let store = Store::open(&DatabaseConfig::new(&database.url, database.password.clone())).await.expect("opened");
        let mut rules = Ruleset::presets();
        rules
            .memberships
            .push(Membership { member: person("by-rule"), group: SubjectId::group("security-administrator") });
        let policy = Policy::open_with(store.clone(), Domain::Internal, rules).await.expect("a policy");
        let envelope = envelope(store.clone());
        let contacts = StaffContacts::new(store.clone(), envelope.clone(), policy);
        let relations = Relations::new(store.clone(), AuditLog::new(AuditKey::shared(&[7; 32])));
        Self { store, contacts, envelope, relations, running: None }
    }

    /// Somebody signs in, whose directory has them in `groups`.
    pub async fn sign_in(&self, name: &str, groups: &[&str], mail: Option<&str>, language: Option<Language>) {
        let groups: Vec<SubjectId> = groups.iter().map(|group| SubjectId::group(group)).collect();
        let contact = Contact { mail: mail.map(|mail| mail.parse().expect("an address")), phone: None, language };
        let known = self.contacts.seal(&person(name), &groups, &contact, Timestamp::now()).await.expect("sealed");
        let put = self.store.write::<(), store::StoreError, _>(move |tx| Box::pin(known.put(tx)));
        put.await.expect("kept");
    }

    pub async fn break_the_glass(&self) -> PersonId {
        let patient = PersonId(Uuid::now_v7());
        let reason = GlassReason::new(Grounds::Emergency, &format!("{CANARY} septic shock")).expect("long enough");
        let opener = super::staff(&format!("{CANARY} Li"), &["clinician"]);
        self.relations.break_glass(&opener, patient, &reason, Timestamp::now()).await.expect("opened");
        patient
    }

    fn glass(&self) -> GlassBroken {
        let names = OrganisationName { zh: format!("{CANARY}医院"), en: format!("{CANARY} Hospital") };
        GlassBroken::new(self.store.clone(), BTreeMap::from([("region".to_owned(), names)])).announced()
    }

    /// Delivers one event so often; the reviewers' message.
    pub async fn told_again(&self, times: u8) -> Uuid {
        let glass = access::GlassEvent {
            relation: Uuid::now_v7(),
            person: PersonId(Uuid::now_v7()),
            name: CANARY.to_owned(),
            organisation: "region".to_owned(),
            grounds: "on-duty".to_owned(),
            until: Timestamp::now().to_string(),
        };
        let (topic, payload) = (access::GLASS_TOPIC.to_owned(), serde_json::json!(glass));
        let event = Event { id: Uuid::now_v7(), topic, number: 1, payload, at: Timestamp::now() };
        for _ in 0..times {
            self.glass().deliver(&event).await.expect("delivered");
        }
        Uuid::from_u128(event.id.as_u128() ^ 1)
    }

    /// Asks for a message to be told once more.
    pub async fn announced_again(&self, message: Uuid) {
        let now = Timestamp::now();
        let payload = serde_json::Value::Null;
        let job = NewJob { kind: "message-announce", key: message.to_string(), payload, run_at: now };
        let asked = self.store.write::<(), jobs::JobError, _>(move |tx| {
            Box::pin(async move { jobs::enqueue(tx, job, now).await.map(drop) })
        });
        asked.await.expect("asked");
    }

    /// Runs what a portal runs.
    pub fn run(&mut self, book: Arc<dyn AddressBook>, carriers: Vec<Arc<dyn Carrier>>) {
        let glass = self.glass();
        let timing = Timing { poll: Duration::from_millis(5), ..Timing::default() };
        let channels = carriers.iter().map(|one| one.channel()).collect();
        let mut runner = Runner::new(self.store.clone(), Arc::new(Timestamp::now), Arc::new(|| 1.0), timing)
            .with(Deliveries::new(self.store.clone()).to(glass))
            .with(Announce::new(self.store.clone(), book.clone(), channels));
        for carrier in carriers {
            runner = runner.with(Deliver::new(self.store.clone(), book.clone(), carrier));
        }
        let (stop, stops) = watch::channel(false);
        self.running = Some((stop, tokio::spawn(runner.run(stops))));
    }

    pub async fn stop(&mut self) {
        if let Some((stop, working)) = self.running.take() {
            stop.send_replace(true);
            working.await.expect("stopped");
        }
    }

    pub async fn jobs(&self, kind: &str) -> Vec<Job> {
        let filter = Filter { kind: Some(kind.to_owned()), state: None };
        jobs::list(self.store.reader(), &filter, 100).await.expect("jobs")
    }

    /// Waits until `n` jobs of `kind` are in `state` because of `error`.
    pub async fn until(&self, kind: &str, n: usize, state: State, error: Option<&str>) -> Vec<Job> {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let jobs = self.jobs(kind).await;
            let there: Vec<Job> =
                jobs.iter().filter(|job| job.state == state && job.last_error.as_deref() == error).cloned().collect();
            if there.len() == n {
                return there;
            }
            assert!(Instant::now() < end, "{n} of {kind} never {state:?} by {error:?}: {jobs:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until the only job of `kind` is done, and lets it be tried at once whenever it waits because of `error`, and
    /// because of nothing else.
    pub async fn until_done(&self, kind: &str, error: &str) -> Vec<Job> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let jobs = self.jobs(kind).await;
            match jobs.first() {
                Some(job) if job.state == State::Done => return jobs,
                Some(job) if job.state == State::Waiting && job.last_error.is_some() => {
                    assert_eq!(job.last_error.as_deref(), Some(error));
                    self.again(job).await;
                }
                _ => {}
            }
            assert!(Instant::now() < end, "never done: {jobs:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Lets a job be tried now, as an administrator does. One whose time has come meanwhile needs nobody.
    pub async fn again(&self, job: &Job) {
        let id = job.id;
        let stepped = self.store.write::<(), jobs::JobError, _>(move |tx| {
            Box::pin(async move { jobs::step(tx, id, Step::Retry, "of a test", Timestamp::now()).await })
        });
        let stepped = stepped.await;
        assert!(matches!(stepped, Ok(()) | Err(jobs::JobError::Not(State::Running | State::Done))), "{stepped:?}");
    }
}

pub fn notices() -> Notices {
    let link = "https://portal.example/messages";
    Notices {
        zh: Notice {
            from: "区域门户".to_owned(),
            subject: "您有新消息".to_owned(),
            text: format!("您在区域门户有一条新消息。\n{link}\n.\n完"),
            short: format!("您在区域门户有一条新消息：{link}"),
        },
        en: Notice {
            from: "Regional portal".to_owned(),
            subject: "A new message\r\nBcc: all@region.example".to_owned(),
            text: format!("There is a new message in the regional portal.\n{link}"),
            short: format!("There is a new message: {link}"),
        },
    }
}

/// A file of one line in the database's folder.
pub fn secret(database: &Database, name: &str, text: &str) -> PathBuf {
    let file = database.folder().join(name);
    std::fs::write(&file, format!("{text}\n")).expect("written");
    file
}

/// An e-mail with its encoded words and body decoded (RFC 2047, RFC 2045), headers as they came first.
pub fn decoded(text: &str) -> String {
    let (head, body) = text.split_once("\r\n\r\n").expect("a header");
    let lower = head.to_lowercase();
    let body = if lower.contains("content-transfer-encoding: base64") {
        let packed: String = body.split_whitespace().collect();
        String::from_utf8(STANDARD.decode(packed).expect("base64")).expect("UTF-8")
    } else if lower.contains("content-transfer-encoding: quoted-printable") {
        String::from_utf8(unquoted(body)).expect("UTF-8")
    } else {
        body.to_owned()
    };
    let mut words = String::new();
    for word in head.split("=?utf-8?b?").skip(1) {
        let packed = word.split("?=").next().unwrap_or_default();
        words.push_str(&String::from_utf8_lossy(&STANDARD.decode(packed).expect("base64")));
    }
    format!("{head}\n{words}\n\n{body}")
}

fn unquoted(text: &str) -> Vec<u8> {
    let (joined, mut bytes) = (text.replace("=\r\n", ""), Vec::new());
    let mut rest = joined.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let pair = more.get(..2).filter(|_| *first == b'=').and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    bytes
}
