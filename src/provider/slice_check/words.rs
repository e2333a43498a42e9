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
        let looks = [
            (Why::Check(advice()), false),
            (Why::Check(advice()), true),
            (Why::Check(NotVerified::NoNodes), false),
            (Why::Check(NotVerified::Interrupted), false),
            (Why::TooSlow, false),
            (Why::NotConfigured, false),
        ];
        let shown = looks.map(|(why, advised)| told(&Look::NotVerified(why), advised));
        assert!(!shown[1].contains("helm"), "it is not told twice");
        insta::assert_snapshot!(shown.join("\n---\n"));
    }

    #[test]
    fn a_mismatch_shows_the_nodes() {
        let look = Look::Wrong(Mismatch {
            resource: "nvidia.com/gpu".to_owned(),
            per_node: 7,
            nodes: Vec::new(),
            missing: 2,
            allocatable: 0,
            waited: Duration::from_secs(900),
            findings: Vec::new(),
        });
        insta::assert_snapshot!(told(&look, false));
        let error = failure(&pool(), &look).unwrap();
        assert!(error.has_errors());
    }
}
