//! The look at a pool's slices when it is ready: when it is due, and what a user reads of it.
//!
//! It never fails and never taints a pool: what it sees is a number in the state, or a warning.

use std::time::Duration;

use crate::cloud;
use crate::duration::GoDuration;
use crate::kubernetes::check::{Announcer, SliceCheck};
use crate::kubernetes::plugin::Place;
use crate::nodepool::rules::PluginUse;
use crate::nodepool::spec::Size;
use crate::nodepool::{Call, Change, NodePoolConfig, NodePoolSpec, PoolId, Problems};
use crate::slicing::{Catalogue, Cloud, MigProfile};
use crate::tfplugin::{Action, Context, Plan, Value};

use super::super::slice_check::{KeyPlace, Look, PoolKey, look, warning};
use super::companions::WantedKey;
use super::lifecycle::Lifecycle;
use super::planning::{paths_of, put};
use super::{Kind, clouds, from_value, suiting};

/// The word for a look that warns.
pub(super) const WARN: &str = "warn";

/// The word for none.
const OFF: &str = "off";

/// How long slices are waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The same where the machine restarts before they are there.
pub(super) const PATIENCE_WITH_RESTART: Duration = Duration::from_secs(25 * 60);

/// Where the number goes.
const SEEN: &str = "allocatable_slices";

/// What changes the number of nodes.
const SIZE: [&str; 3] = ["node_count", "autoscaling", "zones"];

/// What follows from how GPUs are cut, shared and announced.
const ANNOUNCED: [&str; 3] = ["slices.per_node", "slices.resource_name", "config_key"];

/// Judges the two attributes.
pub(super) fn validate(config: &Value, problems: &mut Problems) {
    let words = [WARN, OFF];
    if let Some(word) = config.lookup("slice_check").as_str().filter(|word| !words.contains(word)) {
        from_value::not_one_of("slice_check", word, &words, problems);
    }
    match config.lookup("slice_check_timeout").as_str().map(str::parse::<GoDuration>) {
        Some(Err(error)) => {
            problems.error("slice_check_timeout", "This is no duration", format!("{error}."));
        }
        Some(Ok(GoDuration(Duration::ZERO))) => problems.error(
            "slice_check_timeout",
            "slice_check_timeout is no time at all",
            "Give the slices some time, such as \"15m\". To leave the look out, set slice_check = \"off\".",
        ),
        _ => {}
    }
}

/// The number is unknown exactly when the apply will look; else what was seen stays.
pub(super) fn plan(plan: &mut Plan<'_>, kind: Kind) {
    let looks = match plan.get("slice_check") {
        Value::Unknown(_) => true,
        word => word.as_str() != Some(OFF),
    };
    let kept = plan.prior.map_or(&Value::Null, |prior| prior.lookup(SEEN)).clone();
    let planned = if looks && is_due(plan, kind) { Value::UNKNOWN } else { kept };
    put(plan, SEEN, planned);
}

/// Whether anything changes that decides what nodes offer, or the pool was never ready.
fn is_due(plan: &Plan<'_>, kind: Kind) -> bool {
    match plan.action() {
        Action::Create | Action::Replace => return true,
        Action::NoOp => return false,
        Action::Update => {}
    }
    // New nodes have a driver of their own, and are cut anew.
    let ground = plan.prior.and_then(clouds::ground);
    let rolls = ground.map(|ground| paths_of(ground, Change::Rolls)).unwrap_or_default();
    plan.get("status").is_unknown()
        || [kind.slicing(), &SIZE, &ANNOUNCED].concat().iter().any(|path| plan.changed(path))
        || rolls.iter().any(|path| plan.changed(path))
}

/// What a look at the end of a create or an update is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looking<'a> {
    /// The pool.
    pub(super) id: &'a PoolId,
    /// The planned state.
    pub(super) planned: &'a Value,
    /// The same, resolved.
    pub(super) wanted: &'a NodePoolSpec,
    /// Where the apply has put the pool's key, if it has.
    pub(super) place: Option<&'a Place>,
    /// Whether the user has been told what to install.
    pub(super) advised: bool,
}

impl Lifecycle {
    /// The state of a pool that is ready, with the slices that its nodes offer, where the plan says that they are looked
    /// at. The state is kept first: whatever becomes of the look, the pool is ready.
    pub(super) async fn with_slices(
        &self,
        ctx: &Context,
        call: &Call,
        looking: &Looking<'_>,
        mut state: Value,
    ) -> Value {
        let is_off = looking.planned.lookup("slice_check").as_str() == Some(OFF);
        if is_off || !looking.planned.lookup(SEEN).is_unknown() {
            return state;
        }
        ctx.checkpoint(state.clone(), ctx.private());
        let Some(check) = looking.check() else { return state };
        let look = look(&self.session, call, check, looking.key()).await;
        if let Some(warning) = warning(looking.id, &look, looking.advised) {
            ctx.warn(warning);
        }
        let number = match look {
            Look::Seen(number) => Value::from(number),
            Look::Wrong(mismatch) => Value::from(mismatch.allocatable),
            Look::NotVerified(_) => Value::Null,
        };
        if let Value::Object(attributes) = &mut state {
            attributes.insert(SEEN.to_owned(), number);
        }
        state
    }
}

impl Looking<'_> {
    /// What the plan has promised. `None` where it could promise nothing, since nobody knows the machine's GPUs.
    fn check(&self) -> Option<SliceCheck> {
        let Looking { planned, wanted, .. } = self;
        // A workload tolerates every taint that the nodes have for good: the user's, the GPU's and the cloud's.
        let taints = from_value::taints(planned.lookup("scheduling.tolerations"), &mut Problems::default());
        let config = from_value::config(planned, &mut Problems::default());
        Some(SliceCheck {
            pool: self.id.clone(),
            resource: planned.lookup("slices.resource_name").as_str()?.to_owned(),
            per_node: planned.lookup("slices.per_node").as_u64()?,
            gpus: wanted.gpu.count,
            nodes: match wanted.size {
                Size::Fixed(nodes) => Some(nodes),
                Size::Autoscaling { .. } => None,
            },
            mig: wanted.mig_profile.map(|_| wanted.mig_strategy),
            sharing: wanted.sharing,
            mig_manager: suiting::cut(&config, &wanted.gpu.model, wanted.mig_strategy),
            announcer: announcer(&config),
            taints: taints.known().into_iter().flatten().cloned().collect(),
            timeout: match planned.lookup("slice_check_timeout").as_str().map(str::parse) {
                Some(Ok(GoDuration(written))) => written,
                _ => patience(wanted.cluster.cloud(), &wanted.gpu.model, wanted.mig_profile),
            },
        })
    }

    /// The key that the plan has made for the pool's nodes.
    fn key(&self) -> Option<PoolKey> {
        let WantedKey { key, place } = WantedKey::named(self.planned)?;
        let at = self.place.map_or(KeyPlace::ToFind(place), |place| KeyPlace::Known(place.clone()));
        Some(PoolKey { key, at })
    }
}

/// Who announces the GPUs of such a pool, as far as its configuration tells.
pub(in crate::provider) fn announcer(config: &NodePoolConfig) -> Announcer {
    let rules = from_value::cloud_of(config).map(cloud::rules);
    match rules.and_then(|rules| rules.plugin_config(config)) {
        Some(PluginUse::Never | PluginUse::BuiltIn) => Announcer::Cloud,
        Some(PluginUse::Always | PluginUse::ForSharing) | None => Announcer::DevicePlugin { key: None },
    }
}

/// How long slices are waited for where nobody says: longer where the machine restarts before they are there.
fn patience(cloud: Cloud, gpu: &str, profile: Option<MigProfile>) -> Duration {
    let rules = cloud::rules(cloud);
    if profile.is_some() && Catalogue::built_in().gpu(gpu).is_none_or(|gpu| rules.mig_restarts(gpu)) {
        PATIENCE_WITH_RESTART
    } else {
        PATIENCE
    }
}
