//! From a change of the neutral pool to the requests that make it, one step each. Pure.
//!
//! A request is built from the node group as it is when its turn comes. Of labels, taints and tags it names only what is
//! ours, and EKS leaves the others alone; of a setting it names what is wanted otherwise, and nobody asked to fill in the
//! rest.

use std::collections::BTreeMap;

use super::options::{RELEASE_VERSION, fulfils};
use super::parts::{self, Untranslatable};
use super::{machines, translate, wire};
use crate::nodepool::spec::Size;
use crate::nodepool::{NodePoolSpec, version};

mod merge;
mod settings;

/// What is changed in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The tags of the node group, which say what the autoscaler is to expect of its nodes.
    Tags,
    /// What is to be so before nodes are exchanged: how they are exchanged, and how few they are.
    Prepare,
    /// What the nodes are made of. All of them are exchanged.
    Roll,
    /// Everything that exchanges no node, and more nodes, which thus come with everything else in place.
    Settings,
}

/// Every step, in an order in which each beginning of it leaves a sound node group. The tags come first, since only a
/// difference elsewhere makes a later apply look at them again.
pub(crate) const ORDER: [Step; 4] = [Step::Tags, Step::Prepare, Step::Roll, Step::Settings];

impl Step {
    /// What it changes, for messages.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Step::Tags => "the tags",
            Step::Prepare | Step::Settings => "the settings",
            Step::Roll => "the version or the launch template",
        }
    }
}

/// A request that changes a node group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Request {
    /// `TagResource` and `UntagResource`.
    Tags { set: BTreeMap<String, String>, removed: Vec<String> },
    /// `UpdateNodegroupConfig`, without a token. One that wants fewer nodes ends pods at once.
    Config(wire::UpdateNodegroupConfig),
    /// `UpdateNodegroupVersion`.
    Roll(Roll),
}

/// An exchange of all nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roll {
    /// The launch template of the new nodes; `None` for a node group without one.
    pub template: Option<Template>,
    pub version: Option<String>,
    pub release_version: Option<String>,
    /// Whether nodes are ended though their pods cannot be evicted.
    pub force: bool,
}

/// The launch template that new nodes are made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    /// A version of ours that says this.
    Ours(wire::TemplateData),
    /// A version that is there: another one of the user's own template, or the one in use.
    Theirs(wire::LaunchTemplate),
}

/// A change, and the node group as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub prior: &'a NodePoolSpec,
    pub wanted: &'a NodePoolSpec,
    pub live: &'a wire::Nodegroup,
    /// The version in use of the launch template that we made; `None` where it is not ours, or where there is none.
    pub template: Option<&'a wire::TemplateVersion>,
    /// The cluster's own security group.
    pub security_group: Option<&'a str>,
}

impl Change<'_> {
    /// The request that takes a step; `None` where everything is as wanted, or not ours to change.
    pub(crate) fn request(&self, step: Step) -> Result<Option<Request>, Untranslatable> {
        Ok(match step {
            Step::Tags => self.tags(),
            Step::Prepare => match self.roll()? {
                Some(_) => config(wire::UpdateNodegroupConfig {
                    update_config: self.upgrade(),
                    scaling_config: self.scaling().filter(|scaling| self.shrinks(scaling)),
                    ..wire::UpdateNodegroupConfig::default()
                }),
                None => None,
            },
            Step::Roll => self.roll()?.map(Request::Roll),
            Step::Settings => config(wire::UpdateNodegroupConfig {
                labels: merge::labels(&self.live.labels, &self.prior.labels, &self.wanted.labels),
                taints: merge::taints(
                    &self.live.taints,
                    &parts::taints(self.prior),
                    &parts::taints(self.wanted),
                ),
                scaling_config: self.scaling(),
                update_config: self.upgrade(),
                node_repair_config: self.node_repair(),
                warm_pool_config: self.warm_pool(),
                client_request_token: String::new(),
            }),
        })
    }

    fn tags(&self) -> Option<Request> {
        let (set, removed) =
            merge::tags(&self.live.tags, &parts::tags(self.prior), &parts::tags(self.wanted))?;
        Some(Request::Tags { set, removed })
    }

    /// The sizes that are to change. What the autoscaler has set is only moved where the new limits leave it out.
    fn scaling(&self) -> Option<wire::ScalingChange> {
        let live = self.live.scaling_config.unwrap_or_default();
        let wanted = match (self.prior.size, self.wanted.size) {
            (
                Size::Autoscaling { min: prior_min, max: prior_max, .. },
                Size::Autoscaling { min, max, .. },
            ) if (prior_min, prior_max) == (min, max) => return None,
            (prior, wanted) if prior == wanted => return None,
            (_, Size::Fixed(_)) => parts::scaling(self.wanted.size),
            (_, Size::Autoscaling { min, max, .. }) => {
                parts::scaling(Size::Autoscaling { min, max, initial: Some(live.desired_size) })
            }
        };
        let change = wire::ScalingChange {
            min_size: (wanted.min_size != live.min_size).then_some(wanted.min_size),
            max_size: (wanted.max_size != live.max_size).then_some(wanted.max_size),
            desired_size: (wanted.desired_size != live.desired_size).then_some(wanted.desired_size),
        };
        (change != wire::ScalingChange::default()).then_some(change)
    }

    fn shrinks(&self, scaling: &wire::ScalingChange) -> bool {
        let live = self.live.scaling_config.unwrap_or_default();
        scaling.desired_size.is_some_and(|desired| desired < live.desired_size)
    }

    fn roll(&self) -> Result<Option<Roll>, Untranslatable> {
        let template = self.new_template()?;
        let (version, release_version) = self.versions();
        if template.is_none() && version.is_none() && release_version.is_none() {
            return Ok(None);
        }
        // A node group with a launch template is told which one even where that stays.
        let used = self.live.launch_template.as_ref().map(|used| {
            Template::Theirs(wire::LaunchTemplate { id: used.id.clone(), version: used.version.clone() })
        });
        Ok(Some(Roll {
            template: template.or(used),
            version,
            release_version,
            force: self.wanted.options.bool("force_update") == Some(true),
        }))
    }

    /// The launch template that is due: its content has changed in the configuration, and the nodes do not have it yet.
    /// What a newer provider would merely say otherwise is no reason to exchange nodes.
    fn new_template(&self) -> Result<Option<Template>, Untranslatable> {
        let wanted = settings::completed(self.prior, self.wanted);
        let said = translate::template(&wanted, self.security_group)?;
        let same = translate::template(self.prior, self.security_group).as_ref() == Ok(&said);
        if let Some(own) = parts::own_template(&wanted.options) {
            let used = self.live.launch_template.as_ref().map(|used| used.version.as_str());
            let due = parts::own_template(&self.prior.options).as_ref() != Some(&own)
                && used != Some(own.version.as_str());
            // What stands in a template that is not ours changes with that template alone.
            return match (due, same) {
                (true, _) => Ok(Some(Template::Theirs(own))),
                (false, true) => Ok(None),
                (false, false) => Err(Untranslatable::NoTemplate),
            };
        }
        if same {
            return Ok(None);
        }
        match self.template {
            None => Err(Untranslatable::NoTemplate),
            Some(used) if used.data == said.shown() => Ok(None),
            Some(_) => Ok(Some(Template::Ours(said))),
        }
    }

    /// The Kubernetes version and the release of the image that are due. Both are minima: a newer one stays.
    ///
    /// A release of Amazon Linux belongs to a Kubernetes version and names it; the two must agree. A version alone brings
    /// its newest release, which fulfils the wish for an older one.
    fn versions(&self) -> (Option<String>, Option<String>) {
        let there = self.live.version.as_deref().unwrap_or_default();
        let version = self.wanted.kubernetes_version.clone().filter(|wanted| {
            self.prior.kubernetes_version.as_ref() != Some(wanted) && !version::satisfies(there, wanted)
        });
        let release = self.wanted.options.text(RELEASE_VERSION).filter(|wanted| {
            let live = self.live.release_version.as_deref().unwrap_or_default();
            self.prior.options.text(RELEASE_VERSION) != Some(wanted) && !fulfils(live, wanted)
        });
        let Some(release) = release else { return (version, None) };
        let own = match machines::Family::of_image(self.live.ami_type.as_deref().unwrap_or_default()) {
            machines::Family::AmazonLinux => kubernetes_of(release),
            machines::Family::Bottlerocket => None,
        };
        let release = Some(release.to_owned());
        let Some(own) = own else { return (version, release) };
        let wanted = version.as_deref().unwrap_or(there);
        match (version::satisfies(&own, wanted), version::satisfies(wanted, &own)) {
            (true, true) => (version, release),
            (true, false) => (Some(own), release),
            (false, _) => (version, None),
        }
    }
}

/// The Kubernetes version that a release of Amazon Linux such as `1.34.2-20261015` is for.
pub(crate) fn kubernetes_of(release: &str) -> Option<String> {
    let mut numbers = release.split(['.', '-']);
    let (major, minor) = (numbers.next()?, numbers.next()?);
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| format!("{major}.{minor}"))
}

/// A change of the configuration; `None` for one that changes nothing.
fn config(body: wire::UpdateNodegroupConfig) -> Option<Request> {
    (body != wire::UpdateNodegroupConfig::default()).then_some(Request::Config(body))
}

#[cfg(test)]
mod tests;
