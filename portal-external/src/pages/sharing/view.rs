//! What the pages of entrusting show.

use access::{Act, Object, Sections, Trust};
use accounts::family::{Invitation, Offer, Proxy, Terms, WantedProblem};
use ehr::Section;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use web::render::{Arg, Words, local};

use super::asked::{Answers, Step};
use crate::{portal::Portal, who::Patient};

/// `sharing.html`
#[derive(Serialize)]
pub struct SharingPage {
    /// What was just done.
    pub notice: Option<String>,
    /// Is it known whose record the account's owner has? Nobody else entrusts one.
    pub proven: bool,
    pub mine: Vec<ProxyView>,
    pub open: Vec<InvitationView>,
    pub of_others: Vec<ProxyView>,
}

/// Somebody who acts, or acted, for somebody.
#[derive(Serialize)]
pub struct ProxyView {
    id: String,
    name: String,
    called: String,
    what: String,
    until: String,
    /// Why it is over, and since when; absent while it is in force.
    ended: Option<String>,
    /// Where one acts: the record, else what else is entrusted.
    href: Option<String>,
    log_href: Option<String>,
}

/// An invitation that nobody has taken yet.
#[derive(Serialize)]
pub struct InvitationView {
    id: String,
    called: String,
    what: String,
    until: String,
    good_until: String,
}

/// `sharing/invited.html`
#[derive(Serialize)]
pub struct InvitedPage {
    code: String,
    link: String,
    invitation: InvitationView,
}

/// What an invitation is for.
#[derive(Serialize)]
pub struct OfferView {
    name: String,
    what: String,
    until: String,
}

/// `sharing/accept.html`
#[derive(Default, Serialize)]
pub struct AcceptPage {
    pub offer: Option<OfferView>,
    pub code: String,
    pub problem: Option<String>,
}

/// `sharing/end.html`
#[derive(Serialize)]
pub struct EndPage {
    one: ProxyView,
    /// Does one take back what one entrusted, or give back what is entrusted to one?
    mine: bool,
}

/// `sharing/new.html`: one question.
#[derive(Serialize)]
pub struct NewPage {
    step: &'static str,
    /// In words.
    problem: Option<String>,
    called: String,
    choices: Vec<Choice>,
    whole: bool,
    last_day: String,
    /// Answers before.
    kept: Vec<Kept>,
}

/// Something to tick.
#[derive(Serialize)]
pub struct Choice {
    value: &'static str,
    text: String,
    hint: String,
    chosen: bool,
}

/// A hidden field.
#[derive(Serialize)]
pub struct Kept {
    name: &'static str,
    value: String,
}

/// The words for what was just done.
pub fn notice(done: &str, words: &Words) -> String {
    words.text(&format!("sharing-done-{done}"))
}

fn day(at: Timestamp, words: &Words) -> String {
    words.long_date(&local(at).date().to_string())
}

fn until(terms: &Terms, words: &Words) -> String {
    // The last whole day, not the moment after it.
    let last = terms.until.map(|until| day(until - SignedDuration::from_millis(1), words));
    match last {
        None => words.text("sharing-until-never"),
        Some(day) => {
            let key = if terms.by_age { "sharing-until-age" } else { "sharing-until-day" };
            words.with(key, &[("day", Arg::from(day))])
        }
    }
}

fn what(terms: &Terms, words: &Words) -> String {
    let each = terms.trusts.iter().map(|trust| match (trust, &terms.sections) {
        (Trust::View, Sections::These(slugs)) => {
            let named = Section::ALL.iter().filter(|section| slugs.contains(section.slug()));
            let names: Vec<String> = named.map(|section| words.text(&format!("section-{}", section.slug()))).collect();
            let names = names.join(&words.text("list-separator"));
            words.with("sharing-what-sections", &[("sections", Arg::from(names))])
        }
        (trust, _) => words.text(&format!("sharing-what-{}", trust.as_str())),
    });
    each.collect::<Vec<_>>().join(&words.text("sharing-what-separator"))
}

/// Those of a list.
pub fn proxies(all: Vec<Proxy>, words: &Words) -> Vec<ProxyView> {
    all.into_iter().map(|one| ProxyView::new(one, words)).collect()
}

impl ProxyView {
    fn new(one: Proxy, words: &Words) -> Self {
        let ended = one.ended.map(|(at, by)| {
            words.with(&format!("sharing-ended-{}", by.as_str()), &[("day", Arg::from(day(at, words)))])
        });
        let may = |trust| ended.is_none() && one.terms.trusts.contains(&trust);
        Self {
            href: may(Trust::View).then(|| format!("/people/{}/record", one.subject)),
            log_href: may(Trust::AccessLog).then(|| format!("/people/{}/access-log", one.subject)),
            id: one.id.to_string(),
            what: what(&one.terms, words),
            until: until(&one.terms, words),
            name: one.name,
            called: one.called,
            ended,
        }
    }
}

/// One that waits.
pub fn invited(one: &Invitation, words: &Words) -> InvitationView {
    InvitationView {
        id: one.id.to_string(),
        called: one.called.clone(),
        what: what(&one.terms, words),
        until: until(&one.terms, words),
        good_until: words.minute(one.expires_at),
    }
}

/// What somebody sees before they take it.
pub fn offer(of: &Offer, words: &Words) -> OfferView {
    OfferView { name: of.name.clone(), what: what(&of.terms, words), until: until(&of.terms, words) }
}

impl InvitedPage {
    /// With its secret, this once.
    pub fn new(secret: &str, made: &Invitation, public_url: &str, words: &Words) -> Self {
        let link = format!("{}/sharing/accept", public_url.trim_end_matches('/'));
        Self { code: secret.to_owned(), link, invitation: invited(made, words) }
    }
}

impl EndPage {
    /// Of what ends.
    pub fn new(one: Proxy, mine: bool, words: &Words) -> Self {
        Self { one: ProxyView::new(one, words), mine }
    }
}

impl NewPage {
    /// The question of `step`, with what was answered before.
    pub fn new(
        portal: &Portal,
        patient: &Patient,
        answers: &Answers,
        (step, problem): (Step, Option<WantedProblem>),
        words: &Words,
    ) -> Self {
        let choices = match step {
            Step::Trusts => Trust::ALL.into_iter().map(|one| trust(one, answers, words)).collect(),
            Step::Sections => {
                let seen = |section: &Section| {
                    let object = Object::record(section.slug());
                    object.is_some_and(|object| portal.policy.decide(&patient.context, &object, Act::ReadRecord))
                };
                Section::ALL.into_iter().filter(seen).map(|one| section(one, answers, words)).collect()
            }
            _ => Vec::new(),
        };
        Self {
            step: step.as_str(),
            problem: problem.map(|one| words.text(&format!("sharing-problem-{}", one.as_str()))),
            called: answers.called.clone(),
            choices,
            whole: answers.whole,
            last_day: answers.last_day.clone(),
            kept: kept(answers, step),
        }
    }
}

fn trust(one: Trust, answers: &Answers, words: &Words) -> Choice {
    let name = one.as_str();
    let chosen = answers.trusts.contains(&one);
    Choice {
        value: name,
        text: words.text(&format!("sharing-trust-{name}")),
        hint: words.text(&format!("sharing-trust-{name}-hint")),
        chosen,
    }
}

fn section(one: Section, answers: &Answers, words: &Words) -> Choice {
    let slug = one.slug();
    Choice {
        value: slug,
        text: words.text(&format!("section-{slug}")),
        hint: words.text(&format!("section-hint-{slug}")),
        chosen: answers.sections.contains(slug),
    }
}

fn kept(answers: &Answers, step: Step) -> Vec<Kept> {
    let mut kept = Vec::new();
    if step > Step::Called {
        kept.push(Kept { name: "called", value: answers.called.clone() });
    }
    if step > Step::Trusts {
        kept.extend(answers.trusts.iter().map(|one| Kept { name: "trust", value: one.as_str().to_owned() }));
    }
    if step > Step::Sections {
        kept.extend(answers.whole.then(|| Kept { name: "whole", value: "yes".to_owned() }));
        kept.extend(answers.sections.iter().map(|one| Kept { name: "section", value: one.clone() }));
    }
    kept
}
