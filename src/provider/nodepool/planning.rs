//! A node pool's own part in planning: its size and status, and what replaces it.

use crate::cloud;
use crate::nodepool::change::Ground;
use crate::nodepool::gpu::NodeSlicing;
use crate::nodepool::resolve::check_defaults;
use crate::nodepool::{
    Change, Field, NodePoolConfig, OptionKind, OptionSpec, Problems, change, checks, name,
};
use crate::tfplugin::{Action, AttributePath, Diagnostic, Plan, Value};

use super::super::diagnostics;
use super::super::session::Session;
use super::companions::Deleting;
use super::private::Private;
use super::{Kind, checking, clouds, fixed, from_value, naming, rolling, sharing, tags};

/// The status of a pool that exists and is not ready.
pub(super) const INCOMPLETE: &str = "incomplete";

/// Plans one pool. Everything in it follows from the plan and from the provider's configuration.
pub(super) fn plan(plan: &mut Plan<'_>, kind: Kind, session: &Session) {
    let mut problems = Problems::default();
    let mut config = from_value::config(plan.config, &mut problems);
    let cloud = from_value::cloud_of(&config);
    if config.max_pods.is_null() {
        // What the cloud has set since is no longer open.
        let kept = plan.get("max_pods").as_u64().and_then(|count| u32::try_from(count).ok());
        config.max_pods = kept.into();
    }
    checks::check(&config, cloud.map(cloud::rules), &mut problems);
    // Errors were shown by the validation that comes before every plan; warnings are shown here, once.
    problems.0.retain(|problem| problem.severity == crate::nodepool::Severity::Warning);

    if let (Some(rules), Some(defaults)) = (cloud.map(cloud::rules), session.defaults()) {
        problems.0.extend(check_defaults(&defaults, &config.options, rules).0);
    }
    clouds::plan_options(plan, cloud);
    if let Some(rules) = cloud.map(cloud::rules) {
        tags::plan(plan, rules);
    }
    let private = belongs(plan, &config, session);
    node_count(plan, &config, &mut problems);
    let gone = private.as_ref().is_some_and(|private| private.deleting == Some(Deleting::Gone));
    let foreign = private.and_then(|private| private.sharing);
    status(plan, foreign.is_some());
    // What a change unsettles is no reason of its own for a new pool.
    replacements(plan);
    fixed::plan(plan, &mut problems);
    unsettled(plan);
    if gone {
        // Only its key is left of the pool, or what it stood on: that goes, and the pool is made anew.
        put(plan, "status", Value::UNKNOWN);
        plan.replace_because_of("status");
    }
    naming::plan(plan, kind.resource_type(), &config, cloud);
    checking::plan(plan, kind);
    if let Some(ground) = plan.prior.and_then(clouds::ground)
        && plan.action() == Action::Update
    {
        rolling::warn(plan, ground, &mut problems);
        sharing::warn(plan, ground, foreign, &mut problems);
    }
    for diagnostic in &diagnostics::of_problems(&problems, true) {
        plan.diagnostics.push(diagnostic.clone());
    }
}

/// A pool of the sandbox and a pool of a cloud are never mixed up. Gives what the state carries, where there is one.
fn belongs(plan: &mut Plan<'_>, config: &NodePoolConfig, session: &Session) -> Option<Private> {
    if let Some(cluster) = config.cluster_id.known()
        && let Err(refused) = session.accepts(cluster)
    {
        plan.diagnostics.extend(refused);
    }
    plan.prior?;
    let private = Private::read(plan.private, session.origin());
    let belongs = private.and_then(|private| private.belongs(session.origin()).map(|()| private));
    belongs.map_err(|refused| plan.diagnostics.extend(refused)).ok()
}

/// The number of nodes where the configuration does not say it.
fn node_count(plan: &mut Plan<'_>, config: &NodePoolConfig, problems: &mut Problems) {
    if config.node_count.is_written() {
        return;
    }
    let kept = plan.prior.map_or(&Value::Null, |prior| prior.lookup("node_count")).clone();
    let planned = match (&config.autoscaling, plan.prior.is_some()) {
        (Field::Known(_), _) => Value::Null,
        (Field::Unknown, _) => Value::UNKNOWN,
        (Field::Null, false) => match &config.zones {
            Field::Unknown => Value::UNKNOWN,
            Field::Null => Value::from(1_u32),
            Field::Known(zones) if zones.len() <= 1 => Value::from(1_u32),
            Field::Known(zones) => {
                problems.error(
                    "node_count",
                    "The number of nodes is missing",
                    format!(
                        "The pool has {} zones. Set node_count, counting the nodes of all zones together (on GKE a \
                         multiple of {0}), or set autoscaling.",
                        zones.len()
                    ),
                );
                Value::UNKNOWN
            }
        },
        (Field::Null, true) if kept.is_null() => {
            let autoscaled = plan.prior.is_some_and(|prior| !prior.lookup("autoscaling").is_null());
            let (summary, detail) = if autoscaled {
                (
                    "autoscaling was removed, and node_count is not set",
                    "Without the autoscaler the pool needs a number of nodes, and the provider will not guess one for \
                     expensive machines. Set node_count.",
                )
            } else {
                (
                    "The number of nodes is not known",
                    "It could not be read when the pool was imported or refreshed. Set node_count, or let the \
                     credentials read it and refresh.",
                )
            };
            problems.error("node_count", summary, detail);
            Value::UNKNOWN
        }
        (Field::Null, true) => kept,
    };
    put(plan, "node_count", planned);
}

/// While a pool is incomplete, every plan is an update that goes on waiting for it. So it is while its slices are shared
/// and should not be, which no attribute shows.
fn status(plan: &mut Plan<'_>, foreign: bool) {
    let incomplete = |prior: &Value| prior.lookup("status").as_str() == Some(INCOMPLETE);
    if plan.prior.is_some_and(|prior| foreign || incomplete(prior)) {
        put(plan, "status", Value::UNKNOWN);
    }
}

/// Leaves to the cloud what a change of something else unsettles.
fn unsettled(plan: &mut Plan<'_>) {
    let Some(prior) = plan.prior else { return };
    let Some(rules) =
        prior.lookup("cloud").as_str().and_then(|cloud| Some(cloud::rules(cloud.parse().ok()?)))
    else {
        return;
    };
    for (first, second) in rules.unsettled() {
        let turned = match (prior.lookup(first), plan.get(first)) {
            // What is in an object unsettles nothing, only that it comes or goes.
            (Value::Object(_), Value::Object(_)) => false,
            (before, now) => before != now,
        };
        if turned && plan.config.lookup(second).is_null() && !prior.lookup(second).is_null() {
            put(plan, second, Value::UNKNOWN);
        }
    }
}

/// Asks for a new pool where a change cannot be made to the one that is there. Its own cloud decides, which is known
/// when the configuration's is not yet.
fn replacements(plan: &mut Plan<'_>) {
    let Some(ground) = plan.prior.and_then(clouds::ground) else { return };
    for path in replacing(ground) {
        if plan.changed(&path) && !says_the_same(plan, &path) {
            plan.replace_because_of(&path);
        }
    }
}

/// Whether a changed attribute only says in other words what is the case already.
fn says_the_same(plan: &Plan<'_>, path: &str) -> bool {
    let Some(prior) = plan.prior else { return false };
    match path {
        // The GPUs that the machine type has anyway.
        "gpu" => {
            let gpus = |value: &Value| {
                let mut unread = Problems::default(); // what cannot be read was reported by the validation
                NodeSlicing::of(&from_value::config(value, &mut unread)).map(|node| node.node_gpus())
            };
            gpus(prior).is_some_and(|before| gpus(plan.config) == Some(before))
        }
        // The prefix of the name that the pool has, as after an import; without a prefix the name itself decides.
        "name_prefix" => match plan.get("name_prefix") {
            Value::Null => true,
            prefix => prefix
                .as_str()
                .zip(prior.lookup("name").as_str())
                .is_some_and(|(prefix, name)| name.strip_prefix(prefix).is_some_and(name::is_suffix)),
        },
        _ => false,
    }
}

/// The dotted paths of the attributes that replace a pool when they change.
pub(super) fn replacing(ground: Ground) -> Vec<String> {
    paths_of(ground, Change::Replace)
}

/// The dotted paths of the attributes whose change does this to a pool.
pub(super) fn paths_of(ground: Ground, wanted: Change) -> Vec<String> {
    let cloud = ground.cloud();
    let common =
        change::COMMON.iter().filter(|row| row.on(ground) == wanted).map(|row| row.attribute.to_owned());
    let specs = cloud::rules(cloud).options();
    common.chain(options_of(&cloud.to_string(), specs, wanted)).collect()
}

fn options_of(prefix: &str, specs: &'static [OptionSpec], wanted: Change) -> Vec<String> {
    specs
        .iter()
        .flat_map(|spec| {
            let path = format!("{prefix}.{}", spec.name);
            match spec.kind {
                _ if spec.change == wanted => vec![path],
                OptionKind::Object(inner) => options_of(&path, inner, wanted),
                _ => Vec::new(),
            }
        })
        .collect()
}

/// Plans a computed value. The paths are the schema's own, so that placing it cannot fail but by a mistake here.
pub(super) fn put(plan: &mut Plan<'_>, path: &str, value: Value) {
    if let Err(error) = plan.set(path, value) {
        let bug = Diagnostic::error(
            "A computed value has no place in the plan",
            format!("{error}. This is a bug in the provider."),
        );
        plan.diagnostics.push(bug.at(AttributePath::parse(path)));
    }
}
