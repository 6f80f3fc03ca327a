//! What the list of widgets and the pages brought along have to keep to.

mod feeds;
mod hostile;
mod newcomer;
mod stage;
mod twelve;

use pages::model::Item;
use pages::widget::{Category, FieldKind, Settings};
use web::Lang;
use web::render::Renderer;

use super::*;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates"]
struct OwnTemplates;

#[derive(rust_embed::RustEmbed)]
#[folder = "locales"]
struct OwnLocales;

fn renderer() -> Renderer {
    let locales = vec![record_view::locales(), content_view::locales(), web::render::Locales::embedded::<OwnLocales>()];
    Renderer::new(
        vec![record_view::templates(), content_view::templates(), web::render::Templates::embedded::<OwnTemplates>()],
        locales,
        Vec::new(),
    )
    .expect("templates and words")
}

/// Every message key that a widget's name, its hint and its form need.
fn keys(registry: &Registry<Desk>) -> Vec<String> {
    let mut keys: Vec<String> = Category::ALL.map(|one| format!("widget-category-{}", one.as_str())).to_vec();
    for declaration in registry.declarations().chain(registry.kinds(Domain::External)) {
        let kind = declaration.kind;
        keys.extend([format!("widget-{kind}"), format!("widget-{kind}-hint")]);
        for field in declaration.fields {
            let name = format!("widget-{kind}-{}", field.name);
            if let FieldKind::Choice(among) = field.kind {
                let stem = if field.name.starts_with("icon-") { "icon-name" } else { &name };
                keys.extend(among.iter().map(|choice| format!("{stem}-{choice}")));
            }
            // `title-3` is the third of one kind: its words are `…-title` with a number.
            keys.push(name.trim_end_matches(|c: char| c == '-' || c.is_ascii_digit()).to_owned());
        }
    }
    keys
}

#[test]
fn every_widget_has_its_words_in_both_languages_and_its_icon() {
    let (registry, renderer) = (registry().expect("good names"), renderer());
    for lang in [Lang::Zh, Lang::En] {
        let missing: Vec<_> = keys(&registry).into_iter().filter(|key| !renderer.words(lang).has(key)).collect();
        assert!(missing.is_empty(), "{lang:?}: {missing:?}");
    }
    let sprite = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/web/static/icons.svg"));
    let sprite = sprite.expect("icons");
    for declaration in registry.declarations().chain(registry.kinds(Domain::External)) {
        let (kind, icon) = (declaration.kind, declaration.icon);
        assert!(sprite.contains(&format!("id=\"{icon}\"")), "{kind}: no icon {icon}, and its page would be none");
    }
    for declaration in registry.declarations() {
        assert!(declaration.object().is_some() && declaration.portals.contains(&Domain::Internal));
    }
}

#[test]
fn every_page_brought_along_holds_widgets_that_fit() {
    let (registry, presets) = (registry().expect("good names"), presets().expect("pages"));
    let groups = ["clinician", "nurse", "researcher", "manager", "administrator", "nobody"];
    let mut homes = BTreeSet::new();
    for group in groups {
        let who = access::SubjectId::group(group);
        let viewer = Somebody(access::SubjectId::staff("region", "x"), vec![who]);
        let page = &presets.home(&viewer).expect("everybody has a first page").page;
        for Item { instance, widget, config, .. } in page.root.items() {
            let known = registry.get(widget.kind.as_str()).unwrap_or_else(|| panic!("{group}: no {}", widget.kind));
            assert_eq!(widget.major, known.declaration().major, "{group} {instance}");
            let settings = Settings::read(known.declaration().fields, &serde_json::Value::Object(config.clone()));
            assert!(settings.is_ok(), "{group} {instance}: {settings:?}");
        }
        homes.insert(page.id.clone());
    }
    assert_eq!(homes.len(), groups.len(), "a first page for each: {homes:?}");
}

/// Pages of the public portal are laid out here, with its widgets.
#[test]
fn what_the_public_portal_has_is_known_with_its_settings() {
    use pages::{Misfit, Portal as Side, Widgets as _, model::WidgetRef};
    let registry = registry().expect("good names");
    let check = |side, kind: &str, config: serde_json::Value| {
        let widget = WidgetRef { kind: kind.parse().expect("a name"), major: 1 };
        registry.check(side, &widget, config.as_object().expect("an object"))
    };
    let nothing = || serde_json::json!({});
    for declaration in public::ALL.iter().filter(|one| one.fields.is_empty()) {
        assert_eq!(check(Side::External, declaration.kind, nothing()), Ok(()), "{}", declaration.kind);
    }
    let path = || "most".to_owned();
    let many = serde_json::json!({ "most": 99 });
    assert_eq!(check(Side::External, "health-education", many), Err(Misfit::Settings { path: path() }));
    assert_eq!(check(Side::External, "links", nothing()), Ok(()));
    assert_eq!(check(Side::External, "my-patients", nothing()), Err(Misfit::OtherPortal));
    assert_eq!(check(Side::Internal, "new-results", nothing()), Err(Misfit::OtherPortal));
    assert_eq!(check(Side::External, "no-such", nothing()), Err(Misfit::Unknown));
}

struct Somebody(access::SubjectId, Vec<access::SubjectId>);

impl Context for Somebody {
    fn actor(&self) -> access::Actor<'_> {
        access::Actor {
            subject: &self.0,
            name: "",
            groups: &self.1,
            directory_groups: &[],
            domain: Domain::Internal,
            request: None,
        }
    }
}

/// The path that ARCHITECTURE.md describes: whoever adds a widget touches these files and no others. Every widget of the desk
/// keeps to it, so it is no promise.
#[test]
fn a_widget_is_five_files() -> std::io::Result<()> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = |path: &str| std::fs::read_to_string(root.join(path));
    let (list, zh, en) = (text("src/widgets/mod.rs")?, text("locales/zh-CN.ftl")?, text("locales/en.ftl")?);
    let mut found = 0;
    for entry in std::fs::read_dir(root.join("src/widgets"))? {
        let path = entry?.path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(&path)?;
        let Some(declared) = source.split("Declaration::of(\"").nth(1) else { continue };
        let kind = declared.split('"').next().unwrap_or_default();
        let module = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(list.contains(&format!("mod {module};")) && list.contains(&format!("Arc::new({module}::")), "{kind}");
        for words in [&zh, &en] {
            assert!(
                words.contains(&format!("\nwidget-{kind} = ")) && words.contains(&format!("\nwidget-{kind}-hint = "))
            );
        }
        let own: Vec<&str> = source.split("\"widgets/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!own.is_empty(), "{kind} draws no template");
        found += 1;
        // Nothing else of the portal's own sources knows it.
        for other in ["src/portal.rs", "src/routes.rs", "src/commands/serve.rs", "src/pages/home.rs"] {
            assert!(!text(other)?.contains(&format!("\"{kind}\"")), "{other} names {kind}");
        }
    }
    assert!(found >= 12, "{found}");
    let guide = std::fs::read_to_string(root.join("../ARCHITECTURE.md"))?;
    assert!(guide.contains("**A widget of your own** (five files"));
    Ok(())
}
