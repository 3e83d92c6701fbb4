//! When an issuer's keys are fetched, and what holds while they cannot be.

use futures_util::future::join_all;
use serde_json::json;
use wardgate_identity::{Issuer, KeysAt, TokenFault, TokenRefusal};
use wardgate_testkit::issuer::{SigningKey, key_set};

use crate::support::{Desk, KEYS, claims, issuer};

const DAY: u64 = 24 * 3600;

fn is_unavailable<T: std::fmt::Debug>(verdict: Result<T, TokenFault>) -> bool {
    matches!(verdict, Err(TokenFault::Unavailable(_)))
}

#[tokio::test]
async fn whatever_the_key_ids_keys_are_fetched_once_in_thirty_seconds() {
    let mut desk = Desk::new();
    let strange =
        |n: usize| SigningKey::new(&format!("random-{n}"), "EdDSA").token("EdDSA", &claims());
    for n in 0..1_000 {
        assert_eq!(desk.refusal(&strange(n)).await, Some(TokenRefusal::Key));
    }
    assert_eq!(desk.library.fetched(), 1);
    desk.wait(29);
    desk.refusal(&strange(0)).await;
    assert_eq!(desk.library.fetched(), 1);
    desk.wait(1);
    desk.refusal(&strange(0)).await;
    assert_eq!(desk.library.fetched(), 2);
}

#[tokio::test]
async fn callers_who_wait_for_the_same_keys_share_one_fetch() {
    let desk = Desk::new();
    desk.library.slow_down(10);
    let token = desk.token(json!({}));
    let verdicts = join_all((0..50).map(|_| desk.verify(&token))).await;
    assert!(verdicts.iter().all(Result::is_ok));
    assert_eq!(desk.library.fetched(), 1);
}

#[tokio::test]
async fn a_fetch_its_caller_left_is_taken_up_by_the_next() {
    let desk = Desk::new();
    desk.library.slow_down(2);
    let token = desk.token(json!({}));
    let mut first = Box::pin(desk.verify(&token));
    assert!(futures_util::poll!(&mut first).is_pending());
    drop(first);
    assert!(desk.verify(&token).await.is_ok());
    assert_eq!(desk.library.fetched(), 1);
}

#[tokio::test]
async fn a_new_key_is_known_one_fetch_later_and_a_removed_one_refused_within_five_minutes() {
    let mut desk = Desk::new();
    let old = desk.key.token("ES256", &claims());
    assert_eq!(desk.refusal(&old).await, None);
    let next = SigningKey::new("k2", "ES256");
    desk.library.put(KEYS, &key_set(&[&next]));
    desk.wait(31);
    // The set is young, so the removed key still stands; a key nobody knows asks for the set.
    assert_eq!(desk.refusal(&old).await, None);
    assert_eq!(desk.refusal(&next.token("ES256", &claims())).await, None);
    assert_eq!(desk.library.fetched(), 2);
    assert_eq!(desk.refusal(&old).await, Some(TokenRefusal::Key));

    let mut desk = Desk::new();
    let known = desk.key.token("ES256", &claims());
    assert_eq!(desk.refusal(&known).await, None);
    desk.library.put(KEYS, r#"{"keys":[]}"#);
    desk.wait(300);
    assert_eq!(
        desk.refusal(&known).await,
        Some(TokenRefusal::Key),
        "remembered or not"
    );
}

#[tokio::test]
async fn the_same_keys_again_leave_proven_tokens_proven() {
    let mut desk = Desk::new();
    let token = desk.token(json!({"exp": 1_900_000_000}));
    assert_eq!(desk.refusal(&token).await, None);
    desk.wait(300);
    assert_eq!(desk.refusal(&token).await, None);
    assert_eq!(desk.library.fetched(), 2);
}

#[tokio::test]
async fn a_dead_issuer_is_unavailable_and_no_verdict() {
    let desk = Desk::new();
    desk.library.burn();
    let token = desk.token(json!({}));
    assert!(is_unavailable(desk.verify(&token).await));
    assert!(is_unavailable(desk.verify(&token).await));
    assert_eq!(desk.library.fetched(), 1);
}

#[tokio::test]
async fn keys_outlive_their_issuer_by_a_day() {
    let mut desk = Desk::new();
    let token = desk.token(json!({"exp": 1_900_000_000}));
    let strange = SigningKey::new("k9", "ES256").token("ES256", &claims());
    assert_eq!(desk.refusal(&token).await, None);
    desk.library.burn();
    desk.wait(DAY);
    assert_eq!(desk.refusal(&token).await, None);
    // The issuer may have made this key since; nobody can say.
    assert!(is_unavailable(desk.verify(&strange).await));
    desk.wait(1);
    assert!(is_unavailable(desk.verify(&token).await));
    // When it comes back, so do its callers.
    desk.library.put(KEYS, &key_set(&[&desk.key]));
    desk.wait(30);
    assert_eq!(desk.refusal(&token).await, None);
}

#[tokio::test]
async fn while_an_issuer_fails_only_one_caller_waits_for_it() {
    let mut desk = Desk::new();
    let token = desk.token(json!({"exp": 1_900_000_000}));
    assert_eq!(desk.refusal(&token).await, None);
    desk.library.burn();
    desk.wait(300);
    assert_eq!(desk.refusal(&token).await, None);
    desk.wait(30);
    desk.library.slow_down(1_000);
    let mut first = Box::pin(desk.verify(&token));
    assert!(futures_util::poll!(&mut first).is_pending());
    let mut second = Box::pin(desk.verify(&token));
    assert!(futures_util::poll!(&mut second).is_ready());
}

#[tokio::test]
async fn what_is_no_key_set_changes_nothing() {
    for nonsense in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        let mut desk = Desk::new();
        let token = desk.token(json!({"exp": 1_900_000_000}));
        assert_eq!(desk.refusal(&token).await, None);
        desk.library.put(KEYS, nonsense);
        desk.wait(300);
        assert_eq!(desk.refusal(&token).await, None, "{nonsense}");
    }
    let desk = Desk::new();
    let padding = " ".repeat(512 * 1024);
    desk.library
        .put(KEYS, &format!("{}{padding}", key_set(&[&desk.key])));
    assert!(is_unavailable(desk.verify(&desk.token(json!({}))).await));
}

#[tokio::test]
async fn keys_for_other_uses_are_left_out() {
    let changes = [
        (
            json!({"use": "sig", "key_ops": ["verify"], "alg": "ES256"}),
            None,
        ),
        (json!({"use": "enc"}), Some(TokenRefusal::Key)),
        (json!({"key_ops": ["sign"]}), Some(TokenRefusal::Key)),
        (json!({"alg": "ES384"}), Some(TokenRefusal::Key)),
        (json!({"alg": "HS256"}), Some(TokenRefusal::Key)),
        (
            json!({"kty": "oct", "k": "c2VjcmV0"}),
            Some(TokenRefusal::Key),
        ),
        (json!({"crv": "P-521"}), Some(TokenRefusal::Key)),
        (json!({"x": "AA"}), Some(TokenRefusal::Key)),
        (json!({"y": "AA".repeat(22)}), Some(TokenRefusal::Key)),
    ];
    for (change, expected) in changes {
        let desk = Desk::new();
        let mut jwk = desk.key.jwk();
        for (name, value) in change.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        desk.library.put(KEYS, &json!({"keys": [jwk]}).to_string());
        assert_eq!(
            desk.refusal(&desk.token(json!({}))).await,
            expected,
            "{change}"
        );
    }
}

#[tokio::test]
async fn a_token_without_a_key_id_needs_the_only_key_that_fits() {
    let desk = Desk::new();
    let (other, rsa) = (
        SigningKey::new("k2", "ES256"),
        SigningKey::new("k3", "RS256"),
    );
    let token = desk
        .key
        .raw_token("ES256", r#"{"alg":"ES256"}"#, &claims().to_string());
    desk.library.put(KEYS, &key_set(&[&desk.key, &rsa]));
    assert_eq!(desk.refusal(&token).await, None);
    let desk = Desk::new();
    desk.library.put(KEYS, &key_set(&[&desk.key, &other]));
    let token = desk
        .key
        .raw_token("ES256", r#"{"alg":"ES256"}"#, &claims().to_string());
    assert_eq!(desk.refusal(&token).await, Some(TokenRefusal::Key));
}

#[tokio::test]
async fn discovery_finds_the_keys_of_exactly_this_issuer() {
    let discovering = || Issuer {
        keys: KeysAt::Discovery,
        ..issuer()
    };
    let well_known = "https://idp.test/.well-known/openid-configuration";
    let desk = Desk::with(vec![discovering()], "ES256");
    desk.library.put(
        well_known,
        &json!({"issuer": "https://idp.test", "jwks_uri": KEYS}).to_string(),
    );
    assert_eq!(desk.refusal(&desk.token(json!({}))).await, None);
    assert_eq!(desk.library.fetched(), 2);
    let desk = Desk::with(vec![discovering()], "ES256");
    desk.library.put(
        well_known,
        &json!({"issuer": "https://evil.test", "jwks_uri": KEYS}).to_string(),
    );
    assert!(is_unavailable(desk.verify(&desk.token(json!({}))).await));
    assert_eq!(desk.library.fetched(), 1);
}
