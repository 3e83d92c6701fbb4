//! Notifications of a call under way, as its client may see them.

use wardgate_protocol::{Era, Frame, Method, Raw, edit, meta};

use crate::{call::Call, upstream::line::severity};

/// What must be remembered between two notifications of one call.
#[derive(Debug, Default)]
pub struct Notices {
    progress: Option<f64>,
}

impl Notices {
    /// Returns the notification to send on, or `None` when this client is not to see it.
    pub fn translate(&mut self, call: &Call, frame: Frame) -> Option<Frame> {
        match Method::parse(frame.method().unwrap_or_default()) {
            Method::NotificationProgress => self.progress(call, &frame),
            Method::NotificationMessage => is_wanted(call, &frame).then_some(frame),
            Method::NotificationElicitationComplete => {
                (call.peer.era() == Era::Legacy).then_some(frame)
            }
            // The round it belonged to is answered or given up here; the client has its own way to hear of that.
            Method::NotificationCancelled => None,
            Method::NotificationTasksStatus | Method::NotificationTasks => None,
            _ => Some(frame),
        }
    }

    /// Puts the client's own token back, spelled as it was. MCP: values must increase; one that does not is dropped,
    /// and so is one nobody asked for.
    fn progress(&mut self, call: &Call, frame: &Frame) -> Option<Frame> {
        let token = meta::progress_token(call.frame.lookup())?;
        let params = frame.params()?;
        let value: f64 = edit::get(params.as_str(), &["progress"])?.parse().ok()?;
        if self.progress.is_some_and(|last| value <= last) {
            return None;
        }
        self.progress = Some(value);
        let restored = Raw::trusted(edit::set(
            params.as_str(),
            &["progressToken"],
            token.as_str(),
        ));
        Some(frame.with(None, Some(&restored)))
    }
}

/// MCP 2026-07-28: no log message without `logLevel`; legacy clients that never set a level get what the server sends.
fn is_wanted(call: &Call, frame: &Frame) -> bool {
    let level = frame
        .params()
        .and_then(|params| edit::get(params.as_str(), &["level"]))
        .and_then(edit::string)
        .unwrap_or_default();
    match (&call.peer.log_level, call.peer.era()) {
        (Some(least), _) => severity(&level) >= severity(least),
        (None, Era::Legacy) => true,
        (None, Era::Modern) => false,
    }
}
