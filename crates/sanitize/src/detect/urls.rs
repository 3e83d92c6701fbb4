//! Passwords in addresses: `scheme://user:password@host` (RFC 3986 §3.2.1), seen from the `@`.

use super::{Match, Spot};

const PLACEHOLDERS: [&str; 8] = [
    "password", "passwd", "pass", "pw", "pwd", "secret", "xxx", "token",
];

pub(crate) fn credentials_at(spot: Spot<'_>) -> Option<Match> {
    let scheme_end = spot.before.rfind("://")?;
    let user_info = &spot.before[scheme_end + 3..];
    let (_, password) = user_info.split_once(':')?;
    let is_foreign = |c: char| {
        c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<' | '>' | '`' | '\\' | '?' | '#')
    };
    if user_info.contains(is_foreign) || is_placeholder(password) {
        return None;
    }
    // A password with an `@` of its own goes on to the last one before the host.
    let more = spot.ahead[..spot
        .ahead
        .find(|c| is_foreign(c) || c == ',')
        .unwrap_or(spot.ahead.len())]
        .rfind('@')?;
    let host = &spot.ahead[more + 1..];
    host.starts_with(|c: char| c.is_alphanumeric() || c == '[' || c == '$' || c == '{')
        .then_some(Match {
            back: password.len(),
            ..Match::of("url_password", more)
        })
}

fn is_placeholder(password: &str) -> bool {
    password.is_empty()
        || password.starts_with(['$', '{', '<', '*', '%', '['])
        || PLACEHOLDERS
            .iter()
            .any(|word| password.eq_ignore_ascii_case(word))
}
