//! What the list of widgets and the page brought along have to keep to.

use access::{PatientContext, RequestId, SubjectId};
use pages::widget::{FieldKind, Settings};
use web::Lang;
use web::render::{Locales, Renderer, Templates as TemplateFiles};

use super::*;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct OwnTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct OwnLocales;

#[test]
fn every_widget_has_its_words_in_both_languages() {
    let locales = vec![record_view::locales(), content_view::locales(), Locales::embedded::<OwnLocales>()];
    let templates =
        vec![record_view::templates(), content_view::templates(), TemplateFiles::embedded::<OwnTemplates>()];
    let renderer = Renderer::new(templates, locales, Vec::new()).expect("templates and words");
    let registry = registry().expect("good names");
    for declaration in registry.declarations() {
        let kind = declaration.kind;
        let mut keys = vec![format!("widget-{kind}"), format!("widget-{kind}-hint")];
        for field in declaration.fields {
            let name = format!("widget-{kind}-{}", field.name);
            if let FieldKind::Choice(among) = field.kind {
                let stem = if field.name.starts_with("icon-") { "icon-name" } else { &name };
                keys.extend(among.iter().map(|choice| format!("{stem}-{choice}")));
            }
            keys.push(name.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()).to_owned());
        }
        for lang in [Lang::Zh, Lang::En] {
            let missing: Vec<_> = keys.iter().filter(|key| !renderer.words(lang).has(key)).collect();
            assert!(missing.is_empty(), "{lang:?}: {missing:?}");
        }
    }
}

/// Its pages are laid out on the intranet, which knows what these say of themselves.
#[test]
fn the_intranet_knows_every_widget() {
    let registry = registry().expect("good names");
    let own: Vec<&str> =
        registry.declarations().filter(|one| one.portals == [Domain::External]).map(|one| one.kind).collect();
    assert_eq!(own, pages::standard::public::ALL.iter().map(|one| one.kind).collect::<Vec<_>>());
}

#[test]
fn the_first_page_holds_widgets_that_fit() {
    let (registry, presets) = (registry().expect("good names"), presets().expect("pages"));
    let account = SubjectId::account(uuid::Uuid::from_u128(1));
    let viewer = PatientContext::establish(account, String::new(), None, RequestId("r".to_owned()));
    let page = &presets.home(&viewer).expect("everybody has a first page").page;
    for item in page.root.items() {
        let known = registry.get(item.widget.kind.as_str()).unwrap_or_else(|| panic!("no {}", item.widget.kind));
        let settings = Settings::read(known.declaration().fields, &serde_json::Value::Object(item.config.clone()));
        assert!(settings.is_ok() && known.declaration().major == item.widget.major, "{settings:?}");
    }
}
