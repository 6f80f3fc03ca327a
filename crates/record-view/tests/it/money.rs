//! Charges and front pages: with data, with none, with nobody knows, in part.

use ehr::{
    AdmissionState, ChargeDocument, ChargeFields, ChargeLine, ClassTotal, ClinicalTime, Decimal, Entry, FrontDiagnosis,
    FrontOperation, FrontPageFields, FrontTotals, Part, SourceState, Span,
};
use record_view::sheets::{ChargesView, FrontPageView};
use web::Lang;

use crate::bedside::{check_empty, fact, pages, sheet};

fn amount(text: &str) -> Decimal {
    Decimal::parse(text).expect("amount")
}

fn class(number: Option<u8>, name: &str, sum: &str) -> ClassTotal {
    ClassTotal { number, name: Some(name.to_owned()), amount: amount(sum) }
}

fn bill(id: &str, total: Option<&str>, counted: Option<&'static str>) -> Entry<ChargeFields> {
    let document = |kind: &'static str, counted: bool| ChargeDocument {
        kind,
        status: "active".to_owned(),
        total: total.map(amount),
        counted,
    };
    let fields = ChargeFields {
        category: Some("institutional".to_owned()),
        period: Some(Span { start: ClinicalTime::parse("2026-03-09"), end: None }),
        items: vec![ChargeLine {
            name: Some("<b>床位费</b>".to_owned()),
            class_number: Some(1),
            quantity: Some("6 日".to_owned()),
            unit_price: Some(amount("45")),
            amount: Some(amount("270")),
            ..ChargeLine::default()
        }],
        total: total.map(amount),
        currency: Some("CNY".to_owned()),
        by_class: vec![class(Some(1), "一般医疗服务费", "270"), class(None, "伙食费", "30.5")],
        counted,
        documents: vec![document("ExplanationOfBenefit", counted.is_some()), document("Claim", false)],
        part: Some(Part::Benefits),
        ..ChargeFields::default()
    };
    Entry { fact: fact(id, "ExplanationOfBenefit", "", "2026-03-15"), fields }
}

#[test]
fn bills_are_listed_added_and_say_what_was_counted() {
    let all = || {
        vec![bill("b1", Some("300.5"), Some("ExplanationOfBenefit")), bill("b2", None, Some("ExplanationOfBenefit"))]
    };
    let whole = sheet(all(), SourceState::Answered, Part::Benefits);
    for html in pages::<ChargesView>(&whole, Lang::Zh) {
        for words in [
            "医疗机构费用",
            "¥300.50",
            "1 张账单，另有 1 张没有金额",
            "一般医疗服务费",
            "伙食费",
            "¥30.50",
            "金额取自结算单 1 份",
            "收费申请 ¥300.50",
            "结算单 ¥300.50（已计入）",
            "明细 1 项",
            "6 日",
            "只计一次",
        ] {
            assert!(html.contains(words), "{words}");
        }
        let dates = ["2026-03-09 至 未注明", "2026 年 3 月 9 日 至 未注明"];
        assert_eq!(dates.iter().filter(|span| html.contains(**span)).count(), 1, "one form of dates on a page");
        assert!(html.contains("&lt;b&gt;床位费") && !html.contains("<b>床位费"));
    }
    for html in pages::<ChargesView>(&whole, Lang::En) {
        assert!(html.contains("Institutional charges") && html.contains("General medical services"));
        assert!(html.contains("1 bill, 1 more without an amount"), "{html}");
    }
    let mut odd = bill("b3", Some("5"), None);
    odd.fields.uncertain = true;
    let mut other = bill("b4", Some("6"), Some("Claim"));
    other.fields.differs = true;
    let part = sheet(vec![odd, other], SourceState::Unreachable, Part::Claims);
    let [clinician, _] = pages::<ChargesView>(&part, Lang::Zh);
    for words in ["可能与其他单据重复", "单据金额不一致", "的收费申请（"] {
        assert!(clinician.contains(words), "{words}");
    }
    check_empty::<ChargesView>(Part::ChargeItems);
}

#[test]
fn a_front_page_is_a_form_that_says_who_composed_it() {
    let fields = FrontPageFields {
        composed: true,
        hospital: Some("市一院".to_owned()),
        admitted: ClinicalTime::parse("2026-03-09T12:10:00+08:00"),
        discharged: ClinicalTime::parse("2026-03-15T12:10:00+08:00"),
        main_diagnosis: Some(FrontDiagnosis {
            text: "胆囊结石".to_owned(),
            icd10: Some("K80.1".to_owned()),
            admission_state: Some("y".to_owned()),
            admission: Some(AdmissionState::Present),
        }),
        other_diagnoses: vec![FrontDiagnosis { text: "高血压".to_owned(), ..FrontDiagnosis::default() }],
        operations: vec![FrontOperation {
            name: "腹腔镜胆囊切除术".to_owned(),
            code: Some("51.23".to_owned()),
            anaesthesia: vec!["全身麻醉".to_owned()],
            ..FrontOperation::default()
        }],
        discharge_mode: Some("home".to_owned()),
        totals: Some(FrontTotals {
            total: amount("2100.15"),
            currency: Some("CNY".to_owned()),
            by_class: vec![class(Some(10), "手术治疗费", "1800.1")],
            counted: vec!["ExplanationOfBenefit"],
        }),
        ..FrontPageFields::default()
    };
    let page = |fields| Entry { fact: fact("e1", "Encounter", "", "2026-03-09"), fields };
    let whole = sheet(vec![page(fields.clone())], SourceState::Answered, Part::Stays);
    for html in pages::<FrontPageView>(&whole, Lang::Zh) {
        for words in [
            "由门户汇总，非医院签署",
            "主要诊断：胆囊结石",
            "K80.1",
            "1 有",
            "其他诊断：高血压",
            "腹腔镜胆囊切除术",
            "全身麻醉",
            "1 医嘱离院",
            "6 天",
            "¥2100.15",
            "手术治疗费",
            "1800.10",
            "陈玉兰",
            "未登记",
        ] {
            assert!(html.contains(words), "{words}");
        }
        assert!(html.contains("<details class=\"form\" open>"));
    }
    let [clinician, _] = pages::<FrontPageView>(&whole, Lang::En);
    assert!(clinician.contains("Composed by the portal") && clinician.contains("Discharged on medical advice"));
    let bare = FrontPageFields { composed: false, ..FrontPageFields::default() };
    let [clinician, _] =
        pages::<FrontPageView>(&sheet(vec![page(bare)], SourceState::Unreachable, Part::Stays), Lang::Zh);
    for words in ["医院签署", "主要诊断：未注明", "没有只属于这次住院的账单", "的住院记录（"]
    {
        assert!(clinician.contains(words), "{words}");
    }
    assert!(!clinician.contains("由门户汇总"));
    check_empty::<FrontPageView>(Part::Stays);
}
