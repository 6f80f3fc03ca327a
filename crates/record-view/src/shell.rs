//! What stands round a section: the banner that never scrolls away, and the fifteen sections in their one order.

use ehr::{Banner, MaskedIdentifier, Section};
use jiff::Timestamp;
use serde::Serialize;
use web::render::Arg;

use crate::{Scene, allergies::AllergyLine, scene::FreshCount};

/// The clinician's shell of a record page (`shell` in templates).
#[derive(Clone, Debug, Serialize)]
pub struct RecordShell {
    /// Regional id.
    pub person: String,
    /// As registered.
    pub name: String,
    /// In words.
    pub sex: String,
    /// In words; nothing when the birth date is not known to the day.
    pub age: Option<String>,
    /// At its precision.
    pub birth_date: Option<String>,
    /// Regional index number.
    pub number: String,
    /// Resident ID first.
    pub identifiers: Vec<IdentifierView>,
    /// Name, sex, birth date and number on one line: foot of every printed page.
    pub print_line: String,
    /// All fifteen.
    pub sections: Vec<SectionLink>,
    /// Title of the section shown.
    pub section: String,
    /// What is known of allergies.
    pub allergies: AllergyLine,
    /// The record is open by a broken glass, and closes again.
    pub glass: Option<GlassView>,
}

/// When a record that was opened in an emergency closes.
#[derive(Clone, Debug, Serialize)]
pub struct GlassView {
    /// For programs.
    pub instant: String,
    /// On the region's clocks.
    pub until: String,
    /// Minutes left, begun ones counted: 0 is never shown.
    pub minutes: i64,
}

/// The patient's own shell: only what is there for them.
#[derive(Clone, Debug, Serialize)]
pub struct PatientShell {
    /// Regional id.
    pub person: String,
    /// As registered.
    pub name: String,
    /// All fifteen, for the list of sections.
    pub sections: Vec<SectionLink>,
}

/// A masked identifier with its kind in words.
#[derive(Clone, Debug, Serialize)]
pub struct IdentifierView {
    /// In words.
    pub kind: String,
    /// As shown.
    pub masked: String,
    /// Read aloud: beginning and end instead of a row of stars.
    pub spoken: String,
}

/// A section in the list.
#[derive(Clone, Debug, Serialize)]
pub struct SectionLink {
    /// As in the URL.
    pub slug: &'static str,
    /// Title.
    pub name: String,
    /// One line of what it holds.
    pub hint: String,
    /// Icon.
    pub icon: &'static str,
    /// Where it is.
    pub href: String,
    /// Is it the one shown?
    pub current: bool,
    /// What is new in it to the reader, as far as it is known without asking.
    pub fresh: Option<FreshCount>,
}

impl RecordShell {
    /// The shell of `section`.
    pub fn new(banner: &Banner, section: Section, scene: &Scene<'_>) -> Self {
        let sex = sex(banner.sex.as_deref(), scene);
        let age = banner.age.map(|age| years(age, scene));
        let born = banner.birth_date.clone().unwrap_or_else(|| scene.text("birth-date-unknown"));
        let print_line = scene.with(
            "print-line",
            &[
                ("name", Arg::from(banner.name.as_str())),
                ("sex", Arg::from(sex.as_str())),
                ("born", Arg::from(born)),
                ("number", Arg::from(banner.number.as_str())),
            ],
        );
        Self {
            person: banner.person.to_string(),
            name: banner.name.clone(),
            sex,
            age,
            birth_date: banner.birth_date.clone(),
            number: banner.number.clone(),
            identifiers: identifiers(&banner.identifiers, scene),
            print_line,
            sections: section_links(&format!("/patients/{}", banner.person), Some(section), scene),
            section: scene.text(&format!("section-{}", section.slug())),
            allergies: AllergyLine::new(&banner.allergies, allergies_href(banner, section), scene),
            glass: banner.glass_until.map(|until| GlassView::new(until, scene)),
        }
    }
}

impl GlassView {
    fn new(until: Timestamp, scene: &Scene<'_>) -> Self {
        let left = until.duration_since(scene.now).as_secs();
        Self {
            instant: until.to_string(),
            until: scene.words.minute_today(until, scene.now),
            minutes: left.div_euclid(60) + i64::from(left.rem_euclid(60) > 0),
        }
    }
}

impl PatientShell {
    /// The shell of the patient's own pages.
    pub fn new(banner: &Banner, scene: &Scene<'_>) -> Self {
        Self {
            person: banner.person.to_string(),
            name: banner.name.clone(),
            sections: section_links(&format!("/people/{}/record", banner.person), None, scene),
        }
    }
}

/// The card of allergies, from wherever one is.
fn allergies_href(banner: &Banner, section: Section) -> String {
    match section {
        Section::Summary => "#allergies".to_owned(),
        _ => format!("/patients/{}/{}#allergies", banner.person, Section::Summary.slug()),
    }
}

pub(crate) fn section_links(base: &str, current: Option<Section>, scene: &Scene<'_>) -> Vec<SectionLink> {
    let link = |section: Section| SectionLink {
        slug: section.slug(),
        name: scene.text(&format!("section-{}", section.slug())),
        hint: scene.text(&format!("section-hint-{}", section.slug())),
        icon: icon(section),
        href: format!("{base}/{}", section.slug()),
        current: current == Some(section),
        fresh: scene.fresh_count(section),
    };
    Section::ALL.into_iter().map(link).collect()
}

pub(crate) fn icon(section: Section) -> &'static str {
    match section {
        Section::Demographics => "id-card",
        Section::Summary => "clipboard-list",
        Section::Outpatient => "stethoscope",
        Section::Inpatient => "bed",
        Section::Orders => "notebook-pen",
        Section::Prescriptions => "file-text",
        Section::Medications => "pill",
        Section::LabResults => "flask-conical",
        Section::ExamReports => "scan",
        Section::Surgery => "scissors",
        Section::Nursing => "activity",
        Section::Discharge => "log-out",
        Section::Charges => "receipt-text",
        Section::FrontPage => "layers",
        Section::PersonalRecord => "folder-heart",
    }
}

/// Identifiers in words.
pub(crate) fn identifiers(all: &[MaskedIdentifier], scene: &Scene<'_>) -> Vec<IdentifierView> {
    all.iter()
        .map(|one| IdentifierView {
            kind: scene.coded("identifier-", &one.kind),
            masked: one.masked.clone(),
            spoken: spoken(&one.masked, scene),
        })
        .collect()
}

/// `440***********0328` → 440 开头，尾号 0328.
fn spoken(masked: &str, scene: &Scene<'_>) -> String {
    match (masked.split_once('*'), masked.rsplit_once('*')) {
        (Some((start, _)), Some((_, end))) => {
            scene.with("identifier-spoken", &[("start", Arg::from(start)), ("end", Arg::from(end))])
        }
        _ => masked.to_owned(),
    }
}

/// Sex in words.
pub(crate) fn sex(code: Option<&str>, scene: &Scene<'_>) -> String {
    scene.text(match code {
        Some("male") => "sex-male",
        Some("female") => "sex-female",
        Some("other") => "sex-other",
        Some(_) => "sex-unknown",
        None => "sex-not-said",
    })
}

/// `62 岁`
pub(crate) fn years(age: i32, scene: &Scene<'_>) -> String {
    scene.with("age-years", &[("age", Arg::from(age))])
}
