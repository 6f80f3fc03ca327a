//! The page that stands where a record would, when the clinician has no treatment relation with the patient.

use ehr::{Banner, Section};
use serde::Serialize;

use crate::{RecordShell, Scene};

/// `break_glass.html`: who the patient is, that the record was not opened, and what to do.
#[derive(Debug, Serialize)]
pub struct BreakGlassPage {
    /// Who, when the caller may say so (a search showed them); else nothing.
    pub shell: Option<RecordShell>,
}

/// The page; the banner is what a search already showed.
pub fn page(banner: Option<&Banner>, scene: &Scene<'_>) -> BreakGlassPage {
    BreakGlassPage { shell: banner.map(|banner| RecordShell::new(banner, Section::Demographics, scene)) }
}
