//! How values come about: a person's own level, the pull of their diagnoses, the day's noise, the analyser's print.

use std::{cell::RefCell, collections::HashMap};

use jiff::civil::Time;

use super::{Chart, Making, Measured, Report, Value};
use crate::{
    SandboxError,
    clock::{self, Today},
    dice::Dice,
    people::Person,
    reference::{
        laboratory::{Analyte, Limits},
        script::PanelScript,
    },
};

/// Blood is taken between half past seven and a quarter to ten.
pub(super) fn morning(seconds: i64, dice: &mut Dice) -> i64 {
    clock::seconds(clock::date(seconds), Time::midnight()) + 7 * 3600 + 1800 + 60 * dice.between(0, 135)
}

/// A morning some days before today.
pub(super) fn morning_before(today: Today, days: i64, dice: &mut Dice) -> i64 {
    morning(today.before(days, Time::midnight()), dice)
}

/// A number as the analyser prints it: the catalogue's decimals, `<` at the limit of detection.
pub(super) fn printed(making: &Making<'_>, analyte: &Analyte, value: f64) -> Value {
    let decimals = analyte.decimals.unwrap_or(1);
    match making.reference.script.detection_limits.get(&analyte.id) {
        Some(limit) if value < *limit => Value::Number { text: limit.to_string(), comparator: Some("<") },
        _ => Value::Number { text: format!("{value:.decimals$}"), comparator: None },
    }
}

/// A report of these results, sometimes with a remark.
pub(super) fn report(
    making: &Making<'_>,
    panel: &PanelScript,
    at: i64,
    encounter: Option<usize>,
    mut results: Vec<Measured>,
    dice: &mut Dice,
) -> Report {
    let script = &making.reference.script;
    let remark = ["slight", "lipaemic", "repeated"];
    if dice.chance(0.08) {
        let at = dice.between(0, results.len() as i64) as usize;
        if let (Some(result), Some(key)) = (results.get_mut(at), dice.pick(&remark)) {
            result.note = script.note(key);
        }
    }
    let conclusion = dice.pick(&script.words.conclusions).filter(|_| dice.chance(0.15)).cloned();
    Report { title: panel.zh.clone(), at, encounter, results, conclusion }
}

/// What this person's results tend to.
pub(super) struct Habit<'a> {
    making: &'a Making<'a>,
    person: &'a Person,
    shifts: HashMap<&'a str, f64>,
    levels: RefCell<HashMap<String, f64>>,
    /// The panels the diagnoses ask for.
    pub(super) panels: Vec<&'a str>,
}

impl<'a> Habit<'a> {
    /// The habit of a person with these diagnoses.
    pub(super) fn new(making: &'a Making<'a>, person: &'a Person, charts: &[Chart], further: &[&str]) -> Self {
        let known = |prefix: &str| {
            further.iter().any(|code| code.starts_with(prefix))
                || charts.iter().any(|chart| {
                    chart
                        .conditions
                        .iter()
                        .any(|condition| condition.ended.is_none() && condition.icd.starts_with(prefix))
                })
        };
        let (mut shifts, mut panels) = (HashMap::new(), Vec::new());
        for tendency in making.reference.script.tendencies.iter().filter(|tendency| known(&tendency.icd)) {
            panels.extend(tendency.panels.iter().map(String::as_str));
            for (analyte, shift) in &tendency.shifts {
                *shifts.entry(analyte.as_str()).or_insert(0.0) += shift;
            }
        }
        Self { making, person, shifts, levels: RefCell::default(), panels }
    }

    /// One panel's results on one day.
    pub(super) fn measure(&self, panel: &PanelScript, at: i64, dice: &mut Dice) -> Result<Vec<Measured>, SandboxError> {
        let mut drawn: HashMap<&str, f64> = HashMap::new();
        let mut results = Vec::with_capacity(panel.analytes.len());
        for id in &panel.analytes {
            let analyte = self.making.reference.laboratory.analyte(id)?;
            let value = if analyte.is_word() {
                Value::Word(self.word(analyte, dice))
            } else {
                let range = analyte.range(&self.person.sex, self.person.age_days(at));
                let number = match derived(id, &drawn, self.person, at) {
                    Some(number) => number,
                    None => self.number(analyte, range, dice),
                };
                drawn.insert(id, number);
                printed(self.making, analyte, number)
            };
            results.push(Measured::new(id, value));
        }
        Ok(results)
    }

    fn number(&self, analyte: &Analyte, range: Option<Limits>, dice: &mut Dice) -> f64 {
        let (middle, width) = match range.unwrap_or_default() {
            Limits { low: Some(low), high: Some(high) } => ((low + high) / 2.0, high - low),
            Limits { low: None, high: Some(high) } => (high * 0.45, high * 0.6),
            Limits { low: Some(low), high: None } => (low * 1.3, low * 0.4),
            Limits { low: None, high: None } => (10.0, 4.0),
        };
        let own = self.own_level(&analyte.id);
        let shift = self.shifts.get(analyte.id.as_str()).copied().unwrap_or(0.0);
        let surprise = if dice.chance(0.02) { dice.bell() * 0.5 } else { 0.0 };
        let value = middle + width * (own * 0.17 + dice.bell() * 0.1 + shift + surprise);
        let floor = range.and_then(|range| range.low).map_or(0.0, |low| low * 0.45);
        value.max(floor).max(width * 0.01)
    }

    /// Where this person's values of an analyte lie, in standard deviations.
    fn own_level(&self, analyte: &str) -> f64 {
        let label = || format!("{} {analyte}", self.person.resident_id);
        let draw = || Dice::new(self.making.seed, &label()).bell();
        *self.levels.borrow_mut().entry(analyte.to_owned()).or_insert_with(draw)
    }

    fn word(&self, analyte: &Analyte, dice: &mut Dice) -> String {
        let words = &self.making.reference.script.words;
        let pull = self.shifts.get(analyte.id.as_str()).copied().unwrap_or(-1.2);
        let strength = pull + dice.bell();
        if !analyte.id.starts_with("u-") {
            let positive = analyte.id != "hiv-agab" && strength > 1.4;
            return if positive { words.positive.clone() } else { words.negative.clone() };
        }
        match strength {
            s if s < 0.6 => words.negative.clone(),
            s if s < 1.2 => "±".to_owned(),
            s if s < 2.1 => "1+".to_owned(),
            s if s < 3.0 => "2+".to_owned(),
            _ => "3+".to_owned(),
        }
    }
}

/// What an analyser computes from other values, so that a report agrees with itself.
fn derived(id: &str, drawn: &HashMap<&str, f64>, person: &Person, at: i64) -> Option<f64> {
    let of = |id: &str| drawn.get(id).copied();
    match id {
        "egfr" => Some(egfr(of("creatinine")?, &person.sex, person.age_days(at) as f64 / 365.25))
            .filter(|_| person.age_days(at) >= 18 * 365),
        "neut-abs" => Some(of("wbc")? * of("neut-pct")? / 100.0),
        "lymph-abs" => Some(of("wbc")? * of("lymph-pct")? / 100.0),
        "lymph-pct" => Some((94.0 - of("neut-pct")?).max(3.0)),
        "rbc" => Some(of("hgb").map_or(of("wbc").map(|_| 4.4)?, |hgb| hgb / 30.0)),
        "hct" => Some(of("hgb")? / 333.0),
        "mch" => Some(of("hgb")? / of("rbc")?),
        "mchc" => Some(of("hgb")? / of("hct")?),
        "mcv" => Some(of("hct")? * 1000.0 / of("rbc")?),
        "dbil" => Some(of("tbil")? * 0.3),
        "ldl-c" => Some((of("tc")? - of("hdl-c")? - of("tg")? / 2.2).max(0.5)),
        _ => None,
    }
}

/// CKD-EPI 2009 without the race term; creatinine in µmol/L.
fn egfr(creatinine: f64, sex: &str, age: f64) -> f64 {
    let (kappa, alpha, factor) = if sex == "female" { (61.9, -0.329, 1.018) } else { (79.6, -0.411, 1.0) };
    let ratio: f64 = creatinine / kappa;
    141.0 * ratio.min(1.0).powf(alpha) * ratio.max(1.0).powf(-1.209) * 0.993_f64.powf(age) * factor
}

#[cfg(test)]
mod tests {
    use super::egfr;

    #[test]
    fn filtration_rate_follows_the_published_equation() {
        // creatinine 105 µmol/L, woman of 62: worked by hand from the equation
        assert!((egfr(105.0, "female", 62.0) - 49.0).abs() < 1.5);
    }
}
