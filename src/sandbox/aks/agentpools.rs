//! Node pools: get, list, create or update, delete, abort, and the machines of one.

use serde_json::{Map, Value, json};

use super::Context;
use super::api::ApiVersion;
use super::errors::Refusal;
use super::model::{Aks, Cluster, Pool};
use super::operations::{End, Roll, Work};
use super::{fields, rules, spec, versions};
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

    /// PUT: a new pool, or the one that is there brought to what the request says.
    pub(super) fn put_pool(
        &mut self,
        context: &mut Context<'_>,
        key: &str,
        name: &str,
        call: &Call,
        version: ApiVersion,
    ) -> Result<Accepted, Refusal> {
        let cluster = self.cluster(key)?;
        let lower = name.to_ascii_lowercase();
        // Names that are there are found in any case.
        let name = if cluster.pools.contains_key(&lower) { &lower } else { name };
        let sent = sent(call, version)?;
        let old = cluster.pools.get(name);
        check_preconditions(call, old)?;
        check_running(cluster)?;
        let wanted = spec::wanted(cluster, old.map(|pool| &pool.spec), sent.clone());
        if let Some(old) = old {
            rules::check_unchanged(&old.spec, &wanted)?;
            check_image(old, &sent)?;
        } else {
            rules::check_new(cluster)?;
        }
        rules::check(cluster, name, &wanted)?;
        if wanted["mode"] != "System" {
            check_last_system_pool(cluster, name)?;
        }
        let kubernetes = kubernetes_version(cluster, old, &wanted)?;
        self.check_idle(key)?;
        let existed = old.is_some();
        let mut pool = match old {
            Some(old) => Pool { spec: wanted, version: kubernetes, ..old.clone() },
            None => Pool {
                name: name.to_owned(),
                spec: wanted,
                state: String::new(),
                error: None,
                etag: String::new(),
                version: kubernetes,
                image: versions::FIRST_IMAGE,
                nodes: Vec::new(),
                serial: 0,
                created_at: context.now,
                drought: None,
            },
        };
        let (doing, work) = match old {
            Some(old) => change(old, &mut pool),
            None => ("Creating", Work::Create),
        };
        self.check_quota(cluster, &pool, &work)?;
        if let Some(cluster) = self.clusters.get_mut(key) {
            cluster.pools.insert(name.to_owned(), pool);
        }
        let operation = self.start(context, doing, key, Some(name), work);
        let status = if existed { 200 } else { 201 };
        // A pool that failed at once without a trace has no body any more.
        let body = self.get_pool(key, name, version).ok();
        Ok(Accepted { status, operation: Some(operation), body })
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

    /// Enough vCPUs of the family for what is wanted beyond what is there, surge included (text: AKS's, as users quote
    /// it).
    fn check_quota(&self, cluster: &Cluster, pool: &Pool, work: &Work) -> Result<(), Refusal> {
        let Some(size) = pool.size() else { return Ok(()) };
        let wanted: u32 = cluster.sizes(pool).values().sum();
        let there = u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX);
        let surge = match work {
            Work::Update(Some(roll)) => roll.surge,
            _ => 0,
        };
        let requested = (wanted.saturating_sub(there) + surge) * size.vcpus;
        let remaining = self.free_vcpus(&cluster.location, size.family);
        if requested <= remaining {
            return Ok(());
        }
        Err(Refusal::bare(
            400,
            "ErrCode_InsufficientVCPUQuota",
            format!(
                "Insufficient vcpu quota requested {requested}, remaining {remaining} for family {} for region {}. \
                 Surge nodes would also consume vcpu quota.",
                size.family, cluster.location
            ),
        ))
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
        applied: context.applied,
    }
}

/// `properties` of the request body.
fn sent(call: &Call, version: ApiVersion) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|error| {
        // The text is unverified.
        Refusal::arm(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{error}'."),
        )
    })?;
    let mut body =
        fields::read("AgentPool", &body, version).map_err(|violation| Refusal::unreadable(&violation))?;
    match body.remove("properties") {
        Some(Value::Object(properties)) => Ok(properties),
        _ => Err(Refusal::invalid(
            "properties",
            "The value of parameter properties is invalid: it must be set.",
        )),
    }
}

/// `If-Match` and `If-None-Match` (that AKS honours the latter on a create is unverified).
fn check_preconditions(call: &Call, pool: Option<&Pool>) -> Result<(), Refusal> {
    if let Some(wanted) = call.header("if-match") {
        let wanted = wanted.trim().trim_matches('"');
        let fits = pool.is_some_and(|pool| wanted == "*" || pool.etag == wanted);
        if !fits {
            return Err(Refusal::precondition(format!(
                "The etag '{wanted}' in the If-Match header does not match the etag of the agent pool."
            )));
        }
    }
    if let Some(unwanted) = call.header("if-none-match") {
        let unwanted = unwanted.trim().trim_matches('"');
        if pool.is_some_and(|pool| unwanted == "*" || pool.etag == unwanted) {
            return Err(Refusal::precondition(
                "The agent pool exists, and If-None-Match forbids to change it.",
            ));
        }
    }
    Ok(())
}

/// A stopped cluster takes no work (status, code and text are unverified).
fn check_running(cluster: &Cluster) -> Result<(), Refusal> {
    if !cluster.stopped {
        return Ok(());
    }
    Err(Refusal::bare(
        400,
        "OperationNotAllowed",
        "Operation is not allowed: the managed cluster is stopped. Please start the cluster before this operation.",
    ))
}

/// A cluster has at least one System pool (source: model documentation of `mode`; code and text are unverified).
fn check_last_system_pool(cluster: &Cluster, name: &str) -> Result<(), Refusal> {
    let is_system = |pool: &&Pool| pool.spec["mode"] == "System";
    let mut system = cluster.pools.values().filter(is_system);
    match (system.next(), system.next()) {
        (Some(only), None) if only.name == name => Err(Refusal::bare(
            400,
            "OperationNotAllowed",
            format!("There has to be at least one agent pool of mode System: {name} is the last one."),
        )),
        _ => Ok(()),
    }
}

/// `nodeImageVersion` is for going back to an image that was in use, and no pool here has a past: anything but the
/// present one is refused (source: model documentation of the property; code and text are unverified).
fn check_image(old: &Pool, sent: &Map<String, Value>) -> Result<(), Refusal> {
    match sent.get("nodeImageVersion").and_then(Value::as_str) {
        Some(asked) if asked != old.image_name() => Err(Refusal::bad_request(format!(
            "Node image version {asked} is not among the recently used versions of the agent pool."
        ))
        .at("properties.nodeImageVersion")),
        _ => Ok(()),
    }
}

/// The whole version that the pool is to run. A minor version that it runs already changes nothing (source: model
/// documentation of `orchestratorVersion`).
fn kubernetes_version(cluster: &Cluster, old: Option<&Pool>, wanted: &Value) -> Result<String, Refusal> {
    let asked = wanted["orchestratorVersion"].as_str().unwrap_or_default();
    if let Some(old) = old {
        let runs = asked == old.version || old.version.starts_with(&format!("{asked}."));
        if runs {
            return Ok(old.version.clone());
        }
        if versions::is_downgrade(&old.version, asked) {
            // Code and text are unverified.
            return Err(Refusal::bad_request(format!(
                "Downgrading the agent pool from {} to {asked} is not allowed.",
                old.version
            ))
            .at("properties.orchestratorVersion"));
        }
    }
    versions::checked(&cluster.version, asked).map(str::to_owned)
}

/// What brings a pool from what it was to what it is to be, and the state that it shows meanwhile.
fn change(old: &Pool, new: &mut Pool) -> (&'static str, Work) {
    let roll = roll(new);
    let doing = match () {
        () if old.version != new.version => "Upgrading",
        () if new.stopped() && !old.stopped() => "Stopping",
        () if old.stopped() && !new.stopped() => "Starting",
        () if old.count() != new.count() => "Scaling",
        () => "Updating",
    };
    (doing, Work::Update(roll))
}

/// Replaces the nodes that are not as wanted, in batches of what the upgrade settings allow.
fn roll(pool: &Pool) -> Option<Roll> {
    let remaining = pool.stale();
    if remaining.is_empty() || pool.stopped() {
        return None;
    }
    let nodes = u32::try_from(pool.nodes.len()).unwrap_or(u32::MAX);
    let settings = &pool.spec["upgradeSettings"];
    let share = |key: &str| rules::share_of(settings[key].as_str().unwrap_or("0"), nodes);
    let (surge, unavailable) = (share("maxSurge"), share("maxUnavailable"));
    // Spot pools have no settings; one node at a time comes first there.
    let surge = if surge + unavailable == 0 { 1 } else { surge };
    Some(Roll::new(remaining, surge, unavailable))
}
