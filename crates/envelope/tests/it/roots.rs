//! Root keys: the right one, the wrong one, none.

use super::*;

#[tokio::test]
async fn a_wrong_root_key_is_named_with_its_cure() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let right = envelope(&store, files(&[1]));
        assert_eq!(right.verify().await.expect("nothing sealed yet").keys, 0);
        let sealed = right.seal(&place(1), b"secret").await.expect("sealed");
        assert_eq!(envelope(&store, files(&[1])).verify().await.expect("the right one").keys, 1);
        let wrong = envelope(&store, files(&[2]));
        let error = wrong.verify().await.expect_err("another file");
        assert!(matches!(error, EnvelopeError::WrongRoot { domain: KeyDomain::Staff, .. }), "{error:?}");
        let told = error.to_string();
        assert!(told.contains("staff_file (/keys/staff-2)") && told.contains("put that key back"), "{told}");
        assert!(!told.contains('\n'), "{told}");
        for refused in [wrong.open(&place(1), &sealed).await.map(drop), wrong.seal(&place(2), b"x").await.map(drop)] {
            assert!(matches!(refused, Err(EnvelopeError::WrongRoot { .. })), "{refused:?}");
        }
        // The right one may still open beside it.
        let both = envelope(&store, files(&[2, 1]));
        both.verify().await.expect("both");
        both.open(&place(1), &sealed).await.expect("opened");
    }
}

#[tokio::test]
async fn who_has_no_root_key_of_a_domain_seals_and_opens_nothing_of_it() {
    let database = Database::sqlite().await.expect("a database");
    let store = open(&database).await;
    let inside = envelope(&store, files(&[1]));
    let sealed = inside.seal(&place(1), b"secret").await.expect("sealed");
    let outside = envelope(&store, Roots::default().with(KeyDomain::Patient, file(KeyDomain::Patient, 1)));
    outside.verify().await.expect("staff's keys are nothing to it");
    for refused in [outside.open(&place(1), &sealed).await.map(drop), outside.seal(&place(2), b"x").await.map(drop)] {
        assert!(matches!(refused, Err(EnvelopeError::NoRoot(KeyDomain::Staff))), "{refused:?}");
    }
}

#[tokio::test]
async fn one_file_serves_two_domains_with_two_keys() {
    let database = Database::sqlite().await.expect("a database");
    let store = open(&database).await;
    let (staff, patient) = (file(KeyDomain::Staff, 1), file(KeyDomain::Patient, 1));
    assert_ne!(staff.id(), patient.id());
    envelope(&store, files(&[1])).seal(&place(1), b"secret").await.expect("sealed");
    let mistaken = envelope(&store, Roots::default().with(KeyDomain::Staff, patient));
    assert!(matches!(mistaken.verify().await, Err(EnvelopeError::WrongRoot { .. })));
}

#[tokio::test]
async fn keys_that_were_changed_in_the_database_are_noticed() {
    for (what, statement) in [
        (
            "swapped",
            "UPDATE envelope_kek SET wrapped = (SELECT o.wrapped FROM envelope_kek o WHERE o.id <> envelope_kek.id)",
        ),
        ("another version", "UPDATE envelope_kek SET version = version + 7"),
        ("another kind", "UPDATE envelope_kek SET segment = segment || 'x'"),
        ("check value", "UPDATE envelope_kek SET check_value = '0000000000000000'"),
        ("no text", "UPDATE envelope_kek SET wrapped = 'x'"),
    ] {
        let database = Database::sqlite().await.expect("a database");
        let store = open(&database).await;
        let before = envelope(&store, files(&[1]));
        before.prepare(&[(KeyDomain::Staff, "a"), (KeyDomain::Staff, "b")]).await.expect("two keys");
        envelope(&store, files(&[1])).verify().await.expect("whole");
        sql(&database, statement).await;
        let error = envelope(&store, files(&[1])).verify().await.expect_err(what);
        assert!(matches!(error, EnvelopeError::Root { .. } | EnvelopeError::CheckValue { .. }), "{what}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_who_seal_first_make_one_key() {
    for database in testbed::databases().await {
        let store = open(&database).await;
        let sealing = (0..8).map(|row| {
            let envelope = envelope(&store, files(&[1]));
            tokio::spawn(async move { envelope.seal(&place(row), b"secret").await })
        });
        let sealed = futures_util::future::join_all(sealing).await;
        let reader = envelope(&store, files(&[1]));
        for (row, sealed) in sealed.into_iter().enumerate() {
            let sealed = sealed.expect("no panic").expect("sealed");
            reader.open(&place(row), &sealed).await.expect("opened");
        }
        assert_eq!(reader.verify().await.expect("good").keys, 1, "{:?}", database.kind);
    }
}
