//! What the public portal's widgets say of themselves. That portal draws them; its pages are laid out on the intranet, whose
//! program has to know what can be set.

use std::time::Duration;

use access::{Act, Domain, Object};

use crate::widget::{CacheScope, Category, Declaration, Field, FieldKind, Loading};

const HERE: &[Domain] = &[Domain::External];

/// What is new to read about health.
pub static HEALTH_EDUCATION: Declaration = Declaration {
    fields: &[Field::optional("most", FieldKind::Number { least: 1, most: 20, otherwise: 3 })],
    ..Declaration::of("health-education", Category::Content, "notebook-pen", HERE)
};

/// The connected hospitals.
pub static HOSPITALS: Declaration = Declaration::of("hospitals", Category::Record, "hospital", HERE);

/// The newest results, in plain words.
pub static NEW_RESULTS: Declaration = Declaration {
    needs: Some((|| Object::SECTION_RECORD, Act::ReadRecord)),
    loading: Loading::AfterPage,
    // A read of the record ends by itself before that.
    deadline: Duration::from_secs(14),
    ..Declaration::of("new-results", Category::Record, "flask-conical", HERE)
};

/// The next booked visit.
pub static NEXT_VISIT: Declaration = Declaration::of("next-visit", Category::Record, "calendar-clock", HERE);

/// Notices that hold just now.
pub static NOTICES: Declaration = Declaration::of("notices", Category::Content, "info", HERE);

/// How results are to be read.
pub static READING: Declaration = Declaration {
    cache: CacheScope::Everybody(Duration::from_secs(3600)),
    ..Declaration::of("reading", Category::Record, "info", HERE)
};

/// A text that somebody wrote for the page, in Markdown.
pub static TEXT: Declaration = Declaration {
    fields: &[Field::required("text", FieldKind::Bilingual { longest: 4000, lines: true })],
    ..Declaration::of("text", Category::Content, "file-text", HERE)
};

/// The ways into one's own record.
pub static WHAT_TO_DO: Declaration = Declaration::of("what-to-do", Category::Record, "folder-heart", HERE);

/// All of them.
pub static ALL: &[&Declaration] =
    &[&HEALTH_EDUCATION, &HOSPITALS, &NEW_RESULTS, &NEXT_VISIT, &NOTICES, &READING, &TEXT, &WHAT_TO_DO];
