//! What the tests of this crate share: opening a store.

use std::{path::Path, sync::Arc};

use wardgate_store_sql::SqlStore;

pub async fn open(path: &Path) -> Arc<SqlStore> {
    SqlStore::open_sqlite(path, None).await.unwrap()
}
