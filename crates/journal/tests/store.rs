//! Grants, accounts and keys: what is changed stays changed. The directory: one user, one owner, one clear line.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use journal::{Dba, Grant, Journal, JournalConfig, JournalError, Store, StoreError, Verifier};

fn grant(name: &str) -> Grant {
    Grant {
        name: name.to_owned(),
        user: "alice@example.com".to_owned(),
        agent: "claude-code".to_owned(),
        database: "shop".to_owned(),
        roles: vec!["reader".to_owned()],
        purpose: Some("ü".repeat(6_000)),
        verifier: Verifier("SCRAM-SHA-256$4096:salt$stored:server".to_owned()),
        created_us: 1,
        created_by: "cli".to_owned(),
        expires_us: 100,
        revoked_us: None,
    }
}

#[test]
fn grants_and_accounts_outlive_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let (one, other) = (grant("claude-code.k7f3q2"), grant("claude-code.k7f3q"));
    let dana = |role: &str| Dba {
        name: "dana".to_owned(),
        roles: vec![role.to_owned()],
        verifier: Verifier("SCRAM-SHA-256$4096:salt$stored:server".to_owned()),
    };
    let keys = {
        let store = Store::open(state.path()).unwrap();
        store.create_grant(&one).unwrap();
        store.create_grant(&other).unwrap();
        assert!(matches!(
            store.create_grant(&one),
            Err(StoreError::NameTaken(_))
        ));
        assert_eq!(
            store.revoke_grant(&one.name, 50).unwrap().revoked_us,
            Some(50)
        );
        assert_eq!(
            store.revoke_grant(&one.name, 60).unwrap().revoked_us,
            Some(50)
        );
        assert!(matches!(
            store.revoke_grant("nobody", 1),
            Err(StoreError::NotFound(_))
        ));
        assert!(!store.put_dba(&dana("junior")).unwrap());
        assert!(store.put_dba(&dana("dba")).unwrap());
        assert!(
            !store
                .put_dba(&Dba {
                    name: "eve".to_owned(),
                    ..dana("dba")
                })
                .unwrap()
        );
        store.remove_dba("eve").unwrap();
        assert!(matches!(
            store.remove_dba("eve"),
            Err(StoreError::NotFound(_))
        ));
        (store.mask_key(), store.mock_key())
    };
    assert_ne!(keys.0, keys.1);
    let store = Store::open(state.path()).unwrap();
    assert_eq!((store.mask_key(), store.mock_key()), keys);
    let revoked = Grant {
        revoked_us: Some(50),
        ..one.clone()
    };
    assert_eq!(store.grant(&one.name).unwrap(), Some(revoked.clone()));
    assert_eq!(store.grants().unwrap(), [other, revoked]);
    assert_eq!(store.dbas().unwrap(), [dana("dba")]);
    assert_eq!(store.dba("dana").unwrap(), Some(dana("dba")));
    assert_eq!(store.dba("eve").unwrap(), None);
}

#[test]
fn a_name_that_cannot_be_is_nobodys() {
    let state = tempfile::tempdir().unwrap();
    let store = Store::open(state.path()).unwrap();
    for name in ["", "a\0b", &"n".repeat(256)] {
        assert_eq!(store.create_grant(&grant(name)), Err(StoreError::BadName));
        assert_eq!(store.grant(name), Ok(None));
        assert_eq!(store.dba(name), Ok(None));
    }
}

#[test]
fn two_stores_have_different_keys() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, other) = (
        Store::open(one.path()).unwrap(),
        Store::open(other.path()).unwrap(),
    );
    assert_ne!(one.mask_key(), other.mask_key());
}

#[test]
fn a_state_directory_has_one_user_at_a_time() {
    let state = tempfile::tempdir().unwrap();
    let in_use = Some(format!(
        "state directory {} is in use",
        state.path().display()
    ));
    {
        let _store = Store::open(state.path()).unwrap();
        let _journal = Journal::open(state.path(), JournalConfig::default()).unwrap();
        assert_eq!(
            Store::open(state.path()).err().map(|e| e.to_string()),
            in_use
        );
        let again = Journal::open(state.path(), JournalConfig::default());
        assert_eq!(again.err().map(|e| e.to_string()), in_use);
    }
    Store::open(state.path()).unwrap();
    Journal::open(state.path(), JournalConfig::default()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_is_one_clear_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [
        file.path(),
        &file.path().join("state"),
        Path::new("/proc/tollgate"),
    ] {
        let errors = [
            Store::open(path).err(),
            Journal::open(path, JournalConfig::default()).err(),
        ];
        for error in errors {
            let error = error.unwrap();
            assert!(matches!(error, JournalError::Directory { .. }), "{error}");
            let text = error.to_string();
            assert!(
                text.starts_with(&format!(
                    "state directory {} cannot be used: ",
                    path.display()
                )),
                "{text}"
            );
            assert!(!text.contains('\n'), "{text}");
        }
    }
}

#[test]
fn only_its_owner_may_look_into_it() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    let _store = Store::open(&state).unwrap();
    let _journal = Journal::open(&state, JournalConfig::default()).unwrap();
    for path in [state.clone(), state.join("store"), state.join("journal")] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}
