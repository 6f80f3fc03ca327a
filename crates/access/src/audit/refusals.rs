//! Refused routes: remembered, but a program that knocks a thousand times a second does not fill the log.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use store::Store;

use super::{AuditError, AuditLog, Event, Outcome, action};
use crate::{Context, PersonId, Safeguard};

/// One row per person and route in this time; the next one says how many were left out.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// People and routes counted at once: more than a region's staff in a minute.
const MOST: usize = 10_000;

/// What was refused lately in this process.
#[derive(Default)]
pub struct Refusals {
    recent: Mutex<HashMap<(String, &'static str), Recent>>,
}

struct Recent {
    since: Timestamp,
    left_out: u32,
}

impl Refusals {
    /// Writes down that `ctx` was refused at the route `pattern`, about `person` if the path names one: a row a minute per
    /// person who asks and route, with the number of refusals since the row before it.
    ///
    /// # Errors
    /// [`AuditError`] when the row can't be written; the refusal stands.
    pub async fn remember(
        &self,
        store: &Store,
        audit: &AuditLog,
        ctx: &dyn Context,
        (pattern, person): (&'static str, Option<PersonId>),
        now: Timestamp,
    ) -> Result<(), AuditError> {
        if !Safeguard::RefusalAudit.stands() {
            return Ok(());
        }
        let Some(left_out) = self.is_due(ctx.actor().subject.as_str(), pattern, now) else { return Ok(()) };
        let mut event = Event::new(action::ROUTE_REFUSED, "route", Outcome::Refused)
            .on(pattern)
            .because("not-permitted")
            .with(serde_json::json!({ "left_out": left_out }));
        event.person = person;
        let draft = AuditLog::draft(ctx, now, event);
        let audit = audit.clone();
        store.write(move |tx| Box::pin(async move { audit.append(tx, draft).await })).await?;
        Ok(())
    }

    /// How many refusals the row has to speak for beside its own; none when it is too early for a row.
    fn is_due(&self, subject: &str, pattern: &'static str, now: Timestamp) -> Option<u32> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= MOST {
            recent.retain(|_, one| now.duration_since(one.since) < EVERY);
        }
        let key = (subject.to_owned(), pattern);
        match recent.get_mut(&key) {
            Some(one) if now.duration_since(one.since) < EVERY => {
                one.left_out = one.left_out.saturating_add(1);
                None
            }
            Some(one) => Some(std::mem::replace(one, Recent { since: now, left_out: 0 }).left_out),
            None => {
                recent.insert(key, Recent { since: now, left_out: 0 });
                Some(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_a_minute_speaks_for_the_others() {
        let refusals = Refusals::default();
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).expect("a time");
        let due = |subject: &str, seconds| refusals.is_due(subject, "/patients", at(seconds));
        assert_eq!(due("u:region/1", 0), Some(0));
        assert_eq!(due("u:region/1", 1), None);
        assert_eq!(due("u:region/1", 59), None);
        assert_eq!(due("u:region/2", 59), Some(0));
        assert_eq!(due("u:region/1", 60), Some(2));
        assert_eq!(due("u:region/1", 121), Some(0));
    }
}
