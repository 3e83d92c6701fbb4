//! Who on a link is waiting for what: requests under way by id, and to whom unsolicited messages belong.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::sync::mpsc;
use wardgate_protocol::{Frame, Kind, Method, Raw, edit, meta};

use super::{
    changes::{News, Shelf},
    fault::FlightFault,
};

/// Something that arrived for one request.
#[derive(Debug)]
pub enum Event {
    Notification(Frame),
    /// A request to the client (legacy upstreams only); answered through [`super::flight::Flight::answer`].
    Request(Frame),
    /// The result or error that ends the request.
    Reply(Frame),
    Fault(FlightFault),
}

/// What [`Routes::deliver`] could not give to a request.
#[derive(Debug)]
pub enum Stray {
    /// Delivered, or of no interest to anyone (late, unknown token, unknown id).
    Nothing,
    /// A request that no call can be held to; the link answers it.
    Request(Frame),
    News(News),
}

struct Route {
    events: mpsc::Sender<Event>,
    /// Whose messages these are; `None` for the gateway's own requests.
    owner: Option<u64>,
}

pub struct Routes {
    next: AtomicU64,
    /// Requests that everything comes to in the answer to their own POST.
    apart: AtomicUsize,
    table: Mutex<HashMap<u64, Route>>,
}

/// Events one request may hold back before further side messages are dropped; the last place is the answer's.
const INBOX: usize = 256;

impl Default for Routes {
    fn default() -> Routes {
        Routes {
            next: AtomicU64::new(1),
            apart: AtomicUsize::new(0),
            table: Mutex::default(),
        }
    }
}

impl Routes {
    pub fn open(&self, owner: Option<u64>) -> (u64, mpsc::Receiver<Event>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (events, inbox) = mpsc::channel(INBOX);
        self.table
            .lock()
            .expect("no panic while held")
            .insert(id, Route { events, owner });
        (id, inbox)
    }

    /// Counts a request in that nothing is delivered to from elsewhere.
    pub fn open_apart(&self) -> u64 {
        self.apart.fetch_add(1, Ordering::Relaxed);
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub fn close_apart(&self) {
        self.apart.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn close(&self, id: u64) {
        self.table.lock().expect("no panic while held").remove(&id);
    }

    pub fn is_idle(&self) -> bool {
        self.apart.load(Ordering::Relaxed) == 0
            && self.table.lock().expect("no panic while held").is_empty()
    }

    /// Ends every request under way: the connection is gone.
    pub fn fail_all(&self, fault: &FlightFault) {
        for (_, route) in self.table.lock().expect("no panic while held").drain() {
            let _ = route.events.try_send(Event::Fault(fault.clone()));
        }
    }

    /// Hands a frame from a shared stream (stdio, a GET stream) to the request it belongs to.
    pub fn deliver(&self, frame: Frame) -> Stray {
        match frame.kind() {
            Kind::Result | Kind::Error => {
                self.reply(frame);
                Stray::Nothing
            }
            Kind::Request => self.request(frame),
            Kind::Notification => self.notification(frame),
        }
    }

    fn reply(&self, frame: Frame) {
        let Some(id) = frame.id().and_then(|id| id.as_u64()) else {
            return;
        };
        if let Some(route) = self.table.lock().expect("no panic while held").remove(&id) {
            let _ = route.events.try_send(Event::Reply(frame));
        }
    }

    fn request(&self, frame: Frame) -> Stray {
        if frame.method() == Some("ping") {
            return Stray::Request(frame);
        }
        match self.attributed() {
            Some(events) => {
                side(&events, Event::Request(frame));
                Stray::Nothing
            }
            None => Stray::Request(frame),
        }
    }

    fn notification(&self, frame: Frame) -> Stray {
        if let Some(events) = self.subscription(&frame) {
            side(&events, Event::Notification(frame));
            return Stray::Nothing;
        }
        match Method::parse(frame.method().unwrap_or_default()) {
            Method::NotificationToolsListChanged => Stray::News(News::List(Shelf::Tools)),
            Method::NotificationPromptsListChanged => Stray::News(News::List(Shelf::Prompts)),
            Method::NotificationResourcesListChanged => Stray::News(News::List(Shelf::Resources)),
            Method::NotificationResourcesUpdated => resource_news(&frame),
            Method::NotificationProgress => {
                if let Some(events) = self.progress(&frame) {
                    side(&events, Event::Notification(frame));
                }
                Stray::Nothing
            }
            _ => {
                if let Some(events) = self.attributed() {
                    side(&events, Event::Notification(frame));
                }
                Stray::Nothing
            }
        }
    }

    /// Returns the one call an unaddressed message can belong to: every call under way must be of the same owner,
    /// else one caller would see another's message.
    fn attributed(&self) -> Option<mpsc::Sender<Event>> {
        let table = self.table.lock().expect("no panic while held");
        let mut calls = table.iter().filter(|(_, route)| route.owner.is_some());
        let (mut oldest_id, mut oldest) = calls.next()?;
        for (id, route) in calls {
            if route.owner != oldest.owner {
                return None;
            }
            if id < oldest_id {
                (oldest_id, oldest) = (id, route);
            }
        }
        Some(oldest.events.clone())
    }

    fn subscription(&self, frame: &Frame) -> Option<mpsc::Sender<Event>> {
        let id = edit::get(frame.params()?.as_str(), &["_meta", meta::SUBSCRIPTION_ID])?;
        self.by_text(id)
    }

    fn progress(&self, frame: &Frame) -> Option<mpsc::Sender<Event>> {
        self.by_text(edit::get(frame.params()?.as_str(), &["progressToken"])?)
    }

    fn by_text(&self, id: &str) -> Option<mpsc::Sender<Event>> {
        let id: u64 = id.trim_matches('"').parse().ok()?;
        Some(
            self.table
                .lock()
                .expect("no panic while held")
                .get(&id)?
                .events
                .clone(),
        )
    }
}

/// Reads `resources/updated`.
pub fn resource_news(frame: &Frame) -> Stray {
    let Some(params) = frame.params() else {
        return Stray::Nothing;
    };
    match edit::get(params.as_str(), &["uri"]).and_then(edit::string) {
        Some(uri) => Stray::News(News::Resource {
            uri: uri.into_owned(),
            params: Raw::clone(params),
        }),
        None => Stray::Nothing,
    }
}

/// Sends a side message unless that would take the answer's place; a reader this far behind loses notifications, not answers.
fn side(events: &mpsc::Sender<Event>, event: Event) {
    if events.capacity() > 1 {
        let _ = events.try_send(event);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wardgate_protocol::{Limits, scan::Keys};

    use super::*;

    fn frame(text: &str) -> Frame {
        Frame::parse(
            Bytes::copy_from_slice(text.as_bytes()),
            &Limits::default(),
            Keys::Lenient,
        )
        .unwrap()
    }

    const ASK: &str = r#"{"jsonrpc":"2.0","id":9,"method":"elicitation/create","params":{}}"#;

    #[test]
    fn a_reply_reaches_only_its_request_and_only_once() {
        let routes = Routes::default();
        let (one, mut inbox_one) = routes.open(Some(1));
        let (_two, mut inbox_two) = routes.open(Some(2));
        let reply = format!(r#"{{"jsonrpc":"2.0","id":{one},"result":{{}}}}"#);
        routes.deliver(frame(&reply));
        routes.deliver(frame(&reply));
        assert!(matches!(inbox_one.try_recv(), Ok(Event::Reply(_))));
        assert!(inbox_one.try_recv().is_err());
        assert!(inbox_two.try_recv().is_err());
    }

    #[test]
    fn an_unaddressed_request_goes_to_a_call_only_when_no_other_caller_is_there() {
        let routes = Routes::default();
        let (_one, mut inbox) = routes.open(Some(1));
        assert!(matches!(routes.deliver(frame(ASK)), Stray::Nothing));
        assert!(matches!(inbox.try_recv(), Ok(Event::Request(_))));
        let (two, _inbox_two) = routes.open(Some(2));
        assert!(matches!(routes.deliver(frame(ASK)), Stray::Request(_)));
        routes.close(two);
        assert!(matches!(routes.deliver(frame(ASK)), Stray::Nothing));
    }

    #[test]
    fn a_flood_of_notifications_leaves_room_for_the_answer() {
        let routes = Routes::default();
        let (id, mut inbox) = routes.open(Some(1));
        let progress = format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{id},"progress":1}}}}"#
        );
        for _ in 0..1000 {
            routes.deliver(frame(&progress));
        }
        routes.deliver(frame(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#
        )));
        let mut last = None;
        while let Ok(event) = inbox.try_recv() {
            last = Some(event);
        }
        assert!(matches!(last, Some(Event::Reply(_))));
    }
}
