//! Names as evidence: equal or not, never "alike". Pinyin equality is not enough to link two people.

use unicode_normalization::UnicodeNormalization as _;

/// All of these are written between the parts of transcribed names; identity documents use U+00B7.
const DOTS: [char; 7] = ['·', '•', '・', '‧', '．', '.', '･'];

/// A name without what people write differently: width, case, spaces, dots between parts.
pub fn search_form(name: &str) -> String {
    name.nfkc().filter(|c| !c.is_whitespace() && !DOTS.contains(c)).flat_map(char::to_lowercase).collect()
}

/// [`search_form`] in simplified characters: for finding and as weak evidence.
pub(crate) fn folded(name: &str) -> String {
    search_form(name).chars().map(crate::script::simplified).collect()
}

/// Are these the same name?
pub fn names_agree(one: &str, other: &str) -> bool {
    let one = search_form(one);
    !one.is_empty() && one == search_form(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, other: &str, expect: bool) {
        assert_eq!(names_agree(one, other), expect, "{one} / {other}");
        assert_eq!(names_agree(other, one), expect, "{other} / {one}");
    }

    #[test]
    fn agreement() {
        check("陈玉兰", "陈玉兰", true);
        check("陈 玉兰", "陈玉兰", true);
        check("陈\u{3000}玉兰", "陈玉兰", true);
        check("买买提·艾力", "买买提•艾力", true);
        check("买买提．艾力", "买买提艾力", true);
        check("LI Wei", "Li Wei", true);
        check("Ｌｉ Wei", "li wei", true);
        check("陈玉兰", "陈毓岚", false);
        check("陈玉兰", "陈玉兰之女", false);
        check("李伟", "Li Wei", false);
        check("", "", false);
        check(" ", "·", false);
    }
}
