//! Orders, prescriptions and medicines as people see them.

use ehr::{
    ClinicalTime, DoseWords, Entry, Fact, MedicationEvent, MedicationFields, NOTHING_DISPENSED, Named, OrderDuration,
    OrderFields, Origin, Part, PrescriptionFields, Sheet, Silent, SourceState, labs::Code,
};
use record_view::{
    ListFilters, Scene,
    sheet::{SheetInput, SheetView, page, patient_page},
    sheets::{MedicationsView, OrdersView, PrescriptionsView},
};
use web::{Lang, render::Portal};

use crate::sample::{banner, external, frame, internal, now, report};

fn fact(id: &str, kind: &'static str, text: &str, status: &str) -> Fact {
    Fact {
        id: id.to_owned(),
        kind,
        code: Code { text: text.to_owned(), codings: vec![] },
        time: ClinicalTime::parse("2026-11-20T09:30:00+08:00"),
        status: status.to_owned(),
        origins: vec![Origin { source: "one".to_owned(), resource: format!("{kind}/{id}"), ..Origin::default() }],
        conflict: vec![],
    }
}

fn sheet<F>(entries: Vec<Entry<F>>, part: Part, second: SourceState) -> Sheet<F> {
    let two = report("two", 1, second);
    let silent = Silent { source: two.id.clone(), name: two.short_name.clone(), state: second, detail: None };
    Sheet {
        entries,
        silent: if second == SourceState::Answered { vec![] } else { vec![(part, silent)] },
        sources: vec![report("one", 0, SourceState::Answered), two],
        as_of: now(),
        held: vec![],
        reviews: Default::default(),
    }
}

/// Both portals' pages, in Chinese and in English.
fn pages<V: SheetView>(sheet: &Sheet<V::Fields>) -> [String; 4] {
    let (inner, outer) = (internal(), external());
    let (banner, filters) = (banner(), ListFilters::default());
    let inside = |lang: Lang| {
        let scene = Scene::new(inner.words(lang), now());
        let page = page::<V>(&SheetInput { banner: &banner, sheet, filters: &filters, reader: "林知远", scene });
        inner.page("record/sheet.html", &frame(lang, Portal::Internal), &page).expect("page")
    };
    let outside = |lang: Lang| {
        let scene = Scene::for_patient(outer.words(lang), now());
        let page = patient_page::<V>(&SheetInput { banner: &banner, sheet, filters: &filters, reader: "", scene });
        outer.page("record/sheet.html", &frame(lang, Portal::External), &page).expect("page")
    };
    [inside(Lang::Zh), inside(Lang::En), outside(Lang::Zh), outside(Lang::En)]
}

fn dose(amount: &str, often: &str) -> DoseWords {
    DoseWords { dose: Some(amount.to_owned()), frequency: Some(often.to_owned()), ..DoseWords::default() }
}

fn order(id: &str, kind: &'static str, text: &str, duration: Option<OrderDuration>) -> Entry<OrderFields> {
    let mut fields = OrderFields::default();
    fields.duration = duration;
    Entry { fact: fact(id, kind, text, "active"), fields }
}

#[test]
fn the_order_sheet_is_two_sheets_and_what_is_not_said() {
    let mut medicine = order("m", "MedicationRequest", "缬沙坦胶囊", Some(OrderDuration::LongTerm));
    medicine.fields.dose = dose("80.0 mg", "2 / 1 d PC");
    medicine.fields.setting = Some("inpatient");
    let mut test = order("s", "ServiceRequest", "血常规", Some(OrderDuration::OneOff));
    test.fields.category = Some("108252007".to_owned());
    test.fields.priority = Some("stat".to_owned());
    let mut forbidden = order("d", "ServiceRequest", "约束带", None);
    forbidden.fields.do_not_perform = true;
    let nameless = order("n", "MedicationRequest", "", None);
    let all = vec![medicine, test, forbidden, nameless];
    let [zh, en, plain, plain_en] = pages::<OrdersView>(&sheet(all, Part::ServiceOrders, SourceState::Unreachable));
    for words in [
        "长期医嘱",
        "临时医嘱",
        "未注明长期或临时",
        "80.0 mg",
        "每日 2 次 餐后",
        "检验",
        "立即、执行中",
        "禁止执行",
        "住院",
        "药名没有取到",
        "不含院-two的检查治疗医嘱",
    ] {
        assert!(zh.contains(words), "{words}");
    }
    let at = |words: &str| zh.find(&format!(">{words}</h3>")).expect(words);
    assert!(at("长期医嘱") < at("临时医嘱") && at("临时医嘱") < at("未注明长期或临时"));
    assert!(en.contains("Long-term orders") && en.contains("2 × a day after meals") && en.contains("laboratory"));
    assert!(plain.contains("长期医嘱") && plain.contains("缬沙坦胶囊") && plain.contains("每日 2 次 餐后"));
    assert!(plain_en.contains("One-off orders") && !plain_en.contains(">MedicationRequest/m"));
}

#[test]
fn a_prescription_has_a_head_of_date_hospital_prescriber_and_pharmacy() {
    let on = |id: &str, group: &str, dispensed: Option<&str>| {
        let mut fields = PrescriptionFields::default();
        fields.group = group.to_owned();
        fields.number = Some(format!("N{group}"));
        fields.prescriber = Named::of(Some("林知远".to_owned()));
        fields.dispensed = dispensed.map(str::to_owned);
        fields.dose = dose("0.5 g", "q8h, prn");
        Entry { fact: fact(id, "MedicationRequest", &format!("药品{id}"), "active"), fields }
    };
    let done = Some("completed");
    let check = |states: [Option<&str>; 2], words: &str| {
        let all = vec![on("1", "A", states[0]), on("2", "A", states[1]), on("3", "B", done)];
        let [zh, _, plain, _] = pages::<PrescriptionsView>(&sheet(all, Part::Prescriptions, SourceState::Answered));
        let head = zh.split("<tr class=\"grp\">").find(|part| part.contains("处方号 NA")).expect("head");
        let head = head.split("</tr>").next().expect("the head's row");
        for words in ["2026-11-20 处方", "林知远 开具", "院-one", words] {
            assert!(head.contains(words), "{words}: {head}");
        }
        assert_eq!(zh.matches(" 处方</h3>").count(), 2, "one head for each form");
        assert_eq!(zh.matches("<th scope=\"col\">用法</th>").count(), 1, "and one head of columns for all");
        assert!(zh.contains("每 8 小时 1 次、必要时"));
        assert!(plain.contains("林知远 开具") && !plain.contains("处方号"));
    };
    check([done, done], "药房已发药");
    check([done, Some(NOTHING_DISPENSED)], "已发 1 / 2 种");
    check([Some(NOTHING_DISPENSED), Some(NOTHING_DISPENSED)], "没有发药记录");
    check([None, None], "发药情况未取到");
    check([None, Some(NOTHING_DISPENSED)], "发药情况未取到");
    check([Some("declined"), Some(NOTHING_DISPENSED)], "未全部发药");
}

#[test]
fn what_was_handed_out_given_and_stated_looks_different() {
    let event = |id: &str, event: MedicationEvent, status: &str, by: &str| {
        let mut fields = MedicationFields::default();
        fields.event = event;
        fields.by = Named::of(Some(by.to_owned()));
        fields.quantity = Some("28 片".to_owned());
        fields.dose =
            DoseWords { instruction: Some("口服 每次 0.5 g，不要嚼碎".to_owned()), ..dose("0.5 g", "qd") };
        Entry { fact: fact(id, "MedicationStatement", &format!("药品{id}"), status), fields }
    };
    use MedicationEvent::{Administered, Dispensed, Stated};
    let all = vec![
        event("1", Dispensed, "completed", "门诊药房"),
        event("2", Administered, "not-done", "护士甲"),
        event("3", Stated, "active", "Patient/p1"),
    ];
    let [zh, en, plain, _] = pages::<MedicationsView>(&sheet(all, Part::Statements, SourceState::Refused));
    for words in ["已发药", "未给药", "陈述：在用", "患者本人", "门诊药房", "28 片", "不要嚼碎", "不含院-two的用药陈述"]
    {
        assert!(zh.contains(words), "{words}");
        assert!(plain.contains(words) || words.starts_with("不含"), "{words}");
    }
    assert!(en.contains("not given") && en.contains("the patient") && !en.contains(">Patient/p1<"));
}

#[test]
fn none_is_said_only_when_everybody_answered() {
    for (second, none) in
        [(SourceState::Answered, true), (SourceState::Unreachable, false), (SourceState::Unsupported, false)]
    {
        let orders = pages::<OrdersView>(&sheet(vec![], Part::NutritionOrders, second));
        let prescriptions = pages::<PrescriptionsView>(&sheet(vec![], Part::Dispenses, second));
        let medicines = pages::<MedicationsView>(&sheet(vec![], Part::Administrations, second));
        for [zh, _, plain, _] in [orders, prescriptions, medicines] {
            assert_eq!(zh.contains(">没有这一类记录</h2>"), none, "{second:?}");
            assert_eq!(plain.contains("您的医院都已回复"), none, "{second:?}");
        }
    }
}
