//! The part of `subscriptions/listen` that follows tasks: one listen stream upstream for each server that has some of them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use wardgate_model::Alias;
use wardgate_protocol::{Era, Frame, Method, Raw, edit};

use crate::{
    bridge::{
        request,
        task_ids::{self, TaskId},
    },
    call::Call,
    gate::Gate,
    stage::{clean::Part, connect::connect, resolve::Target},
    upstream::{
        link::{Link, mirrored},
        routes::Event,
    },
};

/// Tasks one stream may follow.
const TASKS_MAX: usize = 256;

/// Notifications about the tasks one client follows, as their servers sent them.
pub struct TaskNews {
    /// The ids that are followed, as the client holds them.
    pub followed: Vec<String>,
    /// The same by server and its own id.
    tasks: HashMap<(Alias, String), TaskId>,
    news: mpsc::Receiver<(Alias, Frame)>,
    _open: DropGuard,
}

impl TaskNews {
    /// Starts following what `taskIds` of the filter names and this caller may see.
    pub async fn follow(gate: &Gate, call: &Call, wanted: &str) -> TaskNews {
        // A full channel makes the reader of the upstream stream wait.
        let (out, news) = mpsc::channel(64);
        let open = CancellationToken::new();
        let mut followed = Vec::new();
        let mut known = HashMap::new();
        for (server, tasks) in by_server(gate, call, wanted) {
            let Some(server) = call.snapshot.servers.get(&server) else {
                continue;
            };
            let target = Target::on(server.clone(), "subscriptions/listen".into());
            let Ok(connected) = connect(gate, call, &target).await else {
                continue;
            };
            if connected.era() == Era::Legacy {
                continue;
            }
            let ids: Vec<_> = tasks.iter().map(|(_, task)| task.id.as_str()).collect();
            let params = params(call, &ids);
            gate.tasks.spawn(relay(
                connected.link().clone(),
                server.alias.clone(),
                params,
                out.clone(),
                open.clone(),
            ));
            for (token, task) in tasks {
                followed.push(token);
                known.insert((server.alias.clone(), task.id.clone()), task);
            }
        }
        TaskNews {
            followed,
            tasks: known,
            news,
            _open: open.drop_guard(),
        }
    }

    /// Returns the next notification in the shape this client is to get it; never, when no task is followed.
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped.
    pub async fn next(&mut self, gate: &Gate, call: &Call) -> Frame {
        while let Some((server, frame)) = self.news.recv().await {
            if let Some(params) = self.fit(gate, call, server, &frame) {
                return Frame::notification(frame.method().unwrap_or_default(), Some(&params));
            }
        }
        std::future::pending().await
    }

    /// Returns what is said of a task as this caller may read it; nothing of a task that is not followed.
    fn fit(&self, gate: &Gate, call: &Call, server: Alias, frame: &Frame) -> Option<Raw> {
        let said = frame.params()?;
        let id = edit::string(edit::get(said.as_str(), &["taskId"])?)?;
        let task = self.tasks.get(&(server, id.into_owned()))?;
        let filter = task.filter(call);
        let clean = filter.clean(call, said, Part::Body).ok()?;
        Some(task_ids::seal_in(&gate.seal, call, &filter, &clean))
    }
}

/// Opens the ids: by server, what the client calls the task and what it is.
fn by_server(gate: &Gate, call: &Call, wanted: &str) -> BTreeMap<Alias, Vec<(String, TaskId)>> {
    let mut all: BTreeMap<Alias, Vec<(String, TaskId)>> = BTreeMap::new();
    let tokens = edit::get(wanted, &["taskIds"])
        .and_then(edit::elements)
        .unwrap_or_default();
    for token in tokens.into_iter().take(TASKS_MAX).filter_map(edit::string) {
        if let Some(task) = task_ids::open(&gate.seal, call, &token) {
            all.entry(task.server.clone())
                .or_default()
                .push((token.into_owned(), task));
        }
    }
    all
}

fn params(call: &Call, ids: &[&str]) -> Raw {
    let filter = serde_json::json!({"taskIds": ids}).to_string();
    let meta = wardgate_protocol::meta::add(None, &request::modern_meta(call));
    Raw::trusted(edit::set(meta.as_str(), &["notifications"], &filter))
}

async fn relay(
    link: Arc<Link>,
    server: Alias,
    params: Raw,
    out: mpsc::Sender<(Alias, Frame)>,
    closed: CancellationToken,
) {
    let method = Method::SubscriptionsListen;
    let mut flight = link.flight(None);
    let frame = Frame::request(&flight.id(), method.as_str(), Some(&params));
    if let Err(fault) = flight.launch(&frame, &mirrored(&method, &params)).await {
        return tracing::debug!(%server, %fault, "tasks are not followed");
    }
    while let Some(event) = closed.run_until_cancelled(flight.next()).await {
        match event {
            Event::Notification(frame)
                if frame.method() == Some(Method::NotificationTasks.as_str()) =>
            {
                if out.send((server.clone(), frame)).await.is_err() {
                    return;
                }
            }
            Event::Notification(_) | Event::Request(_) => {}
            Event::Reply(_) | Event::Fault(_) => return,
        }
    }
}
