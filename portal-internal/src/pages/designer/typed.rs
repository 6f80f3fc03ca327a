//! Settings as a form sends them, and what of them changes the draft. What does not fit is named at its field, and the
//! form shows again what was typed.

use std::collections::BTreeMap;

use pages::{
    Op, Page, PageId, Target,
    model::{
        Bilingual, Colour, Colours, Config, Fault, GroupName, Home, InstanceId, Item, Locks, NodeId, Palette, Region,
        Scheme, Skin, SkinName, Slug, Theme, ThemeName, Token, WidgetKind,
    },
    widget::{Declaration, Field, FieldKind, Settings},
};
use serde_json::{Value, json};

/// A form as it came: names and values in order.
#[derive(Default)]
pub struct Typed(Vec<(String, String)>);

/// Field by field, what does not fit: behind `designer-wrong-` in message keys, or a whole sentence.
pub type Wrong = BTreeMap<String, String>;

/// What a settings form is about, once read.
#[derive(Default)]
pub struct Meant {
    /// Nothing that was not changed is among them, so that two people who change different things do not meet.
    pub ops: Vec<Op>,
    /// Then nothing is saved.
    pub wrong: Wrong,
}

impl Typed {
    /// Of a request.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a field; empty when it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// All values of a field.
    pub fn all<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    fn ticked(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }

    /// A text in both languages: the fields `NAME-zh` and `NAME-en`.
    pub fn bilingual(&self, name: &str) -> Bilingual {
        Bilingual::new(self.get(&format!("{name}-zh")).trim(), self.get(&format!("{name}-en")).trim())
    }

    /// Both languages, or none of them.
    fn optional(&self, name: &str) -> Option<Bilingual> {
        Some(self.bilingual(name)).filter(|both| !(both.zh.is_empty() && both.en.is_empty()))
    }

    fn locks(&self) -> Locks {
        Locks {
            arrange: self.ticked("lock-arrange"),
            hide: self.ticked("lock-hide"),
            settings: self.ticked("lock-settings"),
        }
    }

    fn number(&self, name: &str, now: u8, wrong: &mut Wrong) -> u8 {
        self.get(name).trim().parse().unwrap_or_else(|_| {
            wrong.insert(name.to_owned(), "number".to_owned());
            now
        })
    }

    fn colours(&self, wrong: &mut Wrong) -> Colours {
        let mut read = |scheme: Scheme| -> Palette {
            let one = |token: Token| {
                let field = colour_field(scheme, token);
                let text = self.get(&field).trim().to_lowercase();
                let colour = Colour::parse(&text);
                if colour.is_none() && !text.is_empty() {
                    wrong.insert(field, "colour".to_owned());
                }
                colour.map(|colour| (token, colour))
            };
            Token::ALL.into_iter().filter_map(one).collect()
        };
        Colours { light: read(Scheme::Light), dark: read(Scheme::Dark) }
    }

    fn skin(&self, wrong: &mut Wrong) -> Option<Skin> {
        let name = SkinName::ALL.into_iter().find(|one| one.as_str() == self.get("skin")).unwrap_or_default();
        Some(Skin { name, colours: self.colours(wrong) }).filter(|skin| *skin != Skin::default())
    }

    /// Settings of an item. `None`: it is not on the page.
    pub fn item(&self, page: &Page, id: &InstanceId, declaration: Option<&Declaration>) -> Option<Meant> {
        let (region, before) = page.root.item(id)?;
        let mut wrong = Wrong::new();
        let mut span = before.span;
        span.columns = self.number("columns", span.columns, &mut wrong);
        span.rows = self.number("rows", span.rows, &mut wrong);
        let mut after = Item {
            title: self.optional("title"),
            skin: self.skin(&mut wrong),
            locks: self.locks(),
            span,
            ..before.clone()
        };
        if let Some(declaration) = declaration {
            after.config = self.config(declaration);
            after.widget.major = declaration.major;
            if let Err(misfits) = Settings::read(declaration.fields, &Value::Object(after.config.clone())) {
                let named = misfits.into_iter().map(|one| (format!("c.{}", one.field), one.reason.as_str().to_owned()));
                wrong.extend(named);
            }
        }
        let ops = item_ops(before, &after, &region.id, NodeId::parse(self.get("region")));
        let mut would = page.clone();
        replace_item(&mut would, after);
        Some(Meant { ops, wrong }.judged(&would, &Target::Item(id.clone())))
    }

    fn config(&self, declaration: &Declaration) -> Config {
        let read = |field: &Field| Some((field.name.to_owned(), self.setting(field)?));
        declaration.fields.iter().filter_map(read).collect()
    }

    /// A field of a widget as JSON. What is no number stays a text, so that the schema refuses it.
    fn setting(&self, field: &Field) -> Option<Value> {
        let name = format!("c.{}", field.name);
        let text = self.get(&name).trim();
        match field.kind {
            FieldKind::Boolean { .. } => Some(json!(self.ticked(&name))),
            FieldKind::Bilingual { .. } => {
                let one = |language: &str| {
                    let text = self.get(&format!("{name}-{language}")).trim();
                    (!text.is_empty()).then(|| (language.to_owned(), json!(text)))
                };
                let both: serde_json::Map<_, _> = ["zh", "en"].into_iter().filter_map(one).collect();
                (!both.is_empty()).then_some(Value::Object(both))
            }
            FieldKind::Number { .. } => {
                (!text.is_empty()).then(|| text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)))
            }
            FieldKind::Text { .. } | FieldKind::Choice(_) | FieldKind::Url => (!text.is_empty()).then(|| json!(text)),
        }
    }

    /// Settings of a region. `None`: it is not on the page.
    pub fn region(&self, page: &Page, id: &NodeId) -> Option<Meant> {
        let before = page.root.region(id)?;
        let mut wrong = Wrong::new();
        let after = Region {
            name: self.optional("title"),
            locks: self.locks(),
            skin: self.skin(&mut wrong),
            accepts: self.all("accepts").filter_map(WidgetKind::parse).collect(),
            max: self.number("max", before.max, &mut wrong),
            ..before.clone()
        };
        let ops = region_ops(before, &after);
        let mut would = page.clone();
        if let Some(region) = would.root.regions_mut().into_iter().find(|region| region.id == *id) {
            *region = after;
        }
        Some(Meant { ops, wrong }.judged(&would, &Target::Node(id.clone())))
    }

    /// Settings of the page itself.
    pub fn page(&self, page: &Page) -> Meant {
        let mut wrong = Wrong::new();
        let slug = Slug::parse(self.get("slug").trim()).unwrap_or_else(|| {
            wrong.insert("slug".to_owned(), "slug".to_owned());
            page.slug.clone()
        });
        let groups: Vec<GroupName> = self.all("home").filter_map(GroupName::parse).collect();
        let priority = self.get("priority").trim().parse().unwrap_or_else(|_| {
            wrong.insert("priority".to_owned(), "number".to_owned());
            0
        });
        let name = ThemeName::ALL.into_iter().find(|one| one.as_str() == self.get("theme")).unwrap_or_default();
        let after = Page {
            title: self.bilingual("title"),
            parent: PageId::parse(self.get("parent")),
            slug,
            home: (!groups.is_empty()).then_some(Home { groups, priority }),
            theme: Theme { name, colours: self.colours(&mut wrong) },
            ..page.clone()
        };
        Meant { ops: page_ops(page, &after), wrong }.judged(&after, &Target::Page)
    }
}

/// The field of one colour.
pub fn colour_field(scheme: Scheme, token: Token) -> String {
    let scheme = if scheme == Scheme::Light { "light" } else { "dark" };
    format!("{scheme}-{}", token.as_str())
}

fn replace_item(page: &mut Page, after: Item) {
    let items = page.root.regions_mut().into_iter().flat_map(|region| region.items.iter_mut());
    if let Some(item) = items.into_iter().find(|one| one.instance == after.instance) {
        *item = after;
    }
}

fn item_ops(before: &Item, after: &Item, from: &NodeId, to: Option<NodeId>) -> Vec<Op> {
    let item = || before.instance.clone();
    let mut ops = Vec::new();
    if before.title != after.title {
        ops.push(Op::SetItemTitle { item: item(), title: after.title.clone() });
    }
    if before.widget != after.widget {
        ops.push(Op::ReplaceWidget { item: item(), widget: after.widget.clone(), config: after.config.clone() });
    } else if before.config != after.config {
        ops.push(Op::SetConfig { item: item(), config: after.config.clone() });
    }
    if before.skin != after.skin {
        ops.push(Op::SetItemSkin { item: item(), skin: after.skin.clone() });
    }
    if before.locks != after.locks {
        ops.push(Op::LockItem { item: item(), locks: after.locks });
    }
    if before.span != after.span {
        ops.push(Op::ResizeItem { item: item(), span: after.span });
    }
    if let Some(region) = to.filter(|to| to != from) {
        ops.push(Op::MoveItem { item: item(), region, before: None });
    }
    ops
}

fn region_ops(before: &Region, after: &Region) -> Vec<Op> {
    let region = || before.id.clone();
    let mut ops = Vec::new();
    if before.name != after.name {
        ops.push(Op::NameRegion { region: region(), name: after.name.clone() });
    }
    if before.accepts != after.accepts || before.max != after.max {
        ops.push(Op::SetRegionRules { region: region(), accepts: after.accepts.clone(), max: after.max });
    }
    if before.skin != after.skin {
        ops.push(Op::SetRegionSkin { region: region(), skin: after.skin.clone() });
    }
    if before.locks != after.locks {
        ops.push(Op::LockNode { node: region(), locks: after.locks });
    }
    ops
}

fn page_ops(before: &Page, after: &Page) -> Vec<Op> {
    let mut ops = Vec::new();
    if before.title != after.title {
        ops.push(Op::Rename { title: after.title.clone() });
    }
    if before.slug != after.slug {
        ops.push(Op::SetSlug { slug: after.slug.clone() });
    }
    if before.parent != after.parent {
        ops.push(Op::SetParent { parent: after.parent.clone() });
    }
    if before.home != after.home {
        ops.push(Op::SetHome { home: after.home.clone() });
    }
    if before.theme != after.theme {
        ops.push(Op::SetTheme { theme: after.theme.clone() });
    }
    ops
}

impl Meant {
    /// With what the page as it would be says against it.
    fn judged(mut self, would: &Page, about: &Target) -> Self {
        for problem in would.problems() {
            // What a page's colours do to a region is said where it is done.
            let contrast = matches!(problem.fault, Fault::Contrast(_));
            if problem.place != *about && !(contrast && *about == Target::Page) {
                continue;
            }
            let (field, said) = match &problem.fault {
                Fault::Text => ("title-zh", "text".to_owned()),
                Fault::Span => ("columns", "span".to_owned()),
                Fault::RegionMaximum | Fault::TooManyItems => ("max", "max".to_owned()),
                Fault::NotAccepted => ("accepts", "accepts".to_owned()),
                Fault::Home => ("home", "home".to_owned()),
                Fault::Contrast(low) => ("colours", format!("{}:{}:{:.1}", low.text, low.behind, low.ratio)),
                _ => ("settings", "settings".to_owned()),
            };
            self.wrong.entry(field.to_owned()).or_insert(said);
        }
        self
    }
}
