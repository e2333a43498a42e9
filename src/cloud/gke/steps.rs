//! From a change of the neutral pool to the requests that make it, one group of fields each. Pure.
//!
//! A request is built from the pool as it is when its turn comes: labels, taints, network tags and resource labels
//! replace the whole list at GKE, so what others put there is read first and sent along.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::parts::{self, Untranslatable};
use super::wire::{self, Int};
use super::{seen, translate};
use crate::nodepool::spec::{Size, Taint};
use crate::nodepool::{NodePoolSpec, Options, version};

mod groups;

pub(crate) use groups::{Group, ORDER};

/// A request that changes a pool.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// PUT of the pool.
    Put(Box<wire::UpdateNodePool>),
    /// `:setSize`.
    Size(wire::SetSize),
    /// `:setAutoscaling`.
    Autoscaling(wire::SetAutoscaling),
    /// `:setManagement`.
    Management(wire::SetManagement),
}

/// A change, and the pool as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub prior: &'a NodePoolSpec,
    pub wanted: &'a NodePoolSpec,
    pub live: &'a wire::NodePool,
    /// The nodes that are wanted now, in all zones; `None` when nobody knows.
    pub nodes: Option<u32>,
}

impl Change<'_> {
    /// The request that changes `group`; `None` where it is as wanted, or not ours to change.
    pub(crate) fn request(&self, group: Group) -> Result<Option<Request>, Untranslatable> {
        Ok(match group {
            Group::Upgrade => self.upgrade()?,
            Group::Drain => self.drain()?,
            Group::Management => self.management(),
            Group::Autoscaling => self.autoscaling(),
            Group::Shrink => self.size(|against| against == Some(Ordering::Less))?,
            Group::Grow => self.size(|against| matches!(against, None | Some(Ordering::Greater)))?,
            Group::Zones => self.zones(),
            Group::ResourceLabels => self.resource_labels(),
            Group::NetworkTags => self.network_tags(),
            Group::ManagerTags => self.manager_tags(),
            Group::Version => self.version(),
            Group::Image => self.image(),
            Group::Disk => self.disk(),
            Group::Accelerators => self.accelerators(),
            Group::Labels => self.labels(),
            Group::Taints => self.taints(),
            Group::Metadata
            | Group::PrivateNodes
            | Group::Gvnic
            | Group::ImageStreaming
            | Group::FlexStart
            | Group::Queued
            | Group::RunDuration => self.switch(group)?,
        })
    }

    fn config(&self) -> wire::NodeConfig {
        self.live.config.clone().unwrap_or_default()
    }

    /// Whether an option is written and not what it was. An option that is not written stays as it is.
    fn changed(&self, name: &str) -> bool {
        let wanted = self.wanted.options.get(name);
        wanted.is_some_and(|wanted| {
            !self.prior.options.get(name).is_some_and(|prior| parts::holds(prior, wanted))
        })
    }

    /// Whether an option is to be changed and the pool does not have the wanted value yet. An earlier apply may have
    /// asked for it already, and asking again may replace every node again.
    fn due(&self, name: &str) -> bool {
        let live = seen::options(self.live, &self.config());
        let wanted = self.wanted.options.get(name);
        self.changed(name)
            && !wanted.is_some_and(|wanted| live.get(name).is_some_and(|live| parts::holds(live, wanted)))
    }

    fn upgrade(&self) -> Result<Option<Request>, Untranslatable> {
        let gone =
            self.prior.options.get("blue_green").is_some() && self.wanted.options.get("blue_green").is_none();
        if self.wanted.options.object("blue_green").is_some() {
            if !self.due("blue_green") {
                return Ok(None);
            }
            let settings = parts::upgrade_settings(&self.wanted.upgrade, &self.wanted.options)?;
            return Ok(settings.and_then(|it| put(|body| body.upgrade_settings = Some(it))));
        }
        if self.prior.upgrade == self.wanted.upgrade && !gone {
            return Ok(None);
        }
        let live = self.live.upgrade_settings.as_ref();
        let surging = live
            .filter(|it| !matches!(it.strategy.as_deref(), Some("BLUE_GREEN" | "SHORT_LIVED")))
            .map(|it| {
                let count = |number: Option<Int>| number.and_then(Int::count).unwrap_or(0);
                (count(it.max_surge), count(it.max_unavailable))
            });
        let settings = parts::surge(
            &self.wanted.upgrade,
            surging.unwrap_or_else(|| parts::default_surge(&self.wanted.options)),
        )?;
        let figures = |it: &wire::UpgradeSettings| (it.max_surge, it.max_unavailable);
        let same = surging.is_some_and(|(surge, unavailable)| {
            figures(&settings) == (Some(surge.into()), Some(unavailable.into()))
        });
        Ok((!same).then(|| put(|body| body.upgrade_settings = Some(settings))).flatten())
    }

    fn drain(&self) -> Result<Option<Request>, Untranslatable> {
        if !self.changed("node_drain") {
            return Ok(None);
        }
        let live = self.live.node_drain_config.as_ref();
        let wanted = parts::node_drain(&self.wanted.options, live)?;
        Ok(wanted
            .filter(|drain| Some(drain) != live)
            .and_then(|drain| put(|body| body.node_drain_config = Some(drain))))
    }

    fn management(&self) -> Option<Request> {
        if !self.changed("auto_repair") && !self.changed("auto_upgrade") {
            return None;
        }
        let live = self.live.management.clone().unwrap_or_default();
        let mut management = live.clone();
        if let Some(on) = self.wanted.options.bool("auto_repair") {
            management.auto_repair = on;
        }
        if let Some(on) = self.wanted.options.bool("auto_upgrade") {
            management.auto_upgrade = on;
        }
        (management != live).then_some(Request::Management(wire::SetManagement { management }))
    }

    fn autoscaling(&self) -> Option<Request> {
        let limits = |size: Size| match size {
            Size::Autoscaling { min, max, .. } => Some((min, max)),
            Size::Fixed(_) => None,
        };
        let (prior, wanted) = (limits(self.prior.size), limits(self.wanted.size));
        if prior == wanted && !(wanted.is_some() && self.changed("location_policy")) {
            return None;
        }
        let live = self.live.autoscaling.clone().unwrap_or_default();
        let autoscaling = match wanted {
            Some((min, max)) => wire::Autoscaling {
                enabled: true,
                // GKE refuses totals beside figures per zone.
                min_node_count: None,
                max_node_count: None,
                total_min_node_count: Some(min.into()),
                total_max_node_count: Some(max.into()),
                location_policy: self
                    .wanted
                    .options
                    .text("location_policy")
                    .map(ToOwned::to_owned)
                    .or_else(|| live.location_policy.clone()),
                extra: live.extra.clone(),
            },
            None => wire::Autoscaling::default(),
        };
        let same = autoscaling == live || !autoscaling.enabled && !live.enabled;
        (!same).then_some(Request::Autoscaling(wire::SetAutoscaling { autoscaling }))
    }

    /// Whether the number of nodes in a zone is ours to set, and how it compares with what is there.
    fn size(&self, in_turn: fn(Option<Ordering>) -> bool) -> Result<Option<Request>, Untranslatable> {
        let Size::Fixed(wanted) = self.wanted.size else { return Ok(None) };
        if self.prior.size == self.wanted.size && self.prior.zones == self.wanted.zones {
            return Ok(None);
        }
        let zones_now = self.live.locations.len().max(1);
        let zones_of = |spec: &NodePoolSpec| match &spec.zones {
            Some(zones) if !zones.is_empty() => zones.len(),
            _ => zones_now,
        };
        let wanted = parts::per_zone(wanted, zones_of(self.wanted))?;
        // An uneven number, as the autoscaler leaves it, has no number per zone, and comparing it would mislead.
        let now = match (self.nodes, self.prior.size) {
            (Some(nodes), _) => parts::per_zone(nodes, zones_now).ok(),
            (None, Size::Fixed(nodes)) => parts::per_zone(nodes, zones_of(self.prior)).ok(),
            (None, Size::Autoscaling { .. }) => None,
        };
        let due = in_turn(now.map(|now| wanted.cmp(&now)));
        Ok(due.then(|| Request::Size(wire::SetSize { node_count: wanted.into() })))
    }

    fn zones(&self) -> Option<Request> {
        let wanted = self.wanted.zones.as_ref().filter(|zones| !zones.is_empty())?;
        let live: BTreeSet<String> = self.live.locations.iter().cloned().collect();
        if self.prior.zones.as_ref() == Some(wanted) || *wanted == live {
            return None;
        }
        put(|body| body.locations = Some(wanted.iter().cloned().collect()))
    }

    fn resource_labels(&self) -> Option<Request> {
        if self.prior.tags == self.wanted.tags {
            return None;
        }
        let live = self.config().resource_labels;
        let merged = merge(&live, &self.prior.tags, &self.wanted.tags);
        (merged != live)
            .then(|| self.replacing(|body| body.resource_labels = Some(wire::Labels { labels: merged })))
    }

    fn labels(&self) -> Option<Request> {
        if self.prior.labels == self.wanted.labels {
            return None;
        }
        let live = self.config().labels;
        let merged = merge(&live, &self.prior.labels, &self.wanted.labels);
        (merged != live).then(|| self.replacing(|body| body.labels = Some(wire::Labels { labels: merged })))
    }

    fn taints(&self) -> Option<Request> {
        let ours = |spec: &NodePoolSpec| parts::taints(&spec.taints, spec.gpu_taint);
        let (prior, wanted) = (ours(self.prior), ours(self.wanted));
        if prior == wanted {
            return None;
        }
        let live = self.config().taints;
        let is = |found: &wire::Taint, taint: &Taint| {
            found.key == taint.key && found.effect == parts::effect(taint.effect)
        };
        let mut merged: Vec<wire::Taint> = live
            .iter()
            .filter(|found| !prior.iter().chain(&wanted).any(|taint| is(found, taint)))
            .cloned()
            .collect();
        merged.extend(wanted.iter().map(|taint| {
            let same = live.iter().find(|found| is(found, taint) && found.value == taint.value);
            same.cloned().unwrap_or_else(|| parts::taint(taint))
        }));
        let unchanged = merged.len() == live.len() && merged.iter().all(|taint| live.contains(taint));
        (!unchanged).then(|| self.replacing(|body| body.taints = Some(wire::Taints { taints: merged })))
    }

    fn network_tags(&self) -> Option<Request> {
        if !self.changed("network_tags") {
            return None;
        }
        let of = |options: &Options| options.set_of("network_tags").cloned().unwrap_or_default();
        let live: BTreeSet<String> = self.config().tags.into_iter().collect();
        let mut merged: BTreeSet<String> = &live - &of(&self.prior.options);
        merged.extend(of(&self.wanted.options));
        (merged != live).then(|| {
            let tags = merged.into_iter().collect();
            self.replacing(|body| body.tags = Some(wire::NetworkTags { tags }))
        })
    }

    fn manager_tags(&self) -> Option<Request> {
        if !self.changed("resource_manager_tags") {
            return None;
        }
        let of = |options: &Options| options.map_of("resource_manager_tags").cloned().unwrap_or_default();
        let live = self.config().resource_manager_tags.unwrap_or_default().tags;
        let tags = merge(&live, &of(&self.prior.options), &of(&self.wanted.options));
        (tags != live)
            .then(|| self.replacing(|body| body.resource_manager_tags = Some(wire::TagMap { tags })))
    }

    fn version(&self) -> Option<Request> {
        let wanted = self.wanted.kubernetes_version.as_deref()?;
        let live = self.live.version.as_deref().unwrap_or_default();
        let older = !version::satisfies(live, wanted);
        (self.prior.kubernetes_version.as_deref() != Some(wanted) && older)
            .then(|| put(|body| body.node_version = Some(wanted.to_owned())))
            .flatten()
    }

    fn image(&self) -> Option<Request> {
        let wanted = self.wanted.options.text("image_type")?;
        let live = self.config().image_type.unwrap_or_default();
        let due = self.due("image_type") && !live.eq_ignore_ascii_case(wanted);
        due.then(|| put(|body| body.image_type = Some(wanted.to_owned()))).flatten()
    }

    /// Size and type go together: two requests would replace every node twice.
    fn disk(&self) -> Option<Request> {
        let (live_size, live_kind) = seen::disk(&self.config());
        let size = self.wanted.disk_size_gb.filter(|size| self.prior.disk_size_gb != Some(*size));
        let kind = self.wanted.disk_type.clone().filter(|kind| self.prior.disk_type.as_ref() != Some(kind));
        // An earlier apply may have asked for it already, and asking again may replace every node again.
        let size = size.filter(|size| live_size != Some(*size));
        let kind = kind.filter(|kind| live_kind.as_ref() != Some(kind));
        (size.is_some() || kind.is_some())
            .then(|| {
                put(|body| {
                    body.disk_size_gb = size.map(Into::into);
                    body.disk_type = kind;
                })
            })
            .flatten()
    }

    /// The whole entry as it is, with sharing or driver exchanged: GKE takes a part that is left out as removed.
    fn accelerators(&self) -> Option<Request> {
        let driver_changed = self.changed("driver_version") || self.changed("driver_specific_version");
        if self.prior.sharing == self.wanted.sharing && !driver_changed {
            return None;
        }
        let live = self.config().accelerators;
        let mut entry = live.first().cloned().unwrap_or_else(|| translate::accelerator(self.wanted));
        if self.prior.sharing != self.wanted.sharing {
            entry.gpu_sharing_config = parts::sharing(self.wanted.sharing);
        }
        if driver_changed {
            entry.gpu_driver_installation_config = parts::driver(&self.driver_options());
        }
        (live.first() != Some(&entry)).then(|| put(|body| body.accelerators = Some(vec![entry]))).flatten()
    }

    /// The options that tell the driver. A version that was written alone means `SPECIFIC`, whatever word GKE has had
    /// so far.
    fn driver_options(&self) -> Options {
        let mut options = self.wanted.options.clone();
        if self.changed("driver_specific_version") && !self.changed("driver_version") {
            options.set("driver_version", None);
        }
        options
    }

    /// The options that are one field each.
    fn switch(&self, group: Group) -> Result<Option<Request>, Untranslatable> {
        let options = &self.wanted.options;
        let flag = |name: &str| options.bool(name).filter(|_| self.due(name));
        let text = |name: &str| options.text(name).filter(|_| self.due(name));
        let enabled = |name: &str| flag(name).map(translate::enabled);
        let mut body = wire::UpdateNodePool::default();
        match group {
            Group::Metadata => {
                body.workload_metadata_config = text("workload_metadata_mode")
                    .map(|mode| wire::WorkloadMetadata { mode: Some(mode.to_owned()) });
            }
            Group::PrivateNodes => {
                // With the rest of the network as it is, as hashicorp/google sends it.
                body.node_network_config = flag("private_nodes").map(|on| wire::NetworkConfig {
                    enable_private_nodes: Some(on),
                    ..self.live.network_config.clone().unwrap_or_default()
                });
            }
            Group::Gvnic => body.gvnic = enabled("gvnic"),
            Group::ImageStreaming => body.gcfs_config = enabled("image_streaming"),
            Group::FlexStart => body.flex_start = flag("flex_start"),
            Group::Queued => body.queued_provisioning = enabled("queued_provisioning"),
            _ => {
                body.max_run_duration = text("max_run_duration")
                    .map(|length| parts::seconds("max_run_duration", length))
                    .transpose()?;
            }
        }
        Ok((body != wire::UpdateNodePool::default()).then(|| Request::Put(Box::new(body))))
    }

    /// A request that replaces a whole list, refused by GKE if somebody changed the pool meanwhile.
    fn replacing(&self, fill: impl FnOnce(&mut wire::UpdateNodePool)) -> Request {
        let mut body =
            wire::UpdateNodePool { etag: self.live.etag.clone(), ..wire::UpdateNodePool::default() };
        fill(&mut body);
        Request::Put(Box::new(body))
    }
}

fn put(fill: impl FnOnce(&mut wire::UpdateNodePool)) -> Option<Request> {
    let mut body = wire::UpdateNodePool::default();
    fill(&mut body);
    Some(Request::Put(Box::new(body)))
}

/// What is there, without the keys that were ours, with those that are.
fn merge(
    live: &BTreeMap<String, String>,
    prior: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let foreign = live.iter().filter(|(key, _)| !prior.contains_key(*key));
    foreign.chain(wanted).map(|(key, value)| (key.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests;
