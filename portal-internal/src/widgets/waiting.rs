//! What waits in the records of those whom the viewer treats. Hospitals are asked: the page does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use access::{Act, Classify as _, Domain, Fault, Object};
use async_trait::async_trait;
use jiff::ToSpan as _;
use pages::standard::Templates as _;
use pages::widget::{
    CacheScope, Category, Declaration, Drawing, Field, FieldKind, Loading, Placed, Widget, WidgetError,
};
use record_view::waiting::{WaitingView, Wanted};
use serde_json::json;
use web::render::Arg;

use super::Desk;
use crate::mine;

/// Who comes back to the desk after a moment does not ask all hospitals anew; the widget says when it looked.
const KEPT: Duration = Duration::from_secs(60);
/// Critical values stay open for a month whatever is set.
const DAYS: &[Field] = &[Field::optional("days", FieldKind::Number { least: 1, most: 14, otherwise: 3 })];

static REVIEW: Declaration = declaration("results-to-review", "list-checks", DAYS);
static CRITICAL: Declaration = declaration("critical-values", "octagon-alert", &[]);

const fn declaration(kind: &'static str, icon: &'static str, fields: &'static [Field]) -> Declaration {
    Declaration {
        fields,
        needs: Some((lab_results, Act::ReadRecord)),
        cache: CacheScope::Person(KEPT),
        loading: Loading::AfterPage,
        // Records are read all at once, and each ends by itself before that.
        deadline: Duration::from_secs(14),
        ..Declaration::of(kind, Category::Record, icon, &[Domain::Internal])
    }
}

fn lab_results() -> Object {
    Object::record(ehr::Section::LabResults.slug()).unwrap_or(Object::SECTION_RECORD)
}

/// `results-to-review` and `critical-values`
pub struct Waiting(Wanted);

impl Waiting {
    pub const REVIEW: Self = Self(Wanted::All);
    pub const CRITICAL: Self = Self(Wanted::Critical);
}

#[async_trait]
impl Widget<Desk> for Waiting {
    fn declaration(&self) -> &Declaration {
        match self.0 {
            Wanted::All => &REVIEW,
            Wanted::Critical => &CRITICAL,
        }
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let today = desk.today();
        let days = if self.0 == Wanted::All { placed.settings.number("days") } else { 0 };
        let since = today.saturating_sub(days.days());
        let waiting = match mine::waiting(&desk.portal, &desk.staff, since, desk.visit.now).await {
            Ok(waiting) => waiting,
            Err(error) if matches!(error.fault(), Fault::Forbidden | Fault::NotFound) => return Ok(None),
            Err(error) => return Err(WidgetError::new(error)),
        };
        let scene = desk.scene();
        let view = WaitingView::new(&waiting, self.0, &scene);
        let note = scene.with("mine-count", &[("count", Arg::from(view.total))]);
        let body = desk.template("widgets/waiting.html", &json!({ "waiting": view }))?;
        Ok(Some(Drawing { note: (view.total > 0).then_some(note), action: None, body }))
    }
}
