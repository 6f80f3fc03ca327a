//! Draws every page with invented people into `target/gallery` (development only):
//! `cargo run -p record-view --example gallery`, then serve that folder on loopback and look.

#[path = "gallery/newer.rs"]
mod newer;

use std::{fs, path::Path};

use access::{PersonId, RelationKind};
use ehr::{
    Banner, Bilingual, ClinicalTime, FoundPatient, Gathered, Link, MaskedIdentifier, Origin, PatientSearch,
    Registration, SourceReport, SourceState,
    labs::{Code, Coding, Flag, LabResult, MatrixWindow, Range, Value, matrix},
};
use jiff::Timestamp;
use record_view::{
    Scene, demographics, home,
    labs::{self, Filters, LabsInput},
    patient_labs::{self, PatientLabsInput},
    search::{self, Listing, PeopleFilters},
};
use web::{
    Lang,
    render::{ErrorPage, Frame, Locales, Organisation, Portal, Renderer, SignInPage, Templates, Theme, User},
};

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

const PERSON: &str = "0190a3c4-5d6e-7f80-9a1b-2c3d4e5f6071";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let internal = Renderer::new(
        vec![record_view::templates(), Templates::embedded::<InternalTemplates>()],
        vec![record_view::locales(), Locales::embedded::<InternalLocales>()],
        vec![],
    )?;
    let external = Renderer::new(
        vec![record_view::templates(), Templates::embedded::<ExternalTemplates>()],
        vec![record_view::locales(), Locales::embedded::<ExternalLocales>()],
        vec![],
    )?;
    let out = Path::new("target/gallery");
    fs::create_dir_all(out)?;
    for (lang, name) in [(Lang::Zh, "zh"), (Lang::En, "en")] {
        inside(&internal, lang, name, out)?;
        outside(&external, lang, name, out)?;
    }
    write_assets(&internal, out)
}

/// The static files at the addresses that the pages ask for.
fn write_assets(renderer: &Renderer, out: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let words = fs::read_to_string(out.join("in-home.zh.html"))?;
    for part in words.split("/static/").skip(1) {
        let address = part.split(['"', '#']).next().unwrap_or_default();
        if let Some(asset) = renderer.asset(address) {
            let file = out.join("static").join(address);
            fs::create_dir_all(file.parent().unwrap_or(out))?;
            fs::write(file, asset.bytes)?;
        }
    }
    Ok(())
}

fn now() -> Timestamp {
    "2026-11-21T21:28:00+08:00".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn frame(lang: Lang, portal: Portal, path: &str) -> Frame {
    let user = User {
        name: "陈玉兰".to_owned(),
        organisation: None,
        roles: vec![],
        unread: 0,
        delegates: false,
        acting_for: None,
        person: None,
    };
    let user = match portal {
        Portal::Internal => User {
            name: "林知远".to_owned(),
            organisation: Some("市第一人民医院".to_owned()),
            roles: vec!["clinician".to_owned(), "researcher".to_owned()],
            ..user
        },
        Portal::External => User { person: Some(PERSON.to_owned()), ..user },
    };
    Frame {
        lang,
        theme: None::<Theme>,
        portal,
        user: Some(user),
        csrf_token: "token".to_owned(),
        nonce: "n0nce".to_owned(),
        path: path.to_owned(),
        request_id: "01JD2Z6X8Q4R".to_owned(),
        now: now(),
    }
}

fn person() -> PersonId {
    PersonId(PERSON.parse().unwrap_or_default())
}

fn both(zh: &str, en: &str) -> Bilingual {
    Bilingual { zh: zh.to_owned(), en: en.to_owned() }
}

fn report(id: &str, mark: usize, state: SourceState, detail: Option<&str>) -> SourceReport {
    let name = match id {
        "city-first" => both("市第一人民医院", "First City Hospital"),
        _ => both("大学附属医院", "University Hospital"),
    };
    SourceReport {
        id: id.to_owned(),
        short_name: name.clone(),
        name,
        mark,
        state,
        parts: Vec::new(),
        detail: detail.map(str::to_owned),
        queries: 2,
        pages: 5,
        entries: 218,
        dropped: u32::from(id != "city-first") * 2,
        retrieved_at: Some(now()),
        age_s: Some(0),
        waited_ms: if state == SourceState::Unreachable { 8000 } else { 640 },
    }
}

fn reports(second: SourceState) -> Vec<SourceReport> {
    let why = match second {
        SourceState::Unreachable => Some("why-timeout"),
        SourceState::Partial => Some("why-next-failed"),
        SourceState::Refused => Some("why-refused"),
        _ => None,
    };
    vec![report("city-first", 0, SourceState::Answered, None), report("university", 2, second, why)]
}

fn gathered<T>(items: Vec<T>, second: SourceState) -> Gathered<T> {
    Gathered { items, sources: reports(second), as_of: now(), held: Vec::new(), reviews: Default::default() }
}

fn identifiers() -> Vec<MaskedIdentifier> {
    let one =
        |kind: &str, masked: &str| MaskedIdentifier { system: None, kind: kind.to_owned(), masked: masked.to_owned() };
    vec![one("resident-id", "999***********0328"), one("record-number", "0048****36")]
}

fn banner() -> Banner {
    let link = |source: &str, patient: &str| Link {
        source: source.to_owned(),
        patient: patient.to_owned(),
        how: "strong-key".to_owned(),
        evidence: ["resident-id", "name", "birth-date", "sex"].map(str::to_owned).to_vec(),
        at: now(),
    };
    Banner {
        person: person(),
        name: "陈玉兰".to_owned(),
        sex: Some("female".to_owned()),
        birth_date: Some("1964-03-18".to_owned()),
        age: Some(62),
        number: "LZ 0048 2917 36".to_owned(),
        identifiers: identifiers(),
        links: vec![link("city-first", "Patient/p-1042"), link("university", "Patient/eXy.93.kQ")],
        allergies: ehr::Allergies::default(),
        glass_until: None,
    }
}

/// LOINC, Chinese name, catalogue id, unit, low, high, values of the eight dates (empty: not tested).
type Series = (&'static str, &'static str, &'static str, &'static str, Option<f64>, Option<f64>, [&'static str; 8]);

const DATES: [(&str, &str); 8] = [
    ("2026-11-20T08:10:00+08:00", "city-first"),
    ("2026-10-16T09:02:00+08:00", "university"),
    ("2026-08-20T08:15:00+08:00", "city-first"),
    ("2026-08-02T09:31:00+08:00", "city-first"),
    ("2026-05-22T08:40:00+08:00", "university"),
    ("2026-03-10T08:20:00+08:00", "university"),
    ("2025-12-04T08:05:00+08:00", "university"),
    ("2025-09-11T08:30:00+08:00", "city-first"),
];

fn series() -> Vec<Series> {
    vec![
        (
            "14682-9",
            "肌酐",
            "creatinine",
            "μmol/L",
            Some(41.0),
            Some(81.0),
            ["105", "", "101", "118", "97", "96", "91", "88"],
        ),
        (
            "22664-7",
            "尿素",
            "urea",
            "mmol/L",
            Some(2.6),
            Some(7.5),
            ["8.4", "", "8.1", "10.2", "7.6", "7.8", "7.1", "6.9"],
        ),
        (
            "2823-3",
            "钾",
            "potassium",
            "mmol/L",
            Some(3.5),
            Some(5.3),
            ["5.40", "5.2", "5.10", "6.30", "", "5.0", "4.9", "4.80"],
        ),
        (
            "2951-2",
            "钠",
            "sodium",
            "mmol/L",
            Some(137.0),
            Some(147.0),
            ["139", "140", "138", "135", "", "141", "139", "140"],
        ),
        (
            "14771-0",
            "空腹血糖",
            "fasting-glucose",
            "mmol/L",
            Some(3.9),
            Some(6.1),
            ["6.9", "6.8", "7.0", "3.6", "7.4", "9.6", "7.9", "8.2"],
        ),
        ("4548-4", "糖化血红蛋白", "hba1c", "%", Some(4.0), Some(6.0), ["", "7.1", "", "", "7.4", "7.8", "7.8", "8.0"]),
        (
            "718-7",
            "血红蛋白",
            "haemoglobin",
            "g/L",
            Some(115.0),
            Some(150.0),
            ["108", "", "110", "109", "113", "116", "117", "119"],
        ),
        (
            "6690-2",
            "白细胞",
            "wbc",
            "10*9/L",
            Some(3.5),
            Some(9.5),
            ["6.1", "", "6.6", "10.8", "", "7.4", "5.9", "6.2"],
        ),
        (
            "777-3",
            "血小板",
            "platelets",
            "10*9/L",
            Some(125.0),
            Some(350.0),
            ["208", "", "219", "240", "", "231", "205", "212"],
        ),
        ("22748-8", "低密度脂蛋白", "ldl", "mmol/L", None, Some(3.4), ["", "1.7", "", "", "2.0", "2.4", "", "2.9"]),
        ("1988-5", "C 反应蛋白", "crp", "mg/L", None, Some(8.0), ["<0.5", "", "", "86.4", "", "", "", ""]),
        ("local-HBsAg", "乙肝表面抗原", "", "", None, None, ["阴性", "", "", "", "", "", "", "阴性"]),
    ]
}

fn flag(number: f64, low: Option<f64>, high: Option<f64>, name: &str) -> Flag {
    match (low, high) {
        (_, Some(high)) if number > high => {
            if name == "钾" && number > 6.0 {
                Flag::CriticalHigh
            } else {
                Flag::High
            }
        }
        (Some(low), _) if number < low => Flag::Low,
        _ => Flag::Normal,
    }
}

fn results() -> Vec<LabResult> {
    let mut all = Vec::new();
    for (loinc, name, analyte, unit, low, high, values) in series() {
        for ((time, source), text) in DATES.iter().zip(values).filter(|(_, text)| !text.is_empty()) {
            let number = text.trim_start_matches('<').parse::<f64>().ok();
            let range = (low.is_some() || high.is_some()).then(|| Range {
                text: match (low, high) {
                    (Some(low), Some(high)) => format!("{low}–{high}"),
                    (None, Some(high)) => format!("<{high}"),
                    _ => String::new(),
                },
                low,
                high,
            });
            let found = ehr::labs::catalogue().by_loinc(loinc).map(|(analyte, _)| analyte);
            all.push(LabResult {
                id: format!("{loinc}-{time}"),
                code: Code {
                    text: name.to_owned(),
                    codings: vec![Coding { system: Some("http://loinc.org".to_owned()), code: loinc.to_owned() }],
                },
                time: ClinicalTime::parse(time),
                issued: ClinicalTime::parse(time),
                status: if name == "白细胞" && text == "10.8" { "corrected" } else { "final" }.to_owned(),
                value: Some(Value {
                    text: text.to_owned(),
                    number,
                    comparator: None,
                    unit: (!unit.is_empty()).then(|| unit.to_owned()),
                    ucum: ehr::labs::units::normalise(unit).map(|unit| unit.ucum.as_str()),
                }),
                flag: number.map(|number| flag(number, low, high, name)),
                range,
                specimen: Some("血清".to_owned()),
                analyte: found.map(|analyte| analyte.id.as_str()),
                group: found.map(|analyte| analyte.group.as_str()),
                origins: vec![Origin {
                    source: (*source).to_owned(),
                    resource: format!("Observation/{loinc}-{}", all.len()),
                    version: Some("1".to_owned()),
                    retrieved_at: now(),
                }],
                ..LabResult::default()
            });
            let _ = analyte;
        }
    }
    with_conflict(all)
}

/// The same moment, another hospital, another value: a conflict; and a second run in the same cell.
fn with_conflict(mut all: Vec<LabResult>) -> Vec<LabResult> {
    if let Some(first) = all.iter().find(|one| one.code.text == "钠").cloned() {
        let mut other = first.clone();
        other.id = "other-sodium".to_owned();
        other.conflict = vec![first.id.clone()];
        if let Some(value) = &mut other.value {
            value.text = "133".to_owned();
            value.number = Some(133.0);
        }
        other.flag = Some(Flag::Low);
        if let Some(own) = all.iter_mut().find(|one| one.id == first.id) {
            own.conflict = vec!["other-sodium".to_owned()];
        }
        all.push(other);
    }
    all
}

fn registrations() -> Vec<Registration> {
    let one = |source: &str, id: &str, address: &str, birth: &str| Registration {
        names: vec!["陈玉兰".to_owned()],
        sex: Some("female".to_owned()),
        birth_date: Some(birth.to_owned()),
        deceased: None,
        identifiers: identifiers(),
        phones: vec!["138****5512".to_owned()],
        addresses: vec![address.to_owned()],
        contacts: if source == "city-first" { vec!["陈明 (子) 139****0021".to_owned()] } else { vec![] },
        inactive: false,
        origin: Origin {
            source: source.to_owned(),
            resource: format!("Patient/{id}"),
            version: None,
            retrieved_at: now(),
        },
    };
    vec![
        one("city-first", "p-1042", "澜州市清溪区解放路 18 号 3 栋 502", "1964-03-18"),
        one("university", "eXy.93.kQ", "澜州市清溪区解放路18号", "1964-03-08"),
    ]
}

fn found() -> PatientSearch {
    let one = |name: &str, pinyin: &str, age: i32, birth: &str, number: &str, sources: &[&str], duplicate: bool| {
        FoundPatient {
            person: person(),
            number: number.to_owned(),
            name: name.to_owned(),
            pinyin: Some(pinyin.to_owned()),
            sex: Some("female".to_owned()),
            birth_date: Some(birth.to_owned()),
            age: Some(age),
            identifiers: if duplicate { identifiers().into_iter().skip(1).collect() } else { identifiers() },
            sources: sources.iter().map(|id| (*id).to_owned()).collect(),
            possible_duplicate: duplicate,
        }
    };
    PatientSearch {
        id: uuid(),
        shown_query: "陈玉".to_owned(),
        items: vec![
            one("陈玉兰", "chén yù lán", 62, "1964-03-18", "LZ 0048 2917 36", &["city-first", "university"], false),
            one("陈玉兰", "chén yù lán", 62, "1964-03-18", "LZ 0051 7730 92", &["university"], true),
            one("陈玉莲", "chén yù lián", 47, "1979-08-11", "LZ 0032 6604 18", &["city-first"], false),
        ],
        sources: reports(SourceState::Unreachable),
        more: false,
        not_swept: Vec::new(),
    }
}

fn listing(pairs: &[(&str, &str)]) -> Listing {
    let relations = [(person(), RelationKind::Care)].into_iter().collect();
    Listing { relations, filters: PeopleFilters::from_pairs(pairs.iter().copied()) }
}

fn uuid() -> uuid::Uuid {
    PERSON.parse().unwrap_or_default()
}

fn connected() -> Vec<home::Connected> {
    let one = |name: Bilingual, mark: usize, ok: Option<bool>| home::Connected {
        name,
        mark,
        sandbox: mark == 2,
        last: ok.map(|ok| home::LastAnswer { ok, at: now(), waited_ms: if ok { 340 } else { 8000 } }),
    };
    vec![
        one(both("市第一人民医院", "First City Hospital"), 0, Some(true)),
        one(both("大学附属医院", "University Hospital"), 2, Some(false)),
        one(both("市中医院", "TCM Hospital"), 1, None),
    ]
}

type Done = Result<(), Box<dyn std::error::Error>>;

// long: one page after the other, each a few lines.
fn inside(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let write = |file: &str, text: String| fs::write(out.join(format!("in-{file}.{name}.html")), text);
    let at = |path: &str| frame(lang, Portal::Internal, path);
    for state in ["", "refused", "unavailable", "expired", "missing"] {
        let page = SignInPage {
            state: (!state.is_empty()).then(|| state.to_owned()),
            organisations: vec![
                Organisation { id: "region".to_owned(), name: scene.words.text("organisation") + " A" },
                Organisation { id: "b".to_owned(), name: scene.words.text("organisation") + " B" },
            ],
            username: if state.is_empty() { "" } else { "li.wei" }.to_owned(),
            next: "/".to_owned(),
            ..SignInPage::default()
        };
        let frame = Frame { user: None, ..at("/sign-in") };
        write(&format!("sign-in{state}"), renderer.page("sign_in.html", &frame, &page)?)?;
    }
    let hospitals = serde_json::json!({ "hospitals": home::hospitals(&connected(), &scene) });
    let body = renderer.page("widgets/hospitals.html", &at("/"), &hospitals)?;
    let one = newer::framed("hospitals", &body);
    write("home", renderer.page("widget.html", &at("/"), &serde_json::json!({ "one": one }))?)?;
    write(
        "search",
        renderer.page(
            "patients.html",
            &at("/patients?search=1"),
            &search::page(&found(), &listing(&[]), "/patients?search=1&again=true", &scene),
        )?,
    )?;
    let none = PatientSearch { items: vec![], sources: reports(SourceState::Answered), ..found() };
    write(
        "search-none",
        renderer.page("patients.html", &at("/patients?search=1"), &search::page(&none, &listing(&[]), "/", &scene))?,
    )?;
    let narrowed = search::page(&found(), &listing(&[("from", "1970")]), "/", &scene);
    write("search-narrowed", renderer.page("patients.html", &at("/patients?search=1"), &narrowed)?)?;
    write("search-empty", renderer.page("patients.html", &at("/patients"), &search::empty("", None))?)?;
    write("search-short", renderer.page("patients.html", &at("/patients"), &search::empty("陈", Some("too-short")))?)?;
    write(
        "break-glass",
        renderer.page(
            "break_glass.html",
            &at("/patients/1"),
            &record_view::break_glass::page(Some(&banner), &scene),
        )?,
    )?;
    newer::inside(renderer, lang, name, out)?;
    inside_record(renderer, lang, name, out)
}

fn inside_record(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let write = |file: &str, text: String| fs::write(out.join(format!("in-{file}.{name}.html")), text);
    let at = |path: &str| frame(lang, Portal::Internal, path);
    for (file, second) in [("demographics", SourceState::Answered), ("demographics-partial", SourceState::Refused)] {
        let mut items = registrations();
        if second == SourceState::Refused {
            items.truncate(1);
        }
        let page = demographics::page(&banner, &gathered(items, second), "林知远", &scene);
        write(file, renderer.page("record/demographics.html", &at("/patients/1/demographics"), &page)?)?;
    }
    let labs = [
        ("labs", results(), SourceState::Answered, vec![]),
        ("labs-show", results(), SourceState::Answered, vec![("show", "potassium")]),
        ("labs-partial", results(), SourceState::Partial, vec![("abnormal", "1"), ("period", "12m")]),
        (
            "labs-silent",
            results().into_iter().filter(|one| one.origins[0].source == "city-first").collect(),
            SourceState::Unreachable,
            vec![],
        ),
        ("labs-filtered", results(), SourceState::Answered, vec![("q", "xyz")]),
        ("labs-none", vec![], SourceState::Answered, vec![]),
        ("labs-unknown", vec![], SourceState::Unreachable, vec![]),
    ];
    for (file, items, second, mut pairs) in labs {
        let gathered = gathered(items, second);
        let matrix = matrix(&gathered.items, &MatrixWindow::default());
        let key = matrix
            .panels
            .iter()
            .flat_map(|panel| &panel.rows)
            .find(|row| row.name.zh == "钾")
            .map(|row| row.key.clone());
        let key = key.unwrap_or_default();
        for pair in pairs.iter_mut().filter(|pair| pair.0 == "show") {
            pair.1 = &key;
        }
        let filters = Filters::from_pairs(pairs);
        let input = LabsInput {
            banner: &banner,
            gathered: &gathered,
            matrix: &matrix,
            filters: &filters,
            reader: "林知远",
            scene,
        };
        write(file, renderer.page("record/lab_results.html", &at("/patients/1/lab-results"), &labs::page(&input))?)?;
    }
    for (status, problem) in [
        (404, "not-found"),
        (403, "forbidden"),
        (403, "break-glass-required"),
        (429, "too-many"),
        (500, "internal"),
        (503, "unavailable"),
    ] {
        let page = ErrorPage { status, problem: problem.to_owned(), retry_after: (status == 503).then_some(5) };
        write(&format!("error-{problem}"), renderer.error(&at("/patients"), &page)?)?;
    }
    Ok(())
}

fn outside(renderer: &Renderer, lang: Lang, name: &str, out: &Path) -> Done {
    let scene = Scene::new(renderer.words(lang), now());
    let banner = banner();
    let write = |file: &str, text: String| fs::write(out.join(format!("out-{file}.{name}.html")), text);
    let at = |path: &str| frame(lang, Portal::External, path);
    let base = format!("/people/{PERSON}/record");
    for state in ["", "refused", "expired"] {
        let page = SignInPage {
            state: (!state.is_empty()).then(|| state.to_owned()),
            next: "/".to_owned(),
            ..SignInPage::default()
        };
        let frame = Frame { user: None, ..at("/sign-in") };
        write(&format!("sign-in{state}"), renderer.page("sign_in.html", &frame, &page)?)?;
    }
    newer::first_pages(renderer, lang, name, out)?;
    newer::patient_summaries(renderer, lang, name, out)?;
    write("record", renderer.page("record.html", &at(&base), &home::record_page(&banner, &scene))?)?;
    let page = demographics::patient_page(&banner, &gathered(registrations(), SourceState::Answered), &scene);
    write("demographics", renderer.page("record/demographics.html", &at(&format!("{base}/demographics")), &page)?)?;
    let labs = [
        ("labs", results(), SourceState::Answered, vec![]),
        ("labs-partial", results(), SourceState::Unreachable, vec![("abnormal", "1")]),
        ("labs-filtered", results(), SourceState::Answered, vec![("q", "xyz")]),
        ("labs-none", vec![], SourceState::Answered, vec![]),
        ("labs-unknown", vec![], SourceState::Unreachable, vec![]),
    ];
    for (file, items, second, pairs) in labs {
        let gathered = gathered(items, second);
        let matrix = matrix(&gathered.items, &MatrixWindow::default());
        let filters = Filters::from_pairs(pairs);
        let input =
            PatientLabsInput { banner: &banner, gathered: &gathered, matrix: &matrix, filters: &filters, scene };
        let page = patient_labs::page(&input);
        write(file, renderer.page("record/lab_results.html", &at(&format!("{base}/lab-results")), &page)?)?;
    }
    for (status, problem) in [(404, "not-found"), (500, "internal"), (503, "unavailable")] {
        let page = ErrorPage { status, problem: problem.to_owned(), retry_after: None };
        write(&format!("error-{problem}"), renderer.error(&at("/"), &page)?)?;
    }
    Ok(())
}
