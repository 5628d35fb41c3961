//! Access tokens: JSON Web Tokens (RFC 7519), signed with Ed25519 (RFC 8037) or,
//! for those who share one, a secret.

use std::{collections::HashMap, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::signatures;
use crate::{
    access::{Caller, TokenVerifier},
    error::{Error, Result},
    ids::{self, UserId},
};

/// How long an access token is valid, unless told otherwise.
const LIFETIME: Duration = Duration::from_mins(15);
/// By how much the clocks of those who sign and verify may differ, in seconds.
const LEEWAY: u64 = 30;
/// Fewest bytes of a secret.
const MIN_SECRET: usize = 32;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: UserId,
    jti: Uuid,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// What tokens are signed and verified with.
pub struct Keys {
    issuer: String,
    audience: String,
    lifetime: Duration,
    /// The first of those that were given.
    signing: (Header, EncodingKey),
    /// By `kid`. No other is ever asked for.
    verifying: HashMap<String, (Algorithm, DecodingKey)>,
    public: Vec<JsonWebKey>,
}

/// A public key, as a JSON Web Key (RFC 7517).
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "named by RFC 7517")]
pub struct JsonWebKey {
    pub kty: &'static str,
    pub crv: &'static str,
    pub kid: String,
    pub r#use: &'static str,
    pub alg: &'static str,
    pub x: String,
}

/// A key, as it is given.
pub enum Key {
    /// A private Ed25519 key, PKCS #8 as PEM.
    Ed25519Pem(String),
    /// A secret for HS256, of 32 bytes at least.
    Secret(Vec<u8>),
}

impl Keys {
    /// Signs with the first of these keys, and verifies with all. The error is a
    /// message for the terminal.
    pub fn new(keys: &[Key], issuer: &str, audience: &str) -> Result<Self, String> {
        signatures::install();
        let mut signing = None;
        let mut verifying = HashMap::new();
        let mut public = Vec::new();
        for key in keys {
            let (algorithm, kid, encoding, decoding) = match key {
                Key::Ed25519Pem(pem) => {
                    let private = SigningKey::from_pkcs8_pem(pem)
                        .map_err(|_| "a JWT key is not an Ed25519 key in PKCS #8 PEM")?;
                    let x = BASE64_URL_SAFE_NO_PAD.encode(private.verifying_key());
                    let key = json_web_key(x);
                    let encoding = EncodingKey::from_ed_pem(pem.as_bytes());
                    let decoding = DecodingKey::from_ed_components(&key.x);
                    let kid = key.kid.clone();
                    public.push(key);
                    (
                        Algorithm::EdDSA,
                        kid,
                        encoding.map_err(|error| error.to_string())?,
                        decoding.map_err(|error| error.to_string())?,
                    )
                }
                Key::Secret(secret) if secret.len() >= MIN_SECRET => (
                    Algorithm::HS256,
                    // Twice, so that what is kept or sent elsewhere is no `kid`.
                    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(Sha256::digest(secret))),
                    EncodingKey::from_secret(secret),
                    DecodingKey::from_secret(secret),
                ),
                Key::Secret(_) => {
                    return Err(format!("a JWT secret is shorter than {MIN_SECRET} bytes"));
                }
            };
            let mut header = Header::new(algorithm);
            header.kid = Some(kid.clone());
            signing.get_or_insert((header, encoding));
            verifying.insert(kid, (algorithm, decoding));
        }
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetime: LIFETIME,
            signing: signing.ok_or("there is no JWT key")?,
            verifying,
            public,
        })
    }

    /// The same, for tokens that are valid for so long.
    #[must_use]
    pub fn with_lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// A token for this user, whose tokens are valid that were made from then on, and when
    /// it ends.
    pub fn sign(
        &self,
        user_id: UserId,
        valid_from: Option<DateTime<Utc>>,
    ) -> Result<(String, DateTime<Utc>)> {
        #[expect(clippy::disallowed_methods, reason = "tokens need no database")]
        let now = Utc::now();
        let expire_time = now + self.lifetime;
        let claims = Claims {
            sub: user_id,
            jti: ids::generate(),
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            // The clock of the database may be before this one's.
            iat: valid_from.map_or(now, |time| now.max(time)).timestamp(),
            nbf: now.timestamp(),
            exp: expire_time.timestamp(),
        };
        let (header, key) = &self.signing;
        let token = encode(header, &claims, key).map_err(Error::internal)?;
        Ok((token, expire_time))
    }

    /// The public keys.
    pub fn public(&self) -> &[JsonWebKey] {
        &self.public
    }
}

impl TokenVerifier for Keys {
    fn verify(&self, token: &str) -> Result<Caller> {
        let header = decode_header(token).map_err(|_| Error::Unauthenticated)?;
        let kid = header.kid.as_ref().ok_or(Error::Unauthenticated)?;
        let (algorithm, key) = self.verifying.get(kid).ok_or(Error::Unauthenticated)?;
        // What is critical has to be understood (RFC 7515, 4.1.11), and nothing is here.
        if header.typ.as_deref() != Some("JWT") || header.crit.is_some() {
            return Err(Error::Unauthenticated);
        }
        // The algorithm is the key's, whatever the header says.
        let mut validation = Validation::new(*algorithm);
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        validation.set_audience(&[&self.audience]);
        validation.set_issuer(&[&self.issuer]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY;
        let claims = decode::<Claims>(token, key, &validation)
            .map_err(|_| Error::Unauthenticated)?
            .claims;
        let time = |seconds| DateTime::from_timestamp(seconds, 0).ok_or(Error::Unauthenticated);
        Ok(Caller::User {
            id: claims.sub,
            issue_time: time(claims.iat)?,
            expire_time: time(claims.exp)?,
        })
    }
}

/// A new private Ed25519 key, PKCS #8 as PEM. The error is a message for the
/// terminal.
pub fn generate() -> Result<String, String> {
    let key = KeypairBytes {
        secret_key: rand::random(),
        // Not every tool reads keys that hold it.
        public_key: None,
    };
    let pem = key.to_pkcs8_pem(LineEnding::LF);
    Ok(pem.map_err(|error| error.to_string())?.to_string())
}

/// The public key `x`, named by its thumbprint (RFC 7638).
fn json_web_key(x: String) -> JsonWebKey {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    JsonWebKey {
        kty: "OKP",
        crv: "Ed25519",
        kid: BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)),
        r#use: "sig",
        alg: "EdDSA",
        x,
    }
}
