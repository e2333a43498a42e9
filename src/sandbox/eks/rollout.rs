//! How time passes at EKS: machines come and go, nodes are replaced, operations end, and Auto Scaling goes on trying.
//!
//! Nothing runs in the background. Before each request the world is brought up to the present, operation by operation
//! in the order in which they were started; what nobody looked at has happened all the same, at its own time.

use super::model::{Eks, Issue, NodeGroup, Recipe};
use super::nodes::{self, Boot};
use super::operations::{End, Operation, Work};
use crate::sandbox::clock::{Millis, millis};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::random::Random;

/// What became of a step.
pub(super) enum Step {
    Waiting,
    Ended(Millis, End),
}

/// How far the machines of a group are.
#[derive(PartialEq)]
enum Filled {
    Whole,
    /// None can be had any more in that zone.
    Short(String),
    /// They start and never become nodes.
    Broken,
}

impl Eks {
    /// Brings the world up to `now`. False: nothing is under way, so nothing has changed.
    pub(crate) fn advance(&mut self, now: Millis, latency: Millis, random: &mut Random) -> bool {
        let mut moves = false;
        for index in 0..self.operations.len() {
            if !self.operations[index].active() {
                continue;
            }
            moves = true;
            // Taken out for the step, since a step changes clusters and asks for stock.
            let mut operation = self.operations[index].clone();
            if let Step::Ended(at, end) = self.step(&mut operation, now, random) {
                operation.ended_at = Some(at);
                operation.end = Some(end);
            }
            self.operations[index] = operation;
        }
        self.keep_trying(now, latency, random) || moves
    }

    fn step(&mut self, op: &mut Operation, now: Millis, random: &mut Random) -> Step {
        let mut due = op.due_at();
        if let Some(Outcome::Hang { length }) = &op.outcome {
            let until = length.map_or(Millis::MAX, |length| op.started_at.saturating_add(millis(length)));
            if now < until {
                return Step::Waiting;
            }
            due = due.max(until);
        }
        let Some(group) = self.group_of(op) else {
            // Somebody took the group away under the operation's feet.
            return Step::Ended(now.min(due), End::Cancelled);
        };
        match &op.outcome {
            Some(Outcome::Fail { .. } | Outcome::Cancel) if now < due => return Step::Waiting,
            Some(Outcome::Fail { message, code, .. }) => {
                let code = code.as_deref().unwrap_or("NodeCreationFailure");
                let issue = Issue::new(code, message.clone(), &group.scaling_group());
                return Self::failed(group, &op.work, due, issue);
            }
            Some(Outcome::Cancel) => {
                let status = if op.work == Work::Create { "CREATE_FAILED" } else { "ACTIVE" };
                group.settle(status, Vec::new(), due);
                return Step::Ended(due, End::Cancelled);
            }
            Some(Outcome::Stockout { .. } | Outcome::Hang { .. }) | None => {}
        }
        match op.work.clone() {
            Work::Create => self.step_create(op, now, random),
            Work::Config => self.step_config(op, now, due, random),
            Work::Version(roll) => self.step_version(op, *roll, now, random),
            Work::Delete | Work::Occupy if now < due => Step::Waiting,
            Work::Delete => {
                if let Some(cluster) = self.clusters.get_mut(&op.cluster) {
                    cluster.groups.remove(&op.group);
                }
                Step::Ended(due, End::Successful)
            }
            Work::Occupy => {
                group.settle("ACTIVE", Vec::new(), due);
                Step::Ended(due, End::Successful)
            }
        }
    }

    /// An operation that a fault lets fail.
    fn failed(group: &mut NodeGroup, work: &Work, at: Millis, issue: Issue) -> Step {
        let (status, shown) = match work {
            Work::Create => ("CREATE_FAILED", vec![issue.clone()]),
            Work::Delete => ("DELETE_FAILED", vec![issue.clone()]),
            // A failed update leaves the group as it was.
            Work::Config | Work::Version(_) | Work::Occupy => ("ACTIVE", Vec::new()),
        };
        group.settle(status, shown, at);
        Step::Ended(at, End::Failed(vec![issue]))
    }

    /// Machines come as far as there is stock. Until they are there the group is being created, with the reason among its
    /// health issues; after a while it has failed.
    fn step_create(&mut self, op: &mut Operation, now: Millis, random: &mut Random) -> Step {
        if now < op.machines_at() {
            return Step::Waiting;
        }
        let first = !std::mem::replace(&mut op.begun, true);
        let Some(group) = self.group_of(op) else { return Step::Waiting };
        let rain = group.drought.as_ref().and_then(|drought| drought.until);
        let patient = matches!(op.outcome, Some(Outcome::Stockout { keeps_provisioning: true, .. }));
        // Late stock gives machines now; stock that was there all along gave them when they fell due.
        let earliest = if first { rain.unwrap_or(0) } else { rain.unwrap_or(now) };
        let at = earliest.clamp(op.machines_at(), now);
        let filled = self.fill(&op.cluster, &op.group, at, op.span, random);
        if filled == Filled::Whole {
            op.filled_at = op.filled_at.or(Some(at));
            // A creation ends as long after its machines came as any other does.
            let due = op.due_at().max(op.filled_at.unwrap_or(0) + op.span * 7 / 10);
            let Some(group) = self.group_of(op) else { return Step::Waiting };
            group.issues.clear();
            if now < due {
                return Step::Waiting;
            }
            group.drought = None;
            group.settle("ACTIVE", Vec::new(), due);
            return Step::Ended(due, End::Successful);
        }
        let Some(group) = self.group_of(op) else { return Step::Waiting };
        let issue = trouble(group, &filled);
        // That machines do not become nodes is noticed by waiting only.
        if let Filled::Short(_) = filled {
            group.issues = vec![issue.clone()];
        }
        if now < op.patience_ends() || patient {
            return Step::Waiting;
        }
        group.settle("CREATE_FAILED", vec![issue.clone()], op.patience_ends());
        Step::Ended(op.patience_ends(), End::Failed(vec![issue]))
    }

    /// Labels, taints and sizes reach the machines. The update does not wait for new ones; that they do not come shows in
    /// the group's health afterwards.
    fn step_config(&mut self, op: &mut Operation, now: Millis, due: Millis, random: &mut Random) -> Step {
        if now < op.machines_at() {
            return Step::Waiting;
        }
        if !std::mem::replace(&mut op.begun, true)
            && let Some(group) = self.group_of(op)
        {
            nodes::refresh(group);
            nodes::shrink(group);
        }
        let at = op.machines_at();
        let filled = self.fill(&op.cluster, &op.group, at, op.span, random);
        if now < due {
            return Step::Waiting;
        }
        let Some(group) = self.group_of(op) else { return Step::Waiting };
        if filled == Filled::Whole {
            group.settle("ACTIVE", Vec::new(), due);
        } else {
            let issue = trouble(group, &filled);
            group.settle("DEGRADED", vec![issue], due);
        }
        Step::Ended(due, End::Successful)
    }

    /// The group that an operation is about, and not another one of its name.
    pub(super) fn group_of(&mut self, op: &Operation) -> Option<&mut NodeGroup> {
        self.clusters.get_mut(&op.cluster)?.groups.get_mut(&op.group).filter(|group| group.uuid == op.uuid)
    }

    /// Auto Scaling makes up for machines that are missing from groups at rest, as soon as there are any.
    fn keep_trying(&mut self, now: Millis, latency: Millis, random: &mut Random) -> bool {
        let resting = |group: &NodeGroup| matches!(group.status.as_str(), "ACTIVE" | "DEGRADED");
        let missing: Vec<_> = self
            .clusters
            .iter()
            .flat_map(|(arn, cluster)| cluster.groups.values().map(move |group| (arn, group)))
            .filter(|(_, group)| resting(group) && group.incomplete())
            .map(|(arn, group)| (arn.clone(), group.name.clone()))
            .collect();
        let mut changed = false;
        for (arn, name) in missing {
            let filled = self.fill(&arn, &name, now, latency, random);
            let Some(group) = self.group_mut(&arn, &name) else { continue };
            if filled == Filled::Whole {
                group.drought = None;
                group.settle("ACTIVE", Vec::new(), now);
                changed = true;
            } else if group.status == "ACTIVE" {
                let issue = trouble(group, &filled);
                group.settle("DEGRADED", vec![issue], now);
                changed = true;
            }
        }
        changed
    }

    /// Makes missing machines as far as there is stock, in the zone that has fewest first.
    fn fill(&mut self, arn: &str, name: &str, at: Millis, span: Millis, random: &mut Random) -> Filled {
        loop {
            let Some(cluster) = self.clusters.get(arn) else { return Filled::Whole };
            let Some(group) = cluster.groups.get(name) else { return Filled::Whole };
            if !group.incomplete() {
                return Filled::Whole;
            }
            if self.roleless(group) {
                return Filled::Broken;
            }
            let mut zones = cluster.zones(&group.spec);
            zones.sort_by_key(|zone| group.nodes.iter().filter(|node| node.zone == **zone).count());
            let first = zones.first().cloned().unwrap_or_default();
            let Recipe { machine_type, .. } = &group.recipe;
            let open =
                zones.into_iter().find(|zone| self.free(zone, machine_type) > 0).filter(|_| !group.dry(at));
            let Some(zone) = open else { return Filled::Short(first) };
            let boot = Boot { region: cluster.region.clone(), zone, at, span };
            let Ok(node) = nodes::make(group, &group.spec, &group.recipe, &boot, random) else {
                return Filled::Broken;
            };
            if let Some(group) = self.group_mut(arn, name) {
                group.nodes.push(node);
            }
        }
    }
}

/// Why a group has not the machines that it should have.
fn trouble(group: &NodeGroup, filled: &Filled) -> Issue {
    match filled {
        Filled::Short(zone) => group.capacity_issue(zone),
        // Source of the text: reports of EKS users.
        Filled::Whole | Filled::Broken => Issue::new(
            "NodeCreationFailure",
            "Instances failed to join the kubernetes cluster",
            &group.scaling_group(),
        ),
    }
}
