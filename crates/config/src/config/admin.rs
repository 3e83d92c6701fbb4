//! The checked admin surface: where it listens, and who may do what there.

use std::net::SocketAddr;

use serde::Serialize;
use wardgate_model::{GroupName, PrincipalId, Role, TenantId};

#[derive(Clone, Debug, Serialize)]
pub struct Admin {
    pub listen: SocketAddr,
    /// Nobody asked for this address.
    pub is_default: bool,
}

/// One role of one holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    pub role: Role,
    /// Over every tenant, not only the holder's own.
    pub everywhere: bool,
    /// The tenant the holder belongs to.
    pub tenant: TenantId,
    pub holder: Holder,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    Principal(PrincipalId),
    Group(GroupName),
}
