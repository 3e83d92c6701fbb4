//! `serve --stdio`: the gateway as a desktop client's own server. One client, every revision, one message a line.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use wardgate_protocol::{
    Frame, Kind, Limits, Method, RequestId, Revision, RpcError, Trace, edit, error,
    frame::FrameFault, lines::Lines, meta, scan::Keys,
};
use wardgate_snapshot::Toolset;

use super::{
    http::because,
    post::{self, BATCH_MAX},
};
use crate::{
    call::{Arrival, Credentials, Hail},
    exchange::{Exchange, Out},
    gate::Gate,
    pipeline,
    session::{
        self, Session,
        news::{self, Hearer, Interest},
    },
    stage::{
        identify::at_stdio,
        record::{self, Refused},
    },
};

/// Serves one client until its input ends or `stop`.
///
/// # Errors
/// When the toolset does not exist, or input or output break.
pub async fn serve<R, W>(
    gate: Arc<Gate>,
    toolset: Option<&str>,
    input: R,
    output: W,
    stop: CancellationToken,
) -> std::io::Result<()>
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let toolset = toolset.map(str::to_owned);
    if gate.snapshot().toolset(toolset.as_deref()).is_none() {
        return Err(std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "no such toolset",
        ));
    }
    // A full queue makes calls wait: the client reads slower than it is answered.
    let (lines, queue) = mpsc::channel(256);
    let writer = gate.tasks.spawn(write(output, queue));
    let front = Arc::new(Front {
        gate,
        toolset,
        lines,
        session: Mutex::default(),
        calls: Mutex::default(),
        follows: AtomicBool::new(false),
        stop: stop.child_token(),
    });
    let read = front.read(input).await;
    front.close();
    drop(front);
    // The writer ends when the last call under way has given back its end of the queue.
    let _ = writer.await;
    read
}

struct Front {
    gate: Arc<Gate>,
    toolset: Option<String>,
    lines: mpsc::Sender<Bytes>,
    session: Mutex<Option<Arc<Session>>>,
    calls: Mutex<HashMap<RequestId, CancellationToken>>,
    /// The session is told of changes.
    follows: AtomicBool,
    stop: CancellationToken,
}

impl Front {
    async fn read<R: AsyncRead + Unpin>(self: &Arc<Self>, mut input: R) -> std::io::Result<()> {
        let line_bytes_max = self.gate.snapshot().gateway.caps.body_bytes_max;
        let mut lines = Lines::new(line_bytes_max);
        loop {
            loop {
                match lines.next_line() {
                    Ok(Some(line)) => self.line(line).await,
                    Ok(None) => break,
                    Err(fault) => {
                        self.refused(because("a line is too long"));
                        return Err(std::io::Error::other(fault));
                    }
                }
            }
            lines.buffer().reserve(16 << 10);
            match self
                .stop
                .run_until_cancelled(input.read_buf(lines.buffer()))
                .await
            {
                Some(Ok(0)) | None => return Ok(()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
            }
        }
    }

    fn toolset(&self) -> Option<Arc<Toolset>> {
        self.gate
            .snapshot()
            .toolset(self.toolset.as_deref())
            .cloned()
    }

    async fn line(self: &Arc<Self>, line: Bytes) {
        let limits = Limits {
            message_bytes_max: self.gate.snapshot().gateway.caps.body_bytes_max,
            ..Limits::default()
        };
        match Frame::parse(line.clone(), &limits, Keys::Strict) {
            Ok(frame) => self.message(frame).await,
            Err(FrameFault::Batch) if self.has_batches() => self.batch(line, &limits).await,
            Err(fault) => self.refuse(&fault).await,
        }
    }

    async fn message(self: &Arc<Self>, frame: Frame) {
        match frame.kind() {
            Kind::Request => match self.start(frame) {
                Ok((id, out)) => {
                    self.gate.tasks.spawn(relay(self.clone(), id, out));
                }
                Err(refusal) => self.send(&refusal).await,
            },
            Kind::Notification => self.notification(&frame),
            Kind::Result | Kind::Error => {
                if let Some(session) = self.session() {
                    session.responded(frame);
                }
            }
        }
    }

    /// MCP 2025-03-26 basic: batches must be received. No revision after it has them.
    fn has_batches(&self) -> bool {
        self.session()
            .is_some_and(|session| session.revision == Revision::V2025_03_26)
    }

    /// Starts everything in a batch; its answers go out together when the last is there.
    async fn batch(self: &Arc<Self>, line: Bytes, limits: &Limits) {
        let frames = match Frame::parse_batch(line, limits, BATCH_MAX) {
            Ok(frames) => frames,
            Err(fault) => return self.refuse(&fault).await,
        };
        let (mut answers, mut started) = (Vec::new(), Vec::new());
        for frame in frames {
            match frame {
                Ok(frame) if frame.kind() == Kind::Request => match self.start(frame) {
                    Ok(call) => started.push(call),
                    Err(refusal) => answers.push(*refusal),
                },
                Ok(frame) => self.message(frame).await,
                Err(fault) => {
                    self.refused(post::faulty(&fault));
                    answers.push(refusal(&fault));
                }
            }
        }
        self.gate
            .tasks
            .spawn(relay_together(self.clone(), answers, started));
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().expect("no panic while held").clone()
    }

    /// Hands a request to the pipeline; returns where its answer will come, or the refusal.
    fn start(
        self: &Arc<Self>,
        frame: Frame,
    ) -> Result<(RequestId, mpsc::Receiver<Out>), Box<Frame>> {
        let method = frame.method().map(Method::parse);
        let refused = |id: Option<&RequestId>, code: i64, reason: &'static str| {
            self.refused(Refused {
                method: method.as_ref(),
                code: Some(code),
                ..because(reason)
            });
            Box::new(Frame::failure(id, &RpcError::new(code, reason).to_raw()))
        };
        let (Some(id), Some(toolset)) = (frame.id().cloned(), self.toolset()) else {
            return Err(refused(
                frame.id(),
                error::INTERNAL_ERROR,
                "the toolset is gone",
            ));
        };
        let hail = match (
            meta::is_modern(frame.lookup()),
            frame.method(),
            self.session(),
        ) {
            (true, _, _) => Hail::Modern,
            (false, Some("initialize"), _) => {
                let session = session::open_session(&frame);
                let before = self
                    .session
                    .lock()
                    .expect("no panic while held")
                    .replace(session.clone());
                if let Some(before) = before {
                    before.end();
                }
                self.follows.store(false, Ordering::Release);
                Hail::Held(session)
            }
            (false, _, Some(session)) => Hail::Held(session),
            (false, Some("ping"), None) => Hail::Held(session::open_session(&frame)),
            (false, Some("server/discover"), None) => {
                return Err(refused(
                    Some(&id),
                    error::INVALID_PARAMS,
                    "params._meta must carry the protocol version",
                ));
            }
            (false, _, None) => {
                return Err(refused(
                    Some(&id),
                    error::INVALID_REQUEST,
                    "not initialized",
                ));
            }
        };
        let cancel = self.stop.child_token();
        let is_new = match self
            .calls
            .lock()
            .expect("no panic while held")
            .entry(id.clone())
        {
            std::collections::hash_map::Entry::Occupied(_) => false,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(cancel.clone());
                true
            }
        };
        if !is_new {
            return Err(refused(
                Some(&id),
                error::INVALID_REQUEST,
                "a request with this id is under way",
            ));
        }
        let trace = Trace::read(frame.lookup(), None);
        let arrival = Arrival {
            snapshot: self.gate.snapshot(),
            toolset,
            credentials: credentials(),
            hail,
            frame,
            headers: None,
            underway: None,
            trace,
        };
        let (exchange, hearing) = Exchange::new();
        let work = pipeline::serve(self.gate.clone(), arrival, exchange, cancel);
        let (out, tell) = hearing.follow(Box::pin(work));
        self.gate.tasks.spawn(tell);
        Ok((id, out))
    }

    fn notification(self: &Arc<Self>, frame: &Frame) {
        match Method::parse(frame.method().unwrap_or_default()) {
            Method::NotificationCancelled => {
                let id = frame.params().and_then(|params| {
                    edit::get(params.as_str(), &["requestId"]).map(|id| params.slice_of(id))
                });
                let id = id.and_then(|id| RequestId::parse(id, Limits::default().id_bytes_max));
                if let Some(cancel) = id.and_then(|id| {
                    self.calls
                        .lock()
                        .expect("no panic while held")
                        .get(&id)
                        .cloned()
                }) {
                    cancel.cancel();
                }
            }
            Method::NotificationInitialized => {
                if let Some((session, toolset)) = self.session().zip(self.toolset())
                    && !self.follows.swap(true, Ordering::AcqRel)
                {
                    self.gate
                        .tasks
                        .spawn(follow(self.clone(), session, toolset));
                }
            }
            _ => {}
        }
    }

    /// Records that something of this client was turned away.
    fn refused(&self, what: Refused<'_>) {
        let (snapshot, toolset) = (self.gate.snapshot(), self.toolset());
        let caller = at_stdio(&snapshot);
        let what = Refused {
            toolset: toolset.as_deref(),
            caller: Some(&caller),
            ..what
        };
        record::refused(&self.gate, &snapshot, what);
    }

    /// Answers what is no message.
    async fn refuse(&self, fault: &FrameFault) {
        self.refused(post::faulty(fault));
        self.send(&refusal(fault)).await;
    }

    async fn send(&self, frame: &Frame) {
        let mut line = edit::one_line(frame.raw()).as_str().to_owned();
        line.push('\n');
        self.send_line(line).await;
    }

    async fn send_line(&self, line: String) {
        // The writer is gone only when the client is.
        let _ = self.lines.send(line.into()).await;
    }

    fn close(&self) {
        self.stop.cancel();
        if let Some(session) = self.session() {
            session.end();
        }
    }
}

fn refusal(fault: &FrameFault) -> Frame {
    let (id, error) = post::refusal(fault);
    Frame::failure(id.as_ref(), &error.to_raw())
}

/// Writes what one call sends to the client.
async fn relay(front: Arc<Front>, id: RequestId, out: mpsc::Receiver<Out>) {
    if let Some(answer) = answer(&front, &id, out).await {
        front.send(&answer).await;
    }
}

/// Writes the answers of a batch as one.
async fn relay_together(
    front: Arc<Front>,
    mut answers: Vec<Frame>,
    started: Vec<(RequestId, mpsc::Receiver<Out>)>,
) {
    for (id, out) in started {
        answers.extend(answer(&front, &id, out).await);
    }
    if !answers.is_empty() {
        let answers: Vec<_> = answers
            .iter()
            .map(|answer| edit::one_line(answer.raw()).as_str().to_owned())
            .collect();
        front.send_line(format!("[{}]\n", answers.join(","))).await;
    }
}

/// Passes on what comes before the answer and returns the answer. A call the client took back has none
/// (MCP basic/utilities/cancellation).
async fn answer(front: &Front, id: &RequestId, mut out: mpsc::Receiver<Out>) -> Option<Frame> {
    let mut answer = None;
    while let Some(next) = out.recv().await {
        match next {
            Out::Notify(frame) | Out::Ask(frame) => front.send(&frame).await,
            Out::Answer(last) => {
                answer = (last.status != 499).then_some(last.frame);
                break;
            }
        }
    }
    // Before the answer is told: after it, the client may use the id again.
    front.calls.lock().expect("no panic while held").remove(id);
    answer
}

/// Who starts the gateway is who calls.
fn credentials() -> Credentials {
    Credentials {
        stdio: true,
        ..Credentials::default()
    }
}

/// Tells a legacy client of changes.
async fn follow(front: Arc<Front>, session: Arc<Session>, toolset: Arc<Toolset>) {
    let mut changes = front.gate.upstreams.subscribe();
    let credentials = credentials();
    let hearer = Hearer {
        gate: &front.gate,
        toolset: &toolset.name,
        credentials: &credentials,
    };
    loop {
        let changed = tokio::select! {
            () = front.stop.cancelled() => return,
            () = session.ended.cancelled() => return,
            () = front.gate.draining.cancelled() => return,
            changed = changes.recv() => changed,
        };
        let interest = Interest {
            tools: true,
            prompts: true,
            resources: true,
            uris: session.subscribed(),
        };
        for frame in news::frames(hearer, &interest, changed, &mut changes).await {
            front.send(&frame).await;
        }
    }
}

async fn write<W: AsyncWrite + Unpin>(mut output: W, mut queue: mpsc::Receiver<Bytes>) {
    while let Some(line) = queue.recv().await {
        if output.write_all(&line).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}
