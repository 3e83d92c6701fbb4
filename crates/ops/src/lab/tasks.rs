//! The extension `io.modelcontextprotocol/tasks` (SEP-2663): a tool call that goes on after its answer,
//! observed by `tasks/get`, fed by `tasks/update`, stopped by `tasks/cancel`.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    answer::{self, INVALID_PARAMS, METHOD_NOT_FOUND, Outcome, Stop},
    call::Call,
    state::{Change, Lab, lock},
    time,
};

pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// How long a task can be asked for after it was created.
const TTL_MS: u64 = 300_000;
const POLL_INTERVAL_MS: u64 = 200;

#[derive(Debug, Default)]
pub struct TaskBoard(Mutex<HashMap<String, Arc<Task>>>);

#[derive(Debug)]
pub struct Task {
    id: String,
    created_at: String,
    created: Instant,
    lab: Arc<Lab>,
    cancel: CancellationToken,
    progress: watch::Sender<Progress>,
}

/// How far a task has come.
#[derive(Debug, Clone)]
struct Progress {
    status: Status,
    updated_at: String,
    /// `result` or `error`, once there is one.
    ending: Option<(&'static str, Value)>,
    /// Questions that the client has not answered yet.
    questions: Map<String, Value>,
    answers: Map<String, Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Working,
    InputRequired,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired => "input_required",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

/// Starts `work` as a task and returns the answer that names it. The task can be asked for at once.
pub fn start<W, F>(call: &Call, work: W) -> Value
where
    W: FnOnce(Arc<Task>) -> F,
    F: Future<Output = Outcome> + Send + 'static,
{
    let task = Task::new(&call.lab);
    call.lab.tasks.add(&task);
    let mut created = task.describe();
    created["resultType"] = "task".into();
    let work = work(Arc::clone(&task));
    call.lab.running.spawn(async move {
        let outcome = tokio::select! {
            () = task.cancel.cancelled() => Err(Stop::Cancelled),
            outcome = work => outcome,
        };
        task.end(outcome).await;
    });
    created
}

impl TaskBoard {
    /// Adds a task and forgets those that have outlived their time.
    fn add(&self, task: &Arc<Task>) {
        let mut tasks = lock(&self.0);
        tasks.retain(|_, task| !task.is_over());
        tasks.insert(task.id.clone(), Arc::clone(task));
    }
}

impl Task {
    fn new(lab: &Arc<Lab>) -> Arc<Self> {
        let now = time::now();
        let progress = Progress {
            status: Status::Working,
            updated_at: now.clone(),
            ending: None,
            questions: Map::new(),
            answers: Map::new(),
        };
        Arc::new(Self {
            id: lab.seal.id("task", lab.next_id()),
            created_at: now,
            created: Instant::now(),
            lab: Arc::clone(lab),
            cancel: lab.closing.child_token(),
            progress: watch::Sender::new(progress),
        })
    }

    /// Asks the client and waits until all is answered. `questions` are `{method, params}`; the
    /// answers come in the same order.
    pub async fn ask_all(&self, questions: Vec<Value>) -> Result<Vec<Value>, Stop> {
        let keys: Vec<String> = questions
            .iter()
            .map(|_| self.lab.seal.id("question", self.lab.next_id()))
            .collect();
        let asked: Map<_, _> = keys.iter().cloned().zip(questions).collect();
        self.advance(|progress| {
            progress.status = Status::InputRequired;
            progress.questions = asked;
        })
        .await;
        let mut changes = self.progress.subscribe();
        let answered = changes
            .wait_for(|progress| progress.questions.is_empty())
            .await;
        let mut answers = answered.map_err(|_| Stop::Cancelled)?.answers.clone();
        Ok(keys
            .iter()
            .map(|key| answers.remove(key).unwrap_or_default())
            .collect())
    }

    async fn end(&self, outcome: Outcome) {
        let (status, ending) = match outcome {
            // A tool that ran and failed has completed; only the protocol can make a task fail.
            Ok(result) => (Status::Completed, Some(("result", result))),
            Err(Stop::Invalid(message)) => (
                Status::Completed,
                Some(("result", answer::failure(message))),
            ),
            Err(Stop::Rpc(error)) => {
                let error = json!({"code": error.code, "message": error.message});
                (Status::Failed, Some(("error", error)))
            }
            Err(Stop::Cancelled | Stop::InputRequired(_)) => (Status::Cancelled, None),
        };
        self.advance(|progress| {
            progress.status = status;
            progress.ending = ending;
            progress.questions.clear();
        })
        .await;
    }

    fn hear(&self, responses: &Map<String, Value>) -> bool {
        let mut heard = false;
        self.progress.send_if_modified(|progress| {
            for (key, response) in responses {
                if progress.questions.remove(key).is_some() {
                    progress.answers.insert(key.clone(), response.clone());
                    heard = true;
                }
            }
            if heard && progress.questions.is_empty() {
                progress.status = Status::Working;
            }
            heard
        });
        heard
    }

    async fn advance(&self, step: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            if !progress.status.is_final() {
                step(progress);
                progress.updated_at = time::now();
            }
        });
        self.lab.publish(Change::Task(self.detail())).await;
    }

    fn is_over(&self) -> bool {
        let ended = self.progress.borrow().status.is_final();
        ended && self.created.elapsed() > Duration::from_millis(TTL_MS)
    }

    /// The fields that every view of a task has.
    fn describe(&self) -> Value {
        let progress = self.progress.borrow();
        json!({
            "taskId": self.id,
            "status": progress.status.as_str(),
            "createdAt": self.created_at,
            "lastUpdatedAt": progress.updated_at,
            "ttlMs": TTL_MS,
            "pollIntervalMs": POLL_INTERVAL_MS,
        })
    }

    fn detail(&self) -> Value {
        let mut detail = self.describe();
        let progress = self.progress.borrow();
        if let Some((name, ending)) = &progress.ending {
            detail[*name] = ending.clone();
        }
        if !progress.questions.is_empty() {
            detail["inputRequests"] = progress.questions.clone().into();
        }
        detail
    }
}

pub fn get(call: &Call) -> Outcome {
    Ok(find(call)?.detail())
}

/// Takes answers; what they lead to is seen by the next `tasks/get`.
pub fn update(call: &Call) -> Outcome {
    let task = find(call)?;
    if let Some(responses) = call.params.get("inputResponses").and_then(Value::as_object) {
        task.hear(responses);
    }
    Ok(json!({}))
}

pub fn cancel(call: &Call) -> Outcome {
    find(call)?.cancel.cancel();
    Ok(json!({}))
}

fn find(call: &Call) -> Result<Arc<Task>, Stop> {
    if !call.lab.options.conformance {
        return Err(Stop::rpc(
            METHOD_NOT_FOUND,
            format!("method not found: {}", call.method),
        ));
    }
    call.require_extension(EXTENSION)?;
    let id = call.param("taskId")?;
    let task = lock(&call.lab.tasks.0).get(id).cloned();
    task.ok_or_else(|| Stop::rpc(INVALID_PARAMS, "Unknown task"))
}
