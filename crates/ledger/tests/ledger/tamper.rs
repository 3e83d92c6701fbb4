//! Every way a file of records can be changed behind its back, at its start, in its middle and at its end.

use std::sync::LazyLock;

use proptest::prelude::*;
use wardgate_ledger::record::{Record, RecordType, Stage};
use wardgate_ledger::{Checkpoint, Fault, PublicKey, Report, Sealed, SigningKey, Verifier, verify};

use crate::fixture::{Ledger, at, key, randomness, who};

const RECORDS: usize = 50;
/// First, early, middle, late and last but one.
const PLACES: [usize; 5] = [0, 1, 25, 48, 49];

fn judge(lines: &[String], notes: &[String], keys: &[PublicKey]) -> Report {
    let file = lines.concat();
    verify(file.as_bytes(), keys, notes.iter().map(String::as_str)).unwrap()
}

/// Judges with the right key.
fn ours(lines: &[String], notes: &[String]) -> Report {
    judge(lines, notes, &[key().public().clone()])
}

fn fifty() -> Ledger {
    Ledger::of_records("acme", RECORDS as u64)
}

/// The same records in a chain of their own, as somebody would who has the file but not the key.
fn sealed_again(lines: &[String]) -> Ledger {
    let mut again = Ledger::new("acme");
    for line in lines {
        again.append(Sealed::parse(line.trim_end()).unwrap().record);
    }
    again
}

#[test]
fn an_untouched_file_is_ok_and_says_its_head() {
    let mut ledger = Ledger::of_records("acme", 204);
    ledger.sign();
    let report = ours(&ledger.lines, &ledger.notes);
    let head = ledger.chain.head();
    assert_eq!(report.to_string(), format!("ok 204 records, head {head}"));
    assert!(report.is_ok());
    assert_eq!(report.chains[0].signed, 204);
    assert!(report.chains[0].unknown.is_empty());
}

#[test]
fn without_a_checkpoint_the_report_says_that_nothing_is_signed() {
    let report = ours(&fifty().lines, &[]);
    assert!(report.is_ok());
    assert_eq!(report.chains[0].signed, 0);
}

#[test]
fn a_flipped_bit_is_named_by_its_record() {
    for place in PLACES {
        let mut lines = fifty().lines;
        lines[place] = lines[place].replacen("support-bot", "support-cot", 1);
        let report = ours(&lines, &[]);
        assert_eq!(
            report.to_string(),
            format!("seq {} hash mismatch", place + 1)
        );
        assert_eq!(report.fault.unwrap().seq(), Some(place as u64 + 1));
    }
}

#[test]
fn a_record_gone_from_the_middle_is_missing() {
    for place in &PLACES[..4] {
        let mut lines = fifty().lines;
        lines.remove(*place);
        let (seq, found) = (*place as u64 + 1, *place as u64 + 2);
        assert_eq!(ours(&lines, &[]).fault, Some(Fault::Missing { seq, found }));
    }
}

#[test]
fn two_records_in_the_other_order_are_found() {
    for place in &PLACES[..4] {
        let mut lines = fifty().lines;
        lines.swap(*place, *place + 1);
        let seq = *place as u64 + 1;
        let fault = Fault::Missing {
            seq,
            found: seq + 1,
        };
        assert_eq!(ours(&lines, &[]).fault, Some(fault));
    }
}

#[test]
fn a_record_that_stands_twice_is_found() {
    for place in PLACES {
        let mut lines = fifty().lines;
        lines.insert(place, lines[place].clone());
        let seq = place as u64 + 1;
        assert_eq!(ours(&lines, &[]).fault, Some(Fault::Repeated { seq }));
    }
}

#[test]
fn a_tail_that_is_gone_is_claimed_by_the_checkpoint() {
    let mut ledger = Ledger::of_records("acme", 204);
    ledger.sign();
    let report = ours(&ledger.lines[..201], &ledger.notes);
    assert_eq!(report.to_string(), "checkpoint claims 204, found 201");
    assert_eq!(report.fault.unwrap().seq(), Some(202));
    let empty = ours(&[], &ledger.notes);
    assert_eq!(empty.to_string(), "checkpoint claims 204, found 0");
}

#[test]
fn a_torn_last_line_is_found() {
    let mut lines = fifty().lines;
    let last = lines[49].len();
    for keep in [1, last / 2, last - 1] {
        lines[49].truncate(keep);
        let report = ours(&lines, &[]);
        assert!(report.to_string().starts_with("seq 50 hash mismatch"));
    }
}

#[test]
fn an_older_copy_falls_to_the_checkpoint_kept_elsewhere() {
    let mut ledger = Ledger::new("acme");
    let mut yesterday = None;
    for line in fifty().lines {
        ledger.append(Sealed::parse(line.trim_end()).unwrap().record);
        if ledger.lines.len().is_multiple_of(10) {
            ledger.sign();
        }
        if ledger.lines.len() == 30 {
            yesterday = Some((ledger.lines.clone(), ledger.notes.clone()));
        }
    }
    let (lines, mut notes) = yesterday.unwrap();
    assert!(ours(&lines, &notes).is_ok());
    notes.push(ledger.notes.last().unwrap().clone());
    let report = ours(&lines, &notes);
    assert_eq!(report.to_string(), "checkpoint claims 50, found 30");
}

#[test]
fn a_chain_written_again_falls_to_the_next_checkpoint() {
    for place in PLACES {
        let mut ledger = sealed_again(&fifty().lines[..20]);
        ledger.sign();
        for line in &fifty().lines[20..] {
            ledger.append(Sealed::parse(line.trim_end()).unwrap().record);
        }
        ledger.sign();

        let mut forged = Ledger::new("acme");
        for (at, line) in ledger.lines.iter().enumerate() {
            let mut record = Sealed::parse(line.trim_end()).unwrap().record;
            if at == place {
                record.who.principal = Some("somebody-else".into());
            }
            forged.append(record);
        }
        assert!(ours(&forged.lines, &[]).is_ok(), "sound in itself");
        let (from, to) = if place < 20 { (1, 20) } else { (21, 50) };
        let fault = ours(&forged.lines, &ledger.notes).fault;
        assert_eq!(fault, Some(Fault::Rewritten { from, to }));
    }
}

#[test]
fn records_from_another_chain_do_not_follow() {
    let mut lines = fifty().lines;
    let mut other = Ledger::new("acme");
    for _ in 0..26 {
        other.append(Record::new(
            RecordType::LIST_VIEW,
            who("acme"),
            at(0),
            randomness(0),
        ));
    }
    lines[25] = other.lines[25].clone();
    let report = ours(&lines, &[]);
    assert_eq!(report.fault, Some(Fault::Unlinked { seq: 26 }));
}

#[test]
fn a_checkpoint_of_a_foreign_key_is_refused() {
    let mut ledger = fifty();
    ledger.sign();
    let foreign = SigningKey::from_seed("log.example.com", &[8; 32]).unwrap();
    let forged = Checkpoint::sign(&ledger.chain, &foreign);
    let report = ours(&ledger.lines, std::slice::from_ref(&forged));
    assert_eq!(
        report.to_string(),
        "checkpoint 50 of log.example.com/acme is not signed by the key"
    );
    let rotated = [key().public().clone(), foreign.public().clone()];
    assert!(judge(&ledger.lines, &[forged, ledger.notes[0].clone()], &rotated).is_ok());
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let ledger = fifty();
    let other = SigningKey::from_seed("other.example.com", &[7; 32]).unwrap();
    let note = Checkpoint::sign(&ledger.chain, &other);
    assert!(matches!(
        ours(&ledger.lines, &[note]).fault,
        Some(Fault::BadCheckpoint(_))
    ));
}

#[test]
fn a_completion_needs_its_received_record() {
    let call = |stage, n| Record {
        stage,
        ..Record::new(RecordType::TOOL_CALL, who("acme"), at(0), randomness(n))
    };
    let mut ledger = Ledger::new("acme");
    let received = ledger.append(call(Stage::Received, 1));
    ledger.append(received.completed(at(1), randomness(2)));
    assert!(ours(&ledger.lines, &[]).is_ok());

    ledger.append(received.completed(at(2), randomness(3)));
    let report = ours(&ledger.lines, &[]);
    assert!(matches!(
        report.fault,
        Some(Fault::Unreceived { seq: 3, .. })
    ));

    let mut orphan = Ledger::new("acme");
    orphan.append(call(Stage::Received, 4).completed(at(1), randomness(5)));
    let report = ours(&orphan.lines, &[]);
    assert!(matches!(
        report.fault,
        Some(Fault::Unreceived { seq: 1, .. })
    ));
}

#[test]
fn a_call_without_its_end_is_an_unknown_outcome_and_no_fault() {
    let mut ledger = fifty();
    let received = ledger.append(Record {
        stage: Stage::Received,
        ..Record::new(RecordType::TOOL_CALL, who("acme"), at(60), randomness(60))
    });
    let report = ours(&ledger.lines, &[]);
    assert!(report.is_ok());
    assert_eq!(report.chains[0].unknown, [received.id]);
}

#[test]
fn chains_of_several_tenants_may_alternate() {
    let (mut acme, mut beta) = (fifty(), Ledger::of_records("beta", 20));
    acme.sign();
    beta.sign();
    let notes = [acme.notes.concat(), beta.notes.concat()];
    let mut lines = Vec::new();
    for (at, line) in acme.lines.iter().enumerate() {
        lines.push(line.clone());
        lines.extend(beta.lines.get(at).cloned());
    }
    let report = ours(&lines, &notes);
    assert!(report.is_ok(), "{report}");
    let (of_acme, of_beta) = (acme.chain.head(), beta.chain.head());
    assert_eq!(
        report.to_string(),
        format!("ok 70 records, head of acme {of_acme}, head of beta {of_beta}")
    );

    lines[11] = lines[11].replacen("support-bot", "support-cot", 1);
    assert_eq!(ours(&lines, &notes).to_string(), "seq 6 hash mismatch");
    lines[11] = "gone\n".to_owned();
    let report = ours(&lines, &notes);
    assert!(report.to_string().starts_with("line 12 hash mismatch"));
}

#[test]
fn segments_are_judged_as_one_file() {
    let mut ledger = fifty();
    ledger.sign();
    let keys = [key().public().clone()];
    let mut verifier = Verifier::new(&keys, ledger.notes.iter().map(String::as_str));
    for segment in ledger.lines.chunks(7) {
        verifier.read(segment.concat().as_bytes()).unwrap();
    }
    assert!(verifier.finish().is_ok());
}

#[test]
fn an_endless_line_is_a_fault_and_not_an_endless_buffer() {
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let report = verify(endless, &[], []).unwrap();
    assert!(report.to_string().starts_with("seq 1 hash mismatch"));
}

/// The bytes of `fifty`, made once for all cases.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| fifty().lines.concat().into_bytes());

proptest! {
    #[test]
    fn any_byte_changed_anywhere_is_caught(at in any::<prop::sample::Index>(), to: u8) {
        let mut file = FILE.clone();
        let at = at.index(file.len());
        prop_assume!(file[at] != to);
        let seq = 1 + file[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        file[at] = to;
        let report = verify(&file[..], &[], []).unwrap();
        prop_assert_eq!(report.fault.and_then(|fault| fault.seq()), Some(seq));
    }

    #[test]
    fn any_lines_cut_out_are_caught(from in 0_usize..RECORDS, count in 1_usize..RECORDS) {
        let mut ledger = fifty();
        ledger.sign();
        let to = (from + count).min(RECORDS);
        ledger.lines.drain(from..to);
        let fault = ours(&ledger.lines, &ledger.notes).fault.unwrap();
        prop_assert_eq!(fault.seq(), Some(from as u64 + 1));
    }
}
