//! Names as types, so that one cannot be passed for another.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl AsRef<str>) -> $name {
                $name(Arc::from(text.as_ref()))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    TenantId,
    /// A user, agent or service within a tenant.
    PrincipalId,
    /// The full name of a server, such as `com.acme/payments`.
    ServerName,
    /// The short name of a server, the part before the slash in `pay/refund_create`.
    Alias,
    ToolsetName,
    GroupName,
    Scope,
    /// The name of a credential, never the credential.
    CredentialId,
    /// One human being, whichever account, key or spelling of an address acts for them.
    PersonId,
    ApprovalId,
    OverrideId,
    RecordId,
}
