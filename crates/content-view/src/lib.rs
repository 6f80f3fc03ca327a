//! Articles and notices as people read them, for both portals: `content`'s values become page structs that templates print,
//! in the reader's language, and marked where they are only to be had in the other.
//!
//! Nothing is read here, and nobody is asked who they are. Start at [`list`] and [`article`].

pub mod json;
mod reading;

pub use reading::{
    ArticlePage, CardView, ListPage, NoticeView, OnlyIn, Side, Whole, article, card, language, list, notice, preview,
};

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct ContentTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct ContentLocales;

/// Components that both portals' pages are put together from.
pub fn templates() -> web::render::Templates {
    web::render::Templates::embedded::<ContentTemplates>()
}

/// The words of articles and notices.
pub fn locales() -> web::render::Locales {
    web::render::Locales::embedded::<ContentLocales>()
}
