//! For whom a token must be made and by whom, and what is left to judge once it is known.

use std::sync::Arc;

use serde_json::json;
use wardgate_identity::{
    Ambiguous, ClaimPath, Fetch, Issuer, KeysAt, TokenFault, TokenRefusal, Verifier,
};
use wardgate_model::TenantId;
use wardgate_testkit::issuer::{SigningKey, base64, key_set};

use crate::support::{Desk, ISSUER, KEYS, RESOURCE, claims_with, graft, issuer};

#[tokio::test]
async fn an_audience_is_ours_letter_by_letter() {
    let desk = Desk::new();
    for (audience, is_ours) in [
        (json!("wardgate"), true),
        (json!(["other", "wardgate"]), true),
        (json!(RESOURCE), true),
        (json!([]), false),
        (json!(""), false),
        (json!("other"), false),
        (json!("wardgate.evil"), false),
        (json!("Wardgate"), false),
        (json!("wardgate "), false),
        (json!("wardgate other"), false),
        (json!(format!("{RESOURCE}/")), false),
        (json!("https://gw.test/mcp/support"), false),
        (json!("https://gw.test/mcp"), false),
    ] {
        let expected = (!is_ours).then_some(TokenRefusal::Audience);
        let token = desk.token(json!({"aud": audience}));
        assert_eq!(desk.refusal(&token).await, expected, "{audience}");
    }
}

#[tokio::test]
async fn a_token_for_one_route_is_no_good_on_another_even_once_known() {
    let desk = Desk::new();
    let token = desk.token(json!({"aud": RESOURCE}));
    assert_eq!(desk.refusal(&token).await, None);
    let elsewhere = desk
        .verifier
        .verify(&token, "https://gw.test/mcp/support", desk.now());
    assert_eq!(elsewhere.await.unwrap_err(), TokenRefusal::Audience.into());
    let strict = Issuer {
        accept_resource: false,
        ..issuer()
    };
    let desk = Desk::with(vec![strict], "ES256");
    let token = desk.token(json!({"aud": RESOURCE}));
    assert_eq!(desk.refusal(&token).await, Some(TokenRefusal::Audience));
}

#[tokio::test]
async fn an_issuer_is_trusted_letter_by_letter_and_with_its_own_keys() {
    let other = Issuer {
        keys: KeysAt::Uri("https://other.test/keys".into()),
        ..Issuer::new(TenantId::new("globex"), "https://other.test", "wardgate")
    };
    let desk = Desk::with(vec![issuer(), other], "ES256");
    let others = SigningKey::new("k1", "ES256");
    desk.library
        .put("https://other.test/keys", &key_set(&[&others]));
    for near in [
        "https://IDP.test",
        "https://idp.test/",
        "http://idp.test",
        "idp.test",
        "",
    ] {
        let token = desk.token(json!({"iss": near}));
        assert_eq!(
            desk.refusal(&token).await,
            Some(TokenRefusal::Issuer),
            "{near}"
        );
    }
    // The key of one issuer under the name of the other, both with the same id.
    let forged = desk.token(json!({"iss": "https://other.test"}));
    assert_eq!(desk.refusal(&forged).await, Some(TokenRefusal::Signature));
    let own = others.token("ES256", &claims_with(json!({"iss": "https://other.test"})));
    assert_eq!(
        desk.verify(&own).await.unwrap().caller.tenant.as_str(),
        "globex"
    );
}

#[tokio::test]
async fn tenants_that_share_an_issuer_are_told_apart_by_audience() {
    let tenant = |name: &str, audience: &str| Issuer {
        keys: KeysAt::Uri(KEYS.into()),
        ..Issuer::new(TenantId::new(name), ISSUER, audience)
    };
    let desk = Desk::with(
        vec![tenant("acme", "gw-acme"), tenant("globex", "gw-globex")],
        "ES256",
    );
    let verified = desk.verify(&desk.token(json!({"aud": "gw-globex"}))).await;
    assert_eq!(verified.unwrap().caller.tenant.as_str(), "globex");
    for ambiguous in [json!(["gw-acme", "gw-globex"]), json!(RESOURCE)] {
        let token = desk.token(json!({"aud": ambiguous}));
        assert_eq!(
            desk.refusal(&token).await,
            Some(TokenRefusal::Audience),
            "{ambiguous}"
        );
    }
    let fetch: Arc<dyn Fetch> = Arc::new(desk.library.clone());
    let build = |issuers| Verifier::new(issuers, &fetch, 1).err();
    let (acme, globex) = (TenantId::new("acme"), TenantId::new("globex"));
    assert_eq!(
        build(vec![tenant("acme", "gw"), tenant("globex", "gw")]),
        Some(Ambiguous::Audience(acme.clone(), globex.clone())),
    );
    let moved = Issuer {
        keys: KeysAt::Discovery,
        ..tenant("globex", "gw-globex")
    };
    assert_eq!(
        build(vec![tenant("acme", "gw"), moved]),
        Some(Ambiguous::Keys(acme, globex))
    );
}

#[tokio::test]
async fn other_issuers_leave_the_keys_of_those_that_stay() {
    let desk = Desk::new();
    let token = desk.token(json!({"groups": ["a"], "roles": ["b"]}));
    assert_eq!(desk.refusal(&token).await, None);
    desk.library.burn();
    let fetch: Arc<dyn Fetch> = Arc::new(desk.library.clone());
    let changed = Issuer {
        groups_claim: ClaimPath::new("roles"),
        ..issuer()
    };
    let moved = Issuer {
        keys: KeysAt::Discovery,
        ..issuer()
    };
    let after = |issuer| desk.verifier.with_issuers(vec![issuer], &fetch, 1).unwrap();
    let verified = after(changed).verify(&token, RESOURCE, desk.now()).await;
    assert_eq!(verified.unwrap().caller.groups[0].as_str(), "b");
    let verified = after(moved).verify(&token, RESOURCE, desk.now()).await;
    assert!(
        matches!(verified, Err(TokenFault::Unavailable(_))),
        "{verified:?}"
    );
}

#[tokio::test]
async fn no_token_is_known_by_its_beginning() {
    let desk = Desk::new();
    let token = desk.token(json!({}));
    assert_eq!(desk.refusal(&token).await, None);
    let forged = graft(&desk.token(json!({"sub": "root"})), &token);
    assert_eq!(desk.refusal(&forged).await, Some(TokenRefusal::Signature));
    let (signed, _) = token.rsplit_once('.').unwrap();
    let zeroed = format!("{signed}.{}", base64(&[0; 64]));
    assert_eq!(desk.refusal(&zeroed).await, Some(TokenRefusal::Signature));
}

#[tokio::test]
async fn a_known_token_still_expires() {
    let mut desk = Desk::new();
    let token = desk.token(json!({}));
    assert_eq!(desk.refusal(&token).await, None);
    desk.wait(959);
    assert_eq!(desk.refusal(&token).await, None);
    desk.wait(1);
    assert_eq!(desk.refusal(&token).await, Some(TokenRefusal::Expired));
}
