//! Pages as administrators lay them out: regions, widgets in them, layers over them, drafts and revisions.
//!
//! Start reading at [`model::Page`] (what a page is), [`Op`] and [`apply`] (how it is changed), [`merge`] (what an
//! organisation and a person made of it) and [`Pages`] (drafts, publishing, rights, kept in the database).
//! [`widget`] says what a widget is and declares, [`render`] draws all widgets of a page at once.

mod apply;
mod diff;
mod entity;
mod error;
mod fit;
mod layers;
pub mod model;
mod ops;
mod presets;
pub mod render;
mod service;
pub mod standard;
mod stylesheet;
mod template;
pub mod widget;

pub use apply::{Applied, apply};
pub use diff::{Change, Conflict, Touched, diff};
pub use error::PageError;
pub use fit::{Misfit, Widgets};
pub use layers::{Merged, compact, merge};
pub use model::{Page, PageId, Portal, Problem, Target, Warning};
pub use ops::{Aspect, Layer, Op, Parked, Reason};
pub use presets::{PresetError, Presets};
pub use service::{
    Draft, DraftState, Listed, NewPage, OwnTemplate, Pages, Published, Revision, Saved, Source, section,
};
pub use stylesheet::stylesheet;
pub use template::Template;
