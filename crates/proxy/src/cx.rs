//! Deadline and cancellation of one call, in one place: every wait on the network goes through [`Cx::within`].

use std::{
    future::Future,
    sync::Mutex,
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

/// Why a wait ended without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    Deadline,
    Cancelled,
}

#[derive(Debug)]
pub struct Cx {
    cancel: CancellationToken,
    deadline: Mutex<Instant>,
}

impl Cx {
    pub fn new(cancel: CancellationToken, limit: Duration) -> Cx {
        Cx {
            cancel,
            deadline: Mutex::new(Instant::now() + limit),
        }
    }

    /// Waits for `work`, the deadline or cancellation, whichever is first.
    ///
    /// # Errors
    /// [`Halt`] says which of the other two came first.
    ///
    /// # Cancel safety
    /// As safe as `work`.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Halt> {
        let deadline = *self.deadline.lock().expect("no panic while held");
        tokio::select! {
            biased;
            value = work => Ok(value),
            () = self.cancel.cancelled() => Err(Halt::Cancelled),
            () = tokio::time::sleep_until(deadline.into()) => Err(Halt::Deadline),
        }
    }

    /// Sets the whole-call limit, counted from here: the server's own limit is known only once it is resolved.
    pub fn limit(&self, limit: Duration) {
        *self.deadline.lock().expect("no panic while held") = Instant::now() + limit;
    }

    /// Gives the call more time: what a person took to answer is not the call's.
    pub fn extend(&self, by: Duration) {
        *self.deadline.lock().expect("no panic while held") += by;
    }

    /// Takes back what was not used of an extension.
    pub fn unextend(&self, by: Duration) {
        let mut deadline = self.deadline.lock().expect("no panic while held");
        *deadline = deadline.checked_sub(by).unwrap_or(*deadline);
    }

    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }
}
