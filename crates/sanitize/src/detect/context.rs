//! Secrets that have no form of their own: random-looking values behind words such as `password:`, or in members so named.
//!
//! Two questions: does the name say that its value is secret, and does the value look like one? Either alone says
//! little: `token` counts words too, and every hash is random.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::secrets::{self, Class};
use super::{Match, Spot, entropy};

/// Words that say so, if a name ends with one: `DB_PASSWORD`, `clientSecret`. Those that end with a space stand before
/// their value without a sign between.
pub(crate) const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "contraseña",
    "mot de passe",
    "пароль",
    "Пароль",
    "密码",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api key",
    "access_key",
    "accesskey",
    "access-key",
    "access key",
    "secret key",
    "auth_key",
    "authkey",
    "private_key",
    "privatekey",
    "signing_key",
    "signingkey",
    "encryption_key",
    "encryptionkey",
    "credential",
    "authorization",
    "pwd=",
    "pwd:",
    "_pwd",
    "bearer ",
    "basic ",
];

/// Names that end with such a word and mean something else.
const HARMLESS: &[&str] = &[
    "page",
    "next",
    "prev",
    "progress",
    "continuation",
    "sync",
    "cursor",
    "cancel",
    "cancellation",
    "starting",
    "csrf",
    "no",
    "total",
    "per",
    "max",
    "idempotency",
    "change",
    "task",
];

/// The longest value, and the longest name that is looked at.
const VALUE_BYTES_MAX: usize = 256;
const NAME_BYTES_MAX: usize = 64;

/// Returns the value behind a word at the spot: `password = "…"`, `api_key: …`, `Bearer …`.
pub(crate) fn behind_word(spot: Spot<'_>, word: usize) -> Option<Match> {
    let word = WORDS[word];
    let is_scheme = word.ends_with(' ');
    let name = name_at(spot, stem(word).len())?;
    let behind = &spot.ahead[name..];
    let gap = match is_scheme {
        true => behind.len() - behind.trim_start_matches(' ').len(),
        false => separator(behind)?,
    };
    let start = name + gap;
    let start = start + scheme(&spot.ahead[start..]);
    let value = value(&spot.ahead[start..])?;
    let own_before = name_before(spot.before);
    // The name in a mark that stands where something was redacted.
    let rest = &spot.before[..spot.before.len() - own_before.len()];
    if rest.ends_with("[redacted:") && behind.starts_with(']') {
        return None;
    }
    let full_name = format!("{own_before}{}", &spot.ahead[..name]);
    let is_named = is_scheme && spot.is_word_start() || is_sensitive(&full_name);
    let kind = if is_named {
        judge(&full_name, spot.before, value)
    } else {
        None
    }?;
    Some(Match {
        skip: start,
        ..Match::of(kind, start + value.len())
    })
}

/// Returns the whole string if the key it stands under says that it is a secret.
pub(crate) fn under_key(spot: Spot<'_>) -> Option<Match> {
    let key = spot.key.filter(|key| spot.is_all && is_sensitive(key))?;
    let start = scheme(spot.ahead);
    let secret = &spot.ahead[start..];
    let is_one_word = value(secret).is_some_and(|value| value.len() + 1 >= secret.len());
    let kind = if is_one_word {
        judge(key, "", secret)
    } else {
        None
    }?;
    Some(Match {
        skip: start,
        ..Match::of(kind, spot.ahead.len())
    })
}

/// Whether a name says that its value is a secret.
pub(crate) fn is_sensitive(name: &str) -> bool {
    let start = name.ceil_char_boundary(name.len().saturating_sub(NAME_BYTES_MAX));
    let lower = name[start..].to_lowercase();
    let ends = ["_base64", "_value", "_b64", "s"];
    let whole = ends
        .iter()
        .find_map(|end| lower.strip_suffix(end))
        .unwrap_or(&lower);
    let before = |name: &str| {
        let word = WORDS
            .iter()
            .map(|word| stem(word))
            .find(|word| name.ends_with(word))?;
        Some(
            name[..name.len() - word.len()]
                .trim_end_matches(['_', '-', '.', ' '])
                .to_owned(),
        )
    };
    let before = before(&lower).or_else(|| before(whole));
    before.is_some_and(|before| !HARMLESS.iter().any(|harmless| before.ends_with(harmless)))
}

fn stem(word: &str) -> &str {
    word.trim_end_matches(['=', ':', ' '])
}

/// The length of the name at the spot, which goes on behind its word: `secret_access_key`.
fn name_at(spot: Spot<'_>, word: usize) -> Option<usize> {
    let rest = Class::Word.run(&spot.ahead[word..]);
    (rest <= 24).then_some(word + rest)
}

/// The part of a name before the spot.
fn name_before(before: &str) -> &str {
    let is_name = |c: char| c.is_ascii() && Class::Dotted.holds(c as u8);
    &before[before.trim_end_matches(is_name).len()..]
}

/// The length of ` = "`, `": "`, `=>`, ` is ` and their like between a name and its value.
fn separator(text: &str) -> Option<usize> {
    let is_gap = |c: char| matches!(c, ' ' | '\t' | '"' | '\'' | '`' | '\\' | '*' | ']' | ')');
    let verbs = [" is ", " ist ", " es ", " est ", " is: "];
    let sign = match verbs.iter().find_map(|verb| text.strip_prefix(verb)) {
        Some(behind) => behind,
        None => text
            .trim_start_matches(is_gap)
            .strip_prefix([':', '=', '：'])?,
    };
    let value = sign
        .trim_start_matches(['=', '>'])
        .trim_start_matches(is_gap);
    Some(text.len() - value.len()).filter(|gap| *gap <= 16)
}

/// The length of a scheme's name before its credentials (RFC 9110 §11.4).
fn scheme(text: &str) -> usize {
    let names = ["bearer ", "basic ", "token "];
    let is_here = |name: &&&str| {
        let head = text.as_bytes().get(..name.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
    };
    names.iter().find(is_here).map_or(0, |name| name.len())
}

/// The value a text begins with, if it is of a length that is looked at.
fn value(text: &str) -> Option<&str> {
    let is_end = |byte: &u8| {
        let is_sign = matches!(
            byte,
            b'"' | b'\'' | b'`' | b'<' | b'>' | b',' | b';' | b')' | b'\\' | b'|'
        );
        is_sign || !byte.is_ascii_graphic()
    };
    let bytes = text.as_bytes();
    let seen = bytes.iter().take(VALUE_BYTES_MAX + 1);
    let run = seen.take_while(|byte| !is_end(byte)).count();
    // `a=1&b=2`: the next field of a form.
    let is_field = |at: &usize| {
        let name = Class::Dotted.run(&text[at + 1..run]);
        text[at + 1 + name..run].starts_with('=')
    };
    let mut ends = text[..run].match_indices('&').map(|(at, _)| at);
    let len = ends.find(is_field).unwrap_or(run);
    let is_looked_at = (8..=VALUE_BYTES_MAX).contains(&len);
    let goes_on = bytes.get(len).is_some_and(|byte| *byte >= 0x80);
    let value = text[..len].trim_end_matches(['.', ':', '!', '?', ']', '}']);
    (is_looked_at && !goes_on).then_some(value)
}

/// What kind of secret a value is under a name, if it is one.
fn judge(name: &str, before: &str, value: &str) -> Option<&'static str> {
    if is_placeholder(value) || has_form(value) {
        return None;
    }
    let name = name.to_lowercase();
    if name == "basic" || name == "authorization" && is_basic(value) {
        return is_basic(value).then_some("basic_auth");
    }
    let start = before.ceil_char_boundary(before.len().saturating_sub(32));
    let around = before[start..].to_lowercase() + &name;
    let is_aws = around.contains("secret") && (around.contains("access") || around.contains("aws"));
    if is_aws && value.len() == 40 && Class::Base64.run(value) == 40 {
        return Some("aws_secret_key");
    }
    let is_password_name = ["pass", "pwd", "contrase", "secret", "парол", "密码"]
        .iter()
        .any(|word| name.contains(word));
    match is_password_name {
        true => is_password(value).then_some("password"),
        false => is_key(value).then_some("token"),
    }
}

/// People choose it: at least eight characters of two sorts, and neither a name nor code.
fn is_password(value: &str) -> bool {
    let sorts: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        u8::is_ascii_punctuation,
    ];
    let is_name = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'.' | b'-' | b'/' | b':');
    let code = ["(", "::", "->", "[\"", "{", "://"];
    value.len() >= 8
        && sorts
            .iter()
            .filter(|sort| value.bytes().any(|b| sort(&b)))
            .count()
            >= 2
        && !value.bytes().all(is_name)
        && !code.iter().any(|sign| value.contains(sign))
        && entropy::bits_per_byte(value) >= 2.5
}

/// Machines make it: at least sixteen characters that look drawn by lot.
fn is_key(value: &str) -> bool {
    let is_word =
        |b: u8| Class::Dotted.holds(b) || Class::Base64.holds(b) || matches!(b, b'~' | b':');
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    value.len() >= 16
        && value.bytes().all(is_word)
        && (2..value.len()).contains(&digits)
        && !value.contains("//")
        && entropy::bits_per_byte(value) >= 3.0
}

/// RFC 7617 §2: a user and a password in Base64.
fn is_basic(value: &str) -> bool {
    let decoded = STANDARD
        .decode(value)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.is_some_and(|text| text.contains(':') && !text.contains(char::is_control))
}

/// Whether a value stands for one: `<password>`, `${TOKEN}`, `****`, `your-key-here`, a redaction.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let starts = [
        "<", "$", "{", "%", "[", "*", "your", "my-", "my_", "env:", "env.", "process.", "os.",
        "vault:", "secret/", "ref:", "arn:", "file:", "redacted", "tok_", "sha256:", "sha512-",
        "/", "./", "insert", "enter", "replace",
    ];
    let parts = [
        "xxxx",
        "****",
        "placeholder",
        "changeme",
        "change-me",
        "change_me",
        "...",
        "[redacted:",
        "-here",
        "_here",
    ];
    lower.bytes().all(|byte| Some(byte) == lower.bytes().next())
        || starts.iter().any(|start| lower.starts_with(start))
        || parts.iter().any(|part| lower.contains(part))
}

/// Whether a value has a form of its own and is judged by that.
fn has_form(value: &str) -> bool {
    let spot = Spot {
        before: "",
        ahead: value,
        is_all: true,
        key: None,
    };
    value.starts_with("eyJ")
        || secrets::FORMATS
            .iter()
            .any(|format| secrets::format_at(spot, format).is_some())
}
