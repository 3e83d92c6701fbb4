//! `piece length, text`: JSON stays JSON, a second time changes nothing about what nobody may see, pieces give the same as
//! the whole, and text that is not JSON does no harm.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wardgate_sanitize::{Action, Detector, Outcome, Place, Rules, Scanner, Sensitive, Settings, apply, apply_blobs, apply_plain};

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let place = |pointer: &str| Sensitive { pointer: pointer.into(), label: "place".into() };
    Rules::new(Settings {
        place: Place::Metadata,
        secrets: Action::Redact,
        pii: Action::Redact,
        ip_addresses: true,
        declared: Action::Redact,
        sensitive: vec![place("/a"), place("/*/b/0")],
        terminal: Action::Redact,
        hidden: Action::Redact,
        injection: Action::Redact,
    })
    .expect("pointers and labels are right")
});

/// Finds that do not depend on what stands around them at a distance.
static SECRETS: LazyLock<Rules> = LazyLock::new(|| Rules::new(Settings { injection: Action::Off, ..Settings::default() }).expect("no places"));

fuzz_target!(|data: &[u8]| {
    let Some((piece, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let outcome = apply(&RULES, text);
    pieces_give_the_same(text, usize::from(*piece) + 1, &outcome);
    if is_json(text) {
        assert!(is_json(&outcome.text), "{}", outcome.text);
        nothing_unseen_is_left(&outcome);
        let once = apply(&SECRETS, text).text;
        assert_eq!(apply(&SECRETS, &once).text, once, "{text}");
    }
    let _ = (apply_plain(&RULES, text), apply_blobs(&RULES, text, 1 << 16));
});

fn pieces_give_the_same(text: &str, len: usize, whole: &Outcome<'_>) {
    let mut scanner = Scanner::new(&RULES);
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.ceil_char_boundary(len));
        out.push_str(&scanner.push(piece));
        rest = behind;
    }
    let finish = scanner.finish();
    out.push_str(&finish.text);
    assert_eq!(out, whole.text);
    assert_eq!(finish.finds, whole.finds);
}

/// A mark may bring what stood apart within reach of each other, so a second time may find more; but never what is unseen.
fn nothing_unseen_is_left(outcome: &Outcome<'_>) {
    let again = apply(&RULES, &outcome.text);
    assert_eq!(again.count(Detector::Hidden) + again.count(Detector::Terminal), 0, "{}", outcome.text);
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(text).is_ok()
}
