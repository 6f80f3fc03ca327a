//! Who holds what on an object: subjects by roles, each cell with where it comes from. A fragment: `roles.matrix`.

use std::collections::{BTreeMap, BTreeSet};

use access::{
    Act, Effect, Grant, Object, Role, SubjectId,
    policy::{Block, Entry, Placement, Snapshot, Standing},
};
use serde::Serialize;
use url::form_urlencoded;
use uuid::Uuid;
use web::render::Arg;

use super::Names;
use crate::portal::DOMAIN;

/// Staff groups that every installation has: they have a row even where they hold nothing.
pub const STAFF_GROUPS: [&str; 9] = [
    "everyone",
    "clinician",
    "nurse",
    "researcher",
    "teacher",
    "manager",
    "data-steward",
    "security-administrator",
    "administrator",
];

/// `<roles.matrix of={…} />`
#[derive(Serialize)]
pub struct Matrix {
    object: String,
    name: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
}

/// A preset role: whether it comes down from above, and what can be done about that.
#[derive(Serialize)]
struct Column {
    role: &'static str,
    name: String,
    inherits: &'static str,
    /// Of the block that can be lifted.
    block: Option<Uuid>,
    may_block: bool,
}

#[derive(Serialize)]
struct Row {
    subject: String,
    name: String,
    kind: String,
    cells: Vec<Cell>,
}

/// What one subject has of one role.
#[derive(Serialize)]
struct Cell {
    /// `granted`, `inherited`, `included`, `denied`, `denied-above` or `none`.
    state: &'static str,
    role: &'static str,
    role_name: String,
    /// Where it comes from.
    from: Option<String>,
    /// Of the row that can be taken back.
    id: Option<Uuid>,
    /// The explanation of the least act of the role.
    href: String,
}

/// The matrix of `object`: `grants` and `blocks` are the rows of the ledger.
pub fn matrix(
    names: &Names<'_>,
    snapshot: &Snapshot,
    object: &Object,
    grants: &[Entry<Grant>],
    blocks: &[Entry<Block>],
) -> Matrix {
    let standing = snapshot.standing(object);
    let mut subjects: BTreeMap<SubjectId, Vec<&Standing>> = BTreeMap::new();
    for group in STAFF_GROUPS {
        subjects.entry(SubjectId::group(group)).or_default();
    }
    for one in &standing {
        subjects.entry(one.grant.subject.clone()).or_default().push(one);
    }
    let mut rows: Vec<(SubjectId, Vec<&Standing>)> = subjects.into_iter().collect();
    rows.sort_by_key(|(subject, _)| place(subject));
    let row = |(subject, rules): (SubjectId, Vec<&Standing>)| Row {
        name: names.subject(&subject),
        kind: names.kind(&subject),
        cells: Role::ALL.iter().map(|role| cell(names, (object, &subject), *role, &rules, grants)).collect(),
        subject: subject.to_string(),
    };
    Matrix {
        object: object.to_string(),
        name: names.object(object),
        columns: columns(names, snapshot, object, blocks),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// Staff groups in their order, groups of directories, people.
fn place(subject: &SubjectId) -> (usize, usize, String) {
    let text = subject.as_str();
    let kind = ["g", "d", "u"].iter().position(|kind| *kind == subject.kind()).unwrap_or(9);
    let known = STAFF_GROUPS.iter().position(|group| text.strip_prefix("g:") == Some(*group));
    (kind, known.unwrap_or(STAFF_GROUPS.len()), text.to_owned())
}

fn cell(
    names: &Names<'_>,
    (object, subject): (&Object, &SubjectId),
    role: Role,
    rules: &[&Standing],
    grants: &[Entry<Grant>],
) -> Cell {
    let here = |one: &&&Standing| one.grant.object == *object;
    let denial = |one: &&&Standing| one.grant.effect == Effect::Deny && role.includes(one.grant.role);
    let gift = |one: &&&Standing| one.grant.effect == Effect::Allow && one.grant.role == role;
    let more = |one: &&&Standing| one.grant.effect == Effect::Allow && one.grant.role.includes(role);
    let find = |wanted: &dyn Fn(&&&Standing) -> bool| rules.iter().find(wanted).copied();
    let (state, rule) = if let Some(rule) = find(&|one| denial(one) && here(one)) {
        ("denied", Some(rule))
    } else if let Some(rule) = find(&denial) {
        ("denied-above", Some(rule))
    } else if let Some(rule) = find(&|one| gift(one) && here(one)) {
        ("granted", Some(rule))
    } else if let Some(rule) = find(&gift) {
        ("inherited", Some(rule))
    } else if let Some(rule) = find(&more) {
        ("included", Some(rule))
    } else {
        ("none", None)
    };
    let entry = rule.filter(|rule| rule.grant.role == role).and_then(|rule| {
        let row = grants.iter().find(|entry| entry.what == rule.grant);
        row.filter(|entry| entry.what.object == *object)
    });
    Cell {
        state,
        role: role.as_str(),
        role_name: names.role(role),
        from: rule.and_then(|rule| from(names, object, role, rule, entry.is_some())),
        id: entry.map(|entry| entry.id),
        href: explanation(subject, object, role),
    }
}

/// What the role allows first is what it is asked about.
fn explanation(subject: &SubjectId, object: &Object, role: Role) -> String {
    let act = Act::ALL.into_iter().find(|act| act.least_role() == role).unwrap_or(Act::View);
    let pairs = [("subject", subject.as_str()), ("object", object.as_str()), ("act", act.as_str())];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    format!("/admin/roles/explain?{query}")
}

/// Where a rule stands and, when it is about another role, which.
fn from(names: &Names<'_>, object: &Object, role: Role, rule: &Standing, kept: bool) -> Option<String> {
    let words = names.words();
    let (at, by) = (names.object(&rule.grant.object), names.role(rule.grant.role));
    let args = [("object", Arg::from(at.as_str())), ("role", Arg::from(by.as_str()))];
    let elsewhere = rule.grant.object != *object;
    match (elsewhere, rule.grant.role != role) {
        (true, true) => Some(words.with("roles-from-role-at", &args)),
        (true, false) => Some(words.with("roles-from", &args)),
        (false, true) => Some(words.with("roles-from-role", &args)),
        (false, false) if !kept => Some(words.text("roles-from-preset")),
        (false, false) => None,
    }
}

fn columns(names: &Names<'_>, snapshot: &Snapshot, object: &Object, blocks: &[Entry<Block>]) -> Vec<Column> {
    let above: Vec<&Placement> = snapshot.rules().placements.iter().filter(|one| one.object == *object).collect();
    let lifted: BTreeSet<Role> = Role::ALL.into_iter().filter(|role| Block::holds_back(*role)).collect();
    let column = |role: Role| {
        let wanted = Block { object: object.clone(), domain: DOMAIN, role };
        let block = blocks.iter().find(|entry| entry.what == wanted).map(|entry| entry.id);
        let inherits = if above.is_empty() {
            "root"
        } else if block.is_some() {
            "blocked"
        } else if above.iter().all(|one| one.blocked.contains(role)) {
            "preset"
        } else {
            "open"
        };
        let may_block = inherits == "open" && lifted.contains(&role);
        Column { role: role.as_str(), name: names.role(role), inherits, block, may_block }
    };
    Role::ALL.into_iter().map(column).collect()
}
