//! What a status, an issue or a failed transfer means for completeness.

use outbound::OutboundError;

use crate::{Cause, Issue, IssueMeaning, Outcome, Platform, bundle::PageIssue};

/// Where in a walk something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The first page of a search.
    First,
    /// A page that a `next` link named.
    Later,
    /// The read of one resource.
    Read,
}

/// Why a transfer failed.
pub(super) fn cause_of(error: &OutboundError) -> Cause {
    match error {
        OutboundError::Origin { .. } => Cause::Origin,
        OutboundError::Address { .. } => Cause::Address,
        OutboundError::Timeout { .. } => Cause::Timeout,
        OutboundError::TooLarge { .. } => Cause::TooLarge,
        OutboundError::TooSlow { .. } => Cause::TooSlow,
        OutboundError::Connect { .. } | OutboundError::Settings { .. } => Cause::Connect,
        OutboundError::Protocol { .. } => Cause::Protocol,
        OutboundError::SignIn { .. } => Cause::SignIn,
    }
}

/// What a status other than 2xx means.
pub(super) fn of_status(status: u16, issues: &[Issue], place: Place) -> Outcome {
    let says = |meaning: IssueMeaning| issues.iter().any(|issue| issue.meaning == Some(meaning));
    let gone = |issue: &Issue| matches!(issue.code.as_str(), "not-found" | "deleted");
    match (place, status) {
        (Place::Later, _) if says(IssueMeaning::SessionExpired) => {
            Outcome::Partial(Cause::Issue(IssueMeaning::SessionExpired))
        }
        (Place::Later, _) => Outcome::Partial(Cause::NextFailed),
        (_, 401 | 403) => Outcome::Refused(status),
        _ if says(IssueMeaning::NothingFound) => Outcome::Answered,
        // A FHIR server says that it has no such resource; a web server's 404 says nothing.
        (Place::Read, 404 | 410) if issues.iter().any(gone) => Outcome::Answered,
        (Place::First, 404 | 405 | 501) => Outcome::Unsupported,
        (_, 400..=599) if says(IssueMeaning::NotSupported) => Outcome::Unsupported,
        _ => Outcome::Unreachable(Cause::Status(status)),
    }
}

/// What the issues of an answer that did come say about its completeness.
pub(super) fn of_issues(issues: &[Issue]) -> Option<Cause> {
    issues.iter().find_map(|issue| {
        let grave = matches!(issue.severity.as_str(), "error" | "fatal");
        match issue.meaning {
            Some(IssueMeaning::NothingFound | IssueMeaning::Harmless) => None,
            Some(meaning @ (IssueMeaning::Incomplete | IssueMeaning::SessionExpired | IssueMeaning::BreakTheGlass)) => {
                Some(Cause::Issue(meaning))
            }
            // As a warning it is said of a parameter that was ignored, which is why filters are applied again here.
            Some(IssueMeaning::NotSupported) => grave.then_some(Cause::Issue(IssueMeaning::NotSupported)),
            None => grave.then_some(Cause::Issue(IssueMeaning::Incomplete)),
        }
    })
}

/// Issues with their meaning on this platform.
pub(super) fn explain(platform: &Platform, issues: Vec<PageIssue>) -> Vec<Issue> {
    let explained = issues.into_iter().map(|PageIssue { severity, code, details }| {
        let meaning = platform.meaning(&details, &code);
        Issue { severity, code, details, meaning }
    });
    explained.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(severity: &str, code: &str, meaning: Option<IssueMeaning>) -> Issue {
        Issue { severity: severity.into(), code: code.into(), details: Vec::new(), meaning }
    }

    #[test]
    fn a_status_means_what_the_record_says() {
        use IssueMeaning::{NotSupported, NothingFound, SessionExpired};
        use Place::{First, Later, Read};
        let none: &[Issue] = &[];
        let check = |status, issues: &[Issue], place, expect| {
            assert_eq!(of_status(status, issues, place), expect, "{status} {issues:?} {place:?}");
        };
        check(401, none, First, Outcome::Refused(401));
        check(403, none, Read, Outcome::Refused(403));
        check(403, none, Later, Outcome::Partial(Cause::NextFailed));
        check(404, none, First, Outcome::Unsupported);
        check(405, none, First, Outcome::Unsupported);
        check(501, none, First, Outcome::Unsupported);
        check(404, none, Read, Outcome::Unreachable(Cause::Status(404)));
        check(404, &[issue("error", "not-found", None)], Read, Outcome::Answered);
        check(410, &[issue("error", "deleted", None)], Read, Outcome::Answered);
        check(400, none, First, Outcome::Unreachable(Cause::Status(400)));
        check(400, &[issue("error", "not-supported", Some(NotSupported))], First, Outcome::Unsupported);
        check(400, &[issue("error", "x", Some(NothingFound))], First, Outcome::Answered);
        check(410, &[issue("error", "x", Some(SessionExpired))], Later, Outcome::Partial(Cause::Issue(SessionExpired)));
        check(302, none, First, Outcome::Unreachable(Cause::Status(302)));
        check(500, none, First, Outcome::Unreachable(Cause::Status(500)));
        check(503, none, Later, Outcome::Partial(Cause::NextFailed));
    }

    #[test]
    fn issues_beside_entries_mark_the_answer_only_when_something_is_missing() {
        use IssueMeaning::{BreakTheGlass, Harmless, Incomplete, NotSupported, NothingFound};
        let check = |severity, meaning, expect| assert_eq!(of_issues(&[issue(severity, "x", meaning)]), expect);
        check("warning", Some(NothingFound), None);
        check("error", Some(Harmless), None);
        check("warning", None, None);
        check("information", None, None);
        check("error", None, Some(Cause::Issue(Incomplete)));
        check("warning", Some(Incomplete), Some(Cause::Issue(Incomplete)));
        check("warning", Some(BreakTheGlass), Some(Cause::Issue(BreakTheGlass)));
        check("warning", Some(NotSupported), None);
        check("error", Some(NotSupported), Some(Cause::Issue(NotSupported)));
    }
}
