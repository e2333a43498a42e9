//! How time passes at GKE: machines come and go, nodes are replaced within surge and stock, operations end.
//!
//! Nothing runs in the background. Before each request the world is brought up to the present, operation by operation
//! in the order in which they were started; what nobody looked at has happened all the same, at its own time.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::model::{Gke, Pool};
use super::nodes::{self, Boot};
use super::operations::{Changes, Failure, Operation, Roll, Work};
use super::spec;
use crate::sandbox::clock::{Millis, millis};
use crate::sandbox::fault_kinds::Outcome;
use crate::sandbox::nodes::Drain;
use crate::sandbox::random::Random;

/// `google.rpc.Code` numbers.
const CANCELLED: i32 = 1;
const INTERNAL: i32 = 13;

/// How long an upgrade keeps disruption budgets before it ends the pods all the same, in operations: an hour (source: GKE
/// documentation on surge upgrades), where an operation takes five minutes.
const PATIENCE: u64 = 12;

/// What became of a step.
enum Step {
    Waiting,
    Ended(Millis, Option<Failure>),
}

fn done(at: Millis) -> Step {
    Step::Ended(at, None)
}

impl Roll {
    pub(crate) fn new(changes: Changes, remaining: Vec<String>, surge: u32, unavailable: u32) -> Self {
        Self { changes, remaining, surge, unavailable, step: 0, next_at: 0, drains: BTreeMap::new() }
    }

    /// Spreads the batches over the length of the operation.
    pub(crate) fn pace(&mut self, span: Millis, now: Millis) {
        let batch = u64::from((self.surge + self.unavailable).max(1));
        let batches = (self.remaining.len() as u64).div_ceil(batch).max(1);
        self.step = span / (batches + 1);
        self.next_at = now + self.step;
    }
}

impl Gke {
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
            if let Step::Ended(at, failure) = self.step(&mut operation, now, random) {
                operation.ended_at = Some(at);
                operation.failure = failure;
            }
            self.operations[index] = operation;
        }
        self.heal(now, latency, random) || moves
    }

    fn step(&mut self, op: &mut Operation, now: Millis, random: &mut Random) -> Step {
        let mut due = op.due_at();
        if let Some(Outcome::Hang { length }) = &op.outcome {
            let until = length.map_or(Millis::MAX, |length| op.started_at.saturating_add(millis(length)));
            if now < until && !op.cancelled {
                return Step::Waiting;
            }
            due = due.max(until);
        }
        if op.cancelled {
            return self.cancelled(op, now);
        }
        match &op.outcome {
            Some(Outcome::Fail { .. } | Outcome::Cancel) if now < due => return Step::Waiting,
            Some(Outcome::Fail { leave_pool, message, .. }) => {
                return self.failed(op, due, leave_pool.unwrap_or(false), message);
            }
            Some(Outcome::Cancel) => return self.cancelled(op, due),
            Some(Outcome::Stockout { .. } | Outcome::Hang { .. }) | None => {}
        }
        let pool_gone = op.pool.as_ref().is_some_and(|pool| self.pool_mut(&op.cluster, pool).is_none());
        if pool_gone || !self.clusters.contains_key(&op.cluster) {
            // Somebody deleted it under the operation's feet.
            return done(now.min(due));
        }
        match op.work.clone() {
            Work::Create | Work::Fill => self.step_fill(op, now, due, random),
            Work::Resize { sizes, changes } => {
                if now < op.machines_at() {
                    return Step::Waiting;
                }
                self.resize(op, &sizes, &changes);
                self.step_fill(op, now, due, random)
            }
            Work::Roll(roll) => self.step_roll(op, roll, now, random),
            Work::Delete | Work::Change(_) | Work::Master(_) | Work::Occupy if now < due => Step::Waiting,
            Work::Delete => {
                if let (Some(cluster), Some(pool)) = (self.clusters.get_mut(&op.cluster), &op.pool) {
                    cluster.pools.remove(pool);
                }
                done(due)
            }
            Work::Change(changes) => {
                if let Some(pool) = self.pool_of(op) {
                    pool.change(&changes);
                    nodes::refresh(pool);
                    pool.settle();
                }
                done(due)
            }
            Work::Master(version) => {
                if let Some(cluster) = self.clusters.get_mut(&op.cluster) {
                    cluster.version = version;
                }
                done(due)
            }
            Work::Occupy => done(due),
        }
    }

    /// Creation and growth: machines come as far as there is stock; at the end the pool runs or is in error.
    fn step_fill(&mut self, op: &mut Operation, now: Millis, due: Millis, random: &mut Random) -> Step {
        if now < op.machines_at() {
            return Step::Waiting;
        }
        let Some(pool) = self.pool_of(op) else { return done(due) };
        let rain = pool.drought.as_ref().and_then(|drought| drought.until);
        // Late stock gives machines now; stock that was there all along gave them when they fell due.
        let earliest = if op.tried { rain.unwrap_or(now) } else { rain.unwrap_or(0) };
        let patient = matches!(op.outcome, Some(Outcome::Stockout { keeps_provisioning: true, .. }));
        // What comes after the operation's end is the pool's own healing.
        let latest = if patient { now } else { now.min(due) };
        let at = earliest.clamp(op.machines_at(), latest);
        op.tried = true;
        let (cluster, name) = (op.cluster.clone(), pool.name.clone());
        let filled = self.fill(&cluster, &name, at, op.span, random);
        op.filled_at = op.filled_at.or(filled.then_some(at));
        // A patient operation ends as long after its machines came as any other does.
        let due = due.max(op.filled_at.filter(|_| patient).map_or(0, |came| came + op.span * 7 / 10));
        if now < due || (!filled && patient) {
            return Step::Waiting;
        }
        let Some(pool) = self.pool_of(op) else { return done(due) };
        Step::Ended(due, pool.finish())
    }

    /// New wanted sizes; machines beyond them go at once, drained.
    fn resize(&mut self, op: &mut Operation, sizes: &BTreeMap<String, u32>, changes: &Changes) {
        // The sizes are set once: an autoscaler may move them while the operation goes on.
        op.work = Work::Fill;
        let Some(pool) = self.pool_of(op) else { return };
        pool.change(changes);
        pool.sizes.clone_from(sizes);
        nodes::shrink(pool);
    }

    fn step_roll(&mut self, op: &mut Operation, mut roll: Roll, now: Millis, random: &mut Random) -> Step {
        while !roll.remaining.is_empty() && roll.next_at <= now {
            let (at, before) = (roll.next_at, roll.remaining.len());
            self.replace_batch(op, &mut roll, at, random);
            roll.next_at = at + roll.step.max(1);
            if roll.remaining.len() == before {
                // Stalled. Stock changes with requests only, and this is the first one since, unless a drought ends.
                let rain = self.pool_of(op).and_then(|pool| pool.drought.as_ref()?.until);
                roll.next_at = rain.filter(|rain| (at + 1..=now).contains(rain)).unwrap_or(now + 1);
            }
        }
        let ends_at = roll.next_at.max(op.due_at());
        let finished = roll.remaining.is_empty() && ends_at <= now;
        let changes = roll.changes.clone();
        op.work = Work::Roll(roll);
        if !finished {
            return Step::Waiting;
        }
        let Some(pool) = self.pool_of(op) else { return done(ends_at) };
        pool.change(&changes);
        nodes::refresh(pool);
        Step::Ended(ends_at, pool.finish())
    }

    /// One batch: `unavailable` nodes go before their successors come, `surge` nodes go after, if there is stock; each as
    /// soon as it is drained.
    fn replace_batch(&mut self, op: &Operation, roll: &mut Roll, at: Millis, random: &mut Random) {
        let Some(pool) = self.pool_of(op) else {
            roll.remaining.clear();
            return;
        };
        let dry = pool.dry(at);
        let old: BTreeMap<_, _> = pool.nodes.iter().map(|node| (node.uid.clone(), node.clone())).collect();
        // Nodes that went by themselves need no successor.
        roll.remaining.retain(|uid| old.contains_key(uid));
        let mut wanted = pool.spec.clone();
        spec::apply(&mut wanted, &roll.changes);
        roll.drains.retain(|uid, _| old.contains_key(uid));
        let begun = |surged: bool| {
            let drains = roll.drains.values().filter(|drain| drain.surged == surged);
            u32::try_from(drains.count()).unwrap_or(u32::MAX)
        };
        let mut surge = roll.surge.saturating_sub(begun(true));
        let mut unavailable = roll.unavailable.saturating_sub(begun(false));
        for uid in roll.remaining.clone() {
            let Some(node) = old.get(&uid) else { continue };
            let room = |gke: &Self| {
                !dry && node.gpus.as_ref().is_none_or(|gpus| gke.free(&node.zone, &gpus.kind) >= gpus.count)
            };
            let boot = Boot { zone: node.zone.clone(), at, span: roll.step };
            let drain = match roll.drains.get(&uid).cloned() {
                Some(drain) => drain,
                None if unavailable > 0 => {
                    unavailable -= 1;
                    Drain { since: at, surged: false }
                }
                None if surge == 0 || !room(self) => continue,
                None => {
                    surge -= 1;
                    self.add_node(op, &wanted, &boot, random);
                    Drain { since: at, surged: true }
                }
            };
            if self.occupied.holds(&op.cluster, &node.name) && at < drain.since + op.span * PATIENCE {
                self.mark_draining(op, &uid);
                roll.drains.insert(uid, drain);
                continue;
            }
            roll.remaining.retain(|other| *other != uid);
            roll.drains.remove(&uid);
            self.remove_node(op, &uid);
            if !drain.surged && room(self) {
                self.add_node(op, &wanted, &boot, random);
            }
        }
    }

    /// An operation that a fault lets fail.
    fn failed(&mut self, op: &Operation, at: Millis, leave_pool: bool, message: &str) -> Step {
        let failure = Failure { code: INTERNAL, message: message.to_owned() };
        let created = matches!(op.work, Work::Create) && op.kind == "CREATE_NODE_POOL";
        if let (Some(cluster), Some(name)) = (self.clusters.get_mut(&op.cluster), &op.pool) {
            if created && !leave_pool {
                cluster.pools.remove(name);
            } else if let Some(pool) = cluster.pools.get_mut(name) {
                let status = if created { "ERROR" } else { "RUNNING_WITH_ERROR" };
                status.clone_into(&mut pool.status);
                message.clone_into(&mut pool.status_message);
                pool.conditions = vec![json!({"canonicalCode": "INTERNAL", "message": message})];
                // Nothing heals by itself what a fault broke.
                pool.sizes.values_mut().filter(|_| created).for_each(|size| *size = 0);
                pool.revision += 1;
            }
        }
        Step::Ended(at, Some(failure))
    }

    fn cancelled(&mut self, op: &Operation, now: Millis) -> Step {
        if let Some(pool) = self.pool_of(op) {
            pool.settle();
        }
        let message = format!("Operation {} was cancelled.", op.name);
        Step::Ended(now, Some(Failure { code: CANCELLED, message }))
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

    fn mark_draining(&mut self, op: &Operation, uid: &str) {
        let nodes = self.pool_of(op).into_iter().flat_map(|pool| &mut pool.nodes);
        nodes.filter(|node| node.uid == uid).for_each(|node| node.draining = true);
    }

    fn add_node(&mut self, op: &Operation, wanted: &Value, boot: &Boot, random: &mut Random) {
        let cluster = op.cluster.rsplit('/').next().unwrap_or_default();
        if let Some(pool) = self.pool_of(op) {
            let node = nodes::make(cluster, pool, wanted, boot, random);
            pool.nodes.push(node);
        }
    }

    /// Pools that wait for machines without an operation get them when they can be had. False: none waits.
    fn heal(&mut self, now: Millis, latency: Millis, random: &mut Random) -> bool {
        let waiting: Vec<_> = self
            .clusters
            .iter()
            .flat_map(|(id, cluster)| cluster.pools.values().map(move |pool| (id, pool)))
            .filter(|(_, pool)| pool.incomplete())
            .map(|(id, pool)| (id.clone(), pool.name.clone(), pool.drought.clone()))
            .collect();
        let moves = !waiting.is_empty();
        for (cluster, name, drought) in waiting {
            let busy = self
                .operations
                .iter()
                .any(|op| op.active() && op.cluster == cluster && op.pool.as_deref() == Some(name.as_str()));
            if busy {
                continue;
            }
            let at = drought.and_then(|drought| drought.until).filter(|until| *until < now).unwrap_or(now);
            let filled = self.fill(&cluster, &name, at, latency, random);
            if let Some(pool) = self.pool_mut(&cluster, &name).filter(|_| filled) {
                pool.settle();
            }
        }
        moves
    }

    /// Makes missing machines as far as there is stock; true when none is missing any more.
    fn fill(&mut self, cluster: &str, name: &str, at: Millis, span: Millis, random: &mut Random) -> bool {
        let Some(pool) = self.pool_mut(cluster, name) else { return true };
        if pool.dry(at) {
            return !pool.incomplete();
        }
        pool.drought = None;
        let zones: Vec<_> = pool.sizes.keys().map(|zone| (zone.clone(), pool.missing(zone))).collect();
        let gpus = nodes::gpus(&pool.spec);
        for (zone, missing) in zones {
            let stock = match &gpus {
                Some(gpus) => self.free(&zone, &gpus.kind) / gpus.count.max(1),
                None => u32::MAX,
            };
            let Some(parent) = self.clusters.get_mut(cluster) else { return true };
            let Some(pool) = parent.pools.get_mut(name) else { return true };
            for _ in 0..missing.min(stock) {
                let boot = Boot { zone: zone.clone(), at, span };
                let node = nodes::make(&parent.name, pool, &pool.spec, &boot, random);
                pool.nodes.push(node);
            }
        }
        self.pool_mut(cluster, name).is_none_or(|pool| !pool.incomplete())
    }
}
