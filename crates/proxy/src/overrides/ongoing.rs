//! Requests under way, so that an override can cancel those it is about.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio_util::sync::CancellationToken;

use super::{Aim, Rule, Subject};

#[derive(Default)]
pub struct Ongoing {
    next: AtomicU64,
    all: Mutex<HashMap<u64, Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    subject: Subject,
    aim: OnceLock<Aim>,
    /// Streams of news have no end of their own, so they end with their caller's right to them.
    is_standing: bool,
    cancel: CancellationToken,
    cancelled_by: OnceLock<Arc<Rule>>,
}

/// A request among those under way; no longer one when dropped.
pub struct Ticket {
    id: u64,
    entry: Arc<Entry>,
    among: Arc<Ongoing>,
}

impl Ongoing {
    /// Counts a request in. `cancel` cancels it.
    pub fn enter(
        self: &Arc<Ongoing>,
        subject: Subject,
        is_standing: bool,
        cancel: CancellationToken,
    ) -> Ticket {
        let entry = Arc::new(Entry {
            subject,
            aim: OnceLock::new(),
            is_standing,
            cancel,
            cancelled_by: OnceLock::new(),
        });
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut all = self.all.lock().expect("no panic while held");
        all.insert(id, entry.clone());
        drop(all);
        Ticket {
            id,
            entry,
            among: self.clone(),
        }
    }

    /// Cancels what the rule is about: everything if it says so, else only what has no end of its own. Returns how many.
    pub fn stop(&self, rule: &Arc<Rule>) -> usize {
        let all = self.all.lock().expect("no panic while held");
        let concerned = |entry: &&Arc<Entry>| {
            let ends = rule.cancels || (entry.is_standing && rule.is_about_callers());
            ends && rule.covers(&entry.subject, entry.aim.get())
        };
        let concerned: Vec<_> = all.values().filter(concerned).cloned().collect();
        drop(all);
        for entry in &concerned {
            // Another rule may have come first; it is cancelled all the same.
            let _ = entry.cancelled_by.set(rule.clone());
            entry.cancel.cancel();
        }
        concerned.len()
    }
}

impl Ticket {
    pub fn subject(&self) -> &Subject {
        &self.entry.subject
    }

    /// Says where the request goes. To be said before overrides are asked whether it may: a rule that comes into force in between
    /// finds it here.
    pub fn aims(&self, aim: impl FnOnce() -> Aim) {
        self.entry.aim.get_or_init(aim);
    }

    pub fn aim(&self) -> Option<&Aim> {
        self.entry.aim.get()
    }

    /// Waits until a rule cancels it.
    pub async fn cancelled(&self) {
        self.entry.cancel.cancelled().await;
    }

    /// The rule that cancelled it.
    pub fn cancelled_by(&self) -> Option<&Arc<Rule>> {
        self.entry.cancelled_by.get()
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut all = self.among.all.lock().expect("no panic while held");
        all.remove(&self.id);
    }
}
