//! What is on the viewer's desk, to get there in one step.

use std::sync::Arc;

use access::Domain;
use async_trait::async_trait;
use pages::standard::Templates as _;
use pages::widget::{Category, Declaration, Drawing, Placed, Viewing as _, Widget, WidgetError};
use serde::Serialize;

use super::Desk;

static DECLARATION: Declaration = Declaration::of("my-widgets", Category::Portal, "list-checks", &[Domain::Internal]);

/// `my-widgets`
pub struct MyWidgets;

/// `widgets/my_widgets.html`
#[derive(Serialize)]
struct View<'d> {
    widgets: Vec<Entry<'d>>,
}

#[derive(Serialize)]
struct Entry<'d> {
    instance: &'d str,
    kind: &'d str,
    title: Option<&'d str>,
    icon: &'static str,
}

#[async_trait]
impl Widget<Desk> for MyWidgets {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    async fn draw(&self, desk: &Arc<Desk>, placed: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        let registry = desk.portal.board.engine.registry();
        let english = desk.language() == "en";
        // The page is the one that the viewer sees: what is not there for them is not in the list.
        let others = desk.page.root.items().filter(|item| item.instance != *placed.instance);
        let widgets = others.filter_map(|item| {
            let known = registry.get(item.widget.kind.as_str())?;
            let title = item.title.as_ref().map(|title| if english { title.en.as_str() } else { title.zh.as_str() });
            let icon = known.declaration().icon;
            Some(Entry { instance: item.instance.as_str(), kind: item.widget.kind.as_str(), title, icon })
        });
        let view = View { widgets: widgets.collect() };
        Ok(Some(Drawing::of(desk.template("widgets/my_widgets.html", &view)?)))
    }
}
