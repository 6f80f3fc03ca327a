//! The one sanitiser of hospitals' HTML.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::characters::plain;

/// Elements that HTML keeps. Nothing in them can leave its box: no style, no link, no image, no form.
const ELEMENTS: [&str; 30] = [
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
    /// To be printed without escaping.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its words alone, a line for each paragraph, item and row.
    pub fn words(&self) -> String {
        let mut lines = String::new();
        for (nth, piece) in self.0.split('<').enumerate() {
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

    /// Holds it no words at all?
    pub fn is_empty(&self) -> bool {
        self.words().is_empty()
    }
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

/// HTML cut down to [`ELEMENTS`].
pub(crate) fn sanitise(html: &str) -> SafeHtml {
    let spans: HashSet<&str> = HashSet::from(["colspan", "rowspan"]);
    let clean = ammonia::Builder::empty()
        .tags(HashSet::from(ELEMENTS))
        .clean_content_tags(HashSet::from(["script", "style", "title", "iframe", "object", "svg", "math"]))
        // A title shows what no reader sees and no filter of words finds.
        .generic_attributes(HashSet::new())
        .tag_attributes([("td", spans.clone()), ("th", spans)].into_iter().collect())
        .strip_comments(true)
        .clean(&with_own_headings(plain(html)))
        .to_string();
    SafeHtml(clean)
}

/// A document's headings stand below those of the page that it is shown on. Before it is sanitised: whatever this makes of
/// a hospital's text, it is only text to the sanitiser.
fn with_own_headings(html: String) -> String {
    let levels = ["h1", "h2", "h3", "H1", "H2", "H3"];
    levels
        .iter()
        .fold(html, |html, level| html.replace(&format!("<{level}"), "<h4").replace(&format!("</{level}"), "</h4"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_html_keep_their_lines_and_mean_what_they_say() {
        let html =
            sanitise("<p>一<br>二</p><ul><li>A &lt; B</li></ul><table><tr><td>1</td><td>&amp;lt;</td></tr></table>");
        assert_eq!(html.words(), "一\n二\nA < B\n1 &lt;");
        assert!(sanitise("<p> </p><script>1</script>").is_empty());
        assert_eq!(sanitise("<H2 id=x>一</H2><h1 onclick=x>二</h1>").as_str(), "<h4>一</h4><h4>二</h4>");
    }
}
