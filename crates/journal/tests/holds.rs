//! Each step of a hold's life happens once, to one caller, whoever else tries at the same time.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::sync::Barrier;

use fixture::hold;
use journal::{Hold, HoldError, HoldState, Store};
use proptest::prelude::*;

/// One attempt at a step, at a time.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    Approve(u64),
    Reject(u64),
    Spend(u64),
    Expire(u64),
    Withdraw,
}

impl Attempt {
    fn make(self, store: &Store, id: u64) -> Result<Hold, HoldError> {
        match self {
            Attempt::Approve(now) => store.decide_hold(id, true, "dana", "looks fine", now),
            Attempt::Reject(now) => store.decide_hold(id, false, "dana", "use CONCURRENTLY", now),
            Attempt::Spend(now) => store.spend_hold(id, "f", now),
            Attempt::Expire(now) => {
                let expired = store.expire_holds(now).unwrap();
                expired
                    .into_iter()
                    .find(|hold| hold.id == id)
                    .ok_or(HoldError::NotFound)
            }
            Attempt::Withdraw => store.withdraw_hold(id),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Attempt::Approve(_) => "approve",
            Attempt::Reject(_) => "reject",
            Attempt::Spend(_) => "spend",
            Attempt::Expire(_) => "expire",
            Attempt::Withdraw => "withdraw",
        }
    }

    fn too_late(self, expires_us: u64) -> bool {
        match self {
            Attempt::Approve(now) | Attempt::Reject(now) | Attempt::Spend(now) => now >= expires_us,
            Attempt::Expire(now) => now < expires_us,
            Attempt::Withdraw => false,
        }
    }
}

/// The table of steps, as a function. None: refused.
fn after(state: &str, step: &str) -> Option<&'static str> {
    let table = include_str!("hold-steps.txt");
    let mut lines = table.lines().skip(1);
    let heads = lines
        .next()
        .unwrap()
        .trim_start_matches('#')
        .split_whitespace();
    let column = heads.into_iter().position(|head| head == step).unwrap();
    let line = lines
        .find(|line| line.split_whitespace().next() == Some(state))
        .unwrap();
    let cell = line.split_whitespace().nth(column + 1).unwrap();
    (cell != "-").then_some(cell)
}

#[test]
fn every_step_in_every_state_does_what_the_table_says() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let ways: [(&str, &[Attempt]); 6] = [
        ("held", &[]),
        ("approved", &[Attempt::Approve(2)]),
        ("rejected", &[Attempt::Reject(2)]),
        ("spent", &[Attempt::Approve(2), Attempt::Spend(3)]),
        ("expired", &[Attempt::Expire(100)]),
        ("withdrawn", &[Attempt::Withdraw]),
    ];
    let mut made = 0;
    for (state, way) in ways {
        for attempt in [
            Attempt::Approve(5),
            Attempt::Reject(5),
            Attempt::Spend(5),
            Attempt::Expire(100),
            Attempt::Withdraw,
        ] {
            let hold = store.create_hold(hold("f", 100)).unwrap();
            made += 1;
            assert_eq!((hold.id, hold.state), (made, HoldState::Held));
            for step in way {
                step.make(&store, hold.id).unwrap();
            }
            let before = store.hold(hold.id).unwrap().unwrap();
            assert_eq!(before.state.word(), state);
            let done = attempt.make(&store, hold.id);
            let now = store.hold(hold.id).unwrap().unwrap();
            match after(state, attempt.word()) {
                Some(next) => {
                    assert_eq!(done.unwrap(), now);
                    assert_eq!(now.state.word(), next, "{state}, {attempt:?}");
                }
                None => {
                    let expected = match (attempt, before.state) {
                        (Attempt::Expire(_), _) => HoldError::NotFound,
                        (_, HoldState::Expired) => HoldError::Expired,
                        (_, state) => HoldError::Already(state),
                    };
                    assert_eq!(done, Err(expected), "{state}, {attempt:?}");
                    assert_eq!(now, before);
                }
            }
            // None of the others may still be open when the next one expires.
            store.expire_holds(u64::MAX).unwrap();
        }
    }
    assert_eq!(store.holds().unwrap().len() as u64, made);
}

#[test]
fn an_approval_is_for_one_statement_of_one_grant_and_its_time() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let name = "claude-code.k7f3q2";
    let first = store.create_hold(hold("f", 100)).unwrap();
    assert_eq!(store.undecided_hold(name, "f"), Some(first.clone()));
    assert_eq!(store.approved_hold(name, "f"), None);
    let approved = store
        .decide_hold(first.id, true, "dana", "looks fine", 5)
        .unwrap();
    assert_eq!(
        (
            approved.decided_us,
            approved.decided_by.as_deref(),
            approved.why.as_deref()
        ),
        (Some(5), Some("dana"), Some("looks fine"))
    );
    assert_eq!(store.undecided_hold(name, "f"), None);
    assert_eq!(store.approved_hold(name, "f"), Some(approved));
    assert_eq!(store.approved_hold("other.grant", "f"), None);
    assert_eq!(store.approved_hold(name, "g"), None);
    assert_eq!(
        store.spend_hold(first.id, "g", 6),
        Err(HoldError::OtherStatement)
    );
    assert_eq!(
        store.spend_hold(first.id, "f", 100),
        Err(HoldError::Expired)
    );
    let longer = store.create_hold(hold("f", 200)).unwrap();
    store.decide_hold(longer.id, true, "dana", "", 5).unwrap();
    assert_eq!(store.approved_hold(name, "f").unwrap().id, longer.id);
    assert_eq!(
        store.decide_hold(99, true, "dana", "", 5),
        Err(HoldError::NotFound)
    );
    let expired = store.expire_holds(150).unwrap();
    assert_eq!(
        expired.iter().map(|hold| hold.id).collect::<Vec<_>>(),
        [first.id]
    );
    drop(store);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.approved_hold(name, "f").unwrap().id, longer.id);
    store.spend_hold(longer.id, "f", 199).unwrap();
    assert_eq!(store.approved_hold(name, "f"), None);
    assert_eq!(store.create_hold(hold("f", 1)).unwrap().id, longer.id + 1);
}

#[test]
fn of_many_who_spend_at_once_one_does() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for _ in 0..20 {
        let id = store.create_hold(hold("f", 100)).unwrap().id;
        let contest = |attempts: &[Attempt]| {
            let barrier = Barrier::new(attempts.len());
            std::thread::scope(|scope| {
                let threads: Vec<_> = attempts
                    .iter()
                    .map(|attempt| {
                        let (store, barrier) = (store.clone(), &barrier);
                        scope.spawn(move || {
                            barrier.wait();
                            attempt.make(&store, id).is_ok()
                        })
                    })
                    .collect();
                threads
                    .into_iter()
                    .map(|t| t.join().unwrap())
                    .filter(|won| *won)
                    .count()
            })
        };
        assert_eq!(
            contest(&[
                Attempt::Approve(5),
                Attempt::Approve(6),
                Attempt::Approve(7),
                Attempt::Approve(8)
            ]),
            1
        );
        assert_eq!(contest(&[Attempt::Spend(9); 16]), 1);
        assert_eq!(store.hold(id).unwrap().unwrap().state, HoldState::Spent);
    }
}

#[test]
fn of_many_who_ask_for_the_same_at_once_one_makes_the_hold() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for round in 1..=20u64 {
        let fingerprint = format!("f{round}");
        let barrier = Barrier::new(8);
        let asked: Vec<(Hold, bool)> = std::thread::scope(|scope| {
            let ask = || {
                barrier.wait();
                store.find_or_create_hold(hold(&fingerprint, 100)).unwrap()
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(asked.iter().all(|(hold, _)| hold.id == round), "{asked:?}");
        assert_eq!(asked.iter().filter(|(_, made)| *made).count(), 1);
    }
    // Who asks when it was decided a moment ago gets the decision, not a hold of its own.
    store.decide_hold(7, true, "dana", "", 5).unwrap();
    let (approved, made) = store.find_or_create_hold(hold("f7", 100)).unwrap();
    assert_eq!(
        (approved.id, approved.state, made),
        (7, HoldState::Approved, false)
    );
    store.spend_hold(7, "f7", 6).unwrap();
    assert!(store.find_or_create_hold(hold("f7", 100)).unwrap().1);
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let one = prop_oneof![
        (0..20u64).prop_map(Attempt::Approve),
        (0..20u64).prop_map(Attempt::Reject),
        (0..20u64).prop_map(Attempt::Spend),
        (0..20u64).prop_map(Attempt::Expire),
        Just(Attempt::Withdraw),
    ];
    prop::collection::vec(one, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// One after the other, in any order: the table, with the clock.
    #[test]
    fn any_order_of_steps_follows_the_table(attempts in attempts()) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let id = store.create_hold(hold("f", 10)).unwrap().id;
        let mut state = "held";
        for attempt in attempts {
            let next = after(state, attempt.word()).filter(|_| !attempt.too_late(10));
            prop_assert_eq!(attempt.make(&store, id).is_ok(), next.is_some(), "{}, {:?}", state, attempt);
            state = next.unwrap_or(state);
        }
        drop(store);
        let store = Store::open(directory.path()).unwrap();
        prop_assert_eq!(store.hold(id).unwrap().unwrap().state.word(), state);
    }

    /// All at once, each sequence in a thread of its own: the steps that succeeded make up one life.
    #[test]
    fn any_interleaving_of_steps_has_one_winner(lives in prop::collection::vec(attempts(), 2..5)) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let id = store.create_hold(hold("f", 10)).unwrap().id;
        let barrier = Barrier::new(lives.len());
        let succeeded: Vec<&str> = std::thread::scope(|scope| {
            let threads: Vec<_> = lives
                .iter()
                .map(|life| {
                    let (store, barrier) = (store.clone(), &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let won = life.iter().filter(|attempt| attempt.make(&store, id).is_ok());
                        won.map(|attempt| attempt.word()).collect::<Vec<_>>()
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let mut sorted = succeeded.clone();
        sorted.sort_unstable();
        let state = store.hold(id).unwrap().unwrap().state.word();
        let expected: &[&str] = match state {
            "held" => &[],
            "approved" => &["approve"],
            "rejected" => &["reject"],
            "spent" => &["approve", "spend"],
            "withdrawn" => &["withdraw"],
            "expired" if succeeded.contains(&"approve") => &["approve", "expire"],
            _ => &["expire"],
        };
        prop_assert_eq!(sorted.as_slice(), expected, "{}", state);
    }
}
