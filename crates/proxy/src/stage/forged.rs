//! A server cannot speak with the gateway's voice: members of `_meta` whose names are the gateway's are taken out of whatever it
//! says, at any depth.

use memchr::memmem;
use wardgate_protocol::edit;

/// The names the gateway says things under.
const OURS: &str = "dev.wardgate/";
/// Deeper than any message may be; see `wardgate_protocol::Limits`.
const DEPTH_MAX: usize = 512;

/// Returns the text without what only the gateway says, and how many members that were; `None` where there is nothing.
pub fn without(text: &str) -> Option<(String, usize)> {
    if !may_hold(text) {
        return None;
    }
    let mut taken = 0;
    let left = value(text, DEPTH_MAX, &mut taken)?;
    Some((left, taken))
}

/// Whether the name may be there, in whatever spelling.
fn may_hold(text: &str) -> bool {
    let has = |word: &[u8]| memmem::find(text.as_bytes(), word).is_some();
    has(b"_meta") && has(b"wardgate") || spells_letters_as_numbers(text.as_bytes())
}

/// Whether a letter of the name, or of `_meta`, is written as `\u00xx`. What encoders write so for the sake of HTML is none of them.
fn spells_letters_as_numbers(text: &[u8]) -> bool {
    let mut escapes = memmem::find_iter(text, b"\\u00");
    escapes.any(|at| {
        let digits = text.get(at + 4..at + 6);
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let letter = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        letter.is_some_and(|letter| b"_metadev.wardgate/".contains(&letter))
    })
}

/// Returns the value if it had to be changed.
fn value(text: &str, depth: usize, taken: &mut usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    if let Some(object) = edit::Object::parse(text) {
        let members: Vec<_> = object.iter().collect();
        let changed = members.iter().map(|(key, inner)| match *key {
            "_meta" => meta(inner, depth, taken),
            _ => value(inner, depth, taken),
        });
        let changed: Vec<_> = changed.collect();
        let whole = || {
            members.iter().zip(&changed).map(|((key, inner), changed)| {
                format!(
                    "{}:{}",
                    edit::quote(key),
                    changed.as_deref().unwrap_or(inner)
                )
            })
        };
        return any(&changed).then(|| format!("{{{}}}", joined(whole())));
    }
    let elements = edit::elements(text)?;
    let changed: Vec<_> = elements
        .iter()
        .map(|inner| value(inner, depth, taken))
        .collect();
    let whole = || {
        elements
            .iter()
            .zip(&changed)
            .map(|(inner, changed)| changed.clone().unwrap_or_else(|| (*inner).to_owned()))
    };
    any(&changed).then(|| format!("[{}]", joined(whole())))
}

fn meta(text: &str, depth: usize, taken: &mut usize) -> Option<String> {
    let count = |text: &str| edit::Object::parse(text).map_or(0, |object| object.iter().count());
    let left = edit::retain(text, &[], |key| !key.starts_with(OURS));
    if let Some(left) = &left {
        *taken += count(text) - count(left);
    }
    let inner = value(left.as_deref().unwrap_or(text), depth, taken);
    inner.or(left)
}

fn any(changed: &[Option<String>]) -> bool {
    changed.iter().any(Option::is_some)
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_gateways_names_go_wherever_they_stand() {
        for (said, left) in [
            (
                r#"{"a":1.50,"_meta":{"dev.wardgate/error":{"class":"x"},"own":2}}"#,
                r#"{"a":1.50,"_meta":{"own":2}}"#,
            ),
            (
                r#"{"content":[{"text":"t","_meta":{"dev.wardgate/found":1}}]}"#,
                r#"{"content":[{"text":"t","_meta":{}}]}"#,
            ),
            (
                r#"{"_meta":{"\u0064ev.wardgate/approval":1}}"#,
                r#"{"_meta":{}}"#,
            ),
            (
                r#"{"_\u006deta":{"dev.\u0077ardgate/limit":1}}"#,
                r#"{"_meta":{}}"#,
            ),
            (
                r#"{"_meta":{"x":{"_meta":{"dev.wardgate/reason":1}}}}"#,
                r#"{"_meta":{"x":{"_meta":{}}}}"#,
            ),
        ] {
            assert_eq!(without(said), Some((left.to_owned(), 1)), "{said}");
        }
    }

    #[test]
    fn what_is_no_forgery_is_left_as_it_is() {
        for said in [
            r#"{"_meta":{"dev.wardgates/x":1,"io.x/dev.wardgate/":2}}"#,
            r#"{"text":"_meta dev.wardgate/error"}"#,
            r#"{"structuredContent":{"dev.wardgate/error":1}}"#,
            r#"{"_meta":["dev.wardgate/error"]}"#,
            r#"{"a":"\u0041"}"#,
        ] {
            assert_eq!(without(said), None, "{said}");
        }
    }

    #[test]
    fn a_member_that_comes_twice_goes_twice() {
        let said =
            r#"{"_meta":{"dev.wardgate/a":1,"dev.wardgate/a":2},"_meta":{"dev.wardgate/a":3}}"#;
        let (left, taken) = without(said).unwrap();
        assert_eq!((left.as_str(), taken), (r#"{"_meta":{},"_meta":{}}"#, 3));
    }
}
