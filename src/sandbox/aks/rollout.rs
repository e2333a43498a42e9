//! How time passes at AKS: machines come and go, nodes are replaced within surge and stock, operations end.
//!
//! Nothing runs in the background. Before each request the world is brought up to the present, operation by operation
//! in the order in which they were started; what nobody looked at has happened all the same, at its own time.

use std::collections::BTreeMap;

use super::model::{Aks, Cluster, Pool};
use super::nodes::{self, Boot};
use super::operations::{End, Failure, Operation, Roll, Work};
use crate::sandbox::clock::{Millis, millis};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::nodes::{Drain, Node};
use crate::sandbox::random::Random;

/// Minutes for which a node may be drained when the pool says nothing (source: AKS documentation on upgrades).
const DRAIN_MINUTES: u64 = 30;

/// Minutes that the length of an operation stands for, as with the limits of calls.
const OPERATION_MINUTES: u64 = 5;

/// A node that could not be drained in time. Code and text as their users report them, unverified.
fn undrained(node: &str) -> Failure {
    Failure::new(
        "UpgradeFailed",
        format!(
            "Drain of {node} did not complete. Too many requests: cannot evict pod as it would violate the pod's disruption \
             budget. This is often caused by a restrictive Pod Disruption Budget (PDB) policy. See \
             https://aka.ms/aks/debugdrainfailures"
        ),
    )
}

/// What became of a step.
enum Step {
    Waiting,
    Ended(Millis, End),
}

impl Roll {
    pub(crate) fn new(remaining: Vec<String>, surge: u32, unavailable: u32) -> Self {
        Self { remaining, surge, unavailable, step: 0, next_at: 0, drains: BTreeMap::new(), late: 0 }
    }

    /// Spreads the batches over the length of the operation.
    pub(crate) fn pace(&mut self, span: Millis, now: Millis) {
        let batch = u64::from((self.surge + self.unavailable).max(1));
        let batches = (self.remaining.len() as u64).div_ceil(batch).max(1);
        self.step = span / (batches + 1);
        self.next_at = now + self.step;
    }
}

impl Aks {
    /// Brings the world up to `now`. False: nothing is under way, so nothing has changed.
    pub(crate) fn advance(&mut self, now: Millis, random: &mut Random) -> bool {
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
        moves
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
        if self.pool_of(op).is_none() && op.pool.is_some() {
            // Somebody took the pool away under the operation's feet.
            let end = match op.work {
                Work::Delete => End::Succeeded,
                Work::Create | Work::Update(_) | Work::Occupy => {
                    End::Failed(Failure::new("NotFound", "The agent pool was deleted during the operation."))
                }
            };
            return Step::Ended(now.min(due), end);
        }
        match &op.outcome {
            Some(Outcome::Fail { .. } | Outcome::Cancel) if now < due => return Step::Waiting,
            Some(Outcome::Fail { leave_pool, message, code }) => {
                let code = code.as_deref().unwrap_or("InternalServerError");
                let failure = Failure::new(code, message.clone());
                let stays = leave_pool.unwrap_or(true);
                return self.failed(op, due, stays, failure, random);
            }
            Some(Outcome::Cancel) => return self.canceled(op, due, random),
            Some(Outcome::Stockout { .. } | Outcome::Hang { .. }) | None => {}
        }
        match op.work {
            Work::Create | Work::Update(_) => self.step_machines(op, now, due, random),
            Work::Delete | Work::Occupy if now < due => Step::Waiting,
            Work::Delete => {
                if let (Some(cluster), Some(pool)) = (self.clusters.get_mut(&op.cluster), &op.pool) {
                    cluster.pools.remove(pool);
                }
                Step::Ended(due, End::Succeeded)
            }
            Work::Occupy => {
                if let Some(pool) = self.pool_of(op) {
                    pool.settle("Succeeded", None, random);
                }
                Step::Ended(due, End::Succeeded)
            }
        }
    }

    /// Machines go, are replaced and come, as far as there is stock; at the end the pool is as wanted or has failed.
    fn step_machines(&mut self, op: &mut Operation, now: Millis, due: Millis, random: &mut Random) -> Step {
        if now < op.machines_at() {
            return Step::Waiting;
        }
        let first = !std::mem::replace(&mut op.begun, true);
        if first {
            self.begin(op);
        }
        let rolled = self.roll(op, now, random);
        let Some(pool) = self.pool_of(op) else { return Step::Waiting };
        let rolled = match rolled {
            Ok(rolled) => rolled,
            Err(failure) => {
                pool.settle("Failed", Some(failure.clone()), random);
                return Step::Ended(now, End::Failed(failure));
            }
        };
        let rain = pool.drought.as_ref().and_then(|drought| drought.until);
        let patient = matches!(op.outcome, Some(Outcome::Stockout { keeps_provisioning: true, .. }));
        // Late stock gives machines now; stock that was there all along gave them when they fell due.
        let earliest = if first { rain.unwrap_or(0) } else { rain.unwrap_or(now) };
        let latest = if patient { now } else { now.min(due) };
        let at = earliest.clamp(op.machines_at(), latest.max(op.machines_at()));
        let filled = self.fill(&op.cluster, op.pool.as_deref().unwrap_or_default(), at, op.span, random);
        let whole = filled && rolled;
        op.filled_at = op.filled_at.or(whole.then_some(at));
        let due = due.max(op.late());
        // A patient operation ends as long after its machines came as any other does.
        let due = due.max(op.filled_at.filter(|_| patient).map_or(0, |came| came + op.span * 7 / 10));
        if now < due || (!whole && patient) {
            return Step::Waiting;
        }
        let location = op.location.clone();
        let Some(pool) = self.pool_of(op) else { return Step::Waiting };
        if whole {
            pool.drought = None;
            pool.settle("Succeeded", None, random);
            return Step::Ended(due, End::Succeeded);
        }
        let failure = pool.capacity_failure(&location);
        pool.settle("Failed", Some(failure.clone()), random);
        Step::Ended(due, End::Failed(failure))
    }

    /// The wish reaches the live nodes: their labels, and machines beyond the wanted number go, drained.
    fn begin(&mut self, op: &Operation) {
        let Some(cluster) = self.clusters.get_mut(&op.cluster) else { return };
        let Some(name) = &op.pool else { return };
        let Some(sizes) = cluster.pools.get(name).map(|pool| cluster.sizes(pool)) else { return };
        let group = cluster.node_group();
        if let Some(pool) = cluster.pools.get_mut(name) {
            nodes::refresh(&group, pool);
            nodes::shrink(pool, &sizes);
        }
    }

    /// Replaces nodes batch by batch; true once none is left to replace.
    fn roll(&mut self, op: &mut Operation, now: Millis, random: &mut Random) -> Result<bool, Failure> {
        let Work::Update(Some(mut roll)) = op.work.clone() else { return Ok(true) };
        while !roll.remaining.is_empty() && roll.next_at <= now {
            let at = roll.next_at;
            self.replace_batch(op, &mut roll, at, random)?;
            // A batch that found no stock is tried again; stock changes with requests only.
            roll.next_at = at + roll.step.max(1);
        }
        let done = roll.remaining.is_empty();
        op.work = Work::Update(Some(roll));
        Ok(done)
    }

    /// One batch: `unavailable` nodes go before their successors come, `surge` nodes go after, if there is stock; each as
    /// soon as it is drained. A node that cannot be drained in time is an error, or with `Cordon` stays beside its
    /// successor (source: AKS documentation on upgrades; what the operation then says is unverified).
    fn replace_batch(
        &mut self,
        op: &Operation,
        roll: &mut Roll,
        at: Millis,
        random: &mut Random,
    ) -> Result<(), Failure> {
        let cluster = self.clusters.get(&op.cluster).map(Cluster::id).unwrap_or_default();
        let Some(pool) = self.pool_of(op) else {
            roll.remaining.clear();
            return Ok(());
        };
        let (dry, size) = (pool.dry(at), pool.size());
        let settings = &pool.spec["upgradeSettings"];
        let minutes = settings["drainTimeoutInMinutes"].as_u64().unwrap_or(DRAIN_MINUTES);
        let patience = op.span * minutes / OPERATION_MINUTES;
        let quarantine = settings["undrainableNodeBehavior"] == "Cordon";
        let old: BTreeMap<_, _> = pool.nodes.iter().map(|node| (node.uid.clone(), node.clone())).collect();
        // Nodes that went by themselves need no successor.
        roll.remaining.retain(|uid| old.contains_key(uid));
        roll.drains.retain(|uid, _| old.contains_key(uid));
        let begun = |surged: bool| {
            let drains = roll.drains.values().filter(|drain| drain.surged == surged);
            u32::try_from(drains.count()).unwrap_or(u32::MAX)
        };
        let mut surge = roll.surge.saturating_sub(begun(true));
        let mut unavailable = roll.unavailable.saturating_sub(begun(false));
        for uid in roll.remaining.clone() {
            let Some(node) = old.get(&uid) else { continue };
            let room = |aks: &Self| !dry && size.is_some_and(|size| aks.free_machines(&node.zone, size) > 0);
            let drain = match roll.drains.get(&uid).cloned() {
                Some(drain) => drain,
                None if unavailable > 0 => {
                    unavailable -= 1;
                    Drain { since: at, surged: false }
                }
                None if surge == 0 || !room(self) => continue,
                None => {
                    surge -= 1;
                    self.add_node(op, node, at, roll.step, random);
                    Drain { since: at, surged: true }
                }
            };
            if self.occupied.holds(&cluster, &node.name) {
                if at < drain.since + patience {
                    self.mark_draining(op, &uid, true);
                    roll.drains.insert(uid, drain);
                    roll.late = at + op.span;
                    continue;
                }
                // It stays cordoned, and nobody evicts from it any more.
                self.mark_draining(op, &uid, false);
                if !quarantine {
                    return Err(undrained(&node.name));
                }
                roll.remaining.retain(|other| *other != uid);
                roll.drains.remove(&uid);
                continue;
            }
            roll.remaining.retain(|other| *other != uid);
            roll.drains.remove(&uid);
            self.remove_node(op, &uid);
            if !drain.surged && room(self) {
                self.add_node(op, node, at, roll.step, random);
            }
        }
        Ok(())
    }

    /// An operation that a fault lets fail.
    fn failed(
        &mut self,
        op: &Operation,
        at: Millis,
        stays: bool,
        failure: Failure,
        random: &mut Random,
    ) -> Step {
        let created = matches!(op.work, Work::Create);
        if let (Some(cluster), Some(name)) = (self.clusters.get_mut(&op.cluster), &op.pool) {
            if created && !stays {
                cluster.pools.remove(name);
            } else if let Some(pool) = cluster.pools.get_mut(name) {
                pool.settle("Failed", Some(failure.clone()), random);
            }
        }
        Step::Ended(at, End::Failed(failure))
    }

    fn canceled(&mut self, op: &Operation, at: Millis, random: &mut Random) -> Step {
        if let Some(pool) = self.pool_of(op) {
            pool.settle("Canceled", None, random);
        }
        Step::Ended(at, End::Canceled)
    }

    /// The pool that an operation is about.
    fn pool_of(&mut self, op: &Operation) -> Option<&mut Pool> {
        self.clusters.get_mut(&op.cluster)?.pools.get_mut(op.pool.as_ref()?)
    }

    fn remove_node(&mut self, op: &Operation, uid: &str) {
        if let Some(pool) = self.pool_of(op) {
            pool.nodes.retain(|node| node.uid != uid);
        }
    }

    fn mark_draining(&mut self, op: &Operation, uid: &str, draining: bool) {
        let nodes = self.pool_of(op).into_iter().flat_map(|pool| &mut pool.nodes);
        nodes.filter(|node| node.uid == uid).for_each(|node| node.draining = draining);
    }

    fn add_node(&mut self, op: &Operation, old: &Node, at: Millis, span: Millis, random: &mut Random) {
        let Some(cluster) = self.clusters.get_mut(&op.cluster) else { return };
        let Some(name) = &op.pool else { return };
        let boot = Boot {
            place: old.zone.clone(),
            location: cluster.location.clone(),
            group: cluster.node_group(),
            hash: cluster.hash.clone(),
            at,
            span,
        };
        if let Some(pool) = cluster.pools.get_mut(name) {
            let node = nodes::make(pool, &boot, random);
            pool.nodes.push(node);
        }
    }

    /// Makes missing machines as far as there is stock; true when none is missing any more.
    pub(crate) fn fill(
        &mut self,
        cluster: &str,
        name: &str,
        at: Millis,
        span: Millis,
        random: &mut Random,
    ) -> bool {
        let Some(parent) = self.clusters.get(cluster) else { return true };
        let Some(pool) = parent.pools.get(name) else { return true };
        let there = |place: &str| pool.nodes.iter().filter(|node| node.zone == place).count();
        let missing: Vec<_> = parent
            .sizes(pool)
            .into_iter()
            .map(|(place, wanted)| {
                let there = u32::try_from(there(&place)).unwrap_or(u32::MAX);
                (place, wanted.saturating_sub(there))
            })
            .filter(|(_, missing)| *missing > 0)
            .collect();
        let Some(size) = pool.size() else { return missing.is_empty() };
        if pool.dry(at) {
            return missing.is_empty();
        }
        let mut whole = true;
        for (place, missing) in missing {
            let stock = self.free_machines(&place, size);
            whole &= stock >= missing;
            let Some(parent) = self.clusters.get_mut(cluster) else { return true };
            let boot = Boot {
                place,
                location: parent.location.clone(),
                group: parent.node_group(),
                hash: parent.hash.clone(),
                at,
                span,
            };
            let Some(pool) = parent.pools.get_mut(name) else { return true };
            for _ in 0..missing.min(stock) {
                let node = nodes::make(pool, &boot, random);
                pool.nodes.push(node);
            }
        }
        whole
    }
}
