//! `schema NUL arguments`: what is declared is a chain of properties with a fit type, and the headers a call needs pass its own check.
#![no_main]

use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wardgate_protocol::{
    Frame, Limits, Raw, RequestId,
    headers::{self, HeaderView, NotOnce},
    param_headers::{self, ParamHeader},
    scan::{self, Keys},
};

const LIMITS: Limits = Limits { message_bytes_max: 1 << 14, depth_max: 100, id_bytes_max: 64 };

fuzz_target!(|data: &str| {
    let (schema, arguments) = data.split_once('\0').unwrap_or((data, "{}"));
    let is_json = |text: &str| scan::check(text.as_bytes(), &LIMITS, Keys::Strict).is_ok();
    if !is_json(schema) || !is_json(arguments) {
        return;
    }
    let Ok(declared) = param_headers::declared(schema) else { return };
    if let Ok(schema) = serde_json::from_str(schema) {
        are_fit(&declared, &schema);
    }
    pass_their_own_check(&declared, arguments);
});

fn are_fit(declared: &[ParamHeader], schema: &Value) {
    assert!(declared.len() <= 64);
    let names: HashMap<_, _> = declared.iter().map(|header| (header.name.to_ascii_lowercase(), ())).collect();
    assert_eq!(names.len(), declared.len());
    for header in declared {
        assert!(!header.path.is_empty() && header.name.bytes().all(|byte| byte.is_ascii_graphic()));
        let property = header.path.iter().fold(schema, |schema, step| &schema["properties"][step.as_str()]);
        assert_eq!(property["x-mcp-header"], header.name.as_str());
        let kind = property["type"].as_str().expect("a header has a type");
        assert!(matches!(kind, "string" | "integer" | "boolean"));
        assert_eq!(header.integer, kind == "integer");
    }
}

fn pass_their_own_check(declared: &[ParamHeader], arguments: &str) {
    let value =
        |header: &ParamHeader| Some((format!("mcp-param-{}", header.name.to_ascii_lowercase()), header.value(arguments)?));
    let mut sent =
        Sent(declared.iter().filter_map(value).map(|(name, value)| (name, headers::encode(&value).into_owned())).collect());
    let params = Raw::trusted(format!(r#"{{"name":"t","arguments":{arguments}}}"#));
    let call = Frame::request(&RequestId::number(1), "tools/call", Some(&params));
    assert_eq!(headers::check_params(&sent, &call, declared), Ok(()));
    if let Some(name) = sent.0.keys().next().cloned() {
        sent.0.remove(&name);
        assert!(headers::check_params(&sent, &call, declared).is_err(), "a missing header passed");
    }
}

struct Sent(HashMap<String, String>);

impl HeaderView for Sent {
    fn only(&self, name: &str) -> Result<&[u8], NotOnce> {
        self.0.get(name).map(|value| value.as_bytes()).ok_or(NotOnce::Absent)
    }
    fn all(&self, name: &str) -> Vec<&[u8]> {
        self.only(name).into_iter().collect()
    }
}
