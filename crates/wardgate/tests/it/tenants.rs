//! Two tenants on one gateway: to each the other's toolsets, sessions and issuers do not exist.

use serde_json::json;
use wardgate_testkit::{
    http::{self, Reply, Request},
    issuer_server::IssuerServer,
    legacy::{self, Session},
    modern,
};

use crate::{
    edge_tls::replace,
    gateway::{TestGateway, stdio},
    lifecycle_serve::{KEY, Serve},
    tokens::{add, bearer, egress},
};

fn config(acme: &IssuerServer, globex: &IssuerServer) -> String {
    format!(
        "gateway:
  public_url: https://gw.test
  egress: {}
  keys:
    - {{id: k, tenant: globex, principal: ops, secret: {{env: TEST_KEY}}}}
tenants:
  acme:
    auth: {{issuer: '{}', audience: wardgate}}
    toolsets: [support, shared]
  globex:
    auth: [{{issuer: '{}', audience: wardgate, groups_claim: roles}}]
    toolsets: [finance, shared]
servers:
  lab: {{lab: true}}
toolsets:
  default: {{}}
  support: {{}}
  finance: {{}}
  shared: {{}}
",
        egress(&[acme, globex]),
        acme.url(),
        globex.url(),
    )
}

async fn start() -> (IssuerServer, IssuerServer, TestGateway) {
    let (acme, globex) = (IssuerServer::start().await, IssuerServer::start().await);
    let gateway = TestGateway::start_with(&config(&acme, &globex), &[("TEST_KEY", KEY)]).await;
    (acme, globex, gateway)
}

async fn send(gateway: &TestGateway, request: Request, credential: &str) -> Reply {
    let request = request.header("Authorization", bearer(credential));
    http::send(gateway.address, &request).await
}

#[tokio::test]
async fn what_another_tenant_has_does_not_exist() {
    let (acme, globex, gateway) = start().await;
    let (ours, theirs) = (acme.token(json!({})), globex.token(json!({})));
    for (target, credential, status) in [
        ("/mcp/support", &ours, 200),
        ("/mcp/shared", &ours, 200),
        ("/mcp/finance", &ours, 404),
        ("/mcp", &ours, 404),
        ("/mcp/finance", &theirs, 200),
        ("/mcp/shared", &theirs, 200),
        ("/mcp/support", &theirs, 404),
        ("/mcp/finance", &KEY.to_owned(), 200),
        ("/mcp/support", &KEY.to_owned(), 404),
    ] {
        let reply = send(&gateway, add(target), credential).await;
        assert_eq!(reply.status, status, "{target}: {}", reply.text());
    }
    let seen = |reply: &Reply| {
        let headers = reply.headers.iter().filter(|(name, _)| name != "date");
        (
            reply.status,
            headers.cloned().collect::<Vec<_>>(),
            reply.body.clone(),
        )
    };
    let hello = |target: &str| {
        let hello = legacy::initialize("2025-06-18", json!({}));
        Request::post(target, hello.to_string())
    };
    let doors: [&dyn Fn(&str) -> Request; 5] = [
        &|target| add(target),
        &|target| modern::request(target, 1, "tools/list", json!({})),
        &hello,
        &|target| {
            Request::new("GET", target)
                .header("Mcp-Session-Id", "x")
                .header("Accept", "text/event-stream")
        },
        &|target| Request::new("DELETE", target).header("Mcp-Session-Id", "x"),
    ];
    for door in doors {
        let hidden = send(&gateway, door("/mcp/finance"), &ours).await;
        let unknown = send(&gateway, door("/mcp/nowhere"), &ours).await;
        assert_eq!(seen(&hidden), seen(&unknown));
        assert_eq!(hidden.status, 404);
    }
    let finished = gateway.stop().await;
    let denied: Vec<_> = (finished.calls().into_iter())
        .filter(|call| call["outcome"]["status"] == "denied")
        .collect();
    assert!(
        denied
            .iter()
            .any(|call| call["what"]["toolset"] == "finance"),
        "{denied:?}"
    );
}

#[tokio::test]
async fn a_session_does_not_cross_to_another_tenant_or_principal() {
    let (acme, globex, gateway) = start().await;
    let open = |token: String| {
        let address = gateway.address;
        async move {
            let authorization = bearer(&token);
            let headers = [("Authorization", authorization.as_str())];
            Session::open_as(address, "/mcp/shared", "2025-06-18", json!({}), &headers).await
        }
    };
    let lena = open(acme.token(json!({}))).await;
    // The same subject of another issuer is somebody else.
    for other in [
        globex.token(json!({})),
        acme.token(json!({"sub": "bob"})),
        KEY.to_owned(),
    ] {
        let stolen = Session {
            headers: vec![("Authorization".into(), bearer(&other))],
            ..lena.clone()
        };
        for reply in [
            stolen.call(1, "tools/list", json!({})).await,
            stolen.delete().await,
            http::send(gateway.address, &stolen.get(None)).await,
        ] {
            assert_eq!(reply.status, 404, "{}", reply.text());
        }
        let note = legacy::notification("notifications/cancelled", json!({"requestId": 1}));
        let reply = http::send(gateway.address, &stolen.post(&note)).await;
        assert_eq!(reply.status, 404);
    }
    assert_eq!(lena.call(2, "ping", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_client_is_told_of_its_own_issuers_alone() {
    let (acme, globex, gateway) = start().await;
    for (path, servers) in [
        ("/mcp/support", vec![acme.url()]),
        ("/mcp/finance", vec![globex.url()]),
        ("/mcp/shared", vec![acme.url(), globex.url()]),
    ] {
        let path = format!("/.well-known/oauth-protected-resource{path}");
        let reply = http::send(gateway.address, &Request::new("GET", &path)).await;
        assert_eq!(
            reply.json()["authorization_servers"],
            json!(servers),
            "{path}"
        );
    }
    // Nobody's tokens lead to what no tenant lists while each has a list.
    let root = Request::new("GET", "/.well-known/oauth-protected-resource");
    assert_eq!(http::send(gateway.address, &root).await.status, 404);
}

#[tokio::test]
async fn a_reload_that_leaves_an_issuer_leaves_its_keys() {
    let (acme, globex) = (IssuerServer::start().await, IssuerServer::start().await);
    let serve = Serve::start(&config(&acme, &globex)).await;
    let call = |target: &str, token: String| {
        let request = add(target).header("Authorization", bearer(&token));
        let address = serve.address;
        async move { http::send(address, &request).await.status }
    };
    assert_eq!(call("/mcp/support", acme.token(json!({}))).await, 200);
    acme.set_down(true);
    let changed =
        config(&acme, &globex).replace("toolsets: [support, shared]", "toolsets: [shared]");
    replace(serve.directory.path(), "wardgate.yaml", &changed);
    serve.logged("configuration reloaded").await;
    let fresh = || acme.token(json!({"jti": "2"}));
    assert_eq!(call("/mcp/support", fresh()).await, 404);
    assert_eq!(call("/mcp/shared", fresh()).await, 200);
    // Another issuer's entry changes, which makes a new verifier; what is known of this one stays.
    let changed = changed.replace("groups_claim: roles", "groups_claim: teams");
    let before = serve.log().len();
    replace(serve.directory.path(), "wardgate.yaml", &changed);
    serve.logged_after(before, "configuration reloaded").await;
    assert_eq!(call("/mcp/shared", fresh()).await, 200);
    assert_eq!(acme.fetches(), 1);
}

#[tokio::test]
async fn the_client_on_standard_input_is_a_tenant_like_others() {
    let sum = async |tenants: &str| {
        let config = format!("tenants: {tenants}\nservers: {{lab: {{lab: true}}}}\n");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("wardgate.yaml"), config).expect("a config");
        let mut stdio = stdio(folder.path(), &[]);
        let params = json!({"name": "add", "arguments": {"a": 1, "b": 1}});
        stdio.ask(&modern::message(1, "tools/call", params)).await.1
    };
    let seen = sum("{acme: {toolsets: [default]}, local: {toolsets: [default]}}").await;
    assert_eq!(seen["result"]["structuredContent"]["sum"], 2, "{seen}");
    let hidden = sum("{acme: {toolsets: [default]}}").await;
    assert_eq!(hidden["error"]["code"], 40400, "{hidden}");
}
