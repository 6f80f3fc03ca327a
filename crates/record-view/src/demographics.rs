//! 患者基本信息: what each hospital says about the person, side by side, and why the portal believes it is one person.

use std::collections::BTreeSet;

use ehr::{Banner, Gathered, Link, Registration, Section, SourceReport};
use serde::Serialize;

use crate::{
    PatientShell, RecordShell, Scene,
    scene::source_of,
    shell::{identifiers, sex},
    sources::Sources,
};

/// `record/demographics.html`.
#[derive(Debug, Serialize)]
pub struct DemographicsPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Who answered.
    pub sources: Sources,
    /// `results`, `none`, `unknown` or `not-linked`, as in the results page.
    pub state: &'static str,
    /// One column per registration.
    pub columns: Vec<RegistrationHead>,
    /// One row per particular.
    pub rows: Vec<ParticularRow>,
    /// Identities and their evidence.
    pub links: Vec<LinkView>,
    /// Foot of a print.
    pub printed: String,
}

/// `record/demographics.html` of the external portal: the same in plain words, hospital by hospital.
#[derive(Debug, Serialize)]
pub struct PatientDemographicsPage {
    /// Whose.
    pub shell: PatientShell,
    /// Who answered.
    pub sources: Sources,
    /// As [`DemographicsPage::state`].
    pub state: &'static str,
    /// One per registration.
    pub registrations: Vec<PlainRegistration>,
    /// Particulars that hospitals write differently, in words.
    pub differences: Vec<String>,
}

/// Whose registration.
#[derive(Debug, Serialize)]
pub struct RegistrationHead {
    /// Hospital.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// `Patient/123`
    pub resource: String,
    /// When it was read.
    pub retrieved: String,
    /// Is it no longer in use there?
    pub inactive: bool,
}

/// One particular of all registrations.
#[derive(Debug, Serialize)]
pub struct ParticularRow {
    /// In words.
    pub name: String,
    /// One per column; several lines each; empty when that hospital says nothing.
    pub cells: Vec<Vec<String>>,
    /// Do hospitals contradict each other in what identifies a person?
    pub differs: bool,
}

/// An identity at a source.
#[derive(Debug, Serialize)]
pub struct LinkView {
    /// Hospital.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// `Patient/123`
    pub patient: String,
    /// In words.
    pub how: String,
    /// In words.
    pub evidence: String,
    /// When.
    pub at: String,
}

/// One hospital's registration in plain words.
#[derive(Debug, Serialize)]
pub struct PlainRegistration {
    /// Hospital.
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// Name of the particular and what is said.
    pub lines: Vec<(String, Vec<String>)>,
}

/// The clinician's page. `reader` is who prints it.
pub fn page(banner: &Banner, gathered: &Gathered<Registration>, reader: &str, scene: &Scene<'_>) -> DemographicsPage {
    let path = format!("/patients/{}/{}", banner.person, Section::Demographics.slug());
    let sources = Sources::new(gathered, &format!("{path}?refresh=true"), scene);
    let items = ordered(gathered);
    DemographicsPage {
        shell: RecordShell::new(banner, Section::Demographics, scene),
        state: state(gathered, &sources),
        columns: items.iter().map(|one| head(one, &gathered.sources, scene)).collect(),
        rows: rows(&items, scene),
        links: banner.links.iter().map(|link| link_view(link, &gathered.sources, scene)).collect(),
        printed: scene.printed(reader),
        sources,
    }
}

/// The patient's page.
pub fn patient_page(banner: &Banner, gathered: &Gathered<Registration>, scene: &Scene<'_>) -> PatientDemographicsPage {
    let path = format!("/people/{}/record/{}", banner.person, Section::Demographics.slug());
    let sources = Sources::for_patient(gathered, &format!("{path}?refresh=true"), scene);
    let items = ordered(gathered);
    let rows = rows(&items, scene);
    let plain = |(nth, one): (usize, &&Registration)| {
        let (name, mark) = source_of(&gathered.sources, &one.origin.source, scene);
        let said = rows.iter().filter_map(|row| {
            let cell = row.cells.get(nth).filter(|cell| !cell.is_empty())?;
            Some((row.name.clone(), cell.clone()))
        });
        PlainRegistration { name, mark, lines: said.collect() }
    };
    PatientDemographicsPage {
        shell: PatientShell::new(banner, scene),
        state: state(gathered, &sources),
        registrations: items.iter().enumerate().map(plain).collect(),
        differences: rows.iter().filter(|row| row.differs).map(|row| row.name.clone()).collect(),
        sources,
    }
}

fn state(gathered: &Gathered<Registration>, sources: &Sources) -> &'static str {
    match () {
        () if !gathered.items.is_empty() => "results",
        () if !sources.linked => "not-linked",
        () if sources.complete => "none",
        () => "unknown",
    }
}

/// In the order of the catalogue, so that the order of answers never shows.
fn ordered(gathered: &Gathered<Registration>) -> Vec<&Registration> {
    let place = |one: &&Registration| {
        let nth = gathered.sources.iter().position(|report| report.id == one.origin.source);
        (nth.unwrap_or(usize::MAX), one.origin.resource.clone())
    };
    let mut items: Vec<_> = gathered.items.iter().collect();
    items.sort_by_key(place);
    items
}

fn head(one: &Registration, reports: &[SourceReport], scene: &Scene<'_>) -> RegistrationHead {
    let (name, mark) = source_of(reports, &one.origin.source, scene);
    RegistrationHead {
        name,
        mark,
        resource: one.origin.resource.clone(),
        retrieved: scene.words.minute_today(one.origin.retrieved_at, scene.now),
        inactive: one.inactive,
    }
}

/// Particulars in fixed order; those that nobody fills are left out, but for the four that identify a person.
fn rows(items: &[&Registration], scene: &Scene<'_>) -> Vec<ParticularRow> {
    type Read = fn(&Registration, &Scene<'_>) -> Vec<String>;
    let particulars: [(&str, bool, Read); 8] = [
        ("particular-names", true, |one, _| one.names.clone()),
        ("particular-sex", true, |one, scene| {
            one.sex.as_deref().map(|code| sex(Some(code), scene)).into_iter().collect()
        }),
        ("particular-birth-date", true, |one, scene| one.birth_date.iter().map(|text| scene.date(text)).collect()),
        ("particular-identifiers", false, |one, scene| {
            identifiers(&one.identifiers, scene).into_iter().map(|id| format!("{} {}", id.kind, id.masked)).collect()
        }),
        ("particular-deceased", true, |one, scene| {
            let said = one.deceased.as_ref();
            said.map(|said| if said == "true" { scene.text("deceased-yes") } else { said.clone() })
                .into_iter()
                .collect()
        }),
        ("particular-phones", false, |one, _| one.phones.clone()),
        ("particular-addresses", false, |one, _| one.addresses.clone()),
        ("particular-contacts", false, |one, _| one.contacts.clone()),
    ];
    let row = |(key, identifying, read): (&str, bool, Read)| {
        let cells: Vec<Vec<String>> = items.iter().map(|one| read(one, scene)).collect();
        let said: BTreeSet<&String> = cells.iter().filter_map(|cell| cell.first()).collect();
        ParticularRow { name: scene.text(key), differs: identifying && said.len() > 1, cells }
    };
    let mut rows: Vec<_> = particulars.into_iter().map(row).collect();
    let mut nth = 0;
    rows.retain(|row| {
        nth += 1;
        nth <= 4 || row.cells.iter().any(|cell| !cell.is_empty())
    });
    rows
}

fn link_view(link: &Link, reports: &[SourceReport], scene: &Scene<'_>) -> LinkView {
    let (name, mark) = source_of(reports, &link.source, scene);
    let evidence: Vec<_> = link.evidence.iter().map(|code| scene.coded("evidence-", code)).collect();
    LinkView {
        name,
        mark,
        patient: link.patient.clone(),
        how: scene.coded("link-how-", &link.how),
        evidence: scene.list(&evidence),
        at: scene.instant(link.at),
    }
}
