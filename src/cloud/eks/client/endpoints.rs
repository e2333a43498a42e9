//! Where the services of AWS are: what settings, environment and profile say, else the address that AWS gives them.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

/// A service of AWS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// By which variables (`AWS_ENDPOINT_URL_AUTO_SCALING`) and sections of profiles name it: the service id of its API
    /// model.
    id: &'static str,
    /// What signatures and host names call it; the sandbox has it below this path.
    pub(crate) name: &'static str,
    /// The version of its API, as the Query protocol wants it.
    pub(crate) version: &'static str,
}

/// Elastic Kubernetes Service. (Versions are those of the services' API models.)
pub(crate) static EKS: Service = Service { id: "EKS", name: "eks", version: "2017-11-01" };
/// Elastic Compute Cloud.
pub(crate) static EC2: Service = Service { id: "EC2", name: "ec2", version: "2016-11-15" };
/// EC2 Auto Scaling.
pub(crate) static AUTO_SCALING: Service =
    Service { id: "Auto Scaling", name: "autoscaling", version: "2011-01-01" };
/// Security Token Service.
pub(crate) static STS: Service = Service { id: "STS", name: "sts", version: "2011-06-15" };

/// The address that the environment and the profile give to a service of the Query protocol, in the order of AWS's
/// SDKs; else AWS's own.
pub(crate) fn address(service: &Service, config: &SdkConfig, partition: &str, region: &str) -> String {
    let key = ServiceConfigKey::builder()
        .service_id(service.id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok();
    let of_service = config.service_config().zip(key).and_then(|(load, key)| load.load_config(key));
    of_service.or_else(|| config.endpoint_url().map(ToOwned::to_owned)).unwrap_or_else(|| {
        let fips = config.use_fips().unwrap_or_default();
        let dual_stack = config.use_dual_stack().unwrap_or_default();
        format!("https://{}", host(service, partition, region, fips, dual_stack))
    })
}

/// AWS's partitions: name, suffix of hosts, suffix of hosts with IPv6 (source: botocore 1.44.5, `partitions.json`).
const PARTITIONS: &[(&str, &str, &str)] = &[
    ("aws", "amazonaws.com", "api.aws"),
    ("aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("aws-iso", "c2s.ic.gov", "api.aws.ic.gov"),
    ("aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"),
    ("aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
    ("aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("aws-us-gov", "amazonaws.com", "api.aws"),
];

/// The host of EC2, Auto Scaling or STS in a region (source: the endpoint rules of the three services in botocore
/// 1.44.5, which agree). A partition that is newer than this table counts as the first, as in AWS's own rules.
fn host(service: &Service, partition: &str, region: &str, fips: bool, dual_stack: bool) -> String {
    let known = PARTITIONS.iter().find(|(name, _, _)| *name == partition);
    let (_, single, dual) = known.unwrap_or(&PARTITIONS[0]);
    let suffix = if dual_stack { dual } else { single };
    // The plain hosts of GovCloud are those with FIPS.
    let fips = if fips && (dual_stack || partition != "aws-us-gov") { "-fips" } else { "" };
    format!("{}{fips}.{region}.{suffix}", service.name)
}

/// The host of the region's STS, whose signatures a cluster accepts as a login.
pub(crate) fn sts_host(partition: &str, region: &str) -> String {
    host(&STS, partition, region, false, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source of the hosts: botocore 1.44.5, its endpoint rules resolved for these regions.
    #[test]
    fn hosts_are_those_of_the_endpoint_rules() {
        let (plain, dual, fips, both) = ((false, false), (false, true), (true, false), (true, true));
        for (service, partition, region, (fips, dual_stack), expected) in [
            (&EC2, "aws", "us-east-1", plain, "ec2.us-east-1.amazonaws.com"),
            (&EC2, "aws", "eu-central-1", dual, "ec2.eu-central-1.api.aws"),
            (&EC2, "aws", "us-east-1", fips, "ec2-fips.us-east-1.amazonaws.com"),
            (&EC2, "aws", "us-east-1", both, "ec2-fips.us-east-1.api.aws"),
            (&EC2, "aws-cn", "cn-north-1", dual, "ec2.cn-north-1.api.amazonwebservices.com.cn"),
            (&AUTO_SCALING, "aws-us-gov", "us-gov-west-1", fips, "autoscaling.us-gov-west-1.amazonaws.com"),
            (&AUTO_SCALING, "aws-us-gov", "us-gov-west-1", both, "autoscaling-fips.us-gov-west-1.api.aws"),
            (&AUTO_SCALING, "aws-iso-b", "us-isob-east-1", plain, "autoscaling.us-isob-east-1.sc2s.sgov.gov"),
            (&STS, "aws-eusc", "eusc-de-east-1", plain, "sts.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(host(service, partition, region, fips, dual_stack), expected);
        }
        assert_eq!(sts_host("aws-cn", "cn-north-1"), "sts.cn-north-1.amazonaws.com.cn");
    }
}
