//! The snapshot says what casbin says and what the reference model says, on any policy and after every edit.

use access::{
    Domain, SubjectId,
    policy::{Act, Effect, Grant, Membership, Object, Placement, Role, RoleSet, Ruleset, Snapshot, Step, casbin_rules},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::reference;

struct Region {
    random: ChaCha8Rng,
}

impl Region {
    fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.random.random_range(0..items.len())].clone()
    }

    fn subject(&mut self) -> SubjectId {
        let names = ["u:r/1", "u:r/2", "u:r/3", "p:1", "s:job", "g:a", "g:b", "g:c", "g:d"];
        SubjectId::parse(self.one_of(&names)).unwrap()
    }

    fn object(&mut self) -> Object {
        let name = ["site:a", "section:a", "section:b", "page:a", "page:b", "region:a", "item:a", "item:b"];
        Object::parse(self.one_of(&name)).unwrap()
    }

    fn domain(&mut self) -> Domain {
        if self.random.random_bool(0.8) { Domain::Internal } else { Domain::External }
    }

    fn grant(&mut self) -> Grant {
        Grant {
            subject: self.subject(),
            domain: self.domain(),
            role: self.one_of(&Role::ALL),
            object: self.object(),
            effect: if self.random.random_bool(0.8) { Effect::Allow } else { Effect::Deny },
        }
    }

    fn placement(&mut self) -> Placement {
        let mut blocked = Vec::new();
        while self.random.random_bool(0.5) {
            blocked.push(self.one_of(&Role::ALL));
        }
        Placement { object: self.object(), parent: self.object(), blocked: RoleSet::of(&blocked) }
    }

    /// Groups may be in one another.
    fn membership(&mut self) -> Membership {
        let groups = ["g:a", "g:b", "g:c", "g:d"].map(|name| SubjectId::parse(name).unwrap());
        Membership { member: self.subject(), group: self.one_of(&groups) }
    }

    fn edit(&mut self, rules: &mut Ruleset) {
        match self.random.random_range(0..10) {
            0..=3 => rules.grants.push(self.grant()),
            4 | 5 => rules.placements.push(self.placement()),
            6 => rules.memberships.push(self.membership()),
            7 => drop_one(&mut rules.grants, &mut self.random),
            8 => drop_one(&mut rules.placements, &mut self.random),
            _ => drop_one(&mut rules.memberships, &mut self.random),
        }
    }
}

fn drop_one<T>(items: &mut Vec<T>, random: &mut ChaCha8Rng) {
    if !items.is_empty() {
        items.swap_remove(random.random_range(0..items.len()));
    }
}

async fn compare(region: &mut Region, rules: &Ruleset, tuples: usize) -> usize {
    let enforcer = casbin_rules::enforcer(rules).await.unwrap();
    let internal = Snapshot::compile(rules.clone(), Domain::Internal, 1);
    let external = Snapshot::compile(rules.clone(), Domain::External, 1);
    let mut allowed = 0;
    for _ in 0..tuples {
        let (subject, object, domain) = (region.subject(), region.object(), region.domain());
        let act = region.one_of(&Act::ALL);
        let snapshot = if domain == Domain::Internal { &internal } else { &external };
        let decided = snapshot.viewer([&subject]).allows(&object, act);
        let tuple = format!("{subject} {} {object} {act} under {rules:#?}", domain.as_str());
        let casbin = casbin_rules::enforce(&enforcer, &subject, domain, &object, act);
        assert_eq!(decided, casbin, "casbin: {tuple}");
        let plain = reference::allowed(rules, subject.as_str(), domain.as_str(), object.as_str(), act.as_str());
        assert_eq!(decided, plain, "reference: {tuple}");
        allowed += usize::from(decided);
    }
    allowed
}

#[tokio::test]
async fn snapshot_casbin_and_reference_agree_after_every_edit() {
    let (mut allowed, mut asked) = (0, 0);
    for seed in 0..20 {
        let mut region = Region { random: ChaCha8Rng::seed_from_u64(seed) };
        let mut rules = Ruleset { grants: (0..12).map(|_| region.grant()).collect(), ..Ruleset::default() };
        for _ in 0..25 {
            region.edit(&mut rules);
            region.edit(&mut rules);
            allowed += compare(&mut region, &rules, 20).await;
            asked += 20;
        }
    }
    assert_eq!(asked, 10_000);
    // A test of denials alone would prove little.
    assert!(allowed > 500 && allowed < 9_500, "{allowed} of {asked} were allowed");
}

#[test]
fn what_is_explained_is_what_is_decided_and_every_way_is_there() {
    let (mut asked, mut allowed, mut denied, mut through_groups, mut down_the_tree) = (0, 0, 0, 0, 0);
    for seed in 0..400 {
        let mut region = Region { random: ChaCha8Rng::seed_from_u64(seed) };
        let rules = Ruleset {
            grants: (0..14).map(|_| region.grant()).collect(),
            placements: (0..9).map(|_| region.placement()).collect(),
            memberships: (0..5).map(|_| region.membership()).collect(),
        };
        let domain = region.domain();
        let snapshot = Snapshot::compile(rules.clone(), domain, 1);
        for _ in 0..50 {
            let (subjects, object) = ([region.subject(), region.subject()], region.object());
            let act = region.one_of(&Act::ALL);
            let decided = snapshot.viewer(&subjects).allows(&object, act);
            let steps = snapshot.explain(&subjects, &object, act);
            let explained = !steps.is_empty() && steps.iter().all(|step| step.effect == Effect::Allow);
            assert_eq!(decided, explained, "{subjects:?} {object} {act}: {steps:#?} under {rules:#?}");
            for step in &steps {
                check_step(step, &rules, (domain, &subjects, &object));
                through_groups += usize::from(step.members.len() > 1);
                down_the_tree += usize::from(step.path.len() > 1);
            }
            (asked, allowed) = (asked + 1, allowed + usize::from(decided));
            denied += usize::from(steps.iter().any(|step| step.effect == Effect::Deny));
        }
    }
    assert_eq!(asked, 20_000);
    // A test in which nothing is given, or nothing on a long way, would prove little.
    let met = [allowed, denied, through_groups, down_the_tree];
    assert!(met.iter().all(|count| *count > 500), "{met:?}");
}

/// The rule is one of the rules, and each pace of its ways is a membership or a placement that lets it through.
fn check_step(step: &Step, rules: &Ruleset, (domain, subjects, object): (Domain, &[SubjectId], &Object)) {
    let grant = Grant {
        subject: step.subject.clone(),
        domain,
        role: step.role,
        object: step.object.clone(),
        effect: step.effect,
    };
    assert!(rules.grants.contains(&grant), "{step:?}");
    assert!(subjects.contains(&step.members[0]) && step.members.last() == Some(&step.subject), "{step:?}");
    assert!(step.path.first() == Some(&step.object) && step.path.last() == Some(object), "{step:?}");
    for pace in step.members.windows(2) {
        assert!(rules.memberships.iter().any(|one| one.member == pace[0] && one.group == pace[1]), "{step:?}");
    }
    for pace in step.path.windows(2) {
        let through = |one: &Placement| step.effect == Effect::Deny || !one.blocked.contains(step.role);
        let there = |one: &&Placement| one.parent == pace[0] && one.object == pace[1];
        assert!(rules.placements.iter().filter(there).any(through), "{step:?}");
    }
}

#[tokio::test]
async fn presets_agree_with_casbin() {
    let rules = Ruleset::presets();
    let enforcer = casbin_rules::enforcer(&rules).await.unwrap();
    let objects: Vec<Object> = rules.placements.iter().flat_map(|p| [p.object.clone(), p.parent.clone()]).collect();
    for domain in [Domain::Internal, Domain::External] {
        let snapshot = Snapshot::compile(rules.clone(), domain, 1);
        for grant in &rules.grants {
            for object in &objects {
                for act in Act::ALL {
                    let decided = snapshot.viewer([&grant.subject]).allows(object, act);
                    let casbin = casbin_rules::enforce(&enforcer, &grant.subject, domain, object, act);
                    assert_eq!(decided, casbin, "{} {object} {act}", grant.subject);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_long_chain_of_groups_and_parents_is_followed_to_its_end() {
    let group = |n: usize| SubjectId::group(&format!("level-{n}"));
    let page = |n: usize| Object::parse(&format!("page:level-{n}")).unwrap();
    let mut rules = Ruleset::default();
    for n in 0..40 {
        rules.memberships.push(Membership { member: group(n), group: group(n + 1) });
        rules.placements.push(Placement { object: page(n), parent: page(n + 1), blocked: RoleSet::NONE });
    }
    rules.grants.push(Grant::allow(group(40), Domain::Internal, Role::User, page(40)));
    let enforcer = casbin_rules::enforcer(&rules).await.unwrap();
    assert!(casbin_rules::enforce(&enforcer, &group(0), Domain::Internal, &page(0), Act::View));
    let snapshot = Snapshot::compile(rules, Domain::Internal, 1);
    assert!(snapshot.viewer([&group(0)]).allows(&page(0), Act::View));
}

#[test]
fn groups_of_the_context_count_like_memberships() {
    let mut region = Region { random: ChaCha8Rng::seed_from_u64(99) };
    for _ in 0..200 {
        let rules = Ruleset {
            grants: (0..8).map(|_| region.grant()).collect(),
            placements: (0..6).map(|_| region.placement()).collect(),
            memberships: (0..3).map(|_| region.membership()).collect(),
        };
        let (person, group) = (SubjectId::staff("r", "new"), region.membership().group);
        let mut with = rules.clone();
        with.memberships.push(Membership { member: person.clone(), group: group.clone() });
        let (plain, with) =
            (Snapshot::compile(rules, Domain::Internal, 1), Snapshot::compile(with, Domain::Internal, 1));
        let (object, act) = (region.object(), region.one_of(&Act::ALL));
        let decided = plain.viewer([&person, &group]).allows(&object, act);
        assert_eq!(decided, with.viewer([&person]).allows(&object, act));
    }
}
