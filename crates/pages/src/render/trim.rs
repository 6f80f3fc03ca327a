//! What of a page somebody sees. What they may not see is absent: no place, no title, no number tells of it.

use access::{Act, Context, Object, Policy};

use crate::{
    model::{Container, Item, Node, Page, Region, item_object, page_object, region_object},
    widget::{Declaration, Registry, Viewing},
};

/// Decides about one viewer by one version of the policy.
pub struct Trimmer<'c> {
    policy: &'c Policy,
    context: &'c dyn Context,
}

impl<'c> Trimmer<'c> {
    /// For whoever `context` is.
    pub fn new(policy: &'c Policy, context: &'c dyn Context) -> Self {
        Self { policy, context }
    }

    /// An object that nobody placed in the policy and no rule names is as visible as what it stands in.
    fn sees(&self, object: &Object) -> bool {
        !self.policy.snapshot().knows(object) || self.policy.decide(self.context, object, Act::View)
    }

    /// May they see widgets of this kind?
    pub fn widget(&self, declaration: &Declaration) -> bool {
        let seen = declaration.object().is_some_and(|object| self.sees(&object));
        let may = |(object, act): &(fn() -> Object, Act)| self.policy.decide(self.context, &object(), *act);
        seen && declaration.needs.as_ref().is_none_or(may)
    }

    /// The page with what they may see of it; `None` when they may not see the page. Kinds that the portal does not know stay:
    /// a notice stands for them.
    pub fn page<V: Viewing>(&self, page: &Page, registry: &Registry<V>) -> Option<Page> {
        // A page that nobody placed is nobody's.
        if !self.policy.decide(self.context, &page_object(&page.id), Act::View) {
            return None;
        }
        let root = self.container(page, &page.root, registry)?;
        Some(Page { root, ..page.clone() })
    }

    fn container<V: Viewing>(&self, page: &Page, whole: &Container, registry: &Registry<V>) -> Option<Container> {
        if !self.sees(&region_object(&page.id, &whole.id)) {
            return None;
        }
        let children = whole.children.iter().filter_map(|child| match child {
            Node::Container(inner) => self.container(page, inner, registry).map(Node::Container),
            Node::Region(region) => self.region(page, region, registry).map(Node::Region),
        });
        Some(Container { children: children.collect(), ..whole.clone() })
    }

    fn region<V: Viewing>(&self, page: &Page, whole: &Region, registry: &Registry<V>) -> Option<Region> {
        if !self.sees(&region_object(&page.id, &whole.id)) {
            return None;
        }
        let items = whole.items.iter().filter(|item| self.item(page, item, registry)).cloned();
        Some(Region { items: items.collect(), ..whole.clone() })
    }

    fn item<V: Viewing>(&self, page: &Page, item: &Item, registry: &Registry<V>) -> bool {
        let kind = registry.get(item.widget.kind.as_str());
        self.sees(&item_object(&page.id, &item.instance))
            && match kind {
                Some(widget) => self.widget(widget.declaration()),
                None => self.sees(&crate::model::widget_object(&item.widget.kind)),
            }
    }
}
