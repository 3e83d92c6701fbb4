//! Whether a caller may see a tool: whether some call of it could be allowed or deferred.
//!
//! Before a call its arguments and reason are not known, so:
//! - a forbid that reads them may not apply, and hides nothing;
//! - a permit that reads them may apply: it is asked without the conditions that do;
//! - all other rules say now what they will say of each call, a failure included.
//!
//! A forbid with `@approval` only defers, so it hides nothing either. Hence whatever is allowed or deferred is
//! visible. The other way round it is close: a visible tool may still refuse every argument.

use wardgate_model::{Caller, ToolRef, ToolsetName};

use crate::authorizer::Authorizer;
use crate::candidates::{Form, Matches};
use crate::decide::Question;
use crate::decision::{Decision, Effect, Waivers};
use crate::facts::Circumstances;
use crate::memo::Asked;

impl Authorizer {
    /// Returns whether the tool belongs in the caller's lists. An unknown tool does not, nor one that
    /// policies fail on.
    pub fn visible(
        &self,
        caller: &Caller,
        toolset: &ToolsetName,
        tool: &ToolRef,
        circumstances: &Circumstances<'_>,
        break_glass: bool,
    ) -> bool {
        let Some(governed) = self.governed(tool) else {
            return false;
        };
        let Ok(entities) = governed.entities(toolset) else {
            return false;
        };
        let question = Question {
            candidates: governed.candidates.of(caller.kind),
            action: governed.scope.action.clone(),
            resource: governed.scope.resource.clone(),
            entities,
            input: None,
        };
        let asked = Asked {
            form: Form::Outline,
            caller,
            tool,
            toolset,
            circumstances,
            input: None,
        };
        let Ok(matches) = self.remembered(&question, &asked) else {
            return false;
        };
        let mut matches = Matches::clone(&matches);
        forgive(&mut matches);
        let waivers = Waivers {
            grants: &[],
            break_glass,
        };
        Decision::weigh(matches, waivers).effect != Effect::Deny
    }
}

/// An outline may fail where the rule itself would have stopped at a condition that was left out. Then that permit
/// grants nothing, but the failure is not one of every call.
fn forgive(matches: &mut Matches) {
    matches
        .failed
        .retain(|(rule, _)| !rule.source.reads.varies());
}
