//! Which part of a name was found by what was typed: for the eye alone, the search decides by itself.

use serde::Serialize;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// As it stands.
    pub text: String,
    /// Is it what was looked for?
    pub hit: bool,
}

fn piece(text: &str, hit: bool) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece { text: text.to_owned(), hit })
}

/// A name, with the part that was typed.
pub(super) fn name(name: &str, typed: &str) -> Vec<Piece> {
    let typed = typed.trim();
    // Only where the text is the same length in small letters do places in one hold for the other.
    let (small, wanted) = (name.to_lowercase(), typed.to_lowercase());
    let at = if wanted.is_empty() || small.len() != name.len() { None } else { small.find(&wanted) };
    let parts =
        at.and_then(|at| Some((name.get(..at)?, name.get(at..at + wanted.len())?, name.get(at + wanted.len()..)?)));
    match parts {
        Some((before, hit, after)) => {
            [piece(before, false), piece(hit, true), piece(after, false)].into_iter().flatten().collect()
        }
        None => piece(name, false).into_iter().collect(),
    }
}

/// `chén yù lán`, with the letters that `chyl`, `cyl` or `chenyu` stand for.
pub(super) fn pinyin(read: &str, typed: &str) -> Vec<Piece> {
    let typed: Vec<char> =
        typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).map(plain).collect();
    let syllables: Vec<&str> = read.split(' ').collect();
    let letters: Vec<Vec<char>> = syllables.iter().map(|one| one.chars().map(plain).collect()).collect();
    let ascii = !typed.is_empty() && typed.iter().all(char::is_ascii);
    let taken = if ascii { take(&letters, &typed) } else { None }.unwrap_or_default();
    let mut pieces = Vec::new();
    for (at, syllable) in syllables.iter().enumerate() {
        let hit: String = syllable.chars().take(taken.get(at).copied().unwrap_or_default()).collect();
        let rest = syllable.strip_prefix(hit.as_str()).unwrap_or_default();
        let gap = if at == 0 { None } else { piece(" ", false) };
        pieces.extend([gap, piece(&hit, true), piece(rest, false)].into_iter().flatten());
    }
    pieces
}

/// How many letters of each syllable, from the first on, make up what was typed; as many as can be of the earlier ones.
fn take(syllables: &[Vec<char>], typed: &[char]) -> Option<Vec<usize>> {
    let Some(first) = syllables.first() else { return typed.is_empty().then(Vec::new) };
    if typed.is_empty() {
        return Some(Vec::new());
    }
    let same = first.iter().zip(typed).take_while(|(one, other)| one == other).count();
    (1..=same).rev().find_map(|length| {
        let mut taken = vec![length];
        taken.extend(take(&syllables[1..], &typed[length..])?);
        Some(taken)
    })
}

/// Without its tone; `ü` is typed as `v`.
fn plain(letter: char) -> char {
    match letter {
        'ā' | 'á' | 'ǎ' | 'à' => 'a',
        'ē' | 'é' | 'ě' | 'è' => 'e',
        'ī' | 'í' | 'ǐ' | 'ì' => 'i',
        'ō' | 'ó' | 'ǒ' | 'ò' => 'o',
        'ū' | 'ú' | 'ǔ' | 'ù' => 'u',
        'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' | 'ü' => 'v',
        'ń' | 'ň' | 'ǹ' => 'n',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: Vec<Piece>) -> String {
        pieces.into_iter().map(|one| if one.hit { format!("[{}]", one.text) } else { one.text }).collect()
    }

    #[test]
    fn what_was_typed_is_marked_in_the_name() {
        let check = |given: &str, typed: &str, expect: &str| assert_eq!(shown(name(given, typed)), expect, "{typed}");
        check("陈玉兰", "陈", "[陈]玉兰");
        check("陈玉兰", " 玉兰 ", "陈[玉兰]");
        check("Wenona Cormier", "corm", "Wenona [Corm]ier");
        check("陈玉兰", "chen", "陈玉兰");
        check("陈玉兰", "", "陈玉兰");
        check("İstanbul", "i", "İstanbul");
    }

    #[test]
    fn what_was_typed_is_marked_in_its_pinyin() {
        let check = |typed: &str, expect: &str| assert_eq!(shown(pinyin("chén yù lán", typed)), expect, "{typed}");
        check("chyl", "[ch]én [y]ù [l]án");
        check("cyl", "[c]hén [y]ù [l]án");
        check("Chen Yu", "[chén] [yù] lán");
        check("chenyulan", "[chén] [yù] [lán]");
        check("chenyulian", "chén yù lán");
        check("陈", "chén yù lán");
        assert_eq!(shown(pinyin("lǚ xián", "lvxian")), "[lǚ] [xián]");
    }
}
