//! Every guard of people's data by name, so that a test can take each away in turn and see whether anybody notices.
//!
//! In the ordinary programs [`Safeguard::stands`] is a constant: nothing can be switched, and the compiler leaves
//! nothing of it. With the feature `guard-switches`, which no release build accepts and only the test programs
//! `portal-*-unguarded` have, `PORTAL_GUARDS_OFF=route-gate,csrf-token` takes guards away.

#[cfg(all(feature = "guard-switches", not(debug_assertions)))]
compile_error!("`guard-switches` is for tests: a release build must not be able to drop its guards");

macro_rules! safeguards {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Something that stands between people and data that is not theirs to see or change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Safeguard {
            $($(#[$doc])* $variant,)+
        }

        impl Safeguard {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// As in `PORTAL_GUARDS_OFF`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

safeguards! {
    /// A directory is never asked to bind a name with no password.
    EmptyPassword = "empty-password",
    /// The guard of a page's route.
    RouteGate = "route-gate",
    /// The guard of an API operation.
    OperationGate = "operation-gate",
    /// The policy, asked by the crate that owns the data.
    DomainPolicy = "domain-policy",
    /// Staff need a treatment relation.
    TreatmentRelation = "treatment-relation",
    /// A relation opens the record to the one it was given to.
    RelationReader = "relation-reader",
    /// A relation opens one patient's record.
    RelationPerson = "relation-person",
    /// A relation ends.
    RelationEnd = "relation-end",
    /// The glass is broken with one's own password.
    FreshSignIn = "fresh-sign-in",
    /// The glass is broken for a stated reason.
    StatedReason = "stated-reason",
    /// No glass is broken that the audit log does not show.
    GlassAudit = "glass-audit",
    /// Patients act for themselves.
    OwnRecord = "own-record",
    /// A kept search is shown to who made it.
    SearchMaker = "search-maker",
    /// A signed-out session is dead.
    SessionRevoked = "session-revoked",
    /// An idle session is dead.
    SessionIdle = "session-idle",
    /// No session lives longer than a shift.
    SessionAge = "session-age",
    /// Unsafe requests come from our own pages.
    CsrfOrigin = "csrf-origin",
    /// Unsafe requests carry the session's token.
    CsrfToken = "csrf-token",
    /// What a hospital sends is this patient's.
    Compartment = "compartment",
    /// A record that has become another person's is shown to nobody.
    LinkContradiction = "link-contradiction",
    /// Patients see results when they may be shown.
    ReleasePolicy = "release-policy",
    /// Resident IDs are masked.
    Masking = "masking",
    /// The intent of a read is in the audit log before anything is read.
    ReadIntent = "read-intent",
    /// Refusals are in the audit log.
    RefusalAudit = "refusal-audit",
    /// What one may not see looks like what is not there.
    UniformNotFound = "uniform-not-found",
    /// No cache keeps an answer.
    NoStore = "no-store",
}

impl Safeguard {
    /// Does the guard stand? Always, but in a test program that was told otherwise.
    #[cfg(not(feature = "guard-switches"))]
    #[inline(always)]
    pub const fn stands(self) -> bool {
        true
    }

    /// Does the guard stand? Always, but in a test program that was told otherwise.
    ///
    /// # Panics
    /// `PORTAL_GUARDS_OFF` names no guard: a test that switches nothing off proves nothing.
    #[cfg(feature = "guard-switches")]
    pub fn stands(self) -> bool {
        use std::{collections::HashSet, sync::OnceLock};
        static OFF: OnceLock<HashSet<Safeguard>> = OnceLock::new();
        let off = OFF.get_or_init(|| {
            let named = std::env::var("PORTAL_GUARDS_OFF").unwrap_or_default();
            let named = named.split(',').filter(|name| !name.is_empty());
            let known = |name: &str| Self::ALL.iter().copied().find(|guard| guard.name() == name);
            let must_be_known = |name: &str| match known(name) {
                Some(guard) => guard,
                // never fails: in test programs alone, which a test that switches nothing off has to end.
                None => panic!("PORTAL_GUARDS_OFF: no guard `{name}`"),
            };
            named.map(must_be_known).collect()
        });
        !off.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<&str> = Safeguard::ALL.iter().map(|guard| guard.name()).collect();
        assert_eq!(names.len(), Safeguard::ALL.len());
    }
}
