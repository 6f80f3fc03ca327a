//! Clinical documents (CDA R2, <https://www.hl7.org/implement/standards/product_brief.cfm?product_id=7>): title, authors and
//! the sections' own words, as HTML that can do nothing.
//!
//! The document is a stranger's. Declarations of types and entities are refused by the parser, nesting and numbers of
//! elements are bounded, nothing is fetched, and what comes of it passes the one sanitiser.

use roxmltree::{Document, Node, ParsingOptions};

use super::{SafeHtml, escape, sanitise};
use crate::ClinicalTime;
use crate::joined::unique;

/// Elements, attributes and texts of one document.
const MOST_NODES: u32 = 200_000;
/// Elements inside one another: everything below may go down one call for each.
const DEEPEST: usize = 64;
/// Namespaces declared in one document: the parser copies those in force for every element that declares another.
const MOST_NAMESPACES: usize = 256;
/// Attributes of one element: the parser compares each with all before it.
const MOST_ATTRIBUTES: usize = 256;
/// Sections of one document.
const MOST_SECTIONS: usize = 200;
const NAMESPACE: &str = "urn:hl7-org:v3";

/// A clinical document, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cda {
    pub title: Option<String>,
    pub authors: Vec<String>,
    pub written: Option<ClinicalTime>,
    /// Root and extension of the numbers it gives its patient.
    pub patients: Vec<(String, String)>,
    /// From–to of the visit it is about.
    pub visit: (Option<ClinicalTime>, Option<ClinicalTime>),
    pub sections: Vec<Passage>,
    /// A file that it is only the envelope of, in base64.
    pub enclosed: Option<String>,
}

/// A titled piece of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Passage {
    /// LOINC, as sent.
    pub code: Option<String>,
    pub title: Option<String>,
    pub html: SafeHtml,
}

impl Cda {
    /// `None` for what is no such document, or one that no honest system writes.
    pub fn read(text: &str) -> Option<Self> {
        if costs_too_much(text) {
            return None;
        }
        let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text.trim_start(), options).ok()?;
        let root = document.root_element();
        let named = is(root, "ClinicalDocument") && root.tag_name().namespace().is_none_or(|name| name == NAMESPACE);
        if !named || is_too_deep(root) {
            return None;
        }
        let authors = children(root, "author")
            .filter_map(|author| path(author, &["assignedAuthor", "assignedPerson", "name"]))
            .map(words)
            .filter(|name| !name.is_empty());
        let mut authors: Vec<String> = authors.collect();
        unique(&mut authors);
        let roles = children(root, "recordTarget").flat_map(|target| children(target, "patientRole"));
        let numbers = roles.flat_map(|role| children(role, "id"));
        let patients =
            numbers.filter_map(|id| Some((id.attribute("root")?.to_owned(), id.attribute("extension")?.to_owned())));
        let visit = path(root, &["componentOf", "encompassingEncounter", "effectiveTime"]);
        let edge = |name: &str| visit.and_then(|visit| child(visit, name)).and_then(time);
        let body = path(root, &["component", "structuredBody"]);
        Some(Self {
            title: child(root, "title").map(words).filter(|title| !title.is_empty()),
            authors,
            written: child(root, "effectiveTime").and_then(time),
            patients: patients.collect(),
            visit: (edge("low"), edge("high")),
            sections: body.map_or_else(|| Some(Vec::new()), sections)?,
            enclosed: path(root, &["component", "nonXMLBody", "text"]).and_then(|text| text.text()).map(str::to_owned),
        })
    }

    /// The whole document; none where it is too long to be shown.
    pub fn html(&self) -> Option<SafeHtml> {
        let mut html = String::new();
        let mut add = |tag: &str, text: &str| {
            if !text.is_empty() {
                html.push_str(&format!("<{tag}>{}</{tag}>", escape(text)));
            }
        };
        add("h4", self.title.as_deref().unwrap_or_default());
        let written = self.written.as_ref().map(|at| match at.time_of_day() {
            Some(clock) => format!("{} {clock}", at.date()),
            None => at.date().to_owned(),
        });
        add("p", &self.authors.iter().cloned().chain(written).collect::<Vec<_>>().join(" · "));
        for section in &self.sections {
            if let Some(title) = &section.title {
                html.push_str(&format!("<h5>{}</h5>", escape(title)));
            }
            html.push_str(section.html.as_str());
        }
        sanitise(&html)
    }
}

/// Would the parser take longer than in proportion to the length? It bounds nodes, and neither namespaces nor attributes.
fn costs_too_much(text: &str) -> bool {
    let namespaces = text.matches("xmlns").nth(MOST_NAMESPACES);
    let mut tags = text.split('<').skip(1).filter(|tag| !tag.starts_with(['!', '?']));
    namespaces.is_some() || tags.any(|tag| attributes(tag) > MOST_ATTRIBUTES)
}

/// Attributes of the tag that this begins with: in XML no value is without quotes and none holds a `<`.
fn attributes(tag: &str) -> usize {
    let (mut count, mut open) = (0, None);
    for byte in tag.bytes() {
        match (open, byte) {
            (Some(quote), byte) if byte == quote => open = None,
            (Some(_), _) => {}
            (None, b'>') => break,
            (None, b'"' | b'\'') => (count, open) = (count + 1, Some(byte)),
            (None, _) => {}
        }
    }
    count
}

/// Looked at without going down one call for each level.
fn is_too_deep(root: Node<'_, '_>) -> bool {
    let (mut node, mut depth) = (root, 0);
    loop {
        if let Some(child) = node.first_child() {
            (node, depth) = (child, depth + 1);
            if depth > DEEPEST {
                return true;
            }
            continue;
        }
        node = loop {
            if depth == 0 {
                return false;
            }
            if let Some(next) = node.next_sibling() {
                break next;
            }
            let Some(parent) = node.parent() else { return false };
            (node, depth) = (parent, depth - 1);
        };
    }
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

fn children<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| is(*child, name))
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

fn path<'a, 'i>(node: Node<'a, 'i>, names: &[&str]) -> Option<Node<'a, 'i>> {
    names.iter().try_fold(node, |node, name| child(node, name))
}

/// All words inside, as one line.
fn words(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter(Node::is_text).filter_map(|text| text.text());
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// `20261120083000+0800` as FHIR writes it, at its precision.
fn time(node: Node<'_, '_>) -> Option<ClinicalTime> {
    let said = node.attribute("value")?.trim();
    let (digits, zone) = said.split_at(said.find(['+', '-']).unwrap_or(said.len()));
    let part = |from: usize, to: usize| digits.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let date: Vec<&str> = [part(0, 4), part(4, 6), part(6, 8)].into_iter().map_while(|part| part).collect();
    let clock = match (part(8, 10), part(10, 12)) {
        (Some(hour), Some(minute)) => {
            let zone = zone.get(..5).filter(|zone| zone[1..].bytes().all(|b| b.is_ascii_digit()));
            let zone = zone.map_or_else(|| "+08:00".to_owned(), |zone| format!("{}:{}", &zone[..3], &zone[3..]));
            format!("T{hour}:{minute}:{}{zone}", part(12, 14).unwrap_or("00"))
        }
        _ => String::new(),
    };
    ClinicalTime::parse(&format!("{}{clock}", date.join("-")))
}

/// None where one of them is too long to be shown.
fn sections(body: Node<'_, '_>) -> Option<Vec<Passage>> {
    let all = body.descendants().filter(|node| is(*node, "section")).take(MOST_SECTIONS);
    let passages = all.map(|section| {
        let mut html = String::new();
        if let Some(text) = child(section, "text") {
            write(text, &mut html);
        }
        Some(Passage {
            code: child(section, "code").and_then(|code| code.attribute("code")).map(str::to_owned),
            title: child(section, "title").map(words).filter(|title| !title.is_empty()),
            html: sanitise(&html)?,
        })
    });
    let is_said = |passage: &Passage| passage.title.is_some() || !passage.html.is_empty();
    passages.filter(|passage| passage.as_ref().is_none_or(is_said)).collect()
}

/// What HTML calls an element of a narrative block (CDA R2, 4.3.5); none where only its words count.
fn tag(node: Node<'_, '_>) -> Option<&'static str> {
    Some(match node.tag_name().name() {
        "paragraph" => "p",
        "list" if node.attribute("listType") == Some("ordered") => "ol",
        "list" => "ul",
        "item" => "li",
        "content" if node.attribute("styleCode").is_some_and(|style| style.contains("Bold")) => "b",
        "caption" if node.parent().is_some_and(|parent| is(parent, "table")) => "caption",
        "caption" => "b",
        "table" => "table",
        "thead" => "thead",
        "tbody" | "tfoot" => "tbody",
        "tr" => "tr",
        "td" => "td",
        "th" => "th",
        "sub" => "sub",
        "sup" => "sup",
        "footnote" => "p",
        _ => return None,
    })
}

fn write(node: Node<'_, '_>, html: &mut String) {
    for part in node.children() {
        if let Some(text) = part.text().filter(|_| part.is_text()) {
            html.push_str(&escape(text));
        } else if is(part, "br") {
            html.push_str("<br>");
        } else if part.is_element() && !matches!(part.tag_name().name(), "script" | "style") {
            let tag = tag(part);
            if let Some(tag) = tag {
                html.push_str(&format!("<{tag}{}>", spans(part)));
            }
            write(part, html);
            if let Some(tag) = tag {
                html.push_str(&format!("</{tag}>"));
            }
        }
    }
}

/// Cells over several rows or columns.
fn spans(cell: Node<'_, '_>) -> String {
    let span = |name: &str| {
        let number = cell.attribute(name).and_then(|number| number.parse::<u16>().ok())?;
        Some(format!(" {name}=\"{number}\""))
    };
    ["colspan", "rowspan"].into_iter().filter_map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>出院小结</title><effectiveTime value="20261118163000+0800"/>
<recordTarget><patientRole><id root="2.16.156.10011.1.3" extension="999009196403180328"/></patientRole></recordTarget>
<author><assignedAuthor><assignedPerson><name>林知远</name></assignedPerson></assignedAuthor></author>
<componentOf><encompassingEncounter><effectiveTime><low value="20261110"/><high value="202611181630"/></effectiveTime>
</encompassingEncounter></componentOf><component>"#;

    fn document(body: &str) -> String {
        format!("{HEAD}{body}</component></ClinicalDocument>")
    }

    fn narrative(text: &str) -> String {
        let section = format!(r#"<section><code code="8648-8"/><title>诊疗经过</title><text>{text}</text></section>"#);
        let cda = Cda::read(&document(&format!("<structuredBody><component>{section}</component></structuredBody>")));
        cda.expect("a document").sections[0].html.as_str().to_owned()
    }

    #[test]
    fn what_it_says_of_itself() {
        let section = "<component><section><title>一</title><component><section><title>二</title><text>B</text>\
                       </section></component></section></component>";
        let cda = Cda::read(&document(&format!("<structuredBody>{section}</structuredBody>"))).expect("a document");
        let time = |time: &Option<ClinicalTime>| time.as_ref().map(|time| time.as_str().to_owned());
        assert_eq!((cda.title.as_deref(), cda.authors.as_slice()), (Some("出院小结"), &["林知远".to_owned()][..]));
        assert_eq!(time(&cda.written).as_deref(), Some("2026-11-18T16:30:00+08:00"));
        assert_eq!(time(&cda.visit.0).as_deref(), Some("2026-11-10"));
        assert_eq!(time(&cda.visit.1).as_deref(), Some("2026-11-18T16:30:00+08:00"));
        assert_eq!(cda.patients, [("2.16.156.10011.1.3".to_owned(), "999009196403180328".to_owned())]);
        let titles: Vec<_> = cda.sections.iter().filter_map(|section| section.title.as_deref()).collect();
        assert_eq!(titles, ["一", "二"], "sections in sections too");
        assert_eq!(cda.html().expect("short").words(), "出院小结\n林知远 · 2026-11-18 16:30\n一\n二\nB");
    }

    #[test]
    fn narrative_keeps_paragraphs_lists_and_tables_and_nothing_that_acts() {
        assert_eq!(narrative("<paragraph>一 &lt; 二</paragraph>"), "<p>一 &lt; 二</p>");
        assert_eq!(narrative("<list listType=\"ordered\"><item>甲<br/>乙</item></list>"), "<ol><li>甲<br>乙</li></ol>");
        assert_eq!(
            narrative("<table onclick=\"x\"><tbody><tr><td colspan=\"2\" style=\"x\">1</td></tr></tbody></table>"),
            "<table><tbody><tr><td colspan=\"2\">1</td></tr></tbody></table>"
        );
        assert_eq!(narrative("<script>alert(1)</script>好<style>x</style>"), "好");
        assert_eq!(narrative("&lt;script&gt;alert(1)&lt;/script&gt;"), "&lt;script&gt;alert(1)&lt;/script&gt;");
        assert_eq!(narrative("<linkHtml href=\"javascript:x\">见此</linkHtml><img src=\"//evil\"/>"), "见此");
        assert_eq!(narrative("<content styleCode=\"Bold\">重</content>"), "<b>重</b>");
    }

    #[test]
    fn traps_are_no_documents() {
        let read = |prologue: &str, text: &str| {
            let document = document(&format!(
                "<structuredBody><component><section><text>{text}</text></section></component></structuredBody>"
            ));
            Cda::read(&document.replace("<ClinicalDocument", &format!("{prologue}<ClinicalDocument")))
        };
        assert!(read("", "x").is_some());
        assert_eq!(read("<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>", "&f;"), None);
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
        assert_eq!(read(laughs, "&c;"), None);
        assert_eq!(read("<!DOCTYPE x SYSTEM \"http://169.254.169.254/\">", "x"), None);
        assert_eq!(read("", "&undeclared;"), None);
        let deep = |levels: usize| format!("{}x{}", "<list><item>".repeat(levels), "</item></list>".repeat(levels));
        assert!(read("", &deep(20)).is_some());
        assert_eq!(read("", &deep(40)), None);
        assert_eq!(read("", &deep(50_000)), None, "and no stack overflows");
        assert_eq!(read("", &"<br/>".repeat(200_001)), None);
        assert_eq!(Cda::read("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), None);
        assert_eq!(Cda::read("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">"), None);
        assert_eq!(Cda::read("<ClinicalDocument xmlns=\"urn:else\"/>"), None);
    }

    #[test]
    fn what_the_parser_takes_long_for_is_no_document() {
        // Honest ones declare the same namespaces over and over, and write signs of equality in their texts.
        let own =
            |text: &str| format!("<structuredBody><component><section>{text}</section></component></structuredBody>");
        let values = "<value xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CD\"/>".repeat(100);
        assert!(Cda::read(&document(&own(&values))).is_some());
        assert!(Cda::read(&document(&own(&format!("<text>{}</text>", "a=\"1\" ".repeat(1_000))))).is_some());
        let many = |of: &dyn Fn(usize) -> String, count: usize| (0..count).map(of).collect::<String>();
        // Under a megabyte each: 20,000 namespaces that 30,000 elements add one to, and 100,000 attributes of one element.
        let declared = many(&|nth| format!(" xmlns:n{nth}=\"u\""), 20_000);
        let children = "<a xmlns:b=\"c\"/>".repeat(30_000);
        let named = many(&|nth| format!(" b{nth}=''"), 100_000);
        // A tag does not end in a value.
        for bomb in [format!("<p{declared}>{children}</p>"), format!("<p{named}/>"), format!("<p c='>'{named}/>")] {
            assert!(bomb.len() <= crate::document::content::LONGEST_CDA);
            let before = testbed::process::thread_cpu_ns();
            assert_eq!(Cda::read(&document(&own(&bomb))), None);
            let took = (testbed::process::thread_cpu_ns() - before) / 1_000_000;
            assert!(took < 500, "{took} ms");
        }
    }

    #[test]
    fn everybody_whom_it_is_about_is_said() {
        let two = document("<nonXMLBody/>").replace(
            "<author>",
            "<recordTarget><patientRole><id root=\"r\" extension=\"2\"/></patientRole></recordTarget><author>",
        );
        let of = Cda::read(&two).expect("a document").patients;
        assert_eq!(of.iter().map(|(_, number)| number.as_str()).collect::<Vec<_>>(), ["999009196403180328", "2"]);
    }
}
