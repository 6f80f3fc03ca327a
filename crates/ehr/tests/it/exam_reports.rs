//! Reports that are no laboratory's.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ehr::{ExamReportFields, Reader, RecordQuery, Sheet};
use serde_json::{Value, json};

use super::region::{now, patient, staff};
use super::world::{Hospital, World};

async fn reports(world: &World) -> Sheet<ExamReportFields> {
    let clinician = staff("li.wei", "clinician");
    let query = RecordQuery::default();
    world.charts.exam_reports(Reader::Staff(&clinician), world.person, &query, now()).await.expect("reports")
}

fn report(id: &str, text: &str, conclusion: &str) -> Value {
    json!({
        "resourceType": "DiagnosticReport", "id": id, "status": "final", "code": { "text": text },
        "category": [{ "coding": [{ "code": "EC" }], "text": "心电" }],
        "effectiveDateTime": "2026-11-02T09:10:00+08:00", "issued": "2026-11-02T10:00:00+08:00",
        "performer": [{ "display": "沈静" }], "conclusion": conclusion,
    })
}

#[tokio::test]
async fn a_report_says_all_that_its_hospital_said() {
    let mut whole = report("r1", "十二导联心电图", "窦性心律");
    whole["resultsInterpreter"] = json!([{ "reference": "Practitioner/d1" }]);
    whole["conclusionCode"] = json!([{ "text": "正常心电图" }]);
    whole["imagingStudy"] = json!([{ "reference": "ImagingStudy/s1", "display": "波形" }]);
    whole["media"] = json!([
        { "comment": "截图", "link": { "reference": "Media/m1" } }, { "link": { "reference": "http://evil/Media/1" } }
    ]);
    whole["presentedForm"] = json!([
        { "contentType": "application/pdf", "url": "Binary/b1", "title": "报告", "size": 20480 },
        { "contentType": "text/html", "data": STANDARD.encode("<p onclick=x>心率 72<script>1</script></p>") },
        { "contentType": "application/pdf", "url": "https://elsewhere.example/x.pdf" },
    ]);
    let hospital =
        Hospital::with([whole, json!({ "resourceType": "Practitioner", "id": "d1", "name": [{ "text": "何平" }] })]);
    let world = World::new(std::slice::from_ref(&hospital)).await;
    hospital.asked();
    let found = reports(&world).await;
    assert!(found.complete(), "{:?}", found.sources);
    let fields = &found.entries[0].fields;
    assert_eq!(fields.html.as_ref().map(|html| html.as_str()), Some("<p>心率 72</p>"));
    assert_eq!(fields.interpreter[0].words(), Some("何平"));
    let images: Vec<_> =
        fields.images.iter().map(|image| (image.resource.as_str(), image.comment.as_deref())).collect();
    assert_eq!(images, [("ImagingStudy/s1", Some("波形")), ("Media/m1", Some("截图"))]);
    let paths: Vec<_> = fields.documents.iter().map(|document| document.path.as_deref()).collect();
    assert_eq!(paths, [Some("documents/h0/DiagnosticReport/r1/0"), Some("documents/h0/DiagnosticReport/r1/1"), None]);
    assert!(!hospital.asked().iter().any(|path| path.starts_with("Binary/")), "documents are fetched on demand");
    let json = serde_json::to_value(ehr::json::sheet(world.person, ehr::Section::ExamReports, &found)).expect("json");
    let field = |name: &str| json.pointer(&format!("/items/0/fields/{name}")).cloned().unwrap_or_default();
    assert_eq!((field("conclusion"), field("performer")), (json!("窦性心律"), json!(["沈静"])));
    assert_eq!((field("documents/0/title"), field("documents/0/size")), (json!("报告"), json!(20480)));
    assert_eq!((field("category"), field("issued")), (json!("心电"), json!("2026-11-02T10:00:00+08:00")));
}

#[tokio::test]
async fn one_report_of_two_hospitals_is_one_and_two_conclusions_are_a_conflict() {
    let one = Hospital::with([report("a", "心电图", "窦性心律"), report("c", "胃镜", "浅表性胃炎")]);
    let other = Hospital::with([report("b", "心电图", "窦性 心律"), report("d", "胃镜", "胃溃疡")]);
    for hospitals in [[one.clone(), other.clone()], [other, one]] {
        let world = World::new(&hospitals).await;
        let found = reports(&world).await;
        let named = |name: &str| found.entries.iter().filter(|entry| entry.fact.code.text == name).collect::<Vec<_>>();
        let (same, different) = (named("心电图"), named("胃镜"));
        assert_eq!((same.len(), same[0].fact.origins.len(), same[0].fact.is_contradicted()), (1, 2, false));
        assert_eq!(different.len(), 2);
        assert!(different.iter().all(|entry| entry.fact.is_contradicted()), "{different:?}");
    }
}

#[tokio::test]
async fn laboratory_reports_and_errors_are_left_out_and_what_changes_is_visible() {
    let with = |id: &str, change: fn(&mut Value)| {
        let mut report = report(id, id, "结论");
        change(&mut report);
        report
    };
    let hospital = Hospital::with([
        with("lab", |report| {
            report["category"] = json!([{ "coding": [{ "code": "LAB" }] }]);
            report["conclusion"] = Value::Null;
            report["result"] = json!([{ "reference": "Observation/1" }]);
        }),
        // Its words would be nowhere else.
        with("commented", |report| {
            report["category"] = json!([{ "coding": [{ "code": "LAB" }] }]);
            report["result"] = json!([{ "reference": "Observation/1" }]);
        }),
        with("bare", |report| {
            report["category"] = json!([]);
            report["conclusion"] = Value::Null;
            report["result"] = json!([{ "reference": "Observation/1" }]);
        }),
        with("error", |report| report["status"] = json!("entered-in-error")),
        with("preliminary", |report| report["status"] = json!("preliminary")),
        with("amended", |report| report["status"] = json!("amended")),
        with("cancelled", |report| report["status"] = json!("cancelled")),
        with("uncategorised", |report| report["category"] = json!([])),
        with("undated", |report| {
            report["effectiveDateTime"] = Value::Null;
            report["issued"] = Value::Null;
        }),
        with("narrated", |report| {
            report["conclusion"] = Value::Null;
            report["text"] = json!({ "status": "additional", "div": "<div><p>叙述<img src=x></p></div>" });
        }),
    ]);
    let world = World::new(&[hospital]).await;
    let found = reports(&world).await;
    let mut said: Vec<_> =
        found.entries.iter().map(|entry| (entry.fact.code.text.as_str(), entry.fact.status.as_str())).collect();
    assert_eq!(said.pop(), Some(("undated", "final")), "undated last");
    said.sort_unstable();
    assert_eq!(
        said,
        [
            ("amended", "amended"),
            ("cancelled", "cancelled"),
            ("commented", "final"),
            ("narrated", "final"),
            ("preliminary", "preliminary"),
            ("uncategorised", "final"),
        ]
    );
    let narrated = found.entries.iter().find(|entry| entry.fact.code.text == "narrated").expect("narrated");
    assert_eq!(narrated.fields.html.as_ref().map(|html| html.words()), Some("叙述".to_owned()));
}

#[tokio::test]
async fn a_patient_sees_settled_reports_after_three_days() {
    let mut fresh = report("fresh", "心电图", "窦性心律");
    fresh["effectiveDateTime"] = json!("2026-11-20T09:10:00+08:00");
    let mut unsettled = report("unsettled", "超声", "待定");
    unsettled["status"] = json!("preliminary");
    let mut named = report("named", "肺功能", "正常");
    named["presentedForm"] = json!([{ "contentType": "text/plain", "data": STANDARD.encode("HIV 抗体待查") }]);
    let hospital = Hospital::with([
        report("old", "心电图", "窦性心律"),
        fresh,
        unsettled,
        named,
        report("tissue", "病理检查", "慢性炎症"),
    ]);
    let world = World::outside(&[hospital]).await;
    let own = patient(Some(world.person));
    let query = RecordQuery::default();
    let found = world.charts.exam_reports(Reader::Patient(&own), world.person, &query, now()).await.expect("reports");
    let seen: Vec<_> = found.entries.iter().map(|entry| entry.fact.origins[0].resource.as_str()).collect();
    assert_eq!(seen, ["DiagnosticReport/old"]);
    let held: usize = found.held.iter().map(|held| held.count).sum();
    assert_eq!(held, 4);
}
