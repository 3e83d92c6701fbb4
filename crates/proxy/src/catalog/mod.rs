//! What servers offer: each list whole (every page), last known good, judged item by item.

pub mod fetch;
pub mod governed;
pub mod item;
pub mod view;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::upstream::{changes::Shelf, fault::LinkFault, line::Line, link::Link};
pub use item::{Item, ToolFacts};

/// One complete list of one kind, as a line's server gave it.
pub struct Listing {
    pub items: Vec<Arc<Item>>,
    /// Items left out, with why; the rest of the list is served.
    pub quarantined: Vec<(String, String)>,
    pub fetched: Instant,
    /// The invalidations its catalog had seen when it was asked for.
    pub epoch: u64,
    /// How long it may be served without asking again.
    pub ttl: Duration,
    pub public: bool,
}

impl Listing {
    pub fn age(&self) -> Duration {
        self.fetched.elapsed()
    }
}

/// How old a listing may be for its use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// For a list: as old as the server allows.
    Listed,
    /// For a call: a little older will do, so that calls seldom wait for a list.
    Known,
}

/// Calls use a listing this much longer than its time to live.
const LEEWAY: Duration = Duration::from_secs(60);

/// A list that could not be had is asked for again after this long.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// The lists of one line.
#[derive(Default)]
pub struct Catalog {
    racks: [Rack; 4],
}

#[derive(Default)]
struct Rack {
    listing: Mutex<Option<Arc<Listing>>>,
    /// Counts invalidations: a listing fetched before the last one is stale.
    epoch: AtomicU64,
    /// When the list could last not be had, and why.
    failed: Mutex<Option<(Instant, &'static str)>>,
    /// One fetch at a time; the rest wait for its listing.
    fetching: tokio::sync::Mutex<()>,
}

impl Catalog {
    fn rack(&self, shelf: Shelf) -> &Rack {
        &self.racks[shelf as usize]
    }

    /// Returns the last known listing, however old.
    pub fn last(&self, shelf: Shelf) -> Option<Arc<Listing>> {
        self.rack(shelf)
            .listing
            .lock()
            .expect("no panic while held")
            .clone()
    }

    /// Returns the listing if it may be used without asking the server.
    pub fn fresh(&self, shelf: Shelf, freshness: Freshness) -> Option<Arc<Listing>> {
        self.last(shelf)
            .filter(|listing| self.is_current(shelf, listing, freshness))
    }

    /// Says whether a listing of this catalog may still be used without asking the server.
    pub fn is_current(&self, shelf: Shelf, listing: &Listing, freshness: Freshness) -> bool {
        let leeway = if freshness == Freshness::Known {
            LEEWAY
        } else {
            Duration::ZERO
        };
        listing.epoch == self.rack(shelf).epoch.load(Ordering::Acquire)
            && listing.age() < listing.ttl + leeway
    }

    /// Notes that the list could not be had just now.
    pub fn failed(&self, shelf: Shelf, why: &'static str) {
        *self.rack(shelf).failed.lock().expect("no panic while held") = Some((Instant::now(), why));
    }

    /// Returns why the list could not be had, if that was so shortly ago that asking again would only make everybody wait.
    pub fn failing(&self, shelf: Shelf) -> Option<&'static str> {
        let failed = *self.rack(shelf).failed.lock().expect("no panic while held");
        failed
            .filter(|(at, _)| at.elapsed() < PATIENCE)
            .map(|(_, why)| why)
    }

    pub fn invalidate(&self, shelf: Shelf) {
        self.rack(shelf).epoch.fetch_add(1, Ordering::AcqRel);
        if shelf == Shelf::Resources {
            // MCP has one notification for both lists.
            self.rack(Shelf::Templates)
                .epoch
                .fetch_add(1, Ordering::AcqRel);
        }
    }

    pub fn invalidate_all(&self) {
        for rack in &self.racks {
            rack.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Fetches the list, unless someone else just did.
    ///
    /// # Errors
    /// When the server does not answer its list; the last known listing stays.
    pub async fn refresh(
        &self,
        line: &Arc<Line>,
        link: &Arc<Link>,
        shelf: Shelf,
    ) -> Result<Arc<Listing>, LinkFault> {
        let rack = self.rack(shelf);
        let _alone = rack.fetching.lock().await;
        if let Some(listing) = self.fresh(shelf, Freshness::Listed) {
            return Ok(listing);
        }
        let epoch = rack.epoch.load(Ordering::Acquire);
        let listing = Arc::new(fetch::fetch(line, link, shelf, self.last(shelf), epoch).await?);
        *rack.failed.lock().expect("no panic while held") = None;
        *rack.listing.lock().expect("no panic while held") = Some(listing.clone());
        Ok(listing)
    }
}
