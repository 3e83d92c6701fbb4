//! One request under way on a link. Dropping it before the answer cancels it at the server, in that link's way.

use std::sync::Arc;

use tokio::sync::mpsc;
use wardgate_protocol::{Frame, Raw, RequestId};

use super::{
    fault::FlightFault,
    http::Mirrored,
    http_flight::HttpReplies,
    link::{Link, Wire},
    routes::Event,
};

pub struct Flight {
    link: Arc<Link>,
    id: u64,
    /// What comes for this request by a shared stream; `None` on a wire where all of it comes in the reply.
    inbox: Option<mpsc::Receiver<Event>>,
    /// The body of the POST's reply, where the answer comes that way.
    replies: Option<HttpReplies>,
    launched: bool,
    finished: bool,
}

impl Flight {
    pub fn new(link: Arc<Link>, owner: Option<u64>) -> Flight {
        let (id, inbox) = if link.answers_apart() {
            (link.routes.open_apart(), None)
        } else {
            let (id, inbox) = link.routes.open(owner);
            (id, Some(inbox))
        };
        Flight {
            link,
            id,
            inbox,
            replies: None,
            launched: false,
            finished: false,
        }
    }

    /// The id of this request on the link; also its progress token there.
    pub fn id(&self) -> RequestId {
        RequestId::number(self.id)
    }

    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Sends the request. `headers` are the mirrored ones, used on HTTP only.
    ///
    /// # Errors
    /// [`FlightFault`] says whether anything can have happened.
    ///
    /// # Cancel safety
    /// When dropped half-way the request counts as sent and is cancelled.
    pub async fn launch(&mut self, frame: &Frame, headers: &[Mirrored]) -> Result<(), FlightFault> {
        self.launched = true;
        let sent = match &self.link.wire {
            Wire::Stdio(wire) => wire.send(frame).await,
            Wire::Sse(wire) => wire.send(frame).await,
            Wire::Http(wire) => match wire.post(frame, headers).await {
                Ok(replies) => {
                    self.replies = replies;
                    Ok(())
                }
                Err(fault) => Err(fault),
            },
        };
        if let Err(fault) = &sent {
            self.finished = true;
            self.link.note_fault(fault);
        }
        sent
    }

    /// Returns what comes next for this request. After [`Event::Reply`] or [`Event::Fault`] there is nothing more.
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped between two events.
    pub async fn next(&mut self) -> Event {
        let event = match (&mut self.inbox, &mut self.replies) {
            (None, None) => link_gone(),
            (None, Some(replies)) => replies.next(self.id).await,
            (Some(inbox), None) => inbox.recv().await.unwrap_or_else(link_gone),
            (Some(inbox), Some(replies)) => tokio::select! {
                biased;
                event = inbox.recv() => event.unwrap_or_else(link_gone),
                event = replies.next(self.id) => event,
            },
        };
        if let Event::Reply(_) | Event::Fault(_) = &event {
            self.finished = true;
        }
        if let Event::Fault(fault) = &event {
            self.link.note_fault(fault);
        }
        event
    }

    /// Answers a request the server made during this one. `response` is a whole JSON-RPC response.
    ///
    /// # Errors
    /// When it could not be sent.
    pub async fn answer(&self, response: &Frame) -> Result<(), FlightFault> {
        self.link.send_side(response).await
    }

    /// Waits for the answer alone, for the gateway's own requests; other events are passed over.
    ///
    /// # Errors
    /// The fault, or the server's error object inside `Ok(Err(…))`.
    pub async fn result(&mut self) -> Result<Result<Raw, Raw>, FlightFault> {
        loop {
            match self.next().await {
                Event::Reply(frame) => {
                    return Ok(frame.result().cloned().ok_or_else(|| {
                        frame.error().cloned().unwrap_or_else(|| Raw::trusted("{}"))
                    }));
                }
                Event::Fault(fault) => return Err(fault),
                Event::Request(request) => self.link.refuse(&request).await,
                Event::Notification(_) => {}
            }
        }
    }
}

fn link_gone() -> Event {
    Event::Fault(FlightFault::Lost {
        detail: "the link was closed".into(),
    })
}

impl Drop for Flight {
    fn drop(&mut self) {
        match self.inbox {
            Some(_) => self.link.routes.close(self.id),
            None => self.link.routes.close_apart(),
        }
        if self.launched && !self.finished {
            self.link.cancel(self.id);
        }
    }
}
