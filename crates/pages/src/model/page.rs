//! A page.

use access::{Domain, Object};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Bilingual, Container, GroupName, InstanceId, NodeId, PageId, Slug, Theme, WidgetKind};

/// Which portal shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Portal {
    /// The intranet's.
    Internal,
    /// The public one.
    External,
}

impl Portal {
    /// As in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::External => "external",
        }
    }

    /// Its side of the policy.
    pub const fn domain(self) -> Domain {
        match self {
            Self::Internal => Domain::Internal,
            Self::External => Domain::External,
        }
    }
}

impl From<Domain> for Portal {
    fn from(domain: Domain) -> Self {
        match domain {
            Domain::Internal => Self::Internal,
            Domain::External => Self::External,
        }
    }
}

/// Whose first page it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Home {
    /// Staff groups; `everyone` for all staff, `patients` for all of the public portal.
    #[schemars(length(min = 1, max = 16))]
    pub groups: Vec<GroupName>,
    /// When several pages are somebody's first page, the one with the greatest priority is; among equals the one with
    /// the lesser id.
    pub priority: u16,
}

/// A page as it is drafted and published. Its id and portal never change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Its own, for ever.
    pub id: PageId,
    /// Which portal shows it.
    pub portal: Portal,
    /// The page it stands below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<PageId>,
    /// Its part of the address, one of its kind below its parent.
    pub slug: Slug,
    /// What it is called.
    pub title: Bilingual,
    /// Whose first page it is, if anybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
    /// Its colours.
    #[serde(default)]
    pub theme: Theme,
    /// Its regions.
    pub root: Container,
}

/// What the policy knows a page by.
pub fn page_object(page: &PageId) -> Object {
    known(Object::of_page(page.as_str()))
}

/// What the policy knows a region (or container) by.
pub fn region_object(page: &PageId, node: &NodeId) -> Object {
    known(Object::of_region(page.as_str(), node.as_str()))
}

/// What the policy knows a placed widget by.
pub fn item_object(page: &PageId, item: &InstanceId) -> Object {
    known(Object::of_item(page.as_str(), item.as_str()))
}

/// What the policy knows a kind of widget by.
pub fn widget_object(kind: &WidgetKind) -> Object {
    known(Object::of_widget(kind.as_str()))
}

/// Ids here are narrower than the policy's, and shorter (a test tries the longest).
fn known(object: Option<Object>) -> Object {
    object.unwrap_or_else(|| unreachable!("every id is a name of the policy"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_are_objects_of_the_policy() {
        let page = PageId::parse(&format!("p-{}", "a".repeat(PageId::LONGEST - 2))).expect("a name");
        let node = NodeId::parse(&"n".repeat(NodeId::LONGEST)).expect("a name");
        let item = InstanceId::parse(&"i".repeat(InstanceId::LONGEST)).expect("a name");
        let kind = WidgetKind::parse(&"w".repeat(WidgetKind::LONGEST)).expect("a name");
        let objects =
            [page_object(&page), region_object(&page, &node), item_object(&page, &item), widget_object(&kind)];
        assert_eq!(objects.map(|object| object.as_str().len()), [45, 80, 78, 55]);
    }
}
