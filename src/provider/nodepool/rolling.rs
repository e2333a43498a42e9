//! The warning before an update that replaces or restarts every node.

use crate::nodepool::spec::Amount;
use crate::nodepool::{Change, Problems};
use crate::slicing::Cloud;
use crate::tfplugin::Plan;

use super::planning::paths_of;

/// Warns when an update replaces or restarts every node, with what that takes.
pub(super) fn warn(plan: &Plan<'_>, cloud: Cloud, problems: &mut Problems) {
    let rolled: Vec<String> =
        paths_of(cloud, Change::Rolls).into_iter().filter(|path| plan.changed(path)).collect();
    let Some(first) = rolled.first() else { return };
    let count = plan.get("node_count").as_u64();
    let nodes = match count {
        Some(1) => "the pool's only node".to_owned(),
        Some(count) => format!("all {count} nodes of the pool"),
        None => "every node of the pool".to_owned(),
    };
    let surge = plan.get("upgrade.max_surge").as_str().and_then(|text| text.parse().ok());
    let machine_type = plan.get("machine_type").as_str().unwrap_or("the pool's type");
    problems.warning(
        first,
        format!("Changing {} rolls {nodes}", rolled.join(", ")),
        format!(
            "The cloud replaces the nodes one after the other, and pods on them are evicted. {}",
            spare(surge, count, machine_type)
        ),
    );
}

/// The machines that it takes beyond those of the pool.
fn spare(surge: Option<Amount>, nodes: Option<u64>, machine_type: &str) -> String {
    const NONE_NEEDED: &str =
        "Where GPUs are scarce, max_surge = \"0\" with max_unavailable = \"1\" needs none.";
    let needs = |machines: String, why: String| {
        format!("While it lasts it needs {machines} of type {machine_type} ({why}). {NONE_NEEDED}")
    };
    let machines = |count: u64| match count {
        1 => "1 spare machine".to_owned(),
        count => format!("{count} spare machines"),
    };
    match (surge, nodes) {
        (Some(Amount::Nodes(0) | Amount::Percent(0)), _) => {
            "No spare machine is needed, since upgrade.max_surge is 0; nodes go away before their successors come."
                .to_owned()
        }
        (Some(Amount::Nodes(count)), _) => {
            needs(machines(count.into()), format!("upgrade.max_surge = \"{count}\""))
        }
        // A share is rounded up to whole nodes (source: AKS documentation, "Customize node surge upgrade").
        (Some(Amount::Percent(percent)), Some(nodes)) => {
            let count = nodes.saturating_mul(percent.into()).div_ceil(100).max(1);
            needs(machines(count), format!("upgrade.max_surge = \"{percent}%\""))
        }
        (Some(Amount::Percent(percent)), None) => {
            needs(format!("spare machines for {percent} % of its nodes"), "upgrade.max_surge".to_owned())
        }
        (None, _) => needs("at least 1 spare machine".to_owned(), "upgrade.max_surge".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(surge: Option<Amount>, nodes: Option<u64>) -> String {
        spare(surge, nodes, "m")
    }

    #[test]
    fn spare_machines_are_counted() {
        for (surge, nodes, counted) in [
            (Amount::Nodes(1), Some(4), "1 spare machine of"),
            (Amount::Nodes(3), None, "3 spare machines of"),
            (Amount::Percent(10), Some(4), "1 spare machine of"),
            (Amount::Percent(33), Some(4), "2 spare machines of"),
            (Amount::Percent(50), Some(1), "1 spare machine of"),
            (Amount::Percent(10), None, "10 % of its nodes"),
        ] {
            let said = said(Some(surge), nodes);
            assert!(said.contains(counted) && said.contains("needs none"), "{said}");
        }
        assert!(said(None, Some(2)).contains("at least 1 spare machine of"));
    }

    #[test]
    fn without_surge_none_is_needed() {
        for surge in [Amount::Nodes(0), Amount::Percent(0)] {
            assert!(said(Some(surge), Some(4)).starts_with("No spare machine is needed"));
        }
    }
}
