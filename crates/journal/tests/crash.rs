//! What was acknowledged survives kill -9; a disk that fails closes the log; memory stays bounded. The victims are
//! children of this test binary: `victim` is not a test by itself.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fixture::{config, hold, long, select, start};
use journal::{Hold, HoldState, Journal, JournalError, Store};

/// Runs one of this binary's tests as a process of its own.
fn child(name: &str, state: &Path, through: Option<&str>) -> Child {
    let binary = std::env::current_exe().unwrap();
    let mut command = match through {
        None => Command::new(&binary),
        Some(shell) => {
            let mut command = Command::new("sh");
            command
                .args(["-c", &format!("{shell}\nexec \"$0\" \"$@\"")])
                .arg(&binary);
            command
        }
    };
    command
        .args([
            "--exact",
            name,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env("JOURNAL_VICTIM_STATE", state)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn victim_state() -> Option<std::path::PathBuf> {
    std::env::var_os("JOURNAL_VICTIM_STATE").map(Into::into)
}

/// One word and a number to the parent, past the test harness.
fn say(word: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "\n{word} {number}");
    let _ = out.flush();
}

/// Reads lines until so many acknowledgements have come, kills the child, reads what it had said by then.
fn kill_after(mut child: Child, acknowledgements: usize) -> Vec<(String, u64)> {
    let mut said = Vec::new();
    let mut killed = false;
    let out = BufReader::new(child.stdout.take().unwrap());
    for line in out.lines() {
        let line = line.unwrap();
        if let Some((word, number)) = line.split_once(' ')
            && let Ok(number) = number.parse()
        {
            said.push((word.to_owned(), number));
            if !killed
                && said.iter().filter(|(word, _)| word == "acked").count() >= acknowledgements
            {
                child.kill().unwrap();
                killed = true;
            }
        }
    }
    child.wait().unwrap();
    assert!(killed, "the victim ended by itself: {said:?}");
    said
}

#[test]
#[ignore = "a victim, run by other tests"]
fn victim_of_the_journal() {
    let Some(state) = victim_state() else { return };
    let journal = fixture::open(&state, 200);
    std::thread::scope(|scope| {
        for worker in 0..4u64 {
            let journal = &journal;
            scope.spawn(move || {
                let session = journal.next_session();
                say("session", session);
                journal.append(session, start("alice@example.com")).unwrap();
                for number in 1.. {
                    // The parent finds it again by session and number.
                    let event = if number % 10 == worker {
                        long(number, 9_000)
                    } else {
                        select(number)
                    };
                    if number % 3 == 0 {
                        journal.append(session, event).unwrap();
                    } else {
                        journal.append_durable(session, event).wait().unwrap();
                        say("acked", session << 32 | number);
                    }
                }
            });
        }
    });
}

#[test]
fn kill_9_loses_no_acknowledged_record() {
    let state = tempfile::tempdir().unwrap();
    let mut sessions = HashSet::new();
    let mut acknowledged = Vec::new();
    for round in 0..8 {
        let said = kill_after(
            child("victim_of_the_journal", state.path(), None),
            1 + (round * 97) % 500,
        );
        for (word, number) in said {
            match word.as_str() {
                "session" => assert!(sessions.insert(number), "session {number} a second time"),
                "acked" => acknowledged.push((number >> 32, number & 0xffff_ffff)),
                _ => {}
            }
        }
        let journal = fixture::open(state.path(), 200);
        let verification = journal.verify().unwrap();
        assert_eq!(verification.broken, None, "round {round}");
        assert_eq!(verification.records, journal.last_seq());
        let mut found = HashSet::new();
        for &session in &sessions {
            let records = journal.session_records(session).unwrap();
            let numbers: Vec<u64> = records
                .iter()
                .filter_map(|record| number_of(&record.event))
                .collect();
            // In order and without a gap: what came before an acknowledged record is there as well.
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
            found.extend(numbers.into_iter().map(|number| (session, number)));
        }
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|one| !found.contains(one))
            .collect();
        assert!(
            lost.is_empty(),
            "round {round}: {lost:?} were acknowledged and are gone"
        );
    }
}

fn number_of(event: &journal::Event) -> Option<u64> {
    match event {
        journal::Event::Statement { number, .. } => Some(*number),
        _ => None,
    }
}

#[test]
#[ignore = "a victim, run by other tests"]
fn victim_of_a_full_disk() {
    let Some(state) = victim_state() else { return };
    let journal = fixture::open(&state, 1_000_000);
    let mut failure = None;
    for number in 1..20_000 {
        match journal.append_durable(1, long(number, 2_000)).wait() {
            Ok(()) => say("acked", number),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    assert!(
        matches!(failure, Some(JournalError::Write(_))),
        "{failure:?}"
    );
    // Nothing is taken any more, and nobody waits for ever.
    for _ in 0..100 {
        assert!(matches!(
            journal.append(1, select(1)),
            Err(JournalError::Write(_))
        ));
        let late = journal.append_durable(1, select(1)).wait();
        assert!(matches!(late, Err(JournalError::Write(_))));
        let _ = journal.next_session();
    }
    journal.close();
    say("closed", 0);
    // Not the end of the process by way of sled's destructors: a gateway would go on refusing.
    std::process::exit(0);
}

#[test]
fn a_failed_write_closes_the_log_and_keeps_what_was_acknowledged() {
    let state = tempfile::tempdir().unwrap();
    drop(fixture::open(state.path(), 1_000_000));
    // A file may have 4096 blocks of 512 bytes; writing beyond is an error (EFBIG) and not the death of the process.
    let victim = child(
        "victim_of_a_full_disk",
        state.path(),
        Some("trap '' XFSZ; ulimit -f 4096"),
    );
    let output = victim.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("closed 0"),
        "{said}"
    );
    let acknowledged = said
        .lines()
        .filter(|line| line.starts_with("acked "))
        .count();
    assert!(acknowledged > 100, "{acknowledged}");
    let journal = fixture::open(state.path(), 1_000_000);
    assert!(journal.last_seq() >= acknowledged as u64);
    assert_eq!(journal.verify().unwrap().broken, None);
    journal.append_durable(1, select(1)).wait().unwrap();
}

#[test]
fn memory_is_bounded_and_nothing_that_was_taken_is_lost() {
    let state = tempfile::tempdir().unwrap();
    let mut config = config(1_000_000);
    config.queue_records = 50;
    config.queue_bytes = 100_000;
    let journal = Journal::open(state.path(), config).unwrap();
    let taken: u64 = std::thread::scope(|scope| {
        let floods: Vec<_> = (1..=4u64)
            .map(|session| {
                let journal = &journal;
                scope.spawn(move || {
                    let mut taken = 0;
                    for number in 0..1500 {
                        match journal.append(session, long(number, 700)) {
                            Ok(()) => taken += 1,
                            Err(error) => assert_eq!(error, JournalError::Full),
                        }
                        let (records, bytes) = journal.pending();
                        assert!(records <= 200, "{records}");
                        assert!(bytes <= 400_000 + 2_000, "{bytes}");
                    }
                    taken
                })
            })
            .collect();
        floods.into_iter().map(|flood| flood.join().unwrap()).sum()
    });
    journal.close();
    assert_eq!(journal.pending(), (0, 0));
    assert_eq!(journal.last_seq(), taken);
    assert_eq!(journal.verify().unwrap().broken, None);
}

#[test]
#[ignore = "a victim, run by other tests"]
fn victim_of_the_store() {
    let Some(state) = victim_state() else { return };
    let store = Store::open(&state).unwrap();
    loop {
        let hold = store.create_hold(held()).unwrap();
        say("held", hold.id);
        store
            .decide_hold(hold.id, true, "dana", "looks fine", 10)
            .unwrap();
        say("approved", hold.id);
        store.spend_hold(hold.id, "f", 20).unwrap();
        say("acked", hold.id);
    }
}

fn held() -> Hold {
    Hold {
        text: format!("ALTER TABLE orders ADD note text -- {}", "x".repeat(10_000)),
        ..hold("f", 1_000)
    }
}

#[test]
fn kill_9_brings_no_spent_approval_back() {
    let state = tempfile::tempdir().unwrap();
    let mut keys = HashSet::new();
    for round in 0..6 {
        let said = kill_after(
            child("victim_of_the_store", state.path(), None),
            1 + round * 7,
        );
        let store = Store::open(state.path()).unwrap();
        keys.insert((store.mask_key(), store.mock_key()));
        for (word, id) in said {
            let found = store.hold(id).unwrap().unwrap();
            assert_eq!(found.text, held().text);
            match word.as_str() {
                "held" => {}
                "approved" => assert_ne!(found.state, HoldState::Held, "round {round}, hold {id}"),
                _ => {
                    assert_eq!(found.state, HoldState::Spent, "round {round}, hold {id}");
                    assert!(store.spend_hold(id, "f", 20).is_err());
                }
            }
        }
        // Only the last one can have been on its way.
        assert!(store.open_holds().len() <= round + 1);
    }
    assert_eq!(keys.len(), 1, "the keys stay the same");
}

#[test]
fn what_a_kill_leaves_half_made_is_in_nobodys_way() {
    let state = tempfile::tempdir().unwrap();
    {
        let journal = fixture::open(state.path(), 10);
        for number in 1..=25 {
            journal.append_durable(1, select(number)).wait().unwrap();
        }
    }
    let journal = state.path().join("journal");
    let segment = journal.join("segment-00000000000000000021");
    let rubbish = [
        journal.join("checkpoint.new"),
        journal.join("new-segment/db"),
        journal.join("new-segment/conf"),
        segment.join("snap.0000000000001000.generating"),
        segment.join("snap.00000000000FFFFF"),
    ];
    std::fs::create_dir(journal.join("new-segment")).unwrap();
    for file in &rubbish {
        std::fs::write(file, "half").unwrap();
    }
    let journal = fixture::open(state.path(), 10);
    assert_eq!(journal.verify().unwrap().broken, None);
    for number in 26..=50 {
        journal.append_durable(1, select(number)).wait().unwrap();
    }
    assert_eq!(journal.session_records(1).unwrap().len(), 50);
    assert_eq!(journal.verify().unwrap().records, 50);
}
