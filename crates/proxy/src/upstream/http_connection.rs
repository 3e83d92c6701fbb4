//! One HTTP/1.1 connection, driven by whoever waits for its answer. While it waits for work nobody polls it; that the server
//! closed it meanwhile shows at the next use.
//!
//! Only the connection wakes the task: what it feeds (the answer's head and body) is looked at after each of its steps, without
//! a waker, because a wake-up there would be the task waking itself.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    client::conn::http1::{self, SendRequest},
};
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::http_client::Origin;

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type Driver = http1::Connection<Stream, Full<Bytes>>;

pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<Driver>>,
}

/// Why a connection gave no answer.
pub(super) enum Unsent {
    /// It was closed before anything of the request was written.
    Returned(Box<Request<Full<Bytes>>>),
    Lost(hyper::Error),
}

impl Connection {
    pub fn new(sender: SendRequest<Full<Bytes>>, driver: Driver) -> Connection {
        Connection {
            sender,
            driver: Box::pin(driver),
        }
    }

    /// Sends a request and drives the connection until the answer's head is there.
    ///
    /// # Errors
    /// [`Unsent`]; the connection is closed.
    pub async fn send(
        mut self,
        request: Request<Full<Bytes>>,
        origin: &Arc<Origin>,
    ) -> Result<Response<Reply>, Unsent> {
        let ready = poll_fn(|cx| {
            if self.step(cx).is_ready() {
                return Poll::Ready(false);
            }
            self.sender.poll_ready(cx).map(|ready| ready.is_ok())
        });
        if !ready.await {
            return Err(Unsent::Returned(Box::new(request)));
        }
        let mut answer = pin!(self.sender.try_send_request(request));
        let driver = &mut self.driver;
        let answered = poll_fn(|cx| {
            let closed = driver.as_mut().poll(cx).is_ready();
            let answered = answer.as_mut().poll(&mut unwoken());
            debug_assert!(
                !closed || answered.is_ready(),
                "a closed connection answers"
            );
            answered
        });
        match answered.await {
            Ok(response) => Ok(response.map(|body| Reply {
                body,
                held: Some((self, origin.clone())),
            })),
            Err(mut fault) => Err(match fault.take_message() {
                Some(unsent) => Unsent::Returned(Box::new(unsent)),
                None => Unsent::Lost(fault.into_error()),
            }),
        }
    }

    /// Reads and writes what can be; ready when the connection is closed.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.driver.as_mut().poll(cx).map(drop)
    }

    /// Says whether it can take another request.
    fn is_idle(&mut self) -> bool {
        self.step(&mut unwoken()).is_pending() && self.sender.is_ready()
    }
}

fn unwoken() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The body of an answer. Read to its end it gives its connection back; dropped before, it closes it.
pub struct Reply {
    body: Incoming,
    held: Option<(Connection, Arc<Origin>)>,
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let read = Pin::new(&mut this.body).poll_frame(&mut unwoken());
        if read.is_ready() {
            return read;
        }
        if let Some((connection, _)) = &mut this.held {
            if connection.step(cx).is_pending() {
                return Pin::new(&mut this.body).poll_frame(&mut unwoken());
            }
            this.held = None;
        }
        Pin::new(&mut this.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some((mut connection, origin)) = self.held.take()
            && self.body.is_end_stream()
            && connection.is_idle()
        {
            origin.take_back(connection);
        }
    }
}
