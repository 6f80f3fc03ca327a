//! The designer's page.

use std::collections::HashMap;

use access::{
    Act, Domain, Object, SubjectId,
    policy::{Snapshot, Step as Rule},
};
use pages::{
    Change, Draft, DraftState, OwnTemplate, Page, Portal as Side, Reason, Template,
    model::{Bilingual, Container, Flow, Item, Node, item_object, page_object, widget_object},
    widget::{Category, Declaration},
};
use poem::Response;
use serde::Serialize;
use web::{Failure, Visit, render::Words};

use super::{
    audience::{self, Audience},
    canvas::{Drawing, Step, said},
    inspector::{Inspector, Panel},
    typed::{Typed, Wrong},
};
use crate::{portal::Portal, who::Staff};

/// What is wrong with what was sent.
pub enum Problem {
    /// Fields of the form.
    Wrong,
    /// The act: behind `designer-problem-` in message keys.
    Refused(&'static str),
}

/// What the page shows beside the draft.
#[derive(Default)]
pub struct Shown {
    pub chosen: String,
    pub find: String,
    pub done: String,
    /// Why a part of the last act was not done: behind `designer-problem-` in message keys.
    pub left: String,
    pub problem: Option<Problem>,
    pub typed: Option<Typed>,
    pub wrong: Wrong,
    /// A name for the arrangement that could not be saved under it.
    pub named: Option<Bilingual>,
}

/// `designer/page.html`
#[derive(Serialize)]
struct DesignerPage {
    id: String,
    title: String,
    rev: i64,
    state: &'static str,
    changes: usize,
    saved_at: String,
    saved_by: String,
    can_undo: bool,
    can_redo: bool,
    can_publish: bool,
    published: Option<i64>,
    find: String,
    shelves: Vec<Shelf>,
    kinds: usize,
    templates: Vec<TemplateChoice>,
    steps: Vec<Step>,
    regions: usize,
    panel: Panel,
    chosen: String,
    warnings: Vec<String>,
    problem: Option<String>,
    wrong: Vec<(String, String)>,
    done: Option<String>,
    audience: Audience,
    named: Option<Bilingual>,
}

/// Widgets of one category.
#[derive(Serialize)]
struct Shelf {
    title: String,
    kinds: Vec<Kind>,
}

/// A widget that can be placed.
#[derive(Serialize)]
struct Kind {
    kind: String,
    name: String,
    hint: String,
    icon: &'static str,
    placed: usize,
}

#[derive(Serialize)]
struct TemplateChoice {
    id: String,
    name: String,
    widths: Vec<u8>,
    chosen: bool,
}

/// Behind `designer-problem-` in message keys.
pub fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Gone | Reason::Duplicate => "gone",
        Reason::Locked => "locked",
        Reason::NotAccepted => "not-accepted",
        Reason::NoRoom => "no-room",
        Reason::NotInThisLayer => "not-in-this-layer",
        Reason::HasItems => "has-items",
        Reason::Impossible => "impossible",
        Reason::Unsound => "unsound",
    }
}

/// Kinds of widgets by name.
pub fn kinds(portal: &Portal, side: Side) -> HashMap<&str, &Declaration> {
    portal.kinds(side).map(|one| (one.kind, one)).collect()
}

/// Somebody who is in a group and nothing else, as the policy sees them.
pub struct Anyone<'p> {
    snapshot: &'p Snapshot,
    subjects: Vec<SubjectId>,
}

impl<'p> Anyone<'p> {
    /// Of a group of staff, or of patients.
    pub fn of(snapshot: &'p Snapshot, group: &str) -> Self {
        let mut subjects = vec![SubjectId::group(group)];
        // Whoever is in a group of staff is staff.
        subjects.extend((snapshot.domain() == Domain::Internal).then(SubjectId::everyone));
        Self { snapshot, subjects }
    }

    /// Why they see it or not.
    pub fn rules(&self, object: &Object) -> Vec<Rule> {
        self.snapshot.explain(&self.subjects, object, Act::View)
    }

    /// May they do this?
    pub fn may(&self, object: &Object, act: Act) -> bool {
        self.snapshot.viewer(&self.subjects).allows(object, act)
    }

    /// What no rule names is as visible as what it stands in.
    pub fn sees(&self, object: &Object) -> bool {
        !self.snapshot.knows(object) || self.may(object, Act::View)
    }
}

/// A staff group's name.
pub fn group_name(words: &Words, group: &str) -> String {
    let key = format!("role-{group}");
    if words.has(&key) { words.text(&key) } else { group.to_owned() }
}

/// Draws the designer.
pub async fn draw(
    portal: &Portal,
    visit: &Visit,
    staff: &Staff,
    draft: &Draft,
    shown: Shown,
) -> Result<Response, Failure> {
    let page = &draft.page;
    let words = portal.pages.renderer().words(visit.lang);
    let snapshot = portal.policy_of(page.portal).snapshot();
    let named = |group: &str| (group.to_owned(), group_name(words, group));
    let groups: Vec<(String, String)> = portal.groups(page.portal).into_iter().map(named).collect();
    let everyone = Some("everyone").filter(|_| page.portal == Side::Internal);
    let homes: Vec<_> = everyone.map(named).into_iter().chain(groups.iter().cloned()).collect();
    let people: Vec<(Anyone<'_>, &String)> =
        groups.iter().map(|(group, name)| (Anyone::of(&snapshot, group), name)).collect();
    let alone = |item: &Item| {
        let object = item_object(&page.id, &item.instance);
        let kind = widget_object(&item.widget.kind);
        let needs = portal.kind(page.portal, item.widget.kind.as_str()).and_then(|one| one.needs.as_ref());
        let sees = |one: &Anyone<'_>| {
            one.sees(&object) && one.sees(&kind) && needs.is_none_or(|(object, act)| one.may(&object(), *act))
        };
        let seen: Vec<String> = people.iter().filter(|(one, _)| sees(one)).map(|(_, name)| (*name).clone()).collect();
        (seen.len() < people.len()).then(|| (item.instance.clone(), seen))
    };
    let drawing = Drawing {
        lang: visit.lang,
        words,
        chosen: &shown.chosen,
        kinds: kinds(portal, page.portal),
        groups: page.root.items().filter_map(alone).collect(),
    };
    let parents = parents(portal, visit, staff, page).await?;
    let inspector = Inspector {
        drawing: &drawing,
        page,
        typed: shown.typed.as_ref(),
        wrong: &shown.wrong,
        groups: &homes,
        parents: &parents,
    };
    let left = Some(format!("designer-problem-{}", shown.left)).filter(|key| words.has(key));
    let left = left.map(|key| words.with("designer-left", &[("why", words.text(&key).into())]));
    let (kept, own) = (portal.policy.ledger().grants().await?, super::own_templates(portal, staff).await?);
    let (changes, steps) = (unpublished(portal, staff, draft).await?.len(), drawing.steps(page));
    let view = DesignerPage {
        id: page.id.to_string(),
        title: title(page, &drawing),
        rev: draft.rev,
        state: state_key(draft.state),
        changes,
        saved_at: words.minute(draft.at),
        saved_by: draft.by.clone(),
        can_undo: draft.can_undo,
        can_redo: draft.can_redo,
        can_publish: portal.policy.decide(&staff.context, &page_object(&page.id), Act::Manage),
        published: draft.published,
        shelves: shelves(&drawing, page, &shown.find),
        kinds: drawing.kinds.len(),
        find: shown.find,
        templates: templates(&drawing, page, &own),
        steps,
        regions: page.root.regions().len(),
        panel: inspector.chosen(&shown.chosen),
        warnings: left.into_iter().chain(warnings(&drawing, draft)).collect(),
        problem: shown.problem.as_ref().map(|problem| said_problem(words, problem, shown.wrong.len())),
        wrong: inspector.said_wrong(),
        done: Some(format!("designer-done-{}", shown.done)).filter(|key| words.has(key)).map(|key| words.text(&key)),
        audience: audience::of(portal, staff, &snapshot, (page, &drawing), &groups, &kept),
        chosen: shown.chosen.clone(),
        named: shown.named,
    };
    let path = format!("/admin/pages/{}", page.id);
    let mut response = portal.pages.page_at(visit, &path, "designer/page.html", &view)?;
    if let Some(problem) = &shown.problem {
        response.set_status(super::status(problem));
    }
    Ok(response)
}

/// The pages that this one could stand below.
async fn parents(portal: &Portal, visit: &Visit, staff: &Staff, page: &Page) -> Result<Vec<(String, String)>, Failure> {
    let listed = portal.layouts.list(&staff.context, page.portal).await?;
    let others = listed.iter().filter(|one| one.id != page.id && one.state != DraftState::Deleted);
    Ok(others.map(|one| (one.id.to_string(), said(&one.title, visit.lang).to_owned())).collect())
}

fn said_problem(words: &Words, problem: &Problem, wrong: usize) -> String {
    match problem {
        Problem::Wrong => words.with("designer-problem-wrong", &[("count", wrong.into())]),
        Problem::Refused(why) => words.text(&format!("designer-problem-{why}")),
    }
}

/// What people do not see yet.
async fn unpublished(portal: &Portal, staff: &Staff, draft: &Draft) -> Result<Vec<Change>, Failure> {
    match (draft.state, draft.published) {
        (DraftState::Changed, Some(_)) => {
            Ok(portal.layouts.compare(&staff.context, &draft.page.id, draft.published, None).await?)
        }
        _ => Ok(Vec::new()),
    }
}

/// Behind `designer-state-` in message keys.
pub fn state_key(state: DraftState) -> &'static str {
    match state {
        DraftState::Draft => "draft",
        DraftState::Published => "published",
        DraftState::Changed => "changed",
        DraftState::Deleted => "deleted",
    }
}

fn shelves(drawing: &Drawing<'_>, page: &Page, find: &str) -> Vec<Shelf> {
    let find = find.trim().to_lowercase();
    let of = |category: Category| {
        let mut kinds: Vec<Kind> = drawing
            .kinds
            .values()
            .filter(|one| one.category == category)
            .map(|one| Kind {
                kind: one.kind.to_owned(),
                name: drawing.kind_name(one.kind),
                hint: drawing.words.text(&format!("widget-{}-hint", one.kind)),
                icon: one.icon,
                placed: page.root.items().filter(|item| item.widget.kind.as_str() == one.kind).count(),
            })
            .filter(|one| [&one.kind, &one.name, &one.hint].iter().any(|text| text.to_lowercase().contains(&find)))
            .collect();
        kinds.sort_by(|a, b| a.kind.cmp(&b.kind));
        Shelf { title: drawing.words.text(&format!("widget-category-{}", category.as_str())), kinds }
    };
    Category::ALL.into_iter().map(of).filter(|shelf| !shelf.kinds.is_empty()).collect()
}

/// Those of the portal, and those saved here.
fn templates(drawing: &Drawing<'_>, page: &Page, own: &[OwnTemplate]) -> Vec<TemplateChoice> {
    let now = Template::of(&page.root);
    let choice = |one: Template| TemplateChoice {
        id: one.as_str().to_owned(),
        name: drawing.words.text(&format!("designer-template-{}", one.as_str())),
        widths: one.rows().iter().flat_map(|row| row.iter().copied()).collect(),
        chosen: now == Some(one),
    };
    let saved = |one: &OwnTemplate| TemplateChoice {
        id: one.id.clone(),
        name: said(&one.name, drawing.lang).to_owned(),
        widths: widths(&one.root),
        chosen: false,
    };
    Template::ALL.into_iter().map(choice).chain(own.iter().map(saved)).collect()
}

/// Widths of what stands on the page, row by row, for a small picture of it: what is within those is not drawn.
fn widths(root: &Container) -> Vec<u8> {
    let row = |node: &Node| match node {
        Node::Container(inner) if inner.flow == Flow::Columns => inner.tracks.clone(),
        _ => vec![12],
    };
    if root.flow == Flow::Columns { root.tracks.clone() } else { root.children.iter().flat_map(row).collect() }
}

fn warnings(drawing: &Drawing<'_>, draft: &Draft) -> Vec<String> {
    let one = |warning: &pages::Warning| {
        let (_, item) = draft.page.root.item(&warning.item)?;
        let key = match &warning.misfit {
            pages::Misfit::Unknown => "designer-warning-unknown",
            pages::Misfit::OtherPortal => "designer-warning-other-portal",
            pages::Misfit::Settings { .. } => "designer-warning-settings",
        };
        Some(drawing.words.with(key, &[("name", drawing.item_name(item).into())]))
    };
    draft.warnings.iter().filter_map(one).collect()
}

/// A page's title in the reader's language.
pub fn title(page: &Page, drawing: &Drawing<'_>) -> String {
    said(&page.title, drawing.lang).to_owned()
}
