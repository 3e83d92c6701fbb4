//! A call that runs inside the HTTP request that brought it, which costs no task and no wake-up of another thread; when the
//! request ends first, the call goes on by itself, so that its record is written whatever the client does.

use std::{
    future::{poll_fn, ready},
    task::Poll,
};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::exchange::{Hearing, Out, Work};

/// What a client that leaves means for its call.
#[derive(Clone, Debug)]
pub enum Leaving {
    /// MCP 2026-07-28: closing the response cancels.
    Cancels(CancellationToken),
    /// Older revisions: it says nothing.
    MeansNothing,
}

pub struct Running {
    /// The call and what it says, while it has not ended.
    call: Option<(Work, Hearing)>,
    tasks: TaskTracker,
    leaving: Leaving,
}

impl Running {
    pub fn new(work: Work, hearing: Hearing, tasks: TaskTracker, leaving: Leaving) -> Running {
        Running {
            call: Some((work, hearing)),
            tasks,
            leaving,
        }
    }

    /// Runs the call until it has something to say; `None` when it has ended before.
    ///
    /// Only the call itself speaks, so listening after each step is enough; a waker there would wake the very task that runs
    /// it, once more for each call.
    ///
    /// # Cancel safety
    /// Nothing is lost: the call stands where it stood.
    pub async fn first(&mut self) -> Option<Out> {
        poll_fn(|cx| {
            let Some((work, hearing)) = &mut self.call else {
                return Poll::Ready(None);
            };
            if let Some(said) = hearing.heard() {
                return Poll::Ready(Some(said));
            }
            match (work.as_mut().poll(cx), hearing.heard()) {
                (Poll::Pending, None) => Poll::Pending,
                (Poll::Pending, Some(said)) => Poll::Ready(Some(said)),
                (Poll::Ready(answer), None) => {
                    self.call = None;
                    Poll::Ready(Some(Out::Answer(answer)))
                }
                (Poll::Ready(answer), Some(said)) => {
                    // What was said before the answer goes first; the answer waits for its turn.
                    *work = Box::pin(ready(answer));
                    Poll::Ready(Some(said))
                }
            }
        })
        .await
    }

    /// Lets the call go on in a task of its own and gives what it says from here.
    pub fn stream(mut self) -> mpsc::Receiver<Out> {
        let Some((work, hearing)) = self.call.take() else {
            return mpsc::channel(1).1;
        };
        let (out, tell) = hearing.follow(work);
        self.tasks.spawn(tell);
        out
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((work, hearing)) = self.call.take() else {
            return;
        };
        if let Leaving::Cancels(cancel) = &self.leaving {
            cancel.cancel();
        }
        let (_nobody_listens, tell) = hearing.follow(work);
        self.tasks.spawn(tell);
    }
}
