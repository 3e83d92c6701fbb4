//! `wardgate limit`: where limits stand, and what smaller ones would have refused.

use std::process::Output;

use serde_json::{Value, json};
use wardgate_testkit::http::send;

use crate::{
    edge::call,
    lifecycle_serve::{Serve, wardgate},
};

const CONFIG: &str = "gateway: {admin: 127.0.0.1:0}
servers: {lab: {lab: true, tools: {put_item: {cost_usd: 0.02}}}}
tenants:
  local:
    limits:
      - {name: floor, key: principal, calls: 10, per: 1h}
      - {name: purse, cost_usd: 1.5, per: day}
      - {name: untouched, calls: 7, per: day, tools: ['lab/rug']}
";

async fn run(serve: &Serve, args: &[&str]) -> Output {
    let output = wardgate(serve.directory.path(), args).output();
    output.await.expect("the built program")
}

async fn json_of(serve: &Serve, args: &[&str]) -> Value {
    let output = run(serve, &[args, &["--json"]].concat()).await;
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{fault}: {said}"))
}

/// The gateway after twelve writes, of which the limit has let ten pass.
async fn used_up() -> Serve {
    let serve = Serve::start(CONFIG).await;
    for _ in 0..12 {
        send(
            serve.address,
            &call("put_item", json!({"id": "a", "value": "x"})),
        )
        .await;
    }
    serve
}

#[tokio::test]
async fn limits_are_listed_with_what_is_used_and_what_is_not() {
    let serve = used_up().await;
    let listed = json_of(&serve, &["limit", "ls"]).await;
    let of = |id: &str| {
        let mut items = listed.as_array().expect("an array").iter();
        items
            .find(|item| item["id"] == id)
            .unwrap_or_else(|| panic!("no {id} in {listed:#}"))
    };
    let floor = of("local/floor");
    assert_eq!((&floor["used"], &floor["most"]), (&json!(10), &json!(10)));
    assert_eq!(floor["key"]["principal"], "anonymous", "{floor}");
    assert_eq!(of("local/untouched")["used"], 0);

    let table = run(&serve, &["limit", "ls"]).await;
    let table = String::from_utf8_lossy(&table.stdout);
    let row = |name: &str| {
        let found = table.lines().find(|line| line.contains(name));
        let cells = found
            .unwrap_or_else(|| panic!("no {name} in\n{table}"))
            .split_whitespace();
        cells.collect::<Vec<_>>().join(" ")
    };
    assert!(
        row("floor").starts_with("local/floor principal anonymous 10 10 calls in "),
        "{table}"
    );
    assert!(
        row("purse").starts_with("local/purse everybody 0.2 1.5 cost_usd in "),
        "{table}"
    );

    let shown = json_of(&serve, &["limit", "show", "floor"]).await;
    assert_eq!(shown.as_array().map(Vec::len), Some(1), "{shown}");
    let missing = run(&serve, &["limit", "show", "flor"]).await;
    assert_eq!(missing.status.code(), Some(2));
}

#[tokio::test]
async fn a_smaller_limit_is_tried_on_recorded_calls() {
    let serve = used_up().await;
    let simulate = ["limit", "simulate", "--since", "1h"];
    let now = json_of(&serve, &simulate).await;
    assert_eq!(
        (&now["calls"], &now["refused"]),
        (&json!(10), &json!(0)),
        "{now:#}"
    );
    let half = json_of(&serve, &[&simulate[..], &["--scale", "50%"]].concat()).await;
    assert_eq!(half["refused"], 5, "{half:#}");
    assert_eq!(half["by_rule"], json!({"local/floor": 5}));
    assert_eq!(half["by_principal"], json!({"local/anonymous": 5}));
    assert_eq!(half["by_tool"], json!({"lab/put_item": 5}));

    let tight = CONFIG.replace("cost_usd: 1.5", "cost_usd: 0.06");
    std::fs::write(serve.path("tight.yaml"), tight).expect("a file");
    let tight = json_of(&serve, &[&simulate[..], &["tight.yaml"]].concat()).await;
    assert_eq!(tight["by_rule"], json!({"local/purse": 7}), "{tight:#}");
    let told = run(&serve, &[&simulate[..], &["tight.yaml"]].concat()).await;
    let told = String::from_utf8_lossy(&told.stdout);
    assert!(
        told.starts_with("7 of 10 calls would have been refused\n"),
        "{told}"
    );

    std::fs::write(
        serve.path("broken.yaml"),
        "tenants: {local: {limits: [{name: x}]}}",
    )
    .expect("a file");
    let broken = run(&serve, &[&simulate[..], &["broken.yaml"]].concat()).await;
    assert_eq!(broken.status.code(), Some(2));
}
