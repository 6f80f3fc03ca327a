//! Summary and visits: what is missing is named, and the states look different.

use ehr::{
    Allergies, Allergy, AllergyState, ClinicalTime, EarlierDose, Fact, Medicine, NoneScope, Note, NoteContent, Origin,
    Part, PartList, PartReport, Problem, Reaction, Section, Silent, SourceState, Summary, Visit, VisitClass, Visits,
    labs::Code,
};
use record_view::{ListFilters, Scene, patient_summary, patient_visits, summary::SummaryInput, visits::VisitsInput};
use web::{
    Lang,
    render::{Portal, Renderer},
};

use crate::sample::{banner, external, frame, internal, now, report};

fn fact(id: &str, text: &str, status: &str, source: &str) -> Fact {
    Fact {
        id: id.to_owned(),
        kind: "Condition",
        code: Code { text: text.to_owned(), codings: vec![] },
        time: ClinicalTime::parse("2026-11-20"),
        status: status.to_owned(),
        origins: vec![Origin { source: source.to_owned(), resource: format!("X/{id}"), ..Origin::default() }],
        conflict: vec![],
    }
}

fn silent(state: SourceState) -> Vec<Silent> {
    let report = report("two", 1, state);
    vec![Silent { source: report.id, name: report.short_name, state, detail: None }]
}

fn list<T>(items: Vec<T>, past: Vec<T>, second: SourceState) -> PartList<T> {
    let silent = if second == SourceState::Answered { vec![] } else { silent(second) };
    PartList { items, past, silent }
}

fn penicillin() -> Allergy {
    Allergy {
        fact: fact("a1", "青霉素", "active", "one"),
        criticality: Some("high".to_owned()),
        reactions: vec![Reaction { what: "过敏性休克".to_owned(), severity: Some("severe".to_owned()) }],
        ..Allergy::default()
    }
}

fn nobody() -> Allergy {
    Allergy { fact: fact("n1", "无已知过敏", "active", "two"), scope: Some(NoneScope::Any), ..Allergy::default() }
}

fn summary(state: AllergyState, second: SourceState) -> Summary {
    let known = matches!(state, AllergyState::Known | AllergyState::KnownIncomplete);
    let stated = state == AllergyState::NoneKnown;
    Summary {
        allergies: Allergies {
            state,
            items: if known { vec![penicillin()] } else { vec![] },
            past: vec![],
            none_known: if stated { vec![nobody()] } else { vec![] },
            silent: if second == SourceState::Answered { vec![] } else { silent(second) },
        },
        problems: list(vec![], vec![], second),
        medicines: list(vec![], vec![], second),
        immunizations: list(vec![], vec![], second),
        procedures: list(vec![], vec![], second),
        devices: list(vec![], vec![], second),
        results: PartList::default(),
        encounters: list(vec![], vec![], second),
        reports: list(vec![], vec![], second),
        sources: vec![report("one", 0, SourceState::Answered), report("two", 1, second)],
        as_of: now(),
        held: vec![],
        critical: Default::default(),
    }
}

fn inside(renderer: &Renderer, lang: Lang, summary: &Summary) -> String {
    let banner = banner().with_allergies(&summary.allergies);
    let scene = Scene::new(renderer.words(lang), now());
    let page = record_view::summary::page(&SummaryInput { banner: &banner, summary, reader: "林知远", scene });
    renderer.page("record/summary.html", &frame(lang, Portal::Internal), &page).expect("page")
}

fn outside(renderer: &Renderer, lang: Lang, summary: &Summary) -> String {
    let scene = Scene::new(renderer.words(lang), now());
    let page = patient_summary::page(&banner(), summary, &scene);
    renderer.page("record/summary.html", &frame(lang, Portal::External), &page).expect("page")
}

#[test]
fn every_state_of_allergies_has_its_own_words_and_its_own_look() {
    use AllergyState::{Asking, Known, KnownIncomplete, NoneKnown, NotPermitted, NotRecorded, Unavailable};
    let renderer = internal();
    let states = [
        (Known, SourceState::Answered, "alg\"", "青霉素 <small>过敏性休克"),
        (KnownIncomplete, SourceState::Unreachable, "alg alg--inc", "院-two没有完整应答"),
        (NoneKnown, SourceState::Answered, "alg alg--none", "无已知过敏"),
        (NotRecorded, SourceState::Answered, "alg alg--nr", "过敏：没有记录"),
        (Unavailable, SourceState::Unreachable, "alg alg--off", "过敏：查不到"),
        (Asking, SourceState::Answered, "alg alg--wait", "过敏：尚未查询"),
        (NotPermitted, SourceState::Answered, "alg alg--nr", "过敏：无权查看"),
    ];
    let mut seen = std::collections::BTreeSet::new();
    for (state, second, class, words) in states {
        let html = inside(&renderer, Lang::Zh, &summary(state, second));
        let line = html.split("pt__row2").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the line");
        assert!(line.contains(&format!("data-allergies=\"{}\"", state.as_str())), "{line}");
        assert!(line.contains(class) && line.contains(words), "{state:?}: {line}");
        assert_eq!(line.contains("无已知过敏"), state == NoneKnown, "{line}");
        assert!(seen.insert(line.to_owned()), "{state:?} looks like another");
        let plain = outside(&external(), Lang::Zh, &summary(state, second));
        assert_eq!(plain.contains("没有已知的过敏"), state == NoneKnown, "{state:?}");
    }
}

#[test]
fn an_empty_card_says_none_only_when_everybody_answered_it() {
    let (inner, outer) = (internal(), external());
    for (second, words, plain) in [
        (SourceState::Answered, "所有已关联的机构都已应答，没有记录。", "您的医院都已回复，没有这样的记录。"),
        (SourceState::Unreachable, "不能说没有", "查不到不等于没有"),
        (SourceState::Partial, "不能说没有", "查不到不等于没有"),
        (SourceState::Refused, "没有读取这一部分的权限", "没有允许在这里显示"),
        (SourceState::Unsupported, "系统不提供这一类查询", "系统还不能提供这一项"),
    ] {
        let summary = summary(AllergyState::Unavailable, second);
        let html = inside(&inner, Lang::Zh, &summary);
        let card = html.split("id=\"problems\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("card");
        assert!(card.contains(words), "{second:?}: {card}");
        assert_eq!(card.contains("没有记录。"), second == SourceState::Answered, "{second:?}");
        assert_eq!(card.contains("不含院-two"), second != SourceState::Answered, "the card names who is missing");
        let html = outside(&outer, Lang::Zh, &summary);
        let part = html.split("id=\"s-p\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("part");
        assert!(part.contains(plain), "{second:?}: {part}");
    }
}

#[test]
fn contradictions_stand_side_by_side_and_past_is_never_lost() {
    let mut summary = summary(AllergyState::Known, SourceState::Answered);
    let mut allergy = penicillin();
    let mut none = nobody();
    allergy.fact.conflict = vec![none.fact.id.clone()];
    none.fact.conflict = vec![allergy.fact.id.clone()];
    summary.allergies.items = vec![allergy];
    summary.allergies.none_known = vec![none];
    let dose = |id: &str, source: &str, dose: &str, other: &str| Medicine {
        fact: Fact { conflict: vec![other.to_owned()], ..fact(id, "阿托伐他汀钙片", "active", source) },
        dose: Some(dose.to_owned()),
        dose_changed: id == "m1",
        ..Medicine::default()
    };
    summary.medicines.items = vec![dose("m1", "one", "20 mg", "m2"), dose("m2", "two", "10 mg", "m1")];
    summary.medicines.past =
        vec![Medicine { fact: fact("m3", "阿司匹林", "stopped", "one"), ..Medicine::default() }];
    summary.problems.items = vec![Problem {
        fact: fact("p1", "肾性贫血", "active", "one"),
        verification: "provisional".to_owned(),
        ..Problem::default()
    }];
    let html = inside(&internal(), Lang::Zh, &summary);
    let card = html.split("id=\"conflicts\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("card");
    for words in ["青霉素", "「无已知过敏」", "20 mg", "10 mg", "院-one", "院-two"] {
        assert!(card.contains(words), "{words}: {card}");
    }
    assert_eq!(card.matches("<li").count(), 2, "each contradiction once: {card}");
    for words in ["剂量已调整", "停用 1 种", "阿司匹林", "待确认"] {
        assert!(html.contains(words), "{words}");
    }
    let plain = outside(&external(), Lang::En, &summary);
    assert!(plain.contains("Your hospitals differ") && plain.contains("20 mg") && plain.contains("10 mg"));
}

fn visits(second: SourceState, texts: &[&str]) -> Visits {
    let visit = |(nth, text): (usize, &&str)| Visit {
        fact: Fact {
            time: ClinicalTime::parse(&format!("2026-10-{:02}", nth + 1)),
            ..fact(&format!("e{nth}"), text, "finished", "one")
        },
        class: VisitClass::Outpatient,
        department: Some("肾内科".to_owned()),
        reasons: vec![(*text).to_owned()],
        notes: vec![Note {
            id: format!("n{nth}"),
            content: NoteContent::Text { text: (*text).to_owned(), encoding: ehr::NoteEncoding::Sound },
            ..Note::default()
        }],
        ..Visit::default()
    };
    Visits {
        section: Section::Outpatient,
        visits: texts.iter().enumerate().map(visit).collect(),
        loose_notes: vec![],
        silent: if second == SourceState::Answered { vec![] } else { silent(second) },
        sources: vec![report("one", 0, SourceState::Answered), report("two", 1, second)],
        as_of: now(),
        held: vec![],
    }
}

fn list_page(renderer: &Renderer, visits: &Visits, filters: &ListFilters) -> (&'static str, String) {
    let banner = banner();
    let scene = Scene::new(renderer.words(Lang::Zh), now());
    let input = VisitsInput { banner: &banner, visits, filters, reader: "林知远", scene };
    let page = record_view::visits::page(&input);
    let html = renderer.page("record/visits.html", &frame(Lang::Zh, Portal::Internal), &page).expect("page");
    (page.list.state, html)
}

#[test]
fn no_visits_is_said_only_when_everybody_answered() {
    let (inner, outer) = (internal(), external());
    for (second, state) in
        [(SourceState::Answered, "none"), (SourceState::Unreachable, "unknown"), (SourceState::Refused, "unknown")]
    {
        let nothing = visits(second, &[]);
        let (said, html) = list_page(&inner, &nothing, &ListFilters::default());
        assert_eq!(said, state, "{second:?}");
        assert_eq!(html.contains("<h2 id=\"none\">没有门急诊记录"), state == "none", "{second:?}");
        let scene = Scene::for_patient(outer.words(Lang::Zh), now());
        let page = patient_visits::page(&banner(), &nothing, &ListFilters::default(), &scene);
        let html = outer.page("record/visits.html", &frame(Lang::Zh, Portal::External), &page).expect("page");
        assert_eq!(html.contains("您的医院都已回复"), state == "none", "{second:?}");
    }
}

#[test]
fn filters_narrow_and_never_prove_absence() {
    let all = visits(SourceState::Unreachable, &["一", "二", "三"]);
    let (state, html) = list_page(&internal(), &all, &ListFilters::from_pairs([("since", "2026-10-03")]));
    assert!(state == "results" && html.contains("3 次中的 1 次") && html.contains("不含院-two"), "{state}");
    let (state, html) = list_page(&internal(), &all, &ListFilters::from_pairs([("source", "two")]));
    assert!(state == "filtered" && html.contains("全部有 3 次") && !html.contains("没有门急诊记录"), "{state}");
    let nonsense = ListFilters::from_pairs([("since", "yesterday"), ("skip", "-1"), ("source", "")]);
    assert_eq!(nonsense, ListFilters::default());
}

#[test]
fn what_hospitals_write_in_notes_is_text() {
    let bad = visits(SourceState::Answered, &["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>"]);
    let (_, html) = list_page(&internal(), &bad, &ListFilters::default());
    assert!(html.contains("&lt;script&gt;alert(1)") && !html.contains("<script>alert") && !html.contains("<img"));
}

fn part(part: Part, state: SourceState, why: Option<&str>) -> PartReport {
    PartReport { part, state, detail: why.map(str::to_owned) }
}

/// The second hospital answered all but these parts.
fn lacking(parts: Vec<PartReport>, dropped: u32) -> Summary {
    let mut summary = summary(AllergyState::Known, SourceState::Answered);
    summary.sources[1].state = SourceState::Partial;
    summary.sources[1].dropped = dropped;
    summary.sources[1].parts = parts;
    summary
}

const NOTICE: &str = "<div class=\"note\" role=\"status\">";

#[test]
fn what_a_hospital_does_not_offer_is_said_without_a_warning_and_is_never_none() {
    let never =
        [part(Part::Allergies, SourceState::Answered, None), part(Part::Devices, SourceState::Unsupported, None)];
    let mut calm = lacking(never.to_vec(), 0);
    calm.devices = list(vec![], vec![], SourceState::Unsupported);
    let html = inside(&internal(), Lang::Zh, &calm);
    assert!(!html.contains(NOTICE) && !html.contains("可能不全"), "nothing failed");
    assert!(html.contains("不含院-two（机构不支持）") && html.contains("不能说没有"), "the card says so, and not none");
    assert!(!html.contains("src--off") && !html.contains("医院-two不提供器械数据"), "said once: {html}");
    let html = outside(&external(), Lang::Zh, &calm);
    assert!(!html.contains(NOTICE) && html.contains("不含院-two（机构不支持）"), "{html}");
    // Whoever sends another patient's data has not answered in full, whatever else they offer.
    let html = inside(&internal(), Lang::Zh, &lacking(never.to_vec(), 1));
    assert!(html.contains(NOTICE) && html.contains("可能不全：医院-two"), "{html}");
    let (_, html) = list_page(&internal(), &visits(SourceState::Unsupported, &[]), &ListFilters::default());
    assert!(!html.contains(NOTICE) && html.contains("医院-two不提供这一类数据"), "{html}");
    assert!(!html.contains("<h2 id=\"none\">没有门急诊记录"), "{html}");
}

#[test]
fn the_notice_names_the_part_that_failed_and_why() {
    let parts = vec![
        part(Part::Allergies, SourceState::Answered, None),
        part(Part::Medicines, SourceState::Unreachable, Some("why-status")),
        part(Part::Reports, SourceState::Partial, Some("why-timeout")),
        part(Part::Devices, SourceState::Unsupported, None),
    ];
    let html = inside(&internal(), Lang::Zh, &lacking(parts.clone(), 0));
    assert!(html.contains("医院-two只返回了一部分，用药、检查报告没有给全：对方返回了错误、超过等待时间。"), "{html}");
    assert!(html.contains("不提供器械"), "in the table of answers, what is never there");
    let html = inside(&internal(), Lang::En, &lacking(parts, 0));
    assert!(html.contains("Hospital two answered in part, not all of: medicines, reports"), "{html}");
}

#[test]
fn an_earlier_dose_is_told_in_the_words_of_the_current_one() {
    let mut all = summary(AllergyState::Known, SourceState::Answered);
    let before = EarlierDose {
        text: "160 mg · qd".to_owned(),
        dose: Some("160 mg".to_owned()),
        frequency: Some("qd".to_owned()),
        ..EarlierDose::default()
    };
    all.medicines.items = vec![Medicine {
        fact: fact("m1", "缬沙坦胶囊", "active", "one"),
        current: true,
        dose: Some("80 mg".to_owned()),
        frequency: Some("qd".to_owned()),
        dose_changed: true,
        earlier: vec![before],
        ..Medicine::default()
    }];
    let html = inside(&internal(), Lang::Zh, &all);
    assert!(html.contains("原 160 mg · 每日 1 次") && !html.contains("qd"), "{html}");
}
