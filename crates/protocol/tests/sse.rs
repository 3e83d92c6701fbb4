//! Server-sent events: what a stream says, however it is cut, and what is written reads back.

mod json;

use proptest::prelude::*;
use wardgate_protocol::sse::{self, Decoder, Event, SseFault};

const CAP: usize = 1 << 16;

/// Decodes the stream given in pieces.
fn decode<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    cap: usize,
) -> Result<Vec<Event>, SseFault> {
    let mut decoder = Decoder::new(cap);
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece)?;
        events.extend(std::iter::from_fn(|| decoder.next_event()));
    }
    Ok(events)
}

fn data(text: &str) -> Event {
    Event {
        data: Some(text.to_owned().into()),
        ..Event::default()
    }
}

#[track_caller]
fn check(stream: &str, expected: &[Event]) {
    assert_eq!(
        decode([stream.as_bytes()], CAP).unwrap(),
        expected,
        "{stream:?}"
    );
    assert_eq!(
        decode(stream.as_bytes().chunks(1), CAP).unwrap(),
        expected,
        "byte by byte: {stream:?}"
    );
}

#[test]
fn events_end_with_a_blank_line() {
    check("data: {\"a\":1}\n\n", &[data("{\"a\":1}")]);
    check(
        "data:x\r\n\r\ndata:y\r\rdata:z\n\n",
        &[data("x"), data("y"), data("z")],
    );
    check("data:x\r\n\ndata:y\n\r\n", &[data("x"), data("y")]);
    check("data:x\n", &[]);
    check("data:x", &[]);
    check("\n\r\n\r\r\n\n", &[]);
}

#[test]
fn one_space_after_the_colon_is_dropped() {
    check("data:  x \n\ndata:\tx\n\n", &[data(" x "), data("\tx")]);
    check("data: a:b: c\n\n", &[data("a:b: c")]);
}

#[test]
fn data_lines_are_joined() {
    check("data: a\ndata\ndata:\ndata: b\n\n", &[data("a\n\n\nb")]);
    check("data\n\n", &[data("")]);
    check("data:\n\n", &[data("")]);
}

#[test]
fn other_fields_are_told() {
    let all = Event {
        id: Some("7".into()),
        event: Some("message".into()),
        retry_ms: Some(1500),
        data: Some("x".into()),
    };
    check(
        "event: message\nid: 7\nretry: 1500\ndata: x\n\n",
        std::slice::from_ref(&all),
    );
    check(
        "id: 7\ndata:\n\n",
        &[Event {
            id: Some("7".into()),
            ..data("")
        }],
    );
    check(
        "id: 7\n\n",
        &[Event {
            id: Some("7".into()),
            ..Event::default()
        }],
    );
    check(
        "retry: 9\n\n",
        &[Event {
            retry_ms: Some(9),
            ..Event::default()
        }],
    );
    check(
        "id\n\n",
        &[Event {
            id: Some(String::new()),
            ..Event::default()
        }],
    );
    check(
        "event: endpoint\ndata: /messages?id=1\n\n",
        &[Event {
            event: Some("endpoint".into()),
            ..data("/messages?id=1")
        }],
    );
    check(
        "id: 1\nid: 2\nevent: a\nevent: b\ndata: x\n\n",
        &[Event {
            id: Some("2".into()),
            event: Some("b".into()),
            ..data("x")
        }],
    );
}

#[test]
fn what_means_nothing_is_skipped() {
    check(
        ": comment\n\n:\n\nfoo: bar\n\nData: x\n\n data: x\n\ndata : x\n\n",
        &[],
    );
    check("data: a\n: comment\ndata: b\n\n", &[data("a\nb")]);
    check(
        "retry: -1\nretry: 1x\nretry:\nretry: 99999999999999999999999\nid: a\0b\ndata: x\n\n",
        &[data("x")],
    );
}

#[test]
fn a_byte_order_mark_may_lead() {
    check("\u{feff}data: x\n\n", &[data("x")]);
    check("\u{feff}\ndata: x\n\n", &[data("x")]);
    check("\n\u{feff}data: x\n\n", &[]);
    check("data: \u{feff}x\n\n", &[data("\u{feff}x")]);
}

#[test]
fn bytes_must_be_utf8() {
    for stream in [&b"data: \xff\n\n"[..], b": \xc3\n", b"\xed\xa0\x80\n"] {
        assert_eq!(decode([stream], CAP), Err(SseFault::Utf8));
        assert_eq!(decode(stream.chunks(1), CAP), Err(SseFault::Utf8));
    }
    check("data: é😀\n\n", &[data("é😀")]);
}

#[test]
fn events_and_lines_have_a_cap() {
    let too_large = Err(SseFault::TooLarge { max: 64 });
    let line = format!("data: {}\n\n", "x".repeat(58));
    assert_eq!(
        decode([line.as_bytes()], 64).unwrap(),
        [data(&"x".repeat(58))]
    );
    for stream in [
        format!("data: {}\n\n", "x".repeat(59)),
        "x".repeat(65),
        format!(":{}", "x".repeat(64)),
        "data: 0123456789\n".repeat(5),
        "data\n".repeat(20),
        "junk: 0123456789\n".repeat(5),
    ] {
        assert_eq!(decode([stream.as_bytes()], 64), too_large, "{stream:?}");
        assert_eq!(
            decode(stream.as_bytes().chunks(3), 64),
            too_large,
            "{stream:?}"
        );
    }
}

#[test]
fn keep_alives_and_many_events_never_reach_the_cap() {
    let keep_alives = sse::KEEP_ALIVE.repeat(1000);
    assert_eq!(
        decode(
            [
                &b"data: a\n"[..],
                &b": ping\n".repeat(1000),
                b"data: b\n\n",
                &keep_alives
            ],
            64
        )
        .unwrap(),
        [data("a\nb")]
    );
    let many = b"data: x\n\n".repeat(1000);
    assert_eq!(decode(many.chunks(100), 64).unwrap().len(), 1000);
}

#[test]
fn a_slow_drip_is_read_once() {
    let size = 4 << 20;
    let mut decoder = Decoder::new(size + 16);
    decoder.push(b"data:").unwrap();
    for _ in 0..size {
        decoder.push(b"x").unwrap();
        assert_eq!(decoder.next_event(), None);
    }
    decoder.push(b"\n\n").unwrap();
    assert_eq!(decoder.next_event().unwrap().data.unwrap().len(), size);
}

#[test]
fn events_are_written_line_by_line() {
    assert_eq!(sse::encode(None, None, "{}"), "data: {}\n\n");
    assert_eq!(
        sse::encode(Some("a1"), Some(500), ""),
        "id: a1\nretry: 500\ndata: \n\n"
    );
    assert_eq!(
        sse::encode(None, None, "a\nb\r\nc\rd\n"),
        "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
    );
    assert_eq!(
        sse::encode(Some("a\ndata: forged"), None, "x"),
        "data: x\n\n"
    );
}

proptest! {
    #![proptest_config(json::cases(1000))]

    #[test]
    fn cutting_changes_nothing(
        stream in prop_oneof!["(\u{feff})?(data|id|event|retry|x)?[:\n\r ](data:|[\n\r:x7é ]){0,40}", "[da:\n\r]{0,40}"],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let bytes = stream.as_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]);
        prop_assert_eq!(decode(pieces, CAP), decode([bytes], CAP));
    }

    #[test]
    fn what_is_written_reads_back(id in prop::option::of("[^\r\n\0]{0,8}"), retry_ms in any::<Option<u64>>(), text in "[^\r]{0,40}") {
        let written = sse::encode(id.as_deref(), retry_ms, &text);
        let read = decode([&written[..]], CAP).unwrap();
        prop_assert_eq!(read, [Event { id, retry_ms, ..data(&text) }]);
    }
}
