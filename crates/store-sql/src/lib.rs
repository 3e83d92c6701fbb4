//! The store in SQL: every port of `wardgate-store` over one SQLite file. The only crate that knows sqlx.
//!
//! One connection writes, a few read. SQL is written for SQLite and PostgreSQL alike; what differs is in `dialect.rs`
//! and in the migrations. Each port has a file of its own.

mod api_keys;
mod approvals;
mod checkpoints;
mod db;
mod dialect;
mod fault;
mod migrate;
mod overrides;
mod page;
mod records;
mod row;
mod statement;
mod usage;
mod votes;

use std::{path::Path, sync::Arc};

use wardgate_store::{Store, StoreError};

use crate::db::Database;

/// An open store.
pub struct SqlStore {
    db: Database,
    id: String,
}

impl SqlStore {
    /// Opens the store in a SQLite file, which is made if it is not there, readable to its owner only, and brought to the
    /// newest schema. `expected_id` is the id this installation has seen before, if it has.
    ///
    /// # Errors
    /// `Unopenable`, `Corrupt`, `OldEngine`, `FutureSchema`, `ForeignStore`, or what a migration failed with; the file then
    /// has the schema it had.
    pub async fn open_sqlite(
        path: &Path,
        expected_id: Option<&str>,
    ) -> Result<Arc<SqlStore>, StoreError> {
        let db = Database::open(path).await?;
        let id = migrate::to_newest(&db).await?;
        match expected_id {
            Some(expected) if expected != id => Err(StoreError::ForeignStore {
                expected: expected.to_owned(),
                found: id,
            }),
            _ => Ok(Arc::new(SqlStore { db, id })),
        }
    }

    /// Made once with the file, at random: two installations' stores cannot be taken for each other.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Every port of this store.
    pub fn ports(self: &Arc<Self>) -> Store {
        Store {
            api_keys: self.clone(),
            approvals: self.clone(),
            overrides: self.clone(),
            records: self.clone(),
            checkpoints: self.clone(),
            usage: self.clone(),
        }
    }

    /// Caps the size of the file; beyond it writes are refused as `Full`. `None` lifts the cap.
    pub async fn cap_size(&self, bytes_max: Option<u64>) -> Result<(), StoreError> {
        self.db.cap_size(bytes_max.unwrap_or(u64::MAX)).await
    }

    /// Reads the whole file and checks it. Takes as long as that takes.
    ///
    /// # Errors
    /// `Corrupt`, with the first finding.
    pub async fn check_integrity(&self) -> Result<(), StoreError> {
        dialect::check_integrity(&self.db).await
    }

    /// Closes the file in order. Work under way is waited for; later work is refused.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
