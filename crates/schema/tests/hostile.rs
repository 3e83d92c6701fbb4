//! Shapes that cost an engine seconds or a stack are refused at once, and what is accepted is checked in time.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use wardgate_schema::{Schema, SchemaFault};

/// A debug build on a busy machine is given more than the 50 ms that a release build needs at most.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs on a stack of the size that a worker thread has.
fn within_patience<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    let start = Instant::now();
    let result = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        thread.spawn_scoped(scope, what).unwrap().join().unwrap()
    });
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

fn compile(schema: &Value) -> Result<Schema, SchemaFault> {
    let text = schema.to_string();
    within_patience(|| Schema::compile(&text))
}

#[track_caller]
fn too_large(schema: Value) {
    assert_eq!(
        compile(&schema).unwrap_err(),
        SchemaFault::TooLarge { max: 10_000 }
    );
}

#[track_caller]
fn too_deep(schema: Value) {
    let fault = compile(&schema).unwrap_err();
    assert!(matches!(fault, SchemaFault::TooDeep { .. }), "{fault:?}");
}

/// Definitions `d0` to `dN`, each made of the number of the next.
fn ladder(steps: usize, step: impl Fn(Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for number in 0..steps {
        definitions.insert(
            format!("d{number}"),
            step(json!({"$ref": format!("#/$defs/d{}", number + 1)})),
        );
    }
    definitions.insert(format!("d{steps}"), json!({"type": "string"}));
    json!({"$ref": "#/$defs/d0", "$defs": definitions})
}

fn nested(depth: usize, member: &str, innermost: Value) -> Value {
    (0..depth).fold(innermost, |value, _| json!({member: value}))
}

#[test]
fn fan_out_on_the_same_value_is_refused() {
    for keyword in ["anyOf", "allOf", "oneOf"] {
        too_large(ladder(30, |next| json!({keyword: [next.clone(), next]})));
    }
    too_large(ladder(
        30,
        |next| json!({"if": next.clone(), "then": next.clone(), "else": next}),
    ));
    too_large(ladder(
        30,
        |next| json!({"not": next.clone(), "dependentSchemas": {"a": next}}),
    ));
}

#[test]
fn fan_out_down_the_value_is_refused() {
    too_large(ladder(
        30,
        |next| json!({"anyOf": [{"properties": {"a": next}}, {"properties": {"a": next}, "required": ["a"]}]}),
    ));
    too_large(ladder(
        30,
        |next| json!({"patternProperties": {"a": next.clone(), "^a": next}}),
    ));
    too_large(ladder(
        30,
        |next| json!({"items": next.clone(), "contains": next}),
    ));
}

#[test]
fn fan_out_through_anchors_and_addresses_is_refused() {
    let mut definitions = Map::new();
    for number in 0..30 {
        let next = json!({"$ref": format!("d{}", number + 1)});
        definitions.insert(format!("d{number}"), json!({"$id": format!("https://example.test/d{number}"), "anyOf": [next.clone(), next]}));
    }
    definitions.insert("d30".into(), json!({"$id": "https://example.test/d30"}));
    too_large(json!({"$id": "https://example.test/", "$ref": "d0", "$defs": definitions}));
}

#[test]
fn repeated_looks_are_counted() {
    let step =
        |inner| json!({"anyOf": [inner, {"required": ["z"]}], "unevaluatedProperties": false});
    too_large((0..20).fold(json!({"properties": {"a": {}}}), |inner, _| step(inner)));
}

#[test]
fn a_ring_of_fan_outs_is_refused() {
    let mut schema = ladder(
        30,
        |next| json!({"anyOf": [{"properties": {"a": next}}, {"properties": {"a": next}}]}),
    );
    schema["$defs"]["d30"] = json!({"properties": {"a": {"$ref": "#/$defs/d0"}}});
    too_large(schema);
}

#[test]
fn a_circle_on_the_same_value_is_refused() {
    too_large(json!({"$ref": "#"}));
    too_large(json!({"anyOf": [{"$ref": "#"}, {"type": "string"}]}));
    too_large(
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
    );
    too_large(json!({"$dynamicAnchor": "n", "anyOf": [{"$dynamicRef": "#n"}]}));
}

#[test]
fn many_subschemas_are_refused() {
    let properties: Map<String, Value> = (0..20_000)
        .map(|number| (format!("p{number}"), json!({"type": "string"})))
        .collect();
    too_large(json!({"properties": properties}));
    too_large(json!({"anyOf": vec![json!({"type": "string"}); 10_001]}));
}

#[test]
fn deep_nesting_is_refused_before_anything_recurses() {
    let text = format!(
        "{}{}",
        r#"{"not":"#.repeat(100_000),
        "{}".to_owned() + &"}".repeat(100_000)
    );
    assert!(matches!(
        within_patience(|| Schema::compile(&text)),
        Err(SchemaFault::TooDeep { .. })
    ));
    let text = "[".repeat(100_000);
    assert!(matches!(
        within_patience(|| Schema::compile(&text)),
        Err(SchemaFault::TooDeep { .. })
    ));
}

#[test]
fn long_chains_of_references_are_refused() {
    too_deep(ladder(2_000, |next| next));
    too_deep(ladder(2_000, |next| json!({"properties": {"a": next}})));
    too_deep(ladder(100, |next| next));
}

#[test]
fn the_longest_chains_that_are_accepted_fit_the_stack() {
    let down = compile(&ladder(80, |next| json!({"properties": {"a": next}}))).unwrap();
    let arguments = nested(80, "a", json!("x")).to_string();
    assert_eq!(within_patience(|| down.check(&arguments)), Ok(()));
    let here = compile(&ladder(50, |next| next)).unwrap();
    assert!(within_patience(|| here.check("1")).is_err());
}

#[test]
fn the_deepest_check_that_is_made_fits_the_stack() {
    let mut schema = ladder(60, |next| next);
    schema["$defs"]["d60"] =
        json!({"properties": {"a": {"$ref": "#/$defs/d0"}, "b": {"type": "string"}}});
    let schema = compile(&schema).unwrap();
    let arguments = |depth| nested(depth, "a", json!({"b": 1})).to_string();
    let mismatch = within_patience(|| schema.check(&arguments(14))).unwrap_err();
    assert_eq!(mismatch.reason, "expected string, got integer");
    let mismatch = within_patience(|| schema.check(&arguments(100))).unwrap_err();
    assert!(
        mismatch.reason.contains("nests too deeply"),
        "{}",
        mismatch.reason
    );
}

#[test]
fn a_crowd_of_dynamic_anchors_is_refused() {
    let crowd: Vec<Value> = (0..4_000)
        .map(|number| json!({"$id": format!("urn:crowd:{number}"), "$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}}))
        .collect();
    too_large(json!({"anyOf": crowd}));
}

#[test]
fn the_order_of_definitions_does_not_hide_a_long_chain() {
    let mut schema = ladder(1_000, |next| next);
    let members: Map<String, Value> = (0..1_000)
        .rev()
        .map(|number| {
            (
                format!("p{number}"),
                json!({"$ref": format!("#/$defs/d{number}")}),
            )
        })
        .collect();
    schema.as_object_mut().unwrap().remove("$ref");
    schema["properties"] = members.into();
    too_deep(schema);
}

#[test]
fn recursion_with_alternatives_is_accepted_and_checked_in_time() {
    let next = json!({"$ref": "#/$defs/n"});
    let node = json!({"anyOf": [
        {"properties": {"a": next}, "required": ["b"]},
        {"properties": {"a": next}, "required": ["c"]},
    ]});
    let schema = compile(&json!({"$ref": "#/$defs/n", "$defs": {"n": node}})).unwrap();
    let arguments = nested(100, "a", json!(1)).to_string();
    within_patience(|| schema.check(&arguments)).unwrap_err();
}

#[test]
fn any_json_is_a_legitimate_recursion() {
    let json = json!({"$ref": "#/$defs/json", "$defs": {"json": {"anyOf": [
        {"type": ["string", "number", "boolean", "null"]},
        {"type": "array", "items": {"$ref": "#/$defs/json"}},
        {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
    ]}}});
    let schema = compile(&json).unwrap();
    let arguments = nested(100, "a", json!(["x", 1, null])).to_string();
    assert_eq!(within_patience(|| schema.check(&arguments)), Ok(()));
}

#[test]
fn mutual_recursion_of_a_grammar_is_accepted() {
    let kinds = ["and", "or", "not", "eq", "gt", "lt", "in", "call"];
    let mut definitions = Map::new();
    for kind in kinds {
        let operands = json!({"type": "array", "items": {"$ref": "#/$defs/expression"}});
        definitions.insert(kind.into(), json!({"type": "object", "properties": {"kind": {"const": kind}, "of": operands}, "required": ["kind"], "additionalProperties": false}));
    }
    let forms: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({"$ref": format!("#/$defs/{kind}")}))
        .collect();
    definitions.insert("expression".into(), json!({"oneOf": forms}));
    let schema = compile(&json!({"$ref": "#/$defs/expression", "$defs": definitions})).unwrap();
    let deep = (0..30).fold(
        json!({"kind": "eq"}),
        |inner, _| json!({"kind": "and", "of": [inner]}),
    );
    assert_eq!(within_patience(|| schema.check(&deep.to_string())), Ok(()));
    let wrong = (0..30).fold(
        json!({"kind": "xor"}),
        |inner, _| json!({"kind": "and", "of": [inner]}),
    );
    within_patience(|| schema.check(&wrong.to_string())).unwrap_err();
}

/// Kinds of nodes, each of which may hold every kind.
fn kinds_that_hold_each_other(kinds: usize, node: impl Fn(usize, Value) -> Value) -> Value {
    let any: Vec<Value> = (0..kinds)
        .map(|kind| json!({"$ref": format!("#/$defs/k{kind}")}))
        .collect();
    let definitions: Map<String, Value> = (0..kinds)
        .map(|kind| (format!("k{kind}"), node(kind, json!({"anyOf": any}))))
        .collect();
    json!({"$ref": "#/$defs/k0", "$defs": definitions})
}

#[test]
fn kinds_that_say_what_they_are_may_hold_each_other() {
    let node = |kind: usize, any: Value| json!({"type": "object", "properties": {"holds": any, "kind": {"const": format!("k{kind}")}}, "required": ["kind"]});
    let schema = compile(&kinds_that_hold_each_other(40, node)).unwrap();
    let document = |innermost: Value| {
        (0..40).fold(
            innermost,
            |inner, kind| json!({"holds": inner, "kind": format!("k{}", 39 - kind)}),
        )
    };
    let good = document(json!({"kind": "k7"})).to_string();
    assert_eq!(within_patience(|| schema.check(&good)), Ok(()));
    let bad = document(json!({"kind": "none"})).to_string();
    within_patience(|| schema.check(&bad)).unwrap_err();
}

#[test]
fn kinds_that_do_not_say_what_they_are_may_not() {
    too_large(kinds_that_hold_each_other(
        40,
        |_, any| json!({"type": "object", "properties": {"holds": any}, "required": ["kind"]}),
    ));
    let optional = |kind: usize, any: Value| json!({"type": "object", "properties": {"holds": any, "kind": {"const": kind}}});
    too_large(kinds_that_hold_each_other(40, optional));
    let also_lists = |kind: usize, any: Value| json!({"properties": {"kind": {"const": kind}}, "items": any, "required": ["kind"]});
    too_large(kinds_that_hold_each_other(40, also_lists));
    let shared = |kind: usize, any: Value| json!({"type": "object", "properties": {"holds": any, "kind": {"enum": [kind, "x"]}}, "required": ["kind"]});
    too_large(kinds_that_hold_each_other(40, shared));
}

#[test]
fn a_failure_in_a_long_list_of_alternatives_is_worded_in_bounds() {
    let schema =
        compile(&json!({"anyOf": [{"items": {"type": "string"}}, {"items": {"type": "integer"}}]}))
            .unwrap();
    let long = Value::from(vec![0.5; 200_000]).to_string();
    let mismatch = within_patience(|| schema.check(&long)).unwrap_err();
    assert_eq!(mismatch.reason, "does not match the schema");
}

#[test]
fn more_work_than_a_second_is_refused() {
    let alternatives: Vec<Value> = (0..5_000).map(|number| json!({"const": number})).collect();
    let schema = compile(&json!({"items": {"anyOf": alternatives}})).unwrap();
    let long = Value::from(vec![-1; 100_000]).to_string();
    let mismatch = within_patience(|| schema.check(&long)).unwrap_err();
    assert!(
        mismatch.reason.contains("too many values"),
        "{}",
        mismatch.reason
    );
}

#[test]
fn patterns_that_grow_are_refused_with_the_place() {
    let pattern = |number: usize| {
        (
            format!("p{number}"),
            json!({"pattern": format!("(a{{500}}){{8}}{number}")}),
        )
    };
    let many: Map<String, Value> = (0..2_000).map(pattern).collect();
    let fault = compile(&json!({"properties": many})).unwrap_err();
    assert!(
        matches!(&fault, SchemaFault::Invalid { pointer } if pointer.ends_with("/pattern")),
        "{fault:?}"
    );
    let few: Map<String, Value> = (0..10).map(pattern).collect();
    compile(&json!({"properties": few})).unwrap();
}
