//! The truth about completeness: who answered, who did not, what may be missing.

use ehr::{Gathered, PartReport, SourceReport, SourceState};
use jiff::Timestamp;
use serde::Serialize;
use web::render::Arg;

use crate::{Scene, scene::mark_letter};

/// What became of every source (`sources` in templates).
#[derive(Clone, Debug, Serialize)]
pub struct Sources {
    /// `2026-11-21 21:26`
    pub as_of: String,
    /// The same as an instant.
    pub as_of_instant: String,
    /// One per configured source.
    pub items: Vec<SourceView>,
    /// May a view say "none"?
    pub complete: bool,
    /// Is the patient linked anywhere?
    pub linked: bool,
    /// Did anyone at all answer?
    pub answered: bool,
    /// What to say on top of the page when an answer is missing.
    pub notice: Option<Notice>,
    /// What hospitals do not offer at all, one line each: it is so every day, so no warning, and never "none".
    pub not_offered: Vec<String>,
    /// Asks again.
    pub retry_href: String,
    /// What is new to the reader since they looked last, in a sentence.
    pub fresh: Option<String>,
    /// `可能不全：市中医院`, for cards and prints; nothing when no answer is missing.
    pub without: Option<String>,
}

/// One source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceView {
    /// Its id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Short name, for lines of badges.
    pub short: String,
    /// Letter of its mark.
    pub mark: &'static str,
    /// As in JSON.
    pub state: &'static str,
    /// In words.
    pub state_text: String,
    /// `ok`, `warn`, `bad` or `off`: class of the state.
    pub tone: &'static str,
    /// Icon of the state.
    pub icon: &'static str,
    /// What came, or why nothing did; for clinicians.
    pub detail: String,
    /// Is an answer missing that could have come?
    pub silent: bool,
    /// A source that is not part of this view at all, or has nothing to give to it, says so instead of bearing its mark.
    pub aside: bool,
}

/// A notice above the content.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// One line.
    pub title: String,
    /// One per silent source: who, how long, what may be missing.
    pub lines: Vec<String>,
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Clinician,
    /// A clinician who looks for people.
    Searcher,
    Patient,
}

impl Sources {
    /// The ledger of a gathered section. `retry_href` asks again (a GET; the section's address with `refresh=true`).
    pub fn new<T>(gathered: &Gathered<T>, retry_href: &str, scene: &Scene<'_>) -> Self {
        Self::build(&gathered.sources, gathered.as_of, retry_href, Audience::Clinician, scene)
    }

    /// The same in plain words.
    pub fn for_patient<T>(gathered: &Gathered<T>, retry_href: &str, scene: &Scene<'_>) -> Self {
        Self::build(&gathered.sources, gathered.as_of, retry_href, Audience::Patient, scene)
    }

    pub(crate) fn build(
        reports: &[SourceReport],
        as_of: Timestamp,
        retry_href: &str,
        audience: Audience,
        scene: &Scene<'_>,
    ) -> Self {
        let items: Vec<_> = reports.iter().map(|report| SourceView::new(report, audience, scene)).collect();
        let silent: Vec<_> = reports.iter().filter(|report| gap(report, audience) == Gap::Unanswered).collect();
        let names: Vec<String> = silent.iter().map(|report| scene.of(&report.name)).collect();
        let linked = reports.iter().filter(|report| report.state != SourceState::NotLinked).count();
        let notice = (!silent.is_empty()).then(|| match audience {
            Audience::Clinician | Audience::Searcher => Notice {
                title: scene
                    .with("partial-title", &[("linked", Arg::from(linked)), ("silent", Arg::from(silent.len()))]),
                lines: silent.iter().map(|report| silence(report, scene)).collect(),
            },
            Audience::Patient => Notice {
                title: scene.with("partial-patient-title", &[("names", Arg::from(scene.list(&names)))]),
                lines: vec![scene.with("partial-patient-text", &[("others", Arg::from(linked - silent.len()))])],
            },
        });
        Self {
            as_of: scene.instant(as_of),
            as_of_instant: as_of.to_string(),
            complete: !reports.iter().any(|report| is_silent(report.state)),
            linked: linked > 0,
            answered: reports.iter().any(|r| matches!(r.state, SourceState::Answered | SourceState::Partial)),
            without: notice.is_some().then(|| scene.with("without", &[("names", Arg::from(scene.list(&names)))])),
            fresh: scene.fresh_line(notice.is_some()),
            notice,
            not_offered: reports.iter().filter_map(|report| not_offered(report, audience, scene)).collect(),
            items,
            retry_href: retry_href.to_owned(),
        }
    }
}

/// Is something missing because of a source in this state?
pub(crate) fn is_silent(state: SourceState) -> bool {
    !matches!(state, SourceState::Answered | SourceState::NotLinked)
}

/// Why a view is not the whole truth about a source.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// It is.
    None,
    /// The hospital's system does not offer something: nothing failed, and asking again changes nothing.
    NotOffered,
    /// An answer is missing that could have come.
    Unanswered,
}

fn gap(report: &SourceReport, audience: Audience) -> Gap {
    let open = || report.parts.iter().filter(|part| part.state != SourceState::Answered);
    match report.state {
        SourceState::Answered | SourceState::NotLinked => Gap::None,
        // Who is looked for and not found because a system can't search is missing from this very list.
        SourceState::Unsupported if audience != Audience::Searcher => Gap::NotOffered,
        SourceState::Partial
            if report.dropped == 0
                && open().next().is_some()
                && open().all(|part| part.state == SourceState::Unsupported) =>
        {
            Gap::NotOffered
        }
        _ => Gap::Unanswered,
    }
}

fn part_names<'p>(parts: impl Iterator<Item = &'p PartReport>, scene: &Scene<'_>) -> Option<String> {
    let names: Vec<String> = parts.map(|part| scene.coded("part-name-", part.part.as_str())).collect();
    (!names.is_empty()).then(|| scene.list(&names))
}

/// `清溪社区不提供器械数据`, also where something else is missing from there.
fn not_offered(report: &SourceReport, audience: Audience, scene: &Scene<'_>) -> Option<String> {
    let parts = report.parts.iter().filter(|part| part.state == SourceState::Unsupported);
    let key = match (audience, report.state) {
        (Audience::Searcher, _) | (_, SourceState::Hidden) => return None,
        (Audience::Patient, SourceState::Unsupported) => "not-offered-plain",
        (Audience::Clinician, SourceState::Unsupported) => "not-offered",
        (Audience::Patient, _) => "not-offered-parts-plain",
        (Audience::Clinician, _) => "not-offered-parts",
    };
    let mut args = vec![("name", Arg::from(scene.of(&report.name)))];
    if report.state != SourceState::Unsupported {
        args.push(("parts", Arg::from(part_names(parts, scene)?)));
    }
    Some(scene.with(key, &args))
}

/// Seconds with one decimal: people read `8 秒`, not milliseconds.
pub(crate) fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds.div_ceil(100).max(1);
    if tenths.is_multiple_of(10) { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

fn why(report: &SourceReport, scene: &Scene<'_>) -> String {
    reason(report.detail.as_deref(), scene)
}

fn reason(detail: Option<&str>, scene: &Scene<'_>) -> String {
    match detail {
        Some(key) if scene.words.has(key) => scene.text(key),
        _ => scene.text("why-unknown"),
    }
}

/// Which parts failed, and why, each reason once; nothing where the section has no parts, or all of it failed.
fn failed_parts(report: &SourceReport, scene: &Scene<'_>) -> Option<(String, String)> {
    let failed =
        || report.parts.iter().filter(|part| !matches!(part.state, SourceState::Answered | SourceState::Unsupported));
    let mut reasons: Vec<String> = Vec::new();
    for reason in failed().map(|part| reason(part.detail.as_deref(), scene)) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    Some((part_names(failed(), scene)?, scene.list(&reasons)))
}

/// The state in words, as the end of their keys: who was not asked did not fail to answer.
fn told_as(report: &SourceReport, state: SourceState) -> &'static str {
    match state {
        SourceState::Unreachable if report.was_not_asked() => "not-asked",
        state => state.as_str(),
    }
}

/// Who, how long, what may be missing.
fn silence(report: &SourceReport, scene: &Scene<'_>) -> String {
    if let (SourceState::Partial, Some((parts, why))) = (report.state, failed_parts(report, scene)) {
        let args = [
            ("name", Arg::from(scene.of(&report.name))),
            ("parts", Arg::from(parts)),
            ("why", Arg::from(why)),
            ("entries", Arg::from(report.entries)),
        ];
        return scene.with("silence-parts", &args);
    }
    let args = [
        ("name", Arg::from(scene.of(&report.name))),
        ("seconds", Arg::from(seconds(report.waited_ms))),
        ("why", Arg::from(why(report, scene))),
        ("entries", Arg::from(report.entries)),
        ("pages", Arg::from(report.pages)),
    ];
    scene.with(&format!("silence-{}", told_as(report, report.state)), &args)
}

impl SourceView {
    fn new(report: &SourceReport, audience: Audience, scene: &Scene<'_>) -> Self {
        let gap = gap(report, audience);
        let in_part_by_nature = gap == Gap::NotOffered && report.state == SourceState::Partial;
        let (tone, icon) = match report.state {
            SourceState::Answered => ("ok", "circle-check"),
            SourceState::Partial if in_part_by_nature => ("ok", "circle-check"),
            SourceState::Partial => ("warn", "triangle-alert"),
            SourceState::Refused => ("bad", "lock"),
            SourceState::Unreachable => ("bad", "circle-x"),
            SourceState::Unsupported | SourceState::Hidden | SourceState::NotLinked => ("off", "circle-minus"),
        };
        let args = [
            ("seconds", Arg::from(seconds(report.waited_ms))),
            ("queries", Arg::from(report.queries)),
            ("pages", Arg::from(report.pages)),
            ("entries", Arg::from(report.entries)),
            ("why", Arg::from(why(report, scene))),
        ];
        let about = if audience == Audience::Searcher { "search-detail" } else { "source-detail" };
        // What a hospital has and gave it gave in full.
        let told = if in_part_by_nature { SourceState::Answered } else { report.state };
        let mut detail = scene.with(&format!("{about}-{}", told_as(report, told)), &args);
        let not_offered = report.parts.iter().filter(|part| part.state == SourceState::Unsupported);
        if let Some(parts) = part_names(not_offered, scene) {
            detail.push_str(&scene.text("sentence-separator"));
            detail.push_str(&scene.with("source-not-offered", &[("parts", Arg::from(parts))]));
        }
        if report.dropped > 0 {
            detail.push_str(&scene.text("sentence-separator"));
            detail.push_str(&scene.with("source-dropped", &[("dropped", Arg::from(report.dropped))]));
        }
        if let Some(age) = report.age_s.filter(|age| *age >= 60) {
            detail.push_str(&scene.text("sentence-separator"));
            detail.push_str(&scene.with("source-age", &[("minutes", Arg::from(age / 60))]));
        }
        Self {
            id: report.id.clone(),
            name: scene.of(&report.name),
            short: scene.of(&report.short_name),
            mark: mark_letter(report.mark),
            state: report.state.as_str(),
            state_text: scene.text(&format!("state-{}", told_as(report, told))),
            tone,
            icon,
            detail,
            silent: gap == Gap::Unanswered,
            aside: matches!(report.state, SourceState::NotLinked | SourceState::Unsupported),
        }
    }
}
