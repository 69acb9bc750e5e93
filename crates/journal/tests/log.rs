//! What is recorded can be read again, in order, after any number of restarts and over any number of segments.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fixture::{config, copy, end, end_of, long, open, select, start, statement};
use journal::record::{Outcome, Road};
use journal::{Event, Journal, JournalError, Record};

fn all(journal: &Journal) -> Vec<Record> {
    let mut records = Vec::new();
    journal
        .scan(1, &mut |record| {
            records.push(record.clone());
            true
        })
        .unwrap();
    records
}

fn assert_whole(journal: &Journal, records: u64) {
    let verification = journal.verify().unwrap();
    assert_eq!(verification.broken, None);
    assert_eq!(verification.records, records);
}

#[test]
fn records_come_back_in_order_after_restarts_and_over_segments() {
    let state = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for round in 0..4u64 {
        let journal = open(state.path(), 20);
        for number in 0..33 {
            let event = match number % 7 {
                0 => long(number, 3_000),
                1 => long(number, 50_000),
                2 => long(number, 4_096 - 200),
                _ => select(number),
            };
            expected.push(event.clone());
            if number % 5 == 0 {
                journal.append_durable(round, event).wait().unwrap();
            } else {
                journal.append(round, event).unwrap();
            }
        }
        journal.close();
        assert_eq!(journal.append(1, end()), Err(JournalError::Closed));
        assert_whole(&journal, expected.len() as u64);
    }
    let journal = open(state.path(), 20);
    let records = all(&journal);
    assert_eq!(
        records.iter().map(|r| r.seq).collect::<Vec<_>>(),
        (1..=132).collect::<Vec<_>>()
    );
    assert!(records.iter().map(|record| &record.event).eq(&expected));
    assert!(
        records
            .windows(2)
            .all(|pair| pair[0].time_us <= pair[1].time_us)
    );
    assert_whole(&journal, 132);
    let segments = std::fs::read_dir(state.path().join("journal")).unwrap();
    let segments = segments.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_dir());
    assert!(
        segments.count() >= 3,
        "twenty records a segment, a batch may go over"
    );
}

#[test]
fn a_scan_begins_and_stops_where_it_is_told() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 10);
    for number in 1..=50 {
        journal.append_durable(1, select(number)).wait().unwrap();
    }
    for from in [0, 1, 2, 10, 11, 12, 49, 50, 51] {
        let mut seen = Vec::new();
        journal
            .scan(from, &mut |record| {
                seen.push(record.seq);
                seen.len() < 15
            })
            .unwrap();
        let expected: Vec<u64> = (from.max(1)..=50).take(15).collect();
        assert_eq!(seen, expected, "from {from}");
    }
}

#[test]
fn what_is_acknowledged_is_in_the_files() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 1_000_000);
    for number in 1..=10 {
        journal.append(3, select(100 + number)).unwrap();
        journal.append_durable(3, select(number)).wait().unwrap();
        assert_eq!(journal.last_seq(), 2 * number);
        let crashed = tempfile::tempdir().unwrap();
        copy(state.path(), crashed.path());
        let found = open(crashed.path(), 1_000_000);
        assert_eq!(found.last_seq(), 2 * number);
        assert_eq!(found.session_records(3).unwrap().len() as u64, 2 * number);
    }
}

#[test]
fn what_nobody_waits_for_is_written_all_the_same() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 1_000_000);
    journal.append(1, select(1)).unwrap();
    while journal.pending() != (0, 0) {
        std::thread::yield_now();
    }
    assert_eq!(journal.last_seq(), 1);
    assert_eq!(journal.session_records(1).unwrap()[0].event, select(1));
}

#[test]
fn sessions_are_summed_up_and_found_across_segments_and_crashes() {
    let state = tempfile::tempdir().unwrap();
    let crashed = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 25);
    let ids: Vec<u64> = (0..4).map(|_| journal.next_session()).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    for &id in &ids {
        journal
            .append(id, start(&format!("user{id}@example.com")))
            .unwrap();
    }
    journal
        .append(
            0,
            Event::Admin {
                action: "reload".to_owned(),
                by: "dana".to_owned(),
                about: "policies".to_owned(),
            },
        )
        .unwrap();
    for number in 1..=30 {
        for &id in &ids {
            let (road, outcome) = match (id, number % 3) {
                (2, 0) => (Road::Query, Outcome::Deny),
                (3, 0) => (Road::Query, Outcome::Hold),
                (4, 0) => (Road::Parse, Outcome::Allow),
                _ => (Road::Query, Outcome::Allow),
            };
            journal
                .append_durable(id, statement(number, road, outcome, "SELECT 1"))
                .wait()
                .unwrap();
            journal.append(id, end_of(number, 3, 2)).unwrap();
        }
    }
    journal.append_durable(1, end()).wait().unwrap();
    copy(state.path(), crashed.path());
    drop(journal);

    for path in [state.path(), crashed.path()] {
        let journal = open(path, 25);
        let sessions = journal.sessions().unwrap();
        assert_eq!(sessions.iter().map(|s| s.id).collect::<Vec<_>>(), ids);
        for session in &sessions {
            let records = journal.session_records(session.id).unwrap();
            assert!(records.iter().all(|record| record.session == session.id));
            assert_eq!(records.len(), if session.id == 1 { 62 } else { 61 });
            assert_eq!(session.first_seq, records[0].seq);
            assert_eq!(session.last_seq, records.last().unwrap().seq);
            assert_eq!(session.start_us, records[0].time_us);
            assert_eq!(session.user, format!("user{}@example.com", session.id));
            assert_eq!(session.grant, "claude-code.k7f3q2");
            let counts = (session.statements, session.denied, session.held);
            let expected = [(30, 0, 0), (30, 10, 0), (30, 0, 10), (20, 0, 0)];
            assert_eq!(
                counts,
                expected[session.id as usize - 1],
                "session {}",
                session.id
            );
            assert_eq!((session.rows, session.masked), (90, 60));
            assert_eq!(session.end_us.is_some(), session.id == 1);
            assert_eq!(journal.session(session.id).unwrap().as_ref(), Some(session));
        }
        assert_eq!(journal.session_records(99).unwrap(), []);
        assert_eq!(journal.session(99).unwrap(), None);
        assert_whole(&journal, journal.last_seq());
    }
}

#[test]
fn what_comes_after_a_session_ended_still_belongs_to_it() {
    let state = tempfile::tempdir().unwrap();
    let late = || Event::Hold {
        hold: 1,
        state: journal::HoldState::Approved,
        by: Some("dana".to_owned()),
        why: Some("looks fine".to_owned()),
    };
    {
        let journal = open(state.path(), 1_000_000);
        journal.append(1, start("alice@example.com")).unwrap();
        journal.append(1, end()).unwrap();
    }
    for round in 1..=3 {
        // In another process, and from the second round on in another segment.
        let journal = open(state.path(), 4);
        journal.append_durable(1, late()).wait().unwrap();
        let summary = journal.session(1).unwrap().unwrap();
        assert_eq!(summary.user, "alice@example.com");
        assert_eq!(summary.end_reason.as_deref(), Some("client closed"));
        assert_eq!(summary.last_seq, 2 + round);
        assert_eq!(journal.session_records(1).unwrap().len() as u64, 2 + round);
        assert_whole(&journal, 2 + round);
    }
}

#[test]
fn an_ended_session_is_whole_while_its_index_is_written() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(1_000_000);
    config.checkpoint_every = Duration::ZERO;
    let journal = Journal::open(state.path(), config).unwrap();
    journal.append_durable(1, end()).wait().unwrap();
    let acknowledged = AtomicU64::new(1);
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| {
            let mut least = 0;
            while least < 400 {
                least = acknowledged.load(Ordering::SeqCst);
                let last = journal.session(1).unwrap().unwrap().last_seq;
                assert!(last >= least, "{last} where {least} is on disk");
            }
        });
        for seq in 2..=400 {
            journal.append_durable(1, end()).wait().unwrap();
            acknowledged.store(seq, Ordering::SeqCst);
        }
        looker.join().unwrap();
    });
}

#[test]
fn nothing_is_told_of_a_session_before_it_is_on_disk() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 60);
    journal.append_durable(1, select(1)).wait().unwrap();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                let told = journal.session(1).unwrap().unwrap();
                let found = journal.session_records(1).unwrap();
                assert!(
                    told.statements <= found.len() as u64,
                    "{} statements, {} records of them",
                    told.statements,
                    found.len()
                );
                let whole = journal.verify().unwrap();
                assert_eq!(whole.broken, None);
            }
        });
        for number in 2..=200 {
            journal.append_durable(1, select(number)).wait().unwrap();
            if looker.is_finished() {
                break;
            }
        }
        over.store(true, Ordering::SeqCst);
        looker.join().unwrap();
    });
}

#[test]
fn session_numbers_are_never_given_twice() {
    let state = tempfile::tempdir().unwrap();
    let mut seen = HashSet::new();
    for round in 0..5 {
        let crashed = tempfile::tempdir().unwrap();
        let journal = open(state.path(), 1_000_000);
        std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| (0..100).map(|_| journal.next_session()).collect::<Vec<_>>())
                })
                .collect();
            for taker in takers {
                for number in taker.join().unwrap() {
                    assert!(seen.insert(number), "{number} in round {round}");
                }
            }
        });
        // A crash in this moment would go on above the highest number.
        copy(state.path(), crashed.path());
        let after = open(crashed.path(), 1_000_000);
        assert!(after.next_session() > *seen.iter().max().unwrap());
    }
    assert_eq!(
        *seen.iter().max().unwrap(),
        2000,
        "a clean end leaves no gap"
    );
}

#[test]
fn a_record_beyond_all_measure_is_refused_and_harms_nothing() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(1_000_000);
    config.record_bytes = 1 << 20;
    let journal = Journal::open(state.path(), config).unwrap();
    let refused = journal.append_durable(1, long(1, 1 << 20)).wait();
    assert!(
        matches!(refused, Err(JournalError::TooLong { .. })),
        "{refused:?}"
    );
    journal
        .append_durable(1, long(2, 1_000_000))
        .wait()
        .unwrap();
    journal.append_durable(1, select(3)).wait().unwrap();
    assert_eq!(all(&journal)[0].event, long(2, 1_000_000));
    assert_whole(&journal, 2);
    // sled never syncs what it keeps in files of its own.
    let blobs = state
        .path()
        .join("journal/segment-00000000000000000001/blobs");
    assert_eq!(std::fs::read_dir(blobs).map_or(0, Iterator::count), 0);
}
