//! Errors in words for people: what is wrong, Azure's own sentence, how to mend it, and what to quote to support.

use super::auth::AuthError;
use super::errors::{Action, ApiError, Ids, Refusal, Told};
use crate::cloud::http::NoAnswer;
use crate::cloud::words::sentence;
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::{Path, PoolError};

/// Where a user looks at operations.
pub(crate) const WHERE_TO_LOOK: &str =
    "`az aks nodepool show`, and the cluster's activity log in the Azure portal, show it";

const SIZES: &str = "Choose a machine type that the subscription may use in this region: `az vm list-skus --location \
     <region> --size Standard_N --all --output table`.";
const PROFILES: &str = "AKS does not cut the GPUs of this machine type so. Choose another mig_profile.";
const VERSIONS: &str =
    "Choose a version that `az aks get-versions` lists and that is not above the cluster's.";
const SURGE: &str = "Check upgrade.max_surge and upgrade.max_unavailable.";
const LIMITS: &str = "Check the autoscaler's limits.";
const ZONES: &str = "Choose zones in which the region has this machine type.";

/// What Azure's codes and texts about a bad request point to: a part in lower case, attribute, advice (sources: property
/// names of the azure-mgmt-containerservice package 41.8.0; error texts in issues of hashicorp/azurerm and Azure/AKS).
const INVALID: &[(&str, &str, &str)] = &[
    ("vm size", "machine_type", SIZES),
    ("vmsize", "machine_type", SIZES),
    ("gpuinstanceprofile", "mig_profile", PROFILES),
    ("gpu instance profile", "mig_profile", PROFILES),
    ("mig profile", "mig_profile", PROFILES),
    ("managementmode", "aks.gpu_stack", "Choose another aks.gpu_stack."),
    ("gpuprofile", "aks.gpu_driver", "Check aks.gpu_stack and aks.gpu_driver."),
    ("orchestratorversion", "kubernetes_version", VERSIONS),
    ("kubernetes version", "kubernetes_version", VERSIONS),
    ("versionincompatible", "kubernetes_version", VERSIONS),
    ("k8sversion", "kubernetes_version", VERSIONS),
    ("maxpods", "max_pods", "Choose another max_pods; the subnet must have room for the addresses."),
    ("availabilityzone", "zones", ZONES),
    ("availability zone", "zones", ZONES),
    ("ossku", "aks.os_sku", "Choose another aks.os_sku."),
    ("osdisksize", "disk_size_gb", "Choose another disk size."),
    (
        "ephemeral",
        "disk_type",
        "Choose disk_type = \"Managed\", or a size that the machine's local disk has room for.",
    ),
    ("osdisktype", "disk_type", "Choose another disk_type."),
    (
        "capacityreservation",
        "aks.capacity_reservation_group_id",
        "Check the group, its region, zones and machine type.",
    ),
    ("proximityplacementgroup", "aks.proximity_placement_group_id", "Check the group and its region."),
    ("subnet", "aks.vnet_subnet_id", "Check the subnet, and that it has addresses to spare."),
    (
        "encryptionathost",
        "aks.host_encryption_enabled",
        "Register the feature EncryptionAtHost, or leave the option out.",
    ),
    ("fips", "aks.fips_enabled", "Leave aks.fips_enabled out."),
    ("kubeletconfig", "aks.kubelet_config", "Check aks.kubelet_config."),
    ("maxsurge", "upgrade", SURGE),
    ("maxunavailable", "upgrade", SURGE),
    ("taint", "taints", "Check the taints."),
    ("label", "labels", "Check the labels."),
    ("tag", "tags", "Check the tags."),
    ("spot", "capacity_type", "Check capacity_type and the options of spot machines."),
    ("mincount", "autoscaling", LIMITS),
    ("maxcount", "autoscaling", LIMITS),
];

/// An API error; `doing` completes "cannot …".
pub(crate) fn api_error(error: &ApiError, doing: &str) -> PoolError {
    match error {
        ApiError::Refused(refusal) => refused(refusal, doing),
        ApiError::NoAnswer(NoAnswer::NotSent { .. }) => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: Azure Resource Manager cannot be reached"),
            detail: format!(
                "There is {error}. Check the network, proxies (HTTPS_PROXY), azure.environment and, if set, the custom \
                 endpoint. Then apply again."
            ),
            attribute: None,
        },
        ApiError::NoAnswer(NoAnswer::Lost { .. }) => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: no answer came"),
            detail: format!(
                "Again and again {error}. Check the network, then apply again: what Azure has carried out meanwhile \
                 is found then."
            ),
            attribute: None,
        },
        ApiError::Auth(AuthError::Elsewhere(why)) => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: an answer leads elsewhere"),
            detail: format!("{why} Check the custom endpoint and proxies."),
            attribute: None,
        },
        ApiError::Auth(error) => PoolError {
            kind: ErrorKind::Unauthenticated,
            summary: format!("Cannot {doing}: there are no usable Azure credentials"),
            detail: error.to_string(),
            attribute: None,
        },
        ApiError::Taken => PoolError {
            kind: ErrorKind::Invalid,
            summary: format!("Cannot {doing}: {error}"),
            detail: "It was left as it is. Choose another name, or import it.".to_owned(),
            attribute: Some(Path::of("name")),
        },
        ApiError::Nonsense { .. } => PoolError {
            kind: ErrorKind::Transport,
            summary: format!("Cannot {doing}: an answer cannot be understood"),
            detail: format!(
                "At the address of Azure Resource Manager {error}. Check the custom endpoint and proxies; if none is \
                 set, a newer version of the provider may know this answer."
            ),
            attribute: None,
        },
    }
}

fn refused(refusal: &Refusal, doing: &str) -> PoolError {
    let told = &refusal.told;
    let (kind, summary, advice, attribute) = match refusal.action() {
        Action::Final(ErrorKind::Invalid) => {
            let (attribute, advice) = invalid(told);
            (ErrorKind::Invalid, format!("Cannot {doing}: AKS refuses the request"), advice, attribute)
        }
        Action::Final(ErrorKind::Quota) => (
            ErrorKind::Quota,
            format!("Cannot {doing}: {}", no_quota(told)),
            QUOTA_ADVICE.to_owned(),
            None,
        ),
        Action::Final(ErrorKind::NoCapacity) => (
            ErrorKind::NoCapacity,
            format!("Cannot {doing}: Azure has no such machines to give"),
            CAPACITY_ADVICE.to_owned(),
            Some(Path::of("machine_type")),
        ),
        Action::Final(ErrorKind::Forbidden) => {
            let (summary, advice) = forbidden(refusal);
            (ErrorKind::Forbidden, format!("Cannot {doing}: {summary}"), advice, None)
        }
        Action::Final(ErrorKind::Unauthenticated) => (
            ErrorKind::Unauthenticated,
            format!("Cannot {doing}: Azure does not accept the credentials"),
            unauthenticated(told),
            None,
        ),
        Action::Final(ErrorKind::Unsupported) => (
            ErrorKind::Unsupported,
            format!("Cannot {doing}: Azure does not do that here"),
            unsupported(told),
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
        Action::Exists | Action::Busy | Action::Throttled | Action::Again => (
            ErrorKind::Transport,
            format!("Cannot {doing}: Azure keeps failing"),
            "It was tried several times. Apply again later; https://azure.status.microsoft tells about outages."
                .to_owned(),
            None,
        ),
        Action::Final(kind) => (
            kind,
            format!("Cannot {doing}: this is no answer of Azure Resource Manager"),
            "Check the custom endpoint and proxies.".to_owned(),
            None,
        ),
    };
    PoolError { kind, summary, detail: detail(refusal, &advice), attribute }
}

fn detail(refusal: &Refusal, advice: &str) -> String {
    let code = refusal.told.cause_code();
    let code = if code.is_empty() { String::new() } else { format!(" {code}") };
    format!("{} {advice} (HTTP {}{code}{})", sentence(&refusal.told.words()), refusal.http, ids(&refusal.ids))
}

/// The ids to quote, each after a comma.
pub(crate) fn ids(ids: &Ids) -> String {
    let named = [("request", &ids.request), ("correlation", &ids.correlation)];
    let known = named.into_iter().filter_map(|(name, id)| Some(format!(", {name} {}", id.as_ref()?)));
    known.collect()
}

/// What to do when there are no machines.
pub(crate) const CAPACITY_ADVICE: &str = "Choose other zones or none, another machine type or region, or reserve the \
     machines first (aks.capacity_reservation_group_id).";

/// What to do when the quota does not suffice.
pub(crate) const QUOTA_ADVICE: &str = "Ask for more in the Azure portal under Quotas > Compute (spot machines share \
     one quota of their own), or use fewer nodes, another region or another machine type; `az vm list-usage --location \
     <region>` lists what there is.";

/// Which quota does not suffice, in half a sentence.
pub(crate) fn no_quota(told: &Told) -> String {
    match family(&told.words()) {
        Some(family) => format!("the quota of {family} does not suffice"),
        None => "the subscription's quota does not suffice".to_owned(),
    }
}

/// The VM family that a text about quota names, such as `StandardNCADSA100v4Family`.
fn family(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().find(|word| word.len() > "Family".len() && word.ends_with("Family"))
}

fn invalid(told: &Told) -> (Option<Path>, String) {
    let lower = format!("{} {}", told.codes().join(" "), told.words()).to_lowercase();
    let known = INVALID.iter().find(|(text, _, _)| lower.contains(text));
    let attribute = known.map(|(_, attribute, _)| Path::of(attribute));
    if told.has_code("PropertyChangeNotAllowed") {
        let advice =
            "AKS cannot change this in an existing pool. Replace it: `terraform apply -replace=<address>`.";
        return (attribute, advice.to_owned());
    }
    let advice = known.map_or("Change the configuration accordingly.", |(_, _, advice)| advice);
    (attribute, advice.to_owned())
}

fn forbidden(refusal: &Refusal) -> (String, String) {
    let told = &refusal.told;
    let (summary, advice) = if told.has_code("SubscriptionNotFound") {
        (
            "the credentials do not see the subscription",
            "Check the subscription in cluster_id, that it belongs to the tenant of the credentials (azure.tenant_id, \
             azure.environment), and that the identity has a role in it.",
        )
    } else if told.has_code("RequestDisallowedByPolicy") {
        ("a policy forbids it", "Change what the policy named above objects to, or have it exempted.")
    } else if told.has_code("ScopeLocked") {
        ("a lock forbids it", "Remove the lock named above: `az lock list`, `az lock delete`.")
    } else if told.has_code("MissingSubscriptionRegistration") {
        (
            "a resource provider is not registered",
            "Register it: `az provider register --namespace Microsoft.ContainerService`.",
        )
    } else if told.has_code("ReadOnlyDisabledSubscription") {
        ("the subscription is disabled", "Enable it again, or use another one.")
    } else if told.has_code("LinkedAuthorizationFailed") {
        (
            "permission denied on what the pool uses",
            "Grant the identity the action named above on that subnet, capacity reservation group or other resource, \
             too.",
        )
    } else {
        (
            "permission denied",
            "Grant the identity the action named above on the scope named above; the role \"Azure Kubernetes Service \
             Contributor Role\" on the cluster has what node pools need. A new grant takes some minutes to be seen.",
        )
    };
    (summary.to_owned(), advice.to_owned())
}

fn unauthenticated(told: &Told) -> String {
    let words = told.words().to_lowercase();
    if told.has_code("InvalidAuthenticationTokenTenant") || words.contains("wrong issuer") {
        "The token is of another tenant than the subscription's. Set azure.tenant_id, or log in there: `az login \
         --tenant <tenant>`."
            .to_owned()
    } else {
        "Log in again (`az login`), or renew the secret, certificate or token that the provider is given."
            .to_owned()
    }
}

fn unsupported(told: &Told) -> String {
    if told.has_code("OperationNotAllowed") {
        "Start the cluster first: `az aks start`.".to_owned()
    } else {
        "This cloud's AKS does not know the API version that was asked for; see azure.api_version and \
         azure.environment."
            .to_owned()
    }
}

/// A cluster that is not where its id says.
pub(crate) fn no_cluster(id: &str) -> PoolError {
    PoolError {
        kind: ErrorKind::ClusterNotFound,
        summary: "The cluster does not exist".to_owned(),
        detail: format!(
            "Azure knows no {id}. Check subscription, resource group and name in cluster_id (`az aks list \
             --subscription <subscription>` lists what there is)."
        ),
        attribute: Some(Path::of("cluster_id")),
    }
}

/// A cluster whose machines do not run.
pub(crate) fn stopped_cluster(id: &str) -> PoolError {
    PoolError {
        kind: ErrorKind::Unsupported,
        summary: "The cluster is stopped".to_owned(),
        detail: format!("A stopped cluster takes no node pools. Start {id} first: `az aks start`."),
        attribute: Some(Path::of("cluster_id")),
    }
}
