//! A page of results that is drawn in this process, with nothing read and nothing written.

use anyhow::Result;
use ehr::{
    Banner, Bilingual, ClinicalTime, Gathered, Origin, SourceReport, SourceState,
    labs::{Code, Coding, Flag, LabResult, MatrixWindow, Range, Value, matrix},
};
use jiff::Timestamp;
use record_view::{
    Scene,
    labs::{Filters, LabsInput},
};
use web::{
    Lang,
    render::{Frame, Locales, Portal, Renderer, Templates, User},
};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct InternalTemplates;
#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct InternalLocales;

/// The portal's templates and words, and the results of one hospital.
pub struct Drawing {
    renderer: Renderer,
    gathered: Gathered<LabResult>,
    banner: Banner,
    now: Timestamp,
}

impl Drawing {
    /// `rows` analytes with one result each.
    pub fn new(rows: usize) -> Result<Self> {
        let now: Timestamp = "2026-11-21T21:28:00+08:00".parse()?;
        let renderer = Renderer::new(
            vec![record_view::templates(), Templates::embedded::<InternalTemplates>()],
            vec![record_view::locales(), Locales::embedded::<InternalLocales>()],
            vec![],
        )?;
        let items = (0..rows).map(|number| result(number, now)).collect();
        let gathered =
            Gathered { items, sources: vec![report()], as_of: now, held: vec![], reviews: Default::default() };
        Ok(Self { renderer, gathered, banner: banner(), now })
    }

    /// What the reader gets: from merged results to HTML.
    pub fn draw(&self) -> Result<String> {
        let matrix = matrix(&self.gathered.items, &MatrixWindow::default());
        let scene = Scene::new(self.renderer.words(Lang::Zh), self.now);
        let page = record_view::labs::page(&LabsInput {
            banner: &self.banner,
            gathered: &self.gathered,
            matrix: &matrix,
            filters: &Filters::default(),
            reader: "林知远",
            scene,
        });
        Ok(self.renderer.page("record/lab_results.html", &self.frame(), &page)?)
    }

    fn frame(&self) -> Frame {
        Frame {
            lang: Lang::Zh,
            theme: None,
            portal: Portal::Internal,
            user: Some(User {
                name: "林知远".to_owned(),
                organisation: None,
                roles: vec![],
                unread: 0,
                delegates: false,
                acting_for: None,
                person: None,
            }),
            csrf_token: "token".to_owned(),
            nonce: "nonce".to_owned(),
            path: "/".to_owned(),
            request_id: "R-1".to_owned(),
            now: self.now,
        }
    }
}

fn result(number: usize, now: Timestamp) -> LabResult {
    let text = format!("{}.{:02}", 3 + number % 4, number % 100);
    LabResult {
        id: format!("h0-{number}"),
        code: Code {
            text: format!("项目{number}"),
            codings: vec![Coding { system: Some("urn:h0".to_owned()), code: format!("A{number}") }],
        },
        time: ClinicalTime::parse("2026-11-20T08:10:00+08:00"),
        status: "final".to_owned(),
        value: Some(Value {
            number: text.parse().ok(),
            text,
            comparator: None,
            unit: Some("mmol/L".to_owned()),
            ucum: Some("mmol/L"),
        }),
        range: Some(Range { text: "3.5–5.3".to_owned(), low: Some(3.5), high: Some(5.3) }),
        flag: number.is_multiple_of(4).then_some(Flag::High),
        origins: vec![Origin {
            source: "h0".to_owned(),
            resource: format!("Observation/h0-{number}"),
            version: Some("1".to_owned()),
            retrieved_at: now,
        }],
        ..LabResult::default()
    }
}

fn banner() -> Banner {
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

fn report() -> SourceReport {
    let name = |text: &str| Bilingual { zh: text.to_owned(), en: text.to_owned() };
    SourceReport {
        id: "h0".to_owned(),
        name: name("第一医院"),
        short_name: name("一院"),
        mark: 0,
        state: SourceState::Answered,
        parts: Vec::new(),
        detail: None,
        queries: 2,
        pages: 2,
        entries: 200,
        dropped: 0,
        retrieved_at: None,
        age_s: Some(0),
        waited_ms: 50,
    }
}
