//! The way back to the client for one request: messages on the side, then exactly one answer.
//!
//! The call says the messages; its answer is what it returns, so there cannot be two. The listener decides how it looks: a
//! plain JSON body when the answer comes first, a stream when something else does, lines on stdio.

use std::{future::Future, pin::Pin};

use tokio::sync::mpsc;
use wardgate_protocol::Frame;

use crate::outcome::Answer;

/// What goes back to the client.
#[derive(Debug)]
pub enum Out {
    /// A notification that belongs to this request.
    Notify(Frame),
    /// A request to the client (legacy revisions only).
    Ask(Frame),
    /// The end of the exchange.
    Answer(Answer),
}

/// A call under way.
pub type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The sending end of what is said before the answer.
#[derive(Debug)]
pub struct Exchange {
    out: mpsc::Sender<Out>,
}

impl Exchange {
    /// Makes both ends. When the client reads slowly the channel fills and the call waits, so that the upstream is not read either.
    pub fn new() -> (Exchange, mpsc::Receiver<Out>) {
        let (out, listener) = mpsc::channel(32);
        (Exchange { out }, listener)
    }

    /// Sends a notification; a client that has left is no error, cancellation is told separately.
    pub async fn notify(&self, frame: Frame) {
        let _ = self.out.send(Out::Notify(frame)).await;
    }

    /// Sends a request to the client; returns whether there is still someone to read it.
    pub async fn ask(&self, frame: Frame) -> bool {
        self.out.send(Out::Ask(frame)).await.is_ok()
    }

    /// Another sending end of the same exchange, for whoever tells the answer.
    pub fn teller(&self) -> Teller {
        Teller(self.out.clone())
    }
}

/// Tells the answer of a call that runs in a task of its own.
#[derive(Debug)]
pub struct Teller(mpsc::Sender<Out>);

impl Teller {
    /// Runs the call and sends its answer after everything it said; a client that has left is no error.
    pub async fn tell(self, work: Work) {
        let answer = work.await;
        let _ = self.0.send(Out::Answer(answer)).await;
    }
}
