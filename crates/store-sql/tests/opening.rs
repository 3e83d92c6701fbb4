//! Opening a store: what it makes of the file, and which files it refuses.

mod shared;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use wardgate_store::{
    Fault, StoreError,
    conformance::sample::{head_of, lines, tenant},
};
use wardgate_store_sql::SqlStore;

async fn refusal(path: &Path) -> StoreError {
    match SqlStore::open_sqlite(path, None).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

/// A store with some lines in it.
async fn filled_store(path: &Path) -> Arc<SqlStore> {
    let store = shared::open(path).await;
    let lines = lines("acme", 1, 500);
    let records = store.ports().records;
    records.append(&lines, &head_of(&lines)).await.unwrap();
    store
}

#[tokio::test]
async fn only_its_owner_can_read_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o664)).unwrap();
    let _store = filled_store(&path).await;
    let files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap())
        .collect();
    assert_eq!(
        files.len(),
        3,
        "the file, its WAL and the WAL's index: {files:?}"
    );
    for file in files {
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_store_keeps_its_id_and_no_two_have_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let id = shared::open(&path).await.id().to_owned();
    assert_eq!(id.len(), 32);
    let again = SqlStore::open_sqlite(&path, Some(&id)).await.unwrap();
    assert_eq!(again.id(), id);
    let other = shared::open(&elsewhere).await.id().to_owned();
    assert_ne!(other, id);
    let mixed_up = SqlStore::open_sqlite(&elsewhere, Some(&id)).await.err();
    let refused = StoreError::ForeignStore {
        expected: id,
        found: other,
    };
    assert_eq!(mixed_up, Some(refused));
}

#[tokio::test]
async fn two_starts_at_once_make_one_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    let (one, other) = futures_util::future::join(shared::open(&path), shared::open(&path)).await;
    assert_eq!(one.id(), other.id());
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = refusal(&folder.path().join("missing/wardgate.db")).await;
    let a_folder = refusal(folder.path()).await;
    for error in [nowhere, a_folder] {
        assert!(matches!(error, StoreError::Unopenable { .. }), "{error:?}");
        assert_eq!(error.fault(), Fault::Operator);
        // The path is for the log; the sentence may be shown to anybody.
        let place = folder.path().to_str().unwrap();
        assert!(error.detail().unwrap().contains(place));
        assert!(!error.to_string().contains(place));
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    filled_store(&path).await.close().await;
    let whole = fs::read(&path).unwrap();
    let mut garbage = whole.clone();
    garbage[..4096].fill(0x5a);
    for damaged in [
        &whole[..whole.len() / 2],
        &whole[..5000],
        &garbage,
        b"not a database at all",
    ] {
        fs::write(&path, damaged).unwrap();
        let error = refusal(&path).await;
        assert!(
            matches!(error, StoreError::Corrupt { .. }),
            "{} {error:?}",
            damaged.len()
        );
    }
}

#[tokio::test]
async fn damage_inside_is_found_when_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    filled_store(&path).await.close().await;
    shared::open(&path).await.check_integrity().await.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let found = shared::open(&path).await.check_integrity().await;
    assert!(
        matches!(found, Err(StoreError::Corrupt { .. })),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_torn_wal_is_read_up_to_the_tear() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let store = shared::open(&path).await;
    let records = store.ports().records;
    let mut whole = 0;
    for (from, to) in [(1, 10), (11, 20)] {
        let lines = lines("acme", from, to);
        records.append(&lines, &head_of(&lines)).await.unwrap();
        if to == 10 {
            whole = fs::metadata(folder.path().join("a.db-wal")).unwrap().len();
        }
    }
    // What a power cut leaves: the second transaction only in part.
    let wal = fs::read(folder.path().join("a.db-wal")).unwrap();
    assert!(wal.len() as u64 > whole + 100);
    fs::copy(&path, &copy).unwrap();
    fs::write(folder.path().join("b.db-wal"), &wal[..wal.len() - 100]).unwrap();
    let torn = shared::open(&copy).await;
    torn.check_integrity().await.unwrap();
    let chain = torn
        .ports()
        .records
        .chain(&tenant("acme"), 0, 100)
        .await
        .unwrap();
    assert_eq!(chain, lines("acme", 1, 10));
}
