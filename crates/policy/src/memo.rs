//! What candidates said before of calls that agree in all they read: Cedar is not asked twice.
//!
//! INVARIANT: the key holds everything the answer depends on. Rules and tools do not change under an authorizer; what
//! candidates read of the time changes with every call, so those are asked each time.

use std::sync::Arc;

use moka::sync::Cache;
use wardgate_model::{Caller, ToolRef, ToolsetName};

use crate::candidates::{Candidates, Form, Matches};
use crate::facts::{Circumstances, Input};
use crate::members::Members;

/// Of keys and answers together.
const BYTES_MAX: u64 = 16 << 20;
/// Arguments that are longer seldom come again.
const KEY_BYTES_MAX: usize = 4 << 10;
/// An answer with what the cache keeps about it, and each rule in it.
const ANSWER_BYTES: usize = 128;
const RULE_BYTES: usize = 64;

pub(crate) struct Memo(Cache<Key, Arc<Matches>>);

impl Default for Memo {
    fn default() -> Memo {
        let weigh = |key: &Key, answer: &Arc<Matches>| {
            let rules = answer.matched.len() + answer.failed.len();
            let bytes = key.0.len() + ANSWER_BYTES + rules * RULE_BYTES;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(BYTES_MAX).weigher(weigh);
        Memo(cache.build())
    }
}

impl Memo {
    /// Returns what was said before, or asks and keeps it. What cannot be asked is not kept, nor what has no key.
    pub(crate) fn matches<E>(
        &self,
        key: Option<Key>,
        ask: impl FnOnce() -> Result<Matches, E>,
    ) -> Result<Arc<Matches>, E> {
        let Some(key) = key else {
            return ask().map(Arc::new);
        };
        if let Some(said) = self.0.get(&key) {
            return Ok(said);
        }
        let said = Arc::new(ask()?);
        self.0.insert(key, said.clone());
        Ok(said)
    }
}

/// Parts with their lengths, so that no two keys read alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(Vec<u8>);

/// A call of a tool, or its place in a list.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) form: Form,
    pub(crate) caller: &'a Caller,
    pub(crate) tool: &'a ToolRef,
    pub(crate) toolset: &'a ToolsetName,
    pub(crate) circumstances: &'a Circumstances<'a>,
    pub(crate) input: Option<Input<'a>>,
}

impl Key {
    /// Returns nothing where the answer may be another the next moment, or will hardly be wanted again.
    pub(crate) fn new(candidates: &Candidates, asked: &Asked<'_>) -> Option<Key> {
        let reads = &candidates.reads;
        if reads.member("now").is_some() {
            return None;
        }
        let mut key = Key(Vec::with_capacity(96));
        key.0.extend(candidates.number.to_le_bytes());
        key.0.push(u8::from(asked.form == Form::Outline));
        key.part(asked.tool.alias.as_str());
        key.part(&asked.tool.name);
        key.part(asked.toolset.as_str());
        if candidates.minds_caller {
            key.caller(asked.caller);
        }
        let facts = asked.circumstances;
        if reads.member("env").is_some() {
            key.part(facts.environment);
        }
        if reads.member("reason").is_some() {
            key.part(facts.reason.unwrap_or_default());
        }
        if reads.member("slo").is_some() {
            key.0.push(facts.slo.exhausted.into());
            key.0.extend(facts.slo.budget_left.to_le_bytes());
        }
        if reads.member("review").is_some() {
            key.0.push(facts.review.overdue.into());
            key.0.extend(facts.review.overdue_days.to_le_bytes());
        }
        if let (Some(wanted), Some(input)) = (reads.member("input"), asked.input) {
            let Members(members) = serde_json::from_str(input.arguments.get()).ok()?;
            for (name, value) in members {
                if wanted.member(&name).is_some() {
                    key.part(&name);
                    key.part(value.get());
                }
            }
        }
        (key.0.len() <= KEY_BYTES_MAX).then_some(key)
    }

    fn part(&mut self, text: &str) {
        self.0.extend(text.len().to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    /// All of a caller that becomes its entity; the kind too, since a condition may ask for it.
    fn caller(&mut self, caller: &Caller) {
        self.part(caller.kind.as_str());
        self.part(caller.tenant.as_str());
        self.part(caller.principal.as_str());
        self.part(caller.via.as_str());
        self.0.extend(caller.groups.len().to_le_bytes());
        for group in caller.groups.iter() {
            self.part(group.as_str());
        }
        for scope in caller.scopes.iter() {
            self.part(scope.as_str());
        }
    }
}
