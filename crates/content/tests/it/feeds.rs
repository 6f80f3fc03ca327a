//! Feeds of sites that behave, and of sites that do not.

use std::{net::SocketAddr, time::Duration};

use content::{Audience, FeedKind, FeedProblem, FeedReader, FeedSettings, FeedView, Feeds, Reader};
use jiff::{SignedDuration, Timestamp};
use outbound::Outbound;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::watch,
};

use super::{House, noon, staff};

const FEED: &str = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title><item><title>新帖</title>\
                    <link>http://forum.example/1</link></item></channel></rss>";

/// What the site does with the next requests.
#[derive(Clone, Debug)]
enum Manner {
    Says(String),
    /// A head, and bytes without end.
    Endless,
    /// A head, and nothing more.
    Silent,
    HangsUp,
}

fn says(status: &str, head: &str, body: &str) -> Manner {
    let length = body.len();
    Manner::Says(format!("HTTP/1.1 {status}\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}"))
}

/// A site on loopback whose manners change.
async fn site() -> (SocketAddr, watch::Sender<Manner>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("address");
    let (tell, manner) = watch::channel(Manner::HangsUp);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let manner = manner.borrow().clone();
            tokio::spawn(async move {
                let mut asked = [0; 2048];
                let _ = socket.read(&mut asked).await;
                match manner {
                    Manner::Says(answer) => {
                        let _ = socket.write_all(answer.as_bytes()).await;
                    }
                    Manner::Endless => {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                        while socket.write_all(&[b' '; 65536]).await.is_ok() {}
                    }
                    Manner::Silent => {
                        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n").await;
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                    Manner::HangsUp => {}
                }
            });
        }
    });
    (address, tell)
}

fn settings(address: SocketAddr) -> FeedSettings {
    FeedSettings {
        id: "forum".into(),
        name: content::FeedName { zh: "论坛".into(), en: "Forum".into() },
        url: format!("http://{address}/feed.xml").parse().expect("url"),
        kind: FeedKind::Forum,
        audience: Audience::Staff,
        refresh_minutes: 15,
    }
}

#[tokio::test]
async fn a_good_answer_stays_while_the_site_misbehaves_and_each_fault_has_its_name() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (address, manner) = site().await;
        let reader = FeedReader::new(house.store.clone(), &Outbound::new().expect("client"), vec![settings(address)]);
        let reader = reader.expect("settings");
        let feeds = Feeds::new(house.store.clone(), house.policy.clone());
        let nurse = staff("nurse", &["nurse"]);
        let mut now = noon();
        let look = async |now: Timestamp| -> FeedView {
            let mut found = feeds.latest(Reader::Staff(&nurse), FeedKind::Forum, 9, now).await.expect("read");
            assert_eq!(found.len(), 1);
            found.remove(0)
        };
        manner.send_replace(says("200 OK", "content-type: application/rss+xml\r\n", FEED));
        reader.round(now).await.expect("round");
        let good = look(now).await;
        assert!(good.is_fresh && good.items[0].title == "新帖", "{good:?}");
        let (first, hour) = (now, SignedDuration::from_hours(1));
        assert!(!look(now + hour).await.is_fresh, "an old answer is fresh");
        let huge = format!("{FEED}{}", " ".repeat(2 << 20));
        for (bad, problem) in [
            (Manner::HangsUp, FeedProblem::Unreachable),
            (says("200 OK", "", "<!doctype html><h1>登录</h1>"), FeedProblem::NotAFeed),
            (says("200 OK", "content-type: application/rss+xml\r\n", ""), FeedProblem::NotAFeed),
            (says("302 Found", "location: http://169.254.169.254/\r\n", ""), FeedProblem::Moved),
            (says("503 Service Unavailable", "", "later"), FeedProblem::Refused),
            (says("200 OK", "", &huge), FeedProblem::TooLarge),
            (Manner::Endless, FeedProblem::TooLarge),
            (Manner::Silent, FeedProblem::Slow),
        ] {
            now += hour;
            let said = format!("{bad:?}").chars().take(60).collect::<String>();
            manner.send_replace(bad);
            reader.round(now).await.expect("round");
            let stale = look(now).await;
            assert_eq!(stale.problem, Some(problem), "{said}");
            assert_eq!((stale.is_fresh, stale.read_at, stale.items.len()), (false, Some(first), 1), "{said}");
        }
        manner.send_replace(says("200 OK", "", FEED));
        now += hour;
        reader.round(now).await.expect("round");
        assert!(look(now).await.is_fresh);
        // Staff's forum is nothing for the public.
        assert!(feeds.latest(Reader::Public, FeedKind::Forum, 9, now).await.expect("read").is_empty());
    }
}

#[tokio::test]
async fn one_replica_reads_and_what_is_no_longer_configured_goes() {
    for database in testbed::databases().await {
        let house = House::on(&database).await;
        let (address, manner) = site().await;
        manner.send_replace(says("200 OK", "", FEED));
        let reader =
            |feeds| FeedReader::new(house.store.clone(), &Outbound::new().expect("client"), feeds).expect("settings");
        let (one, other) = (reader(vec![settings(address)]), reader(Vec::new()));
        let feeds = Feeds::new(house.store.clone(), house.policy.clone());
        let nurse = staff("nurse", &["nurse"]);
        let known = async |now| feeds.latest(Reader::Staff(&nurse), FeedKind::Forum, 9, now).await.expect("read").len();
        one.round(noon()).await.expect("round");
        other.round(noon()).await.expect("round");
        assert_eq!(known(noon()).await, 1, "another replica wrote although the first has the lease");
        let later = noon() + SignedDuration::from_mins(2);
        other.round(later).await.expect("round");
        assert_eq!(known(later).await, 0);
    }
}
