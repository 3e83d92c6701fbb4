//! What the scan lets through: JSON as RFC 8259 has it, bounded, with keys that every parser reads alike.

mod json;

use proptest::prelude::*;
use wardgate_protocol::{
    Limits,
    scan::{Keys, ScanFault, check},
};

fn scan(text: &[u8], keys: Keys) -> Result<(), ScanFault> {
    check(text, &Limits::default(), keys).map(|read| assert_eq!(read.as_bytes(), text))
}

#[track_caller]
fn accept(text: &str) {
    assert_eq!(scan(text.as_bytes(), Keys::Strict), Ok(()), "{text}");
}

#[track_caller]
fn refuse(text: impl AsRef<[u8]>, fault: ScanFault) {
    let shown = String::from_utf8_lossy(text.as_ref());
    assert_eq!(scan(text.as_ref(), Keys::Strict), Err(fault), "{shown}");
}

#[test]
fn json_is_accepted() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10",
        "-1.5",
        "1e5",
        "1E+5",
        "0.5e-7",
        "\"\"",
        "\"é😀\"",
        "[]",
        "{}",
        " [ ] ",
        "\t{\r\n}\n",
        "[1]",
        "[1,[2],{}]",
        r#"{"a":1,"b":[true,null,{"c":"d"}]}"#,
        r#""\"\\\/\b\f\n\r\t\u0041\ud83d\ude00""#,
        "\"\u{7f}\u{2028}\u{feff}\"",
        "1e999",
        "123456789012345678901234567890",
        r#"{"":0}"#,
        r#"{"__proto__":{"constructor":1}}"#,
        r#"{"a":{"a":{"a":1}}}"#,
        r#"[{"a":1},{"a":1}]"#,
        r#"{"a":{"b":1},"b":2}"#,
    ] {
        accept(text);
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_stops_being_json() {
    for (text, at) in [
        ("", 0),
        (" ", 1),
        ("nul", 0),
        ("nulL", 0),
        ("True", 0),
        ("+1", 0),
        ("-", 1),
        ("-a", 1),
        (".5", 0),
        ("1.", 2),
        ("1.e5", 2),
        ("1e", 2),
        ("1e+", 3),
        ("NaN", 0),
        ("Infinity", 0),
        ("'a'", 0),
        ("\"", 1),
        ("\"a", 2),
        ("\"a\nb\"", 2),
        ("\"a\tb\"", 2),
        ("\"\0\"", 1),
        ("\"abcdefghij\u{1f}\"", 11),
        ("\"\\x\"", 1),
        ("\"\\", 1),
        ("\"\\u12\"", 1),
        ("\"\\u12G4\"", 1),
        ("\"\\ud800\"", 1),
        ("\"\\udc00\"", 1),
        ("\"\\ud800\\u0041\"", 1),
        ("\"\\ud800\\ud800\"", 1),
        ("[", 1),
        ("[1", 2),
        ("[1,", 3),
        ("[1,]", 3),
        ("[,1]", 1),
        ("[1 2]", 3),
        ("[1}", 2),
        ("]", 0),
        ("{", 1),
        ("{,}", 1),
        ("{\"a\"", 4),
        ("{\"a\":", 5),
        ("{\"a\":}", 5),
        ("{\"a\":1", 6),
        ("{\"a\":1,", 7),
        ("{\"a\":1,}", 7),
        ("{\"a\":1]", 6),
        ("{a:1}", 1),
        ("{1:1}", 1),
        ("{\"a\" 1}", 5),
        ("{\"a\":1 \"b\":2}", 7),
        ("// x\n1", 0),
        ("[1/**/]", 2),
        ("\u{a0}1", 0),
        ("[01]", 2),
        ("[1_0]", 2),
        ("[0x1]", 2),
        ("{\0", 1),
    ] {
        refuse(text, ScanFault::Syntax { at });
    }
}

#[test]
fn one_value_is_all() {
    for (text, at) in [
        ("{}{}", 2),
        ("{}\n{}", 3),
        ("1 2", 2),
        ("01", 1),
        ("{}x", 2),
        ("null,", 4),
        ("[]]", 2),
        ("{}\0", 2),
        ("1\u{a0}", 1),
    ] {
        refuse(text, ScanFault::Trailing { at });
    }
}

#[test]
fn only_utf8_without_a_mark_is_text() {
    refuse(b"\"\xff\"", ScanFault::Utf8 { at: 1 });
    refuse(b"\"ab\xc3", ScanFault::Utf8 { at: 3 });
    refuse(b"\"\xc0\xaf\"", ScanFault::Utf8 { at: 1 });
    refuse(b"\"\xed\xa0\x80\"", ScanFault::Utf8 { at: 1 });
    refuse(b"\xff\xfe{\0}\0", ScanFault::Utf8 { at: 0 });
    refuse(b"\xef\xbb\xbf{}", ScanFault::ByteOrderMark);
    refuse(b"\xef\xbb\xbf\xff", ScanFault::ByteOrderMark);
    refuse(b"{\0}\0", ScanFault::Syntax { at: 1 });
}

#[test]
fn size_and_depth_have_bounds() {
    let limits = Limits {
        message_bytes_max: 10,
        depth_max: 3,
        ..Limits::default()
    };
    let scan = |text: &str| check(text.as_bytes(), &limits, Keys::Strict).map(drop);
    assert_eq!(scan("[[[1]]]"), Ok(()));
    assert_eq!(scan("[[[[1]]]]"), Err(ScanFault::TooDeep { max: 3 }));
    assert_eq!(scan("{\"a\":[[["), Err(ScanFault::TooDeep { max: 3 }));
    assert_eq!(scan("[[]],[[[[ "), Err(ScanFault::Trailing { at: 4 }));
    assert_eq!(scan("12345678901"), Err(ScanFault::TooLarge { max: 10 }));
    assert_eq!(
        scan("\u{feff}12345678"),
        Err(ScanFault::TooLarge { max: 10 })
    );
}

#[test]
fn nesting_bombs_end_early() {
    for bomb in ["[", "{\"a\":", "[{\"a\":"] {
        refuse(bomb.repeat(100_000), ScanFault::TooDeep { max: 128 });
    }
    let nested = format!("{}{}", "[".repeat(128), "]".repeat(128));
    accept(&nested);
}

#[test]
fn keys_that_two_parsers_could_read_differently_are_refused() {
    for (text, fault) in [
        (r#"{"a":1,"a":2}"#, ScanFault::DuplicateKey { at: 7 }),
        (r#"{"a":1,"\u0061":2}"#, ScanFault::DuplicateKey { at: 7 }),
        (r#"{"é":1,"\u00e9":2}"#, ScanFault::DuplicateKey { at: 8 }),
        (r#"{"":1,"":2}"#, ScanFault::DuplicateKey { at: 6 }),
        (
            r#"[0,{"x":[{"b":{},"c":1,"b":2}]}]"#,
            ScanFault::DuplicateKey { at: 23 },
        ),
        (
            r#"{"method":1,"Method":2}"#,
            ScanFault::FoldedKey { at: 12 },
        ),
        (
            r#"{"long_enough_key":1,"LONG_enough_kEY":2}"#,
            ScanFault::FoldedKey { at: 21 },
        ),
        (
            r#"{"params":1,"paramſ":2}"#,
            ScanFault::FoldedKey { at: 12 },
        ),
        (
            r#"{"params":1,"param\u017f":2}"#,
            ScanFault::FoldedKey { at: 12 },
        ),
        ("{\"k\":1,\"\u{212a}\":2}", ScanFault::FoldedKey { at: 7 }),
        (r#"{"ÉTÉ":1,"été":2}"#, ScanFault::FoldedKey { at: 11 }),
        (r#"{"σ":1,"ς":2}"#, ScanFault::FoldedKey { at: 8 }),
        (r#"{"ß":1,"ẞ":2}"#, ScanFault::FoldedKey { at: 8 }),
        (
            r#"{"STRASSE":1,"straße":2}"#,
            ScanFault::FoldedKey { at: 13 },
        ),
        (r#"{"a\u0000":1}"#, ScanFault::NulKey { at: 1 }),
        (r#"{"a":1,"b\u0000c":2}"#, ScanFault::NulKey { at: 7 }),
    ] {
        refuse(text, fault);
        assert_eq!(scan(text.as_bytes(), Keys::Lenient), Ok(()), "{text}");
    }
}

#[test]
fn the_first_twin_is_named_however_many_keys_there_are() {
    for count in [2, 23, 24, 25, 1000] {
        let keys: Vec<_> = (0..count).map(|i| format!("\"key{i}\":{i}")).collect();
        let text = format!("{{{}}}", keys.join(","));
        accept(&text);
        let twin = text.replace('}', r#","KEY1":0,"key1":0,"key0":0}"#);
        refuse(twin, ScanFault::FoldedKey { at: text.len() });
    }
}

#[test]
fn many_keys_take_about_linear_time() {
    let keys: Vec<_> = (0..100_000).map(|i| format!("\"{i:x}\":0")).collect();
    accept(&format!("{{{}}}", keys.join(",")));
    refuse(
        format!("{{{}}}", "\"a\":0,".repeat(100_000) + "\"b\":0"),
        ScanFault::DuplicateKey { at: 7 },
    );
}

proptest! {
    #![proptest_config(json::cases(1000))]

    #[test]
    fn agrees_with_serde_json(text in json::maybe_broken()) {
        let limits = Limits { depth_max: json::SERDE_DEPTH, ..Limits::default() };
        let lenient = check(text.as_bytes(), &limits, Keys::Lenient).is_ok();
        prop_assert_eq!(lenient, json::oracle::is_valid(&text), "{}", text);
        let strict = check(text.as_bytes(), &limits, Keys::Strict).is_ok();
        match json::oracle::has_plain_keys(&text) {
            Some(plain) => prop_assert_eq!(strict, plain, "{}", text),
            None => prop_assert!(lenient || !strict, "{}", text),
        }
    }

    #[test]
    fn any_bytes_are_judged_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if check(&bytes, &Limits::default(), Keys::Strict).is_ok() {
            prop_assert!(json::oracle::is_valid(std::str::from_utf8(&bytes).unwrap()));
        }
    }
}
