//! Bytes that two HTTP parsers could split into requests differently. Each gets 400 and the end of the connection, and what
//! hides behind it never runs. RFC 9112 §6.3, §11.2.

use wardgate_testkit::{
    http::{Connection, Request},
    within,
};

use crate::{
    edge::{echo, effect, unharmed},
    gateway::TestGateway,
};

/// What came back until the connection ended: status and whether the connection was said to close.
async fn answers(gateway: &TestGateway, bytes: &[u8]) -> Vec<(u16, bool)> {
    let mut connection = Connection::open(gateway.address).await;
    connection.write(bytes).await;
    let mut answers = Vec::new();
    within("the end of the connection", async {
        while let Some(reply) = connection.read().await {
            let closes = reply.header("connection") == Some("close");
            answers.push((reply.status, closes));
        }
    })
    .await;
    answers
}

/// A request with its length said by these lines instead of its own, and this for a body.
fn framed(gateway: &TestGateway, request: &Request, fields: &str, body: &[u8]) -> Vec<u8> {
    let whole = request.encode(gateway.address);
    let end = whole
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8(whole[..end].to_vec()).unwrap();
    let kept: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.starts_with("Content-Length"))
        .collect();
    let mut bytes = format!("{}\r\n{fields}\r\n", kept.join("\r\n")).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[tokio::test]
async fn ambiguous_lengths_are_refused_and_nothing_behind_them_runs() {
    let gateway = TestGateway::lab().await;
    let hidden = effect().encode(gateway.address);
    let body = effect().body;
    let length = body.len();
    let chunked = |body: &[u8]| {
        [
            format!("{:x}\r\n", body.len()).as_bytes(),
            body,
            b"\r\n0\r\n\r\n",
        ]
        .concat()
    };
    let plain = |fields: String| framed(&gateway, &effect(), &fields, &body);
    let in_chunks = |fields: &str| framed(&gateway, &effect(), fields, &chunked(&body));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "CL then TE",
            in_chunks(&format!(
                "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"
            )),
        ),
        (
            "TE then CL",
            in_chunks("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
        ),
        (
            "two lengths",
            plain(format!(
                "Content-Length: {length}\r\nContent-Length: {}\r\n",
                length + 1
            )),
        ),
        (
            "one length twice",
            plain(format!(
                "Content-Length: {length}\r\nContent-Length: {length}\r\n"
            )),
        ),
        (
            "a list of lengths",
            plain(format!("Content-Length: {length}, {length}\r\n")),
        ),
        (
            "a signed length",
            plain(format!("Content-Length: +{length}\r\n")),
        ),
        (
            "a length in hex",
            plain(format!("Content-Length: 0x{length:x}\r\n")),
        ),
        ("xchunked", in_chunks("Transfer-Encoding: xchunked\r\n")),
        (
            "vertical tab",
            in_chunks("Transfer-Encoding:\x0bchunked\r\n"),
        ),
        ("form feed", in_chunks("Transfer-Encoding: \x0cchunked\r\n")),
        (
            "chunked twice",
            in_chunks("Transfer-Encoding: chunked, chunked\r\n"),
        ),
        (
            "two codings",
            in_chunks("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
        ),
        (
            "gzip, chunked",
            in_chunks("Transfer-Encoding: gzip, chunked\r\n"),
        ),
        (
            "space before colon",
            in_chunks("Transfer-Encoding : chunked\r\n"),
        ),
        (
            "space before the length's colon",
            plain(format!("Content-Length : {length}\r\n")),
        ),
        (
            "folded line",
            plain(format!(
                "Content-Length: {length}\r\nX: a\r\n Transfer-Encoding: chunked\r\n"
            )),
        ),
        (
            "bare LF",
            plain(format!("X: a\nContent-Length: {length}\r\n")),
        ),
        (
            "bare CR",
            plain(format!("X: a\rY: b\r\nContent-Length: {length}\r\n")),
        ),
        (
            "NUL in a value",
            plain(format!("X: a\0b\r\nContent-Length: {length}\r\n")),
        ),
        (
            "NUL in a name",
            plain(format!("X\0: a\r\nContent-Length: {length}\r\n")),
        ),
        (
            "upgrade",
            plain(format!(
                "Connection: upgrade\r\nUpgrade: foo\r\nContent-Length: {length}\r\n"
            )),
        ),
        (
            "h2c upgrade",
            plain(format!(
                "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\nContent-Length: {length}\r\n"
            )),
        ),
        ("all line ends bare", {
            let whole = effect().encode(gateway.address);
            String::from_utf8(whole)
                .unwrap()
                .replace("\r\n", "\n")
                .into_bytes()
        }),
        ("old and chunked", {
            let bytes = in_chunks("Transfer-Encoding: chunked\r\n");
            String::from_utf8(bytes)
                .unwrap()
                .replace("HTTP/1.1", "HTTP/1.0")
                .into_bytes()
        }),
        ("a bare LF first", {
            [b"\n".as_slice(), &effect().encode(gateway.address)].concat()
        }),
    ];
    for (name, mut bytes) in cases {
        bytes.extend_from_slice(&hidden);
        let answers = answers(&gateway, &bytes).await;
        assert_eq!(answers, [(400, true)], "{name}");
    }
    unharmed(&gateway).await;
}

#[tokio::test]
async fn chunks_are_read_strictly_or_not_at_all() {
    let gateway = TestGateway::lab().await;
    let hidden = effect().encode(gateway.address);
    let body = effect().body;
    let size = format!("{:x}", body.len());
    let text = String::from_utf8(body).unwrap();
    for (name, chunks) in [
        ("LF after the size", format!("{size}\n{text}\r\n0\r\n\r\n")),
        (
            "LF in an extension",
            format!("{size};a\nb\r\n{text}\r\n0\r\n\r\n"),
        ),
        (
            "CR in an extension",
            format!("{size};a\rb\r\n{text}\r\n0\r\n\r\n"),
        ),
        ("LF after data", format!("{size}\r\n{text}\n0\r\n\r\n")),
        ("more than said", format!("{size}\r\n{text}xx\r\n0\r\n\r\n")),
        ("a sign", format!("+{size}\r\n{text}\r\n0\r\n\r\n")),
        ("0x", format!("0x{size}\r\n{text}\r\n0\r\n\r\n")),
        (
            "too large a size",
            format!("1000000000000000{size}\r\n{text}\r\n0\r\n\r\n"),
        ),
        (
            "LF in a trailer",
            format!("{size}\r\n{text}\r\n0\r\nX: y\n\r\n"),
        ),
    ] {
        let mut bytes = framed(
            &gateway,
            &effect(),
            "Transfer-Encoding: chunked\r\n",
            chunks.as_bytes(),
        );
        bytes.extend_from_slice(&hidden);
        let answers = answers(&gateway, &bytes).await;
        assert_eq!(answers, [(400, true)], "{name}");
    }
    unharmed(&gateway).await;
}

#[tokio::test]
async fn well_framed_requests_share_a_connection_however_they_are_cut() {
    let gateway = TestGateway::lab().await;
    let body = echo().body;
    let chunked = framed(
        &gateway,
        &echo(),
        "Transfer-Encoding: chunked\r\n",
        format!(
            "{:x};name=\"v\"\r\n{}\r\n0\r\nX-Trailer: y\r\n\r\n",
            body.len(),
            String::from_utf8(body).unwrap()
        )
        .as_bytes(),
    );
    let all = [
        echo().encode(gateway.address),
        chunked,
        b"\r\n".to_vec(),
        echo().encode(gateway.address),
    ]
    .concat();
    for cut in [1, 7, 64, all.len()] {
        let mut connection = Connection::open(gateway.address).await;
        for piece in all.chunks(cut) {
            connection.write(piece).await;
        }
        for _ in 0..3 {
            let reply = within("a response", connection.read()).await.unwrap();
            assert_eq!(reply.status, 200, "in pieces of {cut}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn a_refusal_before_the_body_was_read_leaves_no_body_to_be_taken_for_a_request() {
    let gateway = TestGateway::lab().await;
    let hidden = effect().encode(gateway.address);
    for mut early in [
        echo().with("Content-Type", "text/plain"),
        echo().header("Content-Encoding", "gzip"),
        echo().header("Origin", "http://evil.test"),
        {
            let mut elsewhere = echo();
            elsewhere.target = "/nowhere".into();
            elsewhere
        },
        {
            let mut put = echo();
            put.method = "PUT".into();
            put.header("Content-Length", hidden.len().to_string())
        },
    ] {
        early.body = hidden.clone();
        let bytes = [
            early.encode(gateway.address),
            echo().encode(gateway.address),
        ]
        .concat();
        let mut connection = Connection::open(gateway.address).await;
        connection.write(&bytes).await;
        let first = within("a refusal", connection.read()).await.unwrap();
        assert!((400..500).contains(&first.status), "{early:?}");
        let second = within("an answer or the end", connection.read()).await;
        assert!(second.is_none_or(|reply| reply.status == 200 && reply.text().contains("\"x\"")));
    }
    unharmed(&gateway).await;
}
