//! What was just done, said once more in the address of the page that follows: to the browser that did it, and to nobody who is
//! led there by an address of somebody else's making.

use jiff::{SignedDuration, Timestamp};

use crate::{csrf, keys};

/// How long it is told: whoever comes back later to an address of their history has done nothing just now.
const LIVES: SignedDuration = SignedDuration::from_mins(10);

/// `what` as a parameter of an address, for whoever is bound to `bound_to`.
///
/// # Errors
/// No random bytes.
pub(crate) fn word(key: &keys::Key, bound_to: &str, what: &str, now: Timestamp) -> Result<String, keys::KeyError> {
    let at = now.as_second();
    Ok(format!("{what}.{at}.{}", csrf::token(key, &bound(bound_to, what, at))?))
}

/// What such a parameter tells, if it was made for the same a moment ago.
pub(crate) fn read<'w>(key: &keys::Key, bound_to: &str, word: &'w str, now: Timestamp) -> Option<&'w str> {
    let (rest, token) = word.rsplit_once('.')?;
    let (what, at) = rest.rsplit_once('.')?;
    let at: i64 = at.parse().ok()?;
    let age = now.duration_since(Timestamp::from_second(at).ok()?);
    let is_new = age >= SignedDuration::ZERO && age < LIVES;
    (is_new && csrf::matches(key, &bound(bound_to, what, at), token)).then_some(what)
}

/// Never what a form's token is bound to: those hold no line break.
fn bound(bound_to: &str, what: &str, at: i64) -> String {
    format!("told\n{what}\n{at}\n{bound_to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_to_who_did_it_and_for_a_while() {
        let key = keys::random().expect("random");
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let made = word(&key, "session-1", "ended", now).expect("a word");
        let later = |minutes| now + SignedDuration::from_mins(minutes);
        assert_eq!(read(&key, "session-1", &made, later(9)), Some("ended"));
        assert_eq!(read(&key, "session-1", &made, later(10)), None);
        assert_eq!(read(&key, "session-1", &made, later(-1)), None);
        assert_eq!(read(&key, "session-2", &made, now), None);
        let other = made.replace("ended", "kept");
        let form = csrf::token(&key, "session-1").expect("token");
        for bad in [other.as_str(), "ended", "", "..", &format!("ended.{}.{form}", now.as_second())] {
            assert_eq!(read(&key, "session-1", bad, now), None, "{bad}");
        }
        assert!(!csrf::matches(&key, "session-1", made.rsplit('.').next().expect("a token")), "it is no form's token");
    }
}
