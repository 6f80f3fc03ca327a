//! The laboratory catalogue: what is measured, under which codes, in which panel, and in plain words.

// not shown: words that hospitals write, only compared with.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{LabResult, Measure, between, units, units::Unit};
use crate::Bilingual;

const TEXT: &str = include_str!("../../data/lab-catalogue.toml");

/// Analytes and panels of `data/lab-catalogue.toml`.
#[derive(Debug, Default)]
pub struct Catalogue {
    panels: Vec<PanelName>,
    analytes: Vec<Analyte>,
    by_id: HashMap<&'static str, usize>,
    by_loinc: HashMap<&'static str, (usize, usize)>,
    by_alias: HashMap<String, Vec<usize>>,
}

/// A panel: a block of the matrix and a choice of its filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelName {
    /// E.g. `renal`.
    pub id: String,
    /// For people.
    pub name: Bilingual,
}

/// What can be measured: one component in one kind of specimen.
#[derive(Debug)]
pub struct Analyte {
    /// E.g. `potassium`.
    pub id: String,
    /// Panel id.
    pub panel: String,
    /// Place in the catalogue: rows of a panel keep it.
    pub order: usize,
    /// For people.
    pub name: Bilingual,
    /// E.g. `K`.
    pub abbreviation: String,
    /// Specimen class of the catalogue, e.g. `serum`.
    pub specimen: String,
    /// Only results of one group may share an axis.
    pub group: String,
    /// The usual unit in China, for people.
    pub unit: Option<String>,
    /// The first code is that of the usual unit's property.
    pub loinc: Vec<LoincCode>,
    /// Conversions across properties.
    pub convert: Vec<Conversion>,
    /// Why values of different kinds of unit are never converted, when that is so.
    pub never_convert: Option<String>,
    /// Customary critical limits in the usual unit: never a flag, only for when a patient sees a result.
    critical: (Option<f64>, Option<f64>),
    what: Bilingual,
    high: Option<Bilingual>,
    low: Option<Bilingual>,
    abnormal: Option<Bilingual>,
}

/// A LOINC code of an analyte.
#[derive(Debug)]
pub struct LoincCode {
    /// E.g. `2823-3`.
    pub code: String,
    /// LOINC property in the catalogue's words: `molar`, `mass`, `ngsp`, …
    pub property: String,
    /// A UCUM unit that fits the code; empty for ordinal results.
    pub ucum: String,
}

/// `to = from * factor + offset`.
#[derive(Debug)]
pub struct Conversion {
    /// UCUM.
    pub from: String,
    /// UCUM.
    pub to: String,
    /// Multiplied.
    pub factor: f64,
    /// Added.
    pub offset: f64,
    /// Holds for results under this LOINC code alone.
    pub to_loinc: Option<String>,
    /// Molar mass or published equation, cited.
    pub basis: String,
}

/// The catalogue, read once.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    static FILE: OnceLock<file::File> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        // A test reads the same compiled-in text: it can't fail here.
        let file = FILE.get_or_init(|| toml::from_str(TEXT).unwrap_or_default());
        Catalogue::read(file)
    })
}

impl Catalogue {
    fn read(file: &'static file::File) -> Self {
        let mut panels: Vec<_> = file.panel.iter().collect();
        panels.sort_by_key(|panel| panel.order);
        let panels = panels.into_iter().map(|panel| PanelName { id: panel.id.clone(), name: panel.name() }).collect();
        let mut read = Self { panels, ..Self::default() };
        for (order, entry) in file.analyte.iter().enumerate() {
            read.by_id.insert(&entry.id, order);
            for (nth, loinc) in entry.loinc.iter().enumerate() {
                read.by_loinc.insert(&loinc.code, (order, nth));
            }
            let names = entry.aliases.iter().chain([&entry.abbr, &entry.zh, &entry.en]);
            for name in names {
                let holders = read.by_alias.entry(alias_form(name)).or_default();
                if !holders.contains(&order) {
                    holders.push(order);
                }
            }
            read.analytes.push(entry.analyte(order));
        }
        read
    }

    /// Panels in the order of the matrix.
    pub fn panels(&self) -> &[PanelName] {
        &self.panels
    }

    /// All analytes.
    pub fn analytes(&self) -> &[Analyte] {
        &self.analytes
    }

    /// By catalogue id.
    pub fn analyte(&self, id: &str) -> Option<&Analyte> {
        self.analytes.get(*self.by_id.get(id)?)
    }

    /// By LOINC code.
    pub fn by_loinc(&self, code: &str) -> Option<(&Analyte, &LoincCode)> {
        let (analyte, nth) = *self.by_loinc.get(code)?;
        let analyte = self.analytes.get(analyte)?;
        Some((analyte, analyte.loinc.get(nth)?))
    }

    /// By a name, abbreviation or alias, and only with the specimen: `PCT` is procalcitonin in serum and plateletcrit in
    /// blood. `None` when several analytes fit (`GLU` in serum: fasting or not?).
    pub fn by_alias(&self, name: &str, specimen: Specimen) -> Option<&Analyte> {
        let mut fitting = self.by_alias.get(&alias_form(name))?.iter().filter_map(|at| self.analytes.get(*at));
        let mut fits = fitting.by_ref().filter(|analyte| specimen.covers(&analyte.specimen));
        let first = fits.next()?;
        fits.next().is_none().then_some(first)
    }

    /// Does the value lie beyond the customary critical limits, converted into their unit?
    pub(crate) fn is_beyond_critical(&self, result: &LabResult) -> bool {
        let beyond = || {
            let analyte = self.analyte(result.analyte?)?;
            let (low, high) = analyte.critical;
            (low.is_some() || high.is_some()).then_some(())?;
            let usual = Measure { ucum: &analyte.usual_unit()?.ucum, loinc: None };
            let value = between(analyte, Measure::of(result)?, usual)?.apply(result.value.as_ref()?.number?);
            Some(low.is_some_and(|low| value <= low) || high.is_some_and(|high| value >= high))
        };
        beyond().unwrap_or(false)
    }

    pub(crate) fn panel_order(&self, id: &str) -> usize {
        self.panels.iter().position(|panel| panel.id == id).unwrap_or(usize::MAX)
    }
}

impl Analyte {
    /// What it measures, in a sentence.
    pub fn what(&self) -> &Bilingual {
        &self.what
    }

    /// What a result above, below, or outside what is usual may mean, in general.
    pub(crate) fn meaning(&self, side: Side) -> Option<&Bilingual> {
        match side {
            Side::High => self.high.as_ref(),
            Side::Low => self.low.as_ref(),
            Side::Abnormal => self.abnormal.as_ref(),
        }
    }

    /// The unit that the code's property is usually reported in.
    pub fn usual_unit(&self) -> Option<&'static Unit> {
        units::normalise(self.unit.as_deref()?)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    High,
    Low,
    Abnormal,
}

/// What kind of specimen a source's words mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Specimen {
    /// 血清, or plasma where the catalogue does not tell them apart.
    Serum,
    /// 血浆
    Plasma,
    /// 全血
    Blood,
    /// 动脉血
    ArterialBlood,
    /// 末梢血
    CapillaryBlood,
    /// 尿
    Urine,
    /// 24小时尿
    Urine24h,
    /// 呼气
    Breath,
}

impl Specimen {
    /// Reads a specimen's name; `None` when it says none of the catalogue's.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if has(&["24小时尿", "24h尿", "24-hour urine", "24 hour urine", "24h urine"]) {
            Some(Self::Urine24h)
        } else if has(&["尿", "urine"]) {
            Some(Self::Urine)
        } else if has(&["血清", "serum"]) {
            Some(Self::Serum)
        } else if has(&["血浆", "plasma"]) {
            Some(Self::Plasma)
        } else if has(&["动脉", "arterial"]) {
            Some(Self::ArterialBlood)
        } else if has(&["末梢", "指尖", "capillary", "fingerstick"]) {
            Some(Self::CapillaryBlood)
        } else if has(&["全血", "静脉血", "blood"]) {
            Some(Self::Blood)
        } else if has(&["呼气", "breath"]) {
            Some(Self::Breath)
        } else {
            None
        }
    }

    fn covers(self, catalogue: &str) -> bool {
        match self {
            Self::Serum => catalogue == "serum",
            Self::Plasma => matches!(catalogue, "plasma" | "serum"),
            Self::Blood => catalogue == "blood",
            Self::ArterialBlood => catalogue == "blood-arterial",
            Self::CapillaryBlood => catalogue == "blood-capillary",
            Self::Urine => catalogue == "urine",
            Self::Urine24h => catalogue == "urine-24h",
            Self::Breath => catalogue == "breath",
        }
    }
}

fn alias_form(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    name.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// The file as written.
mod file {
    use super::{Analyte, Bilingual, Conversion, LoincCode};

    #[derive(Debug, Default, serde::Deserialize)]
    pub(super) struct File {
        pub panel: Vec<Panel>,
        pub analyte: Vec<Entry>,
    }

    #[derive(Debug, serde::Deserialize)]
    pub(super) struct Panel {
        pub id: String,
        zh: String,
        en: String,
        pub order: u32,
    }

    impl Panel {
        pub(super) fn name(&self) -> Bilingual {
            Bilingual { zh: self.zh.clone(), en: self.en.clone() }
        }
    }

    #[derive(Debug, serde::Deserialize)]
    pub(super) struct Entry {
        pub id: String,
        panel: String,
        pub zh: String,
        pub en: String,
        pub abbr: String,
        pub aliases: Vec<String>,
        specimen: String,
        group: String,
        unit: Option<String>,
        pub loinc: Vec<Loinc>,
        #[serde(default)]
        convert: Vec<Convert>,
        never_convert: Option<String>,
        critical: Option<Critical>,
        what: Bilingual,
        high: Option<Bilingual>,
        low: Option<Bilingual>,
        abnormal: Option<Bilingual>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Critical {
        low: Option<f64>,
        high: Option<f64>,
    }

    #[derive(Debug, serde::Deserialize)]
    pub(super) struct Loinc {
        pub code: String,
        property: String,
        ucum: String,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Convert {
        from: String,
        to: String,
        factor: f64,
        #[serde(default)]
        offset: f64,
        to_loinc: Option<String>,
        basis: String,
    }

    impl Entry {
        pub(super) fn analyte(&self, order: usize) -> Analyte {
            let loinc = |code: &Loinc| LoincCode {
                code: code.code.clone(),
                property: code.property.clone(),
                ucum: code.ucum.clone(),
            };
            let convert = |step: &Convert| Conversion {
                from: step.from.clone(),
                to: step.to.clone(),
                factor: step.factor,
                offset: step.offset,
                to_loinc: step.to_loinc.clone(),
                basis: step.basis.clone(),
            };
            Analyte {
                id: self.id.clone(),
                panel: self.panel.clone(),
                order,
                name: Bilingual { zh: self.zh.clone(), en: self.en.clone() },
                abbreviation: self.abbr.clone(),
                specimen: self.specimen.clone(),
                group: self.group.clone(),
                unit: self.unit.clone(),
                loinc: self.loinc.iter().map(loinc).collect(),
                convert: self.convert.iter().map(convert).collect(),
                never_convert: self.never_convert.clone(),
                critical: self.critical.as_ref().map_or((None, None), |limits| (limits.low, limits.high)),
                what: self.what.clone(),
                high: self.high.clone(),
                low: self.low.clone(),
                abnormal: self.abnormal.clone(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_file_can_be_read() {
        let file: file::File = toml::from_str(TEXT).expect("lab-catalogue.toml");
        assert_eq!((file.panel.len(), file.analyte.len()), (20, 177));
        assert_eq!(catalogue().analytes().len(), 177);
    }

    #[test]
    fn every_unit_of_the_catalogue_is_known() {
        for analyte in catalogue().analytes() {
            assert!(analyte.unit.is_none() || analyte.usual_unit().is_some(), "{}", analyte.id);
            for step in &analyte.convert {
                assert!(
                    units::normalise(&step.from).is_some() && units::normalise(&step.to).is_some(),
                    "{}",
                    analyte.id
                );
            }
        }
    }

    fn check(name: &str, specimen: &str, expect: Option<&str>) {
        let found = Specimen::read(specimen).and_then(|specimen| catalogue().by_alias(name, specimen));
        assert_eq!(found.map(|analyte| analyte.id.as_str()), expect, "{name} in {specimen}");
    }

    #[test]
    fn names_need_a_specimen() {
        check("K", "血清", Some("potassium"));
        check("血钾", "Serum", Some("potassium"));
        check("PCT", "血清", Some("procalcitonin"));
        check("GLU", "血清", None);
        check("钾", "备注", None);
        check("钾", "24小时尿", None);
    }

    #[test]
    fn codes() {
        let (analyte, code) = catalogue().by_loinc("3094-0").expect("urea nitrogen");
        assert_eq!((analyte.id.as_str(), code.property.as_str()), ("urea", "nitrogen"));
        assert!(catalogue().by_loinc("8867-4").is_none());
    }
}
