//! What a schema expects, in words; and texts of known formats.

use serde_json::Value as Json;

use crate::{
    amounts::{Share, Usd, Window},
    schema::resolve,
    units::{Size, Span},
};

/// Returns the allowed words, if the schema allows only some.
pub(crate) fn choices<'a>(root: &'a Json, schema: &'a Json) -> Option<Vec<&'a str>> {
    let resolved = resolve(root, schema);
    let words = |list: &'a Vec<Json>| list.iter().filter_map(Json::as_str).collect();
    let constants = |list: &'a Vec<Json>| {
        list.iter()
            .filter_map(|one| one.get("const")?.as_str())
            .collect()
    };
    resolved
        .get("enum")
        .and_then(Json::as_array)
        .map(words)
        .or_else(|| {
            resolved
                .get("oneOf")
                .and_then(Json::as_array)
                .map(constants)
        })
}

pub(crate) fn spoken(kind: &str, format: Option<&str>) -> &'static str {
    match (kind, format) {
        (_, Some("wardgate-duration" | "wardgate-duration-or-zero")) => "a duration such as `30s`",
        (_, Some("wardgate-size")) => "a size such as `4MiB`",
        (_, Some("wardgate-usd")) => "a sum of US dollars such as `0.02`",
        (_, Some("wardgate-share")) => "a share such as `0.8`",
        (_, Some("wardgate-window")) => "a time such as `1m`, `day` or `month`",
        (_, Some("wardgate-address-or-off")) => "an address such as `127.0.0.1:8081`, or `off`",
        (_, Some("wardgate-address")) => "an address such as `127.0.0.1:8080`",
        ("object", _) => "a section",
        ("array", _) => "a list of values",
        ("boolean", _) => "`true` or `false`",
        ("integer", _) => "a whole number",
        _ => "text",
    }
}

/// Returns what to write instead of a number that is not of a known format.
pub(crate) fn misplaced(number: &serde_json::Number, format: &str) -> Option<&'static str> {
    match format {
        "wardgate-usd" => Usd::read(number)
            .is_none()
            .then_some("give a sum that is not negative, with at most six decimals: `0.02`"),
        "wardgate-share" => Share::read(number)
            .is_none()
            .then_some("give a share above 0 and up to 1, with at most three decimals: `0.8`"),
        _ => None,
    }
}

/// Returns what is wrong with a text of a known format, and a hint.
pub(crate) fn misspelled(text: &str, format: &str) -> Option<(String, &'static str)> {
    const DURATION: &str = "write a whole number and `ms`, `s`, `m`, `h` or `d`: `30s`";
    match format {
        "wardgate-duration" => match Span::parse(text) {
            None => Some((format!("`{text}` is not a duration"), DURATION)),
            Some(Span(duration)) if duration.is_zero() => {
                Some(("the duration is zero".into(), "give at least `1ms`"))
            }
            Some(_) => None,
        },
        "wardgate-duration-or-zero" => Span::parse(text)
            .is_none()
            .then(|| (format!("`{text}` is not a duration"), DURATION)),
        "wardgate-size" => match Size::parse(text) {
            None => Some((
                format!("`{text}` is not a size"),
                "write a whole number and `B`, `KiB`, `MiB` or `GiB`: `4MiB`",
            )),
            Some(Size(0)) => Some(("the size is zero".into(), "give at least `1B`")),
            Some(_) => None,
        },
        "wardgate-window" => Window::parse(text).is_none().then(|| {
            (
                format!("`{text}` is not a time to count over"),
                "write `day`, `month`, or a whole number above zero and `ms`, `s`, `m`, `h` or `d`: `1m`",
            )
        }),
        "wardgate-address-or-off" => match text {
            "off" => None,
            text => misspelled(text, "wardgate-address"),
        },
        "wardgate-address" => text.parse::<std::net::SocketAddr>().is_err().then(|| {
            (
                format!("`{text}` is not an address and a port"),
                "write it as `127.0.0.1:8080` or `[::1]:8080`",
            )
        }),
        _ => None,
    }
}
