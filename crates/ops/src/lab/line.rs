//! Where the messages that belong to one call go: notifications, legacy requests to the client, and
//! the response itself.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;

use super::event_log::EventLog;

#[derive(Debug, Clone)]
pub enum Line {
    /// A live stream. Full means that the writer waits for the client to read.
    Live(mpsc::Sender<Value>),
    /// A stream that may be read again after a lost connection.
    Logged(Arc<EventLog>),
}

impl Line {
    /// Sends a message, waiting for room. A client that has left is not an error: its call is
    /// cancelled by whoever owns the connection.
    pub async fn send(&self, message: Value) {
        match self {
            Self::Live(sender) => drop(sender.send(message).await),
            Self::Logged(log) => log.append(&message),
        }
    }

    /// Ends the connection while the call goes on, so that the client comes back for the rest
    /// (SEP-1699). Only a logged line can do it.
    pub fn hang_up(&self) {
        if let Self::Logged(log) = self {
            log.hang_up();
        }
    }
}
