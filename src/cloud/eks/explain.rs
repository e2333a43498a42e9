//! Errors in words for people: what is wrong, EKS's own sentence, how to mend it, and what to quote to support.

use super::errors::{Action, ApiError, Refusal};
use super::parts::Place;
use crate::cloud::http::NoAnswer;
use crate::cloud::words::sentence;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError};

/// What EKS's texts about a bad request point to: a part in lower case, attribute, advice (sources: EKS API model
/// 2017-11-01, names of parameters; error texts in issues of hashicorp/aws and aws-controllers-k8s).
const INVALID: &[(&str, &str, &str)] = &[
    ("launch template", "eks.launch_template", "Check eks.launch_template."),
    (
        "subnet",
        "eks.subnet_ids",
        "Check that the subnets are of the cluster's VPC and have addresses to spare.",
    ),
    ("noderole", "eks.node_role_arn", "Check that the role exists and that ec2.amazonaws.com may assume it."),
    (
        "node role",
        "eks.node_role_arn",
        "Check that the role exists and that ec2.amazonaws.com may assume it.",
    ),
    (
        "instance type",
        "machine_type",
        "Choose a machine type that the region has, of the image's architecture.",
    ),
    (
        "instancetypes",
        "machine_type",
        "Choose a machine type that the region has, of the image's architecture.",
    ),
    ("amitype", "eks.ami_type", "Check eks.ami_type."),
    ("ami type", "eks.ami_type", "Check eks.ami_type."),
    ("releaseversion", "eks.release_version", "Choose a release that EKS has for this Kubernetes version."),
    ("release version", "eks.release_version", "Choose a release that EKS has for this Kubernetes version."),
    ("kubernetes version", "kubernetes_version", "Choose a version that is not above the cluster's."),
    ("alphanumeric", "labels", "Check the labels and taints; EKS takes no label without a value."),
    ("label", "labels", "Check the labels; EKS takes none without a value."),
    ("taint", "taints", "Check the taints."),
    ("tag", "tags", "Check the tags."),
    ("maxunavailable", "upgrade", "Check upgrade.max_unavailable."),
    ("scalingconfig", "autoscaling", "Check the numbers of nodes."),
    ("desired", "autoscaling", "Check the numbers of nodes."),
];

/// An API error; `doing` completes "cannot …".
pub(crate) fn api_error(error: &ApiError, doing: &str) -> PoolError {
    let transport = |summary: String, detail: String| PoolError {
        kind: ErrorKind::Transport,
        summary,
        detail,
        attribute: None,
    };
    match error {
        ApiError::Refused(refusal) => refused(refusal, doing),
        ApiError::NoAnswer(NoAnswer::NotSent { .. }) => transport(
            format!("Cannot {doing}: EKS cannot be reached"),
            format!(
                "There is {error}. Check the network, proxies (HTTPS_PROXY), the region in cluster_id and, if set, the \
                 custom endpoint. Then apply again."
            ),
        ),
        ApiError::NoAnswer(NoAnswer::Lost { .. }) => transport(
            format!("Cannot {doing}: no answer came"),
            format!(
                "Again and again {error}. Check the network, then apply again: what EKS has carried out meanwhile is \
                 found then."
            ),
        ),
        ApiError::Auth(error) => PoolError {
            kind: error.kind(),
            summary: format!("Cannot {doing}: the AWS credentials cannot be used"),
            detail: error.to_string(),
            attribute: None,
        },
        ApiError::Nonsense { .. } => transport(
            format!("Cannot {doing}: an answer cannot be understood"),
            format!(
                "At the address of EKS {error}. Check the custom endpoint and proxies; if none is set, a newer version \
                 of the provider may know this answer."
            ),
        ),
    }
}

fn refused(refusal: &Refusal, doing: &str) -> PoolError {
    let service = service(refusal);
    let (kind, what, advice, attribute) = match refusal.action() {
        Action::Final(ErrorKind::Invalid) => {
            let lower = refusal.message.to_lowercase();
            let known = INVALID.iter().find(|(text, _, _)| lower.contains(text));
            let advice = known.map_or("Change the configuration accordingly.", |(_, _, advice)| advice);
            let attribute = known.map(|(_, attribute, _)| Path::of(attribute));
            (ErrorKind::Invalid, format!("{service} refuses the request"), advice.to_owned(), attribute)
        }
        Action::Final(ErrorKind::Quota) => (
            ErrorKind::Quota,
            "the account's quota does not suffice".to_owned(),
            quota(service),
            None,
        ),
        Action::Final(ErrorKind::NoCapacity) => (
            ErrorKind::NoCapacity,
            "a zone does not do that".to_owned(),
            "Name subnets in other zones.".to_owned(),
            Some(Path::of("eks.subnet_ids")),
        ),
        Action::Final(ErrorKind::Forbidden) => (
            ErrorKind::Forbidden,
            "permission denied".to_owned(),
            permission(refusal),
            None,
        ),
        Action::Final(ErrorKind::Unauthenticated) => (
            ErrorKind::Unauthenticated,
            "AWS does not accept the credentials".to_owned(),
            "Log in again (`aws sso login`, or new keys), and check the clock of this machine: signatures are good for \
             minutes. A region that the account has not opted in to knows no credentials either."
                .to_owned(),
            None,
        ),
        Action::NotFound => (
            ErrorKind::PoolNotFound,
            "not found".to_owned(),
            "Somebody may have deleted it meanwhile; `terraform plan` will tell.".to_owned(),
            None,
        ),
        Action::Exists | Action::Busy | Action::Stale | Action::Throttled | Action::Again => (
            ErrorKind::Transport,
            format!("{service} keeps failing"),
            "It was tried several times. Apply again later; https://health.aws.amazon.com tells about outages."
                .to_owned(),
            None,
        ),
        Action::Final(kind) => {
            let advice = "Check the custom endpoint and proxies.";
            (kind, format!("this is no answer of {service}"), advice.to_owned(), None)
        }
    };
    PoolError {
        kind,
        summary: format!("Cannot {doing}: {what}"),
        detail: detail(refusal, &advice),
        attribute,
    }
}

/// Who refuses.
fn service(refusal: &Refusal) -> &'static str {
    match refusal.permission.as_deref().and_then(|action| action.split(':').next()) {
        Some("ec2") => "EC2",
        Some("autoscaling") => "EC2 Auto Scaling",
        Some("sts") => "STS",
        _ => "EKS",
    }
}

fn quota(service: &str) -> String {
    match service {
        "EKS" => {
            "Ask for more under Service Quotas > Amazon EKS; a cluster has 30 node groups unless told otherwise."
                .to_owned()
        }
        other => format!("Ask for more under Service Quotas > {other}, or delete what is not used."),
    }
}

/// What IAM has to permit.
fn permission(refusal: &Refusal) -> String {
    let role = "A node group's role is handed over with iam:PassRole on eks.node_role_arn.";
    match refusal.permission.as_deref() {
        None => format!("Grant the identity the action named above. {role}"),
        Some(action @ ("eks:CreateNodegroup" | "eks:UpdateNodegroupVersion")) => {
            format!(
                "Grant the identity {action} and, where the message names another action, that one too. {role} A launch \
                 template needs ec2:RunInstances and ec2:CreateTags."
            )
        }
        Some(action) => format!(
            "Grant the identity {action}. Where it has that already, a permissions boundary or an organisation's policy \
             forbids it."
        ),
    }
}

fn detail(refusal: &Refusal, advice: &str) -> String {
    let code = if refusal.code.is_empty() { String::new() } else { format!(" {}", refusal.code) };
    let about = refusal.about.as_ref().map(|it| format!(", about {it}")).unwrap_or_default();
    let request = refusal.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
    format!("{} {advice} (HTTP {}{code}{about}{request})", sentence(&refusal.message), refusal.http)
}

/// A cluster that EKS does not know.
pub(crate) fn no_cluster(place: Place<'_>) -> PoolError {
    let Place { region, account, cluster, .. } = place;
    PoolError {
        kind: ErrorKind::ClusterNotFound,
        summary: "The cluster does not exist".to_owned(),
        detail: format!(
            "EKS knows no cluster {cluster} in {region} of the account {account}. Check region and name in cluster_id \
             (`aws eks list-clusters --region {region}` lists what there is)."
        ),
        attribute: Some(Path::of("cluster_id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(http: u16, code: &str, message: &str) -> ApiError {
        ApiError::Refused(Box::new(Refusal {
            http,
            code: code.into(),
            message: message.into(),
            about: Some("p".into()),
            request_id: Some("r1".into()),
            ..Refusal::default()
        }))
    }

    /// One message of each kind, for reading.
    #[test]
    fn the_messages() {
        let host = || "eks.us-east-1.amazonaws.com".to_owned();
        let found = [
            refusal(400, "InvalidParameterException", "Subnets are not tagged"),
            refusal(400, "InvalidParameterException", "Something else"),
            refusal(400, "ResourceLimitExceededException", "Nodegroup limit exceeded"),
            refusal(
                403,
                "AccessDeniedException",
                "User: u is not authorized to perform: eks:CreateNodegroup",
            ),
            refusal(403, "ExpiredTokenException", "The security token included in the request is expired"),
            refusal(404, "ResourceNotFoundException", "No node group found for name: p."),
            refusal(404, "", "<html>"),
            refusal(503, "ServiceUnavailableException", "down"),
            ApiError::NoAnswer(NoAnswer::NotSent { host: host(), why: "refused".into() }),
            ApiError::NoAnswer(NoAnswer::Lost { host: host(), why: "cut".into() }),
            ApiError::Nonsense { url: "https://x/".into(), why: "eof".into() },
        ];
        let lines = found.iter().map(|error| {
            let told = api_error(error, "create the node group p");
            let path = told.attribute.map(|path| format!(" at {path}")).unwrap_or_default();
            format!("{:?}{path}: {}\n  {}", told.kind, told.summary, told.detail)
        });
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
    }
}
