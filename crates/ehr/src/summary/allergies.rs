//! Allergies: allergens, statements that there are none, and what both amount to.

// not shown: words that hospitals write, only compared with.

use std::collections::{BTreeSet, HashMap};

use fhir::rows::{AllergyIntolerance, AllergyReaction, When};

use super::{Allergies, Allergy, AllergyState, NoneScope, Reaction};
use crate::concept::{Concept, SNOMED, status_code, words};
use crate::fact::silent;
use crate::joined::{Row, RowSource, add_new, conflict, fill, item, join, mark_conflicts, newest_first, state_key};
use crate::{ClinicalTime, Part, SourceReport, SourceState};

/// "No known …" as SNOMED CT situations.
const NONE_SNOMED: [(&str, NoneScope); 6] = [
    ("716186003", NoneScope::Any),
    ("409137002", NoneScope::Medication),
    ("429625007", NoneScope::Food),
    ("428607008", NoneScope::Environment),
    ("428197003", NoneScope::Environment),
    ("1003774007", NoneScope::Environment),
];
/// The same as IPS absent-unknown codes
/// (<https://hl7.org/fhir/uv/ips/STU1.1/CodeSystem-absent-unknown-uv-ips.html>).
const NONE_IPS: [(&str, NoneScope); 4] = [
    ("no-known-allergies", NoneScope::Any),
    ("no-known-medication-allergies", NoneScope::Medication),
    ("no-known-food-allergies", NoneScope::Food),
    ("no-known-environmental-allergies", NoneScope::Environment),
];
/// "Nobody asked" is no statement about the patient (IPS; SNOMED CT 1631000175102 "patient not asked").
const NOT_ASKED: [&str; 2] = ["no-allergy-info", "1631000175102"];
/// Words of the whole text; written in `search_form`.
const NONE_WORDS: [(&str, NoneScope); 21] = [
    ("无已知过敏", NoneScope::Any),
    ("无已知过敏史", NoneScope::Any),
    ("无过敏", NoneScope::Any),
    ("无过敏史", NoneScope::Any),
    ("否认过敏", NoneScope::Any),
    ("否认过敏史", NoneScope::Any),
    ("未发现过敏", NoneScope::Any),
    ("否认药物、食物过敏史", NoneScope::Any),
    ("否认药物及食物过敏史", NoneScope::Any),
    ("否认食物、药物过敏史", NoneScope::Any),
    ("noknownallergies", NoneScope::Any),
    ("noknownallergy", NoneScope::Any),
    ("nka", NoneScope::Any),
    ("noallergies", NoneScope::Any),
    ("否认药物过敏", NoneScope::Medication),
    ("否认药物过敏史", NoneScope::Medication),
    ("无药物过敏史", NoneScope::Medication),
    ("noknowndrugallergies", NoneScope::Medication),
    ("nkda", NoneScope::Medication),
    ("否认食物过敏史", NoneScope::Food),
    ("无食物过敏史", NoneScope::Food),
];

item!(Allergy, self, other, {
    fill(&mut self.nature, &other.nature);
    fill(&mut self.criticality, &other.criticality);
    fill(&mut self.last, &other.last);
    // The earliest that anybody wrote it down.
    self.recorded = [self.recorded.take(), other.recorded.clone()].into_iter().flatten().min();
    if self.verification.is_empty() {
        self.verification.clone_from(&other.verification);
    }
    add_new(&mut self.categories, &other.categories);
    add_new(&mut self.reactions, &other.reactions);
    add_new(&mut self.notes, &other.notes);
});

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Allergic,
    NoLonger,
    NoneKnown(NoneScope),
}

/// Allergies of one source.
#[derive(Debug)]
pub(crate) struct AllergyRows {
    source: RowSource,
    rows: Vec<Row<Allergy>>,
    pub without_id: u32,
}

impl AllergyRows {
    pub fn new(source: RowSource) -> Self {
        Self { source, rows: Vec::new(), without_id: 0 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Takes a resource that has been checked to be the patient's.
    pub fn add(&mut self, row: &AllergyIntolerance<'_>) {
        let verification = status_code(row.verification_status.as_ref());
        if verification == "entered-in-error" {
            return;
        }
        let mut concept = Concept::read(row.code.as_ref());
        if concept.is_empty() {
            // Some name the substance only in the reaction.
            let substances = row.reaction.iter().filter_map(|reaction| reaction.substance.as_ref());
            concept = substances.map(|substance| Concept::read(Some(substance))).next().unwrap_or_default();
        }
        if concept.code.codings.iter().any(|coding| NOT_ASKED.contains(&coding.code.as_str())) {
            return;
        }
        let onset = row.onset.and_then(|onset| match onset {
            When::DateTime(text) => ClinicalTime::parse(text),
            When::Period(period) => period.start.and_then(ClinicalTime::parse),
            _ => None,
        });
        let recorded = row.recorded_date.and_then(ClinicalTime::parse);
        let status = status_code(row.clinical_status.as_ref());
        let time = onset.clone().or_else(|| recorded.clone());
        let fact = self.source.fact("AllergyIntolerance", row.id, row.meta, &concept, time, &status);
        let Some(fact) = fact else {
            self.without_id += 1;
            return;
        };
        let allergy = Allergy {
            scope: none_scope(&concept),
            verification,
            nature: row.kind.map(str::to_owned),
            categories: row.category.iter().map(|category| (*category).to_owned()).collect(),
            criticality: row.criticality.map(str::to_owned),
            reactions: reactions(row.reaction),
            recorded,
            last: row.last_occurrence.and_then(ClinicalTime::parse),
            notes: row.note.iter().filter_map(|note| note.text).map(str::to_owned).collect(),
            fact,
        };
        // Being allergic lasts: when it was written down is not part of what is said, when it began is.
        let value = match says(&allergy) {
            Says::NoneKnown(scope) => format!("none-{}", scope.as_str()),
            Says::NoLonger => format!("past-{}-{}", allergy.fact.status, allergy.verification),
            Says::Allergic if matches!(allergy.verification.as_str(), "" | "confirmed") => "active".to_owned(),
            Says::Allergic => format!("active-{}", allergy.verification),
        };
        let key = state_key(&concept, onset.as_ref(), &value);
        self.rows.push(Row { item: allergy, order: self.source.order, key, names: concept.names });
    }
}

/// Each sign once, with its severity.
fn reactions(all: &[AllergyReaction<'_>]) -> Vec<Reaction> {
    let mut kept = Vec::new();
    for reaction in all {
        let severity = reaction.severity.map(str::to_owned);
        let signs = reaction.manifestation.iter().map(words).filter(|words| !words.is_empty());
        let mut signs: Vec<String> = signs.collect();
        if signs.is_empty() {
            signs.extend(reaction.description.map(str::to_owned));
        }
        let said = signs.into_iter().map(|what| Reaction { what, severity: severity.clone() });
        add_new(&mut kept, &said.collect::<Vec<_>>());
    }
    kept
}

/// Is it the statement that there is none? By code, else by the whole text: `无` somewhere in it proves nothing.
fn none_scope(concept: &Concept) -> Option<NoneScope> {
    let coded = concept.code.codings.iter().find_map(|coding| {
        let snomed = coding.system.as_deref().is_none_or(|system| system == SNOMED || system.ends_with(".6.96"));
        let by_snomed = NONE_SNOMED.iter().filter(|_| snomed).find(|(code, _)| *code == coding.code);
        by_snomed.or_else(|| NONE_IPS.iter().find(|(code, _)| *code == coding.code)).map(|(_, scope)| *scope)
    });
    coded.or_else(|| {
        let form = patients::search_form(&concept.code.text);
        let form = form.trim_end_matches(['。', '.']);
        NONE_WORDS.iter().find(|(words, _)| *words == form).map(|(_, scope)| *scope)
    })
}

fn says(allergy: &Allergy) -> Says {
    let refuted = allergy.verification == "refuted";
    let ended = matches!(allergy.fact.status.as_str(), "inactive" | "resolved");
    match allergy.scope {
        // "None known" that was taken back says nothing that holds.
        Some(_) if refuted || ended => Says::NoLonger,
        Some(scope) => Says::NoneKnown(scope),
        None if refuted || ended => Says::NoLonger,
        None => Says::Allergic,
    }
}

/// All sources' allergies as one view.
pub(crate) fn join_allergies(parts: Vec<AllergyRows>, sources: &[SourceReport]) -> Allergies {
    let mut rows: Vec<Row<Allergy>> = parts.into_iter().flat_map(|part| part.rows).collect();
    part_criticalities(&mut rows);
    let mut rows = join(rows);
    let allergic = |allergy: &Allergy| says(allergy) == Says::Allergic;
    mark_conflicts(&mut rows, |one, other| allergic(one) && says(other) == Says::NoLonger && other.scope.is_none());
    mark_none_known(&mut rows);
    let mut allergies = Allergies { silent: silent(sources, Part::Allergies), ..Allergies::default() };
    for row in rows {
        match says(&row.item) {
            Says::Allergic => allergies.items.push(row.item),
            Says::NoLonger => allergies.past.push(row.item),
            Says::NoneKnown(_) => allergies.none_known.push(row.item),
        }
    }
    let gravest = |one: &Allergy, other: &Allergy| other.is_grave().cmp(&one.is_grave());
    let words = |one: &Allergy, other: &Allergy| {
        (&one.fact.code.text, &one.fact.id).cmp(&(&other.fact.code.text, &other.fact.id))
    };
    allergies.items.sort_by(|one, other| gravest(one, other).then_with(|| words(one, other)));
    allergies.past.sort_by(|one, other| newest_first(&one.fact, &other.fact));
    allergies.none_known.sort_by(|one, other| newest_first(&one.fact, &other.fact));
    allergies.state = state(&allergies, sources);
    allergies
}

/// Of one substance, two different criticalities are two statements; one that says none goes with either.
fn part_criticalities(rows: &mut [Row<Allergy>]) {
    let mut said: HashMap<String, BTreeSet<String>> = HashMap::new();
    for row in rows.iter() {
        if let (Some(key), Some(criticality)) = (&row.key, &row.item.criticality) {
            said.entry(key.clone()).or_default().insert(criticality.clone());
        }
    }
    for row in rows {
        let apart = row.key.as_ref().and_then(|key| said.get(key)).is_some_and(|said| said.len() > 1);
        if let (true, Some(key)) = (apart, &mut row.key) {
            key.push('\u{1f}');
            key.push_str(row.item.criticality.as_deref().unwrap_or("-"));
        }
    }
}

/// An allergen here, "none known" there: every such pair stands side by side. A statement about medicines alone does not
/// contradict an allergy that is said to be one to food.
fn mark_none_known(rows: &mut [Row<Allergy>]) {
    let ids = |wanted: &dyn Fn(&Allergy) -> bool| -> Vec<usize> {
        rows.iter().enumerate().filter(|(_, row)| wanted(&row.item)).map(|(at, _)| at).collect()
    };
    let allergic = ids(&|allergy| says(allergy) == Says::Allergic);
    let none = ids(&|allergy| matches!(says(allergy), Says::NoneKnown(_)));
    for allergen in allergic {
        for statement in &none {
            let Says::NoneKnown(scope) = says(&rows[*statement].item) else { continue };
            if !covers(scope, &rows[allergen].item.categories) {
                continue;
            }
            let (one, other) = (rows[allergen].item.fact.id.clone(), rows[*statement].item.fact.id.clone());
            conflict(&mut rows[allergen].item.fact, &other);
            conflict(&mut rows[*statement].item.fact, &one);
        }
    }
}

fn covers(scope: NoneScope, categories: &[String]) -> bool {
    let category = match scope {
        NoneScope::Any => return true,
        NoneScope::Medication => "medication",
        NoneScope::Food => "food",
        NoneScope::Environment => "environment",
    };
    categories.is_empty() || categories.iter().any(|own| own == category)
}

/// UX, convention 2.
fn state(allergies: &Allergies, sources: &[SourceReport]) -> AllergyState {
    let linked: Vec<&SourceReport> = sources.iter().filter(|report| report.state != SourceState::NotLinked).collect();
    let everybody_answered = allergies.silent.is_empty() && !linked.is_empty();
    let says_none = |source: &str| {
        let mut whole = allergies.none_known.iter().filter(|statement| statement.scope == Some(NoneScope::Any));
        whole.any(|statement| statement.fact.is_from(source))
    };
    match (allergies.items.is_empty(), everybody_answered) {
        (false, true) => AllergyState::Known,
        (false, false) => AllergyState::KnownIncomplete,
        (true, false) => AllergyState::Unavailable,
        (true, true) if linked.iter().all(|report| says_none(&report.id)) => AllergyState::NoneKnown,
        (true, true) => AllergyState::NotRecorded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(system: Option<&str>, code: &str, text: &str, expect: Option<NoneScope>) {
        let codings = [fhir::rows::Coding { system, code: Some(code), display: None }];
        let coding = if code.is_empty() { &[][..] } else { &codings[..] };
        let concept = fhir::rows::CodeableConcept { coding, text: Some(text) };
        assert_eq!(none_scope(&Concept::read(Some(&concept))), expect, "{code} {text}");
    }

    #[test]
    fn none_known_is_a_statement_and_not_a_word_in_a_text() {
        check(Some(SNOMED), "716186003", "随便", Some(NoneScope::Any));
        check(Some("urn:oid:2.16.840.1.113883.6.96"), "409137002", "", Some(NoneScope::Medication));
        check(Some("urn:other"), "716186003", "", None);
        check(None, "no-known-food-allergies", "", Some(NoneScope::Food));
        check(None, "", "否认 过敏史。", Some(NoneScope::Any));
        check(None, "", "No Known Allergies", Some(NoneScope::Any));
        check(None, "", "否认药物过敏史", Some(NoneScope::Medication));
        check(None, "", "青霉素（否认其他过敏史）", None);
        check(None, "", "无花果", None);
        check(None, "", "", None);
    }

    #[test]
    fn words_are_written_as_they_are_compared() {
        assert!(NONE_WORDS.iter().all(|(words, _)| patients::search_form(words) == *words));
    }
}
