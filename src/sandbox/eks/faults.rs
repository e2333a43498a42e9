//! Faults in AWS's words.

use super::errors::Refusal;
use super::model::Eks;
use super::{Service, routes};
use crate::sandbox::exchange::{Answer, Call};
use crate::sandbox::fault_kinds::Refused;

impl Eks {
    /// The error that a fault answers a call with.
    pub(crate) fn refuse(&mut self, call: &Call, refused: &Refused) -> Answer {
        let service = routes::service(&call.path);
        let request_id = self.requests.uuid();
        let mut answer = refusal(service, call, refused).answer(service, &request_id);
        answer.headers.push(("x-amzn-requestid", request_id));
        answer
    }
}

fn refusal(service: Service, call: &Call, refused: &Refused) -> Refusal {
    let part = |index: usize| call.path.trim_matches('/').split('/').nth(index).unwrap_or_default();
    let (cluster, group) = (part(1), part(3));
    match refused {
        Refused::Throttle { retry_after } => {
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            match service {
                Service::Eks => Refusal::new(429, "ThrottlingException", "Rate exceeded"),
                Service::Ec2 => Refusal::new(503, "RequestLimitExceeded", "Request limit exceeded."),
                Service::Sts | Service::AutoScaling => Refusal::new(400, "Throttling", "Rate exceeded"),
            }
            .after(seconds)
        }
        Refused::Busy | Refused::Etag { .. } => match service {
            Service::Eks => {
                Refusal::in_use(format!("Nodegroup {group} has an update in progress and cannot be updated"))
                    .about("clusterName", cluster)
                    .about("nodegroupName", group)
            }
            Service::AutoScaling => Refusal::new(
                400,
                "ResourceContention",
                "There is a pending update to this Auto Scaling group.",
            ),
            Service::Ec2 | Service::Sts => {
                Refusal::new(503, "Unavailable", "The service is busy. Try again later.")
            }
        },
        Refused::QuotaOperations | Refused::Quota { .. } => match service {
            Service::Eks => {
                Refusal::new(400, "ResourceLimitExceededException", "Cannot exceed 30 nodegroups per cluster")
                    .about("clusterName", cluster)
            }
            Service::Ec2 => Refusal::new(
                400,
                "VersionLimitExceeded",
                "The maximum number of versions of a launch template has been reached.",
            ),
            Service::Sts | Service::AutoScaling => {
                Refusal::new(400, "LimitExceeded", "You have reached a limit for the account.")
            }
        },
        Refused::NotFound { what } => match service {
            Service::Eks if *what == "cluster" || group.is_empty() => Refusal::no_cluster(cluster),
            Service::Eks => Refusal::no_group(cluster, group),
            Service::Ec2 => Refusal::new(
                400,
                "InvalidLaunchTemplateId.NotFound",
                "The specified launch template does not exist.",
            ),
            Service::Sts | Service::AutoScaling => {
                Refusal::new(400, "ValidationError", "AutoScalingGroup name not found")
            }
        },
        Refused::Permission => match service {
            Service::Eks => Refusal::new(
                403,
                "AccessDeniedException",
                format!(
                    "User: arn:aws:iam::000000000000:user/sandbox is not authorized to perform: eks:{} on resource: {}",
                    verb(call),
                    call.path
                ),
            ),
            Service::Ec2 => Refusal::new(
                403,
                "UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
            Service::Sts | Service::AutoScaling => Refusal::new(
                403,
                "AccessDenied",
                format!(
                    "User: arn:aws:iam::000000000000:user/sandbox is not authorized to perform: {}:{}",
                    part(0),
                    part(1)
                ),
            ),
        },
        Refused::Unauthenticated => Refusal::expired(service),
        Refused::Unavailable => match service {
            Service::Eks => Refusal::new(503, "ServiceUnavailableException", "Service is unavailable."),
            Service::Ec2 => {
                Refusal::new(503, "Unavailable", "The service is unavailable. Please try again shortly.")
            }
            Service::Sts | Service::AutoScaling => {
                Refusal::new(503, "ServiceUnavailable", "Service is unable to handle request.")
            }
        },
    }
}

/// The action in IAM's words.
fn verb(call: &Call) -> &'static str {
    match (call.method.as_str(), call.path.trim_matches('/').split('/').count()) {
        ("DELETE", _) => "DeleteNodegroup",
        ("POST", 3) => "CreateNodegroup",
        ("POST", _) if call.path.ends_with("update-version") => "UpdateNodegroupVersion",
        ("POST", _) => "UpdateNodegroupConfig",
        (_, 2) => "DescribeCluster",
        (_, 3) => "ListNodegroups",
        _ => "DescribeNodegroup",
    }
}
