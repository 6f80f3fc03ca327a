//! How much the portal is used. A number below five could tell of a person, so it is not shown.

use std::sync::Arc;
use std::time::Duration;

use access::{
    AuditLog, Domain,
    audit::{Usage, action},
};
use async_trait::async_trait;
use jiff::SignedDuration;
use pages::standard::Templates as _;
use pages::widget::{
    Audience, CacheScope, Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError,
};
use serde::Serialize;

use super::Desk;

/// Fewer people than this are not counted out loud.
const FEWEST: u64 = 5;

static DECLARATION: Declaration = Declaration {
    fields: &[Field::optional("days", FieldKind::Number { least: 1, most: 31, otherwise: 7 })],
    audience: Audience::Groups(&["administrator", "manager"]),
    cache: CacheScope::Everybody(Duration::from_secs(600)),
    ..Declaration::of("key-figures", Category::Portal, "trending-up", &[Domain::Internal])
};

/// `key-figures`
pub struct KeyFigures;

/// `widgets/key_figures.html`
#[derive(Serialize)]
struct View {
    days: i64,
    figures: Vec<Figure>,
}

/// What was done, in words `widget-key-figures-…`.
#[derive(Serialize)]
struct Figure {
    name: &'static str,
    /// None when too few did it.
    acts: Option<u64>,
    people: Option<u64>,
}

fn figure(name: &'static str, usage: Usage) -> Figure {
    let enough = usage.people >= FEWEST;
    Figure { name, acts: enough.then_some(usage.acts), people: enough.then_some(usage.people) }
}

#[async_trait]
impl Widget<Desk> for KeyFigures {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let days = placed.settings.number("days");
        let since = desk.visit.now - SignedDuration::from_hours(24 * days);
        let mut figures = Vec::new();
        for (name, action) in
            [("sign-ins", action::SIGN_IN), ("searches", action::PATIENT_SEARCH), ("reads", action::RECORD_READ_INTENT)]
        {
            let usage = AuditLog::usage(&desk.portal.store, action, since).await.map_err(WidgetError::new)?;
            figures.push(figure(name, usage));
        }
        Ok(Some(Drawing::of(desk.template("widgets/key_figures.html", &View { days, figures })?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_people_did_is_not_counted_out_loud() {
        for (acts, people, shown) in [(900, 4, None), (900, 5, Some(900)), (0, 0, None)] {
            assert_eq!(figure("reads", Usage { acts, people }).acts, shown, "{acts} {people}");
        }
    }
}
