//! Where the trace of a request is read from, and what goes on.

use serde_json::{Value, json};
use wardgate_protocol::{
    Raw,
    headers::{HeaderView, NotOnce},
    trace::Trace,
};

const HERE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const THERE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

struct Sent(Vec<(&'static str, String)>);

impl HeaderView for Sent {
    fn all(&self, name: &str) -> Vec<&[u8]> {
        let of = self.0.iter().filter(|(key, _)| *key == name);
        of.map(|(_, value)| value.as_bytes()).collect()
    }
    fn only(&self, name: &str) -> Result<&[u8], NotOnce> {
        match self.all(name)[..] {
            [] => Err(NotOnce::Absent),
            [value] => Ok(value),
            _ => Err(NotOnce::Repeated),
        }
    }
}

/// Returns the `_meta` that goes on and the headers beside it.
fn sent_on(meta: Value, headers: &[(&'static str, &str)]) -> (Value, Vec<(String, String)>) {
    let params = Raw::of(&json!({"_meta": meta, "name": "x"}));
    let sent = Sent(
        headers
            .iter()
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect(),
    );
    let trace = Trace::read(Some(&params), Some(&sent));
    let on = trace.add(Some(&params)).unwrap_or(params);
    let on: Value = serde_json::from_str(on.as_str()).unwrap();
    assert_eq!(on["name"], "x");
    (on["_meta"].clone(), trace.headers().collect())
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter()
        .map(|(key, value)| ((*key).into(), (*value).into()))
        .collect()
}

#[test]
fn a_header_goes_on_where_the_metadata_has_none() {
    let headers = [
        ("traceparent", HERE),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
        ("baggage", "k=v"),
    ];
    let (meta, on) = sent_on(json!({"com.acme/x": 1}), &headers);
    let joined =
        json!({"com.acme/x": 1, "traceparent": HERE, "tracestate": "a=1,b=2", "baggage": "k=v"});
    assert_eq!(meta, joined);
    assert_eq!(
        on,
        pairs(&[
            ("traceparent", HERE),
            ("tracestate", "a=1,b=2"),
            ("baggage", "k=v")
        ])
    );
}

#[test]
fn the_metadata_wins_and_keeps_its_own_state() {
    let meta = json!({"traceparent": HERE});
    let headers = [("traceparent", THERE), ("tracestate", "there=1")];
    assert_eq!(
        sent_on(meta.clone(), &headers),
        (meta, pairs(&[("traceparent", HERE)]))
    );

    // A state without its parent means nothing beside another one.
    let (meta, on) = sent_on(json!({"tracestate": "lost=1"}), &headers[..1]);
    assert_eq!(meta, json!({"traceparent": THERE}));
    assert_eq!(on, pairs(&[("traceparent", THERE)]));
}

#[test]
fn what_is_malformed_is_as_good_as_absent() {
    let upper = HERE.to_uppercase();
    let (long, many) = (format!("a={}", "x".repeat(9000)), vec!["a=1"; 65].join(","));
    let bad_parents = [
        "",
        "x",
        &upper,
        &HERE[1..],
        &HERE.replace("00-4b", "ff-4b"),
        &format!("{HERE}-x"),
        &format!("{HERE} "),
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
    ];
    for bad in bad_parents {
        let (meta, on) = sent_on(json!({"traceparent": bad}), &[("traceparent", THERE)]);
        assert_eq!(
            (&meta["traceparent"], on.len()),
            (&json!(THERE), 1),
            "{bad}"
        );
        if bad.trim() != HERE {
            assert_eq!(
                sent_on(json!({}), &[("traceparent", bad), ("tracestate", "a=1")]),
                (json!({}), vec![]),
                "{bad}"
            );
        }
    }
    for bad in ["", "a", "=1", "a=\u{e9}", "a=\n", ",", &long, &many] {
        assert_eq!(
            sent_on(json!({}), &[("baggage", bad)]),
            (json!({}), vec![]),
            "{bad}"
        );
    }
    let twice = [("traceparent", HERE), ("traceparent", THERE)];
    assert_eq!(sent_on(json!({}), &twice), (json!({}), vec![]));
    assert_eq!(
        sent_on(json!({"traceparent": 5}), &[]),
        (json!({"traceparent": 5}), vec![])
    );
    let later = format!("01{}-more", &HERE[2..]);
    assert_eq!(
        sent_on(json!({}), &[("traceparent", &later)]).1,
        pairs(&[("traceparent", &later)])
    );
}
