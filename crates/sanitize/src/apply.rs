//! Rules applied to a whole text.

use std::borrow::Cow;

use crate::engine::Engine;
use crate::outcome::Outcome;
use crate::output::Seal;
use crate::quiet::is_quiet;
use crate::rules::Rules;

/// Looks at JSON text and does what the rules say. All that is not found stays byte for byte, and JSON stays JSON.
/// Object keys are strings too: two keys may become one. Time is linear in the length of the text; text that is not JSON
/// does no harm.
pub fn apply<'t>(rules: &Rules, json: &'t str) -> Outcome<'t> {
    if is_quiet(rules, json) {
        return Outcome::clean(json);
    }
    apply_sealing(rules, json, None)
}

/// Looks at plain text, as the content of one string.
pub fn apply_plain<'t>(rules: &Rules, text: &'t str) -> Outcome<'t> {
    let quoted = quote(text);
    let outcome = apply(rules, &quoted);
    let text = match &outcome.text {
        Cow::Borrowed(same) if same.len() == quoted.len() => Cow::Borrowed(text),
        changed => Cow::Owned(unquote(changed)),
    };
    Outcome {
        text,
        finds: outcome.finds,
        blocked: outcome.blocked,
    }
}

pub(crate) fn apply_sealing<'t>(
    rules: &Rules,
    json: &'t str,
    seal: Option<Seal<'_>>,
) -> Outcome<'t> {
    let mut engine = Engine::new(rules.clone(), seal);
    engine.advance(json, 0, true);
    engine.output.settle(json, 0, usize::MAX, seal);
    let (mut output, report) = engine.into_parts();
    let text = match (&report.blocked, output.is_edited) {
        (Some(_), _) => Cow::Borrowed(""),
        (None, false) => Cow::Borrowed(json),
        (None, true) => {
            output.write_to(json, 0, json.len());
            Cow::Owned(output.text)
        }
    };
    Outcome {
        text,
        blocked: report.blocked.clone(),
        finds: report.into_finds(),
    }
}

/// Writes text as a JSON string (RFC 8259 §7), with no more escapes than needed.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

/// Reads the content of a quoted string.
pub(crate) fn unquote(json: &str) -> String {
    let inner = json.strip_prefix('"').unwrap_or(json);
    crate::unit::decoded(inner)
}
