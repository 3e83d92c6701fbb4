//! Structured results that do not fit the output schema their tool declares.

use serde_json::{Value, json};
use wardgate_testkit::{
    http,
    legacy::Session,
    modern,
    upstream::{Act, Received, Upstream},
};

use crate::gateway::{Finished, TestGateway};

fn tools() -> Value {
    let sum =
        json!({"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]});
    json!([
        {"name": "answer", "inputSchema": {"type": "object"}, "outputSchema": sum},
        {"name": "loose", "inputSchema": {"type": "object"}},
        {"name": "odd", "inputSchema": {"type": "object"}, "outputSchema": {"type": "nonsense"}},
    ])
}

/// Answers with the arguments as the result.
fn echo(received: &Received) -> Act {
    let mut result = received.message()["params"]["arguments"].clone();
    result["content"] = json!([]);
    result["resultType"] = "complete".into();
    Act::result(received, &result.to_string())
}

/// Calls `tool`, whose server answers `result`, as a client of each era; returns both results and what the gateway left.
async fn called(config: &str, tool: &str, result: Value) -> ([Value; 2], Finished) {
    let upstream = Upstream::modern(tools(), echo).await;
    let config = format!(
        "servers: {{s: {{url: '{}', era: modern{config}}}}}\n",
        upstream.url()
    );
    let gateway = TestGateway::start(&config).await;
    let params = json!({"name": tool, "arguments": result});
    let request = modern::request("/mcp", 1, "tools/call", params.clone());
    let modern = http::send(gateway.address, &request).await.answer();
    let session = Session::open(gateway.address, "/mcp", "2025-11-25").await;
    let legacy = session.call(1, "tools/call", params).await.answer();
    let finished = gateway.stop().await;
    (
        [modern, legacy].map(|answer| answer["result"].clone()),
        finished,
    )
}

fn misfit() -> Value {
    json!({"structuredContent": {"sum": "three"}, "_meta": {"com.acme/x": 1}})
}

#[tokio::test]
async fn a_misfit_is_sent_and_told_unless_the_config_says_otherwise() {
    let (results, finished) = called("", "answer", misfit()).await;
    for result in results {
        assert_eq!(result["structuredContent"], json!({"sum": "three"}));
        let note = json!({"pointer": "/sum", "reason": "expected integer, got string"});
        assert_eq!(
            result["_meta"],
            json!({"com.acme/x": 1, "dev.wardgate/output": note})
        );
    }
    for record in finished.calls() {
        assert_eq!(
            (&record["outcome"]["status"], &record["outcome"]["output"]),
            (&json!("success"), &json!("flagged"))
        );
    }
}

#[tokio::test]
async fn a_blocked_misfit_is_the_servers_failure() {
    let (results, finished) = called(", validate_output: block", "answer", misfit()).await;
    for result in results {
        assert_eq!(result["isError"], true, "{result}");
        assert_eq!(
            result["_meta"]["dev.wardgate/error"]["class"],
            "upstream_error"
        );
        assert!(!result.to_string().contains("three"), "{result}");
    }
    for record in finished.calls() {
        assert_eq!(
            (
                &record["outcome"]["error_type"],
                &record["outcome"]["output"]
            ),
            (&json!("upstream_error"), &json!("blocked"))
        );
    }
}

#[tokio::test]
async fn what_fits_or_is_not_to_be_checked_is_left_alone() {
    let large = json!({"structuredContent": {"sum": 3, "pad": "x".repeat(100_000)}});
    for (config, tool, result) in [
        ("", "answer", json!({"structuredContent": {"sum": 3}})),
        (", validate_output: block", "answer", large),
        (", validate_output: block", "answer", json!({})),
        (
            ", validate_output: block",
            "answer",
            json!({"structuredContent": {}, "isError": true}),
        ),
        (", validate_output: block", "loose", misfit()),
        (", validate_output: off", "answer", misfit()),
        ("", "odd", misfit()),
    ] {
        let (results, finished) = called(config, tool, result.clone()).await;
        for got in results {
            assert_eq!(
                got["structuredContent"], result["structuredContent"],
                "{config} {tool}"
            );
            assert!(got["_meta"]["dev.wardgate/output"].is_null(), "{got}");
        }
        assert!(
            finished
                .calls()
                .iter()
                .all(|record| record["outcome"]["output"].is_null())
        );
    }
}

#[tokio::test]
async fn a_tool_whose_results_cannot_be_judged_is_not_served_where_misfits_are_blocked() {
    let (results, finished) = called(", validate_output: block", "odd", misfit()).await;
    assert_eq!(results, [Value::Null, Value::Null]);
    assert!(
        finished.log.contains("left out of the list"),
        "{}",
        finished.log
    );
}
