//! The first page of either portal: who is here, and which hospitals are connected.

use ehr::{Banner, Bilingual, RecentPatient, Section};
use jiff::Timestamp;
use serde::Serialize;
use web::render::{Arg, local};

use crate::{
    PatientShell, Scene,
    scene::mark_letter,
    shell::{SectionLink, section_links, sex, years},
    sources::seconds,
};

/// A hospital of the catalogue, and how it answered last.
#[derive(Clone, Debug)]
pub struct Connected {
    /// Name.
    pub name: Bilingual,
    /// Place in the catalogue.
    pub mark: usize,
    /// A source for trying things out (`environment = "sandbox"`).
    pub sandbox: bool,
    /// The last answer this portal got from it, if any since it started.
    pub last: Option<LastAnswer>,
}

/// How a hospital answered.
#[derive(Clone, Copy, Debug)]
pub struct LastAnswer {
    /// In full?
    pub ok: bool,
    /// When.
    pub at: Timestamp,
    /// How long it took.
    pub waited_ms: u64,
}

/// `record.html` of the external portal: the sections there are.
#[derive(Clone, Debug, Serialize)]
pub struct PatientRecordPage {
    /// Whose.
    pub shell: PatientShell,
}

/// The sections of the patient's own record.
pub fn record_page(banner: &Banner, scene: &Scene<'_>) -> PatientRecordPage {
    PatientRecordPage { shell: PatientShell::new(banner, scene) }
}

/// A connected hospital.
#[derive(Clone, Debug, Serialize)]
pub struct HospitalView {
    /// Name.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// `ok`, `bad` or `off` (not asked yet).
    pub tone: &'static str,
    /// Icon of the state.
    pub icon: &'static str,
    /// In words.
    pub state_text: String,
    /// When, how long.
    pub detail: String,
    /// For trying things out.
    pub sandbox: bool,
}

/// Somebody whose record was opened lately.
#[derive(Clone, Debug, Serialize)]
pub struct RecentView {
    /// The summary of the record.
    pub href: String,
    /// As registered.
    pub name: String,
    /// In words.
    pub sex: String,
    /// In words.
    pub age: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Regional index number.
    pub number: String,
    /// For programs.
    pub opened_instant: String,
    /// In words.
    pub opened: String,
}

/// `林知远，晚上好`
pub fn greeting(name: &str, scene: &Scene<'_>) -> String {
    let key = match local(scene.now).hour() {
        5..11 => "greeting-morning",
        11..13 => "greeting-noon",
        13..18 => "greeting-afternoon",
        _ => "greeting-evening",
    };
    scene.with(key, &[("name", Arg::from(name))])
}

/// The connected hospitals.
pub fn hospitals(hospitals: &[Connected], scene: &Scene<'_>) -> Vec<HospitalView> {
    hospitals.iter().map(|hospital| HospitalView::new(hospital, scene)).collect()
}

/// All fifteen sections of a record, each below `base`.
pub fn sections(base: &str, scene: &Scene<'_>) -> Vec<SectionLink> {
    section_links(base, None, scene)
}

/// Whose records were opened lately.
pub fn recent(found: &[RecentPatient], scene: &Scene<'_>) -> Vec<RecentView> {
    let view = |one: &RecentPatient| RecentView {
        href: format!("/patients/{}/{}", one.person, Section::Summary.slug()),
        name: one.name.clone(),
        sex: sex(one.sex.as_deref(), scene),
        age: one.age.map(|age| years(age, scene)),
        birth_date: one.birth_date.clone(),
        number: one.number.clone(),
        opened_instant: one.opened_at.to_string(),
        opened: scene.words.minute_today(one.opened_at, scene.now),
    };
    found.iter().map(view).collect()
}

impl HospitalView {
    fn new(hospital: &Connected, scene: &Scene<'_>) -> Self {
        let (tone, icon, state) = match hospital.last {
            Some(LastAnswer { ok: true, .. }) => ("ok", "circle-check", "hospital-ok"),
            Some(_) => ("bad", "circle-x", "hospital-bad"),
            None => ("off", "circle-dashed", "hospital-not-asked"),
        };
        let detail = match hospital.last {
            Some(last) => scene.with(
                if last.ok { "hospital-last" } else { "hospital-last-silent" },
                &[
                    ("at", Arg::from(scene.words.minute_today(last.at, scene.now))),
                    ("seconds", Arg::from(seconds(last.waited_ms))),
                ],
            ),
            None => scene.text("hospital-no-last"),
        };
        Self {
            name: scene.of(&hospital.name),
            mark: mark_letter(hospital.mark),
            tone,
            icon,
            state_text: scene.text(state),
            detail,
            sandbox: hospital.sandbox,
        }
    }
}
