//! Words in both languages: Fluent messages embedded by each crate as `zh-CN.ftl` and `en.ftl`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};

use super::{RenderError, embedded_files};
use crate::Lang;

/// A value for a place in a message: text or a number.
pub type Arg<'a> = fluent_bundle::FluentValue<'a>;

/// The messages a crate brings along.
pub struct Locales(Vec<(Lang, String)>);

impl Locales {
    /// Every embedded `zh-CN.ftl` and `en.ftl`.
    pub fn embedded<E: rust_embed::RustEmbed>() -> Self {
        let files = embedded_files::<E>().filter_map(|(path, bytes)| {
            let lang = Lang::from_tag(path.strip_suffix(".ftl")?)?;
            Some((lang, String::from_utf8_lossy(&bytes).into_owned()))
        });
        Self(files.collect())
    }
}

/// The words of one language.
pub struct Words {
    lang: Lang,
    bundle: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
}

pub(super) fn by_language(locales: &[Locales]) -> Result<HashMap<Lang, Arc<Words>>, RenderError> {
    let mut all = HashMap::new();
    for lang in [Lang::Zh, Lang::En] {
        let texts = locales.iter().flat_map(|locale| &locale.0).filter(|(of, _)| *of == lang).map(|(_, text)| text);
        all.insert(lang, Arc::new(Words::new(lang, texts)?));
    }
    if let (Some(zh), Some(en)) = (all.get(&Lang::Zh), all.get(&Lang::En)) {
        let alone: Vec<_> = zh.keys.symmetric_difference(&en.keys).map(String::as_str).collect();
        if !alone.is_empty() {
            return Err(RenderError::Locale(format!("in one language alone: {}", alone.join(", "))));
        }
    }
    Ok(all)
}

/// The key of a line that begins a message: messages alone begin a line with a letter (Fluent 1.0, EBNF `Message`).
fn message_key(line: &str) -> Option<&str> {
    let (key, _) = line.split_once('=')?;
    key.starts_with(|first: char| first.is_ascii_alphabetic()).then(|| key.trim_end())
}

impl Words {
    fn new<'t>(lang: Lang, texts: impl Iterator<Item = &'t String>) -> Result<Self, RenderError> {
        let locale = |error: String| RenderError::Locale(format!("{}: {error}", lang.tag()));
        let id = lang.tag().parse().map_err(|_| locale("not a language tag".to_owned()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![id]);
        // Both languages run left to right; isolation marks would only end up in copied values.
        bundle.set_use_isolating(false);
        let mut keys = BTreeSet::new();
        for text in texts {
            let resource = FluentResource::try_new(text.clone())
                .map_err(|(_, errors)| locale(errors.iter().map(|e| format!("{e:?} ")).collect()))?;
            keys.extend(text.lines().filter_map(message_key).map(str::to_owned));
            bundle.add_resource(resource).map_err(|errors| locale(format!("{errors:?}")))?;
        }
        Ok(Self { lang, bundle, keys })
    }

    /// Which language.
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// A message without places.
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A message with its places filled. A missing message or place is a mistake of ours: it stops tests and
    /// development builds; in production the key is shown and logged, so that one word can't take a page down.
    pub fn with(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        match self.find(key, args) {
            Ok(text) => text,
            Err(error) => {
                debug_assert!(false, "{error}");
                tracing::error!(%error, "message");
                key.to_owned()
            }
        }
    }

    /// Is there such a message? For texts that may be missing, such as the words of a code.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// As [`Words::with`], but says what is wrong.
    ///
    /// # Errors
    /// No such message, or a place of it was not given.
    pub fn find(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Result<String, RenderError> {
        let wrong = |what: String| RenderError::Locale(format!("{} {key}: {what}", self.lang.tag()));
        let message = self.bundle.get_message(key).ok_or_else(|| wrong("no such message".to_owned()))?;
        let pattern = message.value().ok_or_else(|| wrong("message without text".to_owned()))?;
        let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
        if errors.is_empty() { Ok(text) } else { Err(wrong(format!("{errors:?}"))) }
    }
}
