//! Who calls: the credential that a request was signed with. That it is signed is required; whether the signature is
//! right is looked at where the secret is known here.

use crate::sandbox::exchange::Call;

/// The account of every credential that names no other.
pub(crate) const ACCOUNT: &str = "000000000000";

/// The account of somebody else.
pub(super) const OTHER_ACCOUNT: &str = "111111111111";

/// Access keys that begin so have [`SECRET`], as the key [`USER`] has, and what they sign is looked at. What follows is the name of a user, such as
/// `BOB`; without one it is [`USER`].
const KNOWN: &str = "AKIASANDBOX";

/// The secret of the access keys that are known here.
const SECRET: &str = "sandbox";

/// The user that everybody is who says nothing else; it made all clusters.
pub(super) const USER: &str = "sandbox";

/// Who of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    User(String),
    /// Somebody who has taken on a role: its ARN, and the name of the session.
    Session {
        role: String,
        name: String,
    },
}

/// Whose credential it is, and for which service in which region it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) account: String,
    pub(crate) region: String,
    /// The signing name: `eks`, `ec2`, `sts`, `autoscaling`.
    pub(crate) service: String,
    /// The access key's id.
    pub(crate) key: String,
    pub(crate) who: Who,
}

impl Caller {
    /// As STS tells: `arn:aws:iam::ACCOUNT:user/sandbox`, in the partition of the region, or
    /// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
    pub(crate) fn arn(&self) -> String {
        match &self.who {
            Who::User(name) => user(&self.region, &self.account, name),
            Who::Session { role, name } => {
                let role = role.rsplit('/').next().unwrap_or_default();
                format!("arn:{}:sts::{}:assumed-role/{role}/{name}", partition(&self.region), self.account)
            }
        }
    }

    /// As policies and access entries name it: a session counts as its role.
    pub(crate) fn principal(&self) -> String {
        match &self.who {
            Who::User(_) => self.arn(),
            Who::Session { role, .. } => role.clone(),
        }
    }
}

/// The ARN of a user.
pub(super) fn user(region: &str, account: &str, name: &str) -> String {
    format!("arn:{}:iam::{account}:user/{name}", partition(region))
}

/// The secret of an access key, where it is known.
pub(super) fn secret(key: &str) -> Option<&'static str> {
    (key.starts_with(KNOWN) || key == USER).then_some(SECRET)
}

/// What an `Authorization` header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Authorization {
    /// `KEY/20261122/us-east-1/eks/aws4_request`.
    pub(super) scope: String,
    /// Names of the headers that are signed.
    pub(super) signed: Vec<String>,
    pub(super) signature: String,
}

impl Authorization {
    /// None where there is none, or it is damaged.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let header = call.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256")?;
        let part = |name: &str| {
            header
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        let signature = part("Signature")?;
        let whole = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
        let signed: Vec<_> = part("SignedHeaders")?.split(';').map(str::to_owned).collect();
        // The date is one of the things that are signed.
        let dated = call.header("x-amz-date").is_some() || call.header("date").is_some();
        let hosted = signed.iter().any(|name| name == "host");
        (whole && dated && hosted).then_some(Self { scope: part("Credential")?, signed, signature })
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
    of_scope(&Authorization::of(call)?.scope)
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
        who: Who::User(user_of(key)),
    })
}

/// The name of the user with that access key.
fn user_of(key: &str) -> String {
    match key.strip_prefix(KNOWN) {
        Some(name) if !name.is_empty() => name.to_ascii_lowercase(),
        _ => USER.to_owned(),
    }
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
        let bob = signed(&header("AKIASANDBOXBOB")).unwrap();
        assert_eq!(
            (bob.arn().as_str(), secret(&bob.key)),
            ("arn:aws:iam::000000000000:user/bob", Some(SECRET))
        );
        let role = "arn:aws:iam::000000000000:role/ops/deploy".to_owned();
        let session = Caller { who: Who::Session { role: role.clone(), name: "s".to_owned() }, ..caller };
        assert_eq!(session.arn(), "arn:aws:sts::000000000000:assumed-role/deploy/s");
        assert_eq!(session.principal(), role);
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
