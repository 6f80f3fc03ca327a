//! The breaker's states, at times that are made up.

use fhir::{IssueMeaning, NotAsked};
use proptest::prelude::*;

use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A breaker and a clock that stands still unless it is moved.
struct Scene {
    breaker: Breaker,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self { breaker: Breaker::new("city-first"), now: Instant::now() }
    }

    /// Open since a second.
    fn open() -> Self {
        let mut scene = Self::new();
        for _ in 0..FAILURES {
            assert_eq!(scene.state(), BreakerState::Closed);
            scene.fail();
        }
        assert_eq!(scene.state(), BreakerState::Open(seconds(4)));
        scene
    }

    fn state(&self) -> BreakerState {
        self.breaker.state(self.now)
    }

    fn ask(&self) -> Option<Pass<'_>> {
        self.breaker.enter(self.now)
    }

    fn end(&self, verdict: Verdict) {
        self.ask().expect("asked").settle(verdict, self.now);
    }

    /// Fails once, and a second later is now.
    fn fail(&mut self) {
        self.end(Verdict::Failed);
        self.now += APART;
    }
}

#[test]
fn five_failures_in_a_row_open_it_and_an_answer_in_between_does_not_let_them() {
    let mut scene = Scene::open();
    assert!(scene.ask().is_none());
    scene = Scene::new();
    for _ in 0..20 {
        for _ in 1..FAILURES {
            scene.fail();
        }
        scene.end(Verdict::Well);
    }
    for _ in 0..20 {
        // What says nothing about the server neither counts nor takes back.
        scene.end(Verdict::Unknown);
    }
    assert_eq!(scene.state(), BreakerState::Closed);
    for _ in 1..FAILURES {
        scene.fail();
        scene.end(Verdict::Unknown);
    }
    scene.fail();
    assert!(scene.ask().is_none());
}

#[test]
fn the_questions_of_one_page_count_once() {
    let (breaker, mut now) = (Breaker::new("city-first"), Instant::now());
    for _ in 1..FAILURES {
        let page: Vec<_> = (0..40).map(|_| breaker.enter(now).expect("asked")).collect();
        now += seconds(8);
        page.into_iter().for_each(|question| question.settle(Verdict::Failed, now));
    }
    assert_eq!(breaker.state(now), BreakerState::Closed);
    breaker.enter(now).expect("asked").settle(Verdict::Failed, now);
    assert_eq!(breaker.state(now), BreakerState::Open(FIRST_PAUSE));
}

#[test]
fn one_question_tries_it_and_each_failed_try_doubles_the_pause() {
    let Scene { breaker, mut now } = Scene::open();
    let mut left = seconds(4);
    for pause in [10, 20, 40, 60, 60] {
        now += left - Duration::from_millis(1);
        assert!(breaker.enter(now).is_none(), "before its time");
        now += Duration::from_millis(1);
        assert_eq!(breaker.state(now), BreakerState::Open(Duration::ZERO));
        let question = breaker.enter(now).expect("the try");
        assert_eq!(breaker.state(now), BreakerState::HalfOpen);
        now += seconds(3);
        assert!(breaker.enter(now).is_none() && breaker.enter(now).is_none(), "two tries at once");
        question.settle(Verdict::Failed, now);
        left = seconds(pause);
        assert_eq!(breaker.state(now), BreakerState::Open(left));
    }
    now += left;
    breaker.enter(now).expect("the try").settle(Verdict::Well, now);
    assert_eq!(breaker.state(now), BreakerState::Closed);
    // It begins anew, with the first pause.
    let mut scene = Scene { breaker, now };
    for _ in 0..FAILURES {
        scene.fail();
    }
    assert_eq!(scene.state(), BreakerState::Open(seconds(4)));
}

#[test]
fn a_try_that_nobody_waits_for_or_that_tells_nothing_leaves_it_to_the_next() {
    let Scene { breaker, mut now } = Scene::open();
    now += seconds(5);
    let question = breaker.enter(now).expect("the try");
    now += seconds(1);
    drop(question);
    assert_eq!(breaker.state(now), BreakerState::Open(Duration::ZERO));
    breaker.enter(now).expect("the next try").settle(Verdict::Unknown, now);
    let question = breaker.enter(now).expect("the one after that");
    assert!(breaker.enter(now).is_none());
    question.settle(Verdict::Failed, now);
    assert_eq!(breaker.state(now), BreakerState::Open(seconds(10)));
}

#[test]
fn late_answers_to_what_was_asked_before_it_opened() {
    let (breaker, now) = (Breaker::new("city-first"), Instant::now());
    let (early, good) = (breaker.enter(now).expect("asked"), breaker.enter(now).expect("asked"));
    let mut later = now;
    for _ in 0..FAILURES {
        breaker.enter(later).expect("asked").settle(Verdict::Failed, later);
        later += APART;
    }
    let before = breaker.state(later);
    assert_eq!(before, BreakerState::Open(seconds(4)));
    early.settle(Verdict::Failed, later);
    assert_eq!(breaker.state(later), before, "it is open no longer for that");
    good.settle(Verdict::Well, later);
    assert_eq!(breaker.state(later), BreakerState::Closed, "it did answer");
}

#[test]
fn an_administrator_closes_it_and_the_try_of_before_means_nothing_any_more() {
    let Scene { breaker, mut now } = Scene::open();
    now += seconds(5);
    let question = breaker.enter(now).expect("the try");
    breaker.close(now);
    assert_eq!(breaker.state(now), BreakerState::Closed);
    question.settle(Verdict::Failed, now);
    assert!(breaker.enter(now).is_some());
}

#[test]
fn refusals_and_what_a_server_lacks_are_no_failures_of_it() {
    let check = |outcome: Outcome, expect: Verdict| {
        assert_eq!(verdict(outcome, seconds(8), seconds(8)), expect, "{outcome:?}");
    };
    for status in [401, 403] {
        check(Outcome::Refused(status), Verdict::Well);
    }
    for status in [302, 400, 404, 410, 422, 429, 501] {
        check(Outcome::Unreachable(Cause::Status(status)), Verdict::Well);
    }
    for status in [500, 502, 503, 504, 599] {
        check(Outcome::Unreachable(Cause::Status(status)), Verdict::Failed);
    }
    for cause in [Cause::Timeout, Cause::TooSlow, Cause::Connect, Cause::Protocol, Cause::Address] {
        check(Outcome::Unreachable(cause), Verdict::Failed);
        check(Outcome::Partial(cause), Verdict::Well);
    }
    for cause in [Cause::Garbage, Cause::Truncated, Cause::NotAsked(NotAsked::ToldToWait)] {
        check(Outcome::Unreachable(cause), Verdict::Unknown);
    }
    for outcome in [Outcome::Answered, Outcome::Unsupported] {
        check(outcome, Verdict::Well);
    }
    check(Outcome::Unreachable(Cause::Issue(IssueMeaning::BreakTheGlass)), Verdict::Well);
    check(Outcome::Unreachable(Cause::TooLarge), Verdict::Well);
}

#[test]
fn silence_counts_only_where_there_was_time_to_answer() {
    let silence = Outcome::Unreachable(Cause::Timeout);
    let check = |waited_ms, timeout_ms, expect| {
        let verdict = verdict(silence, Duration::from_millis(waited_ms), Duration::from_millis(timeout_ms));
        assert_eq!(verdict, expect, "{waited_ms} of {timeout_ms}");
    };
    check(0, 8_000, Verdict::Unknown);
    check(999, 8_000, Verdict::Unknown);
    check(1_000, 8_000, Verdict::Failed);
    check(99, 200, Verdict::Unknown);
    check(100, 200, Verdict::Failed);
}

/// What somebody does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Ask,
    /// The oldest or the newest question on its way ends like this.
    End(bool, Verdict),
    /// Nobody waits for the oldest one any more.
    Leave,
    Wait(u64),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let verdict = prop_oneof![1 => Just(Verdict::Well), 6 => Just(Verdict::Failed), 1 => Just(Verdict::Unknown)];
    prop_oneof![
        6 => Just(Step::Ask),
        6 => (any::<bool>(), verdict).prop_map(|(oldest, verdict)| Step::End(oldest, verdict)),
        1 => Just(Step::Leave),
        4 => (1_u64..20_000).prop_map(Step::Wait),
        1 => Just(Step::Close),
    ]
}

fn walk(steps: Vec<Step>) {
    let (breaker, mut now) = (Breaker::new("city-first"), Instant::now());
    // With each: was it let through as a try?
    let mut asked: Vec<(Pass<'_>, bool)> = Vec::new();
    for step in steps {
        let before = breaker.state(now);
        match step {
            Step::Wait(ms) => now += Duration::from_millis(ms),
            Step::Close => breaker.close(now),
            Step::Leave if !asked.is_empty() => drop(asked.remove(0)),
            Step::End(oldest, verdict) if !asked.is_empty() => {
                let (question, tried) = asked.remove(if oldest { 0 } else { asked.len() - 1 });
                question.settle(verdict, now);
                match (verdict, before) {
                    (Verdict::Well, _) => assert_eq!(breaker.state(now), BreakerState::Closed),
                    (_, BreakerState::Open(_)) => assert_eq!(breaker.state(now), before, "only an answer closes it"),
                    (_, BreakerState::HalfOpen) if !tried => assert_eq!(breaker.state(now), before),
                    _ => {}
                }
            }
            Step::Ask => match (breaker.enter(now), before) {
                (Some(question), BreakerState::Closed) => asked.push((question, false)),
                (Some(question), BreakerState::Open(left)) => {
                    assert_eq!((left, breaker.state(now)), (Duration::ZERO, BreakerState::HalfOpen));
                    asked.push((question, true));
                }
                (None, BreakerState::Open(left)) => assert!(left > Duration::ZERO, "not tried though it is time"),
                (None, BreakerState::HalfOpen) => assert!(asked.iter().any(|(_, tried)| *tried), "tried by nobody"),
                (answer, before) => panic!("{answer:?} while {before:?}"),
            },
            Step::Leave | Step::End(..) => {}
        }
        if let BreakerState::Open(left) = breaker.state(now) {
            assert!(left <= LONGEST_PAUSE);
        }
    }
    // Whatever happened: when nobody waits any more, a minute later it is asked.
    drop(asked);
    assert!(breaker.enter(now + LONGEST_PAUSE).is_some(), "never tried again");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_two_tries_at_once_and_always_tried_again(steps in prop::collection::vec(step(), 0..120)) {
        walk(steps);
    }
}
