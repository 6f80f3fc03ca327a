//! Markdown of editors (CommonMark with tables) to HTML that may be printed as it is.
//!
//! HTML in it stays text. Pictures are ours or none: `![](image:ID)`, with the words kept beside the picture for those who
//! don't see it. What comes of it passes the sanitiser, so that a mistake of the parser's is none of ours.

use std::{collections::HashMap, collections::HashSet, fmt::Write as _, sync::LazyLock};

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};
use serde::Serialize;

use crate::{ArticleImage, Language};

/// Where portals serve pictures, with their id behind it.
pub const IMAGES: &str = "/articles/images/";
/// Lists in lists, quotes in quotes: deeper is flat. The standard's parser takes the square of it.
const DEEPEST: usize = 16;

/// HTML that may be printed as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text in one language; `images` are the pictures that it may show.
pub fn render(text: &str, images: &[ArticleImage], language: Language) -> SafeHtml {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    let mut own = Own { images, language, deep: 0, flat: Vec::new(), picture: 0 };
    let mut raw = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut raw, parser.filter_map(|event| own.event(event)));
    SafeHtml(SANITISER.clean(&raw).to_string())
}

/// What becomes of the parser's events.
struct Own<'a> {
    images: &'a [ArticleImage],
    language: Language,
    deep: usize,
    /// Of the open elements: is it left out?
    flat: Vec<bool>,
    /// Open pictures: their words are not shown a second time.
    picture: usize,
}

impl Own<'_> {
    fn event<'e>(&mut self, event: Event<'e>) -> Option<Event<'e>> {
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.flat.push(true);
                let within = self.picture > 0;
                let shown = if within { None } else { self.image(&dest_url) };
                // The words of a picture that is not ours are text.
                self.picture += usize::from(within || shown.is_some());
                shown.map(|markup| Event::InlineHtml(markup.into()))
            }
            Event::End(TagEnd::Image) => {
                self.flat.pop();
                self.picture = self.picture.saturating_sub(1);
                None
            }
            _ if self.picture > 0 => None,
            Event::Start(tag) => {
                let left_out = self.deep >= DEEPEST || matches!(tag, Tag::HtmlBlock | Tag::MetadataBlock(_));
                self.flat.push(left_out);
                self.deep += usize::from(!left_out);
                (!left_out).then(|| Event::Start(below_the_title(tag)))
            }
            Event::End(tag) => {
                let left_out = self.flat.pop().unwrap_or(true);
                self.deep -= usize::from(!left_out);
                (!left_out).then(|| Event::End(end_below_the_title(tag)))
            }
            // What looks like HTML is shown as it was typed.
            Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
            event => Some(event),
        }
    }

    fn image(&self, address: &str) -> Option<String> {
        let id = uuid::Uuid::try_parse(address.strip_prefix("image:")?).ok()?;
        let image = self.images.iter().find(|image| image.id == id)?;
        let (words, language) = image.alt.pick(self.language).unwrap_or(("", self.language));
        let mut markup =
            format!("<img src=\"{IMAGES}{id}\" width=\"{}\" height=\"{}\" alt=\"", image.width, image.height);
        for char in words.chars() {
            match char {
                '&' => markup.push_str("&amp;"),
                '<' => markup.push_str("&lt;"),
                '"' => markup.push_str("&quot;"),
                char => markup.push(char),
            }
        }
        // never fails: it is a text in memory
        let _ = write!(markup, "\" lang=\"{}\" loading=\"lazy\">", language.tag());
        Some(markup)
    }
}

/// The page's own heading is the first.
fn below(level: HeadingLevel) -> HeadingLevel {
    if level == HeadingLevel::H1 { HeadingLevel::H2 } else { level }
}

fn below_the_title(tag: Tag<'_>) -> Tag<'_> {
    match tag {
        Tag::Heading { level, .. } => {
            Tag::Heading { level: below(level), id: None, classes: Vec::new(), attrs: Vec::new() }
        }
        // A title of a link shows what no reader of a screen sees.
        Tag::Link { link_type, dest_url, id, .. } => Tag::Link { link_type, dest_url, title: CowStr::Borrowed(""), id },
        tag => tag,
    }
}

fn end_below_the_title(tag: TagEnd) -> TagEnd {
    match tag {
        TagEnd::Heading(level) => TagEnd::Heading(below(level)),
        tag => tag,
    }
}

const ELEMENTS: [&str; 24] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
];

static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<&'static str>>();
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(set(&ELEMENTS).into_iter().chain(["ul"]).collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(HashMap::from([
            ("a", set(&["href"])),
            ("img", set(&["src", "alt", "width", "height", "lang", "loading"])),
            ("ol", set(&["start"])),
        ]))
        .url_schemes(set(&["http", "https", "mailto", "tel"]))
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => value.starts_with(IMAGES).then(|| value.into()),
            ("a", "href") => is_address(value).then(|| value.into()),
            _ => Some(value.into()),
        });
    builder
});

/// A page of ours, or an address with one of the schemes above; nothing that a browser would complete to another site.
fn is_address(text: &str) -> bool {
    let ours = text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '\t', '\n', '\r']);
    ours || url::Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::Bilingual;

    fn html(text: &str) -> String {
        render(text, &[], Language::Zh).0
    }

    #[test]
    fn what_editors_write() {
        let check = |text: &str, expect: &str| assert_eq!(html(text).trim_end(), expect, "{text:?}");
        check("少吃**盐**。", "<p>少吃<strong>盐</strong>。</p>");
        check("# 大\n## 小", "<h2>大</h2>\n<h2>小</h2>");
        check("1. 一\n2. 二", "<ol>\n<li>一</li>\n<li>二</li>\n</ol>");
        check(
            "|a|b|\n|-|-|\n|1|2|",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>",
        );
        check("[x](/articles/salt)", "<p><a href=\"/articles/salt\" rel=\"noopener noreferrer\">x</a></p>");
        check("[120](tel:120)", "<p><a href=\"tel:120\" rel=\"noopener noreferrer\">120</a></p>");
        check(
            "[x](https://who.int/a?b=1 \"t\")",
            "<p><a href=\"https://who.int/a?b=1\" rel=\"noopener noreferrer\">x</a></p>",
        );
    }

    #[test]
    fn html_and_addresses_of_attackers_are_text() {
        let check = |text: &str, expect: &str| assert_eq!(html(text).trim_end(), expect, "{text:?}");
        check("a <b onclick=x>b</b>", "<p>a &lt;b onclick=x&gt;b&lt;/b&gt;</p>");
        check("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
        check("[x](javascript:alert(1))", "<p><a rel=\"noopener noreferrer\">x</a></p>");
        check("[x](//evil.example)", "<p><a rel=\"noopener noreferrer\">x</a></p>");
        // A browser would read the backslash as a second slash: it is written as what it is, a part of a path of ours.
        check("[x](/\\evil.example)", "<p><a href=\"/%5Cevil.example\" rel=\"noopener noreferrer\">x</a></p>");
        check("![画](https://evil.example/x.png)", "<p>画</p>");
        check("![画](data:image/svg+xml;base64,AAAA)", "<p>画</p>");
        check("```a\"onclick=x\n1\n```", "<pre><code>1\n</code></pre>");
    }

    #[test]
    fn no_markup_that_means_harm_comes_through() {
        // The corpus of the browser's journeys, as plain lines and within what Markdown wraps round it.
        let corpus = include_str!("../../../tests/browser/hostile.txt");
        let mut tried = 0;
        for line in corpus.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let line = line.replace('¶', "\n");
            for text in [
                line.clone(),
                format!("- {line}"),
                format!("**{line}**"),
                format!("[a]({line})"),
                format!("|{line}|\n|-|\n|{line}|"),
            ] {
                let html = html(&text);
                for tag in html.split('<').skip(1) {
                    let name: String =
                        tag.trim_start_matches('/').chars().take_while(|char| char.is_ascii_alphanumeric()).collect();
                    let shown = ELEMENTS.contains(&name.as_str()) || name == "ul";
                    let inside = tag.split('>').next().unwrap_or_default();
                    let plain = inside.trim_start_matches('/') == name
                        || inside.starts_with("a href=\"")
                        || inside.starts_with("ol start=\"")
                        || inside == "a rel=\"noopener noreferrer\"";
                    let runs = inside.to_lowercase().contains("javascript:");
                    assert!(shown && plain && !runs, "{text:?}: {inside}");
                }
                tried += 1;
            }
        }
        assert!(tried > 500, "the corpus is not read: {tried}");
    }

    #[test]
    fn pictures_are_ours_with_their_own_words() {
        let id = uuid::Uuid::from_u128(7);
        let alt = Bilingual { zh: Some("一\"个<盘子".into()), en: None };
        let images = [ArticleImage { id, width: 40, height: 30, alt }];
        let shown =
            render(&format!("前![**别的**](image:{id})后 ![乙](image:{})", uuid::Uuid::nil()), &images, Language::En);
        let expect = format!(
            "<p>前<img src=\"/articles/images/{id}\" width=\"40\" height=\"30\" alt=\"一&quot;个&lt;盘子\" lang=\"zh-CN\" \
             loading=\"lazy\">后 乙</p>\n"
        );
        assert_eq!(shown.0, expect);
    }

    #[test]
    fn nothing_holds_the_page_up() {
        let longest = crate::LONGEST_BODY;
        for unit in
            [">", "- ", "[", "![", "*", "**a ", "<", "<b>", "`", "|", "a|\n-|\n", "\\", "&", "[a](", "* a\n  ", "_a"]
        {
            let text = unit.repeat(longest / unit.len());
            let before = Instant::now();
            html(&text);
            let took = before.elapsed();
            assert!(took < Duration::from_secs(4), "{unit:?} took {took:?}");
        }
        let mut deep = String::new();
        for level in 0..250 {
            deep.push_str(&" ".repeat(level));
            deep.push_str("- a\n");
        }
        assert!(html(&deep).matches("<ul>").count() <= DEEPEST);
    }
}
