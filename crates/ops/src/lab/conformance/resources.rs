//! The resources of the suite.

use serde_json::{Value, json};

use crate::lab::resources::PNG;

pub fn list() -> Vec<Value> {
    let resource = |uri: &str, name: &str, media_type: &str| json!({"uri": uri, "name": name, "description": format!("The resource {name}."), "mimeType": media_type});
    vec![
        resource("test://static-text", "static-text", "text/plain"),
        resource("test://static-binary", "static-binary", "image/png"),
        resource("test://watched-resource", "watched-resource", "text/plain"),
    ]
}

pub fn templates() -> Vec<Value> {
    vec![json!({
        "uriTemplate": "test://template/{id}/data", "name": "template-data", "description": "Data by id.",
        "mimeType": "application/json",
    })]
}

/// Returns the contents if the suite has a resource of this URI.
pub fn read(uri: &str) -> Option<Value> {
    let text = |text: &str| json!({"uri": uri, "mimeType": "text/plain", "text": text});
    match uri {
        "test://static-text" => Some(text("This is the content of the static text resource.")),
        "test://static-binary" => Some(json!({"uri": uri, "mimeType": "image/png", "blob": PNG})),
        "test://watched-resource" => Some(text("Watched resource content.")),
        _ => {
            let id = uri
                .strip_prefix("test://template/")?
                .strip_suffix("/data")?;
            let data =
                json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            Some(json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()}))
        }
    }
}
