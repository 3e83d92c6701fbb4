//! The domain's words. No IO, no async, no clock but the port.

pub mod caller;
pub mod class;
pub mod id;
pub mod secret;

pub use caller::{Caller, Via};
pub use class::ErrorClass;
pub use id::{Alias, PrincipalId, ServerName, TenantId, ToolsetName};
pub use secret::{Secret, SecretRef};
