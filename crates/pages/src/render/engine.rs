//! Drawing widgets: each in a task of its own, with a deadline of its own, so that one that hangs, fails or panics costs the
//! others nothing.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::join_all};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::{
    cache::{Cache, Key},
    circuit::Circuits,
};
use crate::{
    model::{InstanceId, Item, PageId},
    widget::{
        Declaration, Drawing, Loading, Misfit, Placed, Registry, Settings, Viewing, Widget, WidgetError, settings_of,
    },
};

/// A page waits that long for its widgets; those that are not ready then come afterwards.
pub const AT_ONCE: Duration = Duration::from_millis(150);

/// How long to wait for widgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// [`AT_ONCE`]; [`Loading::AfterPage`] is not begun.
    AtOnce,
    /// Until each is ready or its deadline has passed.
    Whole,
}

/// Why there is no drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It failed or panicked.
    Failed,
    /// Its deadline passed.
    TooSlow,
    /// Its kind has failed so often that it is not drawn for a while.
    OutOfService,
    /// What is set on it does not fit. The settings stay as they are until somebody mends them.
    Settings(Vec<Misfit>),
    /// Its settings are those of another major version, and nobody knows how to carry them over.
    OtherVersion,
    /// There is no such kind here.
    Unknown,
}

impl Trouble {
    /// Behind `widget-trouble-` in message keys.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::TooSlow => "too-slow",
            Self::OutOfService => "out-of-service",
            Self::Settings(_) => "settings",
            Self::OtherVersion => "other-version",
            Self::Unknown => "unknown",
        }
    }

    /// Does it make sense to try again?
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Failed | Self::TooSlow | Self::OutOfService)
    }
}

/// What came of a widget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// This.
    Content(Drawing),
    /// It has nothing to show: it is left out.
    Nothing,
    /// It is not ready: the page asks for it afterwards.
    Later,
    /// A notice stands in its place.
    Trouble(Trouble),
}

struct Inner<V: Viewing> {
    registry: Registry<V>,
    circuits: Circuits,
    cache: Cache,
}

/// Draws a portal's widgets. Cheap to clone.
pub struct Engine<V: Viewing>(Arc<Inner<V>>);

impl<V: Viewing> Clone for Engine<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// On its way.
enum Begun {
    Done(Drawn),
    Running(JoinHandle<Drawn>),
}

/// A drawing that can be begun.
struct Order<V: Viewing> {
    widget: Arc<dyn Widget<V>>,
    page: PageId,
    instance: InstanceId,
    settings: Settings,
    key: Option<Key>,
}

impl<V: Viewing> Engine<V> {
    /// For these widgets.
    pub fn new(registry: Registry<V>) -> Self {
        Self(Arc::new(Inner { registry, circuits: Circuits::default(), cache: Cache::default() }))
    }

    /// What there is to draw.
    pub fn registry(&self) -> &Registry<V> {
        &self.0.registry
    }

    /// Draws `items` of a page, in their order. Whether the viewer may see them has been decided (by [`super::Trimmer`]); `policy` is the
    /// version that it was decided by.
    ///
    /// What is not ready goes on by itself until its deadline: its outcome counts and is kept for those who ask next.
    pub async fn draw(
        &self,
        viewing: &Arc<V>,
        (page, items): (&PageId, &[&Item]),
        patience: Patience,
        policy: i64,
    ) -> Vec<Drawn> {
        let begun: Vec<Begun> = items.iter().map(|item| self.begin(viewing, (page, item), patience, policy)).collect();
        let until = Instant::now() + AT_ONCE;
        join_all(begun.into_iter().map(|one| finish(one, patience, until))).await
    }

    fn begin(&self, viewing: &Arc<V>, place: (&PageId, &Item), patience: Patience, policy: i64) -> Begun {
        let order = match self.order(viewing, place, policy) {
            Ok(order) => order,
            Err(trouble) => return Begun::Done(Drawn::Trouble(trouble)),
        };
        let (declaration, now) = (order.widget.declaration(), Instant::now());
        if let Some(kept) = order.key.as_ref().and_then(|key| self.0.cache.get(key, now)) {
            return Begun::Done(shown(kept));
        }
        if declaration.loading == Loading::AfterPage && patience == Patience::AtOnce {
            return Begun::Done(Drawn::Later);
        }
        if !self.0.circuits.admit(declaration.kind, now) {
            return Begun::Done(Drawn::Trouble(Trouble::OutOfService));
        }
        Begun::Running(tokio::spawn(carry_out(self.0.clone(), viewing.clone(), order)))
    }

    fn order(&self, viewing: &Arc<V>, (page, item): (&PageId, &Item), policy: i64) -> Result<Order<V>, Trouble> {
        let widget = self.0.registry.get(item.widget.kind.as_str()).ok_or(Trouble::Unknown)?.clone();
        let settings =
            settings_of(&*widget, item.widget.major, &item.config).map_err(|misfits| match misfits.as_slice() {
                [] => Trouble::OtherVersion,
                _ => Trouble::Settings(misfits),
            })?;
        let declaration = widget.declaration();
        let key = Key::new(
            (declaration.kind, declaration.major),
            (page.clone(), item.instance.clone()),
            settings.digest(),
            (declaration.cache, &viewing.context().actor()),
            viewing.language(),
            policy,
        );
        Ok(Order { widget, page: page.clone(), instance: item.instance.clone(), settings, key })
    }
}

fn shown(drawing: Option<Drawing>) -> Drawn {
    drawing.map_or(Drawn::Nothing, Drawn::Content)
}

async fn finish(begun: Begun, patience: Patience, until: Instant) -> Drawn {
    let mut task = match begun {
        Begun::Done(drawn) => return drawn,
        Begun::Running(task) => task,
    };
    let ended = match patience {
        Patience::Whole => Ok((&mut task).await),
        Patience::AtOnce => timeout_at(until, &mut task).await,
    };
    match ended {
        Ok(Ok(drawn)) => drawn,
        // The portal is stopping.
        Ok(Err(_)) => Drawn::Trouble(Trouble::Failed),
        Err(_) => Drawn::Later,
    }
}

/// Nobody has to wait for it: it ends by its deadline and tells its kind's circuit and the cache itself.
async fn carry_out<V: Viewing>(inner: Arc<Inner<V>>, viewing: Arc<V>, order: Order<V>) -> Drawn {
    let (declaration, began) = (order.widget.declaration(), Instant::now());
    let placed = Placed { page: &order.page, instance: &order.instance, settings: &order.settings };
    // A widget changes nothing that outlives its own drawing but behind locks that pass panics on.
    let drawing = AssertUnwindSafe(order.widget.draw(&viewing, placed)).catch_unwind();
    let outcome = timeout(declaration.deadline, drawing).await;
    metrics::histogram!("portal_widget_draw_seconds", "kind" => declaration.kind).record(began.elapsed().as_secs_f64());
    let (drawn, word) = match outcome {
        Ok(Ok(Ok(drawing))) => {
            if let (Some(key), Some(lifetime)) = (order.key, declaration.cache.lifetime()) {
                // Counted from the beginning: by then what it read was so.
                inner.cache.keep(key, drawing.clone(), began + lifetime, Instant::now());
            }
            inner.circuits.succeeded(declaration.kind);
            (shown(drawing), "drawn")
        }
        Ok(Ok(Err(error))) => (inner.failed(declaration, &error), "failed"),
        Ok(Err(_)) => (inner.failed(declaration, &WidgetError::new("it panicked")), "panicked"),
        Err(_) => {
            inner.circuits.failed(declaration.kind, Instant::now());
            tracing::warn!(kind = declaration.kind, "a widget was not drawn by its deadline");
            (Drawn::Trouble(Trouble::TooSlow), "too-slow")
        }
    };
    metrics::counter!("portal_widget_draws_total", "kind" => declaration.kind, "outcome" => word).increment(1);
    drawn
}

impl<V: Viewing> Inner<V> {
    fn failed(&self, declaration: &Declaration, error: &WidgetError) -> Drawn {
        self.circuits.failed(declaration.kind, Instant::now());
        tracing::error!(kind = declaration.kind, %error, "drawing a widget");
        Drawn::Trouble(Trouble::Failed)
    }
}
