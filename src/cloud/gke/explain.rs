//! Errors in words for people: what is wrong, Google's own sentence, how to mend it, and what to quote to support.

use super::errors::{Action, ApiError, Refusal};
use crate::cloud::http::NoAnswer;
use crate::cloud::words::sentence;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError};

/// Where a user looks at operations.
pub(crate) const WHERE_TO_LOOK: &str =
    "`gcloud container operations list` and the cluster's page in the Google Cloud console show it";

/// What Google's texts about a bad request point to: text in lower case, attribute, advice (sources: issues of
/// hashicorp/google; the messages themselves are GKE's).
const INVALID: &[(&str, &str, &str)] = &[
    ("default machine type", "machine_type", "Set machine_type to one that has GPUs."),
    (
        "more than one taint",
        "taints",
        "The list holds a taint twice. gpu_taint = true already sets nvidia.com/gpu=present:NoSchedule.",
    ),
    (
        "accelerator count",
        "gpu",
        "GKE cannot change the number of GPUs of a pool. Replace it: `terraform apply -replace=<address>`.",
    ),
    ("partition size", "mig_profile", "GKE does not cut these GPUs so. Choose another mig_profile."),
    ("gpupartitionsize", "mig_profile", "GKE does not cut these GPUs so. Choose another mig_profile."),
    (
        "accelerator",
        "machine_type",
        "Check that the zones have these GPUs: `gcloud compute accelerator-types list`.",
    ),
    (
        "auto_upgrade",
        "gke.auto_upgrade",
        "A cluster in a release channel upgrades its nodes by itself: leave auto_upgrade out.",
    ),
    (
        "auto_repair",
        "gke.auto_repair",
        "A cluster in a release channel repairs its nodes by itself: leave auto_repair out.",
    ),
    ("reservation", "gke.reservation", "Check the reservation's name, project, zones and machine type."),
    ("disk type", "disk_type", "Choose a disk type that the machine type takes."),
    ("disk size", "disk_size_gb", "Choose another disk size."),
    (
        "service account",
        "gke.service_account",
        "Check that the service account exists and that you may act as it (roles/iam.serviceAccountUser).",
    ),
    (
        "version",
        "kubernetes_version",
        "Choose a version that `gcloud container get-server-config` lists and that is not above the cluster's.",
    ),
    (
        "machine type",
        "machine_type",
        "Check that the zones have this machine type: `gcloud compute machine-types list`.",
    ),
    (
        "machinetype",
        "machine_type",
        "Check that the zones have this machine type: `gcloud compute machine-types list`.",
    ),
    ("zone", "zones", "Check that the zones belong to the cluster's region."),
    ("location", "zones", "Check that the zones belong to the cluster's region."),
    ("label", "labels", "Check the labels and tags."),
];

/// An API error; `doing` completes "cannot …".
pub(crate) fn api_error(error: &ApiError, doing: &str) -> PoolError {
    match error {
        ApiError::Refused(refusal) => refused(refusal, doing),
        ApiError::NoAnswer(NoAnswer::NotSent { .. }) => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: Google's API cannot be reached"),
            detail: format!(
                "There is {error}. Check the network, proxies (HTTPS_PROXY) and, if set, the custom endpoint. Then \
                 apply again."
            ),
            attribute: None,
        },
        ApiError::NoAnswer(NoAnswer::Lost { .. }) => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: no answer came"),
            detail: format!(
                "Again and again {error}. Check the network, then apply again: what Google has carried out \
                 meanwhile is found then."
            ),
            attribute: None,
        },
        ApiError::Auth(error) => PoolError {
            kind: ErrorKind::Unauthenticated,
            summary: format!("Cannot {doing}: there are no usable Google credentials"),
            detail: error.to_string(),
            attribute: None,
        },
        ApiError::Nonsense { .. } => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: an answer cannot be understood"),
            detail: format!(
                "At the address of Google's API {error}. Check the custom endpoint and proxies; if none is set, a \
                 newer version of the provider may know this answer."
            ),
            attribute: None,
        },
    }
}

fn refused(refusal: &Refusal, doing: &str) -> PoolError {
    let (kind, summary, advice, attribute) = match refusal.action() {
        Action::Final(ErrorKind::Invalid) => {
            let (attribute, advice) = invalid(&refusal.message);
            (ErrorKind::Invalid, format!("Cannot {doing}: GKE refuses the request"), advice, attribute)
        }
        Action::Final(ErrorKind::Quota) => (
            ErrorKind::Quota,
            format!("Cannot {doing}: the project's quota does not suffice"),
            "GKE counts the GPUs of all zones together. Ask for more quota in the console under IAM & Admin > Quotas \
             (spot machines have quotas of their own), or use fewer nodes, another region or another machine type."
                .to_owned(),
            None,
        ),
        Action::Final(ErrorKind::Forbidden) => {
            (ErrorKind::Forbidden, format!("Cannot {doing}: permission denied"), forbidden(refusal), None)
        }
        Action::Final(ErrorKind::Unauthenticated) => (
            ErrorKind::Unauthenticated,
            format!("Cannot {doing}: Google does not accept the credentials"),
            "An access token is good for an hour at most. Log in again (`gcloud auth application-default login`), or \
             renew the token or key that the provider is given."
                .to_owned(),
            None,
        ),
        Action::NotFound => (
            ErrorKind::PoolNotFound,
            format!("Cannot {doing}: not found"),
            "Somebody may have deleted it meanwhile; `terraform plan` will tell.".to_owned(),
            None,
        ),
        Action::Stale => (
            ErrorKind::Invalid,
            format!("Cannot {doing}: the node pool keeps changing"),
            "Every time it was read and sent back, somebody else had changed it in between. Apply again when nobody \
             else is working on it."
                .to_owned(),
            None,
        ),
        Action::Exists => (
            ErrorKind::Invalid,
            format!("Cannot {doing}: GKE reports a conflict"),
            "Apply again; if it stays, look at the cluster's operations.".to_owned(),
            None,
        ),
        Action::Busy | Action::Throttled | Action::Again => (
            ErrorKind::Transport,
            format!("Cannot {doing}: Google's API keeps failing"),
            "It was tried several times. Apply again later; https://status.cloud.google.com tells about outages."
                .to_owned(),
            None,
        ),
        Action::Final(kind) => (
            kind,
            format!("Cannot {doing}: this is no answer of Google's API"),
            "Check the custom endpoint and proxies.".to_owned(),
            None,
        ),
    };
    PoolError { kind, summary, detail: detail(refusal, &advice), attribute }
}

fn detail(refusal: &Refusal, advice: &str) -> String {
    let words = sentence(&refusal.message);
    let request = refusal.request_id.as_ref().map(|id| format!(", request {id}")).unwrap_or_default();
    let status = if refusal.status.is_empty() { String::new() } else { format!(" {}", refusal.status) };
    format!("{words} {advice} (HTTP {}{status}{request})", refusal.http)
}

fn invalid(message: &str) -> (Option<Path>, String) {
    let lower = message.to_lowercase();
    let known = INVALID.iter().find(|(text, _, _)| lower.contains(text));
    match known {
        Some((_, attribute, advice)) => (Some(Path::of(attribute)), (*advice).to_owned()),
        None => (None, "Change the configuration accordingly.".to_owned()),
    }
}

fn forbidden(refusal: &Refusal) -> String {
    let has = |reason: &str| refusal.reasons.iter().any(|it| it == reason);
    let message = refusal.message.to_lowercase();
    if has("SERVICE_DISABLED") || has("accessNotConfigured") || message.contains("it is disabled") {
        "Enable the API: `gcloud services enable container.googleapis.com compute.googleapis.com \
         --project=<project>`."
            .to_owned()
    } else if message.contains("quota project") {
        "Set google.billing_project and google.user_project_override = true, or run `gcloud auth application-default \
         set-quota-project <project>`."
            .to_owned()
    } else {
        "Grant the identity the permission named above; the roles roles/container.clusterAdmin and \
         roles/compute.viewer have what node pools need (container.clusters.get and container.clusters.update among \
         it). Nodes that run as a service account need roles/iam.serviceAccountUser on it as well."
            .to_owned()
    }
}

/// A cluster that is not where its id says.
pub(crate) fn no_cluster(id: &str) -> PoolError {
    PoolError {
        kind: ErrorKind::ClusterNotFound,
        summary: "The cluster does not exist".to_owned(),
        detail: format!(
            "Google knows no {id}. Check project, location and name in cluster_id (`gcloud container clusters list` \
             lists what there is), and that the credentials are those of the right project."
        ),
        attribute: Some(Path::of("cluster_id")),
    }
}
