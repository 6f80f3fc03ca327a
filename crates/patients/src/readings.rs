//! Pinyin of names: for the eye, and for finding. Every reading of a character counts for finding (单 shàn or dān, 曾 zēng
//! or céng); for the eye a surname is read as a surname. Sounding alike is weak evidence and never links by itself.

// not shown: characters that are read in a way of their own.

use pinyin::{ToPinyin as _, ToPinyinMulti as _};
use unicode_normalization::UnicodeNormalization as _;

use crate::name::folded;

/// Surnames that are read otherwise than the character elsewhere.
const SURNAMES: [(char, &str); 24] = [
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
    ('晟', "chéng"),
    ('洗', "xiǎn"),
];

/// Surnames of two characters, one of which is read in a way of its own.
const COMPOUND: [(&str, &str); 7] = [
    ("尉迟", "yù chí"),
    ("万俟", "mò qí"),
    ("单于", "chán yú"),
    ("长孙", "zhǎng sūn"),
    ("澹台", "tán tái"),
    ("宰父", "zǎi fǔ"),
    ("令狐", "líng hú"),
];

/// Spellings and initials kept of one name at most: three characters with four readings each.
const MOST: usize = 64;
/// Characters of the longest name that is spelt: transcribed names of several parts come near it. What hospitals send may
/// be as long as a page, and is no name then.
const LONGEST: usize = 24;

/// `chén yù lán`, when every character is a Han character with a known reading.
pub fn pinyin(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    let mut syllables: Vec<&str> = Vec::new();
    let mut rest = name.as_str();
    let plain: String = name.chars().map(crate::script::simplified).collect();
    if let Some((surname, read)) = COMPOUND.iter().find(|(surname, _)| plain.starts_with(surname)) {
        syllables.push(read);
        rest = rest.char_indices().nth(surname.chars().count()).map_or("", |(at, _)| &name[at..]);
    }
    for c in rest.chars() {
        let own = |one: &&(char, &str)| one.0 == crate::script::simplified(c);
        let surname = SURNAMES.iter().find(own).filter(|_| syllables.is_empty()).map(|(_, read)| *read);
        syllables.push(surname.or_else(|| c.to_pinyin().map(|read| read.with_tone()))?);
    }
    (!syllables.is_empty()).then(|| syllables.join(" "))
}

/// Does a Han name sound like what was typed in Latin letters, in any reading (`chenyulan`, `chen yu`, `cyl`)?
pub fn sounds_like(name: &str, as_typed: &str) -> bool {
    let Some(latin) = typed(as_typed) else { return false };
    let readings = readings(name);
    spellings(&readings).iter().any(|way| way.starts_with(&latin)) || initials(&readings).contains(&latin)
}

/// Every way in which each character of a Han name is read, without tones, the usual one first. Empty when a character
/// has no known reading, and for more than [`LONGEST`] characters; digits and letters that hospitals put behind names are
/// left out.
pub(crate) fn readings(name: &str) -> Vec<Vec<String>> {
    if name.chars().nth(LONGEST).is_some() {
        return Vec::new();
    }
    let name = folded(name);
    let mut all = Vec::new();
    for (at, c) in name.chars().filter(|c| !c.is_ascii_alphanumeric()).enumerate() {
        let mut of_one: Vec<String> = Vec::new();
        let surname = SURNAMES.iter().find(|(own, _)| at == 0 && *own == c).map(|(_, read)| typed(read));
        let Some(multi) = c.to_pinyin_multi() else { return Vec::new() };
        let every = multi.into_iter().flat_map(|read| spelt(read.plain()));
        for syllable in surname.into_iter().flatten().chain(every) {
            if !of_one.contains(&syllable) {
                of_one.push(syllable);
            }
        }
        all.push(of_one);
    }
    all
}

/// ü is typed as v or u, and written yu in passports.
fn spelt(syllable: &str) -> Vec<String> {
    match syllable.contains('ü') {
        true => ["v", "u", "yu"].iter().map(|way| syllable.replace('ü', way)).collect(),
        false => vec![syllable.to_owned()],
    }
}

/// Whole spellings of a name: `chenyulan`, in every combination of readings.
pub(crate) fn spellings(readings: &[Vec<String>]) -> Vec<String> {
    combined(readings, |syllable| vec![syllable.to_owned()])
}

/// Initials of a name: `cyl`, and `chyl` where people type zh, ch and sh.
pub(crate) fn initials(readings: &[Vec<String>]) -> Vec<String> {
    let one = combined(readings, |syllable| vec![syllable.chars().take(1).collect()]);
    let two = combined(readings, |syllable| {
        let double = ["zh", "ch", "sh"].iter().find(|double| syllable.starts_with(**double));
        vec![double.map_or_else(|| syllable.chars().take(1).collect(), |double| (*double).to_owned())]
    });
    let mut all = one;
    all.extend(two.into_iter().filter(|new| !new.is_empty()));
    all.sort();
    all.dedup();
    all
}

fn combined(readings: &[Vec<String>], of: impl Fn(&str) -> Vec<String>) -> Vec<String> {
    if readings.is_empty() {
        return Vec::new();
    }
    let mut all = vec![String::new()];
    for of_one in readings {
        let mut longer: Vec<String> = Vec::with_capacity(all.len() * of_one.len());
        let mut ways: Vec<String> = of_one.iter().flat_map(|syllable| of(syllable)).collect();
        ways.dedup();
        for (begun, way) in all.iter().flat_map(|begun| ways.iter().map(move |way| (begun, way))) {
            if longer.len() == MOST {
                break;
            }
            let next = format!("{begun}{way}");
            if !longer.contains(&next) {
                longer.push(next);
            }
        }
        all = longer;
    }
    all
}

/// What somebody typed as pinyin, without tones, tone numbers, spaces and apostrophes; ü as v. `None` when it is none.
pub(crate) fn typed(text: &str) -> Option<String> {
    const DIAERESIS: char = '\u{308}';
    let mut letters = String::new();
    for c in text.nfd().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' => letters.push(c),
            DIAERESIS if letters.ends_with('u') => {
                letters.pop();
                letters.push('v');
            }
            // Tones, written above or behind.
            '\u{300}'..='\u{36f}' => {}
            '1'..='5' if letters.ends_with(|last: char| last.is_ascii_lowercase()) => {}
            ' ' | '\'' | '\u{2019}' | '-' | '·' => {}
            _ => return None,
        }
    }
    (!letters.is_empty()).then_some(letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_the_eye() {
        assert_eq!(pinyin("陈玉兰").as_deref(), Some("chén yù lán"));
        assert_eq!(pinyin("单雄信").as_deref(), Some("shàn xióng xìn"));
        assert_eq!(pinyin("尉迟恭").as_deref(), Some("yù chí gōng"));
        assert_eq!(pinyin("長孫無忌").as_deref(), Some("zhǎng sūn wú jì"));
        assert_eq!(pinyin("Li Wei"), None);
        assert_eq!(pinyin(""), None);
    }

    /// Are all of `ways` found, and is the first the usual one?
    fn check(name: &str, ways: &[&str]) {
        let all = spellings(&readings(name));
        for way in ways {
            assert!(all.iter().any(|own| own == way), "{name}: {way} is not in {all:?}");
        }
        assert_eq!(all.first().map(String::as_str), ways.first().copied(), "{name}");
    }

    #[test]
    fn all_readings() {
        check("单雄信", &["shanxiongxin", "danxiongxin"]);
        check("曾国藩", &["zengguofan", "cengguofan"]);
        check("解缙", &["xiejin", "jiejin"]);
        check("仇英", &["qiuying", "chouying"]);
        check("乐毅", &["yueyi", "leyi"]);
        check("朴志英", &["piaozhiying", "puzhiying"]);
        check("区成", &["oucheng", "qucheng"]);
        check("查良镛", &["zhaliangyong", "chaliangyong"]);
        assert!(spellings(&readings("尉迟恭")).iter().any(|way| way == "yuchigong"));
        check("吕布", &["lvbu", "lubu", "lyubu"]);
        check("陳玉蘭", &["chenyulan"]);
        check("王丽2", &["wangli"]);
        assert!(readings("Li Wei").is_empty());
        assert!(readings("").is_empty());
    }

    #[test]
    fn initials_of_one_and_two_letters() {
        let of = |name| initials(&readings(name));
        for way in ["cyl", "chyl"] {
            assert!(of("陈玉兰").iter().any(|own| own == way), "{way}");
        }
        for way in ["sxx", "shxx", "dxx"] {
            assert!(of("单雄信").iter().any(|own| own == way), "{way}");
        }
    }

    #[test]
    fn sounds() {
        for (name, typed, alike) in [
            ("陈玉兰", "chenyulan", true),
            ("陈玉兰", "Chen Yu", true),
            ("陈玉兰", "cyl", true),
            ("曾玉兰", "céng", true),
            ("陈玉兰", "chenyulian", false),
            ("陈玉兰", "玉", false),
            ("Chen", "chen", false),
        ] {
            assert_eq!(sounds_like(name, typed), alike, "{name} {typed}");
        }
    }

    #[test]
    fn as_typed() {
        for (text, expect) in [
            ("Chen Yulan", Some("chenyulan")),
            ("chén yù lán", Some("chenyulan")),
            ("chen2yu4lan2", Some("chenyulan")),
            ("lǚ bù", Some("lvbu")),
            ("lü", Some("lv")),
            ("xi'an", Some("xian")),
            ("陈", None),
            ("MR-20481", None),
            ("2chen", None),
            ("", None),
        ] {
            assert_eq!(typed(text).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn a_name_as_long_as_a_page_is_none() {
        assert_eq!(readings(&"行".repeat(LONGEST)).len(), LONGEST);
        // Three hundred thousand would be combined for minutes.
        for length in [LONGEST + 1, 100_000] {
            let name = "行".repeat(length);
            assert!(readings(&name).is_empty() && !sounds_like(&name, "xing"), "{length} characters are spelt");
        }
    }

    proptest::proptest! {
        #[test]
        fn bounded(name in "[\u{4e00}-\u{9fa5}]{0,12}") {
            let readings = readings(&name);
            proptest::prop_assert!(spellings(&readings).len() <= MOST);
            proptest::prop_assert!(initials(&readings).len() <= 2 * MOST);
        }
    }
}
