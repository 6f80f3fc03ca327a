//! Operations, nursing, the personal record and the whole history: with data, with none, with nobody knows, in part.

use std::sync::LazyLock;

use ehr::{
    Answered, ClinicalTime, Entry, Fact, FindingPart, Moment, MomentKind, Note, NoteContent, NursingFields,
    NursingKind, Origin, Part, PersonalFields, PersonalKind, Section, Sheet, Silent, SourceState, SurgeryFields,
    labs::{Code, Range, Value},
};
use record_view::{
    ListFilters, Scene,
    history::{self, HistoryFilters, HistoryInput},
    sheet::{SheetInput, SheetView, page, patient_page},
    sheets::{NursingView, PersonalRecordView, SurgeryView},
};
use web::{
    Lang,
    render::{Portal, Renderer},
};

use crate::sample::{banner, external, frame, internal, now, report};

/// Made once: reading all templates takes a while.
static INSIDE: LazyLock<Renderer> = LazyLock::new(internal);
static OUTSIDE: LazyLock<Renderer> = LazyLock::new(external);

pub fn fact(id: &str, kind: &'static str, text: &str, at: &str) -> Fact {
    Fact {
        id: id.to_owned(),
        kind,
        code: Code { text: text.to_owned(), codings: vec![] },
        time: ClinicalTime::parse(at),
        status: "final".to_owned(),
        origins: vec![Origin { source: "one".to_owned(), resource: format!("{kind}/{id}"), ..Origin::default() }],
        conflict: vec![],
    }
}

pub fn sheet<F>(entries: Vec<Entry<F>>, second: SourceState, part: Part) -> Sheet<F> {
    let report_of_second = report("two", 1, second);
    let silent = Silent {
        source: report_of_second.id.clone(),
        name: report_of_second.short_name.clone(),
        state: second,
        detail: None,
    };
    Sheet {
        entries,
        silent: if second == SourceState::Answered { vec![] } else { vec![(part, silent)] },
        sources: vec![report("one", 0, SourceState::Answered), report_of_second],
        as_of: now(),
        held: vec![],
        reviews: Default::default(),
    }
}

/// Both portals' pages of one section in one language.
pub fn pages<V: SheetView>(of: &Sheet<V::Fields>, lang: Lang) -> [String; 2] {
    let (banner, filters) = (banner(), ListFilters::default());
    let (inside, outside) = (&*INSIDE, &*OUTSIDE);
    let input = |scene| SheetInput { banner: &banner, sheet: of, filters: &filters, reader: "林知远", scene };
    let clinician = page::<V>(&input(Scene::new(inside.words(lang), now())));
    let patient = patient_page::<V>(&input(Scene::for_patient(outside.words(lang), now())));
    [
        inside.page("record/sheet.html", &frame(lang, Portal::Internal), &clinician).expect("page"),
        outside.page("record/sheet.html", &frame(lang, Portal::External), &patient).expect("page"),
    ]
}

/// Nothing is ever "none" while somebody is silent.
pub fn check_empty<V: SheetView>(part: Part) {
    for (second, says_none) in
        [(SourceState::Answered, true), (SourceState::Unreachable, false), (SourceState::Refused, false)]
    {
        let [clinician, patient] = pages::<V>(&sheet(vec![], second, part), Lang::Zh);
        assert_eq!(clinician.contains("所有已关联的机构都已应答"), says_none, "{second:?}");
        assert_eq!(patient.contains("您的医院都已回复"), says_none, "{second:?}");
        assert_eq!(clinician.contains("不知道有没有这一类记录"), !says_none, "{second:?}");
    }
}

fn amount(text: &str, unit: &str, ucum: &'static str) -> Value {
    Value {
        text: text.to_owned(),
        number: text.parse().ok(),
        comparator: None,
        unit: Some(unit.to_owned()),
        ucum: Some(ucum),
    }
}

fn temperature(id: &str, at: &str, text: &str) -> Entry<NursingFields> {
    let mut fact = fact(id, "Observation", "体温", at);
    fact.code.codings =
        vec![ehr::labs::Coding { system: Some("http://loinc.org".to_owned()), code: "8310-5".to_owned() }];
    let fields = NursingFields {
        what: NursingKind::VitalSign,
        value: Some(amount(text, "℃", "Cel")),
        range: Some(Range { text: "36.0–37.2".to_owned(), low: Some(36.0), high: Some(37.2) }),
        flag: Some(ehr::labs::Flag::High),
        ..NursingFields::default()
    };
    Entry { fact, fields }
}

#[test]
fn nursing_is_drawn_added_up_and_listed() {
    let pressure = Value { number: None, ..amount("128/77", "mmHg", "mm[Hg]") };
    let part = |text: &str, value: &str| FindingPart {
        code: Code { text: text.to_owned(), codings: vec![] },
        value: Some(amount(value, "mmHg", "mm[Hg]")),
        ..FindingPart::default()
    };
    let blood = NursingFields {
        value: Some(pressure),
        components: vec![part("收缩压", "128"), part("舒张压", "77")],
        ..NursingFields::default()
    };
    let urine = NursingFields { value: Some(amount("650", "mL", "mL")), ..NursingFields::default() };
    let plan = NursingFields {
        what: NursingKind::Plan,
        text: Some("低盐饮食".into()),
        goals: vec!["血压 < 130/80".into()],
        ..NursingFields::default()
    };
    let of = sheet(
        vec![
            Entry {
                fact: Fact { status: "draft".into(), ..fact("c", "CarePlan", "护理计划一", "2026-11-01") },
                fields: plan,
            },
            temperature("t1", "2026-11-20T07:00:00+08:00", "38.5"),
            temperature("t2", "2026-11-19T07:00:00+08:00", "37.9"),
            Entry { fact: fact("b", "Observation", "血压", "2026-11-20T07:00:00+08:00"), fields: blood },
            Entry { fact: fact("u", "Observation", "尿量", "2026-11-20T07:00:00+08:00"), fields: urine },
        ],
        SourceState::Unreachable,
        Part::Findings,
    );
    for lang in [Lang::Zh, Lang::En] {
        for html in pages::<NursingView>(&of, lang) {
            assert_eq!(html.matches("<svg class=\"chart\"").count(), 1, "one vital sign was measured twice");
            assert!(
                html.contains("svg-band") && html.contains("36.0–37.2") && html.contains("38.5 ℃"),
                "range as band and words"
            );
            assert!(html.contains("<table class=\"t\"><caption"), "a table stands beside the chart");
            assert!(html.contains("128/77 mmHg") && !html.contains("收缩压：128"), "one line of a blood pressure");
            assert!(html.contains("血压 &lt; 130/80") && html.contains("低盐饮食"), "escaped and whole");
            assert!(html.contains("class=\"num\"><div>650</div></td>"), "output of the day");
        }
    }
    let [clinician, _] = pages::<NursingView>(&of, Lang::Zh);
    assert!(clinician.contains("不含院-two的生命体征与评估"), "who is missing in which part");
    assert!(clinician.contains("草案") && clinician.contains("出入量"));
    check_empty::<NursingView>(Part::Findings);
}

#[test]
fn an_operation_shows_anaesthesia_complications_and_notes() {
    let note = Note {
        id: "n1".into(),
        title: "手术记录".into(),
        content: NoteContent::Text { text: "<b>切口</b>".into(), encoding: ehr::NoteEncoding::Sound },
        origin: Origin { source: "one".into(), ..Origin::default() },
        ..Note::default()
    };
    let fields = SurgeryFields {
        anaesthesia: vec!["全身麻醉".into()],
        asa: Some("II".into()),
        complications: vec!["切口感染".into()],
        outcome: Some("成功".into()),
        notes: vec![note],
        ..SurgeryFields::default()
    };
    let fact = Fact { status: "not-done".into(), ..fact("p", "Procedure", "腹腔镜胆囊切除术", "2026-03-10") };
    let of = sheet(vec![Entry { fact, fields }], SourceState::Answered, Part::Procedures);
    for html in pages::<SurgeryView>(&of, Lang::Zh) {
        assert!(html.contains("全身麻醉") && html.contains("ASA II") && html.contains("并发症：切口感染"), "{html}");
        assert!(
            html.contains("&lt;b&gt;切口&lt;") && html.contains("未进行"),
            "escaped; and what was not done says so"
        );
    }
    check_empty::<SurgeryView>(Part::Procedures);
}

#[test]
fn what_a_patient_said_is_marked_and_nothing_is_made_up_for_them() {
    let answers = vec![
        Answered { depth: 0, question: "生活方式".into(), answers: vec![] },
        Answered { depth: 1, question: "吸烟吗？".into(), answers: vec!["true".into()] },
    ];
    let own =
        PersonalFields { what: PersonalKind::Questionnaire, self_reported: true, answers, ..PersonalFields::default() };
    let habit =
        PersonalFields { what: PersonalKind::SocialHistory, text: Some("从不".into()), ..PersonalFields::default() };
    let entries = vec![
        Entry { fact: fact("h", "Observation", "吸烟状况", "2022-01-01"), fields: habit },
        Entry {
            fact: Fact {
                code: Code::default(),
                status: "completed".into(),
                ..fact("q", "QuestionnaireResponse", "", "2026-05-02")
            },
            fields: own,
        },
    ];
    let of = sheet(entries, SourceState::Answered, Part::Questionnaires);
    for html in pages::<PersonalRecordView>(&of, Lang::Zh) {
        assert_eq!(html.matches("本人自述").count(), 1, "only what the source says is the patient's own word");
        assert!(html.contains("\u{3000}吸烟吗？ 是") && html.contains("从不"), "nested, and yes is a word");
    }
    check_empty::<PersonalRecordView>(Part::FamilyHistory);
}

fn history(of: &Sheet<Moment>, query: &[(&str, &str)], lang: Lang) -> String {
    let renderer = &*INSIDE;
    let (banner, filters) = (banner(), HistoryFilters::from_pairs(query.iter().copied()));
    let scene = Scene::new(renderer.words(lang), now());
    let page =
        history::page(&HistoryInput { banner: &banner, sheet: of, filters: &filters, reader: "林知远", scene });
    renderer.page("record/timeline.html", &frame(lang, Portal::Internal), &page).expect("page")
}

#[test]
fn the_line_is_by_year_filtered_by_a_form_and_honest() {
    let moment = |id: &str, kind: MomentKind, section: Section, text: &str, at: &str| Entry {
        fact: fact(id, "X", text, at),
        fields: Moment { kind, section, at: id.to_owned(), ..Moment::default() },
    };
    let entries = vec![
        moment("one.Procedure.p", MomentKind::Procedure, Section::Surgery, "冠状动脉造影", "2026-03-01"),
        moment("one.Immunization.i", MomentKind::Immunization, Section::PersonalRecord, "流感疫苗", "2025-10-01"),
        moment("one.DocumentReference.n", MomentKind::Note, Section::Nursing, "一般护理记录单", ""),
    ];
    let of = sheet(entries, SourceState::Unreachable, Part::Reports);
    for lang in [Lang::Zh, Lang::En] {
        let html = history(&of, &[], lang);
        let years: Vec<usize> =
            [">2026</h2>", ">2025</h2>"].iter().map(|year| html.find(year).expect("year")).collect();
        assert!(years[0] < years[1] && html.contains("method=\"get\""), "works as a form");
        assert!(html.contains("/surgery?at=one.Procedure.p#e-one.Procedure.p"), "opens where it stands");
        assert!(html.contains("/nursing?at=one.DocumentReference.n#n-one.DocumentReference.n"));
    }
    let html = history(&of, &[("kind", "procedure"), ("since", "2026-01-01")], Lang::Zh);
    assert!(html.contains("冠状动脉造影") && !html.contains("流感疫苗") && !html.contains("一般护理记录单"));
    assert!(html.contains("3 项中的 1 项") && html.contains("不含院-two"), "filters hide nobody who is silent");
    let html = history(&of, &[("kind", "report")], Lang::Zh);
    assert!(html.contains("筛选后没有记录") && !html.contains("所有已关联的机构都已应答"));
    let html = history(&sheet(vec![], SourceState::Unreachable, Part::Notes), &[("kind", "nonsense")], Lang::Zh);
    assert!(html.contains("不知道有没有这一类记录") && !html.contains("所有已关联的机构都已应答"));
}

#[test]
fn what_is_told_of_the_whole_list_stands_on_its_first_page_and_columns_that_nobody_fills_nowhere() {
    let minute = |nth: usize| format!("2026-11-{:02}T{:02}:00:00+08:00", 1 + nth / 24, nth % 24);
    let all: Vec<_> = (0..60).map(|nth| temperature(&format!("t{nth}"), &minute(nth), "37.9")).collect();
    let of = sheet(all, SourceState::Answered, Part::Findings);
    let drawn = |skip: usize| {
        let scene = Scene::new(INSIDE.words(Lang::Zh), now());
        let filters = ListFilters { skip, ..ListFilters::default() };
        let input = SheetInput { banner: &banner(), sheet: &of, filters: &filters, reader: "林知远", scene };
        let html = INSIDE.page("record/sheet.html", &frame(Lang::Zh, Portal::Internal), &page::<NursingView>(&input));
        html.expect("page")
    };
    let (first, second) = (drawn(0), drawn(50));
    assert!(first.contains("<svg class=\"chart\"") && !second.contains("<svg class=\"chart\""));
    assert!(second.contains("id=\"e-t59\"") && second.contains("<th scope=\"col\">参考范围</th>"));
    assert!(!first.contains("测量或记录者"), "nobody says who measured");
}
