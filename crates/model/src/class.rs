//! The error classes a client, an operator and a record all name the same way.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    InvalidArguments,
    PolicyDenied,
    ApprovalPending,
    Disabled,
    LimitExceeded,
    Timeout,
    UpstreamUnavailable,
    UpstreamError,
    ContractDrift,
    KeyReuse,
    InFlight,
    OutcomeUnknown,
    ContentBlocked,
    Deprecated,
    Internal,
}

impl ErrorClass {
    pub fn as_str(self) -> &'static str {
        match self {
            ErrorClass::InvalidArguments => "invalid_arguments",
            ErrorClass::PolicyDenied => "policy_denied",
            ErrorClass::ApprovalPending => "approval_pending",
            ErrorClass::Disabled => "disabled",
            ErrorClass::LimitExceeded => "limit_exceeded",
            ErrorClass::Timeout => "timeout",
            ErrorClass::UpstreamUnavailable => "upstream_unavailable",
            ErrorClass::UpstreamError => "upstream_error",
            ErrorClass::ContractDrift => "contract_drift",
            ErrorClass::KeyReuse => "key_reuse",
            ErrorClass::InFlight => "in_flight",
            ErrorClass::OutcomeUnknown => "outcome_unknown",
            ErrorClass::ContentBlocked => "content_blocked",
            ErrorClass::Deprecated => "deprecated",
            ErrorClass::Internal => "internal",
        }
    }
}
