//! Records as JSON lines in the state folder, written by a thread of its own so that no call waits for the disk.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread::JoinHandle,
    time::Duration,
};

use wardgate_proxy::record::{Record, RecordSink};

pub struct JsonLines {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    more: Condvar,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    closed: bool,
}

/// Above this, callers wait for the disk rather than fill the memory.
const PENDING_MAX: usize = 16 << 20;

/// A line is on its way to the disk within this time.
const LINGER: Duration = Duration::from_millis(10);

impl JsonLines {
    /// Opens the file for appending, making its folder.
    ///
    /// # Errors
    /// When folder or file cannot be made.
    pub fn open(path: &Path) -> io::Result<JsonLines> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::options().create(true).append(true).open(path)?;
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let writer = std::thread::Builder::new()
            .name("records".into())
            .spawn(move || write(&theirs, file))?;
        Ok(JsonLines {
            shared,
            writer: Some(writer),
        })
    }
}

impl RecordSink for JsonLines {
    fn put(&self, record: &Record<'_>) {
        let mut pending = self.shared.pending.lock().expect("no panic while held");
        while pending.lines.len() > PENDING_MAX {
            pending = self.shared.more.wait(pending).expect("no panic while held");
        }
        let was_empty = pending.lines.is_empty();
        if let Err(error) = serde_json::to_writer(&mut pending.lines, record) {
            tracing::error!(%error, "record not written");
        }
        pending.lines.push(b'\n');
        drop(pending);
        if was_empty {
            self.shared.more.notify_all();
        }
    }
}

impl Drop for JsonLines {
    fn drop(&mut self) {
        self.shared
            .pending
            .lock()
            .expect("no panic while held")
            .closed = true;
        self.shared.more.notify_all();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of records panicked");
        }
    }
}

/// Lets more lines come, so that many calls cost one wake-up and one write.
fn linger<'a>(shared: &'a Shared, pending: MutexGuard<'a, Pending>) -> MutexGuard<'a, Pending> {
    let full = |pending: &mut Pending| !pending.closed && pending.lines.len() <= PENDING_MAX;
    let (pending, _) = shared
        .more
        .wait_timeout_while(pending, LINGER, full)
        .expect("no panic while held");
    pending
}

fn write(shared: &Shared, mut file: File) {
    loop {
        let lines = {
            let mut pending = shared.pending.lock().expect("no panic while held");
            while pending.lines.is_empty() {
                if pending.closed {
                    return;
                }
                pending = shared.more.wait(pending).expect("no panic while held");
            }
            if !pending.closed {
                pending = linger(shared, pending);
            }
            std::mem::take(&mut pending.lines)
        };
        shared.more.notify_all();
        if let Err(error) = file.write_all(&lines) {
            tracing::error!(%error, lines = lines.iter().filter(|b| **b == b'\n').count(), "records lost");
        }
    }
}
