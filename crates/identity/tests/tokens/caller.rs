//! Which caller the claims of a good token make.

use serde_json::{Value, json};
use wardgate_identity::{ClaimPath, Issuer};
use wardgate_model::{Caller, PrincipalKind, Via};

use crate::support::{Desk, ISSUER, issuer};

async fn caller_of(issuer: Issuer, changes: Value) -> Caller {
    let desk = Desk::with(vec![issuer], "ES256");
    desk.verify(&desk.token(changes)).await.unwrap().caller
}

async fn groups_of(claim: &str, changes: Value) -> Vec<String> {
    let issuer = Issuer {
        groups_claim: ClaimPath::new(claim),
        ..issuer()
    };
    let caller = caller_of(issuer, changes).await;
    caller.groups.iter().map(ToString::to_string).collect()
}

async fn check_kind(changes: Value, expected: PrincipalKind) {
    let issuer = Issuer {
        kind_claim: Some(ClaimPath::new("acme.kind")),
        ..issuer()
    };
    let kind = caller_of(issuer, changes.clone()).await.kind;
    assert_eq!(kind, expected, "{changes}");
}

#[tokio::test]
async fn a_caller_has_the_tenant_of_the_config_and_the_name_of_the_token() {
    let caller = caller_of(issuer(), json!({"tenant": "globex", "tid": "globex"})).await;
    assert_eq!(caller.identity().to_string(), "acme/lena");
    assert_eq!(caller.via, Via::Jwt);
    assert_eq!(caller.credential.unwrap().as_str(), ISSUER);
    let issuer = Issuer {
        principal_claim: ClaimPath::new("email"),
        ..issuer()
    };
    let caller = caller_of(issuer, json!({"email": "lena@acme.test"})).await;
    assert_eq!(caller.principal.as_str(), "lena@acme.test");
}

#[tokio::test]
async fn groups_are_found_by_name_or_by_path_sorted_and_once() {
    assert_eq!(groups_of("groups", json!({})).await, [""; 0]);
    assert_eq!(groups_of("groups", json!({"groups": "ops"})).await, ["ops"]);
    assert_eq!(
        groups_of("groups", json!({"groups": ["b", "a", "b"]})).await,
        ["a", "b"]
    );
    let nested = json!({"realm_access": {"roles": ["admin"]}});
    assert_eq!(groups_of("realm_access.roles", nested).await, ["admin"]);
    let named = json!({"https://acme.test/groups": ["x"], "https://acme": {"test/groups": ["y"]}});
    assert_eq!(groups_of("https://acme.test/groups", named).await, ["x"]);
}

#[tokio::test]
async fn scopes_are_read_from_either_claim() {
    for (changes, expected) in [
        (json!({}), vec![]),
        (json!({"scope": "write read  write"}), vec!["read", "write"]),
        (json!({"scp": "read"}), vec!["read"]),
        (json!({"scp": ["write", "read"]}), vec!["read", "write"]),
        (json!({"scope": "read", "scp": "admin"}), vec!["read"]),
    ] {
        let caller = caller_of(issuer(), changes.clone()).await;
        let scopes: Vec<&str> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(scopes, expected, "{changes}");
    }
}

#[tokio::test]
async fn what_kind_of_being_calls_is_claimed_or_seen() {
    check_kind(json!({}), PrincipalKind::User).await;
    check_kind(json!({"client_id": "app"}), PrincipalKind::User).await;
    check_kind(
        json!({"sub": "app", "client_id": "app"}),
        PrincipalKind::Service,
    )
    .await;
    check_kind(json!({"gty": "client-credentials"}), PrincipalKind::Service).await;
    check_kind(json!({"idtyp": "app"}), PrincipalKind::Service).await;
    check_kind(
        json!({"acme": {"kind": "agent"}, "idtyp": "app"}),
        PrincipalKind::Agent,
    )
    .await;
    check_kind(
        json!({"acme": {"kind": "user"}, "idtyp": "app"}),
        PrincipalKind::User,
    )
    .await;
}
