//! Calls that wait for people as tasks: begun by a client that declares the extension, sent once it is granted and asked after.

use rustix::process::Signal;
use serde_json::{Value, json};
use wardgate_testkit::{
    http::{Request, send},
    modern,
    stdio::Stdio,
    within,
};

use crate::{
    approvals::{
        PEOPLE, REFUNDS, at_once, call, effects, exits, grant, granted, id_in, said, start,
        start_as, until_answer,
    },
    approvals_told::folder,
    edge::class,
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
};

const TASKS: &str = "io.modelcontextprotocol/tasks";

/// A request of somebody of `acme` whose client knows tasks.
fn as_somebody(who: &str, method: &str, params: Value) -> Request {
    let message = message(method, params);
    modern::post("/mcp", &message).header("Wardgate-As", format!("acme/{who}"))
}

fn message(method: &str, params: Value) -> Value {
    let params = modern::with_meta(params, json!({"extensions": {TASKS: {}}}));
    json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
}

fn refund(amount: u32) -> Request {
    let params = json!({"name": "refund_create", "arguments": {"amount": amount, "reason": "canary-reason"}});
    as_somebody("caller", "tools/call", params)
}

fn about(method: &str, task: &Value) -> Request {
    as_somebody("caller", method, json!({"taskId": task}))
}

async fn ask(serve: &Serve, request: &Request) -> Value {
    let answer = send(serve.address, request).await.answer();
    answer["result"].clone()
}

/// Begins a task; returns its id and that of the approval.
async fn begun(serve: &Serve, amount: u32) -> (Value, String) {
    let task = ask(serve, &refund(amount)).await;
    assert_eq!(task["resultType"], "task", "{task}");
    let approval = id_in(task["statusMessage"].as_str().unwrap());
    (task["taskId"].clone(), approval)
}

/// The task once it has ended.
async fn ended(serve: &Serve, task: &Value) -> Value {
    let get = about("tasks/get", task);
    let is_over = |answer: &Value| answer["result"]["status"] != "working";
    until_answer(serve, &get, is_over).await["result"].clone()
}

/// What is written in the folder of the store.
fn state_text(serve: &Serve) -> String {
    let files = std::fs::read_dir(serve.path(STATE)).unwrap();
    let read = |path: std::path::PathBuf| std::fs::read(path).unwrap();
    let texts = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file());
    texts
        .map(|path| String::from_utf8_lossy(&read(path)).into_owned())
        .collect()
}

/// A config whose task ids and kept requests another process can open.
fn sealed(more: &str) -> String {
    let seal = "seal_key: {env: TEST_KEY}, audit: {sensitive: [/reason]}";
    format!("gateway: {{admin: 127.0.0.1:0, {seal}{more}}}\n{PEOPLE}")
}

#[tokio::test]
async fn what_was_asked_for_is_sent_once_it_is_granted() {
    let mut serve = start_as(REFUNDS, &sealed("")).await;
    let discover = as_somebody("caller", "server/discover", json!({}));
    let hello = ask(&serve, &discover).await;
    assert!(
        hello["capabilities"]["extensions"][TASKS].is_object(),
        "{hello}"
    );
    let task = ask(&serve, &refund(5)).await;
    assert_eq!(
        (&task["resultType"], &task["status"]),
        (&json!("task"), &json!("working")),
        "{task}"
    );
    let message = task["statusMessage"].as_str().unwrap();
    let approval = id_in(message);
    assert_eq!(message, format!("waiting for approval {approval}"));
    let id = &task["taskId"];
    assert_eq!(ask(&serve, &refund(5)).await["taskId"], *id);
    let got = ask(&serve, &about("tasks/get", id)).await;
    assert_eq!(
        (&got["resultType"], &got["status"], &got["createdAt"]),
        (&json!("complete"), &json!("working"), &task["createdAt"]),
        "{got}"
    );
    assert_eq!(effects(&serve).len(), 0);
    // The request is kept, and nobody can read it.
    assert!(!state_text(&serve).contains("canary-reason"));
    granted(&serve, &approval).await;
    let got = ended(&serve, id).await;
    assert_eq!(got["status"], "completed", "{got}");
    let result = &got["result"];
    assert_eq!(result["isError"], Value::Null, "{got}");
    let said = &result["_meta"]["dev.wardgate/approval"];
    assert_eq!(said, &json!({"id": approval, "state": "used"}), "{got}");
    let made = effects(&serve);
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(
        made[0]["args"],
        json!({"amount": 5, "reason": "canary-reason"})
    );
    // The same again, and no other.
    assert_eq!(ended(&serve, id).await["result"], *result);
    assert_eq!(effects(&serve).len(), 1);
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    let of_call: Vec<_> = records
        .iter()
        .filter(|record| record["type"] == "tool.call" && record["what"]["method"] == "tools/call")
        .map(|record| (&record["stage"], &record["outcome"]["status"]))
        .collect();
    assert_eq!(of_call.len(), 4, "{of_call:?}");
    assert_eq!(of_call[2], (&json!("received"), &Value::Null));
    assert_eq!(of_call[3], (&json!("complete"), &json!("success")));
    assert!(!state_text(&serve).contains("canary-reason"));
}

async fn killed(mut serve: Serve, config: &str) -> Serve {
    serve.signal(Signal::KILL);
    serve.ended().await;
    let Serve { directory, .. } = serve;
    Serve::start_in(directory, config).await
}

#[tokio::test]
async fn a_task_outlives_the_gateway_and_is_sent_once() {
    let serve = start_as(REFUNDS, &sealed("")).await;
    let (task, approval) = begun(&serve, 8).await;
    granted(&serve, &approval).await;
    let serve = killed(serve, &sealed("")).await;
    let got = ended(&serve, &task).await;
    assert_eq!(got["status"], "completed", "{got}");
    assert_eq!(effects(&serve)[0]["args"]["amount"], 8);
    // The result is gone with the process that had it, and nobody says that nothing was done.
    let serve = killed(serve, &sealed("")).await;
    let got = ended(&serve, &task).await;
    assert_eq!(got["status"], "failed", "{got}");
    assert_eq!(got["error"]["data"]["class"], "outcome_unknown", "{got}");
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn a_no_and_an_end_of_time_are_told_as_failures() {
    let serve = start("").await;
    let (task, approval) = begun(&serve, 7).await;
    let deny = [
        "approve", "deny", &approval, "--as", "acme/ben", "--reason", "too much",
    ];
    exits(&serve, &deny, 0).await;
    let got = ended(&serve, &task).await;
    assert_eq!(got["status"], "failed", "{got}");
    assert_eq!(got["error"]["data"]["class"], "policy_denied", "{got}");
    assert!(got.to_string().contains("too much"), "{got}");
    let serve = start("decide_within: 1s").await;
    let (task, _) = begun(&serve, 7).await;
    let got = ended(&serve, &task).await;
    assert_eq!(got["status"], "failed", "{got}");
    assert!(got["error"].to_string().contains("expired"), "{got}");
    assert_eq!(effects(&serve).len(), 0);
}

#[tokio::test]
async fn a_task_that_is_cancelled_can_no_longer_be_granted() {
    let serve = start("").await;
    let (task, approval) = begun(&serve, 7).await;
    grant(&serve, &approval, "acme/ana", 4).await;
    let cancelled = ask(&serve, &about("tasks/cancel", &task)).await;
    assert_eq!(cancelled, json!({"resultType": "complete"}));
    grant(&serve, &approval, "acme/ben", 1).await;
    assert_eq!(ended(&serve, &task).await["status"], "cancelled");
    // Granted is not too late, used is.
    let (task, approval) = begun(&serve, 8).await;
    granted(&serve, &approval).await;
    ask(&serve, &about("tasks/cancel", &task)).await;
    assert_eq!(ended(&serve, &task).await["status"], "cancelled");
    assert_eq!(effects(&serve).len(), 0);
    let (task, approval) = begun(&serve, 9).await;
    granted(&serve, &approval).await;
    assert_eq!(ended(&serve, &task).await["status"], "completed");
    ask(&serve, &about("tasks/cancel", &task)).await;
    assert_eq!(ended(&serve, &task).await["status"], "completed");
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn racing_askers_and_repeated_calls_are_one_execution() {
    let serve = start("").await;
    let (task, approval) = begun(&serve, 5).await;
    granted(&serve, &approval).await;
    let get = about("tasks/get", &task);
    let direct = refund(5);
    let racing = (0..60).map(|number| {
        let request = if number % 3 == 0 { &direct } else { &get };
        send(serve.address, request)
    });
    let replies = within("the race", futures_util::future::join_all(racing)).await;
    for reply in replies {
        let answer = reply.answer();
        assert!(answer["result"].is_object(), "{answer}");
    }
    ended(&serve, &task).await;
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn a_task_is_its_callers_own() {
    let serve = start("").await;
    let (task, approval) = begun(&serve, 5).await;
    granted(&serve, &approval).await;
    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let other = as_somebody("ana", method, json!({"taskId": task}));
        let answer = send(serve.address, &other).await.answer();
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
        let plain = modern::request("/mcp", 1, method, json!({"taskId": task}))
            .header("Wardgate-As", "acme/caller");
        let answer = send(serve.address, &plain).await.answer();
        assert_eq!(answer["error"]["code"], -32021, "{answer}");
    }
    assert_eq!(effects(&serve).len(), 0);
    assert_eq!(ended(&serve, &task).await["status"], "completed");
}

#[tokio::test]
async fn what_policies_say_is_asked_again_before_it_is_sent() {
    let everything = r#"@id("everything") permit(principal, action, resource);"#;
    let hard = format!(
        "{REFUNDS}@id(\"none\") forbid(principal, action == Action::\"lab/refund_create\", resource) when {{ context.input.amount == decimal(\"5.0\") }};"
    );
    for (policies, expected) in [(everything, "approval_pending"), (&hard, "policy_denied")] {
        let serve = start("").await;
        let (task, approval) = begun(&serve, 5).await;
        granted(&serve, &approval).await;
        let before = serve.log().len();
        std::fs::write(serve.path("policies/refunds.cedar"), policies).unwrap();
        serve.logged_after(before, "configuration reloaded").await;
        let got = ended(&serve, &task).await;
        assert_eq!(class(&got), expected, "{got}");
        assert_eq!(effects(&serve).len(), 0, "{got}");
    }
}

#[tokio::test]
async fn the_call_of_a_task_takes_a_place_of_its_own() {
    let one = "limits: [{name: one, key: principal, concurrency: 1}]\n    groups:";
    let serve = start_as(REFUNDS, &sealed("").replace("groups:", one)).await;
    let (task, approval) = begun(&serve, 5).await;
    granted(&serve, &approval).await;
    let got = ended(&serve, &task).await;
    assert_eq!(class(&got), "", "{got}");
    assert_eq!(effects(&serve).len(), 1);
}

#[tokio::test]
async fn what_another_client_asked_for_is_held_as_before() {
    let serve = start("wait: 0s").await;
    let plain = call(json!({"amount": 5, "reason": "canary-reason"}), at_once());
    let id = id_in(&send(serve.address, &plain).await.text());
    let held = send(serve.address, &refund(5)).await.answer();
    assert_eq!(class(&held), "approval_pending", "{held}");
    assert_eq!(id_in(&held.to_string()), id);
}

#[tokio::test]
async fn over_stdio_a_task_is_followed_alike() {
    let people = PEOPLE.replace("acme:", "local:");
    let config = format!("gateway: {{admin: 127.0.0.1:0}}\n{people}");
    let serve = start_as(REFUNDS, &config).await;
    let apart = folder(&format!(
        "gateway: {{state: {:?}}}\n{people}",
        serve.path(STATE)
    ));
    let mut stdio = Stdio::start(wardgate(apart.path(), &["serve", "--stdio"]));
    let arguments = json!({"name": "refund_create", "arguments": {"amount": 5}});
    let (_, begun) = stdio.ask(&message("tools/call", arguments)).await;
    let task = &begun["result"]["taskId"];
    let approval = id_in(&begun.to_string());
    grant(&serve, &approval, "local/ana", 4).await;
    grant(&serve, &approval, "local/ben", 0).await;
    let get = message("tasks/get", json!({"taskId": task}));
    let (_, got) = within("the task", stdio.ask(&get)).await;
    assert_eq!(got["result"]["status"], "completed", "{got}");
    let made = std::fs::read_to_string(apart.path().join("effects.jsonl")).unwrap();
    assert_eq!(made.lines().count(), 1, "{made}");
}

/// What the program prints on standard output, with this exit code.
async fn printed(serve: &Serve, args: &[&str], code: i32) -> String {
    let mut command = wardgate(serve.directory.path(), args);
    command.env("WARDGATE_URL", format!("http://{}/mcp", serve.address));
    let output = within("the program", command.output()).await.unwrap();
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        said(&output)
    );
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}

#[tokio::test]
async fn the_command_line_follows_a_task_to_its_end() {
    let serve = start("").await;
    let caller = ["--as", "acme/caller"];
    let begin = async |amount: u32| {
        let arguments = format!(r#"{{"amount": {amount}}}"#);
        let call = ["call", "--tasks", "lab/refund_create", &arguments];
        printed(&serve, &[&call[..], &caller].concat(), 4).await
    };
    let about = async |verb: &str, id: &str, more: &[&str], code: i32| {
        let args = [&["task", verb, id], &caller[..], more].concat();
        printed(&serve, &args, code).await
    };
    let approval = async |id: &str| {
        let shown = about("get", id, &["--json"], 4).await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        id_in(shown["statusMessage"].as_str().unwrap())
    };
    let id = begin(5).await;
    assert!(!id.contains(char::is_whitespace), "{id}");
    let waiting = about("wait", &id, &[], 0);
    let deciding = async { granted(&serve, &approval(&id).await).await };
    let (result, ()) = tokio::join!(waiting, deciding);
    assert!(result.contains("refund"), "{result}");
    assert_eq!(effects(&serve).len(), 1);
    let whole: Value = serde_json::from_str(&about("get", &id, &["--json"], 0).await).unwrap();
    assert_eq!(whole["status"], "completed", "{whole}");

    let id = begin(6).await;
    let asked = approval(&id).await;
    let deny = [
        "approve", "deny", &asked, "--as", "acme/ben", "--reason", "no",
    ];
    exits(&serve, &deny, 0).await;
    about("wait", &id, &[], 3).await;

    let id = begin(7).await;
    about("cancel", &id, &[], 0).await;
    about("get", &id, &[], 3).await;
    assert_eq!(effects(&serve).len(), 1);
}
