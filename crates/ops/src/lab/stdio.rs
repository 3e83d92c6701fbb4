//! stdio: one JSON message per line, both eras on one pipe. A message with modern `_meta` stands alone;
//! `initialize` opens the one session that a process has.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
    task::JoinSet,
};

use super::{
    answer::{INVALID_REQUEST, PARSE_ERROR, RpcError},
    dispatch, legacy,
    line::Line,
    modern,
    session::{Inflight, Session},
    state::Lab,
};

/// Messages that wait for a slow client; then whoever sends waits.
const LINES_MAX: usize = 256;

/// How long calls may go on after stdin has ended.
const GRACE: Duration = Duration::from_millis(500);

pub async fn serve<R, W>(lab: Arc<Lab>, reader: R, writer: W) -> std::io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(LINES_MAX);
    let mut writing = JoinSet::new();
    writing.spawn(write_lines(receiver, writer));
    let pipe = Pipe {
        session: lab.open_session(Line::Live(sender.clone())),
        line: Line::Live(sender),
        modern: Arc::default(),
        lab: Arc::clone(&lab),
    };
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        if !line.trim().is_empty() {
            pipe.receive(&line).await;
        }
    }
    lab.running.close();
    // Calls that are nearly done still answer, as `printf … | lab` expects; the rest are cancelled.
    if tokio::time::timeout(GRACE, lab.running.wait())
        .await
        .is_err()
    {
        lab.closing.cancel();
        lab.running.wait().await;
    }
    lab.sessions.end(&pipe.session.id);
    drop(pipe);
    writing.join_all().await.into_iter().collect()
}

async fn write_lines<W: AsyncWrite + Unpin>(
    mut messages: mpsc::Receiver<Value>,
    mut writer: W,
) -> std::io::Result<()> {
    while let Some(message) = messages.recv().await {
        writer.write_all(format!("{message}\n").as_bytes()).await?;
        writer.flush().await?;
    }
    Ok(())
}

struct Pipe {
    lab: Arc<Lab>,
    session: Arc<Session>,
    line: Line,
    /// Modern calls, cancellable by id.
    modern: Arc<Inflight>,
}

impl Pipe {
    async fn receive(&self, line: &str) {
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Array(batch)) => {
                for message in batch {
                    self.take(message).await;
                }
            }
            Ok(message) => self.take(message).await,
            Err(error) => {
                self.refuse(&Value::Null, &RpcError::new(PARSE_ERROR, error.to_string()))
                    .await
            }
        }
    }

    async fn take(&self, message: Value) {
        let has_id = message.get("id").is_some();
        if !message.is_object() {
            self.refuse(
                &Value::Null,
                &RpcError::new(INVALID_REQUEST, "one JSON object is expected"),
            )
            .await;
        } else if message.get("method").is_none() {
            self.session.hear(message);
        } else if !has_id {
            legacy::notice(&self.session, &message);
            if message["method"] == "notifications/cancelled" {
                self.modern.cancel(&message["params"]["requestId"]);
            }
        } else if modern::claims(&self.lab, modern::bears_modern_meta(&message)) {
            self.run_modern(&message).await;
        } else {
            self.run_legacy(&message).await;
        }
    }

    async fn run_modern(&self, message: &Value) {
        let checked = modern::check_envelope(&self.lab, message)
            .and_then(|()| modern::check_meta(message))
            .and_then(|()| modern::check_version(message));
        if let Err(error) = checked {
            return self.refuse(&message["id"], &error).await;
        }
        let call = modern::open(&self.lab, message, self.line.clone());
        let (inflight, id) = (Arc::clone(&self.modern), call.id.clone());
        inflight.enter(&id, &call.cancel);
        dispatch::spawn(call, move || inflight.leave(&id));
    }

    async fn run_legacy(&self, message: &Value) {
        let call = legacy::open(&self.lab, &self.session, message, self.line.clone());
        let (session, id) = (Arc::clone(&self.session), call.id.clone());
        if call.method == "initialize" {
            // Nothing overtakes the answer that opens the session.
            if let Some(response) = dispatch::respond(call).await {
                self.line.send(response).await;
            }
            return session.inflight.leave(&id);
        }
        dispatch::spawn(call, move || session.inflight.leave(&id));
    }

    async fn refuse(&self, id: &Value, error: &RpcError) {
        self.line.send(error.envelope(id)).await;
    }
}
