//! What the pages of connections show.

use record_view::mark_letter;
use serde::Serialize;
use sources::{Connection, ConnectionState, Copied, CopyState, Environment, FlowFault, FlowStep, Lasts, Source};
use web::{
    Lang,
    render::{Arg, Words, local},
};

use super::kinds::words_of;

/// Beyond so many hospitals there is a field to look for one.
const FEW: usize = 8;

/// `connections.html`
#[derive(Serialize)]
pub struct ConnectionsPage {
    /// What was just done.
    pub notice: Option<Notice>,
    /// Is it known whose record the account's owner has? Nobody else connects one.
    pub proven: bool,
    pub mine: Vec<ConnectionView>,
    pub offered: Vec<HospitalView>,
    /// How many there are to choose from, found or not.
    pub choices: usize,
    pub searched: bool,
    pub query: String,
    pub record_href: String,
}

/// Hospitals to choose from: all, or those that a search finds.
pub struct Offer {
    pub offered: Vec<HospitalView>,
    pub choices: usize,
    pub searched: bool,
}

impl Offer {
    /// Those of `all` whose name in either language holds `query`.
    pub fn find<'s>(all: impl Iterator<Item = &'s Source>, query: &str, words: &Words) -> Self {
        let all: Vec<&Source> = all.collect();
        let searched = all.len() > FEW;
        let wanted = query.trim().to_lowercase();
        let is_found = |source: &&&Source| {
            !searched || [&source.name.zh, &source.name.en].iter().any(|name| name.to_lowercase().contains(&wanted))
        };
        let offered = all.iter().filter(is_found).map(|source| HospitalView::new(source, words)).collect();
        Self { offered, choices: all.len(), searched }
    }
}

/// A notice on top of the page.
#[derive(Serialize)]
pub struct Notice {
    /// `ok` or `info`.
    pub tone: &'static str,
    pub icon: &'static str,
    pub title: String,
    pub text: String,
    pub href: Option<String>,
}

impl Notice {
    /// Of `connect-notice-KEY` and `connect-notice-KEY-text`.
    pub fn of(key: &str, tone: &'static str, words: &Words) -> Self {
        Self {
            tone,
            icon: if tone == "ok" { "circle-check" } else { "info" },
            title: words.text(&format!("connect-notice-{key}")),
            text: words.text(&format!("connect-notice-{key}-text")),
            href: None,
        }
    }

    /// That this hospital is connected now.
    pub fn connected(hospital: &str, record_href: &str, words: &Words) -> Self {
        let title = words.with("connect-notice-done", &[("hospital", Arg::from(hospital))]);
        let text = words.text("connect-notice-done-text");
        Self { tone: "ok", icon: "circle-check", title, text, href: Some(record_href.to_owned()) }
    }
}

/// A hospital by name.
#[derive(Serialize)]
pub struct HospitalView {
    pub id: String,
    pub name: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// For trying things out.
    pub sandbox: bool,
    pub href: String,
}

impl HospitalView {
    pub fn new(source: &Source, words: &Words) -> Self {
        Self {
            id: source.id.clone(),
            name: name_of(source, words),
            mark: mark_letter(source.mark),
            sandbox: source.environment == Environment::Sandbox,
            href: format!("/connections/new/{}", source.id),
        }
    }

    /// One that is in the catalogue no more.
    fn unknown(id: &str) -> Self {
        Self { id: id.to_owned(), name: id.to_owned(), mark: "x", sandbox: false, href: String::new() }
    }
}

/// In the reader's language.
pub fn name_of(source: &Source, words: &Words) -> String {
    match words.lang() {
        Lang::En => source.name.en.clone(),
        Lang::Zh => source.name.zh.clone(),
    }
}

/// A hospital that is connected.
#[derive(Serialize)]
pub struct ConnectionView {
    pub id: String,
    pub hospital: HospitalView,
    pub since: String,
    /// Until when it can be read, in words.
    pub lasts: String,
    /// What it shares.
    pub kinds: Vec<String>,
    /// What was asked for and is not shared.
    pub missing: Vec<String>,
    /// Why it does not answer until somebody signs in there again.
    pub why: Option<String>,
    /// What is kept for when the hospital can't be asked.
    pub copy: CopyView,
    /// Can one sign in there (again)?
    pub begins: bool,
}

/// The copy for when the hospital can't be asked.
#[derive(Serialize)]
pub struct CopyView {
    /// How it stands.
    text: String,
    /// That an older one is kept while another is made, or could not be.
    kept: Option<String>,
    /// How many files of documents are in it.
    files: Option<String>,
    /// What is not in it.
    left: Option<String>,
    /// Why it does not get on.
    why: Option<String>,
    /// It is being made: the page looks again by itself.
    busy: bool,
    done: u64,
    /// Of so many, where that is known.
    total: Option<u64>,
    /// `start` or `pause`.
    step: &'static str,
    /// On the button; without, there is none.
    button: Option<String>,
    /// There is something to throw away.
    removes: bool,
}

impl CopyView {
    /// `answers`: the hospital can be asked now. No copy of it can be made where it can't.
    fn new(copied: &Copied, answers: bool, words: &Words) -> Self {
        let state = copied.state.map_or("none", CopyState::as_str);
        let busy = matches!(copied.state, Some(CopyState::Wanted | CopyState::Running));
        let count = Arg::from(i64::try_from(copied.done).unwrap_or(i64::MAX));
        let at = copied.at.map(|at| words.minute(at));
        let text = match (copied.state, &at) {
            (Some(CopyState::Done), Some(at)) => words.with("connect-copy-done", &[("at", Arg::from(at.as_str()))]),
            _ => words.with(&format!("connect-copy-{state}"), &[("count", count)]),
        };
        let kept = at.filter(|_| copied.state != Some(CopyState::Done));
        let kept = kept.map(|at| words.with("connect-copy-kept", &[("at", Arg::from(at))]));
        let button = (busy || answers).then(|| words.text(&format!("connect-copy-do-{state}")));
        Self {
            text,
            kept,
            files: counted("connect-copy-files", copied.files.kept, words),
            left: left_out(copied, words),
            why: copied.why.as_ref().filter(|_| copied.state != Some(CopyState::Done)).map(|why| {
                let key = format!("connect-copy-why-{why}");
                words.text(if words.has(&key) { &key } else { "connect-copy-why-other" })
            }),
            busy,
            done: copied.done,
            total: copied.total.map(|total| total.max(copied.done)),
            removes: copied.state.is_some() && !busy,
            step: if busy { "pause" } else { "start" },
            button,
        }
    }
}

/// Words of a number, where there is one.
fn counted(key: &str, count: u64, words: &Words) -> Option<String> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    (count > 0).then(|| words.with(key, &[("count", Arg::from(count))]))
}

/// What of a record is not in its copy, each reason with how often.
fn left_out(copied: &Copied, words: &Words) -> Option<String> {
    let all = copied.files.left_out();
    let reasons = all.filter_map(|(why, count)| counted(&format!("connect-copy-left-{why}"), count, words));
    let reasons = reasons.collect::<Vec<_>>().join(&words.text("list-separator"));
    (!reasons.is_empty()).then(|| words.with("connect-copy-left", &[("reasons", Arg::from(reasons))]))
}

impl ConnectionView {
    /// `source` is its hospital, `begins` whether that takes people in now.
    pub fn new(connection: &Connection, source: Option<&Source>, begins: bool, words: &Words) -> Self {
        let day = |at| words.long_date(&local(at).date().to_string());
        let why = match &connection.state {
            ConnectionState::Active => None,
            ConnectionState::Reconnect { why } => {
                let key = format!("connect-again-{why}");
                Some(words.text(if words.has(&key) { &key } else { "connect-again-other" }))
            }
        };
        let lasts = match connection.lasts {
            Lasts::UntilWithdrawn => words.text("connect-lasts-withdrawn"),
            Lasts::Until(at) => words.with("connect-lasts-until", &[("at", Arg::from(words.minute(at)))]),
        };
        Self {
            id: connection.id.to_string(),
            hospital: source
                .map_or_else(|| HospitalView::unknown(&connection.source), |one| HospitalView::new(one, words)),
            since: day(connection.connected_at),
            lasts,
            kinds: words_of(connection.scopes.iter().map(String::as_str), words),
            missing: words_of(connection.missing.iter().map(String::as_str), words),
            why,
            copy: CopyView::new(&connection.copied, connection.state == ConnectionState::Active, words),
            begins,
        }
    }
}

/// `connections/consent.html`
#[derive(Serialize)]
pub struct ConsentPage {
    pub hospital: HospitalView,
    pub kinds: Vec<String>,
    pub host: String,
    /// Does it ask for access beyond this visit?
    pub lasting: bool,
}

impl ConsentPage {
    pub fn new(source: &Source, words: &Words) -> Self {
        let scopes = source.asked_scopes();
        Self {
            hospital: HospitalView::new(source, words),
            kinds: words_of(scopes.iter().copied(), words),
            host: source.entrance_host(),
            lasting: scopes.contains(&"offline_access"),
        }
    }
}

/// `connections/leaving.html`
#[derive(Serialize)]
pub struct LeavingPage {
    pub hospital: HospitalView,
    pub host: String,
    pub url: String,
    /// What is posted there; absent: one goes there.
    pub form: Option<Vec<(&'static str, String)>>,
}

/// `connections/arriving.html`
#[derive(Serialize)]
pub struct ArrivingPage {
    /// Its own path.
    pub action: String,
}

/// `connections/disconnect.html`, `connections/reset.html`
#[derive(Serialize)]
pub struct EndPage {
    /// Those that would end.
    pub mine: Vec<ConnectionView>,
}

/// `connections/failed.html`
#[derive(Serialize)]
pub struct FailedPage {
    /// The person said no: nothing went wrong.
    pub calm: bool,
    pub hospital: Option<HospitalView>,
    pub step: String,
    pub what: String,
    pub cure: String,
    /// The hospital's own words. From outside: text and nothing else.
    pub said: String,
    pub number: Option<String>,
    /// Where one tries again.
    pub again_href: Option<String>,
}

/// What helps against `why`, as a message key.
fn cure(why: &str) -> &'static str {
    match why {
        "denied" => "denied",
        "state-unknown" | "state-used" | "state-expired" | "state-elsewhere" | "no-code" => "again",
        "token-unreachable" | "patient-unreadable" => "later",
        "no-patient" | "another-person" | "not-alike" => "desk",
        _ => "number",
    }
}

impl FailedPage {
    /// `source` is the hospital, where it is known and takes people in.
    pub fn new(fault: &FlowFault, source: Option<&Source>, words: &Words) -> Self {
        let key = format!("connect-why-{}", fault.why);
        let hospital = source.map(|source| HospitalView::new(source, words));
        Self {
            calm: fault.why == "denied",
            step: words.text(&format!("connect-step-{}", fault.step.as_str())),
            what: words.text(if words.has(&key) { &key } else { "connect-why-other" }),
            cure: words.text(&format!("connect-cure-{}", cure(fault.why))),
            said: fault.said.clone(),
            number: fault.flow.map(|flow| flow.to_string()),
            again_href: hospital.as_ref().map(|hospital| hospital.href.clone()),
            hospital,
        }
    }
}

/// Whose doing it is, as HTTP says it: nobody's, what the browser brought, or the hospital's server.
pub fn status(fault: &FlowFault) -> poem::http::StatusCode {
    use poem::http::StatusCode;
    match (fault.step, fault.why) {
        (_, "denied") => StatusCode::OK,
        (FlowStep::Callback, _) | (_, "another-person" | "not-alike") => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    }
}
