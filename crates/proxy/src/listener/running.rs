//! A call that runs inside the HTTP request that brought it, which costs no task and no wake-up of another thread; when the
//! request ends first, the call goes on by itself, so that its record is written whatever the client does.

use std::{
    future::{poll_fn, ready},
    task::Poll,
};

use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::exchange::{Out, Teller, Work};

/// What a client that leaves means for its call.
#[derive(Clone, Debug)]
pub enum Leaving {
    /// MCP 2026-07-28: closing the response cancels.
    Cancels(CancellationToken),
    /// Older revisions: it says nothing.
    MeansNothing,
}

pub struct Running {
    /// The call and who tells its answer, while it has not ended.
    work: Option<(Work, Teller)>,
    out: mpsc::Receiver<Out>,
    tasks: TaskTracker,
    leaving: Leaving,
}

impl Running {
    pub fn new(
        work: Work,
        teller: Teller,
        out: mpsc::Receiver<Out>,
        tasks: TaskTracker,
        leaving: Leaving,
    ) -> Running {
        Running {
            work: Some((work, teller)),
            out,
            tasks,
            leaving,
        }
    }

    /// Runs the call until it has something to say; `None` when it has ended before.
    ///
    /// Only the call itself fills its channel, so looking after each step is enough; a waker there would wake the very task
    /// that runs it, once more for each call.
    ///
    /// # Cancel safety
    /// Nothing is lost: the call stands where it stood.
    pub async fn first(&mut self) -> Option<Out> {
        poll_fn(|cx| {
            if let Ok(said) = self.out.try_recv() {
                return Poll::Ready(Some(said));
            }
            let Some((work, _)) = &mut self.work else {
                return Poll::Ready(None);
            };
            match (work.as_mut().poll(cx), self.out.try_recv()) {
                (Poll::Pending, Err(_)) => Poll::Pending,
                (Poll::Pending, Ok(said)) => Poll::Ready(Some(said)),
                (Poll::Ready(answer), Err(_)) => {
                    self.work = None;
                    Poll::Ready(Some(Out::Answer(answer)))
                }
                (Poll::Ready(answer), Ok(said)) => {
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
        if let Some((work, teller)) = self.work.take() {
            self.tasks.spawn(teller.tell(work));
        }
        let (_, nothing) = mpsc::channel(1);
        std::mem::replace(&mut self.out, nothing)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((work, teller)) = self.work.take() else {
            return;
        };
        if let Leaving::Cancels(cancel) = &self.leaving {
            cancel.cancel();
        }
        self.tasks.spawn(teller.tell(work));
    }
}
