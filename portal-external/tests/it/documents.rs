//! One document of a hospital as its patient sees it, and another patient's that hangs on a resource of theirs. Print is the
//! page itself, by its style sheet.

use anyhow::Result;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testbed::{Answer, Database, Hospital, Patient, Region, TestPortal};

use super::own;

/// Of an area that is not assigned: nobody can hold them.
const OWN: &str = "999009196403180328";
const OTHER: &str = "999009198507120177";
const SYSTEM: &str = "urn:oid:2.16.156.10011.1.3";
const PDF: &[u8] = b"%PDF-1.4\n%%EOF\n";
/// What must never be seen.
const FOREIGN: &str = "别人的经过";

fn registered(id: &str, name: &str, number: &str, birth_date: &str, sex: &str) -> Value {
    json!({
        "resourceType": "Patient", "id": id, "gender": sex, "birthDate": birth_date,
        "name": [{ "use": "official", "text": name }], "identifier": [{ "system": SYSTEM, "value": number }],
    })
}

fn report(id: &str, subject: &str, day: &str, form: Value) -> Value {
    json!({
        "resourceType": "DiagnosticReport", "id": id, "status": "final", "code": { "text": format!("检查 {id}") },
        "category": [{ "coding": [{ "code": "EC" }] }], "effectiveDateTime": day, "presentedForm": [form],
        "subject": { "reference": format!("Patient/{subject}") },
    })
}

fn inline(said: Option<&str>, bytes: &[u8]) -> Value {
    json!({ "contentType": said, "data": STANDARD.encode(bytes), "title": "附件" })
}

/// A clinical document of whom this number is.
fn cda(number: &str, inside: &str) -> String {
    format!(
        "<?xml version='1.0'?><ClinicalDocument xmlns='urn:hl7-org:v3'><title>小结</title><recordTarget><patientRole>\
         <id root='2.16.156.10011.1.3' extension='{number}'/></patientRole></recordTarget><component>{inside}</component>\
         </ClinicalDocument>"
    )
}

fn written(number: &str, words: &str) -> String {
    cda(
        number,
        &format!("<structuredBody><component><section><text>{words}</text></section></component></structuredBody>"),
    )
}

/// A hospital of these resources, and its patient's portal.
async fn portal(resources: Vec<Value>) -> Result<(TestPortal, [Patient; 2])> {
    let shared = testbed::region().await;
    let harbour = Hospital {
        id: "harbour".to_owned(),
        base_url: testbed::canned_fhir::serve(resources).await?,
        platform: "plain".to_owned(),
        name: ("港湾医院".to_owned(), "Harbour".to_owned()),
    };
    let region = Region::of(vec![harbour], shared.directory.clone(), shared.staff.clone());
    let patient = |name: &str, pinyin: &str, number: &str, id: &str| Patient {
        name: name.to_owned(),
        pinyin: pinyin.to_owned(),
        resident_id: number.to_owned(),
        hospitals: vec![("harbour".to_owned(), id.to_owned())],
    };
    let patients = [patient("陈玉兰", "chen yulan", OWN, "p1"), patient("王建国", "wang jianguo", OTHER, "p2")];
    let portal = TestPortal::external(&Database::sqlite().await?, &region, &[&patients[0], &patients[1]]).await?;
    Ok((portal, patients))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_opens_for_its_patient_and_for_nobody_else() -> Result<()> {
    let today = jiff::Timestamp::now().to_string();
    let (portal, [one, other]) = portal(vec![
        registered("p1", "陈玉兰", OWN, "1964-03-18", "female"),
        registered("p2", "王建国", OTHER, "1985-07-12", "male"),
        report("pdf", "p1", "2026-10-01", inline(Some("application/pdf"), PDF)),
        report("text", "p1", "2026-10-01", inline(Some("text/plain"), "窦性心律".as_bytes())),
        report("held", "p1", &today, inline(Some("application/pdf"), PDF)),
        report("theirs", "p2", "2026-10-01", inline(Some("application/pdf"), PDF)),
    ])
    .await?;
    let (mut patient, mut stranger) = (portal.patient(&one).await?, portal.patient(&other).await?);
    let (id, theirs) = (own(&mut patient).await?, own(&mut stranger).await?);
    let path = |person: &str, of: &str, n: &str| {
        format!("/people/{person}/record/documents/harbour/DiagnosticReport/{of}/{n}")
    };

    let file = patient.get(&path(&id, "pdf", "0")).await?;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"), "{}", file.body);
    assert_eq!(file.body.as_bytes(), PDF);
    let policy = file.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'") && !policy.contains("allow-"), "{policy}");
    assert_eq!(file.header("cache-control"), "private, no-store");
    let page = patient.get(&path(&id, "text", "0")).await?;
    assert!(page.status == 200 && page.body.contains("窦性心律"), "{} {}", page.status, page.body);
    let list = patient.get(&format!("/people/{id}/record/exam-reports")).await?;
    assert!(list.body.contains("documents/harbour/DiagnosticReport/pdf/0"), "{}", list.body);
    assert!(!list.body.contains("DiagnosticReport/held"), "{}", list.body);

    let is_closed = |answer: &Answer| answer.status == 404 && !answer.body.contains("%PDF");
    for (of, number) in [("held", "0"), ("theirs", "0"), ("nothing", "0"), ("pdf", "1"), ("%2e%2e", "0")] {
        let answer = patient.get(&path(&id, of, number)).await?;
        assert!(is_closed(&answer), "{of}/{number}: {} {}", answer.status, answer.body);
    }
    for person in [&id, &theirs] {
        let answer = stranger.get(&path(person, "pdf", "0")).await?;
        assert!(is_closed(&answer), "another patient: {} {}", answer.status, answer.body);
    }
    assert_eq!(stranger.get(&path(&theirs, "theirs", "0")).await?.status, 200);
    let nobody = portal.visitor()?.get(&path(&id, "pdf", "0")).await?;
    assert!(matches!(nobody.status, 303 | 401), "{} {}", nobody.status, nobody.body);
    Ok(())
}

/// Each section that reads notes, with a document of this patient's in it that says to be of this type.
fn notes(of: &str, said: Option<&str>, document: &str) -> Vec<Value> {
    let note = |id: &str, title: &str, encounter: &str| {
        json!({
            "resourceType": "DocumentReference", "id": format!("{id}-{of}"), "status": "current", "docStatus": "final",
            "type": { "text": title }, "subject": { "reference": "Patient/p1" }, "date": "2026-10-02",
            "category": [{ "coding": [{ "code": "clinical-note" }] }],
            "context": { "encounter": [{ "reference": format!("Encounter/{encounter}") }] },
            "content": [{ "attachment": inline(said, document.as_bytes()) }],
        })
    };
    vec![
        note("outpatient", "门诊病历", "visit"),
        note("inpatient", "病程记录", "stay"),
        note("surgery", "手术记录", "stay"),
        note("nursing", "护理记录", "stay"),
        note("discharge", "出院小结", "stay"),
        note("front-page", "病案首页", "stay"),
        report(&format!("exam-reports-{of}"), "p1", "2026-10-01", inline(said, document.as_bytes())),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn another_patients_document_on_ones_own_note_is_nowhere() -> Result<()> {
    let visit = |id: &str, class: &str| {
        json!({
            "resourceType": "Encounter", "id": id, "status": "finished", "class": { "code": class },
            "type": [{ "text": "就诊" }], "subject": { "reference": "Patient/p1" },
            "period": { "start": "2026-09-20", "end": "2026-09-28" },
        })
    };
    let envelope =
        format!("<nonXMLBody><text mediaType='application/pdf'>{}</text></nonXMLBody>", STANDARD.encode(PDF));
    let mut resources = vec![
        registered("p1", "陈玉兰", OWN, "1964-03-18", "female"),
        registered("p2", "王建国", OTHER, "1985-07-12", "male"),
        visit("visit", "AMB"),
        visit("stay", "IMP"),
    ];
    resources.extend(notes("own", None, &written(OWN, "本人的经过")));
    resources.extend(notes("silent", None, &written(OTHER, FOREIGN)));
    resources.extend(notes("html", Some("text/html"), &written(OTHER, FOREIGN)));
    resources.extend(notes("xml", Some("text/xml"), &written(OTHER, FOREIGN)));
    resources.extend(notes("file", Some("text/xml"), &cda(OTHER, &envelope)));
    resources.extend(notes("ownfile", Some("text/xml"), &cda(OWN, &envelope)));
    let (portal, [one, _]) = portal(resources).await?;
    let mut patient = portal.patient(&one).await?;
    let id = own(&mut patient).await?;
    let sections = ["outpatient", "inpatient", "surgery", "nursing", "discharge", "front-page", "exam-reports"];
    for section in sections {
        let base = format!("people/{id}/record/{section}");
        for path in [format!("/{base}"), format!("/api/v1/{base}")] {
            let answer = patient.get(&path).await?;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            assert!(answer.body.contains("本人的经过"), "{path}: one's own is not there: {}", answer.body);
            assert!(!answer.body.contains(FOREIGN), "{path}: {}", answer.body);
        }
        let json = patient.get(&format!("/api/v1/{base}")).await?.json();
        assert_eq!(json["complete"], false, "{section}: what was left out is not said: {}", json["sources"]);
        assert!(json["sources"].to_string().contains("why-foreign-dropped"), "{section}: {}", json["sources"]);
    }
    for (section, kind) in [("exam-reports", "DiagnosticReport"), ("outpatient", "DocumentReference")] {
        for (of, opens) in [("silent", false), ("html", false), ("xml", false), ("file", false), ("own", true)] {
            let path = format!("/people/{id}/record/documents/harbour/{kind}/{section}-{of}/0");
            let answer = patient.get(&path).await?;
            assert!(!answer.body.contains(FOREIGN) && !answer.body.contains("%PDF"), "{path}: {}", answer.body);
            assert_eq!(answer.body.contains("本人的经过"), opens, "{path}: {} {}", answer.status, answer.body);
        }
    }
    let file =
        patient.get(&format!("/people/{id}/record/documents/harbour/DiagnosticReport/exam-reports-ownfile/0")).await?;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"), "{}", file.body);
    Ok(())
}
