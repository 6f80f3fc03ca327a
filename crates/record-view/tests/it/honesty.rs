//! No view says "none" unless every linked source answered in full.

use ehr::{Held, SourceState, labs::Flag};
use record_view::labs::Filters;
use web::Lang;

use crate::sample::{external, gathered, internal, potassium, with_page, with_patient_page};

const ALL: [SourceState; 7] = [
    SourceState::Answered,
    SourceState::Partial,
    SourceState::Refused,
    SourceState::Unreachable,
    SourceState::Unsupported,
    SourceState::Hidden,
    SourceState::NotLinked,
];

#[test]
fn none_is_only_said_when_every_linked_source_answered_in_full() {
    let (inside, outside) = (internal(), external());
    for one in ALL {
        for two in ALL {
            let gathered = gathered(vec![], [one, two]);
            let full = |state| matches!(state, SourceState::Answered | SourceState::NotLinked);
            let expect = match (full(one) && full(two), one == two && one == SourceState::NotLinked) {
                (_, true) => "not-linked",
                (true, _) => "none",
                (false, _) => "unknown",
            };
            with_page(&inside, Lang::Zh, &gathered, &Filters::default(), |page, html| {
                assert_eq!(page.state, expect, "{one:?} {two:?}");
                assert_eq!(html.contains("<h2 id=\"none\">没有检验结果"), expect == "none", "{one:?} {two:?}");
            });
            with_patient_page(&outside, Lang::En, &gathered, &Filters::default(), |page, html| {
                assert_eq!(page.state, expect, "{one:?} {two:?}");
                assert_eq!(html.contains("No laboratory results</h2>"), expect == "none", "{one:?} {two:?}");
            });
        }
    }
}

#[test]
fn a_hospital_that_was_not_asked_is_told_from_one_that_did_not_answer() {
    let items = vec![potassium("2026-11-20T08:10:00+08:00", "5.40", Flag::High, "one")];
    for (key, words) in [
        ("why-resting", "近来连续失败，先停一会儿再试"),
        ("why-told-to-wait", "对方要求稍后再查"),
        ("why-paused", "门户管理员已暂停向其查询"),
    ] {
        let mut gathered = gathered(items.clone(), [SourceState::Answered, SourceState::Unreachable]);
        let silent = &mut gathered.sources[1];
        (silent.detail, silent.queries, silent.pages, silent.entries) = (Some(key.to_owned()), 0, 0, 0);
        with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
            assert!(html.contains(&format!("这次没有向医院-two查询：{words}。")), "{key}: {html}");
            assert!(html.contains("<span>未查询</span>") && !html.contains("没有应答"), "{key}: {html}");
            assert!(html.matches("可能不全：医院-two").count() >= 2, "{key}");
        });
        with_patient_page(&external(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
            assert!(html.contains("医院-two暂时没有给出完整的回复"), "{key}");
        });
    }
}

#[test]
fn a_silent_hospital_is_named_with_how_long_and_what_may_be_missing() {
    let items = vec![potassium("2026-11-20T08:10:00+08:00", "5.40", Flag::High, "one")];
    let gathered = gathered(items, [SourceState::Answered, SourceState::Unreachable]);
    with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
        assert!(html.contains("2 家机构中有 1 家的内容不完整"));
        assert!(html.contains("医院-two没有应答，等了 8 秒：超过等待时间。"));
        assert!(html.contains("refresh=true"), "it can be asked again");
        assert!(html.matches("可能不全：医院-two").count() >= 2, "the card and the print say it too");
    });
    with_patient_page(&external(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
        assert!(html.contains("医院-two暂时没有给出完整的回复"));
    });
}

#[test]
fn a_filter_that_leaves_nothing_is_not_none() {
    let items = vec![potassium("2026-11-20T08:10:00+08:00", "5.0", Flag::Normal, "one")];
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    let filters = Filters::from_pairs([("abnormal", "1")]);
    with_page(&internal(), Lang::Zh, &gathered, &filters, |page, html| {
        assert_eq!(page.state, "filtered");
        assert!(html.contains("没有符合「只看异常」的结果，全部有 1 条"));
    });
}

#[test]
fn results_held_back_are_not_none() {
    let mut gathered = gathered(vec![], [SourceState::Answered, SourceState::Answered]);
    gathered.held = vec![Held { reason_key: "held-in-progress", count: 2 }];
    with_patient_page(&external(), Lang::Zh, &gathered, &Filters::default(), |page, html| {
        assert_eq!(page.state, "held");
        assert!(html.contains("2 项还没有最后确定"));
    });
}

#[test]
fn every_cell_tells_its_flag_in_words_and_keeps_the_laboratory_s_digits() {
    let items = vec![
        potassium("2026-11-20T08:10:00+08:00", "5.40", Flag::High, "one"),
        potassium("2026-10-16T08:10:00+08:00", "6.30", Flag::CriticalHigh, "two"),
        potassium("2026-09-16T08:10:00+08:00", "2.10", Flag::Low, "two"),
    ];
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
        for expect in [
            "<td class=\"h new\"><a class=\"vl\" href=\"lab-results/origins/one/Observation/1\">5.40</a> <span class=\"fl\"><span aria-hidden=\"true\">↑</span><span class=\"vh\">偏高",
            "<td class=\"c\"><a class=\"vl\" href=\"lab-results/origins/two/Observation/1\">6.30</a> <span class=\"fl\"><span aria-hidden=\"true\">↑↑</span><span class=\"vh\">危急值，偏高",
            "<td class=\"l\"><a class=\"vl\" href=\"lab-results/origins/two/Observation/1\">2.10</a> <span class=\"fl\"><span aria-hidden=\"true\">↓</span><span class=\"vh\">偏低",
        ] {
            assert!(html.contains(expect), "{expect}");
        }
    });
}

#[test]
fn results_that_disagree_stand_side_by_side() {
    let time = "2026-11-20T08:10:00+08:00";
    let mut one = potassium(time, "5.0", Flag::Normal, "one");
    let mut two = potassium(time, "4.1", Flag::Normal, "two");
    one.conflict = vec![two.id.clone()];
    two.conflict = vec![one.id.clone()];
    let gathered = gathered(vec![one, two], [SourceState::Answered, SourceState::Answered]);
    with_page(&internal(), Lang::En, &gathered, &Filters::default(), |page, html| {
        assert_eq!(page.conflicts.len(), 1, "once, not once from each side");
        assert!(html.contains("id=\"conflicts\"") && html.contains("5.0 mmol/L") && html.contains("4.1 mmol/L"));
    });
}

#[test]
fn what_laboratories_write_is_text() {
    let mut bad = potassium("2026-11-20T08:10:00+08:00", "<script>alert(1)</script>", Flag::Abnormal, "one");
    bad.code.text = "<img src=x onerror=alert(1)>".to_owned();
    bad.analyte = None;
    bad.group = None;
    bad.notes = vec!["\"><svg onload=alert(1)>".to_owned()];
    bad.absent = Some("<i>".to_owned());
    let gathered = gathered(vec![bad], [SourceState::Answered, SourceState::Answered]);
    let key = with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
        let rest = html.split("show=").nth(1).expect("a link to the history").to_owned();
        rest.split(['#', '&', '"']).next().expect("key").to_owned()
    });
    let filters = Filters::from_pairs([("show", key.as_str())]);
    with_page(&internal(), Lang::Zh, &gathered, &filters, |page, html| {
        assert!(page.history.is_some(), "{key}");
        for mark in ["<script", "<img", "<svg onload", "<i>"] {
            assert!(!html.contains(mark), "{mark}");
        }
    });
    with_patient_page(&external(), Lang::Zh, &gathered, &Filters::default(), |_, html| {
        assert!(!html.contains("<script") && !html.contains("<img"));
    });
}

#[test]
fn older_columns_are_a_page_away_and_every_result_is_reached() {
    let items: Vec<_> = (1..=20)
        .map(|day| potassium(&format!("2026-10-{day:02}T08:10:00+08:00"), "5.0", Flag::Normal, "one"))
        .collect();
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    let mut seen = std::collections::BTreeSet::new();
    let mut skip = String::from("0");
    for _ in 0..5 {
        let filters = Filters::from_pairs([("skip", skip.as_str())]);
        let older = with_page(&internal(), Lang::Zh, &gathered, &filters, |page, html| {
            seen.extend((1..=20).filter(|day| html.contains(&format!(">26-10-{day:02}"))));
            page.matrix.as_ref().and_then(|matrix| matrix.older_href.clone())
        });
        let Some(older) = older else { break };
        skip = older.rsplit("skip=").next().expect("skip").to_owned();
    }
    assert_eq!(seen.len(), 20);
}

#[test]
fn a_range_is_repeated_only_where_it_is_another() {
    let mut items = vec![
        potassium("2026-11-20T08:10:00+08:00", "5.40", Flag::High, "one"),
        potassium("2026-10-20T08:10:00+08:00", "5.10", Flag::Normal, "two"),
        potassium("2026-09-20T08:10:00+08:00", "5.20", Flag::Normal, "two"),
    ];
    for (item, text, low) in [(1, "3.50 - 5.30", 3.5), (2, "3.4–5.3", 3.4)] {
        if let Some(range) = items[item].range.as_mut() {
            text.clone_into(&mut range.text);
            range.low = Some(low);
        }
    }
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    with_page(&internal(), Lang::Zh, &gathered, &Filters::default(), |page, _| {
        let table = page.matrix.as_ref().expect("matrix").table_html.as_str();
        assert!(!table.contains("3.50 - 5.30"), "the same range in another spelling: {table}");
        assert!(table.contains("<small>3.4–5.3</small>"), "another range stands in its cell: {table}");
    });
}

#[test]
fn one_s_own_result_has_a_page_of_its_own_and_no_other_name_has() {
    let items = vec![
        potassium("2026-11-20T08:10:00+08:00", "6.40", Flag::CriticalHigh, "one"),
        potassium("2026-10-20T08:10:00+08:00", "5.10", Flag::Normal, "two"),
    ];
    let gathered = gathered(items, [SourceState::Answered, SourceState::Answered]);
    let key = with_patient_page(&external(), Lang::Zh, &gathered, &Filters::default(), |page, _| {
        let href = page.days[0].notable[0].href.clone().expect("a link");
        href.split("show=").nth(1).expect("key").split('&').next().unwrap_or_default().to_owned()
    });
    let shown = Filters::from_pairs([("show", key.as_str())]);
    with_patient_page(&external(), Lang::Zh, &gathered, &shown, |page, html| {
        assert_eq!(page.template(), "record/result_detail.html");
        let detail = page.detail.as_ref().expect("detail");
        assert_eq!((detail.newest.value.as_str(), detail.earlier.len(), detail.urgent), ("6.40", 1, true));
        assert!(html.contains("请尽快就医") && html.contains("还没有医生在这里标记看过这项结果"), "{html}");
    });
    let unknown = Filters::from_pairs([("show", "no-such-analyte")]);
    with_patient_page(&external(), Lang::Zh, &gathered, &unknown, |page, _| {
        assert_eq!(page.template(), "record/lab_results.html");
    });
}
