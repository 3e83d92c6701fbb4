//! What a good client notices of bad ones: nothing. While floods and slow clients run, each of its calls succeeds, and takes
//! about as long as before.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};
use wardgate_testkit::http::Connection;

use crate::{
    edge::{call, echo},
    edge_http2::{
        CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS, again,
        fields, flood, frame, head, opening, streams,
    },
    gateway::{LAB, TestGateway},
};

/// Calls that tell how long one takes.
const CALLS: usize = 400;
/// Between two of them.
const PACE: Duration = Duration::from_millis(5);
/// What counts as quick, whatever was measured before: a busy machine delays anybody now and then.
const QUICK: Duration = Duration::from_millis(20);
/// A good client may be slowed down by this much.
const FACTOR: u32 = 3;

/// Makes calls at a steady pace; returns the time that one in a hundred exceeds. Each must succeed.
async fn p99(address: SocketAddr) -> Duration {
    let mut connection = Connection::open(address).await;
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    for _ in 0..CALLS {
        pace.tick().await;
        let started = Instant::now();
        let reply = connection.send(&echo()).await;
        times.push(started.elapsed());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let answer = reply.answer();
        assert_eq!(answer["result"]["content"][0]["text"], "x", "{answer}");
    }
    times.sort_unstable();
    times[CALLS * 99 / 100]
}

/// Compares a good client's calls before and during `attack`, which runs in a thread of its own until they are made.
async fn unnoticed<F: Future<Output = ()>>(
    limits: &str,
    name: &str,
    attack: impl FnOnce(SocketAddr) -> F + Send + 'static,
) {
    let config = format!("gateway: {{limits: {{{limits}}}}}\n{LAB}");
    let gateway = TestGateway::start(&config).await;
    let address = gateway.address;
    p99(address).await;
    let before = p99(address).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let attacker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::select! {
                () = attack(address) => unreachable!("it goes on until it is stopped"),
                // Dropped without a word when the good client failed.
                _ = stopped => {}
            }
        });
    });
    let during = p99(address).await;
    drop(stop);
    attacker.join().expect("an attacker");
    let most = before.max(QUICK) * FACTOR;
    assert!(during <= most, "{name}: {during:?}, before {before:?}");
}

/// Floods over and over, each time on a new connection.
async fn again_and_again<I: Iterator<Item = Vec<u8>>>(
    address: SocketAddr,
    first: Vec<u8>,
    pieces: impl Fn() -> I,
) {
    loop {
        flood(address, first.clone(), pieces(), true).await;
    }
}

const STRICT: &str = "header_timeout: 2s, body_timeout: 2s, write_stall_timeout: 1s";

#[tokio::test]
async fn floods_of_frames_are_not_noticed() {
    unnoticed(STRICT, "pings", |address| {
        again_and_again(address, opening(&[]), || {
            again(frame(PING, 0, 0, &[0; 8]), 2_000_000)
        })
    })
    .await;
    unnoticed(STRICT, "settings", |address| {
        again_and_again(address, opening(&[]), || {
            again(frame(SETTINGS, 0, 0, &[]), 2_000_000)
        })
    })
    .await;
}

#[tokio::test]
async fn floods_of_heads_and_empty_bodies_are_not_noticed() {
    unnoticed(STRICT, "heads in pieces", |address| {
        let start = frame(HEADERS, END_STREAM, 1, &head(address, &echo()));
        again_and_again(address, [opening(&[]), start].concat(), || {
            again(frame(CONTINUATION, 0, 1, &fields(&[("x", "y")])), 20_000)
        })
    })
    .await;
    unnoticed(STRICT, "empty bodies", |address| {
        let start = frame(HEADERS, END_HEADERS, 1, &head(address, &echo()));
        again_and_again(address, [opening(&[]), start].concat(), || {
            again(frame(DATA, 0, 1, &[]), 400_000)
        })
    })
    .await;
}

#[tokio::test]
async fn floods_of_resets_are_not_noticed() {
    unnoticed(STRICT, "resets", |address| {
        let slow = call("slow", serde_json::json!({"ms": 5000}));
        let head = head(address, &slow);
        again_and_again(address, opening(&[]), move || {
            let (head, body) = (head.clone(), slow.body.clone());
            streams(50_000, move |id| {
                vec![
                    frame(HEADERS, END_HEADERS, id, &head),
                    frame(DATA, END_STREAM, id, &body),
                    frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()),
                ]
            })
        })
    })
    .await;
}

/// Clients at one time that are slow in the same way.
const SLOW: usize = 300;

/// Keeps this many connections that send `first` and then a byte now and then, and opens others for those that were cut off.
async fn slow_clients(address: SocketAddr, first: Vec<u8>, byte: u8) {
    let mut clients = JoinSet::new();
    for _ in 0..SLOW {
        let first = first.clone();
        clients.spawn(async move {
            loop {
                let mut socket = TcpStream::connect(address).await.unwrap();
                let mut pace = tokio::time::interval(Duration::from_millis(200));
                let mut sent = socket.write_all(&first).await;
                while sent.is_ok() {
                    pace.tick().await;
                    sent = socket.write_all(&[byte]).await;
                }
            }
        });
    }
    clients.join_all().await;
}

#[tokio::test]
async fn slow_heads_and_slow_bodies_are_not_noticed() {
    unnoticed(STRICT, "slow heads", |address| {
        let first = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ".to_vec();
        slow_clients(address, first, b'a')
    })
    .await;
    unnoticed(STRICT, "slow bodies", |address| {
        let mut slow = echo().header("Content-Length", "100000");
        slow.body.clear();
        slow_clients(address, slow.encode(address), b' ')
    })
    .await;
}

/// Asks for more than a small window takes, and reads none of it until the gateway hangs up.
async fn slow_reader(address: SocketAddr, ask: Vec<u8>) {
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let mut socket = socket.connect(address).await.unwrap();
        socket.write_all(&ask).await.unwrap();
        let hung_up = socket.ready(tokio::io::Interest::ERROR);
        let _ = tokio::time::timeout(Duration::from_secs(2), hung_up).await;
    }
}

#[tokio::test]
async fn slow_readers_are_not_noticed() {
    unnoticed(STRICT, "slow readers", |address| async move {
        let large = serde_json::json!({"text": "x".repeat(48 << 10)});
        let ask = call("echo", large).encode(address);
        let mut readers = JoinSet::new();
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        for _ in 0..20 {
            pace.tick().await;
            readers.spawn(slow_reader(address, ask.clone()));
        }
        readers.join_all().await;
    })
    .await;
}
