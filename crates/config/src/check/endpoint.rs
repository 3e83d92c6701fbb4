//! How one server is reached: exactly one way, with only the keys that way knows, and no secret in the open.

use url::Url;

use super::{Checks, Place, names};
use crate::{
    config::{Endpoint, LabOptions, Program, Value, Web},
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
        "url" => web(checks, place, "url", raw.url.as_deref()?, raw).map(Endpoint::Http),
        "sse" => web(checks, place, "sse", raw.sse.as_deref()?, raw).map(Endpoint::Sse),
        "command" => program(checks, place, raw.command.as_deref()?, raw).map(Endpoint::Stdio),
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

fn web(
    checks: &mut Checks<'_>,
    place: &Place,
    key: &str,
    text: &str,
    raw: &RawEndpoint,
) -> Option<Web> {
    let url = url(checks, &place.child(key), text);
    let mut headers = Vec::new();
    for (name, value) in &raw.headers {
        let place = place.child("headers").child(name);
        if header(checks, &place, name, value, raw.auth.is_some()) {
            headers.push((name.to_ascii_lowercase(), valued(checks, value)));
        }
    }
    if let Some(auth) = &raw.auth {
        let value = Value::Secret {
            prefix: "Bearer ".into(),
            from: checks.secret(&auth.token),
        };
        headers.push(("authorization".into(), value));
    }
    let url = url?;
    if url.scheme() == "http" && raw.tls.is_some() {
        let hint = "use `https://`, or remove `tls`";
        checks.key_error(
            code::OUT_OF_PLACE,
            &place.child("tls"),
            "`tls` means nothing for an `http://` address",
            hint,
        );
    }
    let secret = headers
        .iter()
        .any(|(_, value)| matches!(value, Value::Secret { .. }));
    if url.scheme() == "http" && secret && !is_loopback(&url) {
        let message = "a credential would be sent without TLS";
        checks.warning(
            code::CREDENTIAL_IN_THE_CLEAR,
            &place.child(key),
            message,
            "use `https://`",
        );
    }
    Some(Web {
        url,
        headers,
        ca: raw.tls.as_ref().map(|tls| checks.path(&tls.ca)),
    })
}

fn url(checks: &mut Checks<'_>, place: &Place, text: &str) -> Option<Url> {
    let refuse = |checks: &mut Checks<'_>, message: &str, hint: &str| {
        checks.error(code::BAD_URL, place, message, hint);
        None
    };
    let Ok(url) = Url::parse(text) else {
        checks.conceal(place);
        return refuse(
            checks,
            "this is not an address",
            "write it as `https://host/path`",
        );
    };
    if !url.username().is_empty() || url.password().is_some() {
        checks.conceal(place);
        return refuse(
            checks,
            "an address may not hold a user name or password",
            "use `auth: {token: {env: NAME}}`",
        );
    }
    if !matches!(url.scheme(), "http" | "https") {
        let hint = "use `http://` or `https://`; for a program use `command:`";
        return refuse(
            checks,
            &format!("`{}` is not a scheme a server is reached by", url.scheme()),
            hint,
        );
    }
    if url.fragment().is_some() {
        return refuse(
            checks,
            "an address of a server has no `#…` part",
            "remove it",
        );
    }
    if let Some((name, _)) = url
        .query_pairs()
        .find(|(name, value)| secretlike::name(name) || secretlike::value(value))
    {
        let message = format!("parameter `{name}` of the address looks like a secret");
        checks.conceal(place);
        checks.warning(
            code::SECRET_LOOKALIKE,
            place,
            message,
            "use `headers:` or `auth:` with a reference if the server takes it there",
        );
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Says whether the header may be sent.
fn header(
    checks: &mut Checks<'_>,
    place: &Place,
    name: &str,
    value: &RawValue,
    auth: bool,
) -> bool {
    // The gateway itself speaks HTTP and MCP: these are its own.
    const RESERVED: [&str; 12] = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "content-encoding",
        "host",
        "keep-alive",
        "last-event-id",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let lower = name.to_ascii_lowercase();
    if !names::is_header_name(name) {
        checks.key_error(
            code::BAD_HEADER,
            place,
            format!("`{name}` is not a header name"),
            "",
        );
        return false;
    }
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("mcp-") {
        checks.key_error(
            code::BAD_HEADER,
            place,
            format!("the gateway sets `{name}` itself"),
            "remove it",
        );
        return false;
    }
    if lower == "authorization" && auth {
        checks.key_error(
            code::BAD_HEADER,
            place,
            "`auth` sets `Authorization` already",
            "keep one",
        );
        return false;
    }
    if let RawValue::Plain(text) = value {
        if text.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
            checks.error(
                code::BAD_HEADER,
                place,
                format!("the value of `{name}` holds a control character"),
                "",
            );
            return false;
        }
        let hint = match lower.as_str() {
            "authorization" => "use `auth: {token: {env: NAME}}`",
            _ => {
                "write a reference: `{env: NAME}`, `{file: PATH}` or `{exec: [PROGRAM, ARGUMENT]}`"
            }
        };
        return not_secret(checks, place, name, text, hint);
    }
    true
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

fn program(
    checks: &mut Checks<'_>,
    place: &Place,
    command: &[String],
    raw: &RawEndpoint,
) -> Option<Program> {
    let command_place = place.child("command");
    if command
        .first()
        .is_none_or(|program| program.trim().is_empty())
    {
        checks.error(
            code::EMPTY_COMMAND,
            &command_place.child(0),
            "there is no program to start",
            "name it first in `command:`",
        );
        return None;
    }
    arguments(checks, &command_place, command);
    let mut env = Vec::new();
    for (name, value) in &raw.env {
        let place = place.child("env").child(name);
        if variable(checks, &place, name, value) {
            env.push((name.clone(), valued(checks, value)));
        }
    }
    for (position, name) in raw.inherit_env.iter().enumerate() {
        if !names::is_variable_name(name) {
            let message = format!("`{name}` does not name a variable");
            checks.error(
                code::BAD_VARIABLE,
                &place.child("inherit_env").child(position),
                message,
                "",
            );
        }
    }
    let cwd = raw.cwd.as_ref().map(|cwd| checks.path(cwd));
    Some(Program {
        command: command.to_vec(),
        env,
        inherit_env: raw.inherit_env.clone(),
        cwd,
    })
}

/// Warns of secrets among the arguments, which every process of the machine can read.
fn arguments(checks: &mut Checks<'_>, place: &Place, command: &[String]) {
    for (position, argument) in command.iter().enumerate().skip(1) {
        let told = argument.contains('=') && secretlike::flag(argument);
        let follows = !command[position - 1].contains('=')
            && secretlike::flag(&command[position - 1])
            && !argument.starts_with('-');
        if told || follows || secretlike::value(argument) {
            let place = place.child(position);
            checks.conceal(&place);
            let message =
                "this argument looks like a secret; any program on this machine can read it";
            checks.warning(
                code::SECRET_LOOKALIKE,
                &place,
                message,
                "pass it by `env:` if the server can read it there",
            );
        }
    }
}

fn variable(checks: &mut Checks<'_>, place: &Place, name: &str, value: &RawValue) -> bool {
    if !names::is_variable_name(name) {
        checks.key_error(
            code::BAD_VARIABLE,
            place,
            format!("`{name}` does not name a variable"),
            "",
        );
        return false;
    }
    match value {
        RawValue::Plain(text) => {
            let hint = format!("write a reference: `{name}: {{env: {name}}}`");
            not_secret(checks, place, name, text, &hint)
        }
        RawValue::Secret(_) => true,
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
