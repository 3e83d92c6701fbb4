//! What is kept of payloads at each level, and how lines follow each other. How a chain is verified is the ledger's.

use serde_json::{Value, json};
use wardgate_ledger::record::{Outcome, Who};
use wardgate_protocol::Raw;

use wardgate_ledger::Record;
use wardgate_proxy::record::Payload;
use wardgate_snapshot::AuditLevel;
use zeroize::Zeroizing;

use super::{redactor::LABEL, *};

const SECRET: &str = "canary@acme.test";

fn draft(level: AuditLevel) -> Draft {
    let who = Who::of(TenantId::new("acme"));
    let mut record = Record::new(
        RecordType::TOOL_CALL,
        who,
        jiff::Timestamp::UNIX_EPOCH,
        [7; 10],
    );
    record.outcome = Some(Outcome::of(Status::Success));
    let result = json!({
        "content": [{"type": "text", "text": format!("{{\"email\":\"{SECRET}\"}}")}],
        "structuredContent": {"email": SECRET, "name": "Ana"},
    });
    Draft {
        record,
        tool: ToolRef::parse("crm/customer"),
        payload: Payload {
            level,
            args: Some(Raw::of(
                &json!({"email": SECRET, "password": SECRET, "id": 7}),
            )),
            result: (level == AuditLevel::Full).then(|| Raw::of(&result)),
            sensitive: ["/password".to_owned()].into(),
            sensitive_of_tool: Some(["/email".to_owned()].into()),
            pii: false,
        },
    }
}

fn redacted(mut draft: Draft) -> Draft {
    Redactor::new(Zeroizing::new("a secret".to_owned())).redact(&mut draft);
    draft
}

/// The line of a draft as it is stored.
fn stored(level: AuditLevel) -> Value {
    let batch = seal(&HashMap::new(), [&redacted(draft(level))]);
    let [line] = batch.lines.as_slice() else {
        panic!("one line");
    };
    assert!(!line.text.contains(SECRET), "{}", line.text);
    serde_json::from_str(&line.text).unwrap()
}

#[test]
fn each_level_keeps_what_it_says() {
    let metadata = stored(AuditLevel::Metadata);
    assert!(metadata["what"]["args"].is_null() && metadata["what"]["args_digest"].is_string());
    let request = stored(AuditLevel::Request);
    assert_eq!(request["what"]["args"]["id"], 7);
    assert_eq!(request["what"]["args"]["email"]["$redacted"], LABEL);
    assert_eq!(
        request["what"]["args"]["email"]["fp"],
        request["what"]["args"]["password"]["fp"]
    );
    assert!(request["outcome"]["result"].is_null());
    let full = stored(AuditLevel::Full);
    assert_eq!(
        full["outcome"]["result"]["structuredContent"]["name"],
        "Ana"
    );
    assert_eq!(full["outcome"]["result"]["content"]["$redacted"], LABEL);
}

#[test]
fn what_cannot_be_redacted_is_not_kept() {
    let mut twice = draft(AuditLevel::Full);
    twice.payload.args = Some(Raw::trusted(format!(r#"{{"email":1,"email":"{SECRET}"}}"#)));
    let record = redacted(twice).record;
    assert!(record.what.args.is_none() && record.what.args_digest.is_none());
}

#[test]
fn lines_follow_their_chain_and_heads_say_where_it_stands() {
    let drafts: Vec<_> = (0..5)
        .map(|_| redacted(draft(AuditLevel::Request)))
        .collect();
    let first = seal(&HashMap::new(), &drafts[..3]);
    let second = seal(&first.chains, &drafts[3..]);
    let seqs = first.lines.iter().chain(&second.lines).map(|line| line.seq);
    assert_eq!(seqs.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    wardgate_store::records::follows(&second.lines, &second.heads, |_| first.heads.first())
        .unwrap();
    assert_eq!(
        chain(&second.heads[0]).as_ref(),
        second.chains.get(&TenantId::new("acme"))
    );
}

#[test]
fn a_head_that_contradicts_itself_is_no_chain() {
    let batch = seal(&HashMap::new(), [&redacted(draft(AuditLevel::Request))]);
    let mut head = batch.heads[0].clone();
    assert!(chain(&head).is_some());
    head.seq += 1;
    assert!(chain(&head).is_none());
}

const TOKEN: &str = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8";

/// What is left of arguments, and of a reason, that nobody declared sensitive.
fn left(args: &Value, reason: &str, pii: bool) -> (Value, String) {
    let mut draft = draft(AuditLevel::Request);
    draft.payload = Payload {
        level: AuditLevel::Request,
        args: Some(Raw::of(args)),
        pii,
        ..Payload::default()
    };
    draft.record.why = Some(wardgate_ledger::record::Why {
        text: reason.into(),
        source: "caller".into(),
    });
    let record = redacted(draft).record;
    let args = record.what.args.expect("arguments");
    let args = serde_json::from_str(args.get()).unwrap();
    (args, record.why.expect("a reason").text.to_string())
}

#[test]
fn secrets_that_nobody_declared_are_found_wherever_they_stand() {
    let args = json!({
        "note": format!("use {TOKEN} please"),
        "deep": [{"token": TOKEN}],
        TOKEN: 1,
        "x".repeat(3000): TOKEN,
        "mail": "ana@acme.test",
    });
    let (kept, reason) = left(&args, &format!("with {TOKEN}"), false);
    assert!(
        !kept.to_string().contains(TOKEN) && !reason.contains(TOKEN),
        "{kept} {reason}"
    );
    let (alone, _) = left(&json!({"deep": [{"token": TOKEN}], "n": 1}), "r", false);
    assert_eq!(alone["deep"][0]["token"]["$redacted"], "github_token");
    assert_eq!(alone["n"], 1);
    let (mail, _) = left(&json!({"mail": "ana@acme.test"}), "r", false);
    assert_eq!(mail["mail"], "ana@acme.test");
    let (mail, _) = left(&json!({"mail": "ana@acme.test"}), "r", true);
    assert_eq!(mail["mail"]["$redacted"], "email");
}

#[test]
fn equal_secrets_can_be_told_to_be_equal() {
    let args = json!({"a": TOKEN, "b": TOKEN});
    let (kept, _) = left(&args, "r", false);
    assert_eq!(kept["a"]["fp"], kept["b"]["fp"]);
    assert!(kept["a"]["fp"].is_string());
}
