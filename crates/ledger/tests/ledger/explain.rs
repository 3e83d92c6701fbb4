//! The story of a record, as an operator reads it.

use wardgate_ledger::explain;
use wardgate_ledger::record::{
    Decision, Effect, Family, Outcome, Record, RecordType, Stage, Status,
};

use crate::fixture::{at, auth_failure, randomness, refund, sealed, who};

/// The line of a story that begins with `name`.
fn told<'a>(story: &'a str, name: &str) -> &'a str {
    let line = story.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim_start()
}

fn vote(verb: &'static str, by: &str, n: u64) -> Record {
    let mut voter = who("acme");
    voter.principal = Some(by.into());
    Record {
        decision: Some(Decision {
            approval: Some("apr_1".into()),
            ..Decision::of(Effect::Allow)
        }),
        ..Record::new(Family::Approval.verb(verb), voter, at(60), randomness(n))
    }
}

#[test]
fn a_record_is_told_in_ten_lines() {
    let records = sealed([
        refund(),
        vote("granted", "lead", 8),
        vote("granted", "ops-bot", 9),
    ]);
    let story = explain(&records[0], &records[1..]);
    assert_eq!(story.lines().count(), 10);
    insta::with_settings!({snapshot_path => "../golden", prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("explain", story);
    });
}

#[test]
fn a_record_that_says_little_is_still_told() {
    let story = explain(&sealed([auth_failure()])[0], &[]);
    assert_eq!(story.lines().count(), 10);
    assert_eq!(told(&story, "who"), "nobody known");
    assert_eq!(told(&story, "outcome"), "denied no_credential");
    assert_eq!(told(&story, "undo"), "nothing to undo");
}

#[test]
fn what_was_undone_says_by_which_record() {
    let mut undo = Record {
        outcome: Some(Outcome::of(Status::Error)),
        ..Record::new(RecordType::TOOL_CALL, who("acme"), at(100), randomness(5))
    };
    undo.trace.compensates = Some(refund().id);
    let failed = sealed([refund(), undo.clone()]);
    let story = explain(&failed[0], &failed[1..]);
    assert_eq!(
        told(&story, "undo"),
        "yes, with refund_cancel until 2026-11-23T08:30:11.402Z"
    );

    undo.outcome = Some(Outcome::of(Status::Success));
    let done = sealed([refund(), undo.clone()]);
    let story = explain(&done[0], &done[1..]);
    let expected = format!("undone by {} at 2026-11-22T08:31:51.402Z", undo.id);
    assert_eq!(told(&story, "undo"), expected);
}

#[test]
fn a_received_record_is_told_with_its_end_or_as_unknown() {
    let received = Record {
        stage: Stage::Received,
        outcome: None,
        undo: None,
        ..refund()
    };
    let alone = sealed([received.clone()]);
    let story = explain(&alone[0], &[]);
    assert!(told(&story, "outcome").starts_with("unknown"));
    assert_eq!(told(&story, "undo"), "not before it is known what happened");

    let end = Record {
        outcome: refund().outcome,
        undo: refund().undo,
        ..received.completed(at(93), randomness(6))
    };
    let both = sealed([received, end]);
    let story = explain(&both[0], &both[1..]);
    assert!(told(&story, "outcome").starts_with("success"));
    assert!(told(&story, "undo").starts_with("yes, with refund_cancel"));
}

#[test]
fn a_success_that_nothing_takes_back_says_so() {
    let record = Record {
        undo: None,
        ..refund()
    };
    let story = explain(&sealed([record])[0], &[]);
    assert_eq!(told(&story, "undo"), "no: nothing declared to take it back");
}
