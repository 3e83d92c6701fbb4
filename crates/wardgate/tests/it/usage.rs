//! What was used, summed from the records: by anything, in any shape, and always what the records say.

use std::path::Path;

use serde_json::{Value, json};
use wardgate_testkit::{http::send, modern};

use crate::gateway::{TestGateway, wardgate};

const CONFIG: &str = "gateway: {environment: dev}
tenants: {acme: {limits: [{name: purse, key: principal, cost_usd: 0.05, per: month}]}}
servers:
  lab: {lab: {}, tools: {add: {cost_usd: 0.02}, echo: {read_only: true}}}
";

/// Ana adds three times, of which her purse pays two; Bob echoes twice, and once asks wrongly.
async fn folder() -> tempfile::TempDir {
    let gateway = TestGateway::start(CONFIG).await;
    let calls = [
        ("acme/ana", "add", json!({"a": 1, "b": 2})),
        ("acme/ana", "add", json!({"a": 1, "b": 2})),
        ("acme/ana", "add", json!({"a": 1, "b": 2})),
        ("globex/bob", "echo", json!({"text": "a"})),
        ("globex/bob", "echo", json!({"text": "b"})),
        ("globex/bob", "echo", json!({"text": 1})),
    ];
    for (principal, tool, arguments) in calls {
        let params = json!({"name": tool, "arguments": arguments});
        let request = modern::request("/mcp", 1, "tools/call", params);
        send(gateway.address, &request.header("Wardgate-As", principal)).await;
    }
    gateway.stop().await.folder
}

fn usage(folder: &Path, args: &[&str]) -> String {
    let output = wardgate(folder, &[&["usage"], args].concat())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn sums_are_what_the_records_say() {
    let folder = folder().await;
    let folder = folder.path();
    let sums: Vec<Value> =
        serde_json::from_str(&usage(folder, &["--by", "principal,tool", "--json"])).unwrap();
    let row = |id: &str| sums.iter().find(|row| row["id"] == id).unwrap();
    let ana = row("ana lab/add");
    assert_eq!(
        (&ana["calls"], &ana["failed"], &ana["cost_usd"]),
        (&json!(2), &json!(0), &json!("0.04"))
    );
    let bob = row("bob lab/echo");
    assert_eq!(
        (&bob["calls"], &bob["failed"], &bob["cost_usd"]),
        (&json!(3), &json!(1), &json!("0"))
    );
    assert_eq!(sums.len(), 2);
    let focus = usage(folder, &["--format", "focus"]);
    let mut lines = focus.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = columns
        .iter()
        .position(|name| *name == "EffectiveCost")
        .unwrap();
    let costs = lines.map(|line| line.split(',').nth(at).unwrap().parse::<f64>().unwrap());
    assert!((costs.sum::<f64>() - 0.04).abs() < 1e-9, "{focus}");
}

#[tokio::test]
async fn tables_and_csv_hold_the_same_rows() {
    let folder = folder().await;
    let folder = folder.path();
    let csv = usage(folder, &["--by", "tenant", "--format", "csv"]);
    let rows: Vec<&str> = csv.lines().collect();
    assert_eq!(
        rows[0],
        "tenant,calls,failed,cost_usd,tokens_est,bytes,compute_s"
    );
    assert!(
        rows[1].starts_with("acme,2,0,0.04,") && rows[2].starts_with("globex,3,1,0,"),
        "{csv}"
    );
    let table = usage(folder, &["--since", "1h"]);
    assert!(
        table.contains("TENANT") && table.contains("acme") && table.contains("0.04"),
        "{table}"
    );
    let nothing = usage(folder, &["--tenant", "nobody", "--json"]);
    assert_eq!(nothing.trim(), "[]");
}
