//! How deep the tree of a policy would be, told from its text before anything walks it.
//!
//! Parsers, validators and evaluators call themselves once for each level, and a chain of operators is as deep as it is
//! long. Policies are an operator's, but a gateway that reads them again must not end of one.

use std::ops::Range;

/// Levels of one policy. The deepest walk takes 100 KiB of stack for each, in a build without optimisation.
pub(crate) const LEVELS_MAX: usize = 64;

/// Returns where the first policy that is too deep becomes so.
pub(crate) fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut walk = Walk::default();
    let mut rest = text;
    while let Some(word) = next(&mut rest) {
        let end = text.len() - rest.len();
        walk.take(word);
        if walk.levels() > LEVELS_MAX {
            return Some(end - word.len()..end);
        }
    }
    None
}

/// Open brackets, outermost first, and what stands outside of any.
struct Walk(Vec<Level>);

/// What one bracket holds so far, up to a comma.
#[derive(Clone, Copy, Default)]
struct Level {
    operators: usize,
    /// `.a.b.c` of one operand.
    accesses: usize,
}

impl Default for Walk {
    fn default() -> Walk {
        Walk(vec![Level::default()])
    }
}

impl Walk {
    fn take(&mut self, word: &str) {
        let is_inner = self.0.len() > 1;
        let level = self.0.last_mut().expect("the outermost is never closed");
        match word {
            "(" | "[" | "{" => self.0.push(Level::default()),
            ")" | "]" | "}" if is_inner => {
                self.0.pop();
            }
            ";" => *self = Walk::default(),
            "," => *level = Level::default(),
            "." => level.accesses += 1,
            "&&" | "||" | "+" | "-" | "*" | "!" | "if" => {
                level.operators += 1;
                level.accesses = 0;
            }
            _ => {}
        }
    }

    fn levels(&self) -> usize {
        let held = self.0.iter().map(|level| level.operators + level.accesses);
        self.0.len() + held.sum::<usize>()
    }
}

/// Takes the next word: a sign, a name, a text, or a comment or blank, which mean nothing.
fn next<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let first = rest.chars().next()?;
    let bytes = match first {
        '"' => text_bytes(rest),
        '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
        _ if rest.starts_with("&&") || rest.starts_with("||") => 2,
        _ if is_of_name(first) => rest.find(|sign| !is_of_name(sign)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
    };
    let (word, left) = rest.split_at(bytes);
    *rest = left;
    Some(word)
}

fn is_of_name(sign: char) -> bool {
    sign == '_' || sign.is_alphanumeric()
}

/// The bytes of a text with its quotes; all that is left if it does not end.
fn text_bytes(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::{LEVELS_MAX, too_deep};

    fn rule(condition: &str) -> String {
        format!("permit (principal, action, resource) when {{ {condition} }};")
    }

    #[test]
    fn chains_and_brackets_are_deep() {
        let few = LEVELS_MAX / 2;
        for (open, close) in [
            ("true || ", ""),
            ("true && ", ""),
            ("(", ")"),
            ("[", "]"),
            ("!", ""),
            ("1 + ", ""),
            ("if true then 1 else ", ""),
            ("{a: ", "}"),
        ] {
            let deep =
                |levels| rule(&[&open.repeat(levels), "true", &close.repeat(levels)].concat());
            assert_eq!(too_deep(&deep(few)), None, "{open}");
            assert!(too_deep(&deep(5_000)).is_some(), "{open}");
        }
        assert!(too_deep(&rule(&["principal", &".a".repeat(5_000)].concat())).is_some());
        assert!(too_deep(&"(".repeat(5_000)).is_some());
    }

    #[test]
    fn what_stands_side_by_side_is_not_deep() {
        let list = rule(&format!("[{}].contains(1)", "1 + 1, ".repeat(500)));
        let text = rule(r#"context.a == "|| && ((( \" ||""#).repeat(500);
        let comments = rule("true").replace("when", &"// || ((\n".repeat(500));
        let compared = rule(&["a.b == 1", &" || a.b == 1".repeat(40)].concat());
        for flat in [list, text, comments, compared] {
            assert_eq!(too_deep(&flat), None, "{flat:.200}");
        }
    }

    #[test]
    fn what_is_no_policy_ends() {
        for odd in ["\"", "\"\\", ")))))", "//", ";;;", "é(ü", "|&"] {
            assert_eq!(too_deep(odd), None, "{odd}");
        }
    }
}
