//! The page as the designer shows it: containers, regions and items, flat, in the order of the markup.

use std::collections::HashMap;

use pages::{
    model::{Bilingual, COLUMNS, Container, Flow, InstanceId, Item, Node, NodeId, Page, Region},
    widget::Declaration,
};
use serde::Serialize;
use web::{Lang, render::Words};

/// A step of the markup.
#[derive(Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// A container begins; as wide as this in the one round it.
    Open {
        /// In twelfths.
        width: u8,
    },
    /// It ends.
    Close {
        /// The line between it and its right neighbour.
        line: Option<Line>,
    },
    /// A region.
    Region(Box<RegionTile>),
}

/// A line between neighbours that can be moved.
#[derive(Serialize)]
pub struct Line {
    /// What is left of it.
    node: String,
    /// Its width in twelfths.
    now: u8,
    most: u8,
    left: String,
    right: String,
}

/// A region.
#[derive(Serialize)]
pub struct RegionTile {
    pub id: String,
    pub name: String,
    width: u8,
    /// Of the page, in twelfths: containers count.
    columns: u8,
    chosen: bool,
    full: bool,
    /// Can it be wider or narrower?
    resizes: bool,
    locked: bool,
    items: Vec<Tile>,
    line: Option<Line>,
}

/// An item.
#[derive(Serialize)]
pub struct Tile {
    id: String,
    name: String,
    icon: &'static str,
    /// What the widget shows.
    hint: String,
    columns: u8,
    rows: u8,
    chosen: bool,
    first: bool,
    last: bool,
    locked: bool,
    /// Nobody here knows such a widget.
    unknown: bool,
    /// Who may see it, by group; empty for whoever sees the page.
    groups: Vec<String>,
}

/// What every tile is drawn with.
pub struct Drawing<'d> {
    pub lang: Lang,
    pub words: &'d Words,
    /// Of the chosen item or region.
    pub chosen: &'d str,
    /// Kinds of this portal.
    pub kinds: HashMap<&'d str, &'d Declaration>,
    /// Names of the groups that alone see an item; of others everybody is said to.
    pub groups: HashMap<InstanceId, Vec<String>>,
}

/// A text of an administrator in the reader's language.
pub fn said(text: &Bilingual, lang: Lang) -> &str {
    if lang == Lang::En { &text.en } else { &text.zh }
}

impl Drawing<'_> {
    /// The page.
    pub fn steps(&self, page: &Page) -> Vec<Step> {
        let mut steps = Vec::new();
        let names = self.names(page);
        self.container(&page.root, &names, COLUMNS, &mut steps);
        steps
    }

    /// Regions by id: their own name, or their letter.
    pub fn names(&self, page: &Page) -> Vec<(NodeId, String)> {
        let regions = page.root.regions().into_iter().enumerate();
        regions.map(|(nth, region)| (region.id.clone(), self.region_name(nth, region))).collect()
    }

    fn region_name(&self, nth: usize, region: &Region) -> String {
        // A to Z, then AA: a page may have more regions than there are letters.
        let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).unwrap_or_default());
        let letters: String =
            if nth < 26 { letter(nth).into() } else { [letter(nth / 26 - 1), letter(nth)].iter().collect() };
        let name = self.words.with("designer-region", &[("letter", letters.into())]);
        match &region.name {
            Some(own) => format!("{name} · {}", said(own, self.lang)),
            None => name,
        }
    }

    fn container(&self, container: &Container, names: &[(NodeId, String)], whole: u8, steps: &mut Vec<Step>) {
        for (at, child) in container.children.iter().enumerate() {
            let width = match container.flow {
                Flow::Rows => COLUMNS,
                Flow::Columns => container.tracks.get(at).copied().unwrap_or(COLUMNS),
            };
            let columns = (u16::from(whole) * u16::from(width) / u16::from(COLUMNS)).max(1);
            let columns = u8::try_from(columns).unwrap_or(COLUMNS);
            let line = self.line(container, at, names);
            match child {
                Node::Container(inner) => {
                    steps.push(Step::Open { width });
                    self.container(inner, names, columns, steps);
                    steps.push(Step::Close { line });
                }
                Node::Region(region) => {
                    let resizes = container.flow == Flow::Columns && container.children.len() > 1;
                    let tile = self.region(region, names, (width, columns), resizes, line);
                    steps.push(Step::Region(Box::new(tile)));
                }
            }
        }
    }

    fn line(&self, container: &Container, at: usize, names: &[(NodeId, String)]) -> Option<Line> {
        let (now, beside) = (container.tracks.get(at)?, container.tracks.get(at + 1)?);
        let (child, neighbour) = (container.children.get(at)?, container.children.get(at + 1)?);
        let most = (now + beside).saturating_sub(super::acts::LEAST_COLUMNS);
        Some(Line {
            node: child.id().to_string(),
            now: *now,
            most,
            left: first_name(child, names),
            right: first_name(neighbour, names),
        })
    }

    fn region(
        &self,
        region: &Region,
        names: &[(NodeId, String)],
        (width, columns): (u8, u8),
        resizes: bool,
        line: Option<Line>,
    ) -> RegionTile {
        let count = region.items.len();
        let items = region.items.iter().enumerate().map(|(at, item)| self.tile(item, at, count));
        RegionTile {
            id: region.id.to_string(),
            name: name_of(&region.id, names),
            width,
            columns,
            chosen: region.id.as_str() == self.chosen,
            full: count >= usize::from(region.max),
            resizes,
            locked: region.locks.arrange,
            items: items.collect(),
            line,
        }
    }

    fn tile(&self, item: &Item, at: usize, count: usize) -> Tile {
        Tile {
            id: item.instance.to_string(),
            name: self.item_name(item),
            icon: self.kinds.get(item.widget.kind.as_str()).map_or("circle-help", |one| one.icon),
            hint: self.hint(item.widget.kind.as_str()),
            columns: item.span.columns,
            rows: item.span.rows,
            chosen: item.instance.as_str() == self.chosen,
            first: at == 0,
            last: at + 1 == count,
            locked: item.locks.arrange,
            unknown: !self.kinds.contains_key(item.widget.kind.as_str()),
            groups: self.groups.get(&item.instance).cloned().unwrap_or_default(),
        }
    }

    /// Its own title, or the widget's name, or what the page calls a widget that nobody knows.
    pub fn item_name(&self, item: &Item) -> String {
        match &item.title {
            Some(own) => said(own, self.lang).to_owned(),
            None => self.kind_name(item.widget.kind.as_str()),
        }
    }

    /// What a widget shows.
    fn hint(&self, kind: &str) -> String {
        let key = format!("widget-{kind}-hint");
        if self.words.has(&key) { self.words.text(&key) } else { String::new() }
    }

    /// A widget's name.
    pub fn kind_name(&self, kind: &str) -> String {
        let key = format!("widget-{kind}");
        if self.words.has(&key) { self.words.text(&key) } else { kind.to_owned() }
    }
}

fn name_of(id: &NodeId, names: &[(NodeId, String)]) -> String {
    names.iter().find(|(one, _)| one == id).map(|(_, name)| name.clone()).unwrap_or_default()
}

/// A region's name; a container is known by its first region.
fn first_name(node: &Node, names: &[(NodeId, String)]) -> String {
    match node {
        Node::Region(region) => name_of(&region.id, names),
        Node::Container(inner) => inner.regions().first().map(|region| name_of(&region.id, names)).unwrap_or_default(),
    }
}
