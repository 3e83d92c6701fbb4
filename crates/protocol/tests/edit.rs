//! Splicing: what changes is what was asked, and every other byte stays.

mod json;

use proptest::prelude::*;
use serde_json::{Value, json};
use wardgate_protocol::{
    Limits, Raw,
    edit::{self, Change, Object},
    scan::{self, Keys},
};

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn objects_read_in_order_with_keys_unescaped() {
    let object = Object::parse(
        " { \"b\" : 1.0 , \"\\u0061\":{\"x\":[\"}\"]},\"c\":\"q\\\"\\\\\" , \"d\":null} ",
    )
    .unwrap();
    let members: Vec<_> = object.iter().collect();
    assert_eq!(
        members,
        [
            ("b", "1.0"),
            ("a", r#"{"x":["}"]}"#),
            ("c", r#""q\"\\""#),
            ("d", "null")
        ]
    );
    assert_eq!(
        (object.get("a"), object.get("z")),
        (Some(r#"{"x":["}"]}"#), None)
    );
    assert_eq!(Object::parse("{ }").unwrap().iter().count(), 0);
    assert_eq!(
        Object::parse(r#"{"a":1,"a":2}"#).unwrap().get("a"),
        Some("2")
    );
    for text in ["[]", "1", "\"{}\"", "null", "", " "] {
        assert!(Object::parse(text).is_none(), "{text}");
    }
}

#[test]
fn paths_lead_to_raw_values() {
    let text = r#"{"_meta":{"progressToken":1.50},"a":{"b":{"c":[1]}},"d":"x"}"#;
    assert_eq!(edit::get(text, &["_meta", "progressToken"]), Some("1.50"));
    assert_eq!(edit::get(text, &["a", "b", "c"]), Some("[1]"));
    assert_eq!(edit::get(text, &[]), Some(text));
    for missing in [&["x"][..], &["a", "x"], &["d", "x"], &["a", "b", "c", "0"]] {
        assert_eq!(edit::get(text, missing), None, "{missing:?}");
    }
}

#[track_caller]
fn check(text: &str, changes: &[Change<'_>], expected: &str) {
    assert_eq!(edit::apply(text, changes), expected, "{text} {changes:?}");
}

#[test]
fn members_are_set_and_removed_in_place() {
    use Change::{Remove, Set};
    check("{}", &[], "{}");
    check("{}", &[Set("a", "1")], r#"{"a":1}"#);
    check(
        " { } ",
        &[Set("a", "1"), Set("b\n", "2")],
        " {\"a\":1,\"b\\n\":2 } ",
    );
    check(r#"{"a":1}"#, &[Set("a", "22")], r#"{"a":22}"#);
    check(r#"{"a":1}"#, &[Remove("a")], "{}");
    check("{ \"a\" : 1 }", &[Remove("a")], "{  }");
    check(
        "{ \"a\" : 1 }",
        &[Remove("a"), Set("b", "2")],
        "{ \"b\":2 }",
    );
    check(
        "{\"a\":1, \"b\":2,\n\"c\":3}",
        &[Remove("a")],
        "{\"b\":2,\n\"c\":3}",
    );
    check(
        "{\"a\":1, \"b\":2,\n\"c\":3}",
        &[Remove("b")],
        "{\"a\":1,\n\"c\":3}",
    );
    check(
        "{\"a\":1, \"b\":2,\n\"c\":3 }",
        &[Remove("c")],
        "{\"a\":1, \"b\":2 }",
    );
    check(
        "{\"a\":1, \"b\":2,\n\"c\":3}",
        &[Remove("a"), Remove("b")],
        "{\"c\":3}",
    );
    check(
        "{\"a\":1, \"b\":2,\n\"c\":3}",
        &[Remove("b"), Remove("c")],
        "{\"a\":1}",
    );
    check(
        "{ \"a\" : 1 , \"b\":2}",
        &[Set("b", "[]"), Set("c", "3"), Remove("x")],
        "{ \"a\" : 1 , \"b\":[],\"c\":3}",
    );
    check(r#"{"\u0061":1}"#, &[Set("a", "2")], r#"{"\u0061":2}"#);
}

#[test]
fn the_last_of_two_changes_counts() {
    use Change::{Remove, Set};
    check(r#"{"a":1}"#, &[Set("a", "2"), Set("a", "3")], r#"{"a":3}"#);
    check("{}", &[Set("a", "2"), Set("a", "3")], r#"{"a":3}"#);
    check("{}", &[Set("a", "2"), Remove("a")], "{}");
    check(
        r#"{"a":1,"b":2}"#,
        &[Remove("a"), Set("a", "3")],
        r#"{"a":3,"b":2}"#,
    );
}

#[test]
fn every_copy_of_a_repeated_key_changes() {
    check(
        r#"{"a":1,"b":0,"a":2}"#,
        &[Change::Set("a", "3")],
        r#"{"a":3,"b":0,"a":3}"#,
    );
    check(
        r#"{"a":1,"b":0,"a":2}"#,
        &[Change::Remove("a")],
        r#"{"b":0}"#,
    );
}

#[test]
fn what_is_no_object_is_treated_as_an_empty_one() {
    check("[1]", &[Change::Set("a", "1")], r#"{"a":1}"#);
    check("null", &[], "{}");
}

#[test]
fn paths_are_made_on_the_way() {
    assert_eq!(
        edit::set("{}", &["a", "b", "c"], "1"),
        r#"{"a":{"b":{"c":1}}}"#
    );
    assert_eq!(
        edit::set(r#"{"a":{"x":1.0},"z":0}"#, &["a", "b"], "[]"),
        r#"{"a":{"x":1.0,"b":[]},"z":0}"#
    );
    assert_eq!(
        edit::set(r#"{"a":7}"#, &["a", "b"], "1"),
        r#"{"a":{"b":1}}"#
    );
    assert_eq!(edit::set("{}", &[], "7"), "7");
}

#[test]
fn retaining_says_when_nothing_changed() {
    let text = r#"{"m":{"a":1,"b":2, "c":3},"a":0}"#;
    assert_eq!(
        edit::retain(text, &["m"], |key| key != "b").as_deref(),
        Some(r#"{"m":{"a":1, "c":3},"a":0}"#)
    );
    assert_eq!(
        edit::retain(text, &["m"], |_| false).as_deref(),
        Some(r#"{"m":{},"a":0}"#)
    );
    assert_eq!(
        edit::retain(text, &[], |key| key == "a").as_deref(),
        Some(r#"{"a":0}"#)
    );
    assert_eq!(edit::retain(text, &["m"], |_| true), None);
    assert_eq!(edit::retain(text, &["x"], |_| false), None);
    assert_eq!(edit::retain(text, &["a"], |_| false), None);
}

#[test]
fn arrays_split_into_elements() {
    assert_eq!(
        edit::elements(" [ 1.0 ,\"],\" , [ 2 ],{\"a\":[3]}\n] ").unwrap(),
        ["1.0", "\"],\"", "[ 2 ]", "{\"a\":[3]}"]
    );
    assert!(edit::elements("[ ]").unwrap().is_empty());
    assert!(edit::elements("{}").is_none());
    assert!(edit::elements("1").is_none());
}

#[test]
fn strings_are_read_and_written() {
    assert_eq!(edit::string("\"plain\"").unwrap(), "plain");
    assert!(matches!(
        edit::string("\"plain\""),
        Some(std::borrow::Cow::Borrowed(_))
    ));
    assert_eq!(
        edit::string(r#" "a\n\u00e9\ud83d\ude00" "#).unwrap(),
        "a\né😀"
    );
    for text in ["1", "null", "{}", "[\"a\"]", "\"", ""] {
        assert_eq!(edit::string(text), None, "{text}");
    }
    assert_eq!(edit::quote("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\"");
}

#[test]
fn one_line_has_no_line_break() {
    let one_line = |text: &'static str| edit::one_line(&Raw::trusted(text)).as_str().to_owned();
    assert_eq!(one_line("{ \"a\" : 1 }"), "{ \"a\" : 1 }");
    assert_eq!(
        one_line("{\r\n\t\"a b\" : [ 1.0 ,\n true, \"\\n \\\" x\" ] }\n"),
        r#"{"a b":[1.0,true,"\n \" x"]}"#
    );
}

#[test]
fn broken_text_never_panics() {
    for text in [
        "{",
        "{\"a",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":\"\\",
        "{\"a\":[",
        "[",
        "[1",
        "[1,",
        "[\"",
        "[\"\\",
        "{\"é",
        "\"\\u12",
        "{,}",
        "[,]",
        "[1}",
        "{\"a\":1]",
        "[é",
        "{é:é}",
    ] {
        let _ = (
            Object::parse(text),
            edit::get(text, &["a", "b"]),
            edit::elements(text),
            edit::string(text),
        );
        let _ = (
            edit::apply(text, &[Change::Set("a", "1")]),
            edit::one_line(&Raw::trusted(format!("{text}\n"))),
        );
    }
}

proptest! {
    #![proptest_config(json::cases(300))]

    #[test]
    fn members_agree_with_serde_json(text in json::plain_object()) {
        let object = Object::parse(&text).unwrap();
        let read: Value = object.iter().map(|(key, member)| (key.to_owned(), value(member))).collect::<serde_json::Map<_, _>>().into();
        prop_assert_eq!(read, value(&text));
    }

    #[test]
    fn a_change_keeps_all_other_bytes(text in json::plain_object(), key in json::key(), new in json::text()) {
        let key = edit::string(&key).unwrap().into_owned();
        let before = Object::parse(&text).unwrap();
        let old = before.get(&key);

        let set = edit::apply(&text, &[Change::Set(&key, &new)]);
        let mut expected = value(&text);
        expected.as_object_mut().unwrap().insert(key.clone(), value(&new));
        prop_assert_eq!(value(&set), expected);
        if let Some(old) = old {
            prop_assert_eq!(edit::apply(&set, &[Change::Set(&key, old)]), text.as_str());
        } else {
            prop_assert_eq!(edit::apply(&set, &[Change::Remove(&key)]), text.as_str());
        }

        let removed = edit::apply(&text, &[Change::Remove(&key)]);
        prop_assert!(scan::check(removed.as_bytes(), &Limits::default(), Keys::Strict).is_ok(), "{}", removed);
        let after = Object::parse(&removed).unwrap();
        let kept: Vec<_> = before.iter().filter(|(name, _)| *name != key).collect();
        prop_assert_eq!(after.iter().collect::<Vec<_>>(), kept);
        if old.is_none() {
            prop_assert_eq!(removed, text.as_str());
        }
    }

    #[test]
    fn one_line_keeps_the_value(text in json::text()) {
        let line = edit::one_line(&Raw::trusted(text.clone()));
        prop_assert!(!line.as_str().contains(['\n', '\r']));
        prop_assert_eq!(value(line.as_str()), value(&text));
    }

    #[test]
    fn elements_agree_with_serde_json(text in json::text().prop_filter("an array", |text| text.starts_with('['))) {
        let read: Vec<_> = edit::elements(&text).unwrap().into_iter().map(value).collect();
        prop_assert_eq!(json!(read), value(&text));
    }

    #[test]
    fn quoting_and_reading_are_inverse(text in any::<String>()) {
        let quoted = edit::quote(&text);
        prop_assert_eq!(edit::string(&quoted).unwrap(), text);
    }

    #[test]
    fn any_text_is_edited_without_panic(text in "[{}\\[\\],:\"\\\\ua1\n é]{0,40}") {
        let _ = (Object::parse(&text), edit::get(&text, &["a", "a"]), edit::elements(&text), edit::string(&text));
        let _ = (edit::apply(&text, &[Change::Set("a", "1"), Change::Remove("")]), edit::one_line(&Raw::trusted(text)));
    }
}
