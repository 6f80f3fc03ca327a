//! The patient's own visits or stays, in plain words.

use ehr::{Banner, Section, Visits};
use serde::Serialize;

use crate::{
    PatientShell, Scene,
    filters::ListFilters,
    sources::{Audience, Sources},
    visits::VisitList,
};

/// `record/visits.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientVisitsPage {
    /// Whose.
    pub shell: PatientShell,
    /// Name of the section.
    pub title: String,
    /// One line of what it holds.
    pub lead: String,
    /// Who answered.
    pub sources: Sources,
    /// The list.
    pub list: VisitList,
}

/// The patient's page.
pub fn page(banner: &Banner, visits: &Visits, filters: &ListFilters, scene: &Scene<'_>) -> PatientVisitsPage {
    let path = format!("/people/{}/record/{}", banner.person, visits.section.slug());
    let retry = filters.retry_href(&path);
    let sources = Sources::build(&visits.sources, visits.as_of, &retry, Audience::Patient, scene);
    let lead = if visits.section == Section::Inpatient { "patient-stays-lead" } else { "patient-visits-lead" };
    PatientVisitsPage {
        shell: PatientShell::new(banner, scene),
        title: scene.text(&format!("section-{}", visits.section.slug())),
        lead: scene.text(lead),
        list: VisitList::new(visits, filters, &path, &sources, scene),
        sources,
    }
}
