//! Who sees what of a page: staff groups by resources, each cell with where its answer comes from. What is granted is
//! granted at once, whether the page is published or not, on the page of roles.

use access::{
    Act, Grant, Object, Role, SubjectId,
    policy::{Effect, Entry, Snapshot, Step},
};
use pages::{
    Page, Portal as Side,
    model::{item_object, page_object},
};
use serde::Serialize;

use super::{
    canvas::Drawing,
    view::{self, Anyone},
};
use crate::{portal::Portal, who::Staff};

/// The table.
#[derive(Serialize)]
pub struct Audience {
    groups: Vec<String>,
    rows: Vec<Row>,
    /// Where it is made a page of those alone who are granted it, for whom may and while others see it from above.
    narrow: Option<Narrow>,
}

/// A role that everybody brings along from above, and where that is ended.
#[derive(Serialize)]
struct Narrow {
    role: String,
    href: String,
}

/// A resource.
#[derive(Serialize)]
struct Row {
    object: String,
    name: String,
    /// The page itself.
    page: bool,
    cells: Vec<Cell>,
}

/// A group's answer.
#[derive(Serialize)]
struct Cell {
    group: String,
    /// `granted` and `denied` here, `inherited` and `denied-above` from above, `none`: nobody gave it to them.
    state: &'static str,
    /// Why, for whom may know.
    explain: Option<String>,
    /// Where the opposite can be granted, or the denial taken back, for whom may. A denial from above is ended there alone.
    change: Option<String>,
    /// Would that let them see it?
    opens: bool,
}

/// The rules on `object` that decide whether anybody of a group sees it, in one word.
fn state(steps: &[Step], object: &Object) -> &'static str {
    let here = |step: &&Step| step.object == *object;
    let mut denials = steps.iter().filter(|step| !step.allows()).peekable();
    if denials.peek().is_some() {
        return if denials.any(|step| here(&step)) { "denied" } else { "denied-above" };
    }
    match steps {
        [] => "none",
        steps if steps.iter().any(|step| here(&step)) => "granted",
        _ => "inherited",
    }
}

/// The role through which whoever uses the portal sees the page; those who administer keep theirs.
fn common(steps: &[Step], page: &Object) -> Option<Role> {
    let from_above = |role| steps.iter().any(|step| step.allows() && step.role == role && step.object != *page);
    [Role::PrivilegedUser, Role::User].into_iter().find(|role| from_above(*role))
}

/// Everything on the page.
pub fn of(
    portal: &Portal,
    staff: &Staff,
    snapshot: &Snapshot,
    (page, drawing): (&Page, &Drawing<'_>),
    groups: &[(String, String)],
    kept: &[Entry<Grant>],
) -> Audience {
    let whole = page_object(&page.id);
    let row = |object: Object, name: String, is_page: bool| {
        // The pages of roles are about the intranet's rules.
        let may = |act| page.portal == Side::Internal && portal.policy.decide(&staff.context, &object, act);
        let may = (may(Act::Delegate), may(Act::Assign));
        let cells = groups.iter().map(|(group, name)| cell(snapshot, (&object, &whole), (group, name), may, kept));
        Row { cells: cells.collect(), object: object.to_string(), name, page: is_page }
    };
    let may_narrow = page.portal == Side::Internal && portal.policy.decide(&staff.context, &whole, Act::Assign);
    let narrow = groups.iter().find_map(|(group, _)| common(&Anyone::of(snapshot, group).rules(&whole), &whole));
    let narrow = narrow.filter(|_| may_narrow).map(|role| Narrow {
        role: drawing.words.text(&format!("preset-{role}")),
        href: format!("/admin/roles/change?what=block&object={whole}&role={role}"),
    });
    let items =
        page.root.items().map(|item| row(item_object(&page.id, &item.instance), drawing.item_name(item), false));
    Audience {
        groups: groups.iter().map(|(_, name)| name.clone()).collect(),
        rows: std::iter::once(row(whole.clone(), view::title(page, drawing), true)).chain(items).collect(),
        narrow,
    }
}

fn cell(
    snapshot: &Snapshot,
    (object, page): (&Object, &Object),
    (group, name): (&str, &str),
    (may_explain, may_assign): (bool, bool),
    kept: &[Entry<Grant>],
) -> Cell {
    let subject = SubjectId::group(group);
    // What the tree does not hold yet is as visible as the page.
    let asked = if snapshot.knows(object) { object } else { page };
    let steps = Anyone::of(snapshot, group).rules(asked);
    let state = match state(&steps, object) {
        "granted" if asked != object => "inherited",
        state => state,
    };
    let opens = !matches!(state, "granted" | "inherited");
    let give = |effect: Effect, role: Role| {
        let effect = effect.as_str();
        format!("/admin/roles/change?what=grant&subject={subject}&object={object}&role={role}&effect={effect}")
    };
    let denial = |one: &&Entry<Grant>| {
        one.what.subject == subject && one.what.object == *object && one.what.effect == Effect::Deny
    };
    // What is given beside a denial opens nothing.
    let change = match state {
        "denied" => kept.iter().find(denial).map(|one| format!("/admin/roles/change?what=end&id={}", one.id)),
        "denied-above" => None,
        // As much as all staff hold on other pages: they may arrange it for themselves.
        _ if opens => Some(give(Effect::Allow, Role::PrivilegedUser)),
        _ => Some(give(Effect::Deny, Role::User)),
    };
    Cell {
        group: name.to_owned(),
        state,
        explain: may_explain.then(|| format!("/admin/roles/explain?subject={subject}&object={asked}&act=view")),
        change: change.filter(|_| may_assign && snapshot.knows(object)),
        opens,
    }
}
