//! One document of a hospital with its words, for both portals.

use ehr::{Banner, OpenedDocument, SourceReport};
use serde::Serialize;
use web::render::Html;

use crate::{
    PatientShell, RecordShell, Scene,
    related::Targets,
    sources::{Audience, Sources},
    visits::NoteView,
};

/// `record/document.html` of the internal portal.
#[derive(Debug, Serialize)]
pub struct DocumentPage {
    /// Banner and sections.
    pub shell: RecordShell,
    /// Whether its hospital answered.
    pub sources: Sources,
    /// The document.
    pub note: NoteView,
    /// Its section.
    pub back_href: String,
    /// When it was read.
    pub read_at: String,
    /// Foot of a print.
    pub printed: String,
}

/// `record/document.html` of the external portal.
#[derive(Debug, Serialize)]
pub struct PatientDocumentPage {
    /// Whose.
    pub shell: PatientShell,
    /// The document.
    pub note: NoteView,
    /// Its section.
    pub back_href: String,
    /// Name of its section.
    pub section: String,
    /// When it was read.
    pub read_at: String,
}

/// The clinician's page; `reader` prints it.
pub fn page(banner: &Banner, document: &OpenedDocument, reader: &str, scene: &Scene<'_>) -> DocumentPage {
    let back_href = format!("/patients/{}/{}", banner.person, document.section.slug());
    DocumentPage {
        shell: RecordShell::new(banner, document.section, scene),
        note: note(document, scene),
        sources: Sources::build(&asked(document), document.as_of, &back_href, Audience::Clinician, scene),
        back_href,
        read_at: scene.instant(document.as_of),
        printed: scene.printed(reader),
    }
}

/// The patient's page.
pub fn patient_page(banner: &Banner, document: &OpenedDocument, scene: &Scene<'_>) -> PatientDocumentPage {
    PatientDocumentPage {
        shell: PatientShell::new(banner, scene),
        note: note(document, scene),
        back_href: format!("/people/{}/record/{}", banner.person, document.section.slug()),
        section: scene.text(&format!("section-{}", document.section.slug())),
        read_at: scene.instant(document.as_of),
    }
}

/// The one hospital that was asked: the others have nothing to do with it.
fn asked(document: &OpenedDocument) -> Vec<SourceReport> {
    document.sources.iter().filter(|report| report.id == document.note.origin.source).cloned().collect()
}

/// It is open already: it leads nowhere else. Its headings stand right below the page's own.
fn note(document: &OpenedDocument, scene: &Scene<'_>) -> NoteView {
    let note = NoteView::new(&document.note, &document.sources, &Targets::default(), scene);
    let body_html = note.body_html.map(|body| Html::from_escaped(raised(body.as_str())));
    NoteView { document: None, body_html, ..note }
}

/// Sanitised headings begin with `h4`, for notes inside of lists; elements have no attributes, and no text holds a tag.
fn raised(body: &str) -> String {
    [("h4", "h2"), ("h5", "h3"), ("h6", "h4")].iter().fold(body.to_owned(), |body, (from, to)| {
        body.replace(&format!("<{from}>"), &format!("<{to}>")).replace(&format!("</{from}>"), &format!("</{to}>"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_a_document_follow_the_page_title() {
        assert_eq!(raised("<h4>入院</h4><h5>a</h5><p>&lt;h4&gt;</p>"), "<h2>入院</h2><h3>a</h3><p>&lt;h4&gt;</p>");
    }
}
