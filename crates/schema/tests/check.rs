//! What a model is told about arguments that do not fit.

use serde_json::{Value, json};
use wardgate_schema::{Mismatch, Schema};

#[track_caller]
fn fits(schema: Value, arguments: Value) {
    assert_eq!(
        Schema::compile(&schema.to_string())
            .unwrap()
            .check(&arguments.to_string()),
        Ok(())
    );
}

#[track_caller]
fn check(schema: Value, arguments: Value, pointer: &str, reason: &str) {
    let mismatch = Schema::compile(&schema.to_string())
        .unwrap()
        .check(&arguments.to_string());
    assert_eq!(
        mismatch,
        Err(Mismatch {
            pointer: pointer.into(),
            reason: reason.into()
        })
    );
}

fn refund() -> Value {
    json!({
        "type": "object",
        "properties": {
            "order": {"type": "string", "pattern": "^[A-Z]-\\d+$"},
            "amount": {"type": "number", "exclusiveMinimum": 0, "maximum": 500, "multipleOf": 0.5},
            "lines": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}},
            "mode": {"enum": ["full", "partial", 3]},
            "note": {"type": ["string", "null"], "maxLength": 5},
            "v": {"const": 2}
        },
        "required": ["order"],
        "additionalProperties": false
    })
}

#[test]
fn arguments_that_fit_pass() {
    fits(
        refund(),
        json!({"order": "A-17", "amount": 12.5, "lines": [{"sku": "x", "more": 1}], "mode": 3, "note": null, "v": 2.0}),
    );
    fits(json!({}), json!({"any": "thing"}));
    fits(json!({"type": "object"}), json!({}));
}

#[test]
fn a_missing_property_is_named() {
    check(refund(), json!({}), "", "missing required property `order`");
    check(
        refund(),
        json!({"order": "A-1", "lines": [{"sku": "x"}, {}]}),
        "/lines/1",
        "missing required property `sku`",
    );
}

#[test]
fn a_wrong_type_says_both_types() {
    check(
        refund(),
        json!({"order": 17}),
        "/order",
        "expected string, got integer",
    );
    check(
        refund(),
        json!({"order": "A-1", "amount": "12"}),
        "/amount",
        "expected number, got string",
    );
    check(
        refund(),
        json!({"order": "A-1", "note": [1.5]}),
        "/note",
        "expected null or string, got array",
    );
    check(
        json!({"properties": {"n": {"type": "integer"}}}),
        json!({"n": 1.5}),
        "/n",
        "expected integer, got number",
    );
    check(refund(), json!([]), "", "expected object, got array");
}

#[test]
fn allowed_values_are_listed_and_the_given_one_is_not_repeated() {
    check(
        refund(),
        json!({"order": "A-1", "mode": "secret"}),
        "/mode",
        "expected one of `full`, `partial`, `3`, got another string",
    );
    check(
        refund(),
        json!({"order": "A-1", "v": 3}),
        "/v",
        "expected `2`, got another number",
    );
    let many: Vec<usize> = (0..100).collect();
    check(
        json!({"properties": {"n": {"enum": many}}}),
        json!({"n": true}),
        "/n",
        "expected one of `0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`, `9`, `10`, `11` … and 88 more, got another boolean",
    );
}

#[test]
fn an_additional_property_is_named() {
    check(
        refund(),
        json!({"order": "A-1", "oder": 1}),
        "",
        "property `oder` is not allowed here",
    );
    check(
        json!({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
        json!({"a": 1, "b": 2}),
        "",
        "property `b` is not allowed here",
    );
    let long = "x".repeat(10_000);
    check(
        json!({"additionalProperties": false}),
        json!({long.as_str(): 1}),
        "",
        &format!("property `{}…` is not allowed here", &long[..60]),
    );
}

#[test]
fn a_tool_without_arguments_says_which_one_it_got() {
    let none = json!({"type": "object", "additionalProperties": false});
    check(
        none.clone(),
        json!({"a": {"b": 1}}),
        "",
        "property `a` is not allowed here",
    );
    fits(none, json!({}));
    check(
        json!({"properties": {"a": false}}),
        json!({"a": {"b": 1}}),
        "/a",
        "no value is allowed here",
    );
}

#[test]
fn bounds_are_told() {
    check(
        refund(),
        json!({"order": "A-1", "amount": 0}),
        "/amount",
        "must be greater than 0",
    );
    check(
        refund(),
        json!({"order": "A-1", "amount": 501}),
        "/amount",
        "must be at most 500",
    );
    check(
        refund(),
        json!({"order": "A-1", "amount": 0.7}),
        "/amount",
        "must be a multiple of 0.5",
    );
    check(
        refund(),
        json!({"order": "A-1", "lines": []}),
        "/lines",
        "must have at least 1 items",
    );
    check(
        refund(),
        json!({"order": "A-1", "note": "too long"}),
        "/note",
        "must be at most 5 characters long",
    );
    check(
        refund(),
        json!({"order": "a17"}),
        "/order",
        r"must match the pattern `^[A-Z]-\d+$`",
    );
    check(
        refund(),
        json!({"order": "A-1", "lines": [{"sku": "a"}, {"sku": "a"}]}),
        "/lines",
        "items must be unique",
    );
    check(
        json!({"propertyNames": {"maxLength": 2}}),
        json!({"abc": 1}),
        "",
        "a property name must be at most 2 characters long",
    );
}

#[test]
fn alternatives_by_type_are_told_as_types() {
    let schema = json!({"properties": {"a": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}}});
    check(
        schema,
        json!({"a": {}}),
        "/a",
        "expected string or integer or null, got object",
    );
}

#[test]
fn among_alternatives_the_one_that_fits_furthest_is_explained() {
    let schema = json!({"oneOf": [
        {"type": "string"},
        {"type": "object", "properties": {"at": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}}},
    ]});
    check(
        schema,
        json!({"at": {"x": "1"}}),
        "/at/x",
        "expected number, got string",
    );
    let by_presence = json!({"anyOf": [{"required": ["id"]}, {"required": ["name"]}]});
    check(
        by_presence,
        json!({}),
        "",
        "matches none of the allowed forms: missing required property `id`; or missing required property `name`",
    );
    let both = json!({"oneOf": [{"required": ["id"]}, {"required": ["name"]}]});
    check(
        both,
        json!({"id": 1, "name": 2}),
        "",
        "matches more than one of the allowed forms, and must match exactly one",
    );
}

#[test]
fn pointers_are_escaped() {
    check(
        json!({"properties": {"a/b~c": {"type": "string"}}}),
        json!({"a/b~c": 1}),
        "/a~1b~0c",
        "expected string, got integer",
    );
}

#[test]
fn control_characters_of_a_schema_do_not_reach_the_sentence() {
    check(
        json!({"required": ["a\u{1B}[2J\n"]}),
        json!({}),
        "",
        "missing required property `a\u{FFFD}[2J\u{FFFD}`",
    );
}

#[test]
fn what_is_no_json_is_a_mismatch() {
    let schema = Schema::compile("{}").unwrap();
    for arguments in ["", "{", "nul", "{\"n\":1e}", "{\"n\":01e999}"] {
        assert_eq!(schema.check(arguments).unwrap_err().pointer, "");
    }
}

#[test]
fn formats_of_2020_12_are_notes_and_not_checks() {
    fits(
        json!({"properties": {"m": {"format": "email"}}}),
        json!({"m": "not one"}),
    );
}
