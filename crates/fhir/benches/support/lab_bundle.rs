//! Bundles of laboratory results, the same for the same numbers. Development only; other crates' benches may include
//! this file by path.

use std::fmt::Write as _;

/// Entries of one page.
pub const PAGE: usize = 1_000;

/// LOINC, local code, name, unit, low, high, decimals.
const ANALYTES: [(&str, &str, &str, &str, f64, f64, usize); 8] = [
    ("2823-3", "K01", "钾", "mmol/L", 3.5, 5.3, 2),
    ("2951-2", "NA01", "钠", "mmol/L", 137.0, 147.0, 1),
    ("2160-0", "CREA", "肌酐", "μmol/L", 57.0, 97.0, 0),
    ("14749-6", "GLU", "葡萄糖", "mmol/L", 3.9, 6.1, 2),
    ("6690-2", "WBC", "白细胞计数", "10*9/L", 3.5, 9.5, 2),
    ("718-7", "HGB", "血红蛋白", "g/L", 130.0, 175.0, 0),
    ("1742-6", "ALT", "丙氨酸氨基转移酶", "U/L", 9.0, 50.0, 1),
    ("4548-4", "HBA1C", "糖化血红蛋白", "%", 4.0, 6.0, 1),
];

/// A small generator of even numbers (SplitMix64), so that the text never depends on a library's version.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// `count` results in pages of [`PAGE`], as a hospital's server sends them. `source` varies ids and times.
pub fn pages(count: usize, source: u64) -> Vec<String> {
    let mut dice = Dice(source);
    let starts = (0..count).step_by(PAGE);
    starts.map(|start| page(start, PAGE.min(count - start), source, &mut dice)).collect()
}

fn page(start: usize, count: usize, source: u64, dice: &mut Dice) -> String {
    let mut text = String::with_capacity(count * 1_500);
    text.push_str(r#"{"resourceType":"Bundle","type":"searchset","total":100000,"link":[{"relation":"self","url":"http://127.0.0.1:9101/fhir/Observation?patient=p1&category=laboratory"}],"entry":["#);
    for index in start..start + count {
        if index > start {
            text.push(',');
        }
        entry(&mut text, index, source, dice);
    }
    text.push_str("]}");
    text
}

fn entry(text: &mut String, index: usize, source: u64, dice: &mut Dice) {
    let (loinc, local, name, unit, low, high, decimals) = ANALYTES[dice.roll(ANALYTES.len() as u64) as usize];
    let spread = (high - low) * 1.6;
    let value = low - spread * 0.2 + spread * (dice.roll(10_000) as f64 / 10_000.0);
    let (flag, words) = if value < low {
        ("L", "Low")
    } else if value > high {
        ("H", "High")
    } else {
        ("N", "Normal")
    };
    let (day, hour) = (1 + dice.roll(28), 6 + dice.roll(14));
    let (year, month) = (2015 + dice.roll(12), 1 + dice.roll(12));
    let id = format!("{source}-{index:06}");
    // Writing to a String does not fail.
    let _ = write!(
        text,
        concat!(
            r#"{{"fullUrl":"http://127.0.0.1:9101/fhir/Observation/{id}","resource":{{"resourceType":"Observation","#,
            r#""id":"{id}","meta":{{"versionId":"1","lastUpdated":"{year}-{month:02}-{day:02}T{hour:02}:30:00+08:00"}},"#,
            r#""status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","#,
            r#""code":"laboratory","display":"Laboratory"}}],"text":"检验"}}],"#,
            r#""code":{{"coding":[{{"system":"http://loinc.org","code":"{loinc}"}},"#,
            r#"{{"system":"urn:oid:1.2.156.112604.1.{source}","code":"{local}","display":"{name}"}}],"text":"{name}"}},"#,
            r#""subject":{{"reference":"Patient/p1"}},"encounter":{{"reference":"Encounter/e{visit}"}},"#,
            r#""effectiveDateTime":"{year}-{month:02}-{day:02}T{hour:02}:10:00+08:00","#,
            r#""issued":"{year}-{month:02}-{day:02}T{hour:02}:30:00.000+08:00","#,
            r#""performer":[{{"reference":"Organization/lab","display":"检验科"}}],"#,
            r#""valueQuantity":{{"value":{value:.decimals$},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"#,
            r#""interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","#,
            r#""code":"{flag}","display":"{words}"}}]}}],"#,
            r#""specimen":{{"reference":"Specimen/s{visit}","display":"静脉血"}},"#,
            r#""referenceRange":[{{"low":{{"value":{low:.1},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"#,
            r#""high":{{"value":{high:.1},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}},"#,
            r#""text":"{low:.1}–{high:.1}"}}]}},"search":{{"mode":"match"}}}}"#,
        ),
        id = id,
        year = year,
        month = month,
        day = day,
        hour = hour,
        loinc = loinc,
        local = local,
        source = source,
        name = name,
        visit = index / 12,
        value = value,
        decimals = decimals,
        unit = unit,
        flag = flag,
        words = words,
        low = low,
        high = high,
    );
}
