//! The policy once more, as plainly as it can be said: slow, and sharing nothing with the crate but its input.

use std::collections::BTreeSet;

use access::policy::{Effect, Ruleset};

/// Roles from which each act follows.
fn allowing(act: &str) -> &'static [&'static str] {
    match act {
        "view" | "read-record" | "search-patients" | "review-result" | "acknowledge-critical" => {
            &["user", "privileged-user", "editor", "manager", "administrator"]
        }
        "personalize" | "read-source-json" => &["privileged-user", "editor", "manager", "administrator"],
        "edit" | "link-patients" => &["editor", "manager", "administrator"],
        "manage" => &["manager", "administrator"],
        "delegate" => &["delegator", "security-administrator", "administrator"],
        "assign" | "read-audit" => &["security-administrator", "administrator"],
        "administer" => &["administrator"],
        _ => &[],
    }
}

/// Roles whose denial takes each act away: the least role that has the act, and those below it.
fn denying(act: &str) -> &'static [&'static str] {
    match act {
        "view" | "read-record" | "search-patients" | "review-result" | "acknowledge-critical" => &["user"],
        "personalize" | "read-source-json" => &["user", "privileged-user"],
        "edit" | "link-patients" => &["user", "privileged-user", "editor"],
        "manage" => &["user", "privileged-user", "editor", "manager"],
        "delegate" => &["delegator"],
        "assign" | "read-audit" => &["delegator", "security-administrator"],
        "administer" => {
            &["user", "privileged-user", "editor", "manager", "delegator", "security-administrator", "administrator"]
        }
        _ => &[],
    }
}

/// `start` and all that can be reached from it.
fn reach<'a>(start: &'a str, steps: &[(&'a str, &'a str)]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([start]);
    loop {
        let before = reached.len();
        for (from, to) in steps {
            if reached.contains(from) {
                reached.insert(to);
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

pub fn allowed(rules: &Ruleset, subject: &str, domain: &str, object: &str, act: &str) -> bool {
    let groups: Vec<_> = rules.memberships.iter().map(|m| (m.member.as_str(), m.group.as_str())).collect();
    let everyone_they_are = reach(subject, &groups);
    let tree: Vec<_> = rules.placements.iter().map(|p| (p.object.as_str(), p.parent.as_str())).collect();
    let above = reach(object, &tree);
    let mut allowed = false;
    for grant in &rules.grants {
        if grant.domain.as_str() != domain || !everyone_they_are.contains(grant.subject.as_str()) {
            continue;
        }
        match grant.effect {
            Effect::Deny => {
                if denying(act).contains(&grant.role.as_str()) && above.contains(grant.object.as_str()) {
                    return false;
                }
            }
            Effect::Allow => {
                let open: Vec<_> = rules
                    .placements
                    .iter()
                    .filter(|p| !p.blocked.iter().any(|role| role == grant.role))
                    .map(|p| (p.object.as_str(), p.parent.as_str()))
                    .collect();
                let inherited = reach(object, &open).contains(grant.object.as_str());
                allowed |= inherited && allowing(act).contains(&grant.role.as_str());
            }
        }
    }
    allowed
}
