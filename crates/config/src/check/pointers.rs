//! JSON Pointers (RFC 6901) in a config, in which a step `*` stands for any member or item.

use super::{Checks, Place};
use crate::diagnostic::code;

/// Reports texts that are no pointers.
pub fn check(checks: &mut Checks<'_>, place: &Place, pointers: &[String]) {
    for (position, pointer) in pointers.iter().enumerate() {
        if !is_pointer(pointer) {
            checks.error(
                code::BAD_POINTER,
                &place.child(position),
                format!("`{pointer}` is not a JSON Pointer"),
                "begin it with a slash: `/email`, `/cards/*/number`; `~` is written `~0`",
            );
        }
    }
}

/// RFC 6901 §3: a tilde is followed by 0 or 1. The empty pointer is the whole value.
fn is_pointer(text: &str) -> bool {
    let escapes = text
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes
}

#[cfg(test)]
mod tests {
    use super::is_pointer;

    #[test]
    fn pointers_are_those_of_rfc_6901() {
        for right in ["", "/", "/email", "/a~1b/~0", "/cards/*/number"] {
            assert!(is_pointer(right), "{right}");
        }
        for wrong in ["email", "$.email", "/a~", "/a~2b"] {
            assert!(!is_pointer(wrong), "{wrong}");
        }
    }
}
