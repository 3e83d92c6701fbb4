//! The lab as a client of 2026-07-28 sees it.

use crate::support::{Events, LabUnderTest, call_message, json_body, modern_message};
use http::{Method, StatusCode};
use serde_json::json;
use wardgate_ops::lab::LabOptions;

#[tokio::test]
async fn an_effect_leaves_one_line_however_often_it_is_requested() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let refund = json!({"amount": 30, "order": "A-17", "request_id": "k-1"});
    let first = lab.call("refund_create", refund.clone()).await;
    let again = lab.call("refund_create", refund).await;
    assert_eq!(first["structuredContent"], again["structuredContent"]);
    assert_eq!(first["structuredContent"]["refund_id"], "rf_1");
    let effects = lab.stop().await;
    assert_eq!(effects.len(), 1);
    assert_eq!(effects[0]["n"], 1);
    assert_eq!(effects[0]["key"], "k-1");
    assert_eq!(effects[0]["args"]["amount"], 30);
}

#[tokio::test]
async fn wrong_arguments_are_a_result_for_the_model() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let result = lab.call("add", json!({"a": "one", "b": 2})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["content"][0]["text"],
        "argument `a` must be a number"
    );
}

#[tokio::test]
async fn headers_must_agree_with_the_body() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let mut headers = vec![
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-protocol-version", "2026-07-28"),
        ("mcp-method", "tools/call"),
        ("mcp-name", "add"),
    ];
    let body = call_message("echo", json!({"text": "hi"})).to_string();
    let refused = lab.send(Method::POST, "/mcp", &headers, body.clone()).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json_body(refused).await["error"]["code"], -32020);

    headers[4].1 = "=?base64?ZWNobw==?=";
    let served = lab.send(Method::POST, "/mcp", &headers, body).await;
    assert_eq!(
        json_body(served).await["result"]["structuredContent"]["text"],
        "hi"
    );
}

#[tokio::test]
async fn a_question_takes_another_round() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let asked = lab.call("ask", json!({})).await;
    assert_eq!(asked["resultType"], "input_required");
    assert_eq!(
        asked["inputRequests"]["name"]["method"],
        "elicitation/create"
    );

    let mut retry = call_message("ask", json!({}));
    retry["params"]["inputResponses"] =
        json!({"name": {"action": "accept", "content": {"name": "Bo"}}});
    let answered = json_body(lab.modern(&retry).await).await;
    assert_eq!(answered["result"]["content"][0]["text"], "Hello, Bo!");
    assert_eq!(answered["result"]["resultType"], "complete");
}

#[tokio::test]
async fn an_undeclared_capability_is_refused() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let refused = lab
        .modern(&call_message("sample", json!({"prompt": "hi"})))
        .await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    let error = json_body(refused).await["error"].clone();
    assert_eq!(error["code"], -32021);
    assert_eq!(
        error["data"]["requiredCapabilities"],
        json!({"sampling": {}})
    );
}

#[tokio::test]
async fn progress_comes_before_the_result_on_one_stream() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let mut events = Events::of(
        lab.modern(&call_message("notify", json!({"count": 2})))
            .await,
    );
    for number in 1..=2 {
        let message = events.message().await;
        assert_eq!(message["method"], "notifications/progress");
        assert_eq!(message["params"]["progress"], number);
        assert_eq!(message["params"]["progressToken"], 7);
    }
    assert_eq!(
        events.message().await["result"]["structuredContent"]["count"],
        2
    );
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_listener_hears_what_it_asked_for() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let filter = json!({"notifications": {"resourceSubscriptions": ["lab://items"]}});
    let mut events = Events::of(
        lab.modern(&modern_message("subscriptions/listen", filter))
            .await,
    );
    let acknowledged = events.message().await;
    assert_eq!(
        acknowledged["method"],
        "notifications/subscriptions/acknowledged"
    );
    assert_eq!(
        acknowledged["params"]["notifications"],
        json!({"resourceSubscriptions": ["lab://items"]})
    );

    lab.call("touch", json!({"what": "tools"})).await;
    lab.call("put_item", json!({"id": "item-9", "value": 1}))
        .await;
    let updated = events.message().await;
    assert_eq!(updated["params"]["uri"], "lab://items");
    assert_eq!(
        updated["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"],
        1
    );

    let (_, goodbye) = tokio::join!(lab.stop(), events.message());
    assert_eq!(goodbye["result"]["resultType"], "complete");
}

#[tokio::test]
async fn leaving_cancels_before_the_effect() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    let build = call_message("build", json!({"secs": 600, "steps": 1000}));
    let mut events = Events::of(lab.modern(&build).await);
    assert_eq!(events.message().await["method"], "notifications/progress");
    drop(events);
    assert!(lab.stop().await.is_empty());
}

#[tokio::test]
async fn a_hung_answer_still_has_its_effect() {
    let faults = "hang_after_commit=100%".parse().unwrap();
    let lab = LabUnderTest::start(LabOptions {
        faults,
        ..LabOptions::default()
    })
    .await;
    let refund = call_message("refund_create", json!({"amount": 5}));
    let answer =
        tokio::time::timeout(std::time::Duration::from_millis(200), lab.modern(&refund)).await;
    assert!(answer.is_err());
    assert_eq!(lab.stop().await.len(), 1);
}

#[tokio::test]
async fn the_rug_changes_after_the_lists_it_was_told() {
    let mutate = Some("rug@2".parse().unwrap());
    let lab = LabUnderTest::start(LabOptions {
        mutate,
        ..LabOptions::default()
    })
    .await;
    let mut contracts = Vec::new();
    for _ in 0..3 {
        let listed = json_body(lab.modern(&modern_message("tools/list", json!({}))).await).await;
        let tools = listed["result"]["tools"].as_array().unwrap().clone();
        contracts.push(
            tools
                .into_iter()
                .find(|tool| tool["name"] == "rug")
                .unwrap(),
        );
    }
    assert_eq!(contracts[0], contracts[1]);
    assert_ne!(contracts[1]["description"], contracts[2]["description"]);
    assert_eq!(
        contracts[2]["inputSchema"]["required"],
        json!(["text", "sidecar"])
    );
}

#[tokio::test]
async fn pages_of_a_list_follow_one_another() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    lab.send(Method::POST, "/lab/page", &[], "7").await;
    let (mut names, mut params) = (Vec::new(), json!({}));
    loop {
        let page =
            json_body(lab.modern(&modern_message("tools/list", params)).await).await["result"]
                .clone();
        names.extend(
            page["tools"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tool| tool["name"].clone()),
        );
        let Some(cursor) = page.get("nextCursor") else {
            break;
        };
        params = json!({"cursor": cursor});
    }
    assert_eq!(names.len(), 18);
    assert_eq!(names.first(), Some(&json!("echo")));
}

#[tokio::test]
async fn a_foreign_site_is_refused() {
    let lab = LabUnderTest::start(LabOptions::default()).await;
    for headers in [[("host", "evil.test")], [("origin", "https://evil.test")]] {
        let refused = lab.send(Method::POST, "/mcp", &headers, "{}").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}
