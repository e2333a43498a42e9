//! The certificate of an application, and what it signs in place of a secret (sources: Microsoft identity platform,
//! application authentication certificate credentials; RFC 7515, RFC 7519).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PSS_SHA256;
use azure_core::Uuid;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use p12_keystore::Pkcs12Archive;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::cloud::instant;

/// How long a signed assertion is good for: 5 to 10 minutes at most, by Microsoft's page.
const LIFETIME: Duration = Duration::from_secs(300);

/// The certificate of an application with its key.
#[derive(Clone)]
pub(super) struct Identity {
    key: Arc<KeyPair>,
    /// The certificate's SHA-256 fingerprint in base64url, by which Microsoft Entra ID finds it.
    fingerprint: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Identity {
    /// Takes a PKCS#12 archive in base64, as `client_certificate` holds it.
    pub(super) fn from_base64(text: &str, password: &str) -> Result<Identity, String> {
        let text: String = text.split_whitespace().collect();
        let archive = STANDARD.decode(text).map_err(|_| {
            "it is not base64; on Linux `base64 --wrap 0 certificate.pfx` writes it".to_owned()
        })?;
        Identity::from_pkcs12(&archive, password)
    }

    /// Takes a PKCS#12 archive with one key and its certificate.
    pub(super) fn from_pkcs12(archive: &[u8], password: &str) -> Result<Identity, String> {
        if archive.starts_with(b"-----BEGIN") {
            return Err("it is PEM; `openssl pkcs12 -export -in certificate.pem -inkey key.pem -out \
                        certificate.pfx` makes a PKCS#12 file of it"
                .to_owned());
        }
        let archive = Pkcs12Archive::from_pkcs12(archive, password).map_err(|error| match error {
            p12_keystore::error::Error::MacError(_) => "the password is wrong".to_owned(),
            other => format!("it cannot be read as PKCS#12: {other}"),
        })?;
        let [key] = archive.keys.as_slice() else {
            return Err(format!("it holds {} private keys, and one is needed", archive.keys.len()));
        };
        let its_own = archive.certs.iter().find(|found| {
            let id = key.local_key_id.as_ref().map(AsRef::as_ref);
            id.is_some() && found.local_key_id.as_deref() == id
        });
        let only = || match archive.certs.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let certificate =
            its_own.or_else(only).ok_or("it holds no certificate that belongs to the private key")?;
        let pair = KeyPair::from_pkcs8(key.key.as_der())
            .map_err(|_| "its key is no RSA key of 2048 to 8192 bits, which Microsoft Entra ID asks for")?;
        Ok(Identity {
            key: Arc::new(pair),
            fingerprint: URL_SAFE_NO_PAD.encode(Sha256::digest(certificate.cert.as_der())),
        })
    }
}

/// Signs as one application for one tenant.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    pub(super) identity: Identity,
    pub(super) client_id: String,
    /// Where the assertion is sent.
    pub(super) audience: String,
}

impl Signer {
    /// A signed JSON Web Token that says who asks.
    pub(super) fn sign(&self) -> Result<String, String> {
        let now = instant::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.identity.fingerprint});
        let claims = json!({
            "aud": self.audience,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": Uuid::new_v4().to_string(),
            "iat": now.as_secs(),
            "nbf": now.as_secs(),
            "exp": (now + LIFETIME).as_secs(),
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let mut signature = vec![0; self.identity.key.public_modulus_len()];
        self.identity
            .key
            .sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| "the certificate's key could not sign".to_owned())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

#[cfg(test)]
mod tests;
