//! Numbers compared as what they are written as: decimals. `5.40` is `5.4`, and no binary rounding comes between.

/// Numbers with more digits than this are compared as doubles.
const DIGITS: u32 = 16;

/// The same for the same number: digits without trailing zeros, and their exponent. `None` for what no double can hold.
/// `text` is a JSON number.
pub(crate) fn key(text: &str) -> Option<u64> {
    if let Some(key) = plain(text) {
        return Some(key);
    }
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite())?;
    // Written out it may be a plain decimal (`1.5e1`); else a double's bits are told apart by the highest bit.
    Some(plain(&number.to_string()).unwrap_or(number.to_bits() >> 1 | 1 << 63))
}

fn plain(text: &str) -> Option<u64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (mut mantissa, mut count, mut fraction, mut in_fraction) = (0u64, 0u32, 0u32, false);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                count += u32::from(mantissa > 0);
                fraction += u32::from(in_fraction);
            }
            b'.' if !in_fraction => in_fraction = true,
            _ => return None,
        }
        if count > DIGITS || fraction > 31 {
            return None;
        }
    }
    if mantissa == 0 {
        return Some(0);
    }
    while fraction > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        fraction -= 1;
    }
    // 54 bits of digits, 5 of exponent, one of sign; the highest bit is free.
    Some(mantissa << 6 | u64::from(fraction) << 1 | u64::from(negative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_however_it_is_written() {
        let same = [("5.4", "5.40"), ("5", "5.000"), ("-0", "0.0"), ("1.5e1", "15"), ("100", "1E2"), ("0.05", "5e-2")];
        for (one, other) in same {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        for (one, other) in [("5.4", "-5.4"), ("5.4", "54"), ("0.54", "5.4"), ("5.4", "5.400001"), ("10", "1")] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
        assert_eq!(key("1e999"), None);
        assert_eq!(key("12345678901234567890"), key("12345678901234567890.0"));
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_doubles(one in -100_000i64..100_000, other in -100_000i64..100_000, scale in 0u32..4, zeros in 0usize..3) {
            let write = |number: i64, zeros: usize| {
                let power = 10i64.pow(scale);
                let sign = if number < 0 { "-" } else { "" };
                let (whole, rest) = (number.abs() / power, number.abs() % power);
                match scale {
                    0 => format!("{sign}{whole}"),
                    _ => format!("{sign}{whole}.{rest:0width$}{}", "0".repeat(zeros), width = scale as usize),
                }
            };
            let (a, b) = (write(one, zeros), write(other, 0));
            let same = a.parse::<f64>().expect("number") == b.parse::<f64>().expect("number");
            proptest::prop_assert_eq!(key(&a) == key(&b), same, "{} {}", a, b);
        }
    }
}
