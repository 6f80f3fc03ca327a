//! Where the parts of a page lie in the policy: those that everybody sees where they are published, and beside them those
//! that are drafted alone, so that whom a widget is for can be said before anybody sees it.

use std::collections::HashSet;

use access::Object;
use access::policy::{Placement, RoleSet, tree};
use store::Tx;

use super::history;
use crate::PageError;
use crate::model::{Container, Node, Page, item_object, page_object, region_object};

/// Regions below containers below the page, items below their region: what is denied on one holds for all within.
pub(super) fn of(page: &Page) -> Vec<Placement> {
    fn walk(page: &Page, container: &Container, parent: &Object, found: &mut Vec<Placement>) {
        let mut add = |object: &Object, parent: &Object| {
            found.push(Placement { object: object.clone(), parent: parent.clone(), blocked: RoleSet::NONE });
        };
        let mut inner = Vec::new();
        for child in &container.children {
            let node = region_object(&page.id, child.id());
            add(&node, parent);
            match child {
                Node::Container(container) => inner.push((container, node)),
                Node::Region(region) => {
                    region.items.iter().for_each(|item| add(&item_object(&page.id, &item.instance), &node));
                }
            }
        }
        for (container, node) in inner {
            walk(page, container, &node, found);
        }
    }
    let mut found = Vec::new();
    walk(page, &page.root, &page_object(&page.id), &mut found);
    found
}

/// What is published stays where everybody sees it, whatever the draft does with it.
fn with_draft(published: Option<&Page>, draft: &Page) -> Vec<Placement> {
    let mut all = published.map(of).unwrap_or_default();
    let there: HashSet<Object> = all.iter().map(|one| one.object.clone()).collect();
    all.extend(of(draft).into_iter().filter(|one| !there.contains(&one.object)));
    all
}

/// Places what a draft that is not published (`before`: what it was) brings along, if its parts are others now.
pub(super) async fn follow(
    tx: &Tx,
    before: Option<&Page>,
    draft: &Page,
    published: Option<i64>,
) -> Result<(), PageError> {
    if before.is_some_and(|before| of(before) == of(draft)) {
        return Ok(());
    }
    let shown = match published {
        Some(number) => Some(history::content(tx, &draft.id, number).await?),
        None => None,
    };
    Ok(tree::set_children(tx, &page_object(&draft.id), &with_draft(shown.as_ref(), draft)).await?)
}
