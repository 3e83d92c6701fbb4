//! A toolset's lists as a client sees them: servers joined, names made unique, the whole answer ready as bytes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use wardgate_protocol::{Era, Raw, capabilities::ClientCapabilities, edit};
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{Freshness, Item, Listing};
use crate::{
    catalog::fetch::member_of,
    upstream::{Upstreams, changes::Shelf, fault::LinkFault, line::Line},
};

/// Whose view it is. Callers with the same lens see the same lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lens {
    pub era: Era,
    pub capabilities: ClientCapabilities,
}

impl Lens {
    pub fn of(peer: &crate::call::Peer) -> Lens {
        Lens {
            era: peer.era(),
            capabilities: peer.capabilities.clone(),
        }
    }
}

/// One server's part in a view.
#[derive(Clone)]
pub struct Part {
    pub server: Arc<Server>,
    pub line: Arc<Line>,
    pub listing: Option<Arc<Listing>>,
    /// Why the listing is absent or old.
    pub fault: Option<&'static str>,
}

/// Where an exposed name leads.
#[derive(Clone)]
pub struct Entry {
    pub server: Arc<Server>,
    pub line: Arc<Line>,
    pub item: Arc<Item>,
}

pub struct View {
    /// The complete result for `era`, without `_meta` of missing servers.
    pub result: Raw,
    pub table: HashMap<String, Entry>,
    listings: Vec<Option<Arc<Listing>>>,
}

#[derive(Default)]
pub struct Views(Mutex<HashMap<(String, String, Shelf, Lens), Arc<View>>>);

/// Views kept; past that the cache starts over.
const VIEWS_MAX: usize = 512;

impl Views {
    /// Returns the view over these parts, made anew only when a listing has changed.
    pub fn view(
        &self,
        snapshot: &Snapshot,
        toolset: &Toolset,
        shelf: Shelf,
        lens: &Lens,
        parts: &[Part],
    ) -> Arc<View> {
        let key = (
            snapshot.revision.clone(),
            toolset.name.to_string(),
            shelf,
            lens.clone(),
        );
        let mut views = self.0.lock().expect("no panic while held");
        if let Some(view) = views.get(&key).filter(|view| view.is_of(parts)) {
            return view.clone();
        }
        let view = Arc::new(build(toolset, shelf, lens.era, parts));
        if views.len() >= VIEWS_MAX {
            views.clear();
        }
        views.insert(key, view.clone());
        view
    }
}

impl View {
    fn is_of(&self, parts: &[Part]) -> bool {
        self.listings.len() == parts.len()
            && self
                .listings
                .iter()
                .zip(parts)
                .all(|(had, part)| match (had, &part.listing) {
                    (Some(had), Some(has)) => Arc::ptr_eq(had, has),
                    (None, None) => true,
                    _ => false,
                })
    }
}

/// Collects each server's listing, asking those that need asking side by side, each within its list deadline.
/// A server that fails gives its last known listing, or none, and the reason.
///
/// # Cancel safety
/// What was fetched stays in the catalogs.
pub async fn gather(
    upstreams: &Upstreams,
    snapshot: &Snapshot,
    toolset: &Toolset,
    shelf: Shelf,
    lens: &Lens,
    freshness: Freshness,
) -> Vec<Part> {
    let servers = toolset
        .servers
        .iter()
        .filter_map(|alias| snapshot.servers.get(alias));
    futures_util::future::join_all(
        servers.map(|server| part(upstreams, server, shelf, lens, freshness)),
    )
    .await
}

/// Collects what is known without asking anyone; `None` when some server has to be asked.
pub fn known(
    upstreams: &Upstreams,
    snapshot: &Snapshot,
    toolset: &Toolset,
    shelf: Shelf,
    lens: &Lens,
    freshness: Freshness,
) -> Option<Vec<Part>> {
    let servers = toolset
        .servers
        .iter()
        .filter_map(|alias| snapshot.servers.get(alias));
    servers
        .map(|server| {
            let line = upstreams.line_for(server, lens.era, &lens.capabilities);
            let listing = line.catalog.fresh(shelf, freshness)?;
            Some(Part {
                server: server.clone(),
                line,
                listing: Some(listing),
                fault: None,
            })
        })
        .collect()
}

async fn part(
    upstreams: &Upstreams,
    server: &Arc<Server>,
    shelf: Shelf,
    lens: &Lens,
    freshness: Freshness,
) -> Part {
    let line = upstreams.line_for(server, lens.era, &lens.capabilities);
    if let Some(listing) = line.catalog.fresh(shelf, freshness) {
        return Part {
            server: server.clone(),
            line,
            listing: Some(listing),
            fault: None,
        };
    }
    let asked =
        tokio::time::timeout(server.timeouts.list, ask(upstreams, server, shelf, lens)).await;
    match asked {
        Ok(Ok((line, listing))) => Part {
            server: server.clone(),
            line,
            listing: Some(listing),
            fault: None,
        },
        Ok(Err(fault)) => {
            tracing::warn!(server = %server.alias, %fault, "list not refreshed");
            stale(server, line, shelf, fault.public())
        }
        Err(_) => stale(server, line, shelf, "did not answer in time"),
    }
}

async fn ask(
    upstreams: &Upstreams,
    server: &Arc<Server>,
    shelf: Shelf,
    lens: &Lens,
) -> Result<(Arc<Line>, Arc<Listing>), LinkFault> {
    let (line, link) = upstreams
        .reach(server, lens.era, &lens.capabilities)
        .await?;
    if let Ok(listing) = line.catalog.refresh(&line, &link, shelf).await {
        return Ok((line, listing));
    }
    // Lists may be asked for twice: the link may have died since it was last used.
    let link = line.link().await?;
    let listing = line.catalog.refresh(&line, &link, shelf).await?;
    Ok((line, listing))
}

fn stale(server: &Arc<Server>, line: Arc<Line>, shelf: Shelf, fault: &'static str) -> Part {
    let listing = line.catalog.last(shelf);
    Part {
        server: server.clone(),
        line,
        listing,
        fault: Some(fault),
    }
}

fn build(toolset: &Toolset, shelf: Shelf, era: Era, parts: &[Part]) -> View {
    let prefixed = toolset.prefixed() && matches!(shelf, Shelf::Tools | Shelf::Prompts);
    let mut table: HashMap<String, Entry> = HashMap::new();
    let mut body = String::from("[");
    for part in parts {
        for item in part.listing.iter().flat_map(|listing| &listing.items) {
            if matches!(shelf, Shelf::Tools | Shelf::Prompts)
                && !toolset.shows(&part.server.alias, &item.key)
            {
                continue;
            }
            let exposed = if prefixed {
                format!("{}__{}", part.server.alias, item.key)
            } else {
                item.key.clone()
            };
            if table.contains_key(&exposed) {
                tracing::warn!(server = %part.server.alias, item = exposed, "name is taken by an earlier server, left out");
                continue;
            }
            if body.len() > 1 {
                body.push(',');
            }
            match prefixed {
                true => body.push_str(&edit::set(
                    item.raw.as_str(),
                    &["name"],
                    &edit::quote(&exposed),
                )),
                false => body.push_str(item.raw.as_str()),
            }
            table.insert(
                exposed,
                Entry {
                    server: part.server.clone(),
                    line: part.line.clone(),
                    item: item.clone(),
                },
            );
        }
    }
    body.push(']');
    View {
        result: result(shelf, era, &body, parts),
        table,
        listings: parts.iter().map(|part| part.listing.clone()).collect(),
    }
}

/// MCP 2026-07-28 server/utilities/caching: the whole is as short-lived and as private as its parts.
fn result(shelf: Shelf, era: Era, body: &str, parts: &[Part]) -> Raw {
    let member = member_of(shelf);
    if era == Era::Legacy {
        return Raw::trusted(format!(r#"{{"{member}":{body}}}"#));
    }
    let listings = || parts.iter().filter_map(|part| part.listing.as_ref());
    let ttl_ms = listings()
        .map(|listing| listing.ttl.as_millis())
        .min()
        .unwrap_or(0)
        .min(300_000);
    let scope = if listings().all(|listing| listing.public) {
        "public"
    } else {
        "private"
    };
    Raw::trusted(format!(
        r#"{{"{member}":{body},"resultType":"complete","ttlMs":{ttl_ms},"cacheScope":"{scope}"}}"#
    ))
}
