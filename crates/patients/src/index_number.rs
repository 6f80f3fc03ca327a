//! The number of a person in the regional index, made to be read out: `LZ 0048 2917 36`.

use std::fmt;

/// Eight digits and two check digits (ISO 7064 MOD 97-10: finds every wrong digit and every swap of two).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexNumber(u32);

const SPACE: u128 = 100_000_000;

impl IndexNumber {
    /// From randomness: numbers say nothing of when or where somebody came into the index.
    pub fn from_random(random: u128) -> Self {
        Self(u32::try_from(random % SPACE).unwrap_or_default())
    }

    /// Reads a number with or without `LZ`, spaces and hyphens; `None` when it is none or the check digits don't fit.
    pub fn parse(text: &str) -> Option<Self> {
        let compact: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').flat_map(char::to_uppercase).collect();
        let digits = compact.strip_prefix("LZ")?;
        if digits.len() != 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let number = Self(digits[..8].parse().ok()?);
        (digits[8..].parse::<u32>().ok()? == number.check()).then_some(number)
    }

    fn check(self) -> u32 {
        98 - (self.0 % 97) * 100 % 97
    }
}

impl fmt::Display for IndexNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LZ {:04} {:04} {:02}", self.0 / 10_000, self.0 % 10_000, self.check())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_back() {
        for random in [0, 1, 482_917, 99_999_999, u128::MAX] {
            let number = IndexNumber::from_random(random);
            assert_eq!(IndexNumber::parse(&number.to_string()), Some(number));
            assert_eq!(IndexNumber::parse(&number.to_string().to_lowercase().replace(' ', "")), Some(number));
        }
        assert_eq!(IndexNumber::parse("LZ 0048 2917"), None);
        assert_eq!(IndexNumber::parse("0048 2917 36"), None);
        assert_eq!(IndexNumber::parse("李伟"), None);
    }

    proptest::proptest! {
        #[test]
        fn a_wrong_digit_is_noticed(random in 0u128..SPACE, place in 0usize..8, add in 1u8..10) {
            let mut digits = IndexNumber::from_random(random).to_string().replace([' ', 'L', 'Z'], "").into_bytes();
            digits[place] = b'0' + (digits[place] - b'0' + add) % 10;
            let text = format!("LZ{}", String::from_utf8_lossy(&digits));
            proptest::prop_assert_eq!(IndexNumber::parse(&text), None);
        }
    }
}
