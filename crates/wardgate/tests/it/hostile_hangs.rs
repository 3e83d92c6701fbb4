//! Servers that hang, in every way there is to hang. A call ends at its deadline, other servers notice nothing, and a thousand
//! calls that timed out leave no connection, thread or process behind.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinSet;
use wardgate_testkit::{
    hostile::{Flood, JSON, STREAM, Torrent},
    http::{Connection, Request, send},
    upstream::{Act, Upstream},
    within,
};

use crate::{
    edge::{call, class},
    gateway::TestLab,
    lifecycle_serve::{Serve, descendants, signal},
};

/// A call may end this much after its deadline.
const LATE: Duration = Duration::from_millis(250);

/// Makes these calls at once and sees each end at the deadline. What the machine delays timers is not held against them,
/// nor is `reading`, the time that a request takes before it is one.
async fn end_at(deadline: Duration, reading: Duration, serve: &Serve, requests: Vec<Request>) {
    let started = Instant::now();
    let timed = requests.iter().map(async |request| {
        let reply = send(serve.address, request).await;
        (reply.answer(), started.elapsed())
    });
    let calls = futures_util::future::join_all(timed);
    let (calls, delay) = delayed(calls).await;
    for (answer, took) in calls {
        assert_eq!(class(&answer), "timeout", "{answer}");
        let latest = deadline + LATE + 3 * delay + reading;
        assert!(took + LATE > deadline && took < latest, "{took:?}");
    }
}

/// Waits for `work`; tells besides by how much a timer was late meanwhile, at the most.
async fn delayed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let step = Duration::from_millis(10);
    let mut worst = Duration::ZERO;
    let ticking = async {
        loop {
            let started = Instant::now();
            tokio::time::sleep(step).await;
            worst = worst.max(started.elapsed() - step);
        }
    };
    let value = tokio::select! {
        value = work => value,
        () = ticking => unreachable!("it ticks for ever"),
    };
    (value, worst)
}

/// A server that works, to see whether it is drawn into another's trouble.
async fn good() -> Upstream {
    let tools = json!([{"name": "echo", "inputSchema": {"type": "object"}}]);
    Upstream::modern(tools, |received| {
        Act::result(
            received,
            r#"{"content":[{"type":"text","text":"x"}],"resultType":"complete"}"#,
        )
    })
    .await
}

fn config(good: &Upstream, bad: &str) -> String {
    format!(
        "servers:\n  good: {{url: '{}'}}\n  bad: {{{bad}}}\n",
        good.url()
    )
}

/// Calls the good server again and again until `done`; every call is answered, and the usual one does not wait for the bad one.
async fn unaffected<T>(serve: &Serve, done: impl Future<Output = T>) -> T {
    let mut connection = Connection::open(serve.address).await;
    let mut times = Vec::new();
    let working = async {
        loop {
            let started = Instant::now();
            let answer = connection.send(&call("good__echo", json!({}))).await;
            times.push(started.elapsed());
            let answer = answer.answer();
            assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let result = tokio::select! {
        result = done => result,
        () = working => unreachable!("it works for ever"),
    };
    times.sort_unstable();
    let usual = times[times.len() / 2];
    assert!(usual < Duration::from_millis(150), "{usual:?}");
    result
}

#[tokio::test]
async fn silence_of_every_kind_ends_at_the_deadline() {
    let deadline = Duration::from_secs(1);
    let good = good().await;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n";
    for silence in [
        Act::Hang,
        Act::Begin(b"HTTP/1.1 200 OK\r\nContent-Type: ".to_vec()),
        Act::Begin(head.into()),
        Act::Begin(format!("{head}{{\"jsonrpc\":").into()),
        Act::Events {
            events: Vec::new(),
            hold: true,
        },
    ] {
        let tools = json!([{"name": "flood", "inputSchema": {"type": "object"}}]);
        let act = silence.clone();
        let mute = Upstream::modern(tools, move |_| act.clone()).await;
        let bad = format!("url: '{}', timeouts: {{call: 1s}}", mute.url());
        let serve = Serve::start(&config(&good, &bad)).await;
        send(serve.address, &call("good__echo", json!({}))).await;
        let calls = vec![call("bad__flood", json!({})); 4];
        unaffected(&serve, end_at(deadline, Duration::ZERO, &serve, calls)).await;
        mute.hung_up(4).await;
        assert_eq!(mute.of("tools/call").len(), 4, "{silence:?}");
    }
}

#[tokio::test]
async fn a_byte_a_second_is_silence_too() {
    let deadline = Duration::from_secs(2);
    let good = good().await;
    for (first, byte) in [
        (JSON, " "),
        (STREAM, ":"),
        (STREAM, "\n"),
        ("HTTP/1.1 200 OK\r\nX: ", "y"),
    ] {
        let trickle = Torrent::new(first, byte).every(Duration::from_secs(1));
        let flood = Flood::start(trickle).await;
        let bad = format!("url: '{}', timeouts: {{call: 2s}}", flood.url());
        let serve = Serve::start(&config(&good, &bad)).await;
        send(serve.address, &call("good__echo", json!({}))).await;
        let calls = vec![call("bad__flood", json!({})); 2];
        unaffected(&serve, end_at(deadline, Duration::ZERO, &serve, calls)).await;
        flood.drained().await;
    }
}

/// How a lab is reached that is going to be stopped.
struct Stoppable {
    http: bool,
    era: &'static str,
}

impl Stoppable {
    /// Starts a gateway before it; returns both, and the process to stop.
    async fn start(&self, good: &Upstream) -> (Option<TestLab>, Serve, u32) {
        let era = self.era;
        let more = format!("era: {era}, concurrency: 64, timeouts: {{call: 400ms}}");
        let lab = self.http.then(|| TestLab::start(&["--era", era]));
        let bad = match &lab {
            Some(lab) => format!("url: '{}', {more}", lab.url()),
            None => format!("lab: {{era: {era}}}, {more}"),
        };
        let serve = Serve::start(&config(good, &bad)).await;
        let warm = call("bad__echo", json!({"text": "x"}));
        let answer = send(serve.address, &warm).await.answer();
        assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
        let pid = match &lab {
            Some(lab) => lab.pid(),
            None => child(&serve),
        };
        (lab, serve, pid)
    }
}

/// The lab below the gateway, without its supervisor.
fn child(serve: &Serve) -> u32 {
    let family = descendants(serve.pid());
    let lab = family.iter().find(|(_, line)| !line.contains("__child"));
    lab.expect("a lab").0
}

/// A process that is stopped for as long as this lives.
struct Stopped(u32);

impl Stopped {
    fn new(pid: u32) -> Stopped {
        signal(pid, Signal::STOP);
        Stopped(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal(self.0, Signal::CONT);
    }
}

const CALLERS: usize = 64;
const ROUNDS: usize = 16;

/// A thousand calls that time out, sixty-four at a time; returns the most descriptors the gateway held meanwhile.
async fn a_thousand_timeouts(serve: &Serve) -> usize {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let address = serve.address;
        callers.spawn(async move {
            let mut connection = Connection::open(address).await;
            for _ in 0..ROUNDS {
                let request = call("bad__echo", json!({"text": "y"}));
                let answer = connection.send(&request).await.answer();
                assert_eq!(class(&answer), "timeout", "{answer}");
            }
        });
    }
    let most = AtomicUsize::new(0);
    let looking = async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        loop {
            look.tick().await;
            most.fetch_max(serve.counts().descriptors, Ordering::Relaxed);
        }
    };
    tokio::select! {
        () = looking => unreachable!("it looks for ever"),
        _ = callers.join_all() => most.load(Ordering::Relaxed),
    }
}

/// Stops a server in the middle of its life: the calls end, nothing piles up, and it is of use again as soon as it goes on.
async fn is_survived(way: Stoppable) {
    let good = good().await;
    let (_lab, serve, pid) = way.start(&good).await;
    let before = serve.counts();
    let stopped = Stopped::new(pid);
    let deadline = Duration::from_millis(400);
    let small = vec![call("bad__echo", json!({"text": "y"})); 8];
    unaffected(&serve, end_at(deadline, Duration::ZERO, &serve, small)).await;
    // More than the kernel takes on behalf of a process that does not read.
    let large = vec![call("bad__echo", json!({"text": "y".repeat(2 << 20)})); 4];
    let reading = Duration::from_secs(2);
    end_at(deadline, reading, &serve, large).await;
    let most = unaffected(&serve, a_thousand_timeouts(&serve)).await;
    // A connection of each caller, one for its call, and what may be told at one time of calls that were given up.
    let bound = before.descriptors + 4 * CALLERS;
    assert!(most < bound, "{most} descriptors: {before:?}");
    within("connections to be given up", async {
        let mut look = tokio::time::interval(Duration::from_millis(50));
        while serve.counts().descriptors > before.descriptors + 16 {
            look.tick().await;
        }
    })
    .await;
    let after = serve.counts();
    // The store opens up to four readers, a thread and three descriptors each, when one is busy as the next is wanted.
    assert!(after.threads <= before.threads + 4, "{before:?} {after:?}");
    assert_eq!(after.processes, before.processes, "{after:?}");
    let grown = after.bytes.saturating_sub(before.bytes);
    assert!(grown < 48 << 20, "{grown} bytes more");
    drop(stopped);
    let again = call("bad__echo", json!({"text": "again"}));
    within("a server that goes on", async {
        while !class(&send(serve.address, &again).await.answer()).is_empty() {}
    })
    .await;
}

#[tokio::test]
async fn a_stopped_server_of_the_newer_era_is_survived() {
    let (http, era) = (true, "modern");
    is_survived(Stoppable { http, era }).await;
}

#[tokio::test]
async fn a_stopped_server_with_sessions_is_survived() {
    let (http, era) = (true, "legacy");
    is_survived(Stoppable { http, era }).await;
}

#[tokio::test]
async fn a_stopped_child_of_the_newer_era_is_survived() {
    let (http, era) = (false, "modern");
    is_survived(Stoppable { http, era }).await;
}

#[tokio::test]
async fn a_stopped_child_of_the_older_era_is_survived() {
    let (http, era) = (false, "legacy");
    is_survived(Stoppable { http, era }).await;
}
