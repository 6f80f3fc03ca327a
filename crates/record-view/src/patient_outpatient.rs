//! The patient's own visits, in plain words.

use ehr::{Banner, Outpatient, Section};
use serde::Serialize;

use crate::{
    PatientShell, Scene,
    outpatient::{VisitFilters, VisitList, retry_href},
    sources::{Audience, Sources},
};

/// `record/outpatient.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientOutpatientPage {
    /// Whose.
    pub shell: PatientShell,
    /// Who answered.
    pub sources: Sources,
    /// The list.
    pub list: VisitList,
}

/// The patient's page.
pub fn page(
    banner: &Banner,
    outpatient: &Outpatient,
    filters: &VisitFilters,
    scene: &Scene<'_>,
) -> PatientOutpatientPage {
    let path = format!("/people/{}/record/{}", banner.person, Section::Outpatient.slug());
    let retry = retry_href(&path, filters);
    let sources = Sources::build(&outpatient.sources, outpatient.as_of, &retry, Audience::Patient, scene);
    PatientOutpatientPage {
        shell: PatientShell::new(banner, scene),
        list: VisitList::new(outpatient, filters, &path, &sources, scene),
        sources,
    }
}
