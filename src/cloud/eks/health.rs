//! How a node group fares: from its status and the issues that EKS keeps with it to what is to be done, and what each
//! issue asks of its owner.

use super::wire;
use crate::cloud::words::sentence;
use crate::nodepool::{Health, Path};

/// What may be expected of a node group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Usable.
    Ready,
    /// EKS is working on it.
    Working,
    /// EKS is working on it, and gets no machines for now. It goes on trying by itself.
    Starved,
    /// Something that it was made with is gone or refused. EKS goes on when that is mended.
    Degraded,
    /// EKS has given up creating it, or deleting it.
    Broken,
    /// It is being deleted.
    Deleting,
}

/// Issues that mean that there are no machines here and now (source: EKS API model, `NodegroupIssueCode`; a shortage of
/// GPUs shows by the first while the status stays `CREATING`).
const CAPACITY: [&str; 1] = ["AsgInstanceLaunchFailures"];

/// What an issue's code points to: the code, the attribute to blame, what to do (source: EKS API model,
/// `NodegroupIssueCode`, and EKS user guide, "Managed node group errors").
const ADVICE: &[(&str, &str, &str)] = &[
    (
        "AsgInstanceLaunchFailures",
        "machine_type",
        "EC2 cannot start the instances, most often because there are none of this type in the zones of the subnets. \
         Name subnets in other zones, choose another machine type, or reserve the machines first \
         (eks.capacity_reservation_id).",
    ),
    (
        "InstanceLimitExceeded",
        "machine_type",
        "The account's quota of running instances of this family is used up. Ask for more under Service Quotas > \
         Amazon EC2, where on-demand and spot have quotas of their own that count vCPUs.",
    ),
    (
        "InsufficientFreeAddresses",
        "eks.subnet_ids",
        "The subnets have no addresses left. Name larger ones, or free some.",
    ),
    ("Ec2SubnetNotFound", "eks.subnet_ids", "A subnet is gone. Name subnets that exist."),
    (
        "Ec2SubnetInvalidConfiguration",
        "eks.subnet_ids",
        "A public subnet must give its instances public addresses. Switch that on, or name private subnets.",
    ),
    (
        "Ec2SubnetMissingIpv6Assignment",
        "eks.subnet_ids",
        "The cluster uses IPv6, and a subnet assigns no such addresses. Switch that on.",
    ),
    (
        "IamNodeRoleNotFound",
        "eks.node_role_arn",
        "The nodes' role is gone. Make it again under the same name, or name another one.",
    ),
    (
        "AccessDenied",
        "eks.node_role_arn",
        "The nodes' role is refused by the cluster or by AWS. Give it the policies AmazonEKSWorkerNodePolicy and \
         AmazonEC2ContainerRegistryPullOnly, and an access entry or a line in aws-auth.",
    ),
    (
        "NodeCreationFailure",
        "eks.subnet_ids",
        "Instances start, and no node joins the cluster. Check that the subnets reach the cluster's endpoint and the \
         image registries, that the role may join, and the labels: the kubelet refuses some.",
    ),
    (
        "KubernetesLabelInvalid",
        "labels",
        "Kubernetes refuses a label. Mend it; values have at most 63 letters, digits, '-', '_' and '.'.",
    ),
    (
        "AmiIdNotFound",
        "eks.launch_template.id",
        "The image of the launch template is gone. Name another one in a new version.",
    ),
    (
        "Ec2LaunchTemplateNotFound",
        "eks.launch_template",
        "The launch template is gone, and a node group never takes another one. Replace the pool: `terraform apply \
         -replace=<address>`.",
    ),
    (
        "Ec2LaunchTemplateVersionMismatch",
        "eks.launch_template",
        "Somebody has changed the template of the Auto Scaling group by hand. Set its version back in EC2.",
    ),
    (
        "Ec2InstanceTypeDoesNotExist",
        "machine_type",
        "The region has no such instance type: `aws ec2 describe-instance-type-offerings` lists what there is.",
    ),
    (
        "Ec2SecurityGroupNotFound",
        "eks.launch_template.security_group_ids",
        "A security group of the cluster or of the template is gone. Make it again, or name others.",
    ),
    (
        "PodEvictionFailure",
        "eks.force_update",
        "Pods cannot be evicted: a PodDisruptionBudget forbids it, or they tolerate every taint and come back. Relax \
         the budget, or set eks.force_update = true for this update.",
    ),
    (
        "ClusterUnreachable",
        "cluster_id",
        "EKS does not reach the cluster's API. Check that the cluster is ACTIVE and what its webhooks do.",
    ),
    (
        "AutoScalingGroupOptInRequired",
        "cluster_id",
        "The account may not use EC2 or Auto Scaling in this region. Opt in first.",
    ),
];

/// What to do about an issue; `None` for one of EKS's own.
pub(crate) fn advice(code: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(known, _, _)| *known == code).map(|(_, _, advice)| *advice)
}

/// The attribute that an issue points to.
pub(crate) fn attribute(code: &str) -> Option<Path> {
    ADVICE.iter().find(|(known, _, _)| *known == code).map(|(_, attribute, _)| Path::of(attribute))
}

/// What may be expected of a node group.
pub(crate) fn outlook(group: &wire::Nodegroup) -> Outlook {
    let starved = group.health.issues.iter().any(|issue| CAPACITY.contains(&issue.code.as_str()));
    match group.status.as_str() {
        "ACTIVE" => Outlook::Ready,
        "DEGRADED" => Outlook::Degraded,
        "CREATE_FAILED" | "DELETE_FAILED" => Outlook::Broken,
        "DELETING" => Outlook::Deleting,
        // CREATING, UPDATING, and whatever a later API adds.
        _ if starved => Outlook::Starved,
        _ => Outlook::Working,
    }
}

/// Whether the launch template of a node group is gone, by EKS's word.
pub(crate) fn lost_template(group: &wire::Nodegroup) -> bool {
    group.health.issues.iter().any(|issue| issue.code == "Ec2LaunchTemplateNotFound")
}

/// What EKS says about a node group, with what to do about it.
pub(crate) fn words(group: &wire::Nodegroup) -> String {
    let status = if group.status.is_empty() { "unknown" } else { &group.status };
    let issues: Vec<String> = group.health.issues.iter().map(issue).collect();
    if issues.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}; {}", issues.join(" "))
    }
}

/// An issue in words, with what to do about it.
pub(crate) fn issue(issue: &wire::Issue) -> String {
    let about = if issue.resource_ids.is_empty() {
        String::new()
    } else {
        format!(" ({})", issue.resource_ids.join(", "))
    };
    let told = sentence(&format!("{}{about}: {}", issue.code, issue.message.trim()));
    match advice(&issue.code) {
        Some(advice) => format!("{told} {advice}"),
        None => told,
    }
}

/// The neutral health of a node group.
pub(crate) fn health(group: &wire::Nodegroup) -> Health {
    match outlook(group) {
        Outlook::Ready => Health::Ready,
        Outlook::Deleting => Health::Deleting,
        Outlook::Working | Outlook::Starved | Outlook::Degraded => Health::Pending(words(group)),
        Outlook::Broken => Health::Failed(words(group)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cloud::eks::options::OPTIONS;

    fn group(status: &str, issues: &Value) -> wire::Nodegroup {
        let whole = json!({"nodegroupName": "p", "status": status, "health": {"issues": issues}});
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn every_status_has_an_outlook() {
        let no_machines = json!([{"code": "AsgInstanceLaunchFailures", "message": "none left"}]);
        for (status, issues, expected) in [
            ("ACTIVE", json!([]), Outlook::Ready),
            ("CREATING", json!([]), Outlook::Working),
            ("CREATING", no_machines.clone(), Outlook::Starved),
            ("UPDATING", no_machines.clone(), Outlook::Starved),
            ("SOMETHING_NEW", json!([]), Outlook::Working),
            ("DEGRADED", json!([]), Outlook::Degraded),
            ("CREATE_FAILED", no_machines, Outlook::Broken),
            ("DELETE_FAILED", json!([]), Outlook::Broken),
            ("DELETING", json!([]), Outlook::Deleting),
        ] {
            assert_eq!(outlook(&group(status, &issues)), expected, "{status} {issues}");
        }
        assert_eq!(outlook(&wire::Nodegroup::default()), Outlook::Working);
    }

    #[test]
    fn the_words_name_the_issue_its_place_and_what_to_do() {
        let degraded = group(
            "DEGRADED",
            &json!([{"code": "Ec2SubnetNotFound", "message": "One or more subnets not found",
                     "resourceIds": ["subnet-1", "subnet-2"]}]),
        );
        assert_eq!(
            words(&degraded),
            "status DEGRADED; Ec2SubnetNotFound (subnet-1, subnet-2): One or more subnets not found. A subnet is gone. \
             Name subnets that exist."
        );
        assert_eq!(words(&wire::Nodegroup::default()), "status unknown");
        let other = group("CREATING", &json!([{"code": "InternalFailure", "message": "oops"}]));
        assert_eq!(health(&other), Health::Pending("status CREATING; InternalFailure: oops.".to_owned()));
    }

    #[test]
    fn advice_names_attributes_that_exist() {
        for (code, attribute, advice) in ADVICE {
            assert!(advice.ends_with('.'), "{code}");
            let Some(option) = attribute.strip_prefix("eks.") else { continue };
            let option = option.split('.').next().unwrap();
            assert!(OPTIONS.iter().any(|spec| spec.name == option), "{code}: {attribute}");
        }
    }
}
