//! The life of a launch template of ours: made before its node group, given a new version for each change, cut back to
//! its last versions, and deleted after the group.
//!
//! Templates are found by their tags, never by their names or a state: a process that was killed leaves none behind that
//! a later one does not find.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::client::Templates;
use super::super::errors::{Action, Trouble};
use super::super::parts::Place;
use super::super::{Api, Eks, labels, seen, wire};
use crate::cloud::attempts::{Kind, attempt};
use crate::cloud::fault::Fault;
use crate::cloud::limits::Limits;
use crate::cloud::words::sentence;
use crate::nodepool::pools::Call;
use crate::nodepool::{NodePoolSpec, PoolError, PoolId};

/// How many versions of a template are kept.
const KEPT: usize = 5;

/// How long tidying up may take after a call has been stopped.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// The longest name of a launch template (source: EC2 API model, `LaunchTemplateName`).
const LONGEST_NAME: usize = 128;

/// How many random characters a template's name ends with.
const SUFFIX: usize = 6;

/// A launch template that a node group is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Made {
    pub id: String,
    pub version: u64,
}

impl Made {
    /// As a node group names it.
    pub(in super::super) fn launch_template(&self) -> wire::LaunchTemplate {
        wire::LaunchTemplate { id: self.id.clone(), version: self.version.to_string() }
    }
}

/// The launch template that a node group uses, as far as it is there to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Used {
    /// Whether we made it for this very node group.
    pub ours: bool,
    /// The version in use; `None` where there is none, or none any more.
    pub version: Option<wire::TemplateVersion>,
}

impl Used {
    /// The version in use of a template of ours.
    pub(in super::super) fn own(&self) -> Option<&wire::TemplateVersion> {
        self.version.as_ref().filter(|_| self.ours)
    }

    /// As it is read.
    pub(in super::super) fn seen<'a>(&'a self, security_group: Option<&'a str>) -> seen::Template<'a> {
        seen::Template { ours: self.ours, version: self.version.as_ref(), security_group }
    }
}

/// Random characters of base 36.
fn random(count: usize) -> String {
    use std::hash::{BuildHasher, RandomState};
    // Two requests must not look alike, and nobody has to be kept from guessing: the standard library's hash seeds do.
    let digit = |_| {
        let number = RandomState::new().hash_one(0_u8) % 36;
        char::from_digit(u32::try_from(number).unwrap_or_default(), 36).unwrap_or('0')
    };
    (0..count).map(digit).collect()
}

/// What makes a repeated request the same request.
pub(in super::super) fn token() -> String {
    random(32)
}

/// A new name for the template of a node group: letters, digits and `().-/_` are taken (source: EC2 API model,
/// `LaunchTemplateName`), which the names of clusters and node groups keep to.
fn name(cluster: &str, pool: &str) -> String {
    let room = LONGEST_NAME - SUFFIX - 1;
    let whole = format!("gpuslice-{cluster}-{pool}");
    // Names are of ASCII letters, so that every byte is a character.
    let short: String = whole.chars().take(room).collect();
    format!("{}-{}", short.trim_end_matches('-'), random(SUFFIX))
}

/// The tags by which a node group's templates are found.
fn marks(id: &PoolId) -> BTreeMap<String, String> {
    BTreeMap::from([
        (labels::CLUSTER_TAG.to_owned(), id.cluster.canonical()),
        (labels::POOL_TAG.to_owned(), id.name.clone()),
    ])
}

/// Whether a template was made by us for this node group.
pub(in super::super) fn is_ours(template: &wire::Template, id: &PoolId) -> bool {
    marks(id).iter().all(|(key, value)| template.tags.get(key) == Some(value))
}

/// The command that lists a node group's templates of ours.
pub(in super::super) fn how_to_list(id: &PoolId) -> String {
    let region = super::super::place(&id.cluster).map(|place| place.region).unwrap_or_default();
    format!(
        "aws ec2 describe-launch-templates --region {region} --filters Name=tag:{},Values={}",
        labels::POOL_TAG,
        id.name
    )
}

impl Api {
    /// The templates that were made for a node group.
    async fn templates_of(
        &self,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
    ) -> Result<Vec<wire::Template>, Trouble> {
        let marks = marks(id);
        let marks: Vec<(&str, &str)> =
            marks.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        attempt(limits, Kind::Read, || self.client.templates(place, Templates::Tags(&marks))).await
    }

    /// The versions of a template, the oldest first.
    async fn versions(
        &self,
        limits: &Limits,
        place: Place<'_>,
        id: &str,
        only: Option<u64>,
    ) -> Result<Vec<wire::TemplateVersion>, Trouble> {
        let mut versions =
            attempt(limits, Kind::Read, || self.client.template_versions(place, id, only)).await?;
        versions.sort_by_key(|version| version.number);
        Ok(versions)
    }

    /// One version of a template; `None` where there is none.
    pub(in super::super) async fn version(
        &self,
        limits: &Limits,
        place: Place<'_>,
        id: &str,
        number: u64,
    ) -> Result<Option<wire::TemplateVersion>, Trouble> {
        match self.versions(limits, place, id, Some(number)).await {
            Ok(versions) => Ok(versions.into_iter().find(|version| version.number == number)),
            Err(trouble) if trouble.action() == Some(Action::NotFound) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The launch template that a node group uses.
    pub(in super::super) async fn used_template(
        &self,
        limits: &Limits,
        place: Place<'_>,
        id: &PoolId,
        group: &wire::Nodegroup,
    ) -> Result<Used, Trouble> {
        let Some(used) = &group.launch_template else { return Ok(Used::default()) };
        let Ok(number) = used.version.parse() else { return Ok(Used::default()) };
        let found =
            attempt(limits, Kind::Read, || self.client.templates(place, Templates::Id(&used.id))).await;
        let ours = match found {
            Ok(found) => found.iter().any(|template| is_ours(template, id)),
            // Somebody has deleted it. EKS goes on with a copy.
            Err(trouble) if trouble.action() == Some(Action::NotFound) => return Ok(Used::default()),
            Err(trouble) => return Err(trouble),
        };
        Ok(Used { ours, version: self.version(limits, place, &used.id, number).await? })
    }

    /// A version of a template that says this: one that is there, or a new one.
    pub(in super::super) async fn version_saying(
        &self,
        limits: &Limits,
        place: Place<'_>,
        id: &str,
        data: &wire::TemplateData,
    ) -> Result<u64, Trouble> {
        let there = self.versions(limits, place, id, None).await?;
        if let Some(same) = there.iter().rev().find(|version| version.data == data.shown()) {
            return Ok(same.number);
        }
        let token = token();
        attempt(limits, Kind::Repeatable, || self.client.create_template_version(place, id, &token, data))
            .await
    }

    /// Deletes the versions of a template that are older than the last few; a version that is in use stays. What cannot be
    /// deleted costs nothing and stays, too.
    pub(in super::super) async fn prune(&self, limits: &Limits, place: Place<'_>, id: &str, in_use: u64) {
        let pruned: Result<(), Trouble> = async {
            let versions = self.versions(limits, place, id, None).await?;
            let old = surplus(&versions, in_use);
            if old.is_empty() {
                return Ok(());
            }
            attempt(limits, Kind::Repeatable, || self.client.delete_template_versions(place, id, &old)).await
        }
        .await;
        if let Err(trouble) = pruned {
            tracing::warn!(
                template = id,
                why = why(&trouble),
                "old versions of the launch template are left"
            );
        }
    }
}

/// The versions that may go: neither the last few, nor the one in use, nor the first, which is the default and which EC2
/// keeps.
fn surplus(versions: &[wire::TemplateVersion], in_use: u64) -> Vec<u64> {
    let old = versions.len().saturating_sub(KEPT);
    versions[..old]
        .iter()
        .map(|version| version.number)
        .filter(|number| *number != in_use && *number != 1)
        .collect()
}

fn why(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Api(error) => error.words(),
        Trouble::Stopped { .. } => "there was no time left".to_owned(),
    }
}

impl Eks {
    /// The launch template for a new node group: one that an earlier create left behind, or a new one.
    pub(in super::super) async fn first_template(
        &self,
        call: &Call,
        limits: &Limits,
        spec: &NodePoolSpec,
        data: &wire::TemplateData,
    ) -> Result<Made, PoolError> {
        let place = super::super::place(&spec.cluster)?;
        let id = PoolId { cluster: spec.cluster.clone(), name: spec.name.clone() };
        let explained = |trouble: Trouble| {
            trouble.explain(&format!("make the launch template of the node group {}", id.name), call.timeout)
        };
        let left = self.api.templates_of(limits, place, &id).await.map_err(explained)?;
        if let Some(template) = left.first() {
            tracing::info!(pool = %id, template = template.id, "using a launch template that was left behind");
            let version =
                self.api.version_saying(limits, place, &template.id, data).await.map_err(explained)?;
            return Ok(Made { id: template.id.clone(), version });
        }
        let (name, token) = (name(place.cluster, &id.name), token());
        let mut tags = spec.tags.clone();
        tags.extend(marks(&id));
        let made = attempt(limits, Kind::Repeatable, || {
            self.api.client.create_template(place, &name, &token, data, &tags)
        })
        .await
        .map_err(explained)?;
        tracing::info!(pool = %id, template = made.id, "made a launch template");
        Ok(Made { id: made.id, version: made.latest })
    }

    /// Deletes a template that no node group came of. Where that cannot be told, or does not succeed, the next create finds
    /// it.
    pub(in super::super) async fn take_back(&self, call: &Call, id: &PoolId, made: &Made) {
        // The call may have been stopped: this is its last word.
        let limits = Limits::lasting(LAST_WORDS);
        let Ok(place) = super::super::place(&id.cluster) else { return };
        match self.api.group(&limits, place, &id.name).await {
            Ok(None) => {}
            // Somebody was faster. Whoever it was may have found our template by its tags.
            Ok(Some(group)) if group.launch_template.as_ref().is_none_or(|used| used.id != made.id) => {}
            Ok(Some(_)) | Err(_) => return,
        }
        let deleted =
            attempt(&limits, Kind::Repeatable, || self.api.client.delete_template(place, &made.id)).await;
        match deleted {
            Ok(()) => {}
            Err(trouble) if trouble.action() == Some(Action::NotFound) => {}
            Err(trouble) => call.progress.warn(
                format!("The launch template {} is left", made.id),
                format!(
                    "It was made for the node group {}, which was not created, and it could not be deleted: {} It \
                     costs nothing; the next apply that creates the node group uses it.",
                    id.name,
                    sentence(&why(&trouble))
                ),
            ),
        }
    }

    /// Whether there is a template that was made for a node group.
    pub(in super::super) async fn has_templates(&self, call: &Call, id: &PoolId) -> Result<bool, PoolError> {
        let place = super::super::place(&id.cluster)?;
        let found = self.api.templates_of(&Limits::of(call), place, id).await;
        let found = found.map_err(|trouble| {
            trouble
                .explain(&format!("look for the launch template of the node group {}", id.name), call.timeout)
        })?;
        Ok(found.iter().any(|template| is_ours(template, id)))
    }

    /// Deletes the templates that were made for a node group that is gone.
    pub(in super::super) async fn remove_templates(&self, call: &Call, limits: &Limits, id: &PoolId) {
        let Ok(place) = super::super::place(&id.cluster) else { return };
        let found = match self.api.templates_of(limits, place, id).await {
            Ok(found) => found,
            Err(trouble) => {
                return call.progress.warn(
                    format!("The launch template of the node group {} may be left", id.name),
                    format!(
                        "The node group is gone. Its launch template could not be looked for: {} It costs nothing; `{}` \
                         finds it.",
                        sentence(&why(&trouble)),
                        how_to_list(id)
                    ),
                );
            }
        };
        for template in found.iter().filter(|template| is_ours(template, id)) {
            let deleted =
                attempt(limits, Kind::Repeatable, || self.api.client.delete_template(place, &template.id))
                    .await;
            match deleted {
                Ok(()) => tracing::info!(pool = %id, template = template.id, "deleted the launch template"),
                Err(trouble) if trouble.action() == Some(Action::NotFound) => {}
                Err(trouble) => call.progress.warn(
                    format!("The launch template {} is left", template.id),
                    format!(
                        "The node group {} is gone, and its launch template could not be deleted: {} It costs \
                         nothing. `aws ec2 delete-launch-template --region {} --launch-template-id {}` deletes it; the \
                         identity needs ec2:DeleteLaunchTemplate.",
                        id.name,
                        sentence(&why(&trouble)),
                        place.region,
                        template.id
                    ),
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_differ() {
        let long = "c".repeat(100);
        for (cluster, pool) in [("main", "mig1g"), (long.as_str(), "p".repeat(63).as_str())] {
            let (one, other) = (name(cluster, pool), name(cluster, pool));
            assert_ne!(one, other);
            assert!(one.len() <= LONGEST_NAME, "{one}");
            assert!(one.bytes().all(|b| b.is_ascii_alphanumeric() || b"().-/_".contains(&b)), "{one}");
        }
        assert!(name("main", "mig1g").starts_with("gpuslice-main-mig1g-"));
    }

    #[test]
    fn the_last_versions_the_one_in_use_and_the_first_stay() {
        let version = |number| wire::TemplateVersion { number, ..wire::TemplateVersion::default() };
        let versions: Vec<_> = (1..=9).map(version).collect();
        assert_eq!(surplus(&versions, 9), [2, 3, 4]);
        assert_eq!(surplus(&versions, 3), [2, 4]);
        assert_eq!(surplus(&versions[..5], 5), [0; 0]);
    }
}
