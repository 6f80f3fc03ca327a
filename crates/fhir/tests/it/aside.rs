//! A page of megabytes is read where it holds up nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fhir::{Client, Limits, Outcome, Query, kinds, rows};
use outbound::{Outbound, TargetSettings};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use crate::server::{Server, answer};
use crate::shipped_platforms::shipped;

/// Entries of a page of some ten megabytes.
const ENTRIES: u32 = 6_000;

fn page() -> String {
    let code = r#"{"coding":[{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}],"text":"血清钾"}"#;
    let component = format!(r#"{{"code":{code},"valueQuantity":{{"value":4.1,"unit":"mmol/L"}}}}"#);
    let entry = |nth: u32| {
        let components = [component.as_str(); 12].join(",");
        format!(
            r#"{{"resource":{{"resourceType":"Observation","id":"o{nth}","code":{code},"component":[{components}]}}}}"#
        )
    };
    let entries: Vec<String> = (0..ENTRIES).map(entry).collect();
    format!(r#"{{"resourceType":"Bundle","entry":[{}]}}"#, entries.join(","))
}

/// How long the page was being read, and the longest time that another task of the same runtime was kept from running.
fn reading(runtime: &Runtime, server: &Server) -> (Duration, Duration) {
    let target = Outbound::new().unwrap().target(TargetSettings::new("city-first", server.url("/fhir"))).unwrap();
    let client = Client::new(target, Arc::new(shipped("plain")));
    let done = Arc::new(AtomicBool::new(false));
    runtime.block_on(async move {
        let read = Arc::clone(&done);
        let ticking = tokio::spawn(async move {
            let mut longest = Duration::ZERO;
            loop {
                let before = Instant::now();
                sleep(Duration::from_millis(1)).await;
                longest = longest.max(before.elapsed());
                if read.load(Ordering::SeqCst) {
                    return longest;
                }
            }
        });
        let searching = tokio::spawn(async move {
            let (mut first, mut last) = (None, Instant::now());
            let mut take = |_: fhir::Entry<'_, rows::Observation<'_>>| {
                last = Instant::now();
                first.get_or_insert(last);
            };
            let limits = Limits::default();
            let deadline = Instant::now() + Duration::from_secs(60);
            let query = Query::new().with("patient", "p1");
            let report = client.search::<kinds::Observation>(&query, &limits, deadline, &mut take).await;
            done.store(true, Ordering::SeqCst);
            assert_eq!((report.entries, report.outcome), (ENTRIES, Outcome::Answered));
            last - first.unwrap()
        });
        let read = searching.await.unwrap();
        (read, ticking.await.unwrap())
    })
}

#[test]
fn a_long_page_keeps_no_other_task_waiting() {
    let hospital = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let page = page();
    let server = hospital.block_on(Server::start(move |_, _| answer(200, "", &page)));
    // The one thread that serves is the one that reads.
    let one = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (read, waited) = reading(&one, &server);
    eprintln!("read in {read:?}, others waited at most {waited:?}");
    assert!(waited * 3 < read, "read in {read:?}, others waited {waited:?}");
    // A runtime without threads to spare reads it as well, and everybody waits.
    let alone = Builder::new_current_thread().enable_all().build().unwrap();
    let (read, waited) = reading(&alone, &server);
    assert!(waited >= read, "read in {read:?}, others waited {waited:?}");
}
