//! `serve --stdio`: the gateway as a desktop client's own server. One client, every revision, one message a line.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;
use wardgate_protocol::{
    Frame, Kind, Limits, Method, RequestId, RpcError, edit, error, frame::FrameFault, lines::Lines,
    meta, scan::Keys,
};
use wardgate_snapshot::Toolset;

use crate::{
    call::{Arrival, Credentials, Hail},
    exchange::{Exchange, Out},
    gate::Gate,
    pipeline,
    session::{
        self, Session,
        news::{self, Interest},
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
    stop: CancellationToken,
}

impl Front {
    async fn read<R: AsyncRead + Unpin>(self: &Arc<Self>, mut input: R) -> std::io::Result<()> {
        let line_bytes_max = self.gate.snapshot().gateway.caps.body_bytes_max;
        let mut lines = Lines::new(line_bytes_max);
        loop {
            while let Some(line) = lines.next_line().map_err(std::io::Error::other)? {
                self.line(line).await;
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
        match Frame::parse(line, &limits, Keys::Strict) {
            Ok(frame) => match frame.kind() {
                Kind::Request => self.request(frame).await,
                Kind::Notification => self.notification(&frame),
                Kind::Result | Kind::Error => {
                    if let Some(session) = self.session() {
                        session.responded(frame);
                    }
                }
            },
            Err(FrameFault::Parse(scan)) => {
                self.refuse(None, error::PARSE_ERROR, format!("Parse error: {scan}"))
                    .await
            }
            Err(FrameFault::Batch) => {
                self.refuse(None, error::INVALID_REQUEST, FrameFault::Batch.to_string())
                    .await
            }
            Err(FrameFault::Invalid { reason, id }) => {
                self.refuse(
                    id.as_ref(),
                    error::INVALID_REQUEST,
                    format!("Invalid request: {reason}"),
                )
                .await
            }
        }
    }

    fn session(&self) -> Option<Arc<Session>> {
        self.session.lock().expect("no panic while held").clone()
    }

    async fn request(self: &Arc<Self>, frame: Frame) {
        let (Some(id), Some(toolset)) = (frame.id().cloned(), self.toolset()) else {
            return;
        };
        let hail = match (
            meta::is_modern(frame.params()),
            frame.method(),
            self.session(),
        ) {
            (true, _, _) => Hail::Modern,
            (false, Some("initialize"), _) => {
                let session = session::open_session(&frame);
                *self.session.lock().expect("no panic while held") = Some(session.clone());
                Hail::Held(session)
            }
            (false, _, Some(session)) => Hail::Held(session),
            (false, Some("ping"), None) => Hail::Held(session::open_session(&frame)),
            (false, Some("server/discover"), None) => {
                return self
                    .refuse(
                        Some(&id),
                        error::INVALID_PARAMS,
                        "params._meta must carry the protocol version".into(),
                    )
                    .await;
            }
            (false, _, None) => {
                return self
                    .refuse(Some(&id), error::INVALID_REQUEST, "not initialized".into())
                    .await;
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
            return self
                .refuse(
                    Some(&id),
                    error::INVALID_REQUEST,
                    "a request with this id is under way".into(),
                )
                .await;
        }
        let arrival = Arrival {
            snapshot: self.gate.snapshot(),
            toolset,
            credentials: Credentials {
                stdio: true,
                ..Credentials::default()
            },
            hail,
            frame,
            headers: None,
        };
        let (exchange, out) = Exchange::new();
        self.gate.tasks.spawn(pipeline::serve(
            self.gate.clone(),
            arrival,
            exchange,
            cancel,
        ));
        self.gate.tasks.spawn(relay(self.clone(), id, out));
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
                if let Some((session, toolset)) = self.session().zip(self.toolset()) {
                    self.gate
                        .tasks
                        .spawn(follow(self.clone(), session, toolset));
                }
            }
            _ => {}
        }
    }

    async fn refuse(&self, id: Option<&RequestId>, code: i64, message: String) {
        self.send(&Frame::failure(id, &RpcError::new(code, message).to_raw()))
            .await;
    }

    async fn send(&self, frame: &Frame) {
        let mut line = edit::one_line(frame.raw()).as_str().as_bytes().to_vec();
        line.push(b'\n');
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

/// Writes what one call sends to the client. A call the client took back is not answered (MCP basic/utilities/cancellation).
async fn relay(front: Arc<Front>, id: RequestId, mut out: mpsc::Receiver<Out>) {
    while let Some(next) = out.recv().await {
        match next {
            Out::Notify(frame) | Out::Ask(frame) => front.send(&frame).await,
            Out::Answer(answer) => {
                front.calls.lock().expect("no panic while held").remove(&id);
                if answer.status != 499 {
                    front.send(&answer.frame).await;
                }
            }
        }
    }
    front.calls.lock().expect("no panic while held").remove(&id);
}

/// Tells a legacy client of changes.
async fn follow(front: Arc<Front>, session: Arc<Session>, toolset: Arc<Toolset>) {
    let mut changes = front.gate.upstreams.subscribe();
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
        for frame in news::frames(&interest, changed, &mut changes, &toolset).await {
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
