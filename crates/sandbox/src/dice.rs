//! Deterministic randomness: one independent stream per label, so that adding a draw in one place changes nothing elsewhere.

use sha2::{Digest, Sha256};

/// A stream of draws that depends on nothing but the seed and its label. SplitMix64 (Steele, Lea, Flood 2014): a simulation
/// needs speed, not secrecy.
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream of this seed and label.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(label.as_bytes());
        Self(hash.finalize().iter().take(8).fold(0, |state, byte| state << 8 | u64::from(*byte)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Sixteen hexadecimal digits.
    pub(crate) fn hex(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A fraction in `0.0..1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        // 53 bits: what an f64 can hold exactly
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// An integer in `low..high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.fraction() * (high - low).max(0) as f64) as i64
    }

    /// True in this share of the draws.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        self.fraction() < share
    }

    /// About normal, mean 0, standard deviation 1, never beyond ±3.5 (sum of twelve uniforms, clipped).
    pub(crate) fn bell(&mut self) -> f64 {
        let sum: f64 = (0..12).map(|_| self.fraction()).sum();
        (sum - 6.0).clamp(-3.5, 3.5)
    }

    /// One of these; `None` only of nothing.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.between(0, items.len() as i64) as usize)
    }

    /// One of these by weight; `None` when all weights are zero.
    pub(crate) fn weighted<'a, T>(&mut self, items: &'a [T], weight: impl Fn(&T) -> f64) -> Option<&'a T> {
        let mut at = self.fraction() * items.iter().map(&weight).sum::<f64>();
        items.iter().filter(|item| weight(item) > 0.0).find(|item| {
            at -= weight(item);
            at < 0.0
        })
    }
}

/// Lower-case hexadecimal SHA-256 of these parts, for identifiers that look random and never change.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn streams_repeat_and_differ_by_label() {
        let draw = |label: &str| {
            (0..8).map(|_| 0).scan(Dice::new(7, label), |d, _: i32| Some(d.between(0, 1000))).collect::<Vec<_>>()
        };
        assert_eq!(draw("a"), draw("a"));
        assert_ne!(draw("a"), draw("b"));
    }

    #[test]
    fn weights_of_zero_are_never_drawn() {
        let mut dice = Dice::new(1, "w");
        assert!((0..200).all(|_| dice.weighted(&[0.0, 1.0, 0.0], |w| *w) == Some(&1.0)));
        assert_eq!(dice.weighted(&[0.0], |w| *w), None);
    }
}
