//! Delegated administration: each in their part of the tree, never beyond what they hold, and the last administrator stays.

use std::collections::BTreeSet;

use access::{
    AccessError, Act, Change, Context as _, Domain, Effect, Grant, Membership, Object, Policy, Role, StaffContext,
    SubjectId,
    policy::{Block, Placement, RoleSet, Ruleset, Snapshot, casbin_rules, subjects, tree},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use store::Store;

use crate::{
    grants::log,
    people::{noon, open, staff, system, who},
    reference,
};

fn ward() -> Object {
    Object::of_page("ward").unwrap()
}

fn lab() -> Object {
    Object::of_page("lab").unwrap()
}

fn item(node: &str) -> Object {
    Object::of_item("ward", node).unwrap()
}

fn allow(name: &str, role: Role, object: Object) -> Grant {
    Grant::allow(who(name), Domain::Internal, role, object)
}

fn block(object: Object, role: Role) -> Block {
    Block { object, domain: Domain::Internal, role }
}

fn join(member: SubjectId, group: &str) -> Membership {
    Membership { member, group: SubjectId::group(group) }
}

async fn pages(store: &Store) {
    let written = store.write::<_, AccessError, _>(|tx| {
        Box::pin(async move {
            tree::place(tx, &ward(), &Object::SITE_INTERNAL).await?;
            tree::place(tx, &lab(), &Object::SITE_INTERNAL).await?;
            let region = Object::of_region("ward", "left").unwrap();
            let below = |object, parent| Placement { object, parent, blocked: RoleSet::NONE };
            let all = [below(region.clone(), ward()), below(item("a"), region), below(item("b"), ward())];
            tree::set_children(tx, &ward(), &all).await
        })
    });
    written.await.unwrap();
}

struct Scene {
    policy: Policy,
    root: StaffContext,
    _database: testbed::Database,
}

impl Scene {
    /// A portal with two pages and one administrator.
    async fn set(database: testbed::Database) -> Self {
        let store = open(&database).await;
        pages(&store).await;
        let policy = Policy::open(store, Domain::Internal).await.unwrap();
        policy.bootstrap_administrator(&system(), &log(), who("root"), noon()).await.unwrap();
        Self { policy, root: staff("root", &[]), _database: database }
    }

    async fn sqlite() -> Self {
        Self::set(testbed::Database::sqlite().await.unwrap()).await
    }

    async fn by(&self, ctx: &StaffContext, change: Change) -> Result<(), AccessError> {
        self.policy.change(ctx, &log(), change, noon()).await
    }

    async fn by_root(&self, change: Change) {
        self.by(&self.root, change.clone()).await.unwrap_or_else(|error| panic!("{change:?}: {error}"));
    }
}

#[tokio::test]
async fn a_delegated_administrator_acts_in_their_part_and_with_what_they_hold() {
    for database in testbed::databases().await {
        let scene = Scene::set(database).await;
        for role in [Role::SecurityAdministrator, Role::Editor] {
            scene.by_root(Change::Grant(allow("head", role, ward()))).await;
        }
        let head = staff("head", &[]);
        scene.by(&head, Change::Grant(allow("ed", Role::Editor, item("a")))).await.unwrap();
        assert!(scene.policy.decide(&staff("ed", &[]), &item("a"), Act::Edit));
        // Not elsewhere, not above, not more.
        for (grant, visible) in [
            (allow("ed", Role::Editor, lab()), true),
            (allow("ed", Role::User, Object::SITE_INTERNAL), true),
            (allow("ed", Role::Administrator, Object::SECTION_ADMIN), false),
            (allow("ed", Role::User, Object::of_page("nothing").unwrap()), false),
        ] {
            let outcome = scene.by(&head, Change::Grant(grant)).await;
            let expected =
                matches!((&outcome, visible), (Err(AccessError::Forbidden), true) | (Err(AccessError::Hidden), false));
            assert!(expected, "{outcome:?}");
        }
        for role in [Role::Manager, Role::Administrator] {
            let outcome = scene.by(&head, Change::Grant(allow("ed", role, ward()))).await;
            assert!(matches!(outcome, Err(AccessError::ExceedsGranter)), "{outcome:?}");
        }
        let outcome = scene.by(&head, Change::Grant(allow("head", Role::User, ward()))).await;
        assert!(matches!(outcome, Err(AccessError::OwnGrant)), "{outcome:?}");
        scene.by(&head, Change::Revoke(allow("ed", Role::Editor, item("a")))).await.unwrap();
        assert!(!scene.policy.decide(&staff("ed", &[]), &item("a"), Act::Edit));
        let nowhere = scene.by(&scene.root, Change::Grant(allow("ed", Role::User, item("nothing")))).await;
        assert!(matches!(nowhere, Err(AccessError::Hidden)), "{nowhere:?}");
        let root = scene.by(&head, Change::Revoke(allow("root", Role::Administrator, Object::SITE_INTERNAL))).await;
        assert!(matches!(root, Err(AccessError::Forbidden)), "{root:?}");
    }
}

#[tokio::test]
async fn a_delegator_gives_on_what_they_hold_and_takes_back_what_they_gave() {
    let scene = Scene::sqlite().await;
    for role in [Role::Delegator, Role::Editor] {
        scene.by_root(Change::Grant(allow("deputy", role, ward()))).await;
    }
    scene.by_root(Change::Grant(allow("old", Role::Editor, ward()))).await;
    let deputy = staff("deputy", &[]);
    scene.by(&deputy, Change::Grant(allow("new", Role::Editor, item("b")))).await.unwrap();
    scene.by(&deputy, Change::Revoke(allow("new", Role::Editor, item("b")))).await.unwrap();
    for change in [
        Change::Revoke(allow("old", Role::Editor, ward())),
        Change::Grant(Grant::deny(who("old"), Domain::Internal, Role::Editor, ward())),
        Change::Block(block(ward(), Role::Editor)),
    ] {
        let outcome = scene.by(&deputy, change).await;
        assert!(matches!(outcome, Err(AccessError::Forbidden)), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_block_holds_back_what_is_inherited_and_no_denial() {
    for database in testbed::databases().await {
        let scene = Scene::set(database).await;
        let visitor = staff("v", &[]);
        assert!(scene.policy.decide(&visitor, &item("a"), Act::View));
        let closed = block(ward(), Role::User);
        scene.by_root(Change::Block(closed.clone())).await;
        assert!(
            !scene.policy.decide(&visitor, &item("a"), Act::View) && !scene.policy.decide(&visitor, &ward(), Act::View)
        );
        assert!(scene.policy.decide(&visitor, &lab(), Act::View));
        assert!(scene.policy.decide(&scene.root, &item("a"), Act::Administer), "administrators are not blocked out");
        let again = scene.by(&scene.root, Change::Block(closed.clone())).await;
        assert!(matches!(again, Err(AccessError::AlreadyGranted)), "{again:?}");
        let entries = scene.policy.ledger().blocks().await.unwrap();
        assert_eq!(entries.iter().map(|one| &one.what).collect::<Vec<_>>(), [&closed]);
        assert_eq!(scene.policy.ledger().end_of(entries[0].id).await.unwrap(), Some(Change::Unblock(closed.clone())));
        scene.by_root(Change::Unblock(closed)).await;
        assert!(scene.policy.decide(&visitor, &item("a"), Act::View));
        for wrong in [
            block(ward(), Role::Administrator),
            block(ward(), Role::SecurityAdministrator),
            block(Object::SITE_INTERNAL, Role::User),
        ] {
            let outcome = scene.by(&scene.root, Change::Block(wrong)).await;
            assert!(matches!(outcome, Err(AccessError::NoSuchChange)), "{outcome:?}");
        }
        // The presets' own blocks are nobody's to lift.
        let record = scene.by(&scene.root, Change::Unblock(block(Object::SECTION_RECORD, Role::User))).await;
        assert!(matches!(record, Err(AccessError::Hidden)), "{record:?}");
    }
}

#[tokio::test]
async fn directory_groups_and_people_come_into_staff_groups_by_whom_its_rules_belong_to() {
    for database in testbed::databases().await {
        let scene = Scene::set(database).await;
        let cardiology = SubjectId::directory_group("region", "cn=cardiology,dc=example");
        let doctor = staff("doc", &[]).in_directory_groups(vec![cardiology.clone()]);
        let to_directory = Grant { subject: cardiology.clone(), ..allow("", Role::Editor, item("a")) };
        scene.by_root(Change::Grant(to_directory)).await;
        assert!(scene.policy.decide(&doctor, &item("a"), Act::Edit));

        let planners = Grant { subject: SubjectId::group("planners"), ..allow("", Role::Manager, ward()) };
        scene.by_root(Change::Grant(planners)).await;
        let through = join(cardiology.clone(), "planners");
        scene.by_root(Change::Join(through.clone())).await;
        assert!(scene.policy.decide(&doctor, &ward(), Act::Manage));
        let steps = scene.policy.explain(&doctor, &ward(), Act::Manage);
        assert_eq!(steps[0].members, [cardiology.clone(), SubjectId::group("planners")]);
        scene.by_root(Change::Leave(through)).await;
        assert!(!scene.policy.decide(&doctor, &ward(), Act::Manage));

        // Who administers a part hands out no group that holds something elsewhere, and nobody hands out records.
        for role in [Role::SecurityAdministrator, Role::Manager] {
            scene.by_root(Change::Grant(allow("head", role, ward()))).await;
        }
        let head = staff("head", &[]);
        scene.by(&head, Change::Join(join(who("nurse-1"), "planners"))).await.unwrap();
        for (by, group) in [(&head, "researcher"), (&head, "clinician"), (&scene.root, "clinician")] {
            let outcome = scene.by(by, Change::Join(join(who("friend"), group))).await;
            assert!(matches!(outcome, Err(AccessError::ExceedsGranter)), "{group}: {outcome:?}");
        }
        scene.by_root(Change::Join(join(who("friend"), "researcher"))).await;
        for (member, group) in [(who("friend"), "everyone"), (SubjectId::group("nurse"), "planners")] {
            let outcome = scene.by(&scene.root, Change::Join(join(member, group))).await;
            assert!(matches!(outcome, Err(AccessError::NoSuchChange)), "{outcome:?}");
        }
        let own = scene.by(&scene.root, Change::Join(join(who("root"), "planners"))).await;
        assert!(matches!(own, Err(AccessError::OwnGrant)), "{own:?}");
    }
}

#[tokio::test]
async fn nobody_denies_or_undenies_a_group_they_are_in() {
    let scene = Scene::sqlite().await;
    scene.by_root(Change::Grant(allow("head", Role::Administrator, ward()))).await;
    let denial = Grant::deny(SubjectId::group("nurse"), Domain::Internal, Role::Editor, item("a"));
    scene.by_root(Change::Grant(denial.clone())).await;
    let head = staff("head", &["nurse"]);
    for change in [
        Change::Revoke(denial),
        Change::Grant(Grant::deny(SubjectId::group("nurse"), Domain::Internal, Role::User, item("b"))),
        Change::Grant(Grant::deny(SubjectId::everyone(), Domain::Internal, Role::User, item("b"))),
    ] {
        let outcome = scene.by(&head, change).await;
        assert!(matches!(outcome, Err(AccessError::OwnGrant)), "{outcome:?}");
    }
    // What a group is given can't be more than they hold.
    let given = Grant::allow(SubjectId::group("nurse"), Domain::Internal, Role::Editor, item("b"));
    scene.by(&head, Change::Grant(given)).await.unwrap();
}

#[tokio::test]
async fn the_last_administrator_stays() {
    for database in testbed::databases().await {
        let scene = Scene::set(database).await;
        let site = Object::SITE_INTERNAL;
        // A second one, through a group of the directory alone: gone whenever the directory says so.
        let leads = Grant { subject: SubjectId::group("leads"), ..allow("", Role::Administrator, site.clone()) };
        scene.by_root(Change::Grant(leads.clone())).await;
        let lead = staff("lead", &["leads"]);
        for change in [
            Change::Revoke(allow("root", Role::Administrator, site.clone())),
            Change::Grant(Grant::deny(who("root"), Domain::Internal, Role::Administrator, site.clone())),
        ] {
            let outcome = scene.by(&lead, change).await;
            assert!(
                matches!(outcome, Err(AccessError::LastAdministrator | AccessError::ExceedsGranter)),
                "{outcome:?}"
            );
            assert!(scene.policy.decide(&scene.root, &site, Act::Administer));
        }
        // A member by name counts; then the first may go, and the member not any more.
        scene.by_root(Change::Join(join(who("second"), "leads"))).await;
        scene.by(&lead, Change::Revoke(allow("root", Role::Administrator, site.clone()))).await.unwrap();
        for change in [Change::Leave(join(who("second"), "leads")), Change::Revoke(leads)] {
            let outcome = scene.by(&lead, change).await;
            assert!(matches!(outcome, Err(AccessError::LastAdministrator)), "{outcome:?}");
        }
        assert!(scene.policy.decide(&staff("second", &[]), &site, Act::Administer));
    }
}

#[tokio::test]
async fn consequences_are_what_comes_of_it() {
    let scene = Scene::sqlite().await;
    let grant = allow("ed", Role::Editor, ward());
    let told = scene.policy.consequences(&Change::Grant(grant.clone())).await.unwrap();
    assert_eq!(told.len(), 1);
    let objects: Vec<&str> = told[0].gained.iter().map(|(object, _)| object.as_str()).collect();
    assert_eq!(objects, ["item:ward/a", "item:ward/b", "page:ward", "region:ward/left"]);
    assert_eq!(told[0].gained[0].1, [Act::Personalize, Act::Edit, Act::LinkPatients, Act::ReadSourceJson]);
    scene.by_root(Change::Grant(grant)).await;
    let told = scene.policy.consequences(&Change::Block(block(item("a"), Role::Editor))).await.unwrap();
    assert!(told.iter().any(|one| one.subject == who("ed") && one.lost[0].0 == item("a")), "{told:#?}");
    assert!(scene.policy.decide(&staff("ed", &[]), &item("a"), Act::Edit), "naming changes nothing");
}

/// A region in which anybody tries anything.
struct Tries {
    random: ChaCha8Rng,
    people: Vec<StaffContext>,
    objects: Vec<Object>,
}

impl Tries {
    fn new(seed: u64) -> Self {
        let unit = SubjectId::directory_group("region", "cn=unit");
        let people = vec![
            staff("root", &[]),
            staff("a", &["ga"]),
            staff("b", &["gb"]).in_directory_groups(vec![unit]),
            staff("c", &["ga", "gb"]),
            staff("d", &[]),
        ];
        let objects = vec![
            Object::SITE_INTERNAL,
            Object::SECTION_ADMIN,
            Object::PAGE_AUDIT,
            Object::API_DOCS,
            ward(),
            Object::of_region("ward", "left").unwrap(),
            item("a"),
            item("b"),
            lab(),
        ];
        Self { random: ChaCha8Rng::seed_from_u64(seed), people, objects }
    }

    fn one_of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.random.random_range(0..items.len())].clone()
    }

    fn subject(&mut self) -> SubjectId {
        let names = [
            "u:region/a",
            "u:region/b",
            "u:region/c",
            "u:region/d",
            "u:region/root",
            "g:ga",
            "g:gb",
            "d:region/cn=unit",
        ];
        SubjectId::parse(self.one_of(&names)).unwrap()
    }

    fn change(&mut self, there: &Ruleset) -> Change {
        let objects = self.objects.clone();
        let object = self.one_of(&objects);
        match self.random.random_range(0..10) {
            0..=4 => {
                let effect = if self.random.random_bool(0.75) { Effect::Allow } else { Effect::Deny };
                let (subject, role) = (self.subject(), self.one_of(&Role::ALL));
                Change::Grant(Grant { subject, domain: Domain::Internal, role, object, effect })
            }
            5 | 6 => Change::Revoke(self.one_of(&there.grants)),
            7 => Change::Block(block(object, self.one_of(&Role::ALL))),
            8 => Change::Unblock(block(object, self.one_of(&Role::ALL))),
            _ => {
                let membership = join(self.subject(), ["ga", "gb"][self.random.random_range(0..2)]);
                if self.random.random_bool(0.6) { Change::Join(membership) } else { Change::Leave(membership) }
            }
        }
    }

    /// What each may do.
    fn powers(&self, snapshot: &Snapshot) -> Vec<BTreeSet<(String, Act)>> {
        let of = |ctx: &StaffContext| {
            let viewer = snapshot.viewer(subjects(&ctx.actor()));
            let all = snapshot.objects().iter().flat_map(|object| Act::ALL.map(|act| (object, act)));
            all.filter(|(object, act)| viewer.allows(object, *act))
                .map(|(object, act)| (object.to_string(), act))
                .collect()
        };
        self.people.iter().map(of).collect()
    }

    /// The snapshot, casbin and the reference model on `tuples` questions.
    async fn compare(&mut self, snapshot: &Snapshot, tuples: usize) {
        let mut rules = snapshot.rules().clone();
        for ctx in &self.people {
            let groups = subjects(&ctx.actor()).skip(1).cloned().collect::<Vec<_>>();
            let member = ctx.subject();
            rules.memberships.extend(groups.into_iter().map(|group| Membership { member: member.clone(), group }));
        }
        let enforcer = casbin_rules::enforcer(&rules).await.unwrap();
        for _ in 0..tuples {
            let (people, objects) = (self.people.clone(), snapshot.objects().to_vec());
            let (ctx, object, act) = (self.one_of(&people), self.one_of(&objects), self.one_of(&Act::ALL));
            let decided = snapshot.viewer(subjects(&ctx.actor())).allows(&object, act);
            let what = format!("{} {object} {act}", ctx.subject());
            let casbin = casbin_rules::enforce(&enforcer, ctx.subject(), Domain::Internal, &object, act);
            assert_eq!(decided, casbin, "casbin: {what}");
            let plain = reference::allowed(&rules, ctx.subject().as_str(), "internal", object.as_str(), act.as_str());
            assert_eq!(decided, plain, "reference: {what}");
        }
    }
}

#[tokio::test]
async fn no_sequence_of_operations_lifts_anybody_beyond_its_makers() {
    let (mut made, mut refused, mut kinds, mut asked) = (0, 0, BTreeSet::new(), 0);
    for seed in 0..8 {
        let scene = Scene::sqlite().await;
        let mut tries = Tries::new(seed);
        // Roles as random as what follows; only the administrator may give them all.
        for _ in 0..14 {
            let change = tries.change(scene.policy.snapshot().rules());
            let _ = scene.by(&scene.root, change).await;
        }
        for _ in 0..170 {
            let before = scene.policy.snapshot();
            let powers = tries.powers(&before);
            let by = tries.random.random_range(0..tries.people.len());
            let change = tries.change(before.rules());
            let actor = tries.people[by].clone();
            let own = |rules: &Ruleset| rules.grants.iter().filter(|one| one.subject == *actor.subject()).count();
            let own_before = own(before.rules());
            if scene.by(&actor, change.clone()).await.is_err() {
                refused += 1;
                assert_eq!(scene.policy.snapshot().version(), before.version(), "{change:?}");
                continue;
            }
            made += 1;
            kinds.insert(format!("{change:?}").split('(').next().unwrap_or_default().to_owned());
            let after = scene.policy.snapshot();
            for (now, was) in tries.powers(&after).iter().zip(&powers) {
                let beyond: Vec<_> = now.difference(was).filter(|power| !powers[by].contains(*power)).collect();
                assert!(beyond.is_empty(), "{} by {change:?}: {beyond:?}", actor.subject());
            }
            assert_eq!(own(after.rules()), own_before, "{} changed their own: {change:?}", actor.subject());
            let site = Object::SITE_INTERNAL;
            let stays = ["root", "a", "b", "c", "d"]
                .iter()
                .any(|name| after.viewer([&who(name), &SubjectId::everyone()]).allows(&site, Act::Administer));
            assert!(stays, "no administrator is left after {change:?}");
            tries.compare(&after, 60).await;
            asked += 60;
        }
    }
    assert!(asked >= 10_000 && refused > 200, "{made} made, {refused} refused, {asked} asked");
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}
