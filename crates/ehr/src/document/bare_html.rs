//! HTML on its way to the sanitiser, cut down to bare tags.
//!
//! The standard's parser takes time and memory in proportion to the square of what a few kilobytes can say: it looks through
//! all open elements for many a tag, builds open formatting anew in every paragraph, and moves what stands between a table's
//! cells before the table. What it gets is counted here first, and is no more than what was counted: no attribute, no
//! comment, no element that is not shown.

use super::safe_html::ELEMENTS;

/// Their content is nothing to read.
const UNREAD: [&str; 7] = ["script", "style", "title", "iframe", "object", "svg", "math"];
/// Elements that end by themselves where the next one begins, or are empty.
const SHALLOW: [&str; 12] = ["p", "br", "hr", "li", "dt", "dd", "caption", "thead", "tbody", "tr", "td", "th"];
/// Elements that are built anew in every paragraph until they are closed.
const FORMATTING: [&str; 5] = ["b", "strong", "i", "em", "u"];
/// The parser keeps three alike of each.
const MOST_FORMATTING: usize = 3 * FORMATTING.len();
/// Elements that may be built anew: some 40 MB.
const MOST_REBUILT: usize = 400_000;
/// Open elements times tags: some tenths of a second.
const MOST_STEPS: usize = 20_000_000;
/// What stands between a table's cells, times tags: as long.
const MOST_MOVES: usize = 100_000_000;

/// The tags that will be parsed.
#[derive(Debug, Default)]
struct Tags {
    html: String,
    count: usize,
    formatting: usize,
    /// By place in [`ELEMENTS`].
    open: [usize; ELEMENTS.len()],
    deep: usize,
    deepest: usize,
    /// Of the tables that are open: are we in a cell?
    tables: Vec<bool>,
    misplaced: usize,
}

/// Bare tags and text; none where parsing them would cost far more than reading them.
pub(super) fn bare(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let mut tags = Tags::default();
    let mut at = 0;
    while let Some(next) = html[at..].find('<') {
        tags.html.push_str(&html[at..at + next]);
        at = tags.take(&lower, at + next);
    }
    tags.html.push_str(&html[at..]);
    tags.bounded()
}

impl Tags {
    /// Takes what begins with the `<` at this place; where it ends.
    fn take(&mut self, html: &str, at: usize) -> usize {
        let (tag, start) = (&html[at + 1..], at + 1);
        let closes = tag.starts_with('/');
        let name = tag.strip_prefix('/').unwrap_or(tag);
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            // A comment, a declaration, or no tag at all.
            let end = match tag {
                _ if tag.starts_with("!--") => tag[1..].find("-->").map(|end| end + 4),
                _ if tag.starts_with(['!', '?', '/']) => tag.find('>').map(|end| end + 1),
                _ => {
                    self.html.push_str("&lt;");
                    Some(0)
                }
            };
            return end.map_or(html.len(), |end| start + end);
        }
        let Some(end) = end_of_tag(tag) else { return html.len() };
        let (tag, behind) = (&tag[..end], start + end + 1);
        let name = &name[..end - usize::from(closes)];
        let (name, attributes) =
            name.split_at(name.find(|c: char| c.is_whitespace() || c == '/').unwrap_or(name.len()));
        if UNREAD.contains(&name) && !closes && !tag.ends_with('/') {
            let close = html[behind..].find(&format!("</{name}"));
            return close.map_or(html.len(), |close| behind + close);
        }
        // Headings of a document stand below those of the page that it is shown on.
        let name = if matches!(name, "h1" | "h2" | "h3") { "h4" } else { name };
        if let Some(nth) = ELEMENTS.iter().position(|known| *known == name) {
            self.push(nth, closes, attributes);
        }
        behind
    }

    fn push(&mut self, nth: usize, closes: bool, attributes: &str) {
        let name = ELEMENTS[nth];
        self.count += 1;
        self.place(name, closes);
        if !SHALLOW.contains(&name) {
            match closes {
                true if self.open[nth] > 0 => (self.open[nth], self.deep) = (self.open[nth] - 1, self.deep - 1),
                true => {}
                false => (self.open[nth], self.deep) = (self.open[nth] + 1, self.deep + 1),
            }
            self.deepest = self.deepest.max(self.deep);
        }
        self.formatting += usize::from(!closes && FORMATTING.contains(&name));
        self.html.push_str(if closes { "</" } else { "<" });
        self.html.push_str(name);
        if matches!(name, "td" | "th") && !closes {
            ["colspan", "rowspan"].iter().for_each(|span| self.span(span, attributes));
        }
        self.html.push('>');
    }

    /// Counts what stands in a table and in none of its cells.
    fn place(&mut self, name: &str, closes: bool) {
        match (name, closes, self.tables.last_mut()) {
            ("table", false, _) => self.tables.push(false),
            ("table", true, _) => {
                self.tables.pop();
            }
            ("td" | "th" | "caption", closes, Some(cell)) => *cell = !closes,
            ("tr" | "thead" | "tbody", _, Some(cell)) => *cell = false,
            (_, _, Some(false)) => self.misplaced += 1,
            _ => {}
        }
    }

    /// Cells over several rows or columns.
    fn span(&mut self, name: &str, attributes: &str) {
        let value = attributes.split_once(name).map(|(_, rest)| rest.trim_start());
        let value = value.and_then(|rest| rest.strip_prefix('=')).map(|rest| rest.trim_start_matches([' ', '"', '\'']));
        let digits = value.map(|rest| &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())]);
        if let Some(number) = digits.and_then(|digits| digits.parse::<u16>().ok()) {
            self.html.push_str(&format!(" {name}=\"{number}\""));
        }
    }

    fn bounded(self) -> Option<String> {
        if self.deepest * self.count > MOST_STEPS || self.misplaced * self.count > MOST_MOVES {
            return None;
        }
        if self.formatting.min(MOST_FORMATTING) * self.count <= MOST_REBUILT {
            return Some(self.html);
        }
        // Its words count, not how they look.
        let without =
            |html: String, name: &&str| html.replace(&format!("<{name}>"), "").replace(&format!("</{name}>"), "");
        Some(FORMATTING.iter().fold(self.html, without))
    }
}

/// Place of the `>` that ends this tag: in a quoted value it does not.
fn end_of_tag(tag: &str) -> Option<usize> {
    let (mut quote, mut value) = (None, false);
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if value => quote = Some(byte),
            (None, byte) => value = byte == b'=' || value && byte.is_ascii_whitespace(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::safe_html::sanitise;

    fn check(html: &str, expect: &str) {
        assert_eq!(sanitise(html).expect("short").as_str(), expect, "{html}");
    }

    #[test]
    fn what_is_written_stays() {
        check(
            "<p class='a>b' id=x>一 < 二 <3 &lt;p&gt; &amp; a=\"b\"</p>",
            "<p>一 &lt; 二 &lt;3 &lt;p&gt; &amp; a=\"b\"</p>",
        );
        check("<!--[if !mso]><!-->甲<!--<![endif]-->乙<!-->丙<?x y?>丁<!DOCTYPE html>", "甲乙丙丁");
        check("<o:p>甲</o:p><FONT SIZE=2>乙</font><textarea><b>丙</b></textarea>", "甲乙<b>丙</b>");
        check("<title/>甲<svg/>乙<TITLE>x</Title>丙<style>p>a{}</style>丁<script>1", "甲乙丙丁");
        check(
            "<table><tr><td\nCOLSPAN = '2' rowspan=3>1<th colspan=x>2</table>",
            "<table><tbody><tr><td colspan=\"2\" rowspan=\"3\">1</td><th>2</th></tr></tbody></table>",
        );
        check("<H1>一</H1><h5>二</h5>", "<h4>一</h4><h5>二</h5>");
        check("<p>一<b>二", "<p>一<b>二</b></p>");
        check("一<p", "一");
        check("</>一</ >二", "一二");
    }

    /// Milliseconds of processor time, and bytes that came of it.
    fn cost(html: &str) -> (u64, usize) {
        let before = testbed::process::thread_cpu_ns();
        let length = sanitise(html).map_or(0, |html| html.as_str().len());
        ((testbed::process::thread_cpu_ns() - before) / 1_000_000, length)
    }

    #[test]
    fn a_few_kilobytes_are_not_taken_apart_for_seconds() {
        let length = crate::document::content::LONGEST_TEXT;
        let fill = |head: String, piece: &str| format!("{head}{}", piece.repeat((length - head.len()) / piece.len()));
        let each = |count: usize, of: &dyn Fn(usize) -> String| (0..count).map(of).collect::<String>();
        let bombs = [
            ("formatting", fill(format!("<p>{}", each(2_000, &|nth| format!("<b a={nth}>"))), "<p>x")),
            ("formatting of all kinds", fill("<b><strong><i><em><u>".repeat(3), "<p>x")),
            ("depth", fill(String::new(), "<div>")),
            ("depth and ends", fill("<span>".repeat(20_000), "</sub>")),
            ("depth that looks shut", fill(String::new(), "<div title=\"</div>\">")),
            ("depth behind words", fill(String::new(), "<div><textarea></div></textarea>")),
            ("before a table", fill("<table>".to_owned(), "<hr>x")),
            ("out of order", fill(String::new(), "<b><div></b>")),
            ("out of order in lines", fill(String::new(), "<b><p></b>")),
        ];
        for (name, html) in bombs {
            let (took, came) = cost(&html);
            eprintln!("| {name} | {took} ms | {came} bytes |");
            assert!(took < 3_000 && came < 4 * length, "{name}: {took} ms, {came} bytes");
        }
        // An honest document as long as that.
        let honest = fill(String::new(), "<tr><td><b>钾</b></td><td><span style=\"x\">4.1</span></td></tr>");
        let kept = sanitise(&format!("<table>{honest}</table>")).expect("shown");
        assert!(kept.words().lines().count() > 3_000);
    }
}
