//! Granted calls that run as tasks here, and how they ended. What is forgotten with the process is the result, never that the
//! approval is used.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::watch;
use wardgate_model::ApprovalId;
use wardgate_protocol::Raw;

/// Kept at one time; more are begun when there is room.
const RUNS_MAX: usize = 256;
/// How long a result can be asked for after its approval could no longer be used.
pub const KEPT: Duration = Duration::from_secs(600);

/// How a call ended, and when.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The result, or else the error.
    pub answer: Result<Raw, Raw>,
    pub at: Timestamp,
}

/// Where the end of a call is told.
pub type Ending = watch::Receiver<Option<Ended>>;

#[derive(Debug, Default)]
pub struct Runs(Mutex<HashMap<ApprovalId, Run>>);

#[derive(Debug)]
struct Run {
    ending: Ending,
    until: Instant,
}

impl Runs {
    pub fn of(&self, approval: &ApprovalId) -> Option<Ending> {
        let runs = self.0.lock().expect("no panic while held");
        runs.get(approval).map(|run| run.ending.clone())
    }

    /// Takes the place of a run whose approval can be used for `usable` from here. `None` if it has one, or if all are taken.
    pub fn begin(
        &self,
        approval: &ApprovalId,
        usable: Duration,
    ) -> Option<watch::Sender<Option<Ended>>> {
        let mut runs = self.0.lock().expect("no panic while held");
        if runs.len() >= RUNS_MAX || runs.contains_key(approval) {
            return None;
        }
        let (end, ending) = watch::channel(None);
        let until = Instant::now() + usable + KEPT;
        runs.insert(approval.clone(), Run { ending, until });
        Some(end)
    }

    /// Forgets results that were kept long enough.
    pub fn sweep(&self) {
        let now = Instant::now();
        let mut runs = self.0.lock().expect("no panic while held");
        runs.retain(|_, run| run.until > now);
    }
}
