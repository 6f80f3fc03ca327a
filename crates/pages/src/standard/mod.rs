//! Widgets that need nothing of a portal but its templates, and what both programs must know of the others.

mod calendar;
mod links;
pub mod public;

use access::Domain;
use jiff::civil::Date;
use serde::Serialize;

pub use calendar::Calendar;
pub use links::{Applications, Links};

use crate::widget::{Fragment, Viewing, WidgetError};

const BOTH: &[Domain] = &[Domain::Internal, Domain::External];

/// A page of a portal that can draw templates.
pub trait Templates: Viewing {
    /// The day on the region's clocks.
    fn today(&self) -> Date;

    /// Draws a template without anything of the viewer's: what is kept may be drawn with it.
    ///
    /// # Errors
    /// The template's.
    fn template<T: Serialize>(&self, name: &str, view: &T) -> Result<Fragment, WidgetError>;
}
