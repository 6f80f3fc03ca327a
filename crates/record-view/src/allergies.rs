//! Allergies: the banner's line on every page about a patient, and the card of the summary. The states look and sound
//! different; "none known" is only said when every linked source said so (`ehr::AllergyState` sees to it).

use ehr::{Allergies, Allergy, AllergyState, SourceReport};
use serde::Serialize;
use web::render::Arg;

use crate::{
    Scene,
    facts::{self, Contradiction, SourceMark},
    sources::Sources,
};

/// Allergens named in the banner; the others are counted.
const NAMED: usize = 4;

/// The banner's line (`record.allergy_line`).
#[derive(Clone, Debug, Serialize)]
pub struct AllergyLine {
    /// As in JSON.
    pub state: &'static str,
    /// Class of the badge.
    pub class: &'static str,
    /// Icon.
    pub icon: &'static str,
    /// `过敏：` or the whole statement.
    pub title: String,
    /// Allergens with what happened.
    pub items: Vec<(String, String)>,
    /// How many more there are.
    pub more: usize,
    /// Why, who, what to do; empty where there is nothing to add.
    pub text: String,
    /// Who is silent, where something is known none the less.
    pub incomplete: Option<String>,
    /// The card.
    pub href: String,
}

/// The card of the summary.
#[derive(Clone, Debug, Serialize)]
pub struct AllergyCard {
    /// As in JSON.
    pub state: &'static str,
    /// What the state means, where there is no list to show it.
    pub title: String,
    /// Why, and what to do.
    pub text: String,
    /// Icon of the state.
    pub icon: &'static str,
    /// Gravest first.
    pub items: Vec<AllergyRow>,
    /// Refuted, inactive, resolved.
    pub past: Vec<AllergyRow>,
    /// Who says that there are none, and of what.
    pub none_known: Vec<AllergyRow>,
    /// Who is missing.
    pub missing: Vec<String>,
    /// Whose system does not offer it.
    pub not_offered: Vec<String>,
}

/// One allergy, or one statement that there is none.
#[derive(Clone, Debug, Serialize)]
pub struct AllergyRow {
    /// Usable as an anchor.
    pub id: String,
    /// What.
    pub name: String,
    /// `严重`, `中度` … in words.
    pub tag: Option<String>,
    /// `crit`, `warn` or `low`: class of the tag.
    pub tone: &'static str,
    /// What happened, since when.
    pub text: String,
    /// Remarks.
    pub notes: Vec<String>,
    /// Certainty or status worth a word.
    pub certainty: Option<String>,
    /// Who says so.
    pub sources: Vec<SourceMark>,
    /// Does another row say something else?
    pub conflict: bool,
}

fn silent_names(allergies: &Allergies, scene: &Scene<'_>) -> String {
    let names: Vec<String> = allergies.silent.iter().map(|one| scene.of(&one.name)).collect();
    scene.list(&names)
}

/// Class and icon of a state.
fn look(state: AllergyState) -> (&'static str, &'static str) {
    match state {
        AllergyState::Known | AllergyState::KnownIncomplete => ("", "octagon-alert"),
        AllergyState::NoneKnown => ("alg--none", "circle-check"),
        AllergyState::NotRecorded => ("alg--nr", "circle-dashed"),
        AllergyState::Unavailable => ("alg--off", "unplug"),
        AllergyState::Asking => ("alg--wait", "hourglass"),
        AllergyState::NotPermitted => ("alg--nr", "lock"),
    }
}

impl AllergyLine {
    /// `href` leads to the card.
    pub(crate) fn new(allergies: &Allergies, href: String, scene: &Scene<'_>) -> Self {
        let state = allergies.state;
        let (class, icon) = look(state);
        let item = |one: &Allergy| {
            let what = one.reactions.iter().map(|reaction| reaction.what.as_str()).find(|what| !what.is_empty());
            (one.fact.code.text.clone(), what.unwrap_or_default().to_owned())
        };
        let names = silent_names(allergies, scene);
        Self {
            state: state.as_str(),
            class,
            icon,
            title: scene.text(&format!("allergy-{}", state.as_str())),
            items: allergies.items.iter().take(NAMED).map(item).collect(),
            more: allergies.items.len().saturating_sub(NAMED),
            text: match state {
                AllergyState::Known | AllergyState::KnownIncomplete => String::new(),
                AllergyState::Unavailable if !names.is_empty() => {
                    scene.with("allergy-silent", &[("names", Arg::from(names.as_str()))])
                }
                AllergyState::NotRecorded if !allergies.none_known.is_empty() => {
                    scene.text("allergy-text-not-everywhere")
                }
                _ => scene.text(&format!("allergy-text-{}", state.as_str())),
            },
            incomplete: (state == AllergyState::KnownIncomplete)
                .then(|| scene.with("allergy-silent", &[("names", Arg::from(names))])),
            href,
        }
    }
}

impl AllergyCard {
    pub(crate) fn new(allergies: &Allergies, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let row = |one: &Allergy| AllergyRow::new(one, reports, scene);
        let state = allergies.state;
        Self {
            state: state.as_str(),
            title: scene.text(&format!("allergy-{}", state.as_str())),
            text: scene.text(&format!("allergy-text-{}", state.as_str())),
            icon: look(state).1,
            items: allergies.items.iter().map(row).collect(),
            past: allergies.past.iter().map(row).collect(),
            none_known: allergies.none_known.iter().map(row).collect(),
            missing: facts::missing(&allergies.silent, scene),
            not_offered: facts::not_offered(&allergies.silent, scene),
        }
    }
}

impl AllergyRow {
    fn new(one: &Allergy, reports: &[SourceReport], scene: &Scene<'_>) -> Self {
        let severity =
            one.reactions.iter().filter_map(|reaction| reaction.severity.as_deref()).max_by_key(|severity| {
                match *severity {
                    "severe" => 3,
                    "moderate" => 2,
                    _ => 1,
                }
            });
        let (tag, tone) = match (one.criticality.as_deref(), severity) {
            _ if one.scope.is_some() => (None, "low"),
            (_, Some("severe")) => (Some(scene.text("severity-severe")), "crit"),
            (Some("high"), _) => (Some(scene.text("criticality-high")), "crit"),
            (_, Some("moderate")) => (Some(scene.text("severity-moderate")), "warn"),
            (_, Some(other)) => (Some(scene.coded("severity-", other)), "low"),
            (Some(other), None) => (Some(scene.coded("criticality-", other)), "low"),
            (None, None) => (None, "low"),
        };
        let mut said: Vec<String> =
            one.reactions.iter().map(|reaction| reaction.what.clone()).filter(|what| !what.is_empty()).collect();
        if said.is_empty() && one.scope.is_none() {
            said.push(scene.text("reaction-not-said"));
        }
        // The time of a row is the onset, else when it was written down: only the latter needs a word.
        match (&one.fact.time, &one.recorded) {
            (Some(time), recorded) if recorded.as_ref() != Some(time) => said.push(scene.day(time)),
            (Some(time), _) | (None, Some(time)) => {
                said.push(scene.with("recorded-at", &[("date", Arg::from(scene.day(time)))]));
            }
            (None, None) => {}
        }
        let certainty = match (one.verification.as_str(), one.fact.status.as_str()) {
            ("confirmed" | "", "active" | "") => None,
            ("confirmed" | "", status) => Some(scene.coded("clinical-", status)),
            (verification, _) => Some(scene.coded("verification-", verification)),
        };
        Self {
            id: one.fact.id.clone(),
            name: one.scope.map_or_else(
                || one.fact.code.text.clone(),
                |scope| scene.text(&format!("none-known-{}", scope.as_str())),
            ),
            tag,
            tone,
            text: scene.list(&said),
            notes: one.notes.clone(),
            certainty,
            sources: facts::marks(&one.fact.origins, reports, scene),
            conflict: one.fact.is_contradicted(),
        }
    }
}

/// Allergies of one hospital against "none known" of another, side by side.
pub(crate) fn contradictions(allergies: &Allergies, reports: &[SourceReport], scene: &Scene<'_>) -> Vec<Contradiction> {
    let rows = allergies.items.iter().chain(&allergies.past).chain(&allergies.none_known);
    let say = |one: &Allergy| {
        let row = AllergyRow::new(one, reports, scene);
        let said: Vec<String> =
            [Some(row.name), row.tag, row.certainty, Some(row.text)].into_iter().flatten().collect();
        scene.list(&said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>())
    };
    let mut all = facts::contradictions(rows, |one| &one.fact, say, reports, scene);
    for one in &mut all {
        one.name = scene.text("allergies-title");
    }
    all
}

/// The same for the patient: one sentence about what the state means.
pub(crate) fn plain_sentence(allergies: &Allergies, sources: &Sources, scene: &Scene<'_>) -> String {
    let names = silent_names(allergies, scene);
    let key = if sources.linked { allergies.state.as_str() } else { "not-linked" };
    scene.with(&format!("plain-allergy-{key}"), &[("names", Arg::from(names))])
}
