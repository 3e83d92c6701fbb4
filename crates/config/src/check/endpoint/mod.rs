//! How one server is reached: exactly one way, with only the keys that way knows, and no secret in the open.

mod program;
mod web;

use super::{Checks, Place};
use crate::{
    config::{Endpoint, LabOptions, Value},
    diagnostic::code,
    raw::{RawEndpoint, RawLab, RawValue},
    secretlike,
};

pub fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    raw: &RawEndpoint,
) -> Option<Endpoint> {
    let ways: Vec<&str> = ways(raw);
    let [way] = ways.as_slice() else {
        wrong_count(checks, place, name, &ways);
        return None;
    };
    out_of_place(checks, place, raw, way);
    match *way {
        "url" => web::check(checks, place, "url", raw.url.as_deref()?, raw).map(Endpoint::Http),
        "sse" => web::check(checks, place, "sse", raw.sse.as_deref()?, raw).map(Endpoint::Sse),
        "command" => {
            program::check(checks, place, raw.command.as_deref()?, raw).map(Endpoint::Stdio)
        }
        _ => lab(checks, place, raw.lab.as_ref()?).map(Endpoint::Lab),
    }
}

fn ways(raw: &RawEndpoint) -> Vec<&'static str> {
    let given = [
        ("url", raw.url.is_some()),
        ("sse", raw.sse.is_some()),
        ("command", raw.command.is_some()),
        ("lab", raw.lab.is_some()),
    ];
    given
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(way, _)| way)
        .collect()
}

fn wrong_count(checks: &mut Checks<'_>, place: &Place, name: &str, ways: &[&str]) {
    if let [_, second, ..] = ways {
        let message = format!("server `{name}` has both `{}` and `{second}`", ways[0]);
        checks.key_error(
            code::SEVERAL_ENDPOINTS,
            &place.child(second),
            message,
            "keep one",
        );
    } else if !checks.faulty(place) {
        let message = format!("nothing says how server `{name}` is reached");
        checks.key_error(
            code::NO_ENDPOINT,
            place,
            message,
            "add one of `url:`, `sse:`, `command:` and `lab:`",
        );
    }
}

/// Refuses keys that mean nothing for this way of reaching a server, rather than ignoring them.
fn out_of_place(checks: &mut Checks<'_>, place: &Place, raw: &RawEndpoint, way: &str) {
    let web: &[&str] = &["url", "sse"];
    let given: [(&str, bool, &[&str]); 6] = [
        ("headers", !raw.headers.is_empty(), web),
        ("auth", raw.auth.is_some(), web),
        ("tls", raw.tls.is_some(), web),
        ("env", !raw.env.is_empty(), &["command"]),
        ("inherit_env", !raw.inherit_env.is_empty(), &["command"]),
        ("cwd", raw.cwd.is_some(), &["command"]),
    ];
    for (key, _, _) in given
        .into_iter()
        .filter(|(_, given, ways)| *given && !ways.contains(&way))
    {
        let message = format!("`{key}` means nothing for a server reached by `{way}`");
        checks.key_error(code::OUT_OF_PLACE, &place.child(key), message, "remove it");
    }
}

/// Refuses a plain value that by its name or its own spelling is a secret.
fn not_secret(checks: &mut Checks<'_>, place: &Place, name: &str, text: &str, hint: &str) -> bool {
    let secret = secretlike::name(name) || secretlike::value(text);
    if secret && !text.is_empty() {
        checks.conceal(place);
        checks.error(
            code::SECRET_LITERAL,
            place,
            format!("`{name}` looks like a secret, which may not stand in the file itself"),
            hint,
        );
    }
    !secret || text.is_empty()
}

fn valued(checks: &Checks<'_>, raw: &RawValue) -> Value {
    match raw {
        RawValue::Plain(text) => Value::Plain(text.clone()),
        RawValue::Secret(secret) => Value::Secret {
            prefix: String::new(),
            from: checks.secret(secret),
        },
    }
}

fn lab(checks: &mut Checks<'_>, place: &Place, raw: &RawLab) -> Option<LabOptions> {
    match raw {
        RawLab::Plain(true) => Some(LabOptions::default()),
        RawLab::Plain(false) => {
            let message = "`lab: false` does not say how the server is reached";
            checks.error(
                code::NO_ENDPOINT,
                &place.child("lab"),
                message,
                "remove the server, or use `lab: true`",
            );
            None
        }
        RawLab::Options(options) => {
            let effects = options
                .effects
                .as_ref()
                .map(|path| checks.path(path).to_string_lossy().into_owned());
            Some(LabOptions {
                effects,
                ..options.clone()
            })
        }
    }
}
