//! Approvals at the edges: clients that wait by themselves, and who else is told of a request.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Request, send},
    modern,
    stdio::Stdio,
    upstream::{Act, Upstream},
    within,
};

use crate::{
    approvals::{PEOPLE, REFUNDS, at_once, call, effects, grant, granted, id_in, start},
    edge::class,
    lifecycle_serve::{Serve, wardgate},
};

/// As a client that shows pages; `state` is what an earlier answer gave.
fn patient(amount: u32, state: Option<&Value>) -> Request {
    let mut params = json!({"name": "refund_create", "arguments": {"amount": amount}});
    if let Some(state) = state {
        params["requestState"] = state.clone();
        params["inputResponses"] = json!({"approval": {"action": "accept"}});
    }
    let params = modern::with_meta(params, json!({"elicitation": {"url": {}}}));
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
    modern::post("/mcp", &message).header("Wardgate-As", "acme/caller")
}

#[tokio::test]
async fn a_client_that_shows_pages_waits_by_itself() {
    let serve = start("wait: 300ms").await;
    let asked = send(serve.address, &patient(5, None)).await.answer();
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required", "{asked}");
    let question = &result["inputRequests"]["approval"];
    assert_eq!(question["method"], "elicitation/create", "{asked}");
    assert_eq!(question["params"]["mode"], "url", "{asked}");
    let id = id_in(question["params"]["url"].as_str().unwrap());
    let state = &result["requestState"];
    assert!(!state.as_str().unwrap().contains(&id));
    // Not decided yet: the same again.
    let again = send(serve.address, &patient(5, Some(state))).await.answer();
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    let page = Request::new("GET", &format!("/approve/{id}"));
    let page = send(serve.address, &page).await;
    assert_eq!(page.status, 200);
    assert!(!page.text().contains(&id));
    granted(&serve, &id).await;
    // The state belongs to other arguments: it helps nobody.
    let other = send(serve.address, &patient(6, Some(state))).await.answer();
    assert_eq!(other["result"]["resultType"], "input_required", "{other}");
    assert_eq!(effects(&serve).len(), 0);
    let done = send(serve.address, &patient(5, Some(state))).await.answer();
    assert_eq!(done["result"]["resultType"], "complete", "{done}");
    assert_eq!(
        done["result"]["_meta"]["dev.wardgate/approval"]["id"],
        id.as_str(),
        "{done}"
    );
    assert_eq!(effects(&serve).len(), 1);
    // What it waited for is used up, so it is told that, and asks nobody anew.
    let over = send(serve.address, &patient(5, Some(state))).await.answer();
    assert_eq!(class(&over), "approval_pending", "{over}");
    assert_eq!(over["result"]["isError"], true, "{over}");
    assert_eq!(effects(&serve).len(), 1);
}

/// A folder with the policy and this config.
pub fn folder(config: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/refunds.cedar"), REFUNDS).unwrap();
    std::fs::write(folder.path().join("wardgate.yaml"), config).unwrap();
    folder
}

#[tokio::test]
async fn over_stdio_a_call_waits_for_what_another_gateway_on_the_store_decides() {
    let people = PEOPLE.replace("acme:", "local:");
    let config = format!("gateway: {{admin: 127.0.0.1:0}}\n{people}");
    let serve = Serve::start_in(folder(&config), &config).await;
    let state = serve.path("wardgate-data");
    let apart = folder(&format!("gateway: {{state: {state:?}}}\n{people}"));
    let mut stdio = Stdio::start(wardgate(apart.path(), &["serve", "--stdio"]));
    let params = json!({"name": "refund_create", "arguments": {"amount": 5}});
    let mut hasty = modern::with_meta(params.clone(), json!({"elicitation": {"url": {}}}));
    hasty["_meta"]["dev.wardgate/waitMs"] = json!(1);
    let asked = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": hasty});
    let (_, answer) = within("an answer", stdio.ask(&asked)).await;
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    let id = id_in(&answer.to_string());
    stdio.send(&modern::message(2, "tools/call", params)).await;
    for (who, code) in [("local/ana", 4), ("local/ben", 0)] {
        grant(&serve, &id, who, code).await;
    }
    let (_, answer) = within("the held call", stdio.answer(&json!(2))).await;
    assert_eq!(class(&answer), "", "{answer}");
    let made = std::fs::read_to_string(apart.path().join("effects.jsonl")).unwrap();
    assert_eq!(made.lines().count(), 1, "{made}");
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn a_webhook_is_told_signed_and_again_until_it_takes_it() {
    let attempts = Arc::new(AtomicUsize::new(0));
    let count = attempts.clone();
    let receiver = Upstream::start(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Act::status(503),
        _ => Act::json("{}"),
    })
    .await;
    let port = receiver
        .url()
        .rsplit(':')
        .next()
        .unwrap()
        .replace("/mcp", "");
    let config = format!(
        "gateway:
  admin: 127.0.0.1:0
  egress: {{allow: [127.0.0.1], ports: [{port}], plain_http: true}}
  approvals: {{webhook: {{url: '{}', secret: {{file: hook}}}}}}
{PEOPLE}",
        receiver.url()
    );
    let folder = folder(&config);
    std::fs::write(folder.path().join("hook"), SECRET).unwrap();
    let serve = Serve::start_in(folder, &config).await;
    let arguments = json!({"amount": 5, "reason": "canary-argument"});
    let request = call(arguments, at_once());
    let id = id_in(&send(serve.address, &request).await.text());
    let told = receiver.until("", 3).await;
    for event in &told {
        let header = |name| event.header(name).expect(name);
        assert_eq!(header("content-type"), "application/cloudevents+json");
        let key = STANDARD
            .decode(SECRET.trim_start_matches("whsec_"))
            .unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let head = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
        let signed = [head.as_bytes(), &event.body].concat();
        let tag = STANDARD
            .decode(header("webhook-signature").trim_start_matches("v1,"))
            .unwrap();
        hmac::verify(&key, &signed, &tag).expect("the signature");
        assert_eq!(header("webhook-id"), told[0].header("webhook-id").unwrap());
        let said = event.message();
        assert_eq!(said["type"], "dev.wardgate.approval.requested", "{said}");
        assert_eq!(said["subject"], id.as_str(), "{said}");
        assert_eq!(said["data"]["requester"], "acme/caller", "{said}");
        assert!(!said.to_string().contains("canary-argument"), "{said}");
    }
    // Calls go on whatever becomes of the receiver.
    drop(receiver);
    let request = call(json!({"amount": 6}), at_once());
    let other = id_in(&send(serve.address, &request).await.text());
    granted(&serve, &other).await;
    let answer = send(serve.address, &request).await.answer();
    assert_eq!(class(&answer), "", "{answer}");
}
