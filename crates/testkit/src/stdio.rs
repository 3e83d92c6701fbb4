//! A client on the standard input and output of a child.

use std::process::Stdio as Pipe;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::within;

/// A child that speaks one JSON message a line. Killed when dropped; [`Stdio::close`] ends it in an orderly way.
#[derive(Debug)]
pub struct Stdio {
    child: Child,
    input: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Stdio {
    /// Starts the command with both ends piped; its standard error stays what the command says.
    pub fn start(mut command: Command) -> Stdio {
        let mut child = command
            .stdin(Pipe::piped())
            .stdout(Pipe::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a program");
        Stdio {
            input: child.stdin.take(),
            lines: BufReader::new(child.stdout.take().expect("a pipe")).lines(),
            child,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("a child that runs")
    }

    /// Sends bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("an open input");
        within("room in the pipe", async {
            input.write_all(bytes).await.expect("a child that reads");
            input.flush().await.expect("a child that reads");
        })
        .await;
    }

    pub async fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes()).await;
    }

    /// Returns the next line as it is; `None` at the end.
    pub async fn line(&mut self) -> Option<String> {
        within("a line", self.lines.next_line())
            .await
            .expect("UTF-8")
    }

    /// Returns the next message.
    ///
    /// # Panics
    /// When there is none, or when it is not JSON.
    pub async fn message(&mut self) -> Value {
        let line = self.line().await.expect("one more line");
        serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault}: {line}"))
    }

    /// Sends a request; returns what came before the answer, and the answer.
    pub async fn ask(&mut self, message: &Value) -> (Vec<Value>, Value) {
        self.send(message).await;
        self.answer(&message["id"]).await
    }

    /// Reads up to the answer with this id.
    pub async fn answer(&mut self, id: &Value) -> (Vec<Value>, Value) {
        let mut before = Vec::new();
        loop {
            let message = self.message().await;
            if message.get("method").is_none() && message["id"] == *id {
                return (before, message);
            }
            before.push(message);
        }
    }

    /// Closes the input and waits for the end; returns the lines that still came, and whether the end was a success.
    pub async fn close(mut self) -> (Vec<String>, bool) {
        drop(self.input.take());
        let mut rest = Vec::new();
        while let Some(line) = self.line().await {
            rest.push(line);
        }
        let status = within("the end of the child", self.child.wait())
            .await
            .expect("a child");
        (rest, status.success())
    }
}
