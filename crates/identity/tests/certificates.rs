//! Client certificates made on the spot: which workload each names, and what is refused.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd, string::Ia5String,
};
use wardgate_identity::{CertificateRefusal, SpiffePattern, Workloads, workload};
use wardgate_model::{GroupName, PrincipalKind, TenantId, Via};

const ID: &str = "spiffe://acme.test/ns/prod/sa/agent";

fn uri(text: &str) -> SanType {
    SanType::URI(Ia5String::try_from(text).unwrap())
}

fn certificate(names: Vec<SanType>, change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.distinguished_name.push(DnType::CommonName, ID);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2027, 1, 1);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn known() -> [Workloads; 2] {
    let workloads = |tenant: &str, pattern: &str| Workloads {
        tenant: TenantId::new(tenant),
        pattern: SpiffePattern::parse(pattern).unwrap(),
        kind: PrincipalKind::Agent,
        groups: [GroupName::new("agents")].into(),
    };
    [
        workloads("acme", "spiffe://acme.test/ns/prod/*"),
        workloads("globex", "spiffe://globex.test/one"),
    ]
}

/// A day in June 2026.
fn june() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_781_000_000)
}

fn check(der: &[u8], now: SystemTime, refusal: Option<CertificateRefusal>) {
    assert_eq!(workload(der, &known(), now).err(), refusal);
}

#[test]
fn a_workload_is_known_by_its_one_uri() {
    let dns = SanType::DnsName(Ia5String::try_from("agent.acme.test").unwrap());
    let der = certificate(vec![dns, uri(ID)], |_| {});
    let caller = workload(&der, &known(), june()).unwrap();
    assert_eq!(caller.identity().to_string(), format!("acme/{ID}"));
    assert_eq!(
        (caller.kind, caller.via),
        (PrincipalKind::Agent, Via::Certificate)
    );
    assert_eq!(caller.groups[0].as_str(), "agents");
}

#[test]
fn what_does_not_name_one_known_workload_is_refused() {
    use CertificateRefusal::*;
    for (names, refusal) in [
        (vec![], NotOneUri),
        (
            vec![SanType::DnsName(Ia5String::try_from("acme.test").unwrap())],
            NotOneUri,
        ),
        (vec![uri(ID), uri(ID)], NotOneUri),
        (vec![uri(ID), uri("spiffe://globex.test/one")], NotOneUri),
        (vec![uri("https://acme.test/ns/prod/a")], NotASpiffeId),
        (vec![uri("spiffe://acme.test")], NotASpiffeId),
        (vec![uri("spiffe://acme.test/ns/prod/../x")], NotASpiffeId),
        (vec![uri("spiffe://other.test/ns/prod/a")], Unknown),
        (vec![uri("spiffe://acme.test/ns/production/a")], Unknown),
        (vec![uri("spiffe://acme.test/ns/prod")], Unknown),
        (vec![uri("spiffe://globex.test/one/two")], Unknown),
    ] {
        check(&certificate(names, |_| {}), june(), Some(refusal));
    }
}

#[test]
fn a_certificate_out_of_its_time_or_role_is_refused() {
    let der = certificate(vec![uri(ID)], |_| {});
    let year = Duration::from_secs(366 * 24 * 3600);
    check(&der, june(), None);
    check(&der, june() - year, Some(CertificateRefusal::Time));
    check(&der, june() + year, Some(CertificateRefusal::Time));
    let authority = certificate(vec![uri(ID)], |params| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    check(&authority, june(), Some(CertificateRefusal::Authority));
    let signing = certificate(vec![uri(ID)], |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    check(&signing, june(), Some(CertificateRefusal::Authority));
}

#[test]
fn what_is_no_certificate_is_refused_without_a_panic() {
    let der = certificate(vec![uri(ID)], |_| {});
    for cut in 0..der.len() {
        check(&der[..cut], june(), Some(CertificateRefusal::Malformed));
    }
    let longer = [der.as_slice(), b"\0"].concat();
    check(&longer, june(), Some(CertificateRefusal::Malformed));
}
