//! The domain's words. No IO, no async, no clock but the port.

pub mod caller;
pub mod class;
pub mod id;
pub mod money;
pub mod overrides;
pub mod role;
pub mod secret;
pub mod tool;

pub use caller::{Caller, Identity, PrincipalKind, Via};
pub use class::ErrorClass;
pub use id::{
    Alias, ApprovalId, CredentialId, GroupName, OverrideId, PersonId, PrincipalId, RecordId, Scope,
    ServerName, TenantId, ToolsetName,
};
pub use money::MicroUsd;
pub use overrides::{OverrideEffect, OverrideMatch};
pub use role::{Held, Reach, Role};
pub use secret::{Secret, SecretRef};
pub use tool::{Effects, Risk, ToolRef};
