//! The admin API: who may do what there, and that it is as guarded as the data listener.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use serde_json::{Value, json};
use wardgate_model::{
    ApprovalId, GroupName, Identity, PersonId, PrincipalId, ServerName, TenantId,
};
use wardgate_store::{Approvals, Binding, Need, Timestamp};
use wardgate_store_sql::SqlStore;
use wardgate_testkit::{
    DEADLINE,
    http::{self, Reply, Request},
};

use crate::gateway::{STATE, TestGateway, wardgate};

/// Whoever acts in the matrix, with the variable that holds their key.
const PEOPLE: [(&str, &str, &str); 8] = [
    ("acme", "nobody", "KEY_NOBODY"),
    ("acme", "viewer", "KEY_VIEWER"),
    ("acme", "operator", "KEY_OPERATOR"),
    ("acme", "approver", "KEY_APPROVER"),
    ("acme", "auditor", "KEY_AUDITOR"),
    ("acme", "boss", "KEY_BOSS"),
    ("globex", "boss", "KEY_OTHER"),
    ("ops", "root", "KEY_ROOT"),
];

/// For each route, as asked about something of tenant `acme`: what comes back without a credential, and then for each of
/// [`PEOPLE`]. `ID` and `REC` stand for a key and a record of that tenant.
const MATRIX: &[(&str, &str, &str, [u16; 9])] = &[
    (
        "GET",
        "/admin/v1/openapi.json",
        "",
        [401, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/admin/v1/whoami",
        "",
        [401, 200, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/admin/v1/limits",
        "",
        [401, 403, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/admin/v1/approvals",
        "",
        [401, 403, 403, 403, 200, 200, 200, 200, 200],
    ),
    (
        "GET",
        "/admin/v1/approvals/{id}",
        "",
        [401, 403, 403, 403, 200, 200, 200, 404, 200],
    ),
    // A vote takes a member of the group, and nobody is in a group of another tenant.
    (
        "POST",
        "/admin/v1/approvals/{id}:approve",
        "",
        [401, 403, 403, 403, 200, 403, 403, 404, 404],
    ),
    (
        "POST",
        "/admin/v1/approvals/{id}:deny",
        "",
        [401, 403, 403, 403, 200, 403, 403, 404, 404],
    ),
    (
        "POST",
        "/admin/v1/approvals/{id}:cancel",
        "",
        [401, 403, 403, 403, 200, 403, 200, 404, 200],
    ),
    (
        "GET",
        "/admin/v1/keys",
        "?tenant=acme",
        [401, 403, 403, 403, 403, 403, 200, 404, 200],
    ),
    (
        "POST",
        "/admin/v1/keys",
        "",
        [401, 403, 403, 403, 403, 403, 201, 404, 201],
    ),
    (
        "POST",
        "/admin/v1/keys/{id}:revoke",
        "",
        [401, 403, 403, 403, 403, 403, 200, 404, 200],
    ),
    (
        "GET",
        "/admin/v1/overrides",
        "",
        [401, 403, 200, 200, 200, 200, 200, 200, 200],
    ),
    (
        "POST",
        "/admin/v1/overrides",
        "",
        [401, 403, 403, 201, 403, 403, 403, 403, 201],
    ),
    (
        "POST",
        "/admin/v1/overrides/{id}:lift",
        "",
        [401, 403, 403, 200, 403, 403, 403, 403, 200],
    ),
    (
        "GET",
        "/admin/v1/records",
        "?tenant=acme",
        [401, 403, 403, 403, 403, 200, 200, 404, 200],
    ),
    (
        "GET",
        "/admin/v1/records/{id}",
        "",
        [401, 403, 403, 403, 403, 200, 200, 404, 200],
    ),
    (
        "POST",
        "/admin/v1/explain",
        "",
        [401, 403, 200, 200, 200, 200, 200, 404, 200],
    ),
    // What is counted is about every tenant.
    (
        "GET",
        "/metrics",
        "",
        [401, 403, 403, 403, 403, 403, 403, 403, 200],
    ),
];

fn key_of(variable: &str) -> String {
    format!("{variable}-0123456789abcdef").to_lowercase()
}

pub fn env() -> Vec<(&'static str, String)> {
    let pair = |(_, _, variable): &(_, _, &'static str)| (*variable, key_of(variable));
    PEOPLE.iter().map(pair).collect()
}

pub fn config() -> String {
    let mut keys = String::new();
    for (tenant, principal, variable) in PEOPLE {
        keys += &format!(
            "    - {{id: {variable}, tenant: {tenant}, principal: {principal}, secret: {{env: {variable}}}}}\n"
        );
    }
    format!(
        "gateway:
  environment: prod
  roles: {{platform-admin: [ops/root]}}
  keys:
{keys}tenants:
  acme:
    groups: {{watch: [viewer], finance: [approver]}}
    roles: {{viewer: ['group:watch'], operator: [operator], approver: [approver], auditor: [auditor], tenant-admin: [boss]}}
  globex:
    roles: {{tenant-admin: [boss], auditor: [boss]}}
servers:
  lab: {{lab: {{effects: effects.jsonl}}}}
toolsets:
  default: {{servers: [lab]}}
  small: {{servers: [lab], tools: [lab/echo]}}
"
    )
}

pub async fn start() -> TestGateway {
    let env = env();
    let env: Vec<_> = env
        .iter()
        .map(|(name, key)| (*name, key.as_str()))
        .collect();
    TestGateway::start_with(&config(), &env).await
}

/// Where the gateway of a state folder has its admin API.
pub fn admin_of(gateway: &TestGateway) -> SocketAddr {
    let posted = gateway.folder.path().join(STATE).join("admin.url");
    let url = std::fs::read_to_string(posted).expect("an address");
    url.strip_prefix("http://")
        .expect("http")
        .parse()
        .expect("an address")
}

pub struct Asker<'a> {
    pub admin: SocketAddr,
    pub variable: &'a str,
}

impl Asker<'_> {
    pub async fn get(&self, target: &str) -> Reply {
        self.send(Request::new("GET", target)).await
    }

    pub async fn post(&self, target: &str, body: Value) -> Reply {
        let request =
            Request::post(target, body.to_string()).with("Content-Type", "application/json");
        self.send(request).await
    }

    async fn send(&self, request: Request) -> Reply {
        let request = match self.variable {
            "" => request,
            variable => request.header("Authorization", format!("Bearer {}", key_of(variable))),
        };
        http::send(self.admin, &request).await
    }
}

fn new_key() -> Value {
    json!({"tenant": "acme", "principal": "bot", "reason": "for the matrix"})
}

fn new_question() -> Value {
    json!({"tenant": "acme", "principal": "bot", "tool": "lab/echo"})
}

async fn issue(root: &Asker<'_>) -> String {
    let reply = root.post("/admin/v1/keys", new_key()).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    reply.json()["item"]["id"]
        .as_str()
        .expect("an id")
        .to_owned()
}

#[tokio::test]
async fn each_route_opens_to_its_roles_and_to_no_other_tenant() {
    let gateway = start().await;
    let admin = admin_of(&gateway);
    let root = Asker {
        admin,
        variable: "KEY_ROOT",
    };
    let boss = Asker {
        admin,
        variable: "KEY_BOSS",
    };
    // A change that somebody of the tenant has made is one of its records.
    let made = boss.post("/admin/v1/keys", new_key()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let found = root
        .get("/admin/v1/records?tenant=acme&type=key.create")
        .await
        .json();
    let record = found["items"][0]["id"]
        .as_str()
        .expect("a record")
        .to_owned();
    let people = std::iter::once("").chain(PEOPLE.iter().map(|(_, _, variable)| *variable));
    for (column, variable) in people.enumerate() {
        let asker = Asker { admin, variable };
        for (method, path, query, expected) in MATRIX {
            let id = match path.split('/').nth(3) {
                Some("records") => record.clone(),
                Some("overrides") => killed(&root).await,
                Some("approvals") => asked(&gateway).await,
                _ => issue(&root).await,
            };
            let target = format!("{}{query}", path.replace("{id}", &id));
            let reply = match *method {
                "GET" => asker.get(&target).await,
                _ if path.contains("}:") => asker.post(&target, json!({"reason": "t"})).await,
                _ if path.ends_with("explain") => asker.post(&target, new_question()).await,
                _ if path.ends_with("overrides") => asker.post(&target, new_kill()).await,
                _ => asker.post(&target, new_key()).await,
            };
            let told = format!("{method} {path} as {variable:?}: {}", reply.text());
            assert_eq!(reply.status, expected[column], "{told}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{told}");
            assert_eq!(reply.header("access-control-allow-origin"), None, "{told}");
            if reply.status >= 400 {
                assert_eq!(
                    reply.header("content-type"),
                    Some("application/problem+json"),
                    "{told}"
                );
                assert_eq!(reply.json()["status"], reply.status, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn the_matrix_is_about_every_route_there_is() {
    let gateway = start().await;
    let root = Asker {
        admin: admin_of(&gateway),
        variable: "KEY_ROOT",
    };
    let document = root.get("/admin/v1/openapi.json").await.json();
    let mut there = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let methods = item.as_object().expect("methods");
        there.extend(
            methods
                .keys()
                .map(|method| (method.to_uppercase(), path.clone())),
        );
    }
    for (method, path) in there {
        let is_in = MATRIX
            .iter()
            .any(|row| (row.0, row.1) == (&*method, &*path));
        assert!(is_in, "no row for {method} {path}");
    }
}

/// Asks for an approval of somebody of tenant `acme`, as a gateway on the same store would.
async fn asked(gateway: &TestGateway) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let id = format!("apr_{count}");
    let path = gateway.folder.path().join(STATE).join("wardgate.db");
    let store = SqlStore::open_sqlite(&path, None).await.expect("a store");
    let now = Timestamp::from(SystemTime::now());
    let request = wardgate_store::Request {
        id: ApprovalId::new(&id),
        binding: Binding {
            requester: Identity {
                tenant: TenantId::new("acme"),
                principal: PrincipalId::new("ghost"),
            },
            server: ServerName::new("lab"),
            version: "1".into(),
            tool: "refund_create".into(),
            args_digest: id.clone(),
            contract: "c".into(),
            policy_rev: "p".into(),
        },
        person: PersonId::new("acme/ghost"),
        args: "{}".into(),
        sealed_args: None,
        needs: vec![Need {
            rule: "r".into(),
            group: GroupName::new("finance"),
            count: 1,
        }],
        reason: None,
        created_at: now,
        decide_by: now.after(DEADLINE),
        use_within: DEADLINE,
    };
    store.open(&request, 1000).await.expect("an approval");
    store.close().await;
    id
}

/// Stops nobody there is, of tenant `acme`.
fn new_kill() -> Value {
    json!({"effect": "deny", "match": {"kind": "principal", "name": "acme/ghost"}, "reason": "t"})
}

async fn killed(root: &Asker<'_>) -> String {
    let made = root.post("/admin/v1/overrides", new_kill()).await.json();
    made["item"]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn lists_hold_the_own_tenant_alone() {
    let gateway = start().await;
    let admin = admin_of(&gateway);
    let root = Asker {
        admin,
        variable: "KEY_ROOT",
    };
    issue(&root).await;
    for (variable, count) in [("KEY_BOSS", 1), ("KEY_OTHER", 0), ("KEY_ROOT", 1)] {
        let listed = Asker { admin, variable }.get("/admin/v1/keys").await.json();
        assert_eq!(
            listed["items"].as_array().map(Vec::len),
            Some(count),
            "{variable}"
        );
    }
    let other = Asker {
        admin,
        variable: "KEY_OTHER",
    };
    let records = other.get("/admin/v1/records").await.json();
    let tenants = records["items"].as_array().expect("records").iter();
    let foreign: Vec<_> = tenants
        .filter(|record| record["who"]["tenant"] != "globex")
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[tokio::test]
async fn pages_follow_each_other_to_the_end() {
    let gateway = start().await;
    let root = Asker {
        admin: admin_of(&gateway),
        variable: "KEY_ROOT",
    };
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(issue(&root).await);
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = root
            .get(&format!("/admin/v1/keys?limit=2{cursor}"))
            .await
            .json();
        let items = page["items"].as_array().expect("items");
        seen.extend(
            items
                .iter()
                .filter_map(|key| key["id"].as_str())
                .map(str::to_owned),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    made.sort();
    seen.sort();
    assert_eq!(seen, made);
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "cursor=nowhere",
        "limt=2",
        "limit=2&limit=3",
    ] {
        let reply = root.get(&format!("/admin/v1/keys?{query}")).await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.text());
    }
}

#[tokio::test]
async fn what_is_no_change_of_ours_is_refused_and_changes_nothing() {
    let gateway = start().await;
    let admin = admin_of(&gateway);
    let root = Asker {
        admin,
        variable: "KEY_ROOT",
    };
    let long = "é".repeat(501);
    for (body, status) in [
        (json!({"principal": "bot"}), 422),
        (json!({"principal": "bot", "reason": " "}), 422),
        (json!({"principal": "bot", "reason": long}), 422),
        (json!({"principal": "bot", "reason": 3}), 422),
        (
            json!({"principal": "bot", "reason": "t", "resaon": "t"}),
            422,
        ),
        (json!({"principal": "b t", "reason": "t"}), 422),
        (json!({"principal": "", "reason": "t"}), 422),
        (
            json!({"principal": "bot", "tenant": "a/b", "reason": "t"}),
            422,
        ),
        (
            json!({"principal": "bot", "toolsets": ["nowhere"], "reason": "t"}),
            422,
        ),
        (
            json!({"principal": "bot", "expires_at": "2020-01-01T00:00:00Z", "reason": "t"}),
            422,
        ),
        (json!([]), 422),
    ] {
        let reply = root.post("/admin/v1/keys", body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
    }
    let form = Request::post("/admin/v1/keys", new_key().to_string())
        .header("Authorization", format!("Bearer {}", key_of("KEY_ROOT")));
    let plain = form.with("Content-Type", "text/plain");
    assert_eq!(http::send(admin, &plain).await.status, 415);
    let dry = root.post("/admin/v1/keys?dry_run=1", new_key()).await;
    assert_eq!((dry.status, &dry.json()["key"]), (200, &Value::Null));
    assert_eq!(dry.json()["item"]["principal"], "bot");
    let listed = root.get("/admin/v1/keys").await.json();
    assert_eq!(listed["items"], json!([]));
    let records = root.get("/admin/v1/records?type=key.create").await.json();
    assert_eq!(records["items"], json!([]));
}

#[tokio::test]
async fn pages_of_other_sites_do_not_reach_it() {
    let config = "gateway: {origins: ['https://app.example.com']}\nservers: {lab: {lab: true}}\n";
    let gateway = TestGateway::start(config).await;
    let admin = admin_of(&gateway);
    let whoami = || Request::new("GET", "/admin/v1/whoami");
    let check = async |request: Request, status: u16| {
        let told = format!("{request:?}");
        assert_eq!(http::send(admin, &request).await.status, status, "{told}");
    };
    check(whoami(), 200).await;
    check(whoami().with("Host", "evil.test"), 403).await;
    check(
        whoami().with("Host", format!("127.0.0.1:{}.evil.test", admin.port())),
        403,
    )
    .await;
    check(whoami().header("Origin", "http://evil.test"), 403).await;
    check(whoami().header("Origin", "null"), 403).await;
    // A page that may call tools may not do this.
    check(whoami().header("Origin", "https://app.example.com"), 403).await;
    check(whoami().header("Sec-Fetch-Site", "cross-site"), 403).await;
    check(whoami().header("Origin", format!("http://{admin}")), 200).await;
    for path in [
        "/admin/v1",
        "/admin/v1/",
        "//admin/v1/whoami",
        "/ADMIN/v1/whoami",
        "/mcp",
        "/admin/v1/keys/a/verb:revoke",
        "/livez",
    ] {
        check(Request::new("GET", path), 404).await;
    }
    check(Request::new("PUT", "/admin/v1/whoami"), 405).await;
    let at_data = http::send(gateway.address, &whoami()).await;
    assert_eq!(at_data.status, 404);
}

#[tokio::test]
async fn without_anybody_to_know_the_local_user_rules_until_roles_say_otherwise() {
    let who = async |gateway: &TestGateway, named: Option<&str>| {
        let request = Request::new("GET", "/admin/v1/whoami");
        let request = match named {
            Some(named) => request.header("Wardgate-As", named),
            None => request,
        };
        http::send(admin_of(gateway), &request).await.json()["roles"].clone()
    };
    let everything = json!({"everywhere": ["viewer", "operator", "approver", "auditor", "tenant-admin", "platform-admin"], "own": []});
    let starter = TestGateway::lab().await;
    assert_eq!(who(&starter, None).await, everything);
    assert_eq!(who(&starter, Some("acme/ana")).await, everything);
    let config = "tenants: {acme: {roles: {approver: [ana]}}}\nservers: {lab: {lab: true}}\n";
    let gateway = TestGateway::start(config).await;
    assert_eq!(who(&gateway, None).await, everything);
    let ana = who(&gateway, Some("acme/ana")).await;
    assert_eq!(ana, json!({"everywhere": [], "own": ["approver"]}));
    let other = who(&gateway, Some("globex/ana")).await;
    assert_eq!(other, json!({"everywhere": [], "own": []}));
}

#[tokio::test]
async fn nobody_makes_themselves_more_by_making_a_key() {
    let env = env();
    let env: Vec<_> = env
        .iter()
        .map(|(name, key)| (*name, key.as_str()))
        .collect();
    let config = config().replace("[ops/root]", "[ops/root, acme/chief, 'acme/group:chiefs']");
    let gateway = TestGateway::start_with(&config, &env).await;
    let admin = admin_of(&gateway);
    for body in [
        json!({"principal": "chief", "reason": "t"}),
        json!({"principal": "bot", "groups": ["chiefs"], "reason": "t"}),
    ] {
        let boss = Asker {
            admin,
            variable: "KEY_BOSS",
        }
        .post("/admin/v1/keys", body.clone())
        .await;
        assert_eq!(
            (boss.status, &boss.json()["code"]),
            (403, &json!("beyond_roles")),
            "{body}"
        );
    }
    let own = json!({"tenant": "acme", "principal": "chief", "reason": "t"});
    let root = Asker {
        admin,
        variable: "KEY_ROOT",
    }
    .post("/admin/v1/keys", own)
    .await;
    assert_eq!(root.status, 201, "{}", root.text());
}

#[tokio::test]
async fn an_address_that_was_asked_for_and_is_taken_keeps_the_gateway_from_starting() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("gateway: {{admin: '{address}'}}\nservers: {{lab: {{lab: true}}}}\n");
    std::fs::write(folder.path().join("wardgate.yaml"), config).expect("a config");
    let output = wardgate(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).output();
    let output = output.expect("the built program");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    let expected = format!("the admin API cannot listen on {address}; see `gateway.admin`");
    assert!(said.contains(&expected), "{said}");
}

#[tokio::test]
async fn without_the_admin_api_the_command_line_says_so() {
    let gateway = TestGateway::start("gateway: {admin: off}\nservers: {lab: {lab: true}}\n").await;
    let output = wardgate(gateway.folder.path(), &["key", "ls"]).output();
    let output = output.expect("the built program");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("runs without an admin API"), "{said}");
}
