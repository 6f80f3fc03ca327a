//! Which language and theme a visitor reads in.

use poem::http::HeaderMap;

/// A language of the portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    /// 简体中文, the first language.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// As in `lang` attributes, `?lang=` and the cookie.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// From `?lang=` or the cookie.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The best of `Accept-Language` (RFC 9110 §12.5.4); Chinese when nothing fits.
    pub fn from_accept(headers: &HeaderMap) -> Self {
        let accept = headers.get("accept-language").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut best = (0.0, Self::Zh);
        for range in accept.split(',').take(16) {
            let mut parts = range.trim().split(';');
            let Some(lang) = parts.next().and_then(Self::from_tag) else { continue };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |text| text.parse::<f32>().unwrap_or(0.0));
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }
}

/// The value of one cookie of a request. Of several with one name the first counts, as browsers send the most specific first.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    #[test]
    fn languages() {
        let check = |accept: &'static str, expect: Lang| {
            let mut headers = HeaderMap::new();
            headers.insert("accept-language", HeaderValue::from_static(accept));
            assert_eq!(Lang::from_accept(&headers), expect, "{accept}");
        };
        check("en-GB,en;q=0.9,zh;q=0.1", Lang::En);
        check("zh-CN,zh;q=0.9,en;q=0.8", Lang::Zh);
        check("fr", Lang::Zh);
        check("de, en;q=0.5", Lang::En);
        check("en;q=0", Lang::Zh);
        check("", Lang::Zh);
    }

    #[test]
    fn cookies() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static("a=1; portal=xyz; portal2=no"));
        assert_eq!(cookie(&headers, "portal"), Some("xyz"));
        assert_eq!(cookie(&headers, "port"), None);
    }
}
