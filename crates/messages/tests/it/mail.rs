//! E-mails that say that a message waits: to whom, what is in them, and what becomes of those that a server does not take.

use std::sync::Arc;

use access::SubjectId;
use messages::{AddressBook as _, Language, Mail, MailSettings, MailTls, Recipient, StaffContacts};
use sandbox::{Letter, MailConfig, MailProtection, RunningMail};
use sea_orm::ConnectionTrait as _;
use store::jobs::State;
use testbed::Database;

use super::office::{CANARY, Office, decoded, notices, person, secret};

const PASSWORD: &str = "mail-password-canary";
const MAIL: &str = "message-mail";

/// A server that asks for STARTTLS and for a sign-in, and what a portal says of it.
async fn server(database: &Database) -> (RunningMail, MailSettings) {
    let config = MailConfig {
        protection: MailProtection::StartTls,
        user: Some("portal".to_owned()),
        password: PASSWORD.to_owned(),
        ..MailConfig::default()
    };
    let server = RunningMail::start(&config).await.expect("a mail server");
    let settings = MailSettings {
        host: "localhost".to_owned(),
        port: server.address.port(),
        tls: MailTls::StartTls,
        ca_file: Some(secret(database, "mail-ca.pem", &server.ca_pem)),
        sign_in: Some(("portal".to_owned(), secret(database, "mail-password", PASSWORD))),
        from: "portal@region.example".parse().expect("an address"),
        hello: Some("portal.example".to_owned()),
    };
    (server, settings)
}

fn run(office: &mut Office, settings: &MailSettings) {
    let mail = Mail::new(settings.clone(), notices()).expect("settings");
    let contacts = Arc::new(office.contacts.clone());
    office.run(contacts, vec![Arc::new(mail)]);
}

/// One who reviews, by their directory.
async fn reviewer(office: &Office) {
    office.sign_in("reviewer", &["security-administrator"], Some("reviewer@region.example"), Some(Language::Zh)).await;
}

fn header<'l>(letter: &'l Letter, name: &str) -> &'l str {
    let line = letter.text.lines().find(|line| line.starts_with(name));
    line.unwrap_or_else(|| panic!("no {name}: {}", letter.text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_glass_is_mailed_to_each_reviewer_once_and_no_mail_says_what_it_was() {
    for database in testbed::databases().await {
        let (server, settings) = server(&database).await;
        let mut office = Office::open(&database).await;
        reviewer(&office).await;
        office.sign_in("by-rule", &["clinician"], Some("by.rule@region.example"), Some(Language::En)).await;
        office.sign_in("unknown-tongue", &["security-administrator"], Some("both@region.example"), None).await;
        office.sign_in("without", &["security-administrator"], None, Some(Language::Zh)).await;
        office.sign_in("other", &["clinician"], Some("other@region.example"), Some(Language::Zh)).await;
        run(&mut office, &settings);
        office.break_the_glass().await;
        office.until(MAIL, 3, State::Done, None).await;
        // The patient's message and the reviewers' have been asked for, each once.
        office.until("message-announce", 2, State::Done, None).await;
        office.stop().await;

        let letters = server.letters();
        let mut to: Vec<&str> = letters.iter().flat_map(|letter| letter.to.iter().map(String::as_str)).collect();
        to.sort_unstable();
        assert_eq!(to, ["both@region.example", "by.rule@region.example", "reviewer@region.example"]);
        for letter in &letters {
            let read = decoded(&letter.text);
            for text in [&letter.text, &read] {
                assert!(!text.contains(CANARY) && !text.contains("septic"), "{text}");
            }
            assert!(letter.secure && letter.user.as_deref() == Some("portal"), "{letter:?}");
            assert_eq!((letter.to.len(), letter.from.as_str()), (1, "portal@region.example"));
            assert!(read.contains("https://portal.example/messages"), "{read}");
            assert_eq!(header(letter, "Auto-Submitted"), "Auto-Submitted: auto-generated");
            assert!(header(letter, "Message-ID").ends_with("@region.example>"), "{}", letter.text);
            // A line break in a subject makes no header.
            assert!(!letter.text.lines().any(|line| line.starts_with("Bcc")), "{}", letter.text);
        }
        let of = |to: &str| {
            let letter = letters.iter().find(|letter| letter.to[0] == to);
            decoded(&letter.unwrap_or_else(|| panic!("nothing to {to}")).text)
        };
        let (zh, en, both) = (of("reviewer@region.example"), of("by.rule@region.example"), of("both@region.example"));
        assert!(zh.contains("您在区域门户有一条新消息。") && !zh.contains("There is"), "{zh}");
        assert!(zh.contains("\n.\r\n完") || zh.contains("\n.\n完"), "a line that is a dot: {zh}");
        assert!(en.contains("There is a new message") && !en.contains("新消息"), "{en}");
        let (first, second) = (both.find("有一条新消息"), both.find("There is a new message"));
        assert!(first.zip(second).is_some_and(|(zh, en)| zh < en), "{both}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_and_its_messages_that_come_again_are_mailed_once() {
    for database in testbed::databases().await {
        let (server, settings) = server(&database).await;
        let mut office = Office::open(&database).await;
        reviewer(&office).await;
        let reviewers = office.told_again(3).await;
        run(&mut office, &settings);
        office.until(MAIL, 1, State::Done, None).await;
        office.until("message-announce", 2, State::Done, None).await;
        // As a process does that was killed after it had asked for the e-mails and before that was marked.
        office.announced_again(reviewers).await;
        office.until("message-announce", 3, State::Done, None).await;
        assert_eq!((office.jobs(MAIL).await.len(), server.letters().len()), (1, 1), "{:?}", database.kind);
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_is_tried_again_under_the_same_id() {
    for database in testbed::databases().await {
        let (server, settings) = server(&database).await;
        let mut office = Office::open(&database).await;
        reviewer(&office).await;
        server.answer("RCPT", "451 4.7.1 greylisted");
        server.answer(".", "452 4.3.1 no room");
        server.answer("AUTH", "454 4.7.0 not now");
        run(&mut office, &settings);
        office.break_the_glass().await;
        // Each refusal once, and then it is taken.
        let done = office.until_done(MAIL, "mail-later").await;
        let letters = server.letters();
        assert_eq!((letters.len(), server.connections()), (1, 4), "{:?}", database.kind);
        assert!(header(&letters[0], "Message-ID").contains(&done[0].key), "{} {}", letters[0].text, done[0].key);
        // Kept by the server, and the connection ends before it says so: that e-mail comes twice, and is known for one.
        server.answer(".", "-");
        office.break_the_glass().await;
        let waits = office.until(MAIL, 1, State::Waiting, Some("mail-unreachable")).await;
        office.again(&waits[0]).await;
        office.until(MAIL, 2, State::Done, None).await;
        let letters = server.letters();
        assert_eq!(letters.len(), 3, "{:?}", database.kind);
        assert_eq!(header(&letters[1], "Message-ID"), header(&letters[2], "Message-ID"));
        assert_ne!(header(&letters[0], "Message-ID"), header(&letters[2], "Message-ID"));
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_gets_it_when_it_is_back() {
    let database = Database::sqlite().await.expect("a database");
    let (server, settings) = server(&database).await;
    let address = server.address;
    server.stop().await;
    let mut office = Office::open(&database).await;
    reviewer(&office).await;
    run(&mut office, &settings);
    office.break_the_glass().await;
    let waits = office.until(MAIL, 1, State::Waiting, Some("mail-unreachable")).await;
    let (user, password) = (Some("portal".to_owned()), PASSWORD.to_owned());
    let plain = MailConfig { listen: address, protection: MailProtection::None, user, password };
    // In its place one that takes both in the clear and does not offer STARTTLS: it is told neither password nor e-mail.
    let stripped = RunningMail::start(&plain).await.expect("a mail server");
    office.again(&waits[0]).await;
    let waits = office.until(MAIL, 1, State::Waiting, Some("mail-settings")).await;
    assert!(stripped.connections() == 1 && stripped.letters().is_empty());
    stripped.stop().await;
    // Or another that offers it under an authority that nobody has named.
    let config = MailConfig { listen: address, protection: MailProtection::StartTls, ..MailConfig::default() };
    let foreign = RunningMail::start(&config).await.expect("a mail server");
    office.again(&waits[0]).await;
    let waits = office.until(MAIL, 1, State::Waiting, Some("mail-tls")).await;
    assert!(foreign.letters().is_empty());
    office.stop().await;
    // With its authority named it is the server.
    let settings =
        MailSettings { ca_file: Some(secret(&database, "other-ca.pem", &foreign.ca_pem)), sign_in: None, ..settings };
    run(&mut office, &settings);
    office.again(&waits[0]).await;
    office.until(MAIL, 1, State::Done, None).await;
    assert_eq!(foreign.letters().len(), 1);
    office.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_given_up_and_shown_and_others_get_theirs() {
    for database in testbed::databases().await {
        let (server, settings) = server(&database).await;
        let mut office = Office::open(&database).await;
        reviewer(&office).await;
        office.sign_in("by-rule", &[], Some("by.rule@region.example"), Some(Language::En)).await;
        server.answer("RCPT", "550 5.1.1 nobody of this name: reviewer@region.example");
        run(&mut office, &settings);
        office.break_the_glass().await;
        let failed = office.until(MAIL, 1, State::Failed, Some("mail-refused")).await;
        office.until(MAIL, 1, State::Done, None).await;
        assert_eq!(server.letters().len(), 1, "{:?}", database.kind);
        // Once somebody has seen to it and says so, it is tried again; what was sent is not.
        office.again(&failed[0]).await;
        office.until(MAIL, 2, State::Done, None).await;
        assert_eq!(server.letters().len(), 2, "{:?}", database.kind);

        std::fs::write(database.folder().join("mail-password"), "another\n").expect("written");
        office.break_the_glass().await;
        let failed = office.until(MAIL, 2, State::Failed, Some("mail-sign-in")).await;
        // The file is read for each e-mail.
        std::fs::write(database.folder().join("mail-password"), PASSWORD).expect("written");
        for job in &failed {
            office.again(job).await;
        }
        office.until(MAIL, 4, State::Done, None).await;
        assert_eq!(server.letters().len(), 4, "{:?}", database.kind);
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_address_any_more_is_passed_over() {
    for database in testbed::databases().await {
        let (server, settings) = server(&database).await;
        let mut office = Office::open(&database).await;
        reviewer(&office).await;
        server.answer("RCPT", "451 4.7.1 later");
        run(&mut office, &settings);
        office.break_the_glass().await;
        let waits = office.until(MAIL, 1, State::Waiting, Some("mail-later")).await;
        // They sign in again, and their directory knows no address.
        office.sign_in("reviewer", &["security-administrator"], None, None).await;
        office.again(&waits[0]).await;
        office.until(MAIL, 1, State::Done, None).await;
        assert!(server.letters().is_empty());
        // Nobody at all is reached: nothing fails.
        office.break_the_glass().await;
        office.until("message-announce", 4, State::Done, None).await;
        assert_eq!(office.jobs(MAIL).await.len(), 1, "{:?}", database.kind);
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_sealed_where_they_stand_and_forgotten_after_a_year() {
    for database in testbed::databases().await {
        let office = Office::open(&database).await;
        reviewer(&office).await;
        office.sign_in("by-rule", &[], Some("by.rule@region.example"), Some(Language::En)).await;
        let db = database.connect().await.expect("a connection");
        #[expect(clippy::disallowed_methods, reason = "what somebody with the database sees")]
        let rows = db
            .query_all_raw(sea_orm::Statement::from_string(
                db.get_database_backend(),
                "SELECT subject || groups || sealed AS whole FROM staff_contact",
            ))
            .await
            .expect("rows");
        assert_eq!(rows.len(), 2);
        for row in rows {
            let whole: String = row.try_get("", "whole").expect("text");
            assert!(!whole.contains("region.example"), "{whole}");
        }
        // Sealed anew, it is the same.
        let sealed = StaffContacts::sealed(office.store.clone());
        let done = office.envelope.reencrypt(&sealed, false, |_| {}).await.expect("sealed anew");
        assert!(done.done == 2 && done.unreadable.is_empty(), "{done:?}");
        let reviewers = Recipient::Staff(SubjectId::group("security-administrator"));
        assert_eq!(office.contacts.reached(&reviewers).await.expect("read").len(), 2);
        // Somebody with the database gives one the other's seal: who can't be read is nobody, and the other stays.
        let swap = "UPDATE staff_contact SET sealed = (SELECT o.sealed FROM staff_contact o WHERE o.subject LIKE \
                    '%by-rule') WHERE subject LIKE '%/reviewer'";
        #[expect(clippy::disallowed_methods, reason = "what somebody with the database could do")]
        db.execute_unprepared(swap).await.expect("changed");
        let reached = office.contacts.reached(&reviewers).await.expect("read");
        assert_eq!(reached.len(), 1, "{:?}", database.kind);
        assert_eq!(reached[0].0, Recipient::Staff(person("by-rule")));
        let year = jiff::SignedDuration::from_hours(24 * 366);
        let now = jiff::Timestamp::now();
        assert_eq!(StaffContacts::sweep(&office.store, now).await.expect("swept"), 0);
        let late = now + year + jiff::SignedDuration::from_secs(5);
        assert_eq!(StaffContacts::sweep(&office.store, late).await.expect("swept"), 2);
    }
}

#[tokio::test]
async fn settings_that_can_not_be_used_are_named() {
    let database = Database::sqlite().await.expect("a database");
    let (_server, settings) = server(&database).await;
    let with = |file: &str| MailSettings { ca_file: Some(database.folder().join(file)), ..settings.clone() };
    secret(&database, "empty.pem", "nothing");
    for file in ["missing.pem", "empty.pem"] {
        let error = Mail::new(with(file), notices()).err().map(|error| error.to_string());
        assert!(error.as_ref().is_some_and(|error| error.contains(file)), "{error:?}");
    }
    assert!(!format!("{settings:?}").contains("region.example"));
}
