//! The conversation over one call: notifications on the way, questions in between, one answer at the end.

use std::{sync::Arc, time::Duration};

use wardgate_protocol::{
    Era, Frame, Method, Raw, RequestId, RpcError,
    edit::{self, Change},
    error,
    finish::{self, ResultType},
};

use wardgate_snapshot::Server;

use super::{
    ask::{ASKS_MAX, Answered, Ask, too_many},
    notice::Notices,
};
use crate::{
    call::Call,
    stage::clean::{Filter, Part},
    stop::Stop,
    upstream::{fault::FlightFault, flight::Flight, http::Mirrored, link::Link, routes::Event},
};

/// A request that can be sent again with answers added.
pub struct Sent {
    pub frame: Frame,
    pub headers: Vec<Mirrored>,
}

pub struct Dialog {
    flight: Flight,
    sent: Sent,
    notices: Notices,
    server: Arc<Server>,
    filter: Filter,
    /// Requests of a legacy server that wait for an answer: our key, its id.
    open: Vec<(String, RequestId)>,
    rounds: u32,
}

/// Where the conversation stands.
pub enum Turn {
    /// The server's last word.
    Reply(Frame),
    /// The server wants to know something first.
    Asks(Vec<Ask>),
}

/// Rounds of questions one call may take.
const ROUNDS_MAX: u32 = 10;
/// Questions that come within this time of the first are put together.
const GATHERING: Duration = Duration::from_millis(5);

impl Dialog {
    /// Sends the request and starts the conversation.
    ///
    /// # Errors
    /// What is known of the request's fate.
    pub async fn start(
        mut flight: Flight,
        sent: Sent,
        server: Arc<Server>,
        filter: Filter,
    ) -> Result<Dialog, FlightFault> {
        flight.launch(&sent.frame, &sent.headers).await?;
        Ok(Dialog {
            flight,
            sent,
            notices: Notices::default(),
            server,
            filter,
            open: Vec::new(),
            rounds: 0,
        })
    }

    pub fn link(&self) -> &Arc<Link> {
        self.flight.link()
    }

    /// How what the server says is cleaned.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Follows the conversation to its next turn, passing notifications on.
    ///
    /// # Errors
    /// Deadline, cancellation, or the link's fault.
    pub async fn turn(&mut self, call: &Call) -> Result<Turn, Stop> {
        loop {
            match call.cx.within(self.flight.next()).await? {
                Event::Reply(frame) => return self.reply(call, frame),
                Event::Fault(fault) => return Err(fault.to_stop()),
                Event::Notification(frame) => call.cx.within(self.pass_on(call, frame)).await?,
                Event::Request(frame) => {
                    let asks = call.cx.within(Box::pin(self.gather(call, frame))).await??;
                    if !asks.is_empty() {
                        return Ok(Turn::Asks(asks));
                    }
                }
            }
        }
    }

    fn reply(&mut self, call: &Call, frame: Frame) -> Result<Turn, Stop> {
        let Some(result) = frame.result() else {
            return Ok(Turn::Reply(frame));
        };
        if self.link().era() == Era::Legacy
            || finish::result_type(result) != ResultType::InputRequired
        {
            return Ok(Turn::Reply(frame));
        }
        // A modern client answers the server itself; the result is judged as it will be sent, in `stage::sanitize`.
        if call.peer.era() == Era::Modern {
            return Ok(Turn::Reply(frame));
        }
        let clean = self.filter.clean(call, result, Part::Body)?;
        let asks = Ask::read_all(call, &self.server.alias, &clean)?;
        // The state goes back to the server and nowhere else.
        Ok(Turn::Asks(self.with_state(asks, result)))
    }

    /// Remembers the state to hand back with the answers.
    fn with_state(&mut self, asks: Vec<Ask>, result: &Raw) -> Vec<Ask> {
        let params = self.sent.frame.params().map_or("{}", Raw::as_str);
        let change = match edit::get(result.as_str(), &["requestState"]) {
            Some(state) => Change::Set("requestState", state),
            None => Change::Remove("requestState"),
        };
        let params = Raw::trusted(edit::apply(params, &[change]));
        self.sent.frame = self.sent.frame.with(None, Some(&params));
        asks
    }

    async fn pass_on(&mut self, call: &Call, frame: Frame) {
        // What may not be passed on is not; that it came is in the record.
        let Ok(frame) = self.cleaned(call, frame) else {
            return;
        };
        if let Some(frame) = self.notices.translate(call, frame) {
            call.exchange.notify(frame).await;
        }
    }

    /// Collects the question in hand and those right behind it. What the client did not declare is refused here.
    async fn gather(&mut self, call: &Call, first: Frame) -> Result<Vec<Ask>, Stop> {
        let mut asks = Vec::new();
        let mut next = Some(Event::Request(first));
        let until = tokio::time::Instant::now() + GATHERING;
        while let Some(event) = next.take() {
            match event {
                Event::Request(frame) => asks.extend(self.question(call, &frame).await?),
                Event::Notification(frame) => self.pass_on(call, frame).await,
                Event::Reply(_) | Event::Fault(_) => {
                    return Err(Stop::UpstreamFault {
                        reason: "it answered before its question was",
                    });
                }
            }
            // What follows a question that was refused may be the answer.
            if call.peer.era() == Era::Modern && !asks.is_empty() {
                next = tokio::time::timeout_at(until, self.flight.next())
                    .await
                    .ok();
            }
            if asks.len() > ASKS_MAX {
                return Err(too_many());
            }
        }
        Ok(asks)
    }

    async fn question(&mut self, call: &Call, frame: &Frame) -> Result<Option<Ask>, Stop> {
        let frame = &self.cleaned(call, frame.clone())?;
        let Some(id) = frame.id() else {
            return Ok(None);
        };
        let method = Method::parse(frame.method().unwrap_or_default());
        let ask = Ask {
            key: format!("input-{}", self.open.len() + 1),
            method,
            params: frame.params().cloned(),
        };
        let is_ping = ask.method == Method::Ping;
        if let Some(ask) = ask.judged(call, &self.server.alias) {
            self.open.push((ask.key.clone(), id.clone()));
            return Ok(Some(ask));
        }
        let refusal = match is_ping {
            true => Frame::success(id, &Raw::trusted("{}")),
            _ => Frame::failure(
                Some(id),
                &RpcError::new(error::METHOD_NOT_FOUND, "the client does not support this")
                    .to_raw(),
            ),
        };
        self.flight
            .answer(&refusal)
            .await
            .map_err(|fault| fault.to_stop())?;
        Ok(None)
    }

    /// Asks a legacy client each question in turn and hands the answers to the server.
    ///
    /// # Errors
    /// When the client does not answer, or the server cannot be told.
    pub async fn converse(
        &mut self,
        call: &Call,
        asks: Vec<Ask>,
        limit: Duration,
    ) -> Result<(), Stop> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            let answer = ask.put(call, limit).await?;
            answers.push((ask.key, answer));
        }
        self.answer(call, answers).await
    }

    /// Hands the client's answers to the server, in the server's way.
    ///
    /// # Errors
    /// Too many rounds, an answer the server's era cannot carry, or the link's fault.
    pub async fn answer(&mut self, call: &Call, answers: Vec<Answered>) -> Result<(), Stop> {
        self.rounds += 1;
        if self.rounds > ROUNDS_MAX {
            return Err(Stop::UpstreamFault {
                reason: "it keeps asking",
            });
        }
        match self.link().era() {
            Era::Legacy => self.respond(call, answers).await,
            Era::Modern => self.send_again(call, answers).await,
        }
    }

    async fn respond(&mut self, call: &Call, answers: Vec<Answered>) -> Result<(), Stop> {
        for (key, answer) in answers {
            let Some(at) = self.open.iter().position(|(open, _)| *open == key) else {
                continue;
            };
            let (_, id) = self.open.remove(at);
            let response = match &answer {
                Ok(result) => Frame::success(&id, result),
                Err(error) => Frame::failure(Some(&id), error),
            };
            call.cx
                .within(self.flight.answer(&response))
                .await?
                .map_err(|fault| fault.to_stop())?;
        }
        Ok(())
    }

    async fn send_again(&mut self, call: &Call, answers: Vec<Answered>) -> Result<(), Stop> {
        let mut responses = String::from("{");
        for (key, answer) in &answers {
            let Ok(result) = answer else {
                return Err(Stop::UpstreamFault {
                    reason: "the client could not answer its question",
                });
            };
            if responses.len() > 1 {
                responses.push(',');
            }
            responses.push_str(&format!("{}:{}", edit::quote(key), result.as_str()));
        }
        responses.push('}');
        let mut flight = self.link().flight(Some(call.owner()));
        let params = self.sent.frame.params().map_or("{}", Raw::as_str);
        let mut params = edit::apply(params, &[Change::Set("inputResponses", &responses)]);
        if edit::get(&params, &["_meta", "progressToken"]).is_some() {
            params = edit::set(&params, &["_meta", "progressToken"], flight.id().as_str());
        }
        let frame = self
            .sent
            .frame
            .with(Some(&flight.id()), Some(&Raw::trusted(params)));
        call.cx
            .within(flight.launch(&frame, &self.sent.headers))
            .await?
            .map_err(|fault| fault.to_stop())?;
        self.sent.frame = frame;
        self.flight = flight;
        Ok(())
    }

    /// Keys of the questions that are still open, for a parked call.
    pub fn open_keys(&self) -> Vec<String> {
        self.open.iter().map(|(key, _)| key.clone()).collect()
    }

    /// What a server says on the way to its answer is shown to models and people like the answer itself.
    fn cleaned(&self, call: &Call, frame: Frame) -> Result<Frame, Stop> {
        let Some(params) = frame.params() else {
            return Ok(frame);
        };
        let clean = self.filter.clean(call, params, Part::Body)?;
        match std::ptr::eq(clean.as_str(), params.as_str()) {
            true => Ok(frame),
            false => Ok(frame.with(None, Some(&clean))),
        }
    }
}
