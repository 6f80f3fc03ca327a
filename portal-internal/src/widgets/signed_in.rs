//! Who is using the portal just now: names and departments, nothing of what they do.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use directory::StaffIdentity;
use jiff::SignedDuration;
use pages::standard::Templates as _;
use pages::widget::{Audience, Category, Declaration, Drawing, Field, FieldKind, Placed, Widget, WidgetError};
use serde::Serialize;
use web::render::Arg;

use super::Desk;

/// Just now.
const LATELY: SignedDuration = SignedDuration::from_mins(15);

static DECLARATION: Declaration = Declaration {
    fields: &[Field::optional("most", FieldKind::Number { least: 5, most: 50, otherwise: 12 })],
    audience: Audience::Groups(&["administrator", "manager"]),
    ..Declaration::of("signed-in", Category::Portal, "user-round", &[Domain::Internal])
};

/// `signed-in`
pub struct SignedIn;

/// `widgets/signed_in.html`
#[derive(Serialize)]
struct View {
    people: Vec<Person>,
    more: bool,
}

#[derive(Serialize)]
struct Person {
    name: String,
    department: Option<String>,
}

#[async_trait]
impl Widget<Desk> for SignedIn {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let (now, most) = (desk.visit.now, placed.settings.count("most"));
        let seen = desk.portal.sessions.seen_since(now - LATELY, most + 1, now).await.map_err(WidgetError::new)?;
        let more = seen.len() > most;
        let person = |identity: StaffIdentity| Person {
            name: identity.name().to_owned(),
            department: identity.department().map(str::to_owned),
        };
        let known = seen.iter().filter_map(|identity| serde_json::from_str(identity).ok());
        let people: Vec<Person> = known.map(person).take(most).collect();
        let count = desk.scene().with("widget-signed-in-count", &[("count", Arg::from(people.len()))]);
        let body = desk.template("widgets/signed_in.html", &View { people, more })?;
        Ok(Some(Drawing { note: (!more).then_some(count), action: None, body }))
    }
}
