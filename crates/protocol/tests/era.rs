//! What differs between the eras: request metadata, capabilities, the finish of results, errors.

use serde_json::{Value, json};
use wardgate_protocol::{
    Method, Raw, Revision, RpcError,
    capabilities::ClientCapabilities,
    error,
    finish::{self, CacheHint, ResultType},
    meta,
};

fn raw(value: Value) -> Raw {
    Raw::of(&value)
}

fn text(text: &'static str) -> Raw {
    Raw::trusted(text)
}

fn value(raw: &Raw) -> Value {
    serde_json::from_str(raw.as_str()).unwrap()
}

fn modern() -> Raw {
    text(concat!(
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"c","version":"1"},"#,
        r#""io.modelcontextprotocol/clientCapabilities":{"roots":{}},"io.modelcontextprotocol/logLevel":"info","progressToken":1.0,"com.example/x":1},"name":"n"}"#
    ))
}

#[test]
fn the_version_key_marks_a_modern_request() {
    assert!(meta::is_modern(Some(&modern())));
    assert!(meta::is_modern(Some(&text(
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":null}}"#
    ))));
    for legacy in [
        None,
        Some(text("{}")),
        Some(text(r#"{"_meta":{"progressToken":1}}"#)),
        Some(text(r#"{"_meta":7}"#)),
    ] {
        assert!(!meta::is_modern(legacy.as_ref()));
    }
}

#[test]
fn modern_metadata_is_read() {
    let read = meta::read(Some(&modern())).unwrap();
    assert_eq!(read.revision, Revision::V2026_07_28);
    assert_eq!(read.client_capabilities.as_str(), r#"{"roots":{}}"#);
    assert_eq!(
        read.client_info.unwrap().as_str(),
        r#"{"name":"c","version":"1"}"#
    );
    assert_eq!(read.log_level.as_deref(), Some("info"));
    let odd = text(
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":7,"io.modelcontextprotocol/logLevel":7}}"#,
    );
    let read = meta::read(Some(&odd)).unwrap();
    assert_eq!((read.client_info, read.log_level), (None, None));
}

#[test]
fn missing_metadata_is_named() {
    let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    for (params, key) in [
        (None, "protocolVersion"),
        (Some("{}".to_owned()), "protocolVersion"),
        (Some(r#"{"_meta":[]}"#.to_owned()), "protocolVersion"),
        (Some(r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":20260728,"io.modelcontextprotocol/clientCapabilities":{}}}"#.to_owned()), "protocolVersion"),
        (Some(format!(r#"{{"_meta":{{{version}}}}}"#)), "clientCapabilities"),
        (Some(format!(r#"{{"_meta":{{{version},"io.modelcontextprotocol/clientCapabilities":true}}}}"#)), "clientCapabilities"),
        (Some(format!(r#"{{"_meta":{{{version},"io.modelcontextprotocol/clientCapabilities":null}}}}"#)), "clientCapabilities"),
    ] {
        let fault = meta::read(params.clone().map(Raw::trusted).as_ref()).unwrap_err();
        assert_eq!(fault.code, error::INVALID_PARAMS);
        assert!(fault.message.contains(key), "{params:?}: {}", fault.message);
    }
}

#[test]
fn unknown_and_legacy_versions_are_unsupported() {
    for version in ["2025-11-25", "2027-01-01", "", "latest"] {
        let params = raw(json!({"_meta": {meta::PROTOCOL_VERSION: version}}));
        let fault = meta::read(Some(&params)).unwrap_err();
        assert_eq!(
            (fault.code, fault.http_status()),
            (error::UNSUPPORTED_VERSION, 400)
        );
        let data = value(&fault.data.unwrap());
        assert_eq!(
            (&data["requested"], &data["supported"][0]),
            (&json!(version), &json!("2026-07-28"))
        );
    }
}

#[test]
fn metadata_is_added_and_taken_away() {
    let meta = meta::read(Some(&modern())).unwrap();
    let legacy = text(
        r#"{"name":"n","arguments":{"a":1.0},"_meta":{"progressToken":"t","com.example/x":1}}"#,
    );
    let added = meta::add(Some(&legacy), &meta);
    assert!(added.as_str().starts_with(
        r#"{"name":"n","arguments":{"a":1.0},"_meta":{"progressToken":"t","com.example/x":1,"#
    ));
    assert_eq!(
        meta::read(Some(&added)).unwrap().client_capabilities,
        meta.client_capabilities
    );
    assert_eq!(meta::strip(&added), legacy);

    let bare = meta::add(None, &meta);
    assert!(meta::read(Some(&bare)).is_ok());
    assert_eq!(meta::strip(&bare).as_str(), "{}");

    let quiet = meta::RequestMeta {
        client_info: None,
        log_level: None,
        ..meta
    };
    let forged = text(
        r#"{"_meta":{"io.modelcontextprotocol/clientInfo":{"name":"forged"},"io.modelcontextprotocol/logLevel":"debug"}}"#,
    );
    let read = meta::read(Some(&meta::add(Some(&forged), &quiet))).unwrap();
    assert_eq!((read.client_info, read.log_level), (None, None));
}

#[test]
fn stripping_leaves_what_is_not_the_requests_own() {
    assert_eq!(
        meta::strip(&modern()).as_str(),
        r#"{"_meta":{"progressToken":1.0,"com.example/x":1},"name":"n"}"#
    );
    for untouched in [
        "{}",
        r#"{"_meta":{}}"#,
        r#"{"_meta":null}"#,
        r#"{"_meta":{"traceparent":"00-x","io.modelcontextprotocol/related-task":{"taskId":"t"}}}"#,
    ] {
        assert_eq!(meta::strip(&text(untouched)).as_str(), untouched);
    }
}

#[test]
fn progress_tokens_keep_value_and_type() {
    for (params, token) in [
        (r#"{"_meta":{"progressToken":1.0}}"#, Some("1.0")),
        (r#"{"_meta":{"progressToken":-7}}"#, Some("-7")),
        (r#"{"_meta":{"progressToken":"1"}}"#, Some("\"1\"")),
        (r#"{"_meta":{"progressToken":null}}"#, None),
        (r#"{"_meta":{"progressToken":{}}}"#, None),
        (r#"{"_meta":{}}"#, None),
        ("{}", None),
    ] {
        assert_eq!(
            meta::progress_token(Some(&text(params)))
                .as_ref()
                .map(Raw::as_str),
            token,
            "{params}"
        );
    }
    assert_eq!(meta::progress_token(None::<&Raw>), None);
    let set = meta::with_progress_token(
        Some(&text(r#"{"a":1,"_meta":{"x":1,"progressToken":"old"}}"#)),
        Some("7"),
    );
    assert_eq!(set.as_str(), r#"{"a":1,"_meta":{"x":1,"progressToken":7}}"#);
    assert_eq!(
        meta::with_progress_token(Some(&set), None).as_str(),
        r#"{"a":1,"_meta":{"x":1}}"#
    );
    assert_eq!(
        meta::with_progress_token(None, Some("\"t\"")).as_str(),
        r#"{"_meta":{"progressToken":"t"}}"#
    );
    assert_eq!(meta::with_progress_token(None, None).as_str(), "{}");
    assert_eq!(
        meta::with_progress_token(Some(&text("{\"a\":1}")), None).as_str(),
        "{\"a\":1}"
    );
}

#[test]
fn capabilities_of_either_era_are_read() {
    let read = |capabilities: &'static str| ClientCapabilities::read(&text(capabilities));
    let none = ClientCapabilities::default();
    for nothing in [
        "{}",
        "null",
        "[]",
        r#"{"roots":null,"sampling":true,"elicitation":"yes","extensions":[]}"#,
        r#"{"experimental":{}}"#,
    ] {
        assert_eq!(read(nothing), none, "{nothing}");
    }
    assert!(!none.interactive());
    let form = ClientCapabilities {
        elicitation_form: true,
        ..none.clone()
    };
    assert_eq!(read(r#"{"elicitation":{}}"#), form);
    assert_eq!(read(r#"{"elicitation":{"form":{}}}"#), form);
    assert_eq!(
        read(r#"{"elicitation":{"form":{},"url":{}}}"#),
        ClientCapabilities {
            elicitation_url: true,
            ..form
        }
    );
    assert_eq!(
        read(r#"{"elicitation":{"url":{}}}"#),
        ClientCapabilities {
            elicitation_url: true,
            ..none.clone()
        }
    );
    let all = read(
        r#"{"roots":{"listChanged":true},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}},"extensions":{"b/x":{},"a/y":{"k":1}}}"#,
    );
    assert!(
        all.interactive() && all.roots_list_changed && all.sampling_tools && all.sampling_context
    );
    assert_eq!(all.extensions, ["a/y", "b/x"]);
    let extra =
        read(r#"{ "extensions": {"b/x": {"n":1e400}, "a/y": {}}, "experimental": {"z": {}} }"#);
    assert_eq!(
        extra.to_legacy().as_str(),
        r#"{"experimental":{"z":{}},"extensions":{"a/y":{},"b/x":{"n":1e400}}}"#
    );
    for capabilities in [
        all,
        none,
        extra,
        read(r#"{"elicitation":{}}"#),
        read(r#"{"elicitation":{"url":{}}}"#),
        read(r#"{"sampling":{"tools":{}}}"#),
        read(r#"{"roots":{}}"#),
    ] {
        assert_eq!(
            ClientCapabilities::read(&capabilities.to_legacy()),
            capabilities,
            "{}",
            capabilities.to_legacy().as_str()
        );
    }
}

#[test]
fn servers_may_send_what_was_declared() {
    let form = ClientCapabilities {
        elicitation_form: true,
        ..ClientCapabilities::default()
    };
    let url = ClientCapabilities {
        elicitation_url: true,
        ..ClientCapabilities::default()
    };
    let sampling = ClientCapabilities {
        sampling: true,
        ..ClientCapabilities::default()
    };
    let with_tools = ClientCapabilities {
        sampling_tools: true,
        ..sampling.clone()
    };
    let roots = ClientCapabilities {
        roots: true,
        ..ClientCapabilities::default()
    };
    let (elicit, sample) = (Method::ElicitationCreate, Method::SamplingCreateMessage);
    for (capabilities, method, params, allowed) in [
        (&form, &elicit, None, true),
        (&form, &elicit, Some(r#"{"message":"m"}"#), true),
        (&form, &elicit, Some(r#"{"mode":"form"}"#), true),
        (&form, &elicit, Some(r#"{"mode":"url"}"#), false),
        (&form, &elicit, Some(r#"{"mode":"other"}"#), false),
        (&form, &elicit, Some(r#"{"mode":null}"#), false),
        (&url, &elicit, Some(r#"{"mode":"url"}"#), true),
        (&url, &elicit, Some("{}"), false),
        (&sampling, &elicit, None, false),
        (&sampling, &sample, Some(r#"{"messages":[]}"#), true),
        (&sampling, &sample, Some(r#"{"tools":[]}"#), false),
        (&sampling, &sample, Some(r#"{"toolChoice":{}}"#), false),
        (
            &with_tools,
            &sample,
            Some(r#"{"tools":[],"toolChoice":{}}"#),
            true,
        ),
        (&form, &sample, None, false),
        (&roots, &Method::RootsList, None, true),
        (&form, &Method::RootsList, None, false),
        (&roots, &Method::ToolsCall, None, false),
        (&roots, &Method::Other("x".into()), None, false),
    ] {
        assert_eq!(
            capabilities.allow(method, params.map(text).as_ref()),
            allowed,
            "{method:?} {params:?}"
        );
    }
}

#[test]
fn results_say_what_they_are() {
    for (result, expected) in [
        ("{}", ResultType::Complete),
        (r#"{"resultType":"complete"}"#, ResultType::Complete),
        (
            r#"{"resultType":"input_required"}"#,
            ResultType::InputRequired,
        ),
        (r#"{"resultType":"task"}"#, ResultType::Task),
        (r#"{"resultType":"new"}"#, ResultType::Other("new".into())),
        (r#"{"resultType":7}"#, ResultType::Other("7".into())),
        ("null", ResultType::Complete),
    ] {
        assert_eq!(finish::result_type(&text(result)), expected, "{result}");
    }
}

#[test]
fn odd_cache_hints_mean_no_caching() {
    let hint = |ttl_ms, public| CacheHint { ttl_ms, public };
    for (result, expected) in [
        (
            r#"{"ttlMs":3600000,"cacheScope":"public"}"#,
            hint(3_600_000, true),
        ),
        (r#"{"ttlMs":5,"cacheScope":"private"}"#, hint(5, false)),
        (r#"{"ttlMs":-5,"cacheScope":"PUBLIC"}"#, hint(0, false)),
        (r#"{"ttlMs":1.5,"cacheScope":true}"#, hint(0, false)),
        (r#"{"ttlMs":"5"}"#, hint(0, false)),
        (r#"{"ttlMs":99999999999999999999999}"#, hint(0, false)),
        ("{}", hint(0, false)),
        ("[]", hint(0, false)),
    ] {
        assert_eq!(finish::cache_hint(&text(result)), expected, "{result}");
    }
}

#[test]
fn modern_results_are_completed() {
    for (method, result, expected) in [
        (
            Method::ToolsCall,
            r#"{"content":[ 1.0 ]}"#,
            r#"{"content":[ 1.0 ],"resultType":"complete"}"#,
        ),
        (
            Method::ToolsList,
            r#"{"tools":[]}"#,
            r#"{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#,
        ),
        (
            Method::ToolsList,
            r#"{"ttlMs":7,"tools":[]}"#,
            r#"{"ttlMs":7,"tools":[],"resultType":"complete","cacheScope":"private"}"#,
        ),
        (
            Method::ResourcesRead,
            r#"{"resultType":"input_required"}"#,
            r#"{"resultType":"input_required"}"#,
        ),
        (
            Method::ResourcesRead,
            r#"{"resultType":"complete","ttlMs":1,"cacheScope":"public"}"#,
            r#"{"resultType":"complete","ttlMs":1,"cacheScope":"public"}"#,
        ),
        (
            Method::Other("x/y".into()),
            "{}",
            r#"{"resultType":"complete"}"#,
        ),
        (Method::ToolsCall, "null", "null"),
    ] {
        assert_eq!(
            finish::for_modern(&method, &text(result)).as_str(),
            expected
        );
    }
    for method in [
        Method::ServerDiscover,
        Method::PromptsList,
        Method::ResourcesList,
        Method::ResourcesTemplatesList,
    ] {
        assert_eq!(
            finish::for_modern(&method, &text("{}")).as_str(),
            r#"{"resultType":"complete","ttlMs":0,"cacheScope":"private"}"#
        );
    }
}

#[test]
fn legacy_results_lose_only_the_word_complete() {
    for (result, expected) in [
        (
            r#"{"resultType":"complete","content":[],"ttlMs":1}"#,
            r#"{"content":[],"ttlMs":1}"#,
        ),
        (
            r#"{"resultType":"input_required"}"#,
            r#"{"resultType":"input_required"}"#,
        ),
        (r#"{"content":[ ]}"#, r#"{"content":[ ]}"#),
        ("null", "null"),
    ] {
        assert_eq!(
            finish::for_legacy(&Method::ToolsCall, &text(result)).as_str(),
            expected
        );
    }
}

#[test]
fn errors_are_read_and_written() {
    let error = RpcError::new(-32602, "Unknown tool: \"x\"").with_data(text(r#"{"a":1.0}"#));
    assert_eq!(
        error.to_raw().as_str(),
        r#"{"code":-32602,"message":"Unknown tool: \"x\"","data":{"a":1.0}}"#
    );
    assert_eq!(RpcError::read(&error.to_raw()), Some(error));
    assert_eq!(
        RpcError::new(7, "m").to_raw().as_str(),
        r#"{"code":7,"message":"m"}"#
    );
    assert_eq!(
        RpcError::read(&text(r#"{"code":1,"x":2}"#)),
        Some(RpcError::new(1, ""))
    );
    for no_error in [
        "{}",
        "null",
        r#"{"code":"1","message":"m"}"#,
        r#"{"code":1.5,"message":"m"}"#,
    ] {
        assert_eq!(RpcError::read(&text(no_error)), None, "{no_error}");
    }
}

#[test]
fn error_codes_have_their_status() {
    for (codes, status) in [
        (&[-32700, -32600, -32020, -32021, -32022][..], 400),
        (&[-32601], 404),
        (&[-32602, -32603, -32002, -32042, 50_200, 0], 200),
    ] {
        for code in codes {
            assert_eq!(RpcError::new(*code, "m").http_status(), status, "{code}");
        }
    }
}

#[test]
fn initialize_is_answered_with_a_legacy_revision() {
    for (wanted, answered) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1.0", "2025-11-25"),
    ] {
        assert_eq!(Revision::negotiate(wanted).as_str(), answered);
    }
}
