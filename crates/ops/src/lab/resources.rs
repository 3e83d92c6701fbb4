//! Resources: a text, a picture, and the shelf of items, as a whole and one by one.

use serde_json::{Value, json};

use super::{
    answer::{INVALID_PARAMS, Outcome, RESOURCE_NOT_FOUND, RpcError},
    call::Call,
    conformance,
};

/// A picture of one red pixel.
pub const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

pub fn list(call: &Call) -> Outcome {
    let mut resources = vec![
        json!({"uri": "lab://readme", "name": "readme", "title": "Read me", "description": "What the lab is.",
               "mimeType": "text/markdown"}),
        json!({"uri": "lab://logo", "name": "logo", "title": "Logo", "description": "A picture of one pixel.",
               "mimeType": "image/png"}),
        json!({"uri": "lab://items", "name": "items", "title": "Items", "description": "Ids of all items on the shelf.",
               "mimeType": "application/json"}),
    ];
    if call.lab.options.conformance {
        resources.extend(conformance::resources::list());
        resources.extend(conformance::skills::resources());
    }
    call.lab.page(call, "resources", resources)
}

pub fn list_templates(call: &Call) -> Outcome {
    let mut templates = vec![json!({
        "uriTemplate": "lab://item/{id}", "name": "item", "title": "Item", "description": "One item of the shelf.",
        "mimeType": "application/json",
    })];
    if call.lab.options.conformance {
        templates.extend(conformance::resources::templates());
    }
    call.lab.page(call, "resourceTemplates", templates)
}

pub fn read(call: &Call) -> Outcome {
    let uri = call.param("uri")?;
    let content = contents(call, uri).ok_or_else(|| not_found(call, uri))?;
    Ok(json!({"contents": [content]}))
}

fn contents(call: &Call, uri: &str) -> Option<Value> {
    let json_text = |value: &Value| json!({"uri": uri, "mimeType": "application/json", "text": value.to_string()});
    match uri {
        "lab://readme" => Some(json!({
            "uri": uri, "mimeType": "text/markdown", "text": "# Lab\n\nA test server with known behaviour.\n",
        })),
        "lab://logo" => Some(json!({"uri": uri, "mimeType": "image/png", "blob": PNG})),
        "lab://items" => Some(json_text(&json!({"ids": call.lab.shelf.ids()}))),
        _ if call.lab.options.conformance && !uri.starts_with("lab://") => {
            conformance::resources::read(uri).or_else(|| conformance::skills::read(uri))
        }
        _ => call
            .lab
            .shelf
            .get(uri.strip_prefix("lab://item/")?)
            .as_ref()
            .map(json_text),
    }
}

/// MCP 2026-07-28 server/resources#error-handling: -32602, where it used to be -32002.
fn not_found(call: &Call, uri: &str) -> RpcError {
    let code = if call.is_modern() {
        INVALID_PARAMS
    } else {
        RESOURCE_NOT_FOUND
    };
    RpcError::new(code, "Resource not found").with_data(json!({"uri": uri}))
}

pub fn subscribe(call: &Call) -> Outcome {
    let uri = call.param("uri")?;
    if let Some(session) = &call.session {
        session.subscribe(uri.into());
    }
    Ok(json!({}))
}

pub fn unsubscribe(call: &Call) -> Outcome {
    let uri = call.param("uri")?;
    if let Some(session) = &call.session {
        session.unsubscribe(uri);
    }
    Ok(json!({}))
}
