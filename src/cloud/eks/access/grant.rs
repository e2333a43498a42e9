//! How a principal of AWS is let into a cluster, with the commands to paste.

use crate::cloud::eks::parts::Place;

/// The policy that gives all rights in a cluster.
const ADMIN: &str = "cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// How this principal is let in. `mode` is the cluster's authentication mode.
pub(super) fn words(arn: &str, place: Place<'_>, mode: Option<&str>) -> String {
    let Place { partition, region, cluster, .. } = place;
    let principal = principal(arn);
    let first = match mode {
        Some("CONFIG_MAP") => format!(
            "The cluster knows no access entries yet: `aws eks update-cluster-config --region {region} --name {cluster} \
             --access-config authenticationMode=API_AND_CONFIG_MAP` adds them to its ConfigMap aws-auth. Then, "
        ),
        _ => "On EKS an access entry lets a principal of IAM into a cluster: ".to_owned(),
    };
    format!(
        "{first}`aws eks create-access-entry --region {region} --cluster-name {cluster} --principal-arn {principal}` and \
         `aws eks associate-access-policy --region {region} --cluster-name {cluster} --principal-arn {principal} \
         --access-scope type=cluster --policy-arn arn:{partition}:eks::aws:{ADMIN}`. For fewer rights, leave the second \
         one out, add --kubernetes-groups with a group's name to the first, and bind the group to a ClusterRole. A new \
         entry may take a minute to work."
    )
}

/// What an access entry names: for a session its role, whose path only IAM knows.
fn principal(arn: &str) -> String {
    let role = arn.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').next());
    match role {
        Some(role) => format!("$(aws iam get-role --role-name {role} --query Role.Arn --output text)"),
        None => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> =
        Place { partition: "aws", region: "eu-west-1", account: "123456789012", cluster: "main" };

    /// One message of each kind, for reading.
    #[test]
    fn the_commands_can_be_pasted() {
        let user = words("arn:aws:iam::123456789012:user/ann", PLACE, Some("API"));
        let session = "arn:aws:sts::123456789012:assumed-role/ci/run-7";
        let role =
            words(session, Place { partition: "aws-cn", region: "cn-north-1", ..PLACE }, Some("CONFIG_MAP"));
        insta::assert_snapshot!(format!("{user}\n\n{role}"));
    }
}
