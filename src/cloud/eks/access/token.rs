//! A login to a cluster: a signed request for STS that the client does not send. The cluster's authenticator sends it,
//! and STS tells it who comes (source: aws-iam-authenticator, `pkg/token`).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::identity::Identity;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::cloud::eks::client::endpoints::{STS, sts_host};
use crate::cloud::eks::parts::Place;

/// What tokens begin with.
const PREFIX: &str = "k8s-aws-v1.";

/// The header that binds a token to one cluster.
const CLUSTER: &str = "x-k8s-aws-id";

/// What the oldest authenticators demand. It is not how long the token is good.
const EXPIRES: Duration = Duration::from_secs(60);

/// The longest token that the authenticator reads, in bytes.
const LONGEST: usize = 4096;

/// A token for the cluster, good for fifteen minutes from `now`.
///
/// The host is always STS's own in the cluster's region: the authenticator accepts no other.
pub(super) fn presigned(
    credentials: &Credentials,
    place: Place<'_>,
    now: SystemTime,
) -> Result<String, String> {
    let mut url = Url::parse(&format!("https://{}/", sts_host(place.partition, place.region)))
        .map_err(|error| format!("the region {:?} makes no host: {error}", place.region))?;
    url.query_pairs_mut().append_pair("Action", "GetCallerIdentity").append_pair("Version", STS.version);
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES);
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let identity = Identity::from(credentials.clone());
    let params = SigningParams::builder()
        .identity(&identity)
        .region(place.region)
        .name(STS.name)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?;
    let headers = [(CLUSTER, place.cluster)];
    let request = SignableRequest::new("GET", url.as_str(), headers.into_iter(), SignableBody::Bytes(b""))
        .map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &params.into()).map_err(|error| error.to_string())?.into_parts();
    let mut signed = url.to_string();
    for (name, value) in instructions.params() {
        signed.push('&');
        signed.push_str(name);
        signed.push('=');
        signed.extend(encoded(value));
    }
    let token = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(signed));
    if token.len() > LONGEST {
        return Err(format!(
            "it would have {} bytes, and EKS reads {LONGEST}: the session of the credentials carries too much (long \
             session policies or tags)",
            token.len()
        ));
    }
    Ok(token)
}

/// A value of a query as signatures want it: everything but letters, digits and `-._~` as `%XX` (source: AWS IAM
/// documentation, "Create a signed AWS API request").
fn encoded(value: &str) -> impl Iterator<Item = String> {
    value.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn query(region: &str, partition: &str, session: Option<&str>) -> (String, BTreeMap<String, String>) {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            session.map(str::to_owned),
            None,
            "test",
        );
        let place = Place { partition, region, account: "123456789012", cluster: "my-cluster" };
        // 2026-11-21T22:26:40Z.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_300_000);
        let token = presigned(&credentials, place, now).unwrap();
        let encoded = token.strip_prefix(PREFIX).unwrap();
        let url =
            Url::parse(std::str::from_utf8(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()).unwrap();
        assert_eq!((url.scheme(), url.path()), ("https", "/"));
        (url.host_str().unwrap().to_owned(), url.query_pairs().into_owned().collect())
    }

    /// Source of the signatures: botocore 1.44.5, `RequestSigner.generate_presigned_url` for `GetCallerIdentity` with
    /// the header `x-k8s-aws-id`, 60 seconds, the clock held at 2026-11-21T22:26:40Z.
    #[test]
    fn the_signature_is_that_of_another_signer() {
        let (host, query) = query("us-east-1", "aws", Some("sess/tok+en=="));
        assert_eq!(host, "sts.us-east-1.amazonaws.com");
        assert_eq!(
            query["X-Amz-Signature"],
            "190cf3a133d86db54dc980b7df82a09115369adf875cd6d8404c292230fd4b16"
        );
        let keys: Vec<_> = query.keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "Action",
                "Version",
                "X-Amz-Algorithm",
                "X-Amz-Credential",
                "X-Amz-Date",
                "X-Amz-Expires",
                "X-Amz-Security-Token",
                "X-Amz-Signature",
                "X-Amz-SignedHeaders",
            ]
        );
        assert_eq!(query["X-Amz-SignedHeaders"], "host;x-k8s-aws-id");
        assert_eq!(query["X-Amz-Date"], "20261121T222640Z");
    }

    #[test]
    fn in_china_the_host_is_another() {
        let (host, query) = query("cn-north-1", "aws-cn", None);
        assert_eq!(host, "sts.cn-north-1.amazonaws.com.cn");
        assert_eq!(
            query["X-Amz-Signature"],
            "9b82d1e5d0eeef78790dcdaa2b9cc04d71ac6ce20f81acaf02da9cd29487c9c8"
        );
        assert_eq!(query.get("X-Amz-Security-Token"), None);
    }

    #[test]
    fn a_session_that_carries_too_much_is_told() {
        let credentials = Credentials::new("AKID", "secret", Some("x".repeat(4000)), None, "test");
        let place = Place { partition: "aws", region: "us-east-1", account: "1", cluster: "c" };
        let why = presigned(&credentials, place, SystemTime::UNIX_EPOCH).unwrap_err();
        assert!(why.contains("EKS reads 4096"), "{why}");
    }
}
