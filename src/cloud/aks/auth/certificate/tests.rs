use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;

const MODERN: &[u8] = include_bytes!("testdata/modern.pfx");
const LEGACY: &[u8] = include_bytes!("testdata/legacy.pfx");
const EC: &[u8] = include_bytes!("testdata/ec.pfx");
const CERTIFICATE: &str = include_str!("testdata/certificate.pem");

/// `openssl x509 -in certificate.pem -outform der | openssl dgst -sha256 -binary | base64`.
const FINGERPRINT: &str = "3kTzpr9RrqBQWs6vcxDEeliCpVYoTeIbC4gUAaemYzo";

/// The modulus and exponent at the end of the certificate's public key, as the verifier takes them.
fn public_key() -> Vec<u8> {
    let base64: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(base64).unwrap();
    // The only bit string of 271 bytes is the key: 0, then a sequence of two integers.
    let start = der.windows(4).position(|window| window == [0x03, 0x82, 0x01, 0x0f]).unwrap() + 5;
    der[start..start + 270].to_vec()
}

#[test]
fn archives_of_both_ages_are_read() {
    for archive in [MODERN, LEGACY] {
        assert_eq!(Identity::from_pkcs12(archive, "test").unwrap().fingerprint, FINGERPRINT);
    }
    let wrapped = STANDARD.encode(MODERN).as_bytes().chunks(64).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let wrapped = String::from_utf8(wrapped.join(&b'\n')).unwrap();
    assert_eq!(Identity::from_base64(&wrapped, "test").unwrap().fingerprint, FINGERPRINT);
}

#[test]
fn what_cannot_be_used_says_why() {
    let fault = |archive: &[u8], password: &str| Identity::from_pkcs12(archive, password).unwrap_err();
    assert_eq!(fault(MODERN, "wrong"), "the password is wrong");
    assert_eq!(fault(LEGACY, ""), "the password is wrong");
    assert!(fault(EC, "test").contains("RSA"), "{}", fault(EC, "test"));
    assert!(fault(CERTIFICATE.as_bytes(), "").contains("openssl pkcs12 -export"));
    assert!(fault(b"nonsense", "").contains("PKCS#12"));
    assert!(Identity::from_base64("%%%", "").unwrap_err().contains("base64 --wrap 0"));
    let printed = format!("{:?}", Identity::from_pkcs12(MODERN, "test").unwrap());
    assert!(printed.contains(FINGERPRINT) && !printed.contains("key"), "{printed}");
}

#[test]
fn an_assertion_is_signed_by_the_certificates_key() {
    let signer = Signer {
        identity: Identity::from_pkcs12(MODERN, "test").unwrap(),
        client_id: "app".to_owned(),
        audience: "https://login.microsoftonline.com/tenant/oauth2/v2.0/token".to_owned(),
    };
    let token = signer.sign().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("{token}") };
    let json =
        |part: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    assert_eq!(json(header), json!({"alg": "PS256", "typ": "JWT", "x5t#S256": FINGERPRINT}));
    let claims_json = json(claims);
    assert_eq!((&claims_json["iss"], &claims_json["sub"]), (&json!("app"), &json!("app")));
    assert_eq!(claims_json["aud"], json!(signer.audience));
    let second = |name: &str| claims_json[name].as_u64().unwrap();
    assert_eq!(second("exp") - second("nbf"), LIFETIME.as_secs());
    let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public_key());
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    key.verify(format!("{header}.{claims}").as_bytes(), &signature).unwrap();
    assert!(key.verify(format!("{header}.{claims}x").as_bytes(), &signature).is_err());
    assert_ne!(json(signer.sign().unwrap().split('.').nth(1).unwrap())["jti"], claims_json["jti"]);
}
