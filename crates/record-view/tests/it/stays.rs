//! Stays, reports, discharge summaries and single documents: with data, with none, with nobody knows.

use ehr::{
    Banner, ClinicalTime, DischargeFields, DocumentLink, Entry, ExamReportFields, Fact, ImageLink, Note, NoteContent,
    NoteEncoding, OpenedDocument, Origin, Part, Place, PlaceKind, Section, Sheet, Silent, SourceState, StayDiagnosis,
    Visit, VisitClass, Visits, labs::Code,
};
use record_view::{
    ListFilters, Scene, document, patient_visits,
    sheet::{SheetInput, SheetView, page, patient_page},
    sheets::{DischargeView, ExamReportsView},
    visits::VisitsInput,
};
use web::{Lang, render::Portal};

use crate::sample::{banner, external, frame, internal, now, report};

fn fact(id: &str, kind: &'static str, text: &str, status: &str) -> Fact {
    Fact {
        id: id.to_owned(),
        kind,
        code: Code { text: text.to_owned(), codings: vec![] },
        time: ClinicalTime::parse("2026-03-09T09:30:00+08:00"),
        status: status.to_owned(),
        origins: vec![Origin { source: "one".to_owned(), resource: format!("{kind}/{id}"), ..Origin::default() }],
        conflict: vec![],
    }
}

fn silent(state: SourceState) -> Vec<Silent> {
    let two = report("two", 1, state);
    match state {
        SourceState::Answered => vec![],
        _ => vec![Silent { source: two.id, name: two.short_name, state, detail: None }],
    }
}

fn stays(visits: Vec<Visit>, second: SourceState) -> Visits {
    Visits {
        section: Section::Inpatient,
        visits,
        loose_notes: vec![],
        silent: silent(second),
        sources: vec![report("one", 0, SourceState::Answered), report("two", 1, second)],
        as_of: now(),
        held: vec![],
    }
}

fn stay() -> Visit {
    let place = |name: &str, kind, since| Place { name: name.to_owned(), kind, since, until: None };
    let note = Note {
        id: "n1".to_owned(),
        title: "病程记录".to_owned(),
        content: NoteContent::Document { content_type: "application/pdf".to_owned() },
        attachment: Some(0),
        origin: Origin { source: "one".to_owned(), resource: "DocumentReference/n1".to_owned(), ..Origin::default() },
        ..Note::default()
    };
    Visit {
        fact: fact("e1", "Encounter", "住院", "finished"),
        class: VisitClass::Inpatient,
        ended: ClinicalTime::parse("2026-03-18T16:30:00+08:00"),
        location: Some("肾内科病区 12 床".to_owned()),
        places: vec![
            place("急诊观察室", PlaceKind::Room, ClinicalTime::parse("2026-03-09")),
            place("肾内科病区", PlaceKind::Ward, ClinicalTime::parse("2026-03-12")),
        ],
        clinicians: vec!["林知远".to_owned(), "周宁".to_owned()],
        attending: vec!["林知远".to_owned()],
        disposition: Some("医嘱离院".to_owned()),
        notes: vec![note],
        ..Visit::default()
    }
}

/// Both portals' pages of stays.
fn stay_pages(of: &Visits, lang: Lang) -> [String; 2] {
    let (inside, outside, banner, filters) = (internal(), external(), banner(), ListFilters::default());
    let scene = Scene::new(inside.words(lang), now());
    let input = VisitsInput { banner: &banner, visits: of, filters: &filters, reader: "林知远", scene };
    let clinician = record_view::visits::page(&input);
    let scene = Scene::for_patient(outside.words(lang), now());
    let patient = patient_visits::page(&banner, of, &filters, &scene);
    [
        inside.page("record/visits.html", &frame(lang, Portal::Internal), &clinician).expect("page"),
        outside.page("record/visits.html", &frame(lang, Portal::External), &patient).expect("page"),
    ]
}

fn sheet<F>(entries: Vec<Entry<F>>, second: SourceState, part: Part) -> Sheet<F> {
    Sheet {
        entries,
        silent: silent(second).into_iter().map(|silent| (part, silent)).collect(),
        sources: vec![report("one", 0, SourceState::Answered), report("two", 1, second)],
        as_of: now(),
        held: vec![],
        reviews: Default::default(),
    }
}

fn sheet_pages<V: SheetView>(of: &Sheet<V::Fields>, lang: Lang) -> [String; 2] {
    let (inside, outside, banner, filters) = (internal(), external(), banner(), ListFilters::default());
    let input = |scene| SheetInput { banner: &banner, sheet: of, filters: &filters, reader: "林知远", scene };
    let clinician = page::<V>(&input(Scene::new(inside.words(lang), now())));
    let patient = patient_page::<V>(&input(Scene::for_patient(outside.words(lang), now())));
    [
        inside.page("record/sheet.html", &frame(lang, Portal::Internal), &clinician).expect("page"),
        outside.page("record/sheet.html", &frame(lang, Portal::External), &patient).expect("page"),
    ]
}

#[test]
fn a_stay_shows_its_places_its_end_and_who_attended() {
    let found = stays(vec![stay()], SourceState::Unreachable);
    let [clinician, patient] = stay_pages(&found, Lang::Zh);
    for words in ["主治医生", "林知远", "周宁", "病房 急诊观察室 2026-03-09 起", "病区 肾内科病区", "医嘱离院"]
    {
        assert!(clinician.contains(words), "{words}: {clinician}");
    }
    assert!(clinician.contains("2026-03-18 16:30") && clinician.contains("不含院-two"), "{clinician}");
    assert!(clinician.contains("href=\"documents/one/DocumentReference/n1/0\""), "{clinician}");
    assert!(clinician.contains("这份记录是文件（PDF）"), "{clinician}");
    assert!(patient.contains("<h1>住院病历</h1>") && patient.contains("主治医生"), "{patient}");
    let [english, _] = stay_pages(&found, Lang::En);
    assert!(english.contains("Attending") && english.contains("Room 急诊观察室 since 2026-03-09"), "{english}");
}

#[test]
fn no_stay_is_said_only_when_everybody_answered() {
    for (second, says_none) in [(SourceState::Answered, true), (SourceState::Unreachable, false)] {
        let [clinician, patient] = stay_pages(&stays(vec![], second), Lang::Zh);
        assert_eq!(clinician.contains("<h2 id=\"none\">没有住院记录"), says_none, "{second:?}");
        assert_eq!(patient.contains("您的医院都已回复，没有住院记录"), says_none, "{second:?}");
        assert_eq!(clinician.contains("不知道有没有住院记录"), !says_none, "{second:?}");
    }
    for part in [Part::Reports, Part::DischargeSummaries] {
        for (second, says_none) in [(SourceState::Answered, true), (SourceState::Refused, false)] {
            let pages = match part {
                Part::Reports => sheet_pages::<ExamReportsView>(&sheet(vec![], second, part), Lang::Zh),
                _ => sheet_pages::<DischargeView>(&sheet(vec![], second, part), Lang::Zh),
            };
            assert_eq!(pages[0].contains("所有已关联的机构都已应答"), says_none, "{part:?} {second:?}");
            assert_eq!(pages[1].contains("您的医院都已回复"), says_none, "{part:?} {second:?}");
        }
    }
}

#[test]
fn a_report_shows_conclusion_documents_and_status() {
    let link = |path: Option<&str>, title: &str| DocumentLink {
        path: path.map(str::to_owned),
        title: Some(title.to_owned()),
        content_type: Some("application/pdf".to_owned()),
        size: Some(20_480),
        created: None,
    };
    let fields = ExamReportFields {
        category: Some("心电".to_owned()),
        conclusion: Some("<b>窦性心律</b>".to_owned()),
        text: Some("正文<script>".to_owned()),
        documents: vec![link(Some("documents/one/DiagnosticReport/r1/0"), "报告单"), link(None, "别处的报告")],
        images: vec![ImageLink { resource: "ImagingStudy/1".to_owned(), comment: Some("波形".to_owned()) }],
        ..ExamReportFields::default()
    };
    let entry = Entry { fact: fact("r1", "DiagnosticReport", "心电图", "preliminary"), fields };
    let found = sheet(vec![entry], SourceState::Answered, Part::Reports);
    for html in sheet_pages::<ExamReportsView>(&found, Lang::Zh) {
        assert!(html.contains("&lt;b&gt;窦性心律") && html.contains("正文&lt;script&gt;"), "{html}");
        assert!(html.contains("href=\"documents/one/DiagnosticReport/r1/0\">报告单 · PDF · 20 KB · 2026"), "{html}");
        assert!(html.contains("正文放在别的服务器上"), "{html}");
        assert!(html.contains("初步报告") && html.contains("1 组，存于来源机构") && html.contains("波形"), "{html}");
    }
    let [english, _] = sheet_pages::<ExamReportsView>(&found, Lang::En);
    assert!(english.contains("one study, at its hospital") && english.contains("preliminary"), "{english}");
}

#[test]
fn a_discharge_summary_shows_diagnoses_course_and_plan() {
    let diagnosis = |text: &str, icd10: Option<&str>| StayDiagnosis {
        text: text.to_owned(),
        icd10: icd10.map(str::to_owned),
        origins: Vec::new(),
    };
    let fields = DischargeFields {
        admitted: ClinicalTime::parse("2026-03-09"),
        discharged: ClinicalTime::parse("2026-03-18T16:30:00+08:00"),
        admission_diagnoses: vec![diagnosis("发热", None)],
        discharge_diagnoses: vec![diagnosis("肺炎", Some("J18.9"))],
        course: Some("抗感染".to_owned()),
        plan: Some("复查".to_owned()),
        remark: Some("document-unsound"),
        ..DischargeFields::default()
    };
    let entry = Entry { fact: fact("d1", "DocumentReference", "出院小结", "amended"), fields };
    let found = sheet(vec![entry], SourceState::Answered, Part::DischargeSummaries);
    let dates =
        [["入院 2026-03-09", "出院 2026-03-18 16:30"], ["入院 2026 年 3 月 9 日", "出院 2026 年 3 月 18 日 16:30"]];
    for (html, [admitted, discharged]) in sheet_pages::<DischargeView>(&found, Lang::Zh).into_iter().zip(dates) {
        for words in [admitted, discharged, "发热", "肺炎 J18.9", "抗感染", "复查", "已修订"] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert!(html.contains("正文没有取到：文件内容与它的格式不符"), "{html}");
    }
}

fn opened(content: NoteContent) -> OpenedDocument {
    let origin = Origin { source: "one".to_owned(), resource: "DocumentReference/n1".to_owned(), ..Origin::default() };
    OpenedDocument {
        section: Section::Discharge,
        note: Note { title: "出院小结".to_owned(), content, attachment: Some(0), origin, ..Note::default() },
        file: None,
        sources: vec![report("one", 0, SourceState::Answered)],
        as_of: now(),
    }
}

fn document_pages(of: &OpenedDocument, banner: &Banner) -> [String; 2] {
    let (inside, outside) = (internal(), external());
    let clinician = document::page(banner, of, "林知远", &Scene::new(inside.words(Lang::Zh), now()));
    let patient = document::patient_page(banner, of, &Scene::for_patient(outside.words(Lang::Zh), now()));
    [
        inside.page("record/document.html", &frame(Lang::Zh, Portal::Internal), &clinician).expect("page"),
        outside.page("record/document.html", &frame(Lang::Zh, Portal::External), &patient).expect("page"),
    ]
}

#[test]
fn a_document_stands_on_a_page_of_its_own() {
    let text = NoteContent::Text { text: "经过<script>".to_owned(), encoding: NoteEncoding::Guessed };
    for html in document_pages(&opened(text), &banner()) {
        assert!(html.contains("<h1>出院小结</h1>") && html.contains("经过&lt;script&gt;"), "{html}");
        assert!(html.contains("GB 18030") && html.contains("院-one"), "{html}");
        assert!(html.contains("/discharge\"") && !html.contains("documents/one"), "it leads back, not to itself");
    }
    for html in document_pages(&opened(NoteContent::Missing { why: "why-timeout" }), &banner()) {
        assert!(html.contains("正文没有取到：超过等待时间"), "{html}");
    }
}
