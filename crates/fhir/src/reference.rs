//! What the text of a `Reference` means (<https://hl7.org/fhir/R4/references.html>).

use url::Url;

use crate::rows::ResourceReference;

/// A reference, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// A resource of the same server, relative or absolute.
    Local {
        /// FHIR type.
        kind: &'a str,
        /// Id on that server.
        id: &'a str,
        /// Version, when one was named (`/_history/…`).
        version: Option<&'a str>,
    },
    /// A resource of another server.
    Elsewhere(&'a str),
    /// Inside the same resource, without the `#`.
    Contained(&'a str),
    /// `urn:uuid:` or `urn:oid:`: means something only inside the same bundle.
    Urn(&'a str),
    /// Anything else: points nowhere.
    Unreadable,
}

impl<'a> Reference<'a> {
    /// Reads `text`; `base` is the FHIR base of the server it came from.
    pub fn parse(text: &'a str, base: &Url) -> Self {
        if let Some(id) = text.strip_prefix('#') {
            return Self::Contained(id);
        }
        if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:")) {
            return Self::Urn(text);
        }
        if !text.contains("://") {
            return local(text).unwrap_or(Self::Unreadable);
        }
        let Ok(url) = Url::parse(text) else { return Self::Unreadable };
        // Compared as URLs (case of the host, default port), then cut from the text as written.
        let prefix = base.path().trim_end_matches('/');
        let same = url.origin() == base.origin()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let rest = url.path().strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
        match rest {
            // A path that URL parsing has changed (`..`, escapes) is not what it looks like.
            Some(rest) if same && text.ends_with(rest) => {
                local(&text[text.len() - rest.len()..]).unwrap_or(Self::Elsewhere(text))
            }
            _ => Self::Elsewhere(text),
        }
    }
}

/// `Type/id` or `Type/id/_history/version`, nothing else.
fn local(text: &str) -> Option<Reference<'_>> {
    let mut parts = text.split('/');
    let (kind, id) = (parts.next()?, parts.next()?);
    let version = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => None,
        (Some("_history"), Some(version), None) => Some(version),
        _ => return None,
    };
    let type_name = kind.starts_with(|c: char| c.is_ascii_uppercase()) && kind.bytes().all(|b| b.is_ascii_alphabetic());
    (type_name && is_id(id) && version.is_none_or(is_id)).then_some(Reference::Local { kind, id, version })
}

/// FHIR `id` (<https://hl7.org/fhir/R4/datatypes.html#id>), with `_` and more length, since servers use them.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && text != "."
        && text != ".."
}

/// Does `reference` certainly mean `kind/id` on the server at `base`? Contained, logical, `urn:` and foreign references
/// don't, and neither does one whose `type` contradicts its text.
pub fn refers_to(reference: &ResourceReference<'_>, base: &Url, kind: &str, id: &str) -> bool {
    let Some(text) = reference.reference else { return false };
    if reference.kind.is_some_and(|said| said != kind) {
        return false;
    }
    matches!(Reference::parse(text, base), Reference::Local { kind: k, id: i, .. } if k == kind && i == id)
}
