//! What calls see of the ledger: they hand drafts over and wait, or do not. Bounded by the memory drafts take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};
use wardgate_proxy::record::{Draft, Ledger, Unwritten};

/// Drafts that wait take at most this much memory, in KiB; beyond it who notes waits too.
const BACKLOG_KIB_MAX: u32 = 64 << 10;
/// A record without payload takes about as much.
const RECORD_KIB: u32 = 2;
/// A disk that does not answer for so long counts as one that cannot be written.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

pub struct Queue {
    waited_for: UnboundedSender<Waiting>,
    notes: UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
    writable: AtomicBool,
    lost: Arc<AtomicU64>,
}

/// What the writer takes from: first what somebody waits for, so that a flood of notes delays no call.
pub(super) struct Drafts {
    pub waited_for: UnboundedReceiver<Waiting>,
    pub notes: UnboundedReceiver<Waiting>,
}

/// A record on its way to the disk.
pub(super) struct Waiting {
    pub draft: Draft,
    /// Whether it is to be forgotten when it cannot be written.
    pub is_intention: bool,
    pub told: Option<oneshot::Sender<Result<(), Unwritten>>>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Waiting {
    /// One nobody waits for.
    pub fn plain(draft: Draft) -> Waiting {
        Waiting {
            draft,
            is_intention: false,
            told: None,
            _room: None,
        }
    }

    /// Says how it went to who waits, if anybody does.
    pub fn tell(&mut self, how: Result<(), Unwritten>) {
        if let Some(told) = self.told.take() {
            // Who has left does not want to know.
            let _ = told.send(how);
        }
    }

    /// Nobody will act on an intention whose call has given up waiting.
    pub fn is_given_up(&self) -> bool {
        self.is_intention && self.told.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

impl Queue {
    pub(super) fn new() -> (Queue, Drafts) {
        // Bounded by the calls under way, and by `room`.
        let ((waited_for, first), (notes, then)) = (unbounded_channel(), unbounded_channel());
        let queue = Queue {
            waited_for,
            notes,
            room: Arc::new(Semaphore::new(BACKLOG_KIB_MAX as usize)),
            writable: AtomicBool::new(true),
            lost: Arc::default(),
        };
        let drafts = Drafts {
            waited_for: first,
            notes: then,
        };
        (queue, drafts)
    }

    pub(super) fn set_writable(&self, is: bool) -> bool {
        self.writable.swap(is, Ordering::AcqRel)
    }

    /// Records that found no room since the last time this was asked.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::AcqRel)
    }

    /// Hands a draft over and returns what tells how it went.
    fn wait_for(
        &self,
        draft: Draft,
        is_intention: bool,
    ) -> BoxFuture<'static, Result<(), Unwritten>> {
        let (told, how) = oneshot::channel();
        let waiting = Waiting {
            // As many as calls are under way: bounded already, so room is taken where there is some.
            _room: self
                .room
                .clone()
                .try_acquire_many_owned(weight(&draft))
                .ok(),
            draft,
            is_intention,
            told: Some(told),
        };
        self.send(&self.waited_for, waiting);
        tokio::time::timeout(WRITE_TIMEOUT, how)
            .map(|answer| answer.map_err(|_| Unwritten)?.map_err(|_| Unwritten)?)
            .boxed()
    }

    fn send(&self, way: &UnboundedSender<Waiting>, waiting: Waiting) {
        if way.send(waiting).is_err() {
            self.lost.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Ledger for Queue {
    fn intend(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>> {
        match self.is_writable() {
            true => self.wait_for(draft, true),
            false => Box::pin(ready(Err(Unwritten))),
        }
    }

    fn complete(&self, draft: Draft) -> BoxFuture<'static, Result<(), Unwritten>> {
        self.wait_for(draft, false)
    }

    fn note(&self, draft: Draft) -> BoxFuture<'static, ()> {
        let weight = weight(&draft);
        match self.room.clone().try_acquire_many_owned(weight) {
            Ok(room) => {
                let waiting = Waiting {
                    _room: Some(room),
                    ..Waiting::plain(draft)
                };
                self.send(&self.notes, waiting);
                ready(()).boxed()
            }
            Err(_) if !self.is_writable() => {
                self.lost.fetch_add(1, Ordering::AcqRel);
                ready(()).boxed()
            }
            Err(_) => self.note_later(draft, weight),
        }
    }

    fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Acquire)
    }
}

impl Queue {
    fn note_later(&self, draft: Draft, weight: u32) -> BoxFuture<'static, ()> {
        let (room, notes) = (self.room.clone(), self.notes.clone());
        let unsent = Unsent(Some(draft), self.lost.clone());
        Box::pin(async move {
            let room = room.acquire_many_owned(weight).await.ok();
            if let Some(draft) = unsent.take() {
                // The writer ends after every call has.
                let _ = notes.send(Waiting {
                    _room: room,
                    ..Waiting::plain(draft)
                });
            }
        })
    }
}

/// A draft that waits for room, and counts as lost when nobody waits with it any longer.
struct Unsent(Option<Draft>, Arc<AtomicU64>);

impl Unsent {
    fn take(mut self) -> Option<Draft> {
        self.0.take()
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.1.fetch_add(1, Ordering::AcqRel);
        }
    }
}

fn weight(draft: &Draft) -> u32 {
    let payload = [&draft.payload.args, &draft.payload.result];
    let bytes: usize = payload.into_iter().flatten().map(|raw| raw.len()).sum();
    let kib = u32::try_from(bytes / 1024).unwrap_or(BACKLOG_KIB_MAX);
    kib.saturating_add(RECORD_KIB).min(BACKLOG_KIB_MAX)
}
