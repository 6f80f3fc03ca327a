//! Identifiers and telephone numbers as they may be shown: enough to recognise, too little to use.

use crate::ResidentId;

/// Covers the middle of an identifier. A valid resident ID is masked as one whatever system it came under.
pub fn mask_identifier(value: &str) -> String {
    if !access::Safeguard::Masking.stands() {
        return value.to_owned();
    }
    if let Ok(id) = ResidentId::parse(value) {
        return id.masked();
    }
    let (head, tail) = match value.chars().count() {
        0..=4 => (0, 1),
        5..=7 => (1, 2),
        8..=11 => (2, 3),
        _ => (3, 4),
    };
    cover(value, head, tail)
}

/// `138****5678`: the first three and last four digits of a telephone number.
pub fn mask_phone(value: &str) -> String {
    match value.chars().count() {
        0..=6 => cover(value, 0, 2),
        7..=10 => cover(value, 2, 3),
        _ => cover(value, 3, 4),
    }
}

fn cover(value: &str, head: usize, tail: usize) -> String {
    let count = value.chars().count();
    value.chars().enumerate().map(|(at, c)| if at < head || at + tail >= count { c } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covered() {
        assert_eq!(mask_identifier("999009196403180328"), "999***********0328");
        assert_eq!(mask_identifier("999009640318032"), "999***********0328");
        assert_eq!(mask_identifier("E12345678"), "E1****678");
        assert_eq!(mask_identifier("1234"), "***4");
        assert_eq!(mask_identifier(""), "");
        assert_eq!(mask_phone("13812345678"), "138****5678");
        assert_eq!(mask_phone("8123456"), "81**456");
        assert_eq!(mask_phone("110"), "*10");
    }
}
