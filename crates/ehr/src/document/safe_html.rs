//! The one sanitiser of hospitals' HTML.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::bare_html::bare;
use super::characters::plain;
use super::content::LONGEST_CDA;

/// Elements that HTML keeps. Nothing in them can leave its box: no style, no link, no image, no form.
pub(super) const ELEMENTS: [&str; 30] = [
    "p",
    "br",
    "hr",
    "div",
    "span",
    "b",
    "strong",
    "i",
    "em",
    "u",
    "sub",
    "sup",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "thead",
    "tbody",
    "tr",
    "td",
    "th",
    "h4",
    "h5",
    "h6",
];
/// Elements after which words stand on a line of their own.
const LINES: [&str; 13] = ["p", "br", "hr", "div", "pre", "li", "dt", "dd", "caption", "tr", "h4", "h5", "h6"];

/// HTML that was sanitised here. Nothing else can be made one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// Lines of plain text.
    pub(crate) fn of_lines(text: &str) -> Self {
        Self(text.lines().map(escape).collect::<Vec<_>>().join("<br>"))
    }

    /// To be printed without escaping.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words alone, a line for each paragraph, item and row.
    pub fn words(&self) -> String {
        words_of_safe_html(&self.0)
    }

    /// Holds it no words at all?
    pub fn is_empty(&self) -> bool {
        self.words().is_empty()
    }
}

/// The words of what was sanitised here, from where it was written down.
pub(crate) fn words_of_safe_html(html: &str) -> String {
    let mut lines = String::new();
    for (nth, piece) in html.split('<').enumerate() {
        let (tag, text) = if nth == 0 { ("", piece) } else { piece.split_once('>').unwrap_or((piece, "")) };
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if LINES.contains(&name) {
            lines.push('\n');
        } else if matches!(name, "td" | "th") && tag.starts_with('/') {
            lines.push(' ');
        }
        lines.push_str(&unescape(text));
    }
    let said = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    said.collect::<Vec<_>>().join("\n")
}

impl Serialize for SafeHtml {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// The sanitiser writes these and no others.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&nbsp;", " ").replace("&amp;", "&")
}

/// Text as a part of HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// HTML cut down to [`ELEMENTS`]; none where it is too long, or built so that taking it apart would hold everybody up.
pub(crate) fn sanitise(html: &str) -> Option<SafeHtml> {
    let bare = Some(html).filter(|html| html.len() <= LONGEST_CDA).and_then(|html| bare(&plain(html)))?;
    let spans: HashSet<&str> = HashSet::from(["colspan", "rowspan"]);
    let clean = ammonia::Builder::empty()
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style", "title", "iframe", "object", "svg", "math"]))
        // A title shows what no reader sees and no filter of words finds.
        .generic_attributes(HashSet::new())
        .tag_attributes([("td", spans.clone()), ("th", spans)].into_iter().collect())
        .strip_comments(true)
        .clean(&bare)
        .to_string();
    Some(SafeHtml(clean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_html_keep_their_lines_and_mean_what_they_say() {
        let html =
            sanitise("<p>一<br>二</p><ul><li>A &lt; B</li></ul><table><tr><td>1</td><td>&amp;lt;</td></tr></table>");
        assert_eq!(html.expect("short").words(), "一\n二\nA < B\n1 &lt;");
        assert!(sanitise("<p> </p><script>1</script>").expect("short").is_empty());
        assert_eq!(SafeHtml::of_lines("A < B\nC").words(), "A < B\nC");
        assert_eq!(sanitise(&"x".repeat(LONGEST_CDA + 1)), None);
    }
}
