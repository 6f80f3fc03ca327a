//! Critical values (危急值): what must reach a clinician at once.

use super::{Flag, LabResult, catalogue};

impl LabResult {
    /// The laboratory says so (`HH`, `LL`, `AA`, its own critical range), or a number lies beyond the catalogue's customary
    /// limits, converted into their unit. Words and values in other units are never judged here; parts count as the whole.
    pub fn is_critical(&self) -> bool {
        self.is_critical_itself() || self.components.iter().any(Self::is_critical_itself)
    }

    fn is_critical_itself(&self) -> bool {
        self.alarming
            || matches!(self.flag, Some(Flag::CriticalHigh | Flag::CriticalLow))
            // `<2.0` may be anything below: only a value that is said exactly is compared.
            || (self.value.as_ref().is_some_and(|value| value.comparator.is_none()) && catalogue().is_beyond_critical(self))
    }

    /// What it says, in a form that stays the same whichever hospital's copy of it is read: compared where a server has no
    /// versions.
    pub(crate) fn print(&self) -> String {
        let mut said = String::new();
        self.say(&mut said);
        format!("{:016x}", super::stable_hash(said.as_bytes()))
    }

    fn say(&self, out: &mut String) {
        out.push_str(&self.status);
        if let Some(value) = &self.value {
            let number = value.number.map(|number| number.to_string());
            let unit = value.ucum.or(value.unit.as_deref());
            let said = [value.comparator.as_deref(), number.as_deref().or(Some(value.text.trim())), unit];
            for one in said {
                out.push('\u{1f}');
                out.push_str(one.unwrap_or_default());
            }
        }
        for one in self.absent.iter().chain(&self.notes) {
            out.push('\u{1f}');
            out.push_str(one);
        }
        for part in &self.components {
            out.push('\u{1e}');
            part.say(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::Value;

    fn potassium(text: &str, number: Option<f64>, comparator: Option<&str>, unit: &str) -> LabResult {
        let ucum = crate::labs::units::normalise(unit).map(|unit| unit.ucum.as_str());
        let (comparator, unit) = (comparator.map(str::to_owned), Some(unit.to_owned()));
        let value = Value { text: text.to_owned(), number, comparator, unit, ucum };
        LabResult { analyte: Some("potassium"), value: Some(value), ..LabResult::default() }
    }

    #[test]
    fn only_what_is_certain_is_critical() {
        let check = |result: LabResult, expect: bool| assert_eq!(result.is_critical(), expect, "{result:?}");
        check(potassium("6.8", Some(6.8), None, "mmol/L"), true);
        check(potassium("2.0", Some(2.0), None, "mmol/L"), true);
        check(potassium("5.0", Some(5.0), None, "mmol/L"), false);
        // The catalogue says how milliequivalents become millimoles, not how milligrams do; a unit nobody knows is nothing.
        check(potassium("6.8", Some(6.8), None, "mEq/L"), true);
        check(potassium("26.6", Some(26.6), None, "mg/dL"), false);
        check(potassium("6.8", Some(6.8), None, "格"), false);
        check(potassium(">2.0", Some(2.0), Some(">"), "mmol/L"), false);
        check(potassium("危急", None, None, "mmol/L"), false);
        check(LabResult { alarming: true, ..LabResult::default() }, true);
        check(LabResult { flag: Some(Flag::High), ..LabResult::default() }, false);
        let part = LabResult { flag: Some(Flag::CriticalLow), ..LabResult::default() };
        check(LabResult { components: vec![part], ..LabResult::default() }, true);
    }

    #[test]
    fn the_same_value_written_otherwise_has_the_same_print() {
        let one = potassium("5.4", Some(5.4), None, "mmol/L").print();
        assert_eq!(potassium("5.40", Some(5.40), None, "mmol/L").print(), one);
        assert_ne!(potassium("5.5", Some(5.5), None, "mmol/L").print(), one);
        assert_ne!(potassium("5.4", Some(5.4), Some("<"), "mmol/L").print(), one);
        assert_ne!(
            LabResult { status: "corrected".into(), ..potassium("5.4", Some(5.4), None, "mmol/L") }.print(),
            one
        );
    }
}
