//! Instructions in Base64: words of them are looked for in the three forms Base64 gives a word, then what stands
//! around is decoded and judged as text.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{BACK_BYTES, Match, Spot, phrases, secrets::Class};

/// How much of the run before and behind a word is decoded, in bytes.
const RUN_BYTES_MAX: usize = 400;

/// Parts of words that instructions to a model can hardly do without.
const PARTS: [&str; 5] = [
    "nstruction",
    "gnore ",
    "isregard",
    "ystem prompt",
    "MPORTANT",
];

/// The forms in which Base64 may show the parts: shifted by no, one or two bytes, without the characters that
/// neighbours change.
pub(crate) fn words() -> Vec<String> {
    PARTS
        .iter()
        .flat_map(|part| (0..3).map(|shift| shifted(part, shift)))
        .collect()
}

fn shifted(part: &str, shift: usize) -> String {
    let coded = STANDARD_NO_PAD.encode([&b"   "[..shift], part.as_bytes()].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + part.len()) * 8 / 6;
    coded[first..last].to_owned()
}

/// Returns the Base64 run around the spot if it decodes to instructions.
pub(crate) fn instructions_at(spot: Spot<'_>) -> Option<Match> {
    let is_base64 = |c: char| c.is_ascii() && Class::Base64.holds(c as u8);
    let back = spot.before.len() - spot.before.trim_end_matches(is_base64).len();
    let run = Class::Base64.run(spot.ahead).min(RUN_BYTES_MAX);
    let coded = [&spot.before[spot.before.len() - back..], &spot.ahead[..run]].concat();
    let coded = coded.trim_end_matches('=');
    // A run cut on its left may begin anywhere within a group of four.
    let starts = if back == BACK_BYTES { 0..4 } else { 0..1 };
    starts
        .into_iter()
        .filter_map(|start| decode(coded.get(start..)?))
        .find(|text| phrases::is_instruction(text))
        .map(|_| Match {
            back,
            ..Match::of("encoded", run)
        })
}

fn decode(coded: &str) -> Option<String> {
    let whole = match coded.len() % 4 {
        1 => &coded[..coded.len() - 1],
        _ => coded,
    };
    let engine = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::general_purpose::NO_PAD.with_decode_allow_trailing_bits(true),
    );
    let bytes = engine.decode(whole).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let printable = text
        .chars()
        .filter(|c| !c.is_control() && *c != '\u{FFFD}')
        .count();
    (printable * 10 >= text.chars().count() * 9).then_some(text)
}
