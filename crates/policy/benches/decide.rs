//! What a decision costs: 100 policies over 1,000 tools, as nanoseconds on standard output.
//!
//! `cargo bench -p wardgate-policy`. No claim is made here; numbers are read by people.

#[path = "../tests/world/mod.rs"]
mod world;

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use wardgate_policy::{Tool, validate};
use world::{World, circumstances, policies};

const TOOLS: usize = 1_000;
const POLICIES: usize = 100;
const ROUNDS: u32 = 50;
const BATCHES: usize = 1_000;

fn main() {
    let mut text = String::from(
        r#"permit (principal, action in Action::"call", resource) when { context.env != "prod" };
           permit (principal in Group::"support", action in Action::"call", resource);
           @approval("leads:1") forbid (principal, action in Action::"call", resource)
           when { resource.risk == "critical" };"#,
    );
    for n in 3..POLICIES {
        write!(
            text,
            r#"forbid (principal in Group::"g{n}", action == Action::"pay/t{n}", resource)
               when {{ context.input.amount.greaterThan(decimal("{n}.0")) }};"#
        )
        .expect("a string grows");
    }
    let all: Vec<Tool> = tools().collect();
    let started = Instant::now();
    let faults = validate(&policies(&text), &all).expect("a schema");
    println!(
        "validate {POLICIES} policies over {TOOLS} tools, {} faults: {:?}",
        faults.len(),
        started.elapsed()
    );
    let started = Instant::now();
    let mut world = World::with_tools(&text, tools());
    println!(
        "compile {POLICIES} policies over {TOOLS} tools: {:?}",
        started.elapsed()
    );

    world.tool = world::tool_ref("pay/t500");
    report("decide, no candidate reads arguments", || {
        black_box(world.decide());
    });
    report("visible", || {
        black_box(world.visible());
    });
    world.tool = world::tool_ref("pay/t50");
    report("decide, one candidate reads arguments", || {
        black_box(world.decide());
    });
    let facts = circumstances("prod");
    let started = Instant::now();
    let all: Vec<_> = world
        .authorizer
        .tools()
        .map(|tool| tool.tool.clone())
        .collect();
    let shown = all
        .iter()
        .filter(|tool| {
            world
                .authorizer
                .visible(&world.caller, &world.toolset, tool, &facts, false)
        })
        .count();
    println!("list {shown} of {TOOLS} tools: {:?}", started.elapsed());
}

fn tools() -> impl Iterator<Item = Tool> {
    (0..TOOLS).map(|n| {
        let mut tool = world::refund();
        tool.tool = world::tool_ref(&format!("pay/t{n}"));
        tool
    })
}

/// The fastest batch: what else runs on the machine only ever adds.
fn report(what: &str, mut once: impl FnMut()) {
    let batch = |_| {
        let started = Instant::now();
        for _ in 0..ROUNDS {
            once();
        }
        started.elapsed() / ROUNDS
    };
    let fastest = (0..BATCHES).map(batch).min().unwrap_or_default();
    println!("{what}: {} ns", fastest.as_nanos());
}
