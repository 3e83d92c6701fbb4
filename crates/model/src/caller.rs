//! Who calls.

use crate::id::{PrincipalId, TenantId};

/// How the caller was made known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// No credential, on a listener that allows it.
    Anonymous,
    ApiKey,
    /// The process on the other end of our standard input.
    Stdio,
    /// A developer on loopback who named the principal (`environment: dev` only).
    Assumed,
}

/// The identified sender of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    pub tenant: TenantId,
    pub principal: PrincipalId,
    pub via: Via,
}
