//! Documents of hospitals: a stranger's bytes on their way to a reader.
//!
//! Text stays text; HTML and CDA are cut down to a few elements without attributes; PDF and pictures are what their bytes
//! say they are, never what the hospital claims. Everything else is named and not shown.

mod bare_html;
pub(crate) mod cda;
pub(crate) mod characters;
pub(crate) mod content;
mod safe_html;

use schemars::JsonSchema;
use serde::Serialize;

use crate::ClinicalTime;

pub use content::{File, FileKind};
pub use safe_html::SafeHtml;
pub(crate) use safe_html::{escape, sanitise, words_of_safe_html};

/// A document that a resource names, to be fetched when somebody wants it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct DocumentLink {
    /// Below the person's pages of a portal (`documents/city-first/DiagnosticReport/r1/0`); none where it lies on another
    /// server.
    pub path: Option<String>,
    /// What the source calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// MIME type as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Bytes, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<ClinicalTime>,
}

impl DocumentLink {
    /// What an attachment says of itself. `number` is its place in `origin` (`Type/id`) of `source`.
    pub(crate) fn read(
        attachment: &fhir::rows::Attachment<'_>,
        base: &url::Url,
        (source, origin, number): (&str, &str, usize),
    ) -> Self {
        let text = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            path: is_had(attachment, base).then(|| path(source, origin, number)).flatten(),
            title: text(attachment.title),
            content_type: text(attachment.content_type),
            size: attachment.size.and_then(|size| size.integer()).filter(|size| *size > 0),
            created: attachment.creation.and_then(ClinicalTime::parse),
        }
    }
}

/// Came it along, or lies it on the same server?
pub(crate) fn is_had(attachment: &fhir::rows::Attachment<'_>, base: &url::Url) -> bool {
    let url = attachment.url.map(|url| fhir::Reference::parse(url, base));
    attachment.data.is_some() || matches!(url, Some(fhir::Reference::Local { kind: "Binary", .. }))
}

/// Where a document is opened, below the person's pages: nothing but plain names may become part of an address.
pub(crate) fn path(source: &str, origin: &str, number: usize) -> Option<String> {
    let (kind, id) = origin.split_once('/')?;
    (is_plain(source) && is_plain(kind) && is_plain(id)).then(|| format!("documents/{source}/{kind}/{id}/{number}"))
}

/// May it be a part of an address as it is?
pub(crate) fn is_plain(part: &str) -> bool {
    (1..=256).contains(&part.len())
        && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && part != "."
        && part != ".."
}
