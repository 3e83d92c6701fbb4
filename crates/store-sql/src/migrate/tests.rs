//! Every older store opens as the newest, a failing migration changes nothing, and what we do not know stays untouched.

use std::path::Path;

use sqlx::{Executor, Row as _};
use wardgate_model::TenantId;
use wardgate_store::{
    ApprovalFilter, ApprovalState, Lift, Lifted, RecordFilter, StoreError, Timestamp, UsageBy,
};

use super::*;
use crate::SqlStore;

/// What a store of version n + 1 held stands at n. A migration without its fixture does not pass.
const FIXTURES: &[&str] = &[include_str!("../../fixtures/sqlite/0001.sql")];

/// Makes the store that a version of ours, or one to come, would have left behind.
async fn left_behind(path: &Path, migrations: &'static [&'static str], rows: &'static str) {
    let db = Database::open(path).await.unwrap();
    run(&db, migrations).await.unwrap();
    let mut transaction = db.begin().await.unwrap();
    transaction.execute(sqlx::raw_sql(rows)).await.unwrap();
    transaction.commit().await.unwrap();
    db.close().await;
}

async fn schema(store: &SqlStore) -> Vec<(String, Option<String>)> {
    let mut read = store.db.read().await.unwrap();
    let rows = sqlx::query("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .fetch_all(&mut *read)
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get("name"), row.get("sql")))
        .collect()
}

#[tokio::test]
async fn every_older_store_opens_as_the_newest() {
    assert_eq!(
        FIXTURES.len(),
        MIGRATIONS.len(),
        "each version has its fixture"
    );
    let folder = tempfile::tempdir().unwrap();
    let fresh = SqlStore::open_sqlite(&folder.path().join("fresh.db"), None)
        .await
        .unwrap();
    for (at, rows) in FIXTURES.iter().enumerate() {
        let path = folder.path().join(format!("{at}.db"));
        left_behind(&path, &MIGRATIONS[..=at], rows).await;
        let store = SqlStore::open_sqlite(&path, None).await.unwrap();
        assert_eq!(schema(&store).await, schema(&fresh).await);
        holds_the_first_rows(&store.ports()).await;
        store.check_integrity().await.unwrap();
    }
}

/// The rows of the first fixture, as every later schema must still show them. Later fixtures hold them too.
async fn holds_the_first_rows(store: &wardgate_store::Store) {
    let acme = TenantId::new("acme");
    let now = Timestamp::from_millis(4_000);
    assert_eq!(
        store
            .api_keys
            .list(Some(&acme), None, 9)
            .await
            .unwrap()
            .items
            .len(),
        2
    );
    let approvals = store
        .approvals
        .list(&ApprovalFilter::default(), None, 9)
        .await
        .unwrap();
    let approval = &approvals.items[0];
    assert_eq!(
        (approval.state, approval.votes.len()),
        (ApprovalState::Approved, 2)
    );
    let used = store
        .approvals
        .consume(&approval.request.binding, now)
        .await
        .unwrap();
    assert_eq!(
        used.map(|used| used.request.needs),
        Some(approval.request.needs.clone())
    );
    let active = store.overrides.active(now).await.unwrap();
    let second = Lift {
        by: wardgate_model::PersonId::new("lead@acme.test"),
        reason: "agreed".to_owned(),
        at: now,
    };
    let lifted = store.overrides.lift(&active[0].id, &second).await.unwrap();
    assert!(matches!(lifted, Lifted::Done(_)), "{lifted:?}");
    let page = store
        .records
        .page(&RecordFilter::default(), None, 9)
        .await
        .unwrap();
    let texts: Vec<_> = page.items.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["{\"seq\":2}", "{\"seq\":1}"]);
    assert_eq!(store.records.unfinished(9).await.unwrap().len(), 1);
    assert_eq!(
        store
            .records
            .head(&acme)
            .await
            .unwrap()
            .map(|head| head.seq),
        Some(2)
    );
    assert_eq!(
        store
            .checkpoints
            .latest(&acme)
            .await
            .unwrap()
            .map(|latest| latest.size),
        Some(2)
    );
    assert_eq!(store.usage.load(now).await.unwrap().len(), 1);
    let sums = store
        .usage
        .sums(UsageBy::Tenant, None, Timestamp::default(), now)
        .await
        .unwrap();
    assert_eq!(sums[0].spend.cost_micro_usd, 2);
}

#[tokio::test]
async fn a_failing_migration_leaves_the_schema_before_it() {
    const BREAKING: &[&str] = &[
        MIGRATIONS[0],
        "CREATE TABLE later (x TEXT) STRICT; DROP TABLE counters; CREATE TABLE later (x TEXT) STRICT;",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    let db = Database::open(&path).await.unwrap();
    let failed = run(&db, BREAKING).await.unwrap_err();
    assert!(matches!(failed, StoreError::Internal { .. }), "{failed:?}");
    assert_eq!(version(&mut db.read().await.unwrap()).await, Ok(1));
    db.close().await;
    let store = SqlStore::open_sqlite(&path, None).await.unwrap();
    let tables = schema(&store).await;
    assert!(tables.iter().any(|(name, _)| name == "counters"));
    assert!(!tables.iter().any(|(name, _)| name == "later"));
}

#[tokio::test]
async fn a_store_of_a_later_version_is_refused_untouched() {
    const LATER: &[&str] = &[MIGRATIONS[0], "CREATE TABLE later (x TEXT) STRICT;"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    left_behind(&path, LATER, FIXTURES[0]).await;
    let before = std::fs::read(&path).unwrap();
    let refused = SqlStore::open_sqlite(&path, None).await.err();
    assert_eq!(
        refused,
        Some(StoreError::FutureSchema { found: 2, known: 1 })
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn another_programs_database_is_refused_untouched() {
    for rows in [
        "CREATE TABLE songs (title TEXT);",
        "CREATE TABLE meta (name TEXT, value TEXT);",
        "CREATE TABLE meta (name TEXT, value TEXT); INSERT INTO meta VALUES ('schema_version', '-1');",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("songs.db");
        left_behind(&path, &[], rows).await;
        let before = std::fs::read(&path).unwrap();
        let refused = SqlStore::open_sqlite(&path, None).await.err();
        assert!(
            matches!(refused, Some(StoreError::Unopenable { .. })),
            "{refused:?}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), before, "{rows}");
    }
}
