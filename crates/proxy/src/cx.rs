//! Deadline and cancellation of one call, in one place: every wait on the network goes through [`Cx::within`].

use std::{
    future::Future,
    pin::Pin,
    sync::Mutex,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use pin_project_lite::pin_project;
use tokio::{
    task::coop::{Unconstrained, unconstrained},
    time::Sleep,
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

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
    waited: Mutex<Duration>,
}

impl Cx {
    pub fn new(cancel: CancellationToken, limit: Duration) -> Cx {
        Cx {
            cancel,
            deadline: Mutex::new(Instant::now() + limit),
            waited: Mutex::default(),
        }
    }

    /// Waits for `work`, the deadline or cancellation, whichever is first. What is ready at once costs no timer.
    ///
    /// # Errors
    /// [`Halt`] says which of the other two came first.
    ///
    /// # Cancel safety
    /// As safe as `work`.
    pub fn within<F: Future>(&self, work: F) -> Within<'_, F> {
        Within {
            work,
            cx: self,
            halt: None,
        }
    }

    /// Sets the whole-call limit, counted from here: the server's own limit is known only once it is resolved.
    pub fn limit(&self, limit: Duration) {
        *self.deadline.lock().expect("no panic while held") = Instant::now() + limit;
    }

    /// Gives the call more time: what a person took to answer is not the call's.
    pub fn extend(&self, by: Duration) {
        *self.deadline.lock().expect("no panic while held") += by;
        *self.waited.lock().expect("no panic while held") += by;
    }

    /// Takes back what was not used of an extension.
    pub fn unextend(&self, by: Duration) {
        let mut deadline = self.deadline.lock().expect("no panic while held");
        *deadline = deadline.checked_sub(by).unwrap_or(*deadline);
        let mut waited = self.waited.lock().expect("no panic while held");
        *waited = waited.saturating_sub(by);
    }

    /// Time that persons took to answer.
    pub fn waited(&self) -> Duration {
        *self.waited.lock().expect("no panic while held")
    }

    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    fn halting(&self) -> Halting<'_> {
        let deadline = *self.deadline.lock().expect("no panic while held");
        Halting {
            cancelled: unconstrained(self.cancel.cancelled()),
            deadline: unconstrained(tokio::time::sleep_until(deadline.into())),
        }
    }
}

pin_project! {
    /// The future of [`Cx::within`]. Written out, because an async block would hold `work` twice, and waits nest.
    pub struct Within<'a, F> {
        #[pin]
        work: F,
        cx: &'a Cx,
        #[pin]
        halt: Option<Halting<'a>>,
    }
}

pin_project! {
    // Unconstrained: work that a flood keeps busy uses up the task's budget each time, and would leave none to see the deadline.
    struct Halting<'a> {
        #[pin]
        cancelled: Unconstrained<WaitForCancellationFuture<'a>>,
        #[pin]
        deadline: Unconstrained<Sleep>,
    }
}

impl<F: Future> Future for Within<'_, F> {
    type Output = Result<F::Output, Halt>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(value) = this.work.poll(task) {
            return Poll::Ready(Ok(value));
        }
        if this.halt.is_none() {
            this.halt.set(Some(this.cx.halting()));
        }
        let halting = this.halt.as_pin_mut().expect("set above").project();
        if halting.cancelled.poll(task).is_ready() {
            return Poll::Ready(Err(Halt::Cancelled));
        }
        halting.deadline.poll(task).map(|()| Err(Halt::Deadline))
    }
}
