//! Updates that replace nodes: batch by batch, within the stock of machines and the budgets of pods.

use std::collections::BTreeMap;

use super::model::{Eks, Issue};
use super::nodes::{self, Boot};
use super::operations::{End, Operation, Roll, Work};
use super::rollout::Step;
use crate::sandbox::clock::Millis;
use crate::sandbox::nodes::{Drain, Node};
use crate::sandbox::random::Random;

/// What became of a batch of nodes to replace.
#[derive(PartialEq)]
enum Batch {
    Done,
    /// Some of it has to be tried again.
    Slow,
    /// A node's pods did not go in time.
    Undrained(Issue),
}

/// Minutes for which a node is drained (source: AWS guide to the phases of an update).
const DRAIN_MINUTES: u64 = 15;

/// Minutes that the length of an operation stands for, as on the other clouds.
const OPERATION_MINUTES: u64 = 5;

impl Eks {
    /// Nodes are replaced batch by batch; then the group is what the update wanted. One that does not get on for long
    /// fails, and the group stays what it was, with the nodes that it has by then.
    pub(super) fn step_version(
        &mut self,
        op: &mut Operation,
        mut roll: Roll,
        now: Millis,
        random: &mut Random,
    ) -> Step {
        let mut undrained = None;
        while !roll.whole() && roll.next_at <= now && undrained.is_none() {
            let at = roll.next_at;
            let batch = self.replace_batch(op, &mut roll, at, random);
            // What found no stock, or was in use, is tried again; both change with requests only.
            roll.next_at = if batch == Batch::Slow { now } else { at } + roll.step.max(1);
            if let Batch::Undrained(issue) = batch {
                undrained = Some((at, issue));
            }
        }
        let patience = op.patience_ends().max(roll.late);
        let stuck = !roll.whole() && roll.drains.is_empty() && now >= patience;
        let failure = undrained.or_else(|| stuck.then(|| (patience, self.no_new_nodes(op))));
        let due = op.due_at().max(roll.late);
        op.work = Work::Version(Box::new(roll.clone()));
        let Some(group) = self.group_of(op) else { return Step::Waiting };
        if let Some((at, issue)) = failure {
            // What was cordoned stays so, and nobody evicts from it any more.
            group.nodes.iter_mut().for_each(|node| node.draining = false);
            // The successors that came for nothing go again.
            group.nodes.sort_by_key(|node| node.created_at);
            group.nodes.truncate(group.desired());
            group.settle("ACTIVE", Vec::new(), at);
            return Step::Ended(at, End::Failed(vec![issue]));
        }
        if !roll.whole() || now < due {
            return Step::Waiting;
        }
        group.spec = roll.spec;
        group.recipe = roll.recipe;
        group.drought = None;
        group.settle("ACTIVE", Vec::new(), due);
        Step::Ended(due, End::Successful)
    }

    fn no_new_nodes(&mut self, op: &Operation) -> Issue {
        // Source of the text: reports of EKS users.
        let message = format!(
            "Couldn't proceed with upgrade process as new nodes are not joining node group {}",
            op.group
        );
        let resource = self.group_of(op).map(|group| group.scaling_group()).unwrap_or_default();
        Issue::new("NodeCreationFailure", message, &resource)
    }

    /// One batch: each node goes once its successor is there, or with `MINIMAL` before that, and once its pods have gone.
    /// Those have a quarter of an hour; then the update fails, unless it is forced (source: AWS guide to the phases of an
    /// update).
    fn replace_batch(&mut self, op: &Operation, roll: &mut Roll, at: Millis, random: &mut Random) -> Batch {
        let Some(group) = self.group_of(op) else {
            roll.remaining.clear();
            return Batch::Done;
        };
        let place = |node: &Node| (node.uid.clone(), (node.name.clone(), node.zone.clone()));
        let there: BTreeMap<_, _> = group.nodes.iter().map(place).collect();
        let dry = group.dry(at);
        // Nodes that went by themselves need no successor.
        roll.remaining.retain(|uid| there.contains_key(uid));
        roll.drains.retain(|uid, _| there.contains_key(uid));
        let patience = op.span * DRAIN_MINUTES / OPERATION_MINUTES;
        for zone in std::mem::take(&mut roll.missing) {
            if !self.succeed(op, roll, &zone, dry, at, random) {
                roll.missing.push(zone);
            }
        }
        let batch = roll.batch.saturating_sub(roll.missing.len());
        let mut outcome = if roll.missing.is_empty() { Batch::Done } else { Batch::Slow };
        for uid in roll.remaining.iter().take(batch).cloned().collect::<Vec<_>>() {
            let Some((name, zone)) = there.get(&uid) else { continue };
            let drain = match roll.drains.get(&uid).cloned() {
                Some(drain) => drain,
                None => {
                    let surged = !roll.minimal;
                    if surged && !self.succeed(op, roll, zone, dry, at, random) {
                        outcome = Batch::Slow;
                        continue;
                    }
                    Drain { since: at, surged }
                }
            };
            if self.occupied.holds(&op.cluster, name) {
                if at < drain.since + patience {
                    self.mark_draining(op, &uid);
                    roll.drains.insert(uid, drain);
                    roll.late = at + op.span;
                    outcome = Batch::Slow;
                    continue;
                }
                if !roll.force {
                    // Source of the text: reports of EKS users.
                    let message = format!(
                        "Reached max retries while trying to evict pods from nodes in node group {}",
                        op.group
                    );
                    return Batch::Undrained(Issue::new("PodEvictionFailure", message, name));
                }
            }
            self.remove_node(op, &uid);
            roll.remaining.retain(|other| *other != uid);
            roll.drains.remove(&uid);
            if !drain.surged && !self.succeed(op, roll, zone, dry, at, random) {
                roll.missing.push(zone.clone());
                outcome = Batch::Slow;
            }
        }
        outcome
    }

    /// Makes a node in the place of another one, if there is a machine for it.
    fn succeed(
        &mut self,
        op: &Operation,
        roll: &Roll,
        zone: &str,
        dry: bool,
        at: Millis,
        random: &mut Random,
    ) -> bool {
        !dry && self.free(zone, &roll.recipe.machine_type) > 0 && self.add_node(op, roll, zone, at, random)
    }

    fn mark_draining(&mut self, op: &Operation, uid: &str) {
        let nodes = self.group_of(op).into_iter().flat_map(|group| &mut group.nodes);
        nodes.filter(|node| node.uid == uid).for_each(|node| node.draining = true);
    }

    fn add_node(&mut self, op: &Operation, roll: &Roll, zone: &str, at: Millis, random: &mut Random) -> bool {
        let lost = &self.lost_roles;
        let Some(cluster) = self.clusters.get_mut(&op.cluster) else { return false };
        let boot =
            Boot { region: cluster.region.clone(), zone: zone.to_owned(), at, span: roll.step.min(op.span) };
        let roleless = cluster.groups.get(&op.group).is_none_or(|group| lost.contains(group.role()));
        let Some(group) = cluster.groups.get_mut(&op.group).filter(|_| !roleless) else { return false };
        match nodes::make(group, &roll.spec, &roll.recipe, &boot, random) {
            Ok(node) => {
                group.nodes.push(node);
                true
            }
            Err(_) => false,
        }
    }

    fn remove_node(&mut self, op: &Operation, uid: &str) {
        if let Some(group) = self.group_of(op) {
            group.nodes.retain(|node| node.uid != uid);
        }
    }
}
