//! Callers that share one child process, which answers in any order on its standard output.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::JoinSet;

use super::Lane;
use super::http_lane::next_id;
use crate::message;

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<usize>>>>;

/// The child. It ends with the last of its lanes.
pub struct StdioChild {
    /// One line at a time: the lock is held while a line is written, which may wait for the child to read.
    input: AsyncMutex<ChildStdin>,
    waiting: Waiting,
    _reader: JoinSet<()>,
    _child: Child,
}

impl StdioChild {
    /// Starts the echo of this program.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Arc<StdioChild>> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("stdio-echo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().context("cannot start the child")?;
        let input = child.stdin.take().context("the child has no input")?;
        let output = child.stdout.take().context("the child has no output")?;
        let waiting = Waiting::default();
        let mut reader = JoinSet::new();
        reader.spawn(read(output, waiting.clone()));
        Ok(Arc::new(StdioChild {
            input: AsyncMutex::new(input),
            waiting,
            _reader: reader,
            _child: child,
        }))
    }
}

/// Gives each line to the caller that waits for its id, until the child ends.
async fn read(output: ChildStdout, waiting: Waiting) {
    let mut lines = BufReader::with_capacity(128 * 1024, output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(caller) = id(&line).and_then(|id| lock(&waiting).remove(&id)) {
            // The caller may have given up.
            let _ = caller.send(line.len());
        }
    }
    lock(&waiting).clear();
}

/// The echo writes the id where it was asked to: right behind the version.
fn id(line: &str) -> Option<u64> {
    line.strip_prefix(r#"{"jsonrpc":"2.0","id":"#)?
        .split(',')
        .next()?
        .parse()
        .ok()
}

fn lock(waiting: &Waiting) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<usize>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A caller that makes the same call again and again.
pub struct StdioLane {
    child: Arc<StdioChild>,
    message: message::Request,
    reply_bytes_min: usize,
}

impl StdioLane {
    pub fn open(
        child: Arc<StdioChild>,
        message: message::Request,
        reply_bytes_min: usize,
    ) -> StdioLane {
        StdioLane {
            child,
            message,
            reply_bytes_min,
        }
    }
}

impl Lane for StdioLane {
    async fn call(&mut self) -> Result<()> {
        let id = next_id();
        let mut line = self.message.body(id);
        line.push(b'\n');
        let (sender, answer) = oneshot::channel();
        lock(&self.child.waiting).insert(id, sender);
        self.child.input.lock().await.write_all(&line).await?;
        let bytes = answer.await.context("the child has ended")?;
        ensure!(
            bytes >= self.reply_bytes_min,
            "{bytes} bytes are not the whole answer"
        );
        Ok(())
    }
}
