//! Real processes that are really killed, while many more people than there are tickets want one: nothing is lost, nothing
//! doubled, and whoever asks again with the same key gets the same answer.
//!
//! `cargo xtask faults` does the same with ten thousand people.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use access::Domain;
use futures_util::future::join_all;
use scheduling::{Rules, SchedulingError};
use sea_orm::{
    ConnectionTrait as _,
    sea_query::{Alias, Expr, Func, Query},
};
use store::DatabaseConfig;
use testbed::Kind;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::Semaphore,
};
use uuid::Uuid;

use super::{House, now, part_of, patient, wants};

const TICKETS: u32 = 50;
/// People who want one; `FAULTS_CLIENTS` of them on request.
const PEOPLE: usize = 500;
/// Connections at a time.
const CONNECTIONS: usize = 128;
/// A process is killed whenever so many more have their ticket.
const BETWEEN_KILLS: usize = 8;
/// Far longer than it takes: then something hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// What somebody was told in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Booked { id: Uuid, seq: u32 },
    Refused(String),
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process of its own, begun and killed by killed_processes_lose_nothing_and_double_nothing"]
async fn a_process_that_books() {
    let variable = |name: &str| std::env::var(name).ok();
    let url = variable("BOOKING_TEST_DATABASE").expect("begun by the other test");
    let config = DatabaseConfig::new(url, variable("BOOKING_TEST_PASSWORD"));
    let portal = part_of(config, Domain::External, Rules::default(), 0.0).await;
    let socket = variable("BOOKING_TEST_SOCKET").expect("a socket");
    let listener = UnixListener::bind(socket).expect("bound");
    loop {
        let (mut stream, _) = listener.accept().await.expect("accepted");
        let portal = portal.clone();
        tokio::spawn(async move {
            let mut line = String::new();
            let read = BufReader::new(&mut stream).read_line(&mut line).await;
            let mut words = line.split_whitespace();
            let (Ok(1..), Some(number), Some(session)) = (read, words.next(), words.next()) else { return };
            let number: u128 = number.parse().expect("a number");
            let (ctx, person) = patient(number);
            let at = i64::try_from(number % 6).expect("small");
            let wanted = wants(person, session.parse().expect("an id"), at, &format!("k{number}"));
            let answer = match portal.book(&ctx, wanted, now()).await {
                Ok(made) => format!("booked {} {}\n", made.booking.id, made.booking.seq),
                Err(SchedulingError::Refused(refusal)) => format!("refused {}\n", refusal.as_str()),
                Err(error) => format!("failed {error}\n"),
            };
            // Whoever has gone away asks again.
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

struct Process {
    child: Child,
    socket: PathBuf,
}

impl Process {
    fn begin(house: &House, socket: PathBuf) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "kills::a_process_that_books", "--ignored"]);
        command.env("BOOKING_TEST_DATABASE", &house.public.url).env("BOOKING_TEST_SOCKET", &socket);
        if let Some(password) = &house.public.password {
            command.env("BOOKING_TEST_PASSWORD", password);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("begun");
        Self { child, socket }
    }

    /// SIGKILL, in whatever it does; then it is begun again.
    fn kill_and_begin(&mut self, house: &House) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
        std::fs::remove_file(&self.socket).expect("its socket");
        *self = Self::begin(house, self.socket.clone());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already when this fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request; `None`: the process is not there, or was killed before it answered.
async fn ask(socket: &Path, number: usize, session: Uuid) -> Option<Told> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    stream.write_all(format!("{number} {session}\n").as_bytes()).await.ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await.ok()?;
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("booked"), Some(id), Some(seq)) => Some(Told::Booked { id: id.parse().ok()?, seq: seq.parse().ok()? }),
        (Some("refused"), Some(why), None) => Some(Told::Refused(why.to_owned())),
        // A lock that a killed process held longer than statements wait.
        _ => None,
    }
}

/// Asks until there is an answer, each time at the next process, always with the same key. The answer, and how often there was
/// none.
async fn insist(sockets: &[PathBuf], number: usize, session: Uuid) -> (Told, usize) {
    let begun = Instant::now();
    for cut in 0.. {
        if let Some(told) = ask(&sockets[(number + cut) % sockets.len()], number, session).await {
            return (told, cut);
        }
        assert!(begun.elapsed() < LIMIT, "nobody answers");
        // The process is being begun again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    unreachable!("a loop without end")
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_processes_lose_nothing_and_double_nothing() {
    let people = std::env::var("FAULTS_CLIENTS").map_or(PEOPLE, |number| number.parse().expect("a number"));
    let kills = if people > PEOPLE { 4 } else { 1 };
    for house in House::all().await {
        let session = house.session(house.schedule("nephrology", None).await, TICKETS).await;
        let replicas = if house.db.kind == Kind::Sqlite { 1 } else { 2 };
        let sockets: Vec<PathBuf> = (0..replicas).map(|n| house.db.folder().join(format!("replica-{n}"))).collect();
        let mut processes: Vec<Process> = sockets.iter().map(|socket| Process::begin(&house, socket.clone())).collect();
        let (room, booked) = (Arc::new(Semaphore::new(CONNECTIONS)), Arc::new(AtomicUsize::new(0)));
        let clients: Vec<_> = (0..people)
            .map(|number| {
                let (room, booked, sockets) = (room.clone(), booked.clone(), sockets.clone());
                tokio::spawn(async move {
                    let _room = room.acquire().await.expect("open");
                    let (told, cut) = insist(&sockets, number, session).await;
                    if matches!(told, Told::Booked { .. }) {
                        booked.fetch_add(1, Ordering::Relaxed);
                    }
                    (number, told, cut)
                })
            })
            .collect();
        for kill in 0..kills {
            let begun = Instant::now();
            let process = &mut processes[kill % replicas];
            // One that was begun just now takes requests again before it is killed once more.
            while booked.load(Ordering::Relaxed) < (kill + 1) * BETWEEN_KILLS || !process.socket.exists() {
                assert!(begun.elapsed() < LIMIT, "nobody books");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            process.kill_and_begin(&house);
        }
        let all: Vec<_> = join_all(clients).await.into_iter().map(|one| one.expect("answered")).collect();
        let cut: usize = all.iter().map(|(_, _, cut)| cut).sum();
        assert!(cut > 0, "nobody was cut off: it was killed too late");
        let told: BTreeMap<usize, Told> = all.into_iter().map(|(number, told, _)| (number, told)).collect();
        reconcile(&house, &told).await;
        // Whoever asks again, wherever, is told the same.
        for socket in &sockets {
            for (number, before) in told.iter().filter(|(_, told)| matches!(told, Told::Booked { .. })) {
                let (again, _) = insist(std::slice::from_ref(socket), *number, session).await;
                assert_eq!(&again, before, "{:?}", house.db.kind);
            }
        }
        assert_eq!(house.count("booking", "state", "booked").await, i64::from(TICKETS));
    }
}

/// As many bookings as tickets, each ticket one's, each in the log once, and everybody else told that nothing is left.
async fn reconcile(house: &House, told: &BTreeMap<usize, Told>) {
    let (mut ids, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for one in told.values() {
        match one {
            Told::Booked { id, seq } => assert!(ids.insert(*id) && numbers.insert(*seq), "{seq} twice"),
            Told::Refused(why) => assert_eq!(why, "taken"),
        }
    }
    let tickets = i64::from(TICKETS);
    assert_eq!(i64::try_from(ids.len()).expect("small"), tickets, "{:?}", house.db.kind);
    assert_eq!(house.count("booking", "state", "booked").await, tickets);
    assert_eq!(house.count("ticket", "state", "booked").await, tickets);
    assert_eq!(house.count("audit_event", "action", "booking.make").await, tickets);
    // A number that is missing from a lane would say that a row was taken away.
    let lanes = Query::select()
        .expr(Func::count(Expr::col(Alias::new("number"))))
        .expr(Func::max(Expr::col(Alias::new("number"))))
        .from(Alias::new("audit_event"))
        .group_by_col(Alias::new("writer"))
        .to_owned();
    for lane in house.db.connect().await.expect("connect").query_all(&lanes).await.expect("lanes") {
        let figure = |at| lane.try_get_by_index::<i64>(at).expect("a number");
        assert_eq!(figure(0), figure(1));
    }
}
