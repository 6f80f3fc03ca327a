//! When a patient sees a laboratory result: `data/release-policy.toml`, applied.

mod parts;

use std::collections::HashSet;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

use crate::charts::Reader;
use crate::{ClinicalTime, Held, Origin, SourceReport};
pub(crate) use parts::{hold_allergies, hold_entries, hold_summary, hold_visits, holds_content};

use crate::labs::{Flag, LabResult, catalogue};

const TEXT: &str = include_str!("../data/release-policy.toml");

#[derive(Debug, Default, serde::Deserialize)]
struct Policy {
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
    /// Parts of the summary and of visits; one that is not named is not shown.
    #[serde(rename = "part")]
    parts: Vec<parts::PartRule>,
}

#[derive(Debug, serde::Deserialize)]
struct Rule {
    release: Release,
    hours: Option<i64>,
    #[serde(default)]
    status_not: Vec<String>,
    #[serde(default)]
    critical: bool,
    #[serde(default)]
    panels: Vec<String>,
    #[serde(default)]
    analytes: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    /// Beginnings of ICD-10 codes.
    #[serde(default)]
    icd10: Vec<String>,
    /// Do its words count in the running text of notes?
    #[serde(default)]
    texts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Release {
    Immediate,
    InProgress,
    Delayed,
    AfterReview,
    InPerson,
    NeverOnline,
}

/// Not final yet.
const IN_PROGRESS: &str = "held-in-progress";
/// A person explains it. One name for all reasons: a name of its own would tell what it hides.
const EXPLAINED: &str = "held-explained";

fn policy() -> &'static Policy {
    static POLICY: OnceLock<Policy> = OnceLock::new();
    POLICY.get_or_init(|| {
        let mut policy: Policy = match toml::from_str(TEXT) {
            Ok(policy) => policy,
            // never fails: the text is compiled in and a test reads it. Without rules everything would be shown.
            Err(error) => unreachable!("the release policy can't be read: {error}"),
        };
        for rule in &mut policy.rules {
            rule.words.iter_mut().for_each(|word| *word = patients::search_form(word));
        }
        policy
    })
}

/// Does the policy stand between this reader and the record?
pub(crate) fn applies(reader: Reader<'_>) -> bool {
    matches!(reader, Reader::Patient(_)) && access::Safeguard::ReleasePolicy.stands()
}

/// Entries as far as they are shown: what a source gave beyond that is held, and its number would say where.
pub(crate) fn recount<'o>(sources: &mut [SourceReport], shown: impl Iterator<Item = &'o Origin>) {
    let shown: HashSet<&Origin> = shown.collect();
    for report in sources {
        let own = shown.iter().filter(|origin| origin.source == report.id).count();
        report.entries = u32::try_from(own).unwrap_or(u32::MAX);
    }
}

/// Takes out of `results` what the patient may not see at `now`, and counts it. What stays names nothing that was taken.
pub(crate) fn hold(results: &mut Vec<LabResult>, now: Timestamp) -> Vec<Held> {
    let (mut in_progress, mut explained) = (0, 0);
    let mut taken: HashSet<String> = HashSet::new();
    results.retain(|result| match held(result, now) {
        None => true,
        Some(reason) => {
            *(if reason == IN_PROGRESS { &mut in_progress } else { &mut explained }) += 1;
            taken.insert(result.id.clone());
            false
        }
    });
    for result in results.iter_mut() {
        result.conflict.retain(|id| !taken.contains(id));
        result.members.retain(|id| !taken.contains(id));
    }
    let held = [(IN_PROGRESS, in_progress), (EXPLAINED, explained)];
    held.into_iter().filter(|(_, count)| *count > 0).map(|(reason_key, count)| Held { reason_key, count }).collect()
}

fn held(result: &LabResult, now: Timestamp) -> Option<&'static str> {
    let rules = policy().rules.iter().filter(|rule| rule.fits(result) && !rule.has_passed(result, now));
    // "In progress" says least of what a result is about: it is used only where nothing stricter holds.
    rules.map(|rule| if rule.release == Release::InProgress { IN_PROGRESS } else { EXPLAINED }).min()
}

impl Rule {
    fn fits(&self, result: &LabResult) -> bool {
        let own = (!self.status_not.is_empty() && !self.status_not.contains(&result.status))
            || (self.critical && is_critical(result));
        own || self.is_about(result) || result.components.iter().any(|part| self.fits_part(part))
    }

    fn fits_part(&self, part: &LabResult) -> bool {
        (self.critical && is_critical(part)) || self.is_about(part)
    }

    fn is_about(&self, result: &LabResult) -> bool {
        let analyte = result.analyte.and_then(|id| catalogue().analyte(id));
        let known = analyte.is_some_and(|of| self.panels.contains(&of.panel) || self.analytes.contains(&of.id));
        known || (!self.words.is_empty() && self.is_named(result))
    }

    /// A hospital's own codes are known by their words alone; what a report is called tells as much.
    fn is_named(&self, result: &LabResult) -> bool {
        let texts = [Some(&result.code.text), result.report.as_ref()];
        let forms: Vec<String> = texts.into_iter().flatten().map(|text| patients::search_form(text)).collect();
        self.words.iter().any(|word| forms.iter().any(|form| form.contains(word)))
    }

    /// Has the time passed after which it is shown in any case?
    fn has_passed(&self, result: &LabResult, now: Timestamp) -> bool {
        self.hours.is_some_and(|hours| has_passed(hours, result.issued.as_ref().or(result.time.as_ref()), now))
    }

    /// A hospital's words or code for anything that is no result.
    fn names(&self, forms: &[String], icd10: Option<&str>) -> bool {
        let coded = icd10.is_some_and(|code| self.icd10.iter().any(|start| code.starts_with(start)));
        coded || self.words.iter().any(|word| forms.iter().any(|form| form.contains(word)))
    }
}

fn has_passed(hours: i64, since: Option<&ClinicalTime>, now: Timestamp) -> bool {
    let since = since.and_then(|time| Timestamp::from_second(time.epoch_seconds()).ok());
    since.is_some_and(|since| now.duration_since(since) >= SignedDuration::from_hours(hours))
}

/// The laboratory says so, or it lies beyond the catalogue's customary limits.
fn is_critical(result: &LabResult) -> bool {
    result.alarming
        || matches!(result.flag, Some(Flag::CriticalHigh | Flag::CriticalLow))
        || catalogue().is_beyond_critical(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClinicalTime;
    use crate::labs::{Code, Value};

    const NOW: &str = "2026-11-21T12:00:00+08:00";

    fn result(analyte: &'static str, number: f64, unit: &'static str, at: &str) -> LabResult {
        LabResult {
            id: analyte.to_owned(),
            analyte: Some(analyte),
            status: "final".to_owned(),
            time: ClinicalTime::parse(at),
            value: Some(Value {
                text: number.to_string(),
                number: Some(number),
                comparator: None,
                unit: Some(unit.to_owned()),
                ucum: crate::labs::units::normalise(unit).map(|unit| unit.ucum.as_str()),
            }),
            ..LabResult::default()
        }
    }

    fn named(text: &str) -> LabResult {
        let code = Code { text: text.to_owned(), codings: Vec::new() };
        LabResult { code, status: "final".to_owned(), ..LabResult::default() }
    }

    fn check(result: LabResult, expect: Option<&str>) {
        let told = format!("{result:?}");
        let mut results = vec![result];
        let held = hold(&mut results, NOW.parse().expect("instant"));
        assert_eq!(held.first().map(|held| held.reason_key), expect, "{told}");
        assert_eq!(results.is_empty(), expect.is_some(), "{told}");
    }

    #[test]
    fn the_compiled_in_file_can_be_read() {
        let policy: Policy = toml::from_str(TEXT).expect("release-policy.toml");
        assert_eq!(policy.rules.len(), 12);
        for rule in &policy.rules {
            assert!(rule.analytes.iter().all(|id| catalogue().analyte(id).is_some()), "{rule:?}");
            let panels = crate::labs::panels();
            assert!(rule.panels.iter().all(|id| panels.iter().any(|panel| panel.id == *id)), "{rule:?}");
        }
    }

    #[test]
    fn routine_results_are_shown_at_once() {
        check(result("potassium", 5.0, "mmol/L", NOW), None);
        check(result("hcg", 5.0, "mIU/mL", NOW), None);
        check(named("某项目"), None);
    }

    #[test]
    fn what_may_change_is_in_progress() {
        check(LabResult { status: "preliminary".into(), ..result("potassium", 5.0, "mmol/L", NOW) }, Some(IN_PROGRESS));
        check(LabResult { status: "corrected".into(), ..result("potassium", 5.0, "mmol/L", NOW) }, None);
        check(LabResult { status: "preliminary".into(), ..result("hiv-agab", 0.1, "S/CO", NOW) }, Some(EXPLAINED));
    }

    #[test]
    fn critical_values_wait_a_day() {
        let today = "2026-11-21T02:00:00+08:00";
        let before = "2026-11-20T11:00:00+08:00";
        check(result("potassium", 6.8, "mmol/L", today), Some(EXPLAINED));
        check(result("potassium", 6.8, "mmol/L", before), None);
        check(LabResult { alarming: true, ..result("potassium", 5.0, "mmol/L", today) }, Some(EXPLAINED));
        let glucose_in_mg = result("glucose-random", 500.0, "mg/dL", today);
        check(glucose_in_mg, Some(EXPLAINED));
        check(LabResult { time: None, alarming: true, ..result("potassium", 5.0, "mmol/L", today) }, Some(EXPLAINED));
    }

    #[test]
    fn sensitive_groups_wait_for_a_person() {
        let long_ago = "2020-01-01T08:00:00+08:00";
        for analyte in ["hiv-agab", "tp-ab", "rpr", "hbsag", "hcv-ab", "ctni", "abg-ph"] {
            check(LabResult { value: None, ..result(analyte, 0.0, "1", long_ago) }, Some(EXPLAINED));
        }
        check(result("cea", 9.0, "ng/mL", NOW), Some(EXPLAINED));
        check(result("cea", 9.0, "ng/mL", long_ago), None);
        check(named("HIV抗体(胶体金)"), Some(EXPLAINED));
        check(named("梅毒螺旋体特异性抗体"), Some(EXPLAINED));
        check(named("尿吗啡"), Some(EXPLAINED));
        check(LabResult { report: Some("乙肝两对半".into()), ..named("第1项") }, Some(EXPLAINED));
        check(LabResult { components: vec![named("HIV-1 RNA")], ..named("综合") }, Some(EXPLAINED));
    }

    #[test]
    fn what_stays_does_not_name_what_was_taken() {
        let mut shown = result("potassium", 5.0, "mmol/L", NOW);
        shown.conflict = vec!["hiv-agab".into()];
        shown.members = vec!["hiv-agab".into(), "sodium".into()];
        let mut results = vec![shown, result("hiv-agab", 0.1, "S/CO", NOW)];
        let held = hold(&mut results, NOW.parse().expect("instant"));
        assert_eq!(held, [Held { reason_key: EXPLAINED, count: 1 }]);
        assert_eq!((results[0].conflict.len(), results[0].members.as_slice()), (0, &["sodium".to_owned()][..]));
    }
}
