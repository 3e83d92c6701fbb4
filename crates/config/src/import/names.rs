//! Names and variables as other programs spell them, and as we do.

/// Returns a name our config allows, near to the given one.
pub(super) fn server_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/') {
            c
        } else {
            '-'
        }
    };
    let name: String = name
        .trim()
        .trim_start_matches('@')
        .chars()
        .map(plain)
        .collect();
    if name.matches('/').count() > 1 {
        name.replace('/', "-")
    } else {
        name
    }
}

/// Returns NAME if the text is exactly `${NAME}`, `${env:NAME}` or `$NAME`.
pub(super) fn whole_variable(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .or_else(|| text.strip_prefix('$'))?;
    let name = inner.strip_prefix("env:").unwrap_or(inner);
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    (plain && !name.is_empty()).then(|| name.to_owned())
}

/// Returns ID if the text is exactly `${input:ID}` (VS Code asks the user for it).
pub(super) fn whole_input(text: &str) -> Option<&str> {
    text.strip_prefix("${input:")?
        .strip_suffix('}')
        .filter(|id| !id.contains('}'))
}

/// Returns `word` in the spelling of environment variables.
pub(super) fn shout(word: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    };
    word.rsplit('/')
        .next()
        .unwrap_or(word)
        .chars()
        .map(plain)
        .collect()
}

/// Returns a variable's own name, or one that begins with the server's when the name alone says nothing.
pub(super) fn self_named(server: &str, key: &str) -> String {
    const VAGUE: [&str; 6] = ["TOKEN", "API_KEY", "APIKEY", "KEY", "SECRET", "PASSWORD"];
    if VAGUE.contains(&shout(key).as_str()) {
        format!("{}_{}", shout(server), shout(key))
    } else {
        key.to_owned()
    }
}
