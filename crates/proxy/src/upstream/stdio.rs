//! The stdio wire: one line, one message, both ways. Calls share one child and are told apart by id.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use bytes::{Bytes, BytesMut};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, ChildStdout},
    sync::mpsc,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wardgate_protocol::{Frame, Limits, edit, lines::Lines, scan::Keys};

use super::{
    child::{self, Stderr},
    fault::FlightFault,
};

pub struct StdioWire {
    /// Whole lines for the writer, which alone touches the pipe: a caller that gives up cannot leave half a line behind.
    lines: mpsc::Sender<Bytes>,
    pub stderr: Stderr,
    /// Lines on standard output that were no messages.
    pub junk: Arc<AtomicU64>,
}

/// Takes over a started child. Frames go to `incoming`. When the child ends or breaks the rules, `closed` is cancelled;
/// when `closed` is cancelled from elsewhere, the child is stopped.
pub fn open(
    mut process: Child,
    server: &str,
    line_bytes_max: usize,
    incoming: mpsc::Sender<Frame>,
    closed: CancellationToken,
    tasks: &TaskTracker,
    children: &TaskTracker,
) -> StdioWire {
    let stdin = process
        .stdin
        .take()
        .expect("the child was started with pipes");
    let stdout = process
        .stdout
        .take()
        .expect("the child was started with pipes");
    let stderr = process
        .stderr
        .take()
        .expect("the child was started with pipes");
    // A full queue makes callers wait: the child reads slower than it is spoken to.
    let (lines, queue) = mpsc::channel(256);
    let junk = Arc::new(AtomicU64::new(0));
    let stderr = Stderr::follow(stderr, server.to_owned(), tasks);
    tasks.spawn(write(stdin, queue, closed.clone()));
    tasks.spawn(read(
        stdout,
        line_bytes_max,
        incoming,
        junk.clone(),
        closed.clone(),
    ));
    children.spawn(async move {
        closed.cancelled().await;
        child::stop(process).await;
    });
    StdioWire {
        lines,
        stderr,
        junk,
    }
}

impl StdioWire {
    /// Queues one message for the child.
    ///
    /// # Errors
    /// When the child is gone; the message was then not sent.
    pub async fn send(&self, frame: &Frame) -> Result<(), FlightFault> {
        let text = edit::one_line(frame.raw());
        let mut line = BytesMut::with_capacity(text.len() + 1);
        line.extend_from_slice(text.as_str().as_bytes());
        line.extend_from_slice(b"\n");
        self.lines
            .send(line.freeze())
            .await
            .map_err(|_| FlightFault::NotSent {
                detail: "the child has ended".into(),
            })
    }
}

async fn write(mut stdin: ChildStdin, mut queue: mpsc::Receiver<Bytes>, closed: CancellationToken) {
    while let Some(Some(line)) = closed.run_until_cancelled(queue.recv()).await {
        if let Some(Ok(())) = closed.run_until_cancelled(stdin.write_all(&line)).await {
            continue;
        }
        break;
    }
    closed.cancel();
}

async fn read(
    mut stdout: ChildStdout,
    line_bytes_max: usize,
    incoming: mpsc::Sender<Frame>,
    junk: Arc<AtomicU64>,
    closed: CancellationToken,
) {
    let _ends_with_us = closed.clone().drop_guard();
    let limits = Limits {
        message_bytes_max: line_bytes_max,
        ..Limits::default()
    };
    let mut lines = Lines::new(line_bytes_max);
    loop {
        loop {
            match lines.next_line() {
                Ok(Some(line)) => match Frame::parse(line, &limits, Keys::Lenient) {
                    Ok(frame) => {
                        if incoming.send(frame).await.is_err() {
                            return;
                        }
                    }
                    Err(_) => {
                        junk.fetch_add(1, Ordering::Relaxed);
                    }
                },
                Ok(None) => break,
                Err(fault) => {
                    tracing::warn!(%fault, "child is restarted");
                    return;
                }
            }
        }
        lines.buffer().reserve(16 << 10);
        match closed
            .run_until_cancelled(stdout.read_buf(lines.buffer()))
            .await
        {
            Some(Ok(1..)) => {}
            Some(Ok(0) | Err(_)) | None => return,
        }
    }
}
