//! Which dialects are spoken, and that each is obeyed.

use serde_json::{Value, json};
use wardgate_schema::{Schema, SchemaFault};

#[track_caller]
fn check(schema: Value, arguments: Value, fits: bool) {
    let schema = Schema::compile(&schema.to_string()).unwrap();
    assert_eq!(schema.check(&arguments.to_string()).is_ok(), fits);
}

#[track_caller]
fn faults(schema: &str, fault: SchemaFault) {
    assert_eq!(Schema::compile(schema).unwrap_err(), fault);
}

#[test]
fn without_a_dialect_it_is_2020_12() {
    check(
        json!({"prefixItems": [{"type": "string"}]}),
        json!([1]),
        false,
    );
    check(
        json!({"dependentRequired": {"a": ["b"]}}),
        json!({"a": 1}),
        false,
    );
}

#[test]
fn a_named_dialect_is_obeyed() {
    let tuple = |uri: &str| json!({"$schema": uri, "items": [{"type": "string"}]});
    for uri in [
        "http://json-schema.org/draft-04/schema#",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-07/schema#",
        "https://json-schema.org/draft/2019-09/schema",
    ] {
        check(tuple(uri), json!([1]), false);
        check(tuple(uri), json!(["a", 1]), true);
    }
    check(
        json!({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}),
        json!(1),
        false,
    );
    check(
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "string"}]}),
        json!([1]),
        false,
    );
}

#[test]
fn other_dialects_are_refused() {
    for uri in [
        "http://json-schema.org/draft-03/schema#",
        "http://127.0.0.1:9/canary",
        "file:///etc/passwd",
        "https://json-schema.org/draft/2020-12/schema/x",
    ] {
        faults(
            &json!({"$schema": uri}).to_string(),
            SchemaFault::Dialect {
                dialect: uri.into(),
            },
        );
        let inner = json!({"properties": {"a": {"$id": "urn:x:y", "$schema": uri}}});
        faults(
            &inner.to_string(),
            SchemaFault::Dialect {
                dialect: uri.into(),
            },
        );
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for text in ["true", "[]", "\"x\"", "null", "1"] {
        faults(text, SchemaFault::NotAnObject);
    }
    faults(
        "{",
        SchemaFault::Invalid {
            pointer: String::new(),
        },
    );
}

#[test]
fn a_schema_that_breaks_its_dialect_is_refused_with_the_place() {
    faults(
        r#"{"type":"objekt"}"#,
        SchemaFault::Invalid {
            pointer: "/type".into(),
        },
    );
    faults(
        r#"{"properties":{"a":{"minLength":"1"}}}"#,
        SchemaFault::Invalid {
            pointer: "/properties/a/minLength".into(),
        },
    );
    faults(
        r#"{"$schema":1}"#,
        SchemaFault::Invalid {
            pointer: "/$schema".into(),
        },
    );
}

#[test]
fn a_pattern_beyond_linear_time_is_refused_with_the_place() {
    let at = |pattern: &str| json!({"properties": {"a": {"pattern": pattern}}}).to_string();
    for pattern in ["(?=a)b", r"(a)\1", "(", "((a{1000}){1000}){1000}"] {
        faults(
            &at(pattern),
            SchemaFault::Invalid {
                pointer: "/properties/a/pattern".into(),
            },
        );
    }
}
