//! Every route, and whose roles open it. A route that is not in [`ROUTES`] opens to nobody.
//!
//! To add a collection: a file with its handlers and their `#[utoipa::path]`, a line in [`routes`], and a line per route in
//! [`ROUTES`]. `docs/openapi.json` and the matrix of routes and roles follow from these.

use axum::{Router, extract::Request, middleware};
use http::{Method, StatusCode, Uri};
use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};
use wardgate_model::Role::{self, Approver, Auditor, Operator, PlatformAdmin, TenantAdmin, Viewer};

use crate::{
    Desk, access, approvals, explain, keys, limits, metrics, openapi, overrides, problem, records,
    whoami,
};

/// Who may use one route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub method: &'static str,
    /// As the OpenAPI document has it.
    pub path: &'static str,
    pub roles: Roles,
}

#[derive(Clone, Copy, Debug)]
pub enum Roles {
    /// Whoever is known.
    Anybody,
    AnyOf(&'static [Role]),
}

const LOOKERS: Roles = Roles::AnyOf(&[
    Viewer,
    Operator,
    Approver,
    Auditor,
    TenantAdmin,
    PlatformAdmin,
]);
const ADMINS: Roles = Roles::AnyOf(&[TenantAdmin, PlatformAdmin]);
const STOPPERS: Roles = Roles::AnyOf(&[Operator, PlatformAdmin]);
const DECIDERS: Roles = Roles::AnyOf(&[Approver, TenantAdmin, PlatformAdmin]);
const WITNESSES: Roles = Roles::AnyOf(&[Approver, Auditor, TenantAdmin, PlatformAdmin]);
const READERS: Roles = Roles::AnyOf(&[Auditor, TenantAdmin, PlatformAdmin]);

pub const ROUTES: &[Route] = &[
    route("GET", "/admin/v1/openapi.json", Roles::Anybody),
    route("GET", "/admin/v1/whoami", Roles::Anybody),
    route("GET", "/admin/v1/approvals", WITNESSES),
    route("GET", "/admin/v1/approvals/{id}", WITNESSES),
    route("POST", "/admin/v1/approvals/{id}:approve", DECIDERS),
    route("POST", "/admin/v1/approvals/{id}:deny", DECIDERS),
    route("POST", "/admin/v1/approvals/{id}:cancel", DECIDERS),
    route("POST", "/admin/v1/explain", LOOKERS),
    route("GET", "/admin/v1/keys", ADMINS),
    route("POST", "/admin/v1/keys", ADMINS),
    route("POST", "/admin/v1/keys/{id}:revoke", ADMINS),
    route("GET", "/admin/v1/limits", LOOKERS),
    route("GET", "/admin/v1/overrides", LOOKERS),
    route("POST", "/admin/v1/overrides", STOPPERS),
    route("POST", "/admin/v1/overrides/{id}:lift", STOPPERS),
    route("GET", "/admin/v1/records", READERS),
    route("GET", "/admin/v1/records/{id}", READERS),
    route("GET", "/metrics", LOOKERS),
];

const fn route(method: &'static str, path: &'static str, roles: Roles) -> Route {
    Route {
        method,
        path,
        roles,
    }
}

/// Each collection's handlers, and with them its part of the document.
pub(crate) fn routes() -> OpenApiRouter<Desk> {
    OpenApiRouter::with_openapi(openapi::Head::openapi())
        .routes(routes!(openapi::get))
        .routes(routes!(whoami::get))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::get))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::deny))
        .routes(routes!(approvals::cancel))
        .routes(routes!(explain::explain))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(limits::list))
        .routes(routes!(overrides::list, overrides::create))
        .routes(routes!(overrides::lift))
        .routes(routes!(records::list))
        .routes(routes!(records::get))
        .routes(routes!(metrics::get))
}

pub(crate) fn router(desk: Desk) -> Router {
    let (router, _document) = routes().split_for_parts();
    router
        .route_layer(middleware::from_fn(access::judge))
        .fallback(async || problem::refused_here(StatusCode::NOT_FOUND, "no such path"))
        .method_not_allowed_fallback(async || {
            problem::refused_here(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
        })
        .with_state(desk)
}

/// Routers match whole segments: `{item}:{verb}` is looked up as `{item}/verb:{verb}`, which no client can spell.
const VERB: &str = "/verb:";

/// Returns a path as the document has it.
pub(crate) fn documented(path: &str) -> String {
    path.replace(VERB, ":")
}

/// Returns the request as the router looks it up.
pub(crate) fn routed(mut request: Request) -> Request {
    let path = request.uri().path();
    let Some((item, verb)) = path
        .rsplit_once(':')
        .filter(|(_, verb)| !verb.contains('/'))
    else {
        return request;
    };
    let query = request.uri().query().map(|query| format!("?{query}"));
    let split = format!("{item}{VERB}{verb}{}", query.unwrap_or_default());
    if let Ok(uri) = split.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// Who may use a route, if it is one.
pub(crate) fn roles(method: &Method, path: &str) -> Option<Roles> {
    let path = documented(path);
    // Axum answers HEAD with what it has for GET.
    let method = match method {
        &Method::HEAD => Method::GET.as_str(),
        method => method.as_str(),
    };
    let found = ROUTES
        .iter()
        .find(|route| route.method == method && route.path == path);
    found.map(|route| route.roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked_up(path: &str) -> String {
        let request = Request::get(path).body(axum::body::Body::empty()).unwrap();
        routed(request).uri().to_string()
    }

    #[test]
    fn a_verb_follows_its_item() {
        let check = |path: &str, expected: &str| assert_eq!(looked_up(path), expected, "{path}");
        check("/admin/v1/keys", "/admin/v1/keys");
        check("/admin/v1/keys/a:revoke", "/admin/v1/keys/a/verb:revoke");
        check(
            "/admin/v1/keys/a:revoke?dry_run=1",
            "/admin/v1/keys/a/verb:revoke?dry_run=1",
        );
        check("/a:b/c", "/a:b/c");
        // What the router looks up cannot be asked for.
        check(
            "/admin/v1/keys/a/verb:revoke",
            "/admin/v1/keys/a/verb/verb:revoke",
        );
    }

    #[test]
    fn every_route_declares_its_roles_and_every_declaration_is_a_route() {
        let document = openapi::document();
        let methods = |item: &serde_json::Value| -> Vec<String> {
            let members = item.as_object().expect("an object");
            members.keys().map(|method| method.to_uppercase()).collect()
        };
        let mut there: Vec<(String, String)> = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            there.extend(
                methods(item)
                    .into_iter()
                    .map(|method| (method, path.clone())),
            );
        }
        let mut declared: Vec<(String, String)> = ROUTES
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned()))
            .collect();
        there.sort();
        declared.sort();
        assert_eq!(there, declared);
    }

    #[test]
    fn what_is_not_declared_opens_to_nobody() {
        assert!(roles(&Method::GET, "/admin/v1/keys").is_some());
        assert!(roles(&Method::PUT, "/admin/v1/keys").is_none());
        assert!(roles(&Method::GET, "/admin/v1/secrets").is_none());
    }
}
