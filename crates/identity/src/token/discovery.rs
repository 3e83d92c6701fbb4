//! OpenID Connect Discovery 1.0 §4: where an issuer says its keys are.

use serde_json::Value;

use crate::json;

/// The document is not one in which this issuer tells where its keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum DiscoveryFault {
    #[error("the discovery document is no strict JSON object")]
    NotAnObject,
    #[error("the discovery document names another issuer")]
    OtherIssuer,
    #[error("the discovery document has no `jwks_uri`")]
    NoKeys,
}

/// §4.1: a slash that ends the issuer is taken off first.
pub(super) fn uri(issuer: &str) -> String {
    let base = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{base}/.well-known/openid-configuration")
}

/// Returns `jwks_uri`. §4.3: the document's issuer must be the one that was asked for, exactly.
pub(super) fn keys_uri(document: &[u8], issuer: &str) -> Result<String, DiscoveryFault> {
    let document = json::object(document).ok_or(DiscoveryFault::NotAnObject)?;
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("issuer") != Some(issuer) {
        return Err(DiscoveryFault::OtherIssuer);
    }
    text("jwks_uri")
        .map(str::to_owned)
        .ok_or(DiscoveryFault::NoKeys)
}

#[cfg(test)]
mod tests {
    use super::{DiscoveryFault, keys_uri, uri};

    #[test]
    fn a_document_is_found_under_the_issuer() {
        let of = |issuer| uri(issuer);
        assert_eq!(
            of("https://idp.test"),
            "https://idp.test/.well-known/openid-configuration"
        );
        assert_eq!(
            of("https://idp.test/a/"),
            "https://idp.test/a/.well-known/openid-configuration"
        );
    }

    #[test]
    fn only_the_issuer_itself_tells_where_its_keys_are() {
        let check = |document: &str, expected: Result<&str, DiscoveryFault>| {
            let found = keys_uri(document.as_bytes(), "https://idp.test");
            assert_eq!(found, expected.map(str::to_owned), "{document}");
        };
        let own = r#"{"issuer":"https://idp.test","jwks_uri":"https://keys.test/k"}"#;
        check(own, Ok("https://keys.test/k"));
        check(
            &own.replace("idp.test", "idp.test/"),
            Err(DiscoveryFault::OtherIssuer),
        );
        check(&own.replace("idp", "IDP"), Err(DiscoveryFault::OtherIssuer));
        check(
            &own.replace("jwks_uri", "jwks"),
            Err(DiscoveryFault::NoKeys),
        );
        check(
            &own.replace("jwks_uri", "issuer"),
            Err(DiscoveryFault::NotAnObject),
        );
        check("<html>", Err(DiscoveryFault::NotAnObject));
    }
}
