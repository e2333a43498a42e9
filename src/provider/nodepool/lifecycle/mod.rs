//! Create, update, read and delete: what Terraform asks, said to a cloud, and what the cloud answers, kept.
//!
//! One file for each; here is what they share.

mod create;
mod delete;
mod read;
mod update;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cloud;
use crate::nodepool::pools::Call;
use crate::nodepool::resolve::{build, resolve};
use crate::nodepool::{CloudRules, Field, NodePool, NodePoolSpec, NodePools, PoolId, Problems};
use crate::slicing::Cloud;
use crate::tfplugin::{Context, Diagnostics, Value};

use super::super::diagnostics;
use super::super::session::Session;
use super::nodes::ClusterNodes;
use super::planning::INCOMPLETE;
use super::progress::Reports;
use super::to_value::{Purpose, fill, seen};
use super::{Kind, from_value};

/// The status of a pool that is ready.
pub(super) const READY: &str = "ready";

/// One resource type's dealings with the clouds.
#[derive(Debug)]
pub(super) struct Lifecycle {
    pub(super) session: Arc<Session>,
    pub(super) kind: Kind,
}

/// A cloud that can be spoken to.
pub(in crate::provider) struct Reached {
    pub(super) rules: &'static dyn CloudRules,
    pub(in crate::provider) pools: Arc<dyn NodePools>,
}

/// The rules and the API of a cloud.
pub(in crate::provider) fn reach(session: &Session, cloud: Cloud) -> Result<Reached, Diagnostics> {
    let rules = cloud::rules(cloud);
    let pools = session.pools(cloud)?.ok_or_else(|| {
        Diagnostics::error(
            "The provider's configuration is not known",
            "A part of the provider block comes from something that does not exist yet, and without it the cloud \
             cannot be reached. Apply what it comes from first (`terraform apply -target=…`), or use values that \
             are known.",
        )
    })?;
    Ok(Reached { rules, pools })
}

impl Lifecycle {
    /// The rules and the API of a cloud.
    pub(super) fn reach(&self, cloud: Cloud) -> Result<Reached, Diagnostics> {
        reach(&self.session, cloud)
    }

    /// The pool that a plan wants.
    fn wanted(&self, written: &Value, planned: &Value) -> Result<NodePoolSpec, Diagnostics> {
        let mut problems = Problems::default();
        let written = from_value::config(written, &mut problems);
        let mut config = from_value::config(&planned.clone().null_unknowns(), &mut problems);
        // The plan holds the whole name; the prefix it was made from has done its work.
        config.name_prefix = Field::Null;
        if problems.has_errors() {
            return Err(diagnostics::of_problems(&problems, false));
        }
        let cluster = config.cluster_id.known().ok_or_else(|| missing("cluster_id"))?;
        self.session.accepts(cluster)?;
        let rules = cloud::rules(cluster.cloud());
        let defaults = self.session.defaults().ok_or_else(|| missing("default_labels"))?;
        resolve(&written, &config, &defaults, rules)
            .map_err(|problems| diagnostics::of_problems(&problems, false))
    }

    /// The pool as the state has it: not judged, since the rules were kept when it was made, or it was imported.
    fn before(&self, prior: &Value, rules: &'static dyn CloudRules) -> Result<NodePoolSpec, Diagnostics> {
        let mut unread = Problems::default();
        let mut config = from_value::config(&prior.clone().null_unknowns(), &mut unread);
        config.name_prefix = Field::Null;
        if has_no_size(prior) {
            config.node_count = Field::Known(0); // a place holder: see `size_now`
        }
        let defaults = self.session.defaults().ok_or_else(|| missing("default_labels"))?;
        let mut before = build(&config, &defaults, rules).map_err(missing)?;
        before.labels = string_map(prior.lookup("effective_labels"));
        before.tags = string_map(prior.lookup("effective_tags"));
        Ok(before)
    }

    fn finished(planned: &Value, pool: &NodePool, rules: &'static dyn CloudRules, status: &str) -> Value {
        let mut seen = seen(pool, planned, Purpose::Refresh, rules);
        set_status(&mut seen, status);
        fill(planned, &seen).null_unknowns()
    }

    /// What is known of a pool that is not ready; what the cloud has not confirmed is null.
    fn incomplete(
        so_far: &Value,
        id: &PoolId,
        pool: Option<&NodePool>,
        rules: &'static dyn CloudRules,
    ) -> Value {
        let mut state = match pool {
            Some(pool) => fill(so_far, &seen(pool, so_far, Purpose::Refresh, rules)),
            None => so_far.clone(),
        }
        .null_unknowns();
        if let Value::Object(attributes) = &mut state {
            attributes.insert("id".to_owned(), Value::string(id.to_string()));
        }
        set_status(&mut state, INCOMPLETE);
        state
    }
}

pub(super) fn call(ctx: &Context, session: &Arc<Session>, default: Duration, reports: Reports) -> Call {
    let timeout = ctx.timeout().unwrap_or(default);
    Call {
        cancelled: ctx.cancellation().clone(),
        deadline: ctx.deadline().map_or_else(|| Instant::now() + timeout, tokio::time::Instant::into_std),
        timeout,
        progress: Box::new(reports),
        nodes: Some(Arc::new(ClusterNodes::new(session))),
    }
}

/// Whether the state does not say how large the pool is: nobody was allowed to look when it was imported.
fn has_no_size(state: &Value) -> bool {
    state.lookup("node_count").is_null() && state.lookup("autoscaling").is_null()
}

pub(super) fn set_status(state: &mut Value, status: &str) {
    if let Value::Object(attributes) = state {
        attributes.insert("status".to_owned(), Value::string(status));
    }
}

fn string_map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_map().into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The pool of a state.
fn pool_id(state: &Value) -> Result<PoolId, Diagnostics> {
    let id = state.lookup("id").as_str().unwrap_or_default();
    id.parse().map_err(|error| {
        Diagnostics::error(
            "The state does not say which pool this is",
            format!("Its id cannot be read: {error}. Remove the resource from the state with `terraform state rm` and import the pool."),
        )
    })
}

fn missing(attribute: &'static str) -> Diagnostics {
    Diagnostics::error(
        format!("{attribute} is not known"),
        format!("{attribute} is needed now, and its value is still unknown or cannot be read."),
    )
}
