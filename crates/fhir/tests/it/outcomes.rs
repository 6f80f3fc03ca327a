//! What becomes of a search, server by server.

use std::{sync::Arc, time::Duration};

use fhir::{Cause, Client, IssueMeaning, Limits, NotAsked, Outcome, Platform, Query, SearchReport, kinds, rows};
use outbound::{Outbound, TargetSettings};
use tokio::time::Instant;

use crate::{
    server::{Pieces, Server, answer},
    shipped_platforms::shipped,
};

const JSON: &str = "Content-Type: application/fhir+json\r\n";

fn client(server: &Server, platform: Platform) -> Client {
    let settings = TargetSettings::new("city-first", server.url("/fhir"));
    Client::new(Outbound::new().unwrap().target(settings).unwrap(), Arc::new(platform))
}

fn seconds(n: u64) -> Instant {
    Instant::now() + Duration::from_secs(n)
}

/// A search for observations by patient; ids that came, and the report.
async fn search(client: &Client, limits: Limits) -> (Vec<String>, SearchReport) {
    let query = Query::new().with("patient", "p1");
    search_for(client, &query, limits).await
}

async fn search_for(client: &Client, query: &Query, limits: Limits) -> (Vec<String>, SearchReport) {
    let mut ids = Vec::new();
    let report = client
        .search::<kinds::Observation>(query, &limits, seconds(5), &mut |entry: fhir::Entry<
            '_,
            rows::Observation<'_>,
        >| {
            ids.push(entry.row.id.unwrap_or_default().to_owned());
        })
        .await;
    assert_eq!(report.entries as usize, ids.len());
    (ids, report)
}

/// A page of observations `ids`, with a link.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let entries: Vec<String> =
        ids.iter().map(|id| format!(r#"{{"resource":{{"resourceType":"Observation","id":"{id}"}}}}"#)).collect();
    let link = next.map_or(String::new(), |url| format!(r#"{{"relation":"next","url":"{url}"}}"#));
    format!(r#"{{"resourceType":"Bundle","link":[{link}],"entry":[{}]}}"#, entries.join(","))
}

fn issue(severity: &str, kind: &str, code: &str) -> String {
    format!(
        r#"{{"resourceType":"OperationOutcome","issue":[{{"severity":"{severity}","code":"{kind}",
        "details":{{"coding":[{{"code":"{code}"}}],"text":"about Wang Fang"}},"diagnostics":"at line 7"}}]}}"#
    )
}

#[tokio::test]
async fn pages_are_followed_to_the_end_and_counted() {
    let server = Server::start(|path, number| match number {
        0 => answer(200, JSON, page(&["a", "b"], Some("?page=2&session=x"))),
        1 if path == "/fhir/Observation?page=2&session=x" => answer(200, JSON, page(&["c"], None)),
        _ => answer(500, "", ""),
    })
    .await;
    let (ids, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
    assert_eq!(ids, ["a", "b", "c"]);
    assert_eq!((report.outcome, report.queries, report.pages, report.entries), (Outcome::Answered, 1, 2, 3));
    let head = server.heads().remove(0).to_lowercase();
    assert!(head.starts_with("get /fhir/observation?patient=p1&_count=200 "), "{head}");
    assert!(head.contains("accept: application/fhir+json"), "{head}");
}

#[tokio::test]
async fn a_list_that_ends_before_its_own_total_is_not_whole() {
    let check = async |totals: [&'static str; 2], expect: Outcome| {
        let server = Server::start(move |_, number| {
            let (ids, next): (&[&str], _) = if number == 0 { (&["a", "b"], Some("?page=2")) } else { (&["c"], None) };
            let total = format!(r#"{{"total":{},"#, totals[number.min(1)]);
            answer(200, JSON, page(ids, next).replacen('{', &total, 1))
        })
        .await;
        let (ids, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
        assert_eq!(
            (ids.as_slice(), report.outcome),
            (["a", "b", "c"].map(str::to_owned).as_slice(), expect),
            "{totals:?}"
        );
    };
    check(["3", "3"], Outcome::Answered).await;
    check(["4", "4"], Outcome::Partial(Cause::FewerThanTotal)).await;
    // The last page knows best; one that counts less than it sends, or in words, says nothing.
    check(["4", "3"], Outcome::Answered).await;
    check(["3", "2"], Outcome::Answered).await;
    for odd in ["null", "\"4\"", "-4", "4.5", "[4]", "99999999999"] {
        check([odd, odd], Outcome::Answered).await;
    }
}

#[tokio::test]
async fn a_first_answer_means_what_the_record_says() {
    let check = async |reply: Pieces, expect: Outcome| {
        let shown = String::from_utf8_lossy(&reply[0].1).into_owned();
        let server = Server::start(move |_, _| reply.clone()).await;
        let (ids, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
        assert_eq!((report.outcome, ids.len()), (expect, 0), "{shown}");
    };
    let html = "<html><body>Internal Server Error</body></html>";
    check(answer(401, "", ""), Outcome::Refused(401)).await;
    check(answer(403, JSON, issue("error", "forbidden", "x")), Outcome::Refused(403)).await;
    check(answer(404, JSON, issue("error", "not-supported", "x")), Outcome::Unsupported).await;
    check(answer(400, JSON, issue("error", "not-supported", "x")), Outcome::Unsupported).await;
    check(answer(400, JSON, issue("error", "invalid", "x")), Outcome::Unreachable(Cause::Status(400))).await;
    check(answer(500, "Content-Type: text/html\r\n", html), Outcome::Unreachable(Cause::Status(500))).await;
    check(
        answer(500, "", "<OperationOutcome xmlns=\"http://hl7.org/fhir\"/>"),
        Outcome::Unreachable(Cause::Status(500)),
    )
    .await;
    check(answer(302, "Location: http://169.254.169.254/\r\n", ""), Outcome::Unreachable(Cause::Status(302))).await;
    check(answer(200, "Content-Type: text/html\r\n", html), Outcome::Unreachable(Cause::Garbage)).await;
    check(answer(200, JSON, ""), Outcome::Unreachable(Cause::Garbage)).await;
    check(answer(200, JSON, "[]"), Outcome::Unreachable(Cause::Garbage)).await;
    check(answer(200, JSON, r#"{"a":1}"#), Outcome::Unreachable(Cause::Garbage)).await;
    check(answer(200, JSON, r#"{"resourceType":"Bundle","entry":["#), Outcome::Unreachable(Cause::Truncated)).await;
    check(answer(200, JSON, [0xC4, 0xE3, 0xBA, 0xC3]), Outcome::Unreachable(Cause::Garbage)).await;
    check(answer(200, "Content-Encoding: gzip\r\n", "not gzip"), Outcome::Unreachable(Cause::Protocol)).await;
    check(
        answer(200, JSON, issue("error", "exception", "x")),
        Outcome::Unreachable(Cause::Issue(IssueMeaning::Incomplete)),
    )
    .await;
    check(answer(200, JSON, page(&[], None)), Outcome::Answered).await;
    check(answer(200, JSON, r#"{"resourceType":"Bundle","entry":[null]}"#), Outcome::Partial(Cause::BrokenEntry)).await;
}

#[tokio::test]
async fn what_fails_later_keeps_what_came() {
    let check = async |second: Pieces, expect: Cause| {
        let shown = String::from_utf8_lossy(&second[0].1).into_owned();
        let server = Server::start(move |_, number| match number {
            0 => answer(200, JSON, page(&["a", "b"], Some("?page=2"))),
            _ => second.clone(),
        })
        .await;
        let (ids, report) = search(&client(&server, shipped("epic-like")), Limits::default()).await;
        assert_eq!((report.outcome, &ids[..2]), (Outcome::Partial(expect), &["a".into(), "b".into()][..]), "{shown}");
    };
    check(answer(500, "", ""), Cause::NextFailed).await;
    check(answer(403, "", ""), Cause::NextFailed).await;
    check(answer(200, JSON, "<html>"), Cause::Garbage).await;
    check(answer(200, JSON, &page(&["c", "d"], None)[..90]), Cause::Truncated).await;
    check(answer(410, JSON, issue("error", "expired", "4113")), Cause::Issue(IssueMeaning::SessionExpired)).await;
    check(answer(200, JSON, issue("error", "expired", "4113")), Cause::Issue(IssueMeaning::SessionExpired)).await;
    check(answer(200, JSON, page(&["c"], Some("?page=2"))), Cause::Loop).await;
    check(answer(200, JSON, page(&["c"], Some("?page=2#x"))), Cause::Loop).await;
    check(
        vec![(Duration::ZERO, b"HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n{\"resourceType\"".to_vec())],
        Cause::Protocol,
    )
    .await;
}

#[tokio::test]
async fn a_next_link_never_leaves_the_origin() {
    let canary = Server::start(|_, _| answer(200, JSON, page(&["stolen"], None))).await;
    let port = canary.address.port();
    let elsewhere = [
        canary.url("/fhir/Observation?page=2").to_string(),
        format!("http://localhost:{port}/x"),
        format!("//127.0.0.1:{port}/x"),
        format!("http://user@127.0.0.1:{port}/"),
        "http://169.254.169.254/latest".to_owned(),
        "file:///etc/passwd".to_owned(),
        "http://[::ffff:127.0.0.1]/".to_owned(),
        "http://".to_owned(),
    ];
    for next in elsewhere {
        let shown = next.clone();
        let server = Server::start(move |_, _| answer(200, JSON, page(&["a"], Some(&next)))).await;
        let (ids, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
        assert_eq!((ids.len(), report.outcome), (1, Outcome::Partial(Cause::Origin)), "{shown}");
        assert_eq!(server.heads().len(), 1);
    }
    assert!(canary.heads().is_empty());
}

#[tokio::test]
async fn pages_and_entries_are_bounded() {
    let endless = |_: &str, number: usize| {
        let next = format!("?page={}", number + 1);
        answer(200, JSON, page(&["a", "b", "c"], Some(&next)))
    };
    let server = Server::start(endless).await;
    let limits = Limits { pages: 4, ..Limits::default() };
    let (ids, report) = search(&client(&server, shipped("plain")), limits).await;
    assert_eq!((ids.len(), report.pages, report.outcome), (12, 4, Outcome::Partial(Cause::TooManyPages)));
    let server = Server::start(endless).await;
    let limits = Limits { entries: 7, ..Limits::default() };
    let (ids, report) = search(&client(&server, shipped("plain")), limits).await;
    assert_eq!((ids.len(), report.pages, report.outcome), (7, 3, Outcome::Partial(Cause::TooManyEntries)));
}

#[tokio::test]
async fn a_page_that_comes_too_late_or_too_large_gives_what_fitted() {
    let whole = page(&["a", "b"], None);
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n{}", whole.len(), &whole[..whole.len() - 40]);
    let server = Server::start(move |_, _| {
        vec![(Duration::ZERO, head.clone().into_bytes()), (Duration::from_secs(60), Vec::new())]
    })
    .await;
    let client = client(&server, shipped("plain"));
    let query = Query::new().with("patient", "p1");
    let deadline = Instant::now() + Duration::from_millis(1500);
    let report = client
        .search::<kinds::Observation>(&query, &Limits::default(), deadline, &mut |_: fhir::Entry<
            '_,
            rows::Observation<'_>,
        >| {})
        .await;
    assert_eq!((report.outcome, report.entries), (Outcome::Partial(Cause::Timeout), 1));

    let ids: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let large = page(&ids.iter().map(String::as_str).collect::<Vec<_>>(), None);
    // Without a length: it is only seen to be too large while it comes.
    let head = format!("HTTP/1.1 200 X\r\n\r\n{large}");
    let server = Server::start(move |_, _| vec![(Duration::ZERO, head.clone().into_bytes())]).await;
    let mut settings = TargetSettings::new("city-first", server.url("/fhir"));
    settings.max_body = 10_000;
    let client = Client::new(Outbound::new().unwrap().target(settings).unwrap(), Arc::new(shipped("plain")));
    let (ids, report) = search(&client, Limits::default()).await;
    assert_eq!(report.outcome, Outcome::Partial(Cause::TooLarge));
    assert!((100..400).contains(&ids.len()));
}

#[tokio::test]
async fn no_server_is_no_answer() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        url::Url::parse(&format!("http://{}/fhir", listener.local_addr().unwrap())).unwrap()
    };
    let target = Outbound::new().unwrap().target(TargetSettings::new("city-first", closed)).unwrap();
    let (_, report) = search(&Client::new(target, Arc::new(shipped("plain"))), Limits::default()).await;
    assert_eq!((report.outcome, report.outcome.key()), (Outcome::Unreachable(Cause::Connect), Some("why-connect")));
}

#[tokio::test]
async fn issues_beside_entries_are_read_by_the_platforms_table_and_their_words_dropped() {
    let check = async |issue: String, expect: Outcome| {
        let body = format!(
            r#"{{"resourceType":"Bundle","entry":[{{"resource":{{"resourceType":"Observation","id":"a"}}}},
            {{"resource":{issue},"search":{{"mode":"outcome"}}}}]}}"#
        );
        let server = Server::start(move |_, _| answer(200, JSON, &body)).await;
        let (ids, report) = search(&client(&server, shipped("epic-like")), Limits::default()).await;
        assert_eq!((ids.len(), report.outcome, report.issues.len()), (1, expect, 1), "{issue}");
        assert!(!format!("{report:?}").contains("Wang Fang") && !format!("{report:?}").contains("line 7"));
    };
    check(issue("warning", "processing", "4101"), Outcome::Answered).await;
    check(issue("warning", "processing", "4119"), Outcome::Partial(Cause::Issue(IssueMeaning::Incomplete))).await;
    check(issue("warning", "suppressed", "4130"), Outcome::Partial(Cause::Issue(IssueMeaning::BreakTheGlass))).await;
    check(issue("information", "informational", "1"), Outcome::Answered).await;
    check(issue("warning", "not-supported", "1"), Outcome::Answered).await;
    check(issue("warning", "incomplete", "1"), Outcome::Partial(Cause::Issue(IssueMeaning::Incomplete))).await;
    check(issue("error", "processing", "1"), Outcome::Partial(Cause::Issue(IssueMeaning::Incomplete))).await;
}

#[tokio::test]
async fn an_empty_filtered_search_is_repeated_by_patient_only_and_what_it_shows_is_remembered() {
    let server = Server::start(|path, _| match path.contains("category") {
        true => answer(200, JSON, page(&[], None)),
        false => answer(200, JSON, page(&["a"], None)),
    })
    .await;
    let client = client(&server, shipped("plain"));
    let query = client.platform().query("lab-results", "Observation", "p1");
    let (ids, report) = search_for(&client, &query, Limits::default()).await;
    assert_eq!((ids.len(), report.outcome, report.queries, report.pages), (1, Outcome::Answered, 2, 2));
    assert!(report.unfiltered);
    // The observation had no category, so filters say nothing here: not asked with one again.
    let (ids, report) = search_for(&client.clone(), &query, Limits::default()).await;
    assert_eq!((ids.len(), report.queries, report.unfiltered), (1, 1, true));
    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn what_has_no_category_comes_too_where_others_have_one() {
    // What the server makes of the modifier: knows it, refuses it, passes over it, fails; questions then and the next time.
    let check = async |rest: Pieces, expect: (usize, u32, usize, u32), outcome: Outcome| {
        let server = Server::start(move |path, _| match path {
            path if path.contains("category%3Amissing=true") => rest.clone(),
            path if path.contains("category=") => answer(200, JSON, page(&["with"], None)),
            _ => answer(200, JSON, page(&["with", "without"], None)),
        })
        .await;
        let client = client(&server, shipped("plain"));
        let query = client.platform().query("lab-results", "Observation", "p1");
        let mut told = Vec::new();
        for _ in 0..2 {
            // Each once, and as many as there may be: the second question has the bounds for itself.
            let (ids, report) = search_for(&client, &query, Limits { entries: 2, ..Limits::default() }).await;
            assert_eq!(report.outcome, outcome);
            told.push((ids.len(), report.queries));
        }
        assert_eq!((told[0].0, told[0].1, told[1].0, told[1].1), expect);
    };
    check(answer(200, JSON, page(&["without"], None)), (2, 2, 2, 2), Outcome::Answered).await;
    check(answer(200, JSON, page(&["with", "without"], None)), (2, 2, 2, 2), Outcome::Answered).await;
    check(answer(400, JSON, issue("error", "not-supported", "x")), (2, 3, 2, 1), Outcome::Answered).await;
    check(answer(500, "", ""), (2, 3, 2, 1), Outcome::Answered).await;
}

#[tokio::test]
async fn an_empty_answer_stands_where_the_filter_is_required_and_not_where_the_repetition_fails() {
    let check = async |repeated: Pieces, expect: Outcome| {
        let server = Server::start(move |path, _| match path.contains("category") {
            true => answer(200, JSON, page(&[], None)),
            false => repeated.clone(),
        })
        .await;
        let client = client(&server, shipped("plain"));
        let query = client.platform().query("lab-results", "Observation", "p1");
        let (_, report) = search_for(&client, &query, Limits::default()).await;
        assert_eq!((report.outcome, report.queries), (expect, 2));
    };
    check(answer(400, JSON, issue("error", "not-supported", "x")), Outcome::Answered).await;
    check(answer(500, "", ""), Outcome::Partial(Cause::Status(500))).await;
    check(answer(403, "", ""), Outcome::Partial(Cause::Status(403))).await;
    check(answer(200, JSON, page(&[], None)), Outcome::Answered).await;
}

#[tokio::test]
async fn a_busy_server_is_asked_once_more_when_it_says_when() {
    let server = Server::start(|_, number| match number {
        0 => answer(429, "Retry-After: 0\r\n", ""),
        _ => answer(200, JSON, page(&["a"], None)),
    })
    .await;
    let (ids, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
    assert_eq!((ids.len(), report.outcome, report.pages), (1, Outcome::Answered, 1));
    let server = Server::start(|_, _| answer(503, "Retry-After: 0\r\n", "")).await;
    let (_, report) = search(&client(&server, shipped("plain")), Limits::default()).await;
    assert_eq!((report.outcome, server.heads().len()), (Outcome::Unreachable(Cause::Status(503)), 2));
}

#[tokio::test]
async fn what_one_is_told_to_wait_for_everybody_waits_for() {
    for status in [429, 503] {
        // A minute; everybody has five seconds.
        let server = Server::start(move |_, _| answer(status, "Retry-After: 60\r\n", "")).await;
        let client = client(&server, shipped("plain"));
        let (_, first) = search(&client, Limits::default()).await;
        assert_eq!(first.outcome, Outcome::Unreachable(Cause::Status(status)));
        let begun = Instant::now();
        let told = Outcome::Unreachable(Cause::NotAsked(NotAsked::ToldToWait));
        for _ in 0..10 {
            let (_, report) = search(&client.clone(), Limits::default()).await;
            assert_eq!((report.outcome, report.queries, report.outcome.key()), (told, 0, Some("why-told-to-wait")));
            let read = client.read::<kinds::Observation>("a", seconds(5), &mut |_| {}).await;
            assert_eq!((read.outcome, read.queries), (told, 0));
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "waited {:?}", begun.elapsed());
        assert_eq!(server.heads().len(), 1, "asked all the same");
        assert_eq!(client.throttled(), u64::from(status == 429));
        let left = client.told_to_wait().expect("waiting");
        assert!(left > Duration::from_secs(50) && left <= Duration::from_secs(60), "{left:?}");
        // An administrator does not wait.
        client.wait_no_more();
        let (_, again) = search(&client, Limits::default()).await;
        assert_eq!((again.outcome, server.heads().len()), (first.outcome, 2));
    }
}

#[tokio::test]
async fn who_has_time_waits_for_what_another_was_told_and_is_then_answered() {
    let server = Server::start(|_, number| match number {
        0 => answer(429, "Retry-After: 1\r\n", ""),
        _ => answer(200, JSON, page(&["a"], None)),
    })
    .await;
    let client = client(&server, shipped("cerner-like"));
    let (other, begun) = (client.clone(), Instant::now());
    let first = tokio::spawn(async move { search(&other, Limits::default()).await.1.outcome });
    while client.told_to_wait().is_none() {
        tokio::task::yield_now().await;
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody was told to wait");
    }
    let (ids, report) = search(&client, Limits::default()).await;
    assert_eq!((ids.len(), report.outcome, first.await.unwrap()), (1, Outcome::Answered, Outcome::Answered));
    assert!(begun.elapsed() >= Duration::from_secs(1), "asked after {:?}", begun.elapsed());
    assert_eq!(server.heads().len(), 3);
}

#[tokio::test]
async fn a_wait_beyond_all_reason_is_five_minutes() {
    for wait in [301, u64::MAX] {
        let head = format!("Retry-After: {wait}\r\n");
        let server = Server::start(move |_, _| answer(503, &head, "")).await;
        let client = client(&server, shipped("plain"));
        let (_, report) = search(&client, Limits::default()).await;
        assert_eq!(report.outcome, Outcome::Unreachable(Cause::Status(503)));
        assert!(client.told_to_wait().expect("waiting") <= Duration::from_secs(300));
    }
}

#[tokio::test]
async fn a_server_that_counts_requests_is_waited_for_within_the_deadline() {
    let server = Server::start(|_, number| match number {
        0..3 => answer(429, "Retry-After: 0\r\n", ""),
        _ => answer(200, JSON, page(&["a"], None)),
    })
    .await;
    let (ids, report) = search(&client(&server, shipped("cerner-like")), Limits::default()).await;
    assert_eq!((ids.len(), report.outcome, server.heads().len()), (1, Outcome::Answered, 4));
    // Five seconds of patience are asked for, and there are five until the deadline: it is told at once.
    let server = Server::start(|_, _| answer(429, "Retry-After: 5\r\n", "")).await;
    let begun = Instant::now();
    let (_, report) = search(&client(&server, shipped("cerner-like")), Limits::default()).await;
    assert_eq!((report.outcome, server.heads().len()), (Outcome::Unreachable(Cause::Status(429)), 1));
    assert!(begun.elapsed() < Duration::from_secs(4));
    // Without a time to come back, and without end, it is told too.
    for (head, asked) in [("", 1), ("Retry-After: 0\r\n", 4)] {
        let server = Server::start(move |_, _| answer(429, head, "")).await;
        let (_, report) = search(&client(&server, shipped("cerner-like")), Limits::default()).await;
        assert_eq!((report.outcome, server.heads().len()), (Outcome::Unreachable(Cause::Status(429)), asked), "{head}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_made_good_once_where_that_is_known_of_the_platform() {
    let whole = || answer(200, JSON, page(&["a", "b"], None));
    let broken = || {
        let half = format!("HTTP/1.1 200 X\r\nContent-Length: 5000\r\n\r\n{}", page(&["a", "b"], None));
        vec![(Duration::ZERO, half.into_bytes())]
    };
    let lost = || vec![(Duration::ZERO, Vec::new())];
    let check = async |platform: &str, replies: [Pieces; 2], expect: Outcome, entries: u32, requests: usize| {
        let server = Server::start(move |_, number| replies[number.min(1)].clone()).await;
        let (_, report) = search(&client(&server, shipped(platform)), Limits::default()).await;
        assert_eq!((report.outcome, report.entries, server.heads().len()), (expect, entries, requests), "{platform}");
    };
    check("legacy", [lost(), whole()], Outcome::Answered, 2, 2).await;
    check("legacy", [broken(), whole()], Outcome::Answered, 2, 2).await;
    // What came before is kept when nothing better follows.
    check("legacy", [broken(), lost()], Outcome::Partial(Cause::Protocol), 2, 2).await;
    check("legacy", [broken(), answer(500, "", "")], Outcome::Partial(Cause::Protocol), 2, 2).await;
    check("legacy", [lost(), lost()], Outcome::Unreachable(Cause::Protocol), 0, 2).await;
    // Nobody has said so of this one: told at once.
    check("plain", [lost(), whole()], Outcome::Unreachable(Cause::Protocol), 0, 1).await;
    check("plain", [broken(), whole()], Outcome::Partial(Cause::Protocol), 2, 1).await;
}

#[tokio::test]
async fn errors_in_xml_mean_what_they_say_and_pages_of_html_what_their_status_says() {
    const XML: &str = "Content-Type: application/fhir+xml\r\n";
    let xml = |code: &str| {
        format!(
            "<?xml version=\"1.0\"?><OperationOutcome xmlns=\"http://hl7.org/fhir\"><issue><severity value=\"error\"/>\
            <code value=\"{code}\"/><diagnostics value=\"about Wang Fang\"/></issue></OperationOutcome>"
        )
    };
    let check = async |status: u16, body: String, expect: Outcome, issues: usize| {
        let server = Server::start(move |_, _| answer(status, XML, &body)).await;
        let (_, report) = search(&client(&server, shipped("legacy")), Limits::default()).await;
        assert_eq!((report.outcome, report.issues.len()), (expect, issues), "{status}");
        assert!(!format!("{report:?}").contains("Wang Fang"));
    };
    check(400, xml("not-supported"), Outcome::Unsupported, 1).await;
    check(400, xml("invalid"), Outcome::Unreachable(Cause::Status(400)), 1).await;
    check(403, xml("forbidden"), Outcome::Refused(403), 1).await;
    check(500, "<html><h1>Internal Server Error</h1></html>".to_owned(), Outcome::Unreachable(Cause::Status(500)), 0)
        .await;
    // A resource that is gone is an answer in either format.
    let gone = xml("not-found");
    let server = Server::start(move |_, _| answer(404, XML, &gone)).await;
    let report = client(&server, shipped("legacy"))
        .read::<kinds::Patient>("p1", seconds(5), &mut |_: fhir::Entry<'_, rows::Patient<'_>>| {})
        .await;
    assert_eq!((report.outcome, report.entries), (Outcome::Answered, 0));
}

#[tokio::test]
async fn a_text_in_another_encoding_costs_that_text_only() {
    let mut body =
        br#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","id":"a","note":[{"text":""#
            .to_vec();
    // "ni hao" in GBK, called UTF-8
    body.extend([0xc4, 0xe3, 0xba, 0xc3]);
    body.extend(br#""}]}},{"resource":{"resourceType":"Observation","id":"b"}}]}"#);
    let server = Server::start(move |_, _| answer(200, JSON, &body)).await;
    let (ids, report) = search(&client(&server, shipped("legacy")), Limits::default()).await;
    assert_eq!((ids.len(), report.outcome), (2, Outcome::Partial(Cause::Encoding)));
}

#[tokio::test]
async fn one_resource_is_read_by_its_id() {
    let check = async |id: &str, reply: Pieces, expect: Outcome, entries: u32, requests: usize| {
        let server = Server::start(move |_, _| reply.clone()).await;
        let client = client(&server, shipped("plain"));
        let report =
            client.read::<kinds::Patient>(id, seconds(5), &mut |_: fhir::Entry<'_, rows::Patient<'_>>| {}).await;
        assert_eq!((report.outcome, report.entries, server.heads().len()), (expect, entries, requests), "{id}");
        for head in server.heads() {
            assert!(head.starts_with(&format!("GET /fhir/Patient/{id} ")), "{head}");
        }
    };
    let patient = r#"{"resourceType":"Patient","id":"p1"}"#;
    check("p1", answer(200, JSON, patient), Outcome::Answered, 1, 1).await;
    check("p1", answer(404, JSON, issue("error", "not-found", "x")), Outcome::Answered, 0, 1).await;
    check("p1", answer(410, JSON, issue("error", "deleted", "x")), Outcome::Answered, 0, 1).await;
    check("p1", answer(404, "", "<html>"), Outcome::Unreachable(Cause::Status(404)), 0, 1).await;
    check("p1", answer(403, "", ""), Outcome::Refused(403), 0, 1).await;
    check("p1", answer(200, JSON, r#"{"resourceType":"Group"}"#), Outcome::Unreachable(Cause::Garbage), 0, 1).await;
    check("p1", answer(200, JSON, &patient[..30]), Outcome::Unreachable(Cause::Truncated), 0, 1).await;
    for id in ["../Observation", "", "..", "a/b", "a?b", "a%2f", "p1 "] {
        check(id, answer(200, JSON, patient), Outcome::Unreachable(Cause::Garbage), 0, 0).await;
    }
}
