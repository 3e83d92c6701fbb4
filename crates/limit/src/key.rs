//! What a rule counts by. Looking a known key up copies nothing: `KeyRef` borrows from the call and hashes as `KeyValues`.

use std::hash::{Hash, Hasher};

use indexmap::Equivalent;
use serde::{Deserialize, Serialize};
use wardgate_model::{PrincipalId, TenantId, ToolRef, ToolsetName};

use crate::facts::Facts;

/// The facts a rule counts separately by; none means that all calls are counted together. A principal lives in a tenant, so
/// counting by principal counts by tenant too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    pub tenant: bool,
    pub principal: bool,
    pub toolset: bool,
    pub tool: bool,
}

impl Key {
    /// Whether one counter never holds calls of two tenants.
    pub(crate) fn keeps_tenants_apart(self) -> bool {
        self.tenant || self.principal
    }

    /// Whether the values are those of this key, no more and no fewer.
    pub(crate) fn fits(self, values: &KeyValues) -> bool {
        values.tenant.is_some() == self.keeps_tenants_apart()
            && values.principal.is_some() == self.principal
            && values.toolset.is_some() == self.toolset
            && values.tool.is_some() == self.tool
    }

    pub(crate) fn of<'a>(self, facts: &Facts<'a>) -> KeyRef<'a> {
        KeyRef {
            tenant: self.keeps_tenants_apart().then_some(facts.tenant),
            principal: self.principal.then_some(facts.principal),
            toolset: self.toolset.then_some(facts.toolset),
            tool: facts.tool.filter(|_| self.tool),
            looks: facts.looks,
        }
    }
}

/// Whose usage a counter holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyValues {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toolset: Option<ToolsetName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<ToolRef>,
    /// Requests that only look around, see [`Facts::looks`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub looks: bool,
    /// All keys that found no room of their own, counted together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyRef<'a> {
    tenant: Option<&'a TenantId>,
    principal: Option<&'a PrincipalId>,
    toolset: Option<&'a ToolsetName>,
    tool: Option<&'a ToolRef>,
    looks: bool,
}

impl KeyRef<'_> {
    pub(crate) fn to_values(self) -> KeyValues {
        KeyValues {
            tenant: self.tenant.cloned(),
            principal: self.principal.cloned(),
            toolset: self.toolset.cloned(),
            tool: self.tool.cloned(),
            looks: self.looks,
            rest: false,
        }
    }
}

impl KeyValues {
    pub(crate) fn of_the_rest() -> KeyValues {
        KeyValues {
            rest: true,
            ..KeyValues::default()
        }
    }

    pub(crate) fn borrowed(&self) -> KeyRef<'_> {
        KeyRef {
            tenant: self.tenant.as_ref(),
            principal: self.principal.as_ref(),
            toolset: self.toolset.as_ref(),
            tool: self.tool.as_ref(),
            looks: self.looks,
        }
    }
}

// The counter of the rest is in no map, so `rest` needs no part in hashing and lookup.
impl Hash for KeyValues {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.borrowed().hash(state);
    }
}

impl Equivalent<KeyValues> for KeyRef<'_> {
    fn equivalent(&self, key: &KeyValues) -> bool {
        *self == key.borrowed()
    }
}
