//! One key for every way of typing the same account.

use unicode_normalization::UnicodeNormalization;

/// What an account is counted as: directories and our own accounts find the same person whatever the case, the width of
/// letters (`ｌｉ．ｗｅｉ`) and characters nobody sees (RFC 4518 §2.2 maps them to nothing), so a guess must count the same.
///
/// Whatever is neither letter nor digit nor ASCII punctuation is left out: two names that differ in nothing else are
/// counted together, which is harmless, and never apart, which would be a way round. `organisation` is the directory's
/// id that the sign-in goes to, also where nobody had to choose it.
pub fn canonical(organisation: Option<&str>, username: &str) -> String {
    let folded: String = username.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
    let name: String = folded.nfkc().filter(|c| c.is_alphanumeric() || c.is_ascii_graphic()).collect();
    match organisation {
        // NUL is in no id and no name that is left.
        Some(organisation) => format!("{organisation}\0{name}"),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_typing_a_name_is_one_account() {
        for typed in [
            "Li.Wei",
            " li.wei ",
            "ｌｉ．ｗｅｉ",
            "li.\u{200b}wei",
            "l\u{ad}i.wei",
            "LI.WEI\u{feff}",
            "li. wei",
            "lİ.wei",
        ] {
            assert_eq!(canonical(Some("region"), typed), canonical(Some("region"), "li.wei"), "{typed:?}");
        }
        assert_eq!(canonical(None, "straße"), canonical(None, "STRASSE"));
        assert_ne!(canonical(Some("one"), "li.wei"), canonical(Some("other"), "li.wei"));
        assert_ne!(canonical(None, "li.wei"), canonical(None, "li-wei"));
        assert_ne!(canonical(None, "陈玉兰"), canonical(None, "陈玉"));
    }
}
