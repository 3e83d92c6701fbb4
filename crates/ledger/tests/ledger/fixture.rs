//! Records, chains and keys that the tests share. Times and ids are fixed.

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::record::{Family, Outcome, Record, RecordType, Stage, Status, Who};
use wardgate_ledger::{Chain, Checkpoint, SigningKey};
use wardgate_model::{PrincipalKind, TenantId};

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name)
}

pub fn key() -> SigningKey {
    SigningKey::from_seed("log.example.com", &[7; 32]).unwrap()
}

pub fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-22T08:30:11.402Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

/// Ten bytes that differ per number.
pub fn randomness(n: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&n.to_be_bytes());
    bytes
}

pub fn who(tenant_name: &str) -> Who {
    Who {
        principal: Some("caller".into()),
        kind: Some(PrincipalKind::User),
        agent: Some("support-bot/2.1".into()),
        auth: Some("jwt:idp.acme.test".into()),
        addr: Some("10.0.0.4".into()),
        ..Who::of(tenant(tenant_name))
    }
}

/// A ledger of one tenant under way: its lines and the checkpoints signed so far.
pub struct Ledger {
    pub chain: Chain,
    pub lines: Vec<String>,
    pub notes: Vec<String>,
}

impl Ledger {
    pub fn new(tenant_name: &str) -> Ledger {
        Ledger {
            chain: Chain::new(tenant(tenant_name)),
            lines: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub fn append(&mut self, record: Record) -> Record {
        let sealed = self.chain.append(record).unwrap();
        self.lines.push(format!("{}\n", sealed.line()));
        sealed.record
    }

    pub fn sign(&mut self) {
        self.notes.push(Checkpoint::sign(&self.chain, &key()));
    }

    /// `count` records: calls in two halves, with other records between them.
    pub fn of_records(tenant_name: &str, count: u64) -> Ledger {
        let mut ledger = Ledger::new(tenant_name);
        let mut received: Option<Record> = None;
        for n in 0..count {
            let ts = at(n as i64);
            let record = match (n % 3, received.take()) {
                (1, Some(received)) => Record {
                    outcome: Some(Outcome::of(Status::Success)),
                    ..received.completed(ts, randomness(n))
                },
                (0, _) if n + 1 < count => Record {
                    stage: Stage::Received,
                    ..Record::new(RecordType::TOOL_CALL, who(tenant_name), ts, randomness(n))
                },
                _ => Record::new(
                    Family::Limit.verb("soft"),
                    who(tenant_name),
                    ts,
                    randomness(n),
                ),
            };
            let is_received = record.stage == Stage::Received;
            let record = ledger.append(record);
            received = is_received.then_some(record);
        }
        ledger
    }
}
