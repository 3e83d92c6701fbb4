//! The signature algorithms a token may use, and their verification. Asymmetric ones only: `none` and `HS…` have no value here.

use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RsaParameters,
};

use super::key_set::Material;

/// RFC 7518 §3.1, RFC 8037, RFC 9864.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Algorithm; 9] = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ];

    /// Reads the exact name of an accepted algorithm.
    pub fn parse(name: &str) -> Option<Algorithm> {
        Some(match name {
            "RS256" => Algorithm::Rs256,
            "RS384" => Algorithm::Rs384,
            "RS512" => Algorithm::Rs512,
            "PS256" => Algorithm::Ps256,
            "PS384" => Algorithm::Ps384,
            "PS512" => Algorithm::Ps512,
            "ES256" => Algorithm::Es256,
            "ES384" => Algorithm::Es384,
            // RFC 9864 §2.2 names the curve; both are Ed25519 here.
            "EdDSA" | "Ed25519" => Algorithm::EdDsa,
            _ => return None,
        })
    }

    /// True if a key of this material can have made a signature of this algorithm.
    pub(super) fn fits(self, material: &Material) -> bool {
        match material {
            Material::Rsa { .. } => self.rsa().is_some(),
            Material::P256(_) => self == Algorithm::Es256,
            Material::P384(_) => self == Algorithm::Es384,
            Material::Ed25519(_) => self == Algorithm::EdDsa,
        }
    }

    /// True if the key made this signature over the message by this algorithm.
    pub(super) fn verifies(self, material: &Material, message: &[u8], signature: &[u8]) -> bool {
        let point = |how: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(how, key)
                .verify(message, signature)
                .is_ok()
        };
        match (material, self) {
            (Material::P256(key), Algorithm::Es256) => point(&ECDSA_P256_SHA256_FIXED, key),
            (Material::P384(key), Algorithm::Es384) => point(&ECDSA_P384_SHA384_FIXED, key),
            (Material::Ed25519(key), Algorithm::EdDsa) => point(&ED25519, key),
            (Material::Rsa { n, e }, _) => self.rsa().is_some_and(|how| {
                signature::RsaPublicKeyComponents { n, e }
                    .verify(how, message, signature)
                    .is_ok()
            }),
            _ => false,
        }
    }

    /// Moduli from 2048 to 8192 bits only (RFC 7518 §3.3).
    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
        })
    }
}
