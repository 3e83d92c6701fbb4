//! A client certificate → the workload it names (X509-SVID).
//!
//! The handshake has checked the chain and that the peer holds the key; here the name is read, from the subject alternative
//! names alone. The common name is nobody's word.

use std::{sync::Arc, time::SystemTime};

use wardgate_model::{Caller, CredentialId, GroupName, PrincipalId, PrincipalKind, TenantId, Via};
use x509_parser::{
    certificate::X509Certificate, extensions::GeneralName, prelude::FromDer, time::ASN1Time,
};

use crate::spiffe::{SpiffeId, SpiffePattern};

/// What a tenant says about workloads: those of a pattern are its principals.
#[derive(Clone, Debug)]
pub struct Workloads {
    pub tenant: TenantId,
    pub pattern: SpiffePattern,
    pub kind: PrincipalKind,
    /// Sorted, without doubles.
    pub groups: Arc<[GroupName]>,
}

/// Why a certificate proves nobody. For the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateRefusal {
    #[error("no certificate, or something after it")]
    Malformed,
    #[error("expired or not valid yet")]
    Time,
    #[error("an authority's certificate, not a workload's")]
    Authority,
    #[error("not exactly one URI among the subject alternative names")]
    NotOneUri,
    #[error("the URI is no workload's SPIFFE id")]
    NotASpiffeId,
    #[error("a workload no tenant knows")]
    Unknown,
}

/// Returns the workload a certificate speaks for; its principal is the whole SPIFFE id. The first fitting pattern counts.
///
/// # Errors
/// [`CertificateRefusal`]. The chain and the key are not checked here.
pub fn workload(
    der: &[u8],
    known: &[Workloads],
    now: SystemTime,
) -> Result<Caller, CertificateRefusal> {
    let id = spiffe_id(der, now)?;
    let workloads = known
        .iter()
        .find(|workloads| workloads.pattern.matches(&id))
        .ok_or(CertificateRefusal::Unknown)?;
    Ok(Caller {
        tenant: workloads.tenant.clone(),
        principal: PrincipalId::new(id.as_str()),
        kind: workloads.kind,
        groups: workloads.groups.clone(),
        scopes: Arc::default(),
        via: Via::Certificate,
        credential: Some(CredentialId::new(id.as_str())),
    })
}

fn spiffe_id(der: &[u8], now: SystemTime) -> Result<SpiffeId, CertificateRefusal> {
    let (rest, certificate) =
        X509Certificate::from_der(der).map_err(|_| CertificateRefusal::Malformed)?;
    if !rest.is_empty() {
        return Err(CertificateRefusal::Malformed);
    }
    if !is_valid_at(&certificate, now) {
        return Err(CertificateRefusal::Time);
    }
    if is_authority(&certificate)? {
        return Err(CertificateRefusal::Authority);
    }
    let id =
        SpiffeId::parse(only_uri(&certificate)?).map_err(|_| CertificateRefusal::NotASpiffeId)?;
    if id.has_path() {
        Ok(id)
    } else {
        Err(CertificateRefusal::NotASpiffeId)
    }
}

/// X509-SVID §2: exactly one. A name that cannot be read might be the second.
fn only_uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, CertificateRefusal> {
    let names = certificate
        .subject_alternative_name()
        .map_err(|_| CertificateRefusal::Malformed)?
        .ok_or(CertificateRefusal::NotOneUri)?;
    let mut only = None;
    for name in &names.value.general_names {
        match name {
            GeneralName::URI(uri) if only.is_none() => only = Some(*uri),
            GeneralName::URI(_) | GeneralName::Invalid(..) => {
                return Err(CertificateRefusal::NotOneUri);
            }
            _ => {}
        }
    }
    only.ok_or(CertificateRefusal::NotOneUri)
}

fn is_valid_at(certificate: &X509Certificate<'_>, now: SystemTime) -> bool {
    now.duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .and_then(|seconds| ASN1Time::from_timestamp(seconds).ok())
        .is_some_and(|now| certificate.validity().is_valid_at(now))
}

/// X509-SVID §4.1, §4.3: a leaf has `cA` false and signs no certificates.
fn is_authority(certificate: &X509Certificate<'_>) -> Result<bool, CertificateRefusal> {
    let constraints = certificate
        .basic_constraints()
        .map_err(|_| CertificateRefusal::Malformed)?;
    let usage = certificate
        .key_usage()
        .map_err(|_| CertificateRefusal::Malformed)?;
    let signs = usage.is_some_and(|usage| usage.value.key_cert_sign() || usage.value.crl_sign());
    Ok(signs || constraints.is_some_and(|constraints| constraints.value.ca))
}
