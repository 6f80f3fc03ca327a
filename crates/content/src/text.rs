//! Strangers' and editors' text on its way in.

/// Line breaks stay; other controls and what turns the direction of text do not: they can make a text say something else
/// than it shows (<https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>).
fn is_hidden(char: char) -> bool {
    (char.is_control() && char != '\n' && char != '\t')
        || matches!(char, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// A text of several lines, trimmed, with `\n` alone at their ends.
pub(crate) fn block(text: &str) -> String {
    let text: String = text.chars().filter(|char| !is_hidden(*char)).collect();
    text.trim().to_owned()
}

/// A text of one line.
pub(crate) fn line(text: &str) -> String {
    let visible: String = text.chars().map(|char| if is_hidden(char) { ' ' } else { char }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a line of somebody else's HTML says, without its markup, at most `longest` characters.
pub(crate) fn words(html: &str, longest: usize) -> String {
    let shown = ammonia::Builder::empty()
        .clean_content_tags(["script", "style", "title", "iframe", "object", "svg", "math"].into_iter().collect())
        .clean(html)
        .to_string();
    let shown = line(&unescape(&shown));
    if shown.chars().count() <= longest {
        return shown;
    }
    let mut cut: String = shown.chars().take(longest.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The sanitiser writes these and no others.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", " ").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_strangers_is_words() {
        let check = |html: &str, expect: &str| assert_eq!(words(html, 12), expect, "{html:?}");
        check("高血压 <b>日</b>常", "高血压 日常");
        check("<script>alert(1)</script>甲", "甲");
        check("&lt;img src=x onerror=1&gt;", "<img src=x …");
        check("R&amp;D\u{202E}\u{0}\n乙", "R&D 乙");
        check("一二三四五六七八九十一二三", "一二三四五六七八九十一…");
        check("", "");
    }

    #[test]
    fn lines_and_blocks() {
        assert_eq!(block(" 一\r\n\u{202E}二\u{7} \n"), "一\n二");
        assert_eq!(line(" 一\r\n 二\t三 "), "一 二 三");
    }
}
