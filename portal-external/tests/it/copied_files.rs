//! Files of documents are part of a copy: what a connected hospital has is opened from it when the hospital does not answer.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use poem::http::Method;
use serde_json::{Value, json};
use testbed::fault_proxy::{Fault, FaultProxy};
use testbed::{Database, Patient, SplitDatabase, TestPortal, Visitor};
use url::Url;

use super::connections::{Stage, people, there};
use super::copies::{copy, kept, until};
use super::own;

const SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
const PDF: &[u8] = b"%PDF-1.4\n%of a connected hospital\n%%EOF\n";
/// Files that can be copied.
const FILES: usize = 20;

/// As the hospital behind the door has them: their number says when they were born, and of which sex.
fn registered(patient: &Patient) -> Result<Value> {
    let number = &patient.resident_id;
    let born = format!("{}-{}-{}", &number[6..10], &number[10..12], &number[12..14]);
    let sex = if number[16..17].parse::<u8>()? % 2 == 1 { "male" } else { "female" };
    Ok(json!({
        "resourceType": "Patient", "id": there(patient)?, "gender": sex, "birthDate": born,
        "name": [{ "use": "official", "text": patient.name }], "identifier": [{ "system": SYSTEM, "value": number }],
    }))
}

fn report(id: &str, subject: &str, form: Value) -> Value {
    json!({
        "resourceType": "DiagnosticReport", "id": id, "status": "final", "code": { "text": format!("心电图 {id}") },
        "category": [{ "coding": [{ "code": "EC" }] }], "effectiveDateTime": "2020-10-01", "presentedForm": [form],
        "subject": { "reference": format!("Patient/{subject}") },
    })
}

fn pdf(url: &str) -> Value {
    json!({ "contentType": "application/pdf", "url": url })
}

fn binary(id: &str, said: &str, bytes: &[u8]) -> Value {
    json!({ "resourceType": "Binary", "id": id, "contentType": said, "data": STANDARD.encode(bytes) })
}

/// A hospital with files of every kind. `base` is what it calls itself, `stranger` a server that is not its own.
fn record(patient: &Patient, base: &str, stranger: &str) -> Result<Vec<Value>> {
    let of = there(patient)?;
    let mut all = vec![
        registered(patient)?,
        report("whole", of, pdf(&format!("{base}/Binary/b-whole"))),
        binary("b-whole", "application/pdf", PDF),
        report("text", of, json!({ "contentType": "text/plain", "url": "Binary/b-text" })),
        binary("b-text", "text/plain", "窦性心律".as_bytes()),
        // Left out, each for a reason of its own.
        report("gone", of, pdf("Binary/b-gone")),
        report("elsewhere", of, pdf(&format!("{stranger}/Binary/b-elsewhere"))),
        report("huge", of, pdf("Binary/b-huge")),
        // Nothing names it.
        binary("b-nobodys", "application/pdf", PDF),
    ];
    for nth in 2..FILES {
        all.push(report(&format!("r{nth}"), of, pdf(&format!("Binary/b-{nth}"))));
        all.push(binary(&format!("b-{nth}"), "application/pdf", PDF));
    }
    Ok(all)
}

/// Asks for a file.
struct Reader {
    visitor: Visitor,
    record: String,
}

impl Reader {
    async fn open(&mut self, report: &str) -> Result<testbed::Answer> {
        self.visitor.page(&format!("{}/documents/lakeside/DiagnosticReport/{report}/0", self.record)).await
    }

    async fn step(&mut self, step: &str) -> Result<()> {
        let id = self.visitor.get("/api/v1/connections").await?.json()["items"][0]["id"].clone();
        let path = format!("/api/v1/connections/{}/copy", id.as_str().context("id")?);
        let done = self.visitor.json(Method::POST, &path, Some(&json!({ "step": step }))).await?;
        ensure!(done.status == 200, "{step}: {}", done.body);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_and_opened_when_the_hospital_does_not_answer() -> Result<()> {
    let one = Database::sqlite().await?;
    copied(&one, &one, &one).await?;
    if testbed::quick() {
        return Ok(());
    }
    // Each portal with its own rights.
    let split = SplitDatabase::new().await?;
    copied(&split.internal, &split.external, &split.all).await
}

async fn copied(inside: &Database, outside: &Database, all: &Database) -> Result<()> {
    let region = testbed::region().await;
    let (shown, _) = people(region)?;
    let strange = TcpListener::bind("127.0.0.1:0")?;
    strange.set_nonblocking(true)?;
    let resources = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let hospital: Url = testbed::canned_fhir::serve_changing(&resources).await?.parse()?;
    let address: SocketAddr = *hospital.socket_addrs(|| None)?.first().context("an address")?;
    let wire = FaultProxy::start(address).await?;
    let through = format!("http://{}/fhir", wire.address());
    let stranger = format!("http://{}/fhir", strange.local_addr()?);
    let change = || resources.lock().map_err(|_| anyhow::anyhow!("poisoned"));
    *change()? = record(&shown, &through, &stranger)?;

    let stage = Stage::start(outside.clone(), "", &through).await?;
    let mut inside = TestPortal::internal(inside, &stage.others()).await?;
    inside.stop();
    inside.add_sources(&stage.behind)?;
    let mut visitor = stage.portal.patient(&shown).await?;
    let back = stage.there_and_back(&mut visitor, there(&shown)?, "allow").await?;
    let done = visitor.page(&back).await?;
    ensure!(done.location().starts_with("/connections?done="), "{} {}", done.status, done.body);
    let record = format!("/people/{}/record", own(&mut visitor).await?);
    let mut reader = Reader { visitor, record };
    let now = reader.open("whole").await?;
    ensure!(now.status == 200 && now.body.as_bytes() == PDF && now.header("age").is_empty(), "{}", now.body);

    // Paused in the middle of its files, it goes on there.
    let begun = asked(&wire);
    wire.set(Fault::Delay(Duration::from_millis(60)));
    inside.serve().await?;
    until(&mut reader.visitor, "some files", |copy| copy["files"]["kept"].as_u64() > Some(0)).await?;
    reader.step("pause").await?;
    let paused = copy(&mut reader.visitor).await?;
    ensure!(paused["state"] == "paused" && paused["files"]["kept"].as_u64() < Some(FILES as u64 - 2), "{paused}");
    wire.set(Fault::None);
    // Larger than any answer that is read.
    change()?.push(binary("b-huge", "application/pdf", &vec![b' '; 14 << 20]));
    reader.step("start").await?;
    let whole = until(&mut reader.visitor, "whole", |copy| copy["state"] == "done").await?;
    let wanted = json!({ "kept": FILES, "elsewhere": 1, "too_large": 1, "not_given": 1, "too_many": 0 });
    ensure!(whole["files"] == wanted, "{whole}");
    // Each once, but for the one that was on its way when it was paused.
    let times = asked(&wire) - begun;
    ensure!((FILES + 2..=FILES + 3).contains(&times), "{times} files were asked for");
    // One that is longer with its document inside than what is kept of a resource, and that comes with a list.
    let long = json!({ "contentType": "text/plain", "data": STANDARD.encode(vec![b' '; 3 << 20]) });
    change()?.push(report("inside", there(&shown)?, long));
    reader.step("start").await?;
    until(&mut reader.visitor, "made anew", |copy| copy["state"] == "done" && copy["files"]["too_large"] == 2).await?;
    let stranger = strange.accept();
    ensure!(stranger.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "the stranger was asked");
    let page = reader.visitor.page("/connections").await?;
    for words in ["其中有文书附件 20 个", "其他服务器上的附件 1 个", "过大而不能保存的附件 2 个", "没有给出的附件 1 个"]
    {
        ensure!(page.body.contains(words), "{words}: {}", page.body);
    }
    let english = reader.visitor.page("/connections?lang=en").await?;
    ensure!(english.body.contains("files that the hospital did not give (1)"), "{}", english.body);
    reader.visitor.page("/connections?lang=zh-CN").await?;
    let anew = inside.tool(&["vault", "reencrypt"])?;
    ensure!(anew.status.success(), "{}", String::from_utf8_lossy(&anew.stderr));

    wire.set(Fault::Reset);
    is_read_from_the_copy(&mut reader).await?;
    // With the copy its files are gone.
    reader.step("remove").await?;
    ensure!(kept(&all.connect().await?).await? == 0, "something is left");
    let gone = reader.open("whole").await?;
    ensure!(!gone.body.contains("%PDF"), "{} {}", gone.status, gone.body);
    Ok(())
}

/// Files that the hospital was asked for.
fn asked(wire: &FaultProxy) -> usize {
    String::from_utf8_lossy(&wire.to_server()).matches("GET /fhir/Binary/").count()
}

async fn is_read_from_the_copy(reader: &mut Reader) -> Result<()> {
    let file = reader.open("whole").await?;
    ensure!((file.status, file.header("content-type")) == (200, "application/pdf"), "{} {}", file.status, file.body);
    ensure!(file.body.as_bytes() == PDF, "{}", file.body);
    ensure!(file.header("content-security-policy").starts_with("sandbox; default-src 'none'"), "not alone");
    ensure!(file.header("age").parse::<u64>().is_ok(), "no age: {:?}", file.header("age"));
    // 副本, of which day its name says.
    ensure!(
        file.header("content-disposition").contains("%E5%89%AF%E6%9C%AC"),
        "{}",
        file.header("content-disposition")
    );
    let text = reader.open("text").await?;
    ensure!(text.status == 200 && text.body.contains("窦性心律"), "{} {}", text.status, text.body);
    for (missing, status) in [("gone", 200), ("huge", 200), ("elsewhere", 404)] {
        let page = reader.open(missing).await?;
        ensure!(page.status == status && !page.body.contains("%PDF"), "{missing}: {} {}", page.status, page.body);
    }
    Ok(())
}
