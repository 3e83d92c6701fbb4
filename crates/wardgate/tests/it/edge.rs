//! What is decided before a message is read: Host, Origin, media type, path and method, encodings, headers that proxies add.

use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Reply, Request, send},
    modern,
};

use crate::gateway::{LAB, TestGateway};

/// The value of the variable `TEST_KEY`.
const KEY: &str = "a-key-of-some-length-0123456789";

async fn serve(config: &str) -> TestGateway {
    TestGateway::start_with(config, &[("TEST_KEY", KEY)]).await
}

pub fn echo() -> Request {
    call("echo", json!({"text": "x"}))
}

pub fn call(tool: &str, arguments: Value) -> Request {
    let params = json!({"name": tool, "arguments": arguments});
    modern::request("/mcp", 1, "tools/call", params)
}

/// The class of the error a tool's result tells of; nothing where it tells of none.
pub fn class(answer: &Value) -> &str {
    answer["result"]["_meta"]["dev.wardgate/error"]["class"]
        .as_str()
        .unwrap_or_default()
}

/// Nothing of what was sent has happened, and the gateway is well.
pub async fn unharmed(serve: &TestGateway) {
    assert_eq!(serve.effects(), [Value::Null; 0], "something was executed");
    let reply = send(serve.address, &effect()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(serve.effects().len(), 1, "{}", reply.text());
}

async fn refused(serve: &TestGateway, request: &Request, statuses: &[u16]) -> Reply {
    let reply = send(serve.address, request).await;
    assert!(
        statuses.contains(&reply.status),
        "{request:?}: {} {}",
        reply.status,
        reply.text()
    );
    reply
}

/// A call that leaves a trace if it runs.
pub fn effect() -> Request {
    call("put_item", json!({"id": "a", "value": "b"}))
}

#[tokio::test]
async fn only_our_own_names_are_hosts() {
    let serve = serve(LAB).await;
    let port = serve.address.port();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::1]:{port}"),
        format!("LOCALHOST:{port}"),
    ] {
        let reply = send(serve.address, &echo().with("Host", &host)).await;
        assert_eq!(reply.status, 200, "{host}");
    }
    for host in [
        "evil.test".to_owned(),
        format!("evil.test:{port}"),
        format!("127.0.0.1:{port}.evil.test"),
        "127.0.0.1@evil".to_owned(),
        format!("LOCALHOST.:{port}"),
        format!("localhost:{}", port ^ 1),
        format!("127.0.0.1:{port},evil.test"),
        format!("user@127.0.0.1:{port}"),
        "".to_owned(),
    ] {
        for target in ["/mcp", "/readyz"] {
            let mut request = effect().with("Host", &host);
            target.clone_into(&mut request.target);
            refused(&serve, &request, &[400, 403]).await;
        }
    }
    let twice = effect()
        .with("Host", format!("127.0.0.1:{port}"))
        .header("Host", "evil.test");
    refused(&serve, &twice, &[400]).await;
    let mut absolute = effect();
    absolute.target = "http://evil.test/mcp".into();
    refused(&serve, &absolute, &[400, 403]).await;
    unharmed(&serve).await;
}

#[tokio::test]
async fn foreign_pages_are_kept_out_whatever_the_host() {
    let config = format!("gateway: {{origins: ['https://good.test']}}\n{LAB}");
    let serve = serve(&config).await;
    let own = format!("http://127.0.0.1:{}", serve.address.port());
    for origin in ["https://good.test", &own] {
        let reply = send(serve.address, &echo().header("Origin", origin)).await;
        assert_eq!(reply.status, 200, "{origin}");
        assert_eq!(reply.header("access-control-allow-origin"), Some(origin));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        assert!(
            reply
                .header("vary")
                .is_some_and(|vary| vary.eq_ignore_ascii_case("origin"))
        );
    }
    for origin in [
        "null",
        "http://evil.test",
        "https://good.test.evil.test",
        "https://good.test:444",
        "http://good.test",
        "https://GOOD.test",
        "http://127.0.0.1:1",
        "",
    ] {
        for method in ["POST", "OPTIONS", "GET", "DELETE"] {
            let mut request = effect()
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST");
            method.clone_into(&mut request.method);
            let reply = refused(&serve, &request, &[403]).await;
            assert_eq!(
                reply.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
    }
    let two = effect()
        .header("Origin", "https://good.test")
        .header("Origin", "http://evil.test");
    refused(&serve, &two, &[403]).await;
    let silent = effect().header("Sec-Fetch-Site", "cross-site");
    refused(&serve, &silent, &[403]).await;
    let preflight = Request::new("OPTIONS", "/mcp").header("Origin", "https://good.test");
    let reply = refused(&serve, &preflight, &[204]).await;
    assert_eq!(
        reply.header("access-control-allow-origin"),
        Some("https://good.test")
    );
    unharmed(&serve).await;
}

#[tokio::test]
async fn only_json_comes_in_and_only_unencoded() {
    let serve = serve(LAB).await;
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json;charset=utf-16",
        "application/jsonx",
        "",
    ] {
        refused(&serve, &effect().with("Content-Type", kind), &[415]).await;
    }
    refused(&serve, &effect().without("Content-Type"), &[415]).await;
    for coding in ["gzip", "br", "zstd", "deflate", "gzip, gzip", "x"] {
        refused(&serve, &effect().header("Content-Encoding", coding), &[415]).await;
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON"] {
        let reply = send(serve.address, &echo().with("Content-Type", kind)).await;
        assert_eq!(reply.status, 200, "{kind}");
    }
    unharmed(&serve).await;
}

#[tokio::test]
async fn odd_paths_and_methods_lead_nowhere() {
    let config =
        format!("gateway: {{keys: [{{id: k, principal: p, secret: {{env: TEST_KEY}}}}]}}\n{LAB}");
    let serve = serve(&config).await;
    let key = format!("Bearer {KEY}");
    for target in [
        "//mcp",
        "/mcp/",
        "/mcp;x=1",
        "/%6dcp",
        "/mcp%00",
        "/x/../mcp",
        "/mcp/..;/admin",
        "/ADMIN/keys",
        "/admin/v1/keys",
        "/metrics",
        "/mcp/nosuch",
        "/console",
        "*",
    ] {
        for method in ["POST", "GET", "OPTIONS"] {
            let mut request = effect();
            target.clone_into(&mut request.target);
            method.clone_into(&mut request.method);
            let without = refused(&serve, &request, &[400, 404]).await;
            let with = refused(
                &serve,
                &request.header("Authorization", &key),
                &[without.status],
            )
            .await;
            assert_eq!(without.body, with.body, "{method} {target}");
        }
    }
    for method in ["PUT", "PATCH", "TRACE", "HEAD", "OPTIONS", "get"] {
        let mut request = effect().header("Authorization", &key);
        method.clone_into(&mut request.method);
        let (_, status) = head(&serve, &request).await;
        assert!(matches!(status, 400 | 405), "{method}: {status}");
    }
    for method in ["GET", "DELETE"] {
        let request = Request::new(method, "/mcp")
            .header("MCP-Protocol-Version", modern::REVISION)
            .header("Authorization", &key);
        let reply = refused(&serve, &request, &[405]).await;
        assert_eq!(reply.header("allow"), Some("POST"));
    }
    let mut connect = effect().header("Authorization", &key);
    connect.method = "CONNECT".into();
    connect.target = "evil.test:80".into();
    let (_, status) = head(&serve, &connect).await;
    assert!((400..500).contains(&status), "CONNECT: {status}");
    let reply = send(serve.address, &echo().header("Authorization", &key)).await;
    assert_eq!(reply.status, 200);
}

/// The head alone, since an answer to HEAD has no body whatever its length says.
async fn head(serve: &TestGateway, request: &Request) -> (Vec<(String, String)>, u16) {
    let connection = wardgate_testkit::http::Connection::open(serve.address).await;
    let stream = connection.stream(request).await;
    (stream.headers.clone(), stream.status)
}

#[tokio::test]
async fn headers_of_proxies_give_nobody_anything() {
    let config = format!(
        "gateway: {{environment: prod, keys: [{{id: k, principal: p, secret: {{env: TEST_KEY}}}}]}}\n{LAB}"
    );
    let serve = serve(&config).await;
    let claims = [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Forwarded-User", "admin"),
        ("X-Tenant", "acme"),
        ("X-Upstream-Url", "http://evil.test"),
        ("Mcp-Param-Tenant", "acme"),
        ("Wardgate-As", "local/admin"),
        ("X-Forwarded-Host", "evil.test"),
    ];
    let mut claimed = effect();
    for (name, value) in claims {
        refused(&serve, &effect().header(name, value), &[401]).await;
        claimed = claimed.header(name, value);
    }
    refused(&serve, &claimed, &[401]).await;
    for wrong in [
        "Bearer sk-fake",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "bearer\tx",
        &format!("Bearer  {KEY}"),
        &format!("Bearer {KEY}x"),
    ] {
        refused(&serve, &effect().header("Authorization", wrong), &[401]).await;
    }
    let right = format!("Bearer {KEY}");
    let two = effect()
        .header("Authorization", &right)
        .header("Authorization", &right);
    refused(&serve, &two, &[401]).await;
    let in_query = {
        let mut request = effect();
        request.target = format!("/mcp?access_token={KEY}");
        request
    };
    refused(&serve, &in_query, &[400, 401]).await;
    assert_eq!(serve.effects(), [Value::Null; 0]);
    assert!(!serve.log().contains(KEY));
}
