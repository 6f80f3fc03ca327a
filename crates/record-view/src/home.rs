//! The first page of either portal: who is here, and which hospitals are connected.

use ehr::{Banner, Bilingual};
use jiff::Timestamp;
use serde::Serialize;
use web::render::{Arg, local};

use crate::{
    PatientShell, Scene,
    mine::MineView,
    patient_labs::Newest,
    scene::mark_letter,
    shell::{SectionLink, section_links},
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

/// `home.html` of the internal portal.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage {
    /// `林知远，晚上好`
    pub greeting: String,
    /// Connected hospitals.
    pub hospitals: Vec<HospitalView>,
    /// Whom they treat; none for those who may not read records.
    pub mine: Option<MineView>,
    /// All fifteen sections of a record.
    pub sections: Vec<SectionLink>,
}

/// `home.html` of the external portal.
#[derive(Clone, Debug, Serialize)]
pub struct PatientHomePage {
    /// Who the record is about, when the account has one.
    pub shell: Option<PatientShell>,
    /// Connected hospitals.
    pub hospitals: Vec<HospitalView>,
    /// The newest results, where they may be read.
    pub newest: Option<Newest>,
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

/// The clinician's desk.
pub fn page(name: &str, hospitals: &[Connected], mine: Option<MineView>, scene: &Scene<'_>) -> HomePage {
    let key = match local(scene.now).hour() {
        5..11 => "greeting-morning",
        11..13 => "greeting-noon",
        13..18 => "greeting-afternoon",
        _ => "greeting-evening",
    };
    let sections = section_links("", None, scene);
    HomePage {
        greeting: scene.with(key, &[("name", Arg::from(name))]),
        hospitals: hospitals.iter().map(|hospital| HospitalView::new(hospital, scene)).collect(),
        mine,
        sections,
    }
}

/// The patient's first page; without a banner when the account is not linked to a record yet.
pub fn patient_page(
    banner: Option<&Banner>,
    newest: Option<Newest>,
    hospitals: &[Connected],
    scene: &Scene<'_>,
) -> PatientHomePage {
    PatientHomePage {
        newest,
        shell: banner.map(|banner| PatientShell::new(banner, scene)),
        hospitals: hospitals.iter().map(|hospital| HospitalView::new(hospital, scene)).collect(),
    }
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
