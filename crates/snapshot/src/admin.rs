//! Decisions about the admin surface: where it listens, and who may do what there.

use std::net::SocketAddr;

use wardgate_config::{
    self as config,
    config::{Grant, Holder},
};
use wardgate_model::{Caller, Held, Role, Via};

#[derive(Clone, Debug)]
pub struct Admin {
    pub listen: SocketAddr,
    /// Nobody asked for this address, so the gateway serves without it if it is taken.
    pub is_default: bool,
    /// What tokens are made for that are used here (RFC 8707).
    pub resource: String,
    pub roles: Roles,
}

/// Who holds which role.
#[derive(Clone, Debug)]
pub struct Roles {
    grants: Vec<Grant>,
    /// Whoever is on this machine rules: there is no other way to be known.
    is_local: bool,
}

impl Roles {
    /// Returns what somebody is trusted with.
    pub fn of(&self, caller: &Caller) -> Held {
        let is_own = match caller.via {
            Via::Anonymous => self.is_local,
            // Who may be anybody gains nothing by being somebody; where roles are set, they are what is to be tried.
            Via::Assumed => self.is_local && self.grants.is_empty(),
            Via::ApiKey | Via::Jwt | Via::Certificate | Via::Stdio => false,
        };
        if is_own {
            return Held {
                tenant: caller.tenant.clone(),
                everywhere: Role::ALL.to_vec(),
                own: Vec::new(),
            };
        }
        let held = |everywhere: bool| {
            let grants = self.grants.iter();
            let mut roles: Vec<Role> = grants
                .filter(|grant| grant.everywhere == everywhere && is_of(grant, caller))
                .map(|grant| grant.role)
                .collect();
            roles.sort();
            roles.dedup();
            roles
        };
        Held {
            tenant: caller.tenant.clone(),
            everywhere: held(true),
            own: held(false),
        }
    }
}

fn is_of(grant: &Grant, caller: &Caller) -> bool {
    grant.tenant == caller.tenant
        && match &grant.holder {
            Holder::Principal(principal) => *principal == caller.principal,
            Holder::Group(group) => caller.groups.contains(group),
        }
}

pub(crate) fn compile(config: &config::Config) -> Option<Admin> {
    let gateway = &config.gateway;
    let admin = gateway.admin.as_ref()?;
    let is_known = !gateway.keys.is_empty()
        || (config.tenants.iter())
            .any(|tenant| !tenant.issuers.is_empty() || !tenant.workloads.is_empty());
    Some(Admin {
        listen: admin.listen,
        is_default: admin.is_default,
        resource: format!("{}/admin/v1", gateway.public_url),
        roles: Roles {
            grants: config.roles.clone(),
            is_local: gateway.anonymous && !is_known && admin.listen.ip().is_loopback(),
        },
    })
}
