//! An event stream that outlives its connection: what was said is kept for a while, numbered, so that a client that lost
//! the connection can read on from where it was. MCP 2025-11-25 basic/transports, "Resumability and Redelivery".

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use tokio::sync::Notify;
use wardgate_protocol::Frame;

/// Events and bytes one stream keeps; the oldest go first.
const EVENTS_MAX: usize = 256;
const BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
pub struct StreamLog {
    log: Mutex<Log>,
    news: Notify,
}

#[derive(Default)]
struct Log {
    events: VecDeque<(u64, Frame)>,
    bytes: usize,
    last: u64,
    finished: bool,
    /// It is a session's own stream, fed while someone reads it, not one call's.
    news: bool,
    /// Counts readers: each new one takes the stream from the one before, so that no message goes out twice.
    reader: u64,
}

impl StreamLog {
    pub fn append(&self, frame: Frame) {
        let mut log = self.log.lock().expect("no panic while held");
        log.last += 1;
        log.bytes += frame.raw().len();
        let number = log.last;
        log.events.push_back((number, frame));
        while log.events.len() > EVENTS_MAX || (log.bytes > BYTES_MAX && log.events.len() > 1) {
            if let Some((_, old)) = log.events.pop_front() {
                log.bytes -= old.raw().len();
            }
        }
        drop(log);
        self.news.notify_waiters();
    }

    pub fn carry_news(&self) {
        self.log.lock().expect("no panic while held").news = true;
    }

    pub fn carries_news(&self) -> bool {
        self.log.lock().expect("no panic while held").news
    }

    pub fn finish(&self) {
        self.log.lock().expect("no panic while held").finished = true;
        self.news.notify_waiters();
    }

    pub fn is_finished(&self) -> bool {
        self.log.lock().expect("no panic while held").finished
    }

    /// Returns a reader of what comes after event `after`; a reader opened earlier ends.
    pub fn reader(self: &Arc<Self>, after: u64) -> Reader {
        let mut log = self.log.lock().expect("no panic while held");
        log.reader += 1;
        let reader = Reader {
            log: self.clone(),
            number: log.reader,
            after,
        };
        drop(log);
        self.news.notify_waiters();
        reader
    }
}

pub struct Reader {
    log: Arc<StreamLog>,
    number: u64,
    after: u64,
}

impl Reader {
    /// Returns the next event with its number; `None` at the end, or when another reader has taken over.
    ///
    /// # Cancel safety
    /// An event is either returned or still there for the next call.
    pub async fn next(&mut self) -> Option<(u64, Frame)> {
        loop {
            let news = self.log.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            {
                let log = self.log.log.lock().expect("no panic while held");
                if log.reader != self.number {
                    return None;
                }
                if let Some((number, frame)) =
                    log.events.iter().find(|(number, _)| *number > self.after)
                {
                    self.after = *number;
                    return Some((*number, frame.clone()));
                }
                if log.finished {
                    return None;
                }
            }
            news.await;
        }
    }
}
