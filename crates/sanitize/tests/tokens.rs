//! Values go out as tokens and come back to whom they belong.

use proptest::prelude::*;
use wardgate_sanitize::{Action, Detector, Rules, Seal, Sensitive, Settings, Tokens};

/// Stands in for authenticated encryption: a keyed sum in front, and bytes nobody reads at a glance.
struct Toy;

impl Toy {
    fn sum(bound_to: &[u8], plain: &[u8]) -> [u8; 8] {
        let bytes = bound_to.iter().chain(&[0xFF]).chain(plain);
        bytes
            .fold(0xCBF2_9CE4_8422_2325u64, |sum, byte| {
                (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3)
            })
            .to_be_bytes()
    }
}

impl Seal for Toy {
    fn seal(&self, bound_to: &[u8], plain: &[u8]) -> Vec<u8> {
        let hidden = plain.iter().map(|byte| byte ^ 0x5A);
        Toy::sum(bound_to, plain)
            .into_iter()
            .chain(hidden)
            .collect()
    }

    fn open(&self, bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (sum, hidden) = sealed.split_at_checked(8)?;
        let plain: Vec<u8> = hidden.iter().map(|byte| byte ^ 0x5A).collect();
        (Toy::sum(bound_to, &plain) == sum).then_some(plain)
    }
}

fn rules() -> Rules {
    let sensitive = |pointer: &str, label: &str| Sensitive {
        pointer: pointer.into(),
        label: label.into(),
    };
    Rules::new(Settings {
        pii: Action::Redact,
        hidden: Action::Off,
        terminal: Action::Off,
        sensitive: vec![
            sensitive("/amount", "amount"),
            sensitive("/who", "person"),
            sensitive("/deep", "deep"),
        ],
        ..Settings::default()
    })
    .unwrap()
}

fn acme() -> Tokens<'static> {
    Tokens::new("acme", &Toy)
}

#[test]
fn values_come_back_byte_for_byte() {
    let json = r#"{"who":"A\u006en \"B\"","amount": 1.50e2,"deep":{"a":[1, "x"]},"note":"mail ann@example.com, ann@example.com \/","card":4111111111111111}"#;
    let tokens = acme();
    let sealed = tokens.apply(&rules(), json);
    assert!(!sealed.text.contains("ann@example.com") && !sealed.text.contains("1.50"));
    assert!(serde_json::from_str::<serde_json::Value>(&sealed.text).is_ok());
    let restored = tokens.restore(&sealed.text);
    assert_eq!(restored.text, json);
    assert_eq!((restored.restored, restored.refused), (6, vec![]));
}

#[test]
fn equal_values_of_a_kind_have_equal_tokens_within_a_tenant() {
    let json = r#"["ann@example.com","ann@example.com"]"#;
    let sealed = acme().apply(&rules(), json).text.into_owned();
    let (first, second) = sealed[1..sealed.len() - 1].split_once(',').unwrap();
    assert_eq!(first, second);
    assert_ne!(
        Tokens::new("other", &Toy).apply(&rules(), json).text,
        sealed
    );
}

#[test]
fn a_long_secret_comes_back_whole() {
    let json = format!(
        "[\"-----BEGIN PRIVATE KEY-----\\n{}-----END PRIVATE KEY-----, after\"]",
        "MIIEexample+example\\n".repeat(3000)
    );
    let sealed = acme().apply(&rules(), &json);
    assert_eq!(sealed.count(Detector::Secrets), 1);
    assert_eq!(acme().restore(&sealed.text).text, json.as_str());
}

#[test]
fn a_token_of_another_tenant_stays_and_is_reported() {
    let sealed = acme()
        .apply(&rules(), r#"["ann@example.com"]"#)
        .text
        .into_owned();
    let restored = Tokens::new("globex", &Toy).restore(&sealed);
    assert_eq!(
        (&*restored.text, restored.refused),
        (&*sealed, vec!["email".to_owned()])
    );
}

#[test]
fn a_damaged_token_stays_and_is_reported() {
    let sealed = acme()
        .apply(&rules(), r#"["ann@example.com"]"#)
        .text
        .into_owned();
    for damaged in [
        sealed.replace("tok_email.", "tok_phone."),
        sealed.replace("\"]", "A\"]"),
        sealed.replace("\"]", "_\"]"),
    ] {
        let restored = acme().restore(&damaged);
        assert_eq!(
            (&*restored.text, restored.restored, restored.refused.len()),
            (&*damaged, 0, 1)
        );
    }
    assert!(
        acme()
            .restore(r#"["tok_ and xtok_email.AAAA and tok_Email.AA"]"#)
            .refused
            .is_empty()
    );
}

#[test]
fn a_number_in_the_middle_of_a_text_comes_back_as_text() {
    let sealed = acme()
        .apply(&rules(), r#"{"amount":{"a":"\n"}}"#)
        .text
        .into_owned();
    let token = sealed.split('"').nth(3).unwrap();
    assert_eq!(
        acme().restore(&format!(r#"["sum {token}."]"#)).text,
        r#"["sum {\"a\":\"\\n\"}."]"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_is_restored(words in proptest::collection::vec(prop_oneof![
        Just("ann@example.com".to_owned()), Just("ghp_EXAMPLEexample0123456789EXAMPLE01234".to_owned()), Just("password: Tr0ub4dor&3x".to_owned()), "\\PC{0,12}",
    ], 0..8)) {
        let json = serde_json::to_string(&words).unwrap();
        let sealed = acme().apply(&rules(), &json);
        prop_assert_eq!(acme().restore(&sealed.text).text, json.as_str());
    }
}
