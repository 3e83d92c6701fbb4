//! The OpenAPI document, generated from the handlers; `docs/openapi.json` is this, committed.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::{
    input,
    problem::Problem,
    router::{ROUTES, Roles, documented, routes},
};

#[derive(OpenApi)]
#[openapi(info(
    title = "Wardgate admin API",
    version = "1",
    license(name = "Apache-2.0", identifier = "Apache-2.0"),
    description = "What operators see and do. Every change needs a reason and leaves a record."
))]
pub(crate) struct Head;

/// Returns this document.
#[utoipa::path(
    get,
    path = "/admin/v1/openapi.json",
    operation_id = "openapi",
    tag = "openapi",
    responses((status = 200, description = "This document", body = Object), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn get() -> Response {
    input::json(StatusCode::OK, &document())
}

/// Returns the document.
pub fn document() -> Value {
    let (_router, generated) = routes().split_for_parts();
    let mut document = serde_json::to_value(generated).expect("a document is plain data");
    let paths = document["paths"].take();
    let mut spelled = Map::new();
    for (path, mut item) in paths.as_object().cloned().unwrap_or_default() {
        let path = documented(&path);
        annotate(&path, &mut item);
        spelled.insert(path, item);
    }
    spelled.sort_keys();
    document["paths"] = Value::Object(spelled);
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or an access token of an issuer that the tenant trusts"}
    });
    document["security"] = json!([{"bearer": []}]);
    document
}

/// Says at each operation which roles open it.
fn annotate(path: &str, item: &mut Value) {
    let declared = ROUTES.iter().filter(|route| route.path == path);
    for route in declared {
        let operation = &mut item[route.method.to_lowercase()];
        operation["x-wardgate-roles"] = match route.roles {
            Roles::Anybody => json!([]),
            Roles::AnyOf(roles) => roles.iter().map(|role| role.as_str()).collect(),
        };
    }
}

#[cfg(test)]
mod tests {
    /// Run with `WARDGATE_GOLDEN=write` to write the document anew, then review it like code.
    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
        let text = serde_json::to_string_pretty(&super::document()).unwrap() + "\n";
        if std::env::var_os("WARDGATE_GOLDEN").is_some_and(|value| value == "write") {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == text,
            "docs/openapi.json is old: `cargo xtask golden` writes it"
        );
    }
}
