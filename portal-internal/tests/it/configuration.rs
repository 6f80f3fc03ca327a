//! Wrong configurations: every mistake at once, with path and cure, and no start.

use std::process::Command;

use anyhow::Result;
use testbed::{Database, TestPortal};

const WRONG: &str = r#"
[server]
listen = "nowhere"
public_url = "http://portal.example"
colour = "blue"
[database]
url = "postgres://portal:secret-canary@db/portal"
[keys]
region_file = "missing.key"
[keys.transit]
url = "http://vault.example:8200"
token_file = "missing"
staff = "of/another"
colour = "blue"
[record]
treatment_relation = "sometimes"
[[directory]]
id = "region"
name = { zh = "区域", en = "Region" }
urls = ["ldap://127.0.0.1:389"]
base_dn = "dc=x"
bind_dn = "cn=p,dc=x"
bind_password_file = "missing"
user_filter = "(uid=*)"
attributes = { mail = "no attribute" }
[mail]
host = "smtp.example"
tls = "none"
port = 70000
username = "portal"
from = "Portal <secret-canary@region.example>\r\nBcc: x@y"
from_name = { zh = "", en = "Portal" }
colour = "blue"
[sms]
url = "http://sms.example/messages"
token_file = "missing"
[sources]
file = "sources.toml"
[surprise]
"#;

#[test]
fn every_mistake_is_listed_at_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("portal.toml");
    std::fs::write(&file, WRONG)?;
    let source = r#"
[[source]]
id = "x"
name = { zh = "甲", en = "A" }
platform = "plain"
base_url = "nowhere"
auth = { kind = "none" }
"#;
    std::fs::write(folder.path().join("sources.toml"), source)?;
    let output =
        Command::new(env!("CARGO_BIN_EXE_portal-internal")).arg("--config").arg(&file).arg("check").output()?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr)?;
    for path in [
        "server.listen",
        "server.public_url",
        "server.colour",
        "ops.listen",
        "database.url",
        "keys.region_file",
        "keys.staff_file",
        "keys.transit.url",
        "keys.transit.token_file",
        "keys.transit.staff",
        "keys.transit.colour",
        "record.treatment_relation",
        "identifiers.resident_id",
        "directory[0].urls",
        "directory[0].bind_password_file",
        "directory[0].user_filter",
        "directory[0].attributes.mail",
        "mail.tls",
        "mail.port",
        "mail.password_file",
        "mail.from:",
        "mail.from_name.zh",
        "mail.colour",
        "sms: reaches nobody",
        "sms.url",
        "sms.token_file",
        "source[0].base_url",
        "surprise",
    ] {
        assert!(said.contains(path), "{path} is not named:\n{said}");
    }
    assert!(said.contains("cure:") && !said.contains("secret-canary"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_checked_as_far_as_can_be_without_asking_it() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), "two\nlines\n")?;
    let lines = file.path().display().to_string();
    let check = |more: &[(&str, &str)]| -> Result<(Option<i32>, String)> {
        let server = [("HOST", "smtp.example"), ("FROM", "portal@region.example")].map(|(key, text)| (mail(key), text));
        let more = more.iter().map(|(key, text)| (mail(key), *text));
        let all: Vec<(String, &str)> = server.into_iter().chain(more).collect();
        let environment: Vec<(&str, &str)> = all.iter().map(|(key, text)| (key.as_str(), *text)).collect();
        let checked = portal.tool_with(&["check"], &environment)?;
        Ok((checked.status.code(), String::from_utf8_lossy(&checked.stderr).into_owned()))
    };
    for (more, expect) in [
        (&[][..], "mail: reaches nobody"),
        (&[("TLS", "sometimes")], "mail.tls: is not known"),
        (&[("HOST", "smtp.example:25")], "mail.host: is no name"),
        (&[("HOST", "https://smtp.example")], "mail.host: is no name"),
        (&[("TLS", "none")], "mail.tls: e-mails and the password would travel in the clear"),
        (&[("CA_FILE", &lines)], "no certificate in it"),
        (&[("CA_FILE", "/nowhere/ca.pem")], "mail.ca_file: /nowhere/ca.pem"),
        (&[("PASSWORD_FILE", &lines)], "mail.username: is missing"),
        (&[("PASSWORD_FILE", &lines), ("USERNAME", "portal")], "is empty or has several lines"),
    ] {
        let (code, said) = check(more)?;
        assert!(code == Some(1) && said.contains(expect) && said.contains("cure:"), "{more:?}: {said}");
    }
    // On this machine nothing has to be protected; and somebody is reached.
    let here = [("HOST", "127.0.0.1"), ("TLS", "none"), ("PORT", "2525")];
    let (_, said) = check(&here)?;
    assert!(said.contains("mail: reaches nobody") && !said.contains("mail."), "{said}");
    Ok(())
}

fn mail(key: &str) -> String {
    format!("PORTAL__MAIL__{key}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_written_is_named_with_its_cure() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    assert!(portal.tool(&["check"])?.status.success());
    // A file where a folder should be stops every account, also the one that tests run under.
    let file = tempfile::NamedTempFile::new()?;
    let below = file.path().join("heads.jsonl");
    let checked = portal.tool_with(&["check"], &[("PORTAL__AUDIT__HEADS_FILE", &below.display().to_string())])?;
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert_eq!(checked.status.code(), Some(1), "{said}");
    assert!(said.contains("audit.heads_file") && said.contains("cure:"), "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_refuses_another_schema_and_an_absent_database() -> Result<()> {
    use sea_orm_migration::MigratorTrait as _;
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let mut portal = TestPortal::internal(&database, region).await?;
        portal.stop();
        migrations::Migrator::down(&database.connect().await?, Some(1)).await?;
        let refused = portal.tool(&["serve"])?;
        assert_eq!(refused.status.code(), Some(2));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("portal-migrate"), "{said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once() -> Result<()> {
    let region = testbed::region().await;
    for database in testbed::databases().await {
        let portal = TestPortal::internal(&database, region).await?;
        assert_eq!(portal.tool(&["bootstrap-admin", "nobody"])?.status.code(), Some(1));
        let first = portal.tool(&["bootstrap-admin", "li.wei"])?;
        assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
        assert_eq!(portal.tool(&["bootstrap-admin", "wang.fang"])?.status.code(), Some(1), "a second first one");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_looked_up_step_by_step() -> Result<()> {
    let region = testbed::region().await;
    let portal = TestPortal::internal(&Database::sqlite().await?, region).await?;
    let known = portal.tool(&["directory", "test", "li.wei"])?;
    let said = String::from_utf8_lossy(&known.stdout).into_owned();
    assert!(known.status.success() && said.contains("service bind") && said.contains("clinician"), "{said}");
    assert_eq!(portal.tool(&["directory", "test", "nobody"])?.status.code(), Some(1));
    Ok(())
}
