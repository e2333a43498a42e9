//! Whether the cluster's NVIDIA software suits a pool, looked at before there are machines to pay for.
//!
//! What is certainly wrong is an error. What cannot be seen is none: a pool may be made before the cluster can be reached
//! from here, or before an operator is installed.

use std::time::Duration;

use crate::cloud;
use crate::kubernetes::Cluster;
use crate::kubernetes::suits::{self, Cut, Misfit, Prospect};
use crate::nodepool::pools::ErrorKind;
use crate::nodepool::rules::Demand;
use crate::nodepool::spec::Taint;
use crate::nodepool::{Call, CloudRules, NodePoolConfig, NodePoolSpec, Path, PoolError, Problems};
use crate::slicing::{Catalogue, MigStrategy};
use crate::tfplugin::{Context, Diagnostic, Value};

use super::super::slice_check::reach;
use super::from_value;
use super::lifecycle::Lifecycle;

/// How long the look may take.
const LOOK: Duration = Duration::from_secs(30);

/// What mig-manager is to do with the GPUs of such a pool; `None` where it is not asked.
pub(in crate::provider) fn cut(config: &NodePoolConfig, gpu: &str, strategy: MigStrategy) -> Option<Cut> {
    let rules = from_value::cloud_of(config).map(cloud::rules)?;
    let restarts = || Catalogue::built_in().gpu(gpu).is_some_and(|gpu| rules.mig_restarts(gpu));
    (rules.demand(config)? == Demand::MigManager).then(|| Cut { strategy, restarts: restarts() })
}

impl Lifecycle {
    /// Looks, and tells whether the user was told what to install.
    ///
    /// # Errors
    /// When what is installed would keep the slices from coming.
    pub(super) async fn suits(
        &self,
        ctx: &Context,
        call: &Call,
        planned: &Value,
        wanted: &NodePoolSpec,
        rules: &dyn CloudRules,
    ) -> Result<bool, PoolError> {
        let config = from_value::config(planned, &mut Problems::default());
        let demand = rules.demand(&config).unwrap_or(Demand::Nothing);
        if demand == Demand::Nothing {
            return Ok(false);
        }
        let looking = async {
            let cluster = reach(&self.session, call, &wanted.cluster).await.map_err(|why| why.detail())?;
            match (demand, cut(&config, &wanted.gpu.model, wanted.mig_strategy)) {
                (Demand::MigManager, Some(cut)) => by_operator(&cluster, call, cut).await,
                _ => undisturbed(&cluster, call, &prospect(wanted, rules)).await,
            }
        };
        let seen = tokio::select! {
            biased;
            // What comes next tells of the interrupt.
            () = call.cancelled.cancelled() => return Ok(false),
            seen = tokio::time::timeout(LOOK.min(call.remaining()), looking) => {
                seen.unwrap_or_else(|_| Err(format!("It gave no answer within {} s.", LOOK.as_secs())))
            }
        };
        match seen {
            Ok(Seen::Suits) => Ok(false),
            Ok(Seen::NoOperator(advice)) => {
                ctx.warn(Diagnostic::warning(
                    format!("There is no GPU operator in the cluster {}", wanted.cluster.name()),
                    format!(
                        "The nodes of the pool {} will offer no slices until there is one. {advice}",
                        wanted.name
                    ),
                ));
                Ok(true)
            }
            Ok(Seen::Misfit(misfit)) => Err(refused(misfit, rules)),
            Err(why) if demand == Demand::MigManager => {
                ctx.warn(Diagnostic::warning(
                    "The GPU operator's ClusterPolicy could not be looked at",
                    format!(
                        "{why}\n\nWhether the operator cuts the GPUs of the pool {} as planned is seen only when its nodes \
                         are there.",
                        wanted.name
                    ),
                ));
                Ok(false)
            }
            Err(why) => {
                tracing::info!(why, "whether a device plugin would come to the nodes could not be seen");
                Ok(false)
            }
        }
    }
}

/// What was seen of a cluster.
enum Seen {
    /// Nothing stands in the way.
    Suits,
    /// Nothing would cut the GPUs yet; what to install.
    NoOperator(String),
    /// Something stands in the way.
    Misfit(Misfit),
}

async fn by_operator(cluster: &Cluster, call: &Call, cut: Cut) -> Result<Seen, String> {
    let policies = cluster.operator_policies(call).await.map_err(|error| error.to_string())?;
    Ok(match suits::uncut(&policies, cut) {
        Some(misfit) => Seen::Misfit(misfit),
        None if policies.is_empty() => Seen::NoOperator(suits::no_operator(cut)),
        None => Seen::Suits,
    })
}

async fn undisturbed(cluster: &Cluster, call: &Call, prospect: &Prospect) -> Result<Seen, String> {
    let installed = cluster.installed(call).await.map_err(|error| error.to_string())?;
    Ok(suits::intruder(prospect, &installed).map_or(Seen::Suits, Seen::Misfit))
}

/// The nodes that the pool will have.
fn prospect(wanted: &NodePoolSpec, rules: &dyn CloudRules) -> Prospect {
    let mut labels = rules.node_labels(wanted);
    labels.extend(wanted.labels.clone());
    let arch = Catalogue::built_in().machine(Some(rules.cloud()), &wanted.machine_type).map(|it| it.arch);
    let mut taints: Vec<Taint> = wanted.taints.iter().cloned().collect();
    taints.extend(wanted.gpu_taint.then(Taint::gpu));
    taints.extend(rules.system_taints(arch, wanted.capacity_type));
    Prospect { labels, taints }
}

/// The error: nothing is made.
fn refused(misfit: Misfit, rules: &dyn CloudRules) -> PoolError {
    let attribute =
        if misfit.by_strategy { Some("mig_strategy") } else { rules.deciding_options().first().copied() };
    PoolError {
        kind: ErrorKind::Invalid,
        summary: misfit.summary,
        detail: format!("{}\n\nNothing was changed at the cloud.", misfit.detail.trim_end()),
        attribute: attribute.map(Path::of),
    }
}
