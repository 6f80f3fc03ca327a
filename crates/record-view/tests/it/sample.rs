//! A patient, two hospitals, some results.

use ehr::{
    Banner, Bilingual, ClinicalTime, Gathered, Origin, SourceReport, SourceState,
    labs::{Code, Coding, Flag, LabResult, MatrixWindow, Range, Value, matrix},
};
use jiff::Timestamp;
use record_view::{
    Scene,
    labs::{Filters, LabsInput, LabsPage},
    patient_labs::{PatientLabsInput, PatientLabsPage},
};
use web::{
    Lang,
    render::{Frame, Locales, Portal, Renderer, Templates, User},
};

#[derive(rust_embed::RustEmbed)]
#[folder = "../content-view/templates"]
struct ContentTemplates;
#[derive(rust_embed::RustEmbed)]
#[folder = "../content-view/locales"]
struct ContentLocales;
#[derive(rust_embed::RustEmbed)]
#[folder = "../../portal-internal/templates"]
struct InternalTemplates;
#[derive(rust_embed::RustEmbed)]
#[folder = "../../portal-internal/locales"]
struct InternalLocales;
#[derive(rust_embed::RustEmbed)]
#[folder = "../../portal-external/templates"]
struct ExternalTemplates;
#[derive(rust_embed::RustEmbed)]
#[folder = "../../portal-external/locales"]
struct ExternalLocales;

pub fn internal() -> Renderer {
    Renderer::new(
        vec![
            record_view::templates(),
            Templates::embedded::<ContentTemplates>(),
            Templates::embedded::<InternalTemplates>(),
        ],
        vec![record_view::locales(), Locales::embedded::<ContentLocales>(), Locales::embedded::<InternalLocales>()],
        vec![],
    )
    .expect("the internal portal's pages")
}

pub fn external() -> Renderer {
    Renderer::new(
        vec![
            record_view::templates(),
            Templates::embedded::<ContentTemplates>(),
            Templates::embedded::<ExternalTemplates>(),
        ],
        vec![record_view::locales(), Locales::embedded::<ContentLocales>(), Locales::embedded::<ExternalLocales>()],
        vec![],
    )
    .expect("the external portal's pages")
}

pub fn now() -> Timestamp {
    "2026-11-21T21:28:00+08:00".parse().expect("now")
}

pub fn frame(lang: Lang, portal: Portal) -> Frame {
    Frame {
        lang,
        theme: None,
        portal,
        user: Some(User {
            name: "林知远".to_owned(),
            organisation: None,
            roles: vec![],
            unread: 0,
            delegates: false,
            acting_for: None,
            person: Some("1".to_owned()),
        }),
        csrf_token: "token".to_owned(),
        nonce: String::new(),
        path: "/".to_owned(),
        request_id: "R-1".to_owned(),
        now: now(),
    }
}

pub fn banner() -> Banner {
    Banner {
        person: access::PersonId(uuid::Uuid::from_u128(1)),
        name: "陈玉兰".to_owned(),
        sex: Some("female".to_owned()),
        birth_date: Some("1964-03-18".to_owned()),
        age: Some(62),
        number: "LZ 0048 2917 36".to_owned(),
        identifiers: vec![],
        links: vec![],
        allergies: ehr::Allergies::default(),
        glass_until: None,
    }
}

pub fn report(id: &str, mark: usize, state: SourceState) -> SourceReport {
    SourceReport {
        id: id.to_owned(),
        name: Bilingual { zh: format!("医院-{id}"), en: format!("Hospital {id}") },
        short_name: Bilingual { zh: format!("院-{id}"), en: format!("H {id}") },
        mark,
        state,
        parts: Vec::new(),
        detail: (state == SourceState::Unreachable).then(|| "why-timeout".to_owned()),
        queries: 1,
        pages: 1,
        entries: 1,
        dropped: 0,
        retrieved_at: None,
        age_s: None,
        waited_ms: 8000,
    }
}

pub fn gathered(items: Vec<LabResult>, states: [SourceState; 2]) -> Gathered<LabResult> {
    let [one, two] = states;
    Gathered {
        items,
        sources: vec![report("one", 0, one), report("two", 1, two)],
        as_of: now(),
        held: vec![],
        reviews: Default::default(),
    }
}

pub fn potassium(time: &str, text: &str, flag: Flag, source: &str) -> LabResult {
    LabResult {
        id: format!("{source}-{time}"),
        code: Code {
            text: "钾".to_owned(),
            codings: vec![Coding { system: Some("http://loinc.org".to_owned()), code: "2823-3".to_owned() }],
        },
        time: ClinicalTime::parse(time),
        status: "final".to_owned(),
        value: Some(Value {
            text: text.to_owned(),
            number: text.parse().ok(),
            comparator: None,
            unit: Some("mmol/L".to_owned()),
            ucum: Some("mmol/L"),
        }),
        range: Some(Range { text: "3.5–5.3".to_owned(), low: Some(3.5), high: Some(5.3) }),
        flag: Some(flag),
        analyte: Some("potassium"),
        group: Some("potassium.serum.conc"),
        origins: vec![Origin {
            source: source.to_owned(),
            resource: "Observation/1".to_owned(),
            version: None,
            retrieved_at: now(),
        }],
        ..LabResult::default()
    }
}

pub fn with_page<R>(
    renderer: &Renderer,
    lang: Lang,
    gathered: &Gathered<LabResult>,
    filters: &Filters,
    see: impl FnOnce(&LabsPage, &str) -> R,
) -> R {
    let matrix = matrix(&gathered.items, &MatrixWindow::default());
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let input = LabsInput { banner: &banner, gathered, matrix: &matrix, filters, reader: "林知远", scene };
    let page = record_view::labs::page(&input);
    let html = renderer.page("record/lab_results.html", &frame(lang, Portal::Internal), &page).expect("page");
    see(&page, &html)
}

pub fn with_patient_page<R>(
    renderer: &Renderer,
    lang: Lang,
    gathered: &Gathered<LabResult>,
    filters: &Filters,
    see: impl FnOnce(&PatientLabsPage, &str) -> R,
) -> R {
    let matrix = matrix(&gathered.items, &MatrixWindow::default());
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let page = record_view::patient_labs::page(&PatientLabsInput {
        banner: &banner,
        gathered,
        matrix: &matrix,
        filters,
        scene,
    });
    let html = renderer.page(page.template(), &frame(lang, Portal::External), &page).expect("page");
    see(&page, &html)
}
