//! The Cedar schema of a set of tools, through the official generator.
//!
//! The generator wants one namespace and names that are Cedar identifiers, while policies say `Action::"pay/refund"` and
//! arguments may be called `user-id`. So tools go in under names made for it ([`names`]), and the schema
//! that comes out gets its own names back and moves into the global namespace.

mod names;

use std::collections::{BTreeMap, HashMap};

use cedar_policy::{Schema, SchemaFragment};
use cedar_policy_mcp_schema_generator::{SchemaGenerator, SchemaGeneratorConfig};
use mcp_tools_sdk::description::{
    Parameters, Property, PropertyType, ServerDescription, ToolDescription,
};
use serde_json::Value;
use thiserror::Error;

use crate::schema::names::Names;
use crate::shape::{Field, Shape};
use crate::tool::Tool;

const STUB: &str = include_str!("stub.cedarschema");
const NAMESPACE: &str = "Wardgate";

/// The tools have no schema in Cedar. Arguments of any shape have one, so this says that the generator changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the tools cannot be described to Cedar: {0}")]
pub struct SchemaFault(String);

/// Returns the schema as people read it: `*.cedarschema`.
///
/// # Errors
/// If the generator or Cedar refuses a tool.
pub fn schema_for(tools: &[Tool]) -> Result<String, SchemaFault> {
    fragment(tools)?.to_cedarschema().map_err(fault)
}

pub(crate) fn compiled(tools: &[Tool]) -> Result<Schema, SchemaFault> {
    Schema::from_schema_fragments([fragment(tools)?]).map_err(fault)
}

fn fault(error: impl std::fmt::Display) -> SchemaFault {
    SchemaFault(error.to_string())
}

fn fragment(tools: &[Tool]) -> Result<SchemaFragment, SchemaFault> {
    let mut names = Names::default();
    let described: Vec<ToolDescription> = tools
        .iter()
        .map(|tool| description(tool, &mut names))
        .collect();
    let config = SchemaGeneratorConfig::default()
        .objects_as_records(true)
        .inline_empty_records(true)
        .encode_numbers_as_decimal(true);
    let mut generator =
        SchemaGenerator::from_cedarschema_str_with_config(STUB, config).map_err(fault)?;
    let described = ServerDescription::new(described.into_iter(), HashMap::new());
    generator
        .add_actions_from_server_description(&described)
        .map_err(fault)?;
    let (generated, _) =
        SchemaFragment::from_cedarschema_str(&generator.get_schema_as_str()).map_err(fault)?;
    let mut schema = generated.to_json_value().map_err(fault)?;
    names.give_back(&mut schema);
    into_global_namespace(&mut schema);
    SchemaFragment::from_json_value(schema).map_err(fault)
}

fn description(tool: &Tool, names: &mut Names) -> ToolDescription {
    let fields = Shape::of_arguments(&tool.input_schema);
    let name = names.tool(&tool.tool.to_string());
    let inputs = Parameters::new(properties(&fields, names), HashMap::new());
    let outputs = Parameters::new(Vec::new(), HashMap::new());
    ToolDescription::new(name.into(), inputs, outputs, HashMap::new(), None)
}

/// An opaque argument has no type, so the schema leaves it out and policies cannot be written about it.
fn properties(fields: &BTreeMap<String, Field>, names: &mut Names) -> Vec<Property> {
    let mut properties = Vec::new();
    for (name, field) in fields {
        if let Some(kind) = kind(&field.shape, names) {
            properties.push(Property::new(
                names.argument(name).into(),
                field.required,
                kind,
                None,
            ));
        }
    }
    properties
}

fn kind(shape: &Shape, names: &mut Names) -> Option<PropertyType> {
    Some(match shape {
        Shape::Bool => PropertyType::Bool,
        Shape::Long => PropertyType::Integer,
        Shape::Decimal => PropertyType::Number,
        Shape::Text => PropertyType::String,
        Shape::Datetime => PropertyType::Datetime,
        Shape::Address => PropertyType::IpAddr,
        Shape::List(item) => PropertyType::Array {
            element_ty: Box::new(kind(item, names)?),
        },
        Shape::Record(fields) => PropertyType::Object {
            properties: properties(fields, names),
            additional_properties: None,
        },
        Shape::Opaque => return None,
    })
}

fn into_global_namespace(schema: &mut Value) {
    if let Some(namespaces) = schema.as_object_mut()
        && let Some(ours) = namespaces.remove(NAMESPACE)
    {
        namespaces.insert(String::new(), ours);
    }
}
