//! Changes in words: for comparing revisions and for merging two people's work.

use pages::{
    Aspect, Change, Op, Page, Target,
    model::{InstanceId, NodeId},
};
use serde::Serialize;
use serde_json::Value;
use web::{Lang, render::Words};

use super::canvas::Drawing;

/// Longest piece of settings that is shown.
const LONGEST: usize = 120;

/// One change.
#[derive(Serialize)]
pub struct Said {
    place: String,
    aspect: String,
    before: Option<String>,
    after: Option<String>,
}

/// One change that somebody meant, to be ticked.
#[derive(Serialize)]
pub struct Wanted {
    /// The change itself, as the form sends it back; saving checks it like any other.
    json: String,
    place: String,
    aspect: String,
    after: Option<String>,
    /// Somebody else changed the same thing.
    both: bool,
}

/// Says changes of a page.
pub struct Speaker<'s> {
    pub drawing: &'s Drawing<'s>,
    /// States of the page, the newest first: what one does not hold any more, another may.
    pub states: Vec<&'s Page>,
}

impl Speaker<'_> {
    fn words(&self) -> &Words {
        self.drawing.words
    }

    /// Where.
    pub fn place(&self, target: &Target) -> String {
        match target {
            Target::Page => self.words().text("designer-page-settings"),
            Target::Item(id) => self.item(id),
            Target::Node(id) => self.node(id),
        }
    }

    fn item(&self, id: &InstanceId) -> String {
        let found = self.states.iter().find_map(|page| page.root.item(id));
        found.map_or_else(|| id.to_string(), |(_, item)| self.drawing.item_name(item))
    }

    fn node(&self, id: &NodeId) -> String {
        let named = |page: &&Page| self.drawing.names(page).into_iter().find(|(one, _)| one == id);
        match self.states.iter().find_map(named) {
            Some((_, name)) => name,
            None => self.words().text("changes-container"),
        }
    }

    /// What about it.
    pub fn aspect(&self, aspect: Aspect) -> String {
        let name = serde_json::to_value(aspect).ok();
        let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
        self.words().text(&format!("changes-aspect-{name}"))
    }

    fn value(&self, value: &Value) -> String {
        let lang = if self.drawing.lang == Lang::En { "en" } else { "zh" };
        let text = match value {
            Value::String(text) => NodeId::parse(text).map_or_else(|| text.clone(), |id| self.known(&id, text)),
            Value::Object(both) if both.contains_key("zh") && both.len() == 2 => {
                both.get(lang).and_then(Value::as_str).unwrap_or_default().to_owned()
            }
            Value::Object(item) if item.contains_key("instance") => self.whole_item(item),
            Value::Object(span) if span.contains_key("columns") && span.contains_key("rows") => {
                format!("{} × {}", span["columns"], span["rows"])
            }
            Value::Object(place) if place.contains_key("region") => {
                place["region"].as_str().map_or_else(String::new, |region| self.value(&Value::from(region)))
            }
            other => other.to_string(),
        };
        if text.chars().count() > LONGEST { text.chars().take(LONGEST).chain(['…']).collect() } else { text }
    }

    /// A text that is the id of a node is said by the node's name.
    fn known(&self, id: &NodeId, text: &str) -> String {
        let named = |page: &&Page| self.drawing.names(page).into_iter().find(|(one, _)| one == id);
        self.states.iter().find_map(named).map_or_else(|| text.to_owned(), |(_, name)| name)
    }

    fn whole_item(&self, item: &serde_json::Map<String, Value>) -> String {
        let kind = item.get("widget").and_then(|widget| widget.get("kind")).and_then(Value::as_str);
        self.drawing.kind_name(kind.unwrap_or_default())
    }

    /// Changes between two states.
    pub fn all(&self, changes: &[Change]) -> Vec<Said> {
        let one = |change: &Change| Said {
            place: self.place(&change.target),
            aspect: self.aspect(change.aspect),
            before: change.before.as_ref().map(|value| self.value(value)),
            after: change.after.as_ref().map(|value| self.value(value)),
        };
        changes.iter().map(one).collect()
    }

    /// Changes that somebody meant; `both` says which meet others'.
    pub fn wanted(&self, ops: &[Op], both: impl Fn(&Op) -> bool) -> Vec<Wanted> {
        let one = |op: &Op| {
            let (target, aspect) = op.touches();
            let value = serde_json::to_value(op).unwrap_or_default();
            let after = ["title", "name", "span", "config", "region", "item", "slug", "theme", "skin", "tracks"]
                .iter()
                .find_map(|field| value.get(*field).filter(|value| !value.is_null() && !is_own(value, &target)));
            Wanted {
                json: value.to_string(),
                place: self.place(&target),
                aspect: self.aspect(aspect),
                after: after.map(|value| self.value(value)),
                both: both(op),
            }
        };
        ops.iter().map(one).collect()
    }
}

/// The field that names what is changed says nothing about how.
fn is_own(value: &Value, target: &Target) -> bool {
    match target {
        Target::Page => false,
        Target::Item(id) => value.as_str() == Some(id.as_str()),
        Target::Node(id) => value.as_str() == Some(id.as_str()),
    }
}
