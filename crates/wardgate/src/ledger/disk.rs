//! The database of records, opened again when a failure of the disk asks for it.

use std::{path::PathBuf, sync::Arc};

use wardgate_store::{Checkpoints, Records, StoreError};
use wardgate_store_sql::SqlStore;

pub struct Disk {
    path: PathBuf,
    file_bytes_max: Option<u64>,
    store: Arc<SqlStore>,
}

impl Disk {
    pub fn new(path: PathBuf, file_bytes_max: Option<u64>, store: Arc<SqlStore>) -> Disk {
        Disk {
            path,
            file_bytes_max,
            store,
        }
    }

    pub fn records(&self) -> &dyn Records {
        &*self.store
    }

    pub fn checkpoints(&self) -> &dyn Checkpoints {
        &*self.store
    }

    /// # Errors
    /// As [`SqlStore::open_sqlite`]; the old handle then stays.
    pub async fn open_again(&mut self) -> Result<(), StoreError> {
        let store = SqlStore::open_sqlite(&self.path, Some(self.store.id())).await?;
        store.cap_size(self.file_bytes_max).await?;
        let old = std::mem::replace(&mut self.store, store);
        old.close().await;
        Ok(())
    }

    pub async fn close(&self) {
        self.store.close().await;
    }
}
