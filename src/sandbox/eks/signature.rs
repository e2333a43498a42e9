//! Who calls: the credential that a request was signed with. That it is signed is required, the signature itself is
//! taken as it is, since nobody here knows a secret.

use crate::sandbox::exchange::Call;

/// The account of every credential that names no other.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Whose credential it is, and for which service in which region it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The signing name: `eks`, `ec2`, `sts`, `autoscaling`.
    pub(crate) service: String,
    /// The access key's id.
    pub(crate) key: String,
}

impl Caller {
    /// `arn:aws:iam::ACCOUNT:user/sandbox`, in the partition of the region.
    pub(crate) fn arn(&self) -> String {
        format!("arn:{}:iam::{}:user/sandbox", partition(&self.region), self.account)
    }
}

/// The partition that a region belongs to.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The caller of a request signed by header; none where it is not signed, or the header is damaged.
pub(crate) fn caller(call: &Call) -> Option<Caller> {
    let header = call.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256")?;
    let part = |name: &str| {
        header
            .split(',')
            .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let signature = part("Signature")?;
    let whole = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    // The date is one of the things that are signed.
    let dated = call.header("x-amz-date").is_some() || call.header("date").is_some();
    let signed = part("SignedHeaders")?.split(';').any(|name| name == "host");
    of_scope(&part("Credential")?).filter(|_| whole && dated && signed)
}

/// The caller behind `KEY/20261122/us-east-1/eks/aws4_request`. As in other emulators of AWS, an access key id of twelve
/// digits is that account's; every other one belongs to the account of everything that is seeded.
pub(crate) fn of_scope(scope: &str) -> Option<Caller> {
    let parts: Vec<&str> = scope.split('/').collect();
    let [key, date, region, service, "aws4_request"] = parts.as_slice() else { return None };
    let day = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let account =
        if key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()) { key } else { ACCOUNT };
    (day && !key.is_empty() && !region.is_empty()).then(|| Caller {
        account: account.to_owned(),
        region: (*region).to_owned(),
        service: (*service).to_owned(),
        key: (*key).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn signed(authorization: &str) -> Option<Caller> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", authorization.parse().unwrap());
        headers.insert("x-amz-date", "20261122T000000Z".parse().unwrap());
        let (method, path) = ("GET".to_owned(), "/clusters".to_owned());
        caller(&Call { method, target: path.clone(), path, query: String::new(), headers, body: Vec::new() })
    }

    #[test]
    fn the_credential_tells_account_region_and_service() {
        let header = |key: &str| {
            let scope = format!("{key}/20261122/eu-west-1/eks/aws4_request");
            let signature = "0".repeat(64);
            format!(
                "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
            )
        };
        let caller = signed(&header("AKIDEXAMPLE")).unwrap();
        assert_eq!((caller.account.as_str(), caller.region.as_str()), (ACCOUNT, "eu-west-1"));
        assert_eq!(caller.arn(), "arn:aws:iam::000000000000:user/sandbox");
        assert_eq!(signed(&header("123456789012")).unwrap().account, "123456789012");
        for damaged in [
            header("A").replace("AWS4-HMAC-SHA256", "Bearer"),
            header("A").replace("/aws4_request", ""),
            header("A").replace("000, ", "").replace(&"0".repeat(64), "0"),
            header("A").replace("host;", ""),
        ] {
            assert_eq!(signed(&damaged), None, "{damaged}");
        }
    }
}
