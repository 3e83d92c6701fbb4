//! `/metrics`: what is counted, for a scraper. Series are about every tenant, so only roles that reach everywhere open it.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use wardgate_model::Reach;

use crate::{Desk, problem::Problem};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The running gateway's metrics.
pub trait Exposition: Send + Sync {
    /// All of them, as OpenMetrics text.
    fn text(&self) -> String;
}

/// Returns the metrics of this gateway.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "metrics",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"), (status = "default", description = "What is wrong", body = Problem, content_type = "application/problem+json"))
)]
pub async fn get(State(desk): State<Desk>, Extension(reach): Extension<Reach>) -> Response {
    match reach {
        Reach::Everywhere => {
            let kind = [(header::CONTENT_TYPE, OPEN_METRICS)];
            (kind, desk.metrics.text()).into_response()
        }
        Reach::Tenant(_) => {
            let detail = "metrics are about every tenant, and this role is about one";
            Problem::new(StatusCode::FORBIDDEN, "role_missing", detail).into_response()
        }
    }
}
