//! What follows from a config: defaults, digests, patterns; and that no documented key is ignored.

use serde_json::{Value, json};
use wardgate_config::{Config, Sources, load, load::File, reference, render::render};
use wardgate_model::Alias;
use wardgate_snapshot::{Caps, Endpoint, SELF, Snapshot, Timeouts, compile};

fn config(text: &str) -> Config {
    let file = File {
        name: "wardgate.yaml".into(),
        text: text.into(),
    };
    match load(&Sources {
        file: Some(file),
        ..Sources::default()
    }) {
        Ok(loaded) => loaded.config,
        Err(findings) => panic!("{text}\n{}", render(&findings, false)),
    }
}

fn snapshot(text: &str) -> Snapshot {
    compile(&config(text), None).unwrap()
}

#[test]
fn the_starter_is_loopback_and_the_lab() {
    let snapshot = compile(&Config::starter(), None).unwrap();
    assert!(
        snapshot.gateway.anonymous
            && snapshot.gateway.assume
            && snapshot.gateway.listen.ip().is_loopback()
    );
    let lab = &snapshot.servers[&Alias::new("lab")];
    let Endpoint::Stdio { command, .. } = &lab.endpoint else {
        panic!("a program")
    };
    assert_eq!(command, &[SELF, "lab", "--stdio"]);
    let toolset = snapshot.toolset(None).unwrap();
    assert!(toolset.shows(&lab.alias, "echo") && !toolset.prefixed());
}

#[test]
fn the_defaults_of_the_file_are_those_of_the_data_plane() {
    let snapshot = compile(&Config::starter(), None).unwrap();
    assert_eq!(
        format!("{:?}", snapshot.gateway.caps),
        format!("{:?}", Caps::default())
    );
    let timeouts = snapshot.servers[&Alias::new("lab")].timeouts;
    assert_eq!(
        format!("{timeouts:?}"),
        format!("{:?}", Timeouts::default())
    );
}

#[test]
fn a_revision_names_what_a_config_says_not_how_it_is_written() {
    let plain = snapshot("servers: {a: {url: 'https://a.example'}}").revision;
    let spelled =
        snapshot("# A comment\nservers:\n  a:\n    url: https://a.example/\n    warm: false\n")
            .revision;
    let other = snapshot("servers: {a: {url: 'https://a.example', warm: true}}").revision;
    assert_eq!(plain, spelled);
    assert_ne!(plain, other);
    assert_eq!(plain.len(), 64);
}

#[test]
fn a_line_outlives_changes_to_others_and_none_to_its_own_server() {
    let digest = |rest: &str| {
        let snapshot = snapshot(&format!(
            "servers: {{a: {{url: 'https://a.example', {rest}}}}}"
        ));
        snapshot.servers[&Alias::new("a")].digest.clone()
    };
    let plain = digest("warm: false");
    let beside = snapshot(
        "servers: {a: {url: 'https://a.example', warm: false}, b: {url: 'https://b.example'}}",
    );
    assert_eq!(beside.servers[&Alias::new("a")].digest, plain);
    for different in [
        "validate: false",
        "validate_output: block",
        "concurrency: 3",
        "timeouts: {call: 1s}",
        "sanitize: {hidden: off}",
        "tools: {x: {sanitize: {pii: mark}}}",
        "era: legacy",
        "headers: {X-A: b}",
        "auth: {token: {env: A}}",
        "tls: {ca: x}",
        "timeouts: {connect: 1s}",
    ] {
        assert_ne!(digest(different), plain, "{different}");
    }
}

#[test]
fn naming_a_principal_never_takes_the_place_of_a_key() {
    let keys = "keys: [{id: a, principal: p, secret: {env: A}}]";
    let assume = |gateway: &str| {
        snapshot(&format!(
            "gateway: {{{gateway}}}\nservers: {{lab: {{lab: true}}}}"
        ))
        .gateway
        .assume
    };
    assert!(assume("environment: dev"));
    assert!(!assume(keys));
    assert!(assume(&format!("{keys}, anonymous: true")));
    assert!(!assume("environment: prod"));
}

#[test]
fn patterns_show_and_hide() {
    let snapshot = snapshot(
        "servers: {com.acme/crm: {lab: true}, pay: {lab: true}, git: {lab: true}}\n\
         toolsets: {default: {tools: ['crm/*', '*/get_*'], hide: ['crm/delete_*']}, one: {servers: [com.acme/crm]}}",
    );
    let default = snapshot.toolset(None).unwrap();
    let (crm, pay) = (Alias::new("crm"), Alias::new("pay"));
    assert!(
        default.shows(&crm, "create")
            && default.shows(&crm, "odd/name")
            && default.shows(&pay, "get_refund")
    );
    assert!(!default.shows(&crm, "delete_all") && !default.shows(&pay, "refund"));
    assert!(default.prefixed());
    let one = snapshot.toolset(Some("one")).unwrap();
    assert!(one.shows(&crm, "create") && !one.shows(&pay, "get_refund") && !one.prefixed());
}

/// A config in which every key can be changed by itself.
fn base() -> Value {
    json!({
        "gateway": {
            "tls": {"cert": "c", "key": "k", "client_ca": "a"},
            "keys": [{"id": "a", "principal": "p", "secret": {"env": "A"}}],
            "approvals": {"webhook": {"url": "https://a.example", "secret": {"env": "A"}}},
        },
        "tenants": {"acme": {
            "auth": {"issuer": "https://idp.example", "audience": "a"},
            "certificates": [{"spiffe": "spiffe://acme.test/a"}],
            "limits": [{"name": "floor", "calls": 3, "per": "1m"}],
        }},
        "servers": {
            "web": {"url": "https://a.example", "tls": {"ca": "ca"}, "auth": {"token": {"env": "A"}}},
            "program": {"command": ["p"]},
            "lab": {"lab": {}},
            "bare": {"versions": {"1": {"url": "https://a.example", "tls": {"ca": "ca"}, "auth": {"token": {"env": "A"}}}}},
            "task": {"versions": {"1": {"command": ["p"]}}},
            "trial": {"versions": {"1": {"lab": {}}}},
            "pair": {"versions": {
                "1": {"url": "https://a.example", "default": true},
                "2": {"url": "https://b.example", "default": false},
            }},
        },
        "toolsets": {"default": {"servers": ["web"], "tools": ["web/*"]}},
    })
}

/// For each documented key: where to put another value, and which.
fn changes() -> Vec<(&'static str, Vec<(String, Value)>)> {
    let one = |pointer: &str, value: Value| vec![(pointer.to_owned(), value)];
    let mut changes = vec![
        (
            "gateway.listen",
            one("/gateway/listen", json!("127.0.0.1:9")),
        ),
        ("gateway.admin", one("/gateway/admin", json!("off"))),
        (
            "gateway.roles.viewer",
            one("/gateway/roles", json!({"viewer": ["acme/ana"]})),
        ),
        (
            "gateway.roles.operator",
            one("/gateway/roles", json!({"operator": ["acme/ana"]})),
        ),
        (
            "gateway.roles.approver",
            one("/gateway/roles", json!({"approver": ["acme/ana"]})),
        ),
        (
            "gateway.roles.auditor",
            one("/gateway/roles", json!({"auditor": ["acme/ana"]})),
        ),
        (
            "gateway.roles.platform-admin",
            one("/gateway/roles", json!({"platform-admin": ["acme/ana"]})),
        ),
        (
            "tenants.<name>.roles.viewer",
            one("/tenants/acme/roles", json!({"viewer": ["ana"]})),
        ),
        (
            "tenants.<name>.roles.operator",
            one("/tenants/acme/roles", json!({"operator": ["ana"]})),
        ),
        (
            "tenants.<name>.roles.approver",
            one("/tenants/acme/roles", json!({"approver": ["group:ops"]})),
        ),
        (
            "tenants.<name>.roles.auditor",
            one("/tenants/acme/roles", json!({"auditor": ["ana"]})),
        ),
        (
            "tenants.<name>.roles.tenant-admin",
            one("/tenants/acme/roles", json!({"tenant-admin": ["ana"]})),
        ),
        (
            "gateway.environment",
            one("/gateway/environment", json!("prod")),
        ),
        ("gateway.tls.cert", one("/gateway/tls/cert", json!("x"))),
        ("gateway.tls.key", one("/gateway/tls/key", json!("x"))),
        (
            "gateway.tls.client_ca",
            one("/gateway/tls/client_ca", json!("x")),
        ),
        (
            "gateway.public_url",
            one("/gateway/public_url", json!("https://x.example")),
        ),
        (
            "gateway.egress.allow",
            one("/gateway/egress", json!({"allow": ["x"]})),
        ),
        (
            "gateway.egress.ports",
            one("/gateway/egress", json!({"ports": [443, 444]})),
        ),
        (
            "gateway.egress.plain_http",
            one("/gateway/egress", json!({"plain_http": true})),
        ),
        (
            "tenants.<name>.auth",
            one(
                "/tenants/acme/auth",
                json!([{"issuer": "https://x.example", "audience": "a"}]),
            ),
        ),
        ("gateway.hosts", one("/gateway/hosts", json!(["x.example"]))),
        (
            "gateway.origins",
            one("/gateway/origins", json!(["https://x.example"])),
        ),
        ("gateway.keys[].id", one("/gateway/keys/0/id", json!("x"))),
        (
            "gateway.keys[].tenant",
            one("/gateway/keys/0/tenant", json!("x")),
        ),
        (
            "gateway.keys[].principal",
            one("/gateway/keys/0/principal", json!("x")),
        ),
        (
            "gateway.keys[].toolsets",
            one("/gateway/keys/0/toolsets", json!(["default"])),
        ),
        (
            "gateway.keys[].secret",
            one("/gateway/keys/0/secret", json!({"file": "x"})),
        ),
        ("gateway.anonymous", one("/gateway/anonymous", json!(true))),
        (
            "gateway.seal_key",
            one("/gateway/seal_key", json!({"exec": ["x"]})),
        ),
        ("gateway.record", one("/gateway/record", json!(false))),
        (
            "gateway.approvals.wait",
            one("/gateway/approvals/wait", json!("7s")),
        ),
        (
            "gateway.approvals.decide_within",
            one("/gateway/approvals/decide_within", json!("7s")),
        ),
        (
            "gateway.approvals.use_within",
            one("/gateway/approvals/use_within", json!("7s")),
        ),
        (
            "gateway.approvals.pending",
            one("/gateway/approvals/pending", json!(7)),
        ),
        (
            "gateway.approvals.webhook.url",
            one("/gateway/approvals/webhook/url", json!("https://x.example")),
        ),
        (
            "gateway.approvals.webhook.secret",
            one("/gateway/approvals/webhook/secret", json!({"exec": ["x"]})),
        ),
        ("gateway.state", one("/gateway/state", json!("x"))),
        ("include", one("/include", json!(["x.cedar"]))),
        (
            "servers.<name>.alias",
            one("/servers/program/alias", json!("x")),
        ),
        (
            "servers.<name>.url",
            one("/servers/web/url", json!("https://x.example")),
        ),
        (
            "servers.<name>.sse",
            vec![
                ("/servers/web/url".into(), Value::Null),
                ("/servers/web/sse".into(), json!("https://a.example")),
            ],
        ),
        (
            "servers.<name>.command",
            one("/servers/program/command", json!(["x"])),
        ),
        (
            "servers.<name>.lab",
            vec![
                ("/servers/program/command".into(), Value::Null),
                ("/servers/program/lab".into(), json!(true)),
            ],
        ),
        (
            "servers.<name>.headers",
            one("/servers/web/headers", json!({"X": "x"})),
        ),
        (
            "servers.<name>.auth.token",
            one("/servers/web/auth/token", json!({"env": "X"})),
        ),
        (
            "servers.<name>.env",
            one("/servers/program/env", json!({"X": "x"})),
        ),
        (
            "servers.<name>.inherit_env",
            one("/servers/program/inherit_env", json!(["X"])),
        ),
        (
            "servers.<name>.cwd",
            one("/servers/program/cwd", json!("x")),
        ),
        (
            "servers.<name>.tls.ca",
            one("/servers/web/tls/ca", json!("x")),
        ),
        (
            "servers.<name>.versions.<name>.url",
            one("/servers/bare/versions/1/url", json!("https://x.example")),
        ),
        (
            "servers.<name>.versions.<name>.sse",
            vec![
                ("/servers/bare/versions/1/url".into(), Value::Null),
                (
                    "/servers/bare/versions/1/sse".into(),
                    json!("https://a.example"),
                ),
            ],
        ),
        (
            "servers.<name>.versions.<name>.command",
            one("/servers/task/versions/1/command", json!(["x"])),
        ),
        (
            "servers.<name>.versions.<name>.lab",
            vec![
                ("/servers/task/versions/1/command".into(), Value::Null),
                ("/servers/task/versions/1/lab".into(), json!(true)),
            ],
        ),
        (
            "servers.<name>.versions.<name>.headers",
            one("/servers/bare/versions/1/headers", json!({"X": "x"})),
        ),
        (
            "servers.<name>.versions.<name>.auth.token",
            one("/servers/bare/versions/1/auth/token", json!({"env": "X"})),
        ),
        (
            "servers.<name>.versions.<name>.env",
            one("/servers/task/versions/1/env", json!({"X": "x"})),
        ),
        (
            "servers.<name>.versions.<name>.inherit_env",
            one("/servers/task/versions/1/inherit_env", json!(["X"])),
        ),
        (
            "servers.<name>.versions.<name>.cwd",
            one("/servers/task/versions/1/cwd", json!("x")),
        ),
        (
            "servers.<name>.versions.<name>.tls.ca",
            one("/servers/bare/versions/1/tls/ca", json!("x")),
        ),
        (
            "servers.<name>.versions.<name>.default",
            vec![
                ("/servers/pair/versions/1/default".into(), json!(false)),
                ("/servers/pair/versions/2/default".into(), json!(true)),
            ],
        ),
        (
            "servers.<name>.era",
            one("/servers/web/era", json!("legacy")),
        ),
        (
            "servers.<name>.concurrency",
            one("/servers/web/concurrency", json!(7)),
        ),
        (
            "servers.<name>.reply_max",
            one("/servers/web/reply_max", json!("7KiB")),
        ),
        (
            "servers.<name>.validate",
            one("/servers/web/validate", json!(false)),
        ),
        (
            "servers.<name>.validate_output",
            one("/servers/web/validate_output", json!("block")),
        ),
        ("servers.<name>.warm", one("/servers/web/warm", json!(true))),
        (
            "servers.<name>.tools.<name>.read_only",
            one("/servers/web/tools", json!({"x": {"read_only": true}})),
        ),
        (
            "servers.<name>.tools.<name>.risk",
            one("/servers/web/tools/y/risk", json!("high")),
        ),
        (
            "servers.<name>.tools.<name>.sensitive",
            one("/servers/web/tools/y/sensitive", json!(["/x"])),
        ),
        (
            "gateway.audit.level",
            one("/gateway/audit/level", json!("full")),
        ),
        (
            "gateway.audit.on_error",
            one("/gateway/audit/on_error", json!("degrade")),
        ),
        (
            "gateway.audit.on_error_read_only",
            one("/gateway/audit/on_error_read_only", json!("degrade")),
        ),
        (
            "gateway.audit.sensitive",
            one("/gateway/audit/sensitive", json!(["/x"])),
        ),
        (
            "gateway.audit.file_max",
            one("/gateway/audit/file_max", json!("7MiB")),
        ),
        (
            "toolsets.<name>.servers",
            one("/toolsets/default/servers", json!(["web", "lab"])),
        ),
        (
            "toolsets.<name>.tools",
            one("/toolsets/default/tools", json!(["web/x"])),
        ),
        (
            "toolsets.<name>.hide",
            one("/toolsets/default/hide", json!(["web/x"])),
        ),
        (
            "toolsets.<name>.prefix",
            one("/toolsets/default/prefix", json!("always")),
        ),
        (
            "toolsets.<name>.scopes",
            one("/toolsets/default/scopes", json!(["x"])),
        ),
        (
            "toolsets.<name>.read_only",
            one("/toolsets/default/read_only", json!(true)),
        ),
        (
            "toolsets.<name>.risk_max",
            one("/toolsets/default/risk_max", json!("low")),
        ),
        (
            "toolsets.<name>.groups",
            one("/toolsets/default/groups", json!(["x"])),
        ),
        (
            "toolsets.<name>.environments",
            one("/toolsets/default/environments", json!(["elsewhere"])),
        ),
        (
            "servers.<name>.tools.<name>.cost_usd",
            one("/servers/web/tools/x/cost_usd", json!(0.02)),
        ),
        (
            "tenants.<name>.limits[].key",
            one("/tenants/acme/limits/0/key", json!(["principal", "tool"])),
        ),
        (
            "tenants.<name>.limits[].per",
            one("/tenants/acme/limits/0/per", json!("day")),
        ),
        (
            "tenants.<name>.limits[].cost_usd",
            one("/tenants/acme/limits/0/cost_usd", json!(0.5)),
        ),
        (
            "tenants.<name>.limits[].soft",
            one("/tenants/acme/limits/0/soft", json!(0.5)),
        ),
    ];
    const DURATIONS: [&str; 6] = [
        "header_timeout",
        "body_timeout",
        "write_stall_timeout",
        "session_lifetime",
        "drain_delay",
        "drain_timeout",
    ];
    for key in reference::keys() {
        let path: &'static str = key.path.leak();
        let last = path.rsplit('.').next().unwrap_or_default();
        let value = match last {
            "body" | "headers" | "buffered" => json!("7KiB"),
            _ if DURATIONS.contains(&last) || path.starts_with("servers.<name>.timeouts.") => {
                json!("7s")
            }
            _ => json!(7),
        };
        let tenant = match last {
            "issuer" | "jwks_uri" => json!("https://x.example"),
            "algorithms" => json!(["ES256"]),
            "accept_resource" => json!(false),
            "kind" => json!("agent"),
            "spiffe" => json!("spiffe://acme.test/x"),
            "toolsets" => json!([]),
            "aliases" => json!({"x": ["y"]}),
            "groups" if path.ends_with("[].groups") => json!(["x"]),
            "groups" => json!({"x": ["y"]}),
            _ => json!("x"),
        };
        let lab = match last {
            "conformance" => json!(true),
            "era" => json!("legacy"),
            _ => json!("x"),
        };
        if path.contains(".sanitize.") {
            let section = path.replacen(
                "<name>",
                if path.starts_with("t") {
                    "default"
                } else {
                    "web"
                },
                1,
            );
            let section = section.replace("<name>", "x").replace('.', "/");
            let parent = format!("/{}", section.rsplit_once('/').unwrap().0);
            changes.push((path, one(&parent, json!({last: "block"}))));
        } else if path.starts_with("gateway.limits.") {
            changes.push((path, one(&format!("/gateway/limits/{last}"), value)));
        } else if path.starts_with("tenants.<name>.limits[].")
            && !changes.iter().any(|(known, _)| *known == path)
        {
            let value = match last {
                "name" => json!("x"),
                "tools" => json!(["web/*"]),
                "bytes" => json!("7KiB"),
                "compute" => json!("7s"),
                _ => json!(7),
            };
            changes.push((path, one(&format!("/tenants/acme/limits/0/{last}"), value)));
        } else if path.starts_with("servers.<name>.timeouts.") {
            changes.push((path, one(&format!("/servers/web/timeouts/{last}"), value)));
        } else if path.starts_with("servers.<name>.lab.") {
            changes.push((path, one(&format!("/servers/lab/lab/{last}"), lab)));
        } else if let Some(inner) = path.strip_prefix("tenants.<name>.") {
            let inner = inner.replace("[]", "/0").replace('.', "/");
            changes.push((path, one(&format!("/tenants/acme/{inner}"), tenant)));
        } else if path.starts_with("servers.<name>.versions.<name>.lab.") {
            changes.push((
                path,
                one(&format!("/servers/trial/versions/1/lab/{last}"), lab),
            ));
        }
    }
    changes
}

/// Sets (or with null removes) the value at a pointer, making sections on the way.
fn set(config: &mut Value, pointer: &str, value: &Value) {
    let mut at = config;
    let steps: Vec<&str> = pointer.split('/').skip(1).collect();
    let (last, parents) = steps.split_last().unwrap();
    for step in parents {
        at = match at {
            Value::Array(list) => &mut list[step.parse::<usize>().unwrap()],
            other => &mut other[*step],
        };
    }
    match value {
        Value::Null => drop(at.as_object_mut().unwrap().remove(*last)),
        value => at[*last] = value.clone(),
    }
}

/// What the data plane sees, without the digests that any change of the config changes.
fn obeyed(snapshot: &Snapshot) -> String {
    let servers: Vec<String> = snapshot
        .servers
        .values()
        .map(|server| format!("{server:?}").replace(&*server.digest, ""))
        .collect();
    let Snapshot {
        gateway,
        tenants,
        toolsets,
        limits,
        ..
    } = snapshot;
    format!("{gateway:?} {tenants:?} {servers:?} {toolsets:?} {limits:?}")
}

#[test]
fn every_documented_key_is_read() {
    // Read by the composition root, not by the data plane.
    const NOT_IN_THE_SNAPSHOT: [&str; 5] = [
        "gateway.state",
        "gateway.egress.allow",
        "gateway.egress.ports",
        "gateway.egress.plain_http",
        "include",
    ];
    let plain = config(&base().to_string());
    let plain_obeyed = obeyed(&compile(&plain, None).unwrap());
    let changes = changes();
    for key in reference::keys() {
        let (_, steps) = changes
            .iter()
            .find(|(path, _)| *path == key.path)
            .unwrap_or_else(|| panic!("no case for `{}`", key.path));
        let mut changed = base();
        steps
            .iter()
            .for_each(|(pointer, value)| set(&mut changed, pointer, value));
        let changed = config(&changed.to_string());
        if NOT_IN_THE_SNAPSHOT.contains(&key.path.as_str()) {
            assert_ne!(json!(changed), json!(plain), "`{}` is not read", key.path);
        } else {
            assert_ne!(
                obeyed(&compile(&changed, None).unwrap()),
                plain_obeyed,
                "`{}` is not read",
                key.path
            );
        }
    }
}
