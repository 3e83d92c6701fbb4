//! `wardgate kill`, `lift` and `override`, as an operator types them: through the admin API, and beside it in the state folder.

use std::process::Output;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    edge::class,
    gateway::{STATE, records},
    lifecycle_serve::{Serve, wardgate},
    overrides_emergency::{
        BOUND, SHELF, effects, get_item, hammer, kill, last_effect, listed, millis, put_item, text,
        under_way,
    },
};

/// The shelf with an admin API on a port of its own.
fn shelf(more: &str) -> String {
    format!("gateway: {{admin: 127.0.0.1:0{more}}}\n{SHELF}")
}

async fn run(serve: &Serve, args: &[&str]) -> Output {
    let output = wardgate(serve.directory.path(), args).output();
    output.await.expect("the built program")
}

fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&all).trim_end().to_owned()
}

/// Runs a verb that succeeds and returns what it prints as JSON.
async fn done(serve: &Serve, args: &[&str]) -> Value {
    let output = run(serve, &[args, &["--json"]].concat()).await;
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Runs a verb that does not succeed.
async fn refused(serve: &Serve, args: &[&str], code: i32, why: &str) {
    let output = run(serve, args).await;
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        said(&output)
    );
    assert!(said(&output).contains(why), "{args:?}: {}", said(&output));
}

fn id(item: &Value) -> &str {
    item["id"].as_str().expect("an id")
}

#[tokio::test]
async fn a_killed_tool_has_no_effect_a_quarter_of_a_second_after_the_command() {
    let mut serve = Serve::start(&shelf("")).await;
    let kill = ["kill", "tool", "lab/put_item", "--reason", "t"];
    let returned = hammer(&serve, async || drop(done(&serve, &kill).await)).await;
    let late = last_effect(&serve) - millis(returned);
    assert!(late <= BOUND.as_millis() as i64, "{late} ms after");
    assert!(!listed(&serve).await.contains(&"put_item".to_owned()));
    assert_eq!(class(&get_item(&serve, "0-0").await), "");
    let answer = put_item(&serve, "a").await;
    assert!(text(&answer).contains("override: t."), "{answer}");

    let url = format!("http://{}/mcp", serve.address);
    let shown = done(&serve, &["override", "ls"]).await;
    let [item] = shown.as_array().expect("an array").as_slice() else {
        panic!("one override: {shown}");
    };
    assert_eq!(
        item["match"],
        json!({"kind": "tool", "name": "lab/put_item"})
    );
    assert_eq!(item["reason"], "t");
    let call = ["call", "--url", &url, "lab/put_item", "{}"];
    refused(&serve, &call, 3, "override: t").await;
    let unknown = ["call", "--url", &url, "lab/pot_item", "{}"];
    refused(&serve, &unknown, 2, "no tool `lab/pot_item` is listed").await;

    let lifted = done(&serve, &["lift", id(item), "--reason", "mended"]).await;
    assert_eq!(lifted["state"], "lifted");
    serve.logged("override ended").await;
    assert_eq!(class(&put_item(&serve, "a").await), "");
    serve.signal(Signal::TERM);
    serve.ended().await;
    let records = records(&serve.path(STATE));
    let of = |kind: &str| {
        records
            .iter()
            .find(|record| record["type"] == kind)
            .expect("a record")
    };
    for (kind, why) in [("override.create", "t"), ("override.lift", "mended")] {
        assert_eq!(of(kind)["why"]["text"], why);
        assert_eq!(of(kind)["decision"]["override"], item["id"]);
        let who = of(kind)["who"]["principal"].as_str().expect("a principal");
        assert_eq!(who, "anonymous");
    }
    let hits = records.iter().filter(|record| {
        record["type"] == "tool.call" && record["decision"]["override"] == item["id"]
    });
    assert!(hits.count() > 80);
}

#[tokio::test]
async fn all_writes_are_given_back_by_two_people() {
    let serve = Serve::start(&shelf(", environment: dev")).await;
    let kill = [
        "kill",
        "all-writes",
        "--until",
        "lifted",
        "--reason",
        "INC-88",
    ];
    refused(&serve, &kill, 2, "until it is lifted is a long time").await;
    let set = done(&serve, &[&kill[..], &["--yes"]].concat()).await;
    let item = &set["item"];
    assert_eq!(item["expires_at"], Value::Null);
    assert_eq!(class(&put_item(&serve, "a").await), "disabled");
    assert_eq!(class(&get_item(&serve, "a").await), "");
    let lift = |who: &'static str| ["lift", id(item), "--reason", "mended", "--as", who];
    refused(
        &serve,
        &lift("local/ana"),
        4,
        "until another person lifts it too",
    )
    .await;
    refused(&serve, &lift("local/Ana"), 3, "another one must agree").await;
    assert_eq!(class(&put_item(&serve, "a").await), "disabled");
    assert_eq!(effects(&serve).len(), 0);
    done(&serve, &lift("local/ben")).await;
    assert_eq!(class(&put_item(&serve, "a").await), "");
}

#[tokio::test]
async fn everything_is_given_back_by_two_people_too() {
    let serve = Serve::start(&shelf("")).await;
    let item = done(&serve, &["kill", "everything", "--reason", "INC-88"]).await;
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
    assert_eq!(item["item"]["lifts_needed"], 2);
}

#[tokio::test]
async fn what_was_killed_for_a_while_comes_back_by_itself() {
    let serve = Serve::start(&shelf("")).await;
    done(
        &serve,
        &["kill", "server", "lab", "--for", "2s", "--reason", "x"],
    )
    .await;
    serve.logged("override in force").await;
    assert_eq!(class(&get_item(&serve, "a").await), "disabled");
    serve.logged("override ended").await;
    assert_eq!(class(&get_item(&serve, "a").await), "");
    assert_eq!(
        done(&serve, &["override", "ls"]).await,
        Value::Array(Vec::new())
    );
    let all = done(&serve, &["override", "ls", "--all"]).await;
    assert_eq!(all[0]["state"], "expired");
    refused(
        &serve,
        &["lift", id(&all[0]), "--reason", "x"],
        1,
        "has ended already",
    )
    .await;
}

/// Beside the API, and without it: in the state folder itself.
#[tokio::test]
async fn without_an_admin_api_the_state_folder_is_written() {
    let serve = Serve::start(&format!("gateway: {{admin: 'off'}}\n{SHELF}")).await;
    let kill = ["kill", "tool", "lab/put_item", "--reason", "t"];
    refused(&serve, &kill, 2, "without an admin API").await;
    let kill = [&kill[..], &["--state", STATE]].concat();
    let returned = hammer(&serve, async || drop(done(&serve, &kill).await)).await;
    let late = last_effect(&serve) - millis(returned);
    assert!(late <= BOUND.as_millis() as i64, "{late} ms after");
    let listed = done(&serve, &["override", "ls", "--state", STATE]).await;
    assert!(
        listed[0]["by"]
            .as_str()
            .expect("somebody")
            .starts_with("local/uid-")
    );
    done(
        &serve,
        &["lift", id(&listed[0]), "--reason", "x", "--state", STATE],
    )
    .await;
    serve.logged("override ended").await;
    assert_eq!(class(&put_item(&serve, "a").await), "");
}

#[tokio::test]
async fn a_gateway_that_keeps_no_records_obeys_too() {
    let serve = Serve::start(&format!(
        "gateway: {{record: false, admin: 'off'}}\n{SHELF}"
    ))
    .await;
    assert!(!serve.path(STATE).exists());
    done(
        &serve,
        &[
            "kill",
            "tool",
            "lab/put_item",
            "--reason",
            "x",
            "--state",
            STATE,
        ],
    )
    .await;
    serve.logged("override in force").await;
    assert_eq!(class(&put_item(&serve, "a").await), "disabled");
}

#[tokio::test]
async fn what_it_stops_is_told() {
    let serve = Serve::start(&shelf("")).await;
    listed(&serve).await;
    let dry = done(
        &serve,
        &["kill", "all-writes", "--reason", "x", "--dry-run"],
    )
    .await;
    let tools = dry["tools"].as_array().expect("tools");
    assert!(
        tools.contains(&json!("lab/put_item")) && !tools.contains(&json!("lab/get_item")),
        "{dry}"
    );
    assert_eq!(class(&put_item(&serve, "a").await), "");
    let build = under_way(&serve).await;
    let set = done(
        &serve,
        &["kill", "tool", "lab/build", "--cancel", "--reason", "x"],
    )
    .await;
    assert_eq!(set["cancelled"], 1, "{set}");
    drop(build);
}

#[tokio::test]
async fn a_dry_run_and_a_refused_order_change_nothing() {
    let serve = Serve::start(&shelf("")).await;
    done(
        &serve,
        &["kill", "toolset", "default", "--reason", "x", "--dry-run"],
    )
    .await;
    for (args, why) in [
        (
            vec!["kill", "tool", "put_item", "--reason", "x"],
            "name the tool as `alias/tool`",
        ),
        (
            vec!["kill", "principal", "ana", "--reason", "x"],
            "name the principal",
        ),
        (
            vec!["kill", "all-writes", "lab", "--reason", "x"],
            "takes no name",
        ),
        (vec!["kill", "tenant", "--reason", "x"], "name the tenant"),
        (vec!["kill", "tool", "lab/put_item"], "--reason"),
        (
            vec!["kill", "tool", "lab/put_item", "--reason", " "],
            "a reason is needed",
        ),
        (
            vec!["override", "allow", "all-writes", "--reason", "x"],
            "break-glass is for one",
        ),
        (
            vec![
                "override", "allow", "server", "lab", "--for", "25h", "--reason", "x",
            ],
            "at most 24 hours",
        ),
        (
            vec!["lift", "ovr_none", "--reason", "x"],
            "no such override",
        ),
    ] {
        refused(&serve, &args, 2, why).await;
    }
    assert_eq!(
        done(&serve, &["override", "ls", "--all"]).await,
        Value::Array(Vec::new())
    );
    let kinds: Vec<_> = records(&serve.path(STATE));
    assert_eq!(kinds, [Value::Null; 0]);
}

#[tokio::test]
async fn the_list_shows_what_the_file_stops_too() {
    let serve = Serve::start(&shelf("")).await;
    kill(&serve, "--cancel tool lab/put_item disk is failing").await;
    done(&serve, &["kill", "tool", "lab/echo", "--reason", "t"]).await;
    let through_api = done(&serve, &["override", "ls"]).await;
    let beside = done(&serve, &["override", "ls", "--state", STATE]).await;
    for shown in [through_api, beside] {
        let [file, item] = shown.as_array().expect("an array").as_slice() else {
            panic!("two stops: {shown:#}");
        };
        assert_eq!(id(file), "KILL tool lab/put_item");
        assert_eq!(file["reason"], "disk is failing");
        assert_eq!(
            (&file["state"], &file["cancel"]),
            (&json!("in_force"), &json!(true))
        );
        assert!(id(item).starts_with("ovr_"), "{shown:#}");
    }
    let table = said(&run(&serve, &["override", "ls"]).await);
    assert!(table.contains("the file KILL"), "{table}");
}
