//! Policies compiled over the tools they govern. Immutable: other policies or tools make another authorizer.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cedar_policy::Entities;
use wardgate_model::{PrincipalKind, ToolRef, ToolsetName};

use crate::candidates::{ByKind, Finder};
use crate::entity::{self, KINDS, LIST, PROMPT, READ};
use crate::memo::Memo;
use crate::parse::Policies;
use crate::scope::{CallScope, Subject};
use crate::shape::{Field, Shape};
use crate::tool::Tool;

/// Decides calls, lists and explanations. See [`Authorizer::decide`], [`Authorizer::visible`], [`Authorizer::explain`].
pub struct Authorizer {
    policies: Arc<Policies>,
    tools: HashMap<ToolRef, Governed>,
    pub(crate) read: ByKind,
    pub(crate) prompt: ByKind,
    pub(crate) list: ByKind,
    pub(crate) memo: Memo,
}

/// A tool with all that is known of its calls before they come.
pub(crate) struct Governed {
    pub(crate) tool: Tool,
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) scope: CallScope,
    pub(crate) candidates: ByKind,
    /// For each toolset that shows it.
    entities: HashMap<ToolsetName, Entities>,
}

impl Authorizer {
    pub fn new(policies: Arc<Policies>, tools: impl IntoIterator<Item = Tool>) -> Authorizer {
        let mut finder = Finder::new(&policies);
        let tools = tools
            .into_iter()
            .map(|tool| (tool.tool.clone(), Governed::new(tool, &mut finder)))
            .collect();
        let mut of = |action: &str, resource_kind| {
            let action = entity::action(action);
            finder.by_kind(|principal| Subject::beyond_calls(principal, &action, resource_kind))
        };
        let read = of(READ, &KINDS.resource);
        let prompt = of(PROMPT, &KINDS.prompt);
        let list = of(LIST, &KINDS.toolset);
        Authorizer {
            tools,
            read,
            prompt,
            list,
            memo: Memo::default(),
            policies,
        }
    }

    pub fn policies(&self) -> &Arc<Policies> {
        &self.policies
    }

    /// Says whether the tool is among those it decides over.
    pub fn knows(&self, tool: &ToolRef) -> bool {
        self.tools.contains_key(tool)
    }

    pub fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.tools.values().map(|governed| &governed.tool)
    }

    /// Says whether what a caller of this kind may do with the tool depends on the arguments.
    pub fn reads_arguments(&self, kind: PrincipalKind, tool: &ToolRef) -> bool {
        let candidates = self.governed(tool).map(|tool| tool.candidates.of(kind));
        candidates.is_some_and(|candidates| candidates.reads.member("input").is_some())
    }

    pub(crate) fn governed(&self, tool: &ToolRef) -> Option<&Governed> {
        self.tools.get(tool)
    }
}

impl Governed {
    fn new(tool: Tool, finder: &mut Finder<'_>) -> Governed {
        let scope = CallScope::of(&tool);
        let candidates = finder.by_kind(|principal| scope.subject(principal));
        // What cannot be built is built again, and denied, when a call asks for it.
        let entities = tool
            .toolsets
            .iter()
            .filter_map(|toolset| Some((toolset.clone(), entity::call(&tool, toolset).ok()?)))
            .collect();
        Governed {
            fields: Shape::of_arguments(&tool.input_schema),
            scope,
            candidates,
            entities,
            tool,
        }
    }

    pub(crate) fn entities(
        &self,
        toolset: &ToolsetName,
    ) -> Result<Cow<'_, Entities>, entity::Unbuildable> {
        match self.entities.get(toolset) {
            Some(entities) => Ok(Cow::Borrowed(entities)),
            None => Ok(Cow::Owned(entity::call(&self.tool, toolset)?)),
        }
    }
}
