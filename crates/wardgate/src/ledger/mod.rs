//! Records in the state folder: one SQLite file, chained per tenant, signed as they grow.
//!
//! `queue.rs` is what calls see of it, `writer.rs` the one thread that writes, `sealing.rs` what becomes of a draft. Several
//! gateways may share a folder; each fences the others off inside the store's transaction.

mod checkpoints;
mod disk;
pub mod files;
pub mod keys;
mod queue;
mod sealing;
mod writer;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
};

use tokio_util::sync::CancellationToken;
use wardgate_ledger::{KeyError, PublicKey};
use wardgate_store::StoreError;
use wardgate_store_sql::SqlStore;

use checkpoints::Signer;
use disk::Disk;
use queue::{Drafts, Queue};
pub use sealing::Redactor;
use writer::Writer;

/// An open ledger.
pub struct Recorder {
    pub queue: Arc<Queue>,
    /// With this and the file anybody can verify.
    pub public_key: PublicKey,
    closing: CancellationToken,
    thread: JoinHandle<()>,
    /// Tells other gateways in the folder that this one may have calls under way.
    _alive: File,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{what} `{}`", path.display())]
    File {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("`{}` holds no key of this program", path.display())]
    Key { path: PathBuf, source: KeyError },
    #[error("`{}`: {source}{}", path.display(), detail(source))]
    Store { path: PathBuf, source: StoreError },
}

fn detail(error: &StoreError) -> String {
    error
        .detail()
        .map_or_else(String::new, |detail| format!(" ({detail})"))
}

impl Recorder {
    /// Opens the ledger in a state folder, making what is not there. Calls that an earlier process left without an outcome get
    /// the outcome `unknown`, unless another gateway in the folder may still have them under way.
    ///
    /// # Errors
    /// When the folder, a key or the database cannot be used.
    pub async fn open(state: &Path, file_bytes_max: Option<u64>) -> Result<Recorder, OpenError> {
        std::fs::create_dir_all(state).map_err(files::fault("cannot make the folder", state))?;
        let (alive, is_alone) = lock(&state.join(files::ALIVE))?;
        let path = state.join(files::DATABASE);
        let of_store = |source| OpenError::Store {
            path: path.clone(),
            source,
        };
        let store = SqlStore::open_sqlite(&path, None).await.map_err(of_store)?;
        store.cap_size(file_bytes_max).await.map_err(of_store)?;
        let signing = keys::signing(state, store.id())?;
        let public_key = signing.public().clone();
        let redactor = Redactor::new(keys::fingerprints(state)?);
        let signer = Signer::new(signing, state.join(files::CHECKPOINTS));
        let (queue, drafts) = Queue::new();
        let queue = Arc::new(queue);
        let mut writer = Writer::new(
            Disk::new(path.clone(), file_bytes_max, store),
            redactor,
            signer,
            queue.clone(),
        );
        writer.read_heads().await.map_err(of_store)?;
        if is_alone {
            let left = writer.finish_the_unfinished().await.map_err(of_store)?;
            if left > 0 {
                tracing::warn!(
                    calls = left,
                    "calls of an earlier process have no known outcome"
                );
            }
            share(&alive).map_err(files::fault("cannot lock", &state.join(files::ALIVE)))?;
        }
        let closing = CancellationToken::new();
        let thread = start(writer, drafts, closing.clone())
            .map_err(files::fault("cannot start a thread for", &path))?;
        Ok(Recorder {
            queue,
            public_key,
            closing,
            thread,
            _alive: alive,
        })
    }

    /// Writes what is left, signs where the chains end, and closes the file.
    pub async fn close(self) {
        self.closing.cancel();
        let ended = tokio::task::spawn_blocking(move || self.thread.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::error!("the writer of records panicked");
        }
    }
}

/// What redacts outside of the writer, with the same fingerprints.
///
/// # Errors
/// When the key cannot be kept.
pub fn redactor(state: &Path) -> Result<Redactor, OpenError> {
    Ok(Redactor::new(keys::fingerprints(state)?))
}

/// Runs the writer on a thread and a runtime of its own.
fn start(writer: Writer, drafts: Drafts, closing: CancellationToken) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("records".into())
        .spawn(move || runtime.block_on(writer.run(drafts, closing)))
}

/// Takes the lock alone if no other gateway has it, else beside them, once none of them is starting.
fn lock(path: &Path) -> Result<(File, bool), OpenError> {
    let fault = files::fault("cannot lock", path);
    let lock = || {
        let file = files::private().append(true).create(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok((file, true)),
            Err(std::fs::TryLockError::WouldBlock) => {
                file.lock_shared()?;
                Ok((file, false))
            }
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    };
    lock().map_err(fault)
}

fn share(lock: &File) -> io::Result<()> {
    lock.unlock()?;
    lock.lock_shared()
}
