//! A root key that a transit service keeps, over the wire.

use std::time::{Duration, Instant};

use envelope::{Rewrap, RootError, TransitRoot, TransitSettings};
use outbound::Outbound;
use sandbox::{RunningTransit, TransitConfig, TransitMode};

use super::*;

struct Wire {
    service: RunningTransit,
    folder: tempfile::TempDir,
}

impl Wire {
    async fn new() -> Self {
        let config = TransitConfig { token: "right-token".to_owned(), ..TransitConfig::default() };
        let service = RunningTransit::start(&config, 7).await.expect("the service");
        let wire = Self { service, folder: tempfile::tempdir().expect("a folder") };
        wire.token("right-token");
        wire
    }

    fn token(&self, token: &str) {
        std::fs::write(self.folder.path().join("token"), format!("{token}\n")).expect("written");
    }

    fn root(&self, key: &str) -> Arc<dyn RootKeys> {
        let settings = TransitSettings {
            url: self.service.url.parse().expect("a URL"),
            mount: "transit".to_owned(),
            key: key.to_owned(),
            token_file: self.folder.path().join("token"),
            ca_file: None,
        };
        Arc::new(TransitRoot::new(&Outbound::new().expect("outbound"), settings).expect("a root"))
    }

    fn roots(&self) -> Roots {
        Roots::default().with(KeyDomain::Staff, self.root("portal-staff"))
    }
}

/// The error within two seconds, on one line, without the token.
async fn refused(envelope: Envelope) -> EnvelopeError {
    let begun = Instant::now();
    let error = envelope.verify().await.expect_err("refused");
    assert!(begun.elapsed() < Duration::from_secs(2), "after {:?}", begun.elapsed());
    let told = format!("{error} {error:?}");
    assert!(!error.to_string().contains('\n') && !told.contains("right-token"), "{told}");
    assert!(told.contains("portal-staff"), "{told}");
    error
}

#[tokio::test]
async fn keys_of_the_service_seal_and_open_and_it_is_asked_once() {
    let (wire, database) = (Wire::new().await, Database::sqlite().await.expect("a database"));
    let store = open(&database).await;
    let sealing = envelope(&store, wire.roots());
    sealing.verify().await.expect("there");
    let sealed = sealing.seal(&place(1), b"secret").await.expect("sealed");
    let reader = envelope(&store, wire.roots());
    let before = wire.service.requests();
    for _ in 0..5 {
        assert_eq!(&**reader.open(&place(1), &sealed).await.expect("opened"), b"secret");
    }
    assert_eq!(wire.service.requests(), before + 1, "one key is unwrapped once");
    // What is open stays open while the service is away; who starts then does not come up.
    wire.service.set_mode(TransitMode::Down);
    reader.open(&place(1), &sealed).await.expect("opened");
    let fresh = envelope(&store, wire.roots()).open(&place(1), &sealed).await.expect_err("away");
    assert!(fresh.is_outage(), "{fresh:?}");
}

#[tokio::test]
async fn a_service_that_does_not_do_its_work_is_refused_in_time() {
    let (wire, database) = (Wire::new().await, Database::sqlite().await.expect("a database"));
    let store = open(&database).await;
    // With and without a key that it has wrapped.
    for sealed in [false, true] {
        if sealed {
            envelope(&store, wire.roots()).prepare(&[(KeyDomain::Staff, SEGMENT)]).await.expect("a key");
        }
        for mode in [TransitMode::Down, TransitMode::Silent, TransitMode::Sealed, TransitMode::Garbled] {
            wire.service.set_mode(mode);
            let error = refused(envelope(&store, wire.roots())).await;
            assert_eq!(error.is_outage(), mode != TransitMode::Garbled, "{mode:?}: {error:?}");
        }
        wire.service.set_mode(TransitMode::Ok);
        wire.token("wrong-token");
        let error = refused(envelope(&store, wire.roots())).await;
        assert!(error.to_string().contains("token") && !error.to_string().contains("wrong-token"), "{error}");
        std::fs::remove_file(wire.folder.path().join("token")).expect("removed");
        let error = refused(envelope(&store, wire.roots())).await;
        assert!(matches!(error, EnvelopeError::Root { error: RootError::Refused(_), .. }), "{error:?}");
        // Whoever renews the token writes the file: nothing is started anew.
        wire.token("right-token");
        envelope(&store, wire.roots()).verify().await.expect("there again");
    }
    let unknown = Roots::default().with(KeyDomain::Staff, wire.root("portal-staff-2"));
    assert!(envelope(&store, unknown).verify().await.is_err(), "a key that the service does not have");
}

#[tokio::test]
async fn keys_move_from_a_file_to_the_service_and_back_and_follow_its_rotation() {
    for database in testbed::databases().await {
        let wire = Wire::new().await;
        let secrets = Secrets::new(&database).await;
        secrets.fill(&envelope(&secrets.store, files(&[1])), 2).await;
        let staff = || file(KeyDomain::Staff, 1);
        let into = || wire.roots().with(KeyDomain::Staff, staff());
        assert_eq!(envelope(&secrets.store, into()).rewrap(Rewrap::Foreign, false, |_| {}).await.expect("moved"), 1);
        secrets.read(&envelope(&secrets.store, wire.roots())).await;
        // The service rotates its key: its name stays, so that all are asked for.
        let target = Outbound::new()
            .expect("outbound")
            .target(outbound::TargetSettings::new("rotate", wire.service.url.parse().expect("a URL")));
        let rotate = wire.service.url.parse::<url::Url>().expect("a URL").join("v1/transit/keys/portal-staff/rotate");
        let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
        let headers = [("X-Vault-Token", "right-token")];
        let body = bytes::Bytes::from_static(b"{}");
        let answer = target.expect("a target").post_json(&rotate.expect("a URL"), &headers, body, deadline).await;
        assert_eq!(answer.expect("an answer").status, 200);
        assert_eq!(wrapped(&secrets.store).await, ["vault:v1:"]);
        let after = envelope(&secrets.store, wire.roots());
        assert_eq!(after.rewrap(Rewrap::Foreign, false, |_| {}).await.expect("looked"), 0);
        assert_eq!(after.rewrap(Rewrap::All, false, |_| {}).await.expect("wrapped anew"), 1);
        assert_eq!(wrapped(&secrets.store).await, ["vault:v2:"]);
        secrets.read(&envelope(&secrets.store, wire.roots())).await;
        let back = Roots::default().with(KeyDomain::Staff, staff()).with(KeyDomain::Staff, wire.root("portal-staff"));
        assert_eq!(envelope(&secrets.store, back).rewrap(Rewrap::Foreign, false, |_| {}).await.expect("back"), 1);
        wire.service.set_mode(TransitMode::Down);
        secrets.read(&envelope(&secrets.store, files(&[1]))).await;
    }
}

#[tokio::test]
async fn what_the_service_garbles_never_takes_the_place_of_a_good_key() {
    let (wire, database) = (Wire::new().await, Database::sqlite().await.expect("a database"));
    let secrets = Secrets::new(&database).await;
    secrets.fill(&envelope(&secrets.store, files(&[1])), 2).await;
    wire.service.set_mode(TransitMode::Garbled);
    let into = wire.roots().with(KeyDomain::Staff, file(KeyDomain::Staff, 1));
    assert!(envelope(&secrets.store, into).rewrap(Rewrap::Foreign, false, |_| {}).await.is_err());
    secrets.read(&envelope(&secrets.store, files(&[1]))).await;
}

/// The beginnings of all wrapped keys.
async fn wrapped(store: &Store) -> Vec<String> {
    let all = Query::select().column(name("wrapped")).from(name("envelope_kek")).to_owned();
    let rows = store.reader().query_all(&all).await.expect("rows");
    let begins = |row: sea_orm::QueryResult| row.try_get::<String>("", "wrapped").expect("a text")[..9].to_owned();
    rows.into_iter().map(begins).collect()
}
