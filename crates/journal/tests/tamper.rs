//! Whoever changes the files without rewriting everything after the change is found out, and the first record concerned
//! is named. The files are changed through sled, as one would who knows it.

#![allow(clippy::unwrap_used)]

mod fixture;

use std::path::{Path, PathBuf};

use fixture::{end, long, open, select, start};
use journal::{Break, JournalError};
use proptest::prelude::*;

fn segment(state: &Path, first: u64) -> PathBuf {
    state.join(format!("journal/segment-{first:020}"))
}

fn with_sled<T>(path: &Path, change: impl FnOnce(&sled::Db) -> T) -> T {
    let db = loop {
        match sled::open(path) {
            Err(error) if error.to_string().contains("WouldBlock") => std::thread::yield_now(),
            other => break other.unwrap(),
        }
    };
    let result = change(&db);
    db.flush().unwrap();
    result
}

fn key(seq: u64) -> [u8; 8] {
    seq.to_be_bytes()
}

/// Fifty-eight records in segments of thirty, one record a chunk; record 20 is a long one.
fn log(state: &Path) {
    let journal = open(state, 30);
    journal
        .append_durable(1, start("alice@example.com"))
        .wait()
        .unwrap();
    for seq in 2..58 {
        let event = if seq == 20 {
            long(seq, 10_000)
        } else {
            select(seq)
        };
        journal.append_durable(1, event).wait().unwrap();
    }
    journal.append_durable(1, end()).wait().unwrap();
}

/// What verify says, or why the log could not even be opened.
fn verdict(state: &Path) -> Result<Option<Break>, JournalError> {
    let journal = journal::Journal::open(state, fixture::config(1_000_000))?;
    Ok(journal.verify()?.broken)
}

/// The byte range of a chunk's first record.
const BODY: usize = 1 + 32 + 4 + 8;

type Change = fn(&sled::Db);
type ChangeOfFiles = fn(&Path);

#[test]
fn the_first_record_concerned_is_named() {
    let cases: [(&str, u64, Change, u64, &str); 14] = [
        (
            "a byte of a text",
            1,
            |db| flip(db, &key(7), BODY + 60),
            7,
            "not what was written",
        ),
        (
            "the time",
            1,
            |db| flip(db, &key(7), BODY),
            7,
            "not what was written",
        ),
        (
            "the session",
            1,
            |db| flip(db, &key(7), BODY + 15),
            7,
            "not what was written",
        ),
        (
            "a tag",
            1,
            |db| flip(db, &key(7), 1 + 32 + 4),
            7,
            "not what was written",
        ),
        (
            "the hash before",
            1,
            |db| flip(db, &key(7), 5),
            7,
            "does not follow",
        ),
        (
            "a length",
            1,
            |db| flip(db, &key(7), 1 + 32 + 3),
            7,
            "cut short",
        ),
        ("the kind", 1, |db| flip(db, &key(7), 0), 7, "kind"),
        (
            "a record put in another's place",
            1,
            |db| {
                let other = db.get(key(8)).unwrap().unwrap();
                db.insert(key(7), other).unwrap();
            },
            7,
            "does not follow",
        ),
        (
            "a record taken out",
            1,
            |db| {
                db.remove(key(7)).unwrap();
            },
            7,
            "in its place",
        ),
        (
            "the first one taken out",
            1,
            |db| {
                db.remove(key(1)).unwrap();
            },
            1,
            "missing",
        ),
        (
            "the last one of a segment taken out",
            1,
            |db| {
                db.remove(key(30)).unwrap();
            },
            30,
            "missing",
        ),
        (
            "a record added after the end of a segment",
            1,
            |db| {
                let other = db.get(key(8)).unwrap().unwrap();
                db.insert(key(31), other).unwrap();
            },
            31,
            "two segments",
        ),
        (
            "a part of a long one",
            1,
            |db| {
                let part = [&key(20)[..], &2u32.to_be_bytes()].concat();
                flip(db, &part, 100);
            },
            20,
            "not what was written",
        ),
        (
            "a part taken out",
            1,
            |db| {
                db.remove([&key(20)[..], &2u32.to_be_bytes()].concat())
                    .unwrap();
            },
            20,
            "part of it is missing",
        ),
    ];
    for (name, first, change, seq, what) in cases {
        let state = tempfile::tempdir().unwrap();
        log(state.path());
        with_sled(&segment(state.path(), first), change);
        let found = verdict(state.path())
            .unwrap()
            .unwrap_or_else(|| panic!("{name}: not noticed"));
        assert_eq!(found.seq, seq, "{name}: {found}");
        assert!(found.what.contains(what), "{name}: {found}");
    }
}

fn flip(db: &sled::Tree, key: &[u8], at: usize) {
    let mut value = db.get(key).unwrap().unwrap().to_vec();
    value[at] ^= 1;
    db.insert(key, value).unwrap();
}

#[test]
fn a_record_rewritten_with_its_own_hash_betrays_itself_in_the_next() {
    use sha2::{Digest, Sha256};
    let state = tempfile::tempdir().unwrap();
    log(state.path());
    with_sled(&segment(state.path(), 1), |db| {
        let mut value = db.get(key(7)).unwrap().unwrap().to_vec();
        let text = value.windows(9).position(|w| w == b"customers").unwrap();
        value[text..text + 9].copy_from_slice(b"suppliers");
        let mut hasher = Sha256::new();
        hasher.update(&value[1..33]);
        hasher.update(key(7));
        hasher.update(&value[BODY..]);
        value[37..45].copy_from_slice(&hasher.finalize()[..8]);
        db.insert(key(7), value).unwrap();
    });
    let found = verdict(state.path()).unwrap().unwrap();
    assert_eq!(
        (found.seq, found.what.as_str()),
        (8, "it does not follow the record before it")
    );
}

#[test]
fn a_session_hidden_from_the_index_is_found_by_verify() {
    let state = tempfile::tempdir().unwrap();
    log(state.path());
    with_sled(&segment(state.path(), 1), |db| {
        db.open_tree("sessions").unwrap().remove(key(1)).unwrap();
    });
    let found = verdict(state.path()).unwrap().unwrap();
    assert_eq!(
        (found.seq, found.what.as_str()),
        (1, "the index of sessions is wrong about session 1")
    );
}

#[test]
fn a_log_that_ends_before_its_checkpoint_is_not_opened() {
    let shorter: [(&str, ChangeOfFiles); 3] = [
        ("the last record", |state| {
            with_sled(&segment(state, 31), |db| {
                db.remove(key(58)).unwrap();
            });
        }),
        ("the last segment", |state| {
            std::fs::remove_dir_all(segment(state, 31)).unwrap()
        }),
        ("all of it", |state| {
            std::fs::remove_dir_all(segment(state, 31)).unwrap();
            std::fs::remove_dir_all(segment(state, 1)).unwrap();
        }),
    ];
    for (name, cut) in shorter {
        let state = tempfile::tempdir().unwrap();
        log(state.path());
        cut(state.path());
        let error = verdict(state.path()).unwrap_err();
        assert!(
            matches!(
                error,
                JournalError::ShorterThanCheckpoint { checkpoint: 58, .. }
            ),
            "{name}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.starts_with("log is shorter than its checkpoint"),
            "{name}: {text}"
        );
        assert!(!text.contains('\n'));
    }
}

#[test]
fn the_end_of_the_log_is_checked_before_it_is_written_on() {
    let changes: [(&str, ChangeOfFiles); 5] = [
        ("the last record changed", |state| {
            with_sled(&segment(state, 31), |db| flip(db, &key(58), BODY + 60));
        }),
        ("a record added", |state| {
            with_sled(&segment(state, 31), |db| {
                let last = db.get(key(58)).unwrap().unwrap();
                db.insert(key(59), last).unwrap();
            });
        }),
        ("no checkpoint", |state| {
            std::fs::remove_file(state.join("journal/checkpoint")).unwrap()
        }),
        ("an empty checkpoint", |state| {
            std::fs::write(state.join("journal/checkpoint"), "").unwrap()
        }),
        ("another checkpoint", |state| {
            let other = tempfile::tempdir().unwrap();
            log(other.path());
            std::fs::copy(
                other.path().join("journal/checkpoint"),
                state.join("journal/checkpoint"),
            )
            .unwrap();
        }),
    ];
    for (name, change) in changes {
        let state = tempfile::tempdir().unwrap();
        log(state.path());
        change(state.path());
        let error = verdict(state.path()).expect_err(name);
        assert!(
            matches!(
                error,
                JournalError::Damaged { seq: 58 | 59, .. } | JournalError::Checkpoint { .. }
            ),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_segment_missing_from_the_middle_is_named_by_its_first_record() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path(), 10);
    for number in 1..=35 {
        journal.append_durable(1, select(number)).wait().unwrap();
    }
    drop(journal);
    std::fs::remove_dir_all(segment(state.path(), 11)).unwrap();
    assert_eq!(verdict(state.path()).unwrap().unwrap().seq, 11);
}

#[test]
fn files_damaged_on_disk_are_never_taken_for_whole() {
    let whole = tempfile::tempdir().unwrap();
    log(whole.path());
    let length = std::fs::metadata(segment(whole.path(), 1).join("db"))
        .unwrap()
        .len();
    let used = std::fs::read(segment(whole.path(), 1).join("db")).unwrap();
    let used = used.iter().rposition(|&byte| byte != 0).unwrap() as u64;
    for (at, cut) in [
        (used / 3, false),
        (used / 2, false),
        (used / 2, true),
        (0, true),
        (length / 2, true),
    ] {
        let state = tempfile::tempdir().unwrap();
        fixture::copy(whole.path(), state.path());
        let file = segment(state.path(), 1).join("db");
        let mut bytes = std::fs::read(&file).unwrap();
        if cut {
            bytes.truncate(at as usize);
        } else {
            bytes[at as usize..][..64].fill(0xa5);
        }
        std::fs::write(&file, bytes).unwrap();
        // Either sled still has every record, or somebody says what is wrong.
        if let Ok(None) = verdict(state.path()) {
            let journal = open(state.path(), 1_000_000);
            assert_eq!(
                journal.session_records(1).unwrap().len(),
                58,
                "at {at}, cut {cut}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any bit of any key's value, and any key taken away, wherever and however long the records are.
    #[test]
    fn no_bit_of_the_log_can_change_unnoticed(
        lengths in prop::collection::vec(prop_oneof![0..300usize, 2_500..5_000usize, 9_000..20_000usize], 1..25),
        together in 1..6usize,
        at in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
        remove in any::<bool>(),
    ) {
        let state = tempfile::tempdir().unwrap();
        let journal = open(state.path(), 1_000_000);
        for (number, length) in lengths.iter().enumerate() {
            let event = long(number as u64, *length);
            if number % together == 0 {
                journal.append_durable(1, event).wait().unwrap();
            } else {
                journal.append(1, event).unwrap();
            }
        }
        drop(journal);
        prop_assert_eq!(verdict(state.path()), Ok(None));
        with_sled(&segment(state.path(), 1), |db| {
            let keys: Vec<_> = db.iter().keys().map(Result::unwrap).collect();
            let key = at.get(&keys);
            if remove {
                db.remove(key).unwrap();
            } else {
                let mut value = db.get(key).unwrap().unwrap().to_vec();
                let bit = bit.index(value.len() * 8);
                value[bit / 8] ^= 1 << (bit % 8);
                db.insert(key, value).unwrap();
            }
        });
        prop_assert_ne!(verdict(state.path()), Ok(None));
    }
}
