//! Records, chains and keys that the tests share. Times and ids are fixed.

use jiff::{SignedDuration, Timestamp};
use wardgate_ledger::record::{
    Cache, Cost, Decision, Effect, Family, Outcome, Record, RecordType, Stage, Status, Trace, Undo,
    What, Who, Why,
};
use wardgate_ledger::{
    Chain, Checkpoint, Digest, FingerprintKey, Label, Sealed, SigningKey, Site, redact,
};
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

/// A refund that was approved, done, and can be undone: a record that says everything. Its address is redacted.
pub fn refund() -> Record {
    let labels = [Label::new("/email", "pii").unwrap()];
    let secret = FingerprintKey::derive(b"a secret of the gateway", &tenant("acme"), 7);
    let args = r#"{"amount": 500, "email": "caller@acme.test"}"#;
    let redacted = redact(args, &labels, &secret).unwrap();
    Record {
        what: What {
            toolset: Some("finance".into()),
            server: Some("com.acme/payments".into()),
            version: Some("2.3.1".into()),
            tool: Some("refund_create".into()),
            method: Some("tools/call".into()),
            contract: Some(Digest::of(b"the contract")),
            args: Some(redacted.json),
            args_digest: Some(redacted.digest),
            idempotency_key: Some("ord-991".into()),
        },
        why: Some(Why {
            text: "duplicate charge, ticket 8812".into(),
            source: "caller".into(),
        }),
        decision: Some(Decision {
            rules: vec!["refund-four-eyes".into()],
            policy_rev: Some("sha256:5f01".into()),
            approval: Some("apr_1".into()),
            snapshot: Some("9c1f".into()),
            ..Decision::of(Effect::RequireApproval)
        }),
        outcome: Some(Outcome {
            total_ms: Some(93_540),
            wait_ms: Some(93_122),
            upstream_ms: Some(398),
            bytes: Some(611),
            cache: Some(Cache::Miss),
            attempt: Some(1),
            result_digest: Some(Digest::of(b"the result")),
            ..Outcome::of(Status::Success)
        }),
        cost: Some(Cost {
            usd: Some("0.02".parse().unwrap()),
            tokens_est: Some(340),
            compute_s: Some(0.398),
        }),
        trace: Trace {
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
            span_id: Some("b7ad6b7169203331".into()),
            task: Some("tsk_1".into()),
            compensates: None,
        },
        undo: Some(Undo {
            tool: "refund_cancel".into(),
            until: at(86_400),
        }),
        ..Record::new(RecordType::TOOL_CALL, who("acme"), at(0), randomness(1))
    }
}

/// A caller without a token: a record that says little.
pub fn auth_failure() -> Record {
    Record {
        outcome: Some(Outcome {
            error_type: Some("no_credential".into()),
            ..Outcome::of(Status::Denied)
        }),
        ..Record::new(
            RecordType::AUTH_FAILURE,
            Who::of(tenant("acme")),
            at(1),
            randomness(2),
        )
    }
}

/// Seals records in one chain.
pub fn sealed(records: impl IntoIterator<Item = Record>) -> Vec<Sealed> {
    let mut chain = Chain::new(tenant("acme"));
    let seal = |record| chain.append(record).unwrap();
    records.into_iter().map(seal).collect()
}

pub fn site() -> Site {
    Site {
        log: "log.example.com".to_owned(),
        host: "gateway-1".to_owned(),
        environment: Some("prod".to_owned()),
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
