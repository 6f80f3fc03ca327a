//! What the templates of `/admin/roles` are given.

use access::{
    Change, Effect, Grant, Object, Role, SubjectId,
    policy::{Consequence, Entry, Snapshot},
};
use serde::Serialize;
use uuid::Uuid;
use web::{Failure, Visit, render::Arg};

use super::Typed;
use crate::roles::{Desk, Matrix, Names, STAFF_GROUPS, Wrong};

/// Objects of a consequence that are named; the rest are counted.
const MOST_NAMED: usize = 12;

/// What is said at the top, and what was typed when something was wrong.
#[derive(Default)]
pub struct Said {
    /// A change that was made.
    pub done: Option<&'static str>,
    /// Why one was not.
    pub wrong: Option<Wrong>,
    /// What was asked for.
    pub typed: Typed,
}

/// `roles.html`
#[derive(Serialize)]
pub struct RolesPage {
    object: String,
    name: String,
    above: Vec<Link>,
    below: Vec<Link>,
    parts: Vec<Link>,
    matrix: Matrix,
    roles: Vec<Link>,
    groups: Vec<Group>,
    waiting: Vec<Waiting>,
    done: Option<&'static str>,
    problem: Option<&'static str>,
    who: String,
    kind: String,
}

/// An object or a role with its name.
#[derive(Serialize)]
struct Link {
    id: String,
    name: String,
}

/// A staff group with its members.
#[derive(Serialize)]
struct Group {
    id: String,
    name: String,
    members: Vec<Member>,
}

#[derive(Serialize)]
struct Member {
    name: String,
    kind: String,
    /// Of the row that can be taken back; none for what the configuration says.
    id: Option<Uuid>,
}

/// A grant on an object that went away.
#[derive(Serialize)]
struct Waiting {
    id: Uuid,
    text: String,
    object: String,
}

/// The page of one object.
pub async fn page(
    desk: &Desk<'_>,
    visit: &Visit,
    snapshot: &Snapshot,
    (object, parts): (&Object, &[Object]),
    said: Said,
) -> Result<RolesPage, Failure> {
    let names = desk.names(visit.lang).await?;
    let link = |object: &Object| Link { id: object.to_string(), name: names.object(object) };
    let site = *object == Object::SITE_INTERNAL;
    let groups = if site { groups(desk, &names, snapshot).await? } else { Vec::new() };
    let waiting = match site {
        true => waiting(&names, snapshot, &desk.portal.policy.ledger().grants().await?),
        false => Vec::new(),
    };
    let mut below: Vec<&Object> = placed(snapshot, |one| &one.parent == object, |one| &one.object);
    below.retain(|child| desk.administers(child).is_ok());
    let roles = Role::ALL.into_iter().map(|role| Link { id: role.to_string(), name: names.role(role) });
    Ok(RolesPage {
        object: object.to_string(),
        name: names.object(object),
        above: above(desk, snapshot, object).iter().map(link).collect(),
        below: below.into_iter().map(link).collect(),
        parts: parts.iter().map(link).collect(),
        matrix: desk.matrix(&names, object).await?,
        roles: roles.collect(),
        groups,
        waiting,
        done: said.done,
        problem: said.wrong.as_ref().and_then(Wrong::key),
        who: said.typed.who,
        kind: said.typed.kind,
    })
}

fn placed<'s>(
    snapshot: &'s Snapshot,
    wanted: impl Fn(&access::policy::Placement) -> bool,
    taken: impl Fn(&'s access::policy::Placement) -> &'s Object,
) -> Vec<&'s Object> {
    let mut found: Vec<&Object> = snapshot.rules().placements.iter().filter(|one| wanted(one)).map(taken).collect();
    found.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    found.dedup();
    found
}

/// From the top down to the object, as far as it is theirs to see.
fn above(desk: &Desk<'_>, snapshot: &Snapshot, object: &Object) -> Vec<Object> {
    let (mut way, mut at) = (Vec::new(), object);
    while let Some(parent) = placed(snapshot, |one| one.object == *at, |one| &one.parent)
        .into_iter()
        .find(|parent| desk.administers(parent).is_ok() && !way.contains(*parent))
    {
        way.push(parent.clone());
        at = parent;
    }
    way.reverse();
    way
}

async fn groups(desk: &Desk<'_>, names: &Names<'_>, snapshot: &Snapshot) -> Result<Vec<Group>, Failure> {
    let kept = desk.portal.policy.ledger().memberships().await?;
    // Nobody is taken into the group of all.
    let mut all: Vec<SubjectId> = STAFF_GROUPS.iter().skip(1).map(|name| SubjectId::group(name)).collect();
    for membership in &snapshot.rules().memberships {
        if !all.contains(&membership.group) {
            all.push(membership.group.clone());
        }
    }
    let members = |group: &SubjectId| {
        let theirs = snapshot.rules().memberships.iter().filter(|one| one.group == *group);
        let member = |one: &access::Membership| Member {
            name: names.subject(&one.member),
            kind: names.kind(&one.member),
            id: kept.iter().find(|entry| entry.what == *one).map(|entry| entry.id),
        };
        theirs.map(member).collect()
    };
    let group = |group: &SubjectId| Group {
        id: group.as_str().trim_start_matches("g:").to_owned(),
        name: names.subject(group),
        members: members(group),
    };
    Ok(all.iter().map(group).collect())
}

fn waiting(names: &Names<'_>, snapshot: &Snapshot, grants: &[Entry<Grant>]) -> Vec<Waiting> {
    let gone = grants.iter().filter(|entry| !snapshot.knows(&entry.what.object));
    gone.map(|entry| Waiting {
        id: entry.id,
        text: sentence(names, &entry.what),
        object: entry.what.object.to_string(),
    })
    .collect()
}

/// `李伟 is denied the role Editor`.
fn sentence(names: &Names<'_>, grant: &Grant) -> String {
    let (subject, role) = (names.subject(&grant.subject), names.role(grant.role));
    let args = [("subject", Arg::from(subject.as_str())), ("role", Arg::from(role.as_str()))];
    let key = if grant.effect == Effect::Allow { "roles-says-allow" } else { "roles-says-deny" };
    names.words().with(key, &args)
}

/// `roles_change.html`
#[derive(Serialize)]
pub struct ChangePage {
    what: &'static str,
    /// Whom and what it is about, in words.
    text: String,
    kind: Option<String>,
    object: Option<Link>,
    consequences: Vec<Told>,
    destructive: bool,
    fields: Vec<(&'static str, String)>,
    back: String,
}

/// A consequence in words.
#[derive(Serialize)]
struct Told {
    subject: String,
    kind: String,
    gained: Vec<String>,
    lost: Vec<String>,
}

/// The page that names what would come of a change.
pub async fn considered(
    desk: &Desk<'_>,
    visit: &Visit,
    typed: &Typed,
    (change, consequences): (&Change, &[Consequence]),
) -> Result<ChangePage, Failure> {
    let names = desk.names(visit.lang).await?;
    let (text, subject) = match change {
        Change::Grant(grant) | Change::Revoke(grant) => (sentence(&names, grant), Some(&grant.subject)),
        Change::Block(block) | Change::Unblock(block) => {
            let role = names.role(block.role);
            (names.words().with("roles-says-block", &[("role", Arg::from(role.as_str()))]), None)
        }
        Change::Join(membership) | Change::Leave(membership) => {
            let (member, group) = (names.subject(&membership.member), names.subject(&membership.group));
            let args = [("subject", Arg::from(member.as_str())), ("group", Arg::from(group.as_str()))];
            (names.words().with("roles-says-member", &args), Some(&membership.member))
        }
    };
    let object = crate::roles::object_of(change);
    let told = consequences.iter().map(|one| Told {
        subject: names.subject(&one.subject),
        kind: names.kind(&one.subject),
        gained: lines(&names, &one.gained),
        lost: lines(&names, &one.lost),
    });
    let back = object.filter(|object| desk.portal.policy.snapshot().knows(object));
    Ok(ChangePage {
        what: super::name(change),
        text,
        kind: subject.map(|subject| names.kind(subject)),
        object: object.map(|object| Link { id: object.to_string(), name: names.object(object) }),
        destructive: consequences.iter().any(|one| !one.lost.is_empty()),
        consequences: told.collect(),
        fields: fields(typed, subject),
        back: back.map_or_else(|| "/admin/roles".to_owned(), super::address),
    })
}

/// `Page ward: edit, manage`.
fn lines(names: &Names<'_>, powers: &[(Object, Vec<access::Act>)]) -> Vec<String> {
    let line = |(object, acts): &(Object, Vec<access::Act>)| {
        let (object, acts) = (names.object(object), names.acts(acts));
        names.words().with("roles-line", &[("object", Arg::from(object.as_str())), ("acts", Arg::from(acts.as_str()))])
    };
    let mut lines: Vec<String> = powers.iter().take(MOST_NAMED).map(line).collect();
    if powers.len() > MOST_NAMED {
        lines.push(names.words().with("roles-more", &[("count", Arg::from(powers.len() - MOST_NAMED))]));
    }
    lines
}

/// What the form sends back: the subject that was found instead of what was typed.
fn fields(typed: &Typed, subject: Option<&SubjectId>) -> Vec<(&'static str, String)> {
    let all = [
        ("what", typed.what.clone()),
        ("object", typed.object.clone()),
        ("role", typed.role.clone()),
        ("effect", typed.effect.clone()),
        ("group", typed.group.clone()),
        ("id", typed.id.clone()),
        ("subject", subject.map(SubjectId::to_string).unwrap_or_default()),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}
