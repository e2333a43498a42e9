//! The HCL surface of a node pool, as data: one builder makes the schema of every kind of pool.

use std::collections::BTreeSet;

use crate::duration::GoDuration;
use crate::nodepool::{Change, OptionKind, OptionSpec, checks};
use crate::slicing::Cloud;
use crate::tfplugin::{Attribute, Block, Schema, Type, Value};

use super::{Kind, checking, clouds, equivalent};

/// The operations that `timeouts` knows.
pub(super) const OPERATIONS: [&str; 4] = ["create", "read", "update", "delete"];

/// The schema of a kind of node pool.
pub(super) fn nodepool(kind: Kind) -> Schema {
    let mut schema = Schema::new(0).describe(description(kind));
    let parts = [identity(), machine(), slicing(kind), size(), nodes(), behaviour()];
    for attribute in parts.into_iter().flatten() {
        schema = schema.attribute(attribute);
    }
    for rules in clouds::all() {
        schema = schema.attribute(options(rules.cloud(), rules.options()));
    }
    for attribute in computed(kind) {
        schema = schema.attribute(attribute);
    }
    schema.block(timeouts())
}

/// Leaves of a state what the schema of this kind has.
pub(super) fn retain(kind: Kind, state: &mut Value) {
    let schema = nodepool(kind);
    let blocks = schema.blocks().iter().map(Block::name);
    let names: BTreeSet<&str> = schema.attributes().iter().map(Attribute::name).chain(blocks).collect();
    if let Value::Object(attributes) = state {
        attributes.retain(|name, _| names.contains(name.as_str()));
    }
}

fn description(kind: Kind) -> &'static str {
    match kind {
        Kind::Mig => {
            "A GPU node pool whose GPUs are cut into equal GPU instances by NVIDIA MIG. The profile is checked against \
             the GPU of the machine type at plan, and the slices it gives are known before anything is created."
        }
        Kind::TimeSlice => {
            "A GPU node pool whose GPUs are each shared by several containers, which take turns (time-slicing) or run \
             side by side (MPS). Every GPU counts as so many `nvidia.com/gpu`, and so does every GPU instance where \
             the GPUs are also cut by MIG."
        }
    }
}

fn identity() -> Vec<Attribute> {
    vec![
        Attribute::string("cluster_id")
            .required()
            .equivalent(equivalent::clusters)
            .describe(
                "The cluster, which decides the cloud: `azurerm_kubernetes_cluster.<name>.id`, \
                 `google_container_cluster.<name>.id` (or its self-link), or `aws_eks_cluster.<name>.arn`. Spellings \
                 that mean the same cluster never replace the pool. It may be unknown at plan; the cloud then comes \
                 from `machine_type`.",
            ),
        Attribute::string("name").optional_computed().describe(
            "The pool's name, by the cloud's rules. Exactly one of `name` and `name_prefix` is set.",
        ),
        Attribute::string("name_prefix").optional().describe(
            "The beginning of the pool's name. Four characters follow that are computed from every input whose \
             change replaces the pool, so that `create_before_destroy` works. Two pools with equal inputs get the \
             same name, and so does `-replace` with `create_before_destroy`.",
        ),
    ]
}

fn machine() -> Vec<Attribute> {
    vec![
        Attribute::string("machine_type").required().equivalent(equivalent::machine_types).describe(
            "The cloud's machine type, such as `Standard_NC24ads_A100_v4`, `a2-highgpu-1g` or `p4d.24xlarge`. Its GPUs \
             come from the provider's catalogue; an unknown type is a warning and needs `gpu`.",
        ),
        Attribute::object(
            "gpu",
            vec![
                Attribute::string("model").required().describe(
                    "A GPU of the catalogue, such as `a100-80gb`, or the cloud's own accelerator type, such as \
                     `nvidia-a100-80gb`.",
                ),
                Attribute::number("count").required().describe("GPUs per node."),
            ],
        )
        .optional()
        .describe("The GPUs of a node, where the machine type is not in the catalogue or leaves them open."),
    ]
}

fn slicing(kind: Kind) -> Vec<Attribute> {
    match kind {
        Kind::Mig => cut(),
        Kind::TimeSlice => shared(),
    }
}

fn cut() -> Vec<Attribute> {
    vec![
        Attribute::string("mig_profile").required().equivalent(equivalent::mig_profiles).describe(
            "The MIG profile that every GPU is cut into, by NVIDIA's name, such as `1g.10gb`.",
        ),
        Attribute::string("mig_strategy")
            .optional_computed()
            .default(Value::string("single"))
            .describe(
                "How slices are requested: `single` (default) names every slice `nvidia.com/gpu`; `mixed` names it after \
                 its profile. GKE, AKS with `gpu_stack = \"managed\"` and EKS with `gpu_stack = \"bottlerocket\"` know \
                 only `single`.",
            ),
    ]
}

fn shared() -> Vec<Attribute> {
    vec![
        Attribute::number("replicas").required().describe(
            "How many containers share each GPU, or each GPU instance where `mig_profile` is set: at least 2, and at \
             most 48 on GKE and, on every cloud, with `mps`.",
        ),
        Attribute::string("sharing_strategy")
            .optional_computed()
            .default(Value::string("time-slicing"))
            .describe(
                "How they share: `time-slicing` (default) lets containers take turns, and no memory is set aside for \
                 any of them: one can use up what the others need. `mps` runs them side by side, each held to an equal \
                 part of memory and compute.",
            ),
        Attribute::string("mig_profile").optional().equivalent(equivalent::mig_profiles).describe(
            "The MIG profile that every GPU is cut into before the GPU instances are shared, by NVIDIA's name, such \
             as `3g.20gb`. Whole GPUs are shared when it is unset.",
        ),
    ]
}

fn size() -> Vec<Attribute> {
    vec![
        Attribute::number("node_count").optional_computed().describe(
            "Nodes in the whole pool, over all zones; with several zones on GKE a multiple of their number. 1 at \
             creation when neither this nor `autoscaling` is set and there is at most one zone; unset later, what is \
             there stays. Null under autoscaling.",
        ),
        Attribute::object(
            "autoscaling",
            vec![
                Attribute::number("min_nodes").required().describe("Fewest nodes, in the whole pool."),
                Attribute::number("max_nodes").required().describe("Most nodes, in the whole pool."),
                Attribute::number("initial_nodes")
                    .optional()
                    .describe("Nodes at creation; `min_nodes` when unset. Later changes of it do nothing."),
            ],
        )
        .optional()
        .describe("Lets the cluster autoscaler choose the number of nodes. Excludes `node_count`."),
        Attribute::string("capacity_type")
            .optional_computed()
            .default(Value::string("on_demand"))
            .describe("`on_demand` (default) or `spot`."),
        Attribute::set("zones", Type::String).optional().describe(
            "The zones of the pool: numbers such as `1` on AKS, names such as `us-central1-a` on GKE. GKE requires \
             them for a cluster in a region, and a cluster in a zone has that zone. On AKS machines are in no zone \
             in particular when it is unset. EKS refuses them: there `eks.subnet_ids` decides.",
        ),
    ]
}

fn nodes() -> Vec<Attribute> {
    vec![
        Attribute::map("labels", Type::String).optional().describe(
            "Node labels. Only keys written here, or written earlier, are managed: labels that others set stay, and \
             are no difference.",
        ),
        Attribute::map("tags", Type::String).optional().describe(
            "The cloud's tags on the machines (resource labels on GKE). Keys of others stay. AKS compares keys \
             without case, and so does the plan.",
        ),
        Attribute::set_nested(
            "taints",
            vec![
                Attribute::string("key").required().describe("The taint's key."),
                Attribute::string("value").optional_computed().default(Value::string("")).describe("The taint's value; by default empty."),
                Attribute::string("effect")
                    .required()
                    .describe("`NoSchedule`, `PreferNoSchedule` or `NoExecute`, in Kubernetes' spelling on every cloud."),
            ],
        )
        .optional()
        .describe("Taints beyond the GPU taint. Only keys written here, or written earlier, are managed."),
        Attribute::bool("gpu_taint").optional_computed().default(Value::Bool(true)).describe(
            "Whether nodes carry `nvidia.com/gpu=present:NoSchedule`, which keeps pods without GPUs away; by default \
             `true`.",
        ),
        Attribute::number("disk_size_gb").optional_computed().use_state().describe("Boot disk in GB."),
        Attribute::string("disk_type").optional_computed().use_state().describe(
            "Boot disk type, in the cloud's spelling, such as `Ephemeral` on AKS, `pd-balanced` on GKE and `gp3` on \
             EKS.",
        ),
        Attribute::number("max_pods").optional_computed().use_state().describe(
            "Pods per node at the most. Every slice takes a pod, so fewer pods than slices leave slices unused.",
        ),
        Attribute::string("kubernetes_version").optional().describe(
            "The lowest Kubernetes version of the nodes, such as `1.33`. A newer version that the cloud has rolled \
             out is no difference, and nodes are never taken back.",
        ),
        Attribute::object(
            "upgrade",
            vec![
                Attribute::string("max_surge").optional_computed().use_state().describe(
                    "Nodes made beyond the pool's size while it rolls, such as `\"1\"`, or on AKS also `\"33%\"`. Each \
                     needs a spare GPU machine. EKS takes only `\"0\"`, which lets old nodes go first, and decides \
                     the number itself when it is unset.",
                ),
                Attribute::string("max_unavailable")
                    .optional_computed()
                    .use_state()
                    .describe("Nodes that may be missing while it rolls, such as `\"1\"`."),
            ],
        )
        .optional_computed()
        .use_state()
        .describe("How nodes are replaced when the pool rolls."),
    ]
}

fn plugin() -> Attribute {
    Attribute::object(
        "device_plugin",
        vec![
            Attribute::bool("manage_config").optional().describe(
                "Whether the provider puts the key into the ConfigMap; by default `true`. With `false` something else has to \
                 put `config_yaml` there under `config_key` before the pool is made, such as a GitOps tool.",
            ),
            Attribute::string("namespace").optional().describe(
                "The ConfigMap's namespace. By default that of the device plugin that is installed, else \
                 `nvidia-device-plugin`.",
            ),
            Attribute::string("config_map").optional().describe(
                "The ConfigMap's name. By default that which the installed device plugin reads, else \
                 `gpuslice-device-plugin`.",
            ),
            Attribute::bool("rename_resource").optional().describe(
                "Whether shared slices are announced with `.shared` at the end of their name, so that no pod gets one \
                 unaware; by default `false`. The cluster autoscaler does not know such names.",
            ),
            Attribute::bool("fail_requests_greater_than_one").optional().describe(
                "Whether a pod that asks for more than one shared slice fails; by default `true`, since more of them give \
                 no more of the GPU.",
            ),
        ],
    )
    .optional()
    .describe(
        "What NVIDIA's device plugin in the cluster is told, and where, for pools whose slices it announces: on AKS all but \
         those with `gpu_stack = \"managed\"`, on EKS all but those with `gpu_stack = \"bottlerocket\"`. On Bottlerocket \
         the last two switches hold as well, since its own device plugin knows them; the other three are refused. GKE \
         announces slices itself, and all of this is refused there.",
    )
}

fn behaviour() -> Vec<Attribute> {
    vec![
        plugin(),
        Attribute::string("slice_check").optional_computed().default(Value::string(checking::WARN)).describe(
            "What happens once the pool is ready: `warn` (default) watches its nodes until they offer the planned slices, \
             and warns with the cause when they do not; `off` does not look. The pool is kept either way. To let an apply \
             fail, there is `gpuslice_slice_check`.",
        ),
        Attribute::string("slice_check_timeout").optional().equivalent(equivalent::durations).describe(format!(
            "How long to watch, such as `10m`, from when the pool is ready. {} by default, and {} where the machine \
             restarts before its MIG slices are there: on AKS, and everywhere for A100.",
            GoDuration(checking::PATIENCE),
            GoDuration(checking::PATIENCE_WITH_RESTART)
        )),
        Attribute::string("on_incomplete").optional_computed().default(Value::string("keep")).describe(
            "What happens when a pool exists but is not ready in time (no capacity, Ctrl-C, time-out): `keep` \
             (default) keeps it with a warning and `status = \"incomplete\"`, and the next apply goes on with the \
             same pool; `fail` makes it an error, so that Terraform replaces the pool.",
        ),
    ]
}

/// What figures mean that depend on how a GPU is divided.
struct Figures {
    memory: &'static str,
    multiprocessors: &'static str,
    compute: &'static str,
}

impl Figures {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Mig => Figures {
                memory: "Usable memory of a slice in GiB, which is less than the number in the profile's name; null \
                         where no source gives it.",
                multiprocessors: "Streaming multiprocessors of a slice; null where no source gives it.",
                compute: "The slice's share of the GPU's streaming multiprocessors under MIG, 0 to 1.",
            },
            Kind::TimeSlice => Figures {
                memory: "Memory in GiB that a slice can use. Under time-slicing that is all the memory of the GPU \
                         instance, none of it set aside for one slice; under MPS its equal part. Null for whole GPUs, \
                         whose usable memory no source gives.",
                multiprocessors: "Streaming multiprocessors that a slice can use at a time; under MPS its equal part, \
                                  rounded down. Null for whole GPUs, and where no source gives it.",
                compute: "The slice's share of the GPU's compute, 0 to 1: under MPS what it is held to, under \
                          time-slicing what it gets while all slices are busy.",
            },
        }
    }
}

fn computed(kind: Kind) -> Vec<Attribute> {
    let about = Figures::of(kind);
    vec![
        Attribute::string("id")
            .computed()
            .use_state()
            .describe("The cloud's native id; what `terraform import` takes."),
        Attribute::string("cloud").computed().describe("`aks`, `gke` or `eks`."),
        Attribute::string("status")
            .computed()
            .use_state()
            .describe("`ready`, or `incomplete` while the pool exists and is not ready yet."),
        Attribute::object(
            "slices",
            vec![
                Attribute::number("per_gpu").computed().describe("Slices of one GPU."),
                Attribute::number("per_node").computed().describe("Slices of one node."),
                Attribute::number("total").computed().describe("Slices of the pool; null under autoscaling."),
                Attribute::number("memory_gib").computed().describe(about.memory),
                Attribute::number("sm_count").computed().describe(about.multiprocessors),
                Attribute::number("compute_share").computed().describe(about.compute),
                Attribute::string("resource_name")
                    .computed()
                    .describe("The extended resource that a pod requests."),
                Attribute::number("wasted_memory_gib")
                    .computed()
                    .describe("Memory of one GPU that no slice can use, in GiB."),
                Attribute::number("wasted_compute")
                    .computed()
                    .describe("Share of one GPU's streaming multiprocessors that no slice can use, 0 to 1."),
            ],
        )
        .computed()
        .describe("What the pool's GPUs are cut into."),
        Attribute::object(
            "scheduling",
            vec![
                Attribute::map("node_selector", Type::String)
                    .computed()
                    .describe("Selects the pool's kind of slices."),
                Attribute::list_nested(
                    "tolerations",
                    vec![
                        Attribute::string("key").computed().describe("The taint's key."),
                        Attribute::string("operator").computed().describe("Always `Equal`."),
                        Attribute::string("value").computed().describe("The taint's value."),
                        Attribute::string("effect").computed().describe("The taint's effect."),
                    ],
                )
                .computed()
                .describe("Tolerates every taint of the pool."),
                Attribute::map("resource_limits", Type::String).computed().describe("Requests one slice."),
            ],
        )
        .computed()
        .describe("What a pod spec needs to run on a slice, ready to paste."),
        Attribute::map("native", Type::String)
            .computed()
            .describe("What is sent to the cloud for slicing, in the cloud's own names."),
        Attribute::string("config_key").computed().describe(
            "The key of the device plugin's ConfigMap that the pool's nodes are configured by, and the value of their label \
             `nvidia.com/device-plugin.config`. It is named by its content: another configuration is another key. Null \
             where the cloud itself announces slices.",
        ),
        Attribute::string("config_yaml").computed().describe(
            "The configuration under that key. A refresh shows what the ConfigMap really holds, and the next apply mends \
             it.",
        ),
        Attribute::number("allocatable_slices").computed().use_state().describe(
            "The slices that the pool's nodes offered together when they were last looked at: at the end of a create, and \
             of an update of slicing, size or driver, or of a pool that was incomplete. Null where they were not verified. \
             A later change in the cluster does not show here.",
        ),
        Attribute::map("effective_labels", Type::String).computed().describe(
            "All labels that are sent: the provider's default_labels, `labels`, and the provider's own.",
        ),
        Attribute::map("effective_tags", Type::String)
            .computed()
            .describe("All tags that are sent: the provider's default_tags and `tags`."),
    ]
}

/// The object of one cloud's options, made from the cloud's own list.
fn options(cloud: Cloud, specs: &'static [OptionSpec]) -> Attribute {
    Attribute::object(cloud.to_string(), specs.iter().map(option).collect())
        .optional_computed()
        .use_state()
        .describe(format!(
            "Options that only {} has. What is unset is left to the cloud, and stays unchanged later.",
            checks::display(cloud)
        ))
}

fn option(spec: &OptionSpec) -> Attribute {
    let attribute = match spec.kind {
        OptionKind::Bool => Attribute::bool(spec.name),
        OptionKind::Number(..) | OptionKind::Decimal(_) => Attribute::number(spec.name),
        OptionKind::Text | OptionKind::ResourceId | OptionKind::Choice(_) | OptionKind::Duration => {
            Attribute::string(spec.name)
        }
        OptionKind::TextSet => Attribute::set(spec.name, Type::String),
        OptionKind::TextMap => Attribute::map(spec.name, Type::String),
        OptionKind::Object(specs) => Attribute::object(spec.name, specs.iter().map(option).collect()),
    };
    let attribute = match spec.kind {
        OptionKind::Duration => attribute.equivalent(equivalent::durations),
        OptionKind::ResourceId => attribute.equivalent(equivalent::resource_ids),
        _ => attribute,
    };
    let attribute = match spec.default {
        // The cloud knows nothing of it: what is not written any more is what it is by default.
        Some(default) if spec.change == Change::None => attribute.default(default),
        _ if spec.computed => attribute.optional_computed().use_state(),
        _ => attribute.optional(),
    };
    attribute.describe(format!(
        "{}{}{}{}",
        spec.about,
        allowed(spec.kind),
        default(spec.default),
        consequence(spec.change)
    ))
}

fn allowed(kind: OptionKind) -> String {
    match kind {
        OptionKind::Number(least, most) => format!(" From {least} to {most}."),
        OptionKind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!(" One of {}.", words.join(", "))
        }
        OptionKind::Decimal(places) => format!(" With at most {places} digits after the point."),
        OptionKind::Duration => " A duration such as `1h30m`.".to_owned(),
        OptionKind::Bool
        | OptionKind::Text
        | OptionKind::ResourceId
        | OptionKind::TextSet
        | OptionKind::TextMap
        | OptionKind::Object(_) => String::new(),
    }
}

fn default(default: Option<&str>) -> String {
    default.map(|word| format!(" By default `{word}`.")).unwrap_or_default()
}

fn consequence(change: Change) -> &'static str {
    match change {
        Change::Replace => " A change replaces the pool.",
        Change::Rolls => " A change rolls all nodes.",
        Change::None | Change::InPlace | Change::Refused => "",
    }
}

fn timeouts() -> Block {
    let attributes = OPERATIONS.map(|operation| {
        Attribute::string(operation).optional().describe(format!(
            "How long {operation} may take, such as `90m`, waiting for other operations included."
        ))
    });
    let defaults: Vec<_> = clouds::all()
        .map(|rules| format!("{} on {}", GoDuration(rules.patience()), checks::display(rules.cloud())))
        .collect();
    Block::single("timeouts", attributes.to_vec()).describe(format!(
        "Durations in Go's syntax. The defaults are {}, and 5m for read.",
        defaults.join(", ")
    ))
}
