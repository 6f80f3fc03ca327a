//! Names as evidence: equal or not, never "alike". Pinyin equality is not enough to link two people.

use unicode_normalization::UnicodeNormalization as _;

/// All of these are written between the parts of transcribed names; identity documents use U+00B7.
const DOTS: [char; 7] = ['·', '•', '・', '‧', '．', '.', '･'];

/// A name without what people write differently: width, case, spaces, dots between parts.
pub fn search_form(name: &str) -> String {
    name.nfkc().filter(|c| !c.is_whitespace() && !DOTS.contains(c)).flat_map(char::to_lowercase).collect()
}

/// A name as written; else family and given name in the order that their script has. `None` where nothing is said.
pub fn whole_name(text: Option<&str>, family: Option<&str>, given: &[&str]) -> Option<String> {
    if let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) {
        return Some(text.to_owned());
    }
    let family = family.unwrap_or_default();
    let latin = family.is_ascii() && given.iter().all(|part| part.is_ascii());
    let whole = if latin { format!("{} {family}", given.join(" ")) } else { format!("{family}{}", given.concat()) };
    let whole = whole.trim();
    (!whole.is_empty()).then(|| whole.to_owned())
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
    fn parts_stand_in_the_order_of_their_script() {
        let whole = |text: &str, family: &str, given: &[&str]| whole_name(Some(text), Some(family), given);
        assert_eq!(whole(" ", "陈", &["玉", "兰"]).as_deref(), Some("陈玉兰"));
        assert_eq!(whole("", "Li", &["Wei", "B."]).as_deref(), Some("Wei B. Li"));
        assert_eq!(whole(" 陈 玉兰 ", "x", &[]).as_deref(), Some("陈 玉兰"));
        assert_eq!((whole("", "", &[]), whole_name(None, None, &[])), (None, None));
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
