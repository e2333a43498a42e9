//! How a pool fares: from its status, its conditions and the texts of failed operations to what is to be done.

use super::wire;
use crate::nodepool::Health;

/// What may be expected of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Usable.
    Ready,
    /// GKE is working on it.
    Working,
    /// There are no machines, or no quota, for now; GKE goes on trying.
    Starved,
    /// Something is wrong that GKE may or may not get over by itself.
    Sick,
    /// Nothing will change without another configuration.
    Broken,
    /// It is being deleted.
    Deleting,
}

/// Why nodes do not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The zone has no machines of this type to give.
    Stockout,
    /// The project's quota is used up. It may be raised or freed while GKE goes on trying.
    Quota,
    /// Nothing that goes away by itself: permissions, a limit of the cluster, no room for pods.
    Permanent,
    /// Not known.
    Unknown,
}

/// Texts by which a cause is known, tried in this order, without case (sources: condition codes of the GKE API
/// discovery document v1; Compute Engine error codes in GKE's operation errors; the errors that Google's GKE
/// autoscaler holds for permanent).
const TEXTS: &[(&str, Cause)] = &[
    ("cluster byte size limit reached", Cause::Permanent),
    ("cannot find pod range", Cause::Permanent),
    ("gce_stockout", Cause::Stockout),
    ("zone_resource_pool_exhausted", Cause::Stockout),
    ("does not have enough resources available", Cause::Stockout),
    ("gce_quota_exceeded", Cause::Quota),
    ("quota_exceeded", Cause::Quota),
    ("exceeded quota", Cause::Quota),
    ("insufficient regional quota", Cause::Quota),
];

/// Condition codes that stay until somebody mends what they name (source: GKE API discovery document v1).
const LASTING: &[&str] = &[
    "GKE_SERVICE_ACCOUNT_DELETED",
    "NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS",
    "CLOUD_KMS_KEY_ERROR",
    "CLOUD_KMS_KEY_DESTROYED",
];

/// `google.rpc.Code` of `INVALID_ARGUMENT`, `PERMISSION_DENIED` and `UNAUTHENTICATED`: what was asked is refused.
const REFUSED: [i64; 3] = [3, 7, 16];
/// `google.rpc.Code` of `RESOURCE_EXHAUSTED`.
const EXHAUSTED: i64 = 8;

/// The cause that a text names.
pub(crate) fn cause_of_text(text: &str) -> Cause {
    let text = text.to_lowercase();
    TEXTS.iter().find(|(known, _)| text.contains(known)).map_or(Cause::Unknown, |(_, cause)| *cause)
}

/// The cause of a failed operation, by its text first: a stock-out and a used-up quota share one code.
pub(crate) fn cause_of_operation(code: i64, text: &str) -> Cause {
    match cause_of_text(text) {
        Cause::Unknown if REFUSED.contains(&code) => Cause::Permanent,
        Cause::Unknown if code == EXHAUSTED => Cause::Quota,
        known => known,
    }
}

fn cause_of_condition(condition: &wire::Condition) -> Cause {
    match condition.code.as_str() {
        "GCE_STOCKOUT" => Cause::Stockout,
        "GCE_QUOTA_EXCEEDED" => Cause::Quota,
        code if LASTING.contains(&code) => Cause::Permanent,
        _ => match (cause_of_text(&condition.message), condition.canonical_code.as_str()) {
            (Cause::Unknown, "RESOURCE_EXHAUSTED") => Cause::Quota,
            (Cause::Unknown, "PERMISSION_DENIED" | "UNAUTHENTICATED" | "INVALID_ARGUMENT") => {
                Cause::Permanent
            }
            (cause, _) => cause,
        },
    }
}

/// What may be expected of a pool.
pub(crate) fn outlook(pool: &wire::NodePool) -> Outlook {
    match pool.status.as_str() {
        "RUNNING" => Outlook::Ready,
        "STOPPING" => Outlook::Deleting,
        "ERROR" | "RUNNING_WITH_ERROR" => ailing(pool),
        // PROVISIONING, RECONCILING, and whatever a later API adds.
        _ => Outlook::Working,
    }
}

fn ailing(pool: &wire::NodePool) -> Outlook {
    let causes: Vec<Cause> =
        pool.conditions.iter().map(cause_of_condition).chain([cause_of_text(&pool.status_message)]).collect();
    let any = |wanted: Cause| causes.contains(&wanted);
    // With RUNNING_WITH_ERROR some nodes work, so the pool is never given up for what keeps others away.
    if any(Cause::Permanent) && pool.status == "ERROR" {
        Outlook::Broken
    } else if any(Cause::Stockout) || any(Cause::Quota) {
        Outlook::Starved
    } else {
        Outlook::Sick
    }
}

/// What the cloud says about a pool, in one line.
pub(crate) fn words(pool: &wire::NodePool) -> String {
    let mut words = format!("status {}", if pool.status.is_empty() { "unknown" } else { &pool.status });
    for condition in &pool.conditions {
        let code = if condition.code.is_empty() { &condition.canonical_code } else { &condition.code };
        words.push_str("; ");
        words.push_str(code);
        if !condition.message.is_empty() {
            words.push_str(": ");
            words.push_str(condition.message.trim());
        }
    }
    let told = pool.conditions.iter().any(|condition| condition.message.contains(pool.status_message.trim()));
    if !pool.status_message.is_empty() && !told {
        words.push_str("; ");
        words.push_str(pool.status_message.trim());
    }
    words
}

/// The neutral health of a pool.
pub(crate) fn health(pool: &wire::NodePool) -> Health {
    match outlook(pool) {
        Outlook::Ready => Health::Ready,
        Outlook::Deleting => Health::Deleting,
        Outlook::Working | Outlook::Starved | Outlook::Sick => Health::Pending(words(pool)),
        Outlook::Broken => Health::Failed(words(pool)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(status: &str, code: &str, message: &str) -> wire::NodePool {
        let conditions = if code.is_empty() && message.is_empty() {
            Vec::new()
        } else {
            vec![wire::Condition {
                code: code.to_owned(),
                canonical_code: String::new(),
                message: message.to_owned(),
            }]
        };
        wire::NodePool { status: status.to_owned(), conditions, ..wire::NodePool::default() }
    }

    #[test]
    fn every_status_has_an_outlook() {
        for (status, code, message, expected) in [
            ("RUNNING", "", "", Outlook::Ready),
            ("RUNNING", "CA_EXPIRING", "soon", Outlook::Ready),
            ("PROVISIONING", "", "", Outlook::Working),
            ("PROVISIONING", "GCE_STOCKOUT", "none", Outlook::Working),
            ("RECONCILING", "", "", Outlook::Working),
            ("STOPPING", "", "", Outlook::Deleting),
            ("ERROR", "GCE_STOCKOUT", "", Outlook::Starved),
            ("ERROR", "GCE_QUOTA_EXCEEDED", "", Outlook::Starved),
            ("RUNNING_WITH_ERROR", "GCE_STOCKOUT", "", Outlook::Starved),
            ("ERROR", "GKE_SERVICE_ACCOUNT_DELETED", "", Outlook::Broken),
            ("ERROR", "CLOUD_KMS_KEY_DESTROYED", "", Outlook::Broken),
            ("RUNNING_WITH_ERROR", "NODE_SERVICE_ACCOUNT_MISSING_PERMISSIONS", "", Outlook::Sick),
            ("ERROR", "UNKNOWN", "Cannot find pod range with enough available IPs", Outlook::Broken),
            ("ERROR", "", "", Outlook::Sick),
            ("SOMETHING_NEW", "", "", Outlook::Working),
        ] {
            assert_eq!(outlook(&pool(status, code, message)), expected, "{status} {code} {message}");
        }
    }

    #[test]
    fn the_old_status_message_counts_too() {
        let mut ailing = pool("ERROR", "", "");
        ailing.status_message = "The zone 'x' does not have enough resources available".to_owned();
        assert_eq!(outlook(&ailing), Outlook::Starved);
        assert!(words(&ailing).contains("enough resources"));
    }

    #[test]
    fn operations_are_judged_by_text_before_code() {
        assert_eq!(cause_of_operation(8, "[GCE_STOCKOUT]: Instance"), Cause::Stockout);
        assert_eq!(cause_of_operation(8, "something"), Cause::Quota);
        assert_eq!(cause_of_operation(7, "no"), Cause::Permanent);
        assert_eq!(cause_of_operation(16, ""), Cause::Permanent);
        assert_eq!(cause_of_operation(13, "internal"), Cause::Unknown);
        assert_eq!(cause_of_operation(8, "Cluster byte size limit reached"), Cause::Permanent);
    }
}
