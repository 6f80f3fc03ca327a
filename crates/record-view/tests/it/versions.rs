//! What was replaced says so and leads to what replaced it; values lead to where they come from.

use ehr::{
    DischargeFields, Entry, Note, NoteContent, OrderFields, Origin, Part, Related, Relation, Sheet, SourceState,
    StayDiagnosis, Succession, SurgeryFields,
};
use record_view::sheets::{DischargeView, OrdersView, SurgeryView};
use web::Lang;

use crate::bedside::{fact, pages, sheet};

fn related(relation: Relation, resource: Option<&str>, item: Option<&str>, found: bool) -> Related {
    let (resource, item) = (resource.map(str::to_owned), item.map(str::to_owned));
    Related { relation, source: "one".to_owned(), resource, item, found, circular: false }
}

fn orders(old: Succession, new: Succession) -> Sheet<OrderFields> {
    let entry = |id: &str, text: &str, succession: Succession| {
        let mut fact = fact(id, "ServiceRequest", text, "2026-03-09T09:30:00+08:00");
        fact.status = "active".to_owned();
        let mut fields = OrderFields::default();
        fields.succession = succession;
        Entry { fact, fields }
    };
    sheet(vec![entry("o2", "一级护理", new), entry("o1", "二级护理", old)], SourceState::Answered, Part::ServiceOrders)
}

#[test]
fn a_replaced_order_leads_to_what_replaced_it_and_back() {
    let old = related(Relation::ReplacedBy, Some("ServiceRequest/o2"), Some("o2"), true);
    let new = related(Relation::Replaces, Some("ServiceRequest/o1"), Some("o1"), true);
    let found = orders(
        Succession { superseded: true, related: vec![old] },
        Succession { superseded: false, related: vec![new] },
    );
    for html in pages::<OrdersView>(&found, Lang::Zh) {
        for words in [
            "已被替代（机构仍写“执行中”）",
            "已被替代，现行的是</span> <a href=\"#e-o2\">一级护理 ",
            "替代</span> <a href=\"#e-o1\">二级护理 ",
        ] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert!(!html.contains("原始记录"), "one original stands behind its hospital's mark: {html}");
    }
    let [english, _] = pages::<OrdersView>(&found, Lang::En);
    assert!(english.contains("replaced (hospital still says “active”)"), "{english}");
}

#[test]
fn what_can_not_be_followed_is_said_and_leads_nowhere() {
    let mut circular = related(Relation::Replaces, Some("ServiceRequest/o1"), Some("o1"), true);
    circular.circular = true;
    let new = vec![
        circular,
        related(Relation::Replaces, Some("ServiceRequest/gone"), None, false),
        related(Relation::Replaces, None, None, false),
        related(Relation::ReplacedBy, None, None, true),
    ];
    let found = orders(Succession::default(), Succession { superseded: false, related: new });
    for html in pages::<OrdersView>(&found, Lang::Zh) {
        for words in [
            "互相替代，机构所写前后矛盾",
            "ServiceRequest/gone，机构未作为此人的资料提供",
            "另一份，在其他系统中或未写明是哪一份",
            "另一份，不在此处显示",
        ] {
            assert!(html.contains(words), "{words}: {html}");
        }
        assert!(!html.contains("ServiceRequest/gone\""), "nothing leads there: {html}");
    }
}

#[test]
fn a_note_that_was_replaced_is_marked_and_leads_into_the_newer_one() {
    let note = |id: &str, succession: Succession| Note {
        id: id.to_owned(),
        title: format!("手术记录 {id}"),
        succession,
        content: NoteContent::Missing { why: "note-empty" },
        origin: Origin { source: "one".into(), resource: format!("DocumentReference/{id}"), ..Origin::default() },
        ..Note::default()
    };
    let newer = related(Relation::ReplacedBy, Some("DocumentReference/n2"), Some("n2"), true);
    let notes =
        vec![note("n1", Succession { superseded: true, related: vec![newer] }), note("n2", Succession::default())];
    let entry = Entry {
        fact: fact("p1", "Procedure", "阑尾切除术", "2026-03-09"),
        fields: SurgeryFields { notes, ..SurgeryFields::default() },
    };
    let found = sheet(vec![entry], SourceState::Answered, Part::Notes);
    for html in pages::<SurgeryView>(&found, Lang::Zh) {
        assert!(html.contains("id=\"nb-n2\"") && html.contains("<a href=\"#nb-n2\">手术记录 n2</a>"), "{html}");
        assert_eq!(html.matches("<span class=\"tag tag--warn\">已被替换</span>").count(), 1, "{html}");
    }
}

#[test]
fn diagnoses_of_a_stay_lead_to_where_they_come_from() {
    let origin = Origin { source: "one".into(), resource: "Condition/c1".into(), ..Origin::default() };
    let diagnosis = |text: &str, origins: Vec<Origin>| StayDiagnosis { text: text.into(), icd10: None, origins };
    let entry = Entry {
        fact: fact("d1", "DocumentReference", "出院小结", "2026-03-09"),
        fields: DischargeFields {
            discharge_diagnoses: vec![diagnosis("肺炎", vec![origin]), diagnosis("贫血", vec![])],
            ..DischargeFields::default()
        },
    };
    let found = sheet(vec![entry], SourceState::Answered, Part::DischargeSummaries);
    for html in pages::<DischargeView>(&found, Lang::Zh) {
        assert!(html.contains("<a href=\"discharge/origins/one/Condition/c1\">肺炎<span"), "{html}");
        assert!(html.contains("<div>贫血</div>"), "what the document says is explained by the document: {html}");
    }
}

#[test]
fn a_fact_of_two_originals_lists_them() {
    let mut found = orders(Succession::default(), Succession::default());
    let other = Origin { source: "two".into(), resource: "ServiceRequest/x".into(), ..Origin::default() };
    found.entries[0].fact.origins.push(other);
    let [html, _] = pages::<OrdersView>(&found, Lang::Zh);
    assert_eq!(html.matches("原始记录 2 份").count(), 1, "{html}");
    assert!(!html.contains("原始记录 1 份"), "{html}");
}
