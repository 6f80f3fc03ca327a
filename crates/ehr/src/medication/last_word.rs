//! What each source says of a medicine now: only its last word can contradict another source's.

use std::collections::{BTreeSet, HashMap};

use super::DoseForm;
use crate::{ClinicalTime, Fact};

/// Doses of a medicine at one time that are compared. Nobody takes more.
const MOST_DOSES: usize = 8;

/// What one entry of a source says of a medicine.
#[derive(Clone, Debug)]
pub(crate) struct Word<'r> {
    /// What it goes by.
    pub names: &'r [String],
    pub time: Option<&'r ClinicalTime>,
    /// Is it to be taken?
    pub current: bool,
    /// Was it stopped before its end?
    pub stopped: bool,
    /// When the source changed the resource last: by then it was stopped.
    pub changed: Option<&'r ClinicalTime>,
    pub dose: DoseForm,
}

/// The last word of a source on a medicine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    source: String,
    current: bool,
    changed: Option<ClinicalTime>,
    /// Every dose of the last word: in the morning this, in the evening that.
    doses: Vec<DoseForm>,
}

/// What is known of one name of a medicine at one source.
#[derive(Default)]
struct About<'r> {
    /// Is anything of it to be taken?
    current: bool,
    newest_current: Option<&'r ClinicalTime>,
    newest_past: Option<&'r ClinicalTime>,
    /// Doses of the last words on it.
    doses: BTreeSet<&'r DoseForm>,
}

impl About<'_> {
    fn is_last(&self, word: &Word<'_>) -> bool {
        let not_older =
            |newest: Option<&ClinicalTime>| newest.zip(word.time).is_none_or(|(newest, time)| newest <= time);
        match word.current {
            true => not_older(self.newest_current),
            false => !self.current && not_older(self.newest_past),
        }
    }
}

/// For each word of one source its standing, if it is the last on its medicine: the newest one that is to be taken, else
/// the newest that was stopped. What is undated can't be told to be older.
pub(crate) fn last_words(source: &str, words: &[Word<'_>]) -> Vec<Option<Standing>> {
    let mut about: HashMap<&str, About<'_>> = HashMap::new();
    for (word, name) in words.iter().flat_map(|word| word.names.iter().map(move |name| (word, name))) {
        let known = about.entry(name).or_default();
        known.current |= word.current;
        let newest = if word.current { &mut known.newest_current } else { &mut known.newest_past };
        *newest = (*newest).max(word.time);
    }
    let is_last = |about: &HashMap<&str, About<'_>>, word: &Word<'_>| {
        word.names.iter().filter_map(|name| about.get(name.as_str())).all(|known| known.is_last(word))
    };
    let last: Vec<bool> = words.iter().map(|word| is_last(&about, word)).collect();
    let spoken = || words.iter().zip(&last).filter(|(_, last)| **last).map(|(word, _)| word);
    for word in spoken().filter(|word| !word.dose.is_empty()) {
        for name in word.names {
            if let Some(known) = about.get_mut(name.as_str()).filter(|known| known.current == word.current) {
                known.doses.insert(&word.dose);
            }
        }
    }
    let standing = |(word, last): (&Word<'_>, &bool)| {
        (*last && (word.current || word.stopped)).then(|| {
            let known = word.names.iter().filter_map(|name| about.get(name.as_str()));
            let doses: BTreeSet<&DoseForm> =
                known.flat_map(|known| known.doses.iter().take(MOST_DOSES).copied()).collect();
            Standing {
                source: source.to_owned(),
                current: word.current,
                changed: word.changed.cloned(),
                doses: doses.into_iter().take(MOST_DOSES).cloned().collect(),
            }
        })
    };
    words.iter().zip(&last).map(standing).collect()
}

/// Two doses that are to be taken now; to be taken here and stopped there. Only what different sources say last.
pub(crate) fn contradict(one: (&Fact, &[Standing]), other: (&Fact, &[Standing])) -> bool {
    let against = |a: &Standing, b: &Standing| a.source != b.source && differ((one.0, a), (other.0, b));
    one.1.iter().any(|a| other.1.iter().any(|b| against(a, b)))
}

fn differ((fact, one): (&Fact, &Standing), (other_fact, other): (&Fact, &Standing)) -> bool {
    match (one.current, other.current) {
        (true, true) => !same_doses(&one.doses, &other.doses),
        (true, false) => !was_known(other, fact),
        (false, true) => !was_known(one, other_fact),
        (false, false) => false,
    }
}

/// Stopping is dated by nothing. What its source has not touched since before the other was written was stopped before.
fn was_known(stopped: &Standing, current: &Fact) -> bool {
    let times = stopped.changed.as_ref().zip(current.time.as_ref());
    times.is_some_and(|(changed, written)| {
        changed < written && crate::joined::time_key(changed) != crate::joined::time_key(written)
    })
}

fn same_doses(one: &[DoseForm], other: &[DoseForm]) -> bool {
    let all = |of: &[DoseForm], among: &[DoseForm]| of.iter().all(|dose| among.iter().any(|known| dose.agrees(known)));
    one.is_empty() || other.is_empty() || all(one, other) && all(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &[(&str, bool, &str)], other: &[(&str, bool, &str)], expect: bool) {
        let names = vec!["缬沙坦".to_owned()];
        let standings = |source: &str, said: &[(&str, bool, &str)]| {
            let times: Vec<Option<ClinicalTime>> = said.iter().map(|(time, ..)| ClinicalTime::parse(time)).collect();
            let words: Vec<Word<'_>> = said
                .iter()
                .zip(&times)
                .map(|((_, current, dose), time)| Word {
                    names: &names,
                    time: time.as_ref(),
                    current: *current,
                    stopped: !current,
                    changed: None,
                    dose: DoseForm::new(Some(dose), None, None),
                })
                .collect();
            let facts = times.iter().map(|time| Fact { time: time.clone(), ..Fact::default() });
            facts.zip(last_words(source, &words)).collect::<Vec<_>>()
        };
        let (one_said, other_said) = (standings("a", one), standings("b", other));
        let any = one_said.iter().any(|(fact, standing)| {
            other_said.iter().any(|(other, against)| {
                let (a, b) = (standing.as_slice(), against.as_slice());
                assert_eq!(contradict((fact, a), (other, b)), contradict((other, b), (fact, a)));
                contradict((fact, a), (other, b))
            })
        });
        assert_eq!(any, expect, "{one:?} {other:?}");
    }

    #[test]
    fn only_last_words_contradict() {
        let (older, newer) = ("2020-01-01", "2026-01-01");
        check(&[(newer, true, "80 mg")], &[(newer, true, "40 mg")], true);
        check(&[(newer, true, "80 mg")], &[(older, true, "0.08 g")], false);
        check(&[(older, true, "160 mg"), (newer, true, "80 mg")], &[(newer, true, "80 mg")], false);
        check(&[(newer, true, "8 U"), (newer, true, "6 U")], &[(newer, true, "6 U"), (newer, true, "8 U")], false);
        check(&[(newer, true, "8 U"), (newer, true, "6 U")], &[(newer, true, "8 U")], true);
        check(&[(newer, true, "80 mg")], &[(older, false, "80 mg")], true);
        check(&[(older, false, "80 mg"), (newer, true, "80 mg")], &[(newer, true, "80 mg")], false);
        check(&[("", true, "80 mg")], &[("", true, "40 mg")], true);
        check(&[(newer, true, "80 mg")], &[(newer, true, "")], false);
    }
}
