//! Text messages by a gateway over HTTP.

use std::{collections::HashMap, sync::Arc};

use access::PersonId;
use async_trait::async_trait;
use messages::{AddressBook, Contact, HttpGateway, HttpGatewaySettings, Language, MessageError, Recipient, Sms};
use outbound::Outbound;
use sandbox::{RunningSms, SmsConfig};
use store::jobs::State;
use testbed::Database;
use tokio::sync::Mutex;

use super::office::{CANARY, Office, notices, secret};

const SMS: &str = "message-sms";

/// An address book of patients, as one may come.
#[derive(Default)]
struct Phones(Mutex<HashMap<PersonId, (&'static str, Option<Language>)>>);

#[async_trait]
impl AddressBook for Phones {
    async fn reached(&self, recipient: &Recipient) -> Result<Vec<(Recipient, Contact)>, MessageError> {
        let Recipient::Person(person) = recipient else { return Ok(Vec::new()) };
        let known = self.0.lock().await.get(person).copied();
        let contact = |(phone, language): (&str, _)| Contact { phone: phone.parse().ok(), language, mail: None };
        Ok(known.map(|known| (recipient.clone(), contact(known))).into_iter().collect())
    }
}

fn gateway(database: &Database, server: &RunningSms, token: &str) -> HttpGateway {
    let settings = HttpGatewaySettings {
        url: server.url.parse().expect("a URL"),
        token_file: secret(database, "sms-token", token),
        ca_file: None,
    };
    HttpGateway::new(&Outbound::new().expect("TLS"), settings).expect("settings")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_phone_is_sent_one_text_that_says_nothing() {
    for database in testbed::databases().await {
        let server = RunningSms::start(&SmsConfig { token: "right".to_owned(), ..SmsConfig::default() }).await;
        let server = server.expect("a gateway");
        let mut office = Office::open(&database).await;
        let phones = Arc::new(Phones::default());
        let first = office.break_the_glass().await;
        let second = office.break_the_glass().await;
        office.break_the_glass().await;
        phones.0.lock().await.insert(first, ("+86 138 0013 8000", None));
        phones.0.lock().await.insert(second, ("13800138001", Some(Language::En)));
        // Of the two one is put off by a gateway that is busy.
        server.refuse(503);
        office.run(phones, vec![Arc::new(Sms::new(gateway(&database, &server, "right"), notices()))]);
        let later = office.until(SMS, 1, State::Waiting, Some("sms-later")).await;
        office.again(&later[0]).await;
        let done = office.until(SMS, 2, State::Done, None).await;
        office.until("message-announce", 6, State::Done, None).await;

        let mut texts = server.texts();
        texts.sort_by(|one, other| one.to.cmp(&other.to));
        assert_eq!((texts.len(), server.requests()), (2, 3), "{:?}", database.kind);
        let zh = "您在区域门户有一条新消息：https://portal.example/messages";
        let en = "There is a new message: https://portal.example/messages";
        assert_eq!((texts[0].to.as_str(), texts[0].text.clone()), ("+8613800138000", format!("{zh} {en}")));
        assert_eq!((texts[1].to.as_str(), texts[1].text.as_str()), ("13800138001", en));
        for text in &texts {
            assert!(!format!("{text:?}").contains(CANARY), "{text:?}");
            assert!(done.iter().any(|job| job.key == text.id), "the id is the delivery's own: {text:?}");
        }
        office.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_refuses_for_good_is_not_asked_again() {
    let database = Database::sqlite().await.expect("a database");
    let server = RunningSms::start(&SmsConfig { token: "right".to_owned(), ..SmsConfig::default() }).await;
    let server = server.expect("a gateway");
    let mut office = Office::open(&database).await;
    let phones = Arc::new(Phones::default());
    phones.0.lock().await.insert(office.break_the_glass().await, ("13800138000", Some(Language::Zh)));
    office.run(phones.clone(), vec![Arc::new(Sms::new(gateway(&database, &server, "wrong"), notices()))]);
    let failed = office.until(SMS, 1, State::Failed, Some("sms-sign-in")).await;
    secret(&database, "sms-token", "right");
    server.refuse(422);
    office.again(&failed[0]).await;
    let failed = office.until(SMS, 1, State::Failed, Some("sms-refused")).await;
    office.again(&failed[0]).await;
    office.until(SMS, 1, State::Done, None).await;
    assert_eq!((server.texts().len(), server.requests()), (1, 3));
    drop(server);
    phones.0.lock().await.insert(office.break_the_glass().await, ("13800138001", None));
    office.until(SMS, 1, State::Waiting, Some("sms-unreachable")).await;
    office.stop().await;
}
