//! References stay in the document, whatever they are dressed as.

use serde_json::{Value, json};
use wardgate_schema::{Schema, SchemaFault};

#[track_caller]
fn stays(schema: Value, good: Value, bad: Value) {
    let schema = Schema::compile(&schema.to_string()).unwrap();
    assert_eq!(schema.check(&good.to_string()), Ok(()));
    assert!(schema.check(&bad.to_string()).is_err());
}

#[track_caller]
fn leaves(schema: Value) {
    let fault = Schema::compile(&schema.to_string()).unwrap_err();
    assert!(matches!(fault, SchemaFault::Reference { .. }), "{fault:?}");
}

#[test]
fn the_document_may_refer_to_itself() {
    let string = json!({"type": "string"});
    stays(
        json!({"properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": string}}),
        json!({"a": "x"}),
        json!({"a": 1}),
    );
    stays(
        json!({"properties": {"a": {"$ref": "#s"}}, "$defs": {"s": {"$anchor": "s", "type": "string"}}}),
        json!({"a": "x"}),
        json!({"a": 1}),
    );
    stays(
        json!({"properties": {"a": {"$ref": "#/x~1y/%7B"}}, "x/y": {"{": string}}),
        json!({"a": "x"}),
        json!({"a": 1}),
    );
    stays(
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#s"}}, "definitions": {"s": {"$id": "#s", "type": "string"}}}),
        json!({"a": "x"}),
        json!({"a": 1}),
    );
}

#[test]
fn the_document_may_refer_to_an_address_it_gives_itself() {
    stays(
        json!({"$id": "https://example.test/root", "properties": {"a": {"$ref": "item#/$defs/s"}, "b": {"$ref": "https://example.test/item"}},
               "$defs": {"i": {"$id": "item", "type": "integer", "$defs": {"s": {"type": "string"}}}}}),
        json!({"a": "x", "b": 1}),
        json!({"a": "x", "b": "x"}),
    );
    stays(
        json!({"properties": {"a": {"$ref": "urn:example:s"}}, "$defs": {"s": {"$id": "urn:example:s", "type": "string"}}}),
        json!({"a": "x"}),
        json!({"a": 1}),
    );
}

#[test]
fn recursion_is_followed_as_deep_as_the_arguments_go() {
    let tree = json!({"$ref": "#/$defs/node", "$defs": {"node": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "additionalProperties": false}}});
    stays(
        tree,
        json!({"children": [{"children": [{}]}]}),
        json!({"children": [{"children": [{"x": 1}]}]}),
    );
    let dynamic = json!({"$dynamicAnchor": "n", "type": "object", "properties": {"next": {"$dynamicRef": "#n"}}, "additionalProperties": false});
    stays(
        dynamic,
        json!({"next": {"next": {}}}),
        json!({"next": {"next": {"x": 1}}}),
    );
    let recursive = json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true, "type": "object", "properties": {"next": {"$recursiveRef": "#"}}, "additionalProperties": false});
    stays(
        recursive,
        json!({"next": {"next": {}}}),
        json!({"next": {"next": {"x": 1}}}),
    );
}

#[test]
fn other_documents_are_out_of_reach() {
    for reference in [
        "http://127.0.0.1:9/canary",
        "https://127.0.0.1:9/canary#/$defs/a",
        "//127.0.0.1:9/canary",
        "file:///etc/passwd",
        "other.json",
        "/etc/passwd",
        "data:application/json,{}",
        "urn:example:elsewhere",
        "json-schema:///elsewhere",
        "https://json-schema.org/draft/2020-12/schema",
        "http://json-schema.org/draft-07/schema#",
        "http://[::1",
    ] {
        for keyword in ["$ref", "$dynamicRef"] {
            leaves(json!({"properties": {"a": {keyword: reference}}}));
            leaves(json!({"$defs": {"unused": {"not": {keyword: reference}}}}));
        }
        leaves(
            json!({"$schema": "https://json-schema.org/draft/2019-09/schema", "items": {"$recursiveRef": reference}}),
        );
        leaves(
            json!({"$schema": "http://json-schema.org/draft-04/schema#", "items": [{"$ref": reference}]}),
        );
    }
}

#[test]
fn an_id_does_not_open_a_way_out() {
    leaves(json!({"$id": "http://127.0.0.1:9/a/", "properties": {"a": {"$ref": "canary"}}}));
    leaves(
        json!({"properties": {"a": {"$id": "http://127.0.0.1:9/a/", "items": {"$ref": "canary#/x"}}}}),
    );
    leaves(json!({"$id": "http://127.0.0.1:9/a", "$ref": "http://127.0.0.1:9/a?x"}));
    leaves(json!({"allOf": [{"$id": "urn:a:b"}, {"$id": "urn:a:b"}]}));
}

#[test]
fn a_place_that_does_not_exist_is_out_of_reach() {
    for reference in [
        "#/$defs/none",
        "#none",
        "#/properties/a/enum/0",
        "#%zz",
        "#/%ff",
    ] {
        leaves(json!({"properties": {"a": {"enum": [1]}, "b": {"$ref": reference}}}));
    }
}

#[test]
fn what_only_looks_like_a_reference_is_none() {
    let schema = json!({
        "properties": {"$ref": {"type": "string"}, "b": {"enum": [{"$ref": "http://127.0.0.1:9/"}]}, "c": {"const": {"$ref": "x"}}},
        "default": {"$ref": "http://127.0.0.1:9/"},
        "examples": [{"$ref": "http://127.0.0.1:9/"}]
    });
    stays(schema, json!({"$ref": "x"}), json!({"$ref": 1}));
}
