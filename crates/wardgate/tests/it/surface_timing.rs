//! Hidden equals unknown, also for who has a watch.

use std::time::{Duration, Instant};

use serde_json::json;
use wardgate_testkit::http::Connection;

use crate::{edge::call, lifecycle_serve::Serve};

/// Pairs that are timed, one of each kind in turn.
const PAIRS: usize = 200;

/// Tools are hidden by a toolset, and by policies of which many look at arguments.
fn policies() -> String {
    let mut text = String::from("permit(principal, action == Action::\"lab/echo\", resource);\n");
    for at in 0..40 {
        text += &format!(
            "@id(\"p{at}\") forbid(principal, action == Action::\"lab/put_item\", resource) when {{ context.input.id == \"item-{at}\" }};\n"
        );
    }
    text
}

async fn start() -> Serve {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("policies")).expect("a folder");
    std::fs::write(folder.path().join("policies/all.cedar"), policies()).expect("policies");
    let config = "include: [policies/*.cedar]
servers: {lab: {lab: true}}
toolsets: {default: {hide: ['lab/get_item']}}
";
    Serve::start_in(folder, config).await
}

async fn took(connection: &mut Connection, name: &str) -> Duration {
    let arguments = json!({"id": "item-7", "value": "x"});
    let request = call(name, arguments);
    let start = Instant::now();
    let reply = connection.send(&request).await;
    let took = start.elapsed();
    assert_eq!(reply.answer()["error"]["code"], -32602, "{}", reply.text());
    took
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// The middle of many is compared, so that one slow answer says nothing.
#[tokio::test]
async fn a_hidden_tool_takes_as_long_as_one_that_does_not_exist() {
    let serve = start().await;
    let mut connection = Connection::open(serve.address).await;
    for hidden in ["put_item", "get_item"] {
        let (mut of_hidden, mut of_unknown) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            of_hidden.push(took(&mut connection, hidden).await);
            of_unknown.push(took(&mut connection, "nut_item").await);
        }
        let (of_hidden, of_unknown) = (median(of_hidden), median(of_unknown));
        let ratio = of_hidden / of_unknown;
        assert!(
            (0.9..1.1).contains(&ratio),
            "{hidden}: {of_hidden:.0} and {of_unknown:.0} µs"
        );
    }
}
