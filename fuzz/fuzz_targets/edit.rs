//! `object NUL key NUL value`: a member is set and removed, every other byte stays. Text that is not JSON must do no harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use wardgate_protocol::{
    Limits, Raw,
    edit::{self, Change, Object},
    scan::{self, Keys},
};

const LIMITS: Limits = Limits { message_bytes_max: 1 << 16, depth_max: 100, id_bytes_max: 64 };

fuzz_target!(|data: &str| {
    let mut parts = data.splitn(3, '\0');
    let (text, key, value) = (parts.next().unwrap_or(""), parts.next().unwrap_or("a"), parts.next().unwrap_or("1"));
    anything_goes(text, key, value);

    let is_json = |text: &str| scan::check(text.as_bytes(), &LIMITS, Keys::Strict).is_ok();
    let reads = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    if !is_json(text) || !is_json(value) || !reads(text) || !reads(value) {
        return;
    }
    one_line_is_the_same_value(text);
    if let Some(object) = Object::parse(text) {
        setting_is_undone(&object, key, value);
        removing_keeps_the_others(&object, key);
    }
});

/// No panic, no endless loop, whatever the text.
fn anything_goes(text: &str, key: &str, value: &str) {
    let _ = (edit::get(text, &[key, key]), edit::elements(text), edit::string(text), edit::set(text, &[key, key], value));
    let _ = (edit::apply(text, &[Change::Set(key, value), Change::Remove("a")]), edit::retain(text, &[key], |name| name != key));
    let _ = edit::one_line(&Raw::trusted(text.to_owned()));
    assert_eq!(edit::string(&edit::quote(text)).as_deref(), Some(text));
}

fn one_line_is_the_same_value(text: &str) {
    let line = edit::one_line(&Raw::trusted(text.to_owned()));
    assert!(!line.as_str().contains(['\n', '\r']));
    assert_eq!(read(line.as_str()), read(text));
}

fn setting_is_undone(object: &Object<'_>, key: &str, value: &str) {
    let text = object.text();
    let set = edit::apply(text, &[Change::Set(key, value)]);
    let mut expected = read(text);
    expected[key] = read(value);
    assert_eq!(read(&set), expected);
    assert_eq!(edit::get(&set, &[key]), Some(value.trim_matches([' ', '\n', '\r', '\t'])));
    let undo = object.get(key).map_or(Change::Remove(key), |old| Change::Set(key, old));
    // White space around the new value stays behind, so only a bare value can be taken back to the byte.
    if value.trim() == value {
        assert_eq!(edit::apply(&set, &[undo]), text);
    }
}

fn removing_keeps_the_others(object: &Object<'_>, key: &str) {
    let removed = edit::apply(object.text(), &[Change::Remove(key)]);
    scan::check(removed.as_bytes(), &LIMITS, Keys::Strict).expect("what is left is JSON");
    let left = Object::parse(&removed).expect("what is left is an object");
    assert!(left.iter().eq(object.iter().filter(|(name, _)| *name != key)));
    if object.get(key).is_none() {
        assert_eq!(removed, object.text());
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}
