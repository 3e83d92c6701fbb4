//! Clients that send or read as slowly as they can. They lose their connection; a good client notices nothing.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};
use wardgate_testkit::{
    http::{Connection, Reply, Request, send},
    within,
};

use crate::{
    edge::{call, echo},
    gateway::{LAB, TestGateway},
};

const LIMITS: &str = "gateway: {limits: {header_timeout: 1s, body_timeout: 2s, write_stall_timeout: 1s, connections_per_ip: 12}}\n";

async fn strict() -> TestGateway {
    TestGateway::start(&format!("{LIMITS}{LAB}")).await
}

/// Sends the bytes one by one, for ever, and returns what was answered until the connection ended.
async fn drip(address: SocketAddr, first: &[u8], drop: u8) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(first).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let dripping = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            if writer.write_all(&[drop]).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let mut answer = Vec::new();
    let reading = async {
        // A reset is an end as good as any.
        let _ = reader.read_to_end(&mut answer).await;
    };
    within("the end of a slow connection", async {
        tokio::select! {
            () = dripping => unreachable!("it drips for ever"),
            () = reading => {}
        }
    })
    .await;
    answer
}

/// Calls until `done`; every call must succeed.
pub async fn good_client(address: SocketAddr, done: impl Future<Output = ()>) -> u32 {
    let mut calls = 0;
    tokio::pin!(done);
    loop {
        tokio::select! {
            biased;
            reply = send_one(address) => {
                assert_eq!(reply.status, 200);
                calls += 1;
            }
            () = &mut done => return calls,
        }
        if tokio::time::timeout(Duration::from_millis(50), &mut done)
            .await
            .is_ok()
        {
            return calls;
        }
    }
}

async fn send_one(address: SocketAddr) -> Reply {
    send(address, &echo()).await
}

#[tokio::test]
async fn whoever_does_not_get_to_the_point_is_cut_off() {
    let gateway = strict().await;
    let address = gateway.address;
    let started = Instant::now();
    let head = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM";
    let silent = async {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        within("the end of a silent connection", async {
            let _ = socket.read_to_end(&mut answer).await;
        })
        .await;
    };
    let kept = async {
        let mut connection = Connection::open(address).await;
        assert_eq!(connection.send(&echo()).await.status, 200);
        connection.closed().await;
    };
    let floods = async {
        tokio::join!(
            silent,
            kept,
            drip(address, b"", b'P'),
            drip(address, head, b'a'),
            drip(address, preface, b'\r'),
        );
    };
    let calls = good_client(address, floods).await;
    assert!(calls > 0);
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let gateway = strict().await;
    let address = gateway.address;
    let head = |length: usize| {
        let request = echo().header("Content-Length", length.to_string());
        let bytes = request.encode(address);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        bytes[..end.unwrap() + 4].to_vec()
    };
    let (few, many) = (head(100_000), head(100_000));
    let floods = async {
        let (nothing, drops) = tokio::join!(
            async {
                let mut connection = Connection::open(address).await;
                connection.write(&few).await;
                within("a refusal", connection.read()).await.unwrap()
            },
            drip(address, &many, b' '),
        );
        assert_eq!(nothing.status, 408);
        assert!(
            drops.starts_with(b"HTTP/1.1 408"),
            "{}",
            drops.escape_ascii()
        );
    };
    let calls = good_client(address, floods).await;
    assert!(calls > 0);
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let gateway = strict().await;
    let address = gateway.address;
    let large = call("echo", json!({"text": "x".repeat(2 << 20)})).encode(address);
    let mut socket = TcpStream::connect(address).await.unwrap();
    let greedy = async {
        within("the end of a connection nobody reads", async {
            // It asks again and again until the gateway, which cannot answer, hangs up.
            while socket.write_all(&large).await.is_ok() {}
        })
        .await;
    };
    let calls = good_client(address, greedy).await;
    assert!(calls > 0);
}

#[tokio::test]
async fn too_large_is_said_before_it_is_read() {
    let gateway = strict().await;
    let huge = Request::post("/mcp", "").header("Content-Length", "10000000000");
    let reply = send(gateway.address, &huge).await;
    assert_eq!(reply.status, 413);
    let mut long = echo();
    long.body = vec![b' '; 5 << 20];
    let reply = send(gateway.address, &long).await;
    assert_eq!(reply.status, 413);
    let fat = echo().header("X", "y".repeat(64 << 10));
    let reply = send(gateway.address, &fat).await;
    assert_eq!(reply.status, 431);
}

#[tokio::test]
async fn connections_are_counted_and_their_places_come_back() {
    let gateway = strict().await;
    let mut held = Vec::new();
    for _ in 0..12 {
        let mut connection = Connection::open(gateway.address).await;
        assert_eq!(connection.send(&echo()).await.status, 200);
        held.push(connection);
    }
    let mut surplus = TcpStream::connect(gateway.address).await.unwrap();
    // What is sent may meet the reset that answers it.
    let _ = surplus.write_all(&echo().encode(gateway.address)).await;
    let mut answer = Vec::new();
    let _ = within("a refusal", surplus.read_to_end(&mut answer)).await;
    assert_eq!(answer, b"");
    let one = held.pop().unwrap();
    one.closed().await;
    assert_eq!(send(gateway.address, &echo()).await.status, 200);
}
