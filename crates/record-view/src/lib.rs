//! The record as people see it, for both portals: `ehr`'s view types become page structs that templates print, SVG charts
//! and words in the reader's language.
//!
//! No reading, no permission, no HTTP here: everything comes in as values, time included. Start at [`labs::page`] (the
//! clinician's matrix) or [`patient_labs::page`] (the patient's own results). Nothing here ever says "none" unless every
//! linked source answered in full: see [`sources::Sources`].

pub mod allergies;
pub mod break_glass;
mod chart;
pub mod demographics;
pub mod document;
pub mod facts;
mod filters;
pub mod history;
pub mod home;
pub mod labs;
pub mod mine;
pub mod origin;
pub mod patient_labs;
pub mod patient_summary;
pub mod patient_visits;
mod range_bar;
pub mod record_search;
pub mod related;
pub mod review;
mod scene;
pub mod search;
pub mod sheet;
pub mod sheets;
mod shell;
pub mod sources;
mod spark;
pub mod summary;
pub mod timeline;
mod usage;
pub mod visits;
pub mod waiting;

pub use filters::{Choice, ListFilters, ListFrame};
pub use scene::{Scene, mark_letter};
pub use shell::{PatientShell, RecordShell};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct RecordTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct RecordLocales;

/// Letter of a source's mark, by its place in the catalogue.
pub fn source_mark(place: usize) -> &'static str {
    mark_letter(place)
}

/// Components the portals' record pages are put together from.
pub fn templates() -> web::render::Templates {
    web::render::Templates::embedded::<RecordTemplates>()
}

/// The record's words.
pub fn locales() -> web::render::Locales {
    web::render::Locales::embedded::<RecordLocales>()
}
