//! Staff are told by e-mail and text message that a message waits: from an emergency to the mail server and the gateway.

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sandbox::{MailConfig, MailProtection, RunningMail, RunningSms, SmsConfig};
use testbed::{Database, Region, TestPortal};
use toml::{Table, Value};

/// In the reason in words: nobody is told this.
const CANARY: &str = "ZqCanary, unconscious";
const PASSWORD: &str = "mail-password-canary";

async fn server() -> Result<RunningMail> {
    let config = MailConfig {
        protection: MailProtection::StartTls,
        user: Some("portal".to_owned()),
        password: PASSWORD.to_owned(),
        ..MailConfig::default()
    };
    Ok(RunningMail::start(&config).await?)
}

fn file(database: &Database, name: &str, text: &str) -> Result<Value> {
    let file = database.folder().join(name);
    fs::write(&file, format!("{text}\n"))?;
    Ok(Value::String(file.display().to_string()))
}

/// A portal that tells its staff; who says who holds roles reviews emergencies too.
async fn portal(database: &Database, region: &Region, mail: &RunningMail, sms: &RunningSms) -> Result<TestPortal> {
    let mut section = Table::new();
    for (key, value) in [
        ("host", Value::String("localhost".to_owned())),
        ("port", Value::Integer(mail.address.port().into())),
        ("tls", Value::String("starttls".to_owned())),
        ("username", Value::String("portal".to_owned())),
        ("password_file", file(database, "mail-password", PASSWORD)?),
        ("ca_file", file(database, "mail-ca.pem", &mail.ca_pem)?),
        ("from", Value::String("portal@region.example".to_owned())),
    ] {
        section.insert(key.to_owned(), value);
    }
    let mut gateway = Table::new();
    gateway.insert("url".to_owned(), Value::String(sms.url.clone()));
    gateway.insert("token_file".to_owned(), file(database, "sms-token", "right")?);
    let portal = TestPortal::internal_with(database, region, |table| {
        table["record"]["treatment_relation"] = "required".into();
        table.insert("mail".to_owned(), Value::Table(section));
        table.insert("sms".to_owned(), Value::Table(gateway));
        let directory = table["directory"][0].as_table_mut().expect("a directory");
        let attributes = [("mail", "mail"), ("mobile", "mobile")];
        let attributes = attributes.map(|(key, name)| (key.to_owned(), Value::String(name.to_owned())));
        directory.insert("attributes".to_owned(), Value::Table(attributes.into_iter().collect()));
        let role = [("group", "cn=security-admins,ou=groups,dc=region,dc=example"), ("role", "security-administrator")];
        let role = role.map(|(key, text)| (key.to_owned(), Value::String(text.to_owned()))).into_iter().collect();
        directory["role"].as_array_mut().expect("roles").push(Value::Table(role));
    });
    portal.await
}

async fn break_the_glass(portal: &TestPortal, region: &Region) -> Result<()> {
    let mut clinician = portal.clinician("li.wei").await?;
    let id = super::find(&mut clinician, &region.shown_patient().resident_id).await?;
    let password = region.staff.iter().find(|one| one.username == "li.wei").map(|one| one.password.as_str());
    let broken = serde_json::json!({ "grounds": "emergency", "reason": CANARY, "password": password });
    let path = format!("/api/v1/patients/{id}/break-glass");
    let answer = clinician.json("POST".parse()?, &path, Some(&broken)).await?;
    ensure!(matches!(answer.status, 200 | 201), "{} {}", answer.status, answer.body);
    Ok(())
}

async fn arrived(what: &str, portal: &TestPortal, is_there: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !is_there() {
        ensure!(begun.elapsed() < Duration::from_secs(20), "{what} never came\n{}", portal.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Body and encoded words of an e-mail whose body came as base64, as Chinese does.
fn decoded(text: &str) -> Result<String> {
    let (head, body) = text.split_once("\r\n\r\n").context("a header")?;
    ensure!(head.to_lowercase().contains("content-transfer-encoding: base64"), "{head}");
    let body = STANDARD.decode(body.split_whitespace().collect::<String>())?;
    let mut whole = format!("{head}\n{}", String::from_utf8(body)?);
    for word in head.split("=?utf-8?b?").skip(1) {
        let packed = word.split("?=").next().unwrap_or_default();
        whole.push_str(&String::from_utf8_lossy(&STANDARD.decode(packed)?));
    }
    Ok(whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reviews_emergencies_is_told_by_mail_and_text_and_neither_says_of_what() -> Result<()> {
    let region = testbed::region().await;
    let shown = region.shown_patient();
    for database in testbed::databases().await {
        let (mail, sms) = (server().await?, RunningSms::start(&gateway()).await?);
        let portal = portal(&database, region, &mail, &sms).await?;
        // Who reviews has signed in once; who administers is told nothing.
        portal.clinician("shen.an").await?;
        portal.clinician("admin").await?;
        break_the_glass(&portal, region).await?;
        arrived("an e-mail", &portal, || !mail.letters().is_empty()).await?;
        arrived("a text message", &portal, || !sms.texts().is_empty()).await?;

        let letters = mail.letters();
        assert_eq!((letters.len(), letters[0].to.clone()), (1, vec!["shen.an@region.example".to_owned()]));
        assert!(letters[0].secure && letters[0].user.as_deref() == Some("portal"), "{letters:?}");
        let read = decoded(&letters[0].text)?;
        let link = format!("{}/messages", portal.url());
        assert!(read.contains("您在区域健康信息平台有一条新消息。") && read.contains(&link), "{read}");
        let texts = sms.texts();
        assert!(texts.len() == 1 && texts[0].text.contains(&link), "{texts:?}");
        let hospitals = region.hospitals.iter().flat_map(|one| [one.id.as_str(), &one.name.0, &one.name.1]);
        let who = ["ZqCanary", "unconscious", "li.wei", "李伟", &shown.name, &shown.resident_id, "emergency", "急诊"];
        for canary in who.into_iter().chain(hospitals) {
            for text in [&letters[0].text, &read, &texts[0].text] {
                assert!(!text.contains(canary), "{canary}: {text}");
            }
        }
        // Nor does the log hold where anybody is reached, or what opens the mail server.
        for secret in ["shen.an@", PASSWORD, &texts[0].to] {
            assert!(!portal.log().contains(secret), "{secret}: {}", portal.log());
        }
        let mut reviewer = portal.clinician("shen.an").await?;
        let told = reviewer.get("/messages").await?;
        assert!(told.body.contains("<article"), "what the e-mail speaks of: {}", told.body);
    }
    Ok(())
}

fn gateway() -> SmsConfig {
    SmsConfig { token: "right".to_owned(), ..SmsConfig::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_email_that_is_refused_is_seen_by_administrators_and_tried_again_by_them() -> Result<()> {
    let region = testbed::region().await;
    let database = Database::sqlite().await?;
    let (mail, sms) = (server().await?, RunningSms::start(&gateway()).await?);
    let portal = portal(&database, region, &mail, &sms).await?;
    portal.clinician("shen.an").await?;
    mail.answer("RCPT", "550 5.1.1 nobody of this name: shen.an@region.example");
    break_the_glass(&portal, region).await?;
    let mut admin = portal.clinician("admin").await?;
    let begun = Instant::now();
    let id = loop {
        let jobs = admin.get("/api/v1/jobs?kind=message-mail&state=failed").await?.json();
        if let Some(id) = jobs["items"][0]["id"].as_str() {
            break id.to_owned();
        }
        ensure!(begun.elapsed() < Duration::from_secs(20), "nothing failed: {jobs}\n{}", portal.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let page = format!("/admin/jobs/{id}");
    let shown = admin.get(&format!("{page}?lang=en")).await?;
    assert!(shown.body.contains("The mail server refused the e-mail for good"), "{}", shown.body);
    let shown = admin.get("/admin/jobs?kind=message-mail&lang=zh-CN").await?;
    assert!(shown.body.contains("发送电子邮件") && shown.body.contains("邮件服务器永久拒收该邮件"), "{}", shown.body);
    assert!(!shown.body.contains("shen.an@") && mail.letters().is_empty());
    assert_eq!(admin.post_form(&page, &[("do", "retry")]).await?.status, 303);
    arrived("the e-mail", &portal, || mail.letters().len() == 1).await
}
