//! Decisions about tenants: whose word proves their callers, what they see, who is in their groups.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use wardgate_config::{self as config, config::Grant};
use wardgate_identity::{Aliases, Issuer, SpiffePattern, Workloads};
use wardgate_model::{Caller, GroupName, PersonId, PrincipalId, TenantId, ToolsetName};

use crate::{CompileError, compile::digest_of};

/// All tenants the config declares. Those that only a key or a credential names have no groups and no toolsets of their own.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    declared: BTreeMap<TenantId, Tenant>,
    /// Toolsets that some tenant lists: to the others they do not exist.
    kept: BTreeSet<ToolsetName>,
    pub issuers: Vec<Issuer>,
    pub workloads: Vec<Workloads>,
}

#[derive(Clone, Debug)]
pub struct Tenant {
    toolsets: Option<BTreeSet<ToolsetName>>,
    groups: BTreeMap<PrincipalId, Vec<GroupName>>,
    pub aliases: Aliases,
    people: String,
}

impl Tenants {
    pub fn get(&self, tenant: &TenantId) -> Option<&Tenant> {
        self.declared.get(tenant)
    }

    /// Says whether a toolset exists for callers of this tenant.
    pub fn sees(&self, tenant: &TenantId, toolset: &ToolsetName) -> bool {
        let own = self.get(tenant).and_then(|tenant| tenant.toolsets.as_ref());
        own.map_or_else(|| !self.kept.contains(toolset), |own| own.contains(toolset))
    }

    /// Returns the groups the tenant puts a principal in, sorted.
    pub fn groups(&self, tenant: &TenantId, principal: &PrincipalId) -> &[GroupName] {
        self.get(tenant)
            .and_then(|tenant| tenant.groups.get(principal))
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the human being behind a caller; people of two tenants are two.
    pub fn person(&self, caller: &Caller) -> PersonId {
        let tenant = &caller.tenant;
        let undeclared = || Aliases::new(tenant.clone(), []).expect("no names, no clash");
        let human = match self.get(tenant) {
            Some(declared) => declared.aliases.behind(caller),
            None => undeclared().behind(caller),
        };
        PersonId::new(format!("{tenant}/{}", human.as_str()))
    }

    /// Says whether so many people of a group could be found in a tenant, besides one. Who is in a group by their token or
    /// certificate is not known here, so that counts as enough.
    pub fn could_approve(
        &self,
        tenant: &TenantId,
        group: &GroupName,
        count: usize,
        besides: Option<&PersonId>,
    ) -> bool {
        let by_token = self.issuers.iter().any(|issuer| issuer.tenant == *tenant);
        let certified =
            |workloads: &Workloads| workloads.tenant == *tenant && workloads.groups.contains(group);
        if by_token || self.workloads.iter().any(certified) {
            return true;
        }
        let Some(declared) = self.get(tenant) else {
            return false;
        };
        let members = declared.groups.iter();
        let members = members.filter(|(_, groups)| groups.contains(group));
        let people: BTreeSet<PersonId> = members
            .map(|(member, _)| declared.aliases.named(member))
            .map(|human| PersonId::new(format!("{tenant}/{}", human.as_str())))
            .filter(|person| Some(person) != besides)
            .collect();
        people.len() >= count
    }

    /// Returns a digest of who is who in a tenant: its groups, aliases and roles. With any of them changed, people may have lost
    /// the say they had.
    pub fn people(&self, tenant: &TenantId) -> &str {
        self.get(tenant).map_or("", |tenant| &tenant.people)
    }

    /// The tenants there are in the config.
    pub fn names(&self) -> impl Iterator<Item = &TenantId> {
        self.declared.keys()
    }

    /// Returns the issuers a client may turn to for this toolset.
    pub(crate) fn issuers_of(&self, toolset: &ToolsetName) -> Vec<String> {
        let mut issuers: Vec<String> = Vec::new();
        for issuer in &self.issuers {
            if self.sees(&issuer.tenant, toolset) && !issuers.contains(&issuer.issuer) {
                issuers.push(issuer.issuer.clone());
            }
        }
        issuers
    }
}

pub(crate) fn compile(raw: &[config::Tenant], roles: &[Grant]) -> Result<Tenants, CompileError> {
    let mut tenants = Tenants::default();
    for tenant in raw {
        let id = &tenant.id;
        tenants
            .kept
            .extend(tenant.toolsets.iter().flatten().cloned());
        let trusted = tenant.issuers.iter().map(|issuer| issuer.trusted_by(id));
        tenants.issuers.extend(trusted);
        for workloads in &tenant.workloads {
            tenants.workloads.push(compile_workloads(id, workloads)?);
        }
        let compiled = compile_tenant(tenant, roles)?;
        tenants.declared.insert(id.clone(), compiled);
    }
    Ok(tenants)
}

fn compile_tenant(tenant: &config::Tenant, roles: &[Grant]) -> Result<Tenant, CompileError> {
    let own: Vec<_> = roles
        .iter()
        .filter(|grant| grant.tenant == tenant.id)
        .collect();
    let people = digest_of(&(&tenant.groups, &tenant.aliases, own))?;
    let mut groups: BTreeMap<PrincipalId, Vec<GroupName>> = BTreeMap::new();
    for (group, members) in &tenant.groups {
        for member in members {
            groups
                .entry(member.clone())
                .or_default()
                .push(group.clone());
        }
    }
    for groups in groups.values_mut() {
        groups.sort();
        groups.dedup();
    }
    Ok(Tenant {
        toolsets: (tenant.toolsets.as_ref()).map(|names| names.iter().cloned().collect()),
        groups,
        aliases: Aliases::new(tenant.id.clone(), tenant.alias_pairs())?,
        people,
    })
}

fn compile_workloads(
    tenant: &TenantId,
    workloads: &config::Workloads,
) -> Result<Workloads, CompileError> {
    let mut groups = workloads.groups.clone();
    groups.sort();
    groups.dedup();
    Ok(Workloads {
        tenant: tenant.clone(),
        pattern: SpiffePattern::parse(&workloads.spiffe)?,
        kind: workloads.kind,
        groups: Arc::from(groups),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str, toolsets: Option<&[&str]>) -> config::Tenant {
        config::Tenant {
            id: TenantId::new(name),
            issuers: Vec::new(),
            toolsets: toolsets.map(|names| names.iter().map(ToolsetName::new).collect()),
            groups: Vec::new(),
            aliases: Vec::new(),
            workloads: Vec::new(),
            limits: Vec::new(),
        }
    }

    #[test]
    fn a_toolset_that_a_tenant_lists_is_its_own() {
        let check = |declared: &[config::Tenant], caller: &str, toolset: &str, expected: bool| {
            let tenants = compile(declared, &[]).unwrap();
            let sees = tenants.sees(&TenantId::new(caller), &ToolsetName::new(toolset));
            assert_eq!(sees, expected, "{caller} {toolset}");
        };
        check(&[], "local", "a", true);
        check(&[tenant("acme", None)], "acme", "a", true);
        let two = [
            tenant("acme", Some(&["a", "b"])),
            tenant("globex", Some(&["b"])),
            tenant("initech", None),
            tenant("hooli", Some(&[])),
        ];
        check(&two, "acme", "a", true);
        check(&two, "acme", "b", true);
        check(&two, "acme", "c", false);
        check(&two, "globex", "a", false);
        check(&two, "globex", "b", true);
        check(&two, "initech", "a", false);
        check(&two, "initech", "c", true);
        check(&two, "local", "a", false);
        check(&two, "local", "c", true);
        check(&two, "hooli", "c", false);
    }
}
