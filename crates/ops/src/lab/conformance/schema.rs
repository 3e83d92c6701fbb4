//! Tools whose contract is the point: JSON Schema 2020-12 keywords, and mirrored headers.

use serde_json::{Value, json};

use crate::lab::{
    answer::{self, Outcome},
    call::Call,
    tools::Tool,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "json_schema_2020_12_tool",
        contract: keywords_contract,
        run: |call| Box::pin(repeat(call)),
    },
    Tool {
        name: "test_x_mcp_header",
        contract: mirrored_contract,
        run: |call| Box::pin(repeat(call)),
    },
];

fn keywords_contract() -> Value {
    json!({
        "description": "Tool with JSON Schema 2020-12 features",
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
                },
            },
            "properties": {
                "name": {"type": "string"},
                "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"},
                "email": {"type": "string"},
            },
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false,
        },
    })
}

fn mirrored_contract() -> Value {
    json!({
        "description": "Takes arguments that HTTP clients repeat in headers.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "region": {"type": "string", "x-mcp-header": "Region"},
                "priority": {"type": "integer", "x-mcp-header": "Priority"},
                "verbose": {"type": "boolean", "x-mcp-header": "Verbose"},
                "query": {"type": "string"},
            },
            "required": ["region"],
        },
    })
}

async fn repeat(call: &Call) -> Outcome {
    Ok(answer::text(
        Value::Object(call.arguments().clone()).to_string(),
    ))
}
