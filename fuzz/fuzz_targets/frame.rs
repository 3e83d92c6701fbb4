//! Any bytes as one message: what is accepted is JSON, reads the same way twice, and is edited without touching the rest.
#![no_main]

#[path = "../../crates/protocol/tests/json/oracle.rs"]
mod oracle;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wardgate_protocol::{
    Frame, Kind, Limits, Raw, RequestId,
    frame::FrameFault,
    scan::{self, Keys, ScanFault},
};

/// serde_json reads 127 levels and no more.
const LIMITS: Limits = Limits { message_bytes_max: 1 << 16, depth_max: 127, id_bytes_max: 64 };

fuzz_target!(|data: &[u8]| {
    agrees_with_serde_json(data);
    let bytes = Bytes::copy_from_slice(data);
    let lenient = Frame::parse(bytes.clone(), &LIMITS, Keys::Lenient);
    let strict = Frame::parse(bytes.clone(), &LIMITS, Keys::Strict);
    if let Ok(frame) = &lenient {
        stands_for_its_members(frame);
        is_spliced_and_restored(frame);
    }
    match (strict, lenient) {
        (Ok(strict), Ok(lenient)) => assert_same(&strict, &lenient),
        (Ok(_), Err(fault)) => panic!("strict accepts what lenient refuses: {fault}"),
        (Err(FrameFault::Parse(_)), Ok(_)) => panic!("the same text is JSON or it is not"),
        (Err(_), _) => {}
    }
    if let Ok(frames) = Frame::parse_batch(bytes, &LIMITS, 8) {
        assert!((1..=8).contains(&frames.len()));
    }
});

fn agrees_with_serde_json(data: &[u8]) {
    let lenient = scan::check(data, &LIMITS, Keys::Lenient);
    if matches!(lenient, Err(ScanFault::TooDeep { .. } | ScanFault::TooLarge { .. } | ScanFault::ByteOrderMark)) {
        return;
    }
    let valid = std::str::from_utf8(data).is_ok_and(oracle::is_valid);
    assert_eq!(lenient.is_ok(), valid, "{lenient:?}");
    let strict = scan::check(data, &LIMITS, Keys::Strict);
    if let Some(plain) = std::str::from_utf8(data).ok().and_then(oracle::has_plain_keys) {
        assert_eq!(strict.is_ok(), plain, "{strict:?}");
    }
}

fn stands_for_its_members(frame: &Frame) {
    let Ok(value) = serde_json::from_str::<Value>(frame.raw().as_str()) else { return };
    assert_eq!(value["jsonrpc"], "2.0");
    assert_eq!(value.get("method").and_then(Value::as_str), frame.method());
    let has = |key| value.get(key).is_some_and(|value| !value.is_null());
    let kind = match (has("method"), has("id"), value.get("result").is_some()) {
        (true, true, _) => Kind::Request,
        (true, false, _) => Kind::Notification,
        (false, _, true) => Kind::Result,
        (false, _, false) => Kind::Error,
    };
    assert_eq!(frame.kind(), kind);
    for (key, part) in [("params", frame.params()), ("result", frame.result()), ("error", frame.error())] {
        assert_eq!(value.get(key), part.map(|part| serde_json::from_str(part.as_str()).unwrap()).as_ref());
    }
}

fn is_spliced_and_restored(frame: &Frame) {
    assert_eq!(frame.with(None, None).raw(), frame.raw());
    let (id, other) = (RequestId::number(77), Raw::trusted(r#"{"other":[1]}"#));
    let spliced = match frame.kind() {
        Kind::Request | Kind::Notification => frame.with(frame.id().map(|_| &id), frame.params().map(|_| &other)),
        Kind::Result => frame.with_result(&id, Some(&other)),
        Kind::Error => frame.with(frame.id().map(|_| &id), None),
    };
    let bytes = spliced.raw().bytes();
    assert_same(&spliced, &Frame::parse(bytes, &Limits::default(), Keys::Lenient).expect("a spliced message is a message"));
    let restored = match (frame.kind(), frame.id()) {
        (Kind::Result, Some(id)) => spliced.with_result(id, frame.result()),
        _ => spliced.with(frame.id(), frame.params()),
    };
    assert_eq!(restored.raw(), frame.raw());
}

fn assert_same(a: &Frame, b: &Frame) {
    assert_eq!((a.kind(), a.id(), a.method(), a.raw()), (b.kind(), b.id(), b.method(), b.raw()));
    assert_eq!((a.params(), a.result(), a.error()), (b.params(), b.result(), b.error()));
}
