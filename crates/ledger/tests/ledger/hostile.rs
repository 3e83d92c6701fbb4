//! Strangers choose words, arguments and names: none of them may act in a log, a terminal or a table, and none that is
//! labelled may appear anywhere.

use wardgate_ledger::record::{Outcome, Record, Status, Undo};
use wardgate_ledger::{
    CanonicalJson, FingerprintKey, Format, Label, Sealed, Text, canonicalize, explain, printable,
    redact,
};

use crate::fixture::{at, refund, sealed, site, tenant};

const CANARY: &str = "canary-5f1d-caller@acme.test";
const HOSTILE: &str = "=x\n{\"level\":\"error\"}\r\u{1b}[2J\u{2028}\0\u{202e}\u{9b}\u{7f}\"]\\ <13>1 [a@1 b=\"c\"] é,";

fn key() -> FingerprintKey {
    FingerprintKey::derive(b"a secret of the gateway", &tenant("acme"), 7)
}

/// A record in which every word of a stranger is `HOSTILE`.
fn hostile() -> Sealed {
    let text = || Some(Text::new(HOSTILE));
    let mut record = Record {
        outcome: Some(Outcome {
            error_type: text(),
            ..Outcome::of(Status::Error)
        }),
        ..refund()
    };
    let who = &mut record.who;
    (who.principal, who.agent, who.auth) = (text(), text(), text());
    (who.credential, who.addr) = (text(), text());
    let what = &mut record.what;
    (what.toolset, what.server, what.version) = (text(), text(), text());
    (what.tool, what.method, what.idempotency_key) = (text(), text(), text());
    let args = serde_json::json!({ HOSTILE: HOSTILE }).to_string();
    what.args = Some(redact(&args, &[], &key()).unwrap().json);
    record.why.as_mut().unwrap().text = HOSTILE.into();
    let decision = record.decision.as_mut().unwrap();
    decision.rules = vec![HOSTILE.into()];
    (decision.approval, decision.policy_rev) = (text(), text());
    let trace = &mut record.trace;
    (trace.trace_id, trace.span_id, trace.task) = (text(), text(), text());
    record.undo = Some(Undo {
        tool: HOSTILE.into(),
        until: at(1),
    });
    sealed([record]).remove(0)
}

fn acts_on_terminals(text: &str) -> bool {
    printable(text) != text
}

#[test]
fn no_export_holds_a_character_that_acts() {
    for format in Format::ALL {
        let line = format.line(&hostile(), &site()).unwrap();
        let shown = match format {
            // The bytes that were sealed; a line feed cannot be among them.
            Format::Jsonl => {
                assert!(!line.contains(['\n', '\r', '\u{1b}', '\0']));
                printable(&line).into_owned()
            }
            _ => line,
        };
        assert!(!acts_on_terminals(&shown), "{}", format.as_str());
    }
}

#[test]
fn the_story_of_a_hostile_record_has_ten_lines() {
    let story = explain(&hostile(), &[]);
    assert_eq!(story.lines().count(), 10);
    assert!(!story.lines().any(acts_on_terminals));
}

#[test]
fn syslog_parameters_cannot_be_left() {
    let line = Format::Rfc5424.line(&hostile(), &site()).unwrap();
    let (head, rest) = line.split_once(" [").unwrap();
    assert_eq!(head.split(' ').count(), 6);
    // Walk the element as a receiver does: a bare `]` ends it, quotes and escapes do not.
    let (mut quoted, mut escaped, mut params) = (false, false, 0);
    let end = rest.char_indices().find_map(|(at, c)| {
        match (escaped, c) {
            (true, _) => escaped = false,
            (false, '\\') => escaped = true,
            (false, '"') => {
                params += u32::from(quoted);
                quoted = !quoted;
            }
            (false, ']') if !quoted => return Some(at),
            (false, ']') => panic!("a bare bracket in a value"),
            _ => {}
        }
        None
    });
    assert_eq!(params, 18);
    let message = &rest[end.unwrap() + 2..];
    assert!(message.starts_with("acme/"));
    assert!(message.chars().all(|c| c == ' ' || c.is_ascii_graphic()));
}

#[test]
fn no_cell_of_a_table_is_a_formula() {
    let row = Format::Focus.line(&hostile(), &site()).unwrap();
    assert!(row.contains(r#",'"#) || row.contains(r#""'=x"#));
    assert!(!row.contains(",=") && !row.contains(",\"="));
}

#[test]
fn a_megabyte_of_a_word_is_cut() {
    let mut record = refund();
    record.who.agent = Some("x".repeat(1 << 20).into());
    let line = sealed([record]).remove(0).line().to_owned();
    assert!(line.len() < 8 << 10);
}

#[test]
fn what_is_labelled_appears_in_no_export_and_no_story() {
    let args = serde_json::json!({
        "email": CANARY,
        "people": [{"email": CANARY}, {"email": [CANARY, {"deep": CANARY}]}],
    })
    .to_string();
    let labels = ["/email", "/people/*/email"].map(|pointer| Label::new(pointer, "pii").unwrap());
    let redacted = redact(&args, &labels, &key()).unwrap();
    let mut record = refund();
    record.what.args = Some(redacted.json.clone());
    record.what.args_digest = Some(redacted.digest);
    record.outcome.as_mut().unwrap().result = Some(redacted.json);
    let record = sealed([record]).remove(0);
    for format in Format::ALL {
        let line = format.line(&record, &site()).unwrap();
        assert!(!line.contains("canary"), "{}", format.as_str());
    }
    assert!(!explain(&record, &[]).contains("canary"));
}

#[test]
fn arguments_that_two_readers_could_read_differently_are_no_part_of_a_record() {
    for args in [r#"{"a":1,"a":2}"#, "{", "1e400"] {
        assert!(CanonicalJson::of(args).is_err(), "{args}");
    }
}

#[test]
fn a_number_that_a_double_does_not_hold_is_not_sealed() {
    let mut record = refund();
    record.outcome.as_mut().unwrap().bytes = Some((1 << 53) + 1);
    let mut chain = wardgate_ledger::Chain::new(tenant("acme"));
    assert!(chain.append(record).is_err());
    assert_eq!(chain.size(), 0);
}

#[test]
fn sealed_lines_are_canonical_but_for_their_hash() {
    let line = hostile().line().to_owned();
    let (before, _) = line.rsplit_once(r#","hash":"#).unwrap();
    let canonical = format!("{before}}}");
    assert_eq!(canonicalize(&canonical).unwrap(), canonical);
}
