//! The sessions something is happening in, and those that were ended before their time.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use wardgate_snapshot::Caps;

use super::{Session, SessionKey, token::Opened};

pub struct Sessions {
    live: Mutex<HashMap<SessionKey, Arc<Session>>>,
    /// Ended by DELETE: their ids would still open. With when they would have expired anyway.
    ended: Mutex<HashMap<SessionKey, Instant>>,
    sessions_max: usize,
    lifetime: Duration,
}

/// Too many sessions are live at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Sessions {
    pub fn new(caps: &Caps) -> Sessions {
        Sessions {
            live: Mutex::default(),
            ended: Mutex::default(),
            sessions_max: caps.sessions_max,
            lifetime: caps.session_lifetime,
        }
    }

    /// Returns the live session for an opened id, making it when nothing was going on; `None` when it was ended.
    ///
    /// # Errors
    /// [`Full`] when the table is full.
    pub fn resume(&self, opened: Opened) -> Result<Option<Arc<Session>>, Full> {
        if self
            .ended
            .lock()
            .expect("no panic while held")
            .contains_key(&opened.key)
        {
            return Ok(None);
        }
        let mut live = self.live.lock().expect("no panic while held");
        if let Some(session) = live.get(&opened.key) {
            return Ok(Some(session.clone()));
        }
        if live.len() >= self.sessions_max {
            return Err(Full);
        }
        let session = Session::new(
            opened.key,
            opened.revision,
            opened.capabilities,
            opened.info,
        );
        live.insert(opened.key, session.clone());
        Ok(Some(session))
    }

    /// Ends a session for good.
    pub fn end(&self, session: &Session) {
        session.end();
        self.live
            .lock()
            .expect("no panic while held")
            .remove(session.key());
        self.ended
            .lock()
            .expect("no panic while held")
            .insert(*session.key(), Instant::now() + self.lifetime);
    }

    /// Forgets sessions nothing is happening in; their ids bring them back.
    pub fn sweep(&self) {
        self.live
            .lock()
            .expect("no panic while held")
            .retain(|_, session| Arc::strong_count(session) > 1 || session.is_worth_keeping());
        let now = Instant::now();
        self.ended
            .lock()
            .expect("no panic while held")
            .retain(|_, until| *until > now);
    }

    pub fn live(&self) -> usize {
        self.live.lock().expect("no panic while held").len()
    }
}
