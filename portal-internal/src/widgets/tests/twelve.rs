//! Twelve widgets, of which some hang, fail and panic: the first page as it is sent.

use std::{
    sync::{Arc, Once},
    time::{Duration, Instant},
};

use access::Domain;
use async_trait::async_trait;
use pages::render::FAILURES;
use pages::widget::{Category, Declaration, Drawing, Fragment, Placed, Widget, WidgetError};
use serde_json::json;
use web::Lang;

use super::stage::{Stage, Viewer, item};

/// Kinds of the portal, so that each has a name in words.
const KINDS: [&str; 12] = [
    "account",
    "applications",
    "calendar",
    "forum-and-blogs",
    "health-knowledge",
    "hospitals",
    "key-figures",
    "links",
    "my-patients",
    "notices",
    "search",
    "signed-in",
];
const HUNG: &str = "my-patients";
const FAILS: &str = "notices";
const PANICS: &str = "search";
const ON_PURPOSE: &str = "on purpose";

struct Made(Declaration);

#[async_trait]
impl Widget<Viewer> for Made {
    fn declaration(&self) -> &Declaration {
        &self.0
    }

    async fn draw(&self, _: &Arc<Viewer>, _: Placed<'_>) -> Result<Option<Drawing>, WidgetError> {
        match self.0.kind {
            HUNG => std::future::pending().await,
            FAILS => Err(WidgetError::new(ON_PURPOSE)),
            PANICS => std::panic::panic_any(ON_PURPOSE),
            kind => Ok(Some(Drawing::of(Fragment::from_escaped(format!("<p>of {kind}</p>"))))),
        }
    }
}

/// Writing the trace of a panic takes an unoptimised program longer than a page waits.
fn without_traces() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref::<&str>() != Some(&ON_PURPOSE) {
                usual(info);
            }
        }));
    });
}

fn stage(lang: Lang) -> Stage {
    without_traces();
    let made = |kind| {
        Made(Declaration {
            deadline: Duration::from_secs(30),
            ..Declaration::of(kind, Category::Portal, "house", &[Domain::Internal])
        })
    };
    Stage::new(KINDS.into_iter().map(|kind| Arc::new(made(kind)) as Arc<dyn Widget<Viewer>>).collect(), lang)
}

async fn home(stage: &Stage) -> String {
    stage.home(&KINDS.map(|kind| item(kind, json!({})))).await
}

fn section<'h>(html: &'h str, kind: &str) -> &'h str {
    let mark = format!("id=\"w-{kind}\"");
    html.split("<section").find(|part| part.contains(&mark)).unwrap_or_else(|| panic!("no {kind} in {html}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eleven_of_twelve_are_there_within_300_ms_and_what_failed_is_named() {
    for lang in [Lang::Zh, Lang::En] {
        let stage = stage(lang);
        let began = Instant::now();
        let html = home(&stage).await;
        let took = began.elapsed();
        println!("G4 page of twelve widgets, one hung, one failing, one panicking: {took:?}");
        assert!(took < Duration::from_millis(300), "{took:?}");
        for kind in KINDS {
            let (section, name) = (section(&html, kind), stage.words(&format!("widget-{kind}")));
            assert!(section.contains(&name), "{kind} is not named: {section}");
            let expected = match kind {
                HUNG => stage.words("widget-later"),
                FAILS | PANICS => stage.words("widget-trouble-failed"),
                _ => format!("<p>of {kind}</p>"),
            };
            assert!(section.contains(&expected), "{kind}: {section}");
        }
        // The late one comes by itself with a script, and without one by a link, or with the page as a whole.
        let late = section(&html, HUNG);
        assert!(late.contains("hx-get=\"/pages/p-test/items/my-patients\""), "{late}");
        assert!(late.contains("class=\"unscripted-only\" href=\"/pages/p-test/items/my-patients\""), "{late}");
        assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"0; url=/?whole=1\"></noscript>"));
        assert!(!html.contains(ON_PURPOSE), "causes are for the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_keeps_failing_is_said_to_be_out_of_service_and_the_others_stand() {
    let stage = stage(Lang::En);
    for _ in 0..FAILURES {
        home(&stage).await;
    }
    let html = home(&stage).await;
    for kind in [FAILS, PANICS] {
        let (name, said) = (stage.words(&format!("widget-{kind}")), stage.words("widget-trouble-out-of-service"));
        assert!(section(&html, kind).contains(&name) && section(&html, kind).contains(&said));
    }
    assert!(section(&html, "account").contains("<p>of account</p>"));
}
