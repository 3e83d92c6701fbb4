//! Strings of one document that a reader reads one behind the other, as the text blocks of a result: what begins in one and
//! ends in another is found too.

use std::borrow::Cow;
use std::ops::Range;

use crate::apply::apply;
use crate::engine::Engine;
use crate::outcome::{Find, Outcome};
use crate::quiet::is_quiet;
use crate::rules::Rules;

/// Looks at parts of a document as if they were one string. `parts` are the insides of its strings, without the quotes, in
/// order. Finds are those that no part holds by itself, and have no pointer; one that is redacted stands where it began.
pub fn apply_across<'t>(rules: &Rules, json: &'t str, parts: &[Range<usize>]) -> Outcome<'t> {
    let mut joined = String::from("\"");
    let mut seams = Vec::with_capacity(parts.len());
    for part in parts {
        joined.push_str(&json[part.clone()]);
        seams.push(joined.len());
    }
    joined.push('"');
    if is_quiet(rules, &joined) {
        return Outcome::clean(json);
    }
    let mut engine = Engine::new(rules.clone(), None);
    engine.output.seams = seams;
    engine.advance(&joined, 0, true);
    engine.output.settle(&joined, 0, usize::MAX, None);
    engine.output.write_to(&joined, 0, joined.len());
    let (output, report) = engine.into_parts();
    let text = match (&report.blocked, output.is_edited) {
        (Some(_), _) => Cow::Borrowed(""),
        (None, false) => Cow::Borrowed(json),
        (None, true) => Cow::Owned(spliced(json, parts, &output.text, &output.places)),
    };
    Outcome {
        text,
        blocked: report.blocked.clone(),
        finds: only_across(rules, json, parts, report.into_finds()),
    }
}

/// Puts the pieces of what became of the joined text back where they came from.
fn spliced(json: &str, parts: &[Range<usize>], text: &str, places: &[usize]) -> String {
    let mut out = String::with_capacity(json.len());
    // The first byte is the quote.
    let (mut kept, mut from) = (0, 1);
    for (part, place) in parts.iter().zip(places) {
        out.push_str(&json[kept..part.start]);
        out.push_str(&text[from..*place]);
        (kept, from) = (part.end, *place);
    }
    out.push_str(&json[kept..]);
    out
}

/// Takes away what each part holds by itself.
fn only_across(
    rules: &Rules,
    json: &str,
    parts: &[Range<usize>],
    mut finds: Vec<Find>,
) -> Vec<Find> {
    for part in parts {
        let alone = format!("\"{}\"", &json[part.clone()]);
        for known in apply(rules, &alone).finds {
            let same =
                |find: &&mut Find| (find.detector, &find.kind) == (known.detector, &known.kind);
            if let Some(find) = finds.iter_mut().find(same) {
                find.count = find.count.saturating_sub(known.count);
            }
        }
    }
    finds.retain(|find| find.count > 0);
    finds
}
