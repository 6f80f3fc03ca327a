//! What was sealed opens where it belongs, and nowhere else; and nobody reads it in the database.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;

fn house() -> (Runtime, Database, Envelope) {
    let runtime = Runtime::new().expect("runtime");
    let (database, envelope) = runtime.block_on(async {
        let database = Database::sqlite().await.expect("a database");
        let store = open(&database).await;
        (database, envelope(&store, files(&[1])))
    });
    (runtime, database, envelope)
}

fn domains() -> impl Strategy<Value = KeyDomain> {
    prop::sample::select(KeyDomain::ALL.to_vec())
}

#[test]
fn any_secret_comes_back_and_no_changed_letter_passes() {
    let (runtime, _database, envelope) = house();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let any = (domains(), prop::sample::select(vec!["a", "b"]), ".{0,12}", prop::collection::vec(any::<u8>(), 0..90));
    let outcome = runner.run(&any, |(domain, segment, row, secret)| {
        let place = Place { domain, segment, row };
        let text = runtime.block_on(envelope.seal(&place, &secret)).expect("sealed").to_string();
        prop_assert!(text.is_ascii() && !text.contains(char::is_whitespace));
        let sealed: Sealed = text.parse().expect("what was written");
        let opened = runtime.block_on(envelope.open(&place, &sealed)).expect("opened");
        prop_assert_eq!(&*opened, &secret);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            // Refused as text, or as a seal.
            if let Ok(sealed) = changed.parse::<Sealed>() {
                prop_assert!(is_unreadable(&runtime.block_on(envelope.open(&place, &sealed))), "letter {at}");
            }
            if let Ok(short) = text[..at].parse::<Sealed>() {
                prop_assert!(is_unreadable(&runtime.block_on(envelope.open(&place, &short))), "{at} letters");
            }
        }
        Ok(())
    });
    outcome.expect("every secret");
}

#[tokio::test]
async fn a_secret_that_was_moved_opens_nowhere() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let envelope = envelope(&store, files(&[1]));
        let at = |domain, segment, row: &str| Place { domain, segment, row: row.to_owned() };
        let places = [
            at(KeyDomain::Staff, "a", "1"),
            at(KeyDomain::Staff, "a", "2"),
            at(KeyDomain::Staff, "b", "1"),
            at(KeyDomain::Patient, "a", "1"),
            at(KeyDomain::Region, "a", "1"),
            // The same letters, divided otherwise.
            at(KeyDomain::Staff, "a", ""),
            at(KeyDomain::Staff, "", "a"),
        ];
        let mut sealed = Vec::new();
        for place in &places {
            sealed.push(envelope.seal(place, b"secret").await.expect("sealed"));
        }
        for (own, sealed) in places.iter().zip(&sealed) {
            for place in &places {
                let outcome = envelope.open(place, sealed).await;
                assert_eq!(outcome.is_ok(), own == place, "{own:?} at {place:?}: {outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_version_of_the_key_does_not_open_it() {
    let database = Database::sqlite().await.expect("a database");
    let secrets = Secrets::new(&database).await;
    let envelope = envelope(&secrets.store, files(&[1]));
    secrets.fill(&envelope, 1).await;
    let old = secrets.read(&envelope).await.remove(0);
    let told = envelope.reencrypt(&secrets, false, |_| {}).await.expect("sealed anew");
    assert_eq!((told.version, told.done, told.resumed), (2, 1, false));
    let new = secrets.read(&envelope).await.remove(0);
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(&text[3..]).expect("base64url");
    let (old_bytes, new_bytes) = (bytes(&old), bytes(&new));
    // The id of the key stands in front: each with the other's.
    for (id, rest) in [(&old_bytes[..16], &new_bytes[16..]), (&new_bytes[..16], &old_bytes[16..])] {
        let mixed = format!("s1:{}", URL_SAFE_NO_PAD.encode([id, rest].concat()));
        let outcome = envelope.open(&place(1), &mixed.parse().expect("a text of the form")).await;
        assert!(is_unreadable(&outcome), "{outcome:?}");
    }
    let kept = envelope.open(&place(1), &old.parse().expect("sealed")).await.expect("older keys stay");
    assert_eq!(&**kept, b"secret 1");
}

const CANARY: &str = "canary-4711-of-the-staff";

/// Everything that is in the files of a SQLite database.
fn bytes(database: &Database) -> Vec<u8> {
    let file = database.file().expect("SQLite");
    let beside = ["", "-wal", "-journal"].map(|ending| format!("{}{ending}", file.display()));
    beside.iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect()
}

fn holds(database: &Database, text: &str) -> bool {
    let all = bytes(database);
    let forms = [text.as_bytes().to_vec(), URL_SAFE_NO_PAD.encode(text).into_bytes()];
    forms.iter().any(|form| all.windows(form.len()).any(|window| window == form))
}

#[tokio::test]
async fn the_secret_is_in_no_byte_of_the_database_and_in_no_error() {
    let database = Database::sqlite().await.expect("a database");
    let secrets = Secrets::new(&database).await;
    let envelope = envelope(&secrets.store, files(&[1]));
    let sealed = envelope.seal(&place(1), CANARY.as_bytes()).await.expect("sealed");
    secrets.put(1, sealed.to_string()).await;
    assert!(!holds(&database, CANARY));
    let root = URL_SAFE_NO_PAD.encode([1; 32]);
    assert!(!holds(&database, &root) && !holds(&database, &String::from_utf8_lossy(&[1; 32])), "the root key");
    let error = envelope.open(&place(2), &sealed).await.expect_err("elsewhere");
    let told = format!("{error} {error:?} {sealed:?} {envelope:?}");
    assert!(!told.contains(CANARY) && !told.contains(&sealed.to_string()), "{told}");
    // The test sees what is there.
    secrets.put(2, CANARY.to_owned()).await;
    assert!(holds(&database, CANARY));
}
