//! The tables of the pages: what a change does, how long things may take, which machine gives which slices.

use std::fmt::Write as _;

use gpuslice::duration::GoDuration;
use gpuslice::nodepool::change::Ground;
use gpuslice::nodepool::gpu::NodeSlicing;
use gpuslice::nodepool::rules::{ProfileVerdict, SlicingChoice};
use gpuslice::nodepool::spec::SharingSwitches;
use gpuslice::nodepool::{Change, Field, OptionKind, OptionSpec, Options, change, checks};
use gpuslice::slicing::{
    Catalogue, Cloud, GpuCount, Machine, MigStrategy, MigSupport, ProfileFacts, Sharing,
};
use gpuslice::tfplugin::{Operation, Resource, Schema, Value};

use super::clouds;

/// What is between the head of a table and its rows, for each column.
pub(super) const RULE: &str = "---";

/// What a change of each attribute of a resource does on each cloud that this version speaks to.
pub(super) fn changes(schema: &Schema) -> String {
    let grounds = Ground::ALL;
    let mut text = row(std::iter::once("Attribute").chain(grounds.map(heading)));
    text += &row(std::iter::repeat_n(RULE, grounds.len() + 1));
    let has = |name: &str| {
        schema.attributes().iter().any(|one| one.name() == name)
            || schema.blocks().iter().any(|one| one.name() == name)
    };
    for shared in change::COMMON.iter().filter(|shared| has(shared.attribute)) {
        let words = grounds.map(|ground| shared.on(ground).word());
        let name = format!("`{}`", shared.attribute);
        text += &row(std::iter::once(name.as_str()).chain(words));
    }
    for (own, rules) in &clouds() {
        for (name, change) in options(&own.to_string(), rules.options()) {
            let words = grounds.map(|ground| if ground.cloud() == *own { change.word() } else { "" });
            let name = format!("`{name}`");
            text += &row(std::iter::once(name.as_str()).chain(words));
        }
    }
    text.trim_end().to_owned()
}

/// What a column of the table is called.
fn heading(ground: Ground) -> &'static str {
    match ground {
        Ground::Aks => "Azure AKS",
        Ground::Gke => "Google GKE",
        Ground::EksBottlerocket => "Amazon EKS, `bottlerocket`",
        Ground::EksAmazonLinux => "Amazon EKS, other stacks",
    }
}

/// The options below `prefix`; an object whose parts all change alike is one entry.
pub(super) fn options(prefix: &str, specs: &'static [OptionSpec]) -> Vec<(String, Change)> {
    specs
        .iter()
        .flat_map(|spec| {
            let name = format!("{prefix}.{}", spec.name);
            let own = vec![(name.clone(), spec.change)];
            let OptionKind::Object(inner) = spec.kind else { return own };
            let parts = options(&name, inner);
            if parts.iter().all(|(_, change)| *change == spec.change) { own } else { parts }
        })
        .collect()
}

/// How long each operation may take when the configuration does not say it.
pub(super) fn timeouts(resource: &dyn Resource) -> String {
    let operations = [Operation::Create, Operation::Read, Operation::Update, Operation::Delete];
    let lines = operations.map(|operation| {
        let default = |cloud: Cloud| {
            let pool = Value::object([("cloud", cloud.to_string())]);
            let default = resource.timeout(operation, &pool);
            let default = default.unwrap_or_else(|| panic!("{operation} may take for ever"));
            format!("`{}`", GoDuration(default))
        };
        let defaults: Vec<_> = clouds().into_iter().map(|(cloud, _)| (cloud, default(cloud))).collect();
        let words = match defaults.as_slice() {
            [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => first.clone(),
            _ => {
                let each = defaults
                    .iter()
                    .map(|(cloud, default)| format!("{default} on {}", checks::display(*cloud)));
                each.collect::<Vec<_>>().join(", ")
            }
        };
        format!("- `{operation}` - (default {words})")
    });
    lines.join("\n")
}

/// A machine type whose GPUs can be cut, by the GPUs it has.
struct Sliceable {
    machine: std::sync::Arc<Machine>,
    slicing: NodeSlicing,
}

/// The machine types of a cloud whose GPUs can be cut there by MIG, in the order of the table.
fn sliceable(cloud: Cloud) -> Vec<Sliceable> {
    Catalogue::built_in()
        .machines(cloud)
        .filter(|machine| machine.mig == MigSupport::Yes)
        .filter_map(|machine| {
            let slicing = NodeSlicing::find(Some(cloud), &machine.name, &Field::Null)?;
            Some(Sliceable { machine: machine.clone(), slicing })
        })
        .collect()
}

/// The machine types of a cloud, one row for each GPU model and accelerator type.
pub(super) fn machines(cloud: Cloud) -> String {
    let mut rows: Vec<(String, String, Vec<String>)> = Vec::new();
    for Sliceable { machine, slicing } in sliceable(cloud) {
        let gpu = slicing.gpu.name.clone();
        let accelerator = slicing.accelerator_type.clone().unwrap_or_default();
        let count = machine.gpu_count().and_then(GpuCount::whole).expect("whole GPUs are cut");
        let name = format!("`{}` ({count})", machine.name);
        match rows.iter_mut().find(|(model, ty, _)| (model, ty) == (&gpu, &accelerator)) {
            Some((_, _, names)) => names.push(name),
            None => rows.push((gpu, accelerator, vec![name])),
        }
    }
    // Only some clouds have names of their own for accelerators.
    let named = rows.iter().any(|(_, accelerator, _)| !accelerator.is_empty());
    let cells = |gpu: String, accelerator: String, machines: String| {
        let cells = [Some(gpu), named.then_some(accelerator), Some(machines)];
        row(cells.iter().flatten().map(String::as_str))
    };
    let head = ["GPU", "accelerator type", "machine types (GPUs per node)"].map(str::to_owned);
    let [gpu, accelerator, machines] = head;
    let mut text = cells(gpu, accelerator, machines);
    text += &row(std::iter::repeat_n(RULE, if named { 3 } else { 2 }));
    for (gpu, accelerator, names) in rows {
        text += &cells(gpu, format!("`{accelerator}`"), names.join(", "));
    }
    text.trim_end().to_owned()
}

/// The profiles of every GPU that a cloud is known to cut, with what one slice is worth.
pub(super) fn profiles(cloud: Cloud) -> String {
    let mut lines = Vec::new();
    for (slicing, facts) in judged(cloud, |verdict| matches!(verdict, ProfileVerdict::Allowed)) {
        let line = profile(&slicing, &facts, told_as(cloud, &slicing, &facts).as_deref());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    let mut head =
        vec!["GPU", "`mig_profile`", "slices per GPU", "GiB per slice", "SMs per slice", "unused of a GPU"];
    match cloud {
        Cloud::Aks => head.insert(2, "AKS's word"),
        Cloud::Eks => head.insert(2, "`gpu_stack`"),
        Cloud::Gke => {}
    }
    let text = row(head.iter().copied()) + &row(head.iter().map(|_| RULE)) + &lines.concat();
    text.trim_end().to_owned()
}

/// What only this cloud has to say of a profile: the word that it has for it, where that is not NVIDIA's, or the stacks
/// that cut it.
fn told_as(cloud: Cloud, slicing: &NodeSlicing, facts: &ProfileFacts) -> Option<String> {
    let rules = gpuslice::cloud::rules(cloud);
    let native = rules.native(&SlicingChoice {
        gpu: &slicing.gpu,
        accelerator_type: slicing.accelerator_type.as_deref(),
        gpus_per_node: slicing.gpus_per_node,
        profile: Some(&facts.profile),
        sharing: &Sharing::None,
        switches: SharingSwitches::default(),
        config_key: None,
        options: &Options::default(),
    });
    match cloud {
        Cloud::Aks => native.get("gpuInstanceProfile").map(|word| format!("`{word}`")),
        // Bottlerocket is the stack that nobody writes, and has a setting for what it cuts.
        Cloud::Eks if native.keys().any(|key| key.contains("mig.profile")) => Some("both".to_owned()),
        Cloud::Eks => Some("`gpu_operator`".to_owned()),
        Cloud::Gke => None,
    }
}

/// The profiles of which it is not certain that the cloud cuts them, a line for each GPU.
pub(super) fn doubtful(cloud: Cloud) -> String {
    let mut gpus: Vec<(String, Vec<String>)> = Vec::new();
    for (slicing, facts) in judged(cloud, |verdict| matches!(verdict, ProfileVerdict::Doubtful(_))) {
        let profile = format!("`{}`", facts.profile);
        match gpus.iter_mut().find(|(gpu, _)| *gpu == slicing.gpu.name) {
            Some((_, profiles)) if profiles.contains(&profile) => {}
            Some((_, profiles)) => profiles.push(profile),
            None => gpus.push((slicing.gpu.name.clone(), vec![profile])),
        }
    }
    let lines: Vec<_> =
        gpus.iter().map(|(gpu, profiles)| format!("- {gpu}: {}", profiles.join(", "))).collect();
    lines.join("\n")
}

/// The profiles of all GPUs of a cloud's machines of which its rules say so.
fn judged(cloud: Cloud, wanted: impl Fn(&ProfileVerdict) -> bool) -> Vec<(NodeSlicing, ProfileFacts)> {
    let rules = gpuslice::cloud::rules(cloud);
    let mut found = Vec::new();
    for Sliceable { slicing, .. } in sliceable(cloud) {
        for facts in &slicing.gpu.profiles {
            let verdict = rules.profile(&slicing.gpu, slicing.accelerator_type.as_deref(), &facts.profile);
            if wanted(&verdict) {
                found.push((slicing.clone(), facts.clone()));
            }
        }
    }
    found
}

fn profile(slicing: &NodeSlicing, facts: &ProfileFacts, told_as: Option<&str>) -> String {
    let capacity = slicing
        .capacity(Some(facts.profile), Sharing::None, MigStrategy::Single, None)
        .unwrap_or_else(|error| panic!("{} on {}: {error}", facts.profile, slicing.gpu.name));
    let or_unknown = |figure: Option<String>| figure.unwrap_or_else(|| "?".to_owned());
    let unused = match (&capacity.wasted_memory_gib, &capacity.wasted_compute) {
        (Some(memory), Some(compute)) => {
            let percent = compute.to_string().parse::<f64>().expect("a share is a number") * 100.0;
            format!("{memory} GiB, {percent:.0} % of SMs")
        }
        _ => "?".to_owned(),
    };
    let mut cells = vec![
        slicing.gpu.name.clone(),
        format!("`{}`", facts.profile),
        capacity.per_gpu.to_string(),
        or_unknown(capacity.memory_gib.map(|gib| gib.to_string())),
        or_unknown(capacity.sm_count.map(|sms| sms.to_string())),
        unused,
    ];
    if let Some(word) = told_as {
        cells.insert(2, word.to_owned());
    }
    row(cells.iter().map(String::as_str))
}

pub(super) fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("|");
    for cell in cells {
        let _ = write!(text, " {cell} |");
    }
    text.push('\n');
    text
}
