//! Cedar's entities for callers, tools and what stands around them.
//!
//! INVARIANT: an entity is built from typed parts, never by writing text for Cedar to parse, so no name can
//! become syntax.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression as Expression,
};
use wardgate_model::{Caller, PrincipalKind, ToolRef, ToolsetName};

use crate::tool::{Server, Tool};

/// The entity types of the schema, parsed once.
pub(crate) struct Kinds {
    pub(crate) user: EntityTypeName,
    pub(crate) agent: EntityTypeName,
    pub(crate) service: EntityTypeName,
    pub(crate) group: EntityTypeName,
    pub(crate) tenant: EntityTypeName,
    pub(crate) action: EntityTypeName,
    pub(crate) tool: EntityTypeName,
    pub(crate) resource: EntityTypeName,
    pub(crate) prompt: EntityTypeName,
    pub(crate) toolset: EntityTypeName,
    pub(crate) server: EntityTypeName,
}

pub(crate) static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let kind = |name| EntityTypeName::from_str(name).expect("the name of a type is an identifier");
    Kinds {
        user: kind("User"),
        agent: kind("Agent"),
        service: kind("Service"),
        group: kind("Group"),
        tenant: kind("Tenant"),
        action: kind("Action"),
        tool: kind("Tool"),
        resource: kind("Resource"),
        prompt: kind("Prompt"),
        toolset: kind("Toolset"),
        server: kind("Server"),
    }
});

pub(crate) fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

/// Actions that are not calls of a tool.
pub(crate) const LIST: &str = "list";
pub(crate) const READ: &str = "read";
pub(crate) const PROMPT: &str = "prompt";
/// The parent of all calls.
pub(crate) const CALL: &str = "call";

pub(crate) fn action(name: &str) -> EntityUid {
    uid(&KINDS.action, name)
}

pub(crate) fn call_action(tool: &ToolRef) -> EntityUid {
    action(&tool.to_string())
}

pub(crate) fn principal_kind(kind: PrincipalKind) -> &'static EntityTypeName {
    match kind {
        PrincipalKind::User => &KINDS.user,
        PrincipalKind::Agent => &KINDS.agent,
        PrincipalKind::Service => &KINDS.service,
    }
}

pub(crate) fn principal_uid(caller: &Caller) -> EntityUid {
    uid(principal_kind(caller.kind), &caller.identity().to_string())
}

/// The caller in its tenant and groups. A group is `Group::"tenant/group"` and, if its name has no slash, also
/// `Group::"group"`: policies of one tenant need the first, policies for every tenant the second, and the slash
/// keeps a tenant from naming a group of another.
pub(crate) fn principal(caller: &Caller, attributes: bool) -> Result<Entity, Unbuildable> {
    let tenant = caller.tenant.as_str();
    let mut parents = HashSet::from([uid(&KINDS.tenant, tenant)]);
    for group in caller.groups.iter().map(|group| group.as_str()) {
        parents.insert(uid(&KINDS.group, &format!("{tenant}/{group}")));
        if !group.contains('/') {
            parents.insert(uid(&KINDS.group, group));
        }
    }
    let mut attrs = HashMap::new();
    if attributes {
        let scopes = caller.scopes.iter().map(|scope| scope.as_str());
        attrs.insert("scopes".to_owned(), texts(scopes));
        attrs.insert("via".to_owned(), text(caller.via.as_str()));
    }
    Ok(Entity::new(principal_uid(caller), attrs, parents).map_err(Box::new)?)
}

/// A tool reached through a toolset, and the action of calling it.
pub(crate) fn call(tool: &Tool, toolset: &ToolsetName) -> Result<Entities, Unbuildable> {
    let mut attrs = server_attributes(&tool.server);
    let flag = |value| Expression::new_bool(value);
    attrs.extend([
        ("risk".to_owned(), text(tool.risk.as_str())),
        ("readOnly".to_owned(), flag(tool.effects.read_only)),
        ("destructive".to_owned(), flag(tool.effects.destructive)),
        ("idempotent".to_owned(), flag(tool.effects.idempotent)),
        ("openWorld".to_owned(), flag(tool.effects.open_world)),
        (
            "tags".to_owned(),
            texts(tool.tags.iter().map(String::as_str)),
        ),
        ("deprecated".to_owned(), flag(tool.deprecated)),
    ]);
    let parents = HashSet::from([
        server_uid(&tool.server),
        uid(&KINDS.toolset, toolset.as_str()),
    ]);
    let entity = Entity::new(tool_uid(&tool.tool), attrs, parents).map_err(Box::new)?;
    let action = Entity::new_no_attrs(call_action(&tool.tool), HashSet::from([action(CALL)]));
    Ok(Entities::from_entities([entity, action], None).map_err(Box::new)?)
}

/// A resource or prompt of a server, reached through a toolset.
pub(crate) fn of_server(
    kind: &EntityTypeName,
    server: &Server,
    name: &str,
    toolset: &ToolsetName,
) -> Result<Entities, Unbuildable> {
    let mut attrs = server_attributes(server);
    let attribute = if *kind == KINDS.resource {
        "uri"
    } else {
        "name"
    };
    attrs.insert(attribute.to_owned(), text(name));
    let parents = HashSet::from([server_uid(server), uid(&KINDS.toolset, toolset.as_str())]);
    let entity =
        Entity::new(of_server_uid(kind, server, name), attrs, parents).map_err(Box::new)?;
    Ok(Entities::from_entities([entity], None).map_err(Box::new)?)
}

pub(crate) fn tool_uid(tool: &ToolRef) -> EntityUid {
    uid(&KINDS.tool, &tool.to_string())
}

pub(crate) fn of_server_uid(kind: &EntityTypeName, server: &Server, name: &str) -> EntityUid {
    uid(kind, &format!("{}/{name}", server.alias))
}

pub(crate) fn server_uid(server: &Server) -> EntityUid {
    uid(&KINDS.server, server.name.as_str())
}

fn server_attributes(server: &Server) -> HashMap<String, Expression> {
    HashMap::from([
        ("serverStatus".to_owned(), text(&server.status)),
        (
            "compliance".to_owned(),
            texts(server.compliance.iter().map(String::as_str)),
        ),
        ("reviewed".to_owned(), Expression::new_bool(server.reviewed)),
    ])
}

fn text(value: &str) -> Expression {
    Expression::new_string(value.to_owned())
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Expression {
    Expression::new_set(values.map(text))
}

/// Cedar refused what we built. Nothing a caller sends should reach this; the call is denied all the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unbuildable {
    #[error("an entity has an attribute without a value")]
    Attribute(#[from] Box<cedar_policy::EntityAttrEvaluationError>),
    #[error("entities contradict each other")]
    Entities(#[from] Box<cedar_policy::entities_errors::EntitiesError>),
}
