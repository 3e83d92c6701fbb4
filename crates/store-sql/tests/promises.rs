//! Every promise of the ports, held by the store over a SQLite file.

mod shared;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wardgate_store::conformance::{self, Subject};
use wardgate_store_sql::SqlStore;

/// An empty store, in a directory that goes when the guard does.
async fn empty() -> (Subject, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    let store = shared::open(&path).await;
    let path = Arc::new(path);
    let again = move || -> BoxFuture<'static, _> {
        let path = path.clone();
        Box::pin(async move { shared::open(&path).await.ports() })
    };
    let subject = Subject {
        store: SqlStore::ports(&store),
        again: Box::new(again),
        spawn,
    };
    (subject, folder)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the race waits for every contender"
)]
fn spawn(work: BoxFuture<'static, ()>) -> BoxFuture<'static, ()> {
    let running = tokio::spawn(work);
    Box::pin(async move { running.await.unwrap() })
}

macro_rules! tests {
    ($($module:ident::$promise:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $promise() {
            let (subject, _folder) = empty().await;
            conformance::$module::$promise(&subject).await;
        }
    )*};
}

wardgate_store::every_promise!(tests);
