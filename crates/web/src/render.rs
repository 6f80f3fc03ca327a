//! Pages: templates, words in both languages, and the static files they use.
//!
//! Start at [`Renderer`]: it is built once from what each crate embeds ([`Templates`], [`Locales`], [`Static`]) and then
//! turns a template's name, a [`Frame`] and a serializable page into HTML. Templates escape everything they print;
//! what Rust code has escaped itself comes as [`Html`].
//!
//! One template engine per language: functions such as `t(key="…")` know theirs without asking the page.

mod assets;
mod frame;
mod functions;
mod html;
mod time;
mod words;

use std::{borrow::Cow, collections::HashMap};

use jiff::Timestamp;
use serde::Serialize;
use tera::{Context, Tera};

pub use assets::{Asset, Static};
pub use frame::{ErrorPage, Frame, Organisation, Portal, SignInPage, Theme, User};
pub use html::{Html, escape, push_escaped};
pub use time::{civil_date, clock_zone, local};
pub use words::{Arg, Locales, Words};

use crate::Lang;
use assets::Assets;

/// Why a page could not be drawn, or the renderer not be built. Only ever for the log.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template that does not compile, or fails on what it was given.
    #[error("template: {0}")]
    Template(#[from] tera::Error),
    /// A locale file that can't be read, or a message defined twice.
    #[error("locale: {0}")]
    Locale(String),
    /// A static file or an icon that is not there.
    #[error("static file: {0}")]
    Asset(String),
}

/// Templates a crate brings along.
pub struct Templates(Vec<(Cow<'static, str>, Cow<'static, [u8]>)>);

impl Templates {
    /// Every embedded file whose name ends in `.html` (autoescaping goes by that ending), under its path.
    pub fn embedded<E: rust_embed::RustEmbed>() -> Self {
        Self(embedded_files::<E>().filter(|(path, _)| path.ends_with(".html")).collect())
    }

    /// Name and text of each template.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, bytes)| (name.as_ref(), std::str::from_utf8(bytes).unwrap_or_default()))
    }
}

fn embedded_files<E: rust_embed::RustEmbed>() -> impl Iterator<Item = (Cow<'static, str>, Cow<'static, [u8]>)> {
    E::iter().filter_map(|path| E::get(&path).map(|file| (path, file.data)))
}

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct SharedTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct SharedLocales;

#[derive(rust_embed::RustEmbed)]
#[folder = "static"]
struct SharedStatic;

/// The templates of the shared shell, the design system and the error pages.
pub fn templates() -> Templates {
    Templates::embedded::<SharedTemplates>()
}

/// The words of the shared shell.
pub fn locales() -> Locales {
    Locales::embedded::<SharedLocales>()
}

/// Stylesheet, icons, favicon.
pub fn static_files() -> Static {
    Static::embedded::<SharedStatic>()
}

/// Draws pages. Cheap to share, never changes after start-up.
pub struct Renderer {
    engines: HashMap<Lang, Tera>,
    words: HashMap<Lang, std::sync::Arc<Words>>,
    assets: Assets,
}

impl Renderer {
    /// Puts together what the crates embed. The shared shell ([`templates`], [`locales`], [`static_files`]) is always
    /// part of it; pass only what comes on top.
    ///
    /// # Errors
    /// A template that does not compile, a message defined twice or in one language alone.
    pub fn new(templates: Vec<Templates>, locales: Vec<Locales>, statics: Vec<Static>) -> Result<Self, RenderError> {
        let mut all_templates = vec![self::templates()];
        all_templates.extend(templates);
        let mut all_locales = vec![self::locales()];
        all_locales.extend(locales);
        let mut all_statics = vec![static_files()];
        all_statics.extend(statics);
        let assets = Assets::new(all_statics)?;
        let words = words::by_language(&all_locales)?;
        let mut engines = HashMap::new();
        for (lang, words) in &words {
            let mut engine = Tera::new();
            functions::register(&mut engine, words, &assets);
            engine.add_raw_templates(all_templates.iter().flat_map(Templates::iter))?;
            engines.insert(*lang, engine);
        }
        Ok(Self { engines, words, assets })
    }

    /// A page in the frame's language. The page's fields are the template's variables; the frame is `frame`.
    ///
    /// # Errors
    /// No such template, or a variable it needs is missing.
    pub fn page(&self, template: &str, frame: &Frame, page: &impl Serialize) -> Result<String, RenderError> {
        let engine = self.engines.get(&frame.lang).ok_or_else(|| RenderError::Locale(frame.lang.tag().to_owned()))?;
        let mut context = Context::from_serialize(page)?;
        context.insert("frame", &frame.view());
        Ok(engine.render(template, &context)?)
    }

    /// The page of a failure, in the shell of the frame's portal.
    ///
    /// # Errors
    /// As [`Renderer::page`].
    pub fn error(&self, frame: &Frame, page: &ErrorPage) -> Result<String, RenderError> {
        let template = match frame.portal {
            Portal::Internal => "error_internal.html",
            Portal::External => "error_external.html",
        };
        self.page(template, frame, &page.view(self.words(frame.lang)))
    }

    /// The same words for the main part of a page that stays.
    ///
    /// # Errors
    /// As [`Renderer::page`].
    pub fn error_part(&self, frame: &Frame, page: &ErrorPage) -> Result<String, RenderError> {
        self.page("error_part.html", frame, &page.view(self.words(frame.lang)))
    }

    /// The words of a language.
    pub fn words(&self, lang: Lang) -> &Words {
        // Both languages are always there: `by_language` makes them all.
        match self.words.get(&lang) {
            Some(words) => words,
            None => unreachable!("every language has words"),
        }
    }

    /// A static file by what follows `/static/` in its address.
    pub fn asset(&self, path: &str) -> Option<Asset<'_>> {
        self.assets.get(path)
    }

    /// Names of all templates (for tests and tools).
    pub fn template_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.engines.values().next().into_iter().flat_map(Tera::get_template_names).map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// When a page is drawn: passed in, never read from the clock here.
pub type Now = Timestamp;

#[cfg(test)]
mod tests;
