//! Fetching a whole list: every page, bounded, each element on its own.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use wardgate_protocol::{Era, Method, Raw, edit, finish};
use wardgate_sanitize::loggable;

use super::{Item, Listing};
use crate::upstream::{
    changes::Shelf,
    declared::Declared,
    fault::{FlightFault, LinkFault},
    line::{Line, open::own_params},
    link::Link,
};

const PAGES_MAX: usize = 1_000;
const ITEMS_MAX: usize = 100_000;

/// Served this long when the server promises to tell of changes.
const ANNOUNCED_TTL: Duration = Duration::from_secs(300);
/// Served this long when it neither promises nor says how long.
const UNSAID_TTL: Duration = Duration::from_secs(5);

pub fn method_of(shelf: Shelf) -> Method {
    match shelf {
        Shelf::Tools => Method::ToolsList,
        Shelf::Prompts => Method::PromptsList,
        Shelf::Resources => Method::ResourcesList,
        Shelf::Templates => Method::ResourcesTemplatesList,
    }
}

/// Returns the member of a list result that holds the items; also the capability, but for templates.
pub fn member_of(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Tools => "tools",
        Shelf::Prompts => "prompts",
        Shelf::Resources => "resources",
        Shelf::Templates => "resourceTemplates",
    }
}

fn capability_of(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::Templates => "resources",
        other => member_of(other),
    }
}

/// Fetches and judges the list. Items that `last` already held unchanged are not judged again.
///
/// # Errors
/// When a page cannot be had; nothing partial is returned.
pub async fn fetch(
    line: &Arc<Line>,
    link: &Arc<Link>,
    shelf: Shelf,
    last: Option<Arc<Listing>>,
    epoch: u64,
) -> Result<Listing, LinkFault> {
    if !link.hello.has(&[capability_of(shelf)]) {
        return Ok(Listing {
            items: Vec::new(),
            quarantined: Vec::new(),
            fetched: Instant::now(),
            epoch,
            ttl: ANNOUNCED_TTL,
            public: true,
        });
    }
    let pages = pages(link, shelf, &line.key.declared).await?;
    let hints: Vec<_> = pages.iter().map(finish::cache_hint).collect();
    let announced = link.hello.has(&[capability_of(shelf), "listChanged"]);
    let said = Duration::from_millis(hints.iter().map(|hint| hint.ttl_ms).min().unwrap_or(0));
    let server = line.server().clone();
    let judged =
        tokio::task::spawn_blocking(move || judge(&pages, shelf, &server, last.as_deref())).await;
    let (items, quarantined) = judged.map_err(|_| LinkFault::Unreachable {
        detail: "a list could not be read".into(),
    })?;
    for (key, why) in &quarantined {
        let (item, why) = (loggable(key, 128), loggable(why, 300));
        tracing::warn!(server = %line.alias(), item, why, "left out of the list");
    }
    Ok(Listing {
        items,
        quarantined,
        fetched: Instant::now(),
        epoch,
        ttl: said.max(if announced { ANNOUNCED_TTL } else { UNSAID_TTL }),
        public: link.era() == Era::Modern && hints.iter().all(|hint| hint.public),
    })
}

async fn pages(link: &Arc<Link>, shelf: Shelf, declared: &Declared) -> Result<Vec<Raw>, LinkFault> {
    let base = own_params(link.era(), declared);
    let mut pages: Vec<Raw> = Vec::new();
    let mut seen = HashSet::new();
    let mut cursor: Option<String> = None;
    loop {
        let params = match &cursor {
            Some(cursor) => Raw::trusted(edit::set(base.as_str(), &["cursor"], cursor)),
            None => base.clone(),
        };
        let page = page(link, shelf, &params).await?;
        let next = edit::get(page.as_str(), &["nextCursor"])
            .filter(|next| *next != "null")
            .map(str::to_owned);
        pages.push(page);
        match next {
            None => return Ok(pages),
            Some(next) if pages.len() >= PAGES_MAX || !seen.insert(next.clone()) => {
                tracing::warn!(
                    method = method_of(shelf).as_str(),
                    "the server's cursors do not end; the list is cut there"
                );
                return Ok(pages);
            }
            Some(next) => cursor = Some(next),
        }
    }
}

async fn page(link: &Arc<Link>, shelf: Shelf, params: &Raw) -> Result<Raw, LinkFault> {
    match link.ask(&method_of(shelf), params).await {
        Ok(Ok(result)) => Ok(result),
        // Servers in the field advertise `resources` without templates.
        Ok(Err(error)) if edit::get(error.as_str(), &["code"]) == Some("-32601") => {
            Ok(Raw::trusted("{}"))
        }
        Ok(Err(_)) => Err(LinkFault::Unreachable {
            detail: format!("{} failed", method_of(shelf).as_str()),
        }),
        Err(FlightFault::Busy { .. }) => Err(LinkFault::Unreachable {
            detail: "the server is busy".into(),
        }),
        Err(fault) => Err(LinkFault::Unreachable {
            detail: fault.to_string(),
        }),
    }
}

type Judged = (Vec<Arc<Item>>, Vec<(String, String)>);

fn judge(
    pages: &[Raw],
    shelf: Shelf,
    server: &wardgate_snapshot::Server,
    last: Option<&Listing>,
) -> Judged {
    let known: HashMap<&str, &Arc<Item>> = last
        .map(|last| {
            last.items
                .iter()
                .map(|item| (item.key.as_str(), item))
                .collect()
        })
        .unwrap_or_default();
    let mut items: Vec<Arc<Item>> = Vec::new();
    let mut quarantined = Vec::new();
    let mut names = HashSet::new();
    for page in pages {
        for element in edit::get(page.as_str(), &[member_of(shelf)])
            .and_then(edit::elements)
            .unwrap_or_default()
        {
            if items.len() >= ITEMS_MAX {
                quarantined.push((
                    String::new(),
                    format!("the list has more than {ITEMS_MAX} items"),
                ));
                return (items, quarantined);
            }
            match element_item(page, element, shelf, server, &known) {
                Ok(item) if names.insert(item.key.clone()) => items.push(item),
                Ok(item) => quarantined.push((item.key.clone(), "is listed twice".into())),
                Err(refused) => quarantined.push(refused),
            }
        }
    }
    (items, quarantined)
}

fn element_item(
    page: &Raw,
    element: &str,
    shelf: Shelf,
    server: &wardgate_snapshot::Server,
    known: &HashMap<&str, &Arc<Item>>,
) -> Result<Arc<Item>, (String, String)> {
    let key = edit::get(element, &[super::item::key_of(shelf)])
        .and_then(edit::string)
        .unwrap_or_default();
    match known.get(key.as_ref()) {
        Some(item) if item.is_unchanged(element) => Ok((*item).clone()),
        _ => Item::read(page.slice_of(element), shelf, server).map(Arc::new),
    }
}
