//! Made-up bytes for whatever reads what hospitals send: stored cases first, then cases made of them.
//!
//! An ordinary run makes a few hundred; `FUZZ_SECONDS` makes as many as fit, for each target. Where one fails, the bytes are
//! in the message: kept as a file in `tests/corpus`, they are tried ever after. `FUZZ_SEED` repeats a run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ehr::labs::{LabRows, RowSource, merge};
use ehr::{ClinicalTime, Decimal, Precision};
use fhir::{bundle, kinds};
use serde_json::Value;
use sources::LocalCodes;
use url::Url;

/// Cases of an ordinary run.
const USUAL: u32 = 400;
/// Longest case, in bytes.
const LONGEST: usize = 64 << 10;
/// No case may take longer, in the test build on a busy machine.
const SLOW: Duration = Duration::from_secs(5);
/// What mutations put in.
const WORDS: [&str; 28] = [
    "null",
    "true",
    "{}",
    "[]",
    "[",
    "}",
    "\"",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "é",
    "-0",
    "1e999",
    "-1e-999",
    "NaN",
    "99999999999999999999",
    "0.00000000000001",
    "2021",
    "2021-02-30",
    "T24:00:00Z",
    "+14:00",
    "-00:00",
    "\"resourceType\":",
    "\"valueQuantity\":",
    "\"comparator\":\"<\"",
    "https://",
    "//",
    "@",
];

/// Two readers of one thing that has to be whole, or nothing.
fn run(target: &str, judge: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).expect("corpus").map(|file| file.expect("file").path()).collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).expect("case")).collect();
    assert!(corpus.len() > 2, "{}", folder.display());
    for case in &corpus {
        attempt(target, case, judge);
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("clock").as_nanos();
    let seed = number("FUZZ_SEED").unwrap_or(now as u64);
    let until = Instant::now() + Duration::from_secs(number("FUZZ_SECONDS").unwrap_or(0));
    eprintln!("{target}: FUZZ_SEED={seed}");
    let mut dice = Dice(seed);
    let mut tried = 0_u32;
    while tried < USUAL || Instant::now() < until {
        let case = mutated(&corpus, &mut dice);
        attempt(target, &case, judge);
        tried += 1;
    }
    eprintln!("{target}: {} stored and {tried} made-up cases", corpus.len());
}

fn attempt(target: &str, case: &[u8], judge: fn(&[u8])) {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| judge(case)));
    assert!(outcome.is_ok(), "{target} fails on: {}", case.escape_ascii());
    assert!(begun.elapsed() < SLOW, "{target} took {:?} for: {}", begun.elapsed(), case.escape_ascii());
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }
}

/// A stored case, changed in one to six places.
fn mutated(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut case = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(6) {
        let at = dice.below(case.len() + 1);
        let end = (at + dice.below(12)).min(case.len());
        match dice.below(6) {
            0 if at < case.len() => case[at] ^= 1 << dice.below(8),
            1 => drop(case.drain(at..end)),
            2 => {
                let piece = case[at..end].to_vec();
                let to = dice.below(case.len() + 1);
                let again = 1 + dice.below(3) * dice.below(30);
                drop(case.splice(to..to, piece.repeat(again)));
            }
            3 => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len() + 1);
                let piece = other[from..(from + dice.below(200)).min(other.len())].to_vec();
                drop(case.splice(at..end, piece));
            }
            _ => drop(case.splice(at..end, WORDS[dice.below(WORDS.len())].bytes())),
        }
        case.truncate(LONGEST);
    }
    case
}

fn rows(order: usize, body: &[u8]) -> (LabRows, bundle::Page) {
    let retrieved_at = "2026-11-21T12:00:00Z".parse().expect("instant");
    let source = RowSource { id: format!("h{order}"), order, retrieved_at };
    let mut rows = LabRows::new(source, LocalCodes::default());
    let page = bundle::read_page::<kinds::Observation>(body, u32::MAX, &mut |entry: fhir::Entry<
        '_,
        fhir::rows::Observation<'_>,
    >| {
        rows.add(&entry.row);
    });
    (rows, page)
}

/// A page is read as serde_json reads it, where that can; it merges with itself at another hospital without loss, in
/// whatever order.
fn judge_results(body: &[u8]) {
    let (first, page) = rows(0, body);
    if let Ok(whole) = serde_json::from_slice::<Value>(body) {
        let is_bundle = whole["resourceType"] == "Bundle";
        let unread = matches!(page.fault, Some(fhir::Cause::Garbage | fhir::Cause::Truncated));
        // Of a name that is given twice, the two take different ones.
        assert!(!is_bundle || !unread || names_twice(body), "{:?}", page.fault);
        if is_bundle && !names_twice(body) {
            let entries = whole["entry"].as_array().map_or(0, Vec::len);
            assert!((page.entries + page.broken) as usize <= entries.max(1), "{page:?}");
            if let Some(total) = whole["total"].as_u64().and_then(|total| u32::try_from(total).ok()) {
                assert_eq!(page.total, Some(total));
            }
        }
    }
    let alone = merge(vec![rows(0, body).0]);
    let both = [merge(vec![first, rows(1, body).0]), merge(vec![rows(1, body).0, rows(0, body).0])];
    let [one, other] = both.each_ref().map(ehr::labs::MergedLabs::results);
    // NaN is not itself: compared as they are written.
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "the order of sources changes the view");
    assert_eq!(both[0].originals(), 2 * alone.originals(), "lost in the merge");
    assert!(both[0].len() >= alone.len(), "facts lost");
    assert!(one.iter().all(|result| !result.origins.is_empty()), "from nowhere");
}

/// Does any object give a name twice? (By text: too often yes, never wrongly no.)
fn names_twice(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    ["\"resourceType\"", "\"entry\"", "\"total\"", "\"link\""].iter().any(|name| {
        let most = if *name == "\"resourceType\"" { text.matches("\"resource\"").count() + 1 } else { 1 };
        text.matches(name).count() > most
    }) || text.contains("\\u")
}

/// What is a time keeps its text and says no more than it holds.
fn judge_time(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(time) = ClinicalTime::parse(&text) else { return };
    assert_eq!(time.as_str(), text.trim());
    assert_eq!(ClinicalTime::parse(time.as_str()).as_ref(), Some(&time));
    let digits = text.trim().split(['T', 't', ' ']).next().unwrap_or_default().split('-').count();
    match time.precision() {
        Precision::Year => assert_eq!(digits, 1, "{text}"),
        Precision::Month => assert_eq!(digits, 2, "{text}"),
        Precision::Day | Precision::Instant => assert_eq!(digits, 3, "{text}"),
    }
    assert_eq!(time.time_of_day().is_some(), time.precision() == Precision::Instant, "{text}");
    assert!(!time.date().is_empty());
}

/// Money is exact: what is written is read again as the same, and is the number that it says.
fn judge_money(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(money) = Decimal::parse(&text) else { return };
    assert_eq!(Decimal::parse(&money.to_string()), Some(money), "{text}");
    let (read, written) = (text.parse::<f64>(), money.to_string().parse::<f64>());
    let (read, written) = (read.expect("a number"), written.expect("a number"));
    assert!((read - written).abs() <= read.abs() * 1e-12 + 1e-12, "{text}: {read} {written}");
    assert_eq!(money.plus(Decimal::default()), Some(money));
}

/// Wherever a link leads by whatever spelling, it is the same server or it is not followed.
fn judge_next(bytes: &[u8]) {
    const BASE: &str = "https://fhir.example:8443/r4/";
    let base = Url::parse(BASE).expect("a URL");
    let settings = outbound::TargetSettings::new("h", base.clone());
    thread_local! {
        static TARGET: std::cell::OnceCell<outbound::Target> = const { std::cell::OnceCell::new() };
    }
    let text = String::from_utf8_lossy(bytes);
    let Ok(next) = base.join(&text) else { return };
    TARGET.with(|target| {
        let target =
            target.get_or_init(|| outbound::Outbound::new().and_then(|all| all.target(settings)).expect("target"));
        if target.is_same_origin(&next) {
            assert!(next.as_str().starts_with("https://fhir.example:8443/"), "{text}: {next}");
            assert_eq!(Url::parse(next.as_str()).as_ref(), Ok(&next), "{text}: not what it says");
        } else {
            assert!(!next.as_str().starts_with("https://fhir.example:8443/"), "{text}: {next} is its own");
        }
    });
}

#[test]
fn pages_of_results() {
    run("results", judge_results);
}

#[test]
fn times() {
    run("time", judge_time);
}

#[test]
fn money() {
    run("money", judge_money);
}

#[test]
fn links_to_the_next_page() {
    run("next", judge_next);
}
