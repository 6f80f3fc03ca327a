//! How a medicine is taken, in words.

// not shown: words that hospitals write, only compared with.

use ehr::DoseWords;
use web::render::Arg;

use crate::Scene;

/// What an instruction in words says beside the fields that stand in columns of their own.
const EMPTY_WORDS: [&str; 14] =
    ["每次", "一次", "每回", "用法", "服用", "剂量", "eachtime", "take", ",", ";", ".", "。", "，", "、"];

/// `qd` and the like in words, `2 / 1 d` as twice a day; anything else as written. Several with marks between.
pub(crate) fn frequency(said: &str, scene: &Scene<'_>) -> String {
    let parts: Vec<String> = said.split("; ").map(|line| line_words(line, scene)).collect();
    parts.join("; ")
}

fn line_words(line: &str, scene: &Scene<'_>) -> String {
    let parts: Vec<String> = line.split(", ").map(|one| one_word(one, scene)).collect();
    scene.list(&parts)
}

fn one_word(said: &str, scene: &Scene<'_>) -> String {
    let code = said.trim().to_ascii_lowercase().replace('.', "");
    if code.chars().all(|c| c.is_ascii_alphanumeric()) {
        if scene.words.has(&format!("frequency-{code}")) {
            return scene.text(&format!("frequency-{code}"));
        }
        let hours = code.strip_prefix('q').and_then(|rest| rest.strip_suffix('h'));
        if let Some(hours) = hours.filter(|hours| hours.bytes().all(|byte| byte.is_ascii_digit()) && !hours.is_empty())
        {
            return scene.with("every-hours", &[("hours", Arg::from(hours))]);
        }
    }
    repeat(said, scene).unwrap_or_else(|| said.to_owned())
}

/// `2 / 1 d HS`
fn repeat(said: &str, scene: &Scene<'_>) -> Option<String> {
    let (times, rest) = said.split_once(" / ")?;
    let mut rest = rest.split(' ');
    let (period, unit) = (rest.next()?, rest.next()?);
    let number = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '–'));
    if !number(times) || !number(period) || !scene.words.has(&format!("time-unit-{unit}")) {
        return None;
    }
    let unit = scene.text(&format!("time-unit-{unit}"));
    let often = match period {
        "1" => scene.with("times-each", &[("times", Arg::from(times)), ("unit", Arg::from(unit))]),
        _ => scene.with(
            "times-every",
            &[("times", Arg::from(times)), ("period", Arg::from(period)), ("unit", Arg::from(unit))],
        ),
    };
    let marks = rest.map(|mark| scene.coded("moment-", mark));
    Some([often].into_iter().chain(marks).collect::<Vec<_>>().join(" "))
}

/// Amounts, line by line.
pub(crate) fn amounts(dose: &DoseWords) -> Vec<String> {
    match dose.lines.as_slice() {
        [] => dose.dose.iter().cloned().collect(),
        lines => lines.iter().map(|line| line.dose.clone().unwrap_or_else(|| "—".to_owned())).collect(),
    }
}

/// How and how often, line by line.
pub(crate) fn ways(dose: &DoseWords, scene: &Scene<'_>) -> Vec<String> {
    let words = |route: Option<&str>, often: Option<&str>| {
        let parts = [often.map(|often| frequency(often, scene)), route.map(str::to_owned)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    let all: Vec<String> = match dose.lines.as_slice() {
        [] => vec![words(dose.route.as_deref(), dose.frequency.as_deref())],
        lines => lines.iter().map(|line| words(line.route.as_deref(), line.frequency.as_deref())).collect(),
    };
    if all.iter().all(String::is_empty) { Vec::new() } else { all }
}

/// The instruction in words, where it says more than amount, route and frequency.
pub(crate) fn instruction(dose: &DoseWords, scene: &Scene<'_>) -> Option<String> {
    let said = dose.instruction.as_ref()?;
    let form = |text: &str| {
        let visible = text.chars().filter(|c| !c.is_whitespace());
        visible.flat_map(char::to_lowercase).collect::<String>()
    };
    let mut rest = form(said);
    let often = dose.frequency.as_deref().map(|often| frequency(often, scene));
    let known = [dose.dose.clone(), often, dose.frequency.clone(), dose.route.clone()];
    let known = known.iter().flatten().flat_map(|text| text.split("; ")).map(form);
    let known = known.flat_map(|text| [text.clone(), plain(&text)]);
    for word in known.chain(EMPTY_WORDS.iter().map(|word| (*word).to_owned())).filter(|word| !word.is_empty()) {
        rest = rest.replace(&word, "");
    }
    (!rest.is_empty()).then(|| said.clone())
}

/// `80.0mg` as `80mg`: people write it so.
fn plain(text: &str) -> String {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{number}{unit}")
}
