//! Numbers that no double holds: they are numbers, and are judged as such.

use wardgate_schema::Schema;

/// Returns the pointer of what does not fit.
fn pointer(schema: &str, arguments: &str) -> Option<String> {
    let schema = Schema::compile(schema).expect("a schema");
    schema
        .check(arguments)
        .err()
        .map(|mismatch| mismatch.pointer)
}

#[track_caller]
fn check(property: &str, number: &str, fits: bool) {
    let schema = format!(r#"{{"properties": {{"n": {property}}}}}"#);
    let expected = (!fits).then(|| "/n".to_owned());
    assert_eq!(
        pointer(&schema, &format!(r#"{{"n": {number}}}"#)),
        expected,
        "{property} {number}"
    );
}

#[test]
fn they_are_numbers_and_integers() {
    let long = "7".repeat(400);
    for number in ["1e400", "-1E+400", &long, &format!("-{long}")] {
        for property in [
            "{}",
            r#"{"type": "number"}"#,
            r#"{"type": "integer"}"#,
            r#"{"type": ["null", "integer"]}"#,
        ] {
            check(property, number, true);
        }
        check(r#"{"type": "string"}"#, number, false);
    }
    check(r#"{"type": "number"}"#, &format!("{long}.5"), true);
    check(r#"{"type": "integer"}"#, &format!("{long}.5"), false);
}

#[test]
fn bounds_hold_exactly() {
    for (property, number, fits) in [
        (r#"{"minimum": 0}"#, "1e400", true),
        (r#"{"minimum": 0}"#, "-1e400", false),
        (r#"{"maximum": 1e300}"#, "1e400", false),
        (r#"{"exclusiveMaximum": 5}"#, "-1e400", true),
        (r#"{"maximum": 1e400}"#, "1e400", true),
        (r#"{"maximum": 1e400}"#, "1000e397", true),
        (r#"{"maximum": 1e400}"#, "10000001e393", false),
        (r#"{"exclusiveMaximum": 1e400}"#, "1e400", false),
        (r#"{"exclusiveMaximum": 1e400}"#, "9e399", true),
        (r#"{"exclusiveMaximum": 1e400}"#, "5", true),
        (r#"{"minimum": -1e400}"#, "-2e400", false),
        (r#"{"minimum": 1e400}"#, "5", false),
        (r#"{"const": 1e400}"#, "10e399", true),
        (r#"{"enum": [1e400, 5]}"#, "2e400", false),
        (r#"{"uniqueItems": true}"#, "[1e400, 2e400]", true),
        (r#"{"uniqueItems": true}"#, "[1e400, 10e399]", false),
    ] {
        check(property, number, fits);
    }
}

#[test]
fn what_depends_on_the_digits_is_refused_there_and_nowhere_else() {
    for property in [r#"{"multipleOf": 3}"#, r#"{"not": {"multipleOf": 3}}"#] {
        check(property, "1e400", false);
    }
    check(
        r#"{"anyOf": [{"multipleOf": 3}, {"minimum": 0}]}"#,
        "1e400",
        true,
    );
    let schema = r#"{"properties": {"step": {"multipleOf": 0.5}, "n": {"type": "number"}}}"#;
    assert_eq!(pointer(schema, r#"{"step": 1.5, "n": 1e400}"#), None);
    assert_eq!(
        pointer(schema, r#"{"step": 1.7, "n": 1e400}"#),
        Some("/step".into())
    );
    assert_eq!(
        pointer(schema, r#"{"n": 1, "step": -1e400}"#),
        Some("/step".into())
    );
    let said = Schema::compile(schema)
        .unwrap()
        .check(r#"{"step": 1e400}"#)
        .unwrap_err();
    assert_eq!(
        said.reason,
        "is a number too large to be checked against the schema"
    );
    let said = Schema::compile(schema)
        .unwrap()
        .check(r#"{"step": 1.7, "n": 1e400}"#)
        .unwrap_err();
    assert_eq!(said.reason, "must be a multiple of 0.5");
}

#[test]
fn a_schema_may_hold_them_where_they_mean_nothing() {
    check(
        r#"{"default": 1e400, "examples": [-1e999], "type": "integer"}"#,
        "7",
        true,
    );
    assert!(
        Schema::compile(r#"{"maxLength": 1e400}"#).is_ok_and(|schema| schema.check("{}").is_ok())
    );
}
