//! The store as the control side uses it: the file that records are in, over a handle of its own, so that neither waits for the
//! other's connections; opened again after a failure of the disk.

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;
use wardgate_model::OverrideId;
use wardgate_store::{
    Cursor, Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides, Page, Reply, Retry,
    StoreError, Timestamp,
};
use wardgate_store_sql::SqlStore;

pub struct OpenStore {
    path: PathBuf,
    sql: ArcSwap<SqlStore>,
    opening: Mutex<()>,
}

impl OpenStore {
    /// Opens the store in a file, making it if it is not there.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(path: PathBuf) -> Result<OpenStore, StoreError> {
        let sql = SqlStore::open_sqlite(&path, None).await?;
        Ok(OpenStore {
            path,
            sql: ArcSwap::new(sql),
            opening: Mutex::default(),
        })
    }

    pub async fn close(&self) {
        self.sql.load().close().await;
    }

    /// Opens the file anew when that may help whoever comes next.
    async fn mend(&self, failed: &Arc<SqlStore>, fault: Option<&StoreError>) {
        if fault.is_none_or(|fault| fault.retry() != Retry::AfterReopen) {
            return;
        }
        let _alone = self.opening.lock().await;
        if !Arc::ptr_eq(failed, &self.sql.load()) {
            return;
        }
        match SqlStore::open_sqlite(&self.path, Some(failed.id())).await {
            Ok(sql) => {
                self.sql.store(sql);
                failed.close().await;
            }
            Err(fault) => tracing::debug!(%fault, "the store is not opened again yet"),
        }
    }
}

impl Overrides for OpenStore {
    fn create<'a>(&'a self, item: &'a Override) -> Reply<'a, ()> {
        Box::pin(async move {
            let sql = self.sql.load_full();
            let done = sql.create(item).await;
            self.mend(&sql, done.as_ref().err()).await;
            done
        })
    }

    fn lift<'a>(&'a self, id: &'a OverrideId, lift: &'a Lift) -> Reply<'a, Lifted, OverrideError> {
        Box::pin(async move {
            let sql = self.sql.load_full();
            let done = sql.lift(id, lift).await;
            let fault = match &done {
                Err(OverrideError::Store(fault)) => Some(fault),
                Ok(_) | Err(OverrideError::Ended | OverrideError::Twice) => None,
            };
            self.mend(&sql, fault).await;
            done
        })
    }

    fn active(&self, now: Timestamp) -> Reply<'_, Vec<Override>> {
        Box::pin(async move {
            let sql = self.sql.load_full();
            let done = sql.active(now).await;
            self.mend(&sql, done.as_ref().err()).await;
            done
        })
    }

    fn list<'a>(
        &'a self,
        filter: &'a OverrideFilter,
        after: Option<&'a Cursor>,
        limit: u32,
    ) -> Reply<'a, Page<Override>> {
        Box::pin(async move {
            let sql = self.sql.load_full();
            let done = sql.list(filter, after, limit).await;
            self.mend(&sql, done.as_ref().err()).await;
            done
        })
    }
}
