//! Summary, visits, first pages and parts of pages, in the states that are hard to bring about by hand.

use std::{fs, path::Path};

use ehr::{
    Allergies, Allergy, AllergyState, EarlierDose, Fact, Medicine, Origin, Part, PartList, PartReport, Problem,
    Reaction, Section, Silent, SourceState, Summary, Visit, VisitClass, Visits, labs::Code,
};
use record_view::{
    ListFilters, Scene,
    labs::Filters,
    patient_labs::{Newest, PatientLabsInput},
    patient_summary,
    summary::{self, SummaryInput},
    visits::{self, VisitsInput},
};
use web::{
    Lang,
    render::{ErrorPage, Portal, Renderer},
};

use super::{Done, banner, frame, gathered, now, reports, results};

fn fact(id: &str, text: &str, status: &str) -> Fact {
    Fact {
        id: id.to_owned(),
        code: Code { text: text.to_owned(), codings: vec![] },
        time: ehr::ClinicalTime::parse("2026-10-16"),
        status: status.to_owned(),
        origins: vec![Origin { source: "city-first".to_owned(), resource: format!("X/{id}"), ..Origin::default() }],
        ..Fact::default()
    }
}

fn list<T>(items: Vec<T>, silent: &[Silent]) -> PartList<T> {
    PartList { items, past: Vec::new(), silent: silent.to_vec() }
}

fn visit() -> Visit {
    Visit {
        fact: fact("e1", "门诊", "finished"),
        class: VisitClass::Outpatient,
        department: Some("肾内科".to_owned()),
        reasons: vec!["复查肾功能".to_owned()],
        ..Visit::default()
    }
}

/// A summary whose second hospital is in this state.
fn summary_of(second: SourceState) -> Summary {
    let mut sources = reports(second);
    let silent: Vec<Silent> = sources
        .iter()
        .filter(|one| !matches!(one.state, SourceState::Answered | SourceState::NotLinked))
        .map(|one| Silent { source: one.id.clone(), name: one.short_name.clone(), state: one.state, detail: None })
        .collect();
    // In part by nature: what it does not offer is told without a warning.
    if second == SourceState::Partial {
        for one in sources.iter_mut().filter(|one| one.state == SourceState::Partial) {
            one.parts = vec![PartReport { part: Part::Devices, state: SourceState::Unsupported, detail: None }];
        }
    }
    let medicine = Medicine {
        current: true,
        dose: Some("80 mg".to_owned()),
        frequency: Some("qd".to_owned()),
        dose_changed: true,
        earlier: vec![EarlierDose {
            dose: Some("160 mg".to_owned()),
            frequency: Some("qd".to_owned()),
            ..EarlierDose::default()
        }],
        fact: fact("m1", "缬沙坦胶囊", "active"),
        ..Medicine::default()
    };
    let allergy = Allergy {
        fact: fact("a1", "青霉素", "active"),
        reactions: vec![Reaction { what: "过敏性休克".to_owned(), severity: Some("severe".to_owned()) }],
        ..Allergy::default()
    };
    let open = if second == SourceState::Partial { Vec::new() } else { silent };
    Summary {
        allergies: Allergies {
            state: if open.is_empty() { AllergyState::Known } else { AllergyState::KnownIncomplete },
            items: vec![allergy],
            past: vec![],
            none_known: vec![],
            silent: open.clone(),
        },
        problems: list(vec![Problem { fact: fact("p1", "慢性肾脏病 G3a", "active"), ..Problem::default() }], &open),
        medicines: list(vec![medicine], &open),
        immunizations: list(vec![], &open),
        procedures: list(vec![], &open),
        devices: list(vec![], &open),
        results: list(vec![], &open),
        encounters: list(vec![visit()], &open),
        reports: list(vec![], &open),
        sources,
        as_of: now(),
        held: vec![],
        critical: Default::default(),
    }
}

const STATES: [(&str, SourceState); 4] = [
    ("", SourceState::Answered),
    ("-in-part", SourceState::Partial),
    ("-silent", SourceState::Unreachable),
    ("-unsupported", SourceState::Unsupported),
];

/// The clinician's summary and visits, and the errors that stand in a page that stays.
pub fn inside(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    let at = |path: &str| frame(lang, Portal::Internal, path);
    let write = |file: &str, text: String| fs::write(out.join(format!("in-{file}.{name}.html")), text);
    for (suffix, second) in STATES {
        let summary = summary_of(second);
        let banner = banner().with_allergies(&summary.allergies);
        let page = summary::page(&SummaryInput { banner: &banner, summary: &summary, reader: "林知远", scene });
        write(&format!("summary{suffix}"), renderer.page("record/summary.html", &at("/patients/1/summary"), &page)?)?;
        let visits = Visits {
            section: Section::Outpatient,
            visits: if second == SourceState::Unreachable { vec![] } else { vec![visit()] },
            loose_notes: vec![],
            silent: summary.encounters.silent.clone(),
            sources: summary.sources.clone(),
            as_of: now(),
            held: vec![],
        };
        let filters = ListFilters::default();
        let page =
            visits::page(&VisitsInput {
                banner: &banner, visits: &visits, filters: &filters, reader: "林知远", scene
            });
        write(&format!("visits{suffix}"), renderer.page("record/visits.html", &at("/patients/1/outpatient"), &page)?)?;
    }
    for (status, problem) in [(404, "not-found"), (500, "internal"), (503, "unavailable")] {
        let page = ErrorPage { status, problem: problem.to_owned(), retry_after: (status == 503).then_some(5) };
        write(&format!("error-part-{problem}"), renderer.error_part(&at("/patients"), &page)?)?;
    }
    Ok(())
}

/// The patient's first page, before and after its card of newest results.
pub fn first_pages(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let newest = |items, second| {
        let gathered = gathered(items, second);
        let matrix = ehr::labs::matrix(&gathered.items, &ehr::labs::MatrixWindow::default());
        let filters = Filters::default();
        Newest::new(&PatientLabsInput {
            banner: &banner,
            gathered: &gathered,
            matrix: &matrix,
            filters: &filters,
            scene,
        })
    };
    let cards = [
        ("home-newest", newest(results(), SourceState::Answered)),
        ("home-newest-silent", newest(results(), SourceState::Unreachable)),
        ("home-newest-none", newest(vec![], SourceState::Answered)),
        ("home-newest-unknown", newest(vec![], SourceState::Unreachable)),
        ("home-newest-failed", Newest::failed()),
    ];
    let at = frame(lang, Portal::External, "/");
    for (file, card) in cards {
        let view = serde_json::json!({ "newest": card, "record": "/people/1/record" });
        let body = renderer.page("widgets/new_results.html", &at, &view)?;
        let one = framed("new-results", &body);
        let html = renderer.page("widget.html", &at, &serde_json::json!({ "one": one }))?;
        fs::write(out.join(format!("out-{file}.{name}.html")), html)?;
    }
    Ok(())
}

/// A widget as a page's engine hands it to the template.
pub fn framed(kind: &str, body: &str) -> serde_json::Value {
    serde_json::json!({
        "instance": kind, "kind": kind, "title": null, "icon": "info", "frame": "card", "known": true, "columns": 12,
        "href": "/", "state": "drawn", "note": null, "action_html": null, "body_html": body,
    })
}

/// The patient's own summary.
pub fn patient_summaries(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    for (suffix, second) in STATES {
        let page = patient_summary::page(&banner(), &summary_of(second), &scene);
        let html = renderer.page("record/summary.html", &frame(lang, Portal::External, "/"), &page)?;
        fs::write(out.join(format!("out-summary{suffix}.{name}.html")), html)?;
    }
    Ok(())
}
