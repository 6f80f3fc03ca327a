//! Directory groups of a person, nested ones included, and the staff groups they stand for.

use std::collections::BTreeSet;

use crate::config::Settings;
use crate::connection::{Connection, code};
use crate::dn::Dn;
use crate::error::Misconfiguration;
use crate::filter::Filter;
use crate::people::Person;
use crate::sign_in::Obstacle;

/// Groups in groups in groups: levels above the first.
const MAX_DEPTH: usize = 8;
/// Groups of one person.
const MAX_GROUPS: usize = 500;
/// Groups asked about in one search.
const BATCH: usize = 20;

/// Staff groups that `groups` stand for by the rules of the configuration: sorted, each once.
pub(crate) fn staff_groups(settings: &Settings, groups: &BTreeSet<Dn>) -> Vec<String> {
    let roles: BTreeSet<&String> =
        settings.roles.iter().filter(|(group, _)| groups.contains(group)).map(|(_, role)| role).collect();
    roles.into_iter().cloned().collect()
}

/// Every group the person is in: their entry's `memberOf`, groups that name them, and groups that name those.
pub(crate) async fn directory_groups(
    connection: &mut Connection,
    settings: &Settings,
    person: &Person,
    username: &str,
) -> Result<BTreeSet<Dn>, Obstacle> {
    let mut walk = Walk { known: BTreeSet::new(), frontier: Vec::new() };
    for name in person.values("memberOf") {
        walk.add(name);
    }
    let Some(base) = &settings.group_base_dn else { return Ok(walk.known) };
    let mut filters = members(&person.dn);
    filters.push(Filter::equal("memberUid", username));
    walk.search(connection, base, Filter::any(filters)).await?;
    for _ in 0..MAX_DEPTH {
        let level = std::mem::take(&mut walk.frontier);
        for batch in level.chunks(BATCH) {
            walk.search(connection, base, Filter::any(batch.iter().flat_map(|name| members(name)))).await?;
        }
    }
    if walk.known.len() >= MAX_GROUPS {
        tracing::warn!(organisation = settings.id, "somebody is in more groups than are read");
    }
    Ok(walk.known)
}

/// Groups that name `dn`: groupOfNames and Active Directory by `member`, groupOfUniqueNames by `uniqueMember`.
fn members(dn: &str) -> Vec<Filter> {
    vec![Filter::equal("member", dn), Filter::equal("uniqueMember", dn)]
}

struct Walk {
    known: BTreeSet<Dn>,
    /// Names, as the server writes them, whose own groups have not been asked for.
    frontier: Vec<String>,
}

impl Walk {
    fn add(&mut self, name: &str) {
        // A name that is no DN can't be in the configuration either.
        let Ok(dn) = Dn::parse(name) else { return };
        if self.known.len() < MAX_GROUPS && self.known.insert(dn) {
            self.frontier.push(name.to_owned());
        }
    }

    async fn search(&mut self, connection: &mut Connection, base: &str, filter: Filter) -> Result<(), Obstacle> {
        // "1.1": names only (RFC 4511 §4.5.1.8).
        let found = connection.search(base, &filter, &["1.1".to_owned()], MAX_GROUPS).await?;
        if ![code::SUCCESS, code::SIZE_LIMIT].contains(&found.code) {
            return Err(Misconfiguration::GroupSearch(found.code).into());
        }
        found.entries.iter().for_each(|entry| self.add(&entry.dn));
        Ok(())
    }
}
