//! One document of a hospital: whose, of what kind, and to whom.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{DocumentAddress, EhrError, FileKind, NoteContent, OpenedDocument, Reader, Section};
use serde_json::{Value, json};

use super::discharge::{OWN_NUMBER, cda};
use super::region::{audited, now, patient, staff};
use super::world::{FOREIGN_WORDS, Fault, Hospital, World, send};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n";

fn address(kind: &str, resource: &str, number: usize) -> DocumentAddress {
    DocumentAddress { source: "h0".into(), kind: kind.into(), resource: resource.into(), number }
}

async fn open(world: &World, of: &DocumentAddress) -> Result<OpenedDocument, EhrError> {
    world.charts.document(Reader::Staff(&staff("li.wei", "clinician")), world.person, of, now()).await
}

async fn open_own(world: &World, of: &DocumentAddress) -> Result<OpenedDocument, EhrError> {
    world.charts.document(Reader::Patient(&patient(Some(world.person))), world.person, of, now()).await
}

fn binary(id: &str, said: &str, bytes: &[u8]) -> Value {
    json!({ "resourceType": "Binary", "id": id, "contentType": said, "data": STANDARD.encode(bytes) })
}

fn inline(said: &str, bytes: &[u8]) -> Value {
    json!({ "contentType": said, "data": STANDARD.encode(bytes) })
}

/// `pdf`, `text …`, `html …`, or why not.
fn said(opened: Result<OpenedDocument, EhrError>) -> String {
    match opened {
        Err(EhrError::NotFound) => "not there".to_owned(),
        Err(error) => panic!("{error}"),
        Ok(OpenedDocument { file: Some(file), .. }) => {
            assert!(!file.bytes.is_empty());
            file.kind.extension().to_owned()
        }
        Ok(opened) => match opened.note.content {
            NoteContent::Text { text, .. } => format!("text {text}"),
            NoteContent::Html { html, .. } => format!("html {}", html.as_str()),
            NoteContent::Document { content_type } => content_type,
            NoteContent::Missing { why } => why.to_owned(),
        },
    }
}

#[tokio::test]
async fn a_document_is_what_its_bytes_say_or_is_not_opened() {
    let gbk = encoding_rs::GBK.encode("复查肾功能").0.into_owned();
    let attachments = [
        (inline("application/pdf", PDF), "pdf"),
        (inline("text/html", PDF), "pdf"),
        (inline("application/pdf", b"<script>alert(1)</script>"), "document-kind"),
        (inline("application/pdf", &[PDF, b"<script>alert(1)</script>"].concat()), "document-unsound"),
        (inline("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "document-unsound"),
        (inline("text/html", b"<p onclick=x>A</p><script>alert(1)</script>"), "html <p>A</p>"),
        (inline("text/plain; charset=utf-8", &gbk), "text 复查肾功能"),
        (inline("text/plain", &vec![b'a'; 300 * 1024]), "note-too-large"),
        (inline("application/pdf", &[&b"%PDF-"[..], &vec![b'a'; 11 * 1024 * 1024 + 1]].concat()), "note-too-large"),
        (json!({ "contentType": "application/pdf", "data": "***" }), "why-garbage"),
        (json!({ "contentType": "application/pdf", "url": "Binary/b1" }), "pdf"),
        (json!({ "contentType": "application/pdf", "url": "Binary/gone" }), "why-status"),
        (json!({ "contentType": "application/pdf", "url": "http://169.254.169.254/latest" }), "note-elsewhere"),
        (json!({ "contentType": "application/pdf", "url": "../../../etc/passwd" }), "note-elsewhere"),
        (json!({ "contentType": "text/xml", "url": "Binary/b2" }), "html"),
        (json!({ "contentType": "text/xml", "url": "Binary/b3" }), "why-foreign-dropped"),
        (json!({ "contentType": "text/plain", "url": "Binary/b4" }), "why-foreign-dropped"),
    ];
    let mut note = send::note("n1", None, Value::Null);
    note["content"] = attachments.iter().map(|(attachment, _)| json!({ "attachment": attachment })).collect();
    let mut foreign = binary("b4", "text/plain", FOREIGN_WORDS.as_bytes());
    foreign["securityContext"] = json!({ "reference": "Patient/p2" });
    let hospital = Hospital::with([
        note,
        binary("b1", "application/pdf", PDF),
        binary("b2", "text/xml", cda(OWN_NUMBER, "<script>alert(1)</script>经过").as_bytes()),
        binary("b3", "text/xml", cda("999009198507120177", FOREIGN_WORDS).as_bytes()),
        foreign,
    ]);
    let world = World::new(&[hospital]).await;
    for (number, (attachment, expect)) in attachments.iter().enumerate() {
        let opened = open(&world, &address("DocumentReference", "n1", number)).await;
        let is = said(opened);
        assert!(is.starts_with(expect), "{number}: {is}, not {expect}: {:.60}", attachment.to_string());
        assert!(!is.contains("alert") && !is.contains(FOREIGN_WORDS), "{is}");
    }
    let opened = open(&world, &address("DocumentReference", "n1", 0)).await.expect("a PDF");
    assert_eq!(opened.file.map(|file| (file.kind, file.bytes)), Some((FileKind::Pdf, PDF.to_vec())));
    assert_eq!((opened.note.title.as_str(), opened.section), ("门诊病历", Section::Outpatient));
}

#[tokio::test]
async fn what_is_not_this_patients_document_is_not_there() {
    let text = || inline("text/plain", FOREIGN_WORDS.as_bytes());
    let mut anothers = send::note("n2", None, text());
    anothers["subject"] = json!({ "reference": "Patient/p2" });
    let mut nobodys = send::note("n3", None, text());
    nobodys["subject"] = json!({ "display": "陈玉兰" });
    let mut error = send::note("n4", None, text());
    error["status"] = json!("entered-in-error");
    let mut consent = send::note("n5", None, text());
    consent["category"] = json!([{ "coding": [{ "code": "consent" }] }]);
    let laboratory = json!({
        "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "code": { "text": "血常规" },
        "category": [{ "coding": [{ "code": "LAB" }] }], "result": [{ "reference": "Observation/1" }],
    });
    let hospital = Hospital::with([
        send::note("n1", None, inline("text/plain", "本人".as_bytes())),
        anothers,
        nobodys,
        error,
        consent,
        laboratory,
        binary("b1", "text/plain", FOREIGN_WORDS.as_bytes()),
    ]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    assert_eq!(said(open(&world, &address("DocumentReference", "n1", 0)).await), "text 本人");
    for (kind, resource, number) in [
        ("DocumentReference", "n1", 1),
        ("DocumentReference", "n2", 0),
        ("DocumentReference", "n3", 0),
        ("DocumentReference", "n4", 0),
        ("DocumentReference", "n5", 0),
        ("DocumentReference", "n9", 0),
        ("DocumentReference", "..", 0),
        ("DocumentReference", "n1?_format=x", 0),
        ("DiagnosticReport", "r1", 0),
        ("Binary", "b1", 0),
        ("Patient", "p1", 0),
        ("", "", 0),
    ] {
        assert_eq!(
            said(open(&world, &address(kind, resource, number)).await),
            "not there",
            "{kind}/{resource}/{number}"
        );
    }
    for source in ["h1", "", "../h0"] {
        let of = DocumentAddress { source: source.to_owned(), ..address("DocumentReference", "n1", 0) };
        assert_eq!(said(open(&world, &of).await), "not there", "{source}");
    }
    hospital.become_somebody_else();
    assert_eq!(said(open(&world, &address("DocumentReference", "n1", 0)).await), "not there");
}

#[tokio::test]
async fn each_opening_is_written_down_before_and_after() {
    let hospital = Hospital::with([send::note("n1", None, inline("application/pdf", PDF))]);
    let world = World::new(&[hospital]).await;
    let before = audited(&world.db).await.len();
    open(&world, &address("DocumentReference", "n1", 0)).await.expect("a PDF");
    assert_eq!(said(open(&world, &address("DocumentReference", "n7", 0)).await), "not there");
    let nobody = staff("guest", "visitors");
    let of = address("DocumentReference", "n1", 0);
    let refused = world.charts.document(Reader::Staff(&nobody), world.person, &of, now());
    assert!(matches!(refused.await, Err(EhrError::NotFound | EhrError::Forbidden)));
    let rows: Vec<_> = audited(&world.db).await.split_off(before);
    let rows: Vec<_> = rows.iter().map(|(action, outcome)| (action.as_str(), outcome.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("record.read.intent", "intent"),
            ("record.read.outcome", "ok"),
            ("record.read.intent", "intent"),
            ("record.read.outcome", "refused"),
            ("record.read.refused", "refused"),
        ]
    );
}

#[tokio::test]
async fn a_glass_that_must_be_broken_first_is_written_down() {
    let hospital = Hospital::with([send::note("n1", None, inline("application/pdf", PDF))]);
    let world = World::strict(&[hospital]).await;
    let before = audited(&world.db).await.len();
    let opened = open(&world, &address("DocumentReference", "n1", 0)).await;
    assert!(matches!(opened, Err(EhrError::BreakGlassRequired)), "{opened:?}");
    let rows: Vec<_> = audited(&world.db).await.split_off(before);
    assert_eq!(rows, [("record.read.refused".to_owned(), "refused".to_owned())]);
}

#[tokio::test]
async fn a_patient_opens_what_a_section_of_theirs_shows_and_nothing_else() {
    let report = |id: &str, day: &str, form: Value| {
        json!({
            "resourceType": "DiagnosticReport", "id": id, "status": "final", "code": { "text": "心电图" },
            "category": [{ "coding": [{ "code": "EC" }] }], "effectiveDateTime": day, "presentedForm": [form],
        })
    };
    let mut stay = send::visit("e2", "IMP", Some("2026-11-18"));
    stay["status"] = json!("in-progress");
    let mut unsettled = send::note("n3", Some("e1"), inline("text/plain", "还在写".as_bytes()));
    unsettled["docStatus"] = json!("preliminary");
    let hospital = Hospital::with([
        send::visit("e1", "AMB", Some("2026-11-01")),
        stay,
        send::note("n1", Some("e1"), inline("text/plain", "主诉".as_bytes())),
        send::note("n2", None, inline("text/plain", "不知是什么".as_bytes())),
        unsettled,
        send::note("n4", Some("e1"), inline("text/plain", "HIV 抗体待查".as_bytes())),
        send::note("n5", Some("e1"), inline("application/pdf", PDF)),
        send::note("n6", Some("e2"), inline("text/plain", "病程".as_bytes())),
        report("r1", "2026-11-01", inline("application/pdf", PDF)),
        report("r2", "2026-11-20", inline("application/pdf", PDF)),
        report("r3", "2026-11-01", json!({ "contentType": "text/plain", "url": "Binary/b1" })),
        binary("b1", "text/plain", "HIV 抗体阳性".as_bytes()),
    ]);
    let world = World::outside(&[hospital]).await;
    for (kind, resource, expect) in [
        ("DocumentReference", "n1", "text 主诉"),
        ("DocumentReference", "n2", "not there"),
        ("DocumentReference", "n3", "not there"),
        ("DocumentReference", "n4", "not there"),
        ("DocumentReference", "n5", "not there"),
        ("DocumentReference", "n6", "not there"),
        ("DiagnosticReport", "r1", "pdf"),
        ("DiagnosticReport", "r2", "not there"),
        ("DiagnosticReport", "r3", "not there"),
    ] {
        assert_eq!(said(open_own(&world, &address(kind, resource, 0)).await), expect, "{kind}/{resource}");
    }
    let other = patient(None);
    let of = address("DocumentReference", "n1", 0);
    let opened = world.charts.document(Reader::Patient(&other), world.person, &of, now()).await;
    assert!(matches!(opened, Err(EhrError::NotFound)), "somebody else's account");
}

#[tokio::test]
async fn a_hospital_that_does_not_answer_is_named() {
    for (fault, why) in [(Fault::Status(500), "why-status"), (Fault::Nothing, "why-"), (Fault::Garbage, "why-")] {
        let hospital = Hospital::with([send::note("n1", None, inline("application/pdf", PDF))]);
        hospital.fail_reads("DocumentReference", fault);
        let world = World::new(&[hospital]).await;
        let is = said(open(&world, &address("DocumentReference", "n1", 0)).await);
        assert!(is.starts_with(why), "{fault:?}: {is}");
    }
}
