//! Which links may be put before people, to be opened or shown: those a browser opens safely and whose name shows where they lead.

use url::{Host, Url};
use wardgate_protocol::edit;

/// Says whether a person may be sent there: `https`, or `http` on this machine, without credentials in it. Names with letters
/// of other scripts are refused: they can look like any other name.
pub fn is_safe(url: &Url) -> bool {
    let has_credentials = !url.username().is_empty() || url.password().is_some();
    match (url.scheme(), url.host()) {
        _ if has_credentials => false,
        ("https", Some(Host::Domain(name))) => {
            !name.split('.').any(|label| label.starts_with("xn--"))
        }
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
        ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
        _ => false,
    }
}

/// Returns the text of an item without those of its icons that must not be loaded; `None` when there are none of these.
/// MCP 2025-11-25 basic, "Icons": `https` or `data` URIs; a drawing in a `data` URI can hold a script.
pub fn without_unsafe_icons(item: &str) -> Option<String> {
    let icons = edit::get(item, &["icons"])?;
    let all = edit::elements(icons).unwrap_or_default();
    let kept: Vec<&str> = all
        .iter()
        .copied()
        .filter(|icon| is_safe_icon(icon))
        .collect();
    let is_list = icons.starts_with('[');
    (!is_list || kept.len() < all.len())
        .then(|| edit::set(item, &["icons"], &format!("[{}]", kept.join(","))))
}

fn is_safe_icon(icon: &str) -> bool {
    let source = edit::get(icon, &["src"]).and_then(edit::string);
    let Some(Ok(url)) = source.map(|source| Url::parse(&source)) else {
        return false;
    };
    let image = url.path().split([';', ',']).next().unwrap_or_default();
    match url.scheme() {
        "data" => matches!(
            image,
            "image/png" | "image/jpeg" | "image/gif" | "image/webp"
        ),
        _ => is_safe(&url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(text: &str) -> bool {
        Url::parse(text).is_ok_and(|url| is_safe(&url))
    }

    #[test]
    fn people_are_sent_only_where_the_name_says() {
        for good in [
            "https://example.com/login?x=1",
            "https://192.0.2.1/",
            "http://localhost:8080/cb",
            "http://127.0.0.1/",
            "http://[::1]:1/",
        ] {
            assert!(safe(good), "{good}");
        }
        for bad in [
            "http://example.com/",
            "https://user@example.com/",
            "https://:pass@example.com/",
            "https://xn--80ak6aa92e.com/",
            "https://аррӏе.com/",
            "https://login.xn--pple-43d.com/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "ftp://example.com/",
            "about:blank",
        ] {
            assert!(!safe(bad), "{bad}");
        }
    }

    #[test]
    fn only_unsafe_icons_are_left_out() {
        let png = r#"{"src":"data:image/png;base64,AAAA"}"#;
        let https = r#"{"src":"https://example.com/i.svg","sizes":["any"]}"#;
        let script = r#"{"src":"javascript:alert(1)"}"#;
        let drawing = r#"{"src":"data:image/svg+xml,<svg onload='x'/>"}"#;
        let item = |icons: &str| format!(r#"{{"name":"a","icons":{icons}}}"#);
        assert_eq!(without_unsafe_icons(r#"{"name":"a"}"#), None);
        assert_eq!(
            without_unsafe_icons(&item(&format!("[{png},{https}]"))),
            None
        );
        assert_eq!(
            without_unsafe_icons(&item(&format!("[{script},{png},{drawing},{https},{{}}]"))),
            Some(item(&format!("[{png},{https}]")))
        );
        assert_eq!(without_unsafe_icons(&item(script)), Some(item("[]")));
    }
}
