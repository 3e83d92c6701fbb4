//! News for one client: which of the servers' changes it hears of, gathered so that a burst is told once.

use std::{collections::BTreeSet, time::Duration};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use wardgate_model::{Alias, ToolsetName};
use wardgate_protocol::{Frame, Method, Raw, edit};
use wardgate_snapshot::{Snapshot, Toolset};

use crate::{
    call::Credentials,
    gate::Gate,
    stage::{
        authorize,
        clean::{Part, clean},
        identify::identify,
    },
    upstream::changes::{Change, News, Shelf},
};

/// What a client wants to hear of.
#[derive(Clone, Debug, Default)]
pub struct Interest {
    pub tools: bool,
    pub prompts: bool,
    pub resources: bool,
    pub uris: BTreeSet<String>,
}

/// Who hears of it, and through what.
#[derive(Clone, Copy)]
pub struct Hearer<'a> {
    pub gate: &'a Gate,
    pub toolset: &'a ToolsetName,
    pub credentials: &'a Credentials,
}

/// Changes this close together are told as one.
const GATHERING: Duration = Duration::from_millis(20);

/// Turns a change, and those right behind it, into the notifications this client is to get: of what it may read at this moment,
/// whatever it might when it began to listen.
pub async fn frames(
    hearer: Hearer<'_>,
    interest: &Interest,
    first: Result<Change, RecvError>,
    changes: &mut Receiver<Change>,
) -> Vec<Frame> {
    let snapshot = hearer.gate.snapshot();
    let Some(toolset) = snapshot.toolsets.get(hearer.toolset) else {
        return Vec::new();
    };
    let mut gathered = Gathered::default();
    gathered.add(interest, first, toolset);
    let until = tokio::time::Instant::now() + GATHERING;
    while let Ok(next) = tokio::time::timeout_at(until, changes.recv()).await {
        let is_closed = matches!(next, Err(RecvError::Closed));
        gathered.add(interest, next, toolset);
        if is_closed {
            break;
        }
    }
    if !gathered.updates.is_empty() {
        hearer
            .keep_readable(&snapshot, toolset, &mut gathered)
            .await;
    }
    gathered.frames()
}

impl Hearer<'_> {
    async fn keep_readable(&self, snapshot: &Snapshot, toolset: &Toolset, gathered: &mut Gathered) {
        match identify(self.gate, snapshot, toolset, self.credentials).await {
            Ok(caller) => gathered.updates.retain(|update| {
                let Update { server, uri, .. } = update;
                authorize::may_hear(self.gate, snapshot, toolset, &caller, server, uri)
            }),
            Err(_) => gathered.updates.clear(),
        }
    }
}

/// A resource that changed.
struct Update {
    server: Alias,
    uri: String,
    frame: Frame,
}

#[derive(Default)]
struct Gathered {
    lists: BTreeSet<&'static str>,
    updates: Vec<Update>,
}

impl Gathered {
    fn add(&mut self, interest: &Interest, change: Result<Change, RecvError>, toolset: &Toolset) {
        match change {
            Ok(Change {
                server: Some(server),
                ..
            }) if !toolset.servers.contains(&server) => {}
            Ok(Change {
                server: Some(_),
                news: News::List(shelf),
            }) => self.list(interest, shelf),
            Ok(Change {
                news: News::Resource { uri, params },
                server: Some(server),
            }) => {
                let is_told = self.updates.iter().any(|update| update.uri == uri);
                if interest.uris.contains(&uri) && !is_told {
                    let params = updated(toolset, &server, &uri, &params);
                    let method = Method::NotificationResourcesUpdated.as_str();
                    let frame = Frame::notification(method, Some(&params));
                    self.updates.push(Update { server, uri, frame });
                }
            }
            // Everything may have changed: a reload, or this reader fell behind.
            Ok(Change { server: None, .. }) | Err(RecvError::Lagged(_)) => {
                for shelf in [Shelf::Tools, Shelf::Prompts, Shelf::Resources] {
                    self.list(interest, shelf);
                }
            }
            Err(RecvError::Closed) => {}
        }
    }

    fn list(&mut self, interest: &Interest, shelf: Shelf) {
        let (wanted, method) = match shelf {
            Shelf::Tools => (interest.tools, "notifications/tools/list_changed"),
            Shelf::Prompts => (interest.prompts, "notifications/prompts/list_changed"),
            Shelf::Resources | Shelf::Templates => {
                (interest.resources, "notifications/resources/list_changed")
            }
        };
        if wanted {
            self.lists.insert(method);
        }
    }

    fn frames(self) -> Vec<Frame> {
        let lists = self
            .lists
            .into_iter()
            .map(|method| Frame::notification(method, None));
        lists
            .chain(self.updates.into_iter().map(|update| update.frame))
            .collect()
    }
}

/// What a server says of a change, cleaned; only the address where that may not be. The address is the client's own word.
fn updated(toolset: &Toolset, server: &Alias, uri: &str, said: &Raw) -> Raw {
    let uri = edit::quote(uri);
    let rules = toolset.sanitize.of(server, None);
    match clean(rules, server.as_str(), said, Part::Body) {
        Ok(clean) if std::ptr::eq(clean.raw.as_str(), said.as_str()) => clean.raw,
        Ok(clean) => Raw::trusted(edit::set(clean.raw.as_str(), &["uri"], &uri)),
        Err(_) => Raw::trusted(format!("{{\"uri\":{uri}}}")),
    }
}
