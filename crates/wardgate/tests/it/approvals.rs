//! Approvals as callers and approvers meet them: asked for by a policy, given by people, good for one call.

use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Request, send},
    legacy::Session,
    modern, within,
};

use crate::{
    edge::class,
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
};

/// Refunds take two people of finance; everything else is allowed.
pub const REFUNDS: &str = r#"
@id("everything") permit(principal, action, resource);
@id("refunds-need-two") @approval("finance:2")
forbid(principal, action == Action::"lab/refund_create", resource);
"#;

pub const PEOPLE: &str = "tenants:
  acme:
    groups: {finance: [ana, ben, cleo, caller]}
    aliases: {ben: [ben-bot], caller: [caller-bot]}
servers: {lab: {lab: {effects: effects.jsonl}}}
include: [policies/*.cedar]
";

pub async fn start(terms: &str) -> Serve {
    start_with(REFUNDS, terms).await
}

pub async fn start_with(policies: &str, terms: &str) -> Serve {
    let config = format!("gateway: {{admin: 127.0.0.1:0, approvals: {{{terms}}}}}\n{PEOPLE}");
    start_as(policies, &config).await
}

/// Starts on this config, which includes these policies.
pub async fn start_as(policies: &str, config: &str) -> Serve {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("policies")).unwrap();
    std::fs::write(folder.path().join("policies/refunds.cedar"), policies).unwrap();
    Serve::start_in(folder, config).await
}

/// Runs the program beside the gateway.
pub async fn run(serve: &Serve, args: &[&str]) -> Output {
    let output = wardgate(serve.directory.path(), args)
        .env("WARDGATE_URL", format!("http://{}/mcp", serve.address))
        .output();
    within("the program", output)
        .await
        .expect("the built program")
}

pub fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).trim_end().to_owned()
}

pub async fn exits(serve: &Serve, args: &[&str], code: i32) -> String {
    let output = run(serve, args).await;
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        said(&output)
    );
    said(&output)
}

/// What `wardgate call` says of a refund of so much, by `acme/caller`.
async fn refund(serve: &Serve, amount: u32, code: i32) -> String {
    let arguments = format!(r#"{{"amount": {amount}}}"#);
    let call = [
        "call",
        "--as",
        "acme/caller",
        "--no-wait",
        "lab/refund_create",
        &arguments,
    ];
    exits(serve, &call, code).await
}

pub fn id_in(text: &str) -> String {
    let at = text
        .find("apr_")
        .unwrap_or_else(|| panic!("no approval: {text}"));
    let id = text[at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_');
    id.collect()
}

pub async fn grant(serve: &Serve, id: &str, who: &str, code: i32) -> String {
    exits(serve, &["approve", "grant", id, "--as", who], code).await
}

/// Two people agree.
pub async fn granted(serve: &Serve, id: &str) {
    grant(serve, id, "acme/ana", 4).await;
    grant(serve, id, "acme/ben", 0).await;
}

/// The refunds that were made.
pub fn effects(serve: &Serve) -> Vec<Value> {
    let text = std::fs::read_to_string(serve.path("effects.jsonl")).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn call(arguments: Value, meta: Value) -> Request {
    let params = json!({"name": "refund_create", "arguments": arguments, "_meta": meta});
    modern::request("/mcp", 1, "tools/call", params).header("Wardgate-As", "acme/caller")
}

pub fn at_once() -> Value {
    json!({"dev.wardgate/waitMs": 0})
}

#[tokio::test]
async fn two_people_of_the_group_let_one_exact_call_through() {
    let mut serve = start("").await;
    let id = id_in(&refund(&serve, 500, 4).await);
    // The same call again is the same request.
    assert_eq!(id_in(&refund(&serve, 500, 4).await), id);
    let own = grant(&serve, &id, "acme/caller", 3).await;
    assert!(own.contains("own request"), "{own}");
    let half = grant(&serve, &id, "acme/ana", 4).await;
    assert!(
        half.contains("pending") && half.contains("1/2 finance"),
        "{half}"
    );
    grant(&serve, &id, "acme/ana", 3).await;
    assert!(grant(&serve, &id, "acme/ben", 0).await.contains("approved"));
    assert_eq!(effects(&serve).len(), 0);
    // Another amount is another call.
    let other = id_in(&refund(&serve, 501, 4).await);
    assert_ne!(other, id);
    assert_eq!(effects(&serve).len(), 0);
    refund(&serve, 500, 0).await;
    let made = effects(&serve);
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["args"]["amount"], 500, "{made:?}");
    // Used up.
    assert_ne!(id_in(&refund(&serve, 500, 4).await), id);
    assert_eq!(effects(&serve).len(), 1);
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    let of = |kind: &str| {
        records
            .iter()
            .filter(|record| record["type"] == kind)
            .count()
    };
    assert_eq!((of("approval.request"), of("approval.vote")), (3, 1));
    assert_eq!((of("approval.grant"), of("approval.use")), (1, 1));
    let done = records
        .iter()
        .find(|record| record["type"] == "tool.call" && record["outcome"]["status"] == "success");
    assert_eq!(done.unwrap()["decision"]["approval"], id.as_str());
}

#[tokio::test]
async fn whoever_is_the_requester_under_another_name_has_no_say() {
    let serve = start("").await;
    let id = id_in(&refund(&serve, 1, 4).await);
    for alias in ["acme/caller-bot", "acme/Caller", "acme/CALLER-BOT"] {
        grant(&serve, &id, alias, 3).await;
    }
    grant(&serve, &id, "acme/ben-bot", 3).await;
    grant(&serve, &id, "acme/ben", 4).await;
    grant(&serve, &id, "globex/ana", 2).await;
    grant(&serve, "apr_0", "acme/ana", 2).await;
}

#[tokio::test]
async fn one_no_ends_it_and_the_model_is_told_why() {
    let serve = start("").await;
    let id = id_in(&refund(&serve, 7, 4).await);
    grant(&serve, &id, "acme/ana", 4).await;
    let deny = [
        "approve", "deny", &id, "--as", "acme/ben", "--reason", "too much",
    ];
    exits(&serve, &deny, 0).await;
    grant(&serve, &id, "acme/cleo", 1).await;
    let told = refund(&serve, 7, 3).await;
    assert!(told.contains("too much") && told.contains(&id), "{told}");
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn a_call_that_is_held_goes_on_when_people_agree() {
    let serve = start("").await;
    let request = call(json!({"amount": 9}), json!({}));
    let held = send(serve.address, &request);
    let voting = async {
        let id = pending(&serve).await;
        granted(&serve, &id).await;
    };
    let (reply, ()) = tokio::join!(within("the held call", held), voting);
    let answer = reply.answer();
    assert_eq!(answer["result"]["isError"], Value::Null, "{answer}");
    assert_eq!(effects(&serve).len(), 1);
}

/// Waits until somebody asks for an approval and returns which.
pub async fn pending(serve: &Serve) -> String {
    serve.logged("approval asked for").await;
    let listed = exits(serve, &["approve", "ls", "--json", "--as", "acme/ana"], 0).await;
    id_in(&listed)
}

#[tokio::test]
async fn a_hundred_racing_uses_of_one_approval_are_one_execution() {
    let serve = start("").await;
    let request = call(json!({"amount": 5}), at_once());
    let id = id_in(&send(serve.address, &request).await.text());
    granted(&serve, &id).await;
    let racing = (0..100).map(|_| send(serve.address, &request));
    let replies = within("the race", futures_util::future::join_all(racing)).await;
    let through = replies.iter().filter(|reply| {
        let answer = reply.answer();
        answer["result"]["isError"] != true && answer["result"].is_object()
    });
    assert_eq!(through.count(), 1);
    assert_eq!(effects(&serve).len(), 1);
    for reply in &replies {
        let class = class(&reply.answer()).to_owned();
        assert!(
            matches!(&*class, "" | "approval_pending"),
            "{}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn a_grant_survives_a_kill_and_is_good_once() {
    let mut serve = start("").await;
    let id = id_in(&refund(&serve, 8, 4).await);
    granted(&serve, &id).await;
    serve.signal(Signal::KILL);
    serve.ended().await;
    let Serve { directory, .. } = serve;
    let config = std::fs::read_to_string(directory.path().join("wardgate.yaml")).unwrap();
    let serve = Serve::start_in(directory, &config).await;
    refund(&serve, 8, 0).await;
    assert_eq!(effects(&serve).len(), 1);
    assert_ne!(id_in(&refund(&serve, 8, 4).await), id);
}

#[tokio::test]
async fn what_nobody_decides_or_uses_in_time_expires() {
    let serve = start("decide_within: 1s, use_within: 10m").await;
    let id = id_in(&refund(&serve, 3, 4).await);
    until_state(&serve, &id, "expired").await;
    grant(&serve, &id, "acme/ana", 1).await;
    let serve = start("use_within: 1s").await;
    let id = id_in(&refund(&serve, 3, 4).await);
    granted(&serve, &id).await;
    until_state(&serve, &id, "expired").await;
    assert_ne!(id_in(&refund(&serve, 3, 4).await), id);
    assert_eq!(effects(&serve).len(), 0);
}

async fn until_state(serve: &Serve, id: &str, state: &str) {
    let ask = ["approve", "show", id, "--json", "--as", "acme/ana"];
    let reached = async {
        loop {
            let shown: Value = serde_json::from_str(&exits(serve, &ask, 0).await).unwrap();
            if shown["state"] == state {
                return;
            }
        }
    };
    within("the clock", reached).await;
}

/// Asks again until the answer is what is waited for.
pub async fn until_answer(serve: &Serve, request: &Request, is: impl Fn(&Value) -> bool) -> Value {
    let reached = async {
        loop {
            let answer = send(serve.address, request).await.answer();
            if is(&answer) {
                return answer;
            }
        }
    };
    within("the answer", reached).await
}

/// What a call brings along for the server's questions decides what it does, as its arguments do.
#[tokio::test]
async fn answers_nobody_approved_need_another_approval() {
    let asks = REFUNDS.replace("lab/refund_create", "lab/ask");
    let serve = start_with(&asks, "wait: 0s").await;
    let answers = |name: &str| json!({"name": {"action": "accept", "content": {"name": name}}});
    let ask = async |answers: Option<Value>| {
        let mut params = json!({"name": "ask", "arguments": {}, "_meta": {}});
        if let Some(answers) = answers {
            params["inputResponses"] = answers;
        }
        let request = modern::request("/mcp", 1, "tools/call", params);
        let request = request.header("Wardgate-As", "acme/caller");
        send(serve.address, &request).await.answer()
    };
    let held = ask(None).await;
    assert_eq!(class(&held), "approval_pending", "{held}");
    granted(&serve, &id_in(&held.to_string())).await;
    let other = ask(Some(answers("MALLORY"))).await;
    assert_eq!(class(&other), "approval_pending", "{other}");
    let id = id_in(&other.to_string());
    let seen = exits(&serve, &["approve", "show", &id], 0).await;
    assert!(seen.contains("MALLORY"), "{seen}");
    granted(&serve, &id).await;
    let changed = ask(Some(answers("MALLORY-2"))).await;
    assert_eq!(class(&changed), "approval_pending", "{changed}");
    let approved = ask(Some(answers("MALLORY"))).await;
    assert!(approved.to_string().contains("MALLORY"), "{approved}");
}

#[tokio::test]
async fn nobody_agrees_to_what_they_cannot_see() {
    let serve = start("wait: 0s").await;
    let padded = |bytes: usize| {
        let arguments = json!({"amount": 5, "reason": "x".repeat(bytes)});
        call(arguments, json!({}))
    };
    let long = send(serve.address, &padded(70_000)).await.answer();
    assert_eq!(class(&long), "policy_denied", "{long}");
    assert!(long.to_string().contains("too long to be shown"), "{long}");
    let fits = send(serve.address, &padded(60_000)).await.answer();
    assert_eq!(class(&fits), "approval_pending", "{fits}");
    let listed = exits(&serve, &["approve", "ls", "--json"], 0).await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let seen = exits(&serve, &["approve", "show", &id_in(&fits.to_string())], 0).await;
    assert!(seen.contains(&"x".repeat(60_000)), "{seen}");

    let hidden = json!({"amount": 5, "reason": "\u{202e}to bob\u{200b}"});
    let hidden = send(serve.address, &call(hidden, json!({}))).await.answer();
    let seen = exits(&serve, &["approve", "show", &id_in(&hidden.to_string())], 0).await;
    assert!(seen.contains(r"\u{202e}to bob\u{200b}"), "{seen}");
}

#[tokio::test]
async fn who_is_stopped_has_no_say() {
    let serve = start("wait: 0s").await;
    let held = send(serve.address, &call(json!({"amount": 5}), json!({}))).await;
    let id = id_in(&held.answer().to_string());
    let kill = [
        "kill",
        "principal",
        "acme/ana",
        "--as",
        "acme/cleo",
        "--reason",
        "t",
    ];
    let killed = exits(&serve, &kill, 0).await;
    let said = grant(&serve, &id, "acme/ana", 3).await;
    assert!(said.contains("an override stops this principal"), "{said}");
    let at = killed.find("ovr_").expect("an override");
    let rule: String = killed[at..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    exits(
        &serve,
        &["lift", &rule, "--as", "acme/cleo", "--reason", "t"],
        0,
    )
    .await;
    granted(&serve, &id).await;
}

#[tokio::test]
async fn a_changed_policy_needs_another_approval_and_a_hard_rule_holds() {
    let serve = start("").await;
    let id = id_in(&refund(&serve, 2, 4).await);
    granted(&serve, &id).await;
    let before = serve.log().len();
    std::fs::write(
        serve.path("policies/refunds.cedar"),
        format!("{REFUNDS}@id(\"small\") forbid(principal, action == Action::\"lab/refund_create\", resource) when {{ context.input.amount == decimal(\"99.0\") }};"),
    )
    .unwrap();
    serve.logged_after(before, "configuration reloaded").await;
    let other = id_in(&refund(&serve, 2, 4).await);
    assert_ne!(other, id);
    let told = refund(&serve, 99, 3).await;
    assert!(told.contains("small"), "{told}");
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn a_legacy_client_repeats_the_call_after_it_is_granted() {
    let serve = start("wait: 0s").await;
    let headers = [("Wardgate-As", "acme/caller")];
    let session = Session::open_as(serve.address, "/mcp", "2025-11-25", json!({}), &headers).await;
    let params = json!({"name": "refund_create", "arguments": {"amount": 4}});
    let answer = session.call(2, "tools/call", params.clone()).await.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    let approval = &answer["result"]["_meta"]["dev.wardgate/approval"];
    assert_eq!(approval["state"], "pending", "{answer}");
    granted(&serve, approval["id"].as_str().unwrap()).await;
    let answer = session.call(3, "tools/call", params).await.answer();
    assert_eq!(class(&answer), "", "{answer}");
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_while_it_waits_has_no_effect() {
    let serve = start("").await;
    let request = call(json!({"amount": 6}), json!({}));
    let waiting = send(serve.address, &request);
    let id = tokio::select! {
        id = pending(&serve) => id,
        reply = waiting => panic!("it was not held: {}", reply.text()),
    };
    granted(&serve, &id).await;
    let ls = exits(
        &serve,
        &["approve", "show", &id, "--json", "--as", "acme/ana"],
        0,
    )
    .await;
    assert!(ls.contains("\"approved\""), "{ls}");
    assert_eq!(effects(&serve).len(), 0);
    refund(&serve, 6, 0).await;
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn what_is_stopped_while_a_call_waits_stays_stopped() {
    let serve = start("").await;
    let request = call(json!({"amount": 6}), json!({}));
    let held = send(serve.address, &request);
    let deciding = async {
        let id = pending(&serve).await;
        let kill = ["kill", "tool", "lab/refund_create", "--reason", "t"];
        exits(&serve, &kill, 0).await;
        granted(&serve, &id).await;
    };
    let (reply, ()) = tokio::join!(within("the held call", held), deciding);
    assert_eq!(class(&reply.answer()), "disabled", "{}", reply.text());
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn a_waiting_call_takes_no_place() {
    let serve = start("").await;
    let config = std::fs::read_to_string(serve.path("wardgate.yaml")).unwrap();
    let one = "limits: [{name: one, key: principal, concurrency: 1}]\n    groups:";
    serve.configure(&config.replace("groups:", one));
    serve.logged("configuration reloaded").await;
    let request = call(json!({"amount": 6}), json!({}));
    let held = send(serve.address, &request);
    let deciding = async {
        let id = pending(&serve).await;
        let echo = json!({"name": "echo", "arguments": {"text": "x"}});
        let echo = modern::request("/mcp", 2, "tools/call", echo);
        let echo = echo.header("Wardgate-As", "acme/caller");
        let meanwhile = send(serve.address, &echo).await.answer();
        assert_eq!(class(&meanwhile), "", "{meanwhile}");
        granted(&serve, &id).await;
    };
    let (reply, ()) = tokio::join!(within("the held call", held), deciding);
    assert_eq!(class(&reply.answer()), "", "{}", reply.text());
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn check_finds_an_approval_that_nobody_could_give() {
    let lonely = REFUNDS.replace("finance:2", "finance:5");
    let serve = start_with(&lonely, "").await;
    let told = exits(&serve, &["check"], 0).await;
    assert!(
        told.contains("warning[WG1131]") && told.contains("refunds-need-two"),
        "{told}"
    );
    let config = std::fs::read_to_string(serve.path("wardgate.yaml")).unwrap();
    serve.configure(&config.replace("gateway: {", "gateway: {environment: prod, "));
    let told = exits(&serve, &["check"], 1).await;
    assert!(told.contains("error[WG1131]"), "{told}");
}

#[tokio::test]
async fn a_principal_has_only_so_many_requests_waiting() {
    let serve = start("pending: 2").await;
    refund(&serve, 1, 4).await;
    refund(&serve, 2, 4).await;
    let told = refund(&serve, 3, 6).await;
    assert!(told.contains("wait for approval already"), "{told}");
    refund(&serve, 1, 4).await;
}

#[tokio::test]
async fn what_nobody_could_approve_is_denied_with_the_reason() {
    let lonely = REFUNDS.replace("finance:2", "finance:4");
    let serve = start_with(&lonely, "").await;
    let told = refund(&serve, 1, 3).await;
    assert!(told.contains("nobody could give"), "{told}");
}

#[tokio::test]
async fn approvers_are_not_shown_what_callers_are_not() {
    let policies = r#"
@redact("pii") permit(principal, action, resource);
@approval("finance:1") forbid(principal, action == Action::"lab/put_item", resource);
"#;
    let serve = start_with(policies, "wait: 0s").await;
    let (mail, token) = (
        "ana.lopez@acme.test",
        "ghp_0Zb7Lk3QwXyT9mN2vR8sD5fH1jG4cA6eU0iP",
    );
    let arguments = json!({"id": "a", "value": format!("for {mail}")});
    let reason = json!({"dev.wardgate/reason": format!("{mail} asks, with {token}")});
    let params = json!({"name": "put_item", "arguments": arguments, "_meta": reason});
    let request = modern::request("/mcp", 1, "tools/call", params);
    let request = request.header("Wardgate-As", "acme/caller");
    let answer = send(serve.address, &request).await.answer();
    assert_eq!(class(&answer), "approval_pending", "{answer}");
    let shown = exits(&serve, &["approve", "ls", "--json"], 0).await;
    assert!(shown.contains("put_item"), "{shown}");
    assert!(!shown.contains(mail) && !shown.contains(token), "{shown}");
    for entry in std::fs::read_dir(serve.path(STATE)).expect("a folder") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        let said = [mail, token].into_iter().find(|said| text.contains(said));
        assert_eq!(said, None, "{}", path.display());
    }
}
