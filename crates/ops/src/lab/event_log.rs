//! One replayable SSE stream: the events so far, and readers that may leave and come back with
//! `Last-Event-ID` (MCP 2025-11-25 basic/transports#resumability-and-redelivery).

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;
use tokio::sync::watch;

use super::{sse, state::lock};

/// Older events are forgotten first; a client that is further behind has lost them.
const EVENTS_MAX: usize = 1024;

#[derive(Debug)]
pub struct EventLog {
    /// Unique in its session; the first half of each event's id.
    pub stream: u64,
    tape: Mutex<Tape>,
    changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Tape {
    events: VecDeque<Bytes>,
    /// Number of the first event still held. Events are numbered from 1; 0 is the priming event.
    first: u64,
    /// Number of the next event that no reader has seen.
    unseen: u64,
    done: bool,
    /// The reader that may go on. A newer reader, or a hang-up, retires the older.
    reader: u64,
}

impl EventLog {
    pub fn new(stream: u64) -> Arc<Self> {
        let tape = Tape {
            first: 1,
            unseen: 1,
            ..Tape::default()
        };
        Arc::new(Self {
            stream,
            tape: Mutex::new(tape),
            changed: watch::Sender::new(()),
        })
    }

    pub fn append(&self, message: &Value) {
        let mut tape = self.tape();
        let number = tape.first + tape.events.len() as u64;
        tape.events
            .push_back(sse::event(Some(&self.event_id(number)), message));
        if tape.events.len() > EVENTS_MAX {
            tape.events.pop_front();
            tape.first += 1;
        }
        drop(tape);
        self.changed.send_replace(());
    }

    /// Marks the last event: readers end after it.
    pub fn finish(&self) {
        self.tape().done = true;
        self.changed.send_replace(());
    }

    pub fn is_done(&self) -> bool {
        self.tape().done
    }

    /// Ends the present reader although more is to come.
    pub fn hang_up(&self) {
        self.tape().reader += 1;
        self.changed.send_replace(());
    }

    pub fn event_id(&self, number: u64) -> String {
        format!("{}_{number}", self.stream)
    }

    /// Reads from the event after `last`, or from the first unseen one, and on as events come.
    pub fn read(self: &Arc<Self>, last: Option<u64>) -> impl Stream<Item = Bytes> + use<> {
        let mut tape = self.tape();
        tape.reader += 1;
        let reader = tape.reader;
        let next = last.map_or(tape.unseen, |last| last + 1);
        drop(tape);
        let changes = self.changed.subscribe();
        let log = Arc::clone(self);
        stream::unfold(
            (log, changes, next),
            move |(log, mut changes, mut next)| async move {
                loop {
                    changes.mark_unchanged();
                    match log.look(reader, next) {
                        Look::Event(number, event) => {
                            next = number + 1;
                            return Some((event, (log, changes, next)));
                        }
                        Look::End => return None,
                        Look::Wait => changes.changed().await.ok()?,
                    }
                }
            },
        )
    }

    fn look(&self, reader: u64, next: u64) -> Look {
        let mut tape = self.tape();
        let number = next.max(tape.first);
        let index = usize::try_from(number - tape.first).unwrap_or(usize::MAX);
        if tape.reader != reader {
            return Look::End;
        }
        if let Some(event) = tape.events.get(index).cloned() {
            tape.unseen = tape.unseen.max(number + 1);
            return Look::Event(number, event);
        }
        if tape.done { Look::End } else { Look::Wait }
    }

    fn tape(&self) -> MutexGuard<'_, Tape> {
        lock(&self.tape)
    }
}

enum Look {
    Event(u64, Bytes),
    Wait,
    End,
}
