//! What the tests of this crate share: a shop with a payment server, and people who call it.
#![allow(dead_code, reason = "no test uses all of it")]

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use wardgate_model::{
    Alias, Caller, Effects, GroupName, PrincipalId, PrincipalKind, Risk, Scope, ServerName,
    TenantId, ToolRef, ToolsetName, Via,
};
use wardgate_policy::{
    Authorizer, Circumstances, Decision, Objective, Policies, PolicyFile, Request, Review, RuleId,
    Server, Target, Tool,
};

pub fn server() -> Arc<Server> {
    Arc::new(Server {
        name: ServerName::new("com.acme/payments"),
        alias: Alias::new("pay"),
        status: "approved".to_owned(),
        compliance: vec!["pci".to_owned()],
        reviewed: true,
    })
}

pub fn tool_ref(text: &str) -> ToolRef {
    let (alias, name) = text.split_once('/').expect("alias/tool");
    ToolRef {
        alias: Alias::new(alias),
        name: name.to_owned(),
    }
}

/// A tool of the payment server about which nobody has said anything.
pub fn tool(name: &str, input_schema: Value) -> Tool {
    Tool {
        tool: tool_ref(name),
        server: server(),
        toolsets: vec![ToolsetName::new("finance")],
        risk: Risk::High,
        effects: Effects::WORST,
        tags: Vec::new(),
        deprecated: false,
        input_schema,
    }
}

pub fn refund() -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "amount": {"type": "number"},
            "count": {"type": "integer"},
            "note": {"type": ["string", "null"]},
            "when": {"type": "string", "format": "date-time"},
            "from": {"type": "string", "format": "ipv4"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "to": {"type": "object", "properties": {"iban": {"type": "string"}}, "required": ["iban"]},
            "user-id": {"type": "string"},
            "any": {}
        },
        "required": ["id", "amount"]
    });
    tool("pay/refund", schema)
}

pub fn status() -> Tool {
    Tool {
        risk: Risk::Low,
        effects: Effects {
            read_only: true,
            destructive: false,
            idempotent: true,
            open_world: false,
        },
        ..tool(
            "pay/status",
            json!({"type": "object", "properties": {"id": {"type": "string"}}}),
        )
    }
}

pub fn caller(principal: &str, groups: &[&str]) -> Caller {
    let (tenant, principal) = principal.split_once('/').expect("tenant/principal");
    Caller {
        tenant: TenantId::new(tenant),
        principal: PrincipalId::new(principal),
        kind: PrincipalKind::User,
        groups: groups.iter().map(GroupName::new).collect(),
        scopes: Arc::from([Scope::new("tools:call")]),
        via: Via::ApiKey,
        credential: None,
    }
}

pub fn circumstances(environment: &str) -> Circumstances<'_> {
    Circumstances {
        environment,
        now_ms: 1_790_000_000_000,
        reason: None,
        slo: Objective::default(),
        review: Review::default(),
    }
}

pub fn policies(text: &str) -> Policies {
    let file = PolicyFile {
        name: "test.cedar",
        text,
    };
    Policies::parse([file]).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// A call that tests change where they care.
pub struct World {
    pub authorizer: Authorizer,
    pub caller: Caller,
    pub toolset: ToolsetName,
    pub tool: ToolRef,
    pub arguments: Box<RawValue>,
    pub environment: &'static str,
    pub reason: Option<&'static str>,
    pub grants: Vec<RuleId>,
    pub break_glass: bool,
}

impl World {
    pub fn new(text: &str) -> World {
        World::with_tools(text, [refund(), status()])
    }

    pub fn with_tools(text: &str, tools: impl IntoIterator<Item = Tool>) -> World {
        World {
            authorizer: Authorizer::new(Arc::new(policies(text)), tools),
            caller: caller("acme/ann", &["support"]),
            toolset: ToolsetName::new("finance"),
            tool: tool_ref("pay/refund"),
            arguments: raw(r#"{"id": "r1", "amount": 12.5}"#),
            environment: "prod",
            reason: None,
            grants: Vec::new(),
            break_glass: false,
        }
    }

    pub fn request(&self) -> Request<'_> {
        Request {
            caller: &self.caller,
            toolset: &self.toolset,
            target: Target::Call {
                tool: &self.tool,
                arguments: &self.arguments,
            },
            circumstances: Circumstances {
                reason: self.reason,
                ..circumstances(self.environment)
            },
            grants: &self.grants,
            break_glass: self.break_glass,
        }
    }

    pub fn decide(&self) -> Decision {
        self.authorizer.decide(&self.request())
    }

    pub fn visible(&self) -> bool {
        let facts = circumstances(self.environment);
        self.authorizer.visible(
            &self.caller,
            &self.toolset,
            &self.tool,
            &facts,
            self.break_glass,
        )
    }
}

pub fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).expect("JSON")
}

pub fn names(rules: &[Arc<wardgate_policy::Rule>]) -> Vec<&str> {
    rules.iter().map(|rule| rule.id.as_str()).collect()
}
