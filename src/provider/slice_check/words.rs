//! What a user reads of slices that were not seen.

use crate::kubernetes::check::NotVerified;
use crate::nodepool::PoolId;
use crate::tfplugin::{Diagnostic, Diagnostics};

use super::look::{Look, Why};

/// How to look again: an apply without changes does not.
const AGAIN: &str = "The next apply does not look again by itself: the resource gpuslice_slice_check does, and so does \
                     `kubectl describe nodes`.";

/// How not to look.
const OFF: &str = "slice_check = \"off\" leaves the look out.";

/// A pool's warning; `None` where all is well. `advised` says that the user has been told what to install.
pub(in crate::provider) fn warning(pool: &PoolId, look: &Look, advised: bool) -> Option<Diagnostic> {
    let name = &pool.name;
    match look {
        Look::Seen(_) => None,
        Look::NotVerified(why) => {
            let detail = match why {
                Why::Check(NotVerified::NothingAnnounces { .. }) if advised => {
                    "Nothing on the cluster announces them yet; another warning says what to install or set."
                        .to_owned()
                }
                why => why.detail(),
            };
            let off = match why {
                Why::Check(NotVerified::Interrupted) => String::new(),
                _ => format!(" {OFF}"),
            };
            Some(Diagnostic::warning(
                format!("The slices of the node pool {name} were not verified"),
                format!("{detail}\n\nThe pool is ready and stays as it is. {AGAIN}{off}"),
            ))
        }
        Look::Wrong(mismatch) => Some(Diagnostic::warning(
            format!("Node pool {name}: {}", mismatch.summary()),
            format!("{}\n\nThe pool is ready and stays as it is. {AGAIN} {OFF}", mismatch.detail()),
        )),
    }
}

/// The error of a resource that exists to see slices.
pub(super) fn failure(pool: &PoolId, look: &Look) -> Option<Diagnostics> {
    const KEPT: &str = "The node pool stays as it is. The next `terraform apply` looks again.";
    let name = &pool.name;
    match look {
        Look::Seen(_) => None,
        Look::NotVerified(why) => Some(Diagnostics::error(
            format!("The slices of the node pool {name} were not verified"),
            format!("{}\n\n{KEPT}", why.detail()),
        )),
        Look::Wrong(mismatch) => Some(Diagnostics::error(
            format!("Node pool {name}: {}", mismatch.summary()),
            format!("{}\n\n{KEPT}", mismatch.detail()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kubernetes::check::Mismatch;

    fn pool() -> PoolId {
        "projects/p/locations/l/clusters/c/nodePools/mig".parse().unwrap()
    }

    fn told(look: &Look, advised: bool) -> String {
        let warning = warning(&pool(), look, advised).unwrap();
        format!("{}\n{}", warning.summary, warning.detail)
    }

    #[test]
    fn what_was_seen_is_no_news() {
        assert_eq!(warning(&pool(), &Look::Seen(7), false), None);
        assert!(failure(&pool(), &Look::Seen(7)).is_none());
    }

    #[test]
    fn what_was_not_verified_says_why_and_what_to_do() {
        let advice = || NotVerified::NothingAnnounces { advice: "Install it with helm.".to_owned() };
        for (why, advised, says) in [
            (Why::Check(advice()), false, "Install it with helm."),
            (Why::Check(advice()), true, "another warning says what to install"),
            (Why::Check(NotVerified::NoNodes), false, "The pool has no nodes now."),
            (Why::Check(NotVerified::Interrupted), false, "The check was interrupted."),
            (Why::TooSlow, false, "did not tell within 30 s"),
            (Why::NoTime(Duration::from_secs(90)), false, "time-out of 1m30s has passed"),
            (Why::NotConfigured, false, "does not exist yet"),
        ] {
            let interrupted = why == Why::Check(NotVerified::Interrupted);
            let text = told(&Look::NotVerified(why), advised);
            assert!(text.starts_with("The slices of the node pool mig were not verified\n"), "{text}");
            assert!(text.contains(says) && text.contains("stays as it is") && text.contains(AGAIN), "{text}");
            assert_eq!(text.contains(OFF), !interrupted, "who interrupts has not asked for no look: {text}");
            assert!(!advised || !text.contains("helm"), "it is not told twice: {text}");
        }
    }

    #[test]
    fn a_mismatch_shows_what_is_missing_as_a_warning_or_an_error() {
        let look = Look::Wrong(Mismatch {
            resource: "nvidia.com/gpu".to_owned(),
            per_node: 7,
            nodes: Vec::new(),
            missing: 2,
            allocatable: 0,
            waited: Duration::from_secs(900),
            findings: Vec::new(),
        });
        let text = told(&look, false);
        assert!(
            text.starts_with("Node pool mig: 0 of 2 nodes offer the planned 7 nvidia.com/gpu\n"),
            "{text}"
        );
        assert!(text.contains("2 nodes have not joined the cluster") && text.contains(OFF), "{text}");
        let error = failure(&pool(), &look).unwrap().to_string();
        assert!(error.contains("The next `terraform apply` looks again") && !error.contains(OFF), "{error}");
    }
}
