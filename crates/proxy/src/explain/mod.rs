//! What each stage would say of a call, without making it: nothing is charged, asked of people, sent or recorded.
//!
//! Each layer asks the stage that would judge the call. They are all asked, in the order of the way of a call; the first that
//! refuses is what the caller would be told.

mod layers;
mod named;
mod question;

use std::sync::Arc;

use wardgate_model::{Caller, ErrorClass, ToolRef, ToolsetName};
use wardgate_policy::Explanation;

use crate::{gate::Gate, outcome, stop::Stop};
use layers::Layers;
use question::question;

/// The call that is asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    pub caller: Caller,
    pub toolset: ToolsetName,
    /// `alias/tool`, or the name that the toolset exposes.
    pub tool: String,
    /// A JSON object.
    pub arguments: String,
    /// Why the caller would say that it calls.
    pub reason: Option<String>,
}

/// What would become of it.
#[derive(Debug)]
pub struct Explained {
    /// The tool, if it is found.
    pub tool: Option<ToolRef>,
    /// In the order in which they are asked.
    pub layers: Vec<Layer>,
    /// What policies say, where there are any.
    pub policy: Option<Explanation>,
}

/// One stage's say.
#[derive(Debug)]
pub struct Layer {
    pub name: &'static str,
    /// What the caller would be told; absent where the call would go on.
    pub refusal: Option<Refusal>,
    /// What it looked at, for operators.
    pub says: String,
    /// The smallest change that would let the call go on here.
    pub change: Option<String>,
}

/// What a caller is told.
#[derive(Debug)]
pub struct Refusal {
    /// Absent where the caller is told that there is no such thing.
    pub class: Option<ErrorClass>,
    pub text: String,
}

/// The arguments are not a JSON object, or hold what no client may send.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the arguments are not a JSON object that a client could send")]
pub struct Unaskable;

/// Explains.
///
/// # Errors
/// [`Unaskable`].
///
/// # Cancel safety
/// Nothing is changed; servers may have been connected and asked for their lists.
pub async fn explain(gate: &Arc<Gate>, asked: &Asked) -> Result<Explained, Unaskable> {
    let snapshot = gate.snapshot();
    let mut layers = Layers::default();
    let Some(toolset) = snapshot.toolsets.get(&asked.toolset).cloned() else {
        layers.no_toolset(&asked.toolset);
        return Ok(layers.ended(None));
    };
    layers.toolset(&snapshot, &toolset, &asked.caller);
    let mut call = question(gate, snapshot, toolset, asked)?;
    let heeded = layers.caller(gate, &call);
    layers.admission(gate, &call);
    let target = layers.tool(gate, &mut call, asked).await?;
    let Some((target, heeded)) = target.zip(heeded) else {
        return Ok(layers.ended(None));
    };
    let permit = layers.policy(&call, &target, &heeded);
    layers.arguments(&call, &target);
    layers.budget(gate, &call, &target);
    layers
        .approval(gate, &call, &target, permit.as_ref(), &heeded)
        .await;
    layers.server(gate, &call, &target).await;
    let tool = ToolRef {
        alias: target.server().alias.clone(),
        name: target.name().to_owned(),
    };
    Ok(layers.ended(Some(tool)))
}

impl Explained {
    /// The layer at which the call would end; none if it would reach its server.
    pub fn ends_at(&self) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.refusal.is_some())
    }
}

impl Refusal {
    fn of(stop: &Stop) -> Refusal {
        Refusal {
            class: outcome::class(stop),
            text: outcome::advice(stop),
        }
    }
}
