//! How a medicine is taken: as written, and as what it means, for comparing.

// not shown: units and habits of writing, only compared with.

use fhir::rows::{Dosage, DosageTiming, DoseAndRate, Quantity, Range, Ratio, TimingRepeat};
use schemars::JsonSchema;
use serde::Serialize;

use crate::concept::{said_form, some_words};
use crate::joined::{add_new, fill};

/// Between what several lines of one instruction say.
const BETWEEN: &str = "; ";

/// How a medicine is taken, as far as said, each text as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct DoseWords {
    /// Amount each time: `80 mg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    /// By mouth, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// `每日一次`, `2 / 1 d`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
    /// The whole instruction in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instruction: Option<String>,
    /// Line by line, where there is more than one (in the morning this, in the evening that).
    #[serde(skip_serializing_if = "Vec::is_empty", rename = "dosage")]
    pub lines: Vec<DoseLine>,
}

/// One line of an instruction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct DoseLine {
    /// Amount each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    /// By mouth, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// How often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<String>,
}

impl DoseWords {
    /// What all lines of an instruction say.
    pub(crate) fn read(all: &[Dosage<'_>]) -> Self {
        let lines: Vec<DoseLine> = all.iter().map(line).collect();
        let of = |text: fn(&DoseLine) -> Option<&String>| joined(lines.iter().filter_map(text));
        Self {
            dose: of(|line| line.dose.as_ref()),
            route: of(|line| line.route.as_ref()),
            frequency: of(|line| line.frequency.as_ref()),
            instruction: instruction(all),
            lines: if lines.len() > 1 { lines } else { Vec::new() },
        }
    }

    /// Takes what is open from the same instruction elsewhere.
    pub(crate) fn fill(&mut self, other: &Self) {
        fill(&mut self.dose, &other.dose);
        fill(&mut self.route, &other.route);
        fill(&mut self.frequency, &other.frequency);
        fill(&mut self.instruction, &other.instruction);
        if self.lines.is_empty() {
            self.lines.clone_from(&other.lines);
        }
    }

    /// Nothing said?
    pub fn is_empty(&self) -> bool {
        self.dose.is_none() && self.route.is_none() && self.frequency.is_none() && self.instruction.is_none()
    }
}

fn joined<'t>(texts: impl Iterator<Item = &'t String>) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    texts.for_each(|text| add_new(&mut all, std::slice::from_ref(text)));
    (!all.is_empty()).then(|| all.join(BETWEEN))
}

fn line(of: &Dosage<'_>) -> DoseLine {
    let amount = of.dose_and_rate.iter().find_map(amount).or_else(|| of.dose_quantity.as_ref().and_then(amount_of));
    let rate = of.dose_and_rate.iter().find_map(rate);
    let dose: Vec<String> = [amount, rate].into_iter().flatten().collect();
    let when = of.timing.as_ref().and_then(frequency);
    let needed = some_words(of.as_needed_for.as_ref());
    let needed =
        needed.or_else(|| (of.as_needed == Some(true) && !is_as_needed(when.as_deref())).then(|| "prn".into()));
    let often: Vec<String> = [when, needed].into_iter().flatten().collect();
    DoseLine {
        dose: (!dose.is_empty()).then(|| dose.join(", ")),
        route: some_words(of.route.as_ref()),
        frequency: (!often.is_empty()).then(|| often.join(", ")),
    }
}

fn is_as_needed(said: Option<&str>) -> bool {
    said.is_some_and(|said| said.to_ascii_lowercase().contains("prn"))
}

fn amount(of: &DoseAndRate<'_>) -> Option<String> {
    of.dose_quantity.as_ref().and_then(amount_of).or_else(|| of.dose_range.as_ref().and_then(range))
}

fn rate(of: &DoseAndRate<'_>) -> Option<String> {
    rate_of(of.rate_ratio.as_ref(), of.rate_quantity.as_ref()).or_else(|| of.rate_range.as_ref().and_then(range))
}

/// `50 mL / 1 h`
pub(crate) fn rate_of(ratio: Option<&Ratio<'_>>, quantity: Option<&Quantity<'_>>) -> Option<String> {
    let of_ratio = |ratio: &Ratio<'_>| {
        Some(format!("{} / {}", amount_of(ratio.numerator.as_ref()?)?, amount_of(ratio.denominator.as_ref()?)?))
    };
    ratio.and_then(of_ratio).or_else(|| quantity.and_then(amount_of))
}

/// `62 岁`, `80 mg`: the number's own digits.
pub(crate) fn amount_of(of: &Quantity<'_>) -> Option<String> {
    crate::summary::quantity(of)
}

fn range(of: &Range<'_>) -> Option<String> {
    match (of.low.as_ref().and_then(amount_of), of.high.as_ref().and_then(amount_of)) {
        (Some(low), Some(high)) => Some(format!("{low}–{high}")),
        (Some(low), None) => Some(format!("≥ {low}")),
        (None, Some(high)) => Some(format!("≤ {high}")),
        (None, None) => None,
    }
}

/// The words for it, else how often in what period: `2 / 1 d`.
fn frequency(timing: &DosageTiming<'_>) -> Option<String> {
    some_words(timing.code.as_ref()).or_else(|| timing.repeat.as_ref().and_then(repeat))
}

fn repeat(of: &TimingRepeat<'_>) -> Option<String> {
    let often = of.period.zip(of.period_unit).map(|(period, unit)| {
        let times = of.frequency.map_or("1", |number| number.text());
        let most = of.frequency_max.map(|number| format!("–{}", number.text())).unwrap_or_default();
        format!("{times}{most} / {} {unit}", period.text())
    });
    let clocks = of.time_of_day.iter().map(|clock| clock.get(..5).unwrap_or(clock));
    let marks = of.day_of_week.iter().chain(of.when).copied().chain(clocks);
    let said: Vec<&str> = often.as_deref().into_iter().chain(marks).collect();
    (!said.is_empty()).then(|| said.join(" "))
}

fn instruction(all: &[Dosage<'_>]) -> Option<String> {
    let texts = all.iter().filter_map(|dosage| dosage.text.or(dosage.patient_instruction)).map(str::trim);
    let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// What makes two doses the same, however they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DoseForm {
    amount: String,
    frequency: String,
    words: String,
}

impl DoseForm {
    pub fn of(words: &DoseWords) -> Self {
        Self::new(words.dose.as_deref(), words.frequency.as_deref(), words.instruction.as_deref())
    }

    pub fn new(dose: Option<&str>, frequency: Option<&str>, instruction: Option<&str>) -> Self {
        let lines = |text: Option<&str>, form: fn(&str) -> String| {
            let forms: Vec<String> = text.unwrap_or_default().split(BETWEEN).map(form).collect();
            forms.join(BETWEEN)
        };
        let (amount, frequency) = (lines(dose, amount_form), lines(frequency, frequency_form));
        let words = match amount.is_empty() && frequency.is_empty() {
            true => instruction.map(said_form).unwrap_or_default(),
            false => String::new(),
        };
        Self { amount, frequency, words }
    }

    /// For keys: the same for the same dose.
    pub fn key(&self) -> String {
        format!("{}|{}|{}", self.amount, self.frequency, self.words)
    }

    /// Nothing to compare?
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What both say is the same. What only one says contradicts nothing, and neither do words beside numbers: they can't
    /// be compared.
    pub fn agrees(&self, other: &Self) -> bool {
        let same = |one: &str, other: &str| one.is_empty() || other.is_empty() || one == other;
        same(&self.amount, &other.amount) && same(&self.frequency, &other.frequency) && same(&self.words, &other.words)
    }
}

/// `80.0 mg` and `80毫克` are `80 mg`, `0.5 g` is `500 mg`; anything else is what it says.
fn amount_form(text: &str) -> String {
    let form = said_form(text);
    let digits = form.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(form.len());
    let (number, unit) = form.split_at(digits);
    let in_mg = match unit {
        "g" | "克" => 1_000.0,
        "mg" | "毫克" => 1.0,
        "ug" | "\u{3bc}g" | "mcg" | "微克" => 0.001,
        _ => 0.0,
    };
    match number.parse::<f64>() {
        Ok(number) if in_mg > 0.0 => format!("{:.6}mg", number * in_mg),
        Ok(number) => format!("{number}{unit}"),
        Err(_) => form,
    }
}

/// `qd`, `每日1次`, `每天一次` and `1 / 1 d` are the same; anything else is what it says.
fn frequency_form(text: &str) -> String {
    let form: String = said_form(text)
        .chars()
        .filter(|c| *c != '.')
        .map(|c| match c {
            '一' => '1',
            '二' | '两' => '2',
            '三' => '3',
            '四' => '4',
            '天' => '日',
            other => other,
        })
        .collect();
    let times = |prefix: &str, suffix: &str| form.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    let daily =
        times("每日", "次").or_else(|| times("1日", "次")).or_else(|| times("", "次/日")).or_else(|| times("", "/1d"));
    let daily = daily.filter(|times| times.bytes().all(|byte| byte.is_ascii_digit()) && !times.is_empty());
    match form.as_str() {
        "qd" => "1/1d".to_owned(),
        "bid" => "2/1d".to_owned(),
        "tid" => "3/1d".to_owned(),
        "qid" => "4/1d".to_owned(),
        "qn" | "hs" => "每晚1次".to_owned(),
        "qod" => "隔日1次".to_owned(),
        "qw" => "每周1次".to_owned(),
        _ => daily.map_or_else(|| form.clone(), |times| format!("{times}/1d")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_dose_however_it_is_written() {
        let same = |one: &str, other: &str| amount_form(one) == amount_form(other);
        assert!(
            same("80 mg", "80.0 毫克") && same("0.5 g", "500mg") && same("50 µg", "0.05 mg") && same("1 片", "1.0片")
        );
        assert!(
            !same("80 mg", "40 mg")
                && !same("1 片", "1 mg")
                && !same("5 mg", "5 g")
                && !same("0.5 g", "5 g")
                && !same("半片", "1片")
        );
    }

    #[test]
    fn the_same_frequency_however_it_is_written() {
        let same = |one: &str, other: &str| frequency_form(one) == frequency_form(other);
        assert!(
            same("qd", "每日1次")
                && same("每天 一次", "1 / 1 d")
                && same("b.i.d", "一日两次")
                && same("QN", "每晚一次")
        );
        assert!(
            !same("qd", "bid") && !same("每日1次", "每晚1次") && !same("1 / 1 d", "1 / 11 d") && !same("q8h", "tid")
        );
    }

    #[test]
    fn what_only_one_says_contradicts_nothing() {
        let form = |dose: &str, frequency: &str| {
            let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            DoseForm::new(said(dose).as_deref(), said(frequency).as_deref(), Some("遵医嘱"))
        };
        assert!(form("80 mg", "qd").agrees(&form("0.08 g", "")));
        assert!(form("80 mg", "qd").agrees(&form("", "")), "words can't be compared with numbers");
        assert!(!form("80 mg", "qd").agrees(&form("80 mg", "bid")));
        assert!(!form("0.5 g", "").agrees(&form("5 g", "")), "a dot is not nothing");
        assert!(!form("8 U; 6 U", "").agrees(&form("8 U; 8 U", "")), "every line counts");
    }
}
