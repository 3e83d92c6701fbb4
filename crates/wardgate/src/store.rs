//! The store as the control side uses it: the file that records are in, over a handle of its own, so that neither waits for the
//! other's connections; opened again after a failure of the disk.

mod through;

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwapOption;
use tokio::sync::Mutex;
use wardgate_model::OverrideId;
use wardgate_store::{
    Cursor, Lift, Lifted, Override, OverrideError, OverrideFilter, Overrides, Page, Reply, Retry,
    StoreError, Timestamp,
};
use wardgate_store_sql::SqlStore;

pub struct OpenStore {
    path: PathBuf,
    sql: ArcSwapOption<SqlStore>,
    opening: Mutex<()>,
}

impl OpenStore {
    /// Opens the store in a file, making it if it is not there.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(path: PathBuf) -> Result<OpenStore, StoreError> {
        let store = OpenStore::later(path);
        store.sql().await?;
        Ok(store)
    }

    /// The store in a file that is made by the first change, here or by another process. Until then nothing is remembered.
    pub fn later(path: PathBuf) -> OpenStore {
        OpenStore {
            path,
            sql: ArcSwapOption::empty(),
            opening: Mutex::default(),
        }
    }

    pub async fn close(&self) {
        if let Some(sql) = self.sql.load_full() {
            sql.close().await;
        }
    }

    async fn sql(&self) -> Result<Arc<SqlStore>, StoreError> {
        if let Some(sql) = self.sql.load_full() {
            return Ok(sql);
        }
        let _alone = self.opening.lock().await;
        if let Some(sql) = self.sql.load_full() {
            return Ok(sql);
        }
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| StoreError::Unopenable {
                detail: error.to_string(),
            })?;
        }
        let sql = SqlStore::open_sqlite(&self.path, None).await?;
        self.sql.store(Some(sql.clone()));
        Ok(sql)
    }

    /// The store, if there is one.
    async fn existing(&self) -> Result<Option<Arc<SqlStore>>, StoreError> {
        match self.sql.load().is_some() || self.path.exists() {
            true => self.sql().await.map(Some),
            false => Ok(None),
        }
    }

    /// Opens the file anew when that may help whoever comes next.
    async fn mend(&self, failed: &Arc<SqlStore>, fault: Option<&StoreError>) {
        if fault.is_none_or(|fault| fault.retry() != Retry::AfterReopen) {
            return;
        }
        let _alone = self.opening.lock().await;
        let current = self.sql.load_full();
        if !current.is_some_and(|current| Arc::ptr_eq(failed, &current)) {
            return;
        }
        match SqlStore::open_sqlite(&self.path, Some(failed.id())).await {
            Ok(sql) => {
                self.sql.store(Some(sql));
                failed.close().await;
            }
            Err(fault) => tracing::debug!(%fault, "the store is not opened again yet"),
        }
    }
}

impl Overrides for OpenStore {
    fn create<'a>(&'a self, item: &'a Override) -> Reply<'a, ()> {
        Box::pin(async move {
            let sql = self.sql().await?;
            let done = sql.create(item).await;
            self.mend(&sql, done.as_ref().err()).await;
            done
        })
    }

    fn lift<'a>(&'a self, id: &'a OverrideId, lift: &'a Lift) -> Reply<'a, Lifted, OverrideError> {
        Box::pin(async move {
            let sql = self.sql().await?;
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
            let Some(sql) = self.existing().await? else {
                return Ok(Vec::new());
            };
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
            let Some(sql) = self.existing().await? else {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            };
            let done = sql.list(filter, after, limit).await;
            self.mend(&sql, done.as_ref().err()).await;
            done
        })
    }
}
