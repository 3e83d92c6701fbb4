//! Each format against its golden file, and against what its specification says.

use serde_json::Value;
use wardgate_ledger::record::{Cost, Record, RecordType, Stage};
use wardgate_ledger::{Format, Sealed, Usd, verify};

use crate::fixture::{at, auth_failure, randomness, refund, sealed, site, who};

/// What was received, its end, and a refusal at the door.
fn records() -> Vec<Sealed> {
    let mut received = refund();
    received.stage = Stage::Received;
    (received.outcome, received.cost, received.undo) = (None, None, None);
    let complete = Record {
        outcome: refund().outcome,
        cost: refund().cost,
        undo: refund().undo,
        ..received.completed(at(93), randomness(3))
    };
    sealed([received, complete, auth_failure()])
}

fn export(format: Format) -> String {
    let records = records();
    let lines = records
        .iter()
        .filter_map(|sealed| format.line(sealed, &site()));
    let all: Vec<_> = format.header().into_iter().chain(lines).collect();
    all.join("\n") + "\n"
}

fn parsed(format: Format) -> Vec<Value> {
    let text = export(format);
    let parse = |line| serde_json::from_str(line).unwrap();
    text.lines().map(parse).collect()
}

#[test]
fn every_format_is_as_it_was() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse::<Format>().unwrap(), format);
        insta::with_settings!({snapshot_path => "../golden", prepend_module_to_snapshot => false}, {
            insta::assert_snapshot!(format.as_str(), export(format));
        });
    }
}

#[test]
fn jsonl_verifies() {
    let report = verify(export(Format::Jsonl).as_bytes(), &[], []).unwrap();
    assert!(report.is_ok(), "{report}");
}

#[test]
fn cloud_events_carry_the_sealed_record() {
    for (event, sealed) in parsed(Format::CloudEvents).iter().zip(records()) {
        assert_eq!(event["specversion"], "1.0");
        for required in ["id", "source", "type"] {
            assert!(!event[required].as_str().unwrap().is_empty());
        }
        let data = serde_json::from_str::<Value>(sealed.line()).unwrap();
        assert_eq!(event["data"], data);
    }
    let event = &parsed(Format::CloudEvents)[0];
    assert_eq!(
        event["traceparent"],
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    );
}

#[test]
fn a_trace_id_of_another_form_makes_no_traceparent() {
    let mut record = refund();
    record.trace.trace_id = Some("0AF7".into());
    let line = Format::CloudEvents
        .line(&sealed([record])[0], &site())
        .unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event.get("traceparent"), None);
}

#[test]
fn ocsf_events_hold_what_the_class_requires() {
    for event in parsed(Format::Ocsf) {
        assert_eq!(event["class_uid"], 6003);
        assert_eq!(event["category_uid"], 6);
        assert_eq!(event["metadata"]["version"], "1.6.0");
        let activity = event["activity_id"].as_u64().unwrap();
        assert_eq!(event["type_uid"], 600_300 + activity);
        for required in [
            "/severity_id",
            "/time",
            "/metadata/product/vendor_name",
            "/api/operation",
        ] {
            assert!(event.pointer(required).is_some(), "{required}");
        }
        let actor = event["actor"].as_object().unwrap();
        assert!(actor.contains_key("user") || actor.contains_key("app_name"));
        let endpoint = event["src_endpoint"].as_object().unwrap();
        assert!(endpoint.contains_key("ip") || endpoint.contains_key("name"));
        if let Some(request) = event.pointer("/api/request") {
            assert!(request.get("uid").is_some());
        }
    }
}

#[test]
fn syslog_priority_follows_the_outcome() {
    let text = export(Format::Rfc5424);
    let heads: Vec<_> = text.lines().map(|line| &line[..6]).collect();
    assert_eq!(heads, ["<109>1", "<109>1", "<108>1"]);
}

#[test]
fn the_sum_of_focus_rows_is_the_sum_of_costs() {
    let costs = ["0.02", "0.1", "0.000001", "12"];
    let total: Usd = costs.iter().map(|usd| usd.parse().unwrap()).sum();
    let calls = costs.iter().zip(0..).map(|(usd, n)| Record {
        cost: Some(Cost {
            usd: Some(usd.parse().unwrap()),
            ..Cost::default()
        }),
        ..Record::new(RecordType::TOOL_CALL, who("acme"), at(0), randomness(n))
    });
    let header = Format::Focus.header().unwrap();
    let column = header
        .split(',')
        .position(|name| name == "EffectiveCost")
        .unwrap();
    let rows = sealed(calls);
    let rows = rows
        .iter()
        .filter_map(|sealed| Format::Focus.line(sealed, &site()));
    let sum: Usd = rows.map(|row| cells(&row)[column].parse().unwrap()).sum();
    assert_eq!(sum, total);
}

#[test]
fn focus_rows_have_a_cell_per_column() {
    let text = export(Format::Focus);
    let counts: Vec<_> = text.lines().map(|line| cells(line).len()).collect();
    assert_eq!(counts, [47, 47]);
}

/// The cells of a CSV line (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}
