//! The secret of an invitation: sixteen letters and digits that no two of look alike, 80 bits of chance.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Crockford's base 32 (<https://www.crockford.com/base32.html>): no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 16;

/// A new secret, in four groups.
///
/// # Errors
/// The system gives no random bytes.
pub fn new() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0u8; CHARACTERS]);
    getrandom::fill(bytes.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + 3));
    for (nth, byte) in bytes.iter().enumerate() {
        if nth > 0 && nth % 4 == 0 {
            text.push('-');
        }
        // Five bits of each byte, so that each character is as likely as any other.
        text.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    Ok(text)
}

/// What is kept of it. What people mistake for one another is the same; `None` for what no secret can be.
///
/// The secret has enough chance of its own: a slow digest would protect nothing more.
pub fn digest(typed: &str) -> Option<String> {
    let mut plain = Zeroizing::new(String::with_capacity(CHARACTERS));
    for letter in typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        let letter = match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let known = u8::try_from(letter).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !known || plain.len() == CHARACTERS {
            return None;
        }
        plain.push(letter);
    }
    let hash = || Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    (plain.len() == CHARACTERS).then(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_back_however_it_is_typed() {
        let secret = new().expect("random bytes");
        assert_eq!(secret.len(), 19);
        let kept = digest(&secret).expect("a digest");
        assert_eq!(digest(&secret.to_lowercase().replace('-', " ")), Some(kept.clone()));
        assert_eq!(digest(&secret.replace('0', "o").replace('1', "L")), Some(kept));
        assert_ne!(digest(&new().expect("random bytes")), digest(&secret));
        for bad in ["", "0000-0000-0000-000", "0000-0000-0000-0000-0", "0000-0000-0000-000U", "电0000-0000-0000-000"] {
            assert_eq!(digest(bad), None, "{bad}");
        }
    }
}
