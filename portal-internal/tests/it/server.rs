//! What clients can do to the server as a whole: use its descriptors up, drip, and be there when it stops.

use std::{
    net::SocketAddr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::join_all;
use testbed::{Database, TestPortal, process};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Dripping connections in the usual run; `DRIPS=2000` is the figure of SECURITY.md.
const DRIPS: usize = 200;

fn drips() -> usize {
    std::env::var("DRIPS").ok().and_then(|text| text.parse().ok()).unwrap_or(DRIPS)
}

fn address(portal: &TestPortal) -> Result<SocketAddr> {
    Ok(portal.url().trim_start_matches("http://").parse()?)
}

/// A connection from an address of loopback's own network: each has its share of connections.
async fn connect_from(host: usize, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 1, (host / 250) as u8, (host % 250 + 1) as u8], 0)))?;
    socket.connect(to).await
}

/// One request on a connection of its own: status and whole body, or nothing when the connection was not answered.
async fn ask(to: SocketAddr, path: &str) -> Option<u16> {
    let mut socket = TcpStream::connect(to).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.ok()?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let length: Option<usize> = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let whole = length.is_none_or(|length| body.len() == length);
    whole.then(|| head.get(9..12)?.parse().ok()).flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_out_of_file_descriptors_comes_back_without_spinning() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let (to, pid) = (address(&portal)?, portal.pid()?);
    // Room for a dozen more than it has open when nobody is there; it counted on thousands when it started.
    let files = process::cost(pid)?.open_files + 12;
    few_files(pid, &format!("{files}:"))?;
    let mut held = Vec::new();
    for n in 0..40 {
        // Those that are not accepted wait in the kernel's queue.
        held.push(timeout(Duration::from_secs(5), connect_from(n, to)).await??);
    }
    let limit = Instant::now() + Duration::from_secs(10);
    while process::cost(pid)?.open_files < files {
        ensure!(Instant::now() < limit, "{} descriptors of {files}: not used up", process::cost(pid)?.open_files);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (before, begun) = (process::cost(pid)?.cpu_ns, Instant::now());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let busy = Duration::from_nanos(process::cost(pid)?.cpu_ns - before).as_secs_f64() / begun.elapsed().as_secs_f64();
    assert!(busy < 0.25, "{:.0} % of a core while out of descriptors", busy * 100.0);
    assert!(portal.log().contains("accept"), "it was never out of descriptors");
    drop(held);
    let back = Instant::now();
    while ask(to, "/sign-in").await != Some(200)
        || portal.ops("/health/live").await.is_ok_and(|live| live.status != 200)
    {
        ensure!(back.elapsed() < Duration::from_secs(10), "it does not come back");
    }
    println!("out of descriptors: {:.1} % of a core, back after {:?}", busy * 100.0, back.elapsed());
    portal.clinician("li.wei").await?;
    Ok(())
}

/// Lowers the number of file descriptors that a running program may have.
fn few_files(pid: u32, soft: &str) -> Result<()> {
    let lowered = Command::new("prlimit").arg(format!("--pid={pid}")).arg(format!("--nofile={soft}")).status()?;
    ensure!(lowered.success(), "prlimit: {lowered}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dripping_connections_are_cut_in_time_and_others_do_not_feel_them() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let (to, pid) = (address(&portal)?, portal.pid()?);
    ask(to, "/sign-in").await.context("an answer")?;
    let alone = times(to, Duration::from_secs(4)).await;
    let resident = process::cost(pid)?.resident;
    let drips = join_all((0..drips()).map(|n| tokio::spawn(drip(n, to))));
    let (others, cut) = tokio::join!(times(to, Duration::from_secs(7)), drips);
    let cut: Vec<Duration> = cut.into_iter().collect::<Result<Result<Vec<_>>, _>>()??;
    let longest = cut.iter().max().copied().unwrap_or_default();
    let grown = process::cost(pid)?.resident.saturating_sub(resident) >> 20;
    let [alone, others] = [alone, others].map(|times| (times.len(), p99(times)));
    println!("{} drips: the longest lived {longest:?}, +{grown} MiB; others' p99 {alone:?} → {others:?}", cut.len());
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    assert!(others.0 > 50 && grown < 64);
    // On a machine that is busy with other tests as well a p99 is not worth more than that.
    assert!(others.1 < alone.1 * 2 + Duration::from_secs(1), "{alone:?} → {others:?}");
    Ok(())
}

/// How long somebody can drip: headers, a body, or an answer they do not take.
async fn drip(n: usize, to: SocketAddr) -> Result<Duration> {
    let mut socket = connect_from(n, to).await?;
    let begun = Instant::now();
    if n.is_multiple_of(2) {
        let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
        socket.write_all(format!("{head}content-length: 1000\r\n\r\n").as_bytes()).await?;
    } else {
        socket.write_all(b"GET / HTTP/1.1\r\nx-drip: ").await?;
    }
    let (mut read, mut write) = socket.into_split();
    let dripping = tokio::spawn(async move {
        while write.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let mut rest = Vec::new();
    let ended = timeout(Duration::from_secs(30), read.read_to_end(&mut rest)).await;
    dripping.abort();
    ensure!(ended.is_ok(), "a dripping connection was kept");
    Ok(begun.elapsed())
}

/// Times of requests one after the other.
async fn times(to: SocketAddr, within: Duration) -> Vec<Duration> {
    let (end, mut times) = (Instant::now() + within, Vec::new());
    while Instant::now() < end {
        let begun = Instant::now();
        if ask(to, "/sign-in").await == Some(200) {
            times.push(begun.elapsed());
        } else {
            times.push(Duration::from_secs(60));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times
}

fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[(times.len() * 99 / 100).min(times.len() - 1)]
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_in_flight_at_the_stop_is_answered() -> Result<()> {
    let region = testbed::region().await;
    let mut portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let to = address(&portal)?;
    let (stopping, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients = (0..8).map(|n| {
        let (stopping, answered) = (stopping.clone(), answered.clone());
        tokio::spawn(async move {
            let mut lost = 0;
            loop {
                let before = !stopping.load(Ordering::SeqCst);
                let Ok(socket) = connect_from(n, to).await else { break };
                // Whoever was let in before the stop has to be answered.
                let whole = request(socket).await;
                answered.fetch_add(usize::from(whole), Ordering::SeqCst);
                lost += usize::from(before && !whole);
                if !before && !whole {
                    break;
                }
            }
            lost
        })
    });
    let clients: Vec<_> = clients.collect();
    let limit = Instant::now() + Duration::from_secs(30);
    while answered.load(Ordering::SeqCst) < 50 {
        ensure!(Instant::now() < limit, "no load");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A request that takes its time: its body is sent after the stop.
    let mut slow = TcpStream::connect(to).await?;
    let body = r#"{"username":"li.wei","password":"wrong"}"#;
    let head = "POST /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    slow.write_all(format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes()).await?;
    ask(to, "/sign-in").await.context("an answer")?;
    let begun = Instant::now();
    stopping.store(true, Ordering::SeqCst);
    let (stopped, slow) = tokio::join!(
        tokio::task::spawn_blocking(move || {
            portal.stop();
            portal
        }),
        async move {
            tokio::time::sleep(Duration::from_millis(500)).await;
            slow.write_all(body.as_bytes()).await?;
            let mut answer = String::new();
            slow.read_to_string(&mut answer).await?;
            anyhow::Ok(answer)
        }
    );
    let (portal, took, slow) = (stopped?, begun.elapsed(), slow?);
    let mut lost = 0;
    for client in clients {
        lost += client.await?;
    }
    println!("stop under load: {took:?}, {} answered", answered.load(Ordering::SeqCst));
    assert_eq!(lost, 0, "requests in flight were not answered: {}", portal.log());
    assert!(slow.starts_with("HTTP/1.1 401"), "{slow}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    let whole = portal.tool(&["audit", "verify"])?;
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stdout));
    Ok(())
}

/// Was a request answered to its end?
async fn request(mut socket: TcpStream) -> bool {
    let sent = socket.write_all(b"GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    let mut answer = Vec::new();
    sent.is_ok() && socket.read_to_end(&mut answer).await.is_ok() && answer.ends_with(b"</html>\n")
}
