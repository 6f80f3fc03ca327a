//! `/people/{id}/access-log`: who did what about somebody, and why.

use std::sync::Arc;

use access::{
    Deed, Fault, PersonId, Safeguard,
    audit::{
        action,
        told::{LogActors, LogEntry, LogPage, LogQuery, about},
    },
};
use jiff::{SignedDuration, Timestamp};
use poem::{
    Response, handler,
    web::{Data, Path, Query},
};
use serde::{Deserialize, Serialize};
use web::{
    Failure, Visit,
    render::{Arg, Words},
    shell::see_other,
};

use super::record;
use crate::{portal::Portal, who::Patient};

/// Acts on one page, before those of one visit are put together.
const MOST: u64 = 60;
/// Acts of one person for one reason within so long are one visit.
const VISIT: SignedDuration = SignedDuration::from_mins(30);
/// Months to choose from; the middle one unless said.
const MONTHS: [i64; 3] = [1, 6, 24];
/// Whom to choose from.
const WHO: [&str; 4] = ["everybody", "staff", "others", "me"];
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Deserialize)]
pub struct Asked {
    months: Option<i64>,
    who: Option<String>,
    /// Milliseconds: where the page before ended.
    before: Option<i64>,
}

/// `access_log.html`
#[derive(Serialize)]
struct AccessLogPage {
    action: String,
    months: Vec<Choice>,
    who: Vec<Choice>,
    visits: Vec<VisitView>,
    /// The next page.
    next: Option<String>,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

#[derive(Serialize)]
struct VisitView {
    name: String,
    role: Option<String>,
    at: String,
    instant: String,
    what: String,
    why: Option<String>,
    /// A record that was opened in an emergency.
    hot: bool,
}

/// What was done about `person`, to whoever may see it: themselves, and those they have entrusted it to.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else; the database's.
pub async fn read(portal: &Portal, patient: &Patient, person: PersonId, query: &LogQuery) -> Result<LogPage, Failure> {
    if !patient.context.may_act_for(person, Deed::AccessLog) {
        return Err(Failure::new(if Safeguard::UniformNotFound.stands() { Fault::NotFound } else { Fault::Forbidden }));
    }
    let persons = portal.index.known_as(person).await?;
    Ok(about(&portal.store, &persons, query).await?)
}

/// Whose acts, as an address names them.
pub fn actors(who: &str, patient: &Patient) -> Option<LogActors> {
    let account = || patient.context.subject().clone();
    Some(match who {
        "everybody" => LogActors::Everybody,
        "staff" => LogActors::Staff,
        "others" => LogActors::Others(account()),
        "me" => LogActors::One(account()),
        _ => return None,
    })
}

/// `GET /access-log`: one's own.
#[handler]
pub async fn own(patient: Patient) -> Response {
    match patient.context.own() {
        Some(person) => see_other(&format!("/people/{person}/access-log")),
        None => see_other("/sharing"),
    }
}

/// `GET /people/{id}/access-log?months=&who=&before=`
#[handler]
pub async fn show(
    Data(portal): Data<&Arc<Portal>>,
    visit: &Visit,
    patient: Patient,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Failure> {
    let person = record::person(&id)?;
    let words = portal.pages.renderer().words(visit.lang);
    let months = asked.months.filter(|months| MONTHS.contains(months)).unwrap_or(MONTHS[1]);
    let who = WHO.into_iter().find(|known| asked.who.as_deref() == Some(known)).unwrap_or(WHO[0]);
    let query = LogQuery {
        since: Some(visit.now - MONTH * i32::try_from(months).unwrap_or(1)),
        before: asked.before.and_then(|at| Timestamp::from_millisecond(at).ok()),
        who: actors(who, &patient).unwrap_or_default(),
        most: MOST,
    };
    let found = read(portal, &patient, person, &query).await?;
    let action = format!("/people/{person}/access-log");
    let next = found.next.map(|next| format!("{action}?months={months}&who={who}&before={}", next.as_millisecond()));
    let mut visits: Vec<Told> = Vec::new();
    for entry in found.entries {
        // What others did in between doesn't make two visits of one.
        match visits.iter_mut().rev().find(|one| one.takes(&entry)) {
            Some(one) => one.add(entry),
            None => visits.push(Told::new(entry)),
        }
    }
    let page = AccessLogPage {
        months: MONTHS.map(|one| choice(&one, words.text(&format!("access-log-months-{one}")), one == months)).into(),
        who: WHO.map(|one| choice(&one, words.text(&format!("access-log-who-{one}")), one == who)).into(),
        visits: visits.iter().map(|one| one.view(&patient, visit.now, words)).collect(),
        action,
        next,
    };
    portal.pages.page(visit, "access_log.html", &page)
}

fn choice(value: &impl ToString, text: String, chosen: bool) -> Choice {
    Choice { value: value.to_string(), text, chosen }
}

/// Acts of one visit, the newest first.
struct Told {
    newest: LogEntry,
    oldest: Timestamp,
    objects: Vec<String>,
}

impl Told {
    fn new(entry: LogEntry) -> Self {
        Self { oldest: entry.at, objects: entry.object.clone().into_iter().collect(), newest: entry }
    }

    fn takes(&self, entry: &LogEntry) -> bool {
        let same = |one: &LogEntry| (one.actor.clone(), one.action.clone(), one.reason.clone());
        same(&self.newest) == same(entry) && self.oldest.duration_since(entry.at) <= VISIT
    }

    fn add(&mut self, entry: LogEntry) {
        self.oldest = entry.at;
        self.objects.extend(entry.object.filter(|object| !self.objects.contains(object)));
    }

    fn view(&self, patient: &Patient, now: Timestamp, words: &Words) -> VisitView {
        let one = &self.newest;
        let hot = one.reason.as_deref() == Some("break-glass") || one.action == action::GLASS_BROKEN;
        VisitView {
            name: name(one, patient, words),
            role: role(one, words),
            at: words.minute_today(one.at, now),
            instant: one.at.to_string(),
            what: self.what(words),
            why: one.reason.as_deref().map(|reason| why(reason, words)),
            hot,
        }
    }

    fn what(&self, words: &Words) -> String {
        let key = format!("access-log-act-{}", self.newest.action.replace('.', "-"));
        let read = self.newest.action == action::RECORD_READ_INTENT;
        if !read {
            return words.text(if words.has(&key) { &key } else { "access-log-act-other" });
        }
        let mut names: Vec<String> = self.objects.iter().rev().map(|object| thing(object, words)).collect();
        names.dedup();
        words.with("access-log-read", &[("what", Arg::from(names.join(&words.text("list-separator"))))])
    }
}

/// A section, or another name of what is read.
fn thing(object: &str, words: &Words) -> String {
    let keys = [format!("section-{object}"), format!("access-log-what-{object}")];
    let known = keys.iter().find(|key| words.has(key));
    words.text(known.map_or("access-log-what-other", String::as_str))
}

fn name(one: &LogEntry, patient: &Patient, words: &Words) -> String {
    match one.actor.kind() {
        _ if one.actor == *patient.context.subject() => words.text("access-log-me"),
        "s" => words.text("access-log-system"),
        _ if one.name.is_empty() => words.text("access-log-nameless"),
        _ => one.name.clone(),
    }
}

fn role(one: &LogEntry, words: &Words) -> Option<String> {
    if one.actor.kind() != "u" {
        return None;
    }
    let known = one.groups.iter().map(|group| format!("access-log-role-{group}")).find(|key| words.has(key));
    Some(words.text(known.as_deref().unwrap_or("access-log-role-staff")))
}

/// A key of ours in words; what somebody wrote themselves as they wrote it.
fn why(reason: &str, words: &Words) -> String {
    let key = format!("access-log-why-{reason}");
    if words.has(&key) {
        return words.text(&key);
    }
    // As a broken glass has it: what it was for, and the words.
    let said = reason.split_once(": ").map_or(reason, |(_, said)| said);
    words.with("access-log-why-said", &[("reason", Arg::from(said))])
}
