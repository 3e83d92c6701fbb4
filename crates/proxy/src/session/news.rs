//! News for one client: which of the servers' changes it hears of, gathered so that a burst is told once.

use std::{collections::BTreeSet, time::Duration};

use tokio::sync::broadcast::{Receiver, error::RecvError};
use wardgate_model::Alias;
use wardgate_protocol::{Frame, Method, Raw, edit};
use wardgate_snapshot::Toolset;

use crate::{
    stage::clean::{Part, clean},
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

/// Changes this close together are told as one.
const GATHERING: Duration = Duration::from_millis(20);

/// Turns a change, and those right behind it, into the notifications this client is to get.
pub async fn frames(
    interest: &Interest,
    first: Result<Change, RecvError>,
    changes: &mut Receiver<Change>,
    toolset: &Toolset,
) -> Vec<Frame> {
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
    gathered.frames()
}

#[derive(Default)]
struct Gathered {
    lists: BTreeSet<&'static str>,
    updates: Vec<(String, Frame)>,
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
                server,
            }) => {
                if interest.uris.contains(&uri)
                    && !self.updates.iter().any(|(known, _)| *known == uri)
                {
                    let params = updated(toolset, server.as_ref(), &uri, &params);
                    let method = Method::NotificationResourcesUpdated.as_str();
                    self.updates
                        .push((uri, Frame::notification(method, Some(&params))));
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
            .chain(self.updates.into_iter().map(|(_, frame)| frame))
            .collect()
    }
}

/// What a server says of a change, cleaned; only the address where that may not be. The address is the client's own word.
fn updated(toolset: &Toolset, server: Option<&Alias>, uri: &str, said: &Raw) -> Raw {
    let uri = edit::quote(uri);
    let cleaned = server.and_then(|server| {
        let rules = toolset.sanitize.of(server, None);
        clean(rules, server.as_str(), said, Part::Body).ok()
    });
    match cleaned {
        Some(clean) if std::ptr::eq(clean.raw.as_str(), said.as_str()) => clean.raw,
        Some(clean) => Raw::trusted(edit::set(clean.raw.as_str(), &["uri"], &uri)),
        None => Raw::trusted(format!("{{\"uri\":{uri}}}")),
    }
}
