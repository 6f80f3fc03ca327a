//! Money as decimals: what was written is what is added, and no binary fraction comes between.

use std::fmt;

use serde::{Serialize, Serializer};

/// More digits than any bill has, so that sums never overflow.
const DIGITS: usize = 24;
/// At most so many places.
const PLACES: u32 = 12;

/// A decimal number, without trailing zeros: `5.40` and `5.4` are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal {
    /// In units of 10^-12: compared and added as they are.
    units: i128,
}

impl Decimal {
    /// Reads a JSON number. `None` for one with more digits or places than money has.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.trim_start_matches('+').parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let part = part.trim_end_matches('0');
        let digits = format!("{whole}{part}");
        let all_digits = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        // An exponent writes zeros out.
        let written = digits.len().saturating_add(usize::try_from(exponent).unwrap_or(0));
        if !all_digits || written > DIGITS {
            return None;
        }
        let places = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
        let number: i128 = digits.parse().ok()?;
        // 10^-12 are the units; what would not fit is no money.
        let shift = i32::try_from(PLACES).ok()?.checked_sub(places)?;
        let units = number.checked_mul(10_i128.checked_pow(u32::try_from(shift).ok()?)?)?;
        Some(Self { units: if negative { -units } else { units } })
    }

    /// The sum; `None` where it is more than can be counted.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.units.checked_add(other.units).map(|units| Self { units })
    }

    /// The product; `None` where it has more places than money.
    pub fn times(self, other: Self) -> Option<Self> {
        let product = self.units.checked_mul(other.units)?;
        let scale = 10_i128.pow(PLACES);
        (product % scale == 0).then(|| Self { units: product / scale })
    }

    /// The sum of all; `None` where one is missing.
    pub fn sum(all: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        all.into_iter().try_fold(Self::default(), |sum, one| sum.plus(one?))
    }
}

/// As written on bills: two places, or as many as there are.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u128.pow(PLACES);
        let (whole, part) = (self.units.unsigned_abs() / scale, self.units.unsigned_abs() % scale);
        let part = format!("{part:0width$}", width = PLACES as usize);
        let part = part.trim_end_matches('0');
        let sign = if self.units < 0 { "-" } else { "" };
        write!(f, "{sign}{whole}.{part:0<2}")
    }
}

/// Decimal text: a number of JSON would become a double somewhere.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_added() {
        let check = |texts: &[&str], sum: Option<&str>| {
            let all = texts.iter().map(|text| Decimal::parse(text));
            assert_eq!(Decimal::sum(all).map(|sum| sum.to_string()).as_deref(), sum, "{texts:?}");
        };
        check(&["0.1", "0.2"], Some("0.30"));
        check(&["15", "3.5", "28.00"], Some("46.50"));
        check(&["1.005", "0.0005"], Some("1.0055"));
        check(&["-0.01", "1e2"], Some("99.99"));
        check(&["1.25E-1"], Some("0.125"));
        check(&["99999999999.99", "0.01"], Some("100000000000.00"));
        check(&["1", "one"], None);
        check(&["1e999"], None);
        check(&["1e-999"], None);
        check(&["."], None);
        check(&[], Some("0.00"));
        let product = Decimal::parse("3.5").and_then(|price| price.times(Decimal::parse("7")?));
        assert_eq!(product.map(|all| all.to_string()).as_deref(), Some("24.50"));
        assert_eq!(Decimal::parse("5.40"), Decimal::parse("5.4"));
    }

    proptest::proptest! {
        #[test]
        fn sums_are_those_of_whole_numbers(fen in proptest::collection::vec(-10_000_000i64..10_000_000, 0..40)) {
            let write = |fen: &i64| format!("{}{}.{:02}", if *fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100);
            let sum = Decimal::sum(fen.iter().map(|fen| Decimal::parse(&write(fen)))).expect("sum");
            let whole: i64 = fen.iter().sum();
            proptest::prop_assert_eq!(sum.to_string(), write(&whole));
        }
    }
}
