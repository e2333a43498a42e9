//! Node pools: get, list, delete, abort, upgrades of the image, and the machines of one. The PUT is in `put`.

use serde_json::{Value, json};

use super::Context;
use super::api::ApiVersion;
use super::errors::Refusal;
use super::model::{Aks, Cluster, Pool};
use super::operations::{End, Work};
use super::put::{check_last_system_pool, check_preconditions, check_running, roll};
use super::{spec, versions};
use crate::sandbox::exchange::Call;

/// Pools on a page. The real service has been seen to answer all at once; clients must follow `nextLink` all the same.
const PAGE: usize = 60;

/// What an accepted call leads to.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) status: u16,
    /// The operation's id; none when nothing is to be done.
    pub(crate) operation: Option<String>,
    pub(crate) body: Option<Value>,
}

impl Aks {
    /// The pool, or AKS's 404.
    pub(super) fn pool(&self, key: &str, name: &str) -> Result<(&Cluster, &Pool), Refusal> {
        let cluster = self.cluster(key)?;
        let pool = cluster.pools.get(name).ok_or_else(|| Refusal::pool_not_found(name))?;
        Ok((cluster, pool))
    }

    pub(super) fn get_pool(&self, key: &str, name: &str, version: ApiVersion) -> Result<Value, Refusal> {
        let (cluster, pool) = self.pool(key, name)?;
        Ok(spec::view(cluster, pool, version))
    }

    /// One page of the cluster's pools, by name.
    pub(super) fn list_pools(
        &self,
        key: &str,
        call: &Call,
        version: ApiVersion,
        base: &str,
    ) -> Result<Value, Refusal> {
        let cluster = self.cluster(key)?;
        let after = call.parameter("$skiptoken").unwrap_or_default();
        let rest: Vec<_> = cluster.pools.values().filter(|pool| pool.name > after).collect();
        let shown: Vec<_> = rest.iter().take(PAGE).map(|pool| spec::view(cluster, pool, version)).collect();
        let mut page = json!({"value": shown});
        if rest.len() > PAGE {
            let path = format!("{}/agentPools", cluster.shown_id());
            page["nextLink"] = json!(format!(
                "{base}{path}?api-version={}&$skiptoken={}",
                version.name(),
                rest[PAGE - 1].name
            ));
        }
        Ok(page)
    }

    pub(super) fn delete_pool(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: &str,
        call: &Call,
    ) -> Result<Accepted, Refusal> {
        let cluster = self.cluster(key)?;
        if let Some(given) = call.parameter("ignore-pod-disruption-budget")
            && !matches!(given.as_str(), "true" | "false")
        {
            return Err(Refusal::bad_request(format!(
                "ignore-pod-disruption-budget is true or false, not {given}."
            )));
        }
        let Some(pool) = cluster.pools.get(name) else {
            return Ok(Accepted { status: 204, operation: None, body: None });
        };
        check_preconditions(call, Some(pool))?;
        check_last_system_pool(cluster, name)?;
        self.check_idle(key)?;
        let operation = self.start(context, "Deleting", key, Some(name), Work::Delete);
        Ok(Accepted { status: 202, operation: Some(operation), body: None })
    }

    /// Ends what is under way on the pool, or on the cluster; the pool keeps what it has.
    pub(super) fn abort(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: Option<&str>,
    ) -> Result<Accepted, Refusal> {
        match name {
            Some(name) => drop(self.pool(key, name)?),
            None => drop(self.cluster(key)?),
        }
        let now = context.now;
        let running = self
            .operations
            .iter_mut()
            .find(|op| op.active() && op.cluster == key && op.pool.as_deref() == name);
        let Some(running) = running else {
            return Ok(Accepted { status: 204, operation: None, body: None });
        };
        running.ended_at = Some(now);
        running.end = Some(End::Canceled);
        if let Some(pool) = name.and_then(|name| self.pool_mut(key, name)) {
            pool.settle("Canceled", None, context.random);
        }
        // The answer to an abort is an operation of its own; how long it takes is unverified. Here it is over at once.
        let mut context = Context { latency: 0, call: None, ..reborrow(context) };
        let operation = self.start(&mut context, "Canceled", key, None, Work::Occupy);
        Ok(Accepted { status: 202, operation: Some(operation), body: None })
    }

    /// Another node image for all nodes.
    pub(super) fn upgrade_image(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: &str,
        version: ApiVersion,
    ) -> Result<Accepted, Refusal> {
        let (cluster, old) = self.pool(key, name)?;
        check_running(cluster)?;
        self.check_idle(key)?;
        let mut pool = old.clone();
        pool.image = versions::LAST_IMAGE;
        let work = Work::Update(roll(&pool));
        self.check_quota(cluster, &pool, &work)?;
        if let Some(pool) = self.pool_mut(key, name) {
            pool.image = versions::LAST_IMAGE;
        }
        let operation = self.start(context, "UpgradingNodeImageVersion", key, Some(name), work);
        let body = self.get_pool(key, name, version).ok();
        Ok(Accepted { status: 202, operation: Some(operation), body })
    }

    /// The machines of a pool, or one of them.
    pub(super) fn machines(&self, key: &str, name: &str, machine: Option<&str>) -> Result<Value, Refusal> {
        let (cluster, pool) = self.pool(key, name)?;
        let root = format!("{}/agentPools/{name}/machines", cluster.shown_id());
        let shown = pool.nodes.iter().map(|node| {
            // A machine's name is its node's, without the cluster's part of it being told.
            let zone = node.zone.strip_prefix(&format!("{}-", cluster.location));
            json!({
                "id": format!("{root}/{}", node.name),
                "name": node.name,
                "type": "Microsoft.ContainerService/managedClusters/agentPools/machines",
                "zones": zone.map(|zone| vec![zone]),
                "properties": {
                    "resourceId": format!(
                        "/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Compute/virtualMachineScaleSets/\
                         aks-{name}-{}-vmss/virtualMachines/{}",
                        cluster.subscription,
                        cluster.node_group(),
                        cluster.hash,
                        node.name.rsplit("vmss").next().unwrap_or_default().trim_start_matches('0')
                    ),
                    "network": {"ipAddresses": []},
                },
            })
        });
        match machine {
            None => Ok(json!({"value": shown.collect::<Vec<_>>()})),
            Some(wanted) => shown.into_iter().find(|shown| shown["name"] == wanted).ok_or_else(|| {
                Refusal::bare(
                    404,
                    "NotFound",
                    format!("Could not find the machine '{wanted}' in the agent pool."),
                )
            }),
        }
    }

    /// Versions that the pool may be brought to.
    pub(super) fn upgrade_profile(&self, key: &str, name: &str) -> Result<Value, Refusal> {
        let (cluster, pool) = self.pool(key, name)?;
        let upgrades: Vec<_> = versions::upgrades(&cluster.version, &pool.version)
            .into_iter()
            .map(|version| json!({"kubernetesVersion": version}))
            .collect();
        Ok(json!({
            "id": format!("{}/agentPools/{name}/upgradeProfiles/default", cluster.shown_id()),
            "name": "default",
            "type": "Microsoft.ContainerService/managedClusters/agentPools/upgradeProfiles",
            "properties": {
                "kubernetesVersion": pool.version,
                "osType": pool.spec["osType"],
                "upgrades": upgrades,
                "latestNodeImageVersion":
                    versions::image(pool.spec["osSKU"].as_str().unwrap_or_default(), versions::LAST_IMAGE),
            },
        }))
    }
}

/// A context for a part of a call.
fn reborrow<'a>(context: &'a mut Context<'_>) -> Context<'a> {
    Context {
        now: context.now,
        latency: context.latency,
        random: context.random,
        faults: context.faults,
        call: context.call,
        directory: context.directory,
        applied: context.applied,
    }
}
