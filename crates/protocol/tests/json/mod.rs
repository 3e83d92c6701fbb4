//! JSON texts for property tests.
#![allow(dead_code, reason = "each test binary uses a part")]

use proptest::prelude::*;

pub mod oracle;

/// serde_json stops at 128 open containers, so it reads 127.
pub const SERDE_DEPTH: usize = 127;

/// A JSON text with odd white space, escapes and keys that often meet.
pub fn text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-1",
            "1.50",
            "1e3",
            "12345678901234567890"
        ])
        .prop_map(str::to_owned),
        string(),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        let members =
            prop::collection::vec((space(), key(), space(), inner.clone(), space()), 0..6);
        prop_oneof![
            (
                space(),
                prop::collection::vec((space(), inner, space()), 0..6)
            )
                .prop_map(|(empty, elements)| {
                    let elements: Vec<_> = elements
                        .into_iter()
                        .map(|(a, value, b)| format!("{a}{value}{b}"))
                        .collect();
                    format!(
                        "[{}]",
                        if elements.is_empty() {
                            empty
                        } else {
                            elements.join(",")
                        }
                    )
                }),
            members.prop_map(|members| object(&members)),
        ]
    })
}

/// The text of an object, its keys apart from each other as parsers see them.
pub fn plain_object() -> impl Strategy<Value = String> {
    text().prop_filter("an object with plain keys", |text| {
        text.starts_with('{') && oracle::has_plain_keys(text) == Some(true)
    })
}

fn object(members: &[(String, String, String, String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(a, key, b, value, c)| format!("{a}{key}{b}:{c}{value}{b}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

pub fn space() -> impl Strategy<Value = String> {
    "[ \n\r\t]{0,2}"
}

pub fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "a", "A", "b", "id", "Id", "k", "\u{212a}", "s", "\u{17f}", "é", "É", r"\u0061",
            r"x\u0000", "method", "_meta", ""
        ])
        .prop_map(|key| format!("\"{key}\"")),
        string(),
    ]
}

pub fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        r#""([a-z{}\[\],: ]|\\"|\\\\|\\n|\\u00e9|\\ud83d\\ude00){0,20}""#,
    ]
}

/// A JSON text, or one with a byte too many, too few, or another.
pub fn maybe_broken() -> impl Strategy<Value = String> {
    let change = (
        any::<prop::sample::Index>(),
        prop::sample::select(br#"{}[],:"\0u18dD+-.eEtfn "#.to_vec()),
        0..4_u8,
    );
    (text(), change).prop_map(|(text, (at, with, kind))| {
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, with),
            2 => bytes[at] = with,
            _ => {}
        }
        String::from_utf8(bytes).unwrap_or(text)
    })
}

/// Cases enough to find what is wrong, and no files left behind.
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
