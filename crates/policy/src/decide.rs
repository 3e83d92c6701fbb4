//! One request to one decision. Whatever cannot be evaluated is a deny.

use std::borrow::Cow;
use std::sync::Arc;

use cedar_policy::{Entities, EntityUid};
use serde_json::value::RawValue;
use wardgate_model::{Caller, ToolRef, ToolsetName};

use crate::authorizer::Authorizer;
use crate::candidates::{Candidates, Form, Matches};
use crate::decision::{Decision, Reason, Waivers};
use crate::entity::{self, KINDS, LIST, PROMPT, READ, Unbuildable};
use crate::facts::{self, Circumstances, ContextFault, Input};
use crate::memo::{Asked, Key};
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
    pub(crate) entities: Cow<'a, Entities>,
    pub(crate) input: Option<Input<'a>>,
}

/// A question as Cedar is asked it.
struct Put {
    request: cedar_policy::Request,
    entities: Entities,
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
            Ok(matches) => Decision::weigh(Matches::clone(&matches), request.waivers()),
            Err(Unaskable::UnknownTool) => Decision::denied(Reason::UnknownTool, None),
            Err(fault) => Decision::denied(Reason::PolicyError, Some(fault.to_string())),
        }
    }

    pub(crate) fn matches(&self, request: &Request<'_>) -> Result<Arc<Matches>, Unaskable> {
        let question = self.question(request)?;
        match request.target {
            Target::Call { tool, .. } => {
                let asked = Asked {
                    form: Form::Probe,
                    caller: request.caller,
                    tool,
                    toolset: request.toolset,
                    circumstances: &request.circumstances,
                    input: question.input,
                };
                self.remembered(&question, &asked)
            }
            Target::Read { .. } | Target::Prompt { .. } | Target::List => {
                let (caller, toolset) = (request.caller, request.toolset);
                let candidates = question.candidates.narrowed(caller, toolset);
                let asked = question.ask(&candidates, caller, &request.circumstances)?;
                Ok(Arc::new(asked.of(&candidates, Form::Probe)))
            }
        }
    }

    /// What the candidates say about a tool, asked of Cedar once for all that agree in what they read.
    pub(crate) fn remembered(
        &self,
        question: &Question<'_>,
        asked: &Asked<'_>,
    ) -> Result<Arc<Matches>, Unaskable> {
        let caller = asked.caller;
        of_one_name(caller)?;
        let candidates = question.candidates.narrowed(caller, asked.toolset);
        let key = Key::new(&candidates, asked);
        self.memo.matches(key, || {
            let put = question.ask(&candidates, caller, asked.circumstances)?;
            Ok(put.of(&candidates, asked.form))
        })
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
                entities: Cow::Owned(entity::of_server(
                    &KINDS.resource,
                    server,
                    uri,
                    request.toolset,
                )?),
                input: None,
            },
            Target::Prompt { server, name } => Question {
                candidates: self.prompt.of(kind),
                action: entity::action(PROMPT),
                resource: entity::of_server_uid(&KINDS.prompt, server, name),
                entities: Cow::Owned(entity::of_server(
                    &KINDS.prompt,
                    server,
                    name,
                    request.toolset,
                )?),
                input: None,
            },
            Target::List => Question {
                candidates: self.list.of(kind),
                action: entity::action(LIST),
                resource: entity::uid(&KINDS.toolset, request.toolset.as_str()),
                entities: Cow::Owned(Entities::empty()),
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
    fn ask(
        &self,
        candidates: &Candidates,
        caller: &Caller,
        circumstances: &Circumstances<'_>,
    ) -> Result<Put, Unaskable> {
        of_one_name(caller)?;
        let context = facts::context(&candidates.reads, circumstances, self.input)?;
        let principal = entity::principal(caller, candidates.principal_attributes)?;
        let uid = principal.uid();
        let entities = Entities::clone(&self.entities).add_entities([principal], None);
        let entities = entities.map_err(|error| Unbuildable::Entities(Box::new(error)))?;
        let (action, resource) = (self.action.clone(), self.resource.clone());
        let request = cedar_policy::Request::new(uid, action, resource, context, None);
        let request = request.map_err(|error| Unaskable::Refused(error.to_string()))?;
        Ok(Put { request, entities })
    }
}

impl Put {
    fn of(&self, candidates: &Candidates, form: Form) -> Matches {
        candidates.evaluate(form, &self.request, &self.entities)
    }
}

/// `tenant/principal` and `tenant/group` name one thing only while tenants have no slash.
fn of_one_name(caller: &Caller) -> Result<(), Unaskable> {
    match caller.tenant.as_str().contains('/') {
        true => Err(Unaskable::Tenant),
        false => Ok(()),
    }
}
