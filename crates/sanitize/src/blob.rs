//! Text inside Base64: what resources call `blob` and images and audio call `data` (MCP 2025-11-25 schema, `BlobResourceContents`,
//! `ImageContent`). Only what decodes to text is looked at; pictures have nothing for these detectors.

use std::borrow::Cow;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, engine};

use crate::apply::apply_plain;
use crate::outcome::{Find, Outcome};
use crate::rules::Rules;
use crate::unit::{decoded, unit_at};
use crate::walk::Walk;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Looks into the Base64 values of members named `blob` or `data` that decode to text of at most `decoded_bytes_max`.
/// A value with something redacted is encoded again. Sees nothing but these values: [`crate::apply`] is for the rest.
pub fn apply_blobs<'t>(rules: &Rules, json: &'t str, decoded_bytes_max: usize) -> Outcome<'t> {
    let mut outcome = Outcome::clean(json);
    let mut walk = Walk::default();
    let (mut out, mut kept, mut at) = (String::new(), 0, 0);
    while let Some(byte) = json.as_bytes().get(at) {
        at += 1;
        if *byte != b'"' {
            walk.structure(*byte);
            continue;
        }
        let end = string_end(json, at);
        let content = &json[at..end];
        if walk.is_at_key() {
            walk.set_key(&decoded(content), false);
        } else if matches!(walk.key(), Some("blob" | "data"))
            && let Some(text) = decode(content, decoded_bytes_max)
        {
            let inner = apply_plain(rules, &text);
            let pointer = walk.pointer_of(false);
            outcome
                .finds
                .extend(inner.finds.into_iter().map(|find| Find {
                    pointer: pointer.clone(),
                    ..find
                }));
            if let Some(blocked) = inner.blocked {
                outcome.blocked = Some(crate::Blocked { pointer, ..blocked });
                outcome.text = Cow::Borrowed("");
                return outcome;
            }
            if inner.text != text {
                out.push_str(&json[kept..at]);
                out.push_str(&engine::general_purpose::STANDARD.encode(inner.text.as_bytes()));
                kept = end;
            }
        }
        at = end + 1;
    }
    if kept > 0 {
        out.push_str(&json[kept..]);
        outcome.text = Cow::Owned(out);
    }
    outcome
}

/// The end of the content of a string that begins at an offset.
fn string_end(json: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        at += json.as_bytes()[at..]
            .iter()
            .take_while(|byte| !matches!(byte, b'"' | b'\\'))
            .count();
        match json.as_bytes().get(at) {
            Some(b'\\') => at += unit_at(json, at).map_or(1, |unit| unit.len()),
            _ => return at,
        }
    }
}

/// The text in a Base64 value, if it is text and not too long.
fn decode(content: &str, bytes_max: usize) -> Option<String> {
    // RFC 4648 §4: three bytes in four characters. An escaped slash makes the value look longer than it is.
    if content.len() / 8 * 3 > bytes_max {
        return None;
    }
    let bytes = BASE64.decode(decoded(content)).ok()?;
    if bytes.len() > bytes_max {
        return None;
    }
    let text = String::from_utf8(bytes).ok()?;
    let controls = text
        .chars()
        .filter(|c| c.is_control() && !c.is_whitespace())
        .count();
    (controls * 20 <= text.len()).then_some(text)
}
