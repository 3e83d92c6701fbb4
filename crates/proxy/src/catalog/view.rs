//! A toolset's lists as a client sees them: servers joined, names made unique, the whole answer ready as bytes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use wardgate_policy::Authorizer;
use wardgate_protocol::{Era, Raw, edit};
use wardgate_snapshot::{Server, Snapshot, Toolset};

use super::{Freshness, Item, Listing, governed};
use crate::{
    catalog::fetch::member_of,
    upstream::{Upstreams, changes::Shelf, declared::Declared, fault::LinkFault, line::Line},
};

/// Whose view it is. Callers with the same lens see the same lists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lens {
    pub era: Era,
    pub declared: Declared,
}

impl Lens {
    pub fn of(peer: &crate::call::Peer) -> Lens {
        Lens {
            era: peer.era(),
            declared: peer.declared(),
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

impl Part {
    fn new(
        server: &Arc<Server>,
        line: Arc<Line>,
        listing: Option<Arc<Listing>>,
        fault: Option<&'static str>,
    ) -> Part {
        Part {
            server: server.clone(),
            line,
            listing,
            fault,
        }
    }
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
    /// Decides over the tools in view; without policies nothing does.
    pub authorizer: Option<Arc<Authorizer>>,
    /// Exposed names in the order of the list, with their items as shown.
    rows: Vec<(String, Raw)>,
    shelf: Shelf,
    era: Era,
    parts: Vec<Part>,
}

/// Views by toolset (as one snapshot has it), kind and lens.
#[derive(Default)]
pub struct Views(Mutex<HashMap<(usize, Shelf, Lens), Slot>>);

struct Slot {
    /// Keeps the toolset, so that its address names it alone.
    _toolset: Arc<Toolset>,
    routing: u64,
    view: Arc<View>,
}

/// Views kept; past that the cache starts over.
const VIEWS_MAX: usize = 512;

impl Views {
    /// Returns the view if it can be used without asking any server.
    pub fn current(
        &self,
        upstreams: &Upstreams,
        toolset: &Arc<Toolset>,
        shelf: Shelf,
        lens: &Lens,
        freshness: Freshness,
    ) -> Option<Arc<View>> {
        let views = self.0.lock().expect("no panic while held");
        let slot = views.get(&key(toolset, shelf, lens))?;
        let routed = slot.routing == upstreams.routing();
        (routed && slot.view.is_current(shelf, freshness)).then(|| slot.view.clone())
    }

    /// Returns the view over these parts, made anew only when a listing has changed.
    pub fn view(
        &self,
        upstreams: &Upstreams,
        toolset: &Arc<Toolset>,
        shelf: Shelf,
        lens: &Lens,
        parts: Vec<Part>,
    ) -> Arc<View> {
        let key = key(toolset, shelf, lens);
        let routing = upstreams.routing();
        let mut views = self.0.lock().expect("no panic while held");
        if let Some(slot) = views.get_mut(&key).filter(|slot| slot.view.is_of(&parts)) {
            slot.routing = routing;
            return slot.view.clone();
        }
        let view = Arc::new(build(toolset, shelf, lens.era, parts));
        if views.len() >= VIEWS_MAX {
            views.clear();
        }
        let slot = Slot {
            _toolset: toolset.clone(),
            routing,
            view: view.clone(),
        };
        views.insert(key, slot);
        view
    }
}

fn key(toolset: &Arc<Toolset>, shelf: Shelf, lens: &Lens) -> (usize, Shelf, Lens) {
    (Arc::as_ptr(toolset).addr(), shelf, lens.clone())
}

impl View {
    /// Returns the result with only those entries that `sees` says yes to: one caller's own, and private.
    pub fn for_caller(&self, sees: impl Fn(&Entry) -> bool) -> Raw {
        let seen = |(name, shown): &'_ (String, Raw)| {
            self.table
                .get(name)
                .is_some_and(&sees)
                .then(|| shown.clone())
        };
        let shown: Vec<Raw> = self.rows.iter().filter_map(seen).collect();
        result(self.shelf, self.era, shown.iter(), &self.parts, false)
    }

    fn is_of(&self, parts: &[Part]) -> bool {
        self.parts.len() == parts.len()
            && self.parts.iter().zip(parts).all(|(had, has)| {
                Arc::ptr_eq(&had.line, &has.line)
                    && match (&had.listing, &has.listing) {
                        (Some(had), Some(has)) => Arc::ptr_eq(had, has),
                        (None, None) => true,
                        _ => false,
                    }
            })
    }

    fn is_current(&self, shelf: Shelf, freshness: Freshness) -> bool {
        self.parts.iter().all(|part| {
            let listing = part.listing.as_ref();
            listing.is_some_and(|listing| part.line.catalog.is_current(shelf, listing, freshness))
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

/// Collects what is known, however old, without asking anyone.
pub fn known(
    upstreams: &Upstreams,
    snapshot: &Snapshot,
    toolset: &Toolset,
    shelf: Shelf,
    lens: &Lens,
) -> Vec<Part> {
    let servers = toolset
        .servers
        .iter()
        .filter_map(|alias| snapshot.servers.get(alias));
    let known = |server| {
        let line = upstreams.line_for(server, lens.era, &lens.declared);
        let listing = line.catalog.last(shelf);
        Part::new(server, line, listing, None)
    };
    servers.map(known).collect()
}

/// Returns one server's listing, asking it if that is due.
///
/// # Cancel safety
/// What was fetched stays in the catalog.
pub async fn part(
    upstreams: &Upstreams,
    server: &Arc<Server>,
    shelf: Shelf,
    lens: &Lens,
    freshness: Freshness,
) -> Part {
    let line = upstreams.line_for(server, lens.era, &lens.declared);
    if let Some(listing) = line.catalog.fresh(shelf, freshness) {
        return Part::new(server, line, Some(listing), None);
    }
    if let Some(fault) = line.catalog.failing(shelf) {
        let listing = line.catalog.last(shelf);
        return Part::new(server, line, listing, Some(fault));
    }
    let asking = ask(upstreams, server, shelf, lens);
    let fault = match tokio::time::timeout(server.timeouts.list, asking).await {
        Ok(Ok((line, listing))) => return Part::new(server, line, Some(listing), None),
        Ok(Err(fault)) => {
            tracing::warn!(server = %server.alias, %fault, "list not refreshed");
            fault.public()
        }
        Err(_) => {
            tracing::warn!(server = %server.alias, "list not refreshed in time");
            "did not answer in time"
        }
    };
    line.catalog.failed(shelf, fault);
    let listing = line.catalog.last(shelf);
    Part::new(server, line, listing, Some(fault))
}

async fn ask(
    upstreams: &Upstreams,
    server: &Arc<Server>,
    shelf: Shelf,
    lens: &Lens,
) -> Result<(Arc<Line>, Arc<Listing>), LinkFault> {
    let (line, link) = upstreams.reach(server, lens.era, &lens.declared).await?;
    if let Ok(listing) = line.catalog.refresh(&line, &link, shelf).await {
        return Ok((line, listing));
    }
    // Lists may be asked for twice: the link may have died since it was last used.
    let link = line.link().await?;
    let listing = line.catalog.refresh(&line, &link, shelf).await?;
    Ok((line, listing))
}

fn build(toolset: &Toolset, shelf: Shelf, era: Era, parts: Vec<Part>) -> View {
    let prefixed = toolset.prefixed() && matches!(shelf, Shelf::Tools | Shelf::Prompts);
    let mut table: HashMap<String, Entry> = HashMap::new();
    let mut rows = Vec::new();
    for part in &parts {
        for item in part.listing.iter().flat_map(|listing| &listing.items) {
            let is_shown = match shelf {
                Shelf::Tools => toolset.shows_tool(&part.server, &item.key),
                Shelf::Prompts => toolset.shows(&part.server.alias, &item.key),
                Shelf::Resources | Shelf::Templates => true,
            };
            if !is_shown {
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
            let shown = match prefixed {
                true => {
                    let name = edit::quote(&exposed);
                    Raw::trusted(edit::set(item.raw.as_str(), &["name"], &name))
                }
                false => item.raw.clone(),
            };
            rows.push((exposed.clone(), shown));
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
    let authorizer = (shelf == Shelf::Tools)
        .then(|| governed::authorizer(toolset, table.values()))
        .flatten();
    let public = authorizer.is_none() && is_public(&parts);
    View {
        result: result(
            shelf,
            era,
            rows.iter().map(|(_, shown)| shown),
            &parts,
            public,
        ),
        table,
        authorizer,
        rows,
        shelf,
        era,
        parts,
    }
}

fn is_public(parts: &[Part]) -> bool {
    let mut listings = parts.iter().filter_map(|part| part.listing.as_ref());
    listings.all(|listing| listing.public)
}

/// MCP 2026-07-28 server/utilities/caching: the whole is as short-lived and as private as its parts.
fn result<'a>(
    shelf: Shelf,
    era: Era,
    shown: impl Iterator<Item = &'a Raw>,
    parts: &[Part],
    public: bool,
) -> Raw {
    let member = member_of(shelf);
    let mut body = String::from("[");
    for item in shown {
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(item.as_str());
    }
    body.push(']');
    if era == Era::Legacy {
        return Raw::trusted(format!(r#"{{"{member}":{body}}}"#));
    }
    let listings = || parts.iter().filter_map(|part| part.listing.as_ref());
    let ttl_ms = listings()
        .map(|listing| listing.ttl.as_millis())
        .min()
        .unwrap_or(0)
        .min(300_000);
    let scope = if public { "public" } else { "private" };
    Raw::trusted(format!(
        r#"{{"{member}":{body},"resultType":"complete","ttlMs":{ttl_ms},"cacheScope":"{scope}"}}"#
    ))
}
