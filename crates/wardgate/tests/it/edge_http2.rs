//! HTTP/2 as an attacker speaks it: frame by frame. The connection is closed, a good client notices nothing, and no call is
//! left running at the server.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use wardgate_testkit::{
    http::Request,
    upstream::{Act, Upstream},
    within,
};

use crate::{
    edge::{call, echo},
    edge_slow::good_client,
    gateway::{LAB, TestGateway},
};

const LIMITS: &str =
    "gateway: {limits: {header_timeout: 2s, body_timeout: 2s, write_stall_timeout: 1s}}\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;
pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// RFC 9113 §4.1.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// RFC 7541 §6.2.2: literal fields that nobody remembers.
pub fn fields(all: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in all {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).ok().filter(|n| *n < 127).unwrap());
            block.extend(text.as_bytes());
        }
    }
    block
}

pub fn head(address: SocketAddr, request: &Request) -> Vec<u8> {
    let authority = address.to_string();
    let mut all = vec![
        (":method", request.method.as_str()),
        (":scheme", "http"),
        (":path", request.target.as_str()),
        (":authority", &authority),
    ];
    let lower: Vec<(String, &str)> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
        .collect();
    all.extend(lower.iter().map(|(name, value)| (name.as_str(), *value)));
    fields(&all)
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub fn opening(settings: &[u8]) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat()
}

/// Sends `first` and then piece after piece until the gateway hangs up; returns what it said.
pub async fn flood(
    address: SocketAddr,
    first: Vec<u8>,
    pieces: impl Iterator<Item = Vec<u8>>,
    reads: bool,
) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(&first).await.unwrap();
    let (mut reader, mut writer) = socket.split();
    let mut said = Vec::new();
    let writing = async {
        for piece in pieces {
            if writer.write_all(&piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        // Everything was taken; only the reader sees the end.
        std::future::pending::<()>().await;
    };
    let reading = async {
        if !reads {
            std::future::pending::<()>().await;
        }
        // A reset is an end as good as any.
        let _ = reader.read_to_end(&mut said).await;
    };
    within("the end of a flood", async {
        tokio::select! {
            () = writing => {}
            () = reading => {}
        }
    })
    .await;
    said
}

/// Floods while a good client works.
async fn withstands(
    gateway: &TestGateway,
    first: Vec<u8>,
    pieces: impl Iterator<Item = Vec<u8>>,
    reads: bool,
) {
    let flooding = async {
        flood(gateway.address, first, pieces, reads).await;
    };
    good_client(gateway.address, flooding).await;
    // And it is well afterwards.
    good_client(gateway.address, std::future::ready(())).await;
}

async fn lab() -> TestGateway {
    TestGateway::start(&format!("{LIMITS}{LAB}")).await
}

/// Frames of one kind, a hundred to the piece.
pub fn again(frame: Vec<u8>, times: usize) -> impl Iterator<Item = Vec<u8>> {
    std::iter::repeat_n(frame.repeat(100), times / 100)
}

#[tokio::test]
async fn control_frames_without_end_close_the_connection() {
    let gateway = lab().await;
    for kind in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        withstands(&gateway, opening(&[]), again(kind, 2_000_000), false).await;
    }
}

#[tokio::test]
async fn a_head_in_endless_pieces_closes_the_connection() {
    let gateway = lab().await;
    let start = frame(HEADERS, END_STREAM, 1, &head(gateway.address, &echo()));
    let first = [opening(&[]), start].concat();
    let piece = frame(CONTINUATION, 0, 1, &fields(&[("x", "y")]));
    withstands(&gateway, first.clone(), again(piece, 20_000), true).await;
    let nothing = frame(CONTINUATION, 0, 1, &[]);
    withstands(&gateway, first, again(nothing, 200_000), true).await;
}

#[tokio::test]
async fn a_body_of_nothing_closes_the_connection() {
    let gateway = lab().await;
    let start = frame(HEADERS, END_HEADERS, 1, &head(gateway.address, &echo()));
    let first = [opening(&[]), start].concat();
    withstands(
        &gateway,
        first,
        again(frame(DATA, 0, 1, &[]), 400_000),
        true,
    )
    .await;
}

/// Streams with ids of their own, each made of what `of` returns.
pub fn streams(count: u32, of: impl Fn(u32) -> Vec<Vec<u8>>) -> impl Iterator<Item = Vec<u8>> {
    (0..count).map(move |n| of(n * 2 + 1).concat())
}

async fn mute() -> (Upstream, TestGateway) {
    let tools = json!([{"name": "wait", "inputSchema": {"type": "object"}}]);
    let upstream = Upstream::modern(tools, |_| Act::Hang).await;
    let config = format!(
        "{LIMITS}servers:\n  lab: {{lab: true}}\n  mute: {{url: '{}'}}\ntoolsets: {{default: {{prefix: never}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    (upstream, gateway)
}

#[tokio::test]
async fn streams_that_are_reset_at_once_leave_no_call_behind() {
    let (upstream, gateway) = mute().await;
    let wait = call("wait", json!({}));
    let head = head(gateway.address, &wait);
    let body = wait.body.clone();
    let flood = streams(20_000, move |id| {
        vec![
            frame(HEADERS, END_HEADERS, id, &head),
            frame(DATA, END_STREAM, id, &body),
            frame(RST_STREAM, 0, id, &8_u32.to_be_bytes()),
        ]
    });
    withstands(&gateway, opening(&[]), flood, true).await;
    let reached = upstream.of("tools/call").len();
    upstream.hung_up(reached).await;
}

#[tokio::test]
async fn streams_that_make_us_reset_them_close_the_connection() {
    let (upstream, gateway) = mute().await;
    let wait = call("wait", json!({}));
    let head = head(gateway.address, &wait);
    let body = wait.body.clone();
    let flood = streams(20_000, move |id| {
        vec![
            frame(HEADERS, END_HEADERS, id, &head),
            frame(DATA, END_STREAM, id, &body),
            frame(WINDOW_UPDATE, 0, id, &0_u32.to_be_bytes()),
        ]
    });
    withstands(&gateway, opening(&[]), flood, true).await;
    let reached = upstream.of("tools/call").len();
    upstream.hung_up(reached).await;
}

#[tokio::test]
async fn a_window_that_never_opens_closes_the_connection() {
    let gateway = lab().await;
    let echo = echo();
    let head = head(gateway.address, &echo);
    // SETTINGS_INITIAL_WINDOW_SIZE (4) = 0
    let shut = opening(&[0, 4, 0, 0, 0, 0]);
    let asking = streams(10, move |id| {
        vec![
            frame(HEADERS, END_HEADERS, id, &head),
            frame(DATA, END_STREAM, id, &echo.body),
        ]
    });
    withstands(&gateway, shut, asking, true).await;
}

/// A real client, to see that what is refused above is refused for a reason.
async fn client(gateway: &TestGateway) -> (h2::client::SendRequest<Bytes>, JoinSet<()>) {
    let socket = TcpStream::connect(gateway.address).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move {
        // Its end is the test's end.
        let _ = connection.await;
    });
    (client, running)
}

async fn send(
    client: &mut h2::client::SendRequest<Bytes>,
    authority: &str,
    request: &Request,
) -> (u16, Vec<u8>) {
    let mut built = http::Request::post(format!("http://{authority}{}", request.target));
    for (name, value) in &request.headers {
        built = built.header(name, value);
    }
    let mut ready = client.clone().ready().await.unwrap();
    let (response, mut body) = ready.send_request(built.body(()).unwrap(), false).unwrap();
    body.send_data(request.body.clone().into(), true).unwrap();
    let mut response = within("a response", response).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = within("a body", response.body_mut().data()).await {
        let piece = piece.unwrap();
        response
            .body_mut()
            .flow_control()
            .release_capacity(piece.len())
            .unwrap();
        bytes.extend_from_slice(&piece);
    }
    (response.status().as_u16(), bytes)
}

#[tokio::test]
async fn the_rules_of_the_edge_hold_here_too() {
    let gateway = lab().await;
    let (mut client, mut running) = client(&gateway).await;
    let own = gateway.address.to_string();
    let (status, body) = send(&mut client, &own, &echo()).await;
    assert_eq!(status, 200);
    assert!(String::from_utf8(body).unwrap().contains("\"x\""));
    for (authority, request, expected) in [
        ("evil.test", crate::edge::effect(), 403),
        (
            own.as_str(),
            crate::edge::effect().header("host", "evil.test"),
            400,
        ),
        (
            own.as_str(),
            crate::edge::effect()
                .header("host", &own)
                .header("host", &own),
            400,
        ),
        (
            own.as_str(),
            crate::edge::effect().header("origin", "http://evil.test"),
            403,
        ),
        (
            own.as_str(),
            crate::edge::effect().with("Content-Type", "text/plain"),
            415,
        ),
    ] {
        let (status, _) = send(&mut client, authority, &request).await;
        assert_eq!(status, expected, "{authority} {request:?}");
    }
    let fat = echo().header("x", "y".repeat(20_000));
    let (status, _) = send(&mut client, &own, &fat).await;
    assert_eq!(status, 431);
    let (status, _) = send(&mut client, &own, &echo()).await;
    assert_eq!(status, 200);
    crate::edge::unharmed(&gateway).await;
    running.shutdown().await;
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let gateway = lab().await;
    let (client, mut running) = client(&gateway).await;
    let mut ready = client.ready().await.unwrap();
    let mut built = http::Request::post(format!("http://{}/mcp", gateway.address));
    for (name, value) in &echo().headers {
        built = built.header(name, value);
    }
    let (response, _body) = ready.send_request(built.body(()).unwrap(), false).unwrap();
    let started = tokio::time::Instant::now();
    let response = within("a response", response).await.unwrap();
    assert_eq!(response.status(), 408);
    assert!(started.elapsed() < Duration::from_secs(10));
    running.shutdown().await;
}
