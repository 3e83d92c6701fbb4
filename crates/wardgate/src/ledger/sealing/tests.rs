//! What is kept of payloads at each level, and how lines follow each other. How a chain is verified is the ledger's.

use serde_json::{Value, json};
use wardgate_ledger::record::{Outcome, Who};
use wardgate_protocol::Raw;

use super::*;

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
