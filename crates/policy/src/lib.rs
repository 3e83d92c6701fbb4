//! Policies about tools, in Cedar: read them, check them against the tools they govern, and decide calls.
//!
//! Pure: text, tools, time and arguments are passed in, and a decision comes back with its reasons. What is read first:
//! [`Policies`] is the text, understood; [`Authorizer`] is policies and tools, compiled; [`Decision`] is the answer.
//! Nothing here waits for an approval or redacts a reply: a decision says what others must do.

mod annotation;
mod depth;
mod fault;
mod parse;
mod reads;
mod rule;

mod entity;
mod facts;
mod head;
mod members;
mod number;
mod shape;
mod tool;
mod value;

mod authorizer;
mod candidates;
mod decide;
mod decision;
mod memo;
mod scope;
mod visible;

mod case;
mod change;
mod explain;
mod lint;
mod schema;
mod span;
mod starter;
mod validate;

pub use authorizer::Authorizer;
pub use case::{Case, CaseFile, CaseReport, CaseResult, CaseTool};
pub use change::Change;
pub use decide::{Request, Target};
pub use decision::{Decision, Effect, Failure, Need, Obligation, Reason};
pub use explain::{Explanation, Flip, RuleVerdict, Verdict};
pub use facts::{Circumstances, Objective, Review};
pub use fault::{Fault, FaultKind, Place};
pub use lint::{Finding, FindingKind};
pub use parse::{Policies, PolicyFile};
pub use rule::{Approval, Level, Redaction, Rule, RuleEffect, RuleId};
pub use schema::{SchemaFault, schema_for};
pub use starter::{STARTER_CASES, STARTER_POLICIES};
pub use tool::{Server, Tool};
pub use validate::validate;
