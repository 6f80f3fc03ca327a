//! Pages that a portal brings along: first pages for each group, until somebody publishes others.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::{Context, Object, Ruleset, policy::Placement, policy::RoleSet};

use crate::Published;
use crate::model::{Container, Node, Page, PageId, Portal, item_object, page_object, region_object};

/// A file that is no page of the portal.
#[derive(Debug, thiserror::Error)]
#[error("page {name}: {what}")]
pub struct PresetError {
    /// The file.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

/// The pages that a portal brings along.
#[derive(Clone, Debug, Default)]
pub struct Presets(Arc<BTreeMap<PageId, Arc<Published>>>);

impl Presets {
    /// From JSON files, `(name, text)`.
    ///
    /// # Errors
    /// [`PresetError`]: a file can't be read, is of the other portal or has problems that keep a page from being saved.
    pub fn read<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>, portal: Portal) -> Result<Self, PresetError> {
        let mut pages = BTreeMap::new();
        for (name, text) in files {
            let wrong = |what: String| PresetError { name: name.to_owned(), what };
            let page: Page = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
            if page.portal != portal {
                return Err(wrong("it is of the other portal".to_owned()));
            }
            if let Some(problem) = page.problems().first() {
                return Err(wrong(format!("{problem:?}")));
            }
            let id = page.id.clone();
            let page = Published { page, revision: Published::BROUGHT_ALONG };
            if pages.insert(id.clone(), Arc::new(page)).is_some() {
                return Err(wrong(format!("{id} is there twice")));
            }
        }
        Ok(Self(Arc::new(pages)))
    }

    /// A page by its id.
    pub fn get(&self, id: &PageId) -> Option<Arc<Published>> {
        self.0.get(id).cloned()
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Page> {
        self.0.values().map(|page| &page.page)
    }

    /// Somebody's first page: of those of their groups the one with the greatest priority, then the lesser id.
    pub fn home(&self, ctx: &dyn Context) -> Option<Arc<Published>> {
        let actor = ctx.actor();
        let theirs = |group: &str| {
            matches!(group, "everyone" | "patients")
                || actor.groups.iter().any(|held| held.as_str().strip_prefix("g:") == Some(group))
        };
        let homes = self.0.values().filter_map(|page| Some((page, page.page.home.as_ref()?)));
        let own = homes.filter(|(_, home)| home.groups.iter().any(|group| theirs(group.as_str())));
        // Of equals `max_by_key` takes the last, so the order is turned round.
        own.rev().max_by_key(|(_, home)| home.priority).map(|(page, _)| page.clone())
    }

    /// Their place in the policy, below `parent`: pages, regions, items.
    pub fn rules(&self, parent: &Object) -> Ruleset {
        let mut placements = Vec::new();
        for page in self.iter() {
            let object = page_object(&page.id);
            place(&mut placements, object.clone(), parent.clone());
            place_container(&mut placements, page, &page.root, &object);
        }
        Ruleset { placements, ..Ruleset::default() }
    }
}

fn place(placements: &mut Vec<Placement>, object: Object, parent: Object) {
    placements.push(Placement { object, parent, blocked: RoleSet::NONE });
}

fn place_container(placements: &mut Vec<Placement>, page: &Page, container: &Container, parent: &Object) {
    let object = region_object(&page.id, &container.id);
    place(placements, object.clone(), parent.clone());
    for child in &container.children {
        match child {
            Node::Container(inner) => place_container(placements, page, inner, &object),
            Node::Region(region) => {
                let within = region_object(&page.id, &region.id);
                place(placements, within.clone(), object.clone());
                for item in &region.items {
                    place(placements, item_object(&page.id, &item.instance), within.clone());
                }
            }
        }
    }
}
