//! AWS's signature, version 4: whether a request was signed with a secret.
//!
//! Written from AWS's description of the signing process, apart from any library that signs: what botocore and the AWS SDK
//! sign has to hold here.

use std::fmt::Write as _;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::signature::Authorization;
use crate::sandbox::exchange::Call;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Everything but letters, digits and these four is written by its code.
const CODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Whether a request's header holds the signature that this secret makes.
pub(super) fn signs(call: &Call, authorization: &Authorization, secret: &str) -> bool {
    let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
    let hash = hex(&Sha256::digest(&call.body));
    if call.header("x-amz-content-sha256").is_some_and(|claimed| claimed != hash) {
        return false;
    }
    let Some(date) = call.header("x-amz-date") else { return false };
    let headers = authorization.signed.iter().map(|name| {
        let values =
            call.headers.get_all(name.as_str()).iter().map(|value| value.to_str().unwrap_or_default());
        (name.as_str(), values.map(squeezed).collect::<Vec<_>>().join(","))
    });
    // The path as it was sent is coded once more (for every service but S3).
    let path: Vec<_> = path.split('/').map(|part| utf8_percent_encode(part, CODED).to_string()).collect();
    let request = Request {
        method: &call.method,
        path: &path.join("/"),
        query: canonical_query(query, ""),
        hash: &hash,
    };
    request.signature(headers, &authorization.scope, date, secret).as_ref() == Some(&authorization.signature)
}

/// Whether a URL for a GET without a body, and with these headers, holds the signature that this secret makes.
pub(super) fn signs_url(url: &Url, headers: &[(&str, &str)], secret: &str) -> bool {
    let value = |name: &str| {
        url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
    };
    let (Some(scope), Some(date), Some(signature)) =
        (value("x-amz-credential"), value("x-amz-date"), value("x-amz-signature"))
    else {
        return false;
    };
    let query = canonical_query(url.query().unwrap_or_default(), "X-Amz-Signature");
    let hash = hex(&Sha256::digest(b""));
    let request = Request { method: "GET", path: url.path(), query, hash: &hash };
    let headers = headers.iter().map(|(name, value)| (*name, squeezed(value)));
    request.signature(headers, &scope, &date, secret) == Some(signature)
}

/// What is signed beside the headers.
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    query: String,
    /// Of the body.
    hash: &'a str,
}

impl Request<'_> {
    /// With the credential's `KEY/20261122/us-east-1/eks/aws4_request`; none where it is none.
    fn signature<'a>(
        &self,
        headers: impl Iterator<Item = (&'a str, String)>,
        credential: &str,
        date: &str,
        secret: &str,
    ) -> Option<String> {
        let (_, scope) = credential.split_once('/')?;
        let (mut lines, mut names) = (String::new(), Vec::new());
        for (name, value) in headers {
            // Writing to a text does not fail.
            let _ = writeln!(lines, "{name}:{value}");
            names.push(name);
        }
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{}\n{}",
            self.method,
            self.path,
            self.query,
            names.join(";"),
            self.hash
        );
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
        let first = format!("AWS4{secret}").into_bytes();
        let key = scope.split('/').fold(first, |key, part| keyed(&key, part));
        Some(hex(&keyed(&key, &text)))
    }
}

fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sorted, each name and value coded anew, without one name.
fn canonical_query(query: &str, without: &str) -> String {
    let coded = |text: &str| {
        let plain = percent_decode_str(text).decode_utf8_lossy().into_owned();
        utf8_percent_encode(&plain, CODED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> =
        pairs.filter(|(name, _)| *name != without).map(|(name, value)| (coded(name), coded(value))).collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A header's value without blanks around it, and with one where there were several.
fn squeezed(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source of the signature: botocore 1.44.5 and aws-sigv4 1.6.4, which agree.
    #[test]
    fn a_presigned_url_is_known_by_its_signature() {
        let url = |order: &str| {
            let signature = "190cf3a133d86db54dc980b7df82a09115369adf875cd6d8404c292230fd4b16";
            let url = format!(
                "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
                 &X-Amz-Algorithm=AWS4-HMAC-SHA256\
                 &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261121T222640Z\
                 &X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id{order}&X-Amz-Signature={signature}"
            );
            Url::parse(&url).unwrap()
        };
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let token = "&X-Amz-Security-Token=sess%2Ftok%2Ben%3D%3D";
        let headers = |cluster| [("host", "sts.us-east-1.amazonaws.com"), ("x-k8s-aws-id", cluster)];
        assert!(signs_url(&url(token), &headers("my-cluster"), secret));
        assert!(!signs_url(&url(token), &headers("other"), secret), "another cluster");
        assert!(!signs_url(&url(token), &headers("my-cluster"), "sandbox"), "another secret");
        assert!(!signs_url(&url(""), &headers("my-cluster"), secret), "without the token");
    }

    #[test]
    fn queries_and_headers_have_one_spelling() {
        assert_eq!(canonical_query("b=2&a=x%2fy&a=%7e&c", "b"), "a=x%2Fy&a=~&c=");
        assert_eq!(squeezed("  a   b "), "a b");
    }
}
