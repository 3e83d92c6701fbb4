//! The connections: one that writes, a few that read. After a write failed in the disk or the file, the writer is poisoned:
//! what reached the disk is unknown, and a later fsync that succeeds would prove nothing, so nothing is acknowledged until
//! the store is opened again.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection as _, pool::PoolOptions};
use wardgate_store::{ApprovalError, OverrideError, Reply, StoreError};

use crate::{
    dialect::{self, Db},
    fault,
};

pub(crate) type Transaction = sqlx::Transaction<'static, Db>;

/// How long anybody waits for a connection before the store counts as busy.
const WAIT_MAX: Duration = Duration::from_secs(1);
const READERS_MAX: u32 = 4;

pub(crate) struct Database {
    writer: sqlx::Pool<Db>,
    readers: sqlx::Pool<Db>,
    poisoned: AtomicBool,
    /// In bytes; a writing connection takes it over when it is made.
    size_max: Arc<AtomicU64>,
}

impl Database {
    pub(crate) async fn open(path: &Path) -> Result<Database, StoreError> {
        dialect::make_private(path)?;
        let options = dialect::options(path);
        let size_max = Arc::new(AtomicU64::new(u64::MAX));
        let writer = connections(1)
            .after_connect({
                let size_max = size_max.clone();
                move |connection, _| {
                    let bytes = size_max.load(Ordering::Acquire);
                    Box::pin(dialect::cap_size(connection, bytes))
                }
            })
            .connect_with(options.clone())
            .await
            .map_err(fault::on_open)?;
        dialect::check_engine(&writer).await?;
        let readers = connections(READERS_MAX).connect_lazy_with(dialect::reading(options));
        Ok(Database {
            writer,
            readers,
            poisoned: AtomicBool::new(false),
            size_max,
        })
    }

    /// Makes one change of `work`: refuses it on a poisoned writer, and poisons the writer if the disk or the file fails.
    pub(crate) fn write<'a, T, E: Failure>(
        &'a self,
        work: impl Future<Output = Result<T, E>> + Send + 'a,
    ) -> Reply<'a, T, E> {
        Box::pin(async move {
            if self.is_poisoned() {
                return Err(StoreError::Poisoned.into());
            }
            let done = work.await;
            if let Err(error) = &done
                && let Some(StoreError::Io { .. } | StoreError::Corrupt { .. }) = error.of_store()
            {
                self.poisoned.store(true, Ordering::Release);
            }
            done
        })
    }

    /// Begins a transaction that holds the write lock; to be used inside [`Database::write`]. It is undone unless it is
    /// committed.
    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let begun = self.writer.begin_with(dialect::BEGIN_WRITE).await;
        // Whoever waited for the connection may have waited for the one that poisoned it.
        if self.is_poisoned() {
            return Err(StoreError::Poisoned);
        }
        begun.map_err(fault::of)
    }

    /// A transaction in which every statement reads the same moment.
    pub(crate) async fn read(&self) -> Result<Transaction, StoreError> {
        self.readers.begin().await.map_err(fault::of)
    }

    /// Caps the file at so many bytes, from now on.
    pub(crate) async fn cap_size(&self, bytes: u64) -> Result<(), StoreError> {
        self.size_max.store(bytes, Ordering::Release);
        let mut writer = self.writer.acquire().await.map_err(fault::of)?;
        dialect::cap_size(&mut writer, bytes)
            .await
            .map_err(fault::of)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }
}

/// Makes durable what a transaction did.
pub(crate) async fn commit(transaction: Transaction) -> Result<(), StoreError> {
    transaction.commit().await.map_err(fault::of)
}

/// Connections that stay open for as long as they are good.
fn connections(max: u32) -> PoolOptions<Db> {
    PoolOptions::new()
        .max_connections(max)
        .acquire_timeout(WAIT_MAX)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .after_release(|connection: &mut dialect::Connection, _| {
            Box::pin(async move {
                // A rollback that is due is made before this is answered. The database may have undone the transaction by
                // itself, as SQLite does when the disk is full; sqlx then believes in it for ever, so the connection goes.
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
}

/// An error of a port, which may be one of the store below it.
pub(crate) trait Failure: From<StoreError> + Send {
    fn of_store(&self) -> Option<&StoreError>;
}

impl Failure for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl Failure for ApprovalError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            ApprovalError::Store(error) => Some(error),
            ApprovalError::TooMany { .. }
            | ApprovalError::Closed { .. }
            | ApprovalError::Own
            | ApprovalError::Twice
            | ApprovalError::NoSay => None,
        }
    }
}

impl Failure for OverrideError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            OverrideError::Store(error) => Some(error),
            OverrideError::Ended | OverrideError::Twice => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor;

    use super::*;

    async fn database(folder: &tempfile::TempDir) -> Database {
        Database::open(&folder.path().join("wardgate.db"))
            .await
            .unwrap()
    }

    async fn execute(db: &Database, statements: &'static str) -> Result<(), StoreError> {
        db.write(async {
            let mut transaction = db.begin().await?;
            let done = transaction.execute(sqlx::raw_sql(statements)).await;
            done.map_err(fault::of)?;
            transaction.commit().await.map_err(fault::of)
        })
        .await
    }

    #[tokio::test]
    async fn a_transaction_the_database_undid_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder).await;
        execute(
            &db,
            "CREATE TABLE t (n INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);",
        )
        .await
        .unwrap();
        db.cap_size(1_000_000).await.unwrap();
        execute(&db, "INSERT OR ROLLBACK INTO t VALUES (1);")
            .await
            .unwrap_err();
        execute(&db, "INSERT INTO t VALUES (2);").await.unwrap();
        let mut transaction = db.begin().await.unwrap();
        let pages: i64 = sqlx::query_scalar("PRAGMA max_page_count")
            .fetch_one(&mut *transaction)
            .await
            .unwrap();
        assert_eq!(
            pages,
            1_000_000 / 4_096,
            "the next connection knows the cap"
        );
    }

    #[tokio::test]
    async fn what_is_not_committed_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder).await;
        execute(&db, "CREATE TABLE t (n INTEGER);").await.unwrap();
        let mut transaction = db.begin().await.unwrap();
        transaction
            .execute("INSERT INTO t VALUES (1)")
            .await
            .unwrap();
        drop(transaction);
        execute(&db, "INSERT INTO t VALUES (2);").await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM t")
            .fetch_one(&mut *db.read().await.unwrap())
            .await
            .unwrap();
        assert_eq!(rows, 1);
    }

    #[tokio::test]
    async fn who_waits_too_long_hears_that_the_store_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder).await;
        let _held = db.begin().await.unwrap();
        assert_eq!(db.begin().await.err(), Some(StoreError::Busy));
        let other_process = database(&folder).await;
        assert_eq!(other_process.begin().await.err(), Some(StoreError::Busy));
    }

    #[tokio::test]
    async fn connections_are_set_for_durable_writes() {
        let folder = tempfile::tempdir().unwrap();
        let db = database(&folder).await;
        for mut connection in [db.begin().await.unwrap(), db.read().await.unwrap()] {
            for (pragma, expected) in [
                ("SELECT journal_mode FROM pragma_journal_mode", "wal"),
                (
                    "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
                    "2",
                ),
                (
                    "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys",
                    "1",
                ),
                (
                    "SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout",
                    "1000",
                ),
            ] {
                let set: String = sqlx::query_scalar(pragma)
                    .fetch_one(&mut *connection)
                    .await
                    .unwrap();
                assert_eq!(set, expected, "{pragma}");
            }
        }
        let mut read = db.read().await.unwrap();
        let refused = read
            .execute("CREATE TABLE t (n INTEGER)")
            .await
            .map_err(fault::of);
        assert!(
            matches!(refused, Err(StoreError::Unopenable { .. })),
            "{refused:?}"
        );
    }
}
