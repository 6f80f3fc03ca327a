//! Discharge summaries: as text, as clinical documents, as compositions.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{DischargeFields, Entry, Reader, RecordQuery, Sheet, SourceState};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{FOREIGN_WORDS, Hospital, World, send};

async fn summaries(world: &World) -> Sheet<DischargeFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.discharge(Reader::Staff(&clinician), world.person, &query, now()).await.expect("summaries")
}

fn kind() -> Value {
    json!({ "coding": [{ "system": "http://loinc.org", "code": "18842-5" }], "text": "出院小结" })
}

fn document(id: &str, attachment: Value) -> Value {
    let mut document = send::note(id, None, attachment);
    document["type"] = kind();
    document
}

fn xml(text: &str) -> Value {
    json!({ "contentType": "text/xml", "data": STANDARD.encode(text) })
}

/// `{inside}` goes into the narrative of the hospital course.
pub fn cda(number: &str, inside: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>出院小结</title>
<effectiveTime value="20260318163000+0800"/><recordTarget><patientRole>
<id root="2.16.156.10011.1.3" extension="{number}"/></patientRole></recordTarget>
<author><assignedAuthor><assignedPerson><name>林知远</name></assignedPerson></assignedAuthor></author>
<componentOf><encompassingEncounter><effectiveTime><low value="20260309093000+0800"/>
<high value="20260318163000+0800"/></effectiveTime></encompassingEncounter></componentOf>
<component><structuredBody>
<component><section><code code="46241-6"/><title>入院诊断</title><text><list><item>肺炎</item><item>高血压</item></list></text></section></component>
<component><section><code code="11535-2"/><title>出院诊断</title><text><paragraph>社区获得性肺炎</paragraph></text></section></component>
<component><section><code code="8648-8"/><title>诊疗经过</title><text>{inside}</text></section></component>
<component><section><code code="18776-5"/><title>出院医嘱</title><text>两周后复查</text></section></component>
</structuredBody></component></ClinicalDocument>"#
    )
}

pub const OWN_NUMBER: &str = "999009196403180328";

fn texts(entry: &Entry<DischargeFields>) -> (Vec<&str>, Vec<&str>, Option<&str>, Option<&str>) {
    let fields = &entry.fields;
    (
        fields.admission_diagnoses.iter().map(|one| one.text.as_str()).collect(),
        fields.discharge_diagnoses.iter().map(|one| one.text.as_str()).collect(),
        fields.course.as_deref(),
        fields.plan.as_deref(),
    )
}

#[tokio::test]
async fn a_clinical_document_is_taken_apart_and_shown() {
    let inside = "<paragraph>抗感染治疗<script>alert(1)</script></paragraph><table onclick=\"x\"><tbody><tr><td>白细胞</td>\
                  <td>12.1</td></tr></tbody></table><linkHtml href=\"javascript:alert(1)\">见</linkHtml>";
    let bytes = STANDARD.encode(cda(OWN_NUMBER, inside));
    let hospital = Hospital::with([
        document("d1", json!({ "contentType": "application/xml", "url": "Binary/b1" })),
        json!({ "resourceType": "Binary", "id": "b1", "contentType": "application/hl7-v3+xml", "data": bytes }),
    ]);
    let world = World::new(&[hospital]).await;
    let found = summaries(&world).await;
    assert!(found.complete(), "{:?}", found.sources);
    let entry = &found.entries[0];
    let (admission, discharge, course, plan) = texts(entry);
    assert_eq!((admission, discharge), (vec!["肺炎", "高血压"], vec!["社区获得性肺炎"]));
    assert_eq!((course, plan), (Some("抗感染治疗\n白细胞 12.1\n见"), Some("两周后复查")));
    let fields = &entry.fields;
    assert_eq!(fields.admitted.as_ref().map(|at| at.as_str()), Some("2026-03-09T09:30:00+08:00"));
    assert_eq!(fields.discharged.as_ref().map(|at| at.as_str()), Some("2026-03-18T16:30:00+08:00"));
    let html = fields.html.as_ref().expect("html").as_str();
    assert!(html.contains("<td>白细胞</td>") && html.contains("<h5>诊疗经过</h5>"), "{html}");
    assert!(!html.contains("alert") && !html.contains("onclick") && !html.contains("href"), "{html}");
    let path = fields.document.as_ref().and_then(|document| document.path.as_deref());
    assert_eq!(path, Some("documents/h0/DocumentReference/d1/0"));
    let json = serde_json::to_value(ehr::json::sheet(world.person, ehr::Section::Discharge, &found)).expect("json");
    assert_eq!(json.pointer("/items/0/fields/discharge_diagnoses/0/text"), Some(&json!("社区获得性肺炎")));
    assert_eq!(json.pointer("/items/0/fields/authors"), Some(&json!(["林知远"])));
}

#[tokio::test]
async fn traps_are_not_read_and_the_document_is_still_named() {
    let plain = cda(OWN_NUMBER, "经过");
    let trap = |prologue: &str, inside: &str| {
        cda(OWN_NUMBER, inside).replace("<ClinicalDocument", &format!("{prologue}<ClinicalDocument"))
    };
    let laughs =
        "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;\">]>";
    let deep = format!("{}x{}", "<list><item>".repeat(10_000), "</item></list>".repeat(10_000));
    for (text, why) in [
        (trap("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>", "&f;"), "document-unsound"),
        (trap(laughs, "&c;"), "document-unsound"),
        (trap("<!DOCTYPE x SYSTEM \"http://169.254.169.254/latest\">", "x"), "document-unsound"),
        (trap("", &deep), "document-unsound"),
        (format!("{plain}{}", " ".repeat(1024 * 1024)), "note-too-large"),
        (plain.replace("</ClinicalDocument>", ""), "document-unsound"),
        ("<?xml version='1.0'?><html><script>alert(1)</script></html>".to_owned(), "document-unsound"),
    ] {
        let world = World::new(&[Hospital::with([document("d1", xml(&text))])]).await;
        let found = summaries(&world).await;
        let fields = &found.entries[0].fields;
        assert_eq!((fields.remark, &fields.html, &fields.text), (Some(why), &None, &None), "{}", &text[..60]);
        assert!(!format!("{found:?}").contains("root:"), "no file of ours is read");
    }
}

#[tokio::test]
async fn a_document_that_names_another_persons_number_is_not_shown() {
    let hospital = Hospital::with([document("d1", xml(&cda("999009198507120177", FOREIGN_WORDS)))]);
    let world = World::new(&[hospital]).await;
    let found = summaries(&world).await;
    assert!(!format!("{found:?}").contains(FOREIGN_WORDS));
    assert_eq!(found.entries[0].fields.remark, Some("why-foreign-dropped"));
    assert_eq!((found.sources[0].state, found.complete()), (SourceState::Partial, false));
}

#[tokio::test]
async fn text_and_compositions_say_the_same_in_fields() {
    let text = "姓名：陈玉兰\n【入院诊断】\n1. 肺炎\n【出院诊断】1. 社区获得性肺炎\n【诊疗经过】\n抗感染\n【出院医嘱】\n休息\n复查";
    let gbk = STANDARD.encode(encoding_rs::GBK.encode(text).0);
    let narrative = |text: &str| json!({ "status": "generated", "div": format!("<div>{text}</div>") });
    let composition = json!({
        "resourceType": "Composition", "id": "c1", "status": "amended", "type": kind(), "title": "出院记录",
        "date": "2026-05-02", "author": [{ "display": "何平" }],
        "event": [{ "period": { "start": "2026-04-28", "end": "2026-05-02" } }],
        "section": [
            { "title": "出院诊断", "text": narrative("<p>胆囊结石</p><p onload='x'>胆囊炎<script>1</script></p>") },
            { "title": "其他", "section": [{ "title": "诊疗经过", "text": narrative("手术") }] },
        ],
    });
    let other = json!({ "resourceType": "Composition", "id": "c2", "status": "final", "type": { "text": "会诊" },
        "title": "会诊意见" });
    let hospital = Hospital::with([
        document("d1", json!({ "contentType": "text/plain", "data": gbk })),
        composition,
        other,
        send::note("n1", None, json!({ "contentType": "text/plain", "data": STANDARD.encode("门诊病历") })),
    ]);
    let world = World::new(&[hospital]).await;
    let found = summaries(&world).await;
    let kinds: Vec<_> = found.entries.iter().map(|entry| entry.fact.origins[0].resource.as_str()).collect();
    assert_eq!(kinds, ["DocumentReference/d1", "Composition/c1"], "nothing else is a discharge summary");
    let (admission, discharge, course, plan) = texts(&found.entries[0]);
    assert_eq!((admission, discharge), (vec!["1. 肺炎"], vec!["1. 社区获得性肺炎"]));
    assert_eq!((course, plan), (Some("抗感染"), Some("休息\n复查")));
    assert_eq!(found.entries[0].fields.remark, Some("note-encoding-guessed"), "GBK that says nothing of itself");
    let composed = &found.entries[1];
    assert_eq!(texts(composed), (vec![], vec!["胆囊结石", "胆囊炎"], Some("手术"), None));
    assert_eq!((composed.fact.status.as_str(), composed.fields.title.as_deref()), ("amended", Some("出院记录")));
    assert!(composed.fields.html.as_ref().is_some_and(|html| !html.as_str().contains("script")));
}

#[tokio::test]
async fn what_a_summary_leaves_open_its_stay_says() {
    let mut stay = send::visit("e1", "IMP", Some("2026-03-09"));
    stay["period"]["end"] = json!("2026-03-18");
    stay["diagnosis"] = json!([
        { "condition": { "reference": "Condition/c1" }, "use": { "coding": [{ "code": "DD" }] } },
        { "condition": { "reference": "Condition/c2" }, "use": { "coding": [{ "code": "AD" }] } },
        { "condition": { "reference": "Condition/c3" }, "use": { "coding": [{ "code": "DD" }] } },
    ]);
    let mut unsure = send::problem("c3", "C34.9", "肺恶性肿瘤", "active", None);
    unsure["verificationStatus"] = json!({ "coding": [{ "code": "provisional" }] });
    let mut summary = document("d1", json!({ "contentType": "application/pdf", "url": "Binary/b1" }));
    summary["context"] = json!({ "encounter": [{ "reference": "Encounter/e1" }] });
    let hospital = Hospital::with([
        stay,
        send::problem("c1", "J18.9", "肺炎", "active", None),
        send::problem("c2", "R50.9", "发热", "active", None),
        unsure,
        summary,
        json!({ "resourceType": "Binary", "id": "b1", "contentType": "application/pdf",
            "data": STANDARD.encode("%PDF-1.4\n%%EOF") }),
    ]);
    let world = World::new(&[hospital]).await;
    let found = summaries(&world).await;
    let fields = &found.entries[0].fields;
    assert_eq!(texts(&found.entries[0]), (vec!["发热"], vec!["肺炎"], None, None));
    assert_eq!(fields.discharge_diagnoses[0].icd10.as_deref(), Some("J18.9"));
    assert_eq!(fields.discharged.as_ref().map(|at| at.as_str()), Some("2026-03-18"));
    assert!(found.complete() && fields.remark.is_none(), "{:?}", found.sources);
}

#[tokio::test]
async fn a_patient_gets_the_summary_of_their_stay_unless_it_names_what_is_explained() {
    let hospital = Hospital::with([
        document("d1", xml(&cda(OWN_NUMBER, "抗感染"))),
        document("d2", xml(&cda(OWN_NUMBER, "HIV 抗体阳性"))),
    ]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let found = world.charts.discharge(Reader::Patient(&own), world.person, &query, now()).await.expect("summaries");
    let seen: Vec<_> = found.entries.iter().map(|entry| entry.fact.origins[0].resource.as_str()).collect();
    assert_eq!(seen, ["DocumentReference/d1"]);
    assert_eq!(found.held.iter().map(|held| held.count).sum::<usize>(), 1);
}
