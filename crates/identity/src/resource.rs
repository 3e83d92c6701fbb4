//! What the gateway says of itself as a protected resource: the metadata document of RFC 9728 and the challenges that point to it.
//!
//! All of it is made from config. A `Host` header is the client's word and would send its next client to another's metadata.

use serde_json::json;
use url::Url;
use wardgate_model::Scope;

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// One route of the gateway, as OAuth sees it.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    resource: String,
    metadata_path: String,
    metadata_url: String,
    authorization_servers: Vec<String>,
    scopes: Vec<Scope>,
}

/// Why a client is turned away.
#[derive(Clone, Copy, Debug)]
pub enum Challenge<'a> {
    /// It sent no token. RFC 6750 §3.1: then no error is named.
    NoToken,
    /// Its token proves nobody, for whatever reason.
    InvalidToken,
    /// Its token lacks some of these scopes, which are all that the operation needs.
    InsufficientScope(&'a [Scope]),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResourceFault {
    #[error(
        "`{0}` is no canonical resource URI: absolute, lower case, without fragment, query, user or last slash"
    )]
    NotCanonical(String),
    #[error("a protected resource names at least one authorization server")]
    NoAuthorizationServer,
    #[error("`{0}` cannot be asked for as a scope of this resource")]
    NotAScope(String),
}

impl ProtectedResource {
    /// Takes the resource's own URI, the issuers it trusts, and the scopes a client may ask them for.
    ///
    /// # Errors
    /// [`ResourceFault`], by which one it is. `offline_access` is between a client and its issuer.
    pub fn new(
        resource: &str,
        authorization_servers: Vec<String>,
        scopes: Vec<Scope>,
    ) -> Result<ProtectedResource, ResourceFault> {
        let not_canonical = || ResourceFault::NotCanonical(resource.to_owned());
        let url = canonical(resource).ok_or_else(not_canonical)?;
        if authorization_servers.is_empty() {
            return Err(ResourceFault::NoAuthorizationServer);
        }
        if let Some(scope) = scopes.iter().find(|scope| !is_resource_scope(scope)) {
            return Err(ResourceFault::NotAScope(scope.to_string()));
        }
        // RFC 9728 §3: between host and path.
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        let metadata_path = format!("{WELL_KNOWN}{path}");
        Ok(ProtectedResource {
            resource: resource.to_owned(),
            metadata_url: format!("{}{metadata_path}", url.origin().ascii_serialization()),
            metadata_path,
            authorization_servers,
            scopes,
        })
    }

    /// The URI that tokens for this resource name as their audience.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// The path under which the document is served.
    pub fn metadata_path(&self) -> &str {
        &self.metadata_path
    }

    /// Returns the metadata document (RFC 9728 §2). Tokens come in the header only.
    pub fn document(&self) -> String {
        let mut document = json!({
            "resource": self.resource,
            "authorization_servers": self.authorization_servers,
            "bearer_methods_supported": ["header"],
        });
        if !self.scopes.is_empty() {
            document["scopes_supported"] = self.scopes.iter().map(Scope::as_str).collect();
        }
        document.to_string()
    }

    /// Returns the value of `WWW-Authenticate`.
    pub fn challenge(&self, why: Challenge<'_>) -> String {
        let metadata = format!(r#"resource_metadata="{}""#, self.metadata_url);
        match why {
            Challenge::NoToken => format!("Bearer {metadata}"),
            Challenge::InvalidToken => format!(r#"Bearer error="invalid_token", {metadata}"#),
            Challenge::InsufficientScope(scopes) => {
                let scope = scope_list(scopes);
                format!(r#"Bearer error="insufficient_scope", scope="{scope}", {metadata}"#)
            }
        }
    }
}

/// RFC 8707 §2 and MCP basic/authorization: one spelling, so that it can be compared letter by letter.
fn canonical(resource: &str) -> Option<Url> {
    let url = Url::parse(resource).ok()?;
    let is_plain = matches!(url.scheme(), "https" | "http")
        && url.fragment().is_none()
        && url.query().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_spelled = if url.path() == "/" {
        url.as_str().strip_suffix('/') == Some(resource)
    } else {
        url.as_str() == resource && !resource.ends_with('/')
    };
    (is_plain && is_spelled).then_some(url)
}

/// All at once, so that a client has to ask its user once. What is no scope token no issuer can have given.
fn scope_list(scopes: &[Scope]) -> String {
    let mut tokens: Vec<&str> = scopes
        .iter()
        .filter(|scope| is_scope_token(scope))
        .map(Scope::as_str)
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens.join(" ")
}

/// Says whether a resource may ask clients for this scope. `offline_access` is between a client and its issuer.
pub fn is_resource_scope(scope: &Scope) -> bool {
    is_scope_token(scope) && scope.as_str() != "offline_access"
}

/// RFC 6749 §3.3.
fn is_scope_token(scope: &Scope) -> bool {
    let text = scope.as_str();
    !text.is_empty()
        && text
            .bytes()
            .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wardgate_model::Scope;

    use super::{Challenge, ProtectedResource, ResourceFault};

    fn resource(uri: &str) -> Result<ProtectedResource, ResourceFault> {
        let scopes = vec![Scope::new("tools:read"), Scope::new("tools:call")];
        ProtectedResource::new(uri, vec!["https://idp.test".into()], scopes)
    }

    #[test]
    fn the_document_names_the_resource_its_issuers_and_scopes() {
        let finance = resource("https://gw.test/mcp/finance").unwrap();
        let document: Value = serde_json::from_str(&finance.document()).unwrap();
        let expected = json!({
            "resource": "https://gw.test/mcp/finance",
            "authorization_servers": ["https://idp.test"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["tools:read", "tools:call"],
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn metadata_stands_between_host_and_path() {
        for (uri, path) in [
            ("https://gw.test", ""),
            ("https://gw.test/mcp", "/mcp"),
            ("http://127.0.0.1:8080/mcp/finance", "/mcp/finance"),
        ] {
            let resource = resource(uri).unwrap();
            let expected = format!("/.well-known/oauth-protected-resource{path}");
            assert_eq!(resource.metadata_path(), expected);
            let origin = uri.strip_suffix(path).unwrap();
            let challenge = resource.challenge(Challenge::NoToken);
            assert_eq!(
                challenge,
                format!("Bearer resource_metadata=\"{origin}{expected}\"")
            );
        }
    }

    #[test]
    fn a_challenge_names_the_error_and_all_scopes_at_once() {
        let finance = resource("https://gw.test/mcp/finance").unwrap();
        let metadata = r#"resource_metadata="https://gw.test/.well-known/oauth-protected-resource/mcp/finance""#;
        assert_eq!(
            finance.challenge(Challenge::InvalidToken),
            format!(r#"Bearer error="invalid_token", {metadata}"#),
        );
        let needed = [
            "tools:read",
            "tools:call",
            "tools:read",
            "a\"b",
            "a\r\nX: y",
        ]
        .map(Scope::new);
        assert_eq!(
            finance.challenge(Challenge::InsufficientScope(&needed)),
            format!(
                r#"Bearer error="insufficient_scope", scope="tools:call tools:read", {metadata}"#
            ),
        );
    }

    #[test]
    fn only_a_canonical_resource_with_an_issuer_and_sound_scopes_is_taken() {
        for wrong in [
            "gw.test/mcp",
            "/mcp",
            "ftp://gw.test/mcp",
            "https://gw.test/",
            "https://gw.test/mcp/",
            "https://GW.test/mcp",
            "https://gw.test/mcp#a",
            "https://gw.test/mcp?a",
            "https://u@gw.test/mcp",
            "https://gw.test:443/mcp",
            "https://gw.test/a/../mcp",
            "https://gw.test/a\"b",
            "https://gw.test/a b",
        ] {
            let fault = resource(wrong).unwrap_err();
            assert_eq!(fault, ResourceFault::NotCanonical(wrong.into()));
        }
        let with = |servers: Vec<String>, scope: &str| {
            ProtectedResource::new("https://gw.test/mcp", servers, vec![Scope::new(scope)]).err()
        };
        assert_eq!(
            with(vec![], "a"),
            Some(ResourceFault::NoAuthorizationServer)
        );
        for scope in ["offline_access", "", "a b", "a\"b"] {
            let fault = with(vec!["https://idp.test".into()], scope);
            assert_eq!(fault, Some(ResourceFault::NotAScope(scope.into())));
        }
    }
}
