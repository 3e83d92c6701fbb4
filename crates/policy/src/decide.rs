//! One request to one decision. Whatever cannot be evaluated is a deny.

use std::sync::Arc;

use cedar_policy::{Entities, EntityUid};
use serde_json::value::RawValue;
use wardgate_model::{Caller, ToolRef, ToolsetName};

use crate::authorizer::Authorizer;
use crate::candidates::{Candidates, Matches};
use crate::decision::{Decision, Reason, Waivers};
use crate::entity::{self, KINDS, LIST, PROMPT, READ, Unbuildable};
use crate::facts::{self, Circumstances, ContextFault, Input};
use crate::rule::RuleId;
use crate::tool::Server;

#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub caller: &'a Caller,
    /// The toolset the request came through.
    pub toolset: &'a ToolsetName,
    pub target: Target<'a>,
    pub circumstances: Circumstances<'a>,
    /// Rules that an approval has lifted for exactly this request.
    pub grants: &'a [RuleId],
    /// An override that lifts soft rules is in force.
    pub break_glass: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// `arguments` is a JSON object, as the server will get it.
    Call {
        tool: &'a ToolRef,
        arguments: &'a RawValue,
    },
    Read {
        server: &'a Server,
        uri: &'a str,
    },
    Prompt {
        server: &'a Server,
        name: &'a str,
    },
    /// Asking for lists at all. What a list of tools holds is decided by [`Authorizer::visible`].
    List,
}

/// A request in Cedar's words.
pub(crate) struct Question<'a> {
    pub(crate) candidates: &'a Arc<Candidates>,
    pub(crate) action: EntityUid,
    pub(crate) resource: EntityUid,
    /// All but the principal's.
    pub(crate) entities: Entities,
    pub(crate) input: Option<Input<'a>>,
}

/// Why a request could not be put to Cedar.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unaskable {
    #[error("no such tool is known to policy")]
    UnknownTool,
    #[error("the name of the tenant has a slash")]
    Tenant,
    #[error(transparent)]
    Context(#[from] ContextFault),
    #[error(transparent)]
    Entity(#[from] Unbuildable),
    #[error("Cedar refuses the request: {0}")]
    Refused(String),
}

impl Authorizer {
    /// Decides the request: default deny, forbid wins, and any evaluation error of a rule that counts is a deny.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        match self.matches(request) {
            Ok(matches) => Decision::weigh(matches, request.waivers()),
            Err(Unaskable::UnknownTool) => Decision::denied(Reason::UnknownTool, None),
            Err(fault) => Decision::denied(Reason::PolicyError, Some(fault.to_string())),
        }
    }

    pub(crate) fn matches(&self, request: &Request<'_>) -> Result<Matches, Unaskable> {
        let question = self.question(request)?;
        let candidates = question
            .candidates
            .narrowed(request.caller, request.toolset);
        let (asked, entities) =
            question.ask(&candidates, request.caller, &request.circumstances)?;
        Ok(candidates.evaluate(&asked, &entities))
    }

    pub(crate) fn question<'a>(&'a self, request: &Request<'a>) -> Result<Question<'a>, Unaskable> {
        let kind = request.caller.kind;
        Ok(match request.target {
            Target::Call { tool, arguments } => {
                let governed = self.governed(tool).ok_or(Unaskable::UnknownTool)?;
                Question {
                    candidates: governed.candidates.of(kind),
                    action: governed.scope.action.clone(),
                    resource: governed.scope.resource.clone(),
                    entities: governed.entities(request.toolset)?,
                    input: Some(Input {
                        fields: &governed.fields,
                        arguments,
                    }),
                }
            }
            Target::Read { server, uri } => Question {
                candidates: self.read.of(kind),
                action: entity::action(READ),
                resource: entity::of_server_uid(&KINDS.resource, server, uri),
                entities: entity::of_server(&KINDS.resource, server, uri, request.toolset)?,
                input: None,
            },
            Target::Prompt { server, name } => Question {
                candidates: self.prompt.of(kind),
                action: entity::action(PROMPT),
                resource: entity::of_server_uid(&KINDS.prompt, server, name),
                entities: entity::of_server(&KINDS.prompt, server, name, request.toolset)?,
                input: None,
            },
            Target::List => Question {
                candidates: self.list.of(kind),
                action: entity::action(LIST),
                resource: entity::uid(&KINDS.toolset, request.toolset.as_str()),
                entities: Entities::empty(),
                input: None,
            },
        })
    }
}

impl Request<'_> {
    pub(crate) fn waivers(&self) -> Waivers<'_> {
        Waivers {
            grants: self.grants,
            break_glass: self.break_glass,
        }
    }
}

impl Question<'_> {
    /// Puts the question as far as these of its candidates mind it.
    pub(crate) fn ask(
        &self,
        candidates: &Candidates,
        caller: &Caller,
        circumstances: &Circumstances<'_>,
    ) -> Result<(cedar_policy::Request, Entities), Unaskable> {
        // `tenant/principal` and `tenant/group` name one thing only while tenants have no slash.
        if caller.tenant.as_str().contains('/') {
            return Err(Unaskable::Tenant);
        }
        let context = facts::context(&candidates.reads, circumstances, self.input)?;
        let principal = entity::principal(caller, candidates.principal_attributes)?;
        let uid = principal.uid();
        let entities = self.entities.clone().add_entities([principal], None);
        let entities = entities.map_err(|error| Unbuildable::Entities(Box::new(error)))?;
        let (action, resource) = (self.action.clone(), self.resource.clone());
        let asked = cedar_policy::Request::new(uid, action, resource, context, None);
        let asked = asked.map_err(|error| Unaskable::Refused(error.to_string()))?;
        Ok((asked, entities))
    }
}
