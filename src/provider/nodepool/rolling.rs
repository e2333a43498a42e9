//! The warning before an update that replaces or restarts every node.

use crate::cloud;
use crate::nodepool::change::Ground;
use crate::nodepool::spec::{Amount, SharingSwitches};
use crate::nodepool::{Change, Problems, version};
use crate::slicing::Cloud;
use crate::tfplugin::{Plan, Value};

use super::from_value;
use super::planning::paths_of;

/// Warns when an update replaces or restarts every node, with what that takes.
pub(super) fn warn(plan: &Plan<'_>, ground: Ground, problems: &mut Problems) {
    let rolled = due(plan, ground);
    let Some(first) = rolled.first() else { return };
    let count = plan.get("node_count").as_u64();
    let nodes = match count {
        Some(1) => "the pool's only node".to_owned(),
        Some(count) => format!("all {count} nodes of the pool"),
        None => "every node of the pool".to_owned(),
    };
    let surge = match plan.get("upgrade.max_surge") {
        Value::Unknown(_) => Surge::NotKnown,
        Value::Null if ground.cloud() == Cloud::Eks => Surge::Eks,
        Value::Null => Surge::Unset,
        written => written.as_str().and_then(|text| text.parse().ok()).map_or(Surge::NotKnown, Surge::Of),
    };
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

/// The changed attributes, dotted, for which every node is replaced or restarted.
pub(super) fn due(plan: &Plan<'_>, ground: Ground) -> Vec<String> {
    let changed = paths_of(ground, Change::Rolls).into_iter().filter(|path| plan.changed(path));
    changed.filter(|path| !is_fulfilled(plan, ground, path)).collect()
}

/// How many nodes are made before others go.
#[derive(Debug, Clone, Copy)]
enum Surge {
    /// So many.
    Of(Amount),
    /// The pool has no such setting, as spot pools on AKS.
    Unset,
    /// EKS makes as many as it likes.
    Eks,
    /// The plan does not know it yet.
    NotKnown,
}

/// Whether nodes that fulfil the prior value fulfil the planned one too: versions are a minimum, so a lower one or none
/// asks nothing of them, and a switch may be written that was so by default.
fn is_fulfilled(plan: &Plan<'_>, ground: Ground, path: &str) -> bool {
    let Some(prior) = plan.prior else { return false };
    let (before, now) = (prior.lookup(path), plan.get(path));
    match path {
        "kubernetes_version" if !now.is_unknown() => now
            .as_str()
            .is_none_or(|now| before.as_str().is_some_and(|before| version::satisfies(before, now))),
        "device_plugin" => {
            let switches = |value: &Value| SharingSwitches::of(&from_value::device_plugin(value));
            switches(before).is_some_and(|before| switches(now) == Some(before))
        }
        _ => {
            let option = path.strip_prefix(&format!("{}.", ground.cloud()));
            let shows = |name: &str| {
                let rules = cloud::rules(ground.cloud());
                Some(rules.may_show_as(name, now.as_str()?, before.as_str()?))
            };
            option.and_then(shows) == Some(true)
        }
    }
}

/// The machines that it takes beyond those of the pool.
fn spare(surge: Surge, nodes: Option<u64>, machine_type: &str) -> String {
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
        (Surge::Of(Amount::Nodes(0) | Amount::Percent(0)), _) => {
            "No spare machine is needed, since upgrade.max_surge is 0; nodes go away before their successors come."
                .to_owned()
        }
        (Surge::Of(Amount::Nodes(count)), _) => {
            needs(machines(count.into()), format!("upgrade.max_surge = \"{count}\""))
        }
        // A share is rounded up to whole nodes (source: AKS documentation, "Customize node surge upgrade").
        (Surge::Of(Amount::Percent(percent)), Some(nodes)) => {
            let count = nodes.saturating_mul(percent.into()).div_ceil(100).max(1);
            needs(machines(count), format!("upgrade.max_surge = \"{percent}%\""))
        }
        (Surge::Of(Amount::Percent(percent)), None) => {
            needs(format!("spare machines for {percent} % of its nodes"), "upgrade.max_surge".to_owned())
        }
        // Source: EKS user guide, "Understand each phase of node updates".
        (Surge::Eks, _) => needs(
            "spare machines".to_owned(),
            "EKS makes new nodes before it takes old ones away, up to two for each zone of the subnets or \
             upgrade.max_unavailable, whichever is more"
                .to_owned(),
        ),
        (Surge::Unset, _) => {
            "The pool has no upgrade settings, so the cloud decides how many spare machines that takes.".to_owned()
        }
        (Surge::NotKnown, _) => {
            needs("at least 1 spare machine".to_owned(), "upgrade.max_surge".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tfplugin::Diagnostics;

    fn said(surge: Amount, nodes: Option<u64>) -> String {
        spare(Surge::Of(surge), nodes, "m")
    }

    fn warned(before: Value, after: Value) -> bool {
        let state = |version: Value| Value::object([("kubernetes_version", version)]);
        let (prior, mut planned) = (state(before), state(after));
        let plan = Plan {
            config: &Value::Null,
            prior: Some(&prior),
            planned: &mut planned,
            requires_replace: &mut Vec::new(),
            private: &mut Vec::new(),
            diagnostics: &mut Diagnostics::new(),
        };
        let mut problems = Problems::default();
        warn(&plan, Ground::Aks, &mut problems);
        !problems.0.is_empty()
    }

    #[test]
    fn only_a_higher_version_rolls() {
        let wish = |text: &str| Value::string(text);
        assert!(warned(wish("1.33"), wish("1.34")));
        assert!(warned(wish("1.33.5"), wish("1.33.6")));
        assert!(warned(wish("1.33"), Value::UNKNOWN));
        assert!(warned(Value::Null, wish("1.33")));
        assert!(!warned(wish("1.34"), wish("1.33.5")));
        assert!(!warned(wish("1.33.5"), wish("1.33")));
        assert!(!warned(wish("1.33"), Value::Null));
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
            let said = said(surge, nodes);
            assert!(said.contains(counted) && said.contains("needs none"), "{said}");
        }
        assert!(spare(Surge::NotKnown, Some(2), "m").contains("at least 1 spare machine of"));
        assert!(spare(Surge::Unset, Some(2), "m").contains("the cloud decides"));
    }

    #[test]
    fn without_surge_none_is_needed() {
        for surge in [Amount::Nodes(0), Amount::Percent(0)] {
            assert!(said(surge, Some(4)).starts_with("No spare machine is needed"));
        }
    }
}
