//! How many long streams one caller may hold open, so that one cannot take what others need.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use wardgate_model::{Caller, Identity};

use crate::stop::Stop;

#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<HashMap<Identity, usize>>>);

/// One open stream; given back on drop.
pub struct OpenStream {
    streams: Streams,
    owner: Identity,
}

impl Streams {
    /// Counts a stream in.
    ///
    /// # Errors
    /// [`Stop::Busy`] when the caller has as many as it may.
    pub fn open(&self, caller: &Caller, max: usize) -> Result<OpenStream, Stop> {
        let mut open = self.0.lock().expect("no panic while held");
        let count = open.entry(caller.identity()).or_default();
        if *count >= max {
            return Err(Stop::Busy {
                retry_after: Duration::from_secs(5),
            });
        }
        *count += 1;
        drop(open);
        Ok(OpenStream {
            streams: self.clone(),
            owner: caller.identity(),
        })
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().expect("no panic while held");
        if let Some(count) = open.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wardgate_model::{PrincipalId, PrincipalKind, TenantId, Via};

    use super::*;

    #[test]
    fn each_caller_has_its_own_streams_and_gets_them_back() {
        let caller = |name: &str| Caller {
            tenant: TenantId::new("t"),
            principal: PrincipalId::new(name),
            kind: PrincipalKind::User,
            groups: Arc::default(),
            scopes: Arc::default(),
            via: Via::ApiKey,
            credential: None,
        };
        let streams = Streams::default();
        let first = streams.open(&caller("a"), 1).unwrap();
        assert!(streams.open(&caller("a"), 1).is_err());
        assert!(streams.open(&caller("b"), 1).is_ok());
        drop(first);
        assert!(streams.open(&caller("a"), 1).is_ok());
    }
}
