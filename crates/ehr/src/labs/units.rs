//! Units: spellings found in reports → UCUM, and factors between units of the same quantity.
//!
//! What is not found stays as it came and is never converted.

// not shown: words that hospitals write, only compared with.

use std::collections::HashMap;
use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization as _;

const TEXT: &str = include_str!("../../data/units.toml");

/// A UCUM unit.
#[derive(Debug, serde::Deserialize)]
pub struct Unit {
    /// UCUM code, case-sensitive.
    pub ucum: String,
    /// For people.
    pub display: String,
    spellings: Vec<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
struct File {
    unit: Vec<Unit>,
    scale: Vec<Scale>,
    enzyme_iu: EnzymeIu,
    ambiguous: Vec<Ambiguous>,
}

#[derive(Debug, serde::Deserialize)]
struct Scale {
    from: String,
    to: String,
    factor: f64,
}

#[derive(Debug, Default, serde::Deserialize)]
struct EnzymeIu {
    analytes: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
struct Ambiguous {
    spelling: String,
}

#[derive(Debug, Default)]
struct Units {
    file: File,
    exact: HashMap<String, usize>,
    normalised: HashMap<String, usize>,
}

fn units() -> &'static Units {
    static UNITS: OnceLock<Units> = OnceLock::new();
    UNITS.get_or_init(|| {
        // A test reads the same compiled-in text: it can't fail here.
        let file: File = toml::from_str(TEXT).unwrap_or_default();
        let (mut exact, mut normalised) = (HashMap::new(), HashMap::new());
        // What stands in a list of spellings decides: `10*3/uL` is read as `10*9/L`, which it equals, before it is itself.
        let spellings = file.unit.iter().enumerate().flat_map(|(at, unit)| unit.spellings.iter().map(move |s| (at, s)));
        let codes = file.unit.iter().enumerate().map(|(at, unit)| (at, &unit.ucum));
        for (at, spelling) in spellings.chain(codes) {
            exact.entry(spelling.clone()).or_insert(at);
            normalised.entry(normal_form(spelling)).or_insert(at);
        }
        Units { file, exact, normalised }
    })
}

/// The unit that a spelling means, without regard to what was measured. `G/L` is read as a display alias of `10*9/L`
/// (UCUM's G is gauss); use [`of`] where the analyte is known.
pub fn normalise(spelling: &str) -> Option<&'static Unit> {
    let units = units();
    let found = units.exact.get(spelling).or_else(|| units.normalised.get(&normal_form(spelling)))?;
    units.file.unit.get(*found)
}

/// The unit that a spelling means for an analyte (catalogue id, if known): `IU/L` is `U/L` for enzymes, `G/L` is a count
/// only where counts are measured.
pub fn of(spelling: &str, analyte: Option<&super::Analyte>) -> Option<&'static Unit> {
    let unit = normalise(spelling)?;
    match (unit.ucum.as_str(), analyte) {
        ("[IU]/L", Some(analyte)) if units().file.enzyme_iu.analytes.contains(&analyte.id) => normalise("U/L"),
        // Grams or giga? For anything but a count it stays as sent.
        ("10*9/L", Some(analyte)) if is_ambiguous(spelling) && analyte.unit.as_deref() != Some("10*9/L") => None,
        // Points or minutes? The analyte decides.
        ("min", Some(analyte)) if is_ambiguous(spelling) && analyte.unit.as_deref() != Some("min") => None,
        _ => Some(unit),
    }
}

fn is_ambiguous(spelling: &str) -> bool {
    let form = normal_form(spelling);
    units().file.ambiguous.iter().any(|entry| normal_form(&entry.spelling) == form)
}

/// The factor from one unit to another of the same quantity (`[[scale]]`): direct, inverse, or by one unit between.
pub fn scale(from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(1.0);
    }
    step(from, to).or_else(|| {
        let scales = &units().file.scale;
        scales
            .iter()
            .flat_map(|scale| [(&scale.from, &scale.to), (&scale.to, &scale.from)])
            .filter(|(near, _)| near.as_str() == from)
            .find_map(|(_, between)| Some(step(from, between)? * step(between, to)?))
    })
}

fn step(from: &str, to: &str) -> Option<f64> {
    units().file.scale.iter().find_map(|scale| {
        if scale.from == from && scale.to == to {
            Some(scale.factor)
        } else if scale.from == to && scale.to == from {
            Some(1.0 / scale.factor)
        } else {
            None
        }
    })
}

/// The steps of `units.toml` `[normalise]`.
fn normal_form(spelling: &str) -> String {
    let mut form = String::with_capacity(spelling.len() + 2);
    let mut in_power = false;
    for c in spelling.trim().chars() {
        let power = superscript(c);
        if let Some(digit) = power {
            if !in_power {
                form.push('^');
            }
            form.push(digit);
        } else {
            form.extend(std::iter::once(c).nfkc().filter(|c| !c.is_whitespace()).map(plain));
        }
        in_power = power.is_some();
    }
    let form = form.replace("的9次方", "^9").replace("的12次方", "^12").replace("m^2", "m2").replace("m^3", "m3");
    litres(&powers(&form))
}

fn superscript(c: char) -> Option<char> {
    match c {
        '⁰' => Some('0'),
        '¹' => Some('1'),
        '²' => Some('2'),
        '³' => Some('3'),
        '⁴'..='⁹' => char::from_digit(u32::from(c) - 0x2070, 10),
        _ => None,
    }
}

fn plain(c: char) -> char {
    match c {
        'µ' | 'μ' => 'u',
        '×' | '✕' => '*',
        '·' => '.',
        '／' => '/',
        c => c,
    }
}

/// `x10^9`, `*10*9`, `10E9`, `10e9`, `10x9` → `10^9`. A bare `109/L` has lost its superscript and is not touched.
fn powers(form: &str) -> String {
    let trimmed = form.strip_prefix(['x', 'X', '*']).filter(|rest| rest.starts_with("10")).unwrap_or(form);
    let Some(rest) = trimmed.strip_prefix("10") else { return trimmed.to_owned() };
    match rest.strip_prefix(['^', '*', 'E', 'e', 'x', 'X']) {
        Some(power) if power.starts_with(|c: char| c.is_ascii_digit()) => format!("10^{power}"),
        _ => trimmed.to_owned(),
    }
}

/// A litre may be `l` or `L`: only where it stands for a litre (after a prefix or alone), never in a word.
fn litres(form: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in form.split('/') {
        parts.push(match part {
            "l" | "ml" | "dl" | "ul" | "nl" | "pl" | "fl" => format!("{}L", &part[..part.len() - 1]),
            other => other.to_owned(),
        });
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_file_can_be_read() {
        let file: File = toml::from_str(TEXT).expect("units.toml");
        assert_eq!(file.unit.len(), 76);
        for unit in &file.unit {
            for spelling in &unit.spellings {
                assert_eq!(normalise(spelling).map(|found| &found.ucum), Some(&unit.ucum), "{spelling}");
            }
        }
    }

    fn check(spelling: &str, expect: Option<&str>) {
        assert_eq!(normalise(spelling).map(|unit| unit.ucum.as_str()), expect, "{spelling}");
    }

    #[test]
    fn spellings() {
        for count in ["10*9/L", "10^9/L", "×10⁹/L", "x10^9/l", "10E9/L", "10⁹／Ｌ", "10的9次方/L", " 10 ^9 / L ", "G/L"]
        {
            check(count, Some("10*9/L"));
        }
        check("109/L", None);
        check("μmol/L", Some("umol/L"));
        check("µmol/l", Some("umol/L"));
        check("ｍｍｏｌ／Ｌ", Some("mmol/L"));
        check("％", Some("%"));
        check("ml", Some("mL"));
        check("MMOL/L", Some("mmol/L"));
        check("Mmol/L", None);
        check("g/l", Some("g/L"));
        check("10*12/l", Some("10*12/L"));
        check("摄氏", None);
        check("", None);
    }

    #[test]
    fn the_analyte_decides_what_the_spelling_leaves_open() {
        let analyte = |id| super::super::catalogue().analyte(id);
        let read = |spelling, id| of(spelling, analyte(id)).map(|unit| unit.ucum.as_str());
        assert_eq!(read("IU/L", "alt"), Some("U/L"));
        assert_eq!(read("IU/L", "hcg"), Some("[IU]/L"));
        assert_eq!(read("G/L", "wbc"), Some("10*9/L"));
        assert_eq!(read("G/L", "albumin"), None);
    }

    #[test]
    fn factors_of_the_same_quantity() {
        let check = |from, to, expect: Option<f64>| {
            let found = scale(from, to);
            let near = matches!((found, expect), (Some(a), Some(b)) if (a / b - 1.0).abs() < 1e-12);
            assert!(near || found == expect, "{from} → {to}: {found:?}");
        };
        check("g/dL", "g/L", Some(10.0));
        check("g/L", "g/dL", Some(0.1));
        check("mg/dL", "g/dL", Some(0.001));
        check("nmol/L", "mmol/L", Some(1e-6));
        check("mmol/L", "mg/dL", None);
        check("mg/L{FEU}", "mg/L{DDU}", None);
        check("10*9/L", "g/L", None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_answered(text in ".{0,20}") {
            let _ = normalise(&text);
        }
    }
}
