//! The way back to the client for one request: messages on the side, then exactly one answer.
//!
//! The call says the messages; its answer is what it returns, so there cannot be two. The listener decides how it looks: a
//! plain JSON body when the answer comes first, a stream when something else does, lines on stdio.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
};

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
pub struct Exchange(Arc<Way>);

/// The receiving end, for the one who runs the call.
#[derive(Debug)]
pub struct Hearing {
    way: Arc<Way>,
    out: Option<mpsc::Receiver<Out>>,
}

/// The channel between the two. Most calls say nothing before their answer, so it is made at the first word.
#[derive(Debug, Default)]
struct Way {
    sender: OnceLock<mpsc::Sender<Out>>,
    receiver: Mutex<Option<mpsc::Receiver<Out>>>,
}

impl Way {
    /// When the client reads slowly the channel fills and the call waits, so that the upstream is not read either.
    fn sender(&self) -> &mpsc::Sender<Out> {
        self.sender.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(32);
            *self.receiver.lock().expect("no panic while held") = Some(receiver);
            sender
        })
    }

    fn receiver(&self) -> Option<mpsc::Receiver<Out>> {
        self.receiver.lock().expect("no panic while held").take()
    }
}

impl Exchange {
    pub fn new() -> (Exchange, Hearing) {
        let way = Arc::new(Way::default());
        let hearing = Hearing {
            way: way.clone(),
            out: None,
        };
        (Exchange(way), hearing)
    }

    /// Sends a notification; a client that has left is no error, cancellation is told separately.
    pub async fn notify(&self, frame: Frame) {
        let _ = self.0.sender().send(Out::Notify(frame)).await;
    }

    /// Sends a request to the client; returns whether there is still someone to read it.
    pub async fn ask(&self, frame: Frame) -> bool {
        self.0.sender().send(Out::Ask(frame)).await.is_ok()
    }
}

impl Hearing {
    /// Returns what was said and not heard yet.
    pub fn heard(&mut self) -> Option<Out> {
        if self.out.is_none() {
            self.out = self.way.receiver();
        }
        self.out.as_mut()?.try_recv().ok()
    }

    /// Returns the channel to hear the rest, and the future that runs the call to its end and tells the answer last; a client
    /// that has left is no error.
    pub fn follow(mut self, work: Work) -> (mpsc::Receiver<Out>, impl Future<Output = ()> + Send) {
        let sender = self.way.sender().clone();
        let out = self.out.take().or_else(|| self.way.receiver());
        let out = out.expect("made with the sender, taken by this end only");
        let tell = async move {
            let answer = work.await;
            let _ = sender.send(Out::Answer(answer)).await;
        };
        (out, tell)
    }
}
