//! Resident identity numbers: GB 11643-1999, check digit ISO 7064 MOD 11-2.

use jiff::civil::Date;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

/// The check character of the first seventeen digits.
pub(crate) fn check_digit(seventeen: &str) -> Option<char> {
    let digits: Vec<u32> = seventeen.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    let sum: u32 = (digits.len() == WEIGHTS.len())
        .then(|| digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum())?;
    CHECK.get((sum % 11) as usize).copied()
}

/// The number of a person: six digits of area, birth date, sequence (odd for men).
pub(crate) fn compose(area: &str, born: Date, sequence: u16) -> String {
    let body = format!("{area}{:04}{:02}{:02}{sequence:03}", born.year(), born.month(), born.day());
    let check = check_digit(&body).map(String::from).unwrap_or_default();
    body + &check
}

/// The number with a wrong check digit, as a typing mistake leaves it.
pub(crate) fn mistype(number: &str) -> String {
    let (body, check) = number.split_at(number.len().saturating_sub(1));
    let wrong = if check == "7" { "8" } else { "7" };
    format!("{body}{wrong}")
}

/// A number nobody has: the digits of the day changed places, and the check digit fits again.
pub(crate) fn swap(number: &str) -> String {
    let part = |range| number.get(range).unwrap_or_default();
    let body = format!("{}{}{}{}", part(0..12), part(13..14), part(12..13), part(14..17));
    let check = check_digit(&body).map(String::from).unwrap_or_default();
    body + &check
}

/// The fifteen-digit form in use until 2013: no century, no check digit.
pub(crate) fn fifteen(number: &str) -> String {
    let part = |range| number.get(range).unwrap_or_default();
    format!("{}{}", part(0..6), part(8..17))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn known_numbers_are_made_again() {
        for (born, sequence, number) in [
            (date(1964, 3, 18), 32, "999009196403180328"),
            (date(2010, 2, 28), 121, "99900920100228121X"),
            (date(1952, 9, 1), 555, "999009195209015551"),
        ] {
            assert_eq!(compose("999009", born, sequence), number);
        }
    }

    #[test]
    fn a_mistyped_number_fails_its_check() {
        for sequence in 0..40 {
            let wrong = mistype(&compose("999009", date(1962, 12, 5), sequence));
            assert_ne!(wrong.chars().last(), check_digit(&wrong[..17]));
        }
    }

    #[test]
    fn a_swapped_number_passes_its_check_and_is_another() {
        let own = compose("999009", date(1938, 1, 20), 4);
        let other = swap(&own);
        assert_ne!(own, other);
        assert_eq!(check_digit(&other[..17]), other.chars().last());
    }

    #[test]
    fn old_numbers_have_fifteen_digits() {
        assert_eq!(fifteen("999009196403180328"), "999009640318032");
    }
}
