//! The signatures of tokens, as `jsonwebtoken` asks for them: HMAC-SHA-256 and Ed25519.
//!
//! The provider that comes with it has every algorithm, and with them `rsa`, which gives
//! private keys away by the time it takes (RUSTSEC-2023-0071) and has no version that
//! does not, and two curves more. This one makes of the same crates what is used.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey, pkcs8::DecodePrivateKey};
use hmac::{Hmac, Mac};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result as Made},
    signature::{Error, Signer, Verifier},
};
use sha2::Sha256;

/// Without what reads and writes keys as JSON: `tokens` writes its own.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has the process sign and verify with these. To be called before the first token;
/// again, it changes nothing.
pub fn install() {
    // An error says that there is one already, and there is no other than this.
    PROVIDER.install_default().ok();
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as a provider has it")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Made<Box<dyn JwtSigner>> {
    match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(Box::new(Hs256::new(key.as_bytes())?)),
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            let key = SigningKey::from_pkcs8_der(key.as_bytes());
            let key = key.map_err(|_| ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(Ed25519Signer(key)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as a provider has it")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Made<Box<dyn JwtVerifier>> {
    let bytes = key.try_get_as_bytes()?;
    match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => Ok(Box::new(Hs256::new(bytes)?)),
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            let key = VerifyingKey::try_from(bytes).map_err(|_| ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(Ed25519Verifier(key)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(secret: &[u8]) -> Made<Self> {
        let mac = Hmac::new_from_slice(secret).map_err(|_| ErrorKind::InvalidKeyFormat)?;
        Ok(Self(mac))
    }

    fn digest(&self, message: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(message)
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.digest(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        // Takes as long whatever is wrong.
        let same = self.digest(message).verify_slice(signature);
        same.map_err(Error::from_source)
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

struct Ed25519Signer(SigningKey);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature: Signature = self.0.try_sign(message)?;
        Ok(signature.to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Ed25519Verifier(VerifyingKey);

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        self.0.verify(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::crypto::{sign, verify};

    use super::*;

    /// RFC 8037, appendix A: the key, what is signed and its signature.
    const ED25519: [&str; 4] = [
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    ];
    /// RFC 7515, appendix A.1: the secret, what is signed and its signature.
    const HS256: [&str; 3] = [
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ];

    fn bytes(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    #[test]
    fn signatures_are_those_of_the_standards() {
        install();
        let [private, public, message, signature] = ED25519;
        // RFC 8410, section 7: what stands before the 32 bytes of a private key.
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend(bytes(private));
        let key = EncodingKey::from_ed_der(&der);
        assert_eq!(
            sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap(),
            signature
        );
        let key = DecodingKey::from_ed_components(public).unwrap();
        let good = |signed: &str, by: &str| verify(by, signed.as_bytes(), &key, Algorithm::EdDSA);
        assert!(good(message, signature).unwrap());
        assert!(!good("another", signature).unwrap());
        assert!(!good(message, &signature[4..]).unwrap());

        let [secret, message, signature] = HS256;
        let key = EncodingKey::from_secret(&bytes(secret));
        assert_eq!(
            sign(message.as_bytes(), &key, Algorithm::HS256).unwrap(),
            signature
        );
        let key = DecodingKey::from_secret(&bytes(secret));
        let good = |signed: &str, by: &str| verify(by, signed.as_bytes(), &key, Algorithm::HS256);
        assert!(good(message, signature).unwrap());
        assert!(!good("another", signature).unwrap());
        assert!(!good(message, &signature[4..]).unwrap());
    }

    #[test]
    fn a_key_is_for_its_own_algorithm() {
        install();
        let secret = EncodingKey::from_secret(&[7; 32]);
        let public = DecodingKey::from_ed_components(ED25519[1]).unwrap();
        for algorithm in [Algorithm::EdDSA, Algorithm::HS512, Algorithm::RS256] {
            sign(b"", &secret, algorithm).unwrap_err();
        }
        for algorithm in [Algorithm::HS256, Algorithm::ES256, Algorithm::RS256] {
            verify("", b"", &public, algorithm).unwrap_err();
        }
        // A public key of the wrong length is an error and no panic.
        let short = DecodingKey::from_ed_components("AAAA").unwrap();
        verify("", b"", &short, Algorithm::EdDSA).unwrap_err();
    }
}
