//! Access tokens at the listener: which are believed, what a client is told when one is not, and where it finds an issuer.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{self, Reply, Request},
    issuer::SigningKey,
    issuer_server::IssuerServer,
    legacy::{self, Session},
    modern,
};

use crate::gateway::TestGateway;

/// Where the resources of this gateway are said to be. Nothing listens there.
pub const PUBLIC: &str = "https://gw.test";

const KEY: &str = "static-key-0123456789abcdef";

/// What lets the gateway ask an issuer on this machine.
pub fn egress(issuers: &[&IssuerServer]) -> String {
    let ports: Vec<String> = issuers
        .iter()
        .map(|issuer| issuer.port().to_string())
        .collect();
    let ports = ports.join(", ");
    format!("{{allow: [127.0.0.1], ports: [{ports}], plain_http: true}}")
}

fn config(issuer: &IssuerServer) -> String {
    format!(
        "gateway:
  environment: prod
  public_url: {PUBLIC}
  egress: {}
  keys: [{{id: k, tenant: acme, principal: ops, secret: {{env: KEY}}}}]
tenants:
  acme:
    auth: {{issuer: '{}', audience: wardgate}}
servers:
  lab: {{lab: true}}
toolsets:
  default: {{}}
  scoped: {{scopes: [tools:read, tools:call]}}
",
        egress(&[issuer]),
        issuer.url()
    )
}

async fn start() -> (IssuerServer, TestGateway) {
    let issuer = IssuerServer::start().await;
    let gateway = TestGateway::start_with(&config(&issuer), &[("KEY", KEY)]).await;
    (issuer, gateway)
}

pub fn add(target: &str) -> Request {
    let params = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
    modern::request(target, 1, "tools/call", params)
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn call(gateway: &TestGateway, target: &str, token: &str) -> Reply {
    let request = add(target).header("Authorization", bearer(token));
    http::send(gateway.address, &request).await
}

fn metadata(path: &str) -> String {
    format!("resource_metadata=\"{PUBLIC}/.well-known/oauth-protected-resource{path}\"")
}

#[tokio::test]
async fn a_good_token_opens_every_door_in_every_revision() {
    let (issuer, gateway) = start().await;
    let token = issuer.token(json!({}));
    let reply = call(&gateway, "/mcp", &token).await;
    assert_eq!(reply.answer()["result"]["structuredContent"]["sum"], 2);
    for revision in legacy::REVISIONS {
        let authorization = bearer(&token);
        let headers = [("Authorization", authorization.as_str())];
        let session =
            Session::open_as(gateway.address, "/mcp", revision, json!({}), &headers).await;
        let params = json!({"name": "add", "arguments": {"a": 2, "b": 3}});
        let reply = session.call(1, "tools/call", params).await;
        assert_eq!(reply.status, 200, "{revision}: {}", reply.text());
        // Another token of the same principal goes on with the session.
        let refreshed = Session {
            headers: vec![(
                "Authorization".into(),
                bearer(&issuer.token(json!({"jti": "2"}))),
            )],
            ..session.clone()
        };
        assert_eq!(refreshed.call(2, "ping", json!({})).await.status, 200);
        assert_eq!(session.delete().await.status, 204, "{revision}");
    }
    assert_eq!(call(&gateway, "/mcp", KEY).await.status, 200);
    assert_eq!(issuer.fetches(), 1);
    let finished = gateway.stop().await;
    let principals: Vec<_> = finished
        .calls()
        .iter()
        .map(|call| call["who"]["principal"].clone())
        .collect();
    assert!(principals.contains(&json!("lena")) && principals.contains(&json!("ops")));
    assert!(!finished.log.contains(&token) && !format!("{:?}", finished.records).contains(&token));
}

#[tokio::test]
async fn a_token_that_proves_nobody_opens_nothing() {
    let (issuer, gateway) = start().await;
    let stranger = IssuerServer::start().await;
    let url = issuer.url();
    let forger = SigningKey::new("k1", "EdDSA");
    let wrong = [
        ("no audience", issuer.token(json!({"aud": null}))),
        ("another's audience", issuer.token(json!({"aud": "other"}))),
        (
            "a longer audience",
            issuer.token(json!({"aud": "wardgate.evil"})),
        ),
        (
            "a slash more",
            issuer.token(json!({"aud": format!("{PUBLIC}/mcp/")})),
        ),
        (
            "another route",
            issuer.token(json!({"aud": format!("{PUBLIC}/mcp/scoped")})),
        ),
        ("an unknown issuer", stranger.token(json!({}))),
        ("another's name", stranger.token(json!({"iss": url}))),
        (
            "a slash at the issuer",
            issuer.token(json!({"iss": format!("{url}/")})),
        ),
        (
            "a forged signature",
            issuer.token_signed_by(&forger, json!({})),
        ),
        ("expired", issuer.token(json!({"exp": 1_000_000_000}))),
        ("no expiry", issuer.token(json!({"exp": null}))),
        ("no subject", issuer.token(json!({"sub": null}))),
        ("a cut token", issuer.token(json!({}))[..100].to_owned()),
        ("three dots", "a.b.c".to_owned()),
    ];
    let challenge = format!("Bearer error=\"invalid_token\", {}", metadata("/mcp"));
    for (what, token) in &wrong {
        let reply = call(&gateway, "/mcp", token).await;
        assert_eq!(reply.status, 401, "{what}: {}", reply.text());
        assert_eq!(
            reply.header("www-authenticate"),
            Some(challenge.as_str()),
            "{what}"
        );
    }
    for (what, audience) in [
        ("ours among others", json!(["other", "wardgate"])),
        ("the route's own address", json!(format!("{PUBLIC}/mcp"))),
    ] {
        let reply = call(&gateway, "/mcp", &issuer.token(json!({"aud": audience}))).await;
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
    }
    let twice = add("/mcp")
        .header("Authorization", bearer(&issuer.token(json!({}))))
        .header("Authorization", bearer(KEY));
    assert_eq!(http::send(gateway.address, &twice).await.status, 401);
    assert_eq!(stranger.fetches(), 0, "nobody asks whom nobody trusts");
}

#[tokio::test]
async fn a_token_in_the_wrong_place_is_none() {
    let issuer = IssuerServer::start().await;
    let env = [("KEY", KEY), ("WARDGATE_LOG", "trace")];
    let gateway = TestGateway::start_with(&config(&issuer), &env).await;
    let token = issuer.token(json!({}));
    let form = Request::new("POST", "/mcp")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json, text/event-stream");
    let form = Request {
        body: format!("access_token={token}").into_bytes(),
        ..form
    };
    for (request, status) in [
        (add(&format!("/mcp?access_token={token}")), 401),
        (
            add("/mcp").header("Cookie", format!("access_token={token}")),
            401,
        ),
        (add("/mcp").header("X-Access-Token", token.clone()), 401),
        (form, 415),
    ] {
        let reply = http::send(gateway.address, &request).await;
        assert_eq!(reply.status, status, "{}: {}", request.target, reply.text());
        if status == 401 {
            // RFC 6750 §3.1: who sent no token is told no error.
            let challenge = format!("Bearer {}", metadata("/mcp"));
            assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
        }
    }
    let finished = gateway.stop().await;
    assert!(!finished.log.contains(&token));
    assert!(!format!("{:?}", finished.records).contains(&token));
}

#[tokio::test]
async fn a_client_is_told_where_tokens_come_from() {
    let (issuer, gateway) = start().await;
    let get = |path: &str| {
        Request::new(
            "GET",
            &format!("/.well-known/oauth-protected-resource{path}"),
        )
    };
    for (path, resource) in [
        ("", "/mcp"),
        ("/mcp", "/mcp"),
        ("/mcp/scoped", "/mcp/scoped"),
    ] {
        let reply = http::send(gateway.address, &get(path)).await;
        let document = reply.json();
        assert_eq!(
            document["resource"],
            format!("{PUBLIC}{resource}"),
            "{path}"
        );
        assert_eq!(document["authorization_servers"], json!([issuer.url()]));
        let scopes = match path {
            "/mcp/scoped" => json!(["tools:read", "tools:call"]),
            _ => Value::Null,
        };
        assert_eq!(document["scopes_supported"], scopes, "{path}");
    }
    // From config, whatever name the client used.
    let reply = http::send(gateway.address, &add("/mcp/scoped").with("Host", "gw.test")).await;
    let challenge = format!("Bearer {}", metadata("/mcp/scoped"));
    assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
    for (path, status) in [
        ("/.well-known/oauth-protected-resource/mcp/nope", 404),
        ("/.well-known/oauth-authorization-server", 404),
        ("/.well-known/openid-configuration", 404),
        ("/authorize", 404),
        ("/register", 404),
        ("/token", 404),
    ] {
        for method in ["GET", "POST"] {
            let reply = http::send(gateway.address, &Request::new(method, path)).await;
            let status = if path.contains("protected") && method == "POST" {
                405
            } else {
                status
            };
            assert_eq!(reply.status, status, "{method} {path}");
        }
    }

    let plain = TestGateway::lab().await;
    for path in ["", "/mcp"] {
        assert_eq!(http::send(plain.address, &get(path)).await.status, 404);
    }
}

#[tokio::test]
async fn missing_scopes_are_named_all_at_once() {
    let (issuer, gateway) = start().await;
    let challenge = format!(
        "Bearer error=\"insufficient_scope\", scope=\"tools:call tools:read\", {}",
        metadata("/mcp/scoped")
    );
    for scope in ["", "other", "tools:read", "tools"] {
        let reply = call(
            &gateway,
            "/mcp/scoped",
            &issuer.token(json!({"scope": scope})),
        )
        .await;
        assert_eq!(reply.status, 403, "{scope}: {}", reply.text());
        assert_eq!(
            reply.header("www-authenticate"),
            Some(challenge.as_str()),
            "{scope}"
        );
    }
    let both = issuer.token(json!({"scope": "tools:read tools:call more"}));
    assert_eq!(call(&gateway, "/mcp/scoped", &both).await.status, 200);
    let listed = issuer.token(json!({"scp": ["tools:read", "tools:call"]}));
    assert_eq!(call(&gateway, "/mcp/scoped", &listed).await.status, 200);
    // A key's reach is its toolsets.
    assert_eq!(call(&gateway, "/mcp/scoped", KEY).await.status, 200);
}

#[tokio::test]
async fn an_issuer_that_is_down_makes_new_tokens_unknown_not_wrong() {
    let (mut issuer, gateway) = start().await;
    let known = issuer.token(json!({}));
    assert_eq!(call(&gateway, "/mcp", &known).await.status, 200);
    issuer.set_down(true);
    let again = issuer.token(json!({"jti": "2"}));
    assert_eq!(call(&gateway, "/mcp", &again).await.status, 200);
    issuer.rotate("k2");
    for _ in 0..3 {
        // Asked at most once in thirty seconds, and the first time is not over.
        let reply = call(&gateway, "/mcp", &issuer.token(json!({}))).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
    assert_eq!(issuer.fetches(), 1);

    // Where nothing was ever fetched there is nothing to say.
    let issuer = IssuerServer::start().await;
    issuer.set_down(true);
    let config = config(&issuer).replace("environment: prod", "anonymous: true");
    let gateway = TestGateway::start_with(&config, &[("KEY", KEY)]).await;
    let token = issuer.token(json!({}));
    let reply = call(&gateway, "/mcp", &token).await;
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert_eq!(reply.header("retry-after"), Some("30"));
    assert_eq!(reply.header("www-authenticate"), None);
    let hello = Request::post(
        "/mcp",
        legacy::initialize("2025-11-25", json!({})).to_string(),
    );
    let hello = hello.header("Authorization", bearer(&token));
    assert_eq!(http::send(gateway.address, &hello).await.status, 503);
    assert_eq!(call(&gateway, "/mcp", KEY).await.status, 200);
    assert_eq!(http::send(gateway.address, &add("/mcp")).await.status, 200);
    let finished = gateway.stop().await;
    let calls = finished.calls();
    let unknown = calls
        .iter()
        .filter(|call| call["who"]["principal"].is_null());
    assert_eq!(unknown.count(), 1);
    assert!(
        finished.log.contains("keys of an issuer cannot be had"),
        "{}",
        finished.log
    );
}

#[tokio::test]
async fn a_crowd_of_unknown_key_ids_asks_the_issuer_once() {
    let (mut issuer, gateway) = start().await;
    for n in 0..40 {
        issuer.rotate(&format!("unpublished-{n}"));
        let token = issuer.token(json!({}));
        issuer.rotate("k1");
        let request = add("/mcp").header("Authorization", bearer(&token));
        let reply = http::send_from([127, 0, 2, n].into(), gateway.address, &request).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
    }
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn too_many_failures_from_one_address_are_told_apart_from_their_owner() {
    let (issuer, gateway) = start().await;
    let from = [127, 0, 3, 1].into();
    let with = |credential: &str| add("/mcp").header("Authorization", bearer(credential));
    for n in 0..20 {
        let wrong = with(&format!("wrong-key-{n}"));
        let reply = http::send_from(from, gateway.address, &wrong).await;
        assert_eq!(reply.status, 401, "{n}");
    }
    let reply = http::send_from(from, gateway.address, &with("wrong-key-20")).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    let wait: u64 = reply
        .header("retry-after")
        .unwrap_or_default()
        .parse()
        .expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    // Who has the key, or comes from elsewhere, is not who failed.
    assert_eq!(
        http::send_from(from, gateway.address, &with(KEY))
            .await
            .status,
        200
    );
    let token = issuer.token(json!({}));
    assert_eq!(
        http::send_from(from, gateway.address, &with(&token))
            .await
            .status,
        200
    );
    assert_eq!(
        http::send(gateway.address, &with("wrong-key-21"))
            .await
            .status,
        401
    );
    // Coming without a credential is no attempt.
    assert_eq!(
        http::send_from(from, gateway.address, &add("/mcp"))
            .await
            .status,
        401
    );
}
