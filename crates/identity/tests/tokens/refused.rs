//! The truth table: one fault in an otherwise good token, and its refusal.

use serde_json::{Value, json};
use wardgate_identity::{Algorithm, Issuer, TokenRefusal};
use wardgate_testkit::issuer::SigningKey;

use crate::support::{Desk, ISSUER, KEYS, START, claims, claims_with, graft, issuer};

fn missing(claim: &str) -> Option<TokenRefusal> {
    Some(TokenRefusal::ClaimMissing(claim.into()))
}

fn shape(claim: &str) -> Option<TokenRefusal> {
    Some(TokenRefusal::ClaimShape(claim.into()))
}

#[tokio::test]
async fn a_token_of_each_accepted_algorithm_proves_its_subject() {
    for algorithm in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
    ] {
        let desk = Desk::with(vec![issuer()], algorithm);
        let token = desk.key.token(algorithm, &claims());
        let verified = desk.verify(&token).await.unwrap();
        assert_eq!(verified.caller.principal.as_str(), "lena", "{algorithm}");
        let other = desk
            .key
            .token(algorithm, &claims_with(json!({"sub": "root"})));
        let forged = graft(&other, &token);
        assert_eq!(
            desk.refusal(&forged).await,
            Some(TokenRefusal::Signature),
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn what_has_not_the_form_of_a_token_is_malformed() {
    let desk = Desk::new();
    let token = desk.token(json!({}));
    let (header, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let malformed = [
        String::new(),
        "sk-fake".into(),
        "..".into(),
        "\0".into(),
        "é.é.é".into(),
        format!("{header}.{payload}"),
        format!("{token}.{signature}"),
        format!("{token}="),
        format!("{token} "),
        format!("{header}.{payload}.+/{signature}"),
        format!("{header}.{header}{payload}.{signature}"),
        // Five parts: an encrypted token.
        format!("{header}..{payload}.{signature}.{signature}"),
    ];
    for token in malformed {
        assert_eq!(
            desk.refusal(&token).await,
            Some(TokenRefusal::Malformed),
            "{token}"
        );
    }
    let long = format!("{header}.{}.{signature}", "e30".repeat(6_000));
    assert_eq!(desk.refusal(&long).await, Some(TokenRefusal::TooLong));
    assert_eq!(desk.library.fetched(), 0, "none of them was worth a fetch");
}

#[tokio::test]
async fn a_header_that_asks_for_anything_unusual_is_refused() {
    let desk = Desk::new();
    let cases = [
        (r#"{"alg":"ES256","kid":"k1"}"#, None),
        (r#"{"alg":"ES256","kid":"k1","typ":"JWT"}"#, None),
        (
            r#"{"alg":"ES256","kid":"k1","typ":"application/AT+JWT"}"#,
            None,
        ),
        (r#"{"alg":"ES256","typ":"JWT"}"#, None),
        (
            r#"{"alg":"ES256","kid":"k1","typ":"dpop+jwt"}"#,
            Some(TokenRefusal::Type),
        ),
        (
            r#"{"alg":"ES256","kid":"k1","typ":"logout+jwt"}"#,
            Some(TokenRefusal::Type),
        ),
        (
            r#"{"alg":"ES256","kid":"k1","typ":1}"#,
            Some(TokenRefusal::Type),
        ),
        (
            r#"{"alg":"ES256","kid":"k1","crit":["b64"],"b64":false}"#,
            Some(TokenRefusal::Critical),
        ),
        (
            r#"{"alg":"ES256","kid":"k1","crit":[]}"#,
            Some(TokenRefusal::Critical),
        ),
        (r#"{"alg":"ES256","kid":7}"#, Some(TokenRefusal::Malformed)),
        (
            r#"{"alg":"ES256","alg":"none","kid":"k1"}"#,
            Some(TokenRefusal::Malformed),
        ),
        (r#"["ES256"]"#, Some(TokenRefusal::Malformed)),
        (r#"{"alg":"ES256","kid":"k2"}"#, Some(TokenRefusal::Key)),
        (r#"{"alg":"ES256","kid":"K1"}"#, Some(TokenRefusal::Key)),
        (
            r#"{"alg":"ES256","kid":"k1' OR 1=1"}"#,
            Some(TokenRefusal::Key),
        ),
        (r#"{"alg":"ES384","kid":"k1"}"#, Some(TokenRefusal::Key)),
        (
            r#"{"alg":"es256","kid":"k1"}"#,
            Some(TokenRefusal::Algorithm),
        ),
        (
            r#"{"alg":"none","kid":"k1"}"#,
            Some(TokenRefusal::Algorithm),
        ),
        (r#"{"kid":"k1"}"#, Some(TokenRefusal::Algorithm)),
    ];
    for (header, expected) in cases {
        let token = desk.key.raw_token("ES256", header, &claims().to_string());
        assert_eq!(desk.refusal(&token).await, expected, "{header}");
    }
}

#[tokio::test]
async fn no_signature_and_a_public_key_as_secret_are_never_accepted() {
    for algorithm in ["none", "None", "HS256", "HS384", "HS512"] {
        let desk = Desk::with(vec![issuer()], "RS256");
        let header = json!({"alg": algorithm, "kid": "k1", "typ": "JWT"}).to_string();
        for signed in ["none", "HS256"] {
            let token = desk.key.raw_token(signed, &header, &claims().to_string());
            assert_eq!(
                desk.refusal(&token).await,
                Some(TokenRefusal::Algorithm),
                "{algorithm}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_the_token_brings_along_is_not_looked_at() {
    let desk = Desk::new();
    let own = SigningKey::new("k1", "ES256");
    for (member, value) in [
        ("jwk", own.jwk()),
        ("jku", json!("https://evil.test/keys")),
        ("x5u", json!("https://evil.test/chain")),
    ] {
        let header = json!({"alg": "ES256", "kid": "k1", "typ": "JWT", member: value});
        let token = own.raw_token("ES256", &header.to_string(), &claims().to_string());
        assert_eq!(
            desk.refusal(&token).await,
            Some(TokenRefusal::Signature),
            "{member}"
        );
    }
    assert_eq!(desk.library.fetched(), 1);
}

#[tokio::test]
async fn an_algorithm_must_fit_the_key_and_the_issuer() {
    // The key says what it is for.
    let desk = Desk::with(vec![issuer()], "RS256");
    let mut jwk = desk.key.jwk();
    jwk["alg"] = json!("RS256");
    desk.library.put(KEYS, &json!({"keys": [jwk]}).to_string());
    let token = desk.key.token("PS256", &claims());
    assert_eq!(desk.refusal(&token).await, Some(TokenRefusal::Key));
    assert_eq!(
        desk.refusal(&desk.key.token("RS256", &claims())).await,
        None
    );
    // The operator says what the issuer uses.
    let only_rsa = Issuer {
        algorithms: vec![Algorithm::Rs256],
        ..issuer()
    };
    let desk = Desk::with(vec![only_rsa], "ES256");
    assert_eq!(
        desk.refusal(&desk.token(json!({}))).await,
        Some(TokenRefusal::Algorithm)
    );
}

#[tokio::test]
async fn a_claim_of_a_wrong_type_is_never_taken_for_absent() {
    let desk = Desk::new();
    let texts = |value: Value| {
        [
            json!(value.to_string()),
            json!([value]),
            json!({"v": value}),
            json!(true),
        ]
    };
    for name in ["exp", "nbf", "iat"] {
        for wrong in texts(json!(START))
            .into_iter()
            .chain([json!(-1), json!(1.8e12)])
        {
            let refusal = desk.refusal(&desk.token(json!({name: wrong}))).await;
            assert_eq!(refusal, shape(name), "{name}: {wrong}");
        }
        let null = claims_with(json!({name: 0}))
            .to_string()
            .replace(&format!("\"{name}\":0"), &format!("\"{name}\":null"));
        let token = desk
            .key
            .raw_token("ES256", r#"{"alg":"ES256","kid":"k1"}"#, &null);
        assert_eq!(desk.refusal(&token).await, shape(name), "{name}: null");
    }
    assert_eq!(
        desk.refusal(&desk.token(json!({"exp": null}))).await,
        missing("exp")
    );
    assert_eq!(
        desk.refusal(&desk.token(json!({"exp": START as f64 + 0.5})))
            .await,
        None
    );
    for (changes, expected) in [
        (json!({"iss": null}), missing("iss")),
        (json!({"iss": [ISSUER]}), shape("iss")),
        (json!({"aud": null}), missing("aud")),
        (json!({"aud": 1}), shape("aud")),
        (json!({"aud": ["wardgate", 1]}), shape("aud")),
        (json!({"aud": {"wardgate": true}}), shape("aud")),
        (json!({"sub": null}), missing("sub")),
        (json!({"sub": ""}), shape("sub")),
        (json!({"sub": 7}), shape("sub")),
        (json!({"sub": "lena\nadmin"}), shape("sub")),
        (json!({"sub": "l".repeat(257)}), shape("sub")),
        (json!({"groups": 1}), shape("groups")),
        (json!({"groups": ["a", 1]}), shape("groups")),
        (json!({"groups": ["a", "\u{1b}[2J"]}), shape("groups")),
        (json!({"scope": 1}), shape("scope")),
    ] {
        assert_eq!(
            desk.refusal(&desk.token(changes.clone())).await,
            expected,
            "{changes}"
        );
    }
}

#[tokio::test]
async fn a_payload_is_one_object_without_doubles() {
    let desk = Desk::new();
    let good = claims().to_string();
    let array = format!("[{good}]");
    let double = good.replacen('{', r#"{"sub":"root","#, 1);
    let nested = good.replacen('{', r#"{"realm":{"roles":[],"roles":["admin"]},"#, 1);
    let token_in_token = format!("\"{}\"", desk.token(json!({})));
    for payload in [
        &array,
        &double,
        &nested,
        &token_in_token,
        "",
        "null",
        "{}{}",
    ] {
        let token = desk
            .key
            .raw_token("ES256", r#"{"alg":"ES256","kid":"k1"}"#, payload);
        assert_eq!(
            desk.refusal(&token).await,
            Some(TokenRefusal::Malformed),
            "{payload}"
        );
    }
}

#[tokio::test]
async fn time_is_judged_with_a_minute_of_leeway() {
    let desk = Desk::new();
    for (changes, expected) in [
        (json!({"exp": START - 59}), None),
        (json!({"exp": START - 60}), Some(TokenRefusal::Expired)),
        (json!({"exp": 0}), Some(TokenRefusal::Expired)),
        (json!({"nbf": START + 60}), None),
        (json!({"nbf": START + 61}), Some(TokenRefusal::NotYetValid)),
        (json!({"iat": START + 61}), Some(TokenRefusal::NotYetValid)),
    ] {
        assert_eq!(
            desk.refusal(&desk.token(changes.clone())).await,
            expected,
            "{changes}"
        );
    }
}
