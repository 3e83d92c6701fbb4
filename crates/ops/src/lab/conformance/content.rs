//! Tools that return each kind of content.

use serde_json::{Value, json};

use super::bare;
use crate::lab::{
    answer::{self, Outcome},
    resources::PNG,
    tools::Tool,
};

pub const TOOLS: &[Tool] = &[
    Tool {
        name: "test_simple_text",
        contract: || bare("Returns a text."),
        run: |_| {
            Box::pin(async { Ok(answer::text("This is a simple text response for testing.")) })
        },
    },
    Tool {
        name: "test_image_content",
        contract: || bare("Returns an image."),
        run: |_| Box::pin(async { of([image()]) }),
    },
    Tool {
        name: "test_audio_content",
        contract: || bare("Returns a sound."),
        run: |_| {
            Box::pin(async { of([json!({"type": "audio", "data": WAV, "mimeType": "audio/wav"})]) })
        },
    },
    Tool {
        name: "test_embedded_resource",
        contract: || bare("Returns an embedded resource."),
        run: |_| {
            let text = "This is an embedded resource content.";
            Box::pin(async move { of([resource("test://embedded-resource", "text/plain", text)]) })
        },
    },
    Tool {
        name: "test_multiple_content_types",
        contract: || bare("Returns a text, an image and a resource."),
        run: |_| Box::pin(async { of(mixed()) }),
    },
    Tool {
        name: "test_error_handling",
        contract: || bare("Always fails."),
        run: |_| {
            Box::pin(async {
                Ok(answer::failure(
                    "This tool intentionally returns an error for testing",
                ))
            })
        },
    },
];

/// A sound of no samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

fn of(content: impl Into<Vec<Value>>) -> Outcome {
    Ok(json!({"content": content.into()}))
}

fn mixed() -> [Value; 3] {
    let data = r#"{"test":"data","value":123}"#;
    [
        json!({"type": "text", "text": "Multiple content types test:"}),
        image(),
        resource("test://mixed-content-resource", "application/json", data),
    ]
}

pub fn image() -> Value {
    json!({"type": "image", "data": PNG, "mimeType": "image/png"})
}

pub fn resource(uri: &str, media_type: &str, text: &str) -> Value {
    json!({"type": "resource", "resource": {"uri": uri, "mimeType": media_type, "text": text}})
}
