//! Tokens of EKS clusters: a presigned call to STS, by which the cluster's API server learns who comes.
//!
//! Source: aws-iam-authenticator, `pkg/token`. Whether the signature is right is looked at where the secret is known here.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::model::Eks;
use super::signature::{Caller, Who};
use crate::sandbox::clock::{Millis, from_rfc3339};
use crate::sandbox::kubernetes::{Doorkeeper, User};

const PREFIX: &str = "k8s-aws-v1.";

/// Bytes of a token that are looked at.
const LONGEST: usize = 4096;

/// A token is good for this long from the time of its signature.
const LIFE: Millis = 15 * 60 * 1000;

/// Clocks may differ by this much.
const SKEW: Millis = 5 * 60 * 1000;

/// What may be in the query of the URL, in lower case.
const KNOWN: &[&str] = &[
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

impl Doorkeeper for Eks {
    fn admit(&self, cluster: &str, token: &str, now: Millis) -> Option<User> {
        let cluster = self.clusters.get(cluster)?;
        let caller = self.bearer(&cluster.name, token, now)?;
        let session = match &caller.who {
            Who::Session { name, .. } => name.as_str(),
            Who::User(_) => "",
        };
        let (name, mut groups, rights) = cluster.admits(&caller.principal(), session)?;
        groups.push("system:authenticated".to_owned());
        Some(User { name, groups, rights })
    }
}

impl Eks {
    /// Who signed a token for a cluster; none where STS or the API server would not take it.
    fn bearer(&self, cluster: &str, token: &str, now: Millis) -> Option<Caller> {
        let encoded = token.strip_prefix(PREFIX).filter(|_| token.len() <= LONGEST)?;
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
        let url = Url::parse(&url).ok()?;
        let host = url.host_str()?;
        let is_sts = host.starts_with("sts.")
            && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
        if url.scheme() != "https" || !is_sts || url.path() != "/" {
            return None;
        }
        let mut seen = BTreeSet::new();
        for (key, _) in url.query_pairs() {
            let key = key.to_ascii_lowercase();
            if !KNOWN.contains(&key.as_str()) || !seen.insert(key) {
                return None;
            }
        }
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.into_owned())
        };
        let signed = value("x-amz-signedheaders")?;
        let for_a_cluster = signed.split(';').any(|header| header.eq_ignore_ascii_case("x-k8s-aws-id"));
        let expires: u64 = value("x-amz-expires")?.parse().ok()?;
        let whole = value("action")? == "GetCallerIdentity"
            && value("x-amz-algorithm")? == "AWS4-HMAC-SHA256"
            && value("x-amz-signature")?.len() == 64
            && expires <= 900;
        let since = instant(&value("x-amz-date")?)?;
        let young = now.saturating_sub(since) < LIFE && since <= now + SKEW;
        if !(for_a_cluster && whole && young) {
            return None;
        }
        // The API server asks STS with the name of its own cluster: made for another one, the signature is wrong.
        let headers = [("host", host), ("x-k8s-aws-id", cluster)];
        self.signer(&url, &headers, value("x-amz-security-token").as_deref(), now)
    }
}

/// `20261122T101112Z`.
fn instant(text: &str) -> Option<Millis> {
    let part = |from: usize, to: usize| text.get(from..to);
    let (date, time) = (part(0, 8)?, part(9, 15)?);
    let spelt = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date.get(..4)?,
        date.get(4..6)?,
        date.get(6..)?,
        time.get(..2)?,
        time.get(2..4)?,
        time.get(4..)?
    );
    from_rfc3339(&spelt).filter(|_| text.len() == 16 && part(8, 9) == Some("T") && text.ends_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::random::Random;

    const CLUSTER: &str = "arn:aws:eks:us-east-1:000000000000:cluster/sandbox";
    const NOW: Millis = 1_795_343_200_000;

    fn token(change: impl FnOnce(String) -> String) -> String {
        let url = format!(
            "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261122%2Fus-east-1%2Fsts%2Faws4_request\
             &X-Amz-Date=20261122T222640Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id\
             &X-Amz-Signature={}",
            "0".repeat(64)
        );
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(change(url)))
    }

    #[test]
    fn a_token_tells_who_comes_for_a_quarter_of_an_hour() {
        let since = instant("20261122T222640Z").unwrap();
        let good = token(|url| url);
        let eks = Eks::seeded(0, &mut Random::new(1));
        let who = |at: Millis| eks.admit(CLUSTER, &good, at).map(|user| user.name);
        assert_eq!(who(since).as_deref(), Some("arn:aws:iam::000000000000:user/sandbox"));
        assert!(who(since + LIFE - 1).is_some() && who(since + LIFE).is_none());
        assert!(who(since - SKEW - 1).is_none(), "from the future");
    }

    #[test]
    fn what_the_authenticator_refuses_is_refused() {
        let eks = Eks::seeded(0, &mut Random::new(1));
        let principal = |token: &str, now: Millis| eks.admit(CLUSTER, token, now).map(|user| user.name);
        let since = instant("20261122T222640Z").unwrap();
        for (what, change) in [
            ("https://", "http://"),
            ("sts.us-east-1.amazonaws.com", "sts.example.com"),
            ("amazonaws.com/?", "amazonaws.com/x?"),
            ("%3Bx-k8s-aws-id", ""),
            ("&Version=", "&Extra=1&Version="),
            ("&Version=", "&version=2&Version="),
            ("GetCallerIdentity", "AssumeRole"),
            ("Expires=60", "Expires=901"),
            // Another account, another user of this one, and a key whose secret did not sign it.
            ("AKID%2F", "123456789012%2F"),
            ("AKID%2F", "AKIASANDBOXBOB%2F"),
            ("AKID%2F", "AKIASANDBOX%2F"),
            ("%2Fsts%2F", "%2Feks%2F"),
        ] {
            let damaged = token(|url| url.replace(what, change));
            assert_eq!(principal(&damaged, since), None, "{what} -> {change}");
        }
        assert_eq!(principal("sandbox", since), None);
        assert_eq!(principal("k8s-aws-v1.!", NOW), None);
    }
}
