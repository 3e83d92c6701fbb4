//! Before any handler: whether the visitor's roles open the route, and how far they reach.

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use wardgate_model::Reach;

use crate::{
    Visitor,
    problem::Problem,
    router::{Roles, roles},
};

pub async fn judge(mut request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>();
    let declared = matched.and_then(|path| roles(request.method(), path.as_str()));
    let visitor = request.extensions().get::<Visitor>();
    let (Some(declared), Some(visitor)) = (declared, visitor) else {
        return Problem::new(StatusCode::FORBIDDEN, "forbidden", "nobody may do this")
            .into_response();
    };
    let reach = match declared {
        Roles::Anybody => Some(Reach::Tenant(visitor.operator.identity.tenant.clone())),
        Roles::AnyOf(any_of) => visitor.held.reach(any_of),
    };
    match reach {
        Some(reach) => {
            request.extensions_mut().insert(reach);
            next.run(request).await
        }
        None => Problem::new(
            StatusCode::FORBIDDEN,
            "role_missing",
            &format!("this takes one of the roles {}", listed(declared)),
        )
        .into_response(),
    }
}

fn listed(roles: Roles) -> String {
    let Roles::AnyOf(roles) = roles else {
        return String::new();
    };
    let names: Vec<_> = roles
        .iter()
        .map(|role| format!("`{}`", role.as_str()))
        .collect();
    names.join(", ")
}
