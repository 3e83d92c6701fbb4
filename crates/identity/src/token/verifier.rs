//! A token → the caller it proves: every trusted issuer, its keys, and the tokens that were proven lately.

use std::{
    sync::Arc,
    time::{Instant, SystemTime},
};

use wardgate_model::{Caller, TenantId};

use super::{
    Fetch, Issuer, KeysUnavailable, TOKEN_BYTES_MAX, TokenRefusal,
    claims::{self, Terms},
    compact::Compact,
    key_source::{Current, KeySource},
    principal,
    remembered::{Proof, Remembered, TokenDigest},
};

/// Judges tokens of the issuers it was made with, and of no others.
pub struct Verifier {
    trusted: Vec<Trusted>,
    remembered: Remembered,
}

/// One issuer: its keys are bound to it, whoever trusts it.
struct Trusted {
    issuer: String,
    keys: Arc<KeySource>,
    tenants: Vec<Issuer>,
}

/// Both clocks of a moment: tokens are judged by the wall's, intervals by the one that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub wall: SystemTime,
    pub monotonic: Instant,
}

/// A proven caller, until when.
#[derive(Clone, Debug)]
pub struct Verified {
    pub caller: Caller,
    pub expires_at: SystemTime,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// The token proves nobody: 401.
    #[error(transparent)]
    Refused(#[from] TokenRefusal),
    /// It cannot be told: 503.
    #[error(transparent)]
    Unavailable(#[from] KeysUnavailable),
}

/// Two tenants trust one issuer in a way that does not tell their tokens apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguous {
    #[error("tenants `{0}` and `{1}` accept the same audience of one issuer")]
    Audience(TenantId, TenantId),
    #[error("tenants `{0}` and `{1}` find the keys of one issuer in different places")]
    Keys(TenantId, TenantId),
}

impl Verifier {
    /// Makes a verifier that remembers at most `tokens_max` proven tokens.
    ///
    /// # Errors
    /// [`Ambiguous`], when a token could be read as one tenant's or as another's.
    pub fn new(
        issuers: Vec<Issuer>,
        fetch: &Arc<dyn Fetch>,
        tokens_max: u64,
    ) -> Result<Verifier, Ambiguous> {
        Verifier::over(issuers, |issuer| fresh(issuer, fetch), tokens_max)
    }

    /// Makes a verifier for other issuers, which starts with the keys this one has of those that stay. Proven tokens are
    /// proven again: what makes a caller of them may have changed.
    ///
    /// # Errors
    /// As [`Verifier::new`].
    pub fn with_issuers(
        &self,
        issuers: Vec<Issuer>,
        fetch: &Arc<dyn Fetch>,
        tokens_max: u64,
    ) -> Result<Verifier, Ambiguous> {
        let source = |issuer: &Issuer| {
            let stays =
                |one: &&Trusted| one.issuer == issuer.issuer && *one.keys.at() == issuer.keys;
            let known = self.trusted.iter().find(stays);
            known.map_or_else(|| fresh(issuer, fetch), |known| known.keys.clone())
        };
        Verifier::over(issuers, source, tokens_max)
    }

    fn over(
        issuers: Vec<Issuer>,
        source: impl Fn(&Issuer) -> Arc<KeySource>,
        tokens_max: u64,
    ) -> Result<Verifier, Ambiguous> {
        let mut trusted: Vec<Trusted> = Vec::new();
        for issuer in issuers {
            match trusted.iter_mut().find(|one| one.issuer == issuer.issuer) {
                Some(known) => known.admit(issuer)?,
                None => trusted.push(Trusted {
                    issuer: issuer.issuer.clone(),
                    keys: source(&issuer),
                    tenants: vec![issuer],
                }),
            }
        }
        Ok(Verifier {
            trusted,
            remembered: Remembered::new(tokens_max),
        })
    }

    /// Returns whom a token proves on the route with this resource URI.
    ///
    /// # Errors
    /// [`TokenFault::Refused`] when it proves nobody here, [`TokenFault::Unavailable`] when that cannot be told.
    ///
    /// # Cancel safety
    /// Nothing is kept of a call that was dropped.
    pub async fn verify(
        &self,
        token: &str,
        resource: &str,
        now: Now,
    ) -> Result<Verified, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong.into());
        }
        let digest = TokenDigest::of(token);
        let proof = match self.recall(&digest, now).await? {
            Some(proof) => proof,
            None => {
                let proof = Arc::new(self.prove(token, resource, now).await?);
                self.remembered.keep(digest, proof.clone());
                proof
            }
        };
        proof
            .terms
            .judge(now.wall)
            .inspect_err(|_| self.remembered.forget(&digest))?;
        if !proof.everywhere && !proof.terms.names(resource) {
            return Err(TokenRefusal::Audience.into());
        }
        Ok(Verified {
            caller: proof.caller.clone(),
            expires_at: proof.terms.expires_at(),
        })
    }

    /// Returns an earlier proof, if the issuer's keys are still those it was made with.
    async fn recall(
        &self,
        digest: &TokenDigest,
        now: Now,
    ) -> Result<Option<Arc<Proof>>, KeysUnavailable> {
        let Some(proof) = self.remembered.get(digest) else {
            return Ok(None);
        };
        let keys = &self.trusted[proof.trusted].keys;
        let is_same = keys.keys(None, now.monotonic).await?.revision == proof.revision;
        if !is_same {
            self.remembered.forget(digest);
        }
        Ok(is_same.then_some(proof))
    }

    async fn prove(&self, token: &str, resource: &str, now: Now) -> Result<Proof, TokenFault> {
        let token = Compact::read(token)?;
        let issuer = claims::issuer(&token.payload)?;
        let (index, trusted) = (self.trusted.iter().enumerate())
            .find(|(_, trusted)| trusted.issuer == issuer)
            .ok_or(TokenRefusal::Issuer)?;
        let keys = trusted
            .keys
            .keys(token.kid.as_deref(), now.monotonic)
            .await?;
        check_signature(&token, &keys)?;
        // From here on the issuer is known to have said all of it.
        let terms = Terms::read(&token.payload)?;
        terms.judge(now.wall)?;
        let (tenant, everywhere) = trusted.tenant_of(&terms, resource)?;
        if !tenant.algorithms.contains(&token.algorithm) {
            return Err(TokenRefusal::Algorithm.into());
        }
        Ok(Proof {
            caller: principal::caller(tenant, &token.payload)?,
            terms,
            everywhere,
            trusted: index,
            revision: keys.revision,
        })
    }
}

impl Trusted {
    /// Lets another tenant trust this issuer too.
    fn admit(&mut self, other: Issuer) -> Result<(), Ambiguous> {
        if let Some(clash) = self.tenants.iter().find_map(|own| own.clash(&other)) {
            return Err(clash);
        }
        self.tenants.push(other);
        Ok(())
    }

    /// Returns the one tenant the token was made for, and whether it is good on all routes.
    fn tenant_of(&self, terms: &Terms, resource: &str) -> Result<(&Issuer, bool), TokenRefusal> {
        let named = |tenant: &Issuer| tenant.audiences.iter().any(|one| terms.names(one));
        if self.tenants.iter().any(named) {
            return self.only(named).map(|tenant| (tenant, true));
        }
        self.only(|tenant| tenant.accept_resource && terms.names(resource))
            .map(|tenant| (tenant, false))
    }

    fn only(&self, fits: impl Fn(&Issuer) -> bool) -> Result<&Issuer, TokenRefusal> {
        let mut fitting = self.tenants.iter().filter(|tenant| fits(tenant));
        match (fitting.next(), fitting.next()) {
            (Some(tenant), None) => Ok(tenant),
            _ => Err(TokenRefusal::Audience),
        }
    }
}

/// The keys of an issuer that has not been asked yet.
fn fresh(issuer: &Issuer, fetch: &Arc<dyn Fetch>) -> Arc<KeySource> {
    let keys = KeySource::new(&issuer.issuer, issuer.keys.clone(), fetch.clone());
    Arc::new(keys)
}

fn check_signature(token: &Compact<'_>, keys: &Current) -> Result<(), TokenRefusal> {
    let candidates = keys.set.candidates(token.kid.as_deref(), token.algorithm);
    if candidates.is_empty() {
        return Err(TokenRefusal::Key);
    }
    let signed = token.signed.as_bytes();
    candidates
        .into_iter()
        .any(|key| token.algorithm.verifies(key, signed, &token.signature))
        .then_some(())
        .ok_or(TokenRefusal::Signature)
}
