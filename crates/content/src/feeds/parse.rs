//! A stranger's bytes to a few lines of text.

use feed_rs::model::Entry;
use jiff::Timestamp;
use url::Url;

use super::{FeedItem, FeedProblem};
use crate::text;

/// Of one feed.
const MOST_ITEMS: usize = 50;
const LONGEST_TITLE: usize = 160;
const LONGEST_AUTHOR: usize = 60;
const LONGEST_LINK: usize = 1000;
/// Elements within elements; a feed has five or six.
const DEEPEST: usize = 64;

/// RSS or Atom, newest first. `origin` is where it came from: what it links to relatively is there.
pub(super) fn items(body: &[u8], origin: &Url, now: Timestamp) -> Result<Vec<FeedItem>, FeedProblem> {
    let start = body.trim_ascii_start();
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    // JSON Feed is a format of its own, and none that we said we read; a page begins with something else.
    if !start.starts_with(b"<") || is_too_deep(start) {
        return Err(FeedProblem::NotAFeed);
    }
    let parser = feed_rs::parser::Builder::new().base_uri(Some(origin.as_str())).build();
    let feed = parser.parse(start).map_err(|_| FeedProblem::NotAFeed)?;
    let mut items: Vec<FeedItem> =
        feed.entries.iter().take(4 * MOST_ITEMS).filter_map(|entry| item(entry, now)).collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.at));
    items.truncate(MOST_ITEMS);
    Ok(items)
}

/// Counts tags alone: whatever a parser does with what is between them, it does not go deeper.
fn is_too_deep(body: &[u8]) -> bool {
    let mut deep = 0usize;
    for (at, _) in body.iter().enumerate().filter(|(_, byte)| **byte == b'<') {
        match body.get(at + 1) {
            Some(b'/') => deep = deep.saturating_sub(1),
            Some(b'!' | b'?') | None => {}
            Some(_) => {
                let tag = &body[at..body.len().min(at + 4096)];
                let end = tag.iter().position(|byte| *byte == b'>');
                if end.is_none_or(|end| tag.get(end - 1) != Some(&b'/')) {
                    deep += 1;
                }
            }
        }
        if deep > DEEPEST {
            return true;
        }
    }
    false
}

fn item(entry: &Entry, now: Timestamp) -> Option<FeedItem> {
    let at = entry.published.or(entry.updated).and_then(|at| Timestamp::from_millisecond(at.timestamp_millis()).ok());
    let title = entry.title.as_ref().map(|title| text::words(&title.content, LONGEST_TITLE)).unwrap_or_default();
    let alternate = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let link = alternate.and_then(|link| address(&link.href));
    let author = entry.authors.first().map(|author| text::words(&author.name, LONGEST_AUTHOR));
    // Without words there is nothing to show.
    (!title.is_empty()).then(|| FeedItem {
        title,
        link,
        author: author.filter(|name| !name.is_empty()),
        at: at.map(|at| at.min(now)),
    })
}

/// A place on the web that a person can be sent to.
fn address(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST_LINK)?;
    let good = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
    good.then(|| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8]) -> Result<Vec<FeedItem>, FeedProblem> {
        let origin = Url::parse("http://forum.example/feed").expect("url");
        items(body, &origin, Timestamp::from_second(1_795_000_000).expect("time"))
    }

    fn rss(entries: &str) -> String {
        format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>t</title>{entries}</channel></rss>")
    }

    #[test]
    fn rss_and_atom_newest_first() {
        let feed = rss(
            "<item><title>旧</title><link>http://forum.example/1</link><pubDate>Mon, 02 Nov 2026 08:00:00 +0800</pubDate></item>\
             <item><title>新</title><link>http://forum.example/2</link><pubDate>Tue, 03 Nov 2026 08:00:00 +0800</pubDate></item>",
        );
        let items = read(feed.as_bytes()).expect("rss");
        let titles: Vec<_> = items.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["新", "旧"]);
        let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><entry><id>1</id><title type=\"html\">&lt;b&gt;甲&lt;/b&gt;</title>\
                    <link href=\"/posts/1\"/><author><name>林岚</name></author><updated>2099-01-01T00:00:00Z</updated></entry></feed>";
        let items = read(atom.as_bytes()).expect("atom");
        assert_eq!((items[0].title.as_str(), items[0].author.as_deref()), ("甲", Some("林岚")));
        assert_eq!(items[0].link.as_deref(), Some("http://forum.example/posts/1"));
        // Nobody writes in the future.
        assert_eq!(items[0].at, Timestamp::from_second(1_795_000_000).ok());
    }

    #[test]
    fn chinese_in_its_older_encoding_is_read() {
        let said = "<?xml version=\"1.0\" encoding=\"GBK\"?><rss version=\"2.0\"><channel><title>t</title><item><title>血压</title></item></channel></rss>";
        let (gbk, _, _) = encoding_rs::GBK.encode(said);
        assert_eq!(read(&gbk).expect("gbk")[0].title, "血压");
    }

    #[test]
    fn what_is_no_feed_is_none() {
        let deep = format!("<rss version=\"2.0\"><channel>{}", "<a>".repeat(100_000));
        let bombs = "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
        for bad in [
            "",
            "ok",
            "{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",\"items\":[]}",
            "<!doctype html><html><body><h1>登录</h1></body></html>",
            "<rss version=\"2.0\"><channel><item><title>x",
            "\u{0}\u{1}\u{2}",
            &deep,
        ] {
            assert_eq!(read(bad.as_bytes()), Err(FeedProblem::NotAFeed), "{:?}", &bad[..bad.len().min(60)]);
        }
        // Entities of its own are not looked up: they grow to nothing.
        let laughs =
            format!("{bombs}{}", rss("<item><title>x&b;&b;</title></item>").replace("<?xml version=\"1.0\"?>", ""));
        let read = read(laughs.as_bytes());
        assert!(read.as_ref().map_or(true, |items| items.iter().all(|item| !item.title.contains("aaaa"))), "{read:?}");
    }

    #[test]
    fn titles_and_links_of_attackers() {
        let feed = rss(
            "<item><title>&lt;script&gt;alert(1)&lt;/script&gt;甲</title><link>javascript:alert(1)</link></item>\
             <item><title><![CDATA[<img src=x onerror=alert(1)>乙]]></title><link>http://u:p@evil.example/</link></item>\
             <item><title> </title><link>http://forum.example/3</link></item>",
        );
        let items = read(feed.as_bytes()).expect("rss");
        let shown: Vec<_> = items.iter().map(|item| (item.title.as_str(), item.link.as_deref())).collect();
        assert_eq!(shown, [("甲", None), ("乙", None)]);
    }
}
