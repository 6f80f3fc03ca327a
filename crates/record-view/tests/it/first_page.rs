//! The patient's first page and its card of newest results; the clinician's list of people.

use std::collections::HashMap;

use access::{PersonId, RelationKind};
use ehr::{FoundPatient, Gathered, Held, MaskedIdentifier, PatientSearch, SourceState, labs};
use record_view::{
    Scene,
    labs::Filters,
    patient_labs::{Newest, PatientLabsInput},
    search::{self, Listing, PeopleFilters},
};
use web::{Lang, render::Portal};

use crate::sample::{banner, external, frame, gathered, internal, now, potassium, report};

fn card(newest: &Newest) -> String {
    let view = serde_json::json!({ "newest": newest, "record": "/people/1/record" });
    external().page("widgets/new_results.html", &frame(Lang::Zh, Portal::External), &view).expect("part")
}

fn newest(gathered: &Gathered<labs::LabResult>) -> (Newest, String) {
    let renderer = external();
    let matrix = labs::matrix(&gathered.items, &labs::MatrixWindow::default());
    let newest = Newest::new(&PatientLabsInput {
        banner: &banner(),
        gathered,
        matrix: &matrix,
        filters: &Filters::default(),
        scene: Scene::new(renderer.words(Lang::Zh), now()),
    });
    let html = card(&newest);
    (newest, html)
}

#[test]
fn what_could_not_be_read_is_not_nothing_and_is_not_asked_for_ever() {
    let html = card(&Newest::failed());
    assert!(html.contains("查不到不等于没有") && !html.contains("hx-trigger"), "{html}");
    assert!(html.contains("href=\"/?newest=1\""), "one can look again: {html}");
}

#[test]
fn the_newest_card_says_none_only_when_every_linked_source_answered_in_full() {
    for second in [
        SourceState::Answered,
        SourceState::Partial,
        SourceState::Refused,
        SourceState::Unreachable,
        SourceState::Unsupported,
        SourceState::NotLinked,
    ] {
        let (newest, html) = newest(&gathered(vec![], [SourceState::Answered, second]));
        let full = matches!(second, SourceState::Answered | SourceState::NotLinked);
        assert_eq!(newest.state, if full { "none" } else { "unknown" }, "{second:?}");
        assert_eq!(html.contains("您的医院都已回复，没有检验结果"), full, "{second:?}");
        let warned = !full && second != SourceState::Unsupported;
        assert_eq!(html.contains("医院-two暂时没有给出完整的回复"), warned, "{second:?}: who is missing");
    }
}

#[test]
fn the_newest_day_comes_with_what_matters_most() {
    let day = "2026-11-20T08:10:00+08:00";
    let analyte = |name: &str, text: &str, flag: labs::Flag| {
        let mut one = potassium(day, text, flag, "one");
        one.id = name.to_owned();
        one.code = labs::Code { text: name.to_owned(), codings: vec![] };
        (one.analyte, one.group) = (None, None);
        one
    };
    let items = vec![
        analyte("甲", "1.11", labs::Flag::Normal),
        analyte("乙", "2.22", labs::Flag::High),
        analyte("丙", "3.33", labs::Flag::CriticalHigh),
        analyte("丁", "4.44", labs::Flag::Low),
        potassium("2026-10-01T08:10:00+08:00", "9.99", labs::Flag::CriticalHigh, "one"),
    ];
    let (newest, html) = newest(&gathered(items, [SourceState::Answered, SourceState::Unreachable]));
    let shown: Vec<&str> = newest.results.iter().map(|one| one.value.as_str()).collect();
    assert_eq!(shown[0], "3.33", "critical first");
    assert_eq!(shown.len(), 2);
    assert!(!html.contains("9.99"), "an older day is on its page");
    assert!(html.contains("这一天还有 2 项，其中 1 项超出参考范围"), "{html}");
    assert!(html.contains("医院-two暂时没有给出完整的回复"), "who is missing stands beside what came");
    let mut held = gathered(vec![], [SourceState::Answered, SourceState::Answered]);
    held.held = vec![Held { reason_key: "held-explained", count: 2 }];
    let (newest, html) = self::newest(&held);
    assert!(newest.state == "held" && html.contains("2 项需要医生当面说明"), "{html}");
}

fn found(nth: u128, name: &str, pinyin: &str, born: &str) -> FoundPatient {
    let number =
        |kind: &str, masked: &str| MaskedIdentifier { system: None, kind: kind.to_owned(), masked: masked.to_owned() };
    FoundPatient {
        person: PersonId(uuid::Uuid::from_u128(nth)),
        number: format!("LZ {nth:04} 0000 00"),
        name: name.to_owned(),
        pinyin: Some(pinyin.to_owned()),
        sex: Some("female".to_owned()),
        birth_date: Some(born.to_owned()),
        age: Some(62),
        identifiers: vec![
            number("resident-id", "999***********0328"),
            number("record-number", "MZ1"),
            number("record-number", "ZY2"),
        ],
        sources: vec!["two".to_owned(), "one".to_owned()],
        possible_duplicate: false,
    }
}

#[test]
fn a_row_has_two_identifiers_its_hospitals_in_order_and_the_reader_s_relation() {
    let search: PatientSearch = serde_json::from_value(serde_json::json!({
        "id": uuid::Uuid::from_u128(7),
        "shown_query": "cyl",
        "items": [found(1, "陈玉兰", "chén yù lán", "1964-03-18"), found(2, "陈玉莲", "chén yù lián", "1979-08-11")],
        "sources": [report("one", 0, SourceState::Answered), report("two", 1, SourceState::Answered)],
    }))
    .expect("a search");
    let relations = HashMap::from([(PersonId(uuid::Uuid::from_u128(1)), RelationKind::Care)]);
    let renderer = internal();
    let page = |pairs: &[(&str, &str)]| {
        let filters = PeopleFilters::from_pairs(pairs.iter().copied());
        let listing = Listing { relations: relations.clone(), filters };
        let scene = Scene::new(renderer.words(Lang::Zh), now());
        let page = search::page(&search, &listing, "/patients", &scene);
        renderer.page("patients.html", &frame(Lang::Zh, Portal::Internal), &page).expect("page")
    };
    let html = page(&[]);
    assert!(html.contains("<mark>c</mark>hén <mark>y</mark>ù <mark>l</mark>án"), "{html}");
    let row = html.split("<tr>").nth(2).expect("the first person");
    assert!(
        row.contains("LZ 0001") && row.contains("尾号 0328") && row.contains("MZ1") && row.contains("ZY2"),
        "{row}"
    );
    assert!(row.find("院-one") < row.find("院-two"), "in the order of the catalogue: {row}");
    assert!(row.contains("有诊疗关系") && html.matches("无诊疗关系").count() == 1, "{html}");
    let html = page(&[("from", "1970")]);
    assert!(html.contains("2 人里有 1 人符合") && !html.contains("LZ 0001"), "{html}");
    assert!(html.contains("name=\"search\" value=\"00000000-0000-0000-0000-000000000007\""), "the URL restores it");
    let html = page(&[("from", "2020")]);
    assert!(html.contains("都被筛选条件排除了") && !html.contains("没有找到「"), "a filter is not none: {html}");
}
