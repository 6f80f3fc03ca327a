//! G5: one permission decision by the snapshot, beside casbin's `enforce` on the same policy and a bit test.
//!
//! Figures are CPU time of the thread, the median of interleaved rounds; the gate compares every decision with casbin's.

use std::{fs, hint::black_box};

use access::{
    Domain, SubjectId,
    policy::{Act, Grant, Object, Placement, Role, RoleSet, Ruleset, Snapshot, Viewer, casbin_rules},
};
use casbin::Enforcer;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

#[path = "../../fhir/benches/support/report.rs"]
mod report;

use report::Report;

const ROUNDS: usize = 9;
/// Decisions in a round. The kernel counts CPU time in ticks of some milliseconds: a round lasts many of them.
const DECISIONS: usize = 12_000_000;
/// Different questions, asked in turn: a portal's working set.
const TUPLES: usize = 1_024;
const VIEWERS: usize = 64;
/// Questions asked of casbin with the large policy, where one takes it a tenth of a second.
const LARGE_QUESTIONS: usize = 20;
const LIMIT_NS: f64 = 20.0;
const LIMIT_GROWTH: f64 = 1.2;

/// A policy of one size, and the questions asked of it.
struct Case {
    rules: Ruleset,
    people: Vec<SubjectId>,
    tuples: Vec<(usize, Object, Act)>,
}

fn page(n: usize) -> Object {
    // Names are made of digits and letters only, so that this is never the other arm.
    Object::parse(&format!("page:{n}")).unwrap_or(Object::PAGE_HOME)
}

impl Case {
    /// A thousand users in fifty groups, two hundred pages in ten sections; a tenth of the rules are denials.
    fn of(count: usize, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut rules = Ruleset::presets();
        for n in 0..200 {
            let section = Object::parse(&format!("section:{}", n % 10)).unwrap_or(Object::SECTION_ADMIN);
            let blocked = if n % 7 == 0 { RoleSet::of(&[Role::User]) } else { RoleSet::NONE };
            rules.placements.push(Placement { object: page(n), parent: section.clone(), blocked });
            if n < 10 {
                rules.placements.push(Placement {
                    object: section,
                    parent: Object::SITE_INTERNAL,
                    blocked: RoleSet::NONE,
                });
            }
        }
        let person = |n: usize| SubjectId::staff("region", &n.to_string());
        while rules.grants.len() < count {
            let subject = if random.random_bool(0.05) {
                SubjectId::group(&format!("unit-{}", random.random_range(0..50)))
            } else {
                person(random.random_range(0..(count / 20).max(100)))
            };
            let role = Role::ALL[random.random_range(0..Role::ALL.len())];
            let object = match random.random_range(0..10) {
                0..3 => Object::parse(&format!("section:{}", random.random_range(0..10))).unwrap_or(Object::PAGE_HOME),
                _ => page(random.random_range(0..200)),
            };
            rules.grants.push(if random.random_bool(0.9) {
                Grant::allow(subject, Domain::Internal, role, object)
            } else {
                Grant::deny(subject, Domain::Internal, role, object)
            });
        }
        for n in 0..1_000 {
            let group = SubjectId::group(&format!("unit-{}", n % 50));
            rules.memberships.push(access::policy::Membership { member: person(n), group });
        }
        let people = (0..VIEWERS).map(|n| person(n * 3 % 100)).collect();
        let tuples = (0..TUPLES)
            .map(|_| {
                let act = Act::ALL[random.random_range(0..Act::ALL.len())];
                (random.random_range(0..VIEWERS), page(random.random_range(0..200)), act)
            })
            .collect();
        Self { rules, people, tuples }
    }
}

/// Nanoseconds that this thread has been on a CPU.
fn cpu_ns() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// CPU nanoseconds for each of `times` runs.
fn each(times: usize, mut run: impl FnMut(usize) -> bool) -> f64 {
    let begin = cpu_ns();
    let mut yes = 0_usize;
    for n in 0..times {
        yes += usize::from(run(n));
    }
    black_box(yes);
    (cpu_ns() - begin) as f64 / times as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Questions answered alike by both, and questions answered yes.
#[derive(Default)]
struct Gate {
    equal: usize,
    yes: usize,
}

/// The first `questions` asked of both.
fn gate(compiled: &Compiled, questions: usize) -> Gate {
    let Compiled { case, snapshot, enforcer, .. } = compiled;
    let mut gate = Gate::default();
    for (who, object, act) in case.tuples.iter().take(questions) {
        let person = &case.people[*who];
        let decided = snapshot.viewer([person]).allows(object, *act);
        if decided == casbin_rules::enforce(enforcer, person, Domain::Internal, object, *act) {
            gate.equal += 1;
        } else {
            write_line(&format!("snapshot and casbin differ on {person} {object} {act}"));
        }
        gate.yes += usize::from(decided);
    }
    gate
}

struct Compiled {
    case: Case,
    snapshot: Snapshot,
    enforcer: Enforcer,
    compile_ms: f64,
}

async fn compile(count: usize) -> Result<Compiled, casbin::Error> {
    let case = Case::of(count, 5);
    let times = (2_000_000 / count).max(1);
    let compile_ms =
        each(times, |_| Snapshot::compile(black_box(&case).rules.clone(), Domain::Internal, 1).version() == 1) / 1e6;
    let snapshot = Snapshot::compile(case.rules.clone(), Domain::Internal, 1);
    let enforcer = casbin_rules::enforcer(&case.rules).await?;
    Ok(Compiled { case, snapshot, enforcer, compile_ms })
}

fn snapshot_ns(compiled: &Compiled, viewers: &[Viewer<'_>]) -> f64 {
    let tuples = &compiled.case.tuples;
    each(DECISIONS, |n| {
        let (who, object, act) = &tuples[n % TUPLES];
        viewers[*who].allows(black_box(object), black_box(*act))
    })
}

fn viewers(compiled: &Compiled) -> Vec<Viewer<'_>> {
    compiled.case.people.iter().map(|person| compiled.snapshot.viewer([person])).collect()
}

/// The whole way from a person and a group to a decision.
fn whole_ns(compiled: &Compiled) -> f64 {
    let (everyone, tuples) = (SubjectId::everyone(), &compiled.case.tuples);
    each(DECISIONS / 10, |n| {
        let (who, object, act) = &tuples[n % TUPLES];
        compiled.snapshot.viewer([&compiled.case.people[*who], &everyone]).allows(object, *act)
    })
}

fn casbin_ns(compiled: &Compiled, questions: usize) -> f64 {
    let tuples = &compiled.case.tuples;
    each(questions, |n| {
        let (who, object, act) = &tuples[n % TUPLES];
        casbin_rules::enforce(&compiled.enforcer, &compiled.case.people[*who], Domain::Internal, object, *act)
    })
}

fn bit_ns(bits: &[u16]) -> f64 {
    each(DECISIONS * 10, |n| black_box(bits)[n % TUPLES] >> black_box(3) & 1 == 1)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (small, middle, large) = (compile(1_000).await?, compile(10_000).await?, compile(100_000).await?);
    let mut report = Report::new("G5");
    let (gate_small, gate_large) = (gate(&small, TUPLES), gate(&large, LARGE_QUESTIONS));
    let gate_middle = gate(&middle, LARGE_QUESTIONS);
    report.gate("answers equal to casbin's, 1k rules", gate_small.equal, TUPLES);
    report.gate("answers equal to casbin's, 10k rules", gate_middle.equal, LARGE_QUESTIONS);
    report.gate("answers equal to casbin's, 100k rules", gate_large.equal, LARGE_QUESTIONS);
    if !report.good() {
        // Wrong answers: how fast they are is of no interest.
        report.write()?;
        return Err("G5: snapshot and casbin differ".into());
    }
    let (of_small, of_middle, of_large) = (viewers(&small), viewers(&middle), viewers(&large));
    let bits: Vec<u16> = (0..TUPLES).map(|n| n as u16 * 7).collect();
    let mut figures = vec![Vec::new(); 7];
    for _ in 0..ROUNDS {
        for (figure, ns) in figures.iter_mut().zip([
            bit_ns(&bits),
            snapshot_ns(&small, &of_small),
            snapshot_ns(&middle, &of_middle),
            snapshot_ns(&large, &of_large),
            whole_ns(&small),
            whole_ns(&large),
            casbin_ns(&small, 40),
        ]) {
            figure.push(ns);
        }
    }
    let of_casbin_large = casbin_ns(&large, 10);
    let [bit, at_1k, at_10k, at_100k, whole_1k, whole_100k, casbin_1k] =
        std::array::from_fn(|n| median(figures[n].clone()));
    let growth = at_100k / at_1k;
    print_table(&[
        ("bit test", bit, "floor"),
        ("snapshot decision, 1k rules", at_1k, "<= 20"),
        ("snapshot decision, 10k rules", at_10k, "<= 20"),
        ("snapshot decision, 100k rules", at_100k, "<= 20"),
        ("person to decision, 1k rules", whole_1k, ""),
        ("person to decision, 100k rules", whole_100k, ""),
        ("casbin enforce, 1k rules", casbin_1k, "peer"),
        ("casbin enforce, 100k rules", of_casbin_large, "peer"),
    ]);
    write_line(&format!("100k / 1k rules: {growth:.2} (<= {LIMIT_GROWTH})"));
    write_line(&format!("compiled in {:.1} ms and {:.1} ms", small.compile_ms, large.compile_ms));
    write_line(&format!(
        "gate: equal to casbin on {TUPLES} and {LARGE_QUESTIONS} questions, {} and {} of them allowed",
        gate_small.yes, gate_large.yes
    ));
    report.at_most("snapshot decision, 1k rules", at_1k, LIMIT_NS, "ns");
    report.at_most("snapshot decision, 10k rules", at_10k, LIMIT_NS, "ns");
    report.at_most("snapshot decision, 100k rules", at_100k, LIMIT_NS, "ns");
    report.at_most("growth from 1k to 100k rules", growth, LIMIT_GROWTH, "×");
    for (what, measured, unit) in [
        ("bit test", bit, "ns"),
        ("person to decision, 1k rules", whole_1k, "ns"),
        ("person to decision, 100k rules", whole_100k, "ns"),
        ("casbin enforce, 1k rules", casbin_1k, "ns"),
        ("casbin enforce, 100k rules", of_casbin_large, "ns"),
        ("compiling 1k rules", small.compile_ms, "ms"),
        ("compiling 100k rules", large.compile_ms, "ms"),
    ] {
        report.inform(what, measured, unit);
    }
    report.write()?;
    if report.good() { Ok(()) } else { Err("G5 is beyond its limits".into()) }
}

fn print_table(rows: &[(&str, f64, &str)]) {
    write_line(&format!("{:<34} {:>14}  {}", "G5", "CPU ns", "limit"));
    for (name, ns, limit) in rows {
        write_line(&format!("{name:<34} {ns:>14.1}  {limit}"));
    }
}

#[allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]
fn write_line(line: &str) {
    println!("{line}");
}
