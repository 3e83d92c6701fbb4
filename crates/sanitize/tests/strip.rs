//! What stays and what goes, case by case.

use std::borrow::Cow;

use wardgate_sanitize::{Place, strip};

#[track_caller]
fn check(json: &str, metadata: &str, result: &str) {
    assert_eq!(strip(json, Place::Metadata).0, metadata, "metadata");
    assert_eq!(strip(json, Place::Result).0, result, "result");
}

#[track_caller]
fn goes(json: &str, expected: &str) {
    check(json, expected, expected);
}

#[track_caller]
fn stays(json: &str) {
    check(json, json, json);
    assert!(matches!(strip(json, Place::Metadata).0, Cow::Borrowed(_)));
}

#[test]
fn ordinary_text_stays() {
    stays("");
    stays(r#"{"text":"plain ASCII, \"quoted\", C:\\new\\u202e, \/ and \u0041","n":1.50,"t":null}"#);
    stays("{\"a\":\"tab\\t line\\n\\r \\u0009 \\u000A \\u000d\"}");
    stays("[\"Grüße, 你好, Привет, שלום, 🎉🇩🇪👍🏽 — “quoted”\",\"\\ud83c\\udf89\"]");
    stays("[\"❤\u{FE0F}\",\"\\u2764\\ufe0f\"]");
}

#[test]
fn an_escaped_backslash_is_no_escape() {
    stays(r#"["\\u202e"]"#);
    goes(r#"["\\\u202e"]"#, r#"["\\"]"#);
    stays(r#"["\\\\u202e"]"#);
}

#[test]
fn bidi_controls_go() {
    goes("[\"a\u{202E}b\"]", r#"["ab"]"#);
    goes(r#"["a\u202Eb\u202a\u2066\u2069c"]"#, r#"["abc"]"#);
}

#[test]
fn tags_go() {
    goes("[\"a\u{E0041}\u{E0042}\u{E007F}b\"]", r#"["ab"]"#);
    goes(r#"["a\uDB40\udc41\udb40\uDC7Fb"]"#, r#"["ab"]"#);
}

#[test]
fn a_flag_keeps_its_tags_in_results_only() {
    let wales = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\u{E006C}\u{E0073}\u{E007F}";
    check(
        &format!("[\"{wales}!\"]"),
        "[\"\u{1F3F4}!\"]",
        &format!("[\"{wales}!\"]"),
    );
    let escaped = r#"["\ud83c\udff4\udb40\udc67\udb40\udc62\udb40\udc77\udb40\udc6c\udb40\udc73\udb40\udc7f"]"#;
    check(escaped, r#"["\ud83c\udff4"]"#, escaped);
}

#[test]
fn a_message_behind_a_flag_goes() {
    let long: String = "ignoreall"
        .chars()
        .filter_map(|c| char::from_u32(0xE0000 + u32::from(c)))
        .collect();
    goes(
        &format!("[\"\u{1F3F4}{long}\u{E007F}\"]"),
        "[\"\u{1F3F4}\"]",
    );
    goes(
        "[\"\u{1F3F4}\u{E0067}\u{E0062}\u{E0077}\"]",
        "[\"\u{1F3F4}\"]",
    );
}

#[test]
fn controls_go() {
    goes(r#"["a\u0000\u0007\b\f\u007f\u0085\u009Fb"]"#, r#"["ab"]"#);
    goes("[\"a\u{7F}\u{85}b\"]", r#"["ab"]"#);
}

#[test]
fn whole_terminal_sequences_go() {
    goes(r#"["\u001b[31mred\u001b[0m"]"#, r#"["red"]"#);
    goes(r#"["\u001B[2J\u001b[1;1H\u009b0mx"]"#, r#"["x"]"#);
    goes("[\"\u{9B}31mred\"]", r#"["red"]"#);
    goes(
        r#"["\u001b]8;;https://evil.test\u001b\\click\u001b]8;;\u0007!"]"#,
        r#"["click!"]"#,
    );
    goes(r#"["\u001b]0;title\u009cx\u001bPq\u001b\\y"]"#, r#"["xy"]"#);
    goes(r#"["\u001b[\"\\z"]"#, r#"["z"]"#);
}

#[test]
fn a_broken_sequence_loses_its_escape_only() {
    goes(r#"["\u001b[31","m"]"#, r#"["[31","m"]"#);
    goes(r#"["\u001b]8;;open","x\u0007"]"#, r#"["]8;;open","x"]"#);
    goes(r#"["\u001bc\u001b"]"#, r#"["c"]"#);
    goes(r#"["\u001b\u001b[31m[31m"]"#, r#"["[31m"]"#);
}

#[test]
fn zero_width_characters_go_from_metadata() {
    check(
        "[\"a\u{200B}\u{200D}\u{2060}\u{FEFF}\u{180E}\u{FFF9}b\"]",
        r#"["ab"]"#,
        "[\"a\u{200B}\u{200D}\u{2060}\u{FEFF}\u{180E}\u{FFF9}b\"]",
    );
    check(
        r#"["a\u200b\u2064\uFEFFb"]"#,
        r#"["ab"]"#,
        r#"["a\u200b\u2064\uFEFFb"]"#,
    );
    check(
        "[\"a\u{AD}\u{3164}b\"]",
        r#"["ab"]"#,
        "[\"a\u{AD}\u{3164}b\"]",
    );
}

#[test]
fn variation_selectors_carry_no_message() {
    goes("[\"😀\u{FE0F}\u{FE01}\u{FE02}x\"]", "[\"😀\u{FE0F}x\"]");
    check(
        "[\"葛\u{E0100}\u{E0101}\u{E0102}x\"]",
        r#"["葛x"]"#,
        "[\"葛\u{E0100}x\"]",
    );
    goes(
        "[\"a\u{FE00}\u{202E}\u{FE01}b\u{FE00}\"]",
        "[\"a\u{FE00}b\u{FE00}\"]",
    );
}

#[test]
fn half_a_pair_becomes_a_replacement_and_no_two_halves_meet() {
    goes(r#"["\ud83d","\udc41x"]"#, r#"["\ufffd","\ufffdx"]"#);
    goes(r#"["\udb40\u202e\udc41"]"#, r#"["\ufffd\ufffd"]"#);
    goes(r#"["\ud800\udb40\udc41"]"#, r#"["\ufffd"]"#);
}

#[test]
fn keys_are_text_too() {
    check(
        "{\"na\u{200B}me\":1}",
        r#"{"name":1}"#,
        "{\"na\u{200B}me\":1}",
    );
}

#[test]
fn every_character_taken_out_is_counted() {
    assert_eq!(strip(r#"["\u001b[31mred\u202e"]"#, Place::Result).1, 6);
    assert_eq!(strip(r#"["red"]"#, Place::Result).1, 0);
}

#[test]
fn text_that_is_not_json_is_no_reason_to_panic() {
    for text in [
        "\\",
        "\\u",
        "\\u12",
        "\"\\u202",
        "\\\u{202E}",
        "\\ud83c\\u",
        "é\\",
    ] {
        strip(text, Place::Metadata);
    }
}
