//! Searching over pages, people and articles: each kind of thing has a provider, which hands out only what the viewer may see.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::future::join_all;

use super::{Viewing, WidgetError};

/// Nobody waits longer for one provider.
const DEADLINE: Duration = Duration::from_secs(2);

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// As people know it.
    pub title: String,
    /// What tells it from others of that title.
    pub detail: String,
    /// Where it is, in this portal.
    pub href: String,
}

/// Finds one kind of thing.
#[async_trait]
pub trait SearchProvider<V: Viewing>: Send + Sync + 'static {
    /// Behind `search-in-` in message keys.
    fn kind(&self) -> &'static str;

    /// What fits `words` and the viewer may see, best first, at most `most`. What they may not see is left out *before* it is
    /// counted or ranked: neither a title, nor a number, nor a place in the order tells of it.
    ///
    /// # Errors
    /// Whatever keeps it from looking; the others' finds are shown all the same.
    async fn search(&self, viewing: &Arc<V>, words: &str, most: usize) -> Result<Vec<Hit>, WidgetError>;
}

/// Asks all providers at once; by kind, `None` for one that failed or took too long.
pub async fn search_all<V: Viewing>(
    providers: &[Arc<dyn SearchProvider<V>>],
    viewing: &Arc<V>,
    words: &str,
    most: usize,
) -> Vec<(&'static str, Option<Vec<Hit>>)> {
    let asked = providers.iter().map(|provider| async move {
        let found = tokio::time::timeout(DEADLINE, provider.search(viewing, words, most)).await;
        let found = match found {
            Ok(Ok(mut hits)) => {
                hits.truncate(most);
                Some(hits)
            }
            Ok(Err(error)) => {
                tracing::warn!(provider = provider.kind(), %error, "searching");
                None
            }
            Err(_) => None,
        };
        (provider.kind(), found)
    });
    join_all(asked).await
}
