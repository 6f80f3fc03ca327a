//! What this crate must know of widgets to keep pages sound.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{Config, Portal, WidgetRef};

/// Why a placed widget can't be shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "misfit", rename_all = "kebab-case")]
pub enum Misfit {
    /// No such widget, or not in this major version.
    Unknown,
    /// It is not made for this portal.
    OtherPortal,
    /// The settings are not what the widget describes.
    Settings {
        /// Where in the settings: `feeds/0/url`.
        path: String,
    },
}

/// The widgets of an installation.
pub trait Widgets: Send + Sync {
    /// Can this be shown with these settings?
    ///
    /// # Errors
    /// [`Misfit`], why not.
    fn check(&self, portal: Portal, widget: &WidgetRef, config: &Config) -> Result<(), Misfit>;
}
