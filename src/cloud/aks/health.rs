//! How a pool fares: from its state and the errors that Azure keeps with it to what is to be done.

use super::errors::Told;
use super::wire;
use crate::nodepool::Health;

/// What may be expected of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Usable.
    Ready,
    /// AKS is working on it.
    Working,
    /// There are no machines for now. AKS has given up, and tries again when it is asked to.
    Starved,
    /// Somebody stopped the operation. AKS finishes it when it is asked to.
    Canceled,
    /// Nothing will change without another configuration, or more quota.
    Broken,
    /// It is being deleted.
    Deleting,
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Azure has no machines of this type to give, here and now.
    Capacity,
    /// The subscription's quota is used up.
    Quota,
    /// Anything else: what was asked for is refused, or the reason is not known.
    Other,
}

/// Codes that mean that there are no machines (source: Azure documentation, "Troubleshoot allocation failures"; ARM
/// documentation, "SKU not available errors").
const CAPACITY: [&str; 5] = [
    "SkuNotAvailable",
    "AllocationFailed",
    "ZonalAllocationFailed",
    "OverconstrainedAllocationRequest",
    "OverconstrainedZonalAllocationRequest",
];

/// Codes that mean a quota (source: error texts in issues of hashicorp/azurerm and Azure/AKS).
const QUOTA: [&str; 2] = ["InsufficientVCPUQuota", "QuotaExceeded"];

/// Why something failed.
pub(crate) fn cause(told: &Told) -> Cause {
    let any = |codes: &[&str]| codes.iter().any(|code| told.has_code(code));
    let quota_text = told.has_code("OperationNotAllowed") && told.words().to_lowercase().contains("quota");
    if any(&QUOTA) || quota_text {
        Cause::Quota
    } else if any(&CAPACITY) {
        Cause::Capacity
    } else {
        Cause::Other
    }
}

/// What Azure keeps with a pool about its failure.
pub(crate) fn error(pool: &wire::AgentPool) -> Option<Told> {
    Told::in_value(pool.properties.status.as_ref()?.provisioning_error.as_ref()?)
}

/// What may be expected of a pool.
pub(crate) fn outlook(pool: &wire::AgentPool) -> Outlook {
    match pool.properties.provisioning_state.as_deref().unwrap_or_default() {
        "Succeeded" => Outlook::Ready,
        "Failed" => match error(pool).as_ref().map(cause) {
            Some(Cause::Capacity) => Outlook::Starved,
            Some(Cause::Quota | Cause::Other) | None => Outlook::Broken,
        },
        "Canceled" | "Cancelled" => Outlook::Canceled,
        "Deleting" => Outlook::Deleting,
        // Creating, Updating, Scaling, Upgrading, and whatever a later API adds.
        _ => Outlook::Working,
    }
}

/// What Azure says about a pool, in one line.
pub(crate) fn words(pool: &wire::AgentPool) -> String {
    let state = pool.properties.provisioning_state.as_deref().filter(|state| !state.is_empty());
    let mut words = format!("state {}", state.unwrap_or("unknown"));
    let power = pool.properties.power_state.as_ref().and_then(|it| it.code.as_deref());
    if power.is_some_and(|power| power.eq_ignore_ascii_case("Stopped")) {
        words.push_str("; its machines are stopped");
    }
    if let Some(told) = error(pool) {
        words.push_str("; ");
        words.push_str(&told.coded_words());
    }
    words
}

/// The neutral health of a pool.
pub(crate) fn health(pool: &wire::AgentPool) -> Health {
    match outlook(pool) {
        Outlook::Ready => Health::Ready,
        Outlook::Deleting => Health::Deleting,
        Outlook::Working => Health::Pending(words(pool)),
        Outlook::Starved | Outlook::Canceled => Health::Stalled(words(pool)),
        Outlook::Broken => Health::Failed(words(pool)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pool(state: &str, error: &Value) -> wire::AgentPool {
        let properties = json!({"provisioningState": state, "status": {"provisioningError": error}});
        serde_json::from_value(json!({"name": "p", "properties": properties})).unwrap()
    }

    #[test]
    fn every_state_has_an_outlook() {
        let wrapped = |code: &str, message: &str| {
            json!({
                "code": "CreateVMSSAgentPoolFailed", "message": "Unable to create the pool",
                "details": [{"code": code, "message": message}],
            })
        };
        for (state, error, expected) in [
            ("Succeeded", Value::Null, Outlook::Ready),
            ("Creating", Value::Null, Outlook::Working),
            ("UpgradingNodeImageVersion", Value::Null, Outlook::Working),
            ("SomethingNew", Value::Null, Outlook::Working),
            ("Deleting", Value::Null, Outlook::Deleting),
            ("Canceled", Value::Null, Outlook::Canceled),
            ("Cancelled", Value::Null, Outlook::Canceled),
            ("Failed", Value::Null, Outlook::Broken),
            ("Failed", wrapped("SkuNotAvailable", "none left"), Outlook::Starved),
            ("Failed", wrapped("OverconstrainedZonalAllocationRequest", ""), Outlook::Starved),
            ("Failed", wrapped("ErrCode_InsufficientVCPUQuota", "no quota"), Outlook::Broken),
            (
                "Failed",
                wrapped("OperationNotAllowed", "exceeding approved standardNC quota"),
                Outlook::Broken,
            ),
            ("Failed", wrapped("LinkedAuthorizationFailed", "no"), Outlook::Broken),
        ] {
            assert_eq!(outlook(&pool(state, &error)), expected, "{state} {error}");
        }
    }

    #[test]
    fn the_words_name_the_cause_and_stopped_machines() {
        let mut failed = pool(
            "Failed",
            &json!({"code": "ReconcileVMSSAgentPoolFailed", "message": "Failed.", "details": [
                {"code": "AllocationFailed", "message": "No capacity in zone 1."}
            ]}),
        );
        failed.properties.power_state = Some(wire::PowerState { code: Some("Stopped".to_owned()) });
        assert_eq!(
            words(&failed),
            "state Failed; its machines are stopped; AllocationFailed: Failed. No capacity in zone 1."
        );
        assert_eq!(words(&wire::AgentPool::default()), "state unknown");
    }
}
