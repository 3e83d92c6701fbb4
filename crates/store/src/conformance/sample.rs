//! Plausible data, one maker per kind. What a promise is about, it sets itself.

use std::time::Duration;

use wardgate_model::{
    Alias, ApprovalId, CredentialId, GroupName, Identity, OverrideEffect, OverrideId,
    OverrideMatch, PersonId, PrincipalId, PrincipalKind, RecordId, ServerName, TenantId, ToolRef,
    ToolsetName,
};

use crate::{
    ApiKey, Ballot, Binding, Head, Line, Need, Override, Request, Spend, Stage, Timestamp, Vote,
};

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + seconds * 1_000)
}

pub fn tenant(name: &str) -> TenantId {
    TenantId::new(name)
}

pub fn person(name: &str) -> PersonId {
    PersonId::new(format!("{name}@acme.test"))
}

pub fn identity(principal: &str) -> Identity {
    Identity {
        tenant: tenant("acme"),
        principal: PrincipalId::new(principal),
    }
}

pub fn api_key(id: &str) -> ApiKey {
    ApiKey {
        id: CredentialId::new(id),
        tenant: tenant("acme"),
        principal: PrincipalId::new("support-bot"),
        kind: PrincipalKind::Agent,
        groups: vec![GroupName::new("support"), GroupName::new("with \"quotes\"")],
        toolsets: Some(vec![ToolsetName::new("finance")]),
        hash: vec![0, 255, 7],
        created_at: at(0),
        created_by: person("admin"),
        expires_at: Some(at(1_000)),
        revoked_at: None,
        revoked_by: None,
        last_used: None,
    }
}

pub fn binding(args: &str) -> Binding {
    Binding {
        requester: identity("caller"),
        server: ServerName::new("com.acme/payments"),
        version: "2.3.1".to_owned(),
        tool: "refund_create".to_owned(),
        args_digest: format!("sha256:{args}"),
        contract: "sha256:contract".to_owned(),
        policy_rev: "sha256:policy".to_owned(),
    }
}

/// Asked at 0 by `caller`, to be decided within 600 s and used within 300 s, and needing two finance approvers.
pub fn request(id: &str) -> Request {
    Request {
        id: ApprovalId::new(id),
        binding: binding(id),
        person: person("caller"),
        args: "{\"amount\":500,\"note\":\"\u{202e}é\"}".to_owned(),
        sealed_args: Some(vec![1, 0, 255]),
        needs: vec![need("refund-four-eyes", "finance-approvers", 2)],
        reason: Some("duplicate charge".to_owned()),
        created_at: at(0),
        decide_by: at(600),
        use_within: Duration::from_secs(300),
    }
}

pub fn need(rule: &str, group: &str, count: u32) -> Need {
    Need {
        rule: rule.to_owned(),
        group: GroupName::new(group),
        count,
    }
}

/// A finance approver's vote at 10.
pub fn vote(name: &str, ballot: Ballot) -> Vote {
    Vote {
        by: identity(name),
        person: person(name),
        groups: vec![GroupName::new("staff"), GroupName::new("finance-approvers")],
        ballot,
        reason: Some("seen the ticket".to_owned()),
        at: at(10),
    }
}

/// A kill switch for one tool, set at 0 for an hour.
pub fn kill(id: &str) -> Override {
    Override {
        id: OverrideId::new(id),
        effect: OverrideEffect::Deny,
        matches: OverrideMatch::Tool(tool("refund_create")),
        reason: "INC-88".to_owned(),
        by: person("oncall"),
        created_at: at(0),
        expires_at: Some(at(3_600)),
        cancel_in_flight: true,
        lifts: Vec::new(),
        lifted_at: None,
    }
}

pub fn tool(name: &str) -> ToolRef {
    ToolRef {
        alias: Alias::new("pay"),
        name: name.to_owned(),
    }
}

/// The line of a tenant with this number, at as many seconds.
pub fn line(tenant_name: &str, seq: u64) -> Line {
    Line {
        tenant: tenant(tenant_name),
        seq,
        id: RecordId::new(format!("rec_{tenant_name}_{seq}")),
        at: at(seq as i64),
        kind: "tool.call".to_owned(),
        stage: Stage::Complete,
        principal: Some(PrincipalId::new("caller")),
        toolset: Some(ToolsetName::new("finance")),
        tool: Some(tool("refund_create")),
        effect: Some("allow".to_owned()),
        status: Some("success".to_owned()),
        of: None,
        key: Some("ord-991".to_owned()),
        trace: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
        spend: Spend {
            calls: 1,
            cost_micro_usd: 20_000,
            tokens: 340,
            bytes: 611,
            compute_ms: 398,
        },
        text: format!("{{\"seq\":{seq},\"note\":\"é \\u0000 🦀\"}}"),
        hash: [(seq % 251) as u8; 32],
    }
}

/// Lines `from..=to` of a tenant.
pub fn lines(tenant: &str, from: u64, to: u64) -> Vec<Line> {
    (from..=to).map(|seq| line(tenant, seq)).collect()
}

/// The head behind a line.
pub fn head(line: &Line) -> Head {
    Head {
        tenant: line.tenant.clone(),
        seq: line.seq,
        hash: line.hash,
        tree: line.seq.to_be_bytes().to_vec(),
    }
}

/// The head behind the last of some lines of one tenant.
pub fn head_of(lines: &[Line]) -> Vec<Head> {
    lines.last().map(head).into_iter().collect()
}
