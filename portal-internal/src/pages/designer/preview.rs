//! A draft as somebody else would see it: as anybody of a staff group, at three widths.
//!
//! What they would see is decided by their rights. Widgets stand there with their names and what they show, never with
//! anybody's data: their data would be those of a person who is not looking, and the administrator's own would be wrong.

use std::{collections::HashMap, sync::Arc};

use access::{Act, Fault};
use pages::{
    Page,
    model::{Container, Item, Node, Region, item_object, page_object, region_object, widget_object},
    widget::Declaration,
};
use poem::{
    Request, Response, handler,
    web::{Data, Path},
};
use serde::Serialize;
use web::{Failure, Visit};

use super::{
    asked,
    canvas::{Drawing, Step, said},
    page_id,
    view::{self, Anyone},
};
use crate::{portal::Portal, who::Staff};

/// Behind `preview-width-` in message keys.
const WIDTHS: [&str; 3] = ["wide", "tablet", "phone"];

/// `designer/preview.html`
#[derive(Serialize)]
struct PreviewPage {
    id: String,
    root: String,
    title: String,
    rev: i64,
    state: &'static str,
    groups: Vec<Choice>,
    widths: Vec<Choice>,
    width: String,
    group: String,
    /// May they open the page at all?
    sees: bool,
    steps: Vec<Step>,
    shown: usize,
    /// Names of what they do not see.
    unseen: Vec<String>,
}

/// One of several.
#[derive(Serialize)]
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

/// What of a draft somebody sees.
struct Eyes<'e> {
    anyone: &'e Anyone<'e>,
    page: &'e Page,
    drawing: &'e Drawing<'e>,
}

impl Eyes<'_> {
    fn item(&self, item: &Item) -> bool {
        let needs = |one: &Declaration| one.needs.as_ref().is_none_or(|(object, act)| self.anyone.may(&object(), *act));
        let kind = self.drawing.kinds.get(item.widget.kind.as_str());
        self.anyone.sees(&item_object(&self.page.id, &item.instance))
            && self.anyone.sees(&widget_object(&item.widget.kind))
            && kind.is_none_or(|one| needs(one))
    }

    fn region(&self, region: &Region) -> Region {
        let seen = self.anyone.sees(&region_object(&self.page.id, &region.id));
        let items = region.items.iter().filter(|item| seen && self.item(item)).cloned().collect();
        Region { items, ..region.clone() }
    }

    fn container(&self, container: &Container) -> Container {
        let children = container.children.iter().map(|child| match child {
            Node::Container(inner) => Node::Container(self.container(inner)),
            Node::Region(region) => Node::Region(self.region(region)),
        });
        Container { children: children.collect(), ..container.clone() }
    }
}

/// `GET /admin/pages/{id}/colours/{rev}.css`: of the draft that a preview shows.
#[handler]
pub async fn colours(
    Data(portal): Data<&Arc<Portal>>,
    staff: Staff,
    Path((id, sheet)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let rev = sheet.strip_suffix(".css").and_then(|rev| rev.parse().ok());
    let rev = rev.ok_or_else(|| Failure::new(Fault::NotFound))?;
    let rules = portal.layouts.draft_stylesheet(&staff.context, &page_id(&id)?, rev).await?;
    Ok(Response::builder().content_type("text/css; charset=utf-8").body(rules))
}

/// `GET /admin/pages/{id}/preview?as=&width=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    staff: Staff,
    Path(id): Path<String>,
    request: &Request,
) -> Result<Response, Failure> {
    let draft = portal.layouts.draft(&staff.context, &page_id(&id)?).await?;
    let page = &draft.page;
    let words = portal.pages.renderer().words(visit.lang);
    let group = Some(asked(request, "as")).filter(|group| !group.is_empty());
    let groups = portal.groups(page.portal);
    let group = group.or_else(|| groups.first().map(|first| (*first).to_owned())).unwrap_or_default();
    if !groups.contains(&group.as_str()) {
        return Err(Failure::new(Fault::NotFound));
    }
    let width = asked(request, "width");
    let width = WIDTHS.into_iter().find(|one| *one == width).unwrap_or(WIDTHS[0]);
    let snapshot = portal.policy_of(page.portal).snapshot();
    let anyone = Anyone::of(&snapshot, &group);
    let drawing = Drawing {
        lang: visit.lang,
        words,
        chosen: "",
        kinds: view::kinds(portal, page.portal),
        groups: HashMap::new(),
    };
    let eyes = Eyes { anyone: &anyone, page, drawing: &drawing };
    let seen = Page { root: eyes.container(&page.root), ..page.clone() };
    let unseen = page.root.items().filter(|item| seen.root.item(&item.instance).is_none());
    let choice =
        |value: &str, label: String, now: &str| Choice { value: value.to_owned(), label, chosen: value == now };
    let view = PreviewPage {
        id: page.id.to_string(),
        root: page.root.id.to_string(),
        title: said(&page.title, visit.lang).to_owned(),
        rev: draft.rev,
        state: view::state_key(draft.state),
        groups: groups.iter().map(|one| choice(one, view::group_name(words, one), &group)).collect(),
        widths: WIDTHS.iter().map(|one| choice(one, words.text(&format!("preview-width-{one}")), width)).collect(),
        width: width.to_owned(),
        group: view::group_name(words, &group),
        sees: anyone.may(&page_object(&page.id), Act::View),
        steps: drawing.steps(&seen),
        shown: seen.root.items().count(),
        unseen: unseen.map(|item| drawing.item_name(item)).collect(),
    };
    portal.pages.page(visit, "designer/preview.html", &view)
}
