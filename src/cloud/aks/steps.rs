//! From a change of the neutral pool to the bodies that make it, one step each. Pure.
//!
//! AKS takes a pool as a whole, so a body is the pool as it is when its turn comes, with our fields changed: what we do
//! not know, and what others have put there, goes back as it came. What nobody asked to change is never filled in.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::parts::{self, Untranslatable};
use super::wire;
use crate::nodepool::spec::Size;
use crate::nodepool::{NodePoolSpec, version};

mod merge;

use merge::{labels, tags, taints};

/// What AKS changes in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Everything that replaces no node, and fewer nodes. With no other step to come, more nodes too.
    Settings,
    /// The Kubernetes version. AKS refuses to upgrade and to scale at once.
    Version,
    /// The operating system.
    Image,
    /// More nodes, which thus come with everything else in place.
    Grow,
}

/// Every step, in an order in which each beginning of it leaves a sound pool: first what says how nodes are replaced,
/// labels and taints among it, then what replaces them, and last more nodes.
pub(crate) const ORDER: [Step; 4] = [Step::Settings, Step::Version, Step::Image, Step::Grow];

/// A body, and what it changes, for messages.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Body {
    pub json: Value,
    pub changes: Vec<&'static str>,
}

/// A change, and the pool as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub prior: &'a NodePoolSpec,
    pub wanted: &'a NodePoolSpec,
    pub live: &'a wire::Shown,
}

/// The pool as it is, to be sent back unchanged: AKS then finishes what it had begun.
pub(crate) fn unchanged(live: &wire::Shown) -> Value {
    sendable(live.properties.clone())
}

/// What only the service writes. The node image's version is read here and asks for another image when it is sent.
const READ_ONLY: [&str; 5] =
    ["eTag", "provisioningState", "currentOrchestratorVersion", "status", "nodeImageVersion"];

/// The body of properties that came from an answer.
fn sendable(mut properties: Map<String, Value>) -> Value {
    for name in READ_ONLY {
        properties.remove(name);
    }
    // AKS refuses limits beside autoscaling that is off.
    if properties.get("enableAutoScaling") != Some(&Value::Bool(true)) {
        properties.remove("minCount");
        properties.remove("maxCount");
    }
    Value::Object(Map::from_iter([("properties".to_owned(), Value::Object(properties))]))
}

/// The properties of a pool while they are changed.
struct Draft {
    properties: Map<String, Value>,
    changes: Vec<&'static str>,
}

impl Draft {
    /// Sets a property to what it is not yet; `what` is said in messages.
    fn set(&mut self, name: &str, value: impl Into<Value>, what: &'static str) {
        self.properties.insert(name.to_owned(), value.into());
        self.changed(what);
    }

    fn changed(&mut self, what: &'static str) {
        if !self.changes.contains(&what) {
            self.changes.push(what);
        }
    }

    fn set_upgrade_settings(&mut self, fields: Vec<(&str, Value)>) {
        let mut settings = match self.properties.remove("upgradeSettings") {
            Some(Value::Object(settings)) => settings,
            _ => Map::new(),
        };
        settings.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.set("upgradeSettings", settings, "the upgrade settings");
    }
}

impl Change<'_> {
    /// The body that takes a step; `None` where it is as wanted, or not ours to change.
    pub(crate) fn body(&self, step: Step) -> Result<Option<Body>, Untranslatable> {
        let mut draft = Draft { properties: self.live.properties.clone(), changes: Vec::new() };
        match step {
            Step::Settings => {
                self.upgrade(&mut draft)?;
                self.choices(&mut draft);
                self.autoscaling(&mut draft);
                let rolls = self.version().is_some() || self.image().is_some();
                self.size(&mut draft, |against| against == Ordering::Less || !rolls);
                self.labels_and_taints(&mut draft);
            }
            Step::Version => {
                if let Some(version) = self.version() {
                    draft.set("orchestratorVersion", version, "the Kubernetes version");
                }
            }
            Step::Image => {
                if let Some(sku) = self.image() {
                    draft.set("osSKU", sku, "the operating system");
                }
            }
            Step::Grow => self.size(&mut draft, |against| against == Ordering::Greater),
        }
        Ok((!draft.changes.is_empty())
            .then(|| Body { json: sendable(draft.properties), changes: draft.changes }))
    }

    fn live(&self) -> &wire::Properties {
        &self.live.pool.properties
    }

    /// A text option that is written, is not what it was, and is not there yet. One that is not written stays as it is.
    fn due(&self, option: &str, live: Option<&str>) -> Option<String> {
        let wanted = self.wanted.options.text(option)?;
        (self.prior.options.text(option) != Some(wanted) && live != Some(wanted)).then(|| wanted.to_owned())
    }

    fn upgrade(&self, draft: &mut Draft) -> Result<(), Untranslatable> {
        let live = self.live().upgrade_settings.clone().unwrap_or_default();
        let prior = parts::upgrade_settings(&self.prior.upgrade, &self.prior.options).unwrap_or_default();
        let wanted = parts::upgrade_settings(&self.wanted.upgrade, &self.wanted.options)?;
        let mut fields: Vec<(&str, Value)> = Vec::new();
        let mut text = |name, prior: &Option<String>, wanted: &Option<String>, live: &Option<String>| {
            if let Some(value) = wanted.as_ref().filter(|_| wanted != prior && wanted != live) {
                fields.push((name, value.as_str().into()));
            }
        };
        text("maxSurge", &prior.max_surge, &wanted.max_surge, &live.max_surge);
        text("maxUnavailable", &prior.max_unavailable, &wanted.max_unavailable, &live.max_unavailable);
        text(
            "undrainableNodeBehavior",
            &prior.undrainable_node_behavior,
            &wanted.undrainable_node_behavior,
            &live.undrainable_node_behavior,
        );
        let mut minutes = |name, prior: Option<u32>, wanted: Option<u32>, live: Option<u32>| {
            if let Some(value) = wanted.filter(|_| wanted != prior && wanted != live) {
                fields.push((name, value.into()));
            }
        };
        minutes(
            "drainTimeoutInMinutes",
            prior.drain_timeout_in_minutes,
            wanted.drain_timeout_in_minutes,
            live.drain_timeout_in_minutes,
        );
        minutes(
            "nodeSoakDurationInMinutes",
            prior.node_soak_duration_in_minutes,
            wanted.node_soak_duration_in_minutes,
            live.node_soak_duration_in_minutes,
        );
        if !fields.is_empty() {
            draft.set_upgrade_settings(fields);
        }
        Ok(())
    }

    fn choices(&self, draft: &mut Draft) {
        if let Some(mode) = self.due("mode", self.live().mode.as_deref()) {
            draft.set("mode", mode, "the mode");
        }
        if let Some(mode) = self.due("scale_down_mode", self.live().scale_down_mode.as_deref()) {
            draft.set("scaleDownMode", mode, "the scale-down mode");
        }
    }

    fn autoscaling(&self, draft: &mut Draft) {
        let limits = |size: Size| match size {
            Size::Autoscaling { min, max, .. } => Some((min, max)),
            Size::Fixed(_) => None,
        };
        let (prior, wanted) = (limits(self.prior.size), limits(self.wanted.size));
        let live = self.live();
        let live_limits = (live.enable_auto_scaling == Some(true))
            .then(|| (live.min_count.unwrap_or(0), live.max_count.unwrap_or(0)));
        if prior == wanted || wanted == live_limits {
            return;
        }
        const WHAT: &str = "the autoscaler's limits";
        draft.set("enableAutoScaling", wanted.is_some(), WHAT);
        if let Some((min, max)) = wanted {
            draft.set("minCount", min, WHAT);
            draft.set("maxCount", max, WHAT);
            // AKS wants the count within the limits [unverified that it minds]. Nodes that are too many are drained.
            if let Some(count) = live.count.filter(|count| *count < min || *count > max) {
                draft.set("count", count.clamp(min, max.max(min)), WHAT);
            }
        }
    }

    /// The number of nodes, where it is ours to set and compares with what is there as it should.
    fn size(&self, draft: &mut Draft, in_turn: impl Fn(Ordering) -> bool) {
        let Size::Fixed(wanted) = self.wanted.size else { return };
        if self.prior.size == self.wanted.size {
            return;
        }
        let against = wanted.cmp(&self.live().count.unwrap_or(0));
        if against != Ordering::Equal && in_turn(against) {
            draft.set("count", wanted, "the number of nodes");
        }
    }

    fn labels_and_taints(&self, draft: &mut Draft) {
        let live = self.live();
        if let Some(tags) = tags(live.tags.as_ref(), &self.prior.tags, &self.wanted.tags) {
            draft.set("tags", Value::from_iter(tags), "the tags");
        }
        if let Some(labels) = labels(live.node_labels.as_ref(), &self.prior.labels, &self.wanted.labels) {
            draft.set("nodeLabels", Value::from_iter(labels), "the labels");
        }
        let there = live.node_taints.as_deref().unwrap_or_default();
        if let Some(taints) = taints(there, &parts::taints(self.prior), &parts::taints(self.wanted)) {
            draft.set("nodeTaints", taints, "the taints");
        }
    }

    fn version(&self) -> Option<String> {
        let wanted = self.wanted.kubernetes_version.as_deref()?;
        let live = self.live();
        let there = live.current_orchestrator_version.as_ref().or(live.orchestrator_version.as_ref());
        let older = !there.is_some_and(|there| version::satisfies(there, wanted));
        (self.prior.kubernetes_version.as_deref() != Some(wanted) && older).then(|| wanted.to_owned())
    }

    fn image(&self) -> Option<String> {
        self.due("os_sku", self.live().os_sku.as_deref())
    }
}

#[cfg(test)]
mod tests;
