//! Envelopes: what is accepted, what is refused and with which id, and what editing keeps.

use bytes::Bytes;
use wardgate_protocol::{
    Frame, Kind, Limits, Raw, RequestId,
    frame::FrameFault,
    scan::{Keys, ScanFault},
};

fn parse(text: &str) -> Result<Frame, FrameFault> {
    Frame::parse(
        Bytes::copy_from_slice(text.as_bytes()),
        &Limits::default(),
        Keys::Strict,
    )
}

fn id(text: &str) -> RequestId {
    RequestId::parse(Raw::trusted(text.to_owned()), 512).unwrap()
}

#[test]
fn members_decide_the_kind() {
    for (text, kind) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Kind::Request),
        (
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{}}"#,
            Kind::Request,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            Kind::Notification,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Kind::Result),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, Kind::Result),
        (
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#,
            Kind::Error,
        ),
        (r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, Kind::Error),
        (r#"{"jsonrpc":"2.0","error":{}}"#, Kind::Error),
        (
            r#"{"jsonrpc":"\u0032.0","id":1,"m\u0065thod":"p\u0069ng","vendor":[1.0]}"#,
            Kind::Request,
        ),
    ] {
        assert_eq!(parse(text).unwrap().kind(), kind, "{text}");
    }
}

#[test]
fn members_are_slices_of_the_text() {
    let frame =
        parse(" {\"id\" : 9007199254740993 ,\"jsonrpc\":\"2.0\",\"params\" : {\"a\": 1.0 },\n\"method\":\"p\\u0069ng\"} \n")
            .unwrap();
    assert_eq!(frame.id().unwrap().as_str(), "9007199254740993");
    assert_eq!(frame.method(), Some("ping"));
    assert_eq!(frame.params().unwrap().as_str(), "{\"a\": 1.0 }");
    assert!(frame.raw().as_str().starts_with('{') && frame.raw().as_str().ends_with('}'));
    assert_eq!((frame.result(), frame.error()), (None, None));
}

#[test]
fn invalid_envelopes_are_refused_with_the_id_when_it_was_readable() {
    for (text, carried) in [
        ("1", None),
        ("\"x\"", None),
        ("{}", None),
        (r#"{"jsonrpc":"2.0","id":7}"#, Some("7")),
        (r#"{"id":7,"method":"m"}"#, Some("7")),
        (r#"{"jsonrpc":"1.0","id":7,"method":"m"}"#, Some("7")),
        (r#"{"jsonrpc":2.0,"id":7,"method":"m"}"#, Some("7")),
        (r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1.0,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":1e3,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, None),
        (
            r#"{"jsonrpc":"2.0","id":9223372036854775808,"method":"m"}"#,
            None,
        ),
        (r#"{"jsonrpc":"2.0","id":7,"method":1}"#, Some("7")),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":[]}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":null}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","result":{}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","error":{}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"result":{},"error":null}"#,
            Some("7"),
        ),
        (r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, None),
        (r#"{"jsonrpc":"2.0","result":{}}"#, None),
        (r#"{"jsonrpc":"2.0","id":1.5,"error":{}}"#, None),
        (r#"{"jsonrpc":"2.0","id":7,"error":"no"}"#, Some("7")),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","Method":"n"}"#,
            Some("7"),
        ),
        (r#"{"jsonrpc":"2.0","id":7,"Method":"m"}"#, Some("7")),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","PARAMS":{}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","param\u017f":{}}"#,
            Some("7"),
        ),
        (r#"{"jsonrpc":"2.0","id":7,"method\u0000":"m"}"#, Some("7")),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params\u0000":{}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"\u0000":1,"method":"m"}"#,
            Some("7"),
        ),
        (r#"{"jsonrpc":"2.0","id":7,"Id":8,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id\u0000x":7,"method":"m"}"#, None),
        (r#"{"jsonrpc":"2.0","id":7,"id":8,"method":"m"}"#, None),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1,"a":2}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1,"A":2}}"#,
            Some("7"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"m","params":{"x":[{"\u0000":2}]}}"#,
            Some("7"),
        ),
    ] {
        match parse(text) {
            Err(FrameFault::Invalid { id, .. }) => {
                assert_eq!(id.as_ref().map(RequestId::as_str), carried, "{text}")
            }
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn an_id_over_its_cap_is_refused() {
    let message = |bytes: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","id":"{}","method":"m"}}"#,
            "x".repeat(bytes - 2)
        )
    };
    assert!(parse(&message(512)).is_ok());
    assert!(matches!(
        parse(&message(513)),
        Err(FrameFault::Invalid { id: None, .. })
    ));
    assert!(matches!(
        parse(&message(1 << 20)),
        Err(FrameFault::Invalid { id: None, .. })
    ));
}

#[test]
fn ids_keep_their_type_and_digits() {
    for spelled in [
        "0",
        "-1",
        "-0",
        "9223372036854775807",
        "-9223372036854775808",
        "\"1\"",
        "\"\"",
        "\"\\u0031\"",
        "\"é\"",
    ] {
        let frame = parse(&format!(
            r#"{{"jsonrpc":"2.0","id":{spelled},"method":"m"}}"#
        ))
        .unwrap();
        let answer = Frame::success(frame.id().unwrap(), &Raw::trusted("{}"));
        assert_eq!(
            answer.raw().as_str(),
            format!(r#"{{"jsonrpc":"2.0","id":{spelled},"result":{{}}}}"#)
        );
    }
    assert_ne!(id("1"), id("\"1\""));
    assert_eq!(
        (id("17").as_u64(), id("\"17\"").as_u64(), id("-17").as_u64()),
        (Some(17), None, None)
    );
}

#[test]
fn text_that_is_no_json_is_a_parse_fault_even_after_bad_keys() {
    assert_eq!(
        parse(r#"{"a":1,"a":2}x"#).unwrap_err(),
        FrameFault::Parse(ScanFault::Trailing { at: 13 })
    );
    assert_eq!(
        parse("{").unwrap_err(),
        FrameFault::Parse(ScanFault::Syntax { at: 1 })
    );
    assert_eq!(
        parse("\u{feff}{}").unwrap_err(),
        FrameFault::Parse(ScanFault::ByteOrderMark)
    );
}

#[test]
fn lenient_keys_still_need_a_plain_envelope() {
    let lenient = |text: &'static str| {
        Frame::parse(
            Bytes::from_static(text.as_bytes()),
            &Limits::default(),
            Keys::Lenient,
        )
    };
    assert!(lenient(r#"{"jsonrpc":"2.0","id":1,"result":{"a":1,"a":2,"A":3}}"#).is_ok());
    assert!(lenient(r#"{"jsonrpc":"2.0","id":1,"result":{},"result":{"a":2}}"#).is_err());
    assert!(lenient(r#"{"jsonrpc":"2.0","id":1,"result":{},"Result":{"a":2}}"#).is_err());
}

#[test]
fn arrays_are_batches() {
    assert_eq!(parse(" []").unwrap_err(), FrameFault::Batch);
    assert_eq!(
        parse(r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#).unwrap_err(),
        FrameFault::Batch
    );
}

#[test]
fn batches_are_judged_message_by_message() {
    let batch = |text: &str| {
        Frame::parse_batch(
            Bytes::copy_from_slice(text.as_bytes()),
            &Limits::default(),
            4,
        )
    };
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let frames = batch(&format!(
        "[{ping} , {{\"id\":2}},[{ping}], {{\"a\":1,\"a\":1}} ]"
    ))
    .unwrap();
    assert_eq!(frames[0].as_ref().unwrap().raw().as_str(), ping);
    assert!(
        matches!(&frames[1], Err(FrameFault::Invalid { id: Some(id), .. }) if id.as_str() == "2")
    );
    assert!(matches!(&frames[2], Err(FrameFault::Batch)));
    assert!(matches!(&frames[3], Err(FrameFault::Invalid { .. })));
    for refused in ["[]", ping, "7", "[1,2,3,4,5]"] {
        assert!(
            matches!(batch(refused), Err(FrameFault::Invalid { .. })),
            "{refused}"
        );
    }
    assert!(matches!(batch("[{}"), Err(FrameFault::Parse(_))));
}

#[test]
fn built_messages_read_back() {
    let params = Raw::trusted(r#"{"a":1}"#);
    let request = Frame::request(&RequestId::number(5), "odd \"name\"", Some(&params));
    assert_eq!(
        request.raw().as_str(),
        r#"{"jsonrpc":"2.0","id":5,"method":"odd \"name\"","params":{"a":1}}"#
    );
    let notification = Frame::notification("notifications/x", None);
    assert_eq!(
        notification.raw().as_str(),
        r#"{"jsonrpc":"2.0","method":"notifications/x"}"#
    );
    let failure = Frame::failure(None, &Raw::trusted(r#"{"code":-32700,"message":"m"}"#));
    assert_eq!(
        failure.raw().as_str(),
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"m"}}"#
    );
    for built in [
        request,
        notification,
        failure,
        Frame::success(&id("\"a\""), &params),
    ] {
        let read = parse(built.raw().as_str()).unwrap();
        assert_eq!(
            (read.kind(), read.id(), read.method()),
            (built.kind(), built.id(), built.method())
        );
        assert_eq!(
            (read.params(), read.result(), read.error()),
            (built.params(), built.result(), built.error())
        );
    }
}

#[test]
fn editing_keeps_every_other_byte() {
    let frame =
        parse("{ \"x\": 1.0,\"params\":{\"a\":1} , \"id\" : \"one\", \"jsonrpc\":\"2.0\",\n \"method\":\"m\", \"y\":[ ] }")
            .unwrap();
    let params = Raw::trusted(r#"{"longer":"params"}"#);
    let edited = frame.with(Some(&id("12345678")), Some(&params));
    assert_eq!(
        edited.raw().as_str(),
        "{ \"x\": 1.0,\"params\":{\"longer\":\"params\"} , \"id\" : 12345678, \"jsonrpc\":\"2.0\",\n \"method\":\"m\", \"y\":[ ] }"
    );
    assert_eq!(
        (
            edited.id().unwrap().as_str(),
            edited.params(),
            edited.method()
        ),
        ("12345678", Some(&params), Some("m"))
    );
    assert_eq!(frame.with(None, None).raw(), frame.raw());
    let again = edited.with(frame.id(), frame.params());
    assert_eq!(again.raw(), frame.raw());
}

#[test]
fn absent_members_are_appended() {
    let edited = parse(r#"{"jsonrpc":"2.0","method":"m" }"#)
        .unwrap()
        .with(Some(&id("3")), Some(&Raw::trusted("{}")));
    assert_eq!(
        edited.raw().as_str(),
        r#"{"jsonrpc":"2.0","method":"m" ,"id":3,"params":{}}"#
    );
    assert_eq!(edited.kind(), Kind::Request);
}

#[test]
fn answers_take_another_id_and_result() {
    let answer = parse(r#"{"result":{"a":1},"jsonrpc":"2.0","id":1,"z":0}"#).unwrap();
    assert_eq!(
        answer.with_result(&id("\"c\""), None).raw().as_str(),
        r#"{"result":{"a":1},"jsonrpc":"2.0","id":"c","z":0}"#
    );
    let changed = answer.with_result(&id("2"), Some(&Raw::trusted("[]")));
    assert_eq!(
        changed.raw().as_str(),
        r#"{"result":[],"jsonrpc":"2.0","id":2,"z":0}"#
    );
    assert_eq!(changed.result().unwrap().as_str(), "[]");
    let failure = parse(r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#).unwrap();
    let failure = failure.with_result(&id("2"), Some(&Raw::trusted("[]")));
    assert_eq!(
        failure.raw().as_str(),
        r#"{"jsonrpc":"2.0","id":2,"error":{"code":1}}"#
    );
    assert_eq!(failure.kind(), Kind::Error);
}
