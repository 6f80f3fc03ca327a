//! What a page is made of.
//!
//! [`Page`] has a tree of [`Node`]s: a [`Container`] divides its area, a [`Region`] holds [`Item`]s. [`Page::problems`]
//! says what may not be saved, each with its place.

mod colour;
mod edit;
mod id;
mod node;
mod page;
mod sound;
mod text;
mod theme;

pub use colour::{
    Colour, Colours, LEAST_CONTRAST, LowContrast, NotAColour, Palette, Scheme, Token, design, low_contrast,
};
pub use id::{GroupName, InstanceId, NodeId, NotAName, PageId, Slug, WidgetKind};
pub use node::{COLUMNS, Config, Container, Flow, Item, Locks, Node, Region, Span, WidgetRef};
pub use page::{Home, Page, Portal, item_object, page_object, region_object, widget_object};
pub(crate) use sound::item_problems;
pub use sound::{Bounds, Fault, Problem, Target, Warning};
pub use text::Bilingual;
pub use theme::{Skin, SkinName, Theme, ThemeName, palette, unreadable};
pub(crate) use theme::{skin_sets, theme_sets};
