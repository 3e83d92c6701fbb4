//! What is listed and what is callable never disagree: random toolsets, traits, policies and overrides, every caller, every
//! door, both eras. What a caller's list does not show is answered word for word as what does not exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    net::SocketAddr,
};

use futures_util::future::join_all;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Connection, Reply, Request},
    legacy::{Session, capabilities},
    modern,
};

use crate::{gateway::STATE, lifecycle_serve::Serve, metrics::metrics};

/// Worlds that are made; each has [`TOOLSETS`] toolsets and every caller.
const WORLDS: usize = 5;
const TOOLSETS: usize = 3;
/// Nobody has anything of this name.
const NOTHING: &str = "nothing-of-this-name";
const CALLERS: [&str; 2] = ["acme/ana", "acme/ben"];

const TOOLS: [&str; 9] = [
    "echo",
    "add",
    "get_item",
    "put_item",
    "customer",
    "price",
    "refund_create",
    "refund_cancel",
    "rug",
];

/// With either the desk is not there.
const ONLY_LAB: [&str; 2] = ["tools: ['lab/[a-g]*', 'lab/put_item']", "servers: [lab]"];

/// One gateway: its config, its policies, and what is stopped later.
#[derive(Clone, Debug)]
struct World {
    traits: Vec<Option<&'static str>>,
    /// Bounds by their keys.
    toolsets: Vec<BTreeMap<&'static str, &'static str>>,
    policies: Option<Vec<&'static str>>,
    kill: Vec<&'static str>,
}

fn world() -> impl Strategy<Value = World> {
    let traits = prop::option::of(prop::sample::select(vec![
        "read_only: true",
        "risk: low",
        "read_only: true, risk: low",
        "risk: high",
    ]));
    let bound = prop::sample::select(vec![
        "read_only: true",
        "risk_max: high",
        "hide: ['lab/*_item']",
        "hide: ['*/refund_*', 'desk/*simple*']",
        "tools: ['lab/*', 'desk/*prompt*']",
        ONLY_LAB[0],
        "groups: [money]",
        "prefix: never",
        ONLY_LAB[1],
        "environments: [dev]",
    ]);
    let by_key = |bounds: Vec<&'static str>| {
        let keyed = bounds
            .into_iter()
            .map(|bound| (bound.split(':').next().expect("a key"), bound));
        keyed.collect::<BTreeMap<_, _>>()
    };
    let bounds = prop::collection::vec(bound, 0..3).prop_map(by_key);
    let rule = prop::sample::select(vec![
        "permit(principal, action, resource);",
        "permit(principal, action in Action::\"call\", resource);",
        "permit(principal in Group::\"money\", action, resource);",
        "permit(principal, action in [Action::\"lab/get_item\", Action::\"lab/echo\"], resource);",
        "permit(principal, action == Action::\"lab/put_item\", resource) when { context.input.id == \"item-1\" };",
        "permit(principal, action == Action::\"read\", resource);",
        "permit(principal in Group::\"money\", action == Action::\"prompt\", resource);",
        "forbid(principal, action == Action::\"lab/put_item\", resource) when { context.input.id == \"item-1\" };",
        "forbid(principal, action == Action::\"lab/refund_create\", resource);",
        "@approval(\"money:1\") forbid(principal, action == Action::\"lab/refund_create\", resource);",
        "@level(\"soft\") forbid(principal, action == Action::\"lab/price\", resource);",
        "@level(\"advisory\") forbid(principal, action, resource);",
        "forbid(principal, action in Action::\"call\", resource) unless { resource.readOnly };",
        "forbid(principal, action, resource) when { context.env == \"prod\" };",
        "forbid(principal, action == Action::\"read\", resource) unless { principal in Group::\"money\" };",
    ]);
    let kill = prop::sample::select(vec![
        "tool lab/put_item",
        "tool lab/echo",
        "server lab",
        "server desk",
        "all-writes",
    ]);
    (
        prop::collection::vec(traits, TOOLS.len()),
        prop::collection::vec(bounds, TOOLSETS),
        prop::option::weighted(0.8, prop::collection::vec(rule, 1..6)),
        prop::collection::vec(kill, 1..3),
    )
        .prop_map(|(traits, toolsets, policies, kill)| World {
            traits,
            toolsets,
            policies,
            kill,
        })
}

impl World {
    fn config(&self) -> String {
        let traits = TOOLS.iter().zip(&self.traits);
        let traits: Vec<_> = traits
            .filter_map(|(tool, traits)| Some(format!("{tool}: {{{}}}", (*traits)?)))
            .collect();
        let include = match self.policies {
            Some(_) => "include: [policies/*.cedar]\n",
            None => "",
        };
        let mut text = format!(
            "{include}gateway: {{environment: dev, admin: 127.0.0.1:0, approvals: {{wait: 0s}}}}
tenants: {{acme: {{groups: {{money: [ana]}}}}}}
servers: {{desk: {{lab: {{conformance: true}}}}, lab: {{lab: true, tools: {{{}}}}}}}
toolsets:
",
            traits.join(", ")
        );
        for (at, bounds) in self.toolsets.iter().enumerate() {
            let bounds: Vec<_> = bounds.values().copied().collect();
            writeln!(text, "  t{at}: {{{}}}", bounds.join(", ")).expect("text");
        }
        text
    }

    /// Says whether a toolset has what is not a tool: only the desk has.
    fn has_desk(&self, toolset: usize) -> bool {
        let mut bounds = self.toolsets[toolset].values();
        !bounds.any(|bound| ONLY_LAB.contains(bound))
    }

    async fn start(&self) -> Serve {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(rules) = &self.policies {
            std::fs::create_dir(folder.path().join("policies")).expect("a folder");
            let rules = rules.iter().enumerate();
            let rules = rules.map(|(at, rule)| format!("@id(\"r{at}\") {rule}\n"));
            let path = folder.path().join("policies/all.cedar");
            std::fs::write(path, rules.collect::<String>()).expect("policies");
        }
        Serve::start_in(folder, &self.config()).await
    }
}

/// A caller at a toolset, in one era.
struct Visit {
    address: SocketAddr,
    connection: Connection,
    /// `None` speaks the modern era.
    session: Option<Session>,
    target: String,
    caller: &'static str,
    /// Whether prompts and resources are served here.
    has_desk: bool,
}

/// What the answer to a name says of it.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Answered as what does not exist, word for word.
    Unknown,
    Disabled,
    /// A server was asked, and refused in its own words.
    Refused,
    Known,
}

impl Visit {
    /// Comes in; `None` when there is no such toolset for this caller.
    async fn new(
        serve: &Serve,
        toolset: usize,
        caller: &'static str,
        legacy: bool,
    ) -> Option<Visit> {
        let target = format!("/mcp/t{toolset}");
        let mut visit = Visit {
            address: serve.address,
            connection: Connection::open(serve.address).await,
            session: None,
            target: target.clone(),
            caller,
            has_desk: true,
        };
        if visit.ask("tools/list", json!({})).await.status == 404 {
            return None;
        }
        if legacy {
            let headers = [("Wardgate-As", caller)];
            let (revision, can) = ("2025-11-25", capabilities());
            visit.session =
                Some(Session::open_as(serve.address, &target, revision, can, &headers).await);
        }
        Some(visit)
    }

    async fn ask(&mut self, method: &str, params: Value) -> Reply {
        let request = match &self.session {
            Some(session) => session.request(1, method, params),
            None => {
                modern::request(&self.target, 1, method, params).header("Wardgate-As", self.caller)
            }
        };
        self.send(&request).await
    }

    async fn send(&mut self, request: &Request) -> Reply {
        self.connection.send(request).await
    }

    async fn listed(&mut self, method: &str, kind: &str, key: &str) -> BTreeSet<String> {
        let answer = self.ask(method, json!({})).await.answer();
        let items = answer["result"][kind].as_array();
        let items = items.unwrap_or_else(|| panic!("no list: {answer}"));
        let name = |item: &Value| item[key].as_str().expect("a name").to_owned();
        items.iter().map(name).collect()
    }

    /// Says whether it makes sense to try here. Resources need not be listed to be read, so where the desk is not, the lab is
    /// asked for what it does not have.
    fn has(&self, door: &Door) -> bool {
        let is_resource = door.method.starts_with("resources/");
        let is_old = door.method == "resources/subscribe";
        (self.has_desk || !is_resource) && (self.session.is_some() || !is_old)
    }

    /// Asks for something; `unknown` is what asking for nothing gets here.
    async fn verdict(&mut self, door: &Door, name: &str, unknown: &Reply) -> Verdict {
        let reply = self.ask(door.method, (door.params)(name)).await;
        let answer = reply.messages().pop().expect("an answer");
        let like_nothing = reply.text().replace(name, NOTHING) == unknown.text();
        if like_nothing && reply.status == unknown.status {
            return Verdict::Unknown;
        }
        let of_result = &answer["result"]["_meta"]["dev.wardgate/error"]["class"];
        let of_error = &answer["error"]["data"]["class"];
        match answer["error"]["code"].as_i64() {
            _ if of_result == "disabled" || of_error == "disabled" => Verdict::Disabled,
            Some(-32602 | -32002) => Verdict::Refused,
            _ => Verdict::Known,
        }
    }
}

/// What one caller is shown.
#[derive(Default)]
struct Shown {
    tools: BTreeSet<String>,
    prompts: BTreeSet<String>,
    resources: BTreeSet<String>,
}

impl Shown {
    async fn to(visit: &mut Visit) -> Shown {
        Shown {
            tools: visit.listed("tools/list", "tools", "name").await,
            prompts: visit.listed("prompts/list", "prompts", "name").await,
            resources: visit.listed("resources/list", "resources", "uri").await,
        }
    }

    fn add(&mut self, more: Shown) {
        self.tools.extend(more.tools);
        self.prompts.extend(more.prompts);
        self.resources.extend(more.resources);
    }
}

/// Whatever anybody could be shown, under any name.
async fn everything() -> Shown {
    let config = "gateway: {environment: dev}
tenants: {acme: {}}
servers: {desk: {lab: {conformance: true}}, lab: {lab: true}}
toolsets: {t0: {prefix: never}, t1: {prefix: always}}
";
    let serve = Serve::start(config).await;
    let mut all = Shown::default();
    for toolset in [0, 1] {
        let visit = Visit::new(&serve, toolset, CALLERS[0], false).await;
        all.add(Shown::to(&mut visit.expect("a toolset")).await);
    }
    // What asks the client, or takes its time, is not called.
    let is_quick = |name: &String| {
        TOOLS.iter().any(|tool| name.ends_with(tool)) || name.contains("test_simple")
    };
    all.tools.retain(is_quick);
    all.prompts.retain(|name| !name.contains("input_required"));
    all
}

/// One way to try a name.
struct Door {
    method: &'static str,
    params: fn(&str) -> Value,
    of: fn(&Shown) -> &BTreeSet<String>,
}

const DOORS: [Door; 5] = [
    Door {
        method: "tools/call",
        params: |name| json!({"name": name, "arguments": {"id": "item-1", "value": "x"}}),
        of: |shown| &shown.tools,
    },
    Door {
        method: "prompts/get",
        params: |name| json!({"name": name}),
        of: |shown| &shown.prompts,
    },
    Door {
        method: "completion/complete",
        params: |name| json!({"ref": {"type": "ref/prompt", "name": name}, "argument": {"name": "a", "value": ""}}),
        of: |shown| &shown.prompts,
    },
    Door {
        method: "resources/read",
        params: |uri| json!({"uri": uri}),
        of: |shown| &shown.resources,
    },
    Door {
        method: "resources/subscribe",
        params: |uri| json!({"uri": uri}),
        of: |shown| &shown.resources,
    },
];

/// Tries every name at every door, and returns what the lists show.
async fn agree(visit: &mut Visit, all: &Shown, before: Option<&Shown>) -> Shown {
    // The last one may have been idle for too long.
    visit.connection = Connection::open(visit.address).await;
    let shown = Shown::to(visit).await;
    for door in &DOORS {
        if !visit.has(door) {
            continue;
        }
        let unknown = visit.ask(door.method, (door.params)(NOTHING)).await;
        let was_shown = |name| before.is_some_and(|before| (door.of)(before).contains(name));
        for name in (door.of)(all) {
            let verdict = visit.verdict(door, name, &unknown).await;
            let is_shown = (door.of)(&shown).contains(name);
            check(visit, name, is_shown, was_shown(name), &verdict);
        }
    }
    shown
}

/// Shown means known; not shown means unknown, or stopped for the moment and shown before.
fn check(visit: &Visit, name: &str, is_shown: bool, was_shown: bool, verdict: &Verdict) {
    let expected = match (is_shown, was_shown) {
        (true, _) => &[Verdict::Known, Verdict::Refused][..],
        (false, true) => &[Verdict::Disabled],
        (false, false) => &[Verdict::Unknown],
    };
    let era = visit.session.as_ref().map_or("modern", |_| "legacy");
    assert!(
        expected.contains(verdict),
        "{name} is {verdict:?} at {} for {}, {era}",
        visit.target,
        visit.caller
    );
}

async fn visits(world: &World, serve: &Serve) -> Vec<Visit> {
    let mut visits = Vec::new();
    for toolset in 0..TOOLSETS {
        for (caller, legacy) in CALLERS
            .into_iter()
            .flat_map(|caller| [(caller, false), (caller, true)])
        {
            if let Some(mut visit) = Visit::new(serve, toolset, caller, legacy).await {
                visit.has_desk = world.has_desk(toolset);
                visits.push(visit);
            }
        }
    }
    visits
}

async fn holds(world: &World, all: &Shown) {
    println!("{world:#?}\n{}", world.config());
    let mut serve = world.start().await;
    let mut visits = visits(world, &serve).await;
    // Side by side: each spends its time waiting to be told that things are not there.
    let before = join_all(visits.iter_mut().map(|visit| agree(visit, all, None))).await;
    let log = serve.log().len();
    let (next, switch) = (serve.path("next"), serve.path(STATE).join("KILL"));
    std::fs::write(&next, world.kill.join("\n")).expect("a file");
    std::fs::rename(next, switch).expect("a switch");
    serve.logged_after(log, "emergency stop").await;
    let again = visits.iter_mut().zip(&before);
    let after = join_all(again.map(|(visit, before)| agree(visit, all, Some(before)))).await;
    for (shown, before) in after.iter().zip(&before) {
        assert!(shown.tools.is_subset(&before.tools));
    }
    let counted = metrics(&serve).await;
    let agreed = "wardgate_surface_disagreement_total 0\n";
    assert!(counted.contains(agreed), "{counted}");
    // Without policies there is nothing that could disagree.
    let checked = counted
        .lines()
        .find_map(|line| line.strip_prefix("wardgate_surface_checked_total "));
    let was_checked = checked.is_some_and(|count| count != "0");
    let permits = counted.contains("wardgate_policy_decisions_total{effect=\"allow\"}");
    assert_eq!(was_checked, permits, "{counted}");
    serve.signal(rustix::process::Signal::TERM);
    serve.ended().await;
}

#[tokio::test]
async fn what_is_listed_is_known_and_what_is_not_is_unknown() {
    let all = everything().await;
    let mut runner = TestRunner::deterministic();
    for _ in 0..WORLDS {
        let world = world().new_tree(&mut runner).expect("a world").current();
        holds(&world, &all).await;
    }
}
