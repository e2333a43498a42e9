use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::cloud::eks::errors::Refusal;
use crate::cloud::eks::testing::CLUSTER;
use crate::cloud::eks::update::refused;
use crate::nodepool::pools::Progress;

fn id() -> PoolId {
    PoolId { cluster: CLUSTER.parse().unwrap(), name: "mig2g".to_owned() }
}

fn group(status: &str, issues: &Value) -> wire::Nodegroup {
    let whole = json!({"nodegroupName": "mig2g", "status": status, "health": {"issues": issues}});
    serde_json::from_value(whole).unwrap()
}

fn no_machines() -> Value {
    json!([{
        "code": "AsgInstanceLaunchFailures",
        "message": "Could not launch On-Demand Instances. InsufficientInstanceCapacity",
        "resourceIds": ["eks-mig2g-0"],
    }])
}

#[derive(Debug)]
struct Nobody;

impl Progress for Nobody {
    fn checkpoint(&self, _: crate::nodepool::pools::Checkpoint) {}
    fn warn(&self, _: String, _: String) {}
}

fn call() -> Call {
    let timeout = Duration::from_secs(3600);
    Call {
        cancelled: tokio_util::sync::CancellationToken::new(),
        deadline: Instant::now() + timeout,
        timeout,
        progress: Box::new(Nobody),
        nodes: None,
    }
}

fn begun(kind: PendingKind, update: &str) -> Pending {
    Pending { since: "2026-01-01T00:00:00Z".to_owned(), ..pending(&id(), kind, update) }
}

fn cut(trouble: Trouble, last: Option<wire::Nodegroup>) -> String {
    let kind = begun(PendingKind::Create, "");
    match cut_short(&call(), &id(), &kind, Cut { trouble, last: last.map(Box::new) }) {
        Finished::Incomplete(incomplete) => format!("{:?}: {}", incomplete.reason, incomplete.message),
        Finished::Ready(_) => panic!("a wait that was cut short is no end"),
    }
}

fn shown(error: &PoolError) -> String {
    let path = error.attribute.as_ref().map(|path| format!(" at {path}")).unwrap_or_default();
    format!("{:?}{path}: {}\n  {}", error.kind, error.summary, error.detail)
}

/// Every way in which a wait may end before the node group is ready, for reading.
#[test]
fn where_a_wait_got_to() {
    let stopped = |why| Trouble::Stopped { why, waited_for: None };
    let down = ApiError::Refused(Box::new(Refusal {
        http: 503,
        code: "ServiceUnavailableException".to_owned(),
        message: "Service is unavailable".to_owned(),
        about: None,
        request_id: Some("r1".to_owned()),
        ..Refusal::default()
    }));
    let found = [
        cut(stopped(Stopped::Interrupted), None),
        cut(stopped(Stopped::TimedOut), Some(group("CREATING", &json!([])))),
        cut(stopped(Stopped::TimedOut), Some(group("CREATING", &no_machines()))),
        cut(Trouble::Api(down), None),
    ];
    insta::assert_snapshot!(found.join("\n"));
}

/// What is told of node groups that did not become what they should, for reading.
#[test]
fn what_became_of_a_node_group() {
    let create = begun(PendingKind::Create, "");
    let update = begun(PendingKind::Update, "0b1d");
    let subnet = json!([{"code": "Ec2SubnetNotFound", "message": "Not found", "resourceIds": ["subnet-1"]}]);
    let errors: Vec<wire::Issue> = serde_json::from_value(json!([{
        "errorCode": "PodEvictionFailure",
        "errorMessage": "Reached max retries while trying to evict pods from nodes in node group mig2g",
        "resourceIds": ["ip-10-0-0-1.ec2.internal"],
    }]))
    .unwrap();
    let doing = "change the launch template of the node group mig2g";
    let found = [
        shown(&broken(&id(), &group("CREATE_FAILED", &no_machines()), &create)),
        degraded(&id(), &group("DEGRADED", &subnet), &create).message,
        shown(&gone(&id(), &create)),
        shown(&gone(&id(), &update)),
        shown(&refused::failed(doing, &id(), &update, &errors)),
        shown(&refused::failed(doing, &id(), &update, &[])),
        shown(&refused::cancelled(&earlier(&id()), &id(), &update)),
    ];
    insta::assert_snapshot!(found.join("\n"));
}
