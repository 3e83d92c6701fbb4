//! `x-mcp-header` annotations: which are taken, which make the tool invalid, and the values they call for.

use wardgate_protocol::param_headers::{ParamHeader, ParamHeaderFault, declared};

fn header(name: &str, path: &[&str], integer: bool) -> ParamHeader {
    ParamHeader {
        name: name.into(),
        path: path.iter().map(|step| (*step).to_owned()).collect(),
        integer,
    }
}

fn property(schema: &str) -> Result<Vec<ParamHeader>, ParamHeaderFault> {
    declared(&format!(
        r#"{{"type":"object","properties":{{"a":{schema}}}}}"#
    ))
}

#[test]
fn annotations_are_collected_in_order() {
    let schema = r#"{"type":"object","properties":{
        "region":{"type":"string","x-mcp-header":"Region"},
        "page":{"type":"object","properties":{"count":{"x-mcp-header":"Count","type":"integer"},"all":{"type":"boolean","x-mcp-header":"X-~1"}}},
        "plain":{"type":"number"}}}"#;
    let expected = [
        header("Region", &["region"], false),
        header("Count", &["page", "count"], true),
        header("X-~1", &["page", "all"], false),
    ];
    assert_eq!(declared(schema).unwrap(), expected);
    assert_eq!(
        property(r#"{"type":"string","x-mcp-h\u0065ader":"R"}"#).unwrap(),
        [header("R", &["a"], false)]
    );
}

#[test]
fn schemas_without_annotations_have_none() {
    for schema in [
        "{}",
        "true",
        r#"{"type":"object"}"#,
        r#"{"properties":[]}"#,
        r#"{"description":"x-mcp-header"}"#,
    ] {
        assert_eq!(declared(schema).unwrap(), [], "{schema}");
    }
}

#[test]
fn names_and_data_are_no_annotations() {
    assert_eq!(
        declared(r#"{"properties":{"x-mcp-header":{"type":"string"}}}"#).unwrap(),
        []
    );
    assert_eq!(
        declared(r#"{"$defs":{"x-mcp-header":{"type":"string"}}}"#).unwrap(),
        []
    );
    for keyword in ["default", "const", "enum", "examples"] {
        assert_eq!(
            property(&format!(
                r#"{{"type":"string","{keyword}":[{{"x-mcp-header":"R"}}]}}"#
            ))
            .unwrap(),
            [],
            "{keyword}"
        );
    }
    assert_eq!(
        declared(r#"{"properties":{"default":{"type":"string","x-mcp-header":"R"}}}"#).unwrap(),
        [header("R", &["default"], false)],
        "a property may have a keyword's name"
    );
}

#[test]
fn names_must_be_tokens() {
    for name in [
        r#""""#,
        r#""a b""#,
        r#""Authorization\r\nX""#,
        r#""a:b""#,
        r#""é""#,
        r#""a\u0000""#,
        "7",
        "null",
        "[\"a\"]",
        "{}",
        "true",
    ] {
        let schema = format!(r#"{{"type":"string","x-mcp-header":{name}}}"#);
        assert_eq!(
            property(&schema),
            Err(ParamHeaderFault::BadName {
                pointer: "/properties/a".into()
            }),
            "{name}"
        );
    }
}

#[test]
fn names_must_differ_by_more_than_case() {
    let schema = r#"{"properties":{"a":{"type":"string","x-mcp-header":"Region"},"b":{"type":"string","x-mcp-header":"REGION"}}}"#;
    assert_eq!(
        declared(schema),
        Err(ParamHeaderFault::Duplicate {
            name: "REGION".into()
        })
    );
}

#[test]
fn only_strings_integers_and_booleans_can_be_headers() {
    for kind in [
        r#""number""#,
        r#""object""#,
        r#""array""#,
        r#""null""#,
        r#"["string","null"]"#,
        "7",
    ] {
        let schema = format!(r#"{{"type":{kind},"x-mcp-header":"R"}}"#);
        assert_eq!(
            property(&schema),
            Err(ParamHeaderFault::BadType {
                pointer: "/properties/a".into()
            }),
            "{kind}"
        );
    }
    assert!(matches!(
        property(r#"{"x-mcp-header":"R"}"#),
        Err(ParamHeaderFault::BadType { .. })
    ));
}

#[test]
fn only_a_chain_of_properties_leads_to_a_header() {
    let annotated = r#"{"type":"string","x-mcp-header":"R"}"#;
    for (schema, pointer) in [
        (r#"{"x-mcp-header":"R"}"#.to_owned(), ""),
        (format!(r#"{{"items":{annotated}}}"#), "/items"),
        (
            format!(r#"{{"properties":{{"a":{{"type":"array","items":{annotated}}}}}}}"#),
            "/properties/a/items",
        ),
        (
            format!(r#"{{"properties":{{"a":{{"oneOf":[{{}},{annotated}]}}}}}}"#),
            "/properties/a/oneOf/1",
        ),
        (
            format!(r#"{{"allOf":[{{"properties":{{"a":{annotated}}}}}]}}"#),
            "/allOf/0/properties/a",
        ),
        (
            format!(r#"{{"$defs":{{"a/b~":{annotated}}}}}"#),
            "/$defs/a~1b~0",
        ),
        (
            format!(r#"{{"patternProperties":{{"^x":{annotated}}}}}"#),
            "/patternProperties/^x",
        ),
        (
            format!(r#"{{"additionalProperties":{annotated}}}"#),
            "/additionalProperties",
        ),
        (
            format!(r#"{{"if":{{"properties":{{"a":{annotated}}}}}}}"#),
            "/if/properties/a",
        ),
        (
            format!(r#"{{"x-vendor":{{"deep":[{annotated}]}}}}"#),
            "/x-vendor/deep/0",
        ),
        (
            format!(r#"{{"dependentSchemas":{{"a":{{"properties":{{"b":{annotated}}}}}}}}}"#),
            "/dependentSchemas/a/properties/b",
        ),
    ] {
        assert_eq!(
            declared(&schema),
            Err(ParamHeaderFault::BadPlace {
                pointer: pointer.into()
            }),
            "{schema}"
        );
    }
}

#[test]
fn sixty_four_headers_are_enough() {
    let schema = |count: usize| {
        let properties: Vec<_> = (0..count)
            .map(|i| format!(r#""p{i}":{{"type":"string","x-mcp-header":"H{i}"}}"#))
            .collect();
        format!(r#"{{"properties":{{{}}}}}"#, properties.join(","))
    };
    assert_eq!(declared(&schema(64)).unwrap().len(), 64);
    assert_eq!(
        declared(&schema(65)),
        Err(ParamHeaderFault::TooMany { max: 64 })
    );
}

#[test]
fn deep_schemas_do_not_recurse() {
    let schema = format!(
        "{}{}{}",
        r#"{"properties":{"a":"#.repeat(500),
        r#"{"type":"string","x-mcp-header":"R"}"#,
        "}}".repeat(500)
    );
    assert_eq!(declared(&schema).unwrap()[0].path.len(), 500);
}

#[test]
fn arguments_call_for_values() {
    let arguments = r#"{"s":"a\u00e9","t":true,"n":null,"i":42.0,"big":12345678901234567890123,"f":1.5,"o":{"x":"deep"},"l":[1]}"#;
    for (path, integer, expected) in [
        (&["s"][..], false, Some("aé")),
        (&["t"], false, Some("true")),
        (&["n"], false, None),
        (&["missing"], false, None),
        (&["i"], true, Some("42")),
        (&["i"], false, Some("42.0")),
        (&["big"], true, Some("12345678901234567890123")),
        (&["f"], true, Some("1.5")),
        (&["o", "x"], false, Some("deep")),
        (&["o"], false, None),
        (&["l"], false, None),
        (&["s", "x"], false, None),
    ] {
        assert_eq!(
            header("H", path, integer).value(arguments).as_deref(),
            expected,
            "{path:?}"
        );
    }
}
