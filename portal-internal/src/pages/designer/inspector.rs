//! The panel beside the canvas: settings of the chosen item or region, or of the page.

use std::fmt::Display;

use pages::{
    Page,
    model::{Bilingual, Colours, InstanceId, Item, Locks, NodeId, Region, Scheme, Skin, SkinName, ThemeName, Token},
    widget::{Declaration, Field, FieldKind},
};
use serde::Serialize;
use serde_json::Value;
use web::render::Words;

use super::{
    canvas::Drawing,
    typed::{Typed, Wrong, colour_field},
};

/// The panel.
#[derive(Serialize)]
pub struct Panel {
    /// `item`, `region` or `page`.
    about: &'static str,
    node: String,
    name: String,
    icon: String,
    groups: Vec<Group>,
    /// The item's widget is known here, and its settings can be set.
    unknown: bool,
}

/// Fields under one heading.
#[derive(Serialize)]
struct Group {
    title: Option<String>,
    /// Folded away until somebody wants it (or something in it is wrong).
    folded: bool,
    open: bool,
    fields: Vec<Entry>,
}

/// A field of the form.
#[derive(Serialize, Default)]
struct Entry {
    name: String,
    label: String,
    /// `text`, `lines`, `number`, `tick`, `choice`, `ticks`, `heading`.
    kind: &'static str,
    value: String,
    lang: Option<&'static str>,
    least: i64,
    most: i64,
    hint: Option<String>,
    ticked: bool,
    choices: Vec<Choice>,
    wrong: Option<String>,
}

/// One of several.
#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// What the panel is drawn from: the draft, or what was typed where that did not fit.
pub struct Inspector<'i> {
    pub drawing: &'i Drawing<'i>,
    pub page: &'i Page,
    pub typed: Option<&'i Typed>,
    pub wrong: &'i Wrong,
    /// Groups that pages can be the first page of, with their names.
    pub groups: &'i [(String, String)],
    /// Pages that this one can stand below, with their names.
    pub parents: &'i [(String, String)],
}

impl Inspector<'_> {
    fn words(&self) -> &Words {
        self.drawing.words
    }

    fn value(&self, name: &str, stored: impl Display) -> String {
        self.typed.map_or_else(|| stored.to_string(), |typed| typed.get(name).to_owned())
    }

    fn wrong(&self, name: &str) -> Option<String> {
        let said = self.wrong.get(name)?;
        let words = self.words();
        // Three parts: two colours and their contrast.
        if let [text, behind, ratio] = said.split(':').collect::<Vec<_>>()[..] {
            let colour = |token: &str| words.text(&format!("designer-colour-{token}"));
            let (text, behind) = (colour(text).into(), colour(behind).into());
            let parts = [("text", text), ("behind", behind), ("ratio", ratio.into())];
            return Some(words.with("designer-wrong-contrast", &parts));
        }
        let own = format!("designer-wrong-{said}");
        Some(words.text(&if words.has(&own) { own } else { format!("misfit-{said}") }))
    }

    /// What is wrong, field by field, for the summary above the page.
    pub fn said_wrong(&self) -> Vec<(String, String)> {
        self.wrong.keys().filter_map(|name| Some((name.clone(), self.wrong(name)?))).collect()
    }

    fn entry(&self, name: &str, label: String, kind: &'static str, stored: impl Display) -> Entry {
        Entry {
            name: name.to_owned(),
            label,
            kind,
            value: self.value(name, stored),
            wrong: self.wrong(name),
            ..Entry::default()
        }
    }

    fn said(&self, key: &str) -> String {
        self.words().text(key)
    }

    fn bilingual(&self, name: &str, labels: [String; 2], kind: &'static str, stored: Option<&Bilingual>) -> Vec<Entry> {
        let [zh, en] = labels;
        let of = |pick: fn(&Bilingual) -> &str| stored.map_or("", pick);
        let one = |language: &str, lang, label, stored: &str| Entry {
            lang: Some(lang),
            ..self.entry(&format!("{name}-{language}"), label, kind, stored)
        };
        vec![one("zh", "zh-CN", zh, of(|both| &both.zh)), one("en", "en", en, of(|both| &both.en))]
    }

    fn titles(&self, stored: Option<&Bilingual>) -> Vec<Entry> {
        self.bilingual("title", ["designer-title-zh", "designer-title-en"].map(|key| self.said(key)), "text", stored)
    }

    fn number(&self, name: &str, label: &str, stored: impl Display, (least, most): (i64, i64)) -> Entry {
        Entry { least, most, ..self.entry(name, self.said(label), "number", stored) }
    }

    fn tick(&self, name: &str, label: String, stored: bool) -> Entry {
        let ticked = self.typed.map_or(stored, |typed| !typed.get(name).is_empty());
        Entry { ticked, ..self.entry(name, label, "tick", "1") }
    }

    fn choice(&self, name: &str, label: String, stored: &str, all: Vec<(String, String)>) -> Entry {
        let now = self.value(name, stored);
        let choices = all.into_iter().map(|(value, label)| Choice { chosen: value == now, value, label });
        Entry { choices: choices.collect(), ..self.entry(name, label, "choice", stored) }
    }

    fn ticks(&self, name: &str, label: &str, stored: &[&str], all: Vec<(String, String)>) -> Entry {
        let ticked = |value: &str| match self.typed {
            Some(typed) => typed.all(name).any(|one| one == value),
            None => stored.contains(&value),
        };
        let choices = all.into_iter().map(|(value, label)| Choice { chosen: ticked(&value), value, label });
        Entry { choices: choices.collect(), ..self.entry(name, self.said(label), "ticks", "") }
    }

    fn locks(&self, locks: Locks) -> Group {
        let all = [("lock-arrange", locks.arrange), ("lock-hide", locks.hide), ("lock-settings", locks.settings)];
        let fields = all.map(|(name, now)| self.tick(name, self.said(&format!("designer-{name}")), now));
        self.group("designer-locks", true, fields.into())
    }

    fn group(&self, title: &str, folded: bool, fields: Vec<Entry>) -> Group {
        let open = fields.iter().any(|one| one.wrong.is_some() || one.ticked);
        Group { title: Some(self.said(title)), folded, open, fields }
    }

    fn plain(fields: Vec<Entry>) -> Group {
        Group { title: None, folded: false, open: true, fields }
    }

    fn colours(&self, colours: Option<&Colours>) -> Group {
        let mut fields = Vec::new();
        for scheme in Scheme::ALL {
            let heading = if scheme == Scheme::Light { "designer-colours-light" } else { "designer-colours-dark" };
            fields.push(Entry { kind: "heading", label: self.said(heading), ..Entry::default() });
            for token in Token::ALL {
                let stored = colours.and_then(|colours| colours.of(scheme).get(&token)).map(ToString::to_string);
                let label = self.said(&format!("designer-colour-{}", token.as_str()));
                fields.push(self.entry(&colour_field(scheme, token), label, "colour", stored.unwrap_or_default()));
            }
        }
        let said = fields.iter().any(|one| !one.value.is_empty());
        let mut group = self.group("designer-colours", true, fields);
        group.open |= said || self.wrong.contains_key("colours");
        group
    }

    fn skin(&self, skin: Option<&Skin>) -> [Group; 2] {
        let now = skin.map(|skin| skin.name).unwrap_or_default().as_str();
        let all =
            SkinName::ALL.map(|one| (one.as_str().to_owned(), self.said(&format!("designer-skin-{}", one.as_str()))));
        let mut entry = self.choice("skin", self.said("designer-skin"), now, all.into());
        entry.wrong = self.wrong("colours");
        [Self::plain(vec![entry]), self.colours(skin.map(|skin| &skin.colours))]
    }

    /// Of an item.
    pub fn item(&self, region: &NodeId, item: &Item, regions: &[(NodeId, String)]) -> Panel {
        let declaration = self.drawing.kinds.get(item.widget.kind.as_str()).copied();
        let mut first = self.titles(item.title.as_ref());
        let regions = regions.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
        first.push(self.choice("region", self.said("designer-in-region"), region.as_str(), regions));
        first.push(self.number("columns", "designer-columns", item.span.columns, (2, 12)));
        first.push(self.number("rows", "designer-rows", item.span.rows, (1, 12)));
        let mut groups = vec![Self::plain(first)];
        if let Some(declaration) = declaration.filter(|one| !one.fields.is_empty()) {
            let fields = declaration.fields.iter().flat_map(|field| self.setting(declaration, field, item));
            groups.push(self.group("designer-settings", false, fields.collect()));
        }
        groups.extend(self.skin(item.skin.as_ref()));
        groups.push(self.locks(item.locks));
        Panel {
            about: "item",
            node: item.instance.to_string(),
            name: self.drawing.item_name(item),
            icon: declaration.map_or("circle-help", |one| one.icon).to_owned(),
            groups,
            unknown: declaration.is_none(),
        }
    }

    /// A field of the widget's own, as its schema describes it.
    fn setting(&self, declaration: &Declaration, field: &Field, item: &Item) -> Vec<Entry> {
        let name = format!("c.{}", field.name);
        // `title-3` is the third of one kind: its words are those of `title`, with its number.
        let nth = |(_, nth): &(&str, &str)| nth.bytes().all(|byte| byte.is_ascii_digit());
        let (stem, nth) = field.name.rsplit_once('-').filter(nth).unwrap_or((field.name, ""));
        let key = format!("widget-{}-{stem}", declaration.kind);
        let label = format!("{} {nth}", self.said(&key)).trim_end().to_owned();
        let stored = item.config.get(field.name);
        let text = || match stored {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        match field.kind {
            FieldKind::Text { lines, .. } => {
                vec![self.entry(&name, label, if lines { "lines" } else { "text" }, text())]
            }
            FieldKind::Url => vec![self.entry(&name, label, "text", text())],
            FieldKind::Number { least, most, otherwise } => {
                let stored = if stored.is_some() { text() } else { otherwise.to_string() };
                vec![Entry { least, most, ..self.entry(&name, label, "number", stored) }]
            }
            FieldKind::Boolean { otherwise } => {
                vec![self.tick(&name, label, stored.and_then(Value::as_bool).unwrap_or(otherwise))]
            }
            FieldKind::Choice(among) => {
                let word =
                    |one: &&str| if stem == "icon" { format!("icon-name-{one}") } else { format!("{key}-{one}") };
                let all = among.iter().map(|one| ((*one).to_owned(), self.said(&word(one))));
                let stored =
                    if stored.is_some() { text() } else { among.first().copied().unwrap_or_default().to_owned() };
                vec![self.choice(&name, label, &stored, all.collect())]
            }
            FieldKind::Bilingual { lines, .. } => {
                let of = |language: &str| stored.and_then(|both| both.get(language)).and_then(Value::as_str);
                let both = Bilingual::new(of("zh").unwrap_or_default(), of("en").unwrap_or_default());
                let labelled = |key: &str| self.words().with(key, &[("name", label.clone().into())]);
                let labels = ["designer-in-zh", "designer-in-en"].map(labelled);
                let mut fields = self.bilingual(&name, labels, if lines { "lines" } else { "text" }, Some(&both));
                if let (Some(first), Some(said)) = (fields.first_mut(), self.wrong(&name)) {
                    first.wrong = Some(said);
                }
                fields
            }
        }
    }

    /// Of a region.
    pub fn region(&self, region: &Region, name: &str) -> Panel {
        let mut kinds: Vec<(String, String)> =
            self.drawing.kinds.keys().map(|kind| ((*kind).to_owned(), self.drawing.kind_name(kind))).collect();
        kinds.sort();
        let accepts: Vec<&str> = region.accepts.iter().map(|kind| kind.as_str()).collect();
        let mut groups = vec![Self::plain(self.titles(region.name.as_ref()))];
        groups.extend(self.skin(region.skin.as_ref()));
        let takes = self.ticks("accepts", "designer-accepts", &accepts, kinds);
        let most = self.number("max", "designer-max", region.max, (1, 24));
        let mut rules = self.group("designer-rules", true, vec![most, takes]);
        rules.open |= !accepts.is_empty();
        groups.push(rules);
        groups.push(self.locks(region.locks));
        Panel {
            about: "region",
            node: region.id.to_string(),
            name: name.to_owned(),
            icon: "move".to_owned(),
            groups,
            unknown: false,
        }
    }

    /// Of the page.
    pub fn page(&self) -> Panel {
        let page = self.page;
        let none = (String::new(), self.said("designer-parent-none"));
        let parents = std::iter::once(none).chain(self.parents.iter().cloned()).collect();
        let parent = page.parent.as_ref().map(ToString::to_string).unwrap_or_default();
        let slug = Entry {
            hint: Some(self.said("designer-slug-hint")),
            ..self.entry("slug", self.said("designer-slug"), "text", page.slug.as_str())
        };
        let mut first = self.titles(Some(&page.title));
        first.extend([slug, self.choice("parent", self.said("designer-parent"), &parent, parents)]);
        let themes =
            ThemeName::ALL.map(|one| (one.as_str().to_owned(), self.said(&format!("designer-theme-{}", one.as_str()))));
        let mut theme = self.choice("theme", self.said("designer-theme"), page.theme.name.as_str(), themes.into());
        theme.wrong = self.wrong("colours");
        let home: Vec<&str> =
            page.home.iter().flat_map(|home| home.groups.iter().map(pages::model::GroupName::as_str)).collect();
        let priority = page.home.as_ref().map_or(0, |home| home.priority);
        let home = vec![
            self.ticks("home", "designer-home-groups", &home, self.groups.to_vec()),
            self.number("priority", "designer-home-priority", priority, (0, 65_535)),
        ];
        Panel {
            about: "page",
            node: page.id.to_string(),
            name: self.said("designer-page-settings"),
            icon: "settings".to_owned(),
            groups: vec![
                Self::plain(first),
                Self::plain(vec![theme]),
                self.colours(Some(&page.theme.colours)),
                self.group("designer-home", true, home),
            ],
            unknown: false,
        }
    }

    /// Of what is chosen; of the page, where that is gone.
    pub fn chosen(&self, chosen: &str) -> Panel {
        let names = self.drawing.names(self.page);
        let root = &self.page.root;
        if let Some((region, item)) = InstanceId::parse(chosen).and_then(|id| root.item(&id)) {
            return self.item(&region.id, item, &names);
        }
        match NodeId::parse(chosen).and_then(|id| root.region(&id)) {
            Some(region) => {
                let name = names.iter().find(|(id, _)| *id == region.id).map_or("", |(_, name)| name);
                self.region(region, name)
            }
            None => self.page(),
        }
    }
}
