//! Creating and updating a pool: a PUT of the whole object, what it means, and what it is checked against.

use serde_json::{Map, Value};

use super::Context;
use super::agentpools::Accepted;
use super::api::ApiVersion;
use super::errors::Refusal;
use super::model::{Aks, Cluster, Pool};
use super::operations::{Roll, Work};
use super::{fields, rules, spec, versions};
use crate::sandbox::exchange::Call;

impl Aks {
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
        let sent = sent(call, "AgentPool", version)?;
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

    /// Enough vCPUs of the family for what is wanted beyond what is there, surge included (text: AKS's, as users quote
    /// it).
    pub(super) fn check_quota(&self, cluster: &Cluster, pool: &Pool, work: &Work) -> Result<(), Refusal> {
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

/// `properties` of the request body.
pub(super) fn sent(
    call: &Call,
    message: &'static str,
    version: ApiVersion,
) -> Result<Map<String, Value>, Refusal> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|error| {
        // The text is unverified.
        Refusal::arm(
            400,
            "InvalidRequestContent",
            format!("The request content was invalid and could not be deserialized: '{error}'."),
        )
    })?;
    let mut body =
        fields::read(message, &body, version).map_err(|violation| Refusal::unreadable(&violation))?;
    match body.remove("properties") {
        Some(Value::Object(properties)) => Ok(properties),
        _ => Err(Refusal::invalid(
            "properties",
            "The value of parameter properties is invalid: it must be set.",
        )),
    }
}

/// `If-Match` and `If-None-Match` (that AKS honours the latter on a create is unverified).
pub(super) fn check_preconditions(call: &Call, pool: Option<&Pool>) -> Result<(), Refusal> {
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
pub(super) fn check_running(cluster: &Cluster) -> Result<(), Refusal> {
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
pub(super) fn check_last_system_pool(cluster: &Cluster, name: &str) -> Result<(), Refusal> {
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
pub(super) fn roll(pool: &Pool) -> Option<Roll> {
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
