//! A call that runs inside the HTTP request that brought it, which costs no task and no wake-up of another thread; when the
//! request ends first, the call goes on by itself, so that its record is written whatever the client does.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::exchange::Out;

/// What a client that leaves means for its call.
#[derive(Clone, Debug)]
pub enum Leaving {
    /// MCP 2026-07-28: closing the response cancels.
    Cancels(CancellationToken),
    /// Older revisions: it says nothing.
    MeansNothing,
}

pub struct Running {
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    out: mpsc::Receiver<Out>,
    tasks: TaskTracker,
    leaving: Leaving,
}

impl Running {
    pub fn new(
        work: impl Future<Output = ()> + Send + 'static,
        out: mpsc::Receiver<Out>,
        tasks: TaskTracker,
        leaving: Leaving,
    ) -> Running {
        Running {
            work: Some(Box::pin(work)),
            out,
            tasks,
            leaving,
        }
    }

    /// Runs the call until it has something to say; `None` when it ended without a word.
    ///
    /// Only the call itself fills its channel, so looking after each step is enough; a waker there would wake the very task
    /// that runs it, once more for each call.
    ///
    /// # Cancel safety
    /// Nothing is lost: the call stands where it stood.
    pub async fn first(&mut self) -> Option<Out> {
        poll_fn(|cx| {
            if let Ok(out) = self.out.try_recv() {
                return Poll::Ready(Some(out));
            }
            let Some(work) = self.work.as_mut() else {
                return Poll::Ready(None);
            };
            let step = work.as_mut().poll(cx);
            if step.is_ready() {
                self.work = None;
            }
            match self.out.try_recv() {
                Ok(out) => Poll::Ready(Some(out)),
                Err(_) => step.map(|()| None),
            }
        })
        .await
    }

    /// Lets the call go on in a task of its own and gives what it says from here.
    pub fn stream(mut self) -> mpsc::Receiver<Out> {
        if let Some(work) = self.work.take() {
            self.tasks.spawn(work);
        }
        let (_, nothing) = mpsc::channel(1);
        std::mem::replace(&mut self.out, nothing)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        if let Leaving::Cancels(cancel) = &self.leaving {
            cancel.cancel();
        }
        self.tasks.spawn(work);
    }
}
