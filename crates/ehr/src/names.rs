//! Pinyin of names: for the eye, and for finding. Never evidence that two people are one.

use patients::search_form;
use pinyin::ToPinyin as _;

/// Surnames that are read otherwise than the character elsewhere.
const SURNAMES: [(char, &str); 22] = [
    ('单', "shàn"),
    ('曾', "zēng"),
    ('解', "xiè"),
    ('仇', "qiú"),
    ('区', "ōu"),
    ('查', "zhā"),
    ('任', "rén"),
    ('盖', "gě"),
    ('朴', "piáo"),
    ('翟', "zhái"),
    ('冼', "xiǎn"),
    ('种', "chóng"),
    ('繁', "pó"),
    ('华', "huà"),
    ('宁', "nìng"),
    ('乐', "yuè"),
    ('员', "yùn"),
    ('缪', "miào"),
    ('覃', "qín"),
    ('逄', "páng"),
    ('黑', "hè"),
    ('秘', "bì"),
];

/// `chén yù lán`, when every character is a Han character with a known reading.
pub(crate) fn pinyin(name: &str) -> Option<String> {
    let mut syllables = Vec::new();
    for (at, c) in name.chars().filter(|c| !c.is_whitespace()).enumerate() {
        let surname = SURNAMES.iter().find(|(own, _)| at == 0 && *own == c).map(|(_, read)| *read);
        syllables.push(surname.or_else(|| c.to_pinyin().map(|read| read.with_tone()))?);
    }
    (!syllables.is_empty()).then(|| syllables.join(" "))
}

/// Does a Han name sound like what was typed in Latin letters (`chenyulan`, `chen yu lan`, `cyl`)?
pub(crate) fn sounds_like(name: &str, typed: &str) -> bool {
    let typed = search_form(typed).replace('ü', "v");
    if !typed.is_ascii() || typed.is_empty() {
        return false;
    }
    let plain: Option<Vec<&str>> = name.chars().map(|c| c.to_pinyin().map(|read| read.plain())).collect();
    let Some(plain) = plain.filter(|plain| !plain.is_empty()) else { return false };
    let initials: String = plain.iter().filter_map(|syllable| syllable.chars().next()).collect();
    let whole = plain.concat().replace('ü', "v");
    whole.starts_with(&typed) || initials == typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings() {
        assert_eq!(pinyin("陈玉兰").as_deref(), Some("chén yù lán"));
        assert_eq!(pinyin("单雄信").as_deref(), Some("shàn xióng xìn"));
        assert_eq!(pinyin("Li Wei"), None);
        assert_eq!(pinyin(""), None);
    }

    #[test]
    fn sounds() {
        assert!(sounds_like("陈玉兰", "chenyulan"));
        assert!(sounds_like("陈玉兰", "Chen Yu"));
        assert!(sounds_like("陈玉兰", "cyl"));
        assert!(!sounds_like("陈玉兰", "chenyulian"));
        assert!(!sounds_like("陈玉兰", "玉"));
    }
}
