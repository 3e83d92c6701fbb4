//! Stripping the text is the same as parsing it and stripping each string, however the string was written.

use proptest::prelude::*;
use serde_json::Value;
use wardgate_sanitize::{Place, strip};

/// Characters that matter, and a few that must never matter.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        proptest::sample::select(vec![
            'a',
            'm',
            'u',
            'n',
            '[',
            ']',
            ';',
            '0',
            '"',
            '\\',
            '/',
            '\n',
            '\t',
            '\r',
            '\0',
            '\u{7}',
            '\u{8}',
            '\u{C}',
            '\u{1B}',
            '\u{7F}',
            '\u{85}',
            '\u{90}',
            '\u{9B}',
            '\u{9C}',
            '\u{9D}',
            '\u{AD}',
            'é',
            '中',
            '\u{180E}',
            '\u{200B}',
            '\u{200D}',
            '\u{202A}',
            '\u{202E}',
            '\u{2028}',
            '\u{2060}',
            '\u{2066}',
            '\u{206A}',
            '\u{FE00}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFF9}',
            '\u{FFFD}',
            '😀',
            '\u{1F3F4}',
            '\u{E0062}',
            '\u{E0065}',
            '\u{E006E}',
            '\u{E0067}',
            '\u{E007F}',
            '\u{E0001}',
            '\u{E0100}',
            '\u{E01EF}',
        ]),
        any::<char>(),
    ]
}

/// How a character is written: raw where JSON allows it, short, or as `\u` with digits of either case.
fn write(c: char, style: u8, out: &mut String) {
    let mut units = [0; 2];
    match (style % 4, c) {
        (0, c) if c >= ' ' && c != '"' && c != '\\' => out.push(c),
        (1, c) => out.push_str(
            serde_json::to_string(&c)
                .unwrap()
                .trim_start_matches('"')
                .strip_suffix('"')
                .unwrap(),
        ),
        (2, c) => c
            .encode_utf16(&mut units)
            .iter()
            .for_each(|unit| out.push_str(&format!("\\u{unit:04X}"))),
        (_, c) => c
            .encode_utf16(&mut units)
            .iter()
            .for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
    }
}

fn text() -> impl Strategy<Value = (String, String)> {
    proptest::collection::vec((character(), any::<u8>()), 0..40).prop_map(|chars| {
        let mut json = String::from("\"");
        chars.iter().for_each(|(c, style)| {
            // A quote trimmed from its own JSON form would be lost; write it as `\u`.
            let style = if *c == '"' && style % 4 == 1 {
                2
            } else {
                *style
            };
            write(*c, style, &mut json);
        });
        json.push('"');
        (chars.iter().map(|(c, _)| *c).collect(), json)
    })
}

/// Strips decoded text: as JSON with every character written the plainest way.
fn plainly(text: &str, place: Place) -> String {
    let json = serde_json::to_string(text).unwrap();
    serde_json::from_str(&strip(&json, place).0).unwrap()
}

fn places() -> impl Strategy<Value = Place> {
    prop_oneof![Just(Place::Metadata), Just(Place::Result)]
}

/// What may never be left, judged without regard to neighbours.
fn forbidden(c: char) -> bool {
    (c.is_control() && !"\t\n\r".contains(c))
        || ('\u{202A}'..='\u{202E}').contains(&c)
        || ('\u{2066}'..='\u{2069}').contains(&c)
}

const INTRODUCERS: [char; 7] = [
    '\u{1B}', '\u{90}', '\u{98}', '\u{9B}', '\u{9D}', '\u{9E}', '\u{9F}',
];

/// Letters and digits that are drawn; the fillers are letters to Unicode and nothing to the eye.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !['\u{115F}', '\u{1160}', '\u{3164}', '\u{FFA0}'].contains(&c)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_way_a_character_is_written_makes_no_difference((text, json) in text(), place in places()) {
        prop_assert_eq!(&serde_json::from_str::<String>(&json).unwrap(), &text);
        let stripped = strip(&json, place).0;
        let parsed: String = serde_json::from_str(&stripped).unwrap();
        prop_assert_eq!(parsed, plainly(&text, place));
    }

    #[test]
    fn nothing_forbidden_is_left_and_a_second_time_changes_nothing((text, json) in text(), place in places()) {
        let (stripped, removed) = strip(&json, place);
        let parsed: String = serde_json::from_str(&stripped).unwrap();
        prop_assert!(!parsed.contains(forbidden), "{:?}", parsed);
        prop_assert_eq!(text.chars().count() - removed, parsed.chars().count());
        prop_assert_eq!(strip(&stripped, place).1, 0);
    }

    #[test]
    fn ordinary_words_stay_whatever_the_document(words in proptest::collection::vec("[a-zA-Z0-9 é中😀.,:{}\\[\\]\"\\\\]{0,20}", 0..8), place in places()) {
        let document = serde_json::to_string(&serde_json::json!({ "list": words, "nested": [[{ "k": words }]], "n": 1.5e3 })).unwrap();
        let (stripped, removed) = strip(&document, place);
        prop_assert_eq!(removed, 0);
        prop_assert_eq!(stripped, document.as_str());
    }

    #[test]
    fn documents_stay_documents((_, key) in text(), (_, value) in text(), place in places()) {
        let document = format!("{{{key}: [{value}, {{\"k\": {value}}}], \"n\":\t1.0e5}}");
        let parsed: Value = serde_json::from_str(&strip(&document, place).0).unwrap();
        prop_assert!(parsed.is_object());
    }

    #[test]
    fn letters_survive_where_no_control_sequence_starts((text, _) in text(), place in places()) {
        let text: String = text.chars().filter(|c| !INTRODUCERS.contains(c)).collect();
        let letters = |text: &str| text.chars().filter(|c| is_letter(*c)).collect::<String>();
        prop_assert_eq!(letters(&plainly(&text, place)), letters(&text));
    }

    #[test]
    fn no_text_panics(text in "\\PC*", place in places()) {
        strip(&text, place);
    }
}
